"""Rules by which each band's stored numbers become physical ones: decided here, once for each item
and band, by the item's own figures and its product (``config/products.yaml``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..enums import Evidence
from ..errors import DiscoveryError, known
from ..identity.evidence import NO_SCALE
from ..types import Radiometry, Unit
from .band_config import Band
from .item_product import ItemProduct, Trust, is_copernicus_dem, item_product
from .item_product import is_ground_range as is_ground_range
from .stac_fields import StacObject, is_number, properties_of, stated_number, stated_values

DEM_VOID = -32767.0
"""Copernicus DEM Product Handbook (GEO1988-CopernicusDEM-SPE-002): no height; the files do not
declare it.
"""
SCENE_FACTORS = "firstlight:mtl_factors"
"""Property that is added to a Landsat Level 1 item: code of a band → scale and offset by its MTL
file, the sun's height in them.
"""
SCENE_FACTORS_FILE = "firstlight:mtl_file"
"""And that file's name."""
LEVEL_1_HINT = "Use Level 2, or stack the files with their MTL file (flight stack)."
_RADIANCE = re.compile(r"watt|\bw\s?[/·* ]|w/m|radiance|ster", re.IGNORECASE)
_DECIBEL = re.compile(r"^(db|decibels?)$", re.IGNORECASE)


@dataclass(frozen=True)
class StatedScaling:
    """Scale, offset, nodata and unit as the asset states them; None where it does not."""

    scale: float | None = None
    offset: float | None = None
    nodata: float | None = None
    unit: str = ""

    @classmethod
    def of(cls, asset: StacObject) -> StatedScaling:
        """The asset's own figures. A scale of 1 without an offset is what tools write of every
        file, and states nothing; but of numbers with fractions, which no agency's rule is for, it
        says that they are the values themselves.
        """
        nodata = stated_number(asset, "nodata")
        if nodata is None and "nan" in stated_values(asset, "nodata"):
            nodata = float("nan")
        scale, offset = stated_number(asset, "scale"), stated_number(asset, "offset")
        if scale == 1.0 and not offset:
            dtypes = (str(value) for value in stated_values(asset, "data_type"))
            is_fraction = next(dtypes, "").startswith("float")
            scale, offset = (1.0, 0.0) if is_fraction else (None, None)
        unit = next((str(value) for value in stated_values(asset, "unit")), "")
        return cls(scale, offset, nodata, unit)


def decide_radiometry(sensor: str, band: Band, item: StacObject, asset: StacObject) -> Radiometry:
    """Scale, offset, nodata and unit of one band, with the reason in words.

    Parameters
    ----------
    sensor : str
        ``sentinel2``, ``landsat``, ``sentinel1`` or ``dem``.
    band : Band
        The band, by its canonical name.
    item, asset : mapping
        The STAC item and the asset, as the catalogue gave them.

    Raises
    ------
    DiscoveryError
        If its numbers cannot become the band's unit by what the item states.
    """
    stated = StatedScaling.of(asset)
    identity = item_product(sensor, item)
    if band.is_class:
        product = identity.product.rule(Unit.CLASS) if identity.product else None
        fill = product.nodata if product else (1.0 if band.name == "qa_pixel" else 0.0)
        rule = Radiometry(1.0, 0.0, fill, Unit.CLASS, "classes are not scaled")
    elif sensor == "dem":
        void = DEM_VOID if is_copernicus_dem(item) else None
        rule = Radiometry(1.0, 0.0, void, band.unit, identity.reason)
    elif sensor == "sentinel1":
        rule = _radar(identity, stated)
    else:
        rule = _optical(band, item, asset, identity, stated)
    return rule if stated.nodata is None else replace(rule, nodata=stated.nodata)


def _radar(identity: ItemProduct, stated: StatedScaling) -> Radiometry:
    found = identity.product.rule(Unit.POWER) if identity.product else None
    product = known(found, "each radar product has a rule of power")
    if _DECIBEL.match(stated.unit):
        return Radiometry(1.0, 0.0, product.nodata, Unit.DECIBEL, "dB, as the item states")
    evidence = Evidence.PRODUCT if identity.trust == Trust.KNOWN else Evidence.ASSUMED
    return Radiometry(1.0, 0.0, product.nodata, product.unit, identity.reason, evidence)


