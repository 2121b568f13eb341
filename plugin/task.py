"""The only QgsTask of the project: runs one operation off the main thread."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from typing import Any

from qgis.core import QgsApplication, QgsTask
from qgis.PyQt.QtCore import QThreadPool, pyqtSignal

from ..core.errors import Cancelled, FirstLightError
from ..core.monitor import Event, Level, Progress
from ..core.operation import Operation, OperationResult
from ..core.settings import Settings, resolve_settings
from .compat import TASK_SILENT
from .language import said
from .messages import WORDING
from .monitors import TaskMonitor, log


class OperationTask(QgsTask):
    """Runs one operation in QGIS's task manager.

    Exactly one of :attr:`succeeded`, :attr:`failed` and :attr:`stopped` is emitted, on the main
    thread. Whoever starts a task must keep a reference to it
    (:class:`~firstlight.plugin.jobs.job_list.JobList` does): a task whose Python object is dropped
    never delivers its signal.

    Parameters
    ----------
    operation : Operation
        What to run.
    params : object
        What ``operation.make_params`` made.
    settings : callable
        Gives the settings; called when the work starts, on the task's thread, because it reads
        files.
    title : str, optional
        For QGIS's list of tasks; that of the operation by default.
    """

    succeeded = pyqtSignal(object)
    """Carries the OperationResult."""
    failed = pyqtSignal(object)
    """Carries the FirstLightError."""
    stopped = pyqtSignal()
    """The user cancelled."""
    happened = pyqtSignal(object)
    """Carries a tuple of events, at most ten times a second."""

    def __init__(
        self,
        operation: Operation,
        params: Any,
        settings: Callable[[], Settings] = resolve_settings,
        title: str = "",
    ) -> None:
        # Nothing is lost by a stop: what was under way is taken up again. So QGIS need not ask.
        flags = QgsTask.Flag.CanCancel | QgsTask.Flag.CancelWithoutPrompt | TASK_SILENT
        super().__init__(f"FirstLight: {title or said(operation.title)}", flags)
        self.operation = operation
        self._params = params
        self._settings = settings
        self._outcome: OperationResult | FirstLightError | None = None
        # Asked from the worker instead of QgsTask.isCanceled(): set the moment cancel() is called,
        # and still there when the C++ part of the task is gone.
        self._stop = threading.Event()

    def run(self) -> bool:
        """Run the operation; called by the task manager on a worker thread.

        Nothing may be raised from here: an exception that crosses into C++ is lost, or takes QGIS
        down.
        """
        # Its thread does not count as one of the pool's: those are as few as the cores, and a
        # search would wait for a download, as would all other tasks of QGIS.
        pool = _pool()
        pool.releaseThread()
        try:
            return self._work()
        finally:
            pool.reserveThread()

    def _work(self) -> bool:
        monitor = TaskMonitor(self._deliver, self._stop.is_set)
        try:
            self._outcome = WORDING.run(self.operation, self._params, self._settings(), monitor)
        except FirstLightError as error:
            self._outcome = error
        except Exception as error:  # noqa: BLE001 - one of the two doors where unknown faults are turned into sentences
            log(
                "".join(traceback.format_exception(type(error), error, error.__traceback__)),
                Level.ERROR,
            )
            self._outcome = fault(self.operation, f"{type(error).__name__}: {error}")
        monitor.flush()
        return isinstance(self._outcome, OperationResult)

    def cancel(self) -> None:
        """Ask the operation to stop; it answers within a second."""
        self._stop.set()
        super().cancel()

    def finished(self, ok: bool) -> None:
        """Tell how it ended; called by the task manager on the main thread.

        A cancelled task whose operation came to its end all the same has a result, and the result
        is what counts.
        """
        outcome = self._outcome
        if isinstance(outcome, OperationResult):
            self.succeeded.emit(outcome)
        elif isinstance(outcome, Cancelled) or (outcome is None and self._stop.is_set()):
            self.stopped.emit()
        else:
            self.failed.emit(outcome or fault(self.operation, "it ended without a result"))

    def _deliver(self, events: tuple[Event, ...]) -> None:
        for event in events:
            if isinstance(event, Progress):
                self.setProgress(100.0 * event.fraction)
        self.happened.emit(events)


def _pool() -> QThreadPool:
    """The threads of QGIS's task manager: its own since QGIS 3.34, before those of all of QGIS."""
    manager = QgsApplication.taskManager()
    return manager.threadPool() if hasattr(manager, "threadPool") else QThreadPool.globalInstance()


def fault(operation: Operation, reason: str) -> FirstLightError:
    """Put a fault of FirstLight itself into the words people see.

    Parameters
    ----------
    operation : Operation
        What was running.
    why : str
        Class and text of the exception.
    """
    return FirstLightError(
        f"{operation.title} failed",
        reason,
        "This is a fault in FirstLight; the log has the details.",
    )
