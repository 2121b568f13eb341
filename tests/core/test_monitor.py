"""Progress and cancellation, and the worker threads that serve them."""

from __future__ import annotations

import itertools
import threading

import pytest

from firstlight.core.errors import Cancelled, InputError, RasterError
from firstlight.core.monitor import (
    BandProgress,
    Event,
    EventQueue,
    Lanes,
    Note,
    PartMonitor,
    Progress,
    RecordingMonitor,
)
from firstlight.core.workers import run_in_background, run_parallel
from support.waiting import PATIENCE_S, Gate, StopWhen


@pytest.mark.parametrize(
    ("state", "received", "total", "percent"),
    [
        ("downloading", 0, None, None),
        ("downloading", 45, 100, 45),
        ("downloading", 999, 1000, 99),
        ("downloading", 120, 100, 100),
        ("waiting", 0, 0, None),
        ("done", 0, None, 100),
        ("skipped", 0, None, 100),
        ("failed", 30, None, None),
    ],
)
def test_percent_of_a_band(
    state: str, received: int, total: int | None, percent: int | None
) -> None:
    assert BandProgress("a", "nir", state, received, total).percent == percent


def test_a_part_of_the_work_moves_only_its_share() -> None:
    whole = RecordingMonitor()
    part = PartMonitor(PartMonitor(whole, 0.5, 1.0), 0.0, 0.5)
    part.emit(Progress(0.5, "half"))
    part.emit(Note("info", "hello"))
    assert whole.events == [Progress(0.625, "half"), Note("info", "hello")]
    whole.cancel()
    assert part.cancelled()


def test_work_in_lanes_is_added_up() -> None:
    whole = RecordingMonitor()
    events = EventQueue(whole)
    lanes = Lanes(events, 2)
    first, second = lanes.lane(0), lanes.lane(1)
    first.emit(Progress(0.5, "first"))
    second.emit(Progress(0.2, "second", "1 of 5 MB"))
    first.emit(Progress(0.1, "a step of it begins anew"))
    second.emit(Progress(0.4, "second"))
    second.emit(Note("info", "hello"))
    assert whole.events == [], "events are delivered on the calling thread alone"
    events.pump(lambda: True)
    assert whole.events == [
        Progress(0.25, "first"),
        Progress(0.35, "second", "1 of 5 MB"),
        Progress(0.35, "a step of it begins anew"),
        Progress(0.45, "a step of it begins anew"),
        Note("info", "hello"),
    ]
    assert not first.cancelled()
    events.stop.set()
    assert first.cancelled()
    assert second.cancelled()


@pytest.mark.parametrize("odd", [0.2, -1.0, float("nan")])
def test_progress_never_runs_backwards_nor_beyond_its_part(odd: float) -> None:
    """A step of two phases that both begin at 0."""
    whole = RecordingMonitor()
    part = PartMonitor(whole, 0.2, 0.6)
    for fraction in (0.0, 0.5, odd, 0.6, 1.7):
        part.emit(Progress(fraction))
    fractions = [event.fraction for event in whole.events if isinstance(event, Progress)]
    assert fractions == pytest.approx([0.2, 0.4, 0.4, 0.44, 0.6])


def test_results_stand_in_the_order_of_the_jobs() -> None:
    after = [threading.Event() for _ in range(6)]
    after[5].set()

    def last_first(number: int) -> int:
        assert after[number + 1].wait(PATIENCE_S)
        after[number].set()
        return number * 10

    results = run_parallel(last_first, range(5), 5, EventQueue(RecordingMonitor()))
    assert results == [0, 10, 20, 30, 40]


def test_no_jobs_no_results() -> None:
    assert run_parallel(lambda job: job, [], 4, EventQueue(RecordingMonitor())) == []


@pytest.mark.parametrize("count", [0, 1, 3])
def test_never_more_at_once_than_asked_for(count: int) -> None:
    allowed = max(1, count)
    together = threading.Barrier(allowed)  # all that are allowed to are at work at once
    lock, now, most = threading.Lock(), 0, 0

    def work(_: int) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        together.wait(PATIENCE_S)
        with lock:
            now -= 1
        together.wait(PATIENCE_S)

    run_parallel(work, range(4 * allowed), count, EventQueue(RecordingMonitor()))
    assert most == allowed


