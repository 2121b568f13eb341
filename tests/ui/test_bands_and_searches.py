"""Bands by what they are for, what they cost; periods around the event; searches made again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from qgis.core import QgsApplication
from qgis.PyQt.QtCore import Qt

from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.operations.ingest import load_band_tasks
from firstlight.core.types import Aoi
from firstlight.plugin.searches import MOST_RECENT, SearchStore
from firstlight.ui.scenes.period_menu import event_day
from support.dock import choose_world, press, press_run, press_search
from support.scene import ITEM_ID
from support.stac_server import make_item


@pytest.fixture(autouse=True)
def no_searches(tmp_path, monkeypatch):
    """None of an earlier test's."""
    monkeypatch.setattr(QgsApplication, "qgisSettingsDirPath", lambda: f"{tmp_path}/profile/")


def pick(qtbot, combo, name):
    """Choose a task with the keyboard, as a person would."""
    combo.setFocus()
    qtbot.keyClick(combo, Qt.Key.Key_Home)
    for _ in range(combo.findData(name)):
        if combo.currentData() == name:
            break
        qtbot.keyClick(combo, Qt.Key.Key_Down)
    assert combo.currentData() == name
    combo.activated.emit(combo.currentIndex())


@pytest.mark.parametrize(
    ("sensor", "task", "bands", "indices"),
    [
        ("sentinel2", "burn", {"red", "nir", "swir16", "swir22", "scl"}, ("NBR",)),
        ("landsat", "burn", {"red", "nir08", "swir16", "swir22", "qa_pixel"}, ("NBR",)),
        ("sentinel2", "water", {"green", "nir", "swir16", "scl"}, ("MNDWI",)),
        ("sentinel2", "natural", {"blue", "green", "red", "scl"}, ()),
        ("sentinel1", "radar", {"vv", "vh"}, ()),
    ],
)
def test_a_task_ticks_its_bands_its_mask_and_its_indices(dock, qtbot, sensor, task, bands, indices):
    dock.show_page(dock.scenes)
    dock.set_sensor(sensor)
    panel = dock.scenes.band_panel
    pick(qtbot, panel.task_combo, task)
    assert set(panel.chosen()) == bands
    assert dock.scenes.run_panel.indices() == indices


def test_a_task_without_its_bands_is_grey_and_says_why(dock):
    dock.set_sensor("sentinel1")
    combo = dock.scenes.band_panel.task_combo
    item = combo.model().item(combo.findData("burn"))
    assert not item.isEnabled()
    assert item.toolTip() == "Sentinel-1 has no red, nir, swir16, swir22"
    assert combo.model().item(combo.findData("radar")).isEnabled()


def test_the_task_follows_the_ticks(dock):
    panel = dock.scenes.band_panel
    assert panel.task_combo.currentText() == "Usual bands"
    panel.boxes["blue"].click()
    assert panel.task_combo.currentText() == "Own choice"
    panel.set_chosen(load_band_tasks()["burn"].bands_of(get_sensor("sentinel2")))
    assert panel.task_combo.currentText() == "Burn severity"
    panel.default_button.click()
    assert panel.task_combo.currentText() == "Usual bands"


def test_every_task_s_indices_can_be_made_of_its_bands(dock):
    for sensor in ("sentinel2", "landsat"):
        for task in load_band_tasks().values():
            if task.missing(get_sensor(sensor)):
                continue
            dock.set_sensor(sensor)
            dock.scenes.band_panel.set_chosen(task.bands_of(get_sensor(sensor)))
            dock.scenes.run_panel.want_indices(task.indices)
            assert dock.scenes.run_panel.indices() == tuple(
                name for name in dock.scenes.run_panel.index_boxes if name in task.indices
            )