def _optical(
    band: Band, item: StacObject, asset: StacObject, identity: ItemProduct, stated: StatedScaling
) -> Radiometry:
    failure = f"Band '{band.name}' of {item.get('id')} cannot be read as {band.unit}"
    product = identity.product
    rule = product.rule(band.unit) if product is not None else None
    if rule is not None and rule.scale is None and (own := _scene_factors(item, asset)):
        reason = f"top of atmosphere, by {properties_of(item).get(SCENE_FACTORS_FILE)}"
        return Radiometry(*own, rule.nodata, band.unit, reason, Evidence.ITEM)
    if _RADIANCE.search(stated.unit):
        raise DiscoveryError(failure, f"its item states radiance ({stated.unit})", LEVEL_1_HINT)
    if product is not None and rule is not None and rule.scale is None:
        return _top_of_atmosphere(band, item, asset, stated, failure)
    nodata = 0.0 if rule is None else rule.nodata
    if stated.scale is not None or stated.offset:
        return _as_stated(band, identity, stated, nodata)
    if rule is None or rule.scale is None:
        unit = Unit.NONE if identity.reason == NO_SCALE else band.unit
        return Radiometry(1.0, 0.0, None, unit, identity.reason, Evidence.ASSUMED)
    offset = 0.0 if identity.offset_applied else rule.offset
    evidence = Evidence.PRODUCT if identity.trust == Trust.KNOWN else Evidence.ASSUMED
    return Radiometry(rule.scale, offset, nodata, band.unit, identity.reason, evidence)


def _as_stated(
    band: Band, identity: ItemProduct, stated: StatedScaling, nodata: float | None
) -> Radiometry:
    """The item's own figures; what it leaves out is its product's."""
    rule = identity.product.rule(band.unit) if identity.product else None
    reason, evidence = "as the item states", Evidence.ITEM
    scale, offset = stated.scale, stated.offset
    if scale is None:
        scale = rule.scale if rule is not None and rule.scale is not None else 1.0
    if offset is None:
        offset = rule.offset if rule is not None else 0.0
        if offset:
            reason = f"scale as the item states; {identity.reason}"
    if identity.offset_applied and offset:
        offset, reason = 0.0, identity.reason
    if _celsius(stated):
        offset += 273.15
    return Radiometry(scale, offset, nodata, band.unit, reason, evidence)


def _celsius(stated: StatedScaling) -> bool:
    return "celsius" in stated.unit.lower() and (stated.offset or 0.0) < 200.0


def _top_of_atmosphere(
    band: Band, item: StacObject, asset: StacObject, stated: StatedScaling, failure: str
) -> Radiometry:
    """Reflectance at the top of the atmosphere, by the scene's own factors and the sun's height."""
    properties = properties_of(item)
    number = band_number(asset)
    scale = stated.scale or _factor(properties, f"REFLECTANCE_MULT_BAND_{number}")
    offset = stated.offset
    if offset is None:
        offset = _factor(properties, f"REFLECTANCE_ADD_BAND_{number}")
    names = ("view:sun_elevation", "eo:sun_elevation", "SUN_ELEVATION")
    elevation = next((value for name in names if (value := _factor(properties, name))), None)
    hint = LEVEL_1_HINT
    if scale is None or offset is None:
        why = "it is Landsat Level 1, and its item states no factors of reflectance"
        raise DiscoveryError(failure, f"{why} (REFLECTANCE_MULT and REFLECTANCE_ADD)", hint)
    if elevation is None or not 0 < elevation <= 90:
        why = f"it is Landsat Level 1, and the sun's elevation is {elevation or 'not stated'}"
        raise DiscoveryError(failure, why, hint)
    sine = math.sin(math.radians(elevation))
    reason = f"top of atmosphere, by the scene's factors and the sun at {elevation:.1f} degrees"
    return Radiometry(scale / sine, offset / sine, 0.0, band.unit, reason, Evidence.ITEM)


def _factor(properties: StacObject, name: str) -> float | None:
    value = properties.get(name, properties.get(name.lower()))
    return float(value) if is_number(value) else None


def _scene_factors(item: StacObject, asset: StacObject) -> tuple[float, float] | None:
    """Scale and offset of a band by its scene's MTL file, where that was read."""
    known = properties_of(item).get(SCENE_FACTORS)
    pair = known.get(f"B{band_number(asset)}") if isinstance(known, Mapping) else None
    if not isinstance(pair, list) or len(pair) != 2 or not all(map(is_number, pair)):
        return None
    return float(pair[0]), float(pair[1])


def is_radiance(asset: StacObject) -> bool:
    """Tell whether an asset states a unit of radiance."""
    return _RADIANCE.search(StatedScaling.of(asset).unit) is not None


def band_number(asset: StacObject) -> str:
    """Number of a Landsat band in its file's name; empty where it has none."""
    match = re.search(r"_B(\d+)\.tiff?$", str(asset.get("href")).partition("?")[0], re.IGNORECASE)
    return match[1] if match else ""
