"""Treatment of a raster that is not valid, by the setting ``validation.on_invalid``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..enums import Depth, OnInvalid, Screenshot
from ..files.record import read_record
from ..monitor import EventQueue, Level, Note
from ..settings import Settings
from ..types import Finding, Severity, ValidationReport

DAMAGE = {
    "unreadable",
    "file_truncated",
    "tiles_missing",
    "tile_damaged",
    "tile_differs",
    "file_changed",
    "band_unreadable",
}
"""Findings that a new download may mend."""


def not_validated(path: Path) -> ValidationReport:
    """The report where validation is skipped: nobody looked, and it says so."""
    sentence = (
        f"{path.name} was not validated, as asked (validation.on_invalid: skip). Results "
        "may be wrong."
    )
    return ValidationReport(
        path, (), (Finding.warning("not_validated", sentence),), depth=Depth.SKIP
    )


def act_on(report: ValidationReport, settings: Settings, events: EventQueue) -> ValidationReport:
    """Save the picture if wanted, then reject, let through with a warning, or clean up."""
    wanted = {Screenshot.ALWAYS} if report.ok else {Screenshot.ALWAYS, Screenshot.ON_FAILURE}
    if settings.screenshot in wanted:
        from .quicklook import save_quicklook

        picture, trouble = save_quicklook(report, settings)
        if trouble:
            events.put(Note(Level.WARNING, trouble))
        report = replace(report, quicklook=picture)
    if report.ok:
        return report
    if settings.on_invalid == OnInvalid.WARN:
        return _with_warnings(report)
    if settings.on_invalid == OnInvalid.CLEANUP:
        for path in clean_up(report):
            events.put(Note(Level.WARNING, f"Removed {path}, which did not pass validation"))
    return report


def _with_warnings(report: ValidationReport) -> ValidationReport:
    """The report with warnings in place of errors."""
    findings = tuple(
        replace(finding, severity=Severity.WARNING) if finding.is_error else finding
        for finding in report.findings
    )
    overrides = {**report.overrides, "every error": Severity.WARNING}
    return replace(report, findings=findings, overrides=overrides)


def clean_up(report: ValidationReport) -> list[Path]:
    """Remove the damaged band files and their stack, so that the next run makes them anew.

    Only files of FirstLight's own are removed: band files that ``bands.json`` in the same folder
    lists, and a stack of the scene's name in that folder. Bands that are sound stay, and so does
    everything else.

    Returns
    -------
    list of Path
        What was removed.
    """
    folder = report.path.parent
    record = read_record(folder)
    if not record:
        return []
    damaged = {f.band for f in report.findings if f.code in DAMAGE and f.is_error}
    ours = [folder / f"{band}.tif" for band in damaged if band in record]
    if report.path.stem == f"{folder.name}_stack" and report.path.suffix in (".vrt", ".tif"):
        ours.append(report.path)
    return [path for path in ours if _remove(path)]


def _remove(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    try:
        path.unlink()
    except OSError:  # open in QGIS on Windows: it stays, and the next run finds it damaged again
        return False
    return True
