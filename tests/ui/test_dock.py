"""The whole way in the dock, against a catalogue and files on loopback: area, search, scenes, bands, run."""

from __future__ import annotations

import re
import time
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import rasterio
from qgis.core import Qgis, QgsCoordinateReferenceSystem, QgsProject, QgsRectangle
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtWidgets import QAbstractButton, QApplication, QDialog, QMessageBox

from firstlight.plugin.settings_store import read_last
from firstlight.ui.scene_model import CLOUD, DATE, ID
from support.range_server import Fault, FaultyServer
from support.scene import BBOX, ITEM_ID, TEN_METRE, TWENTY_METRE, small_world
from support.ticks import calmest

BANDS = [*TEN_METRE, *TWENTY_METRE]


def press(qtbot, button):
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def choose(dock, world):
    dock.set_catalog(world.url)
    dock.set_dates(date(2024, 6, 1), date(2024, 6, 2))
    dock.set_area(*BBOX)


def search(dock, qtbot):
    with qtbot.waitSignal(dock.search_finished, timeout=10000) as caught:
        press(qtbot, dock.search_panel.search_button)
    return caught.args[0]


def run(dock, qtbot):
    with qtbot.waitSignal(dock.run_finished, timeout=30000) as caught:
        press(qtbot, dock.run_panel.run_button)
    return caught.args[0]


def band_states(dock):
    table = dock.run_panel.band_table
    return {table.item(row, 0).text(): table.item(row, 1).text() for row in range(table.rowCount())}


def names_in_tree():
    root = QgsProject.instance().layerTreeRoot()
    [parent] = root.children()
    [scene] = parent.children()
    return parent.name(), scene.name(), [node.name() for node in scene.children()]


@pytest.fixture
def found(dock, world, qtbot):
    """The dock after a search."""
    choose(dock, world)
    assert search(dock, qtbot) == 1
    return dock


def test_what_to_do_next_is_said_and_only_that_can_be_pressed(dock, world, qtbot):
    buttons = dock.search_panel.search_button, dock.run_panel.run_button, dock.run_panel.cancel_button

    def state():
        return dock.status_label.text(), tuple(button.isEnabled() for button in buttons)

    assert state() == ("Choose an area: take what the map shows, draw a rectangle or use a layer.", (False, False, False))
    choose(dock, world)
    assert state() == ("Press Search to look for scenes.", (True, False, False))
    search(dock, qtbot)
    assert state() == ("1 scene found. Choose scenes and bands, then press Run.", (True, True, False))
    dock.band_panel.none_button.click()
    assert state() == ("Tick at least one band.", (True, False, False))
    dock.band_panel.boxes["red"].click()
    assert state()[0].startswith("1 scene, 1 band, about ")
    assert re.fullmatch(r"1 scene, 1 band, about (\d+ kB) for the area, \1 whole\. Press Run\.", state()[0])
    assert state()[1] == (True, True, False)
    dock.set_output("")
    assert state() == ("Choose a folder for the results.", (True, False, False))
    dock.set_catalog("")
    assert state() == ("Choose a catalogue, or type the address of a STAC API.", (False, False, False))


def test_from_an_area_to_layers_on_the_map(found, desktop, world, qtbot, tmp_path):
    dock = found
    model = dock.scene_panel.table.model()
    assert [model.data(model.index(0, column)) for column in (DATE, CLOUD, ID)] == ["2024-06-01", "12 %", ITEM_ID]
    added = []
    dock.layers_added.connect(added.extend)
    assert run(dock, qtbot) == "done"
    assert names_in_tree() == ("FirstLight", ITEM_ID, ["NDVI 2024-06-01", "Bands 2024-06-01"])
    assert sorted(added) == sorted(QgsProject.instance().mapLayers())
    assert band_states(dock) == dict.fromkeys(("blue", "green", "red", "nir", "swir16", "swir22"), "done")
    assert dock.run_panel.progress_bar.value() == 100
    folder = tmp_path / "results"
    assert dock.status_label.text() == f"Done: 2 layers on the map, files in {folder}."
    assert [(m.text, m.level) for m in desktop.messages] == [(dock.status_label.text(), Qgis.MessageLevel.Success)]
    files = {path.name for path in (folder / ITEM_ID).iterdir()}
    assert {"red.tif", "swir22.tif", f"{ITEM_ID}_stack.vrt", f"{ITEM_ID}_ndvi.tif"} <= files
    assert not dock.run_panel.cancel_button.isEnabled()


