"""Rules by which each band's stored numbers become physical ones: decided here, once for each item
and band.

Sources: ESA, Sentinel-2 Products Specification Document (processing baseline 04.00 and the offset
of -1000, in force since 25 January 2022); USGS, Landsat 8-9 Collection 2 Level 2 Science Product
Guide (LSDS-1619): reflectance DN * 0.0000275 - 0.2, temperature DN * 0.00341802 + 149.0, fill 0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ..types import Radiometry, Unit
from .band_config import Band
from .stac_fields import StacObject, product_match, properties_of, stated_number, stated_values

S2_SCALE = 0.0001
S2_OFFSET = -0.1
"""-1000 stored units; since processing baseline 04.00."""
S2_OFFSET_SINCE = "2022-01-25"
DEM_VOID = -32767.0
"""Copernicus DEM Product Handbook (GEO1988-CopernicusDEM-SPE-002): no height; the files do not
declare it.
"""


@dataclass(frozen=True)
class StatedScaling:
    """Scale, offset and nodata as the asset states them; None where it does not."""

    scale: float | None = None
    offset: float | None = None
    nodata: float | None = None

    @classmethod
    def of(cls, asset: StacObject) -> StatedScaling:
        """The asset's own figures."""
        nodata = stated_number(asset, "nodata")
        if nodata is None and "nan" in stated_values(asset, "nodata"):
            nodata = float("nan")
        return cls(stated_number(asset, "scale"), stated_number(asset, "offset"), nodata)


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
    """
    stated = StatedScaling.of(asset)
    if band.is_class:
        fill = 1.0 if band.name == "qa_pixel" else 0.0  # QA_PIXEL: bit 0 is fill
        rule = Radiometry(1.0, 0.0, fill, Unit.CLASS, "classes are not scaled")
    elif sensor == "sentinel2":
        rule = _sentinel2(band, item, stated)
    elif sensor == "landsat":
        rule = _landsat(band, stated)
    elif sensor == "sentinel1":
        rule = _sentinel1(item)
    else:
        rule = Radiometry(1.0, 0.0, DEM_VOID, band.unit, "metres above the geoid")
    return rule if stated.nodata is None else replace(rule, nodata=stated.nodata)


def _sentinel2(band: Band, item: StacObject, stated: StatedScaling) -> Radiometry:
    if stated.scale is None and stated.offset is None:
        offset, reason = _derived_offset(item)
        return Radiometry(S2_SCALE, offset, 0.0, band.unit, reason)
    offset, reason = stated.offset or 0.0, "as the item states"
    if offset and properties_of(item).get("earthsearch:boa_offset_applied") is True:
        offset, reason = 0.0, "the item says that the offset is already in the pixels"
    return Radiometry(stated.scale or S2_SCALE, offset, 0.0, band.unit, reason)


def _derived_offset(item: StacObject) -> tuple[float, str]:
    """Sentinel-2's offset by processing baseline, else by date, and the reason."""
    baseline = _baseline(item)
    if baseline is not None:
        text = f"processing baseline {baseline:05.2f}"
        if baseline >= 4.0:
            return S2_OFFSET, f"{text}: offset of -1000 since 04.00"
        return 0.0, f"{text}: no offset before 04.00"
    text = "no processing baseline given"
    if str(properties_of(item).get("datetime") or "")[:10] >= S2_OFFSET_SINCE:
        return S2_OFFSET, f"{text}; offset assumed since {S2_OFFSET_SINCE}"
    return 0.0, f"{text}; none before {S2_OFFSET_SINCE}"


def _baseline(item: StacObject) -> float | None:
    properties = properties_of(item)
    text = properties.get("s2:processing_baseline") or properties.get("processing:version")
    match = re.fullmatch(r"(\d\d)\.?(\d\d)", str(text or ""))
    match = match or product_match(item, r"_N(\d\d)(\d\d)_")
    return float(f"{match[1]}.{match[2]}") if match else None


def _landsat(band: Band, stated: StatedScaling) -> Radiometry:
    product = "Landsat Collection 2 Level 2 surface"
    if stated.scale is not None:
        return Radiometry(stated.scale, stated.offset or 0.0, 0.0, band.unit, "as the item states")
    if band.unit == Unit.KELVIN:
        return Radiometry(0.00341802, 149.0, 0.0, Unit.KELVIN, f"{product} temperature")
    return Radiometry(0.0000275, -0.2, 0.0, Unit.REFLECTANCE, f"{product} reflectance")


def _sentinel1(item: StacObject) -> Radiometry:
    if is_ground_range(item):
        reason = "ground range detected: uncalibrated amplitude, not sigma0"
        return Radiometry(1.0, 0.0, 0.0, Unit.AMPLITUDE, reason)
    reason = "radiometrically terrain-corrected gamma0, linear power"
    return Radiometry(1.0, 0.0, -32768.0, Unit.POWER, reason)


def is_ground_range(item: StacObject) -> bool:
    """GRD: a Sentinel-1 item that is not calibrated and not terrain-corrected."""
    collection = str(item.get("collection") or "").lower()
    product = str(properties_of(item).get("sar:product_type") or collection)
    return "rtc" not in collection and "grd" in product.lower()
