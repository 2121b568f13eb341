"""A button that tries a Dask cluster, and what came of it."""

from __future__ import annotations

from collections.abc import Callable

from qgis.PyQt.QtWidgets import QPushButton, QVBoxLayout, QWidget

from ...core.errors import known
from ...core.operations.help.cluster import CLUSTER
from ...plugin.jobs.job import Job
from ...plugin.jobs.job_list import JobList
from ...plugin.messages import WORDING
from ..parts.plain import PlainLabel
from ..parts.shades import Shade, shade


class ClusterTest(QWidget):
    """Asks beside QGIS's main thread; a second press stops.

    Parameters
    ----------
    jobs : JobList
        Runs the question.
    address : callable
        Gives what is written, or what is in force.
    """

    def __init__(self, jobs: JobList, address: Callable[[], str]) -> None:
        super().__init__()
        self._jobs, self._address = jobs, address
        self._job: Job | None = None
        self.button = QPushButton(self.tr("&Test the connection"), objectName="test_cluster_button")
        self.label = PlainLabel(objectName="test_cluster_label", visible=False)
        self.label.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        layout.addWidget(self.button)
        layout.addWidget(self.label)
        self.button.clicked.connect(self._press)

    def _press(self) -> None:
        if self._job is not None:
            self._jobs.cancel(self._job)
            return
        address = self._address().strip()
        if not address:
            self._say(self.tr("Write the address of a scheduler first: tcp://host:8786."), False)
            return
        params = WORDING.make_params(CLUSTER, {"address": address})
        self._job = self._jobs.start(CLUSTER, params, kept=False)
        self._say(self.tr("Asking …"), True)
        self.button.setText(self.tr("&Stop"))
        # A method of the widget, so that Qt forgets it with the widget: QGIS deletes that at OK.
        self._job.ended.connect(self._end)

    def _end(self) -> None:
        job = known(self._job, "a question has been asked")
        self._job = None
        self.button.setText(self.tr("&Test the connection"))
        if job.result is not None:
            self._say(job.result.text, True)
        else:
            self._say(str(job.error or self.tr("Stopped.")), False)

    def _say(self, text: str, good: bool) -> None:
        self.label.setText(text)
        color = shade(self, Shade.GOOD if good else Shade.BAD).name()
        self.label.setStyleSheet(f"color: {color}")
        self.label.show()
