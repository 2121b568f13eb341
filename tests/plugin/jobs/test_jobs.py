"""Jobs: each one operation off the main thread, told exactly once how it ended, cancelled within a
second.
"""

from __future__ import annotations

import gc
import threading
from dataclasses import dataclass, replace

import pytest
from qgis.core import QgsApplication, QgsTask
from qgis.PyQt.QtCore import QThreadPool, QTimer

from firstlight.core.errors import Cancelled, FirstLightError, InputError, SettingsError
from firstlight.core.monitor import BandProgress, Monitor, Note, Progress
from firstlight.core.operation import Operation, OperationResult
from firstlight.core.settings import Settings, resolve_settings
from firstlight.plugin.jobs.job_list import MOST_AT_ONCE, JobList
from firstlight.plugin.jobs.job_record import JobState
from firstlight.plugin.task import OperationTask
from support.operations import COUNT, FAIL, NAMES, run_count
from support.qgis_fixtures import write_override
from support.waiting import PATIENCE_MS, PATIENCE_S, Gate


class Answers:
    """Everything a job says."""

    def __init__(self, job):
        self.said = []
        self.events = []
        self.threads = set()
        self._job = job
        job.ended.connect(self._note)
        job.happened.connect(self._take)

    def _note(self):
        self.threads.add(threading.get_ident())
        self.said.append((self._job.state, self._job.result or self._job.error))

    def _take(self, events):
        self.threads.add(threading.get_ident())
        self.events.append(events)


@pytest.fixture
def jobs(qgis_app):
    made = JobList()
    yield made
    assert made.cancel_all(PATIENCE_MS)
    made.close_down()


def run(jobs, operation, wait_for, **values):
    answers = Answers(jobs.start(operation, operation.make_params(values)))
    wait_for(lambda: answers.said)
    return answers


def test_success_hands_over_the_result_on_the_main_thread(jobs, wait_for):
    answers = run(jobs, COUNT, wait_for, steps=3)
    [(word, result)] = answers.said
    assert word == "done"
    assert result.text == "counted to 3"
    assert answers.threads == {threading.get_ident()}
    assert result.value != threading.get_ident(), "the work itself must not be on the main thread"


def test_named_failure_arrives_as_it_was_raised(jobs, wait_for):
    [(word, error)] = run(jobs, FAIL, wait_for, how="named").said
    assert word == "failed"
    assert type(error) is InputError
    assert str(error) == "The thing cannot be used: it is broken. Take another."


def test_sentences_name_parameters_and_operations_by_their_titles(jobs, wait_for, desktop):
    [(word, result)] = run(jobs, NAMES, wait_for).said
    assert word == "done"
    assert result.text == "No “Unit of radar”, and no ‘nonsense’: run “Mend a stack”."
    wait_for(lambda: "Lower “Height limit”." in desktop.logged())
    [(word, error)] = run(jobs, NAMES, wait_for, fails=True).said
    assert word == "failed"
    assert str(error) == "The unit: “Unit of radar” is missing. Run “Mend a stack”."


def test_unknown_exception_becomes_a_sentence_and_its_traceback_goes_to_the_log(
    jobs, wait_for, desktop
):
    [(word, error)] = run(jobs, FAIL, wait_for, how="unknown").said
    assert word == "failed"
    assert type(error) is FirstLightError
    assert str(error) == (
        "Fail failed: ZeroDivisionError: 1/0 in the middle. This is a fault in FirstLight; the "
        "log has the details."
    )
    wait_for(lambda: "ZeroDivisionError: 1/0 in the middle" in desktop.logged())
    assert "Traceback" in desktop.logged()
    assert "run_fail" in desktop.logged()


@dataclass(frozen=True, kw_only=True)
class NoParams:
    """Nothing to choose."""


def operation_at(gate: Gate) -> Operation:
    """An operation that stands at a gate and does not look at its monitor meanwhile."""

    def run(params: NoParams, settings: Settings, monitor: Monitor) -> OperationResult:
        monitor.emit(Note("info", "standing"))
        gate.pass_through()
        if monitor.cancelled():
            raise Cancelled("Standing")
        return OperationResult(data=None, text="through")

    return Operation("stand", "Stand", "Tests", "Stands at a gate.", NoParams, run)


