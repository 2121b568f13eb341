"""What several jobs share: never more than there is, and nobody waits behind a large job."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from firstlight.core.errors import Cancelled
from firstlight.core.sharing.budgets import Connections, ConnectionShare
from firstlight.core.sharing.fair_slots import FairSlots, Share
from support.waiting import PATIENCE_S, wait_until


class Holders:
    """Threads that each want a slot, and hold it until they are let go."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.held: list[str] = []
        self._gone = 0
        self._let_go = threading.Semaphore(0)
        self._threads: list[threading.Thread] = []

    def want(self, name: str, share: Share | ConnectionShare, count: int = 1) -> None:
        def work() -> None:
            try:
                with share.slot(self.stop):
                    self.held.append(name)
                    assert self._let_go.acquire(timeout=PATIENCE_S)
            except Cancelled:
                return
            self._gone += 1

        for _ in range(count):
            self._threads.append(threading.Thread(target=work, daemon=True))
            self._threads[-1].start()

    def let_go(self) -> None:
        gone = self._gone
        self._let_go.release()
        wait_until(lambda: self._gone > gone)

    def end(self) -> None:
        self.stop.set()
        for _ in self._threads:
            self._let_go.release()
        for thread in self._threads:
            thread.join(PATIENCE_S)


@pytest.fixture
def holders() -> Iterator[Holders]:
    made = Holders()
    yield made
    made.end()


def waiting(share: Share, count: int) -> Callable[[], bool]:
    return lambda: share.waiting == count


def test_one_alone_may_have_all(holders: Holders) -> None:
    slots = FairSlots()
    with slots.share(3) as share:
        holders.want("a", share, 5)
        wait_until(lambda: len(holders.held) == 3)
        wait_until(waiting(share, 2))
        assert share.held == 3
        holders.let_go()
        wait_until(lambda: len(holders.held) == 4)
        assert share.held == 3
        holders.end()


def test_a_small_job_gets_the_next_slot_before_all_that_a_large_one_waits_for(
    holders: Holders,
) -> None:
    slots = FairSlots()
    with slots.share(2) as large, slots.share(2) as small:
        holders.want("large", large, 6)
        wait_until(waiting(large, 4))
        holders.want("small", small)
        wait_until(waiting(small, 1))
        assert holders.held == ["large", "large"]
        holders.let_go()
        wait_until(lambda: len(holders.held) == 3)
        assert holders.held[2] == "small"
        holders.end()


def test_two_large_jobs_take_turns(holders: Holders) -> None:
    slots = FairSlots()
    with slots.share(1) as first, slots.share(1) as second:
        holders.want("first", first, 3)
        wait_until(waiting(first, 2))
        holders.want("second", second, 2)
        wait_until(waiting(second, 2))
        for number in range(2, 6):
            holders.let_go()
            wait_until(lambda number=number: len(holders.held) == number)  # type: ignore[misc]
        assert holders.held == ["first", "second", "first", "second", "first"]
        holders.end()


def test_of_one_job_the_earliest_share_is_served_first(holders: Holders) -> None:
    slots, job = FairSlots(), object()
    with slots.share(1, job) as first, slots.share(1, job) as second:
        holders.want("second", second, 2)
        wait_until(waiting(second, 1))
        holders.want("first", first, 2)
        wait_until(waiting(first, 2))
        for number in range(2, 5):
            holders.let_go()
            wait_until(lambda number=number: len(holders.held) == number)  # type: ignore[misc]
        assert holders.held == ["second", "first", "first", "second"]
        holders.end()


def test_a_job_of_many_shares_counts_as_one(holders: Holders) -> None:
    slots, job = FairSlots(), object()
    with slots.share(2, job) as first, slots.share(2, job) as second, slots.share(2) as other:
        holders.want("job", first, 4)
        wait_until(waiting(first, 2))
        holders.want("job", second, 2)
        holders.want("other", other, 2)
        wait_until(waiting(second, 2))
        wait_until(waiting(other, 2))
        holders.let_go()
        wait_until(lambda: len(holders.held) == 3)
        assert holders.held == ["job", "job", "other"]
        holders.end()


def test_together_they_have_no_more_than_the_most_of_one(holders: Holders) -> None:
    slots = FairSlots()
    with slots.share(2) as first, slots.share(3) as second:
        holders.want("first", first, 4)
        wait_until(waiting(first, 2))
        holders.want("second", second, 4)
        wait_until(waiting(second, 3))
        assert sorted(holders.held) == ["first", "first", "second"]
        holders.end()


def test_there_are_at_least_so_many(holders: Holders) -> None:
    slots = FairSlots(least=2)
    with slots.share(1) as first, slots.share(1) as second:
        holders.want("first", first, 2)
        wait_until(waiting(first, 1))
        holders.want("second", second)
        wait_until(lambda: len(holders.held) == 2)
        assert holders.held == ["first", "second"]
        holders.end()


def test_who_waits_hears_of_a_stop_and_nothing_begins_after_one(holders: Holders) -> None:
    slots = FairSlots()
    with slots.share(1) as share:
        holders.want("a", share)
        wait_until(lambda: holders.held)
        stop = threading.Event()
        said: list[str] = []

        def wait() -> None:
            with pytest.raises(Cancelled), share.slot(stop):
                said.append("began")
            said.append("stopped")

        thread = threading.Thread(target=wait, daemon=True)
        thread.start()
        wait_until(waiting(share, 1))
        stop.set()
        thread.join(PATIENCE_S)
        assert said == ["stopped"]
        assert share.waiting == 0
        holders.end()
        with pytest.raises(Cancelled), share.slot(stop):  # though one is free
            said.append("began")
        assert said == ["stopped"]
        assert share.held == 0


def test_what_a_thread_holds_that_was_left_behind_is_free_when_its_job_has_ended(
    holders: Holders,
) -> None:
    slots = FairSlots()
    with ExitStack() as job:
        gone = job.enter_context(slots.share(1))
        holders.want("left behind", gone, 2)
        wait_until(waiting(gone, 1))
    wait_until(waiting(gone, 0))
    assert holders.held == ["left behind"], "the other one never begins"
    with slots.share(1) as share:
        holders.want("next", share)
        wait_until(lambda: len(holders.held) == 2)
        holders.end()


def test_a_provider_s_limit_holds_for_all_jobs_and_holds_up_no_other_provider(
    holders: Holders,
) -> None:
    connections = Connections()
    with (
        connections.share(4, "small", 1) as first,
        connections.share(4, "small", 1) as second,
        connections.share(4, "large", 4) as third,
    ):
        holders.want("small", first, 3)
        holders.want("small", second, 3)
        wait_until(lambda: holders.held == ["small"])
        holders.want("large", third, 3)
        wait_until(lambda: len(holders.held) == 4)
        assert sorted(holders.held) == ["large", "large", "large", "small"]
        holders.end()
