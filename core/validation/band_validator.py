"""Checks of optical bands: blank, nodata share, plausible range after scaling, saturation."""

from __future__ import annotations

import numpy as np

from ..raster.reader import BandFacts
from ..settings import Settings
from ..types import Finding, Severity, Unit
from .band_sample import BandSample

FLOAT_STEP = 0.0001
LEAST_TOP = 0.5
"""Reflectance that any band's number type must be able to hold."""


def check_optical_band(
    name: str, band: BandFacts, sample: BandSample, limits: tuple[float, float], settings: Settings
) -> list[Finding]:
    """Judge one optical band.

    Parameters
    ----------
    limits : (float, float)
        Plausible physical values: :func:`plausible_range`.
    """
    findings = check_emptiness(name, sample.nodata_percent, settings)
    if sample.nodata_percent == 100:
        return findings
    unit = band.radiometry.unit
    if unit == Unit.CLASS:
        return findings
    # The threshold is in digital numbers, of which 10000 are a reflectance of 1; floating-point
    # bands hold reflectance itself.
    least = settings.min_std_dev * (FLOAT_STEP if band.dtype.startswith("float") else 1.0)
    if sample.std_stored < least:
        findings.append(
            Finding(
                "band_blank",
                Severity.ERROR,
                f"Band '{name}' is blank: its standard deviation is {sample.std_stored:.3g} "
                "stored units, "
                f"below {least:g}. Download it again, or choose another scene.",
                name,
                sample.std_stored,
                least,
            )
        )
    findings += _check_type(name, band)
    outside = sample.outside_percent(limits)
    if outside > settings.max_outside_percent:
        hint = " Are its scale and offset right?" if band.radiometry.scale == 1.0 else ""
        findings.append(
            Finding(
                "range_implausible",
                Severity.WARNING,
                f"Band '{name}' has {outside:.1f} % of its pixels outside "
                f"{limits[0]:g}..{limits[1]:g} {unit or 'reflectance'}. "
                f"Up to {settings.max_outside_percent:g} % is usual over cloud and snow; its 2nd "
                f"to 98th percentile is {sample.low:.4g}..{sample.high:.4g}.{hint}",
                name,
                outside,
                settings.max_outside_percent,
            )
        )
    if sample.saturated_percent > settings.max_saturated_percent:
        sentence = (
            f"Band '{name}' is saturated in {sample.saturated_percent:.1f} % of its pixels. "
            f"Up to {settings.max_saturated_percent:g} % is usual; there the true brightness is "
            "not known. Choose another scene."
        )
        findings.append(
            Finding(
                "saturated",
                Severity.WARNING,
                sentence,
                name,
                sample.saturated_percent,
                settings.max_saturated_percent,
            )
        )
    return findings


def check_emptiness(name: str, nodata_percent: float, settings: Settings) -> list[Finding]:
    """The share of nodata, for any kind of band."""
    if nodata_percent == 100:
        sentence = (
            f"Band '{name}' is blank: it holds nothing but nodata. Download it again, or "
            "choose another scene."
        )
        return [
            Finding(
                "band_blank", Severity.ERROR, sentence, name, 100.0, settings.max_nodata_percent
            )
        ]
    if nodata_percent > settings.max_nodata_percent:
        sentence = (
            f"Band '{name}' is {nodata_percent:.1f} % nodata where "
            f"{settings.max_nodata_percent:g} % is allowed. "
            "Choose a scene that covers more of the area, or allow more."
        )
        return [
            Finding(
                "nodata_share",
                Severity.ERROR,
                sentence,
                name,
                nodata_percent,
                settings.max_nodata_percent,
            )
        ]
    return []


def plausible_range(unit: Unit, sensor: str, level: str, settings: Settings) -> tuple[float, float]:
    """The range of physical values for a sensor and processing level, else that for any
    reflectance.

    Parameters
    ----------
    sensor : str
        ``sentinel2``, ``landsat`` or empty.
    level : str
        The collection's name, where it is known: ``sentinel-2-l1c`` is top of atmosphere, the
        others surface.
    """
    if unit == Unit.KELVIN:
        return settings.kelvin_range
    if unit == Unit.METRE:
        return settings.elevation_range_m
    text = level.lower()
    own = None
    if sensor == "sentinel2":
        own = settings.sentinel2_l1c_range if "l1c" in text else settings.sentinel2_l2a_range
    elif sensor == "landsat":
        own = settings.landsat8_l1_range if "-l1" in text else settings.landsat8_l2_range
    return own or settings.reflectance_range


def _check_type(name: str, band: BandFacts) -> list[Finding]:
    """Whether the number type can hold the reflectance of a bright surface at all, with the scale
    and offset it has.
    """
    rule = band.radiometry
    if (
        not band.dtype.startswith(("int", "uint"))
        or rule.scale == 1.0
        or rule.unit not in ("", "reflectance")
    ):
        return []
    top = float(np.iinfo(band.dtype).max) * rule.scale + rule.offset
    if top >= LEAST_TOP:
        return []
    sentence = (
        f"Band '{name}' is stored as {band.dtype} and ends at a reflectance of {top:.3g}. "
        f"Values were cut off, or its scale {rule.scale:g} and offset {rule.offset:g} are those "
        "of another file. Download it again."
    )
    return [Finding("dtype_unfit", Severity.ERROR, sentence, name, top, LEAST_TOP)]
