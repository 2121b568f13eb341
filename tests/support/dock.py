"""Hands on the dock: presses of its buttons, and the end of what they start."""

from __future__ import annotations

from datetime import date

from pytestqt.qtbot import QtBot
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QAbstractButton

from firstlight.ui.dock.main_dock import MainDock

from .scene import BBOX, World
from .waiting import PATIENCE_MS


def press(qtbot: QtBot, button: QAbstractButton) -> None:
    """Click a button that can be clicked."""
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)  # type: ignore[no-untyped-call]


def choose_world(dock: MainDock, world: World) -> None:
    """Choose the catalogue, the dates and the area of the small scene."""
    dock.set_catalog(world.url)
    dock.set_dates(date(2024, 6, 1), date(2024, 6, 2))
    dock.set_area(*BBOX)


def press_search(dock: MainDock, qtbot: QtBot) -> int:
    """Search and wait for the end; gives the number of scenes."""
    with qtbot.waitSignal(dock.search_finished, timeout=PATIENCE_MS) as caught:
        press(qtbot, dock.scenes.search_panel.search_button)
    return int(caught.args[0])


def press_run(dock: MainDock, qtbot: QtBot, button: QAbstractButton | None = None) -> str:
    """Run (the Scenes tab's button unless another is given) and wait; gives the status."""
    with qtbot.waitSignal(dock.run_finished, timeout=PATIENCE_MS) as caught:
        press(qtbot, button or dock.scenes.run_panel.run_button)
    return str(caught.args[0])
