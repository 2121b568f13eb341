"""The footprints of scenes on the map: all of them thin, the chosen ones strong, one bright."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from qgis.core import QgsGeometry, QgsPointXY
from qgis.gui import QgsMapCanvas, QgsRubberBand
from qgis.PyQt.QtCore import QObject
from qgis.PyQt.QtGui import QColor

from ..core.types import SceneItem
from .compat import POLYGON_GEOMETRY
from .map_shapes import on_map

SEGMENTS = 8
"""Pieces of an edge; a scene is a degree or two wide."""
ALL, CHOSEN, MARKED = QColor(70, 110, 160, 200), QColor(0, 114, 178), QColor(240, 228, 66)
"""After Okabe and Ito: told apart by those who do not see red from green."""
NO_FILL = QColor(0, 0, 0, 0)
"""A veil would give a map below other colours than its legend's."""


class Footprints(QObject):
    """Footprints as bands above the map: no layer of the project.

    Parameters
    ----------
    canvas : QgsMapCanvas
        The map.
    """

    def __init__(self, canvas: QgsMapCanvas, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._scenes: Sequence[SceneItem] = ()
        self._shapes: list[QgsGeometry | None] = []
        self._chosen: frozenset[int] = frozenset()
        self._shown: Sequence[int] = ()
        self._marked: int | None = None
        self._visible = True
        self._bands = {
            name: self._band(color, width)
            for name, color, width in (
                ("all", ALL, 1),
                ("chosen", CHOSEN, 3),
                ("marked", MARKED, 3),
            )
        }
        canvas.destinationCrsChanged.connect(self._lay_out)

    def _band(self, color: QColor, width: int) -> QgsRubberBand:
        band = QgsRubberBand(self._canvas, POLYGON_GEOMETRY)
        band.setStrokeColor(color)
        band.setFillColor(NO_FILL)
        band.setWidth(width)
        if color is MARKED:
            band.setSecondaryStrokeColor(QColor(60, 60, 0))  # seen on bright ground, too
        return band

    def set_scenes(self, scenes: Sequence[SceneItem]) -> None:
        """Show other scenes; none of them is marked."""
        self._scenes, self._marked = scenes, None
        self._shown = range(len(scenes))
        self._lay_out()

    def set_shown(self, numbers: Sequence[int]) -> None:
        """Show only some of them, the first ones on top for a click."""
        others = frozenset(numbers) != frozenset(self._shown)
        self._shown = numbers
        if others:
            self._draw("all", numbers)

    def set_chosen(self, numbers: Collection[int]) -> None:
        """Draw these strongly."""
        self._chosen = frozenset(numbers)
        self._draw("chosen", sorted(self._chosen))

    def mark(self, number: int | None) -> None:
        """Draw one brightly, or none."""
        if number != self._marked:
            self._marked = number
            self._draw("marked", () if number is None else (number,))

    @property
    def marked(self) -> int | None:
        """The bright one."""
        return self._marked

    def at(self, point: QgsPointXY) -> list[int]:
        """Numbers of the shown scenes under a point of the map, in their order."""
        there = QgsGeometry.fromPointXY(point)
        found = []
        for number in self._shown:
            shape = self._shapes[number]
            if shape is not None and shape.boundingBox().contains(point) and shape.contains(there):
                found.append(number)
        return found

    def shape(self, number: int) -> QgsGeometry | None:
        """The footprint of one on the map; None where it has none there."""
        return self._shapes[number]

    def set_visible(self, visible: bool) -> None:
        """Hide them all, or show them again."""
        self._visible = visible
        for band in self._bands.values():
            band.setVisible(visible)

    @property
    def drawn(self) -> dict[str, QgsGeometry]:
        """What is on the map, for tests."""
        bands = self._bands.items() if self._visible else ()
        return {name: band.asGeometry() for name, band in bands}

    def remove(self) -> None:
        """Take them off the map for good."""
        self._canvas.destinationCrsChanged.disconnect(self._lay_out)
        for band in self._bands.values():
            self._canvas.scene().removeItem(band)

    def _lay_out(self) -> None:
        crs = self._canvas.mapSettings().destinationCrs()
        self._shapes = []
        for scene in self._scenes:
            parts = [] if scene.footprint is None else _parts(scene, crs)
            self._shapes.append(QgsGeometry.collectGeometry(parts) if parts else None)
        self._draw("all", self._shown)
        self._draw("chosen", sorted(self._chosen))
        self._draw("marked", () if self._marked is None else (self._marked,))

    def _draw(self, name: str, numbers: Sequence[int]) -> None:
        shapes = [self._shapes[number] for number in numbers if number < len(self._shapes)]
        found = [shape for shape in shapes if shape is not None]
        band = self._bands[name]
        if found:
            band.setToGeometry(_together(found), None)
        else:
            band.reset(POLYGON_GEOMETRY)
        band.setVisible(self._visible)  # a new shape would show it again


def _parts(scene: SceneItem, crs: object) -> list[QgsGeometry]:
    """Polygons of a footprint on the map; none where it is no polygon."""
    tree = scene.footprint
    if tree is None or tree.get("type") not in ("Polygon", "MultiPolygon"):
        return []
    try:
        return list(on_map(tree, crs, SEGMENTS))
    except (TypeError, ValueError, KeyError, IndexError):  # of a catalogue: nothing is sure
        return []


def _together(shapes: Sequence[QgsGeometry]) -> QgsGeometry:
    """All polygons as one geometry, which a band takes at once."""
    polygons = [polygon for shape in shapes for polygon in shape.asGeometryCollection()]
    return QgsGeometry.collectGeometry(polygons)
