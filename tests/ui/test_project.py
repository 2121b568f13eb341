"""What is chosen in the dock goes with the project."""

from __future__ import annotations

from datetime import date

import pytest
from qgis.core import QgsProject

from firstlight.core.types import Aoi
from firstlight.plugin.project_store import SCOPE
from support.dock import choose_world, press_search

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
