"""Base of every field of a form."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QSizePolicy, QWidget


class Field(QWidget):
    """A widget for one parameter; the kinds differ in what they hold."""

    changed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)

    def hold(self, widget: QWidget, signal: Any) -> None:
        """Take in the widget that does the work; ``signal`` tells that its value changed."""
        widget.setSizePolicy(QSizePolicy.Policy.Expanding, widget.sizePolicy().verticalPolicy())
        widget.setMinimumWidth(60)
        self.layout().addWidget(widget, 1)
        self.setFocusProxy(widget)
        signal.connect(lambda *_: self.changed.emit())

    def value(self) -> Any:
        """Value for ``Operation.make_params``; None where nothing is given."""
        return None

    def set_value(self, value: Any) -> None:
        """Show a value of the same form."""
