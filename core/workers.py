"""Worker threads that never hold up the end: what hangs in the network is left behind, not waited
for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from .errors import Cancelled
from .monitor import EventQueue

Job = TypeVar("Job")
Result = TypeVar("Result")

LOOK_S = 0.1
"""Time between two looks of a waiting thread whether it should stop."""
CALL_LOOK_S = 0.05
"""The same, for a call that is waited for within a limit."""
GRACE_S = 0.5
"""After a stop, how long workers get to come back by themselves."""

_thread = threading.local()


def mark_own() -> None:
    """Note that this thread is FirstLight's: the initializer of its pools."""
    _thread.is_own = True


def is_own() -> bool:
    """Whether nobody but FirstLight works on this thread."""
    return getattr(_thread, "is_own", False)


def run_parallel(
    work: Callable[[Job], Result],
    jobs: Sequence[Job],
    count: int,
    events: EventQueue,
    on_result: Callable[[Result], None] = lambda _: None,
) -> list[Result]:
    """Do all jobs on ``count`` threads; events and results are delivered on the calling thread.

    Returns the results in the order of the jobs. The first exception of a worker stops the others
    and is raised here.

    Raises
    ------
    Cancelled
        If the monitor asked to stop. A worker that is stuck in a system call at that moment is left
        behind: it must look at ``events.stop`` before it changes anything.
    """
    # Not concurrent.futures: its threads are joined at exit, so one stalled socket would keep the
    # process alive.
    from multiprocessing.pool import ThreadPool

    if not jobs:
        return []

    def do(job: Job) -> Result:
        if events.stop.is_set():
            raise Cancelled()
        try:
            return work(job)
        finally:
            events.wake()

    pool = ThreadPool(max(1, min(count, len(jobs))), mark_own)
    deliveries = _Deliveries(len(jobs), events, on_result)
    try:
        deliveries.handles += [pool.apply_async(do, (job,)) for job in jobs]
        events.pump(deliveries.finished)
        return deliveries.results()
    finally:
        if not deliveries.complete:
            events.stop.set()  # whatever ended this, nobody waits for the rest any more
        pool.terminate()


class _Deliveries:
    """Results of a pool as they come, each delivered once, on the calling thread."""

    def __init__(self, count: int, events: EventQueue, on_result: Callable[[Any], None]) -> None:
        self.handles: list[Any] = []
        self._count = count
        self._events = events
        self._on_result = on_result
        self._delivered: set[int] = set()
        self._stopped_at: float | None = None

    @property
    def complete(self) -> bool:
        """All jobs have ended."""
        return len(self._delivered) == self._count

    def finished(self) -> bool:
        """Deliver what is ready; true when all is, or when stopped workers had time enough."""
        for number, handle in enumerate(self.handles):
            if number not in self._delivered and handle.ready():
                self._delivered.add(number)
                if handle.successful():
                    self._on_result(handle.get())
                else:
                    self._events.stop.set()
        if self.complete or not self._events.stop.is_set():
            return self.complete
        self._stopped_at = self._stopped_at or time.monotonic()
        return time.monotonic() - self._stopped_at > GRACE_S

    def results(self) -> list[Any]:
        """All results in the order of the jobs, also where the stop came when all was done; else
        the first real failure is raised, or that the run was stopped.
        """
        for handle in self.handles:
            if handle.ready() and not handle.successful():
                with suppress(Cancelled):  # a stop that some real failure caused: look for that one
                    handle.get()
        if not all(handle.ready() and handle.successful() for handle in self.handles):
            raise Cancelled()
        return [handle.get() for handle in self.handles]


def run_in_background(work: Callable[[], Result], events: EventQueue) -> Result:
    """One piece of work on another thread, so that the calling thread can be cancelled.

    Raises
    ------
    Cancelled
        If the monitor asked to stop.
    """
    return run_parallel(lambda _: work(), [None], 1, events)[0]


class TooLate(Exception):
    """A call did not come back in time."""


def within(limit_s: float, stop: threading.Event, call: Callable[[], Result]) -> Result:
    """Make a call that may never come back on a thread of its own, which is then left behind.

    What the call raises is raised here.

    Raises
    ------
    Cancelled
        If ``stop`` was set meanwhile.
    TooLate
        If it did not come back within ``limit_s``.
    """
    from multiprocessing.pool import ThreadPool

    pool = ThreadPool(1)
    try:
        handle = pool.apply_async(call)
        end = time.monotonic() + limit_s
        while not handle.ready():
            handle.wait(CALL_LOOK_S)
            if stop.is_set():
                raise Cancelled()
            if time.monotonic() > end and not handle.ready():
                raise TooLate()
        return handle.get()
    finally:
        pool.terminate()


class LinkedStop(threading.Event):
    """A stop of one's own that is also set while the one above is.

    Parameters
    ----------
    above : threading.Event
        Stops this one as well.
    """

    def __init__(self, above: threading.Event) -> None:
        super().__init__()
        self.above = above

    def is_set(self) -> bool:
        """True if this or the one above is set."""
        return super().is_set() or self.above.is_set()

    def set_own(self) -> None:
        """Stop only what looks at this one."""
        self.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until either is set."""
        ends = None if timeout is None else time.monotonic() + timeout
        while not self.is_set():
            left = LOOK_S if ends is None else min(LOOK_S, ends - time.monotonic())
            if left <= 0:
                break
            self.above.wait(left)
        return self.is_set()
