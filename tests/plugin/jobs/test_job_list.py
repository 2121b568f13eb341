"""The list of jobs: what it keeps, counts and forgets, and whose project a job is."""

from __future__ import annotations

import gc
import weakref

import pytest
from qgis.core import QgsApplication

from firstlight.core.monitor import Progress
from firstlight.plugin.jobs.job import Job
from firstlight.plugin.jobs.job_list import JobList
from firstlight.plugin.jobs.job_record import JobState
from firstlight.plugin.jobs.project_key import UNSAVED
from support.operations import COUNT, FAIL
from support.waiting import PATIENCE_MS


@pytest.fixture
def jobs(qgis_app):
    made = JobList()
    yield made
    assert made.cancel_all(PATIENCE_MS)
    made.close_down()


def count(jobs, steps=3, **more) -> Job:
    return jobs.start(COUNT, COUNT.make_params({"steps": steps, "wait_s": 0.01}), **more)


def test_a_job_knows_what_it_is(jobs, wait_for):
    job = count(jobs, title="Count to three")
    assert (job.title, job.operation, job.values["steps"]) == ("Count to three", COUNT, 3)
    assert job.state == JobState.WAITING
    assert job.finished is None
    wait_for(lambda: job.state.has_ended)
    assert job.state == JobState.DONE
    assert job.result.outputs == {"steps": 3}
    assert job.error is None
    assert job.fraction == 1.0
    assert job.message == "step 3"
    assert job.started <= job.finished
    assert count(jobs).title == "Count"


def test_a_running_job_says_so_and_never_runs_backwards(jobs, wait_for):
    job = count(jobs, steps=100000)
    fractions = []
    job.changed.connect(lambda: fractions.append(job.fraction))
    wait_for(lambda: len(fractions) > 3)
    assert job.state == JobState.RUNNING
    job._take((Progress(0.0, "once more"),))
    assert job.message == "once more"
    assert fractions == sorted(fractions)
    assert 0 < fractions[-2] <= fractions[-1] < 1


@pytest.mark.parametrize(
    ("how", "state"),
    [("partial", JobState.PARTIAL), ("failed", JobState.FAILED), ("named", JobState.FAILED)],
)
def test_a_job_ends_as_its_operation_did(jobs, wait_for, how, state):
    job = jobs.start(FAIL, FAIL.make_params({"how": how}))
    ends = []
    job.ended.connect(lambda: ends.append(job.state))
    wait_for(lambda: ends)
    assert ends == [state]
    assert (job.error is None) == (how != "named")


def test_a_running_job_is_in_qgis_s_own_list_and_can_be_cancelled_there(jobs, wait_for):
    job = count(jobs, steps=100000, title="Count far")
    wait_for(lambda: job.state == JobState.RUNNING)
    tasks = QgsApplication.taskManager().activeTasks()
    [task] = [each for each in tasks if each.description() == "FirstLight: Count far"]
    wait_for(lambda: task.progress() > 0)
    task.cancel()
    wait_for(lambda: job.state.has_ended)
    assert job.state == JobState.CANCELLED


def test_short_questions_are_run_and_not_listed(jobs, wait_for):
    added, counts = [], []
    jobs.added.connect(added.append)
    jobs.count_changed.connect(counts.append)
    question = count(jobs, kept=False)
    assert jobs.running == (question,)
    job = count(jobs)
    assert jobs.running == (question, job)
    wait_for(lambda: not jobs.running)
    assert jobs.jobs == (job,)
    assert added == [job]
    assert counts == [1, 0]


def test_a_running_job_is_not_removed(jobs):
    job = count(jobs, steps=100000)
    jobs.remove(job)
    assert jobs.jobs == (job,)


def test_a_job_that_was_removed_is_gone(jobs, wait_for):
    removed = []
    jobs.removed.connect(lambda job: removed.append(job.id))

    def run_and_remove() -> weakref.ref[Job]:
        job = count(jobs)
        job.ended.connect(lambda: str(job.state))  # as a page does: bound to the job itself
        wait_for(lambda: job.state.has_ended)
        jobs.remove(job)
        assert removed == [job.id]
        return weakref.ref(job)

    left = run_and_remove()
    assert jobs.jobs == ()
    gc.collect()
    assert left() is None


def test_two_jobs_have_two_ids(jobs):
    assert len({count(jobs).id for _ in range(20)}) == 20


def test_a_job_belongs_to_the_project_it_was_started_in(jobs, project, tmp_path):
    first = count(jobs)
    assert first.project.startswith(UNSAVED)
    project.clear()
    second = count(jobs)
    assert second.project.startswith(UNSAVED)
    assert second.project != first.project, "another project without a file"
    path = str(tmp_path / "second.qgs")
    assert project.write(path)
    assert second.project == path, "the same project has a file now"
    assert first.project.startswith(UNSAVED)
    assert count(jobs).project == path
    project.clear()
    assert str(jobs.project) != path
    assert project.read(path)
    assert str(jobs.project) == path
    other = str(tmp_path / "copy.qgs")
    assert project.write(other)
    assert second.project == other, "the window goes on with the copy"


def test_jobs_that_wait_and_jobs_that_run_are_counted(jobs):
    counts = []
    jobs.count_changed.connect(counts.append)
    for _ in range(4):
        count(jobs, steps=100000)
    assert counts == [1, 2, 3, 4]
    assert jobs.cancel_all(PATIENCE_MS)
    assert counts == [1, 2, 3, 4, 3, 2, 1, 0]
