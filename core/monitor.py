"""Progress and cancellation: what an operation tells its caller, and how it is stopped.

``emit`` is called only on the thread that called the operation; workers hand their events over
through :class:`EventQueue`. So every monitor may be as simple as a ``print``.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol, Union

from .enums import StrEnum


class Level(StrEnum):
    """Weight of a note."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class BandState(StrEnum):
    """State of a band under way."""

    WAITING = "waiting"
    DOWNLOADING = "downloading"
    RESUMING = "resuming"
    RETRYING = "retrying"
    SKIPPED = "skipped"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Progress:
    """Progress of the operation as a whole."""

    fraction: float
    """0..1"""
    message: str = ""
    """The present step, for a person."""
    detail: str = ""
    """Figures that change all the time: ``"120 of 600 MB, 12 MB/s, 40 s left"``; for what can be
    overwritten, not for logs.
    """


@dataclass(frozen=True)
class BandProgress:
    """Progress of one band of one scene."""

    item_id: str
    band: str
    state: BandState
    received_bytes: int = 0
    total_bytes: int | None = None
    """None where the server does not say."""
    detail: str = ""
    """For ``failed``, ``retrying``, ``resuming`` and ``skipped``: why."""
    bytes_per_s: float | None = None
    """While ``downloading``: of the last seconds; None where nothing can be said yet."""

    @property
    def percent(self) -> int | None:
        """0..100, or None where the size is unknown."""
        if self.state in (BandState.DONE, BandState.SKIPPED):
            return 100
        if not self.total_bytes:
            return None
        return min(100, int(100 * self.received_bytes / self.total_bytes))


@dataclass(frozen=True)
class Note:
    """Something a person should know."""

    level: Level
    text: str


@dataclass(frozen=True)
class LayerReady:
    """A layer of the result is whole, and can be looked at while the rest is still coming."""

    layer: Any
    """A ``LayerOutput``, of which nothing is known here."""
    withdrawn: bool = False
    """It was told of before, and does not stand."""


Event = Union[Progress, BandProgress, Note, LayerReady]


class Monitor(Protocol):
    """Who watches an operation, and may stop it."""

    def emit(self, event: Event) -> None:
        """Take an event; called on the operation's calling thread only."""

    def cancelled(self) -> bool:
        """True if the operation should stop; asked at least every 0.1 s while work is under way."""


class RecordingMonitor:
    """Keeps all events; stops when :meth:`cancel` was called or ``cancel_when`` says so (for
    tests).
    """

    def __init__(self, cancel_when: Callable[[Event], bool] | None = None) -> None:
        self.events: list[Event] = []
        self._cancel_when = cancel_when
        self._stopped = threading.Event()

    def emit(self, event: Event) -> None:
        """Keep the event."""
        self.events.append(event)
        if self._cancel_when is not None and self._cancel_when(event):
            self._stopped.set()

    def cancel(self) -> None:
        """Ask the operation to stop."""
        self._stopped.set()

    def cancelled(self) -> bool:
        """True after :meth:`cancel`."""
        return self._stopped.is_set()


class Furthest:
    """How far something has come: progress that is told never runs backwards."""

    def __init__(self) -> None:
        self.fraction = 0.0
        """0..1"""

    def reach(self, fraction: float) -> float:
        """The greatest fraction so far, 0..1; what is no number is none."""
        if fraction > self.fraction:
            self.fraction = min(fraction, 1.0)
        return self.fraction


class PartMonitor:
    """Maps the progress of one step onto its share of the whole (``start``..``end`` of 0..1); a
    step that begins anew stays where it was.
    """

    def __init__(self, parent: Monitor, start: float, end: float) -> None:
        self._parent = parent
        self._start = start
        self._end = end
        self._furthest = Furthest()

    def emit(self, event: Event) -> None:
        """Pass the event on, progress scaled."""
        if isinstance(event, Progress):
            done = self._furthest.reach(event.fraction)
            fraction = self._start + (self._end - self._start) * done
            event = replace(event, fraction=fraction)
        self._parent.emit(event)

    def cancelled(self) -> bool:
        """True if the parent asks to stop."""
        return self._parent.cancelled()


class EventQueue:
    """Carries events from worker threads to the calling thread, and the wish to stop the
    other way.
    """

    POLL_S = 0.1
    SOON_S = 0.001

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self.stop = threading.Event()
        """Set when the work should stop; workers look at it in their loops."""

    def put(self, event: Event) -> None:
        """Called by workers."""
        self._events.put(event)

    def wake(self) -> None:
        """Called by workers that have finished, so that nobody waits for the next look."""
        self._events.put(None)

    def pump(self, finished: Callable[[], bool]) -> None:
        """Deliver events on the calling thread until ``finished()``; looks at ``cancelled`` every
        0.1 s.
        """
        wait = self.POLL_S
        while True:
            done = finished()  # asked before draining, so that the last events are delivered too
            if self._monitor.cancelled():
                self.stop.set()
            try:
                event = self._events.get(timeout=0.0 if done else wait)
            except queue.Empty:
                if done:
                    return
                wait = min(2 * wait, self.POLL_S)
                continue
            if event is None:
                wait = self.SOON_S  # a worker says that it is about to be ready: look again at once
            else:
                self._monitor.emit(event)


class Lanes:
    """Monitors for pieces of work that run beside each other on worker threads: what they tell
    reaches one monitor, with their progress added up.

    Parameters
    ----------
    events : EventQueue
        Carries it.
    count : int
        Pieces of work, each as large as the others.
    """

    def __init__(self, events: EventQueue, count: int) -> None:
        self._events = events
        self._done = [Furthest() for _ in range(count)]
        self._messages = [""] * count
        self._told = ""

    def lane(self, number: int) -> Monitor:
        """The monitor of one piece of work, counted from 0."""
        return _Lane(self, number)

    def tell(self, number: int, event: Event) -> None:
        """Pass an event of one of them on; a message is told once, not in turns with others."""
        if isinstance(event, Progress):
            self._done[number].reach(event.fraction)
            whole = sum(each.fraction for each in self._done) / len(self._done)
            if event.message != self._messages[number]:
                self._messages[number] = self._told = event.message
            event = replace(event, fraction=whole, message=self._told)
        self._events.put(event)

    def cancelled(self) -> bool:
        """True if all are to stop."""
        return self._events.stop.is_set()


@dataclass(frozen=True)
class _Lane:
    lanes: Lanes
    number: int

    def emit(self, event: Event) -> None:
        """Pass the event on."""
        self.lanes.tell(self.number, event)

    def cancelled(self) -> bool:
        """True if all are to stop."""
        return self.lanes.cancelled()
