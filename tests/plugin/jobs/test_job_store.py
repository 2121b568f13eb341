"""Jobs over a restart of QGIS: what is kept, what is not, and how they are taken up again."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest

from firstlight.core.errors import FirstLightError, InputError
from firstlight.core.files.lock import LOCK_NAME
from firstlight.core.monitor import Level, Note
from firstlight.core.operation import AreaRow, LayerOutput, OperationResult, ResultSummary
from firstlight.core.operations.registry import get_operation
from firstlight.core.types import MapClass
from firstlight.plugin.jobs.job_list import JobList
from firstlight.plugin.jobs.job_record import JobRecord, JobState
from firstlight.plugin.jobs.job_store import JobStore
from support.range_server import Fault
from support.scene import AREA, small_world
from support.schemas import check
from support.waiting import PATIENCE_MS, wait_until

WHEN = datetime(2024, 7, 20, 14, 0, 1, tzinfo=timezone.utc)
RESULT = OperationResult(
    data=None,
    text="17.5 km² burned",
    layers=(
        LayerOutput(
            Path("/out/map.tif"),
            "Burned",
            "burned",
            "Maps",
            WHEN,
            classes=(MapClass(1, "burned", (200, 10, 0)),),
            above="Wildfire",
            warnings=("a doubt",),
        ),
    ),
    outputs={"report": "/out/report.html", "percent": 21.3},
    warnings=("a doubt",),
    summary=ResultSummary(
        "17.5 km² burned", "", "Because.", "", (AreaRow("burned", (200, 10, 0), 17.5, 10.0, True),)
    ),
)
RECORD = JobRecord(
    id="20240720T140001-00112233",
    operation="index",
    title="Fire",
    values={"stack": "/a/s.vrt", "name": "NDVI", "output": "/out/ndvi.tif"},
    project="/p/one.qgz",
    session="a1",
    state=JobState.DONE,
    started=WHEN,
    finished=WHEN,
    fraction=1.0,
    message="done",
    waits=True,
    result=RESULT,
    notes=(Note(Level.WARNING, "odd"),),
)


class Sessions:
    """Starts of QGIS, one after the other or at once, with one profile."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: list[JobList] = []

    def start(self) -> JobList:
        self._open.append(JobList(store=JobStore(self.folder)))
        return self._open[-1]

    def end(self, jobs: JobList) -> None:
        self._open.remove(jobs)
        assert jobs.close_down(PATIENCE_MS)

    def end_all(self) -> None:
        for jobs in tuple(self._open):
            self.end(jobs)

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("*.json"))


@pytest.fixture
def sessions(qgis_app, tmp_path):
    made = Sessions(tmp_path / "jobs")
    yield made
    made.end_all()


@pytest.fixture
def world(tmp_path):
    with small_world(tmp_path / "world") as made:
        yield made


def ingest_params(world, output, **more):
    values = {
        "catalog": world.url,
        "area": AREA,
        "start": "2024-06-01",
        "end": "2024-06-30",
        "bands": "red,nir",
        "window": "full",
        "output": str(output),
        **more,
    }
    return get_operation("ingest").make_params(values)


def test_a_record_is_read_as_it_was_written():
    assert JobRecord.from_json(RECORD.to_json()) == RECORD
    failed = dataclasses.replace(
        RECORD, state=JobState.FAILED, result=None, error=FirstLightError("A", "b", "C.")
    )
    again = JobRecord.from_json(failed.to_json())
    assert str(again.error) == "A: b. C."
    assert dataclasses.replace(again, error=None) == dataclasses.replace(failed, error=None)


def test_a_record_is_what_its_schema_says():
    failed = dataclasses.replace(
        RECORD, result=None, error=InputError("It", "is wrong", "Mend it.")
    )
    for record in (RECORD, failed):
        check("job.json", json.loads(record.to_json()))


def test_what_another_version_has_more_is_left_out():
    tree = json.loads(RECORD.to_json())
    tree["new"] = tree["result"]["layers"][0]["new"] = tree["result"]["summary"]["new"] = 1
    assert JobRecord.from_json(json.dumps(tree)) == RECORD


def test_a_job_that_is_done_is_there_after_a_restart(sessions, world, tmp_path, wait_for):
    jobs = sessions.start()
    job = jobs.start(get_operation("ingest"), ingest_params(world, tmp_path / "out"), title="One")
    wait_for(lambda: job.state.has_ended)
    assert job.state == JobState.DONE, job.error
    question = jobs.start(
        get_operation("catalogs"), get_operation("catalogs").make_params({}), kept=False
    )
    wait_for(lambda: question.state.has_ended)
    sessions.end(jobs)
    [kept] = sessions.start().jobs
    assert (kept.id, kept.title, kept.state) == (job.id, "One", JobState.DONE)
    assert (kept.started, kept.finished) == (job.started, job.finished)
    assert kept.result.layers == job.result.layers
    assert kept.result.outputs == job.result.outputs
    assert kept.values == job.values
    assert list(kept.notes) == list(job.notes)
    assert kept.operation.load() is get_operation("ingest")


