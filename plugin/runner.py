"""Keeps running tasks alive, and stops them all when the plugin goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QEventLoop, QObject, QTimer, pyqtSignal

from ..core.monitor import Event
from ..core.operation import Operation
from .settings_store import settings_reader
from .task import OperationTask


class TaskRunner(QObject):
    """Starts operations in QGIS's task manager and holds them until they have ended."""

    emptied = pyqtSignal()
    """The last running task has ended."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks: list[OperationTask] = []

    @property
    def running(self) -> tuple[OperationTask, ...]:
        """The tasks that have not ended."""
        return tuple(self._tasks)

    def start(
        self,
        operation: Operation,
        params: Any,
        follow: Callable[[tuple[Event, ...]], None] | None = None,
    ) -> OperationTask:
        """Start an operation.

        How it ended is told on this thread through the event loop, so connecting to those signals
        right after this call misses none.

        Parameters
        ----------
        operation : Operation
            What to run.
        params : object
            What ``operation.make_params`` made.
        follow : callable, optional
            Gets the events: connected before the work begins, which may tell of something at once.
        """
        task = OperationTask(operation, params, settings_reader())
        self._tasks.append(task)
        for signal in (task.succeeded, task.failed, task.stopped):
            signal.connect(lambda *_, ended=task: self._drop(ended))
        if follow is not None:
            task.happened.connect(follow)
        QgsApplication.taskManager().addTask(task)
        return task

    def cancel(self, task: OperationTask) -> None:
        """Ask one task to stop; a task that has ended already is left alone."""
        if task in self._tasks:
            task.cancel()

    def cancel_all(self, wait_ms: int = 0) -> bool:
        """Ask all tasks to stop.

        Parameters
        ----------
        wait_ms : int
            How long to wait for them, in milliseconds; their signals are delivered meanwhile.

        Returns
        -------
        bool
            Whether none is running any more.
        """
        for task in self.running:
            task.cancel()
        if self._tasks and wait_ms > 0:
            loop = QEventLoop()
            self.emptied.connect(loop.quit)
            QTimer.singleShot(wait_ms, loop.quit)
            loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
            self.emptied.disconnect(loop.quit)
        return not self._tasks

    def _drop(self, task: OperationTask) -> None:
        self._tasks.remove(task)
        if not self._tasks:
            self.emptied.emit()
