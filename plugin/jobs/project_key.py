"""Which project a job belongs to: the file of a saved one, a name of its own for one that is not
saved yet.
"""

from __future__ import annotations

from uuid import uuid4

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QObject, pyqtSignal

UNSAVED = "unsaved:"
"""Begins the key of a project that has no file yet."""


class ProjectKey(QObject):
    """Key of the project that is open now."""

    opened = pyqtSignal()
    """Another project is open."""
    renamed = pyqtSignal(str, str)
    """The open project was saved under another name: carries its key before and now."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._key = self._new_key()
        project = QgsProject.instance()
        project.cleared.connect(self._open)
        project.readProject.connect(self._open)
        project.projectSaved.connect(self._save)

    def close_down(self) -> None:
        """Let the project go."""
        project = QgsProject.instance()
        project.cleared.disconnect(self._open)
        project.readProject.disconnect(self._open)
        project.projectSaved.disconnect(self._save)

    def __str__(self) -> str:
        return self._key

    def _open(self, *_: object) -> None:
        self._key = self._new_key()
        self.opened.emit()

    def _save(self) -> None:
        before, now = self._key, str(QgsProject.instance().fileName())
        if now and now != before:
            self._key = now
            self.renamed.emit(before, now)

    def _new_key(self) -> str:
        return str(QgsProject.instance().fileName()) or f"{UNSAVED}{uuid4().hex}"
