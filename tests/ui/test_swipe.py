"""Before | after on the map, by a curtain that follows the mouse."""

from __future__ import annotations

from datetime import datetime, timezone

import numpy as np
import pytest
import rasterio
from qgis.core import QgsProject, QgsRectangle
from qgis.gui import QgsMapToolZoom
from qgis.PyQt.QtCore import QEvent, QPoint, QPointF, Qt
from qgis.PyQt.QtGui import QColor, QMouseEvent
from qgis.PyQt.QtWidgets import QApplication

from firstlight.core.errors import FirstLightError
from firstlight.core.operation import LayerOutput
from firstlight.ui.results import swipe
from firstlight.ui.results.curtain import Curtain
from firstlight.ui.results.swipe import start_swipe, stop_swipe
from support.main_thread import python_calls
from support.map_layers import add_layers
from support.qgis_fixtures import make_stack


def picture(folder, name, level, month):
    """One of the same brightness everywhere."""
    path = make_stack(folder / f"{name}.tif", ("blue", "green", "red"))
    with rasterio.open(path, "r+") as raster:
        raster.write(np.full((3, 64, 64), level, "uint16"))
    when = datetime(2024, month, 1, tzinfo=timezone.utc)
    title = f"{name}, 2024-0{month}-01"
    return LayerOutput(path, title, "natural_color", "Sentinel-2", when, visible=month == 7)


@pytest.fixture
def outputs(tmp_path):
    return [picture(tmp_path, "Before", 300, 6), picture(tmp_path, "After", 2700, 7)]


@pytest.fixture
def started(desktop, outputs, wait_for):
    """The tool, drawn over a map that shows the layers."""
    [layer, _], _ = add_layers(outputs, QgsProject.instance())
    wait_for(lambda: desktop.canvas.layers())
    desktop.canvas.setDestinationCrs(layer.crs())
    desktop.canvas.setExtent(layer.extent())
    tool = start_swipe(desktop.canvas, outputs)
    wait_for(lambda: tool.is_drawn)
    yield tool
    stop_swipe()


def move(canvas, x):
    """The mouse, without a button."""
    place = QPointF(x, canvas.height() / 2)
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        place,
        Qt.MouseButton.NoButton,
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(canvas.viewport(), event)


def lightness(canvas, x):
    shot = canvas.grab().toImage()
    return QColor(shot.pixel(round(x), shot.height() // 2)).lightness()


def curtains(canvas):
    return [item for item in canvas.scene().items() if isinstance(item, Curtain)]


def test_before_is_left_of_the_mouse_and_after_right_of_it(desktop, started):
    canvas = desktop.canvas
    width = canvas.width()
    move(canvas, width * 0.5)
    dark, bright = lightness(canvas, width * 0.45), lightness(canvas, width * 0.55)
    assert dark < 60 < 150 < bright
    move(canvas, width * 0.4)
    assert lightness(canvas, width * 0.45) == bright, "the line has moved to the left of it"
    move(canvas, width * 0.6)
    assert lightness(canvas, width * 0.55) == dark


def test_the_keys_move_it_and_esc_gives_the_map_back(desktop, started, qtbot):
    canvas, before = desktop.canvas, desktop.canvas.mapTool()
    assert before is started
    place = started.curtain.place
    qtbot.keyClick(canvas, Qt.Key.Key_Right)
    assert started.curtain.place == pytest.approx(place + 0.02)
    qtbot.keyClick(canvas, Qt.Key.Key_Left)
    assert started.curtain.place == pytest.approx(place)
    with qtbot.waitSignal(started.ended):
        qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert canvas.mapTool() is desktop._pan
    assert curtains(canvas) == []
    assert swipe._kept == []


def test_another_tool_ends_it_and_is_not_taken_away(desktop, started, qtbot):
    zoom = QgsMapToolZoom(desktop.canvas, False)
    with qtbot.waitSignal(started.ended):
        desktop.canvas.setMapTool(zoom)
    assert desktop.canvas.mapTool() is zoom
    assert curtains(desktop.canvas) == []
    stop_swipe()
    assert desktop.canvas.mapTool() is zoom
    desktop.canvas.setMapTool(desktop._pan)


def test_the_pictures_follow_the_map(desktop, started, wait_for):
    canvas = desktop.canvas
    extent = canvas.extent()
    canvas.setExtent(QgsRectangle(0, 0, 1, 1))
    assert not started.is_drawn, "no picture of another place is shown"
    wait_for(lambda: started.is_drawn)
    assert lightness(canvas, canvas.width() * 0.25) == 255, "there is nothing"
    for factor in (0.5, 2.0, 0.5, 2.0):  # faster than they can be drawn
        canvas.setExtent(extent.scaled(factor))
    wait_for(lambda: started.is_drawn)
    move(canvas, canvas.width() / 2)
    assert lightness(canvas, canvas.width() * 0.45) < 60


def test_a_move_of_the_mouse_costs_next_to_nothing(desktop, started):
    move(desktop.canvas, 10)
    assert python_calls(lambda: move(desktop.canvas, 200)) < 20


def test_a_second_one_takes_the_place_of_the_first(desktop, outputs, started, wait_for):
    second = start_swipe(desktop.canvas, outputs)
    assert desktop.canvas.mapTool() is second
    assert len(curtains(desktop.canvas)) == 1
    stop_swipe()
    assert desktop.canvas.mapTool() is desktop._pan
    assert curtains(desktop.canvas) == []


def test_what_is_removed_from_the_project_stays_under_the_curtain(desktop, started, wait_for):
    QgsProject.instance().clear()
    started._move()
    wait_for(lambda: started.is_drawn)
    assert QPoint(0, 0) in started.curtain.boundingRect().toRect()


def test_a_picture_that_is_gone_is_told_and_the_map_keeps_its_tool(desktop, outputs):
    outputs[0].path.unlink()
    with pytest.raises(FirstLightError, match=r"Before\.tif cannot be opened: it does not exist"):
        start_swipe(desktop.canvas, outputs)
    assert desktop.canvas.mapTool() is desktop._pan
    assert start_swipe(desktop.canvas, outputs[1:]) is None, "there is nothing to compare"
