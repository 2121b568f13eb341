"""Events of an operation in QGIS's terms: task signals, Processing feedback, the log tab."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from html import escape

from qgis.core import Qgis, QgsMessageLog, QgsProcessingFeedback

from ..core.monitor import BandProgress, BandState, Event, LayerReady, Level, Note, Progress
from ..core.text import redact, shown

LOG_TAG = "FirstLight"
"""Name of the tab in QGIS's log panel."""

_LEVELS = {
    Level.INFO: Qgis.MessageLevel.Info,
    Level.WARNING: Qgis.MessageLevel.Warning,
    Level.ERROR: Qgis.MessageLevel.Critical,
}


def log(text: str, level: Level = Level.INFO) -> None:
    """Write a line to the FirstLight tab of the log panel, without secrets; safe on any thread.

    Parameters
    ----------
    text : str
        What to write.
    level : Level
        Not ``DEBUG``.
    """
    plain = escape(shown(redact(text), keep="\n"), quote=False)  # the log panel shows HTML
    QgsMessageLog.logMessage(plain, LOG_TAG, _LEVELS[level], False)


class TaskMonitor:
    """Gathers an operation's events and hands them over in batches, at most one every
    :attr:`PERIOD_S`.

    A download tells of every chunk; a signal for each would keep the main thread busy with nothing
    else. Of the progress of one band only the newest state is kept, which loses nothing: the states
    are totals, not differences.

    Parameters
    ----------
    deliver : callable
        Takes a tuple of events; called on the operation's thread.
    is_cancelled : callable
        Whether the user wants to stop.
    """

    PERIOD_S = 0.1

    def __init__(
        self, deliver: Callable[[tuple[Event, ...]], None], is_cancelled: Callable[[], bool]
    ) -> None:
        self._deliver = deliver
        self._is_cancelled = is_cancelled
        self._pending: dict[object, Event] = {}
        self._states: dict[tuple[str, str], str] = {}
        self._noted: set[Note] = set()
        """What is true of each scene or map is in the log once."""
        self._delivered_at = float("-inf")

    def emit(self, event: Event) -> None:
        """Take an event; notes and what becomes of each band also go to the log."""
        if isinstance(event, Note):
            if event.level != Level.DEBUG and event not in self._noted:
                log(event.text, event.level)
            self._noted.add(event)
            self._pending[object()] = event
        elif isinstance(event, BandProgress):
            key = (event.item_id, event.band)
            if self._states.get(key) != event.state and event.state not in (
                BandState.WAITING,
                BandState.FAILED,
            ):  # failures have their note
                detail = f": {event.detail}" if event.detail else ""
                level = Level.WARNING if event.state == BandState.RETRYING else Level.INFO
                log(f"{event.item_id} {event.band}: {event.state}{detail}", level)
            self._states[key] = event.state
            self._pending[key] = event
        elif isinstance(event, LayerReady):
            self._pending[event.layer.path] = event
        else:
            self._pending[Progress] = event
        self._flush_when_due()

    def cancelled(self) -> bool:
        """True if the user wants to stop; operations ask often, so late events leave here too."""
        self._flush_when_due()
        return self._is_cancelled()

    def flush(self) -> None:
        """Hand over what is left."""
        if self._pending:
            events = tuple(self._pending.values())
            self._pending = {}
            self._delivered_at = time.monotonic()
            self._deliver(events)

    def _flush_when_due(self) -> None:
        if self._pending and time.monotonic() - self._delivered_at >= self.PERIOD_S:
            self.flush()


class FeedbackMonitor:
    """Tells a Processing feedback, which may be a dialog, a model, a batch or ``qgis_process``.

    Parameters
    ----------
    feedback : QgsProcessingFeedback
        Whoever watches the algorithm.
    """

    PERIOD_S = 5.0
    """Between lines with what changes all the time: they cannot be overwritten."""

    def __init__(self, feedback: QgsProcessingFeedback) -> None:
        self._feedback = feedback
        self._message = ""
        self._told = time.monotonic()
        self._states: dict[tuple[str, str], str] = {}
        self._warnings: set[str] = set()

    def warn(self, warnings: Iterable[str]) -> None:
        """Tell the doubts about a result that were not told while it was made."""
        for text in warnings:
            self._tell(Level.WARNING, text)

    def emit(self, event: Event) -> None:
        """Take an event; of a band only the changes of state are written, not the bytes."""
        if isinstance(event, Progress):
            self._feedback.setProgress(100.0 * event.fraction)
            if event.message and event.message != self._message:
                self._message = event.message
                self._feedback.pushInfo(event.message)
            if event.detail and time.monotonic() - self._told >= self.PERIOD_S:
                self._told = time.monotonic()
                self._feedback.pushInfo(event.detail)
        elif isinstance(event, BandProgress):
            key = (event.item_id, event.band)
            if self._states.get(key) != event.state:
                self._states[key] = event.state
                detail = f": {event.detail}" if event.detail else ""
                text = f"{event.item_id} {event.band}: {event.state}{detail}"
                trouble = event.state in (BandState.FAILED, BandState.RETRYING)
                self._tell(Level.WARNING if trouble else Level.INFO, text)
        elif isinstance(event, Note):
            self._tell(event.level, event.text)

    def cancelled(self) -> bool:
        """True after Cancel was pressed."""
        return bool(self._feedback.isCanceled())

    def _tell(self, level: Level, text: str) -> None:
        if level == Level.DEBUG:
            self._feedback.pushDebugInfo(text)
        elif level == Level.INFO:
            self._feedback.pushInfo(text)
        elif level == Level.ERROR:
            self._feedback.reportError(text)
        elif text not in self._warnings:
            self._warnings.add(text)
            self._feedback.pushWarning(text)
