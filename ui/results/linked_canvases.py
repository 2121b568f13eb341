"""Maps that show the same place at the same scale, whichever of them is moved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from qgis.core import QgsPointXY
from qgis.gui import QgsMapCanvas, QgsVertexMarker
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtGui import QColor, QResizeEvent

CROSS_COLOR, CROSS_SIZE = "#ff2d87", 14


class FollowingCanvas(QgsMapCanvas):
    """A canvas that is not moved by becoming larger or smaller."""

    resized = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.resizing = False

    def resizeEvent(self, event: QResizeEvent) -> None:
        """QGIS tells of another extent now, which is nobody's wish."""
        self.resizing = True
        super().resizeEvent(event)
        self.resizing = False
        self.resized.emit()


class LinkedCanvases(QObject):
    """Keeps canvases together; a cross in the others tells where the mouse is.

    Parameters
    ----------
    main : QgsMapCanvas
        QGIS's own: it leads, and gets no cross.
    others : sequence of FollowingCanvas
        They follow it, and it follows them.
    """

    def __init__(self, main: QgsMapCanvas, others: Sequence[FollowingCanvas]) -> None:
        super().__init__()
        self._main, self._others = main, tuple(others)
        self._following = False
        self._links: list[tuple[Any, Callable[..., None]]] = []
        self._crosses = {canvas: _cross(canvas) for canvas in others}
        for canvas in (main, *others):
            self._link(canvas.extentsChanged, partial(self._follow, canvas))
            self._link(canvas.xyCoordinates, partial(self._point, canvas))
        for canvas in others:
            self._link(canvas.resized, partial(self._follow, main))
        self._link(main.destinationCrsChanged, self._take_crs)
        self._take_crs()

    def close_down(self) -> None:
        """Let go of the main canvas, which stays."""
        for signal, slot in self._links:
            signal.disconnect(slot)
        self._links.clear()

    def _link(self, signal: Any, slot: Callable[..., None]) -> None:
        signal.connect(slot)
        self._links.append((signal, slot))

    def _take_crs(self) -> None:
        """Take over QGIS's reference system; half-way a canvas has an extent in the other one."""
        self._following = True
        try:
            for canvas in self._others:
                canvas.setDestinationCrs(self._main.mapSettings().destinationCrs())
        finally:
            self._following = False
        self._follow(self._main)

    def _follow(self, source: QgsMapCanvas) -> None:
        """Bring the others to where one is; what they say of it meanwhile is no news."""
        resizing = isinstance(source, FollowingCanvas) and source.resizing
        if self._following or resizing or source.extent().isEmpty():
            return
        self._following = True
        try:
            for canvas in (self._main, *self._others):
                if canvas is not source:
                    canvas.setExtent(source.extent())
                    canvas.zoomScale(source.scale())
        finally:
            self._following = False

    def _point(self, source: QgsMapCanvas, place: QgsPointXY) -> None:
        for canvas, cross in self._crosses.items():
            cross.setVisible(canvas is not source)
            cross.setCenter(place)


def _cross(canvas: QgsMapCanvas) -> QgsVertexMarker:
    marker = QgsVertexMarker(canvas)
    marker.setIconType(QgsVertexMarker.IconType.ICON_CROSS)
    marker.setColor(QColor(CROSS_COLOR))
    marker.setIconSize(CROSS_SIZE)
    marker.setPenWidth(2)
    marker.hide()
    return marker
