"""The area on the map: drawing it, and its outline that stays."""

from __future__ import annotations

from qgis.core import (
    QgsCoordinateTransform,
    QgsCsException,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsRectangle,
)
from qgis.gui import QgsMapCanvas, QgsMapTool, QgsMapToolExtent, QgsRubberBand
from qgis.PyQt.QtCore import QEvent, QObject, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor

from ...core.errors import AreaError
from ...core.types import Aoi
from ...plugin.aoi import area_of_rectangle, lonlat_crs
from ...plugin.compat import POLYGON_GEOMETRY
from .area_text import polygons

OUTLINE = QColor(236, 112, 20)
FILL = QColor(255, 170, 60, 28)
SEGMENTS = 32
"""Pieces of an edge as long as the area: straight in lon/lat is curved on most maps."""


class RectangleTool(QObject):
    """Lets the user drag one rectangle, then gives the map back the tool it had.

    Parameters
    ----------
    canvas : QgsMapCanvas
        The map.
    """

    drawn = pyqtSignal(object)
    """Carries the Aoi."""
    refused = pyqtSignal(object)
    """Carries the AreaError."""
    active_changed = pyqtSignal(bool)

    def __init__(self, canvas: QgsMapCanvas, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._before: QgsMapTool | None = None
        self._tool = QgsMapToolExtent(canvas)
        self._tool.extentChanged.connect(self._take)
        self._tool.activated.connect(lambda: self.active_changed.emit(True))
        self._tool.deactivated.connect(lambda: self.active_changed.emit(False))
        canvas.installEventFilter(self)

    def start(self) -> None:
        """Make it the map's tool."""
        if self._canvas.mapTool() is not self._tool:
            self._before = self._canvas.mapTool()
            self._canvas.setMapTool(self._tool)
            self._canvas.setFocus()  # so that Esc reaches it, though a button was pressed last

    def stop(self) -> None:
        """Give the map back the tool it had before."""
        if self._canvas.mapTool() is self._tool:
            self._canvas.unsetMapTool(self._tool)
            if self._before is not None:
                self._canvas.setMapTool(self._before)
        self._before = None

    def remove(self) -> None:
        """Give the map back, and take the tool off it for good."""
        self.stop()
        self._canvas.removeEventFilter(self)
        self._tool.deleteLater()  # it is the canvas's child, and would outlive the plugin

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Esc ends the drawing; what was chosen before stays."""
        wanted = event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Escape
        if not wanted or self._canvas.mapTool() is not self._tool:
            return bool(super().eventFilter(watched, event))
        self._tool.clearRubberBand()
        self.stop()
        return True

    def _take(self, rectangle: QgsRectangle) -> None:
        if rectangle.isEmpty():
            return  # a click without a drag: the user may try again
        try:
            aoi = area_of_rectangle(rectangle, self._canvas.mapSettings().destinationCrs())
        except AreaError as error:
            self.refused.emit(error)
        else:
            self.drawn.emit(aoi)
        self.stop()


class AreaOutline(QObject):
    """The outline of the chosen area on the map, in whatever system the map has.

    Parameters
    ----------
    canvas : QgsMapCanvas
        The map.
    """

    def __init__(self, canvas: QgsMapCanvas, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._aoi: Aoi | None = None
        self._band = QgsRubberBand(canvas, POLYGON_GEOMETRY)
        self._band.setStrokeColor(OUTLINE)
        self._band.setFillColor(FILL)
        self._band.setWidth(2)
        canvas.destinationCrsChanged.connect(self._draw)

    def show_area(self, aoi: Aoi | None) -> None:
        """Draw an area, or nothing."""
        self._aoi = aoi
        self._draw()

    def set_visible(self, visible: bool) -> None:
        """Hide it, or show it again."""
        self._band.setVisible(visible)

    @property
    def visible(self) -> bool:
        """True while it is shown."""
        return bool(self._band.isVisible())

    def remove(self) -> None:
        """Take it off the map for good."""
        self._canvas.destinationCrsChanged.disconnect(self._draw)
        self._canvas.scene().removeItem(self._band)

    def _draw(self) -> None:
        self._band.reset(POLYGON_GEOMETRY)
        crs = self._canvas.mapSettings().destinationCrs()
        for rings in polygons(self._aoi) if self._aoi else ():
            geometry = QgsGeometry.fromPolygonXY(
                [[QgsPointXY(*point[:2]) for point in ring] for ring in rings]
            )
            box = geometry.boundingBox()
            geometry = geometry.densifyByDistance(max(box.width(), box.height()) / SEGMENTS)
            if crs.isValid():
                try:
                    geometry.transform(
                        QgsCoordinateTransform(lonlat_crs(), crs, QgsProject.instance())
                    )
                except QgsCsException:
                    continue  # the area lies outside what this map can show
            self._band.addGeometry(geometry, None)

    @property
    def corners(self) -> list[QgsPointXY]:
        """The points on the map, for tests."""
        geometry = self._band.asGeometry()
        return [QgsPointXY(vertex) for vertex in geometry.vertices()]
