"""A step of a page: folded, it is one line that tells what was chosen."""

from __future__ import annotations

from qgis.gui import QgsCollapsibleGroupBoxBasic
from qgis.PyQt.QtWidgets import QToolButton, QVBoxLayout, QWidget

from .margins import MARGINS


class Step(QgsCollapsibleGroupBoxBasic):
    """A box with a title, which shows its value while it is folded.

    Parameters
    ----------
    title : str
        What is asked.
    name : str
        Object name.
    parts : QWidget
        What is inside, from top to bottom.
    """

    def __init__(self, title: str, name: str, *parts: QWidget) -> None:
        super().__init__()
        self.setObjectName(name)
        self._title, self._value = title, ""
        # In a widget of their own: a box that unfolds shows all its children, hidden ones too.
        body = QWidget()
        inner = QVBoxLayout(body)
        inner.setContentsMargins(0, 0, 0, 0)
        for part in parts:
            inner.addWidget(part)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*MARGINS)
        layout.addWidget(body)
        self.collapsedStateChanged.connect(lambda _: self._show_title())
        self._show_title()

    def set_value(self, text: str) -> None:
        """What is chosen, in a few words."""
        self._value = text
        self._show_title()

    def _show_title(self) -> None:
        folded = self.isCollapsed() and self._value
        self.setTitle(f"{self._title} · {self._value}" if folded else self._title)
        fold_button = self.findChild(QToolButton, "collapseButton")
        if fold_button is not None:  # QGIS's own, a triangle without a word
            fold_button.setAccessibleName(self.title())