def test_cancel_is_heard_in_the_middle(jobs, wait_for):
    with Gate() as gate:
        operation = operation_at(gate)
        job = jobs.start(operation, NoParams())
        answers = Answers(job)
        wait_for(gate.reached.is_set)
        jobs.cancel(job)
        gate.open()
        wait_for(lambda: answers.said)
    assert answers.said == [("cancelled", None)]


def test_a_job_that_waits_for_its_turn_can_be_cancelled(jobs, wait_for):
    manager = QgsApplication.taskManager()
    with Gate() as gate:
        operation = operation_at(gate)
        blockers = [jobs.start(operation, NoParams()) for _ in range(16)]
        late = jobs.start(COUNT, COUNT.make_params({"steps": 1}))
        answers = Answers(late)
        wait_for(lambda: any(job.state == JobState.RUNNING for job in blockers))
        wait_for(gate.reached.is_set)
        assert late.state == JobState.WAITING
        jobs.cancel(late)
        wait_for(lambda: answers.said)
        assert answers.said == [("cancelled", None)]
        assert gate.is_held, "the others still run"
    assert jobs.cancel_all(PATIENCE_MS)
    assert manager.countActiveTasks() == 0


def test_a_question_does_not_wait_for_jobs_however_few_threads_qgis_has(jobs, wait_for):
    threads = QThreadPool.globalInstance()
    before, running = threads.maxThreadCount(), threads.activeThreadCount()
    threads.setMaxThreadCount(1)
    try:
        with Gate() as gate:
            long = [jobs.start(operation_at(gate), NoParams()) for _ in range(4)]
            wait_for(lambda: all(job.state == JobState.RUNNING for job in long))
            wait_for(gate.reached.is_set)
            question = Answers(jobs.start(COUNT, COUNT.make_params({"steps": 1}), kept=False))
            wait_for(lambda: question.said)
            assert gate.is_held
        wait_for(lambda: not jobs.running)
        wait_for(lambda: threads.activeThreadCount() == running)
    finally:
        threads.setMaxThreadCount(before)


def test_jobs_in_line_begin_in_their_order(jobs, wait_for):
    with Gate() as gate:
        first = [jobs.start(operation_at(gate), NoParams()) for _ in range(MOST_AT_ONCE)]
        order = []
        for name in "abc":
            job = jobs.start(COUNT, COUNT.make_params({"steps": 1}), title=name)
            job.ended.connect(lambda name=name: order.append(name))
            if name == "b":
                jobs.cancel(job)
        wait_for(lambda: order == ["b"])
        wait_for(lambda: all(job.state == JobState.RUNNING for job in first))
    wait_for(lambda: not jobs.running)
    assert sorted(order) == ["a", "b", "c"]


def test_the_list_keeps_a_job_that_nobody_else_holds(jobs, wait_for):
    said = []
    params = COUNT.make_params({"steps": 20, "wait_s": 0.005})
    jobs.start(COUNT, params, kept=False).ended.connect(lambda: said.append(1))
    gc.collect()
    assert len(jobs.running) == 1
    wait_for(lambda: said)
    assert jobs.running == ()


def test_cancel_all_waits_until_nothing_runs(jobs):
    ends = []
    for _ in range(3):
        job = jobs.start(COUNT, COUNT.make_params({"steps": 100000, "wait_s": 0.01}))
        job.ended.connect(lambda: ends.append(1))
    assert jobs.cancel_all(PATIENCE_MS)
    assert ends == [1, 1, 1]
    assert jobs.running == ()


def test_cancelling_what_has_ended_does_nothing(jobs, wait_for):
    job = jobs.start(COUNT, COUNT.make_params({"steps": 1}))
    answers = Answers(job)
    wait_for(lambda: answers.said)
    jobs.cancel(job)
    assert [word for word, _ in answers.said] == ["done"]


