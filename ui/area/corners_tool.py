"""A map tool that moves, adds and takes away corners of the chosen area."""

from __future__ import annotations

import copy
from typing import Any

from qgis.core import QgsPointXY
from qgis.gui import QgsMapCanvas, QgsMapMouseEvent, QgsMapTool, QgsRubberBand
from qgis.PyQt.QtCore import QPoint, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor

from ...core.errors import AreaError
from ...core.types import Aoi
from ...plugin.aoi import area_of_geometry, lonlat_crs
from ...plugin.compat import POINT_GEOMETRY
from ...plugin.map_shapes import from_map, geometry_of, polygons, to_map
from .outline import OUTLINE

NEAR_PIXELS = 10
"""Of the pointer from a corner that it takes."""
MOST_CORNERS = 2000
LEAST_RING = 4
"""Points of a ring: three corners, the first one twice."""
Corner = tuple[int, int, int]
"""Polygon, ring, point."""


class CornersTool(QgsMapTool):
    """Drag a corner; drag the small mark in the middle of an edge for a new one; right click on a
    corner takes it away.
    """

    changed = pyqtSignal(object)
    """Carries the Aoi, once a corner is let go."""
    refused = pyqtSignal(object)
    """Carries the AreaError."""

    def __init__(self, canvas: QgsMapCanvas) -> None:
        super().__init__(canvas)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self._map = canvas
        self._tree: dict[str, Any] = {"type": "MultiPolygon", "coordinates": []}
        self._corners: dict[Corner, QgsPointXY] = {}
        self._middles: dict[Corner, QgsPointXY] = {}
        """By the point that ends the edge: a new one is put before it."""
        self._held: Corner | None = None
        self._marks = self._band(OUTLINE, 9, QgsRubberBand.IconType.ICON_FULL_BOX)
        self._small = self._band(QColor(255, 255, 255), 6, QgsRubberBand.IconType.ICON_CIRCLE)
        canvas.destinationCrsChanged.connect(self._show)

    def _band(self, color: QColor, size: int, icon: Any) -> QgsRubberBand:
        band = QgsRubberBand(self._map, POINT_GEOMETRY)
        band.setColor(color)
        band.setStrokeColor(OUTLINE)
        band.setIcon(icon)
        band.setIconSize(size)
        band.setWidth(2)
        return band

    def set_area(self, aoi: Aoi | None) -> None:
        """Show the corners of an area."""
        coordinates = [] if aoi is None else copy.deepcopy(polygons(aoi.geometry))
        self._tree = {"type": "MultiPolygon", "coordinates": coordinates}
        self._held = None
        self._show()

    @property
    def corners(self) -> list[QgsPointXY]:
        """Where they are on the map."""
        return list(self._corners.values())

    def activate(self) -> None:
        """Show the corners."""
        super().activate()
        self._show()

    def deactivate(self) -> None:
        """Take the marks away."""
        super().deactivate()
        self._held = None
        self._show()

    def remove(self) -> None:
        """Take it off the map for good."""
        self._map.destinationCrsChanged.disconnect(self._show)
        for band in (self._marks, self._small):
            self._map.scene().removeItem(band)
        self.deleteLater()

    def canvasPressEvent(self, event: QgsMapMouseEvent) -> None:
        """Take hold of a corner, make one, or take one away."""
        corner = self._near(self._corners, event.pos())
        if event.button() == Qt.MouseButton.RightButton and corner is not None:
            self._take_away(corner)
        elif event.button() == Qt.MouseButton.LeftButton:
            middle = self._near(self._middles, event.pos()) if corner is None else None
            if middle is not None:
                point = from_map(self._middles[middle], self._crs)
                if point is not None:
                    polygon, ring, place = middle
                    self._ring(middle).insert(place, list(point))
                    corner = (polygon, ring, place)
            self._held = corner

    def canvasMoveEvent(self, event: QgsMapMouseEvent) -> None:
        """Move what is held."""
        if self._held is not None and self._move(self._held, event.mapPoint()):
            self._show()

    def canvasReleaseEvent(self, event: QgsMapMouseEvent) -> None:
        """Let go: the area is another one now."""
        held, self._held = self._held, None
        if held is not None:
            self._move(held, event.mapPoint())
            self._give()

    @property
    def _crs(self) -> Any:
        return self._map.mapSettings().destinationCrs()

    def _ring(self, corner: Corner) -> list[list[float]]:
        ring: list[list[float]] = self._tree["coordinates"][corner[0]][corner[1]]
        return ring

    def _move(self, corner: Corner, target: QgsPointXY) -> bool:
        point = from_map(target, self._crs)
        if point is None:
            return False
        ring, place = self._ring(corner), corner[2]
        ring[place] = list(point)
        if place == 0:
            ring[-1] = list(point)
        return True

    def _take_away(self, corner: Corner) -> None:
        ring = self._ring(corner)
        if len(ring) <= LEAST_RING:
            self.refused.emit(
                AreaError(
                    "The corner cannot be taken away",
                    "three are the fewest",
                    "Draw another area instead.",
                )
            )
            return
        del ring[corner[2]]
        if corner[2] == 0:
            ring[-1] = list(ring[0])
        self._give()

    def _give(self) -> None:
        try:
            aoi = area_of_geometry(geometry_of(self._tree), lonlat_crs())
        except AreaError as error:
            self.refused.emit(error)
        else:
            self.changed.emit(aoi)

    def _near(self, points: dict[Corner, QgsPointXY], at: QPoint) -> Corner | None:
        found, best = None, float(NEAR_PIXELS)
        for corner, point in points.items():
            shown = self.toCanvasCoordinates(point)
            distance = max(abs(shown.x() - at.x()), abs(shown.y() - at.y()))
            if distance <= best:
                found, best = corner, distance
        return found

    def _show(self) -> None:
        self._corners, self._middles = {}, {}
        for one, polygon in enumerate(self._tree["coordinates"]):
            for two, ring in enumerate(polygon):
                self._add(one, two, ring)
        active = self._map.mapTool() is self
        for band, points in ((self._marks, self._corners), (self._small, self._middles)):
            band.reset(POINT_GEOMETRY)
            for point in points.values() if active else ():
                band.addPoint(point, False)
            band.updatePosition()
            band.update()

    def _add(self, one: int, two: int, ring: list[list[float]]) -> None:
        crs = self._crs
        for place, (x, y) in enumerate(point[:2] for point in ring[:-1]):
            shown = to_map((x, y), crs)
            if shown is not None:
                self._corners[one, two, place] = shown
            after = ring[place + 1]
            middle = to_map(((x + after[0]) / 2, (y + after[1]) / 2), crs)
            if middle is not None:
                self._middles[one, two, place + 1] = middle
