"""The rows of the list of jobs: what runs first, then the newest."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QAbstractListModel, QModelIndex, QObject, Qt

from ...plugin.jobs.job import Job
from ...plugin.jobs.job_list import JobList
from ...plugin.jobs.job_record import JobState
from ..parts.job_names import place_of
from ..parts.plain import plain_tip
from .job_words import row_text

ICONS = {
    JobState.WAITING: "/mTaskQueued.svg",
    JobState.RUNNING: "/mTaskRunning.svg",
    JobState.DONE: "/mTaskComplete.svg",
    JobState.PARTIAL: "/mIconWarning.svg",
    JobState.FAILED: "/mTaskTerminated.svg",
    JobState.CANCELLED: "/mTaskCancel.svg",
    JobState.INTERRUPTED: "/mTaskOnHold.svg",
}


class JobModel(QAbstractListModel):
    """Kept jobs.

    Parameters
    ----------
    jobs : JobList
        All of them.
    """

    def __init__(self, jobs: JobList, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._rows: list[Job] = []
        self._states: dict[Job, JobState] = {}
        jobs.added.connect(self._add)
        jobs.removed.connect(lambda _: self._sort())
        for job in jobs.jobs:
            job.changed.connect(self._change)
        self._sort()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Number of jobs."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What the list shows of a job."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        job = self._rows[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return row_text(job)
        if role == Qt.ItemDataRole.DecorationRole:
            return QgsApplication.getThemeIcon(ICONS[job.state])
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(f"{row_text(job)}\n{place_of(job) or ''}".strip())
        return None

    def job(self, index: QModelIndex) -> Job | None:
        """The job of a row."""
        row = index.row()
        return self._rows[row] if index.isValid() and row < len(self._rows) else None

    def index_of(self, job: Job | None) -> QModelIndex:
        """The row of a job; none of one that is not listed."""
        return self.index(self._rows.index(job), 0) if job in self._rows else QModelIndex()

    def _add(self, job: Job) -> None:
        job.changed.connect(self._change)
        self._sort()

    def _change(self) -> None:
        job = self.sender()
        if job not in self._rows:
            return
        if self._states.get(job) != job.state:
            self._sort()
        index = self.index_of(job)
        self.dataChanged.emit(index, index)

    def _sort(self) -> None:
        """Put the rows in order, those that are chosen stay so."""
        rows = sorted(
            self._jobs.jobs, key=lambda job: (not job.state.has_ended, job.started), reverse=True
        )
        self._states = {job: job.state for job in rows}
        if set(rows) != set(self._rows):
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()
            return
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        jobs = [self._rows[index.row()] for index in before]
        self._rows = rows
        self.changePersistentIndexList(before, [self.index_of(job) for job in jobs])
        self.layoutChanged.emit()