def test_a_result_that_came_in_spite_of_cancel_counts(jobs, wait_for):
    def finish_all_the_same(params, settings, monitor):
        while not monitor.cancelled():
            threading.Event().wait(0.01)
        return run_count(params, settings, Deaf(monitor))

    class Deaf:
        def __init__(self, monitor):
            self.emit = monitor.emit

        def cancelled(self):
            return False

    stubborn = replace(COUNT, run=finish_all_the_same)
    job = jobs.start(stubborn, stubborn.make_params({"steps": 2}))
    answers = Answers(job)
    jobs.cancel(job)
    wait_for(lambda: answers.said)
    assert [word for word, _ in answers.said] in (
        ["done"],
        ["cancelled"],
    )  # stopped: it had not begun


def test_thousands_of_events_arrive_as_few_signals_and_the_last_state_is_not_lost(jobs, wait_for):
    answers = run(jobs, COUNT, wait_for, steps=20000)
    assert len(answers.events) < 100
    last = {}
    for events in answers.events:
        for event in events:
            last[type(event)] = event
    assert last[Progress].fraction == 1.0
    assert last[BandProgress] == BandProgress("scene", "red", "done", 20000, 20000)


def test_the_main_thread_goes_on_while_an_operation_runs(jobs, wait_for, qgis_app):
    ticks = []
    timer = QTimer()
    timer.timeout.connect(lambda: ticks.append(1))
    with Gate() as gate:
        answers = Answers(jobs.start(operation_at(gate), NoParams()))
        wait_for(gate.reached.is_set)
        timer.start(1)
        wait_for(lambda: len(ticks) > 20)
        assert gate.is_held
        assert answers.said == []
        gate.open()
        wait_for(lambda: answers.said)
    assert answers.said[0][1].text == "through"


def test_what_is_told_at_once_is_not_lost(jobs, wait_for):
    """The work may have begun, and told of something, before ``start`` has come back."""
    with Gate() as gate:
        answers = Answers(jobs.start(operation_at(gate), NoParams()))
        assert gate.reached.wait(PATIENCE_S)  # the event loop stands still meanwhile
        gate.open()
        wait_for(lambda: answers.said)
        wait_for(lambda: answers.events)
    assert answers.events[0] == (Note("info", "standing"),)


def test_notes_go_to_the_log(jobs, wait_for, desktop):
    answers = run(jobs, FAIL, wait_for, how="warn")
    # The last events and the outcome come by two signals, whose order is the event loop's.
    wait_for(lambda: (Note("warning", "something odd"),) in answers.events)
    wait_for(lambda: "something odd" in desktop.logged())


def test_settings_are_read_when_the_job_starts_and_a_bad_one_is_a_failure_not_a_crash(
    jobs, wait_for
):
    seen = []
    looking = replace(
        COUNT,
        run=lambda params, settings, monitor: (
            seen.append(settings) or run_count(params, settings, monitor)
        ),
    )
    write_override("parallel_downloads", 7)
    run(jobs, looking, wait_for, steps=1)
    assert seen[0].parallel_downloads == 7
    assert seen[0].origins["parallel_downloads"] == "given for this run"
    write_override("parallel_downloads", "many")
    [(word, error)] = run(jobs, looking, wait_for, steps=1).said
    assert word == "failed"
    assert type(error) is SettingsError
    assert (
        str(error)
        == "The setting 'parallel_downloads' from given for this run cannot be 'many': it is no "
        "integer. Correct it there: docs/configuration.md shows each setting."
    )


def test_qgis_is_not_asked_to_tell_of_the_end_too():
    """Its own bar says *Task complete* after ten seconds, beside what the plugin says."""
    flags = OperationTask(COUNT, COUNT.make_params({})).flags()
    assert flags & QgsTask.Flag.CancelWithoutPrompt
    if not hasattr(QgsTask.Flag, "Silent"):
        pytest.skip("this QGIS has no tasks without a word at their end, which came with 3.26")
    assert flags & QgsTask.Flag.Silent


def test_the_task_itself_has_the_shipped_settings():
    task = OperationTask(COUNT, COUNT.make_params({}))
    assert task.description() == "FirstLight: Count"
    assert task._settings is resolve_settings
