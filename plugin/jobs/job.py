"""One start of one operation, from waiting to its end."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timezone
from secrets import token_hex
from typing import Any

from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...core.enums import Status, StrEnum
from ...core.errors import FirstLightError
from ...core.monitor import Event, Furthest, Level, Note, Progress
from ...core.operation import Operation, OperationResult
from ..task import OperationTask


class JobState(StrEnum):
    """Where a job is on its way."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    """QGIS ended before the job did."""

    @property
    def has_ended(self) -> bool:
        """Nothing more comes."""
        return self not in (JobState.WAITING, JobState.RUNNING)


STATES = {
    Status.DONE: JobState.DONE,
    Status.PARTIAL: JobState.PARTIAL,
    Status.FAILED: JobState.FAILED,
}


class Job(QObject):
    """One start of one operation; everything here happens on the main thread.

    Parameters
    ----------
    operation : Operation
        What it does.
    params : object
        What ``operation.make_params`` made.
    title : str
        For people.
    kept : bool
        False for a short question, which no list shows.
    project : str
        Key of the project it is started in.
    """

    changed = pyqtSignal()
    """Something of it is other than before: at most ten times a second while it runs."""
    happened = pyqtSignal(object)
    """Carries a tuple of events."""
    ended = pyqtSignal()
    """It has ended; told exactly once."""

    def __init__(
        self, operation: Operation, params: Any, *, title: str, kept: bool, project: str
    ) -> None:
        super().__init__()
        self.started = datetime.now(timezone.utc)
        self.id = f"{self.started:%Y%m%dT%H%M%S}-{token_hex(4)}"
        self.operation = operation
        self.params = params
        self.title = title
        self.kept = kept
        self.project = project
        self.state = JobState.WAITING
        self.message = ""
        self.result: OperationResult | None = None
        self.error: FirstLightError | None = None
        self.finished: datetime | None = None
        self._furthest = Furthest()

    @property
    def values(self) -> dict[str, Any]:
        """Its parameters by name."""
        return {
            field.name: getattr(self.params, field.name)
            for field in dataclasses.fields(self.params)
        }

    @property
    def fraction(self) -> float:
        """How far it has come, 0..1; never less than before."""
        return self._furthest.reach(0.0)

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
            self.changed.emit()

    def _take(self, events: tuple[Event, ...]) -> None:
        for event in events:
            if isinstance(event, Progress):
                self._furthest.reach(event.fraction)
                self.message = event.message or self.message
            elif isinstance(event, Note) and event.level == Level.INFO:
                self.message = event.text
        self.happened.emit(events)
        self.changed.emit()

    def _succeed(self, result: OperationResult) -> None:
        self.result = result
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
