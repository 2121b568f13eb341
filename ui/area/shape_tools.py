"""Map tools that draw one shape: a polygon corner by corner, a circle from its middle."""

from __future__ import annotations

from qgis.core import QgsGeometry, QgsPointXY
from qgis.gui import QgsMapCanvas, QgsMapMouseEvent, QgsMapTool, QgsRubberBand
from qgis.PyQt.QtCore import Qt, pyqtSignal

from ...core.errors import AreaError
from ...core.types import Aoi
from ...plugin.aoi import area_of_circle, area_of_geometry, radius_km
from ...plugin.compat import POLYGON_GEOMETRY
from ...plugin.map_shapes import on_map
from .outline import shape_band

LEAST_CORNERS = 3
LEAST_PIXELS = 3
"""A shorter drag is a click."""


class ShapeTool(QgsMapTool):
    """A tool that shows what is being drawn, and gives an area once it is whole."""

    drawn = pyqtSignal(object)
    """Carries the Aoi."""
    refused = pyqtSignal(object)
    """Carries the AreaError."""
    told = pyqtSignal(str)
    """What is drawn so far, and what to do next."""

    def __init__(self, canvas: QgsMapCanvas) -> None:
        super().__init__(canvas)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self._map = canvas
        self._band: QgsRubberBand = shape_band(canvas)

    def clear(self) -> None:
        """Forget what was drawn so far."""
        self._band.reset(POLYGON_GEOMETRY)

    def undo(self) -> None:
        """Take the last step back."""
        self.clear()

    def finish(self) -> None:
        """Take what is drawn as it is."""

    def remove(self) -> None:
        """Take it off the map for good: it is the canvas's child, and would outlive the plugin."""
        self._map.scene().removeItem(self._band)
        self.deleteLater()

    def deactivate(self) -> None:
        """Another tool is chosen."""
        self.clear()
        super().deactivate()

    def _give(self, aoi: Aoi | None, error: AreaError | None) -> None:
        self.clear()
        if error is not None:
            self.refused.emit(error)
        elif aoi is not None:
            self.drawn.emit(aoi)


class PolygonTool(ShapeTool):
    """Each click is a corner; a right click, a double click or Enter ends it."""

    def __init__(self, canvas: QgsMapCanvas) -> None:
        super().__init__(canvas)
        self._corners: list[QgsPointXY] = []

    def clear(self) -> None:
        """Forget the corners."""
        self._corners = []
        super().clear()

    def undo(self) -> None:
        """Take the last corner back."""
        self._corners = self._corners[:-1]
        self._show(self._corners)
        self._tell()

    def canvasPressEvent(self, event: QgsMapMouseEvent) -> None:
        """A corner, or the end."""
        if event.button() == Qt.MouseButton.RightButton:
            self.finish()
        elif event.button() == Qt.MouseButton.LeftButton:
            self._corners.append(event.mapPoint())
            self._show(self._corners)
            self._tell()

    def canvasMoveEvent(self, event: QgsMapMouseEvent) -> None:
        """Show where the next corner would be."""
        if self._corners:
            self._show([*self._corners, event.mapPoint()])

    def canvasDoubleClickEvent(self, event: QgsMapMouseEvent) -> None:
        """The last corner was set by the first of the two clicks."""
        self.finish()

    def finish(self) -> None:
        """Close the polygon; with fewer than three corners go on drawing."""
        if len(self._corners) < LEAST_CORNERS:
            self._tell()
            return
        shape = QgsGeometry.fromPolygonXY([self._corners])
        try:
            aoi = area_of_geometry(shape, self._map.mapSettings().destinationCrs())
        except AreaError as error:
            self._give(None, error)
        else:
            self._give(aoi, None)

    def _show(self, corners: list[QgsPointXY]) -> None:
        self._band.reset(POLYGON_GEOMETRY)
        for corner in corners:
            self._band.addPoint(corner)

    def _tell(self) -> None:
        if len(self._corners) < LEAST_CORNERS:
            self.told.emit(self.tr("Click the corners; Backspace takes one back, Esc gives up."))
        else:
            self.told.emit(
                self.tr("{number} corners: right click or Enter ends the polygon.").format(
                    number=len(self._corners)
                )
            )


class CircleTool(ShapeTool):
    """Press at the middle, drag to the rim."""

    def __init__(self, canvas: QgsMapCanvas) -> None:
        super().__init__(canvas)
        self._middle: QgsPointXY | None = None
        self._pressed_at = canvas.rect().topLeft()

    def clear(self) -> None:
        """Forget the middle."""
        self._middle = None
        super().clear()

    def canvasPressEvent(self, event: QgsMapMouseEvent) -> None:
        """The middle."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._middle, self._pressed_at = event.mapPoint(), event.pos()

    def canvasMoveEvent(self, event: QgsMapMouseEvent) -> None:
        """Show the circle, and how large it is."""
        if self._middle is None:
            return
        crs = self._map.mapSettings().destinationCrs()
        self._band.reset(POLYGON_GEOMETRY)
        try:
            aoi = area_of_circle(self._middle, event.mapPoint(), crs)
        except AreaError:
            return  # said when the button is let go
        for shape in on_map(aoi.geometry, crs):
            self._band.addGeometry(shape, None)
        radius = radius_km(self._middle, event.mapPoint(), crs)
        self.told.emit(self.tr("Circle of {radius} km").format(radius=f"{radius:.3g}"))

    def canvasReleaseEvent(self, event: QgsMapMouseEvent) -> None:
        """The rim."""
        middle = self._middle
        if middle is None or event.button() != Qt.MouseButton.LeftButton:
            return
        if (event.pos() - self._pressed_at).manhattanLength() < LEAST_PIXELS:
            self.clear()  # a click without a drag: the user may try again
            return
        try:
            aoi = area_of_circle(middle, event.mapPoint(), self._map.mapSettings().destinationCrs())
        except AreaError as error:
            self._give(None, error)
        else:
            self._give(aoi, None)
