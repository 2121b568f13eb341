"""Checks of optical bands: blank, nodata share, plausible range after scaling."""

from __future__ import annotations

from ..raster.reader import StackReader
from ..settings import Settings
from ..types import Finding, Radiometry
from .band_sample import sample_band

FLOAT_STEP = 0.0001


def check_optical_band(reader: StackReader, name: str, index: int, radiometry: Radiometry, settings: Settings) -> list[Finding]:
    """Look at one optical band.

    Raises
    ------
    RasterError
        If its pixels cannot be read.
    """
    is_class = radiometry.unit == "class"
    limits = settings.kelvin_range if radiometry.unit == "kelvin" else settings.reflectance_range
    sample = sample_band(reader, index, radiometry, None if is_class else limits)
    findings = check_emptiness(name, sample.nodata_percent, settings)
    if sample.nodata_percent == 100:
        return findings
    # The threshold is in digital numbers, of which 10000 are a reflectance of 1; floating-point bands hold reflectance itself.
    floating = reader.facts.bands[index - 1].dtype.startswith("float")
    least = settings.min_std_dev * (FLOAT_STEP if floating else 1.0)
    if not is_class and sample.std_stored < least:
        findings.append(
            Finding(
                "band_blank",
                "error",
                f"Band '{name}' is blank: its standard deviation is {sample.std_stored:.3g} stored units, "
                f"below {least:g}. Download it again, or choose another scene.",
                name,
                sample.std_stored,
                least,
            )
        )
    if sample.outside_percent > settings.max_outside_percent:
        unit = radiometry.unit or "reflectance"
        hint = " Are its scale and offset right?" if radiometry.scale == 1.0 else ""
        findings.append(
            Finding(
                "range_implausible",
                "warning",
                f"Band '{name}' has {sample.outside_percent:.1f} % of its pixels outside {limits[0]:g}..{limits[1]:g} {unit} "
                f"(2nd to 98th percentile {sample.low:.4g}..{sample.high:.4g}); up to {settings.max_outside_percent:g} % "
                f"is usual over cloud and snow.{hint}",
                name,
                sample.outside_percent,
                settings.max_outside_percent,
            )
        )
    return findings


def check_emptiness(name: str, nodata_percent: float, settings: Settings) -> list[Finding]:
    """The share of nodata, for any kind of band."""
    if nodata_percent == 100:
        sentence = f"Band '{name}' is blank: it holds nothing but nodata. Download it again, or choose another scene."
        return [Finding("band_blank", "error", sentence, name, 100.0, settings.max_nodata_percent)]
    if nodata_percent > settings.max_nodata_percent:
        sentence = (
            f"Band '{name}' is {nodata_percent:.1f} % nodata where {settings.max_nodata_percent:g} % is allowed. "
            "Choose a scene that covers more of the area, or allow more."
        )
        return [Finding("nodata_share", "error", sentence, name, nodata_percent, settings.max_nodata_percent)]
    return []
