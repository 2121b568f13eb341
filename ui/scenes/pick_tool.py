"""A map tool that picks a scene by a click on its footprint."""

from __future__ import annotations

from qgis.gui import QgsMapCanvas, QgsMapMouseEvent, QgsMapTool
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QKeyEvent


class PickTool(QgsMapTool):
    """Tells where the pointer is and where it was clicked; Esc gives the map back."""

    hovered = pyqtSignal(object)
    """Carries the point of the map."""
    picked = pyqtSignal(object, bool)
    """Carries the point, and whether Ctrl was held."""
    given_up = pyqtSignal()

    def __init__(self, canvas: QgsMapCanvas) -> None:
        super().__init__(canvas)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def canvasMoveEvent(self, event: QgsMapMouseEvent) -> None:
        """The pointer moves."""
        self.hovered.emit(event.mapPoint())

    def canvasReleaseEvent(self, event: QgsMapMouseEvent) -> None:
        """A click."""
        if event.button() == Qt.MouseButton.LeftButton:
            with_ctrl = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
            self.picked.emit(event.mapPoint(), with_ctrl)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc ends it."""
        if event.key() == Qt.Key.Key_Escape:
            self.given_up.emit()
