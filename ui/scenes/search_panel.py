"""Step 2: when, by which satellite, from whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QGroupBox,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...core.discovery.band_config import load_sensors
from ...plugin.language import said
from ...plugin.searches import KeptSearch, SearchStore
from ..catalogs.catalog_combo import CatalogCombo
from ..fields.date_field import DateField
from ..parts.flow import FlowLayout
from ..parts.margins import MARGINS
from ..parts.plain import PlainLabel, plain_tip
from .period_menu import PeriodMenu
from .search_menu import SearchMenu

DEFAULT_DAYS = 30
"""Length of the period that is offered first, ending today."""
ANY_CLOUD = -1
LEAST_LETTERS = 4
"""Of a choice that are in view whatever the width; its tip and its list tell the rest."""


ARROWS = 26
"""Pixels for the arrows beside a choice."""


class SearchPanel(QGroupBox):
    """Dates, sensor, catalogue and cloud limit, and the Search button."""

    search_wanted = pyqtSignal()
    catalogs_wanted = pyqtSignal()
    """The user wants to add or remove catalogues."""
    sensor_changed = pyqtSignal(str)
    dates_changed = pyqtSignal()
    search_chosen = pyqtSignal(object)
    """Carries a KeptSearch whose values are in the fields now, and which is to be made."""
    keep_wanted = pyqtSignal(str)
    """Carries the name under which the search in the fields is to be kept."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTitle(self.tr("2  Search"))
        self.catalog_combo = CatalogCombo(self)
        self.catalog_combo.setObjectName("catalog_combo")
        self.catalog_button = QToolButton(objectName="catalog_button")
        self.catalog_button.setText("…")
        self.catalog_button.setToolTip(self.tr("Add or remove catalogues"))
        self.sensor_combo = QComboBox(objectName="sensor_combo")
        for sensor in filter(lambda one: one.searched, load_sensors().values()):
            self.sensor_combo.addItem(said(sensor.title), sensor.name)
        self.start_edit = _date_field("start_edit", self.tr("First day"))
        self.end_edit = _date_field("end_edit", self.tr("Last day"))
        self.set_dates(date.today() - timedelta(days=DEFAULT_DAYS), date.today())
        self.cloud_spin = QSpinBox(
            objectName="cloud_spin", minimum=ANY_CLOUD, maximum=100, value=ANY_CLOUD
        )
        self.cloud_spin.setSpecialValueText(self.tr("any"))
        self.cloud_spin.setPrefix("≤ ")
        self.cloud_spin.setSuffix(" %")
        self.cloud_spin.setToolTip(
            self.tr("Most cloud over the whole scene, as the provider says; any: do not ask")
        )
        self.search_button = QPushButton(self.tr("Se&arch"), objectName="search_button")
        self.search_button.setEnabled(False)
        self.period_button = _menu_button(
            "period_button", self.tr("Period"), self.tr("Days up to today, or around the event")
        )
        self.searches_button = _menu_button(
            "searches_button", self.tr("Searches"), self.tr("Searches made before, and kept ones")
        )
        self.catalog_button.setAccessibleName(self.tr("Add or remove catalogues"))
        self.catalog_combo.setAccessibleName(self.tr("Catalogue"))
        self.sensor_combo.setAccessibleName(self.tr("Sensor"))
        self.cloud_spin.setAccessibleName(self.tr("Most cloud"))
        self._build()
        self.sensor_combo.currentIndexChanged.connect(self._follow_sensor)
        self.search_button.clicked.connect(self.search_wanted)
        for field in (self.start_edit, self.end_edit):
            field.edit.textChanged.connect(lambda _: self.dates_changed.emit())
        for edit in (
            self.start_edit.edit,
            self.end_edit.edit,
            self.catalog_combo.lineEdit(),
            self.cloud_spin.lineEdit(),
        ):
            edit.returnPressed.connect(self.search_button.click)  # nothing where it is disabled
        self.catalog_button.clicked.connect(self.catalogs_wanted)
        self._follow_sensor()

    def values(self) -> dict[str, Any]:
        """Choices, as parameters of ``discover``."""
        cloud = self.cloud_spin.value()
        return {
            "start": self.start_edit.value(),
            "end": self.end_edit.value(),
            "sensor": self.sensor_combo.currentData(),
            "catalog": self.catalog_combo.value(),
            "max_cloud": None if cloud == ANY_CLOUD or not self.cloud_spin.isEnabled() else cloud,
        }

    def offer_menus(self, event_text: Callable[[], str | None], store: SearchStore) -> None:
        """Offer periods, those around the event among them, and searches that were made."""
        periods = PeriodMenu(event_text, self)
        periods.chosen.connect(self.set_dates)
        self.period_button.setMenu(periods)
        searches = SearchMenu(store, self)
        searches.chosen.connect(self._take_search)
        searches.keep_wanted.connect(self.keep_wanted)
        self.searches_button.setMenu(searches)

    def _take_search(self, search: KeptSearch) -> None:
        """Put an earlier search's values into the fields."""
        values = search.values
        self.set_sensor(str(values.get("sensor") or ""))
        self.catalog_combo.set_last(str(values.get("catalog") or ""))
        for name, field in (("start", self.start_edit), ("end", self.end_edit)):
            if values.get(name):
                field.set_value(str(values[name]))
        cloud = values.get("max_cloud")
        self.cloud_spin.setValue(cloud if isinstance(cloud, int) else ANY_CLOUD)
        self.search_chosen.emit(search)

    def set_dates(self, start: date, end: date) -> None:
        """Choose the period, both days included."""
        self.start_edit.set_value(start.isoformat())
        self.end_edit.set_value(end.isoformat())

    def set_sensor(self, name: str) -> None:
        """Choose a sensor by name; an unknown one changes nothing."""
        index = self.sensor_combo.findData(name)
        if index >= 0:
            self.sensor_combo.setCurrentIndex(index)

    def _build(self) -> None:
        least = self.fontMetrics().averageCharWidth() * LEAST_LETTERS + ARROWS
        for widget in (self.sensor_combo, self.cloud_spin, self.catalog_combo):
            widget.setMinimumWidth(least)  # Qt's own idea is wider than a dock has room for
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*MARGINS)
        layout.addLayout(
            _row(PlainLabel(self.tr("Catalogue")), self.catalog_combo, self.catalog_button)
        )
        for pairs in (
            (
                (PlainLabel(self.tr("Sensor")), self.sensor_combo),
                (PlainLabel(self.tr("Cloud")), self.cloud_spin),
            ),
            (
                (PlainLabel(self.tr("From")), self.start_edit),
                (PlainLabel(self.tr("to")), self.end_edit),
            ),
        ):
            # Side by side where there is room; a date is never cut.
            row = FlowLayout()
            for pair in pairs:
                together = QWidget()
                together.setLayout(_row(*pair))
                together.layout().setContentsMargins(0, 0, 0, 0)
                row.addWidget(together)
            layout.addLayout(row)
        buttons = FlowLayout(spacing=4)
        for button in (self.period_button, self.searches_button, self.search_button):
            policy = button.sizePolicy()
            policy.setHorizontalPolicy(QSizePolicy.Policy.Expanding)
            button.setSizePolicy(policy)
            buttons.addWidget(button)
        layout.addLayout(buttons)

    def _follow_sensor(self) -> None:
        name = self.sensor_combo.currentData()
        # Radar looks through clouds, and its catalogues have no such property: a limit would find
        # nothing.
        optical = any(band.wavelength_nm for band in load_sensors()[name].bands.values())
        self.cloud_spin.setEnabled(optical)
        self.sensor_changed.emit(name)


def _row(*widgets: QWidget) -> QHBoxLayout:
    """Labels and small buttons as wide as their text; the others share what is left."""
    row = QHBoxLayout()
    for widget in widgets:
        row.addWidget(widget, 0 if isinstance(widget, (PlainLabel, QToolButton)) else 1)
    return row


def _menu_button(name: str, text: str, tip: str) -> QToolButton:
    button = QToolButton(objectName=name, text=text)
    button.setToolTip(plain_tip(tip))
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    return button


def _date_field(name: str, title: str) -> DateField:
    field = DateField()
    field.setObjectName(name)
    field.edit.setPlaceholderText("2024-05-01")
    field.edit.setAccessibleName(title)
    return field
