"""Steps 2 to 5, each by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timezone

import pytest
from qgis.PyQt.QtCore import QDate, Qt
from qgis.PyQt.QtGui import QColor

from firstlight.core.discovery.band_config import get_sensor, load_sensors
from firstlight.core.monitor import BandProgress
from firstlight.core.operations.base import OperationResult
from firstlight.core.operations.ingest import INGEST
from firstlight.core.types import BandAsset, Radiometry, SceneItem
from firstlight.ui.report import describe_choice, describe_problems
from firstlight.ui.run_panel import RunPanel, amount_text
from firstlight.ui.scene_model import CLOUD, DATE, ID, MISSING, NOTES, SIZE, size_text
from firstlight.ui.scene_panel import ScenePanel
from firstlight.ui.search_panel import SearchPanel


def scene(name="A", day=1, cloud=10.0, size=5_000_000, **more):
    asset = BandAsset("red", "http://x/red.tif", 10, Radiometry(), size_bytes=size)
    made = SceneItem(
        id=name,
        sensor="sentinel2",
        catalog="sample",
        collection="c",
        datetime=datetime(2024, 6, day, 10, 20, tzinfo=timezone.utc),
        bbox=(10, 45, 11, 46),
        footprint=None,
        cloud_percent=cloud,
        epsg=32632,
        resolution_m=10,
        bands={"red": asset},
        size_bytes=size,
    )
    return replace(made, **more)


@pytest.fixture
def search(qtbot):
    panel = SearchPanel()
    qtbot.addWidget(panel)
    return panel


@pytest.fixture
def scenes(qtbot):
    panel = ScenePanel()
    qtbot.addWidget(panel)
    panel.show()
    return panel


def shown(panel, row, column):
    model = panel.table.model()
    return model.data(model.index(row, column))


def tick(panel, qtbot, row):
    """Click the check box of a row of the table as it is shown."""
    index = panel.table.model().index(row, DATE)
    where = panel.table.visualRect(index)
    where.setWidth(24)
    qtbot.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=where.center())


def test_search_values(search):
    assert search.values() == {
        "start": QDate.currentDate().addDays(-30).toString(Qt.DateFormat.ISODate),
        "end": QDate.currentDate().toString(Qt.DateFormat.ISODate),
        "sensor": "sentinel2",
        "catalog": "earth-search",
        "max_cloud": None,
    }
    search.set_dates(date(2024, 5, 1), date(2024, 5, 31))
    search.set_sensor("landsat")
    search.catalog_combo.set_value("planetary-computer")
    search.cloud_spin.setValue(30)
    assert search.values() == {
        "start": "2024-05-01",
        "end": "2024-05-31",
        "sensor": "landsat",
        "catalog": "planetary-computer",
        "max_cloud": 30,
    }


def test_catalogues_are_shown_by_title_and_a_url_may_be_typed(search, qtbot):
    combo = search.catalog_combo
    assert [combo.itemText(place) for place in range(combo.count())] == [
        "Earth Search (Element 84)",
        "Planetary Computer",
        "Sample catalogue (this computer)",
    ]
    combo.lineEdit().selectAll()
    qtbot.keyClicks(combo.lineEdit(), "http://127.0.0.1:9/stac")
    assert search.values()["catalog"] == "http://127.0.0.1:9/stac"
    combo.lineEdit().selectAll()
    qtbot.keyClicks(combo.lineEdit(), "Planetary Computer")
    assert search.values()["catalog"] == "planetary-computer"


def test_any_cloud_and_no_cloud_are_two_things(search):
    assert search.cloud_spin.text() == "any"
    search.cloud_spin.setValue(0)
    assert search.cloud_spin.text() == "≤ 0 %"
    assert search.values()["max_cloud"] == 0


def test_radar_has_no_cloud_limit(search):
    search.cloud_spin.setValue(30)
    search.set_sensor("sentinel1")
    assert not search.cloud_spin.isEnabled()
    assert search.values()["max_cloud"] is None
    search.set_sensor("sentinel2")
    assert search.values()["max_cloud"] == 30


def test_the_table_of_scenes(scenes):
    scenes.set_scenes([scene("A", 1, 12.4), scene("B", 2, None, 0, missing_bands=("swir22", "nir09"), notes=("no date",))])
    model = scenes.table.model()
    assert (model.rowCount(), model.columnCount()) == (2, 6)
    titles = [model.headerData(column, Qt.Orientation.Horizontal) for column in range(6)]
    assert titles == ["Date", "Cloud", "Size", "Missing", "Notes", "Scene"]
    columns = (DATE, CLOUD, SIZE, MISSING, NOTES, ID)
    assert [shown(scenes, 0, column) for column in columns] == ["2024-06-01", "12 %", "5 MB", "", "", "A"]
    assert [shown(scenes, 1, column) for column in columns] == ["2024-06-02", "–", "–", "swir22, +1", "no date", "B"]
    tip = model.data(model.index(1, DATE), Qt.ItemDataRole.ToolTipRole)
    assert tip == "B\nc, 2024-06-02T10:20:00Z\nMissing: swir22, nir09\nno date"


def test_the_first_scene_is_chosen_and_clicks_choose_others(scenes, qtbot):
    first, second, third = scene("A", 3), scene("B", 2), scene("C", 1)
    scenes.set_scenes([first, second, third])
    assert scenes.chosen() == (first,)
    assert scenes.chosen_label.text() == "1 of 3 chosen"
    tick(scenes, qtbot, 2)
    assert scenes.chosen() == (first, third)
    tick(scenes, qtbot, 0)
    assert scenes.chosen() == (third,)
    assert scenes.chosen_label.text() == "1 of 3 chosen"


def test_a_click_on_a_title_sorts_by_value_and_the_ticks_stay_with_their_scenes(scenes, qtbot):
    low, high = scene("A", 1, 5.0), scene("B", 2, 100.0)
    scenes.set_scenes([low, high, scene("C", 3, 20.0), scene("D", 4, 30.0)])
    header = scenes.table.horizontalHeader()
    where = header.sectionViewportPosition(CLOUD) + 10
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=header.rect().topLeft() + type(header.pos())(where, 8))
    order = [shown(scenes, row, CLOUD) for row in range(4)]
    rising = ["5 %", "20 %", "30 %", "100 %"]
    assert order in (rising, rising[::-1]), "by number, not by letters"
    assert scenes.chosen() == (low,)
    row = order.index("100 %")
    tick(scenes, qtbot, row)
    assert scenes.chosen() == (low, high)


def test_columns_without_facts_are_hidden(scenes):
    scenes.set_scenes([scene("A", cloud=None, size=0)])
    assert [scenes.table.isColumnHidden(column) for column in range(6)] == [False, True, True, True, True, False]
    scenes.set_scenes([scene("A", missing_bands=("nir",), notes=("x",))])
    assert not any(scenes.table.isColumnHidden(column) for column in range(6))


@pytest.mark.parametrize(
    ("size", "text"), [(0, "–"), (1, "1 kB"), (667_000, "667 kB"), (14_200_000, "14 MB"), (1_230_000_000, "1.2 GB")]
)
def test_sizes(size, text):
    assert size_text(size) == text


@pytest.mark.parametrize("name", load_sensors())
def test_bands_of_every_sensor(dock, name):
    panel, sensor = dock.band_panel, get_sensor(name)
    panel.set_sensor(name)
    assert tuple(panel.boxes) == tuple(sensor.bands)
    assert panel.chosen() == sensor.default
    for band in sensor.bands.values():
        box = panel.boxes[band.name]
        assert band.name in box.text()
        assert band.wavelength_nm is None or f"{band.wavelength_nm:g} nm" in box.text()
        assert box.font().bold() is (band.name in sensor.required)
        assert str(band) in box.toolTip()


def test_band_buttons(dock, qtbot):
    panel = dock.band_panel
    for button, expected in (
        (panel.none_button, ()),
        (panel.all_button, tuple(get_sensor("sentinel2").bands)),
        (panel.default_button, ("blue", "green", "red", "nir", "swir16", "swir22")),
    ):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        assert panel.chosen() == expected


def test_bands_come_in_wavelength_order_whatever_the_order_of_the_clicks(dock):
    panel = dock.band_panel
    panel.set_chosen(())
    for name in ("swir22", "blue", "nir"):
        panel.boxes[name].click()
    assert panel.chosen() == ("blue", "nir", "swir22")


def test_changing_the_sensor_changes_the_bands(dock):
    dock.set_sensor("sentinel1")
    assert dock.band_panel.chosen() == ("vv", "vh")


@pytest.fixture
def run_panel(qtbot):
    panel = RunPanel()
    qtbot.addWidget(panel)
    qtbot.addWidget(panel.footer)
    return panel


def test_indices_are_those_of_the_operation_and_ndvi_is_chosen(run_panel):
    [choices] = [param.choices for param in INGEST.parameters() if param.name == "index"]
    assert tuple(run_panel.index_boxes) == choices
    assert run_panel.indices() == ("NDVI",)


def test_band_table(run_panel):
    def row(place):
        return [run_panel.band_table.item(place, column).text() for column in range(3)]

    assert run_panel.band_table.isHidden()
    assert run_panel.show_band(BandProgress("A", "red", "waiting")) is True
    assert run_panel.show_band(BandProgress("A", "red", "downloading", 500_000, 1_000_000)) is False
    run_panel.show_band(BandProgress("A", "nir", "downloading", 1_500_000))
    run_panel.show_band(BandProgress("B", "red", "failed", detail="HTTP 404"))
    assert row(0) == ["red", "downloading", "50 % · 1 MB"]
    assert row(1) == ["nir", "downloading", "2 MB"]
    assert row(2) == ["red", "failed: HTTP 404", ""]
    assert run_panel.band_table.item(2, 1).foreground().color() == QColor(190, 30, 30)
    run_panel.show_band(BandProgress("A", "red", "done", 1_000_000, 1_000_000))
    run_panel.show_band(BandProgress("A", "nir", "skipped", 2_000_000, 2_000_000, "complete"))
    run_panel.show_band(BandProgress("B", "red", "retrying", 0, 9, "HTTP 503"))
    assert row(0) == ["red", "done", "100 % · 1 MB"]
    assert row(1) == ["nir", "already there", "100 % · 2 MB"]
    assert row(2)[1] == "trying again: HTTP 503"
    assert run_panel.band_table.item(2, 1).foreground().color() != QColor(190, 30, 30)
    run_panel.clear_progress()
    assert run_panel.band_table.isHidden()


def test_amounts():
    assert amount_text(BandProgress("A", "red", "waiting", 0, 100)) == ""
    assert amount_text(BandProgress("A", "red", "downloading", 0, 100_000)) == "0 % · 100 kB"


def test_what_run_would_fetch():
    assert describe_choice([scene("A", size=7_000_000)], ["red", "nir"]) == "1 scene, 1 band, about 7 MB"
    assert describe_choice([scene("A", size=0), scene("B", size=0)], ["red"]) == "2 scenes, 2 bands"


def test_problems_are_named():
    rows = [
        {"item_id": "A", "status": "completed", "failures": {}},
        {"item_id": "B", "status": "partial", "failures": {"nir": "Band nir: HTTP 404."}},
        {"item_id": "C", "status": "partial", "failures": {}, "warnings": ["NBR cannot be computed."]},
        {"item_id": "D", "status": "failed", "error": "Scene D failed: no network."},
    ]
    text = describe_problems(OperationResult(data=rows, text="x", status="partial"))
    assert text == "Band nir: HTTP 404. NBR cannot be computed. Scene D failed: no network."
    assert describe_problems(OperationResult(data=None, text="something else", status="failed")) == "something else"
