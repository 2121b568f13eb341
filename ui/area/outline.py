"""The outline of the chosen area on the map, which stays."""

from __future__ import annotations

from qgis.core import QgsPointXY
from qgis.gui import QgsMapCanvas, QgsRubberBand
from qgis.PyQt.QtCore import QObject
from qgis.PyQt.QtGui import QColor

from ...core.types import Aoi
from ...plugin.compat import POLYGON_GEOMETRY
from ...plugin.map_shapes import on_map

OUTLINE = QColor(236, 112, 20)
FILL = QColor(255, 170, 60, 28)
NO_FILL = QColor(0, 0, 0, 0)
"""Where a map lies below: a veil would give its classes other colours than the legend's."""


def shape_band(canvas: QgsMapCanvas) -> QgsRubberBand:
    """A band for polygons in the colours of the area."""
    band = QgsRubberBand(canvas, POLYGON_GEOMETRY)
    band.setStrokeColor(OUTLINE)
    band.setFillColor(FILL)
    band.setWidth(2)
    return band


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
        self._visible = True
        self._band = shape_band(canvas)
        self._band.setFillColor(NO_FILL)
        canvas.destinationCrsChanged.connect(self._draw)

    def show_area(self, aoi: Aoi | None) -> None:
        """Draw an area, or nothing."""
        self._aoi = aoi
        self._draw()

    def set_visible(self, visible: bool) -> None:
        """Hide it, or show it again."""
        self._visible = visible
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
        for geometry in on_map(self._aoi.geometry, crs) if self._aoi else ():
            self._band.addGeometry(geometry, None)
        self._band.setVisible(self._visible)  # a new shape would show it again

    @property
    def corners(self) -> list[QgsPointXY]:
        """The points on the map, for tests."""
        geometry = self._band.asGeometry()
        return [QgsPointXY(vertex) for vertex in geometry.vertices()]