def test_the_ndvi_on_the_map_is_that_of_the_pixels(found, world, qtbot):
    run(found, qtbot)
    [path] = [Path(layer.source()) for layer in QgsProject.instance().mapLayers().values() if "NDVI" in layer.name()]
    red, nir = (world.pixels[name].astype("float64") * 1e-4 - 0.1 for name in ("red", "nir"))
    with rasterio.open(path) as raster:
        values = raster.read(1)
    usual = nir + red > 0.05  # below it the quotient of two float32 is not good to six digits
    assert usual.mean() > 0.5
    np.testing.assert_allclose(values[usual], (nir - red)[usual] / (nir + red)[usual], atol=2e-6)


def test_the_map_moves_to_layers_that_are_out_of_view_and_stays_where_they_are_seen(found, desktop, qtbot):
    desktop.canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:4326"))
    desktop.canvas.setExtent(QgsRectangle(-100, 10, -90, 20))
    run(found, qtbot)
    view = desktop.canvas.mapSettings().visibleExtent()
    assert 10.2 < view.center().x() < 10.4
    assert view.width() < 1
    QApplication.processEvents()  # the layer tree shows its first layer a little later
    desktop.canvas.setExtent(QgsRectangle(10.315, 46.940, 10.32, 46.945))
    before = desktop.canvas.extent()
    run(found, qtbot)
    assert desktop.canvas.extent() == before


def test_chosen_bands_and_indices_count(found, qtbot, tmp_path):
    found.band_panel.set_chosen(("green", "nir"))
    found.run_panel.index_boxes["NDVI"].click()
    found.run_panel.index_boxes["NDWI"].click()
    assert run(found, qtbot) == "done"
    assert set(band_states(found)) == {"green", "nir"}
    files = {path.name for path in (tmp_path / "results" / ITEM_ID).iterdir()}
    assert {"green.tif", "nir.tif", f"{ITEM_ID}_ndwi.tif"} <= files
    assert "red.tif" not in files


def test_a_second_run_fetches_nothing_and_replaces_the_layers(found, world, qtbot):
    run(found, qtbot)
    before = set(QgsProject.instance().mapLayers())
    fetched = world.files.count("red.tif", "GET")
    assert run(found, qtbot) == "done"
    after = set(QgsProject.instance().mapLayers())
    assert len(after) == 2
    assert not before & after
    assert world.files.count("red.tif", "GET") == fetched
    assert set(band_states(found).values()) == {"already there"}


def test_a_band_that_is_not_there_is_named_and_the_rest_is_used(found, world, desktop, qtbot):
    world.files.break_next("swir22.tif", Fault(status=404))
    assert run(found, qtbot) == "partial"
    [message] = desktop.messages
    assert message.level == Qgis.MessageLevel.Warning
    assert message.text.startswith("Done in part. ")
    assert "swir22" in message.text
    assert "404" in message.text
    states = band_states(found)
    assert states.pop("swir22") == "failed: HTTP 404"
    assert set(states.values()) == {"done"}
    assert len(QgsProject.instance().mapLayers()) == 2


def test_a_required_band_that_is_not_there_is_a_failure_in_the_message_bar(found, world, desktop, qtbot):
    world.files.break_next("nir.tif", Fault(status=404))
    assert run(found, qtbot) == "failed"
    [message] = desktop.messages
    assert message.level == Qgis.MessageLevel.Critical
    assert "required band nir could not be downloaded (HTTP 404)" in message.text
    assert QgsProject.instance().mapLayers() == {}
    assert found.run_panel.run_button.isEnabled(), "the user may try again"


