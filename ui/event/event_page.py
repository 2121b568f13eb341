"""The page of an event: what, where and when → the pairs of passes → the map."""

from __future__ import annotations

from functools import partial
from typing import Any

from qgis.PyQt.QtCore import QTimer, pyqtSignal
from qgis.PyQt.QtGui import QShowEvent
from qgis.PyQt.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from ...core.errors import FirstLightError
from ...core.monitor import Event, Progress
from ...core.operation import OperationResult
from ...core.operations.event import EVENT
from ...core.operations.event_home import event_folder
from ...core.operations.help.sample import SAMPLE, SampleEvent
from ...core.operations.pairs import PAIRS
from ...core.types import SceneItem
from ...plugin.jobs.pace import Load
from ...plugin.map_view import shows_nothing, zoom_to_area
from ...plugin.sample_place import is_of_sample, sample_folder
from ...plugin.settings_store import write_last
from ...plugin.thumbnails import ThumbnailStore
from ..area.area_choice import AreaChoice
from ..area.area_panel import AreaPanel
from ..area.area_text import size_km2
from ..parts.bold import embolden
from ..parts.column_scroll import ColumnScroll
from ..parts.margins import BAR_WIDTH
from ..parts.page import Page
from ..parts.shared import Shared
from ..parts.step import Step
from .cost import cost_text, load_of
from .from_field import FromField
from .pair_list import PairList
from .result_card import ResultCard
from .result_deeds import ResultDeeds, folder_of
from .save_field import SaveField
from .sentence_field import SentenceField
from .welcome import Welcome
from .what_field import WhatField
from .when_field import WhenField

SETTLE_MS = 700
"""Pairs are looked for so long after the last change: not for each letter of a date."""
MOST_PAIRS = 200


