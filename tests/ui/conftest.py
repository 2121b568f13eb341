"""Fixtures that need QGIS; the dock in a window, and a scene on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from qgis.PyQt.QtCore import Qt

from firstlight.plugin.jobs.job_list import JobList
from firstlight.ui.dock.main_dock import MainDock
from support.desktop import Desktop
from support.qgis_fixtures import *  # noqa: F403 - fixtures are found by their names
from support.qgis_fixtures import _quiet_surroundings  # noqa: F401 - a star takes no names with an underscore
from support.scene import World, small_world
from support.waiting import PATIENCE_MS


@pytest.fixture
def dock(desktop: Desktop, tmp_path: Path) -> Iterator[MainDock]:
    """The dock in a window, 400 pixels wide, the page of scenes in view."""
    jobs = JobList()
    made = MainDock(desktop, jobs)
    desktop.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, made)
    desktop.window.resizeDocks([made], [400], Qt.Orientation.Horizontal)
    made.set_output(tmp_path / "results")
    made.show_page(made.scenes)
    yield made
    assert jobs.cancel_all(PATIENCE_MS)
    jobs.close_down()
    made.close_down()
    desktop.removeDockWidget(made)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """One small scene on loopback."""
    with small_world(tmp_path / "world") as made:
        yield made
