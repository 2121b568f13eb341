"""The plugin's life in QGIS: what initGui makes, unload takes away."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from qgis.core import Qgis, QgsApplication, QgsRectangle
from qgis.gui import QgsMapCanvasItem
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QDockWidget

import firstlight
from firstlight.core.installation.needed import Library
from firstlight.plugin import main
from firstlight.plugin.main import ICON_PATH, FirstLightPlugin
from support.operations import COUNT


def providers():
    return [provider.id() for provider in QgsApplication.processingRegistry().providers()]


def traces(desktop):
    """What a plugin could leave behind."""
    return {
        "providers": providers(),
        "toolbar": [action.text() for action in desktop.toolbar.actions()],
        "options": len(desktop.options),
        "locators": len(desktop.locators),
        "menu": [action.text() for action in desktop.raster_menu.actions()],
        "docks": [dock.objectName() for dock in desktop.window.findChildren(QDockWidget)],
        "canvas items": sum(
            isinstance(item, QgsMapCanvasItem) for item in desktop.canvas.scene().items()
        ),
        "map tool": type(desktop.canvas.mapTool()).__name__,
        "tasks": QgsApplication.taskManager().countActiveTasks(),
    }


@pytest.fixture
def plugin(desktop):
    made = firstlight.classFactory(desktop)
    yield made
    made.unload()


def settle(qgis_app):
    """Let deleteLater happen."""
    qgis_app.sendPostedEvents(None, 52)  # QEvent.DeferredDelete
    qgis_app.processEvents()


def test_init_gui_and_unload_leave_nothing_twice(plugin, desktop, qgis_app):
    before = traces(desktop)
    for _ in range(2):
        plugin.initGui()
        assert providers().count("firstlight") == 1
        assert [action.text() for action in desktop.toolbar.actions()] == ["FirstLight"]
        assert [action.text() for action in desktop.raster_menu.actions()] == ["FirstLight"]
        assert plugin.dock is None, "made at the first click: QGIS starts without it"
        plugin.action.trigger()
        assert "firstlight_dock" in traces(desktop)["docks"]
        plugin.dock.set_area(10, 45, 11, 46)
        desktop.canvas.setExtent(QgsRectangle(9, 44, 12, 47))  # there is something to draw on
        plugin.dock.scenes.area_panel.draw_button.click()
        assert traces(desktop)["map tool"] == "QgsMapToolExtent"
        plugin.unload()
        settle(qgis_app)
        assert traces(desktop) == before


def test_unload_stops_what_is_running(plugin, desktop, wait_for):
    plugin.initGui()
    plugin.action.trigger()
    said = []
    job = plugin.jobs.start(COUNT, COUNT.make_params({"steps": 100000, "wait_s": 0.01}))
    job.ended.connect(lambda: said.append(job.state))
    plugin.unload()
    assert said == ["interrupted"]
    assert QgsApplication.taskManager().countActiveTasks() == 0


@pytest.mark.parametrize("broken", ["addToolBarIcon", "addPluginToRasterMenu"])
def test_unload_survives_a_half_finished_start(plugin, desktop, monkeypatch, qgis_app, broken):
    before = traces(desktop)

    def fail(*_):
        raise RuntimeError("QGIS is in a bad mood")

    with monkeypatch.context() as patch:
        patch.setattr(desktop, broken, fail)
        with pytest.raises(RuntimeError, match="bad mood"):
            plugin.initGui()
    plugin.unload()
    settle(qgis_app)
    assert traces(desktop) == before
    plugin.unload()  # once more does no harm


def test_the_button_opens_and_closes_the_dock(plugin, desktop):
    plugin.initGui()
    assert not plugin.action.isChecked()
    plugin.action.trigger()
    assert plugin.dock.isVisible()
    assert plugin.action.isChecked()
    assert desktop.window.dockWidgetArea(plugin.dock) == Qt.DockWidgetArea.RightDockWidgetArea
    plugin.dock.close()  # its own cross
    assert not plugin.action.isChecked()
    plugin.action.trigger()
    assert plugin.dock.isVisible()
    plugin.action.trigger()
    assert not plugin.dock.isVisible()


@pytest.mark.parametrize("left_open", [True, False])
def test_the_dock_is_as_it_was_when_qgis_was_left(plugin, desktop, qgis_app, left_open):
    plugin.initGui()
    plugin.action.trigger()
    if not left_open:
        plugin.dock.close()
    plugin.unload()
    settle(qgis_app)
    again = firstlight.classFactory(desktop)
    again.initGui()
    assert again.dock is None, "not before QGIS has started"
    desktop.initializationCompleted.emit()
    assert (again.dock is not None) is left_open
    assert again.action.isChecked() is left_open
    again.unload()


def test_a_start_imports_no_operation_and_no_library(tmp_path):
    """What QGIS waits for at each start: a file, and the definitions of Processing."""
    script = """if True:
        import sys
        from qgis.core import Qgis, QgsApplication
        app = QgsApplication([], True)
        app.initQgis()
        before = set(sys.modules)  # newer ones import numpy themselves
        import firstlight
        plugin = firstlight.classFactory(None)
        plugin.initGui()
        ours = {name for name in sys.modules if name.startswith("firstlight.")}
        for room in ("operations", "maps", "discovery", "recipes", "settings", "casts", "types"):
            bad = [name for name in ours if name.startswith(f"firstlight.core.{room}")]
            assert not bad, bad
        assert not [name for name in ours if name.startswith("firstlight.ui")]
        assert "firstlight.core.language.sentences" not in ours, "in English"
        heavy = {"numpy", "yaml", "requests", "osgeo", "rasterio", "dask", "pystac_client"}
        heavy |= {"html", "shutil"}
        ours_too = heavy & (set(sys.modules) - before)
        assert not ours_too, ours_too
        assert len(app.processingRegistry().providerById("firstlight").algorithms()) > 20
    """
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(link(tmp_path))}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def link(folder):
    """A folder from which this checkout is imported as ``firstlight``, whatever it is called."""
    (folder / "firstlight").symlink_to(Path(firstlight.__file__).resolve().parent)
    return folder


def test_an_old_python_is_one_sentence(desktop, monkeypatch):
    """Before anything is imported that such a Python cannot read."""
    monkeypatch.setattr(sys, "version_info", (3, 9, 18, "final", 0))
    plugin = firstlight.classFactory(desktop)
    plugin.initGui()
    [message] = desktop.messages
    assert "QGIS's Python is 3.9, and it needs 3.10 or newer" in message.text
    assert "above 3.28 on Windows" in message.text
    assert message.level == Qgis.MessageLevel.Warning
    plugin.unload()
    assert "firstlight" not in providers()


@pytest.mark.parametrize("name", ["__init__.py", "plugin/__init__.py", "plugin/old_python.py"])
def test_what_an_old_python_reads_it_understands(name):
    ast.parse((Path(firstlight.__file__).parent / name).read_text(), feature_version=(3, 7))


def test_without_a_window_only_processing(qgis_app):
    plugin = firstlight.classFactory(None)
    plugin.initProcessing()
    try:
        assert "firstlight" in providers()
        assert plugin.dock is None
    finally:
        plugin.unload()
    assert "firstlight" not in providers()


def test_init_gui_without_a_window(qgis_app):
    plugin = FirstLightPlugin(None)
    plugin.initGui()
    plugin.unload()
    assert "firstlight" not in providers()


def test_a_missing_library_is_one_sentence_and_the_plugin_still_loads(
    plugin, desktop, monkeypatch, qgis_app
):
    before = traces(desktop)
    monkeypatch.setattr(main, "missing_libraries", lambda: (Library("yaml", "PyYAML"),))
    plugin.initGui()
    [message] = desktop.messages
    whole = (
        "FirstLight cannot start: QGIS's Python lacks the library PyYAML. "
        'Run "python3 -m pip install PyYAML" with QGIS\'s own Python (on Windows in the '
        "OSGeo4W shell) and restart QGIS."
    )
    assert message.text.startswith(
        "FirstLight cannot start: QGIS's Python lacks the library PyYAML"
    )
    assert whole in desktop.logged()
    assert plugin.dock is None
    assert plugin.provider.algorithms() == []
    assert plugin.provider.warningMessage() == whole
    desktop.bar.clearWidgets()
    plugin.action.trigger()
    assert [m.text for m in desktop.messages] == [message.text] * 2, (
        "said again, in place of the dock"
    )
    assert not plugin.action.isChecked()
    plugin.unload()
    settle(qgis_app)
    assert traces(desktop) == before


def test_the_icon_is_a_picture(qgis_app):
    assert ElementTree.parse(ICON_PATH).getroot().tag.endswith("svg")
    image = QIcon(str(ICON_PATH)).pixmap(32, 32).toImage()
    colours = {image.pixel(x, y) for x in range(image.width()) for y in range(image.height())}
    assert len(colours) > 50
