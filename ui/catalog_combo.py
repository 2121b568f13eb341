"""A combo box for catalogues: the known ones by title, or any typed URL."""

from __future__ import annotations

from qgis.PyQt.QtWidgets import QComboBox, QWidget

from ..core.discovery.catalogs import catalog_names, get_catalog


class CatalogCombo(QComboBox):
    """Known catalogues by title; a URL may be typed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        for name in catalog_names():
            self.addItem(get_catalog(name).title, name)
        self.setToolTip(self.tr("A known catalogue, or the address (URL) of any STAC API"))
        self.setMinimumContentsLength(12)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)

    def value(self) -> str:
        """Name of a known catalogue, or what was typed."""
        text = self.currentText().strip()
        place = self.findText(text)
        return str(self.itemData(place)) if place >= 0 else text

    def set_value(self, name: str | None) -> None:
        """Choose a catalogue by name or URL."""
        place = self.findData(name)
        if place >= 0:
            self.setCurrentIndex(place)
        else:
            self.setEditText(name or "")
