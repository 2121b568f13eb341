"""Checks of radar bands: judged in dB, with the spread that speckle brings."""

from __future__ import annotations

from dataclasses import replace

from ..raster.reader import StackReader
from ..settings import Settings
from ..types import Finding, Radiometry
from .band_sample import sample_band
from .band_validator import check_emptiness


def check_sar_band(reader: StackReader, name: str, index: int, radiometry: Radiometry, settings: Settings) -> list[Finding]:
    """Look at one radar band; power is judged in dB, amplitude (uncalibrated) only for being blank.

    Raises
    ------
    RasterError
        If its pixels cannot be read.
    """
    decibel = radiometry.unit in ("power", "dB")
    limits = settings.backscatter_range_db if decibel else None
    sample = sample_band(reader, index, radiometry, limits)
    findings = check_emptiness(name, sample.nodata_percent, settings)
    if sample.nodata_percent == 100:
        return findings
    spread, least, unit = sample.std, settings.min_std_dev_db, "dB"
    if not decibel:
        # amplitude: 20 log10 turns it into dB up to a constant, which does not change the spread
        as_db = sample_band(reader, index, replace(radiometry, unit="power"))
        spread = 2 * as_db.std
        findings.append(
            Finding(
                "not_calibrated",
                "warning",
                f"Band '{name}' holds uncalibrated amplitude and is not terrain-corrected: do not read it as sigma0. "
                "Use terrain-corrected scenes (RTC) for thresholds in dB.",
                name,
            )
        )
    if spread < least:
        sentence = (
            f"Band '{name}' is blank: its standard deviation is {spread:.3g} {unit}, below {least:g}. "
            "Download it again, or choose another scene."
        )
        findings.append(Finding("band_blank", "error", sentence, name, spread, least))
    if limits is not None and sample.outside_percent > settings.max_outside_percent:
        sentence = (
            f"Band '{name}' has {sample.outside_percent:.1f} % of its pixels outside {limits[0]:g}..{limits[1]:g} dB "
            f"(2nd to 98th percentile {sample.low:.4g}..{sample.high:.4g}). Is it linear power, as its unit says?"
        )
        findings.append(
            Finding("range_implausible", "warning", sentence, name, sample.outside_percent, settings.max_outside_percent)
        )
    return findings
