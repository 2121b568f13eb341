"""The page of jobs: what runs, what has run, and what can be done with it."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from qgis.PyQt.QtCore import QModelIndex, QPoint, Qt, QTimer
from qgis.PyQt.QtGui import QKeySequence
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QFrame,
    QListView,
    QMenu,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...core.errors import FirstLightError
from ...plugin.compat import QAction
from ...plugin.disk import DiskLook
from ...plugin.jobs.job import Job
from ...plugin.messages import show_details
from ..parts.flow import FlowLayout
from ..parts.margins import BAR_WIDTH
from ..parts.page import Page
from ..parts.plain import plain_tip
from ..parts.sentences import count, describe_waiting
from ..parts.shared import Shared, open_path
from ..results.before_after import show_before_after
from ..results.swipe import start_swipe
from .job_actions import Deeds, JobAction, job_actions
from .job_model import JobModel
from .job_words import details_text


class JobsPage(Page):
    """A list of jobs, and the chosen one in detail."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self.model = JobModel(shared.jobs, self)
        self.job_list = QListView(objectName="job_list")
        self.job_list.setAccessibleName(self.tr("Jobs"))
        self.details = QPlainTextEdit(objectName="job_details", readOnly=True)
        self.details.setAccessibleName(self.tr("The chosen job"))
        self.details.setTabChangesFocus(True)
        self.progress_bar = QProgressBar(objectName="job_progress", minimum=0, maximum=100)
        self.progress_bar.setMinimumWidth(BAR_WIDTH)
        self.progress_bar.setAccessibleName(self.tr("Progress of the chosen job"))
        self.primary_button = QPushButton(objectName="job_primary_button")
        self.more_button = QToolButton(objectName="job_more_button")
        self.menu = QMenu(self)
        self._disk = DiskLook(os.path.exists, self._offer_again, self)
        self._deeds = Deeds(
            cancel=shared.jobs.cancel,
            again=self.again,
            open_here=self.open_here,
            open_path=open_path,
            is_there=self._is_there,
            show_text=lambda text: show_details(self.window(), text),
            copy=self._copy,
            remove=shared.jobs.remove,
            compare=partial(self._look, show_before_after, shared.iface),
            swipe=partial(self._look, start_swipe, shared.iface.mapCanvas()),
        )
        self._coming: set[Job] = set()
        """Those whose layers are on their way to the map."""
        self._actions: list[JobAction] = []
        self._shown: tuple[object, ...] = ()
        """What the button was made for."""
        self._build()
        self._connect()
        self._choose_first()
        self.refresh()
        QTimer.singleShot(0, self.bring_home)

    @property
    def job(self) -> Job | None:
        """The chosen job."""
        return self.model.job(self.job_list.currentIndex())

    def choose(self, job: Job) -> None:
        """Choose a job."""
        self.job_list.setCurrentIndex(self.model.index_of(job))

    def refresh(self, *_: object) -> None:
        """Say how many run."""
        running = sum(job.kept for job in self.shared.jobs.running)
        if self.told:
            return
        if running:
            number = count(running, self.tr("job"), self.tr("jobs"))
            self.hint(self.tr("{jobs} under way.").format(jobs=number))
        elif self.model.rowCount():
            self.hint(self.tr("Nothing is running."))
        else:
            self.hint(self.tr("Nothing is running, and nothing has run yet."))

    def again(self, job: Job) -> None:
        """Start a job once more; it goes on where it stopped."""
        self.shared.clear()
        try:
            new = self.shared.jobs.again(job)
        except FirstLightError as error:
            self.show_error(error)
            return
        new.ended.connect(self._ended_again)  # no partial: Qt ends the connection with the page
        self.choose(new)
        self.say(self.tr("{title} …").format(title=new.title))

    def open_here(self, job: Job, ended: bool = False) -> None:
        """Put the layers of a job onto the map that is open.

        Parameters
        ----------
        job : Job
            Whose layers.
        ended : bool
            It has just come to its end, which is told when they are there.
        """
        if job.result is not None and job not in self._coming:
            self._coming.add(job)
            project = str(self.shared.jobs.project)
            self.shared.bring_layers(job.result, partial(self._tell_opened, job, project, ended))

    def _tell_opened(
        self,
        job: Job,
        project: str,
        ended: bool,
        added: int,
        errors: tuple[FirstLightError, ...],
    ) -> None:
        self._coming.discard(job)
        if project == str(self.shared.jobs.project):  # else they wait on: it was closed meanwhile
            self._tell_on_map(job, added, errors)
        if ended:
            self.run_finished.emit(job.state)

    def _tell_on_map(self, job: Job, added: int, errors: tuple[FirstLightError, ...]) -> None:
        self.shared.jobs.settle(job)
        layers = count(added, self.tr("layer"), self.tr("layers"))
        self.say(self.tr("{title}: {layers} on the map.").format(title=job.title, layers=layers))
        for error in errors:
            self.show_error(error)
        if job.result is not None:
            self.tell(job.result, self.told if not errors else "")

    def _look(self, way: Callable[..., object], place: object, job: Job) -> None:
        """Compare the pictures of a job's result."""
        try:
            way(place, job.result.layers if job.result is not None else ())
        except FirstLightError as error:
            self.show_error(error)

    def bring_home(self) -> None:
        """Put the layers that wait for the project that is open onto its map."""
        for job in self.shared.jobs.jobs:
            if job.waits and job.project == str(self.shared.jobs.project):
                self.open_here(job)

    def _ended_again(self) -> None:
        job = self.sender()
        if not isinstance(job, Job):
            return
        if job.waits:
            self.say(describe_waiting(job))
        elif job.result is not None and job.result.layers:
            self.open_here(job, ended=True)
            return
        if job.result is not None:
            if not job.waits:
                self.say(self.tr("{title}: done.").format(title=job.title))
            self.tell(job.result, self.told)
        elif job.error is not None:
            self.show_error(job.error)
        else:
            self.say(self.tr("Stopped. What was finished is kept."))
        self.run_finished.emit(job.state)

    def _copy(self, text: str) -> None:
        QApplication.clipboard().setText(text)
        self.say(self.tr("Copied."))

    def _show(self, *_: object) -> None:
        """Show the chosen job, and what can be done with it."""
        job = self.job
        for widget in (self.details, self.primary_button, self.more_button):
            widget.setVisible(job is not None)
        self.progress_bar.setVisible(job is not None and not job.state.has_ended)
        if job is None:
            self._actions, self._shown = [], ()
            return
        text = details_text(job)
        if text != self.details.toPlainText():  # or a selection in it would be lost
            self.details.setPlainText(text)
        self.progress_bar.setValue(round(100 * job.fraction))
        # Asks the disk, and makes texts of copies: not at each step of its progress.
        now = (job, job.state, job.waits)
        if now != self._shown:
            self._shown = now
            self._offer(job)

    def _offer(self, job: Job) -> None:
        self._actions = job_actions(job, self._deeds)
        first = self._actions[0]
        self.primary_button.setText(first.title)
        self.primary_button.setEnabled(not first.why_not)
        self.primary_button.setToolTip(plain_tip(first.why_not))

    def _is_there(self, path: Path) -> bool:
        """Taken to be there until the disk has answered."""
        return self._disk.ask(path) is not False

    def _offer_again(self) -> None:
        """The disk has answered: what is gone cannot be opened, also from the menu in view."""
        if self.job is None:
            return
        self._offer(self.job)
        why_not = {f"job_{one.name}": one.why_not for one in self._actions}
        for action in self.menu.actions():
            reason = why_not.get(action.objectName(), "")
            action.setEnabled(not reason)
            action.setToolTip(plain_tip(reason))

    def _press(self, *_: object) -> None:
        if self.job is not None:
            self._offer(self.job)
        if self._actions and not self._actions[0].why_not:
            self._actions[0].do()

    def _remove(self) -> None:
        if self.job is not None:
            self.shared.jobs.remove(self.job)

    def _fill_menu(self) -> None:
        self.menu.clear()
        if self.job is not None:
            self._offer(self.job)
        for one in self._actions:
            action = self.menu.addAction(one.title)
            action.setObjectName(f"job_{one.name}")
            action.setEnabled(not one.why_not)
            action.setToolTip(plain_tip(one.why_not))
            action.triggered.connect(lambda _, do=one.do: do())

    def _open_menu(self, place: QPoint) -> None:
        if self.job is not None:
            self._fill_menu()
            self.menu.popup(self.job_list.viewport().mapToGlobal(place))

    def _data_changed(self, first: QModelIndex, last: QModelIndex) -> None:
        if first.row() <= self.job_list.currentIndex().row() <= last.row():
            self._show()

    def _choose_first(self) -> None:
        """There is always one that is chosen."""
        if not self.job_list.currentIndex().isValid() and self.model.rowCount():
            self.job_list.setCurrentIndex(self.model.index(0, 0))
        self._show()

    def _connect(self) -> None:
        jobs = self.shared.jobs
        jobs.count_changed.connect(self.refresh)
        jobs.project.opened.connect(lambda: QTimer.singleShot(0, self.bring_home))
        self.job_list.selectionModel().currentChanged.connect(self._show)
        self.model.dataChanged.connect(self._data_changed)
        self.model.modelReset.connect(self._choose_first)
        jobs.added.connect(self.choose)
        self.job_list.activated.connect(self._press)
        self.job_list.customContextMenuRequested.connect(self._open_menu)
        self.primary_button.clicked.connect(self._press)
        self.menu.aboutToShow.connect(self._fill_menu)
        remove = QAction(self.job_list)
        remove.setShortcut(QKeySequence(QKeySequence.StandardKey.Delete))
        remove.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        remove.triggered.connect(self._remove)
        self.job_list.addAction(remove)

    def _build(self) -> None:
        self.job_list.setModel(self.model)
        self.job_list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.job_list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.job_list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.job_list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.job_list.setFrameShape(QFrame.Shape.NoFrame)
        self.job_list.setAlternatingRowColors(True)
        self.more_button.setText(self.tr("&More"))
        self.more_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more_button.setMenu(self.menu)
        self.menu.setToolTipsVisible(True)
        below = QWidget()
        buttons = FlowLayout()
        buttons.addWidget(self.primary_button)
        buttons.addWidget(self.more_button)
        layout = QVBoxLayout(below)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addWidget(self.progress_bar)
        layout.addWidget(self.details, 1)
        layout.addLayout(buttons)
        splitter = QSplitter(Qt.Orientation.Vertical, objectName="job_splitter")
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.job_list)
        splitter.addWidget(below)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 4, 0, 0)
        whole.addWidget(splitter)
