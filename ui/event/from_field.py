"""From where: a catalogue, and a button for others."""

from __future__ import annotations

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QToolButton, QWidget

from ..catalogs.catalog_combo import CatalogCombo


class FromField(QWidget):
    """The catalogues that have scenes of an event's sensors."""

    changed = pyqtSignal()
    catalogs_wanted = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.combo = CatalogCombo(self)
        self.combo.setObjectName("event_catalog_combo")
        self.combo.setAccessibleName(self.tr("Catalogue"))
        self.button = QToolButton(objectName="event_catalog_button")
        self.button.setText("…")
        self.button.setToolTip(self.tr("Add or remove catalogues"))
        self.button.setAccessibleName(self.tr("Add or remove catalogues"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.combo, 1)
        row.addWidget(self.button)
        self.combo.editTextChanged.connect(lambda _: self.changed.emit())
        self.button.clicked.connect(self.catalogs_wanted)