def test_events_and_results_are_delivered_on_the_calling_thread_all_of_them() -> None:
    threads: set[int] = set()

    class Here(RecordingMonitor):
        def emit(self, event: Event) -> None:
            threads.add(threading.get_ident())
            super().emit(event)

    monitor = Here()
    events = EventQueue(monitor)
    got: list[int] = []

    def work(number: int) -> int:
        for step in range(50):
            events.put(Note("info", f"{number}.{step}"))
        return number

    def on_result(number: int) -> None:
        threads.add(threading.get_ident())
        got.append(number)

    run_parallel(work, range(6), 3, events, on_result)
    assert threads == {threading.get_ident()}
    assert sorted(got) == list(range(6))
    assert len(monitor.events) == 300


def test_the_real_failure_is_raised_and_stops_the_others() -> None:
    events = EventQueue(RecordingMonitor())
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        if number == 1:
            raise RasterError("Reading", "it is broken")
        assert events.stop.wait(PATIENCE_S)
        raise Cancelled

    with pytest.raises(RasterError, match="it is broken"):
        run_parallel(work, range(20), 2, events)
    assert len(begun) < 20


def test_a_cancel_comes_through_though_a_worker_hangs() -> None:
    with Gate() as gate:
        events = EventQueue(StopWhen(gate.reached.is_set))
        with pytest.raises(Cancelled):
            run_parallel(lambda _: gate.pass_through(), [1, 2], 2, events)
        assert gate.is_held
        assert events.stop.is_set()


def test_a_failure_comes_through_though_another_worker_hangs() -> None:
    with Gate() as gate:

        def work(number: int) -> None:
            if number:
                gate.pass_through()
            assert gate.reached.wait(PATIENCE_S)
            raise InputError("This", "is wrong")

        with pytest.raises(InputError):
            run_parallel(work, [0, 1], 2, EventQueue(RecordingMonitor()))
        assert gate.is_held


def test_workers_get_their_time_to_come_back_after_a_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that looks at the stop is not left behind: what it does then has happened."""
    monkeypatch.setattr("firstlight.core.workers.GRACE_S", PATIENCE_S)
    monitor, both = RecordingMonitor(), threading.Barrier(2)
    put_away: list[int] = []
    events = EventQueue(monitor)

    def work(number: int) -> None:
        both.wait(PATIENCE_S)
        monitor.cancel()
        assert events.stop.wait(PATIENCE_S)
        put_away.append(number)

    with pytest.raises(Cancelled):
        run_parallel(work, [1, 2, 3], 2, events)
    assert sorted(put_away) == [1, 2]


def test_cancel_is_asked_again_and_again_while_nothing_happens() -> None:
    release, asked = threading.Event(), itertools.count(1)

    class Asked(RecordingMonitor):
        def cancelled(self) -> bool:
            if next(asked) == 10:
                release.set()
            return False

    assert run_in_background(lambda: release.wait(PATIENCE_S), EventQueue(Asked()))
    assert EventQueue.POLL_S == 0.1, "what the monitor's contract says"


def test_background_work_gives_its_result_and_its_failure() -> None:
    assert run_in_background(lambda: 7, EventQueue(RecordingMonitor())) == 7
    with pytest.raises(InputError, match="no good"):
        run_in_background(
            lambda: (_ for _ in ()).throw(InputError("It", "is no good")),
            EventQueue(RecordingMonitor()),
        )


def test_work_that_never_began_when_it_was_stopped_is_not_begun() -> None:
    monitor = RecordingMonitor()
    monitor.cancel()
    begun: list[int] = []
    events = EventQueue(monitor)
    events.stop.set()
    with pytest.raises(Cancelled):
        run_parallel(begun.append, range(5), 2, events)
    assert begun == []


def test_when_taking_a_result_fails_the_workers_are_told_to_stop() -> None:
    events = EventQueue(RecordingMonitor())

    def on_result(_: int) -> None:
        raise OSError("no room for the record")

    def work(number: int) -> int:
        if number:
            assert events.stop.wait(PATIENCE_S)
        return number

    with pytest.raises(OSError, match="no room"):
        run_parallel(work, [0, 1], 2, events, on_result)
    assert events.stop.is_set()
