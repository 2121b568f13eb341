"""Assets of an item that are bands of a sensor: never a picture, never several bands in one."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from ..enums import Unit
from .band_config import Band, Sensor
from .item_product import is_heights, naming_of, sensor_of
from .projection import stated_dtype
from .stac_fields import StacObject, is_number, layers_of, stated_values

PICTURE_TYPES = re.compile(r"^image/(png|jpe?g|gif|webp|svg)")
PICTURE_ROLES = frozenset(("thumbnail", "overview", "visual", "browse", "metadata", "tiles"))
DATA_ROLES = frozenset(("data", "reflectance", "temperature", "cloud", "snow-ice"))
PICTURE_ENDS = (".png", ".jpg", ".jpeg", ".gif", ".webp")
MASK_ENDS = re.compile(r"\.(tiff?|jp2)$")
PIXEL_ENDS = re.compile(r"[_-](\d+(?:\.\d+)?)\s?m$")
"""Ends of keys that name a pixel size, such as ``B02_10m`` of the Copernicus Data Space."""


def openable_assets(item: StacObject) -> dict[str, StacObject]:
    """Assets with an address, by their keys."""
    return {
        key: asset
        for key, asset in (item.get("assets") or {}).items()
        if isinstance(asset, Mapping) and asset.get("href")
    }


def is_picture(asset: StacObject) -> bool:
    """Tell whether an asset is for the eye, by its media type, its roles or its address."""
    kind = str(asset.get("type") or "").lower()
    roles = {str(role).lower() for role in asset.get("roles") or ()}
    path = str(asset["href"]).partition("?")[0].lower()
    return (
        PICTURE_TYPES.match(kind) is not None
        or (bool(roles & PICTURE_ROLES) and not roles & DATA_ROLES)
        or path.endswith(PICTURE_ENDS)
    )


def layer_names(asset: StacObject) -> list[str]:
    """Names of an asset's layers, ``band 1`` where they have none; several where it is no band."""
    lists = [asset.get(name) for name in ("eo:bands", "bands", "raster:bands")]
    layers: list[StacObject] = max(
        (one for one in lists if isinstance(one, list)), key=len, default=[]
    )
    return [
        str((layer.get("name") if isinstance(layer, Mapping) else layer) or f"band {number}")
        for number, layer in enumerate(layers, 1)
    ]


def band_keys(sensor: Sensor, item: StacObject, assets: Mapping[str, StacObject]) -> dict[str, str]:
    """Key of the asset of each of the sensor's bands that the item offers."""
    naming = naming_of(item)
    fit = {
        unit: _by_name(
            {k: asset for k, asset in assets.items() if not why_unfit(unit, item, k, asset)}
        )
        for unit in {band.unit for band in sensor.bands.values()}
    }
    keys = {
        band.name: _asset_key(band, sensor.keys_of(band, naming), fit[band.unit], assets)
        for band in sensor.bands.values()
    }
    return {name: key for name, key in keys.items() if key is not None}


def _by_name(assets: Mapping[str, StacObject]) -> dict[str, str]:
    """Key of an asset by its name in small letters, without an end that tells format or pixel size.
    Of several with one name, the one as it was measured: the finest; and a TIFF before a JPEG 2000.
    """
    found: dict[str, str] = {}
    for key in sorted(assets, key=lambda key: _fineness(key, assets[key]), reverse=True):
        name = MASK_ENDS.sub("", key.lower())
        found[PIXEL_ENDS.sub("", name)] = key
    # The key itself counts before what is left of another.
    return found | {MASK_ENDS.sub("", key.lower()): key for key in assets}


def _fineness(key: str, asset: StacObject) -> tuple[bool, float, bool]:
    """The least for the asset to take of several of one band."""
    roles = {str(role).lower() for role in asset.get("roles") or ()}
    match = PIXEL_ENDS.search(MASK_ENDS.sub("", key.lower()))
    sizes = (*stated_values(asset, "spatial_resolution"), match and float(match[1]))
    size = next((float(one) for one in (*sizes, asset.get("gsd")) if is_number(one)), math.inf)
    return "sampling:downsampled" in roles, size, is_jpeg2000(asset)


def is_jpeg2000(asset: StacObject) -> bool:
    """Tell by its media type or its address."""
    path = str(asset["href"]).partition("?")[0].lower()
    return "image/jp2" in str(asset.get("type")) or path.endswith(".jp2")


def _asset_key(
    band: Band, keys: tuple[str, ...], fit: Mapping[str, str], assets: Mapping[str, StacObject]
) -> str | None:
    """The band's asset among those that fit, by the keys of its naming first, then by its common
    name.
    """
    listed = next((fit[key.lower()] for key in keys if key.lower() in fit), None)
    if listed is not None or band.common_name is None:
        return listed
    common = [
        key
        for key in fit.values()
        if _common_name(assets[key]) == band.common_name and not is_jpeg2000(assets[key])
    ]
    return min(common, key=lambda key: _fineness(key, assets[key]), default=None)


def why_unfit(unit: Unit, item: StacObject, key: str, asset: StacObject) -> str:
    """The reason why an asset cannot be a band of a unit; empty where nothing speaks against it."""
    if is_picture(asset):
        return f"its asset '{key}' is a picture"
    layers = layer_names(asset)
    if len(layers) > 1:
        return f"its asset '{key}' holds {len(layers)} bands in one file ({', '.join(layers)})"
    measured = unit in (Unit.REFLECTANCE, Unit.METRE)
    if measured and stated_dtype(asset) == "uint8" and not _has_own_scale(asset):
        return f"its asset '{key}' holds 8-bit numbers, which are no {unit}"
    if unit == Unit.METRE and key.lower() == "data" and not is_heights(item):
        return f"its asset '{key}' is not said to hold heights"
    return ""


def _has_own_scale(asset: StacObject) -> bool:
    return any(layer.get("scale") or layer.get("raster:scale") for layer in layers_of(asset))


def why_no_band(sensor: Sensor, item: StacObject, assets: Mapping[str, StacObject]) -> str:
    """The reason why an item with data offers no band; empty where it has pictures or other assets
    only, or is of the sensor and lacks its bands.
    """
    if sensor_of(item) == sensor.name:
        return ""
    unit = sensor.bands[sensor.default[0]].unit
    data = {
        key: asset
        for key, asset in assets.items()
        if key not in sensor.visual_keys and not is_picture(asset)
    }
    reasons = (why_unfit(unit, item, key, asset) for key, asset in data.items())
    return next((reason for reason in reasons if reason), "")


def _common_name(asset: StacObject) -> str | None:
    """``eo:common_name`` of an asset of one band: STAC 1.0 ``eo:bands``, STAC 1.1 ``bands``."""
    layers = asset.get("eo:bands") or asset.get("bands") or []
    if len(layers) != 1 or not isinstance(layers[0], Mapping):
        return None
    return layers[0].get("common_name") or layers[0].get("eo:common_name")
