"""Requests to a busy host begin at a distance from each other, the first ones together."""

from __future__ import annotations

import threading

import pytest

from firstlight.core.download.turns import CALM_S, Turns

URL, OTHER = "https://a.example/x.tif", "https://b.example/x.tif"


def busy(*urls: str) -> Turns:
    """Hosts that said so at the very beginning."""
    turns = Turns()
    for url in urls:
        turns.was_busy(url, now=0.0)
    return turns


def test_a_host_that_never_was_busy_is_asked_at_once() -> None:
    turns = busy(OTHER)
    assert [turns.take(URL, 0.1, 1, now=5.0) for _ in range(6)] == [0] * 6


def test_a_host_is_calm_again_after_a_while() -> None:
    turns = busy(URL)
    assert [turns.take(URL, 0.1, 1, now=CALM_S - 1) for _ in range(2)] == pytest.approx([0, 0.1])
    assert [turns.take(URL, 0.1, 1, now=CALM_S) for _ in range(2)] == [0, 0]


def test_as_many_as_run_at_once_begin_together_then_one_each_delay() -> None:
    turns = busy(URL)
    waits = [turns.take(URL, 0.1, 3, now=5.0) for _ in range(6)]
    assert waits == pytest.approx([0, 0, 0, 0.1, 0.2, 0.3])


def test_one_at_a_time_begins_a_delay_after_the_one_before() -> None:
    turns = busy(URL)
    waits = [turns.take(URL, 0.1, 1, now) for now in (5.0, 5.02, 5.25, 5.3)]
    assert waits == pytest.approx([0, 0.08, 0, 0.05])


def test_in_the_long_run_there_is_one_each_delay() -> None:
    turns, now = busy(URL), 0.0
    for _ in range(104):
        now += turns.take(URL, 0.1, 4, now)
    assert now == pytest.approx(10.0)


def test_after_a_pause_some_begin_together_again_and_never_more() -> None:
    turns = busy(URL)
    for _ in range(5):
        turns.take(URL, 0.1, 2, now=0.0)
    assert [turns.take(URL, 0.1, 2, now=60.0) for _ in range(3)] == pytest.approx([0, 0, 0.1])


def test_hosts_do_not_wait_for_each_other() -> None:
    turns = busy(URL, OTHER)
    turns.take(URL, 0.1, 1, now=0.0)
    assert turns.take(OTHER, 0.1, 1, now=0.0) == 0


def test_a_stop_ends_the_wait() -> None:
    turns, stop = Turns(), threading.Event()
    turns.was_busy(URL)
    assert not turns.wait(URL, 3600.0, 1, stop)
    stop.set()
    assert turns.wait(URL, 3600.0, 1, stop)
