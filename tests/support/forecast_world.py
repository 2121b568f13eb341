"""A small STAC of a weather model's files, with another stream, an older run and an ensemble."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from firstlight.core.types import format_time

from .grib import RUN, Field, Values, gust, messages_in, rain, wind, write_grib
from .range_server import FaultyServer
from .stac_server import StacServer

ROWS, COLS = 8, 12
GROWING: Values = np.linspace(0.001, 0.02, ROWS * COLS).reshape(ROWS, COLS).astype(np.float64)
NAMES = {(0, 1, 193): "tp", (0, 2, 2): "10u", (0, 2, 3): "10v", (0, 2, 22): "10fg"}


def fields_of(step: int) -> list[Field]:
    """Rain that grows with the square of time, a steady wind, and a field of no interest."""
    speed = np.full((ROWS, COLS), 5.0) + np.arange(COLS)
    return [
        Field((0, 0, 0), np.full((ROWS, COLS), 290.0), step, step, level=(103, 2)),
        rain(GROWING * step**2, step),
        *wind(3 * speed, 4 * speed, step),
        gust(10 * speed + step, step, step - 3),
    ]


def forecast_items(
    folder: Path,
    files: FaultyServer,
    steps: Sequence[int] = (3, 6, 9, 12),
    index: bool = True,
    run: datetime = RUN,
    fields: Callable[[int], list[Field]] = fields_of,
    **words: Any,
) -> list[dict[str, Any]]:
    """Items of one run, its files in ``folder``, which ``files`` serves; ``words`` go to
    :func:`write_grib`.
    """
    items = []
    for step in steps:
        name = f"{run:%Y%m%d%H}0000-{step}h-oper-fc"
        path = write_grib(folder / f"{name}.grib2", fields(step), run=run, **words)
        lines = [
            json.dumps({"param": NAMES.get(field.code, "2t"), "_offset": offset, "_length": length})
            for field, (offset, length) in zip(
                fields(step), messages_in(path.read_bytes()), strict=True
            )
        ]
        (folder / f"{name}.index").write_text("\n".join(lines) + "\n")
        items.append(item(name, step, files, index, run=run))
        for stream, kind, hours in (("enfo", "ef", 0), ("wave", "fc", 0), ("oper", "fc", -12)):
            older = run + timedelta(hours=hours)
            name = f"absent-{stream}{hours}"
            items.append(item(name, step - hours, files, index, stream, kind, older))
    return items


@contextmanager
def served(
    folder: Path, steps: Sequence[int] = (3, 6, 9, 12), index: bool = True, **words: Any
) -> Iterator[tuple[StacServer, FaultyServer]]:
    """A catalogue of one run."""
    with (
        FaultyServer(folder) as files,
        StacServer(forecast_items(folder, files, steps, index, **words)) as api,
    ):
        yield api, files


def item(
    name: str,
    step: int,
    files: FaultyServer,
    index: bool,
    stream: str = "oper",
    kind: str = "fc",
    run: datetime = RUN,
) -> dict[str, Any]:
    """One step of a run."""
    end = format_time(run + timedelta(hours=step))
    assets = {"data": {"href": files.url(f"{name}.grib2"), "type": "application/wmo-GRIB2"}}
    if index:
        assets["index"] = {"href": files.url(f"{name}.index"), "type": "application/x-ndjson"}
    ring = [[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]]
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": f"{name}-{step}h",
        "collection": "ecmwf-forecast",
        "bbox": [-180, -90, 180, 90],
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {
            "datetime": end,
            "ecmwf:stream": stream,
            "ecmwf:type": kind,
            "ecmwf:step": f"{step}h",
            "ecmwf:reference_datetime": format_time(run),
            "ecmwf:forecast_datetime": end,
        },
        "links": [],
        "assets": assets,
    }
