"""A validation in one line."""

from __future__ import annotations

from qgis.PyQt.QtCore import QCoreApplication

from ...core.types import Severity, ValidationReport
from ..parts.shades import Shade


def verdict_line(report: ValidationReport) -> tuple[str, Shade]:
    """The verdict for a person, and its colour."""
    faults = len(report.sentences(Severity.ERROR))
    doubts = len(report.sentences(Severity.WARNING))
    if not report.ok:
        text = _tr("Not valid: one fault.") if faults == 1 else _tr("Not valid: {number} faults.")
        return text.format(number=faults), Shade.BAD
    if not report.bands:
        return _tr("No band was looked at: nothing is known of it."), Shade.DOUBT
    if doubts:
        text = _tr("Valid, with one doubt.") if doubts == 1 else _tr("Valid, with {number} doubts.")
        return text.format(number=doubts), Shade.DOUBT
    return _tr("Valid: nothing was found."), Shade.GOOD


def _tr(text: str) -> str:
    return str(QCoreApplication.translate("FirstLight", text))
