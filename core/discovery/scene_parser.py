"""STAC items → scenes: bands under canonical names, radiometry, cloud, orbit; whatever catalogue
they come from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..enums import OrbitDirection
from ..errors import DiscoveryError
from ..types import BandAsset, Bounds, SceneItem, parse_time
from .band_config import Band, Sensor
from .projection import stated_crs, stated_dtype, stated_grid
from .radiometry import decide_radiometry, is_ground_range


def parse_item(
    item: Mapping[str, Any], sensor: Sensor, catalog: str, fallback_bbox: Bounds | None = None
) -> SceneItem:
    """A STAC item → a scene with its bands under canonical names.

    Items without assets have no bands and say so in ``missing_bands``.

    Raises
    ------
    DiscoveryError
        If it has no id, no time, nothing that tells where it is, or something of the wrong kind.
    """
    name = item.get("id") if isinstance(item, Mapping) else None
    what = f"Scene {name or 'without id'} of {catalog} cannot be used"
    if not name:
        raise DiscoveryError(what, "it has no id")
    try:
        return _parse(item, sensor, catalog, fallback_bbox, what)
    except (
        TypeError,
        ValueError,
        KeyError,
        IndexError,
        AttributeError,
        OverflowError,
    ) as error:  # text for a number …
        raise DiscoveryError(
            what, f"it is no valid STAC item ({type(error).__name__}: {error})"
        ) from error


def _parse(
    item: Mapping[str, Any], sensor: Sensor, catalog: str, fallback_bbox: Bounds | None, what: str
) -> SceneItem:
    properties = item.get("properties") or {}
    assets = {
        key: asset
        for key, asset in (item.get("assets") or {}).items()
        if isinstance(asset, Mapping) and asset.get("href")
    }
    bands = {}
    for band in sensor.bands.values():
        key = _asset_key(band, assets)
        if key is not None:
            bands[band.name] = _band_asset(sensor, band, item, assets[key])
    bbox = item.get("bbox") or _geometry_bbox(item.get("geometry")) or fallback_bbox
    if bbox is None:
        raise DiscoveryError(what, "nothing tells where it is")
    visual = next((assets[key]["href"] for key in sensor.visual_keys if key in assets), None)
    cloud = properties.get("eo:cloud_cover")
    usual = [name for name in sensor.default if name in bands] or list(bands)
    sizes = [bands[name].size_bytes or bands[name].estimated_bytes for name in usual]
    return SceneItem(
        id=str(item["id"]),
        sensor=sensor.name,
        catalog=catalog,
        collection=str(item.get("collection") or ""),
        datetime=_moment(properties, what),
        bbox=(
            float(bbox[0]),
            float(bbox[1]),
            float(bbox[-3] if len(bbox) == 6 else bbox[2]),
            float(bbox[-2] if len(bbox) == 6 else bbox[3]),
        ),
        footprint=item.get("geometry") if isinstance(item.get("geometry"), Mapping) else None,
        cloud_percent=float(cloud) if isinstance(cloud, (int, float)) else None,
        epsg=_epsg(properties),
        resolution_m=min(
            (asset.resolution_m for asset in bands.values()),
            default=min(b.resolution_m for b in sensor.bands.values()),
        ),
        bands=bands,
        size_bytes=sum(sizes),
        missing_bands=tuple(name for name in sensor.default if name not in bands),
        visual_href=visual,
        platform=str(properties.get("platform") or "").lower(),
        relative_orbit=_relative_orbit(item, properties),
        orbit_direction=OrbitDirection(str(properties.get("sat:orbit_state") or "").lower()),
        assets_json=json.dumps(item.get("assets") or {}),
        notes=_notes(sensor, item, properties),
    )


def _asset_key(band: Band, assets: Mapping[str, Mapping[str, Any]]) -> str | None:
    """By the key table first, then by ``eo:common_name`` (STAC 1.0 ``eo:bands``, STAC 1.1
    ``bands``).
    """
    lower = {key.lower(): key for key in assets}
    for key in band.asset_keys:
        if key.lower() in lower:
            return lower[key.lower()]
    if band.common_name is None:
        return None
    for key, asset in assets.items():
        layers = asset.get("eo:bands") or asset.get("bands") or []
        if len(layers) == 1 and isinstance(layers[0], Mapping):
            name = layers[0].get("common_name") or layers[0].get("eo:common_name")
            if name == band.common_name and "image/jp2" not in str(asset.get("type")):
                return key
    return None


def _band_asset(
    sensor: Sensor, band: Band, item: Mapping[str, Any], asset: Mapping[str, Any]
) -> BandAsset:
    size = asset.get("file:size")
    resolution = _resolution(asset) or band.resolution_m
    # Ground range detected: placed by ground control points, whatever transform the item states.
    gridded = not (sensor.name == "sentinel1" and is_ground_range(item))
    return BandAsset(
        band=band.name,
        href=str(asset["href"]),
        resolution_m=resolution,
        radiometry=decide_radiometry(sensor.name, band, item, asset),
        size_bytes=int(size) if isinstance(size, (int, float)) and size > 0 else None,
        estimated_bytes=sensor.estimate_bytes(band.name),
        checksum=asset.get("file:checksum") or None,
        grid=stated_grid(item.get("properties") or {}, asset, resolution) if gridded else None,
        dtype=stated_dtype(asset),
    )


def _resolution(asset: Mapping[str, Any]) -> float | None:
    """Of the pixels; ``gsd`` comes last, because it is the detector's: 100 m for Landsat's thermal
    band, delivered in 30 m.
    """
    layers = [
        layer
        for name in ("raster:bands", "bands")
        for layer in asset.get(name) or ()
        if isinstance(layer, Mapping)
    ]
    words = ("spatial_resolution", "raster:spatial_resolution")
    stated = [source.get(word) for source in (*layers[:1], asset) for word in words] + [
        asset.get("gsd")
    ]
    return next((float(one) for one in stated if isinstance(one, (int, float)) and one > 0), None)


def _moment(properties: Mapping[str, Any], what: str) -> datetime:
    text = properties.get("datetime") or properties.get("start_datetime")
    try:
        return parse_time(str(text))
    except ValueError:
        raise DiscoveryError(what, f"its time is {text!r}") from None


def _geometry_bbox(geometry: Any) -> Bounds | None:
    if not isinstance(geometry, Mapping) or not geometry.get("coordinates"):
        return None
    points: list[Any] = [geometry["coordinates"]]
    while points and isinstance(points[0][0], (list, tuple)):
        points = [part for group in points for part in group]
    return (
        min(p[0] for p in points),
        min(p[1] for p in points),
        max(p[0] for p in points),
        max(p[1] for p in points),
    )


def _epsg(properties: Mapping[str, Any]) -> int | None:
    crs = stated_crs(properties)
    return int(crs[5:]) if crs.startswith("EPSG:") else None


def _relative_orbit(item: Mapping[str, Any], properties: Mapping[str, Any]) -> int | None:
    """As stated, from the product's name (``_R065_``), or the Landsat path."""
    for name in ("sat:relative_orbit", "landsat:wrs_path"):
        value = properties.get(name)
        if value is not None and str(value).isdigit():
            return int(value)
    for name in (str(properties.get("s2:product_uri") or ""), str(item.get("id") or "")):
        match = re.search(r"_R(\d{3})_", name)
        if match:
            return int(match[1])
    return None


def _notes(
    sensor: Sensor, item: Mapping[str, Any], properties: Mapping[str, Any]
) -> tuple[str, ...]:
    notes = []
    if sensor.name == "sentinel1" and is_ground_range(item):
        notes.append(
            "Ground range detected: uncalibrated amplitude, not terrain-corrected; not sigma0"
        )
    if not item.get("assets"):
        notes.append("The catalogue lists no files for this scene")
    note = properties.get("firstlight:note")
    if isinstance(note, str):
        notes.append(note)
    return tuple(notes)
