"""What the buttons of a result do."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...core.errors import FirstLightError
from ...core.operation import OperationResult
from ...core.operations.report.print_event import PRINT
from ..parts.page import Page
from ..parts.shared import open_path
from ..results.before_after import show_before_after
from ..results.swipe import start_swipe, stop_swipe
from .result_card import ResultCard


class ResultDeeds(QObject):
    """Opens, shows, compares and prints the result on a card.

    Parameters
    ----------
    page : Page
        Starts operations, and says what happens.
    card : ResultCard
        Whose buttons are pressed.
    """

    printed = pyqtSignal()
    """The page was printed, and opened."""

    def __init__(self, page: Page, card: ResultCard) -> None:
        super().__init__(page)
        self._page, self._card = page, card
        card.report_wanted.connect(lambda result: open_path(Path(result.outputs["report"])))
        card.folder_wanted.connect(lambda result: open_path(folder_of(result)))
        card.compare_wanted.connect(self._compare)
        card.swipe_wanted.connect(self._swipe)
        card.print_wanted.connect(self._print)
        card.zoom_wanted.connect(
            lambda result: page.shared.show_layers({layer.path for layer in result.layers})
        )

    def _compare(self, result: OperationResult) -> None:
        try:
            show_before_after(self._page.shared.iface, result.layers)
        except FirstLightError as error:
            self._page.show_error(error)

    def _swipe(self, result: OperationResult) -> None:
        """Draw a curtain over the map, or take it away."""
        if not self._card.swipe_button.isChecked():
            stop_swipe()
            return
        try:
            tool = start_swipe(self._page.shared.iface.mapCanvas(), result.layers)
        except FirstLightError as error:
            tool = None
            self._page.show_error(error)
        self._card.swipe_button.setChecked(tool is not None)
        if tool is not None:
            tool.ended.connect(self._end_swipe)
            self._page.say(self.tr("Move the mouse over the map: before | after. Esc ends it."))

    def _end_swipe(self) -> None:
        self._card.swipe_button.setChecked(False)

    def _print(self, result: OperationResult) -> None:
        """One page as PDF, opened when it is there."""
        folder = {"path": str(folder_of(result))}
        if self._page.start(PRINT, folder, self._open_print, lambda _: None):
            self._page.say(self.tr("Printing …"))

    def _open_print(self, result: OperationResult) -> None:
        path = Path(str(result.outputs["pdf"]))
        self._page.say(self.tr("Printed: {path}").format(path=path))
        open_path(path)
        self.printed.emit()


def folder_of(result: OperationResult) -> Path:
    """Where an event's results are."""
    return Path(str(result.outputs["report"])).parent
