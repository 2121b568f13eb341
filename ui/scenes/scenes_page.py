"""The page of scenes: from an area to bands, stacks and indices on the map."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import PurePath
from typing import Any

from qgis.PyQt.QtCore import QTimer, pyqtSignal
from qgis.PyQt.QtGui import QHideEvent, QShowEvent
from qgis.PyQt.QtWidgets import QVBoxLayout

from ...core.enums import Status
from ...core.errors import FirstLightError
from ...core.monitor import BandProgress, Event, Progress
from ...core.operation import OperationResult
from ...core.operations.archives.catalogs import CATALOGS
from ...core.operations.ingest import INGEST
from ...core.text import at_home, time_text
from ...core.types import SceneItem
from ...plugin.jobs.pace import Load, source_of
from ...plugin.map_view import zoom_to_area
from ...plugin.scene_file import SAVE_SCENES
from ...plugin.searches import KeptSearch, SearchStore
from ...plugin.settings_store import read_last, write_last
from ...plugin.thumbnails import ThumbnailStore
from ..area.area_choice import AreaChoice
from ..area.area_panel import AreaPanel
from ..area.area_text import size_km2
from ..parts.page import Page
from ..parts.sentences import band_costs, count, describe_choice
from ..parts.shared import Shared
from ..parts.step import Step
from .band_panel import BandPanel
from .run_panel import RunPanel
from .scene_finder import SceneFinder
from .scene_map import SceneMap
from .scene_panel import ScenePanel
from .search_panel import SearchPanel
from .steps_scroll import StepsScroll

MOST_COUNTED = 100
"""Scenes whose bands are weighed one by one; more would be felt while ticking."""


class ScenesPage(Page):
    """Five steps: area, search, scenes, bands, result.

    Parameters
    ----------
    shared : Shared
        Starts operations.
    area : AreaChoice
        The area of all pages.
    """

    search_finished = pyqtSignal(int)
    """Carries the number of scenes found; 0 also where the search failed."""
    sky_finished = pyqtSignal(int)
    """Carries the number of scenes whose sky is known now."""
    catalogs_answered = pyqtSignal(object)
    """Carries the answers of the catalogues that were asked."""

    def __init__(self, shared: Shared, area: AreaChoice) -> None:
        super().__init__(shared)
        self._area = area
        self._ask = partial(self.start, kept=False)
        self.area_panel = AreaPanel(self.tr("1  Area"), area, partial(self.start, kept=False))
        self.search_panel = SearchPanel()
        self.scene_panel = ScenePanel()
        self.scene_panel.offer_pictures(ThumbnailStore(shared.jobs, self))
        self.scene_map = SceneMap(area.canvas, self.scene_panel)
        self.band_panel = BandPanel()
        self.run_panel = RunPanel()
        self.finder = SceneFinder(self.search_panel, self.scene_panel, area.in_use, self._ask)
        self.area_step, self.search_step, self.scene_step, self.band_step, self.run_step = steps = [
            Step(panel.title(), f"{name}_step", panel)
            for name, panel in (
                ("area", self.area_panel),
                ("search", self.search_panel),
                ("scene", self.scene_panel),
                ("band", self.band_panel),
                ("run", self.run_panel),
            )
        ]
        self.scroll_area = StepsScroll(steps, self.scene_step)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 6)
        layout.addWidget(self.scroll_area, 1)
        layout.addWidget(self.run_panel.footer)
        self._connect()
        self._restore()

    def search(self) -> None:
        """Look for scenes with what the first two steps say."""
        self.finder.search()

    def show_scenes(self, scenes: tuple[SceneItem, ...], asked: dict[str, Any]) -> None:
        """Put these scenes into the table, all of them chosen; ``asked`` are the values that they
        answer to.
        """
        self.finder.show_scenes(scenes, asked)

    def check_catalogs(self) -> None:
        """Ask every known catalogue whether it answers."""
        if self._ask(CATALOGS, {"check": True}, self._show_answers, self.run_finished.emit):
            self.say(self.tr("Asking the catalogues …"))

    def run(self) -> None:
        """Bring the chosen bands of the chosen scenes to the disk and onto the map."""
        values = {
            "bands": self._bands(),
            "index": self.run_panel.indices(),
            "output": self.run_panel.output(),
            "area": self._area.in_use(),
            "window": "aoi" if self.run_panel.area_only_box.isChecked() else "full",
        }
        scenes = self.scene_panel.chosen()
        write_last("output", self.run_panel.output())
        self.run_panel.clear_progress()
        if self.start(
            INGEST,
            values,
            self._show_result,
            self.run_finished.emit,
            load=Load(source_of(scenes)),
            scenes=scenes,
        ):
            self.say(self.tr("Fetching {what} …").format(what=self._choice_text()))
            self.scroll_area.ensureWidgetVisible(self.run_panel)

    def offer_searches(self, event_text: Callable[[], str | None], store: SearchStore) -> None:
        """Offer searches that were made, and periods around the event."""
        self._searches = self.finder.searches = store
        self.search_panel.offer_menus(event_text, store)
        self.search_panel.search_chosen.connect(self._search_again)
        self.search_panel.keep_wanted.connect(self._keep_search)

    def _search_again(self, search: KeptSearch) -> None:
        if search.aoi is not None:
            self._area.choose(search.aoi)
            zoom_to_area(self._area.canvas, search.aoi)
        self.search_panel.search_button.click()  # nothing where it is disabled

    def _keep_search(self, name: str) -> None:
        aoi = self._area.in_use()
        if aoi is not None:
            self._searches.keep(aoi, self.search_panel.values(), name)
            self.say(self.tr("The search is kept as “{name}”.").format(name=name))

    def save_list(self, path: str) -> None:
        """Write the list of scenes to a file."""
        scenes, values = self.scene_panel.model.scenes, {"path": path}
        self.start(SAVE_SCENES, values, self._tell_saved, lambda _: None, False, scenes=scenes)

    def _tell_saved(self, result: OperationResult) -> None:
        self.say(self.tr("The list of scenes is in {path}.").format(path=result.text))

    def showEvent(self, event: QShowEvent) -> None:
        """The page comes into view, and the footprints with it."""
        super().showEvent(event)
        self.scene_map.set_in_view(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """The page goes, and the footprints with it."""
        super().hideEvent(event)
        self.scene_map.set_in_view(False)

    def close_down(self) -> None:
        """Leave the map as it was."""
        self.scene_panel.close_down()
        self.scene_map.close_down()
        self.area_panel.close_down()

    def begin_anew(self) -> None:
        """Another project: scenes of the last one go, unless they are being fetched."""
        if not self.busy:
            self.finder.forget()
            self.run_panel.clear_progress()
            for step in (self.area_step, self.search_step):
                step.set_folded(False)
        self.changed()

    def refresh(self) -> None:
        """Enable what makes sense now, and say what comes next."""
        self._show_costs()
        self._name_steps()
        hint, may_search, may_run = self._next_step()
        self.search_panel.search_button.setEnabled(may_search and not self.busy)
        self.scene_panel.set_busy(self.busy)
        self.run_panel.run_button.setEnabled(may_run and not self.busy)
        self.run_panel.cancel_button.setEnabled(self.busy)
        if not self.busy and not self.told:
            self.hint(hint)

    def stopping(self) -> None:
        """Stop is pressed once."""
        self.run_panel.cancel_button.setEnabled(False)

    def stop_progress(self) -> None:
        """What was running has ended without a result."""
        self.run_panel.stop_progress()

    def follow(self, event: Event) -> None:
        """Show one event of what is running."""
        if isinstance(event, BandProgress):
            if self.run_panel.show_band(event):
                # The table has just appeared, and has its place after the next layout.
                QTimer.singleShot(
                    0, lambda: self.scroll_area.ensureWidgetVisible(self.run_panel.band_table)
                )
        elif isinstance(event, Progress):
            self.run_panel.progress_bar.setValue(round(100 * event.fraction))

    def _show_result(self, result: OperationResult) -> None:
        if result.status == Status.FAILED:
            self.run_panel.progress_bar.reset()
        else:
            self.run_panel.progress_bar.setValue(100)
        self.shared.bring_layers(result, partial(self._tell_fetched, result))

    def _tell_fetched(
        self, result: OperationResult, added: int, errors: tuple[FirstLightError, ...]
    ) -> None:
        for error in errors:
            self.show_error(error)
        layers = count(added, self.tr("layer"), self.tr("layers"))
        self.say(
            self.tr("Done: {layers} on the map, files in {folder}.").format(
                layers=layers, folder=self.run_panel.output()
            )
        )
        self.tell(result, self.told)
        self.run_finished.emit(result.status)

    def _show_answers(self, result: OperationResult) -> None:
        self.catalogs_answered.emit(result.value)
        self.say(
            self.tr("{good} of {all} catalogues answer.").format(
                good=result.outputs["answering"], all=result.outputs["count"]
            )
        )
        self.run_finished.emit(result.status)

    def _show_steps(self) -> None:
        """Other scenes are there: fold what led to them, and bring them into view."""
        self.run_panel.clear_progress()
        if self.scene_panel.model.scenes:
            for step in (self.area_step, self.search_step):
                step.set_folded(True)
        QTimer.singleShot(0, self._show_table)  # what was folded gives its room back until then

    def _show_table(self) -> None:
        self.scroll_area.widget().layout().activate()
        self.scroll_area.verticalScrollBar().setValue(self.scene_step.y())

    def _next_step(self) -> tuple[str, bool, bool]:
        """Advice on the next step; and whether Search and Run make sense."""
        if self._area.aoi is None:
            return (
                self.tr("Choose an area: from the map, from a layer, drawn or typed."),
                False,
                False,
            )
        if not self.search_panel.catalog_combo.value():
            return self.tr("Choose a catalogue, or type the address of a STAC API."), False, False
        if not self.scene_panel.model.scenes:
            before = len(self.finder.wanted)
            if before:
                scenes = count(before, self.tr("scene"), self.tr("scenes"))
                again = self.tr("Press Search: {scenes} of the project will be ticked again.")
                return again.format(scenes=scenes), True, False
            return self.tr("Press Search to look for scenes."), True, False
        chosen, bands = self.scene_panel.chosen(), self.band_panel.chosen()
        if not chosen:
            return self.tr("Tick at least one scene."), True, False
        if not bands:
            return self.tr("Tick at least one band."), True, False
        if not self.run_panel.output():
            return self.tr("Choose a folder for the results."), True, False
        return self.tr("{what}. Press Run.").format(what=self._choice_text()), True, True

    def _choice_text(self) -> str:
        aoi = self._area.aoi if self.run_panel.area_only_box.isChecked() else None
        scenes, bands = self.scene_panel.chosen(), self._bands()
        text = describe_choice(scenes, bands, aoi)
        size = sum(band_costs(scenes, bands, aoi).values())
        seconds = self.shared.jobs.expect(Load(source_of(scenes)), size).fetch_s
        if seconds is None:
            return text
        words = self.tr("{amount}; {time} at the speed of the last runs")
        return str(words.format(amount=text, time=time_text(max(1.0, seconds))))

    def _name_steps(self) -> None:
        """What is chosen in each step, for its heading."""
        aoi, values = self._area.aoi, self.search_panel.values()
        self.area_step.set_value("" if aoi is None else size_km2(aoi))
        sensor = self.search_panel.sensor_combo.currentText()
        self.search_step.set_value(f"{sensor}, {values['start']} – {values['end']}")
        scenes = self.scene_panel.model.scenes
        self.scene_step.set_value(self.scene_panel.chosen_label.text() if scenes else "")
        bands = ", ".join(self.band_panel.chosen())
        self.band_step.set_value(f"{self.band_panel.task_combo.currentText()}: {bands}")
        folder, indices = self.run_panel.output(), ", ".join(self.run_panel.indices())
        self.run_step.set_value(", ".join(filter(None, (indices, PurePath(folder).name))))

    def _show_costs(self) -> None:
        """What each band takes for the chosen scenes."""
        scenes = self.scene_panel.chosen()
        aoi = self._area.aoi if self.run_panel.area_only_box.isChecked() else None
        few = scenes if len(scenes) <= MOST_COUNTED else ()
        self.band_panel.show_costs(band_costs(few, tuple(self.band_panel.boxes), aoi))

    def _bands(self) -> tuple[str, ...]:
        """What Run fetches."""
        with_index = bool(self.run_panel.indices())
        return self.band_panel.to_fetch(self.scene_panel.chosen(), with_index)

    def _bands_changed(self) -> None:
        if self.band_panel.sensor is not None:
            self.run_panel.offer_indices(self.band_panel.chosen(), self.band_panel.sensor)
        self.changed()

    def _connect(self) -> None:
        self._area.changed.connect(self.changed)
        self.search_panel.sensor_changed.connect(self.band_panel.set_sensor)
        self.search_panel.catalog_combo.editTextChanged.connect(self.changed)
        self.search_panel.dates_changed.connect(self.refresh)
        self.search_panel.search_wanted.connect(self.search)
        self.scene_panel.more_wanted.connect(self.finder.search_on)
        self.scene_panel.save_wanted.connect(self.save_list)
        self.scene_panel.sky_wanted.connect(self.finder.look_at_sky)
        self.finder.said.connect(self.say)
        self.finder.warned.connect(self.shared.warn)
        self.finder.shown.connect(self._show_steps)
        self.finder.search_finished.connect(self.search_finished)
        self.finder.sky_finished.connect(self.sky_finished)
        self.scene_panel.chosen_changed.connect(self.changed)
        self.band_panel.changed.connect(self._bands_changed)
        self.band_panel.indices_wanted.connect(self.run_panel.want_indices)
        self.run_panel.changed.connect(self.changed)
        self.run_panel.run_wanted.connect(self.run)
        self.run_panel.cancel_wanted.connect(self.cancel)

    def _restore(self) -> None:
        """Begin with what the user chose last."""
        self.band_panel.set_sensor(self.search_panel.sensor_combo.currentData())
        self.search_panel.catalog_combo.set_last(read_last("catalog"))
        self.search_panel.set_sensor(read_last("sensor", "sentinel2"))
        self.run_panel.set_output(read_last("output", str(at_home("~") / "FirstLight")))
        self.changed()
