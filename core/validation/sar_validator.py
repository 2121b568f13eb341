"""Checks of radar bands: judged in dB, with the spread that speckle brings.

Speckle alone spreads intensity of L looks by about 4.34·sqrt(ψ′(L)) dB: 5.6 dB for one look, 2.2 dB
for the 4.4 looks of a Sentinel-1 IW GRD (Oliver & Quegan 2004, Understanding SAR Images, section
4.3). Averaging takes it away, so the spread is taken from full-size pixels, never from overviews.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..enums import Polarisation
from ..raster.facts import BandFacts
from ..raster.valid import find_missing
from ..settings import Settings
from ..types import Finding, Radiometry, Unit
from .band_sample import BandSample
from .band_validator import check_emptiness

EDGE_PIXELS = 3
"""Depth of the search for border noise, in pixels of the overview."""
EDGE_SHARE = 20.0
"""Per cent of the edge that may lie below the floor."""
FLOOR_BELOW_MEDIAN_DB = 25.0
AMPLITUDE_FACTOR = 2.0
"""10 log10 of amplitude is half of what it is in dB."""
CROSS_BELOW_DB = 10.0
"""Cross-polarised backscatter is so much weaker."""
LINEAR_HIGH = 3.0
"""98th percentile of linear power that only a city of corner reflectors exceeds."""
NEGATIVE_PERCENT = 1.0
"""Noise removal leaves a few negative numbers in linear power."""


def is_radar(name: str, band: BandFacts) -> bool:
    """Radar backscatter, by unit or name."""
    unit = band.radiometry.unit
    return unit.is_backscatter or (unit == Unit.NONE and name in tuple(Polarisation))


def radar_unit(stored: npt.NDArray[Any], radiometry: Radiometry) -> Unit:
    """The unit of radar's numbers: as the file says, else from the numbers.

    Backscatter in dB is mostly negative; linear power is not, and mostly below 1; amplitude comes
    as whole numbers.
    """
    if radiometry.unit.is_backscatter:
        return radiometry.unit
    data = _with_data(stored, radiometry)
    middle = float(np.median(data)) if data.size else 0.0
    if middle < 0:
        return Unit.DECIBEL
    whole = data.size and stored.dtype.kind in "iu"
    return Unit.AMPLITUDE if whole or middle > 20 else Unit.POWER


def _with_data(stored: npt.NDArray[Any], radiometry: Radiometry) -> npt.NDArray[Any]:
    data: npt.NDArray[Any] = stored[~find_missing(stored, radiometry.nodata)]
    return data


def decibel_rule(unit: Unit, radiometry: Radiometry) -> Radiometry:
    """The rule by which this band's numbers become dB; amplitude's are half as large as they should
    be.

    The reader takes 10 log10 of power; of amplitude it would have to be 20 log10.
    """
    return replace(radiometry, unit=Unit.DECIBEL if unit == Unit.DECIBEL else Unit.POWER)


def check_sar_band(
    name: str, unit: Unit, band: BandFacts, sample: BandSample, settings: Settings
) -> list[Finding]:
    """Judge one radar band; power is judged in dB, amplitude (uncalibrated) only for being blank or
    noisy at its edges.

    Parameters
    ----------
    unit : str
        From :func:`radar_unit`.
    sample : BandSample
        Read by the rule of :func:`decibel_rule`.
    """
    findings = _check_unit(name, unit, band, sample)
    if findings:  # the numbers mean something else: nothing that follows would hold
        return findings
    findings = check_emptiness(name, sample.nodata_percent, settings)
    if sample.nodata_percent == 100:
        return findings
    floor, middle = settings.backscatter_range_db[0], float(np.median(sample.data))
    if unit != Unit.AMPLITUDE:
        return [
            *findings,
            *_check_spread(name, 1.0, sample, settings),
            *_check_range(name, sample, settings),
            *_check_border(name, sample, min(floor, middle - FLOOR_BELOW_MEDIAN_DB / 2)),
        ]
    sentence = (
        f"Band '{name}' holds uncalibrated amplitude and is not terrain-corrected: do not read it "
        "as sigma0. Use terrain-corrected scenes (RTC) for thresholds in dB."
    )
    floor = middle - FLOOR_BELOW_MEDIAN_DB / AMPLITUDE_FACTOR
    return [
        *findings,
        Finding.warning("not_calibrated", sentence, name),
        *_check_spread(name, AMPLITUDE_FACTOR, sample, settings),
        *_check_border(name, sample, floor),
    ]


def _check_spread(
    name: str, factor: float, sample: BandSample, settings: Settings
) -> list[Finding]:
    spread = factor * (sample.window_std if np.isfinite(sample.window_std) else sample.std)
    least = settings.min_std_dev_db
    if spread >= least:
        return []
    sentence = (
        f"Band '{name}' is blank: its standard deviation is {spread:.3g} dB, below {least:g}. "
        "Download it again, or choose another scene; if speckle was filtered, lower "
        "sar_validation.min_std_dev_db."
    )
    return [Finding.error("band_blank", sentence, name, spread, least)]


def _check_range(name: str, sample: BandSample, settings: Settings) -> list[Finding]:
    # Calm water lies at the noise floor and, where noise was taken off, far below: only a scene
    # whose brightest pixels lie there, too, is none.
    limits, most = settings.backscatter_range_db, settings.max_outside_percent
    above = sample.outside_percent((-np.inf, limits[1]))
    outside = 100.0 if sample.high < limits[0] - CROSS_BELOW_DB * _is_cross(name) else above
    if outside <= most:
        return []
    sentence = (
        f"Band '{name}' has {outside:.1f} % of its pixels outside {limits[0]:g}..{limits[1]:g} dB. "
        f"Its 2nd to 98th percentile is {sample.low:.4g}..{sample.high:.4g}: is it linear power, "
        "as its unit says?"
    )
    return [Finding.warning("range_implausible", sentence, name, outside, most)]


def _is_cross(name: str) -> bool:
    return name in (Polarisation.VH, Polarisation.HV)


def _check_unit(name: str, unit: Unit, band: BandFacts, sample: BandSample) -> list[Finding]:
    if unit == Unit.DECIBEL:
        return _check_decibel(name, sample)
    if unit != Unit.POWER or band.dtype.startswith("u"):
        return []
    # Overviews may have been made by a method that overshoots (cubic, lanczos): pixels count.
    full = sample.stored_windows or (sample.stored,)
    stored = np.concatenate([_with_data(pixels, band.radiometry).ravel() for pixels in full])
    negative = 100 * float((stored < 0).mean()) if stored.size else 0.0
    if negative <= NEGATIVE_PERCENT:
        return []
    sentence = (
        f"Band '{name}' should be linear power, but {negative:.1f} % of its numbers are "
        "negative. It seems to be in dB, or its nodata value is not declared. Set its unit or "
        "nodata."
    )
    return [Finding.error("unit_contradicts", sentence, name, negative, NEGATIVE_PERCENT)]


def _check_decibel(name: str, sample: BandSample) -> list[Finding]:
    """A finding where numbers that should be dB are all as those of linear power."""
    if not sample.data.size or sample.low <= 0 or sample.high > LINEAR_HIGH:
        return []
    sentence = (
        f"Band '{name}' should be in dB, but its numbers are positive: {sample.low:.4g} to "
        f"{sample.high:.4g}. It seems to be linear power. Stack it with the unit power."
    )
    return [Finding.error("unit_contradicts", sentence, name, sample.low, 0.0)]


def _check_border(name: str, sample: BandSample, floor: float) -> list[Finding]:
    """Border noise: Sentinel-1 scenes keep a rim of very low numbers that is neither data nor
    nodata.

    Source: ESA (2018), Masking No-value Pixels on GRD Products generated by the Sentinel-1 ESA IPF,
    MPC-0243.
    """
    edge = _rim(~np.isnan(sample.values))
    share = 100 * float((sample.values[edge] < floor).mean()) if edge.any() else 0.0
    if share <= EDGE_SHARE:
        return []
    sentence = (
        f"Band '{name}' has a noisy border: {share:.0f} % of its edge pixels are far below the "
        "scene. Leave the border out of the area, or mask it."
    )
    return [Finding.warning("border_noise", sentence, name, share, EDGE_SHARE)]


def _rim(valid: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Valid pixels within a few pixels of what is not valid, or of the raster's left and
    right end.
    """
    padded = np.pad(valid, EDGE_PIXELS, constant_values=False)
    core = padded.copy()
    for step in range(1, EDGE_PIXELS + 1):
        for axis in (0, 1):
            core &= np.roll(padded, step, axis) & np.roll(padded, -step, axis)
    inner = core[EDGE_PIXELS:-EDGE_PIXELS, EDGE_PIXELS:-EDGE_PIXELS]
    rim: npt.NDArray[np.bool_] = valid & ~inner
    return rim
