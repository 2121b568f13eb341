"""What is chosen in the dock goes with the project."""

from __future__ import annotations

import json
from datetime import date

import pytest
from qgis.core import QgsProject

from firstlight.core.types import Aoi
from firstlight.plugin.project_store import SCOPE
from firstlight.plugin.sample_place import sample_folder
from firstlight.ui.parts.step import Step
from support.dock import choose_world, press_search
from support.event_world import Pass, area_text, event_world
from support.waiting import PATIENCE_MS

LAYER_SHAPE = {"type": "Polygon", "coordinates": [[[20, 10], [21, 10], [21, 11], [20, 10]]]}


@pytest.mark.parametrize(
    "aoi",
    [
        Aoi.from_bounds(10, 45, 11, 46),
        Aoi.from_bounds(179, -18, -179, -17),
        Aoi.from_geometry(LAYER_SHAPE),
    ],
    ids=["box", "antimeridian", "polygon"],
)
def test_a_project_that_is_opened_again_begins_where_it_was(dock, tmp_path, aoi):
    project = QgsProject.instance()
    dock.area.choose(aoi)
    dock.set_dates(date(2024, 5, 1), date(2024, 5, 9))
    dock.set_catalog("planetary-computer")
    dock.set_sensor("landsat")
    dock.event_page.what.set_event("wildfire.forest")
    dock.event_page.when.event_edit.set_value("2024-06-20 09:30")
    dock.set_output(tmp_path / "here")
    before = (
        dock.scenes.search_panel.values(),
        dock.event_page.values(),
        dock.scenes.run_panel.output(),
    )
    assert project.write(str(tmp_path / "one.qgs"))
    project.clear()
    assert dock.area.aoi is None
    assert not dock.area.outline.corners, "no box of the last project on an empty map"
    dock.set_dates(date(2020, 1, 1), date(2020, 1, 2))
    dock.set_catalog("earth-search")
    dock.set_sensor("sentinel1")
    dock.event_page.what.set_event("flood")
    dock.event_page.when.event_edit.set_value("2020-01-01")
    dock.set_output(tmp_path / "elsewhere")
    assert project.read(str(tmp_path / "one.qgs"))
    assert dock.area.aoi == aoi
    assert dock.area.outline.corners
    after = (
        dock.scenes.search_panel.values(),
        dock.event_page.values(),
        dock.scenes.run_panel.output(),
    )
    assert after == before


def test_another_project_has_no_scenes_of_the_last_one(dock, world, qtbot):
    choose_world(dock, world)
    assert press_search(dock, qtbot) == 1
    QgsProject.instance().clear()
    assert dock.scenes.scene_panel.model.scenes == ()
    assert not dock.scenes.search_panel.search_button.isEnabled()
    assert dock.status_label.text().startswith("Choose an area")


@pytest.mark.parametrize(
    "text",
    ["/etc/passwd", "10,45,11,46", "{", "[]", '{"type": "Point", "coordinates": [1, 2]}', "7"],
)
def test_what_a_project_calls_an_area_and_is_none_changes_nothing(dock, tmp_path, text):
    project = QgsProject.instance()
    assert project.write(str(tmp_path / "one.qgs"))
    project.writeEntry(SCOPE, "/area", text)
    dock.memory.restore()
    assert dock.area.aoi is None


def test_a_token_in_a_catalogue_s_address_does_not_go_into_the_project(dock, tmp_path):
    dock.set_catalog("https://stac.example.com/v1?token=abcdef0123456789")
    assert QgsProject.instance().write(str(tmp_path / "one.qgs"))
    assert "abcdef0123456789" not in (tmp_path / "one.qgs").read_text(encoding="utf-8")


