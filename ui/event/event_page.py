"""The page of an event: from area and date to the pair of passes, and to the map."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from ...core.discovery.events import load_events
from ...core.moment import Moment
from ...core.operation import OperationResult
from ...core.operations.event import event_folder
from ...core.operations.pairs import PAIRS, Pair  # its home, core.discovery, is not for ui
from ...plugin.map_view import shows_nothing
from ..area.area_choice import AreaChoice
from ..area.area_panel import AreaPanel
from ..parts.page import Page
from ..parts.plain import PlainLabel
from ..parts.sentences import count
from ..parts.shared import Shared
from .event_box import EventBox


class EventPage(Page):
    """Where and what, and the pairs of passes around it.

    Parameters
    ----------
    shared : Shared
        Starts operations.
    area : AreaChoice
        The area of all pages.
    search_values : callable
        Gives catalogue and cloud limit, by parameter name.
    """

    pairs_finished = pyqtSignal(int)
    """Carries the number of pairs found; 0 also where it failed."""
    pair_chosen = pyqtSignal(object, object)
    """Carries the Pair and the values that it answers to."""
    map_wanted = pyqtSignal(object)
    """Carries the values of the event, by parameter name."""

    def __init__(
        self, shared: Shared, area: AreaChoice, search_values: Callable[[], dict[str, Any]]
    ) -> None:
        super().__init__(shared)
        self._area = area
        self._search_values = search_values
        self._asked: dict[str, Any] = {}
        self.welcome_label = PlainLabel(
            self.tr(
                "Welcome. First say where: type or paste an area below, or put a layer or a "
                "basemap on the map (Browser, XYZ Tiles, OpenStreetMap) and take it from there. "
                "Then say what happened, and when."
            ),
            objectName="welcome_label",
        )
        self.welcome_label.setWordWrap(True)
        self.area_panel = AreaPanel(self.tr("Where"), area)
        self.event_box = EventBox()
        steps = QWidget()
        column = QVBoxLayout(steps)
        column.setContentsMargins(0, 4, 0, 4)
        for widget in (self.welcome_label, self.area_panel, self.event_box):
            column.addWidget(widget)
        column.addStretch(1)
        scroll = QScrollArea(objectName="event_scroll")
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(steps)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll)
        area.changed.connect(self.changed)
        area.canvas.extentsChanged.connect(self._welcome)
        self.event_box.pairs_wanted.connect(self.find_pairs)
        self.event_box.pair_chosen.connect(lambda pair: self.pair_chosen.emit(pair, self._asked))
        self.event_box.map_wanted.connect(self._prepare)
        self.refresh()

    def find_pairs(self) -> None:
        """Look for passes before and after the event."""
        values = {"area": self._area.in_use(), **self.event_box.values()}
        values |= {name: self._search_values()[name] for name in ("catalog", "max_cloud")}
        self._asked = values
        self.event_box.set_pairs(())
        if self.start(
            PAIRS, values, self._show_pairs, lambda _: self.pairs_finished.emit(0), kept=False
        ):
            self.say(self.tr("Looking for pairs …"))

    def begin_anew(self) -> None:
        """Another project: pairs of the last one go."""
        if not self.busy:
            self.event_box.set_pairs(())
        self.changed()

    def close_down(self) -> None:
        """Let the map go."""
        self._area.canvas.extentsChanged.disconnect(self._welcome)
        self.area_panel.close_down()

    def refresh(self) -> None:
        """Enable what makes sense now, and say what comes next."""
        ready = self._area.aoi is not None and not self.busy
        for button in (self.event_box.pairs_button, self.event_box.map_button):
            button.setEnabled(ready)
        self.event_box.pairs_table.setEnabled(not self.busy)
        self._welcome()
        if self.busy or self.told:
            return
        if self._area.aoi is None:
            self.hint(self.tr("Choose an area: from the map, from a layer, drawn or typed."))
        else:
            self.hint(self.tr("Press Find pairs to see what there is, or Map it."))

    def _welcome(self) -> None:
        """Say how to begin as long as there is neither an area nor a map to take it from."""
        empty = shows_nothing(self._area.canvas)
        self.welcome_label.setVisible(empty and self._area.aoi is None)

    def _show_pairs(self, result: OperationResult) -> None:
        pairs: tuple[Pair, ...] = result.value.pairs
        self.event_box.set_pairs(pairs)  # chooses the first one
        text = count(len(pairs), self.tr("pair"), self.tr("pairs"))
        self.say(
            self.tr("{found} found, the best first. Its scenes are on the page Scenes.").format(
                found=text
            )
        )
        self.pairs_finished.emit(len(pairs))

    def _prepare(self) -> None:
        """The values of the form that maps the event."""
        self.map_wanted.emit({"area": self._area.in_use(), **self.event_box.values()})


def folder_for(output: str, values: dict[str, Any]) -> str:
    """A folder of its own for the event, in the folder for results; where kind, date or area is
    missing, that one.
    """
    date = _moment(values["date"])
    if values["area"] is None or not output or date is None:
        return output
    return str(Path(output) / event_folder(load_events()[values["event"]], date, values["area"]))


def _moment(text: str | None) -> Moment | None:
    """A date that was typed; None where it is none, which the operation will say."""
    try:
        return Moment.parse(text or "")
    except ValueError:
        return None
