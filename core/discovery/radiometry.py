"""How each band's stored numbers become physical ones: decided here, once for each item and band.

Sources: ESA, Sentinel-2 Products Specification Document (processing baseline 04.00 and the offset
of -1000, in force since 25 January 2022); USGS, Landsat 8-9 Collection 2 Level 2 Science Product
Guide (LSDS-1619): reflectance DN * 0.0000275 - 0.2, temperature DN * 0.00341802 + 149.0, fill 0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..types import Radiometry, Unit
from .band_config import Band

S2_SCALE = 0.0001
S2_OFFSET = -0.1
"""-1000 stored units; since processing baseline 04.00."""
S2_OFFSET_SINCE = "2022-01-25"
DEM_VOID = -32767.0
"""Copernicus DEM Product Handbook (GEO1988-CopernicusDEM-SPE-002): no height; the files do not
declare it.
"""


def decide_radiometry(
    sensor: str, band: Band, item: Mapping[str, Any], asset: Mapping[str, Any]
) -> Radiometry:
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
    stated = _stated(asset)
    if band.is_class:
        fill = 1.0 if band.name == "qa_pixel" else 0.0  # QA_PIXEL: bit 0 is fill
        return Radiometry(
            1.0, 0.0, stated.get("nodata", fill), Unit.CLASS, "classes are not scaled"
        )
    rule = {"sentinel2": _sentinel2, "landsat": _landsat, "sentinel1": _sentinel1, "dem": _dem}[
        sensor
    ]
    found = rule(band, item, stated)
    return replace(found, nodata=stated["nodata"]) if stated.get("nodata") is not None else found


def _sentinel2(band: Band, item: Mapping[str, Any], stated: Mapping[str, Any]) -> Radiometry:
    properties = item.get("properties") or {}
    if "scale" in stated or "offset" in stated:
        scale, offset = stated.get("scale") or S2_SCALE, stated.get("offset") or 0.0
        if offset and properties.get("earthsearch:boa_offset_applied") is True:
            return Radiometry(
                scale, 0.0, 0.0, band.unit, "the item says that the offset is already in the pixels"
            )
        return Radiometry(scale, offset, 0.0, band.unit, "as the item states")
    baseline = _baseline(item)
    if baseline is not None:
        since = baseline >= 4.0
        words = (
            f"processing baseline {baseline:05.2f}: "
            f"{'offset of -1000 since 04.00' if since else 'no offset before 04.00'}"
        )
        return Radiometry(S2_SCALE, S2_OFFSET if since else 0.0, 0.0, band.unit, words)
    day = str(properties.get("datetime") or "")[:10]
    late = day >= S2_OFFSET_SINCE
    words = (
        f"no processing baseline given; {'offset assumed since' if late else 'none before'} "
        f"{S2_OFFSET_SINCE}"
    )
    return Radiometry(S2_SCALE, S2_OFFSET if late else 0.0, 0.0, band.unit, words)


def _baseline(item: Mapping[str, Any]) -> float | None:
    properties = item.get("properties") or {}
    text = str(
        properties.get("s2:processing_baseline") or properties.get("processing:version") or ""
    )
    match = re.fullmatch(r"(\d\d)\.?(\d\d)", text)
    if match is None:
        for name in (str(properties.get("s2:product_uri") or ""), str(item.get("id") or "")):
            match = re.search(r"_N(\d\d)(\d\d)_", name)
            if match:
                break
    return float(f"{match[1]}.{match[2]}") if match else None


def _landsat(band: Band, item: Mapping[str, Any], stated: Mapping[str, Any]) -> Radiometry:
    if "scale" in stated:
        return Radiometry(
            stated["scale"], stated.get("offset") or 0.0, 0.0, band.unit, "as the item states"
        )
    if band.unit == Unit.KELVIN:
        return Radiometry(
            0.00341802, 149.0, 0.0, Unit.KELVIN, "Landsat Collection 2 Level 2 surface temperature"
        )
    return Radiometry(
        0.0000275, -0.2, 0.0, Unit.REFLECTANCE, "Landsat Collection 2 Level 2 surface reflectance"
    )


def _sentinel1(band: Band, item: Mapping[str, Any], stated: Mapping[str, Any]) -> Radiometry:
    if is_ground_range(item):
        return Radiometry(
            1.0,
            0.0,
            0.0,
            Unit.AMPLITUDE,
            "ground range detected: uncalibrated amplitude, not sigma0",
        )
    return Radiometry(
        1.0, 0.0, -32768.0, Unit.POWER, "radiometrically terrain-corrected gamma0, linear power"
    )


def _dem(band: Band, item: Mapping[str, Any], stated: Mapping[str, Any]) -> Radiometry:
    return Radiometry(1.0, 0.0, DEM_VOID, band.unit, "metres above the geoid")


def is_ground_range(item: Mapping[str, Any]) -> bool:
    """Whether a Sentinel-1 item is GRD: not calibrated, not terrain-corrected."""
    kind = str(
        (item.get("properties") or {}).get("sar:product_type") or item.get("collection") or ""
    )
    return "rtc" not in str(item.get("collection") or "").lower() and "grd" in kind.lower()


def _stated(asset: Mapping[str, Any]) -> dict[str, Any]:
    """``scale``, ``offset`` and ``nodata`` as the asset says: STAC 1.0 ``raster:bands``, STAC 1.1
    ``bands`` or asset fields.
    """
    found: dict[str, Any] = {}
    layers = asset.get("raster:bands") or asset.get("bands") or [{}]
    for source in (layers[0] if isinstance(layers[0], Mapping) else {}, asset):
        for name in ("scale", "offset", "nodata"):
            value = source.get(name, source.get(f"raster:{name}"))
            if (
                name not in found
                and isinstance(value, (int, float))
                and not isinstance(value, bool)
            ):
                found[name] = float(value)
            elif name == "nodata" and name not in found and value == "nan":
                found[name] = float("nan")
    return found
