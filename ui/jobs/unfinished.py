"""Tells of jobs that QGIS did not let come to their end, where one begins to work."""

from __future__ import annotations

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QFrame, QPushButton, QVBoxLayout, QWidget

from ...plugin.jobs.job import Job
from ...plugin.jobs.job_list import JobList
from ..parts.flow import FlowLayout
from ..parts.job_names import name_text
from ..parts.wrapping_label import WrappingLabel


class UnfinishedJobs(QFrame):
    """Hidden where there is none, and once it was told to be quiet.

    Parameters
    ----------
    jobs : JobList
        All of them.
    """

    resume_wanted = pyqtSignal(object)
    """Carries the Job."""
    jobs_wanted = pyqtSignal()

    def __init__(self, jobs: JobList, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("unfinished_jobs")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._jobs = jobs
        self._seen: set[str] = set()
        """Ids of those that were told of, and waved away."""
        self.label = WrappingLabel(objectName="unfinished_label")
        self.resume_button = QPushButton(self.tr("&Resume"), objectName="resume_button")
        self.jobs_button = QPushButton(self.tr("Show jobs"), objectName="show_jobs_button")
        self.later_button = QPushButton(self.tr("Not now"), objectName="later_button")
        buttons = QWidget()
        row = FlowLayout(buttons, spacing=4)
        for button in (self.resume_button, self.jobs_button, self.later_button):
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addWidget(self.label)
        layout.addWidget(buttons)
        self.resume_button.clicked.connect(lambda: self.resume_wanted.emit(self._first()))
        self.jobs_button.clicked.connect(self.jobs_wanted)
        self.later_button.clicked.connect(self._wave_away)
        for told in (jobs.added, jobs.removed):
            told.connect(self._show)
        self._show()

    def _left(self) -> list[Job]:
        return [job for job in self._jobs.interrupted if job.id not in self._seen]

    def _first(self) -> Job | None:
        return next(iter(self._left()), None)

    def _wave_away(self) -> None:
        self._seen.update(job.id for job in self._left())
        self._show()

    def _show(self, *_: object) -> None:
        left = self._left()
        self.setVisible(bool(left))
        if not left:
            return
        first, percent = left[0], round(100 * left[0].fraction)
        text = (
            self.tr("QGIS ended before “{title}” did, at {percent} %. What had come is kept.")
            if percent  # else it was ended before it was noted how far it had come
            else self.tr("QGIS ended before “{title}” did. What had come is kept.")
        ).format(title=name_text(first), percent=percent)
        if len(left) > 1:
            text += " " + self.tr("And {more} more, see Jobs.").format(more=len(left) - 1)
        self.label.setText(text)
        self.resume_button.setEnabled(first.whole)