def test_a_job_that_runs_when_qgis_is_left_is_interrupted_and_can_be_taken_up(
    sessions, world, tmp_path, wait_for
):
    world.files.break_next("red.tif", Fault(stall_after_bytes=1000, times=1))
    jobs = sessions.start()
    job = jobs.start(get_operation("ingest"), ingest_params(world, tmp_path / "out"))
    wait_for(lambda: any("red.tif" in r.path for r in world.files.requests))
    sessions.end(jobs)
    assert job.state == JobState.INTERRUPTED
    jobs = sessions.start()
    [kept] = jobs.jobs
    assert kept.state == JobState.INTERRUPTED
    new = jobs.again(kept)
    assert jobs.jobs == (new,)
    assert new.title == job.title
    assert new.project == str(jobs.project), "the project that was never saved does not come back"
    wait_for(lambda: new.state.has_ended)
    assert new.state == JobState.DONE, new.error
    sessions.end(jobs)
    assert [each.id for each in sessions.start().jobs] == [new.id]


KILLED = """if True:
    import sys
    from pathlib import Path
    from qgis.core import QgsApplication
    app = QgsApplication([], False)
    app.initQgis()
    from firstlight.core.operations.registry import get_operation
    from firstlight.plugin.jobs.job_list import JobList
    from firstlight.plugin.jobs.job_store import JobStore
    jobs = JobList(store=JobStore(Path(sys.argv[1])))
    ingest = get_operation("ingest")
    job = jobs.start(ingest, ingest.make_params({
        "catalog": sys.argv[2], "area": sys.argv[3], "start": "2024-06-01", "end": "2024-06-30",
        "bands": "red,nir", "window": "full", "output": sys.argv[4],
    }))
    job.ended.connect(app.quit)
    app.exec_()
    print(job.state, job.error or job.result.text)
"""


def test_a_killed_qgis_is_resumed_by_bytes(sessions, tmp_path, wait_for):
    with small_world(tmp_path / "world", size=1500) as world:
        size = (world.folder / "red.tif").stat().st_size
        assert size > 3_000_000
        world.files.break_next("red.tif", Fault(stall_after_bytes=2_500_000, times=1))
        out = tmp_path / "out"
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        arguments = [str(sessions.folder), world.url, AREA, str(out)]
        qgis = subprocess.Popen([sys.executable, "-c", KILLED, *arguments], env=environment)
        try:
            wait_until(lambda: qgis.poll() is not None or parts_of(out, 2_000_000))
            assert qgis.poll() is None, "it ended by itself"
            other = sessions.start()
            assert other.jobs == (), "the other QGIS still runs: the job is its own"
            sessions.end(other)
        finally:
            os.kill(qgis.pid, signal.SIGKILL)
            qgis.wait()
        before = len(world.files.requests)
        jobs = sessions.start()
        [job] = jobs.jobs
        assert job.state == JobState.INTERRUPTED
        assert job.operation.name == "ingest"
        new = jobs.again(job)
        wait_for(lambda: new.state.has_ended)
        assert new.state == JobState.DONE, new.error
        asked = [r for r in world.files.requests[before:] if "red.tif" in r.path and r.range]
        first = min(int(r.range.removeprefix("bytes=").split("-")[0]) for r in asked)
        assert first >= 1_000_000, "what had come is not asked for again"
        [red] = out.rglob("red.tif")
        assert red.read_bytes() == (world.folder / "red.tif").read_bytes()


def parts_of(folder: Path, least: int) -> bool:
    return any(path.stat().st_size >= least for path in folder.rglob("*red*.part"))


def test_scenes_that_were_chosen_are_kept_and_go_with_the_last_job(
    sessions, world, tmp_path, wait_for
):
    discover = get_operation("discover")
    jobs = sessions.start()
    asked = {"catalog": world.url, "area": AREA, "start": "2024-06-01", "end": "2024-06-30"}
    found = jobs.start(discover, discover.make_params(asked), kept=False)
    wait_for(lambda: found.state.has_ended)
    scenes = tuple(found.result.value.scenes)
    ingest = get_operation("ingest")
    chosen = ingest.make_params({"area": AREA, "bands": "red", "output": str(tmp_path / "out")})
    world.files.break_next("red.tif", Fault(status=404))
    job = jobs.start(ingest, dataclasses.replace(chosen, scenes=scenes))
    wait_for(lambda: job.state.has_ended)
    assert job.state == JobState.FAILED
    assert job.whole
    sessions.end(jobs)
    world.files.mend("red.tif")
    jobs = sessions.start()
    new = jobs.again(jobs.jobs[0])
    wait_for(lambda: new.state.has_ended)
    assert new.state == JobState.DONE, new.error
    assert [layer.group for layer in new.result.layers] == [scenes[0].id]
    assert jobs._store.flush(10)
    assert set(sessions.files()) == {f"{job.id}.scenes.json", f"{new.id}.job.json"}
    jobs.remove(new)
    assert jobs._store.flush(10)
    assert sessions.files() == []