def test_cancel_answers_within_a_second_and_finished_bands_stay(found, world, desktop, qtbot, wait_for, tmp_path):
    dock = found
    world.files.break_next("nir.tif", Fault(stall_after_bytes=1000))
    press(qtbot, dock.run_panel.run_button)
    wait_for(lambda: band_states(dock).get("swir22") == "done", 15000)
    assert dock.run_panel.cancel_button.isEnabled()
    asked = time.monotonic()
    with qtbot.waitSignal(dock.run_finished, timeout=2000) as caught:
        press(qtbot, dock.run_panel.cancel_button)
        assert dock.status_label.text() == "Stopping …"
    assert time.monotonic() - asked < 1.0
    assert caught.args == ["cancelled"]
    assert dock.status_label.text() == "Stopped. What was finished is kept; run it again to go on."
    assert desktop.messages == [], "the user knows: no message bar"
    assert (tmp_path / "results" / ITEM_ID / "red.tif").is_file()
    assert QgsProject.instance().mapLayers() == {}
    world.files.mend()
    assert run(dock, qtbot) == "done"
    assert band_states(dock)["red"] == "already there"


def test_a_search_can_be_cancelled(dock, world, qtbot):
    choose(dock, world)
    with qtbot.waitSignal(dock.search_finished, timeout=2000) as caught:
        press(qtbot, dock.search_panel.search_button)
        press(qtbot, dock.run_panel.cancel_button)
    assert caught.args == [0]
    assert dock.search_panel.search_button.isEnabled()


def test_the_window_is_never_held_up(found, world, qtbot):
    def longest_gap():
        ticks = []
        timer = QTimer()
        timer.timeout.connect(lambda: ticks.append(time.monotonic()))
        assert found._runner.running == ()
        timer.start(5)
        with qtbot.waitSignal(found.run_finished, timeout=30000):
            press(qtbot, found.run_panel.run_button)
            [task] = found._runner.running
            # Measured until the result is there: then layers are made, which only the main thread may do.
            task.succeeded.connect(timer.stop)
        gaps = [later - earlier for earlier, later in pairwise(ticks)]
        assert len(gaps) > 10
        return max(gaps)

    assert calmest(longest_gap, 0.05) < 0.05


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda dock: dock.set_dates(date(2024, 6, 2), date(2024, 6, 1)), "the end lies before the start"),
        (lambda dock: dock.set_dates(date(2023, 6, 1), date(2023, 6, 2)), "No scenes found"),
        (lambda dock: dock.set_catalog("http://127.0.0.1:9/nothing"), "127.0.0.1:9"),
        (lambda dock: dock.set_catalog("erth-search"), "Did you mean earth-search?"),
        (lambda dock: dock.search_panel.cloud_spin.setValue(5), "with at most 5 % cloud"),
    ],
)
def test_a_search_that_fails_is_a_sentence(dock, world, desktop, qtbot, change, sentence):
    choose(dock, world)
    change(dock)
    assert search(dock, qtbot) == 0
    assert sentence in desktop.messages[-1].text
    assert sentence in dock.status_label.text()
    assert dock.search_panel.search_button.isEnabled()
    assert not dock.run_panel.run_button.isEnabled()
    assert dock.scene_panel.model.scenes == ()


def test_the_next_try_takes_the_last_failure_away(dock, world, desktop, qtbot):
    choose(dock, world)
    dock.set_catalog("http://127.0.0.1:9/nothing")
    search(dock, qtbot)
    assert len(desktop.bar.items()) == 1
    dock.set_catalog(world.url)
    assert search(dock, qtbot) == 1
    assert desktop.bar.items() == []


def test_a_failed_search_leaves_no_scenes_of_an_earlier_one(found, qtbot):
    found.set_dates(date(2023, 6, 1), date(2023, 6, 2))
    assert search(found, qtbot) == 0
    assert found.scene_panel.model.scenes == ()
    assert found.scene_panel.chosen_label.text() == "No scenes yet."


def test_nothing_modal_ever_appears(found, world, qtbot):
    world.files.break_next("nir.tif", Fault(status=404))
    run(found, qtbot)
    boxes = [w for w in QApplication.topLevelWidgets() if isinstance(w, (QDialog, QMessageBox)) and w.isVisible()]
    assert boxes == []
    assert QApplication.activeModalWidget() is None


def test_the_choice_is_there_again_next_time(found, qtbot, world, tmp_path):
    run(found, qtbot)
    assert read_last("catalog") == world.url
    assert read_last("sensor") == "sentinel2"
    assert read_last("output") == str(tmp_path / "results")


