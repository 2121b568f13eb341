"""QGIS as the stand-in beside this file, on the real PyQt6; ``scripts/check_qt6.sh`` starts it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest

pytest.importorskip("PyQt6", reason="PyQt6 is not installed: scripts/check_qt6.sh brings it")

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QMainWindow
from qgis.gui import QgsMapCanvas, QgsMessageBar

from firstlight.plugin.jobs.job_list import JobList
from firstlight.ui.dock.main_dock import MainDock


class Desktop:
    """What the dock is given: a window, a map, a message bar."""

    def __init__(self) -> None:
        self.window = QMainWindow()
        self.canvas = QgsMapCanvas()
        self.bar = QgsMessageBar()

    def mainWindow(self) -> QMainWindow:
        return self.window

    def mapCanvas(self) -> QgsMapCanvas:
        return self.canvas

    def messageBar(self) -> QgsMessageBar:
        return self.bar

    def __getattr__(self, name: str) -> Any:
        return MagicMock(name=name)


@pytest.fixture
def desktop(qtbot: Any) -> Desktop:
    """A window on the screen."""
    made = Desktop()
    qtbot.addWidget(made.window)
    made.window.resize(1200, 900)
    made.window.show()
    return made


@pytest.fixture
def dock(desktop: Desktop, tmp_path: Path) -> Iterator[MainDock]:
    """The dock in that window."""
    jobs = JobList()
    made = MainDock(desktop, jobs)
    desktop.window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, made)
    made.set_output(tmp_path / "results")
    yield made
    jobs.close_down()
    made.close_down()
    desktop.window.removeDockWidget(made)
