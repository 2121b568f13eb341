"""The dock: four pages in one column, from an event or an area to the map."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from qgis.core import QgsApplication
from qgis.gui import QgsDockWidget
from qgis.PyQt import sip
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QMenu,
    QPlainTextEdit,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...core.doors.operation_index import declared_operations
from ...core.errors import known
from ...core.operations.event import EVENT
from ...plugin.compat import QAction
from ...plugin.jobs.job import Job
from ...plugin.jobs.job_list import JobList
from ...plugin.messages import WORDING, show_details
from ...plugin.searches import SearchStore
from ...plugin.settings_store import read_last, write_last
from ..area.area_choice import AreaChoice
from ..catalogs.catalog_keeper import CatalogKeeper
from ..event.event_page import EventPage
from ..files.files_page import FilesPage
from ..jobs.jobs_page import JobsPage
from ..jobs.unfinished import UnfinishedJobs
from ..parts.page import Page
from ..parts.plain import plain_tip
from ..parts.shared import Shared
from ..parts.wrapping_label import WrappingLabel
from ..results.before_after import close_before_after
from ..results.swipe import stop_swipe
from ..scenes.scenes_page import ScenesPage
from .help_window import HelpWindow
from .page_bar import PageBar
from .project_memory import ProjectMemory

SIDE = 3
OPTIONS_PAGE = "firstlight_options"
HEADINGS = {
    "event": "Map an event",
    "scenes": "In QGIS",
    "files": "Maps of fire, water and storm",
    "jobs": "Jobs",
}
"""Page → heading of the guide that tells of it."""


class MainDock(QgsDockWidget):
    """Pages: map an event, scenes, my files, jobs. One status line below says how the page in view
    stands.

    Parameters
    ----------
    iface : qgis.gui.QgisInterface
        For the map and the message bar.
    jobs : JobList
        Starts the operations.
    """

    search_finished = pyqtSignal(int)
    """Carries the number of scenes found; 0 also where the search failed."""
    sky_finished = pyqtSignal(int)
    """Carries the number of scenes whose sky is known now."""
    pairs_finished = pyqtSignal(int)
    """Carries the number of pairs found."""
    run_finished = pyqtSignal(str)
    """``done``, ``partial``, ``failed`` or ``cancelled``."""
    layers_added = pyqtSignal(list)
    """Carries the ids of the new layers."""

    def __init__(self, iface: Any, jobs: JobList) -> None:
        super().__init__("FirstLight")
        self.setObjectName("firstlight_dock")
        self.setAllowedAreas(
            Qt.DockWidgetArea.LeftDockWidgetArea | Qt.DockWidgetArea.RightDockWidgetArea
        )
        self.shared = Shared(iface, jobs)
        self.area = AreaChoice(iface.mapCanvas(), self)
        self.scenes = ScenesPage(self.shared, self.area)
        self.event_page = EventPage(self.shared, self.area)
        self.files = FilesPage(
            self.shared,
            declared_operations(),
            self.area.in_use,
            self.scenes.search_panel.values,
        )
        self.jobs = JobsPage(self.shared)
        self.scenes.offer_searches(lambda: self.event_page.when.event_edit.value(), SearchStore())
        self.catalogs = CatalogKeeper(self, self.scenes.check_catalogs)
        self.memory = ProjectMemory(self.area, self.scenes, self.event_page)
        self.page_bar = PageBar()
        self.unfinished = UnfinishedJobs(jobs)
        self.help_button = _small_button(
            "help_button", "/mActionHelpContents.svg", self.tr("Help: the guide on this page")
        )
        self.options_button = _small_button(
            "options_button", "/mActionOptions.svg", self.tr("Options of FirstLight")
        )
        self.guide_action = QAction(self.tr("&Guide on this page"), self)
        self.installation_action = QAction(self.tr("&Look at this installation"), self)
        self.help: HelpWindow | None = None
        self._looking: Job | None = None
        self._answer: QDialog | None = None
        self.pages = QStackedWidget(objectName="pages")
        self.status_label = WrappingLabel(objectName="status_label")
        self._build()
        self._connect()
        self.memory.restore()
        self.show_page(self._pages.get(read_last("page"), self.event_page))

    # What the demo and the tests use in place of a mouse.

    def set_area(self, west: float, south: float, east: float, north: float) -> None:
        """Choose the area by its edges in degrees."""
        self.area.set_bounds(west, south, east, north)

    def set_catalog(self, name: str) -> None:
        """Choose a catalogue by name or URL."""
        self.scenes.search_panel.catalog_combo.set_value(name)
        self.event_page.catalog_combo.set_value(name)

    def set_dates(self, start: date, end: date) -> None:
        """Choose the period, both days included."""
        self.scenes.search_panel.set_dates(start, end)

    def set_sensor(self, name: str) -> None:
        """Choose a sensor by name."""
        self.scenes.search_panel.set_sensor(name)

    def set_output(self, path: str | Path) -> None:
        """Choose the folder for results."""
        self.scenes.run_panel.set_output(str(path))
        self.event_page.save.set_output(str(path))

    # Pages

    @property
    def page(self) -> Page:
        """The page in view."""
        page: Page = self.pages.currentWidget()
        return page

    def show_page(self, page: Page) -> None:
        """Bring a page into view."""
        self.pages.setCurrentWidget(page)
        self.page_bar.choose(self.pages.currentIndex())
        self.status_label.setText(page.status)
        write_last("page", self._name_of(page))

    def show_help(self) -> None:
        """Open the guide where it tells of the page in view."""
        if self.help is None:
            self.help = HelpWindow(self)
        self.help.show_section(HEADINGS[self._name_of(self.page)])

    def look_at_installation(self) -> None:
        """Try libraries and folders in the background; a window tells what was found."""
        from ...core.operations.help.doctor import DOCTOR

        self.installation_action.setEnabled(False)
        self._looking = self.shared.jobs.start(DOCTOR, WORDING.make_params(DOCTOR, {}), kept=False)
        self._answer = show_details(self.window(), self.tr("Looking …"))
        self._looking.ended.connect(self._show_installation)

    def show_options(self) -> None:
        """Open QGIS's options at FirstLight's page."""
        self.shared.iface.showOptionsDialog(self.shared.iface.mainWindow(), OPTIONS_PAGE)

    def _name_of(self, page: Page) -> str:
        return next(name for name, one in self._pages.items() if one is page)

    def show_tool(self, name: str) -> None:
        """Bring the form of an operation into view; an event has a page of its own."""
        if name == EVENT.name:
            self.show_page(self.event_page)
            return
        self.files.tools_panel.choose(name)
        self.show_page(self.files)

    def close_down(self) -> None:
        """Leave the map as it was; called before the plugin goes."""
        self.memory.close_down()
        close_before_after(self.shared.iface)
        stop_swipe()
        self.event_page.close_down()
        self.scenes.close_down()
        self.area.close_down()

    def _show_installation(self) -> None:
        job = known(self._looking, "a question has been asked")
        self.installation_action.setEnabled(True)
        text = job.result.text if job.result else str(job.error or "")
        if self._answer is not None and not sip.isdeleted(self._answer):
            # Shown in the window that is open; one that was closed meanwhile stays closed.
            self._answer.findChild(QPlainTextEdit).setPlainText(text)

    def _show_status(self, page: Page, text: str) -> None:
        if page is self.page:
            self.status_label.setText(text)

    def _count_jobs(self, count: int) -> None:
        self.page_bar.set_count(self.pages.indexOf(self.jobs), count)

    def _show_scenes(self, scenes: Any, asked: dict[str, Any]) -> None:
        """The scenes of the event's pairs, where their bands can be chosen."""
        self.scenes.show_scenes(scenes, asked)
        self.show_page(self.scenes)

    def _resume(self, job: Job) -> None:
        """Take up a job where it stopped; the page of jobs shows how it goes on."""
        self.show_page(self.jobs)
        self.jobs.again(job)

    def _take_catalog(self, url: str) -> None:
        """A catalogue was added: it is the one that is wanted on the page in view."""
        chooser = self.event_page if self.page is self.event_page else self.scenes.search_panel
        chooser.catalog_combo.set_value(url)

    def _begin_anew(self) -> None:
        """Another project: what was found for the last one is not this one's."""
        self.scenes.begin_anew()
        self.event_page.begin_anew()

    def _connect(self) -> None:
        self.help_button.clicked.connect(self.show_help)
        self.guide_action.triggered.connect(self.show_help)
        self.installation_action.triggered.connect(self.look_at_installation)
        self.options_button.clicked.connect(self.show_options)
        self.page_bar.chosen.connect(lambda place: self.show_page(self.pages.widget(place)))
        for page in self._pages.values():
            page.said.connect(lambda text, page=page: self._show_status(page, text))
            page.run_finished.connect(self.run_finished)
        self.area.tried.connect(self.shared.clear)
        self.area.refused.connect(lambda error: self.page.show_error(error))
        self.memory.forgotten.connect(self._begin_anew)
        self.scenes.search_panel.catalogs_wanted.connect(self.catalogs.show_dialog)
        self.catalogs.added.connect(self._take_catalog)
        for asked in (self.scenes, self.files):
            asked.catalogs_answered.connect(self.catalogs.show_answers)
        self.event_page.scenes_wanted.connect(self._show_scenes)
        self.event_page.catalogs_wanted.connect(self.catalogs.show_dialog)
        self.unfinished.jobs_wanted.connect(lambda: self.show_page(self.jobs))
        self.unfinished.resume_wanted.connect(self._resume)
        self.scenes.search_finished.connect(self.search_finished)
        self.scenes.sky_finished.connect(self.sky_finished)
        self.event_page.pairs_finished.connect(self.pairs_finished)
        self.shared.layers_added.connect(self.layers_added)
        self.shared.jobs.count_changed.connect(self._count_jobs)
        self.closed.connect(lambda: self.area.outline.set_visible(False))
        self.opened.connect(lambda: self.area.outline.set_visible(True))

    def _build(self) -> None:
        self._pages: dict[str, Page] = {
            "event": self.event_page,
            "scenes": self.scenes,
            "files": self.files,
            "jobs": self.jobs,
        }
        for name, word, short, icon, tip in (
            (
                "event",
                self.tr("Map an event"),
                self.tr("Event"),
                "/mActionZoomToArea.svg",
                self.tr("A fire, a flood or a storm: from area and date to the map"),
            ),
            (
                "scenes",
                self.tr("Scenes"),
                self.tr("Scenes"),
                "/mIconRaster.svg",
                self.tr("Search scenes, and fetch their bands and indices"),
            ),
            (
                "files",
                self.tr("My files"),
                self.tr("Files"),
                "/mActionFileOpen.svg",
                self.tr("Every tool, also for your own files"),
            ),
            (
                "jobs",
                self.tr("Jobs"),
                self.tr("Jobs"),
                "/mActionHistory.svg",
                self.tr("What is running"),
            ),
        ):
            self.page_bar.add(word, short, icon, tip, f"{name}_page_button")
            self.pages.addWidget(self._pages[name])
        self.status_label.setMinimumHeight(self.fontMetrics().lineSpacing() * 2 + 6)
        menu = QMenu(self.help_button)
        for action in (self.guide_action, self.installation_action):
            menu.addAction(action)
            self.help_button.addAction(action)  # which the menu key of the keyboard shows
        self.help_button.setMenu(menu)
        self.help_button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.help_button.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        whole = QWidget()
        layout = QVBoxLayout(whole)
        layout.setContentsMargins(SIDE, 4, SIDE, 4)
        layout.addWidget(self.page_bar)
        layout.addWidget(self.unfinished)
        layout.addWidget(self.pages, 1)
        foot = QHBoxLayout()
        foot.setSpacing(2)
        foot.addWidget(self.status_label, 1)
        for button in (self.help_button, self.options_button):
            foot.addWidget(button, 0, Qt.AlignmentFlag.AlignBottom)
        layout.addLayout(foot)
        self.setWidget(whole)


def _small_button(name: str, icon: str, tip: str) -> QToolButton:
    button = QToolButton(objectName=name)
    button.setIcon(QgsApplication.getThemeIcon(icon))
    button.setAutoRaise(True)
    button.setToolTip(plain_tip(tip))
    button.setAccessibleName(tip)
    return button
