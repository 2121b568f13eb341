"""STAC items → scenes: bands under canonical names, radiometry, cloud, orbit; whatever catalogue
they come from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from ..enums import AccessKind
from ..errors import DiscoveryError, odd_value
from ..identity.evidence import NO_SCALE
from ..types import BandAsset, Bounds, OrbitDirection, SceneItem, parse_time
from .band_assets import BandPlace, band_places, layer_view, openable_assets, why_no_band
from .band_config import Band, Sensor
from .catalogs import addresses_of, catalog_names, get_catalog
from .item_product import baseline_of, is_ground_range, item_product, naming_of, sensor_of
from .offer_facts import access_of, tile_of
from .projection import stated_crs, stated_dtype, stated_grid
from .radiometry import decide_radiometry
from .stac_fields import (
    StacObject,
    is_number,
    product_match,
    properties_of,
    stated_bytes,
    stated_values,
)


def parse_item(
    item: StacObject, sensor: Sensor, catalog: str, fallback_bbox: Bounds | None = None
) -> SceneItem:
    """A STAC item → a scene with its bands under canonical names.

    Items without assets have no bands and say so in ``missing_bands``.

    Raises
    ------
    DiscoveryError
        If it has no id, no time, nothing that tells where it is, or something of the wrong kind.
    """
    name = item.get("id") if isinstance(item, Mapping) else None
    failure = f"Scene {name or 'without id'} of {catalog} cannot be used"
    if not name:
        raise DiscoveryError(failure, "it has no id", "Leave it out, and tell whoever offers it.")
    try:
        return _parse(item, sensor, catalog, fallback_bbox, failure)
    except (
        TypeError,
        ValueError,
        KeyError,
        IndexError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:  # text for a number …
        raise DiscoveryError(
            failure,
            f"it is no valid STAC item ({odd_value(error)})",
            "Leave it out, and tell whoever offers it.",
        ) from error


def _parse(
    item: StacObject, sensor: Sensor, catalog: str, fallback_bbox: Bounds | None, failure: str
) -> SceneItem:
    properties = properties_of(item)
    _check_sensor(item, sensor, failure)
    assets = openable_assets(item)
    places = band_places(sensor, item, assets)
    bands = _bands(sensor, item, assets, places)
    if not bands and (why := why_no_band(sensor, item, assets)):
        raise DiscoveryError(failure, why, NO_BAND_HINT)
    geometry = item.get("geometry")
    bbox = _bbox(item, fallback_bbox)
    if bbox is None:
        raise DiscoveryError(
            failure, "nothing tells where it is", "Leave it out, and tell whoever offers it."
        )
    return SceneItem(
        id=str(item["id"]),
        sensor=sensor.name,
        catalog=catalog,
        collection=_text(item, "collection"),
        datetime=_moment(properties, failure),
        bbox=bbox,
        footprint=geometry if isinstance(geometry, Mapping) and not _is_huge(geometry) else None,
        cloud_percent=_cloud_percent(properties),
        epsg=_epsg(properties),
        resolution_m=min(part.resolution_m for part in bands.values() or sensor.bands.values()),
        bands=bands,
        size_bytes=_default_bytes(sensor, bands),
        missing_bands=tuple(name for name in sensor.default if name not in bands),
        visual_href=next(
            (
                addresses_of(item, assets[key])[0].href
                for key in sensor.visual_keys
                if key in assets
            ),
            None,
        ),
        platform=_platform(item),
        relative_orbit=_relative_orbit(item),
        tile=tile_of(item),
        product=_product_name(item, sensor),
        listed=_listed(properties),
        baseline=baseline_of(item) if sensor.family == "sentinel2" else "",
        access=_access(item, [assets[place.key] for place in places.values()], catalog),
        orbit_direction=OrbitDirection(_text(properties, "sat:orbit_state").lower()),
        assets_json=json.dumps(item.get("assets") or {}),
        notes=(*_notes(sensor, item), *_unscaled(bands)),
    )


def _cloud_percent(properties: StacObject) -> float | None:
    """Cloud of the whole scene; None where it is not stated, or stated as -1, NaN or over 100."""
    cloud: Any = properties.get("eo:cloud_cover")
    if isinstance(cloud, str) and re.fullmatch(r"\d+(?:\.\d+)?", cloud.strip()):
        cloud = float(cloud)
    return float(cloud) if is_number(cloud) and 0 <= cloud <= 100 else None


def _platform(item: StacObject) -> str:
    """The satellite as ``landsat-9`` or ``sentinel-2a``, in whatever spelling it is stated, else by
    the product's name; other ones as they are, in small letters.
    """
    properties = properties_of(item)
    stated = properties.get("platform") or properties.get("eo:platform") or ""
    stated = stated[0] if isinstance(stated, list) and stated else stated
    known = platform_name(str(stated))
    if not stated or known in ("landsat", "sentinel-1", "sentinel-2"):
        named = product_match(item, r"^(L[COTEM]0?[1-9]|S[12][A-D])_")
        return platform_name(named[1]) if named else known
    return known


def platform_name(text: str) -> str:
    """A satellite's name in the one spelling: ``LANDSAT_9``, ``L9``, ``LC09`` → ``landsat-9``,
    ``S2A``, ``Sentinel2A`` → ``sentinel-2a``.
    """
    plain = re.sub(r"[^a-z0-9]", "", text.lower())
    landsat = re.fullmatch(r"(?:landsat|ls|l[cotem]?)0?([1-9])", plain)
    if landsat is not None:
        return f"landsat-{landsat[1]}"
    sentinel = re.fullmatch(r"(?:sentinel|s)([1-6])([a-d]?)", plain)
    if sentinel is not None:
        return f"sentinel-{sentinel[1]}{sentinel[2]}"
    return text.strip().lower()


def _text(source: StacObject, name: str) -> str:
    return str(source.get(name) or "")


NO_BAND_HINT = "Download its files and stack those that are bands (flight stack)."


def _check_sensor(item: StacObject, sensor: Sensor, failure: str) -> None:
    """Refuse an item of another sensor, whose bands have the same keys and other wavelengths."""
    naming, own = naming_of(item), sensor_of(item)
    if naming.startswith("hls") and own not in (None, sensor.name, sensor.family):
        title = naming.upper().replace("-", " ")
        why = f"it is {title}, whose bands are numbered otherwise than those of {sensor.title}"
        raise DiscoveryError(failure, why, f"Ask for the sensor {own}.")


def _product_name(item: StacObject, sensor: Sensor) -> str:
    product = item_product(sensor.family, item).product
    return product.name if product else ""


def _access(item: StacObject, assets: list[StacObject], catalog: str) -> AccessKind:
    known = "://" in catalog or catalog in catalog_names()
    return access_of(item, assets, get_catalog(catalog) if known else None)


def _bands(
    sensor: Sensor,
    item: StacObject,
    assets: Mapping[str, StacObject],
    places: Mapping[str, BandPlace],
) -> dict[str, BandAsset]:
    return {
        name: _band_asset(sensor, sensor.bands[name], item, assets[place.key], place)
        for name, place in places.items()
    }


def _default_bytes(sensor: Sensor, bands: Mapping[str, BandAsset]) -> int:
    """Size of the sensor's default bands, or of all where there is none of them."""
    names = [name for name in sensor.default if name in bands] or list(bands)
    return sum(bands[name].size_bytes or bands[name].estimated_bytes for name in names)


