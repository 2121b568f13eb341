"""Base of the dock's pages: starts operations, and says what happens in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QWidget

from ...core.enums import Status
from ...core.errors import FirstLightError, InputError
from ...core.monitor import Event, Level, Note, Progress
from ...core.operation import Operation, OperationResult
from ...core.params import Door, Kind
from ...plugin.jobs.job import Job
from ...plugin.jobs.job_record import JobState
from ...plugin.jobs.pace import Load
from ...plugin.language import said as core_said
from ...plugin.messages import WORDING
from .sentences import describe_problems, describe_waiting
from .shared import Shared

WRITTEN = frozenset({Kind.RASTER_OUT, Kind.VECTOR_OUT, Kind.FOLDER_OUT})
"""Parameters that say where results go."""


class Page(QWidget):
    """One page of the dock. It runs one operation at a time; the other pages go on meanwhile.

    Parameters
    ----------
    shared : Shared
        Starts operations, and shows what came of them on the map and in the message bar.
    """

    said = pyqtSignal(str)
    """The page's status has changed."""
    run_finished = pyqtSignal(str)
    """``done``, ``partial``, ``failed`` or ``cancelled``."""

    def __init__(self, shared: Shared) -> None:
        super().__init__()
        self.shared = shared
        self.status = ""
        """What the status line says while this page is in view."""
        self.told = ""
        """What happened last; empty once the user has changed something since."""
        self._job: Job | None = None
        self._stopping = False

    @property
    def busy(self) -> bool:
        """Whether an operation that was started here is running."""
        return self._job is not None

    def start(
        self,
        operation: Operation,
        values: dict[str, Any],
        succeed: Callable[[OperationResult], None],
        finish: Callable[[str], None],
        kept: bool = True,
        load: Load | None = None,
        **more: Any,
    ) -> bool:
        """Start an operation.

        Parameters
        ----------
        operation : Operation
            What to run.
        values : dict
            Its parameters, as ``make_params`` takes them.
        succeed : callable
            Takes the result.
        finish : callable
            Is called where there is none, with ``failed`` or ``cancelled``.
        kept : bool
            False for a short question, which is not listed among the jobs.
        load : Load, optional
            What it has to do, for a word on how long the next one takes.
        more : object
            Parameters that no door has.

        Returns
        -------
        bool
            False where the values cannot be used, which is told.
        """
        self.shared.clear()
        try:
            made = WORDING.make_params(operation, values)
            self._refuse_relative(operation, made)
            params = replace(made, **more)
            job = self.shared.jobs.start(operation, params, kept=kept, load=load)
        except FirstLightError as error:
            self.show_error(error)
            finish("failed")
            return False
        self._job = job
        job.happened.connect(self._follow)
        job.ended.connect(partial(self._ended, job, succeed, finish))
        self.refresh()
        return True

    def _refuse_relative(self, operation: Operation, params: Any) -> None:
        """A place without a folder would be one in QGIS's own, which nobody looks into."""
        for param in operation.parameters(Door.DOCK):
            path = getattr(params, param.name)
            if param.kind in WRITTEN and isinstance(path, Path) and not path.is_absolute():
                title = core_said(param.title)
                raise InputError(
                    self.tr("“{title}” cannot be {path}").format(title=title, path=path),
                    self.tr("it does not say in which folder"),
                    self.tr("Give the whole path."),
                )

    def cancel(self) -> None:
        """Stop what is running; what is finished stays."""
        if self._job is not None:
            self.say(self.tr("Stopping …"))
            self._stopping = True
            self.stopping()
            self.shared.jobs.cancel(self._job)

    def say(self, text: str) -> None:
        """Put a sentence into the status line: it stays until the user changes something."""
        self.told = text
        self.hint(text)

    def hint(self, text: str) -> None:
        """Put advice into the status line."""
        self.status = text
        self.said.emit(text)

    def changed(self, *_: Any) -> None:
        """The user changed something: what happened before is history."""
        self.told = ""
        self.refresh()

    def show_error(self, error: FirstLightError) -> None:
        """In the message bar and the status line, and nowhere else."""
        self.stop_progress()
        self.say(str(error))
        self.shared.show_error(error)

    def tell(self, result: OperationResult, success: str) -> None:
        """Message bar and status line for a result of any status; doubts come before success.

        Parameters
        ----------
        result : OperationResult
            What came.
        success : str
            Sentence for a result without doubts; where empty, the message bar says nothing.
        """
        if result.status == Status.FAILED:
            self.say(describe_problems(result))
        elif result.status == Status.PARTIAL:
            self.say(self.tr("Done in part. {problems}").format(problems=describe_problems(result)))
        elif result.warnings:
            more = len(result.warnings) - 1
            rest = self.tr(" And {more} more.").format(more=more) if more else ""
            doubt = f"{result.warnings[0].rstrip('.')}.{rest}"
            self.say(f"{doubt} {self.told}".strip())
            if result.outputs.get("report"):  # the bar's buttons say where it is
                self.shared.show(result, doubt)
                return
        elif not success:
            return
        self.shared.show(result, self.told)

    # What a page may do of its own.

    def refresh(self) -> None:
        """Enable what makes sense now, and say what comes next."""

    def stopping(self) -> None:
        """Stop was pressed: nothing more can be asked of what is running."""

    def stop_progress(self) -> None:
        """What was running has ended without a result."""

    def follow(self, event: Event) -> None:
        """Show one event of what is running."""

    def _follow(self, events: tuple[Event, ...]) -> None:
        for event in events:
            self.follow(event)
            if self._stopping:
                continue
            if isinstance(event, Progress) and event.message:
                detail = f" ({event.detail})" if event.detail else ""
                self.say(f"{event.message}{detail}")
            elif isinstance(event, Note) and event.level == Level.INFO:
                self.say(event.text)

    def _ended(
        self,
        job: Job,
        succeed: Callable[[OperationResult], None],
        finish: Callable[[str], None],
    ) -> None:
        self._job, self._stopping = None, False
        self.refresh()
        if job.waits:  # the page belongs to another project now
            self.stop_progress()
            where = self.tr("See page Jobs to open them here.")
            self.say(f"{describe_waiting(job)} {where}")
            finish(job.state)
        elif job.result is not None:
            succeed(job.result)
        elif job.error is not None:
            self.show_error(job.error)
            finish(JobState.FAILED)
        else:
            self._tell_stopped()
            finish(JobState.CANCELLED)
        self.refresh()

    def _tell_stopped(self) -> None:
        self.stop_progress()
        self.say(self.tr("Stopped. What was finished is kept; run it again to go on."))
