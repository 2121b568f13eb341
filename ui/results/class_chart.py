"""Areas of a map's classes as bars."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import QRect, Qt
from qgis.PyQt.QtGui import QBrush, QColor, QPainter, QPaintEvent, QPalette
from qgis.PyQt.QtWidgets import QGridLayout, QSizePolicy, QWidget

from ...core.operation import AreaRow
from ..parts.bold import embolden
from ..parts.plain import PlainLabel


class ClassChart(QWidget):
    """A line for each class: its name and area, and below them a bar in its colour."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("class_chart")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(1)
        self._grid.setColumnStretch(0, 1)
        self.hide()

    def show_rows(self, rows: Sequence[AreaRow]) -> None:
        """Show these areas; without any the chart hides itself."""
        while self._grid.count():
            widget = self._grid.takeAt(0).widget()
            if widget is not None:
                widget.setParent(None)
                widget.deleteLater()
        known = [(row, row.area_km2) for row in rows if row.area_km2 is not None]
        most = max((area for _, area in known), default=0.0) or 1.0
        lines = []
        for number, (row, area) in enumerate(known):
            text = self.tr("{area} km²").format(area=f"{area:.2f}")
            name, value = PlainLabel(row.name), PlainLabel(text)
            name.setWordWrap(True)
            name.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom)
            value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom)
            embolden(name, row.counts)
            embolden(value, row.counts)
            self._grid.addWidget(name, 2 * number, 0)
            self._grid.addWidget(value, 2 * number, 1)
            self._grid.addWidget(_Bar(row, area / most), 2 * number + 1, 0, 1, 2)
            lines.append(f"{row.name}: {text}")
        self.setAccessibleName(self.tr("Areas. {list}").format(list="; ".join(lines)))
        self.setVisible(bool(known))


class _Bar(QWidget):
    def __init__(self, row: AreaRow, share: float) -> None:
        super().__init__()
        self.setObjectName("bar")
        self.share = share
        self._row = row
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(max(6, self.fontMetrics().height() // 2))

    def paintEvent(self, event: QPaintEvent) -> None:
        """A bar with a thin edge; what was not observed is hatched."""
        painter = QPainter(self)
        color = QColor(*self._row.color)
        pattern = Qt.BrushStyle.SolidPattern if self._row.observed else Qt.BrushStyle.BDiagPattern
        area = QRect(0, 0, max(1, round(self.share * (self.width() - 1))), self.height() - 1)
        painter.setBrush(QBrush(color, pattern))
        painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
        painter.drawRect(area)
        painter.end()
