"""The page of jobs, used as a person would: chosen, pressed, opened by keys."""

from __future__ import annotations

import dataclasses
import shlex
from datetime import datetime, timedelta, timezone

import pytest
from qgis.core import QgsProject
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QApplication, QDialog, QPlainTextEdit, QPushButton

from firstlight.core.errors import FirstLightError
from firstlight.core.monitor import Level, Note
from firstlight.core.operation import LayerOutput, OperationResult, ResultSummary
from firstlight.core.operations.registry import get_operation
from firstlight.plugin.jobs.job_list import JobList
from firstlight.plugin.jobs.job_record import JobRecord, JobState
from firstlight.plugin.jobs.job_store import JobStore
from firstlight.plugin.jobs.project_key import UNSAVED
from firstlight.ui.jobs.jobs_page import JobsPage
from firstlight.ui.parts.shared import Shared
from firstlight.ui.results.before_after import BeforeAfter, close_before_after
from firstlight.ui.results.swipe import SwipeTool, stop_swipe
from support.operations import COUNT, FAIL
from support.qgis_fixtures import make_stack
from support.range_server import Fault
from support.scene import AREA
from support.waiting import PATIENCE_MS

WHEN = datetime(2024, 7, 20, 14, 0, 1, tzinfo=timezone.utc)


def record(tmp_path, number, state, **more):
    return JobRecord(
        **{
            "id": f"20240720T14000{number}-0011223{number}",
            "operation": "index",
            "title": f"Job {number}",
            "values": {
                "stack": str(tmp_path / "s.vrt"),
                "name": "NDVI",
                "output": str(tmp_path / "out" / "ndvi.tif"),
            },
            "project": f"{UNSAVED}gone",
            "session": "a1",
            "state": state,
            "started": WHEN + timedelta(seconds=number),
            "finished": None if state == JobState.INTERRUPTED else WHEN + timedelta(minutes=3),
            "fraction": 0.43,
            **more,
        }
    )


class Trial:
    """The page in a window, over jobs that are remembered."""

    def __init__(self, desktop, qtbot, folder):
        self.desktop, self.qtbot, self.folder = desktop, qtbot, folder
        self.page = self.jobs = None

    def remember(self, *records):
        self.folder.mkdir(parents=True, exist_ok=True)
        for each in records:
            (self.folder / f"{each.id}.job.json").write_text(each.to_json())

    def open(self):
        self.jobs = JobList(store=JobStore(self.folder))
        self.page = JobsPage(Shared(self.desktop, self.jobs))
        self.page.resize(300, 600)
        self.qtbot.addWidget(self.page)
        self.page.show()
        return self.page

    def texts(self):
        model = self.page.model
        return [model.data(model.index(row, 0)) for row in range(model.rowCount())]

    def menu(self):
        self.page._fill_menu()
        return {a.objectName().removeprefix("job_"): a for a in self.page.menu.actions()}

    def press(self):
        self.qtbot.mouseClick(self.page.primary_button, Qt.MouseButton.LeftButton)


@pytest.fixture
def trial(desktop, qtbot, tmp_path):
    made = Trial(desktop, qtbot, tmp_path / "jobs")
    yield made
    if made.jobs is not None:
        assert made.jobs.close_down(PATIENCE_MS)


def test_nothing_has_run_yet(trial):
    page = trial.open()
    assert page.status == "Nothing is running, and nothing has run yet."
    assert not page.primary_button.isVisible()
    assert page.job is None


@pytest.mark.parametrize(
    ("state", "button", "words"),
    [
        (JobState.INTERRUPTED, "&Resume", "Interrupted at 43 %"),
        (JobState.CANCELLED, "&Resume", "Stopped at 43 %"),
        (JobState.FAILED, "&Try again", "Failed"),
        (JobState.PARTIAL, "&Try again", "Done in part"),
    ],
)
def test_each_state_has_its_button(trial, tmp_path, state, button, words):
    trial.remember(record(tmp_path, 1, state))
    page = trial.open()
    assert page.primary_button.text() == button
    assert page.primary_button.isEnabled()
    assert trial.texts()[0].startswith(f"Job 1 · out\n{words} · ")
    assert not page.progress_bar.isVisible()
    titles = [action.text() for action in trial.menu().values()]
    assert {"&Log", "Copy as &flight command", "Remo&ve from list"} <= set(titles)