class EventPage(Page):
    """From a kind, an area and a date to a map with its report.

    Parameters
    ----------
    shared : Shared
        Starts operations.
    area : AreaChoice
        The area of all pages.
    """

    pairs_finished = pyqtSignal(int)
    """Carries the number of pairs found; 0 also where it failed."""
    scenes_wanted = pyqtSignal(object, object)
    """Carries the chosen scenes and the values that they answer to."""
    catalogs_wanted = pyqtSignal()
    printed = pyqtSignal()
    """The page was printed, and opened."""

    def __init__(self, shared: Shared, area: AreaChoice) -> None:
        super().__init__(shared)
        self._area = area
        self._asked: dict[str, Any] = {}
        """What the pairs in view answer to."""
        self._mapped: dict[str, Any] = {}
        """What the result in view answers to."""
        self._finding = False
        self._maps_next = False
        """Once its pairs are there, the event is mapped without another press."""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE_MS)
        self.welcome = Welcome()
        self.what = WhatField()
        self.area_panel = AreaPanel("", area, partial(self.start, kept=False))
        self.area_panel.setObjectName("event_area_panel")
        self.when = WhenField()
        self.sentence = SentenceField(shared.jobs, self.what, self.when, self.area_panel)
        self.source = FromField()
        self.catalog_combo = self.source.combo
        self._pictures = ThumbnailStore(shared.jobs, self)
        self.pair_list = PairList(self._pictures)
        self.save = SaveField()
        self.card = ResultCard()
        self._deeds = ResultDeeds(self, self.card)
        self.progress_bar = QProgressBar(objectName="event_progress_bar", minimum=0, maximum=100)
        self.progress_bar.setMinimumWidth(BAR_WIDTH)
        self.progress_bar.setAccessibleName(self.tr("Progress"))
        self.map_button = QPushButton(self.tr("Map i&t"), objectName="map_button")
        self.cancel_button = QPushButton(self.tr("Ca&ncel"), objectName="event_cancel_button")
        self._build()
        self._connect()
        self._take_usual()
        self.changed()

    def values(self) -> dict[str, Any]:
        """What is chosen, as parameters of ``pairs`` and ``event``."""
        return {
            "event": self.what.event_type().name,
            "area": self._area.aoi,
            "date": self.when.event_edit.value(),
            "catalog": self.catalog_combo.value(),
            "days_before": self.when.before_spin.value(),
            "days_after": self.when.after_spin.value(),
        }

    def _event_values(self) -> dict[str, Any]:
        """What, where and when."""
        values = self.values()
        return {name: values[name] for name in ("event", "area", "date")}

    def find_pairs(self) -> None:
        """Look for passes before and after the event."""
        self._timer.stop()
        if self.busy or not self._is_complete():
            return
        self._asked, self._finding = self.values(), True
        self.pair_list.say(self.tr("Looking for pairs …"))
        asked = {**self._asked, "clear_sky": True, "most": MOST_PAIRS}
        if self.start(PAIRS, asked, self._show_pairs, self._give_up_pairs, kept=False):
            self.say(self.tr("Looking for pairs …"))

    def try_sample(self) -> None:
        """Make the sample event, fill the page in with it, and map it."""
        values = {"output": str(sample_folder())}
        if self.start(SAMPLE, values, self._take_sample, self.run_finished.emit, kept=False):
            self.say(self.tr("Making the sample event …"))

    def _take_sample(self, result: OperationResult) -> None:
        sample: SampleEvent = result.value
        self._maps_next = True
        self.what.set_event(sample.event)
        self.catalog_combo.set_value(str(sample.catalog))
        self.when.event_edit.set_value(sample.moment)
        self._area.choose(sample.area)
        zoom_to_area(self._area.canvas, sample.area)
        self.find_pairs()

    def map(self) -> None:
        """Map the event: from the chosen pairs where some were found, else from the best ones."""
        self._timer.stop()
        values = {**self.values(), **self.save.values()}
        scenes = self.pair_list.scenes() if self.pair_list.known else ()
        write_last("output", self.save.output())
        self.card.show_result(None)
        self._finding, self._mapped = False, self._event_values()
        if self.start(
            EVENT,
            values,
            self._show_result,
            self.run_finished.emit,
            load=self._load() if scenes else None,
            scenes=scenes,
        ):
            self.say(self.tr("Mapping the event …"))
            for step in self._steps:
                step.set_folded(True)

    def begin_anew(self) -> None:
        """Another project: pairs and result of the last one go."""
        if not self.busy:
            self._asked = {}
            self.pair_list.say("")
            self.card.show_result(None)
            self.progress_bar.reset()
            self.when.event_edit.set_value(None)
            if is_of_sample(self.catalog_combo.value()):  # which has nothing but the sample
                self.catalog_combo.setCurrentIndex(0)
            for step in self._steps:
                step.set_folded(False)
        self.changed()

    def showEvent(self, event: QShowEvent) -> None:
        """The page comes into view: what another page, or a project, has chosen meanwhile may have
        pairs.
        """
        super().showEvent(event)
        if not self.busy and self.values() != self._asked and self._is_complete():
            self._timer.start()

    def close_down(self) -> None:
        """Let the map go."""
        self._timer.stop()
        self._pictures.close_down()
        self._area.canvas.extentsChanged.disconnect(self._show_welcome)
        self.area_panel.close_down()

    def refresh(self) -> None:
        """Enable what makes sense now, and say what comes next."""
        hint, ready = self._next_step()
        self.pair_list.find_button.setEnabled(self._is_complete() and not self.busy)
        self.pair_list.setEnabled(not self.busy or self._finding)
        self.map_button.setEnabled(ready and not self.busy)
        self.map_button.setToolTip(
            self.tr("Fetches, stacks, validates and maps, and writes a report")
            if ready
            else self.tr("Not yet: what is missing stands in the line below")
        )
        self.cancel_button.setEnabled(self.busy)
        self._show_welcome()
        if not self.busy and not self.told:
            self.hint(hint)

    def show_error(self, error: FirstLightError) -> None:
        """A search that began by itself fails in its own place; all else in the message bar."""
        if not self._finding:
            super().show_error(error)
            return
        self.stop_progress()
        self.pair_list.say(str(error))
        self.say(str(error))

    def stopping(self) -> None:
        """Stop is pressed once."""
        self.cancel_button.setEnabled(False)

    def stop_progress(self) -> None:
        """What was running has ended without a result."""
        self.progress_bar.reset()

    def follow(self, event: Event) -> None:
        """Show one event of what is running."""
        if isinstance(event, Progress):
            self.progress_bar.setValue(round(100 * event.fraction))

    def _is_complete(self) -> bool:
        moment = self.when.moment()
        return self._area.aoi is not None and moment is not None and bool(self.values()["catalog"])

    def _next_step(self) -> tuple[str, bool]:
        """Advice on the next step; and whether the event can be mapped."""
        if self._area.aoi is None:
            return self.tr("Choose an area: from the map, from a layer, drawn or typed."), False
        if not self.when.event_edit.value():
            return self.tr("Say when it happened: a day, or a day and a time, in UTC."), False
        if self.when.moment() is None:
            return self.tr("This is no date: write it like 2024-07-20 or 2024-07-20 14:00."), False
        if not self.catalog_combo.value():
            return self.tr("Choose a catalogue, or type the address of a STAC API."), False
        if not self.save.output():
            return self.tr("Choose a folder for the results."), False
        if self.pair_list.known and not self.pair_list.scenes():
            return self.tr("Choose a pair under “Other pairs”, or look at more days."), False
        cost = self._cost()
        return (
            self.tr("{cost}. Press Map it.").format(cost=cost) if cost else self.tr("Press Map it.")
        ), True

    def _load(self) -> Load:
        """What mapping the chosen pairs has to do."""
        return load_of(self.what.event_type().name, self.pair_list.chosen(), self._area.aoi)

    def _cost(self) -> str:
        """What it costs, in words; empty where nothing is known."""
        size_bytes = self.pair_list.size_bytes()
        return cost_text(size_bytes, self.shared.jobs.expect(self._load(), size_bytes))

    def _change(self, *_: object) -> None:
        """What pairs answer to is another now: they go, and others are looked for in a moment."""
        if self._event_values() != self._mapped:
            self.card.show_result(None)  # its number is another event's; the page Jobs keeps it
        if self.values() != self._asked:
            if self._finding and self.busy:
                self.cancel()
            if not self.busy or self._finding:
                self.pair_list.say("")
            if self.isVisible() and self._is_complete():
                self._timer.start()
        self.changed()

    def changed(self, *_: Any) -> None:
        """The user changed something: what happened before is history."""
        self._show_values()
        super().changed()

    def _change_event(self) -> None:
        self._take_usual()
        self._change()

    def _take_usual(self) -> None:
        """Days and catalogues that fit the kind of event."""
        event = self.what.event_type()
        self.when.set_usual_days(event)
        sensors = {sensor for step in event.recipe for sensor in step.sensors}
        self.catalog_combo.offer_for(sorted(sensors))

    def _show_values(self) -> None:
        aoi, moment, event = self._area.aoi, self.when.moment(), self.what.event_type()
        self._what_step.set_value(self.what.kind_combo.currentText().strip())
        self._where_step.set_value("" if aoi is None else size_km2(aoi))
        self._when_step.set_value(self.when.event_edit.value() or "")
        self._from_step.set_value(self.catalog_combo.currentText())
        own = "" if aoi is None or moment is None else event_folder(event, moment, aoi)
        self.save.show_event(own, self._cost())
        chosen = filter(None, (view.value for view in self.pair_list.views))
        self._pairs_step.set_value(", ".join(dict.fromkeys(chosen)))
        self._save_step.set_value(own)

    def _show_welcome(self) -> None:
        """Say how to begin as long as there is neither an area nor a map to take it from."""
        empty = shows_nothing(self._area.canvas)
        self.welcome.setVisible(empty and self._area.aoi is None)
        self.welcome.sample_button.setEnabled(not self.busy)

    def _show_pairs(self, result: OperationResult) -> None:
        self._finding = False
        self.progress_bar.reset()
        self._pairs_step.set_folded(False)
        self.pair_list.show_steps(result.value.steps)
        self.told = ""
        self.changed()
        self.pairs_finished.emit(len(result.value.pairs))
        if self._maps_next:
            self._maps_next = False
            self.map()

    def _give_up_pairs(self, state: str) -> None:
        self._finding = self._maps_next = False
        if state == "cancelled":
            self.pair_list.say("")
            if self.values() != self._asked and self._is_complete():
                self._timer.start()  # it was stopped because something else is wanted
        self.pairs_finished.emit(0)

    def _show_result(self, result: OperationResult) -> None:
        self.progress_bar.setValue(100)
        self.card.show_result(result)
        QTimer.singleShot(0, self._show_card)
        self.shared.bring_layers(result, partial(self._tell_mapped, result))

    def _show_card(self) -> None:
        self._scroll.widget().layout().activate()
        self._scroll.verticalScrollBar().setValue(self.card.y())

    def _tell_mapped(
        self, result: OperationResult, _: int, errors: tuple[FirstLightError, ...]
    ) -> None:
        for error in errors:
            self.show_error(error)
        self.say(self.tr("Mapped, files in {folder}.").format(folder=folder_of(result).name))
        self.tell(result, self.told)
        self.run_finished.emit(result.status)

    def _show_scenes(self) -> None:
        scenes: tuple[SceneItem, ...] = self.pair_list.scenes()
        self.scenes_wanted.emit(scenes, self._asked)

    def _connect(self) -> None:
        self._area.changed.connect(self._change)
        self._area.canvas.extentsChanged.connect(self._show_welcome)
        self.welcome.sample_wanted.connect(self.try_sample)
        self.what.changed.connect(self._change_event)
        self.when.changed.connect(self._change)
        self.source.changed.connect(self._change)
        self.source.catalogs_wanted.connect(self.catalogs_wanted)
        self.save.changed.connect(self.changed)
        self._timer.timeout.connect(self.find_pairs)
        for edit in (self.when.event_edit.edit, self.catalog_combo.lineEdit()):
            edit.returnPressed.connect(self.find_pairs)
        self.pair_list.changed.connect(self.changed)
        self.pair_list.find_wanted.connect(self.find_pairs)
        self.pair_list.scenes_wanted.connect(self._show_scenes)
        self._deeds.printed.connect(self.printed)
        self.map_button.clicked.connect(self.map)
        self.cancel_button.clicked.connect(self.cancel)

    def _build(self) -> None:
        self._what_step = Step(self.tr("What"), "what_step", self.what)
        self._where_step = Step(self.tr("Where"), "where_step", self.area_panel)
        self._when_step = Step(self.tr("When"), "when_step", self.when)
        self._from_step = Step(self.tr("From"), "from_step", self.source)
        self._save_step = Step(self.tr("Save to"), "save_step", self.save)
        self._pairs_step = Step(self.tr("Pairs"), "pairs_step", self.pair_list)
        self._steps = (
            self._what_step,
            self._where_step,
            self._when_step,
            self._from_step,
            self._pairs_step,
            self._save_step,
        )
        column = QWidget()
        inner = QVBoxLayout(column)
        inner.setContentsMargins(0, 4, 0, 4)
        for part in (self.welcome, self.sentence, *self._steps, self.card):
            inner.addWidget(part)
        inner.addStretch(1)
        self._scroll = ColumnScroll("event_scroll", column)
        footer = QHBoxLayout()
        footer.addWidget(self.progress_bar, 1)
        footer.addWidget(self.map_button)
        footer.addWidget(self.cancel_button)
        embolden(self.map_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 6)
        layout.addWidget(self._scroll, 1)
        layout.addLayout(footer)
