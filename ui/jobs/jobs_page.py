"""The page of jobs: what is running."""

from __future__ import annotations

from qgis.PyQt.QtWidgets import QListWidget, QVBoxLayout

from ..parts.page import Page
from ..parts.shared import Shared


class JobsPage(Page):
    """Lists what is running."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self.job_list = QListWidget(objectName="job_list")
        self.job_list.setAccessibleName(self.tr("Jobs"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 4)
        layout.addWidget(self.job_list)
        shared.jobs.count_changed.connect(self.refresh)
        self.refresh()

    def refresh(self, *_: object) -> None:
        """List the titles of what is running."""
        titles = [job.title for job in self.shared.jobs.running if job.kept]
        self.job_list.clear()
        self.job_list.addItems(titles)
        self.hint("" if titles else self.tr("Nothing is running."))
