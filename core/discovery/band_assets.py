"""Assets of an item that are bands of a sensor, or hold several: never a picture."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class BandPlace:
    """Where an item has a band."""

    key: str
    """Of the asset."""
    index: int | None = None
    """Layer of the asset, from 1; None where the asset is the band alone."""


LAYER_LISTS = ("eo:bands", "bands", "raster:bands")


def layer_view(asset: StacObject, index: int | None) -> StacObject:
    """The asset as if one of its layers were all it held."""
    if index is None:
        return asset
    lists = {name: asset[name] for name in LAYER_LISTS if isinstance(asset.get(name), list)}
    cut = {name: layers[index - 1 : index] for name, layers in lists.items() if len(layers) > 1}
    return {**asset, **cut}


def band_places(
    sensor: Sensor, item: StacObject, assets: Mapping[str, StacObject]
) -> dict[str, BandPlace]:
    """Where the item has each of the sensor's bands that it offers."""
    naming = naming_of(item)
    fit = {
        unit: _by_name(
            {k: asset for k, asset in assets.items() if not why_unfit(unit, item, k, asset)}
        )
        for unit in {band.unit for band in sensor.bands.values()}
    }
    found: dict[str, BandPlace] = {}
    inside = _layer_places(sensor, naming, item, assets)
    for name, band in sensor.bands.items():
        key = _asset_key(band, sensor.keys_of(band, naming), fit[band.unit], assets)
        if key is not None:
            found[name] = BandPlace(key)
        elif name in inside:
            found[name] = inside[name]
    return found


def _layer_places(
    sensor: Sensor, naming: str, item: StacObject, assets: Mapping[str, StacObject]
) -> dict[str, BandPlace]:
    """The sensor's bands among the layers of the asset that holds most of them; none where the
    item is of another sensor, or two assets hold as many.
    """
    own = sensor_of(item)
    if own not in (sensor.name, sensor.family) and (sensor.searched or own is not None):
        return {}
    places = {
        key: _layers_named(sensor, naming, key, asset)
        for key, asset in assets.items()
        if len(_layers(asset)) > 1 and not is_picture(asset)
    }
    places = {key: one for key, one in places.items() if not _is_visible(one, assets[key])}
    most = max((len(one) for one in places.values()), default=0)
    best = [key for key, one in places.items() if most and len(one) == most]
    if len(best) > 1:
        best = [key for key in best if _is_corrected(key, assets[key])]
    return places[best[0]] if len(best) == 1 else {}


def _layers_named(sensor: Sensor, naming: str, key: str, asset: StacObject) -> dict[str, BandPlace]:
    """The sensor's bands among an asset's layers: by common name, else by name; one that two layers
    could be is none.
    """
    layers = _layers(asset)
    found: dict[str, BandPlace] = {}
    for band in sensor.bands.values():
        if band.is_class:  # a mask is looked at by itself
            continue
        keys = {word.lower() for word in sensor.keys_of(band, naming)}
        named = [i for i, one in enumerate(layers, 1) if _words(one.get("name")) in keys]
        common = [
            i
            for i, one in enumerate(layers, 1)
            if band.common_name
            and band.common_name in (one.get("common_name"), one.get("eo:common_name"))
        ]
        indexes = named or common
        if len(indexes) == 1:
            found[band.name] = BandPlace(key, indexes[0])
    return found


def _words(name: object) -> str:
    return str(name or "").strip().lower().replace(" ", "_").replace("-", "_")


def _layers(asset: StacObject) -> Sequence[StacObject]:
    """The asset's layers with names: those of the longest of its lists."""
    lists = [asset.get(name) for name in ("eo:bands", "bands")]
    listed: Sequence[object] = max(
        (one for one in lists if isinstance(one, list)), key=len, default=[]
    )
    return [layer if isinstance(layer, Mapping) else {"name": layer} for layer in listed]


def _is_visible(found: Mapping[str, BandPlace], asset: StacObject) -> bool:
    """Tell whether a file of 8 bits holds red, green and blue alone: a picture, whatever its roles
    say.
    """
    return set(found) <= {"red", "green", "blue"} and stated_dtype(asset) in ("", "uint8")


def _is_corrected(key: str, asset: StacObject) -> bool:
    """Tell whether an asset is of surface reflectance, by its role or its key."""
    roles = {str(role).lower() for role in asset.get("roles") or ()}
    return "reflectance" in roles or re.search(r"(?<![a-z])sr(?![a-z])", key.lower()) is not None


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