def _band_asset(
    sensor: Sensor, band: Band, item: StacObject, whole: StacObject, place: BandPlace
) -> BandAsset:
    asset = layer_view(whole, place.index)
    resolution = _resolution(asset) or band.resolution_m
    # Ground range detected: placed by ground control points, whatever transform the item states.
    gridded = not (sensor.name == "sentinel1" and is_ground_range(item))
    first, *others = addresses_of(item, asset)
    return BandAsset(
        band=band.name,
        href=first.href,
        resolution_m=resolution,
        radiometry=decide_radiometry(sensor.family, band, item, asset),
        size_bytes=stated_bytes(asset.get("file:size")),
        estimated_bytes=sensor.estimate_bytes(band.name),
        checksum=asset.get("file:checksum") or None,
        grid=stated_grid(properties_of(item), asset, resolution) if gridded else None,
        dtype=stated_dtype(asset),
        alternates=tuple(other.href for other in others),
        account=first.account,
        index=place.index,
    )


def _resolution(asset: StacObject) -> float | None:
    """Pixel size; ``gsd`` comes last, because it is the detector's: 100 m for Landsat's thermal
    band, delivered in 30 m.
    """
    values = (*stated_values(asset, "spatial_resolution"), asset.get("gsd"))
    return next((float(value) for value in values if is_number(value) and value > 0), None)


