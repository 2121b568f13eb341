"""Before | after on QGIS's own map: a curtain that follows the mouse."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import QgsMapLayer, QgsMapRendererParallelJob, QgsMapSettings
from qgis.gui import QgsMapCanvas, QgsMapMouseEvent, QgsMapTool
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QEvent, QObject, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QColor, QCursor, QKeyEvent

from ...core.operation import LayerOutput
from ...plugin.map_view import zoom_to_layers
from ...plugin.picture_pair import PicturePair, picture_pair
from .curtain import Curtain
from .own_layers import open_own

STEP = 0.02
"""Share of the map's width that an arrow key moves the curtain by."""
_kept: list[SwipeTool] = []
"""The one that is the map's: QGIS keeps no Python object alive."""


def start_swipe(canvas: QgsMapCanvas, layers: Sequence[LayerOutput]) -> SwipeTool | None:
    """Draw a curtain over the map: the picture before left of the mouse, that after right of it.

    Parameters
    ----------
    canvas : QgsMapCanvas
        QGIS's map.
    layers : sequence of LayerOutput
        Those of a result.

    Returns
    -------
    SwipeTool or None
        None where the result has no two pictures of one sensor.

    Raises
    ------
    FirstLightError
        If QGIS cannot open one of them.
    """
    pair = picture_pair(layers)
    if pair is None:
        return None
    tool = SwipeTool(canvas, pair)
    stop_swipe()
    _kept.append(tool)
    tool.begin()
    return tool


def stop_swipe() -> None:
    """Give the map back, where a curtain is drawn; called before the plugin goes."""
    while _kept:
        tool = _kept.pop()
        if not sip.isdeleted(tool):
            tool.end()


class SwipeTool(QgsMapTool):
    """A map tool: the curtain stays as long as it is the map's. Esc gives the map back the tool it
    had; the wheel and the middle button zoom and pan as ever.

    Its layers are its own, and are drawn off the main thread.

    Parameters
    ----------
    canvas : QgsMapCanvas
        QGIS's map.
    pair : PicturePair
        What to show.

    Raises
    ------
    FirstLightError
        If QGIS cannot open a picture.
    """

    ended = pyqtSignal()

    def __init__(self, canvas: QgsMapCanvas, pair: PicturePair) -> None:
        super().__init__(canvas)
        outline = [] if pair.outline is None else [open_own(pair.outline, self)]
        self._pictures = [open_own(output, self) for output in (pair.before, pair.after)]
        self._sides = [_Side([*outline, picture]) for picture in self._pictures]
        self._titles = (pair.before.title, pair.after.title)
        self._canvas = canvas
        self._before: QgsMapTool | None = None
        self.curtain: Curtain | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._draw)
        for picture in self._pictures:
            picture.repaintRequested.connect(self._move)  # its colours are known better now
        for side in self._sides:
            side.drawn.connect(self._show)
        self.setCursor(QCursor(Qt.CursorShape.SplitHCursor))

    def begin(self) -> None:
        """Become the map's tool; the pictures are brought into view."""
        self._before = self._canvas.mapTool()
        zoom_to_layers(self._canvas, self._pictures)
        self._canvas.setMapTool(self)
        self._canvas.setFocus()  # so that Esc reaches it, though a button was pressed last

    def end(self) -> None:
        """Give the map back the tool it had."""
        if self._canvas.mapTool() is self:
            self._canvas.unsetMapTool(self)
            if self._before is not None and not sip.isdeleted(self._before):
                self._canvas.setMapTool(self._before)
        self._before = None

    @property
    def is_drawn(self) -> bool:
        """Whether both pictures are there, as the map is now."""
        return self.curtain is not None and self.curtain.is_full

    def activate(self) -> None:
        """It is the map's now."""
        super().activate()
        self.curtain = Curtain(self._canvas, self._titles)
        self._canvas.extentsChanged.connect(self._move)
        self._canvas.destinationCrsChanged.connect(self._move)
        self._canvas.rotationChanged.connect(self._move)
        self._canvas.installEventFilter(self)
        self._move()

    def deactivate(self) -> None:
        """Another tool was chosen, or it gives the map back by itself: the curtain goes."""
        if self.curtain is not None:
            self._canvas.extentsChanged.disconnect(self._move)
            self._canvas.destinationCrsChanged.disconnect(self._move)
            self._canvas.rotationChanged.disconnect(self._move)
            self._canvas.removeEventFilter(self)
            self._timer.stop()
            for side in self._sides:
                side.stop()
            self._canvas.scene().removeItem(self.curtain)
            self.curtain = None
        super().deactivate()
        if self in _kept:
            _kept.remove(self)
        self.ended.emit()

    def canvasMoveEvent(self, event: QgsMapMouseEvent) -> None:
        """The curtain follows."""
        if self.curtain is not None:
            self.curtain.set_place(event.pos().x() / max(self._canvas.width(), 1))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Esc ends it, arrows move the curtain."""
        if event.type() == QEvent.Type.Resize:
            self._move()
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return bool(super().eventFilter(watched, event))
        steps = {Qt.Key.Key_Left: -STEP, Qt.Key.Key_Right: STEP}
        if event.key() == Qt.Key.Key_Escape:
            self.end()
        elif event.key() in steps and self.curtain is not None:
            self.curtain.set_place(self.curtain.place + steps[event.key()])
        else:
            return bool(super().eventFilter(watched, event))
        return True

    def _move(self, *_: object) -> None:
        """The map shows another place: the pictures are drawn anew, when it has come to rest."""
        if self.curtain is not None:
            self.curtain.clear()
            self._timer.start()

    def _draw(self) -> None:
        for side in self._sides:
            side.draw(self._canvas.mapSettings())

    def _show(self) -> None:
        if self.curtain is not None:
            self.curtain.show_images([side.image for side in self._sides])


class _Side(QObject):
    """Draws some layers as the map would, in the background."""

    drawn = pyqtSignal()

    def __init__(self, layers: list[QgsMapLayer]) -> None:
        super().__init__()
        self._layers = layers
        self._job: QgsMapRendererParallelJob | None = None
        self.image = None

    def draw(self, like: QgsMapSettings) -> None:
        self.stop()
        settings = QgsMapSettings(like)
        settings.setLayers(self._layers)
        settings.setBackgroundColor(QColor(Qt.GlobalColor.white))
        self._job = QgsMapRendererParallelJob(settings)
        self._job.finished.connect(self._take)
        self._job.start()

    def stop(self) -> None:
        """Forget what is under way; it ends by itself."""
        self.image = None
        if self._job is not None:
            self._job.finished.disconnect(self._take)
            self._job.cancelWithoutBlocking()
            _ending.append(self._job)
            self._job.finished.connect(_forget_ended)
            self._job = None

    def _take(self) -> None:
        if self._job is not None:
            self.image = self._job.renderedImage()
            self._job = None
            self.drawn.emit()


_ending: list[QgsMapRendererParallelJob] = []
"""Jobs that were stopped: dropped before they have ended, they would be waited for."""


def _forget_ended() -> None:
    _ending[:] = [job for job in _ending if job.isActive()]
