"""All jobs: those that run, and those that have run."""

from __future__ import annotations

from collections import deque
from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QEventLoop, QObject, QTimer, pyqtSignal

from ...core.operation import Operation
from ..settings_store import settings_reader
from ..task import OperationTask
from .job import Job
from .project_key import ProjectKey

MOST_AT_ONCE = 8
"""Kept jobs; they share connections, cores and memory, and each has some threads of its own."""
HURRY = 1
"""Priority of short questions before QGIS's own tasks, which have 0."""


class JobList(QObject):
    """Starts jobs, several at once, and remembers them."""

    added = pyqtSignal(object)
    """Carries a kept job that was started."""
    removed = pyqtSignal(object)
    """Carries a job that was taken from the list."""
    count_changed = pyqtSignal(int)
    """Carries how many of the kept jobs run or wait for their turn."""
    emptied = pyqtSignal()
    """The last job has ended."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.project = ProjectKey(self)
        self.project.renamed.connect(self._rename_project)
        # A task whose Python object is dropped never delivers its signals.
        self._tasks: dict[Job, OperationTask] = {}
        self._line: deque[Job] = deque()
        self._kept: list[Job] = []

    @property
    def running(self) -> tuple[Job, ...]:
        """All that have not ended, in the order of their starts; short questions too."""
        return (*self._tasks, *self._line)

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The kept ones, the newest last."""
        return tuple(self._kept)

    def start(
        self, operation: Operation, params: Any, *, title: str = "", kept: bool = True
    ) -> Job:
        """Start an operation.

        Everything it tells comes through the event loop, so connecting to its signals right after
        this call misses none.

        Parameters
        ----------
        operation : Operation
            What to run.
        params : object
            What ``operation.make_params`` made.
        title : str, optional
            For people; that of the operation by default.
        kept : bool
            False for a short question (a search, a look at the sky), which no list shows.
        """
        job = Job(
            operation,
            params,
            title=title or operation.title,
            kept=kept,
            project=str(self.project),
        )
        job.ended.connect(self._drop)
        if not kept:
            self._begin(job)
            return job
        self._line.append(job)
        self._begin_next()
        self._kept.append(job)
        self.added.emit(job)
        self._tell_count()
        return job

    def cancel(self, job: Job) -> None:
        """Ask a job to stop; one that has ended already is left alone."""
        if job in self._tasks:
            self._tasks[job].cancel()
        elif job in self._line:
            self._line.remove(job)
            QTimer.singleShot(0, job.give_up)

    def cancel_all(self, wait_ms: int = 0) -> bool:
        """Ask all jobs to stop.

        Parameters
        ----------
        wait_ms : int
            How long to wait for them, in milliseconds; their signals are delivered meanwhile.

        Returns
        -------
        bool
            Whether none is running any more.
        """
        for job in reversed(self.running):  # those in line first, or they would begin
            self.cancel(job)
        if self._tasks and wait_ms > 0:
            loop = QEventLoop()
            self.emptied.connect(loop.quit)
            QTimer.singleShot(wait_ms, loop.quit)
            loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
            self.emptied.disconnect(loop.quit)
        return not self._tasks

    def remove(self, job: Job) -> None:
        """Take a job that has ended from the list; its files stay."""
        if job in self._kept and job.state.has_ended:
            self._kept.remove(job)
            self.removed.emit(job)

    def close_down(self) -> None:
        """Let the project go; called before the plugin goes."""
        self.project.close_down()

    def _drop(self) -> None:
        job = self.sender()
        self._tasks.pop(job, None)
        self._begin_next()
        if job.kept:
            self._tell_count()
        if not self._tasks:
            self.emptied.emit()

    def _begin_next(self) -> None:
        while self._line and sum(job.kept for job in self._tasks) < MOST_AT_ONCE:
            self._begin(self._line.popleft())

    def _begin(self, job: Job) -> None:
        task = self._tasks[job] = OperationTask(job.operation, job.params, settings_reader())
        job.follow(task)
        QgsApplication.taskManager().addTask(task, 0 if job.kept else HURRY)

    def _tell_count(self) -> None:
        self.count_changed.emit(sum(job.kept for job in self.running))

    def _rename_project(self, before: str, now: str) -> None:
        for job in {*self._kept, *self.running}:
            if job.project == before:
                job.project = now
