"""The chosen area: one for all pages, drawn on the map."""

from __future__ import annotations

from collections.abc import Callable

from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...core.errors import FirstLightError
from ...core.types import Aoi
from ...plugin.aoi import area_of_canvas
from .drawing import Drawing, Way
from .outline import AreaOutline

MOST_STEPS = 50
"""That can be taken back."""


class AreaChoice(QObject):
    """Holds the area, shows it on the map, and lets it be drawn and changed there.

    Parameters
    ----------
    canvas : QgsMapCanvas
        The map.
    """

    changed = pyqtSignal(object)
    """Carries the Aoi, or None."""
    tried = pyqtSignal()
    """An area is about to be taken, or refused."""
    refused = pyqtSignal(object)
    """Carries the FirstLightError."""

    def __init__(self, canvas: QgsMapCanvas, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.canvas = canvas
        self.aoi: Aoi | None = None
        self._earlier: list[Aoi | None] = []
        self.outline = AreaOutline(canvas, self)
        self.drawing = Drawing(canvas, self)
        self.drawing.drawn.connect(self.choose)
        self.drawing.refused.connect(self.refused)
        self.drawing.undo_wanted.connect(self.undo)

    def choose(self, aoi: Aoi | None) -> None:
        """Choose an area, or none; it can be undone."""
        if aoi != self.aoi:
            self._earlier = [*self._earlier[1 - MOST_STEPS :], self.aoi]
        self._take_over(aoi)

    def set_bounds(self, west: float, south: float, east: float, north: float) -> None:
        """Choose an area by its edges in degrees.

        Raises
        ------
        AreaError
            If they make no area.
        """
        self.choose(Aoi.from_bounds(west, south, east, north))

    def begin_anew(self, aoi: Aoi | None = None) -> None:
        """Another project: there is nothing to undo."""
        self.drawing.stop()
        self._earlier = []
        self._take_over(aoi)

    @property
    def can_undo(self) -> bool:
        """True where there was another area before."""
        return bool(self._earlier)

    def undo(self) -> None:
        """Choose again what was chosen before."""
        if self._earlier:
            self._take_over(self._earlier.pop())

    def take(self, find: Callable[[], Aoi]) -> bool:
        """Choose what ``find`` gives; whether there was an area."""
        self.tried.emit()
        try:
            self.choose(find())
        except FirstLightError as error:
            self.refused.emit(error)
            return False
        return True

    def in_use(self) -> Aoi | None:
        """The chosen area; without one, what the map shows; None where that is no area."""
        if self.aoi is not None:
            return self.aoi
        try:
            return area_of_canvas(self.canvas)
        except FirstLightError as error:
            self.refused.emit(error)
            return None

    def close_down(self) -> None:
        """Leave the map as it was."""
        self.drawing.remove()
        self.outline.remove()

    def _take_over(self, aoi: Aoi | None) -> None:
        self.aoi = aoi
        self.outline.show_area(aoi)
        if self.drawing.way is Way.CORNERS:
            if aoi is None:
                self.drawing.stop()
            else:
                self.drawing.corners.set_area(aoi)
        self.changed.emit(aoi)