def test_what_runs_comes_first_and_can_be_cancelled(trial, tmp_path, wait_for):
    trial.remember(record(tmp_path, 1, JobState.DONE), record(tmp_path, 2, JobState.DONE))
    page = trial.open()
    job = trial.jobs.start(COUNT, COUNT.make_params({"steps": 100000, "wait_s": 0.01}))
    assert page.job is job, "what has just been started is shown"
    wait_for(lambda: job.fraction > 0)
    assert [text.split("\n")[0] for text in trial.texts()] == [
        "Count",
        "Job 2 · out",
        "Job 1 · out",
    ]
    assert "Running, 0 %" in trial.texts()[0]
    assert page.status == "1 job under way."
    assert page.progress_bar.isVisible()
    assert page.primary_button.text() == "&Cancel"
    trial.press()
    wait_for(lambda: job.state.has_ended)
    assert page.job is job
    assert page.primary_button.text() == "&Resume"
    assert not page.progress_bar.isVisible()
    assert page.status == "Nothing is running."


def test_doubts_stand_first_and_the_log_has_all(trial, wait_for):
    page = trial.open()
    job = trial.jobs.start(FAIL, FAIL.make_params({"how": "warn"}))
    wait_for(lambda: job.state.has_ended)
    lines = page.details.toPlainText().split("\n")
    assert lines[:2] == ["⚠ something odd", "⚠ another doubt"]
    assert lines[3] == "well, after all"
    assert trial.texts()[0].startswith("Fail\nDone, with doubts")
    trial.menu()["log"].trigger()
    [dialog] = trial.page.window().findChildren(QDialog, "details_dialog")
    assert dialog.findChild(QPlainTextEdit).toPlainText() == "⚠ something odd"
    dialog.close()


def test_files_are_called_by_their_place_in_the_folder_and_once(trial, tmp_path):
    folder = tmp_path / "with" / "a" / "long" / "name"
    paths = [folder / "one" / f"{name}.tif" for name in ("stack", "ndvi")]
    result = OperationResult(
        data=None,
        text=f"One: done, {paths[0]}",
        layers=tuple(LayerOutput(path, path.stem, "", "one") for path in paths),
        outputs={"report": str(folder / "report.html")},
    )
    trial.remember(record(tmp_path, 1, JobState.DONE, result=result))
    lines = trial.open().details.toPlainText().splitlines()
    inside = [str(path.relative_to(folder)) for path in paths]
    assert lines[:3] == [f"One: done, {inside[0]}", "", inside[1]]
    assert lines[-1] == f"Writes to {folder}"


def test_a_job_tells_its_figures_and_no_doubt_or_path_twice(trial, tmp_path):
    layer = LayerOutput(tmp_path / "severity.tif", "Burn severity", "", "one")
    summary = ResultSummary("16.20 km² burned", "15 to 17 km²", "That of x.", "21 % not seen", ())
    result = OperationResult(
        data=None,
        text=f"a doubt\nWildfire: {tmp_path}/report.html\nBurned: {layer.path}",
        layers=(layer,),
        warnings=("a doubt",),
        summary=summary,
    )
    trial.remember(record(tmp_path, 1, JobState.DONE, result=result))
    lines = trial.open().details.toPlainText().splitlines()
    assert lines[:6] == [
        "⚠ a doubt",
        "",
        "16.20 km² burned",
        "15 to 17 km²",
        "21 % not seen",
        "That of x.",
    ]
    assert lines.count(str(layer.path)) == 1
    assert "a doubt" not in lines


def test_the_log_tells_of_each_scene_once(trial, tmp_path):
    notes = tuple(Note(Level.WARNING, "SIMULATED") for _ in range(3))
    trial.remember(record(tmp_path, 1, JobState.DONE, notes=(*notes, Note(Level.INFO, "end"))))
    trial.open()
    trial.menu()["log"].trigger()
    [dialog] = trial.page.window().findChildren(QDialog, "details_dialog")
    assert dialog.findChild(QPlainTextEdit).toPlainText() == "⚠ SIMULATED\nend"
    dialog.close()


def test_an_error_stands_first(trial, tmp_path):
    error = FirstLightError("Index NDVI failed", "no nir", "Choose another.")
    notes = (Note(Level.INFO, "began"), Note(Level.WARNING, "odd"))
    trial.remember(record(tmp_path, 1, JobState.FAILED, error=error, notes=notes))
    page = trial.open()
    assert page.details.toPlainText().split("\n")[:2] == [
        "✖ Index NDVI failed: no nir. Choose another.",
        "⚠ odd",
    ]


