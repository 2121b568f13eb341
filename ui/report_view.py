"""Findings of the validator, as a tree: a line for each band with its verdict, and below it what to
do.
"""

from __future__ import annotations

from qgis.PyQt.QtGui import QBrush, QColor
from qgis.PyQt.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem

from ..core.types import Finding, ValidationReport, Verdict
from .plain import plain_tip

COLOURS = {Verdict.PASS: "#2e7d32", Verdict.WARN: "#b26a00", Verdict.FAIL: "#c62828"}
"""Dark enough to read on white, bright enough on dark themes; the word says the same."""


class ReportView(QTreeWidget):
    """Shows a :class:`ValidationReport`; empty and hidden until there is one."""

    def __init__(self) -> None:
        super().__init__(objectName="report_view")
        self.setColumnCount(2)
        self.setHeaderLabels([self.tr("Band"), self.tr("Verdict")])
        self.setWordWrap(True)
        self.setRootIsDecorated(True)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self.hide()

    def show_report(self, report: ValidationReport | None) -> None:
        """Show a report; None hides the view."""
        self.clear()
        self.setVisible(report is not None)
        if report is None:
            return
        general = [finding for finding in report.findings if finding.band not in report.bands]
        worst = Verdict.WARN if general else Verdict.PASS
        if any(f.is_error for f in general):
            worst = Verdict.FAIL
        self._add(self.tr("File"), worst, general)
        for name in report.bands:
            self._add(
                name,
                report.verdict(name),
                [finding for finding in report.findings if finding.band == name],
            )
        self.resizeColumnToContents(0)

    def _add(self, name: str, verdict: Verdict, findings: list[Finding]) -> None:
        texts = {
            Verdict.PASS: self.tr("pass"),
            Verdict.WARN: self.tr("warning"),
            Verdict.FAIL: self.tr("FAIL"),
        }
        row = QTreeWidgetItem([name, texts[verdict]])
        row.setForeground(1, QBrush(QColor(COLOURS[verdict])))
        self.addTopLevelItem(row)
        for finding in findings:
            child = QTreeWidgetItem(["", finding.sentence])
            child.setToolTip(1, plain_tip(finding.sentence))
            row.addChild(child)
        row.setExpanded(bool(findings))
