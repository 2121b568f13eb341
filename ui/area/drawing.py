"""Drawing and changing the area on the map: one tool at a time, and the map gets back the tool it
had.
"""

from __future__ import annotations

from qgis.core import QgsRectangle
from qgis.gui import QgsMapCanvas, QgsMapTool, QgsMapToolExtent
from qgis.PyQt.QtCore import QEvent, QObject, Qt, pyqtSignal
from qgis.PyQt.QtGui import QKeySequence

from ...core.enums import StrEnum
from ...core.errors import AreaError
from ...core.types import Aoi
from ...plugin.aoi import area_of_rectangle
from .area_text import corner_count
from .corners_tool import MOST_CORNERS, CornersTool
from .shape_tools import CircleTool, PolygonTool, ShapeTool


class Way(StrEnum):
    """Ways to make an area on the map."""

    RECTANGLE = "rectangle"
    POLYGON = "polygon"
    CIRCLE = "circle"
    CORNERS = "corners"
    """Changing the one that is chosen."""


class Drawing(QObject):
    """The tools that make an area on the map.

    Parameters
    ----------
    canvas : QgsMapCanvas
        The map.
    """

    drawn = pyqtSignal(object)
    """Carries the Aoi."""
    refused = pyqtSignal(object)
    """Carries the AreaError."""
    told = pyqtSignal(str)
    """How far it has come, and what to do next."""
    undo_wanted = pyqtSignal()
    """Ctrl+Z while corners are changed."""
    active_changed = pyqtSignal(str)
    """Carries the :class:`Way`; empty where none is under way."""

    def __init__(self, canvas: QgsMapCanvas, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._before: QgsMapTool | None = None
        self._rectangle = QgsMapToolExtent(canvas)
        self._rectangle.extentChanged.connect(self._take_rectangle)
        self._shapes: dict[Way, ShapeTool] = {
            Way.POLYGON: PolygonTool(canvas),
            Way.CIRCLE: CircleTool(canvas),
        }
        self.corners = CornersTool(canvas)
        self.corners.changed.connect(self.drawn)
        self.corners.refused.connect(self.refused)
        for shape in self._shapes.values():
            shape.drawn.connect(self._end_with)
            shape.refused.connect(self._refuse)
            shape.told.connect(self.told)
        for way, tool in self._tools().items():
            tool.activated.connect(lambda way=way: self.active_changed.emit(way.value))
            tool.deactivated.connect(lambda: self.active_changed.emit(""))
        canvas.installEventFilter(self)

    def _tools(self) -> dict[Way, QgsMapTool]:
        return {Way.RECTANGLE: self._rectangle, **self._shapes, Way.CORNERS: self.corners}

    @property
    def way(self) -> Way | None:
        """The one under way."""
        tool = self._canvas.mapTool()
        return next((way for way, one in self._tools().items() if one is tool), None)

    def start(self, way: Way, aoi: Aoi | None = None) -> None:
        """Make a tool the map's.

        Parameters
        ----------
        aoi : Aoi, optional
            The area whose corners are changed.
        """
        if way is Way.CORNERS and aoi is not None and corner_count(aoi) > MOST_CORNERS:
            self.refused.emit(
                AreaError(
                    "The corners of the area cannot be changed on the map",
                    f"there are more than {MOST_CORNERS}",
                    "Simplify its polygon first.",
                )
            )
            self.active_changed.emit("")
            return
        if self.way is None:
            self._before = self._canvas.mapTool()
        self.corners.set_area(aoi if way is Way.CORNERS else None)
        self._canvas.setMapTool(self._tools()[way])
        self._canvas.setFocus()  # so that keys reach it, though a button was pressed last

    def stop(self) -> None:
        """Give the map back the tool it had before."""
        way = self.way
        if way is not None:
            self._canvas.unsetMapTool(self._tools()[way])
            if self._before is not None:
                self._canvas.setMapTool(self._before)
        self._before = None

    def remove(self) -> None:
        """Give the map back, and take the tools off it for good."""
        self.stop()
        self._canvas.removeEventFilter(self)
        self._rectangle.deleteLater()  # it is the canvas's child, and would outlive the plugin
        for tool in self._shapes.values():
            tool.remove()
        self.corners.remove()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Esc ends the drawing, and what was chosen before stays; Enter ends a polygon; Backspace
        and Ctrl+Z take a step back.
        """
        way = self.way if event.type() in (QEvent.Type.KeyPress, SHORTCUT) else None
        if way is None:
            return bool(super().eventFilter(watched, event))
        back = event.key() == Qt.Key.Key_Backspace or event.matches(QKeySequence.StandardKey.Undo)
        if event.type() == SHORTCUT:
            if back:
                event.accept()  # not for QGIS's own menu: it comes back as a key
            return False
        if event.key() == Qt.Key.Key_Escape:
            self._rectangle.clearRubberBand()
            self.stop()
        elif back and way is Way.CORNERS:
            self.undo_wanted.emit()
        elif back and way in self._shapes:
            self._shapes[way].undo()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and way in self._shapes:
            self._shapes[way].finish()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.stop()
        else:
            return bool(super().eventFilter(watched, event))
        return True

    def _take_rectangle(self, rectangle: QgsRectangle) -> None:
        if rectangle.isEmpty():
            return  # a click without a drag: the user may try again
        try:
            aoi = area_of_rectangle(rectangle, self._canvas.mapSettings().destinationCrs())
        except AreaError as error:
            self._refuse(error)
        else:
            self._end_with(aoi)

    def _end_with(self, aoi: Aoi) -> None:
        self.stop()
        self.drawn.emit(aoi)

    def _refuse(self, error: AreaError) -> None:
        self.stop()
        self.refused.emit(error)


SHORTCUT = QEvent.Type.ShortcutOverride
