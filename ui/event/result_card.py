"""What came of an event: one number, what was not seen, what to know before acting."""

from __future__ import annotations

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QFrame, QPushButton, QVBoxLayout, QWidget

from ...core.operation import OperationResult
from ...plugin.picture_pair import picture_pair
from ..parts.flow import FlowLayout
from ..parts.plain import PlainLabel
from ..parts.shades import Shade, label_shade
from ..results.class_chart import ClassChart

HEADLINE_SCALE = 1.6
"""Size of the number's font beside the window's."""
WARNINGS_SHOWN = 3
"""Sentences on the card; the others are in the report."""


class ResultCard(QFrame):
    """Hidden until there is a result."""

    report_wanted = pyqtSignal(object)
    zoom_wanted = pyqtSignal(object)
    folder_wanted = pyqtSignal(object)
    compare_wanted = pyqtSignal(object)
    print_wanted = pyqtSignal(object)
    swipe_wanted = pyqtSignal(object)
    """These carry the OperationResult."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("result_card")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._result: OperationResult | None = None
        self.warning_label = PlainLabel(objectName="warning_label")
        self.headline_label = PlainLabel(objectName="headline_label")
        self.range_label = PlainLabel(objectName="range_label")
        self.unseen_label = PlainLabel(objectName="unseen_label")
        self.report_button = QPushButton(self.tr("Open report"), objectName="report_button")
        self.zoom_button = QPushButton(self.tr("Zoom"), objectName="zoom_button")
        self.folder_button = QPushButton(self.tr("Folder"), objectName="folder_button")
        self.compare_button = QPushButton(self.tr("Before | after"), objectName="compare_button")
        self.compare_button.setToolTip(self.tr("Both pictures side by side, below the map"))
        self.swipe_button = QPushButton(self.tr("Swipe"), objectName="swipe_button", checkable=True)
        self.swipe_button.setToolTip(
            self.tr("Before left of the mouse, after right of it, on the map; Esc ends it")
        )
        self.print_button = QPushButton(self.tr("PDF"), objectName="print_button")
        self.print_button.setToolTip(self.tr("One page to print, through a layout of QGIS"))
        self.chart = ClassChart()
        layout = QVBoxLayout(self)
        for label in (
            self.warning_label,
            self.headline_label,
            self.range_label,
            self.unseen_label,
        ):
            label.setWordWrap(True)
            layout.addWidget(label)
        layout.addWidget(self.chart)
        self.buttons = QWidget()
        row = FlowLayout(self.buttons, spacing=4)
        for button, signal in (
            (self.report_button, self.report_wanted),
            (self.compare_button, self.compare_wanted),
            (self.swipe_button, self.swipe_wanted),
            (self.print_button, self.print_wanted),
            (self.zoom_button, self.zoom_wanted),
            (self.folder_button, self.folder_wanted),
        ):
            row.addWidget(button)
            button.clicked.connect(lambda _, signal=signal: signal.emit(self._result))
        layout.addWidget(self.buttons)
        self.hide()

    def show_result(self, result: OperationResult | None) -> None:
        """Show a result; None hides the card."""
        self._result = result
        self.setVisible(result is not None)
        if result is None:
            return
        summary = result.summary
        self._put(self.headline_label, summary.headline if summary else "")
        # As style sheets: that of QGIS, with its font and theme, takes fonts and palettes away.
        size = self.font().pointSizeF() * HEADLINE_SCALE
        self.headline_label.setStyleSheet(f"font-weight: bold; font-size: {size:.0f}pt")
        self._put(self.range_label, summary.range if summary else "")
        if summary:
            self.range_label.setToolTip(self.tr("How sure the number is"))
        self._put(self.unseen_label, summary.not_observed if summary else "")
        shown = list(result.warnings[:WARNINGS_SHOWN])
        more = len(result.warnings) - len(shown)
        if more:
            shown.append(self.tr("And {more} more, in the report.").format(more=more))
        self._put(self.warning_label, "\n".join(f"⚠ {text}" for text in shown))
        doubt = label_shade(self.warning_label, Shade.DOUBT)
        self.warning_label.setStyleSheet(f"color: {doubt.name()}")
        self.chart.show_rows(summary.rows if summary else ())
        two = picture_pair(result.layers) is not None
        for button in (self.compare_button, self.swipe_button):
            button.setVisible(two)
        self.report_button.setEnabled(bool(result.outputs.get("report")))

    @staticmethod
    def _put(label: PlainLabel, text: str) -> None:
        label.setText(text)
        label.setVisible(bool(text))
