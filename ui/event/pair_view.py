"""The pair of passes that one map of an event is made from, and the others there are."""

from __future__ import annotations

from functools import partial

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QMenu, QToolButton, QVBoxLayout, QWidget

from ...core.discovery.band_config import load_sensors
from ...core.operations.pairs import Pair, PairOffer, StepOffers
from ...core.types import format_time
from ...plugin.compat import QActionGroup
from ...plugin.language import said
from ...plugin.thumbnails import ThumbnailStore
from ..parts.plain import PlainLabel
from .pair_pictures import PairPictures

MOST_OFFERED = 25
"""Pairs in the list of others."""


class PairView(QWidget):
    """Dates and sky of the chosen pair, the reason for it, and a list of the others.

    Parameters
    ----------
    step : StepOffers
        What there is for one map of the event.
    store : ThumbnailStore
        Of the pictures.
    """

    changed = pyqtSignal()

    def __init__(self, step: StepOffers, store: ThumbnailStore) -> None:
        super().__init__()
        self.setObjectName("pair_view")
        self._offers = step.offers[:MOST_OFFERED]
        first = self._offers[0] if self._offers else None
        self.chosen: PairOffer | None = first if first is not None and first.usable else None
        titles = dict.fromkeys(_sensor_title(name) for name in step.step.sensors)
        self._titles = self.tr(" or ").join(titles)
        self.pair_label = PlainLabel(objectName="pair_label")
        self.pair_label.setWordWrap(True)
        self.reason_label = PlainLabel(objectName="reason_label")
        self.reason_label.setWordWrap(True)
        self.reason_label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.pictures = PairPictures(store)
        self.others_button = QToolButton(objectName="others_button")
        self.others_button.setText(self.tr("Other pairs"))
        self.others_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.others_menu = self._menu()
        self.others_button.setMenu(self.others_menu)
        self.others_button.setVisible(bool(self._offers))
        head = QHBoxLayout()
        head.addWidget(self.pair_label, 1)
        head.addWidget(self.others_button, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 4)
        layout.addLayout(head)
        layout.addWidget(self.pictures)
        layout.addWidget(self.reason_label)
        self._show()

    @property
    def value(self) -> str:
        """The chosen pair in a few words, without its sky: ``2024-07-13 → 2024-07-28``."""
        if self.chosen is None:
            return ""
        before, after = _days(self.chosen.pair)
        return f"{before} → {after}"

    def choose(self, offer: PairOffer | None) -> None:
        """Map from this pair; None: leave this map out."""
        self.chosen = offer
        self._show()
        self.changed.emit()

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        group = QActionGroup(menu)
        for offer in self._offers:
            action = menu.addAction(_line(offer.pair).replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(offer is self.chosen)
            group.addAction(action)
            action.triggered.connect(partial(self._pick, offer))
        menu.addSeparator()
        none = menu.addAction(self.tr("None: leave this map out"))
        none.setCheckable(True)
        none.setChecked(self.chosen is None)
        group.addAction(none)
        none.triggered.connect(partial(self._pick, None))
        return menu

    def _pick(self, offer: PairOffer | None, *_: object) -> None:
        self.choose(offer)

    def _show(self) -> None:
        self.pictures.setVisible(self.chosen is not None)
        if self.chosen is not None:
            pair = self.chosen.pair
            passes = (pair.before.scenes, pair.after.scenes)
            self.pictures.show_passes(passes, self._captions(pair))
            self.pair_label.setText(_line(self.chosen.pair))
            self.reason_label.setText(_sentence(self.chosen.pair.reason))
        elif not self._offers:
            self.pair_label.setText(self.tr("{sensors}: no pair").format(sensors=self._titles))
            self.reason_label.setText(
                self.tr("There are no two passes, before and after, that can be compared.")
            )
        elif self._offers[0].usable:
            self.pair_label.setText(self.tr("{sensors}: left out").format(sensors=self._titles))
            self.reason_label.setText("")
        else:
            self.pair_label.setText(self.tr("{sensors}: too cloudy").format(sensors=self._titles))
            self.reason_label.setText(
                self.tr("No pair shows enough of the area; choose one all the same, or more days.")
            )
        self.reason_label.setVisible(bool(self.reason_label.text()))

    def _captions(self, pair: Pair) -> tuple[str, str]:
        """``Before, 2024-07-13``."""
        before, after = _days(pair)
        return (
            self.tr("Before, {day}").format(day=before),
            self.tr("After, {day}").format(day=after),
        )


def _days(pair: Pair) -> tuple[str, str]:
    return format_time(pair.before.datetime)[:10], format_time(pair.after.datetime)[:10]


def _sensor_title(name: str) -> str:
    sensor = load_sensors().get(name)
    return said(sensor.title) if sensor else name


def _line(pair: Pair) -> str:
    """``Sentinel-2 · 2024-07-13 (97 % clear) → 2024-07-28 (79 % clear)``."""
    sides = [
        f"{format_time(one.datetime)[:10]}"
        + (
            f" ({one.clear_percent:.0f} %)"
            if one.clear_percent is not None and one.sensor != "sentinel1"
            else ""
        )
        for one in (pair.before, pair.after)
    ]
    return f"{_sensor_title(pair.before.sensor)} · {sides[0]} → {sides[1]}"


def _sentence(reason: str) -> str:
    """One line for each part of the reason."""
    parts = [said(part) for part in reason.split("; ")]
    return "\n".join(part[:1].upper() + part[1:] for part in parts)
