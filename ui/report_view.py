"""What the validator found, as a tree: a line for each band with its verdict, and below it what to
do.
"""

from __future__ import annotations

from qgis.PyQt.QtGui import QBrush, QColor
from qgis.PyQt.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem

from ..core.types import Finding, ValidationReport

COLOURS = {"pass": "#2e7d32", "warn": "#b26a00", "fail": "#c62828"}
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
        worst = (
            "fail" if any(f.severity == "error" for f in general) else "warn" if general else "pass"
        )
        self._add(self.tr("File"), worst, general)
        for name in report.bands:
            self._add(
                name,
                report.verdict(name),
                [finding for finding in report.findings if finding.band == name],
            )
        self.resizeColumnToContents(0)

    def _add(self, name: str, verdict: str, findings: list[Finding]) -> None:
        words = {"pass": self.tr("pass"), "warn": self.tr("warning"), "fail": self.tr("FAIL")}
        row = QTreeWidgetItem([name, words[verdict]])
        row.setForeground(1, QBrush(QColor(COLOURS[verdict])))
        self.addTopLevelItem(row)
        for finding in findings:
            child = QTreeWidgetItem(["", finding.sentence])
            child.setToolTip(1, finding.sentence)
            row.addChild(child)
        row.setExpanded(bool(findings))
