"""Progress and cancellation, and the worker threads that serve them."""

from __future__ import annotations

import itertools
import threading
import time

import pytest

from firstlight.core.errors import Cancelled, InputError, RasterError
from firstlight.core.monitor import (
    BandProgress,
    Event,
    EventQueue,
    Note,
    PartMonitor,
    Progress,
    RecordingMonitor,
)
from firstlight.core.workers import run_in_background, run_parallel


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


def test_results_stand_in_the_order_of_the_jobs() -> None:
    def slowest_first(number: int) -> int:
        time.sleep(0.02 * (5 - number))
        return number * 10

    assert run_parallel(slowest_first, range(5), 5, EventQueue(RecordingMonitor())) == [
        0,
        10,
        20,
        30,
        40,
    ]


def test_no_jobs_no_results() -> None:
    assert run_parallel(lambda job: job, [], 4, EventQueue(RecordingMonitor())) == []


@pytest.mark.parametrize("count", [0, 1, 3])
def test_never_more_at_once_than_asked_for(count: int) -> None:
    lock, now, most = threading.Lock(), 0, 0

    def work(_: int) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.01)
        with lock:
            now -= 1

    run_parallel(work, range(8), count, EventQueue(RecordingMonitor()))
    assert most == max(1, count)


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
        if events.stop.wait(5):
            raise Cancelled
        return number

    started = time.monotonic()
    with pytest.raises(RasterError, match="it is broken"):
        run_parallel(work, range(20), 2, events)
    assert time.monotonic() - started < 2
    assert len(begun) < 20


def test_a_cancel_comes_through_within_a_second_though_a_worker_hangs() -> None:
    release = threading.Event()
    monitor = RecordingMonitor()
    threading.Timer(0.1, monitor.cancel).start()
    started = time.monotonic()
    try:
        with pytest.raises(Cancelled):
            run_parallel(lambda _: release.wait(30), [1, 2], 2, EventQueue(monitor))
        assert time.monotonic() - started < 1.1
    finally:
        release.set()


def test_a_failure_comes_through_within_a_second_though_another_worker_hangs() -> None:
    release = threading.Event()

    def work(number: int) -> None:
        if number:
            release.wait(30)
        raise InputError("This", "is wrong")

    started = time.monotonic()
    try:
        with pytest.raises(InputError):
            run_parallel(work, [0, 1], 2, EventQueue(RecordingMonitor()))
        assert time.monotonic() - started < 1.1
    finally:
        release.set()


def test_cancel_is_asked_often_while_work_is_under_way() -> None:
    asked: list[float] = []

    class Asked(RecordingMonitor):
        def cancelled(self) -> bool:
            asked.append(time.monotonic())
            return False

    run_in_background(lambda: time.sleep(0.6), EventQueue(Asked()))
    assert max(b - a for a, b in itertools.pairwise(asked)) < 0.3


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
            events.stop.wait(3)
        return number

    with pytest.raises(OSError, match="no room"):
        run_parallel(work, [0, 1], 2, events, on_result)
    assert events.stop.is_set()
