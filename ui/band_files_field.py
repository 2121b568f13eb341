"""A small table of bands and their files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qgis.PyQt.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..core.discovery.band_config import load_sensors
from ..core.params import Param
from .field import Field
from .plain import plain_tip

BAND, FILE = range(2)
ROWS = 4


class BandFilesField(Field):
    """Rows of band and file; the band is guessed from the file's name and can be changed."""

    def __init__(self, param: Param) -> None:
        super().__init__()
        self._title = param.title
        self.table = QTableWidget(0, 2)
        self.table.setHorizontalHeaderLabels([self.tr("Band"), self.tr("File")])
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.verticalHeader().hide()
        self.table.setToolTip(plain_tip(param.help))
        self.table.setMinimumHeight(self.table.fontMetrics().height() * (ROWS + 2) + 20)
        self.add_button = QPushButton(self.tr("Add files…"))
        self.remove_button = QPushButton(self.tr("Remove"))
        whole = QWidget()
        layout = QVBoxLayout(whole)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)
        buttons = QHBoxLayout()
        buttons.addWidget(self.add_button)
        buttons.addWidget(self.remove_button)
        buttons.addStretch(1)
        layout.addLayout(buttons)
        self.hold(whole, self.table.itemChanged)
        self.add_button.clicked.connect(self._browse)
        self.remove_button.clicked.connect(self._remove)

    def value(self) -> Any:
        """``NAME=PATH`` for each row that is filled in."""
        rows = (
            (self._text(row, BAND), self._text(row, FILE)) for row in range(self.table.rowCount())
        )
        return tuple(f"{band}={path}" for band, path in rows if band or path) or None

    def set_value(self, value: Any) -> None:
        """Show ``NAME=PATH`` rows."""
        self.table.setRowCount(0)
        for item in value or ():
            band, _, path = str(item).partition("=")
            self._add(band, path)
        self.changed.emit()

    def add_files(self, paths: Sequence[str]) -> None:
        """Add a row for each file."""
        for path in paths:
            self._add(guess_band(Path(path).stem), path)

    def _add(self, band: str, path: str) -> None:
        row = self.table.rowCount()
        self.table.insertRow(row)
        self.table.setItem(row, BAND, QTableWidgetItem(band))
        self.table.setItem(row, FILE, QTableWidgetItem(path))

    def _text(self, row: int, column: int) -> str:
        item = self.table.item(row, column)
        return item.text().strip() if item is not None else ""

    def _browse(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(self, self._title)
        self.add_files(paths)

    def _remove(self) -> None:
        for row in sorted({index.row() for index in self.table.selectedIndexes()}, reverse=True):
            self.table.removeRow(row)
        self.changed.emit()


def guess_band(stem: str) -> str:
    """The band that a file's name speaks of: ``T32_20240101_B8A_20m`` is ``nir08``; empty where it
    speaks of none.
    """
    parts = [part.lower() for part in stem.replace("-", "_").replace(".", "_").split("_")]
    for sensor in load_sensors().values():
        for band in sensor.bands.values():
            known = {
                band.name.lower(),
                band.code.lower(),
                *(key.lower() for key in band.asset_keys),
            }
            if known & set(parts):
                return band.name
    return ""
