"""Writes the sample: three passes of a simulated wildfire, and the catalogue of files that lists
them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..cog.raster_spec import RasterSpec, encode
from ..cog.writer import CogWriter
from ..discovery.band_config import get_sensor
from ..errors import Cancelled, InputError
from ..files.atomic import WriteFailure, write_whole
from ..monitor import Monitor, Progress
from ..raster.grid import split_windows
from ..raster.picture import png_bytes, stretch
from ..shapes.footprint import footprint
from ..types import Aoi, Grid
from .ground import COARSE, SIDE, PassLook, picture

EVENT, MOMENT = "wildfire", "2024-07-20T14:00:00Z"
CRS, LEFT, TOP = "EPSG:32626", 471600.0, 4653000.0
"""In the open Atlantic, where there is no land: nobody takes it for a fire that was."""
INSET_M = 200.0
"""The area lies so far within the pictures."""
PASSES = {
    "2024-07-13": PassLook(burned=False, cloud=0.0),
    "2024-07-23": PassLook(burned=True, cloud=0.65),
    "2024-07-28": PassLook(burned=True, cloud=0.10),
}
COLLECTION = "sentinel-2-sample"
NOTE = "SIMULATED: computed to try FirstLight with, no satellite has seen it"
THIN = 2
"""Of so many pixels of a row, or a column, the small picture shows one."""
BRIGHTNESS = (0.0, 0.25)
"""Reflectance that is shown black, and white."""
VERSION = 2
"""Of the pixels: a folder with another one is made anew."""
CATALOG_NAME = "catalog.json"


@dataclass(frozen=True)
class SampleEvent:
    """The event, and where its scenes are."""

    event: str
    moment: str
    """ISO, UTC."""
    area: Aoi
    catalog: Path
    """Its ``catalog.json``."""


def make_sample(folder: Path, monitor: Monitor) -> SampleEvent:
    """Make the sample in a folder, where it is not there yet.

    Raises
    ------
    InputError
        If the folder holds another catalogue, or cannot be written.
    RasterError
        If a picture cannot be written.
    Cancelled
        If the monitor asked to stop.
    """
    catalog = folder / CATALOG_NAME
    failure = WriteFailure(
        f"The sample cannot be made in {folder}", "Choose another folder.", InputError
    )
    there = _read(catalog)
    if there is None and catalog.exists():
        raise InputError(
            f"The sample cannot be made in {folder}",
            f"it holds a {CATALOG_NAME} of something else",
            "Choose another folder; nothing was changed there.",
        )
    if there != VERSION:
        items = [_make_pass(folder, number, monitor) for number in range(len(PASSES))]
        for item in items:
            text = json.dumps(item, indent=1)
            write_whole(folder / f"{item['id']}.json", text, failure, make_folder=True)
        write_whole(catalog, json.dumps(_catalogue(items), indent=1), failure)
    return SampleEvent(EVENT, MOMENT, _area(), catalog)


def _read(catalog: Path) -> int | None:
    """Version of a sample that is there; None where it is none."""
    try:
        return int(json.loads(catalog.read_text(encoding="utf-8"))["firstlight:sample"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _area() -> Aoi:
    grid = Grid(
        CRS,
        (10.0, 0.0, LEFT + INSET_M, 0.0, -10.0, TOP - INSET_M),
        (SIDE - int(INSET_M / 5), SIDE - int(INSET_M / 5)),
    )
    outline = footprint(grid)
    if outline is None:  # a test makes it
        raise InputError(
            "The sample has no area", "its place is not on the globe", "Install FirstLight anew."
        )
    return Aoi.from_bounds(*outline[1])


def _make_pass(folder: Path, number: int, monitor: Monitor) -> dict[str, Any]:
    """The files of one pass, and its item."""
    day, look = list(PASSES.items())[number]
    item_id = f"SIMULATED_S2_L2A_sample_{day.replace('-', '')}"
    assets: dict[str, Any] = {}
    bands = picture(look, number)
    for done, (name, values) in enumerate(bands.items()):
        if monitor.cancelled():
            raise Cancelled("Making the sample")
        share = (number + done / len(bands)) / len(PASSES)
        monitor.emit(Progress(share, f"Making the sample: {day}, {name}"))
        path = folder / item_id / f"{name}.tif"
        _write(path, name, values)
        assets[name] = _asset(path, f"{item_id}/{name}.tif", name)
    assets["thumbnail"] = _thumbnail(folder, f"{item_id}/thumbnail.png", bands)
    outline = footprint(_grid(10.0))
    geometry, bbox = outline if outline is not None else ({}, ())
    cloud = 100 * float(np.isin(bands["scl"], (8, 9, 10)).mean())
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": item_id,
        "collection": COLLECTION,
        "bbox": list(bbox),
        "geometry": geometry,
        "properties": {
            "datetime": f"{day}T11:52:31Z",
            "title": f"SIMULATED wildfire, Sentinel-2 L2A, {day}",
            "description": NOTE,
            "firstlight:note": NOTE,
            "platform": "sentinel-2a",
            "sat:relative_orbit": 80,
            "sat:orbit_state": "descending",
            "eo:cloud_cover": round(cloud, 2),
            "proj:epsg": int(CRS.partition(":")[2]),
            "s2:processing_baseline": "05.10",
        },
        "assets": assets,
        "links": [],
    }


def _grid(size: float) -> Grid:
    cells = int(SIDE * 10 / size)
    return Grid(CRS, (size, 0.0, LEFT, 0.0, -size, TOP), (cells, cells))


def _write(path: Path, name: str, values: npt.NDArray[np.float32]) -> None:
    is_mask = name == "scl"
    spec = RasterSpec(
        _grid(20.0 if name in COARSE else 10.0),
        "uint8" if is_mask else "uint16",
        0,
        (name,),
        scale=1.0 if is_mask else 0.0001,
        offset=0.0 if is_mask else -0.1,
        resampling="nearest" if is_mask else "average",
        compression="deflate",
        block=128,
    )
    stored = encode(values, spec)
    with CogWriter(path, spec) as writer:
        for window in split_windows(spec.grid.shape, spec.span):
            rows = slice(window.row, window.row + window.rows)
            writer.write(window, stored[rows, window.col : window.col + window.cols])
        writer.finish()


def _asset(path: Path, href: str, name: str) -> Mapping[str, Any]:
    is_mask = name == "scl"
    grid = _grid(20.0 if name in COARSE else 10.0)
    stored: dict[str, Any] = {"nodata": 0, "data_type": "uint8" if is_mask else "uint16"}
    if not is_mask:
        stored |= {"scale": 0.0001, "offset": -0.1}
    facts = {
        "href": href,
        "title": f"{name}, SIMULATED",
        "type": "image/tiff; application=geotiff; profile=cloud-optimized",
        "roles": ["data"],
        "gsd": grid.resolution[0],
        "raster:bands": [stored],
        "proj:shape": list(grid.shape),
        "proj:transform": list(grid.transform),
        "file:size": path.stat().st_size,
    }
    if not is_mask:
        band = get_sensor("sentinel2").bands[name]
        facts["eo:bands"] = [{"name": band.code, "common_name": name}]
    return facts


def _thumbnail(
    folder: Path, href: str, bands: Mapping[str, npt.NDArray[np.float32]]
) -> dict[str, Any]:
    """The small picture of a pass in natural colours, and its asset."""
    colors = [stretch(bands[name][::THIN, ::THIN], BRIGHTNESS) for name in ("red", "green", "blue")]
    failure = WriteFailure(
        f"The picture of the sample cannot be written to {folder}",
        "Choose another folder.",
        InputError,
    )
    write_whole(folder / href, png_bytes(np.stack(colors, axis=-1)), failure, make_folder=True)
    return {
        "href": href,
        "title": "Small picture, SIMULATED",
        "type": "image/png",
        "roles": ["thumbnail"],
    }


def _catalogue(items: list[dict[str, Any]]) -> dict[str, Any]:
    links = [
        {"rel": "item", "href": f"{item['id']}.json", "type": "application/geo+json"}
        for item in items
    ]
    return {
        "type": "Catalog",
        "stac_version": "1.0.0",
        "id": "firstlight-sample",
        "title": "Sample event, SIMULATED",
        "description": NOTE,
        "firstlight:sample": VERSION,
        "links": [{"rel": "root", "href": CATALOG_NAME, "type": "application/json"}, *links],
    }
