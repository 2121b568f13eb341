"""Two pictures over the map, one left and one right of a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qgis.gui import QgsMapCanvas, QgsMapCanvasItem
from qgis.PyQt.QtCore import QRectF, Qt
from qgis.PyQt.QtGui import QColor, QImage, QPainter, QPen

LINE_COLOR, LINE_WIDTH = "#ff2d87", 2
PAD = 6
"""Pixels around a title."""


class Curtain(QgsMapCanvasItem):
    """Covers the map; paints nothing until both pictures are there.

    Parameters
    ----------
    canvas : QgsMapCanvas
        The map.
    titles : sequence of str
        Of the picture on the left and that on the right.
    """

    def __init__(self, canvas: QgsMapCanvas, titles: Sequence[str]) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._titles = tuple(titles)
        self._images: list[QImage] = []
        self.place = 0.5
        """Of the line, as a share of the map's width."""
        self.setZValue(50)  # above the map and what lies on it, below QGIS's own cursor marks

    @property
    def is_full(self) -> bool:
        """Whether both pictures are there."""
        return bool(self._images)

    def set_place(self, share: float) -> None:
        """Move the line."""
        self.place = min(max(share, 0.0), 1.0)
        self.update()

    def clear(self) -> None:
        """The pictures are those of another place."""
        self._images = []
        self.update()

    def show_images(self, images: Sequence[QImage | None]) -> None:
        """Show these, once all are there."""
        there = [image for image in images if image is not None]
        self._images = there if len(there) == len(images) else []
        self.update()

    def boundingRect(self) -> QRectF:
        """The whole map."""
        return QRectF(0, 0, self._canvas.width(), self._canvas.height())

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Each picture on its side with its title, the line between them."""
        if not self._images:
            return
        whole = self.boundingRect()
        edge = whole.width() * self.place
        left = QRectF(0, 0, edge, whole.height())
        right = QRectF(edge, 0, whole.width() - edge, whole.height())
        for image, side in zip(self._images, (left, right)):
            painter.save()
            painter.setClipRect(side)
            painter.drawImage(whole, image, QRectF(image.rect()))
            painter.restore()
        painter.setPen(QPen(QColor(LINE_COLOR), LINE_WIDTH))
        painter.drawLine(left.topRight(), left.bottomRight())
        for title, side, flag in zip(
            self._titles, (left, right), (Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight)
        ):
            _write(painter, title, side, flag)


def _write(painter: QPainter, title: str, side: QRectF, flag: Qt.AlignmentFlag) -> None:
    """A title on a plate at the outer lower corner of its side, since QGIS's messages cover the
    upper edge of the map; none where it has no room.
    """
    metrics = painter.fontMetrics()
    plate = QRectF(0, 0, metrics.horizontalAdvance(title) + 2 * PAD, metrics.height() + PAD)
    plate.moveBottom(side.bottom() - PAD)
    if plate.width() + 2 * PAD > side.width():
        return
    at_left = flag == Qt.AlignmentFlag.AlignLeft
    plate.moveLeft(side.left() + PAD if at_left else side.right() - PAD - plate.width())
    painter.fillRect(plate, QColor(0, 0, 0, 190))
    painter.setPen(QColor(Qt.GlobalColor.white))
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, title)