def test_each_band_says_what_it_costs(dock, qtbot, world):
    dock.show_page(dock.scenes)
    boxes = dock.scenes.band_panel.boxes
    assert boxes["red"].text() == "red", "there is no scene yet"
    choose_world(dock, world)
    assert press_search(dock, qtbot) == 1
    size = (world.folder / "red.tif").stat().st_size
    assert boxes["red"].text() == f"red · {max(1, round(size / 1e3))} kB"
    assert boxes["rededge1"].text() == "rededge1", "the scene does not have it"
    dock.scenes.scene_panel.untick_action.trigger()
    assert boxes["red"].text() == "red"


def test_the_time_is_told_once_a_run_has_measured_the_line(dock, qtbot, world):
    dock.show_page(dock.scenes)
    choose_world(dock, world)
    press_search(dock, qtbot)
    assert "speed" not in dock.status_label.text()
    assert press_run(dock, qtbot) == "done"
    [job] = dock.shared.jobs.jobs
    assert job.pace is not None
    assert job.pace.fetched_bytes > 0
    [source] = {scene.catalog for scene in dock.scenes.scene_panel.chosen()}
    assert job.pace.source == source
    # A scene of some kilobytes says nothing about a line; one that took two seconds does.
    job.pace = replace(job.pace, fetched_bytes=8_000_000, fetch_s=2.0)
    dock.scenes.changed()
    assert dock.status_label.text().endswith("1 s at the speed of the last runs. Press Run.")


def periods(dock):
    menu = dock.scenes.search_panel.period_button.menu()
    menu.fill()
    return {action.text(): action for action in menu.actions()}


@pytest.mark.parametrize(
    ("words", "start", "end"),
    [
        ("30 days before the event", "2024-06-20", "2024-07-19"),
        ("10 days before and after", "2024-07-10", "2024-07-30"),
        ("The same weeks a year before", "2023-06-21", "2023-08-20"),
    ],
)
def test_periods_around_the_event(dock, words, start, end):
    dock.event_page.when.event_edit.set_value("2024-07-20 14:00")
    periods(dock)[words].trigger()
    values = dock.scenes.search_panel.values()
    assert (values["start"], values["end"]) == (start, end)


def test_periods_without_an_event_and_up_to_today(dock):
    dock.event_page.when.event_edit.edit.setText("soon")
    offered = periods(dock)
    assert "30 days before the event" not in offered
    assert any("give its day" in words for words in offered)
    offered["Last 7 days"].trigger()
    today = date.today()
    values = dock.scenes.search_panel.values()
    assert (values["start"], values["end"]) == (
        (today - timedelta(7)).isoformat(),
        today.isoformat(),
    )
    assert event_day("2024-07-20T23:30Z") == date(2024, 7, 20)


def searches(dock):
    menu = dock.scenes.search_panel.searches_button.menu()
    menu.fill()
    return menu


def test_a_search_is_kept_made_again_and_says_what_is_new(dock, qtbot, world, tmp_path):
    dock.show_page(dock.scenes)
    choose_world(dock, world)
    area = dock.area.aoi
    assert press_search(dock, qtbot) == 1
    panel = dock.scenes.scene_panel
    assert panel.chosen_label.text() == "1 of 1 chosen", "the first time nothing is new"
    menu = searches(dock)
    menu.name_edit.setText("Ötztal & more")
    qtbot.keyClick(menu.name_edit, Qt.Key.Key_Return)
    assert dock.status_label.text() == "The search is kept as “Ötztal & more”."
    [given] = world.api.items
    later = make_item("S2B_LATER", given["bbox"], "2024-06-02T10:20:30Z", assets=given["assets"])
    world.api.items.append(later)
    dock.area.choose(Aoi.from_bounds(1, 2, 3, 4))
    dock.set_dates(date(2020, 1, 1), date(2020, 1, 2))
    with qtbot.waitSignal(dock.search_finished) as caught:
        next(a for a in searches(dock).actions() if a.text() == "Ötztal && more").trigger()
    assert caught.args == [2]
    assert dock.area.aoi.bounds == area.bounds
    assert dock.scenes.search_panel.values()["start"] == "2024-06-01"
    assert "1 new since last time" in panel.chosen_label.text()
    assert press_search(dock, qtbot) == 2
    assert "new" not in panel.chosen_label.text(), "they have been seen now"
    again = SearchStore()
    assert again.searches[0].seen == SearchStore().searches[1].seen
    assert set(again.searches[0].seen) == {ITEM_ID, "S2B_LATER"}


