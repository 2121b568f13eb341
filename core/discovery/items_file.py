"""Scenes in files: what ``discover`` wrote (JSON or GeoJSON) and what ``ingest --items`` reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import DiscoveryError, InputError
from ..types import BandAsset, Grid, OrbitDirection, Priority, Radiometry, SceneItem, Unit
from .band_config import get_sensor, load_sensors
from .scene_parser import parse_item

HINT = "Give what `flight discover --output json` printed, its GeoJSON, or STAC items."


def read_items(path: Path) -> list[SceneItem]:
    """Read scenes: an array of discovery items, FirstLight's GeoJSON, or plain STAC items.

    Raises
    ------
    InputError
        If the file cannot be read or holds no scene.
    """
    what = f"The scenes in {path} cannot be used"
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(what, error.strerror or str(error), HINT) from error
    except ValueError as error:
        raise InputError(what, f"the file is no JSON ({error})", HINT) from error
    if isinstance(tree, Mapping):
        tree = tree.get("features", [tree])
    if not isinstance(tree, list) or not tree:
        raise InputError(what, "it holds no scenes", HINT)
    try:
        return [_read_one(entry, what) for entry in tree]
    except (TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
        raise InputError(
            what, f"an entry is damaged ({type(error).__name__}: {error})", HINT
        ) from error
    except DiscoveryError as error:
        raise InputError(what, f"{error.what}: {error.why}", HINT) from error


def _read_one(entry: Any, what: str) -> SceneItem:
    if isinstance(entry, Mapping) and entry.get("type") == "Feature":
        kept = (entry.get("properties") or {}).get("firstlight")
        if kept is None:
            return _from_stac(entry)
        entry = json.loads(kept) if isinstance(kept, str) else kept
    if not isinstance(entry, Mapping) or "id" not in entry:
        raise InputError(what, "an entry has no id", HINT)
    if not any(entry.get(name) for name in ("band_urls", "url", "visualization_url", "assets")):
        raise InputError(what, f"No download URL for item {entry['id']}", HINT)
    return scene_from_dict(entry)


def _from_stac(item: Mapping[str, Any]) -> SceneItem:
    """The sensor is the one that knows most of the item's assets and fits its collection."""
    collection = str(item.get("collection") or "").lower()
    for name, word in (
        ("sentinel2", "sentinel-2"),
        ("landsat", "landsat"),
        ("sentinel1", "sentinel-1"),
        ("dem", "cop-dem"),
    ):
        if word in collection:
            return parse_item(item, get_sensor(name), "file")
    scenes = [parse_item(item, sensor, "file") for sensor in load_sensors().values()]
    return max(scenes, key=lambda scene: len(scene.bands))


def scene_from_dict(entry: Mapping[str, Any]) -> SceneItem:
    """The inverse of :meth:`SceneItem.to_dict`; takes items with only the specification's fields
    too.
    """
    sensor = get_sensor(str(entry.get("source") or "sentinel2"))
    urls = {
        str(name).lower(): str(url) for name, url in (entry.get("band_urls") or {}).items() if url
    }
    assets = {name: (entry.get("assets") or {}).get(name) or {} for name in urls}
    item = {
        "id": entry["id"],
        "collection": entry.get("collection"),
        "bbox": entry.get("bbox") or [-180, -90, 180, 90],
        "geometry": entry.get("geometry"),
        "properties": {
            "datetime": entry.get("datetime") or "1970-01-01T00:00:00Z",
            "eo:cloud_cover": entry.get("cloud_cover"),
            "proj:epsg": entry.get("epsg"),
        },
        "assets": {name: {**assets[name], "href": url} for name, url in urls.items()},
    }
    scene = parse_item(item, sensor, str(entry.get("catalog") or "file"))
    facts, rules = entry.get("band_info") or {}, entry.get("radiometry") or {}
    bands = {
        name: _with_facts(asset, facts.get(name), rules.get(name))
        for name, asset in scene.bands.items()
    }
    return replace(
        scene,
        bands=bands,
        missing_bands=tuple(entry.get("missing_bands") or scene.missing_bands),
        size_bytes=int(entry.get("size_bytes") or scene.size_bytes),
        visual_href=entry.get("visualization_url"),
        single_href=None if bands else entry.get("url"),
        platform=str(entry.get("platform") or ""),
        relative_orbit=entry.get("relative_orbit"),
        orbit_direction=OrbitDirection(entry.get("orbit_direction") or ""),
        coverage_percent=entry.get("coverage_percent"),
        clear_percent=entry.get("clear_percent"),
        priority=Priority(entry.get("priority") or Priority.PRIMARY),
        assets_json=json.dumps(entry.get("assets") or {}),
        notes=(*(entry.get("notes") or ()), *_radiometry_notes(sensor.name, bands, rules)),
    )


def _radiometry_notes(
    sensor: str, bands: Mapping[str, BandAsset], rules: Mapping[str, Any]
) -> list[str]:
    """A file of another maker lists assets without the item's properties, which may say that the
    offset is applied.
    """
    guessed = [
        name for name, asset in bands.items() if name not in rules and asset.radiometry.offset
    ]
    if sensor != "sentinel2" or not guessed:
        return []
    names = ", ".join(guessed)
    return [
        f"The file does not say whether the offset of {names} is in the pixels already; it is "
        "applied: compare with the item"
    ]


def _with_facts(
    asset: BandAsset, facts: Mapping[str, Any] | None, rule: Mapping[str, Any] | None
) -> BandAsset:
    if rule is not None:
        nodata = rule.get("nodata")
        known = {
            **rule,
            "nodata": None if nodata is None else float(nodata),
            "unit": Unit(rule.get("unit", "")),
        }
        asset = replace(asset, radiometry=Radiometry(**known))
    if facts is not None:
        asset = replace(
            asset,
            resolution_m=float(facts.get("resolution_m") or asset.resolution_m),
            size_bytes=facts.get("size_bytes") or asset.size_bytes,
            checksum=facts.get("checksum") or asset.checksum,
            dtype=facts.get("data_type") or asset.dtype,
            grid=Grid.from_dict(facts["grid"]) if facts.get("grid") else asset.grid,
        )
    return asset


def footprints_geojson(scenes: Sequence[SceneItem]) -> dict[str, Any]:
    """A feature collection to look at in QGIS; each feature also carries all that
    ``ingest`` needs.
    """
    return {
        "type": "FeatureCollection",
        "name": "scenes",
        "features": [
            {
                "type": "Feature",
                "geometry": scene.footprint,
                "properties": {
                    "id": scene.id,
                    "sensor": scene.sensor,
                    "datetime": scene.to_dict()["datetime"],
                    "cloud_cover": scene.cloud_percent,
                    "clear_percent": scene.to_dict()["clear_percent"],
                    "coverage_percent": scene.to_dict()["coverage_percent"],
                    "platform": scene.platform,
                    "relative_orbit": scene.relative_orbit,
                    "orbit_direction": scene.orbit_direction,
                    "size_mb": round(scene.size_bytes / 1e6, 1),
                    "missing_bands": ", ".join(scene.missing_bands),
                    "catalog": scene.catalog,
                    "firstlight": json.dumps(scene.to_dict()),
                },
            }
            for scene in scenes
        ],
    }
