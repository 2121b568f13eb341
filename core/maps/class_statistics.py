"""Areas of a class layer for people and programs, and what every map of classes says of
its making.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..algorithms.kernel import NOT_OBSERVED, MapClass
from ..errors import InputError
from ..execution.apply import LayerStatistics
from ..raster.reader import RasterFacts, StackReader
from ..types import format_time
from ..validation.vrt_sources import check_vrt_sources, is_vrt


def class_statistics(layer: LayerStatistics, classes: Sequence[MapClass]) -> dict[str, Any]:
    """Area of each class and of what was not observed.

    Shares of classes are of the observed pixels, the share of what was not observed is of all.
    Areas are None where the raster has no reference system.
    """
    found = layer.classes
    rows = []
    for one in classes:
        pixels, ground = found.get(one.code, (0, 0.0))
        percent = 100 * pixels / layer.observed if layer.observed else None
        color = "#{:02x}{:02x}{:02x}".format(*one.color)
        figures = {"pixels": pixels, **areas(ground), "observed_percent": percent}
        rows.append({"code": one.code, "name": one.name, "color": color, **figures})
    missing, unseen = found.get(NOT_OBSERVED, (0, 0.0))
    grounds = [ground for _, ground in found.values()]
    everything = (
        None if None in grounds else sum(ground for ground in grounds if ground is not None)
    )
    seen = None if everything is None or unseen is None else everything - unseen
    return {
        "classes": rows,
        "observed": {"pixels": layer.observed, **areas(seen)},
        "not_observed": {
            "code": NOT_OBSERVED,
            "pixels": missing,
            **areas(unseen),
            "percent": 100 * missing / layer.pixels if layer.pixels else None,
        },
        "total": {"pixels": layer.pixels, **areas(everything)},
    }


def areas(square_metres: float | None) -> dict[str, float | None]:
    """The same in square kilometres and in hectares."""
    if square_metres is None:
        return {"area_km2": None, "area_ha": None}
    return {"area_km2": square_metres / 1e6, "area_ha": square_metres / 1e4}


def sum_classes(statistics: dict[str, Any], codes: Sequence[int]) -> dict[str, float | None]:
    """Area and observed share of several classes together."""
    rows = [row for row in statistics["classes"] if row["code"] in codes]

    def total(key: str) -> float | None:
        values = [row[key] for row in rows]
        return None if None in values else sum(values)

    return {key: total(key) for key in ("area_km2", "area_ha", "observed_percent")}


def describe_input(reader: StackReader) -> dict[str, Any]:
    """What a stack is, and the state of its files: enough to tell whether a result is of today's
    inputs.
    """
    tags = reader.facts.tags
    files = [
        {
            "path": path,
            "size_bytes": size,
            "modified": format_time(datetime.fromtimestamp(changed / 1e9, timezone.utc)),
        }
        for path, size, changed in reader.state()
        if size >= 0
    ]
    kept = {key: tags[key] for key in ("item_id", "datetime", "sensor") if key in tags}
    return {"path": str(reader.facts.path), **kept, "files": files}


def check_stack(stack: Path) -> list[Path]:
    """The files that a stack names, itself among them, after a look into it.

    Raises
    ------
    VRTSourceNotFoundError, ValidationError
        If one is missing, or the stack holds what no stack needs.
    """
    return [stack, *(check_vrt_sources(stack).files if is_vrt(stack) else ())]


def prepare_folder(output: Path, names: Sequence[str], inputs: Sequence[Path]) -> list[Path]:
    """Make the output folder; returns the files to be written there.

    Raises
    ------
    InputError
        If the folder cannot be made, or one of the files is an input.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"Nothing can be written to {output}",
            error.strerror or str(error),
            "Choose another folder.",
        ) from error
    paths = [output / name for name in names]
    taken = {path.resolve() for path in inputs}
    for path in paths:
        if path.resolve() in taken:
            raise InputError(
                f"{path} cannot be written", "it is an input", "Choose another folder."
            )
    return paths


def unscaled(facts: RasterFacts, indexes: Sequence[int]) -> list[str]:
    """Names of the bands whose stored numbers are not known to be physical values; whole numbers
    without a scale never are.
    """
    bands = [facts.bands[index - 1] for index in indexes]
    return [
        band.description
        for band in bands
        if band.radiometry.scale == 1.0
        and (
            "int" in band.dtype
            or (
                band.radiometry.offset == 0.0
                and band.radiometry.unit not in ("reflectance", "kelvin")
            )
        )
    ]
