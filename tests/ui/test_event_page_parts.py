"""The page of the event: pictures of the pair, what it costs, what was left unfinished."""

from __future__ import annotations

import dataclasses

import pytest
from qgis.core import QgsProject
from qgis.PyQt.QtGui import QColor

from firstlight.core.operations.registry import get_operation
from firstlight.plugin.jobs.job_list import JobList
from firstlight.plugin.jobs.job_record import JobState
from firstlight.plugin.jobs.job_store import JobStore
from firstlight.plugin.jobs.pace import Expected, JobPace
from firstlight.ui.event.cost import cost_text
from firstlight.ui.jobs.unfinished import UnfinishedJobs
from support.dock import press, press_run
from support.event_world import Pass, area_text, event_world
from support.range_server import Fault
from support.scene import AREA
from support.waiting import PATIENCE_MS

WEST, SOUTH, EAST, NORTH = (float(edge) for edge in area_text().split(","))
GREEN, BROWN = (20, 120, 40), (130, 80, 30)
FIRE = [
    Pass("2024-05-22"),
    Pass("2024-06-01", picture=GREEN),
    Pass("2024-07-01", changed="burned", picture=BROWN),
]


@pytest.fixture
def fire(tmp_path):
    with event_world(tmp_path / "files", FIRE) as made:
        yield made


@pytest.fixture
def page(dock, fire, qtbot, tmp_path):
    """The page of the event with its pairs found."""
    dock.show_page(dock.event_page)
    dock.set_area(WEST, SOUTH, EAST, NORTH)
    dock.set_output(tmp_path / "out")
    dock.set_catalog(fire.url)
    with qtbot.waitSignal(dock.event_page.pairs_finished, timeout=PATIENCE_MS):
        dock.event_page.when.event_edit.set_value("2024-06-20 09:30")
    return dock.event_page


