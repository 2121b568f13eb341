"""A combo box for catalogues: the known ones by title, or any typed URL."""

from __future__ import annotations

from qgis.PyQt.QtCore import QSignalBlocker, Qt
from qgis.PyQt.QtWidgets import QComboBox, QWidget

from ..core.discovery.catalogs import catalog_names, get_catalog
from ..plugin.settings_store import read_catalogs


class CatalogCombo(QComboBox):
    """Known catalogues and those that the user added, by title; a URL may be typed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.reload()
        self.setToolTip(self.tr("A known catalogue, or the address (URL) of any STAC API"))
        self.setMinimumContentsLength(12)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)

    def reload(self) -> None:
        """Offer what is known now; the choice stays, also where its catalogue is not offered any
        more.
        """
        chosen = self.value()
        blocker = QSignalBlocker(self)
        self.clear()
        for name in catalog_names():
            self.addItem(get_catalog(name).title, name)
        for stored in read_catalogs():
            self.addItem(stored.title, stored.url)
            self.setItemData(self.count() - 1, stored.url, Qt.ItemDataRole.ToolTipRole)
        blocker.unblock()
        if chosen:
            self.set_value(chosen)

    def value(self) -> str:
        """Name of a known catalogue, the address of one that the user added, or what was typed."""
        text = self.currentText().strip()
        index = self.findText(text)
        return str(self.itemData(index)) if index >= 0 else text

    def set_value(self, name: str | None) -> None:
        """Choose a catalogue by name or URL."""
        index = self.findData(name)
        if index >= 0:
            self.setCurrentIndex(index)
        else:
            self.setEditText(name or "")
        self.lineEdit().setCursorPosition(0)  # a long name shows its beginning, not its end
