"""A step of a page: folded, it is one line that tells what was chosen."""

from __future__ import annotations

from qgis.gui import QgsCollapsibleGroupBoxBasic
from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtGui import QResizeEvent
from qgis.PyQt.QtWidgets import QToolButton, QVBoxLayout, QWidget

from .margins import MARGINS
from .plain import plain_tip


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
        self._body = QWidget()
        inner = QVBoxLayout(self._body)
        inner.setContentsMargins(0, 0, 0, 0)
        for part in parts:
            inner.addWidget(part)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*MARGINS)
        layout.addWidget(self._body)
        self.collapsedStateChanged.connect(lambda _: self._show_title())
        self._show_title()

    def set_value(self, text: str) -> None:
        """What is chosen, in a few words."""
        self._value = text
        self._show_title()

    def minimumSizeHint(self) -> QSize:
        """Of what is inside: a long value in the title is cut before it makes the dock wide."""
        inside = self._body.minimumSizeHint().width() + MARGINS[0] + MARGINS[2]
        return QSize(inside, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The title has other room."""
        super().resizeEvent(event)
        self._show_title()

    def _show_title(self) -> None:
        folded = self.isCollapsed() and self._value
        text = f"{self._title} · {self._value}" if folded else self._title
        self.setToolTip(plain_tip(text) if folded else "")
        room = max(self.width() - 2 * self.fontMetrics().height(), 0)
        elided = self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room)
        if elided != self.title():
            self.setTitle(elided)
        fold_button = self.findChild(QToolButton, "collapseButton")
        if fold_button is not None:  # QGIS's own, a triangle without a word
            fold_button.setAccessibleName(text)
