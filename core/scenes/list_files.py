"""A list of scenes as a file: GeoJSON that a later run reads with all it needs, a table, or STAC
items.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..discovery.items_file import footprints_geojson
from ..types import SceneItem

TABLE_FIELDS = (
    "id",
    "source",
    "datetime",
    "cloud_cover",
    "clear_percent",
    "coverage_percent",
    "size_bytes",
    "platform",
    "relative_orbit",
    "orbit_direction",
    "tile",
    "catalog",
    "collection",
    "access",
    "west",
    "south",
    "east",
    "north",
    "missing_bands",
    "notes",
)
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""By which a spreadsheet takes a text of a catalogue's for a formula (OWASP, *CSV injection*)."""
STAC_VERSION = "1.0.0"


def scene_list_text(path: Path, scenes: Sequence[SceneItem]) -> str:
    """What a file of that name holds: ``.csv`` a table, ``.json`` STAC items, else GeoJSON."""
    return TEXTS.get(path.suffix.lower(), _geojson)(scenes)


def _geojson(scenes: Sequence[SceneItem]) -> str:
    return json.dumps(footprints_geojson(scenes))


def _table(scenes: Sequence[SceneItem]) -> str:
    text = io.StringIO()
    rows = csv.DictWriter(text, TABLE_FIELDS, extrasaction="ignore", lineterminator="\n")
    rows.writeheader()
    for scene in scenes:
        west, south, east, north = scene.bbox
        fields = scene.to_dict() | {"west": west, "south": south, "east": east, "north": north}
        rows.writerow({name: _cell(fields[name]) for name in TABLE_FIELDS})
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        value = "; ".join(map(str, value))
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


def _stac(scenes: Sequence[SceneItem]) -> str:
    features = [_item(scene) for scene in scenes]
    return json.dumps({"type": "FeatureCollection", "features": features}, indent=1)


def _item(scene: SceneItem) -> dict[str, Any]:
    """The scene as a STAC item, its assets as the catalogue gave them, without signatures."""
    fields = scene.to_dict()
    stated = {
        "datetime": fields["datetime"],
        "eo:cloud_cover": fields["cloud_cover"],
        "platform": fields["platform"],
        "proj:epsg": fields["epsg"],
        "sat:relative_orbit": fields["relative_orbit"],
        "sat:orbit_state": fields["orbit_direction"],
    }
    assets: Mapping[str, Any] = fields["assets"] or {
        band: {"href": url, "roles": ["data"]} for band, url in fields["band_urls"].items()
    }
    return {
        "type": "Feature",
        "stac_version": STAC_VERSION,
        "id": scene.id,
        "collection": scene.collection,
        "bbox": fields["bbox"],
        "geometry": scene.footprint,
        # A moment may be null in STAC, nothing else: what is not known is left out.
        "properties": {name: value for name, value in stated.items() if value not in (None, "")},
        "assets": assets,
        "links": [],
    }


TEXTS: dict[str, Callable[[Sequence[SceneItem]], str]] = {".csv": _table, ".json": _stac}
"""Endings of files that are no GeoJSON for the map."""
