"""The task and the runner: one operation off the main thread, exactly one answer, cancelled within
a second.
"""

from __future__ import annotations

import gc
import threading
from dataclasses import dataclass, replace

import pytest
from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QTimer

from firstlight.core.errors import Cancelled, FirstLightError, InputError, SettingsError
from firstlight.core.monitor import BandProgress, Monitor, Note, Progress
from firstlight.core.operation import Operation, OperationResult
from firstlight.core.settings import Settings, resolve_settings
from firstlight.plugin.runner import TaskRunner
from firstlight.plugin.task import OperationTask
from support.operations import COUNT, FAIL, NAMES, run_count
from support.qgis_fixtures import write_override
from support.waiting import PATIENCE_MS, PATIENCE_S, Gate


class Answers:
    """Everything a task says."""

    def __init__(self, task=None):
        self.said = []
        self.events = []
        self.threads = set()
        if task is not None:
            self.listen(task)

    def listen(self, task):
        task.succeeded.connect(lambda result: self._note("succeeded", result))
        task.failed.connect(lambda error: self._note("failed", error))
        task.stopped.connect(lambda: self._note("stopped", None))

    def _note(self, word, value):
        self.threads.add(threading.get_ident())
        self.said.append((word, value))

    def take(self, events):
        self.threads.add(threading.get_ident())
        self.events.append(events)


@pytest.fixture
def runner(qgis_app):
    made = TaskRunner()
    yield made
    assert made.cancel_all(PATIENCE_MS)


def run(runner, operation, wait_for, **values):
    answers = Answers()
    answers.listen(runner.start(operation, operation.make_params(values), answers.take))
    wait_for(lambda: answers.said)
    return answers


def test_success_hands_over_the_result_on_the_main_thread(runner, wait_for):
    answers = run(runner, COUNT, wait_for, steps=3)
    [(word, result)] = answers.said
    assert word == "succeeded"
    assert result.text == "counted to 3"
    assert answers.threads == {threading.get_ident()}
    assert result.value != threading.get_ident(), "the work itself must not be on the main thread"


def test_named_failure_arrives_as_it_was_raised(runner, wait_for):
    [(word, error)] = run(runner, FAIL, wait_for, how="named").said
    assert word == "failed"
    assert type(error) is InputError
    assert str(error) == "The thing cannot be used: it is broken. Take another."


def test_sentences_name_parameters_and_operations_by_their_titles(runner, wait_for, desktop):
    [(word, result)] = run(runner, NAMES, wait_for).said
    assert word == "succeeded"
    assert result.text == "No “Unit of radar”, and no ‘nonsense’: run “Mend a stack”."
    wait_for(lambda: "Lower “Height limit”." in desktop.logged())
    [(word, error)] = run(runner, NAMES, wait_for, fails=True).said
    assert word == "failed"
    assert str(error) == "The unit: “Unit of radar” is missing. Run “Mend a stack”."


def test_unknown_exception_becomes_a_sentence_and_its_traceback_goes_to_the_log(
    runner, wait_for, desktop
):
    [(word, error)] = run(runner, FAIL, wait_for, how="unknown").said
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


def test_cancel_is_heard_in_the_middle(runner, wait_for):
    with Gate() as gate:
        operation = operation_at(gate)
        task = runner.start(operation, NoParams())
        answers = Answers(task)
        wait_for(gate.reached.is_set)
        runner.cancel(task)
        gate.open()
        wait_for(lambda: answers.said)
    assert answers.said == [("stopped", None)]


def test_a_task_that_waits_for_its_turn_can_be_cancelled(runner, wait_for):
    manager = QgsApplication.taskManager()
    with Gate() as gate:
        operation = operation_at(gate)
        blockers = [runner.start(operation, NoParams()) for _ in range(16)]
        late = runner.start(COUNT, COUNT.make_params({"steps": 1}))
        answers = Answers(late)
        wait_for(
            lambda: any(task.status() == OperationTask.TaskStatus.Running for task in blockers)
        )
        wait_for(gate.reached.is_set)
        assert late.status() == OperationTask.TaskStatus.Queued
        runner.cancel(late)
        wait_for(lambda: answers.said)
        assert answers.said == [("stopped", None)]
        assert gate.is_held, "the others still run"
    assert runner.cancel_all(PATIENCE_MS)
    assert manager.countActiveTasks() == 0