@pytest.mark.parametrize("saved", [True, False], ids=["its project is open", "never saved"])
def test_an_interrupted_job_is_resumed_by_its_button(
    trial, world, tmp_path, wait_for, qtbot, saved
):
    world.files.break_next("red.tif", Fault(stall_after_bytes=1000, times=1))
    first = JobList(store=JobStore(trial.folder))
    ingest = get_operation("ingest")
    values = {
        "catalog": world.url,
        "area": AREA,
        "start": "2024-06-01",
        "end": "2024-06-30",
        "bands": "red,nir",
        "window": "full",
        "output": str(tmp_path / "out"),
    }
    if saved:
        assert QgsProject.instance().write(str(tmp_path / "mine.qgs"))
    first.start(ingest, ingest.make_params(values))
    wait_for(lambda: any("red.tif" in r.path for r in world.files.requests))
    assert first.close_down(PATIENCE_MS)
    page = trial.open()
    assert page.primary_button.text() == "&Resume"
    with qtbot.waitSignal(page.run_finished, timeout=PATIENCE_MS) as caught:
        trial.press()
    assert caught.args == ["done"]
    assert page.model.rowCount() == 1
    assert QgsProject.instance().mapLayers(), "its project is open, or does not come back"
    assert page.primary_button.text() == "Open &folder", "nothing waits"
    assert "on the map." in page.status


def test_a_job_taken_up_while_another_project_is_open_says_where_its_layers_are(
    trial, world, desktop, tmp_path, wait_for, qtbot
):
    """As after a crash: QGIS starts again without the project."""
    world.files.break_next("red.tif", Fault(stall_after_bytes=1000, times=1))
    first = JobList(store=JobStore(trial.folder))
    ingest = get_operation("ingest")
    values = {
        "catalog": world.url,
        "area": AREA,
        "start": "2024-06-01",
        "end": "2024-06-30",
        "bands": "red,nir",
        "window": "full",
        "output": str(tmp_path / "out"),
    }
    project = QgsProject.instance()
    path = str(tmp_path / "mine.qgs")
    assert project.write(path)
    first.start(ingest, ingest.make_params(values))
    wait_for(lambda: any("red.tif" in r.path for r in world.files.requests))
    assert first.close_down(PATIENCE_MS)
    project.clear()
    page = trial.open()
    with qtbot.waitSignal(page.run_finished, timeout=PATIENCE_MS):
        trial.press()
    assert project.mapLayers() == {}
    assert page.status == "Ingest scenes: one layer waits for project mine."
    assert page.primary_button.text() == "&Open here"
    assert project.read(path)
    wait_for(lambda: "on the map." in page.status)
    assert project.mapLayers()
    assert page.primary_button.text() == "Open &folder", "they do not wait any more"


def test_layers_wait_for_their_project_and_come_when_it_is_opened(
    trial, tmp_path, band_file, wait_for
):
    project = QgsProject.instance()
    path = str(tmp_path / "mine.qgs")
    assert project.write(path)
    layer = LayerOutput(band_file, "NDVI", "ndvi", "one")
    result = OperationResult(data=None, text="made", layers=(layer,))
    done = record(tmp_path, 1, JobState.DONE, result=result, project=path, waits=True)
    trial.remember(done, dataclasses.replace(record(tmp_path, 2, JobState.DONE), result=result))
    project.clear()
    page = trial.open()
    page.choose(trial.jobs.jobs[0])
    assert page.primary_button.text() == "&Open here"
    assert page.details.toPlainText().startswith("Job 1: one layer waits for project mine.")
    QApplication.processEvents()  # what the page does when it has just been opened
    assert project.mapLayers() == {}
    assert project.read(path)
    wait_for(lambda: page.primary_button.text() != "&Open here")
    assert [each.name() for each in project.mapLayers().values()] == ["NDVI"]
    assert page.primary_button.text() != "&Open here"
    assert trial.jobs._store.flush(10)
    kept = JobRecord.from_json((trial.folder / f"{done.id}.job.json").read_text())
    assert not kept.waits


@pytest.mark.parametrize("there", [True, False], ids=["on the map", "not there"])
def test_one_can_go_to_what_is_on_the_map(trial, tmp_path, band_file, wait_for, there):
    layer = LayerOutput(band_file, "NDVI", "ndvi", "one")
    outputs = {"report": str(tmp_path / "report.html")}
    result = OperationResult(data=None, text="made", layers=(layer,), outputs=outputs)
    trial.remember(record(tmp_path, 1, JobState.DONE, result=result, waits=True))
    page = trial.open()
    if there:
        page.open_here(page.job)
        wait_for(lambda: "on the map." in page.status)
    page.shared.show(result, "Mapped.")
    buttons = trial.desktop.bar.currentItem().findChildren(QPushButton)
    zoom = ["Zoom"] if there else []
    assert [button.text() for button in buttons] == ["Open report", *zoom, "Open folder"]


def test_layers_that_wait_can_be_opened_here(trial, tmp_path, band_file, wait_for):
    layer = LayerOutput(band_file, "NDVI", "ndvi", "one")
    result = OperationResult(data=None, text="made", layers=(layer,))
    trial.remember(record(tmp_path, 1, JobState.DONE, result=result, waits=True))
    page = trial.open()
    trial.press()
    wait_for(lambda: page.status == "Job 1: 1 layer on the map.")
    assert len(QgsProject.instance().mapLayers()) == 1


