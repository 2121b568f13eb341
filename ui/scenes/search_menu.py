"""The menu of searches that were made or kept."""

from __future__ import annotations

from functools import partial
from typing import Any

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QToolButton, QWidget, QWidgetAction

from ...core.discovery.band_config import load_sensors
from ...core.discovery.catalogs import catalog_names, get_catalog
from ...core.text import shown
from ...plugin.searches import KeptSearch, SearchStore
from ..parts.plain import plain_tip


class SearchMenu(QMenu):
    """Kept searches, recent ones, and a field to keep the present one under a name.

    Parameters
    ----------
    store : SearchStore
        Where they are.
    """

    chosen = pyqtSignal(object)
    """Carries the KeptSearch that is to be made again."""
    keep_wanted = pyqtSignal(str)
    """Carries the name under which the present search is to be kept."""

    def __init__(self, store: SearchStore, parent: QWidget) -> None:
        super().__init__(parent)
        self._store = store
        self.name_edit = QLineEdit(objectName="search_name")
        self.name_edit.setPlaceholderText(self.tr("Keep this search as…"))
        self.name_edit.setAccessibleName(self.tr("Name of the search"))
        self.keep_button = QToolButton(text=self.tr("Keep"), objectName="keep_search_button")
        line = QWidget()
        layout = QHBoxLayout(line)
        layout.setContentsMargins(6, 2, 6, 2)
        layout.addWidget(self.name_edit, 1)
        layout.addWidget(self.keep_button)
        self._field = QWidgetAction(self)
        self._field.setDefaultWidget(line)
        self.name_edit.returnPressed.connect(self._keep)
        self.keep_button.clicked.connect(self._keep)
        self.aboutToShow.connect(self.fill)

    def fill(self) -> None:
        """List what is there now."""
        for action in self.actions():
            self.removeAction(action)
            if action is not self._field:
                action.deleteLater()
        kept = [one for one in self._store.searches if one.name]
        recent = [one for one in self._store.searches if not one.name]
        for title, searches in ((self.tr("Kept"), kept), (self.tr("Recent"), recent)):
            if searches:
                self.addSection(title)
            for search in searches:
                self._words(self, search).triggered.connect(partial(self._choose, search))
        if kept:
            removal = self.addMenu(self.tr("Remove"))
            for search in kept:
                self._words(removal, search).triggered.connect(
                    partial(lambda one, *_: self._store.forget(one), search)
                )
        self.addSeparator()
        self.addAction(self._field)

    def _words(self, menu: QMenu, search: KeptSearch) -> Any:
        words = shown(search.name) or describe_search(search)
        action = menu.addAction(words.replace("&", "&&"))
        action.setToolTip(plain_tip(describe_search(search)))
        return action

    def _choose(self, search: KeptSearch, *_: object) -> None:
        self.chosen.emit(search)

    def _keep(self) -> None:
        name = self.name_edit.text().strip()
        if name:
            self.name_edit.clear()
            self.close()
            self.keep_wanted.emit(name)


def describe_search(search: KeptSearch) -> str:
    """``Sentinel-2, 2024-06-01 to 2024-06-30, 49 km², Earth Search``."""
    values, aoi = search.values, search.aoi
    sensor = load_sensors().get(str(values.get("sensor")))
    catalog = str(values.get("catalog") or "")
    parts = [
        sensor.title if sensor else str(values.get("sensor") or ""),
        f"{values.get('start') or '…'} – {values.get('end') or '…'}",
        "" if aoi is None else f"{aoi.area_km2:,.3g} km²",
        get_catalog(catalog).title if catalog in catalog_names() else shown(catalog),
    ]
    return ", ".join(part for part in parts if part)
