"""The dock: from an area to bands, stacks and indices on the map."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from qgis.core import QgsProject
from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import Qt, QTimer, QUrl, pyqtSignal
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from ...core.discovery.events import load_events
from ...core.doors.operation_index import declared_operations
from ...core.enums import Status
from ...core.errors import FirstLightError
from ...core.moment import Moment
from ...core.monitor import BandProgress, Event, Level, Note, Progress
from ...core.operation import Declared, Operation, OperationResult
from ...core.operations.archives.catalogs import CATALOGS
from ...core.operations.event import event_folder
from ...core.operations.ingest import INGEST
from ...core.text import at_home
from ...core.types import Aoi
from ...plugin.aoi import area_of_canvas
from ...plugin.jobs.job import Job, JobState
from ...plugin.jobs.job_list import JobList
from ...plugin.language import said
from ...plugin.layers import add_layers, source_path
from ...plugin.map_view import shows_nothing, zoom_to_layers
from ...plugin.messages import (
    WORDING,
    Action,
    clear_failures,
    show_error,
    show_failure,
    show_success,
    show_warning,
)
from ...plugin.settings_store import read_last, write_last
from ..area.area_panel import AreaPanel
from ..catalogs.catalog_combo import CatalogCombo
from ..catalogs.catalog_dialog import CatalogDialog
from ..event.event_box import EventBox
from ..files.tools_panel import ToolsPanel
from ..parts.plain import PlainLabel
from ..parts.sentences import count, describe_choice, describe_problems
from ..scenes.band_panel import BandPanel
from ..scenes.run_panel import RunPanel
from ..scenes.scene_finder import SceneFinder
from ..scenes.scene_panel import ScenePanel
from ..scenes.search_panel import SearchPanel
from ..scenes.steps_scroll import StepsScroll
from .project_memory import ProjectMemory

SIDE = 4


class MainDock(QgsDockWidget):
    """Two tabs: Scenes leads from the area to the layers, Tools offers every operation.

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
        self._iface = iface
        self._jobs = jobs
        self._job: Job | None = None
        self._outcome = ""
        self._is_tool = False
        self.area_panel = AreaPanel(iface.mapCanvas())
        self.search_panel = SearchPanel()
        self.event_box = EventBox()
        self.scene_panel = ScenePanel()
        self.band_panel = BandPanel()
        self.run_panel = RunPanel()
        self.tools_panel = ToolsPanel(
            declared_operations(), self.take_area, self.search_panel.values
        )
        self.finder = SceneFinder(
            self.search_panel, self.event_box, self.scene_panel, self.take_area, self._start
        )
        self.memory = ProjectMemory(
            self.area_panel, self.search_panel, self.event_box, self.run_panel
        )
        self.catalog_dialog: CatalogDialog | None = None
        self.tabs = QTabWidget(objectName="tabs")
        self.status_label = PlainLabel(objectName="status_label")
        self.welcome_label = PlainLabel(
            self.tr(
                "Welcome. First say where: type or paste an area below, or put a layer or a "
                "basemap on the map (Browser, XYZ Tiles, OpenStreetMap) and take it from there. "
                "Then look for scenes, or open “Event” to map a fire, a flood or a storm."
            ),
            objectName="welcome_label",
        )
        self._connect()
        self._build()
        self._restore()

    # What the demo and the tests use in place of a mouse.

    def set_area(self, west: float, south: float, east: float, north: float) -> None:
        """Choose the area by its edges in degrees."""
        self.area_panel.set_bounds(west, south, east, north)

    def set_catalog(self, name: str) -> None:
        """Choose a catalogue by name or URL."""
        self.search_panel.catalog_combo.set_value(name)

    def set_dates(self, start: date, end: date) -> None:
        """Choose the period, both days included."""
        self.search_panel.set_dates(start, end)

    def set_sensor(self, name: str) -> None:
        """Choose a sensor by name."""
        self.search_panel.set_sensor(name)

    def set_output(self, path: str | Path) -> None:
        """Choose the folder for results."""
        self.run_panel.set_output(str(path))

    def take_area(self) -> Aoi | None:
        """The chosen area; without one, what the map shows; None where that is no area."""
        if self.area_panel.aoi is not None:
            return self.area_panel.aoi
        try:
            return area_of_canvas(self._iface.mapCanvas())
        except FirstLightError as error:
            self._show_error(error)
            return None

    def close_down(self) -> None:
        """Leave the map as it was; called before the plugin goes."""
        self._iface.mapCanvas().extentsChanged.disconnect(self._welcome)
        self.memory.close_down()
        self.area_panel.close_down()

    # Scenes

    def search(self) -> None:
        """Look for scenes with what the first two steps say."""
        self.finder.search()

    def show_catalogs(self) -> None:
        """Let the user add and remove catalogues, in a window of its own that holds nothing up."""
        if self.catalog_dialog is None:
            self.catalog_dialog = CatalogDialog(self)
            self.catalog_dialog.added.connect(self._take_catalog)
            self.catalog_dialog.removed.connect(lambda _: self._offer_catalogs())
            self.catalog_dialog.check_wanted.connect(self.check_catalogs)
        self.catalog_dialog.show()
        self.catalog_dialog.raise_()

    def _take_catalog(self, url: str) -> None:
        self._offer_catalogs()
        self.set_catalog(url)

    def check_catalogs(self) -> None:
        """Ask every known catalogue whether it answers."""
        if self._start(CATALOGS, {"check": True}, self._show_answers, self.run_finished.emit):
            self._say(self.tr("Asking the catalogues …"))

    def _show_answers(self, result: OperationResult) -> None:
        self._show_catalog_answers(result)
        self._say(
            self.tr("{good} of {all} catalogues answer.").format(
                good=result.outputs["answering"], all=result.outputs["count"]
            )
        )
        self.run_finished.emit(result.status)

    def _show_catalog_answers(self, result: OperationResult) -> None:
        for combo in self.findChildren(CatalogCombo):
            combo.show_answers(result.value)

    def _offer_catalogs(self) -> None:
        for combo in self.findChildren(CatalogCombo):
            combo.reload()

    def _show_steps(self) -> None:
        """Other scenes are there: bring them into view, with the bands if there is room."""
        self.run_panel.clear_progress()
        self._scroll.ensureWidgetVisible(self.band_panel)
        self._scroll.ensureWidgetVisible(self.scene_panel)

    # Run

    def run(self) -> None:
        """Bring the chosen bands of the chosen scenes to the disk and onto the map."""
        values = {
            "bands": self._bands(),
            "index": self.run_panel.indices(),
            "output": self.run_panel.output(),
            "area": self.take_area(),
            "window": "aoi" if self.run_panel.area_only_box.isChecked() else "full",
        }
        scenes = self.scene_panel.chosen()
        write_last("output", self.run_panel.output())
        self.run_panel.clear_progress()
        if self._start(INGEST, values, self._show_result, self.run_finished.emit, scenes=scenes):
            self._say(self.tr("Fetching {what} …").format(what=self._choice_text()))
            self._scroll.ensureWidgetVisible(self.run_panel)

    def _show_result(self, result: OperationResult) -> None:
        if result.status == Status.FAILED:
            self.run_panel.progress_bar.reset()
        else:
            self.run_panel.progress_bar.setValue(100)
        added = self._take_layers(result)
        layers = count(added, self.tr("layer"), self.tr("layers"))
        self._say(
            self.tr("Done: {layers} on the map, files in {folder}.").format(
                layers=layers, folder=self.run_panel.output()
            )
        )
        self._tell_outcome(result, self._outcome)
        self.run_finished.emit(result.status)

    # Tools

    def run_tool(self, operation: Declared, values: dict[str, Any]) -> None:
        """Run an operation with the values of its form."""
        if self._start(operation.load(), values, self._show_answer, self.run_finished.emit):
            self._is_tool = True
            self._say(self.tr("{title} …").format(title=operation.title))

    def _show_answer(self, result: OperationResult) -> None:
        self.tools_panel.show_result(result)
        if self.tools_panel.operation.name == CATALOGS.name:
            self._show_catalog_answers(result)
        self._take_layers(result)
        title = said(self.tools_panel.operation.title)
        self._say(self.tr("{title}: done.").format(title=title))
        self._tell_outcome(result, self._outcome if result.layers else "")
        self.run_finished.emit(result.status)

    # All three

    def cancel(self) -> None:
        """Stop what is running; what is finished stays."""
        if self._job is not None:
            self._say(self.tr("Stopping …"))
            for button in (self.run_panel.cancel_button, self.tools_panel.cancel_button):
                button.setEnabled(False)
            self._jobs.cancel(self._job)

    def _start(
        self,
        operation: Operation,
        values: dict[str, Any],
        succeed: Callable[[OperationResult], None],
        finish: Callable[[str], None],
        **more: Any,
    ) -> bool:
        """Start an operation; ``finish`` is called where it has no result, with ``failed`` or
        ``cancelled``.
        """
        clear_failures(self._iface.messageBar())
        try:
            params = replace(WORDING.make_params(operation, values), **more)
        except FirstLightError as error:
            self._show_error(error)
            finish("failed")
            return False
        job = self._job = self._jobs.start(operation, params)
        job.happened.connect(self._follow)
        job.ended.connect(partial(self._ended, job, succeed, finish))
        self.run_panel.progress_bar.reset()
        self.tools_panel.set_running(True)
        self._refresh()
        return True

    def _ended(
        self,
        job: Job,
        succeed: Callable[[OperationResult], None],
        finish: Callable[[str], None],
    ) -> None:
        self._job, self._is_tool = None, False
        self.tools_panel.set_running(False)
        if job.result is not None:
            succeed(job.result)
        elif job.error is not None:
            self._show_error(job.error)
            finish(JobState.FAILED)
        else:
            self._tell_stopped()
            finish(JobState.CANCELLED)
        self._refresh()

    def _follow(self, events: tuple[Event, ...]) -> None:
        for event in events:
            if isinstance(event, BandProgress):
                if self.run_panel.show_band(
                    event
                ):  # the table has just appeared, and has its place after the next layout
                    QTimer.singleShot(
                        0, lambda: self._scroll.ensureWidgetVisible(self.run_panel.band_table)
                    )
            elif isinstance(event, Progress):
                self.run_panel.progress_bar.setValue(round(100 * event.fraction))
                if event.message and self.run_panel.cancel_button.isEnabled():
                    self._say(
                        f"{event.message} ({event.detail})" if event.detail else event.message
                    )
            elif (
                isinstance(event, Note)
                and event.level == Level.INFO
                and self.run_panel.cancel_button.isEnabled()
            ):
                self._say(event.text)
        if self._is_tool:
            self.tools_panel.show_events(events)

    def _take_layers(self, result: OperationResult) -> int:
        layers, errors = add_layers(result.layers, QgsProject.instance())
        for error in errors:
            self._show_error(error)
        if layers:
            zoom_to_layers(self._iface.mapCanvas(), layers)
            self.layers_added.emit([layer.id() for layer in layers])
        return len(layers)

    def _tell_outcome(self, result: OperationResult, success: str) -> None:
        """Message bar and status line for a result of any status; doubts come before success."""
        bar = self._iface.messageBar()
        if result.status == Status.FAILED:
            self._say(describe_problems(result))
            show_failure(bar, self._outcome)
        elif result.status == Status.PARTIAL:
            self._say(
                self.tr("Done in part. {problems}").format(problems=describe_problems(result))
            )
            show_warning(bar, self._outcome, self._actions(result))
        elif result.warnings:
            more = len(result.warnings) - 1
            rest = self.tr(" And {more} more.").format(more=more) if more else ""
            self._say(f"{result.warnings[0].rstrip('.')}.{rest} {self._outcome}")
            show_warning(bar, self._outcome, self._actions(result))
        elif success:
            show_success(bar, success, self._actions(result))

    def _actions(self, result: OperationResult) -> tuple[Action, ...]:
        """Buttons for a result that has a page of its own."""
        report = str(result.outputs.get("report") or "")
        if not report:
            return ()
        paths = {layer.path for layer in result.layers}
        return (
            (self.tr("Open report"), lambda: _open(Path(report))),
            (self.tr("Zoom"), lambda: self._show_layers(paths)),
            (self.tr("Open folder"), lambda: _open(Path(report).parent)),
        )

    def _show_layers(self, paths: Container[Path]) -> None:
        """Zoom to those layers of these files that are still on the map."""
        layers = QgsProject.instance().mapLayers().values()
        wanted = [layer for layer in layers if source_path(layer) in paths]
        zoom_to_layers(self._iface.mapCanvas(), wanted, always=True)

    def _tell_stopped(self) -> None:
        self.run_panel.stop_progress()
        self._say(self.tr("Stopped. What was finished is kept; run it again to go on."))

    def _show_error(self, error: FirstLightError) -> None:
        """In the message bar and the status line, and nowhere else."""
        self.run_panel.stop_progress()
        self._say(str(error))
        show_error(self._iface.messageBar(), error)

    # State

    def _say(self, text: str) -> None:
        self._outcome = text
        self.status_label.setText(text)

    def _changed(self, *_: Any) -> None:
        """The user changed something: what happened before is history."""
        self._outcome = ""
        self._refresh()

    def _refresh(self) -> None:
        busy = self._job is not None
        self._welcome()
        hint, may_search, may_run = self._next_step()
        self.search_panel.search_button.setEnabled(may_search and not busy)
        for button in (self.event_box.pairs_button, self.event_box.map_button):
            button.setEnabled(may_search and not busy)
        self.event_box.pairs_table.setEnabled(not busy)
        self.scene_panel.set_busy(busy)
        self.run_panel.run_button.setEnabled(may_run and not busy)
        self.run_panel.cancel_button.setEnabled(busy)
        if not busy and not self._outcome:
            self.status_label.setText(hint)

    def _next_step(self) -> tuple[str, bool, bool]:
        """Advice on the next step; and whether Search and Run make sense."""
        if self.area_panel.aoi is None:
            return (
                self.tr("Choose an area: from the map, from a layer, drawn or typed."),
                False,
                False,
            )
        if not self.search_panel.catalog_combo.value():
            return self.tr("Choose a catalogue, or type the address of a STAC API."), False, False
        if not self.scene_panel.model.scenes:
            return self.tr("Press Search to look for scenes."), True, False
        scenes, bands = self.scene_panel.chosen(), self.band_panel.chosen()
        if not scenes:
            return self.tr("Tick at least one scene."), True, False
        if not bands:
            return self.tr("Tick at least one band."), True, False
        if not self.run_panel.output():
            return self.tr("Choose a folder for the results."), True, False
        return self.tr("{what}. Press Run.").format(what=self._choice_text()), True, True

    def _choice_text(self) -> str:
        aoi = self.area_panel.aoi if self.run_panel.area_only_box.isChecked() else None
        return describe_choice(self.scene_panel.chosen(), self._bands(), aoi)

    def _bands(self) -> tuple[str, ...]:
        """What Run fetches."""
        with_index = bool(self.run_panel.indices())
        return self.band_panel.to_fetch(self.scene_panel.chosen(), with_index)

    def _begin_anew(self) -> None:
        """Another project: scenes and pairs of the last one go, unless they are being fetched."""
        if self._job is None:
            self.finder.forget()
            self.run_panel.clear_progress()
        self._changed()

    def _bands_changed(self) -> None:
        if self.band_panel.sensor is not None:
            self.run_panel.offer_indices(self.band_panel.chosen(), self.band_panel.sensor)
        self._changed()

    def _prepare_event(self) -> None:
        """The form that maps the event, filled in with what is chosen here."""
        area, chosen = self.take_area(), self.event_box.values()
        output = self.run_panel.output()
        date = _moment(chosen["date"])
        if area is not None and output and date is not None:
            output = str(Path(output) / event_folder(load_events()[chosen["event"]], date, area))
        here = {
            "area": area,
            "catalog": self.search_panel.values()["catalog"],
            "output": output,
        }
        self.tools_panel.prepare("event", {**here, **chosen})
        self.tabs.setCurrentWidget(self.tools_panel)

    def _connect(self) -> None:
        self.area_panel.area_changed.connect(self._changed)
        self.area_panel.tried.connect(lambda: clear_failures(self._iface.messageBar()))
        self.area_panel.refused.connect(self._show_error)
        self.search_panel.sensor_changed.connect(self.band_panel.set_sensor)
        self.search_panel.catalog_combo.editTextChanged.connect(self._changed)
        self.search_panel.search_wanted.connect(self.search)
        self.search_panel.catalogs_wanted.connect(self.show_catalogs)
        self.event_box.pairs_wanted.connect(self.finder.find_pairs)
        self.event_box.pair_chosen.connect(self.finder.show_pair)
        self.event_box.map_wanted.connect(self._prepare_event)
        self.scene_panel.more_wanted.connect(self.finder.search_on)
        self.scene_panel.sky_wanted.connect(self.finder.look_at_sky)
        self.memory.forgotten.connect(self._begin_anew)
        self.finder.said.connect(self._say)
        self.finder.warned.connect(lambda text: show_warning(self._iface.messageBar(), text))
        self.finder.shown.connect(self._show_steps)
        for name in ("search_finished", "sky_finished", "pairs_finished"):
            getattr(self.finder, name).connect(getattr(self, name))
        self.scene_panel.chosen_changed.connect(self._changed)
        self.band_panel.changed.connect(self._bands_changed)
        self.run_panel.changed.connect(self._changed)
        self.run_panel.run_wanted.connect(self.run)
        self.tools_panel.run_wanted.connect(self.run_tool)
        self.run_panel.cancel_wanted.connect(self.cancel)
        self.tools_panel.cancel_wanted.connect(self.cancel)
        self.closed.connect(lambda: self.area_panel.outline.set_visible(False))
        self.opened.connect(lambda: self.area_panel.outline.set_visible(True))

    def _restore(self) -> None:
        """Begin with what the user chose last."""
        self.band_panel.set_sensor(self.search_panel.sensor_combo.currentData())
        self.search_panel.catalog_combo.set_last(read_last("catalog"))
        self.set_sensor(read_last("sensor", "sentinel2"))
        self.set_output(read_last("output", str(at_home("~") / "FirstLight")))
        self.memory.restore()
        self._iface.mapCanvas().extentsChanged.connect(self._welcome)
        self._changed()

    def _welcome(self) -> None:
        """Say how to begin as long as there is neither an area nor a map to take it from."""
        empty = shows_nothing(self._iface.mapCanvas())
        self.welcome_label.setVisible(empty and self.area_panel.aoi is None)

    def _build(self) -> None:
        self._scroll = StepsScroll(
            (
                self.welcome_label,
                self.area_panel,
                self.search_panel,
                self.event_box,
                self.scene_panel,
                self.band_panel,
                self.run_panel,
            )
        )
        self.welcome_label.setWordWrap(True)
        scenes_tab = QWidget()
        layout = QVBoxLayout(scenes_tab)
        layout.setContentsMargins(0, 0, 0, 6)
        layout.addWidget(self._scroll, 1)
        layout.addWidget(self.run_panel.footer)
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(scenes_tab, self.tr("Scenes"))
        self.tabs.addTab(self.tools_panel, self.tr("Tools"))
        self.status_label.setWordWrap(True)
        self.status_label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.status_label.setMinimumHeight(self.fontMetrics().lineSpacing() * 2 + 6)
        whole = QWidget()
        layout = QVBoxLayout(whole)
        layout.setContentsMargins(SIDE, 4, SIDE, 4)
        layout.addWidget(self.tabs, 1)
        layout.addWidget(self.status_label)
        self.setWidget(whole)


def _moment(text: str | None) -> Moment | None:
    """A date that was typed; None where it is none, which the operation will say."""
    try:
        return Moment.parse(text or "")
    except ValueError:
        return None


def _open(path: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
