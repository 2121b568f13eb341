"""The window for catalogues, and what every list of catalogues says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtWidgets import QWidget

from ...core.operations.archives.catalogs import Answer
from .catalog_combo import CatalogCombo
from .catalog_dialog import CatalogDialog


class CatalogKeeper(QObject):
    """Shows the window in which catalogues are added and removed, and tells all lists in the dock.

    Parameters
    ----------
    dock : QWidget
        Holds the lists.
    check : callable
        Asks every known catalogue whether it answers.
    """

    added = pyqtSignal(str)
    """Carries the address of a new catalogue."""

    def __init__(self, dock: QWidget, check: Callable[[], None]) -> None:
        super().__init__(dock)
        self._dock = dock
        self._check = check
        self.dialog: CatalogDialog | None = None

    def show_dialog(self) -> None:
        """Let the user add and remove catalogues, in a window of its own that holds nothing up."""
        if self.dialog is None:
            self.dialog = CatalogDialog(self._dock)
            self.dialog.added.connect(self._take)
            self.dialog.removed.connect(lambda _: self._offer())
            self.dialog.check_wanted.connect(self._check)
        self.dialog.show()
        self.dialog.raise_()

    def show_answers(self, answers: Iterable[Answer]) -> None:
        """Say in every list whether the catalogues answer."""
        known = tuple(answers)
        for combo in self._dock.findChildren(CatalogCombo):
            combo.show_answers(known)

    def _take(self, url: str) -> None:
        self._offer()
        self.added.emit(url)

    def _offer(self) -> None:
        for combo in self._dock.findChildren(CatalogCombo):
            combo.reload()
