"""Checks of optical bands: blank, nodata share, plausible range after scaling, saturation."""

from __future__ import annotations

import numpy as np

from ..identity.plausible import find_cause, likely_unit, measure_spread, tell_cause
from ..raster.facts import BandFacts
from ..settings import Settings
from ..types import Finding, Severity, Unit
from .band_sample import BandSample

FLOAT_STEP = 0.0001
LEAST_TOP = 0.5
"""Reflectance that any band's number type must be able to hold."""


def check_optical_band(
    name: str,
    band: BandFacts,
    sample: BandSample,
    limits: tuple[float, float],
    settings: Settings,
    file: str,
) -> list[Finding]:
    """Judge one optical band.

    Parameters
    ----------
    file : str
        Name of the raster, for sentences.
    limits : (float, float)
        Plausible physical values: :func:`plausible_range`.
    """
    findings = check_emptiness(name, sample.nodata_percent, settings)
    if sample.nodata_percent == 100 or band.radiometry.unit == Unit.CLASS:
        return findings
    return [
        *findings,
        *_check_blank(name, band, sample, settings),
        *_check_type(name, band),
        *_check_range(name, band, sample, limits, settings, file),
        *_check_saturated(name, sample, settings),
    ]


def _check_blank(
    name: str, band: BandFacts, sample: BandSample, settings: Settings
) -> list[Finding]:
    # The threshold is in digital numbers, of which 10000 are a reflectance of 1; floating-point
    # bands hold reflectance itself.
    least = settings.min_std_dev * (FLOAT_STEP if band.dtype.startswith("float") else 1.0)
    if sample.std_stored >= least:
        return []
    sentence = (
        f"Band '{name}' is blank: its standard deviation is {sample.std_stored:.3g} stored units, "
        f"below {least:g}. Download it again, or choose another scene."
    )
    return [Finding.error("band_blank", sentence, name, sample.std_stored, least)]


def _check_range(
    name: str,
    band: BandFacts,
    sample: BandSample,
    limits: tuple[float, float],
    settings: Settings,
    file: str,
) -> list[Finding]:
    percentiles = (sample.low, sample.median, sample.high)
    spread, unit = measure_spread(sample.data, percentiles), band.radiometry.unit
    cause = find_cause(spread, name, unit)
    if spread is not None and cause is not None:
        severity = Severity.ERROR if cause.is_certain else Severity.WARNING
        sentence = tell_cause(cause, file, [(name, spread)])
        return [Finding("range_implausible", severity, sentence, name, spread.median)]
    if likely_unit(name, unit) == Unit.NONE:  # an index, a count: any value can be
        return []
    outside, most = sample.outside_percent(limits), settings.max_outside_percent
    if outside <= most:
        return []
    hint = " Are its scale and offset right?" if band.radiometry.scale == 1.0 else ""
    sentence = (
        f"Band '{name}' has {outside:.1f} % of its pixels outside {limits[0]:g}..{limits[1]:g} "
        f"{band.radiometry.unit or Unit.REFLECTANCE}. Up to {most:g} % is usual over cloud and "
        f"snow; its 2nd to 98th percentile is {sample.low:.4g}..{sample.high:.4g}.{hint}"
    )
    return [Finding.warning("range_implausible", sentence, name, outside, most)]


def _check_saturated(name: str, sample: BandSample, settings: Settings) -> list[Finding]:
    share, most = sample.saturated_percent, settings.max_saturated_percent
    if share <= most:
        return []
    sentence = (
        f"Band '{name}' is saturated in {share:.1f} % of its pixels. Up to {most:g} % is usual; "
        "there the true brightness is not known. Choose another scene."
    )
    return [Finding.warning("saturated", sentence, name, share, most)]


def check_emptiness(name: str, nodata_percent: float, settings: Settings) -> list[Finding]:
    """A finding of too much nodata, for any kind of band."""
    most = settings.max_nodata_percent
    if nodata_percent == 100:
        sentence = (
            f"Band '{name}' is blank: it holds nothing but nodata. Download it again, or choose "
            "another scene."
        )
        return [Finding.error("band_blank", sentence, name, 100.0, most)]
    if nodata_percent <= most:
        return []
    sentence = (
        f"Band '{name}' is {nodata_percent:.1f} % nodata where {most:g} % is allowed. Choose a "
        "scene that covers more of the area, or allow more."
    )
    return [Finding.error("nodata_share", sentence, name, nodata_percent, most)]


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
    elif sensor.startswith("landsat"):
        own = settings.landsat8_l1_range if "-l1" in text else settings.landsat8_l2_range
    return own or settings.reflectance_range


def _check_type(name: str, band: BandFacts) -> list[Finding]:
    """A finding where the number type cannot hold the reflectance of a bright surface, with the
    scale and offset it has.
    """
    rule = band.radiometry
    whole = band.dtype.startswith(("int", "uint"))
    if not whole or rule.scale == 1.0 or rule.unit not in (Unit.NONE, Unit.REFLECTANCE):
        return []
    top = float(np.iinfo(band.dtype).max) * rule.scale + rule.offset
    if top >= LEAST_TOP:
        return []
    sentence = (
        f"Band '{name}' is stored as {band.dtype} and ends at a reflectance of {top:.3g}. "
        f"Values were cut off, or its scale {rule.scale:g} and offset {rule.offset:g} are those "
        "of another file. Download it again."
    )
    return [Finding.error("dtype_unfit", sentence, name, top, LEAST_TOP)]
