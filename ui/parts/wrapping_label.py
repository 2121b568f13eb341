"""A label for sentences with long words in them: paths, addresses, names of scenes."""

from __future__ import annotations

from math import ceil
from typing import Any

from qgis.PyQt.QtCore import QPointF, QSize, Qt
from qgis.PyQt.QtGui import QPainter, QPaintEvent, QPalette, QTextLayout, QTextOption
from qgis.PyQt.QtWidgets import QApplication

from ...core.text import shown
from ...plugin.compat import QAction
from .plain import PlainLabel

LINE_SEPARATOR = "\u2028"
"""How a text layout is told of a new line."""
WIDEST = 1 << 20
"""Pixels: no line is longer."""


class WrappingLabel(PlainLabel):
    """Breaks its text between words, and where one is longer than a line within it: a label of Qt
    would ask for the width of the longest word, and so would the dock around it.
    """

    def __init__(self, *arguments: Any, **properties: Any) -> None:
        super().__init__(*arguments, **properties)
        self.setWordWrap(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        copy = QAction(self.tr("Copy"), self)
        copy.triggered.connect(lambda: QApplication.clipboard().setText(self.text()))
        self.addAction(copy)

    def minimumSizeHint(self) -> QSize:
        """Of any width."""
        return QSize(0, self.fontMetrics().lineSpacing())

    def sizeHint(self) -> QSize:
        """The text in as few lines as it has; its parts of pixels are parts of the last letter."""
        layout = self._lay_out(WIDEST)
        widths = [layout.lineAt(number).naturalTextWidth() for number in range(layout.lineCount())]
        edges = self.contentsMargins()
        width = ceil(max(widths, default=0)) + 1 + int(edges.left()) + int(edges.right())
        return QSize(width, self._height(self.width()))

    def hasHeightForWidth(self) -> bool:
        """The narrower, the higher."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Height of all lines at that width."""
        return self._height(width)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The lines, from the top."""
        layout = self._lay_out(self.contentsRect().width())
        painter = QPainter(self)
        group = QPalette.ColorGroup.Active if self.isEnabled() else QPalette.ColorGroup.Disabled
        painter.setPen(self.palette().color(group, self.foregroundRole()))
        layout.draw(painter, QPointF(self.contentsRect().topLeft()))
        painter.end()

    def _height(self, width: int) -> int:
        edges = self.contentsMargins()
        inside = self._lay_out(width - edges.left() - edges.right()).boundingRect().height()
        return int(inside + 0.999) + int(edges.top()) + int(edges.bottom())

    def _lay_out(self, width: int) -> QTextLayout:
        layout = QTextLayout(
            shown(self.text(), keep="\n").replace("\n", LINE_SEPARATOR), self.font()
        )
        option = QTextOption(Qt.AlignmentFlag.AlignLeft)
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(option)
        layout.beginLayout()
        height = 0.0
        while (line := layout.createLine()).isValid():
            line.setLineWidth(max(width, 1))
            line.setPosition(QPointF(0, height))
            height += line.height()
        layout.endLayout()
        return layout