def test_a_secret_is_not_kept_and_the_job_says_so(sessions, tmp_path, wait_for):
    jobs = sessions.start()
    ingest = get_operation("ingest")
    secret = "abcdef0123456789"
    params = ingest.make_params(
        {
            "catalog": f"http://127.0.0.1:9/v1?token={secret}",
            "collection": f"mine?token={secret}",
            "area": AREA,
            "start": "2024-06-01",
            "end": "2024-06-30",
            "output": str(tmp_path / "out"),
        }
    )
    job = jobs.start(ingest, params)
    wait_for(lambda: job.state.has_ended)
    assert jobs._store.flush(10)
    [path] = sessions.folder.glob("*.job.json")
    assert secret not in path.read_text()
    with pytest.raises(InputError, match=r"cannot be started again: it was given a secret"):
        jobs.again(job)
    assert jobs.jobs == (job,)


def test_a_job_taken_up_elsewhere_is_not_started_twice(sessions, world, tmp_path, wait_for):
    sessions.folder.mkdir(parents=True)
    record = dataclasses.replace(RECORD, state=JobState.RUNNING, result=None, finished=None)
    (sessions.folder / f"{RECORD.id}.job.json").write_text(record.to_json())
    first, second = sessions.start(), sessions.start()
    first.remove(first.jobs[0])
    assert first._store.flush(10)
    with pytest.raises(InputError, match="taken up in another window"):
        second.again(second.jobs[0])


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 99}', '{"version": 1}', "null"])
def test_a_file_that_is_no_job_is_left_alone(sessions, desktop, text):
    sessions.folder.mkdir(parents=True)
    bad = sessions.folder / "20240101T000000-00000000.job.json"
    bad.write_text(text)
    (sessions.folder / f"{RECORD.id}.job.json").write_text(RECORD.to_json())
    (sessions.folder / "x.job.json").write_text(RECORD.to_json())  # not by its own name
    assert [job.id for job in sessions.start().jobs] == [RECORD.id]
    assert bad.read_text() == text


def test_a_profile_that_cannot_be_written_is_told_once_and_jobs_run(
    sessions, world, tmp_path, desktop, wait_for
):
    sessions.folder.write_text("a file where the folder should be")
    jobs = sessions.start()
    job = jobs.start(get_operation("ingest"), ingest_params(world, tmp_path / "out"))
    wait_for(lambda: job.state.has_ended)
    assert job.state == JobState.DONE
    assert desktop.logged().count("Jobs are not remembered over a restart of QGIS") == 1


def test_what_a_crashed_qgis_left_is_cleared_away(sessions):
    old, young = (sessions.folder / "sessions" / name for name in ("c" * 32, "d" * 32))
    for place in (old, young):
        place.mkdir(parents=True)
        (place / LOCK_NAME).touch()
    os.utime(old, (WHEN.timestamp(), WHEN.timestamp()))
    first = sessions.start()
    own = sessions.folder / "sessions" / first._store.session
    os.utime(own, (WHEN.timestamp(), WHEN.timestamp()))
    sessions.start()
    assert not old.exists()
    assert young.exists(), "it may be about to be locked"
    assert own.exists(), "it is held"
    sessions.end(first)
    assert not own.exists()


def test_two_jobs_do_not_write_to_one_place(sessions, world, tmp_path, wait_for):
    jobs = sessions.start()
    world.files.break_next("red.tif", Fault(stall_after_bytes=1000))
    index = get_operation("index")
    wait = {"stack": str(tmp_path / "s.vrt"), "name": "NDVI", "output": str(tmp_path / "n.tif")}
    for _ in range(2):
        jobs.start(get_operation("ingest"), ingest_params(world, tmp_path / "out"))
    assert len(jobs.running) == 2, "each scene has a folder of its own, locked while it is used"
    running = jobs.start(index, index.make_params(wait), title="First")
    with pytest.raises(
        InputError, match=r"“Second” cannot be started: “First” is writing to .*n\.tif"
    ):
        jobs.start(index, index.make_params(wait), title="Second")
    wait_for(lambda: running.state.has_ended)
    jobs.start(index, index.make_params(wait), title="Second")
