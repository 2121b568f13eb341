"""Findings of the validator, as a tree: a line for each band with its verdict, and below it what to
do.
"""

from __future__ import annotations

from qgis.PyQt.QtCore import QRect, QSize, Qt
from qgis.PyQt.QtGui import QBrush, QResizeEvent
from qgis.PyQt.QtWidgets import (
    QHeaderView,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
)

from ...core.types import Finding, ValidationReport, Verdict
from ..parts.plain import plain_tip
from ..parts.shades import Shade, shade

SHADES = {Verdict.PASS: Shade.GOOD, Verdict.WARN: Shade.DOUBT, Verdict.FAIL: Shade.BAD}
MOST_HEIGHT = 10_000
GAP = 4
"""Pixels between two sentences."""


class ReportView(QTreeWidget):
    """Shows a :class:`ValidationReport`; empty and hidden until there is one."""

    def __init__(self) -> None:
        super().__init__(objectName="report_view")
        self.setColumnCount(2)
        self.setHeaderLabels([self.tr("Band"), self.tr("Verdict")])
        self.setWordWrap(True)
        self.setRootIsDecorated(True)
        self.header().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
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
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Sentences wrap at the new width."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Height of each sentence: Qt's tree wraps a text, and gives it the height of one line."""
        option = QStyleOptionViewItem()
        option.widget, option.font, option.fontMetrics = self, self.font(), self.fontMetrics()
        option.features |= QStyleOptionViewItem.ViewItemFeature.WrapText
        width = self.viewport().width() - 2 * self.indentation()
        option.rect = QRect(0, 0, max(width, 1), MOST_HEIGHT)
        for number in range(self.topLevelItemCount()):
            row = self.topLevelItem(number)
            for child in (row.child(place) for place in range(row.childCount())):
                child.setData(0, Qt.ItemDataRole.SizeHintRole, None)  # else it is its own answer
                # What paints a sentence measures it, too: its lines are broken in one way only.
                hint = self.itemDelegate().sizeHint(option, self.indexFromItem(child))
                child.setSizeHint(0, QSize(1, hint.height() + GAP))

    def _add(self, name: str, verdict: Verdict, findings: list[Finding]) -> None:
        texts = {
            Verdict.PASS: self.tr("pass"),
            Verdict.WARN: self.tr("warning"),
            Verdict.FAIL: self.tr("FAIL"),
        }
        row = QTreeWidgetItem([name, texts[verdict]])
        row.setForeground(1, QBrush(shade(self, SHADES[verdict])))
        self.addTopLevelItem(row)
        for finding in findings:
            child = QTreeWidgetItem([finding.sentence])
            child.setToolTip(0, plain_tip(finding.sentence))
            row.addChild(child)
            child.setFirstColumnSpanned(True)
        row.setExpanded(bool(findings))
