"""Waiting in tests: for a condition or at a gate, never for a time.

What must come before something else is held at a :class:`Gate`. Where nothing can be held, a test
waits for a condition with :func:`wait_until`. The one limit only ends a test that hangs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

import pytest

from firstlight.core.monitor import Event, EventQueue, RecordingMonitor

PATIENCE_S = 120.0
"""The limit of all waits: nothing takes so long, even on a computer that is busy otherwise."""
PATIENCE_MS = round(PATIENCE_S * 1000)


def wait_until(condition: Callable[[], object], told: str = "it never came") -> None:
    """Return as soon as a condition holds; fail where it never does."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, told
        time.sleep(0.01)


class Gate:
    """A place at which the product's workers stand until the test lets them on.

    >>> with Gate() as gate:
    ...     with pytest.raises(Cancelled):
    ...         run_operation(STACK_THAT_HANGS_AT(gate), monitor=StopWhen(gate.reached.is_set))
    ...     assert gate.is_held
    """

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._opened = threading.Event()
        self._left = threading.Event()

    def pass_through(self) -> None:
        """Stand here until the gate is open; called by workers."""
        self.reached.set()
        opened = self._opened.wait(PATIENCE_S)
        self._left.set()
        assert opened, "nobody opened the gate"

    def open(self) -> None:
        """Let all on that stand here or come later."""
        self._opened.set()

    @property
    def is_held(self) -> bool:
        """Somebody came, and nobody has left."""
        return self.reached.is_set() and not self._left.is_set()

    def __enter__(self) -> Gate:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.open()


class StopWhen(RecordingMonitor):
    """Asks the run to stop as soon as a condition holds: ``StopWhen(gate.reached.is_set)``."""

    def __init__(self, condition: Callable[[], bool]) -> None:
        super().__init__()
        self._condition = condition

    def cancelled(self) -> bool:
        """Whether the condition held once, or :meth:`cancel` was called."""
        if self._condition():
            self.cancel()
        return super().cancelled()


@contextmanager
def stop_at(when: Callable[[Event], bool]) -> Iterator[RecordingMonitor]:
    """Give a monitor that asks the run to stop at the first event that ``when`` accepts.

    Workers stand still from that event on until the run has heard of the stop, so that it always
    comes in the middle of the work.
    """
    stopping = threading.Event()
    put = EventQueue.put

    def put_and_wait(events: EventQueue, event: Event) -> None:
        put(events, event)
        if when(event):
            stopping.set()
        if stopping.is_set():
            assert events.stop.wait(PATIENCE_S), "the run did not hear of the stop"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EventQueue, "put", put_and_wait)
        yield RecordingMonitor(cancel_when=when)


class NotedWaits(threading.Event):
    """An event that notes how long it is waited for, and does not wait."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        """Note the time and return at once."""
        self.asked.append(timeout)
        return self.is_set()