def _moment(properties: StacObject, failure: str) -> datetime:
    text = properties.get("datetime") or properties.get("start_datetime")
    try:
        return parse_time(str(text))
    except ValueError:
        raise DiscoveryError(
            failure, f"its time is {text!r}", "Leave it out, and tell whoever offers it."
        ) from None


def _listed(properties: StacObject) -> datetime | None:
    """When the record was published (STAC extension *timestamps*), else made (*created* of STAC's
    common metadata).
    """
    for name in ("published", "created"):
        text = properties.get(name)
        if isinstance(text, str):
            with suppress(ValueError):
                return parse_time(text)
    return None


def last_moment(item: StacObject, first: datetime) -> datetime:
    """The end of an item that is of a span of time; of one that is of a moment, that moment."""
    properties = properties_of(item)
    text = properties.get("end_datetime")
    if properties.get("datetime") or not isinstance(text, str):
        return first
    try:
        return parse_time(text)
    except ValueError:
        return first


def _bbox(item: StacObject, fallback: Bounds | None) -> Bounds | None:
    """West, south, east, north: the item's own, its geometry's, or the fallback."""
    bbox = item.get("bbox") or _geometry_bbox(item.get("geometry")) or fallback
    if bbox is None:
        return None
    east, north = (bbox[-3], bbox[-2]) if len(bbox) == 6 else (bbox[2], bbox[3])
    return float(bbox[0]), float(bbox[1]), float(east), float(north)


MOST_CORNERS = 5000
"""Of a footprint; those of agencies have 5 to some hundred."""


def _is_huge(geometry: StacObject) -> bool:
    """A footprint of more corners than anybody needs, which would keep the computer busy."""
    parts, count = [geometry.get("coordinates")], 0
    while parts and count <= MOST_CORNERS:
        part = parts.pop()
        if isinstance(part, list):
            parts += part
            count += bool(part) and not isinstance(part[0], list)
    return count > MOST_CORNERS


def _geometry_bbox(geometry: Any) -> Bounds | None:
    if not isinstance(geometry, Mapping) or not geometry.get("coordinates"):
        return None
    points: list[Any] = [geometry["coordinates"]]
    while points and isinstance(points[0][0], (list, tuple)):
        points = [part for group in points for part in group]
    xs, ys = [point[0] for point in points], [point[1] for point in points]
    return min(xs), min(ys), max(xs), max(ys)


def _epsg(properties: StacObject) -> int | None:
    crs = stated_crs(properties)
    return int(crs[5:]) if crs.startswith("EPSG:") else None


def _relative_orbit(item: StacObject) -> int | None:
    """The orbit as stated, from the product's name (``_R065_``), or the Landsat path."""
    for name in ("sat:relative_orbit", "landsat:wrs_path"):
        value = properties_of(item).get(name)
        if value is not None and str(value).isdigit():
            return int(value)
    match = product_match(item, r"_R(\d{3})_")
    return int(match[1]) if match else None


def _unscaled(bands: Mapping[str, BandAsset]) -> tuple[str, ...]:
    bare = [name for name, asset in bands.items() if asset.radiometry.reason == NO_SCALE]
    if not bare:
        return ()
    return (f"No scale is known for {', '.join(bare)}: stored numbers, which are no reflectance",)


def _notes(sensor: Sensor, item: StacObject) -> tuple[str, ...]:
    notes = []
    if sensor.name == "sentinel1" and is_ground_range(item):
        notes.append(
            "Ground range detected: uncalibrated amplitude, not terrain-corrected; not sigma0"
        )
    if isinstance(item.get("geometry"), Mapping) and _is_huge(item["geometry"]):
        notes.append(f"Its footprint of more than {MOST_CORNERS} corners is not looked at")
    if not item.get("assets"):
        notes.append("The catalogue lists no files for this scene")
    note = properties_of(item).get("firstlight:note")
    return (*notes, note) if isinstance(note, str) else tuple(notes)
