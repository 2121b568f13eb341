"""Asks for the pictures of those scenes that are in view, and of no others."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import QEvent, QObject, QPoint, QTimer
from qgis.PyQt.QtWidgets import QAbstractItemView

from ...plugin.thumbnails import ThumbnailStore
from .scene_model import SceneModel

SETTLE_MS = 120
"""While one scrolls, nothing is asked for."""
MOST_AT_ONCE = 60


class VisiblePictures(QObject):
    """Looks which rows can be seen, a moment after anything has moved.

    Parameters
    ----------
    model : SceneModel
        The scenes.
    views : sequence of QAbstractItemView
        Where they are shown; the one that is visible counts.
    """

    def __init__(self, model: SceneModel, views: Sequence[QAbstractItemView]) -> None:
        super().__init__(model)
        self._model, self._views = model, views
        self._store: ThumbnailStore | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE_MS)
        self._timer.timeout.connect(self._ask)
        model.rows_changed.connect(self.look)
        for view in views:
            view.verticalScrollBar().valueChanged.connect(self.look)
            view.installEventFilter(self)

    def set_store(self, store: ThumbnailStore | None) -> None:
        """Ask this one from now on; None: ask nobody."""
        if store is None and self._store is not None:
            self._store.forget_wanted()
        self._store = store
        self.look()

    def look(self, *_: object) -> None:
        """Something has moved."""
        if self._store is not None:
            self._timer.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A view has another size, or comes into view."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self.look()
        return bool(super().eventFilter(watched, event))

    def _ask(self) -> None:
        view = next((view for view in self._views if view.isVisible()), None)
        if view is None or self._store is None or not self._model.rowCount():
            return
        first = view.indexAt(QPoint(8, 8))
        start = first.row() if first.isValid() else 0
        room = view.viewport().rect()
        rows = []
        for row in range(start, min(self._model.rowCount(), start + MOST_AT_ONCE)):
            if not view.visualRect(self._model.index(row, 0)).intersects(room):
                break
            rows.append(row)
        self._store.forget_wanted()
        self._store.want(self._model.scene_at(row) for row in rows)
