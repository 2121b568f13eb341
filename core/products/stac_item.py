"""A result as a STAC Item, version 1.1.0, with where it comes from and what its files hold.

Sources: the STAC specification 1.1.0 (item, common metadata: ``bands``, ``data_type``, ``nodata``,
``statistics``, ``unit``) and its extensions processing 1.2.0, raster 2.0.0, classification 2.0.0,
file 2.1.0 and projection 2.0.0. What none of them has a word for is under ``firstlight:``.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from .. import VERSION
from ..algorithms.kernel import (
    NOT_OBSERVED,
    NOT_OBSERVED_COLOR,
    OUTSIDE,
    OUTSIDE_COLOR,
    OUTSIDE_NAME,
    MapClass,
)
from ..files.checksum import multihash, sha256_of
from ..gdal.environment import gdal_version
from ..raster.facts import RasterFacts, read_facts
from ..raster.pixel_area import pixel_area_m2
from ..shapes.footprint import footprint
from ..types import Grid, format_time
from .perimeter import Perimeter
from .result_record import (
    InputFile,
    InputRecord,
    LayerFigures,
    LayerRecord,
    ResultRecord,
    ShapesRecord,
)

STAC_VERSION = "1.1.0"
ITEM_SUFFIX = ".stac.json"
_SCHEMA = "https://stac-extensions.github.io/{}/schema.json"
EXTENSIONS = [
    _SCHEMA.format(name)
    for name in (
        "processing/v1.2.0",
        "raster/v2.0.0",
        "classification/v2.0.0",
        "file/v2.1.0",
        "projection/v2.0.0",
    )
]
PROCESSING_EXTENSION, FILE_EXTENSION = EXTENSIONS[0], EXTENSIONS[3]
NO_LAYER = "firstlight:no_layer"
"""True of an asset that is to be handed on, not put on the map."""
COG = "image/tiff; application=geotiff; profile=cloud-optimized"
VRT = "application/xml"
"""A VRT has no media type of its own."""
GEOPACKAGE = "application/geopackage+sqlite3"


def make_item(
    folder: Path, record: ResultRecord, catalogue: str, stop: Callable[[], bool] = lambda: False
) -> dict[str, Any]:
    """Describe a result.

    Parameters
    ----------
    folder : Path
        Where the item will be: its files are named relative to it.
    catalogue : str
        Name of the catalogue's file in that folder.
    stop : callable
        Asked while files are read for their sums.

    Returns
    -------
    dict
        JSON-ready.

    Raises
    ------
    RasterError
        If a layer cannot be opened.
    Cancelled
        If ``stop``.
    """
    facts = {raster.path: read_facts(raster.path) for raster in record.layers}
    grid = facts[record.layers[0].path].grid
    outline = footprint(grid)
    assets = {
        raster.layer.name: _layer_asset(raster, facts[raster.path], folder, stop)
        for raster in record.layers
    }
    if record.perimeter is not None:
        assets["perimeter"] = _perimeter_asset(record.perimeter, folder, stop)
    assets |= {shapes.name: _shapes_asset(shapes, folder, stop) for shapes in record.shapes}
    hidden = {relative_href(layer.path, folder) for layer in record.view if not layer.visible}
    for asset in assets.values():
        if asset["href"] in hidden:
            asset["firstlight:visible"] = False
    return {
        "type": "Feature",
        "stac_version": STAC_VERSION,
        "stac_extensions": EXTENSIONS
        if any(raster.layer.classes for raster in record.layers)
        else _without_classes(),
        "id": item_id(record),
        "geometry": outline[0] if outline else None,
        **({"bbox": list(outline[1])} if outline else {}),
        "properties": {**_times(record), **_properties(record, folder), **projection(grid)},
        "links": _links(record, catalogue),
        "assets": assets,
    }


def _links(record: ResultRecord, catalogue: str) -> list[dict[str, str]]:
    """Lead to the folder's catalogue, and to the inputs' own items where they are public."""
    above = [
        {"rel": rel, "href": f"./{catalogue}", "type": "application/json"}
        for rel in ("root", "parent")
    ]
    sources = [
        {
            "rel": "derived_from",
            "href": source.source_url,
            "type": "application/geo+json",
            "title": source.item_id,
        }
        for source in record.inputs
        if source.source_url
    ]
    return [*above, *sources]


def _perimeter_asset(
    perimeter: Perimeter, folder: Path, stop: Callable[[], bool]
) -> dict[str, Any]:
    figures = perimeter.to_dict()
    del figures["path"]
    return {
        "href": relative_href(perimeter.path, folder),
        "type": GEOPACKAGE,
        "title": "Outline",
        "roles": ["data"],
        **file_facts(perimeter.path, stop),
        "firstlight:style": "perimeter",
        "firstlight:perimeter": figures,
    }


def _shapes_asset(shapes: ShapesRecord, folder: Path, stop: Callable[[], bool]) -> dict[str, Any]:
    return {
        "href": relative_href(shapes.path, folder),
        "type": GEOPACKAGE,
        "title": shapes.title,
        "roles": ["data"],
        **file_facts(shapes.path, stop),
        "firstlight:style": shapes.style,
    }


def item_id(record: ResultRecord) -> str:
    """``burn-severity-20240801-1a2b3c4d``: the same for the same operation on the same inputs with
    the same parameters.
    """
    days = _days(record)
    identity = [
        record.operation,
        [(source.name, source.item_id or source.path.name) for source in record.inputs],
        record.parameters,
    ]
    digest = hashlib.sha256(json.dumps(_plain(identity), sort_keys=True).encode()).hexdigest()
    return (
        f"{record.operation}-{days[-1]:%Y%m%d}-{digest[:8]}"
        if days
        else f"{record.operation}-{digest[:8]}"
    )


def _without_classes() -> list[str]:
    return [name for name in EXTENSIONS if "classification" not in name]


def _days(record: ResultRecord) -> list[datetime]:
    return sorted(source.acquired for source in record.inputs if source.acquired is not None)


def _times(record: ResultRecord) -> dict[str, Any]:
    """The newest picture's: the map shows the state after. Where no input has a day, that of the
    making, and it says so.
    """
    days = _days(record)
    fields = {"datetime": format_time(days[-1] if days else record.created)}
    if days and days[0] != days[-1]:
        fields.update(start_datetime=format_time(days[0]), end_datetime=format_time(days[-1]))
    return {
        **fields,
        "created": format_time(record.created),
        "firstlight:datetime_of": "input" if days else "processing",
    }


def _properties(record: ResultRecord, folder: Path) -> dict[str, Any]:
    names = [(source.name, source.item_id or source.path.name) for source in record.inputs]
    sources = ", ".join(f"{name}: {item}" for name, item in names)
    fields = {
        "title": record.title,
        "description": " ".join(
            text
            for text in (record.note, *(f"{warning.rstrip('.')}." for warning in record.warnings))
            if text
        ),
        "processing:level": "L4",  # results of an analysis of lower-level data
        "processing:lineage": f"{record.title} by FirstLight {VERSION} ({record.operation}) "
        f"from {sources}. {record.reference}",
        "processing:datetime": format_time(record.created),
        "processing:version": VERSION,
        "processing:software": {
            "FirstLight": VERSION,
            "GDAL": gdal_version(),
            "numpy": np.__version__,
            "Python": platform.python_version(),
        },
        "firstlight:operation": record.operation,
        "firstlight:parameters": _plain(record.parameters),
        "firstlight:reference": record.reference,
        "firstlight:inputs": [_input(source, folder) for source in record.inputs],
        "firstlight:statistics": _plain(record.statistics),
        "firstlight:warnings": list(record.warnings),
        "firstlight:group": next((layer.group for layer in record.view), ""),
    }
    if record.formula:
        fields["processing:expression"] = {"format": "text", "expression": record.formula}
    return {key: value for key, value in fields.items() if value != ""}


def projection(grid: Grid) -> dict[str, Any]:
    """A grid, as the extension *projection* has it."""
    code = grid.crs if grid.crs.startswith("EPSG:") else None
    fields: dict[str, Any] = {
        "proj:code": code,
        "proj:shape": list(grid.shape),
        "proj:transform": list(grid.transform),
    }
    return fields if code or not grid.crs else {**fields, "proj:wkt2": grid.crs}


def _input(source: InputRecord, folder: Path) -> dict[str, Any]:
    fields = {
        "name": source.name,
        "href": relative_href(source.path, folder),
        "id": source.item_id,
        "sensor": source.sensor,
        "datetime": format_time(source.acquired) if source.acquired else "",
        "files": [
            {
                "href": relative_href(file.path, folder),
                "file:size": file.size_bytes,
                **({"file:checksum": multihash(file.sha256)} if file.sha256 else {}),
                "updated": format_time(datetime.fromtimestamp(file.changed_ns / 1e9, timezone.utc)),
                **_download(file),
            }
            for file in source.files
        ],
    }
    return {key: value for key, value in fields.items() if value != ""}


def _download(file: InputFile) -> dict[str, str]:
    """Where a file was downloaded from, as far as that is recorded."""
    source = {"source": file.url, "catalog": file.catalog, "item_id": file.item_id}
    return {key: value for key, value in source.items() if value}


def _layer_asset(
    raster: LayerRecord, facts: RasterFacts, folder: Path, stop: Callable[[], bool]
) -> dict[str, Any]:
    layer = raster.layer
    asset: dict[str, Any] = {
        "href": relative_href(raster.path, folder),
        "type": VRT if raster.path.suffix.lower() == ".vrt" else COG,
        "title": layer.title,
        "roles": ["data"],
        **file_facts(raster.path, stop, raster.sha256),
        "bands": [_band(raster, facts)],
        "firstlight:style": layer.style,
    }
    if layer.classes:
        counts = raster.figures.class_pixels
        unseen = MapClass(NOT_OBSERVED, "Not observed (cloud, shadow, no data)", NOT_OBSERVED_COLOR)
        silent = [unseen]
        if OUTSIDE in counts:
            silent.append(MapClass(OUTSIDE, OUTSIDE_NAME, OUTSIDE_COLOR))
        pixels = sum(count for code, count in counts.items() if code != OUTSIDE)
        asset["classification:classes"] = [
            _class(known, counts.get(known.code), pixels) for known in (*layer.classes, *silent)
        ]
    return asset


def _band(raster: LayerRecord, facts: RasterFacts) -> dict[str, Any]:
    band = facts.bands[0]
    rule = band.radiometry
    pixel = pixel_area_m2(facts.grid, facts.grid.shape[0] // 2, 1)
    fields: dict[str, Any] = {
        "name": raster.layer.name,
        "data_type": band.dtype,
        "nodata": _number(rule.nodata),
        "unit": rule.unit,
        "raster:sampling": "area",
        "raster:spatial_resolution": round(math.sqrt(pixel), 6) if pixel else None,
        "raster:scale": rule.scale if rule.scale != 1.0 else None,
        "raster:offset": rule.offset if rule.offset != 0.0 else None,
        "statistics": _statistics(raster.figures),
    }
    return {key: value for key, value in fields.items() if value not in (None, "", {})}


def _statistics(figures: LayerFigures) -> dict[str, float]:
    """Of classes the share that was observed alone: their mean says nothing."""
    names = ("minimum", "maximum", "mean", "valid_percent")
    values = {name: getattr(figures, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def _class(known: MapClass, pixels: int | None, whole: int) -> dict[str, Any]:
    name = re.sub(r"[^a-z0-9]+", "-", known.name.lower()).strip("-")
    fields: dict[str, Any] = {
        "value": known.code,
        "name": "not-observed" if known.code == NOT_OBSERVED else name or f"class-{known.code}",
        "title": known.name,
        "description": known.name,
        "color_hint": "{:02X}{:02X}{:02X}".format(*known.color),
        "nodata": known.code in (NOT_OBSERVED, OUTSIDE),
    }
    if pixels is not None:
        fields["count"] = pixels
        if known.code != OUTSIDE:
            fields["percentage"] = 100 * pixels / whole if whole else 0.0
    return fields


def file_facts(path: Path, stop: Callable[[], bool], sha256: str = "") -> dict[str, Any]:
    """Size and sum of a file, as the extension *file* has them; a sum that is known is not taken
    again.
    """
    known = sha256 or sha256_of(path, stop)
    return {"file:size": path.stat().st_size, "file:checksum": multihash(known)}


def relative_href(path: Path, folder: Path) -> str:
    """Relative to the folder, so that it can be moved; of another drive as it is."""
    try:
        relative = Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:
        return path.resolve().as_uri()
    return relative if relative.startswith("../") else f"./{relative}"


def _number(value: float | None) -> float | int | str | None:
    """JSON knows no NaN; the specification has words for it."""
    if value is None:
        return None
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return int(value) if value == int(value) else value


def _plain(tree: Any) -> Any:
    """JSON-ready: paths as text, what is not finite as None."""
    if isinstance(tree, Mapping):
        return {str(key): _plain(value) for key, value in tree.items()}
    if isinstance(tree, (list, tuple, set, frozenset)):
        return [_plain(value) for value in tree]
    if isinstance(tree, np.generic):
        return _plain(tree.item())
    if isinstance(tree, float) and not math.isfinite(tree):
        return None
    return tree if tree is None or isinstance(tree, (str, int, float, bool)) else str(tree)
