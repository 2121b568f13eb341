"""The event and its date: passes before and after it that can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QGroupBox,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ...core.discovery.band_config import load_sensors
from ...core.discovery.events import load_events
from ...core.operations.pairs import Pair  # its home, core.discovery, is not for ui
from ...core.types import format_time
from ...plugin.language import said
from ..fields.date_field import DateField
from ..parts.margins import MARGINS
from ..parts.plain import PlainLabel, plain_tip

SENSOR, BEFORE, AFTER, SCORE = range(4)
LEAST_ROWS, MOST_ROWS = 2, 6
DEFAULT_DAYS = 10
"""How long ago the event is that is offered first."""


class EventBox(QGroupBox):
    """The event, and the pairs of passes around it with the reason for
    their rank.
    """

    pairs_wanted = pyqtSignal()
    map_wanted = pyqtSignal()
    """The event is to be mapped, whatever pair is chosen here: the recipe chooses for itself."""
    pair_chosen = pyqtSignal(object)
    """Carries the Pair."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("event_box")
        self.setTitle(self.tr("What, and when"))
        self._pairs: tuple[Pair, ...] = ()
        self.event_combo = QComboBox(objectName="event_combo")
        self.event_combo.setMinimumContentsLength(12)
        self.event_combo.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.event_combo.setToolTip(
            self.tr("Says which sensors to use, and how many days around the event to search")
        )
        for event in load_events().values():
            self.event_combo.addItem("    " * event.name.count(".") + said(event.title), event.name)
        self.event_edit = DateField()
        self.event_edit.setObjectName("event_edit")
        self.event_edit.edit.setAccessibleName(self.tr("When it happened, UTC"))
        self.event_edit.set_value((date.today() - timedelta(days=DEFAULT_DAYS)).isoformat())
        self.event_edit.setToolTip(self.tr("When it happened: a day, or a day and a time, in UTC"))
        self.masks_box = QCheckBox(self.tr("Look at the sky"), objectName="masks_box")
        self.masks_box.setToolTip(
            self.tr(
                "Ranks by the cloud masks over your area instead of the catalogue's figure; slower"
            )
        )
        self.pairs_button = QPushButton(
            self.tr("F&ind pairs"), objectName="pairs_button", enabled=False
        )
        self.map_button = QPushButton(self.tr("Map i&t…"), objectName="map_button", enabled=False)
        self.map_button.setToolTip(
            self.tr(
                "Opens the tool that finds the best pair, fetches it, and maps the event in one go"
            )
        )
        self.pairs_table = QTableWidget(0, 4, objectName="pairs_table")
        self.pairs_table.setAccessibleName(self.tr("Pairs of passes"))
        self.event_combo.setAccessibleName(self.tr("Kind of event"))
        self.reason_label = PlainLabel(objectName="reason_label")
        self._build()
        self.pairs_button.clicked.connect(self.pairs_wanted)
        self.map_button.clicked.connect(self.map_wanted)
        self.pairs_table.itemSelectionChanged.connect(self._show_choice)

    def values(self) -> dict[str, Any]:
        """Choices, as parameters of ``pairs``."""
        return {
            "event": self.event_combo.currentData(),
            "date": self.event_edit.value(),
            "clear_sky": self.masks_box.isChecked(),
        }

    def set_event(self, name: str, moment: datetime) -> None:
        """Choose an event by name, and when it was (UTC)."""
        self.event_combo.setCurrentIndex(self.event_combo.findData(name))
        self.event_edit.set_value(f"{moment:%Y-%m-%d %H:%M}")

    def set_pairs(self, pairs: Sequence[Pair]) -> None:
        """List pairs, the best first; the best one is chosen."""
        self._pairs = tuple(pairs)
        self.pairs_table.clearSelection()
        self.pairs_table.setRowCount(len(self._pairs))
        for row, pair in enumerate(self._pairs):
            for column, text in enumerate(_texts(pair)):
                item = QTableWidgetItem(text)
                item.setToolTip(plain_tip(pair.reason))
                self.pairs_table.setItem(row, column, item)
        header = self.pairs_table.horizontalHeader()
        rows = min(max(len(self._pairs), LEAST_ROWS), MOST_ROWS)
        height = (
            rows * self.pairs_table.verticalHeader().defaultSectionSize()
            + header.sizeHint().height()
        )
        self.pairs_table.setFixedHeight(height + 2 * self.pairs_table.frameWidth())
        self.pairs_table.setVisible(bool(self._pairs))
        self.reason_label.setVisible(bool(self._pairs))
        if self._pairs:
            self.pairs_table.selectRow(0)

    def _show_choice(self) -> None:
        rows = self.pairs_table.selectionModel().selectedRows()
        if rows:
            pair = self._pairs[rows[0].row()]
            self.reason_label.setText(_sentence(pair.reason))
            self.pair_chosen.emit(pair)

    def _build(self) -> None:
        table = self.pairs_table
        table.setHorizontalHeaderLabels(
            [self.tr("Sensor"), self.tr("Before"), self.tr("After"), self.tr("Score")]
        )
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(SENSOR, QHeaderView.ResizeMode.Stretch)
        table.horizontalHeaderItem(SCORE).setToolTip(
            self.tr("0 to 1: what of the area can be compared, how near, same season")
        )
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + 8)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setAlternatingRowColors(True)
        table.setTabKeyNavigation(False)  # Tab goes on to the next field, arrows move in the table
        table.setVisible(False)
        self.reason_label.setWordWrap(True)
        self.reason_label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.reason_label.setVisible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*MARGINS)
        first, second = QHBoxLayout(), QHBoxLayout()
        first.addWidget(self.event_combo, 1)
        first.addWidget(self.event_edit, 1)
        second.addWidget(self.pairs_button, 1)
        second.addWidget(self.map_button, 1)
        layout.addLayout(first)
        layout.addWidget(self.masks_box)
        layout.addLayout(second)
        layout.addWidget(table)
        layout.addWidget(self.reason_label)


def _texts(pair: Pair) -> tuple[str, str, str, str]:
    sensor = load_sensors().get(pair.before.sensor)
    days = (format_time(each.datetime)[:10] for each in (pair.before, pair.after))
    return (sensor.title if sensor else pair.before.sensor, *days, f"{pair.score:.2f}")  # type: ignore[return-value]


def _sentence(reason: str) -> str:
    """One line for each part of the reason."""
    return "\n".join(part[:1].upper() + part[1:] for part in reason.split("; "))