def test_a_job_that_ends_in_another_project_puts_nothing_onto_its_map(
    dock, world, qtbot, wait_for, tmp_path
):
    """The dock's own pages ask for that too."""
    dock.show_page(dock.files)
    tools = dock.files.tools_panel
    project = QgsProject.instance()
    world.files.break_next("red.tif", Fault(slow_s=0.5))
    tools.prepare(
        "ingest",
        {
            "catalog": world.url,
            "area": AREA,
            "start": "2024-06-01",
            "end": "2024-06-30",
            "bands": "red,nir",
            "output": str(tmp_path / "out"),
        },
    )
    with qtbot.waitSignal(dock.run_finished, timeout=PATIENCE_MS) as caught:
        qtbot.mouseClick(tools.run_button, Qt.MouseButton.LeftButton)
        [job] = dock.shared.jobs.jobs
        project.clear()
    assert caught.args == ["done"]
    assert job.waits
    assert project.mapLayers() == {}
    assert "waits for a project that was not saved" in dock.files.status


def test_pictures_of_an_earlier_result_are_compared_again(trial, tmp_path, qtbot, desktop):
    layers = []
    for month in (6, 7):
        path = make_stack(tmp_path / f"{month}.tif", ("blue", "green", "red"))
        when = datetime(2024, month, 1, tzinfo=timezone.utc)
        layers.append(LayerOutput(path, f"Of month {month}", "natural_color", "one", when))
    result = OperationResult(data=None, text="made", layers=tuple(layers))
    trial.remember(record(tmp_path, 1, JobState.DONE, result=result))
    page = trial.open()
    trial.menu()["swipe"].trigger()
    assert isinstance(desktop.canvas.mapTool(), SwipeTool)
    stop_swipe()
    assert not isinstance(desktop.canvas.mapTool(), SwipeTool)
    trial.menu()["compare"].trigger()
    [panel] = desktop.window.findChildren(BeforeAfter)
    assert panel.isVisible()
    close_before_after(desktop)
    layers[0].path.unlink()
    trial.menu()["swipe"].trigger()
    assert "6.tif cannot be opened: it does not exist" in page.status
    trial.jobs.jobs[0].result = dataclasses.replace(result, layers=())
    assert "swipe" not in trial.menu(), "there is nothing to compare"


def test_copies_are_on_the_clipboard(trial, tmp_path):
    trial.remember(record(tmp_path, 1, JobState.DONE))
    trial.open()
    trial.menu()["copy_flight"].trigger()
    words = shlex.split(QApplication.clipboard().text())
    assert words[:2] == ["flight", "index"]
    assert str(tmp_path / "s.vrt") in words
    trial.menu()["copy_python"].trigger()
    assert QApplication.clipboard().text().startswith("from firstlight.core.api import run")
    trial.menu()["copy_processing"].trigger()
    assert "'firstlight:index'" in QApplication.clipboard().text()


def test_what_cannot_be_done_says_why(trial, tmp_path, wait_for):
    trial.remember(record(tmp_path, 1, JobState.INTERRUPTED, whole=False))
    page = trial.open()
    assert not page.primary_button.isEnabled()
    assert page.primary_button.toolTip() == "It was given a secret, which is not kept."
    folder = trial.menu()["folder"]
    wait_for(lambda: not folder.isEnabled())
    assert folder.toolTip() == "It is not there."


def test_keys_do_what_the_mouse_does(trial, tmp_path, qtbot):
    trial.remember(record(tmp_path, 1, JobState.DONE), record(tmp_path, 2, JobState.FAILED))
    page = trial.open()
    page.activateWindow()
    page.job_list.setFocus()
    qtbot.waitUntil(page.isActiveWindow)
    qtbot.keyClick(page.job_list, Qt.Key.Key_Down)
    assert page.job.title == "Job 1"
    qtbot.keyClick(page.job_list, Qt.Key.Key_Delete)
    assert [job.title for job in trial.jobs.jobs] == ["Job 2"]
    assert page.job.title == "Job 2", "there is always one that is chosen"
    qtbot.keyClick(page.job_list, Qt.Key.Key_Return)
    assert trial.jobs.running, "Return presses the button"


def test_the_page_fits_into_300_pixels(trial, tmp_path):
    trial.remember(record(tmp_path, 1, JobState.INTERRUPTED))
    page = trial.open()
    assert page.minimumSizeHint().width() <= 300
    assert page.job_list.accessibleName()
    assert page.details.accessibleName()