@pytest.mark.parametrize("width", [360, 400])
def test_nothing_is_cut_off_in_a_narrow_dock(dock, desktop, qtbot, width):
    desktop.window.resizeDocks([dock], [width], Qt.Orientation.Horizontal)
    QApplication.processEvents()
    scroll = dock._scroll
    assert scroll.widget().minimumSizeHint().width() <= scroll.viewport().width()
    assert scroll.horizontalScrollBar().maximum() == 0
    # 360 pixels with a usual font, and in proportion with a larger one
    assert dock.widget().minimumWidth() <= max(360, 3.3 * dock.fontMetrics().horizontalAdvance("rededge2 740 nm"))
    dock.event_box.setCollapsed(False)
    for panel in (dock.area_panel, dock.search_panel, dock.event_box, dock.scene_panel, dock.band_panel, dock.run_panel):
        widgets = [w for w in panel.findChildren(QAbstractButton) if w.isVisible() and w.parent() is panel]
        for widget in widgets:
            assert panel.rect().contains(widget.geometry()), widget.objectName()
            overlaps = [other for other in widgets if other is not widget and other.geometry().intersects(widget.geometry())]
            assert overlaps == []


def test_names_of_the_contract(dock):
    for name in (
        "area_panel.canvas_button",
        "search_panel.catalog_combo",
        "search_panel.sensor_combo",
        "search_panel.start_edit",
        "search_panel.end_edit",
        "search_panel.cloud_spin",
        "search_panel.search_button",
        "search_panel.catalog_button",
        "event_box",
        "event_box.event_combo",
        "event_box.event_edit",
        "event_box.pairs_button",
        "event_box.pairs_table",
        "event_box.reason_label",
        "scene_panel.table",
        "scene_panel.more_button",
        "scene_panel.sky_button",
        "run_panel.run_button",
        "run_panel.cancel_button",
        "run_panel.progress_bar",
        "run_panel.band_table",
        "tools_panel.operation_combo",
        "tabs",
        "status_label",
    ):
        thing = dock
        for part in name.split("."):
            thing = getattr(thing, part)
        assert thing.objectName() == name.rpartition(".")[2]
    assert dock.objectName() == "firstlight_dock"
    assert [dock.tabs.tabText(place) for place in range(2)] == ["Scenes", "Tools"]


@pytest.mark.parametrize("area_only", [True, False], ids=["area", "whole bands"])
def test_a_server_that_goes_down_in_mid_download_costs_one_more_press_of_run(dock, desktop, qtbot, wait_for, tmp_path, area_only):
    """What has come stays; when the server is back, Run goes on from there and the stack is right."""
    with small_world(tmp_path / "big", size=700) as world:
        choose(dock, world)
        with qtbot.waitSignal(dock.search_finished, timeout=10000):
            press(qtbot, dock.search_panel.search_button)
        dock.run_panel.area_only_box.setChecked(area_only)
        for name in BANDS:
            world.files.break_next(f"{name}.tif", Fault(slow_chunks_s=0.03))
        with qtbot.waitSignal(dock.run_finished, timeout=20000) as caught:
            press(qtbot, dock.run_panel.run_button)
            wait_for(lambda: world.files.bytes_sent("nir.tif") > 100_000, 15000)
            port = world.files.port
            world.files.stop()
        assert caught.args == ["failed"]
        sent = {name: world.files.bytes_sent(f"{name}.tif") for name in BANDS}
        folder = tmp_path / "results" / ITEM_ID
        assert list(folder.glob("*.part")), "what has come stays"
        with FaultyServer(world.folder, port) as back:
            assert run(dock, qtbot) == "done", dock.status_label.text()
            again = {name: back.bytes_sent(f"{name}.tif") for name in BANDS}
        whole = {name: (world.folder / f"{name}.tif").stat().st_size for name in BANDS}
        assert sum(again.values()) < sum(whole.values()) - sum(sent.values()) / 2, "it went on from where it stopped"
        assert not list(folder.glob("*.part*"))
        with rasterio.open(folder / f"{ITEM_ID}_stack.vrt") as stack:
            assert stack.descriptions == tuple(BANDS)
            for number, name in enumerate(BANDS[:4], start=1):
                with rasterio.open(world.folder / f"{name}.tif") as source:
                    window = source.window(*stack.bounds).round_offsets().round_lengths()
                    assert np.array_equal(stack.read(number), source.read(1, window=window))