def test_the_runner_keeps_a_task_that_nobody_else_holds(runner, wait_for):
    said = []
    runner.start(COUNT, COUNT.make_params({"steps": 20, "wait_s": 0.005})).succeeded.connect(
        said.append
    )
    gc.collect()
    assert len(runner.running) == 1
    wait_for(lambda: said)
    assert runner.running == ()


def test_cancel_all_waits_until_nothing_runs(runner):
    ends = []
    for _ in range(3):
        runner.start(COUNT, COUNT.make_params({"steps": 100000, "wait_s": 0.01})).stopped.connect(
            lambda: ends.append(1)
        )
    assert runner.cancel_all(PATIENCE_MS)
    assert ends == [1, 1, 1]
    assert runner.running == ()


def test_cancelling_what_has_ended_does_nothing(runner, wait_for):
    task = runner.start(COUNT, COUNT.make_params({"steps": 1}))
    answers = Answers(task)
    wait_for(lambda: answers.said)
    runner.cancel(task)
    assert [word for word, _ in answers.said] == ["succeeded"]


def test_a_result_that_came_in_spite_of_cancel_counts(runner, wait_for):
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
    task = runner.start(stubborn, stubborn.make_params({"steps": 2}))
    answers = Answers(task)
    task.cancel()
    wait_for(lambda: answers.said)
    assert [word for word, _ in answers.said] in (
        ["succeeded"],
        ["stopped"],
    )  # stopped: it had not begun


def test_thousands_of_events_arrive_as_few_signals_and_the_last_state_is_not_lost(runner, wait_for):
    answers = run(runner, COUNT, wait_for, steps=20000)
    assert len(answers.events) < 100
    last = {}
    for events in answers.events:
        for event in events:
            last[type(event)] = event
    assert last[Progress].fraction == 1.0
    assert last[BandProgress] == BandProgress("scene", "red", "done", 20000, 20000)


def test_the_main_thread_goes_on_while_an_operation_runs(runner, wait_for, qgis_app):
    ticks = []
    timer = QTimer()
    timer.timeout.connect(lambda: ticks.append(1))
    with Gate() as gate:
        answers = Answers(runner.start(operation_at(gate), NoParams()))
        wait_for(gate.reached.is_set)
        timer.start(1)
        wait_for(lambda: len(ticks) > 20)
        assert gate.is_held
        assert answers.said == []
        gate.open()
        wait_for(lambda: answers.said)
    assert answers.said[0][1].text == "through"


def test_what_is_told_at_once_is_not_lost(runner, wait_for):
    """The work may have begun, and told of something, before ``start`` has come back."""
    events = []
    with Gate() as gate:
        answers = Answers(runner.start(operation_at(gate), NoParams(), events.append))
        assert gate.reached.wait(PATIENCE_S)  # the event loop stands still meanwhile
        gate.open()
        wait_for(lambda: answers.said)
        wait_for(lambda: events)
    assert events[0] == (Note("info", "standing"),)


def test_notes_go_to_the_log(runner, wait_for, desktop):
    answers = run(runner, FAIL, wait_for, how="warn")
    # The last events and the outcome come by two signals, whose order is the event loop's.
    wait_for(lambda: (Note("warning", "something odd"),) in answers.events)
    wait_for(lambda: "something odd" in desktop.logged())


def test_settings_are_read_when_the_task_starts_and_a_bad_one_is_a_failure_not_a_crash(
    runner, wait_for
):
    seen = []
    looking = replace(
        COUNT,
        run=lambda params, settings, monitor: (
            seen.append(settings) or run_count(params, settings, monitor)
        ),
    )
    write_override("parallel_downloads", 7)
    run(runner, looking, wait_for, steps=1)
    assert seen[0].parallel_downloads == 7
    assert seen[0].origins["parallel_downloads"] == "given for this run"
    write_override("parallel_downloads", "many")
    [(word, error)] = run(runner, looking, wait_for, steps=1).said
    assert word == "failed"
    assert type(error) is SettingsError
    assert (
        str(error)
        == "The setting 'parallel_downloads' from given for this run cannot be 'many': it is no "
        "integer. Correct it there: docs/configuration.md shows each setting."
    )


def test_the_task_itself_has_the_shipped_settings():
    task = OperationTask(COUNT, COUNT.make_params({}))
    assert task.description() == "FirstLight: Count"
    assert task._settings is resolve_settings