def test_searches_are_limited_and_kept_ones_can_be_removed(tmp_path):
    store = SearchStore(tmp_path / "s.json")
    aoi, values = Aoi.from_bounds(1, 2, 3, 4), {"sensor": "sentinel2", "catalog": "auto"}
    store.keep(aoi, values, "mine")
    for number in range(MOST_RECENT + 5):
        box = Aoi.from_bounds(1, 2, 3 + number, 4)
        store.remember(box, values, [f"S{number}"])
    again = SearchStore(tmp_path / "s.json")
    assert sum(not one.name for one in again.searches) == MOST_RECENT
    [mine] = [one for one in again.searches if one.name]
    again.forget(mine)
    assert not any(one.name for one in SearchStore(tmp_path / "s.json").searches)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"area": 1}]', "\x00"])
def test_a_damaged_file_of_searches_holds_nothing_up(tmp_path, text):
    path = tmp_path / "s.json"
    path.write_text(text, encoding="utf-8")
    store = SearchStore(path)
    assert store.searches == ()
    store.remember(Aoi.from_bounds(1, 2, 3, 4), {"sensor": "sentinel2"}, ["A"])
    assert len(SearchStore(path).searches) == 1


def test_a_secret_in_an_address_is_not_written_down(tmp_path):
    store = SearchStore(tmp_path / "s.json")
    values = {"sensor": "sentinel2", "catalog": "https://x.org/stac?token=abcdefgh"}
    store.remember(Aoi.from_bounds(1, 2, 3, 4), values, ["A"])
    assert not (tmp_path / "s.json").exists()
    kept = replace(Aoi.from_bounds(1, 2, 3, 4))
    store.keep(kept, {**values, "catalog": "auto"}, "fine")
    assert "token" not in (tmp_path / "s.json").read_text(encoding="utf-8")


def test_steps_fold_to_what_was_chosen_in_them(dock, qtbot, world):
    dock.show_page(dock.scenes)
    page = dock.scenes
    choose_world(dock, world)
    assert page.area_step.heading.text() == "1  Area · 102 km²"
    assert not page.area_step.is_folded
    press_search(dock, qtbot)
    assert page.area_step.is_folded
    assert page.search_step.is_folded
    assert not page.search_panel.isVisible()
    assert page.search_step.text == "2  Search · Sentinel-2, 2024-06-01 – 2024-06-02"
    assert page.search_step.heading.text().startswith("2  Search · Sentinel-2, 2024-06")
    assert page.search_step.heading.text().endswith("…"), "the dock is narrow"
    assert page.search_step.heading.accessibleName() == page.search_step.text
    qtbot.waitUntil(lambda: page.scroll_area.verticalScrollBar().value() <= page.scene_step.y())
    assert page.scene_step.heading.text() == "3  Scenes · 1 of 1 chosen"
    assert page.band_step.text.startswith("4  Bands · Usual bands: blue, green")
    question = page.area_panel.place
    press(qtbot, page.area_step.heading)
    assert page.area_panel.isVisible()
    assert not question.isVisible(), "what was hidden in it stays hidden"
    assert page.area_step.heading.accessibleName() == page.area_step.heading.text()


@pytest.mark.parametrize("points", [0, 14])
def test_the_page_fits_into_a_narrow_dock(dock, qtbot, world, points):
    if points:
        font = dock.font()
        font.setPointSize(points)
        dock.setFont(font)
    dock.show_page(dock.scenes)
    choose_world(dock, world)
    press_search(dock, qtbot)
    for step in (dock.scenes.area_step, dock.scenes.search_step):
        step.set_folded(False)
    qtbot.wait(50)
    assert dock.scenes.minimumSizeHint().width() <= (320 if points else 300)