def middle(picture):
    """The colour in the middle of a widget as it is painted."""
    shot = picture.grab().toImage()
    return QColor(shot.pixel(shot.width() // 2, shot.height() // 2)).getRgb()[:3]


def test_before_and_after_are_seen_side_by_side(page, wait_for):
    [view] = page.pair_list.views
    before, after = view.pictures.pictures
    wait_for(lambda: before.image is not None and after.image is not None)
    assert (middle(before), middle(after)) == (GREEN, BROWN)
    assert before.accessibleName() == "Before, 2024-06-01"
    assert after.toolTip() == "S2A_20240701_T0"
    assert abs(before.width() - after.width()) <= 1
    assert before.height() <= 8 * before.fontMetrics().lineSpacing()


def test_where_the_catalogue_has_no_picture_it_is_said(page, wait_for):
    [view] = page.pair_list.views
    view.choose(view._offers[1])
    before, after = view.pictures.pictures
    wait_for(lambda: after.image is not None)
    assert before.image is None
    assert before.text() == "No picture"
    assert before.accessibleName() == "Before, 2024-05-22: No picture"
    assert view.pictures.captions[0].text() == "Before, 2024-05-22"
    view.choose(None)
    assert view.pictures.isHidden()


@pytest.mark.thorough
def test_a_picture_that_cannot_be_fetched_hinders_nothing(dock, tmp_path, qtbot, wait_for):
    with event_world(tmp_path / "files", FIRE) as world:
        for one in FIRE[1:]:
            name = f"{one.item_id}/thumbnail.png"
            world.files.break_next(name, Fault(status=404, times=100))
        dock.show_page(dock.event_page)
        dock.set_area(WEST, SOUTH, EAST, NORTH)
        dock.set_output(tmp_path / "out")
        dock.set_catalog(world.url)
        page = dock.event_page
        with qtbot.waitSignal(page.pairs_finished, timeout=PATIENCE_MS):
            page.when.event_edit.set_value("2024-06-20 09:30")
        [view] = page.pair_list.views
        wait_for(lambda: all(one.text() == "No picture" for one in view.pictures.pictures))
        assert page.map_button.isEnabled()
        assert press_run(dock, qtbot, page.map_button) == "done"


@pytest.mark.thorough
def test_the_time_is_told_once_such_an_event_was_mapped(page, dock, qtbot):
    assert "time not known yet" in dock.status_label.text()
    assert dock.status_label.text().endswith("Press Map it.")
    assert press_run(dock, qtbot, page.map_button) == "done"
    [job] = dock.shared.jobs.jobs
    assert job.pace.work == "wildfire"
    assert job.pace.fetched_bytes > 0
    pixels = 2 * page._area.aoi.area_km2 * 1e6 / 10**2
    assert job.pace.pixels == round(pixels), "both passes, of ten metres a pixel"
    took = (job.finished - job.started).total_seconds()
    assert job.pace.fetch_s + job.pace.work_s <= took + 0.05
    # As of a larger fetch, which says something about the line.
    job.pace = dataclasses.replace(job.pace, fetched_bytes=600_000, fetch_s=6.0, work_s=100.0)
    page.changed()
    size = page.pair_list.size_bytes()
    seconds = round(100 + size / 100_000)
    assert f"about {seconds // 60 + round(seconds % 60 / 60)} min in all" in (
        dock.status_label.text()
    )
    assert dock.status_label.text().split(". ")[0] in page.save.own_label.text()


@pytest.mark.parametrize(
    ("size", "fetch", "work", "words"),
    [
        (0, 1.0, 2.0, ""),
        (7_000_000, None, 2.0, "About 7 MB to fetch; time not known yet"),
        (
            7_000_000,
            130.0,
            None,
            "About 7 MB to fetch in about 2 min; time to map it not known yet",
        ),
        (7_000_000, 130.0, 50.0, "About 7 MB to fetch, about 3 min in all"),
        (7_000_000, 0.1, 0.2, "About 7 MB to fetch, about 1 s in all"),
    ],
)
def test_what_it_costs_in_words(size, fetch, work, words):
    assert cost_text(size, Expected(fetch, work)) == words


def test_a_job_that_was_measured_is_remembered(tmp_path, wait_for):
    pace = JobPace("earth-search", "wildfire", 10, 20, 1.5, 2.5)
    jobs = JobList(store=JobStore(tmp_path / "jobs"))
    index = get_operation("index")
    values = {"stack": str(tmp_path / "no.vrt"), "name": "NDVI", "output": str(tmp_path / "o.tif")}
    job = jobs.start(index, index.make_params(values))
    wait_for(lambda: job.state.has_ended)
    assert job.pace is None, "it failed"
    job.pace = pace
    jobs.settle(job)
    assert jobs.close_down(PATIENCE_MS)
    again = JobList(store=JobStore(tmp_path / "jobs"))
    assert again.jobs[0].pace == pace
    assert again.close_down(PATIENCE_MS)


@pytest.fixture
def left_off(tmp_path, world, wait_for, qgis_app):
    """A list of jobs in which one was interrupted when QGIS was left."""
    world.files.break_next("red.tif", Fault(stall_after_bytes=1000, times=1))
    first = JobList(store=JobStore(tmp_path / "jobs"))
    ingest = get_operation("ingest")
    values = {
        "catalog": world.url,
        "area": AREA,
        "start": "2024-06-01",
        "end": "2024-06-30",
        "bands": "red,nir",
        "window": "full",
        "output": str(tmp_path / "fetched"),
    }
    first.start(ingest, ingest.make_params(values))
    wait_for(lambda: any("red.tif" in r.path for r in world.files.requests))
    assert first.close_down(PATIENCE_MS)
    jobs = JobList(store=JobStore(tmp_path / "jobs"))
    yield jobs
    assert jobs.close_down(PATIENCE_MS)


def test_what_was_left_unfinished_is_told_on_every_page(
    desktop, left_off, qtbot, wait_for, tmp_path
):
    from firstlight.ui.dock.main_dock import MainDock

    dock = MainDock(desktop, left_off)
    qtbot.addWidget(dock)
    dock.resize(400, 800)
    dock.show()
    told = dock.unfinished
    for page in (dock.jobs, dock.scenes, dock.files, dock.event_page):
        dock.show_page(page)
        assert told.isVisible()
    assert told.label.text().startswith("QGIS ended before “Ingest scenes · fetched” did, at ")
    with qtbot.waitSignal(dock.run_finished, timeout=PATIENCE_MS) as caught:
        press(qtbot, told.resume_button)
        assert dock.page is dock.jobs, "there one sees how it goes on"
    assert caught.args == ["done"]
    assert not told.isVisible()
    assert QgsProject.instance().mapLayers()
    dock.close_down()


@pytest.mark.parametrize(("fraction", "where"), [(0.44, ", at 44 %"), (0.001, "")])
def test_it_is_told_how_far_it_had_come_where_that_was_noted(
    left_off, qtbot, tmp_path, fraction, where
):
    """How far it is, is noted every few seconds: a job killed before that is not at 0 %."""
    [job] = left_off.interrupted
    noted = dataclasses.replace(job.record(), fraction=fraction, session="ended")
    (tmp_path / "noted").mkdir()
    (tmp_path / "noted" / f"{job.id}.job.json").write_text(noted.to_json())
    jobs = JobList(store=JobStore(tmp_path / "noted"))
    told = UnfinishedJobs(jobs)
    qtbot.addWidget(told)
    assert jobs.close_down(PATIENCE_MS)
    assert f"“Ingest scenes · fetched” did{where}. What had come is kept." in told.label.text()


def test_what_is_waved_away_stays_away_and_is_still_on_the_page_of_jobs(left_off, qtbot):
    told = UnfinishedJobs(left_off)
    qtbot.addWidget(told)
    told.show()
    press(qtbot, told.later_button)
    assert not told.isVisible()
    [job] = left_off.jobs
    assert job.state == JobState.INTERRUPTED
