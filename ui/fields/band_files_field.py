"""A small table of bands and their files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import QLocale, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QFileDialog,
    QHeaderView,
    QPushButton,
    QStyledItemDelegate,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ...core.operations.stack import name_of_file, sensor_of_files
from ...core.params import Param
from ...plugin.language import said
from ..parts.flow import FlowLayout
from ..parts.plain import PlainLabel, plain_tip
from .field import Field

BAND, FILE = range(2)
ROWS = 4
ROW_FRAME = 8
"""Around a line of text, pixels: room for the frame of what is typed into it."""


class _FileNames(QStyledItemDelegate):
    """Shows the name of a file; its path is in the tip, and is what one edits."""

    def displayText(self, value: Any, locale: QLocale) -> str:
        """The last part of the path."""
        return Path(str(value or "")).name


class BandFilesField(Field):
    """Rows of band and file; the band is read from the file's name and can be changed. A file
    without one is not taken, and that is said.
    """

    sensor_told = pyqtSignal(str)
    """The names of files that were added tell the sensor."""

    def __init__(self, param: Param) -> None:
        super().__init__()
        self._title = said(param.title)
        self.table = QTableWidget(0, 2)
        self.table.setHorizontalHeaderLabels([self.tr("Band"), self.tr("File")])
        self.table.verticalHeader().hide()
        line = self.table.fontMetrics().height() + ROW_FRAME
        self.table.verticalHeader().setDefaultSectionSize(line)
        self.table.setTabKeyNavigation(False)
        self.table.setToolTip(plain_tip(said(param.help)))
        self.table.setMinimumHeight(self.table.fontMetrics().height() * (ROWS + 2) + 20)
        self.table.setItemDelegateForColumn(FILE, _FileNames(self.table))
        # What tells files of one scene apart is the end of their names.
        self.table.setTextElideMode(Qt.TextElideMode.ElideLeft)
        self.table.setWordWrap(False)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(BAND, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(FILE, QHeaderView.ResizeMode.Stretch)
        self.table.setAccessibleName(said(param.title))
        self.note_label = PlainLabel(objectName="note_label")
        self.note_label.setWordWrap(True)
        self.note_label.hide()
        self.add_button = QPushButton(self.tr("Add files…"))
        self.remove_button = QPushButton(self.tr("Remove"))
        whole = QWidget()
        layout = QVBoxLayout(whole)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)
        buttons = QWidget()
        row = FlowLayout(buttons, spacing=4)  # one below the other where a language is long
        row.addWidget(self.add_button)
        row.addWidget(self.remove_button)
        layout.addWidget(buttons)
        layout.addWidget(self.note_label)
        self.table.itemChanged.connect(self._note)
        self.changed.connect(self._note)
        self.hold(whole, self.table.itemChanged)
        self.add_button.clicked.connect(self._browse)
        self.remove_button.clicked.connect(self._remove)

    def value(self) -> Any:
        """``NAME=PATH`` for each row with a band."""
        rows = (
            (self._text(row, BAND), self._text(row, FILE)) for row in range(self.table.rowCount())
        )
        return tuple(f"{band}={path}" for band, path in rows if band) or None

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
            self._add(name_of_file(Path(path)), path)
        self.changed.emit()
        files = (self._text(row, FILE) for row in range(self.table.rowCount()))
        if sensor := sensor_of_files(map(Path, files)):
            self.sensor_told.emit(sensor)

    def _add(self, band: str, path: str) -> None:
        row = self.table.rowCount()
        self.table.insertRow(row)
        self.table.setItem(row, BAND, QTableWidgetItem(band))
        file = QTableWidgetItem(path)
        file.setToolTip(plain_tip(path))
        self.table.setItem(row, FILE, file)

    def _text(self, row: int, column: int) -> str:
        item = self.table.item(row, column)
        return item.text().strip() if item is not None else ""

    def _note(self, *_: Any) -> None:
        """Say which files have no band yet."""
        rows = range(self.table.rowCount())
        paths = [self._text(row, FILE) for row in rows if not self._text(row, BAND)]
        names = ", ".join(Path(path).name for path in paths if path)
        self.note_label.setText(
            self.tr("Not taken, as no band is known: {files}. Type it beside the file.").format(
                files=names
            )
        )
        self.note_label.setVisible(bool(names))

    def _browse(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(self, self._title)
        self.add_files(paths)

    def _remove(self) -> None:
        for row in sorted({index.row() for index in self.table.selectedIndexes()}, reverse=True):
            self.table.removeRow(row)
        self.changed.emit()