def test_scenes_that_were_ticked_are_ticked_again_by_the_next_search(dock, qtbot, tmp_path):
    project = QgsProject.instance()
    with event_world(tmp_path / "world", [Pass("2024-06-01"), Pass("2024-06-09")]) as world:
        dock.set_catalog(world.url)
        dock.set_dates(date(2024, 5, 30), date(2024, 6, 12))
        dock.area.choose(Aoi.from_bounds(*map(float, area_text().split(","))))
        assert press_search(dock, qtbot) == 2
        model = dock.scenes.scene_panel.model
        model.choose([0], wanted=False)
        model.choose([1])
        ticked = [scene.id for scene in model.chosen()]
        assert len(ticked) == 1
        assert project.write(str(tmp_path / "one.qgs"))
        assert world.url not in json.dumps(project.readEntry(SCOPE, "/scenes")), "names alone"
        project.clear()
        assert model.scenes == ()
        assert project.read(str(tmp_path / "one.qgs"))
        dock.set_catalog(world.url)
        assert dock.status_label.text().startswith("Press Search: 1 scene of the project")
        told = dock.scenes.scene_panel.chosen_label
        assert told.text() == "Ticked in this project: 1. Search shows them again."
        assert project.write(str(tmp_path / "one.qgs")), "before the search they are kept, too"
        project.clear()
        assert project.read(str(tmp_path / "one.qgs"))
        dock.set_catalog(world.url)
        assert press_search(dock, qtbot) == 2
        assert [scene.id for scene in model.chosen()] == ticked
        assert press_search(dock, qtbot) == 2
        assert [scene.id for scene in model.chosen()] != ticked, "once only"
        project.clear()
        assert told.text() == "No scenes yet."


def test_a_new_project_does_not_keep_the_sample_as_its_catalogue(dock):
    combo = dock.event_page.catalog_combo
    first = combo.itemData(0)
    combo.set_value(str(sample_folder() / "catalog.json"))
    QgsProject.instance().clear()
    assert combo.value() == first
    combo.set_value("earth-search")
    QgsProject.instance().clear()
    assert combo.value() == "earth-search", "what was chosen by hand stays"


def test_scenes_that_are_not_found_again_are_told(dock, world, qtbot, tmp_path):
    project = QgsProject.instance()
    assert project.write(str(tmp_path / "one.qgs"))
    project.writeEntry(SCOPE, "/scenes", '["gone for ever", 7]')
    dock.memory.restore()
    choose_world(dock, world)
    assert press_search(dock, qtbot) == 1
    assert "gone for ever" in dock.shared.iface.messages[-1].text
    assert len(dock.scenes.scene_panel.chosen()) == 1, "the first, as ever"


@pytest.mark.parametrize("text", ["{", "7", '{"a": 1}', "[1, null]"])
def test_what_a_project_calls_scenes_and_is_none_changes_nothing(dock, tmp_path, text):
    project = QgsProject.instance()
    assert project.write(str(tmp_path / "one.qgs"))
    project.writeEntry(SCOPE, "/scenes", text)
    dock.memory.restore()
    assert dock.scenes.finder.wanted == frozenset()


def test_a_new_project_begins_with_open_steps(dock):
    dock.show_page(dock.event_page)
    page = dock.event_page
    for step in page.findChildren(Step):
        step.set_folded(True)
    QgsProject.instance().clear()
    assert not any(step.is_folded for step in page.findChildren(Step))


def test_pairs_of_what_was_chosen_elsewhere_are_looked_for_when_the_page_comes(
    dock, qtbot, tmp_path
):
    with event_world(tmp_path / "world", [Pass("2024-06-01"), Pass("2024-07-01")]) as world:
        dock.show_page(dock.scenes)
        dock.set_catalog(world.url)
        dock.area.choose(Aoi.from_bounds(*map(float, area_text().split(","))))
        dock.event_page.when.event_edit.set_value("2024-06-20 09:30")
        with qtbot.waitSignal(dock.event_page.pairs_finished, timeout=PATIENCE_MS):
            dock.show_page(dock.event_page)
