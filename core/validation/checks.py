"""All checks by their codes: how grave a finding is by itself, and what a run may make of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..enums import StrEnum
from ..errors import SettingsError
from ..report import Severity
from ..types import Finding


class CheckWeight(StrEnum):
    """Weight of a check in one run: a severity, or off."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    OFF = "off"


CHECKS: Mapping[str, str] = {
    "unreadable": "the file opens as a raster",
    "vrt_refused": "a VRT names no remote file, code or endless chain",
    "vrt_source_missing": "the files a VRT names are there",
    "vrt_source_outside": "the files a VRT names lie below its folder, and move with it",
    "file_truncated": "no tile lies behind the end of the file",
    "tiles_missing": "no tile is absent where its neighbours or overviews show data",
    "tile_damaged": "tiles begin, end and decode as their compression demands",
    "tile_differs": "full-size tiles show what the overviews show",
    "file_changed": "the file is the one that was downloaded (deep)",
    "no_recorded_sum": "a sum was recorded when the file was downloaded (deep)",
    "source_differs": "the files have the size and type that the VRT states",
    "no_crs": "the raster lies somewhere",
    "not_terrain_corrected": "the raster has a grid, not ground control points only",
    "band_missing": "required and expected bands are there",
    "band_unnamed": "bands can be named",
    "band_ambiguous": "a band's name means one band of one sensor",
    "band_contradiction": "a band's name, wavelength and sensor agree",
    "band_count": "there are as many bands as expected",
    "band_order": "bands stand in the usual order",
    "dtype_unfit": "the number type can hold the band's values",
    "dtype_mixed": "bands of one kind have one number type",
    "band_unreadable": "pixels can be read",
    "band_blank": "a band is not constant, not noise below one step, not all nodata",
    "nodata_share": "nodata is no more than allowed, of the area",
    "range_implausible": "physical values are plausible",
    "saturated": "few pixels are saturated",
    "band_copied": "no two bands hold the same pixels",
    "band_shifted": "bands lie on each other",
    "band_swapped": "red and near infrared are not exchanged",
    "not_calibrated": "radar is calibrated",
    "unit_contradicts": "radar numbers fit their unit",
    "border_noise": "the edges of a radar scene are clean",
    "not_validated": "somebody looked",
}
"""Code → what is well where there is no such finding."""


def parse_overrides(entries: Sequence[str]) -> dict[str, CheckWeight]:
    """``band_shifted=off`` → check and what becomes of it.

    Raises
    ------
    SettingsError
        For a word of another form, an unknown check or an unknown severity.
    """
    weights = {}
    for entry in entries:
        code, _, wanted = (part.strip() for part in entry.partition("="))
        failure = f"The check '{entry}' cannot be set"
        if code not in CHECKS:
            raise SettingsError(
                failure, f"there is no check '{code}'", f"Known: {', '.join(CHECKS)}."
            )
        if wanted not in tuple(CheckWeight):
            raise SettingsError(
                failure,
                f"'{wanted}' is not known",
                f"Write {code}=off, or =error, =warning, =info.",
            )
        weights[code] = CheckWeight(wanted)
    return weights


def apply_overrides(
    findings: Sequence[Finding], overrides: Mapping[str, CheckWeight]
) -> list[Finding]:
    """The findings as this run weighs them; those of checks turned off are left out."""
    return [
        replace(finding, severity=Severity(overrides.get(finding.code, finding.severity)))
        for finding in findings
        if overrides.get(finding.code) != CheckWeight.OFF
    ]
