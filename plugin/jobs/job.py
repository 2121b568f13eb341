"""One start of one operation, from waiting to its end."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...core.enums import Status
from ...core.errors import FirstLightError
from ...core.monitor import BandProgress, Event, Furthest, Level, Note, Progress
from ...core.operation import Declared, OperationResult
from ..task import OperationTask
from .job_record import JobRecord, JobState
from .pace import JobPace, Load, Stopwatch

STATES = {
    Status.DONE: JobState.DONE,
    Status.PARTIAL: JobState.PARTIAL,
    Status.FAILED: JobState.FAILED,
}
MOST_NOTES = 500
"""Of one job; the log has all."""


class Job(QObject):
    """One start of one operation; everything here happens on the main thread.

    Parameters
    ----------
    record : JobRecord
        What it is, and what has become of it.
    operation : Declared
        What it does.
    params : object
        What ``operation.make_params`` made; None of a job that was only remembered.
    kept : bool
        False for a short question, which no list shows.
    load : Load, optional
        What it has to do, to be measured by.
    """

    changed = pyqtSignal()
    """Something of it is other than before: at most ten times a second while it runs."""
    happened = pyqtSignal(object)
    """Carries a tuple of events."""
    ended = pyqtSignal()
    """It has ended; told exactly once."""

    def __init__(
        self,
        record: JobRecord,
        operation: Declared,
        params: Any = None,
        kept: bool = True,
        load: Load | None = None,
    ) -> None:
        super().__init__()
        self.id = record.id
        self.operation = operation
        self.params = params
        self.title = record.title
        self.kept = kept
        self.values: Mapping[str, Any] = record.values
        """Plain values of which the operation makes its parameters; of a kept job."""
        self.whole = record.whole
        """False where a value is missing here, because it holds a secret."""
        self.session = record.session
        self.project = record.project
        self.waits = record.waits
        """Its layers wait to be put on the map."""
        self.state = record.state
        self.message = record.message
        self.result: OperationResult | None = record.result
        self.error: FirstLightError | None = record.error
        self.started = record.started
        self.finished: datetime | None = record.finished
        self.notes: deque[Note] = deque(record.notes, MOST_NOTES)
        self.pace: JobPace | None = record.pace
        self.load = load
        self._watch: Stopwatch | None = None
        self._furthest = Furthest()
        self._furthest.reach(record.fraction)

    @property
    def fraction(self) -> float:
        """How far it has come, 0..1; never less than before."""
        return self._furthest.reach(0.0)

    def record(self) -> JobRecord:
        """What is kept of it."""
        return JobRecord(
            id=self.id,
            operation=self.operation.name,
            title=self.title,
            values=self.values,
            project=self.project,
            session=self.session,
            state=self.state,
            started=self.started,
            finished=self.finished,
            fraction=self.fraction,
            message=self.message,
            whole=self.whole,
            waits=self.waits,
            result=self.result,
            error=self.error,
            notes=tuple(self.notes),
            pace=self.pace,
        )

    def follow(self, task: OperationTask) -> None:
        """Take over what a task tells; called before the task is started, so that nothing is
        missed.
        """
        task.begun.connect(self._begin)
        task.happened.connect(self._take)
        task.succeeded.connect(self._succeed)
        task.failed.connect(self._fail)
        task.stopped.connect(self.give_up)

    def give_up(self) -> None:
        """It was cancelled."""
        self._end(JobState.CANCELLED)

    def _begin(self) -> None:
        if not self.state.has_ended:
            self.state = JobState.RUNNING
            self._watch = None if self.load is None else Stopwatch(self.load)
            self.changed.emit()

    def _take(self, events: tuple[Event, ...]) -> None:
        for event in events:
            if isinstance(event, Progress):
                self._furthest.reach(event.fraction)
                self.message = event.message or self.message
            elif isinstance(event, BandProgress):
                if self._watch is not None:
                    self._watch.take(event)
            elif isinstance(event, Note) and event.level != Level.DEBUG:
                self.notes.append(event)
                self.message = event.text if event.level == Level.INFO else self.message
        self.happened.emit(events)
        self.changed.emit()

    def _succeed(self, result: OperationResult) -> None:
        self.result = result
        if self._watch is not None and result.status != Status.FAILED:
            self.pace = self._watch.stop()
        self._end(STATES[result.status])

    def _fail(self, error: FirstLightError) -> None:
        self.error = error
        self._end(JobState.FAILED)

    def _end(self, state: JobState) -> None:
        self.state = state
        self.finished = datetime.now(timezone.utc)
        if self.result is not None:
            self._furthest.reach(1.0)
        self.changed.emit()
        self.ended.emit()
