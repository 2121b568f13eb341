"""All jobs: those that run, and those that have run."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from secrets import token_hex
from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QEventLoop, QObject, QTimer, pyqtSignal

from ...core.doors.operation_index import get_declared
from ...core.doors.spelling import extra_values, has_secret, output_places, spell
from ...core.errors import InputError
from ...core.operation import Operation
from ..language import said
from ..messages import WORDING
from ..settings_store import settings_reader
from ..task import OperationTask
from .job import Job
from .job_record import JobRecord, JobState
from .job_store import MOST_KEPT, JobStore
from .pace import Expected, Load, expect
from .project_key import UNSAVED, ProjectKey

MOST_AT_ONCE = 8
"""Kept jobs; they share connections, cores and memory, and each has some threads of its own."""
SHARES_FOLDERS = {"ingest"}
"""Operations of which several may write to one folder: each scene has a folder of its own, which is
locked while a job works in it.
"""
WRITE_EVERY_S = 3.0
"""How far a job has come is kept so often."""
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

    def __init__(self, parent: QObject | None = None, store: JobStore | None = None) -> None:
        super().__init__(parent)
        self.project = ProjectKey(self)
        self.project.renamed.connect(self._rename_project)
        # A task whose Python object is dropped never delivers its signals.
        self._tasks: dict[Job, OperationTask] = {}
        self._line: deque[Job] = deque()
        self._store = store
        self._leaving = False
        self._written: dict[Job, tuple[JobState, float]] = {}
        self._kept: list[Job] = [] if store is None else self._remember(store)

    @property
    def running(self) -> tuple[Job, ...]:
        """All that have not ended, in the order of their starts; short questions too."""
        return (*self._tasks, *self._line)

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The kept ones, the newest last."""
        return tuple(self._kept)

    def start(
        self,
        operation: Operation,
        params: Any,
        *,
        title: str = "",
        kept: bool = True,
        project: str = "",
        load: Load | None = None,
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
        project : str, optional
            Key of the project that its layers are for; the one that is open by default.
        load : Load, optional
            What it has to do: how long it takes then tells of later ones.

        Raises
        ------
        InputError
            If another job writes to the same place.
        """
        started = datetime.now(timezone.utc)
        job_id = f"{started:%Y%m%dT%H%M%S}-{token_hex(4)}"
        values, whole = self._plain_values(job_id, operation, params) if kept else ({}, False)
        record = JobRecord(
            id=job_id,
            operation=operation.name,
            title=title or said(operation.title),
            values=values,
            project=project or str(self.project),
            session=self._store.session if self._store else "",
            state=JobState.WAITING,
            started=started,
            whole=whole,
        )
        job = Job(record, operation, params, kept, load)
        job.ended.connect(self._drop)
        if not kept:
            self._begin(job)
            return job
        self._check_places(job)
        job.changed.connect(self._note_change)
        self._line.append(job)
        self._begin_next()
        self._add(job)
        self._tell_count()
        return job

    def again(self, job: Job) -> Job:
        """Start a job that has ended once more, with what it was started with: it takes what is
        there, and goes on where it stopped. One that did not come to its end gives up its place in
        the list.

        Raises
        ------
        InputError
            If that is not known any more, or cannot be used any more.
        """
        what = f"“{job.title}” cannot be started again"
        if not job.whole:
            hint = "Fill in its form anew."
            raise InputError(what, "it was given a secret, which is not kept", hint)
        taken = self._store is not None and not self._store.is_there(job.id)
        if job.state == JobState.INTERRUPTED and taken:
            raise InputError(what, "it was taken up in another window of QGIS", "See there.")
        operation = job.operation.load()
        params = WORDING.make_params(operation, job.values)
        # A project that was never saved does not come back: its layers are for the one that is
        # open.
        project = "" if job.project.startswith(UNSAVED) else job.project
        new = self.start(operation, params, title=job.title, project=project)
        if job.state != JobState.DONE:
            self.remove(job)
        return new

    def expect(self, load: Load, size_bytes: int) -> Expected:
        """How long a job would take, by those that are remembered."""
        measured = (job.pace for job in reversed(self._kept) if job.pace is not None)
        return expect(load, size_bytes, measured)

    @property
    def interrupted(self) -> tuple[Job, ...]:
        """Jobs that QGIS did not let come to their end, the newest first."""
        return tuple(job for job in reversed(self._kept) if job.state == JobState.INTERRUPTED)

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
            self._written.pop(job, None)
            if self._store is not None:
                self._store.remove(job.id, _scenes(job), set(map(_scenes, self._kept)))
            self.removed.emit(job)

    def settle(self, job: Job) -> None:
        """Its layers do not wait any more."""
        job.waits = False
        self._write(job)
        job.changed.emit()

    def close_down(self, wait_ms: int = 0) -> bool:
        """Stop all jobs, to be taken up again, and let the project go; called before the plugin
        goes. Whether none is running any more.
        """
        self._leaving = True
        stopped = self.cancel_all(wait_ms)
        self.project.close_down()
        if self._store is not None:
            self._store.close_down()
        return stopped

    def _remember(self, store: JobStore) -> list[Job]:
        """Jobs of earlier starts of QGIS; those of one that still runs are its own."""
        jobs, lives = [], {"": False}
        for record in store.read():
            if record.session not in lives:
                lives[record.session] = store.lives(record.session)
            if not record.state.has_ended:
                if lives[record.session]:
                    continue
                record = replace(record, state=JobState.INTERRUPTED)
            try:
                jobs.append(Job(record, get_declared(record.operation)))
            except KeyError:  # of another version
                continue
        kept = jobs[-MOST_KEPT:]
        for job in jobs[:-MOST_KEPT]:
            store.remove(job.id, _scenes(job), set(map(_scenes, kept)))
        return kept

    def _plain_values(
        self, job_id: str, operation: Operation, params: Any
    ) -> tuple[dict[str, Any], bool]:
        """What the job is started with, and whether that is all: secrets are not kept."""
        values, extras = spell(operation, params), extra_values(operation, params)
        scenes = extras.pop("scenes", ())
        if scenes and self._store is not None:
            values["items"] = str(self._store.keep_scenes(job_id, scenes))
            scenes = ()
        plain = {name: value for name, value in values.items() if not has_secret(value)}
        return plain, plain == values and not extras and not scenes

    def _check_places(self, job: Job) -> None:
        """Refuse a job that writes to where another one is writing."""
        if job.operation.name in SHARES_FOLDERS:
            return
        places = {place: other for other in self.running for place in _places(other)}
        for place in _places(job):
            if place in places:
                raise InputError(
                    f"“{job.title}” cannot be started",
                    f"“{places[place].title}” is writing to {place}",
                    "Wait for it, or choose another place.",
                )

    def _add(self, job: Job) -> None:
        self._kept.append(job)
        self._write(job)
        self.added.emit(job)

    def _drop(self) -> None:
        job = self.sender()
        self._tasks.pop(job, None)
        self._begin_next()
        if job.kept:
            if job.result is not None and job.result.layers:
                job.waits = job.project != str(self.project)
                job.changed.emit()
            if self._leaving and job.state == JobState.CANCELLED:
                job.state = JobState.INTERRUPTED
            self._write(job)
            self._tell_count()
        if not self._tasks:
            self.emptied.emit()

    def _note_change(self) -> None:
        job = self.sender()
        state, at = self._written.get(job, (None, 0.0))
        if job.state != state or time.monotonic() - at > WRITE_EVERY_S:
            self._write(job)

    def _write(self, job: Job) -> None:
        if self._store is not None and job.kept:
            self._written[job] = job.state, time.monotonic()
            self._store.write(job.record())

    def _begin_next(self) -> None:
        while self._line and sum(job.kept for job in self._tasks) < MOST_AT_ONCE:
            self._begin(self._line.popleft())

    def _begin(self, job: Job) -> None:
        operation = job.operation.load()
        task = OperationTask(operation, job.params, settings_reader(), job.title)
        self._tasks[job] = task
        job.follow(task)
        QgsApplication.taskManager().addTask(task, 0 if job.kept else HURRY)

    def _tell_count(self) -> None:
        self.count_changed.emit(sum(job.kept for job in self.running))

    def _rename_project(self, before: str, now: str) -> None:
        for job in {*self._kept, *self.running}:
            if job.project == before:
                job.project = now
                self._write(job)


def _places(job: Job) -> tuple[Path, ...]:
    return tuple(place.absolute() for place in output_places(job.operation, job.values))


def _scenes(job: Job) -> str:
    """The file that it reads its scenes from; empty where it has none."""
    return str(job.values.get("items") or "")
