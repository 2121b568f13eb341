"""Base of every field of a form."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QWidget

LEAST_LETTERS = 10
"""Of a list's entries, however long they are: a column need be no wider."""


def fit_to_column(combo: QComboBox) -> None:
    """Let a list be as narrow as its column; opened, it shows its entries whole."""
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(LEAST_LETTERS)
    entries = [combo.itemText(row) for row in range(combo.count())]
    widest = max(map(combo.fontMetrics().horizontalAdvance, entries), default=0)
    combo.view().setMinimumWidth(widest + 2 * combo.fontMetrics().height())


class Field(QWidget):
    """A widget for one parameter; the kinds differ in what they hold."""

    changed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.held: QWidget = self
        """The widget that does the work."""
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)

    def hold(self, widget: QWidget, signal: Any) -> None:
        """Take in the widget that does the work; ``signal`` tells that its value changed."""
        widget.setSizePolicy(QSizePolicy.Policy.Expanding, widget.sizePolicy().verticalPolicy())
        widget.setMinimumWidth(60)
        self.layout().addWidget(widget, 1)
        # No focus proxy: the field would be a second stop of Tab, wherever it stands in the chain.
        self.held = widget
        signal.connect(lambda *_: self.changed.emit())

    def value(self) -> Any:
        """Value for ``Operation.make_params``; None where nothing is given."""
        return None

    def set_value(self, value: Any) -> None:
        """Show a value of the same form."""
