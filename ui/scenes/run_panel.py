"""Step 5: what to make, where to put it, and how far it has come."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import QSignalBlocker, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QBrush
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QGroupBox,
    QHBoxLayout,
    QHeaderView,
    QProgressBar,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ...core.discovery.band_config import Sensor
from ...core.monitor import BandProgress, BandState
from ...core.operations.ingest import INGEST, missing_bands
from ...core.params import Door
from ..parts.flow import FlowLayout
from ..parts.margins import BAR_WIDTH, MARGINS
from ..parts.path_text import show_end
from ..parts.plain import PlainLabel, plain_tip
from ..parts.sentences import size_text
from ..parts.shades import Shade, shade

DEFAULT_INDICES = ("NDVI",)
BAND, STATE, AMOUNT = range(3)
SHADES = {
    BandState.FAILED: Shade.BAD,
    BandState.DONE: Shade.GOOD,
    BandState.SKIPPED: Shade.GOOD,
}
ENDED = tuple(SHADES)
"""States after which nothing more comes."""


class RunPanel(QGroupBox):
    """Output folder, indices and the progress of each band.

    Run, Cancel and the overall progress are in :attr:`footer`, which the dock keeps in view.
    """

    run_wanted = pyqtSignal()
    cancel_wanted = pyqtSignal()
    changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTitle(self.tr("5  Result"))
        self.output_widget = QgsFileWidget(objectName="output_widget")
        self.output_widget.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.output_widget.setDialogTitle(self.tr("Folder for the bands, stacks and indices"))
        self.area_only_box = QCheckBox(
            self.tr("Only the area"), objectName="area_only_box", checked=True
        )
        self.area_only_box.setToolTip(
            self.tr(
                "Fetch only the tiles of each band that the area touches; without it, whole bands."
            )
        )
        self.index_boxes: dict[str, QCheckBox] = {}
        self._wanted = set(DEFAULT_INDICES)
        self.band_table = QTableWidget(0, 3, objectName="band_table")
        self.progress_bar = QProgressBar(objectName="progress_bar", minimum=0, maximum=100)
        self.progress_bar.setMinimumWidth(BAR_WIDTH)
        self.run_button = QPushButton(self.tr("R&un"), objectName="run_button", enabled=False)
        self.cancel_button = QPushButton(
            self.tr("Ca&ncel"), objectName="cancel_button", enabled=False
        )
        self.output_widget.lineEdit().setAccessibleName(self.tr("Folder for results"))
        show_end(self.output_widget)
        self.progress_bar.setAccessibleName(self.tr("Progress"))
        self.footer = QWidget(objectName="run_footer")
        self._rows: dict[tuple[str, str], int] = {}
        self._going: set[tuple[str, str]] = set()
        self._build()
        self.output_widget.fileChanged.connect(self.changed)
        self.area_only_box.toggled.connect(self.changed)
        self.run_button.clicked.connect(self.run_wanted)
        self.cancel_button.clicked.connect(self.cancel_wanted)

    def output(self) -> str:
        """The chosen folder."""
        return str(self.output_widget.filePath()).strip()

    def set_output(self, path: str) -> None:
        """Choose the folder."""
        self.output_widget.setFilePath(path)

    def indices(self) -> tuple[str, ...]:
        """The chosen indices that the chosen bands allow."""
        return tuple(name for name, box in self.index_boxes.items() if box.isChecked())

    def offer_indices(self, bands: Sequence[str], sensor: Sensor) -> None:
        """Offer the indices that can be made of these bands; of the others say what they lack. A
        tick comes back with the band.
        """
        for name, box in self.index_boxes.items():
            lacking = missing_bands(name, bands)
            never = missing_bands(name, tuple(sensor.bands))
            blocker = QSignalBlocker(box)
            box.setEnabled(not lacking)
            box.setChecked(not lacking and name in self._wanted)
            blocker.unblock()
            if never:
                reason = self.tr("{sensor} has no {bands}").format(
                    sensor=sensor.title, bands=", ".join(never)
                )
            else:
                reason = self.tr("Needs {bands}: tick it in step 4").format(
                    bands=", ".join(lacking)
                )
            box.setToolTip(plain_tip(reason if lacking else ""))

    def want_indices(self, names: Sequence[str]) -> None:
        """Tick these indices and no others, as far as the chosen bands allow."""
        self._wanted = set(names)
        for name, box in self.index_boxes.items():
            blocker = QSignalBlocker(box)
            box.setChecked(box.isEnabled() and name in self._wanted)
            blocker.unblock()
        self.changed.emit()

    def _want(self, name: str, wanted: bool) -> None:
        self._wanted = self._wanted | {name} if wanted else self._wanted - {name}
        self.changed.emit()

    def clear_progress(self) -> None:
        """Forget the last run."""
        self._rows.clear()
        self._going.clear()
        self.band_table.clearSpans()
        self.band_table.setVisible(False)
        self.band_table.setRowCount(0)
        self.progress_bar.reset()

    def show_band(self, event: BandProgress) -> bool:
        """Show how far one band has come; whether this made the table appear."""
        appeared = self.band_table.isHidden()
        key = (event.item_id, event.band)
        if key not in self._rows:
            if event.item_id not in {item_id for item_id, _ in self._rows}:
                self._add_heading(event.item_id)
            self._rows[key] = self._add_row()
            for column in (BAND, STATE, AMOUNT):
                self.band_table.setItem(self._rows[key], column, QTableWidgetItem())
            self.band_table.setVisible(True)
        row = self._rows[key]
        texts = (event.band, self._state_text(event), amount_text(event))
        for column, text in enumerate(texts):
            item = self.band_table.item(row, column)
            item.setText(text)
            tip = "\n".join(part for part in (event.item_id, event.detail) if part)
            item.setToolTip(plain_tip(tip))
        meaning = SHADES.get(event.state)
        brush = QBrush(shade(self.band_table, meaning)) if meaning else QBrush()
        self.band_table.item(row, STATE).setForeground(brush)
        if event.state in ENDED:
            self._going.discard(key)
        else:
            self._going.add(key)
        return bool(appeared)

    def stop_progress(self) -> None:
        """Nothing comes any more: say so of each band that was under way."""
        for key in self._going:
            self.band_table.item(self._rows[key], STATE).setText(self.tr("stopped"))
            self.band_table.item(self._rows[key], AMOUNT).setText("")
        self._going.clear()
        self.progress_bar.reset()

    def _add_row(self) -> int:
        row = self.band_table.rowCount()
        self.band_table.insertRow(row)
        return int(row)

    def _add_heading(self, item_id: str) -> None:
        """A line with the name of a scene above its bands."""
        row = self._add_row()
        item = QTableWidgetItem(item_id)
        item.setToolTip(plain_tip(item_id))
        font = item.font()
        font.setBold(True)
        item.setFont(font)
        item.setSizeHint(QSize(1, 1))  # it lies across all columns: none need be as wide
        self.band_table.setItem(row, BAND, item)
        self.band_table.setSpan(row, BAND, 1, AMOUNT + 1)

    def _state_text(self, event: BandProgress) -> str:
        texts = {
            BandState.WAITING: self.tr("waiting"),
            BandState.DOWNLOADING: self.tr("downloading"),
            BandState.RESUMING: self.tr("going on"),
            BandState.RETRYING: self.tr("trying again"),
            BandState.SKIPPED: self.tr("already there"),
            BandState.DONE: self.tr("done"),
            BandState.FAILED: self.tr("failed"),
        }
        text = texts.get(event.state, event.state)
        return (
            f"{text}: {event.detail}"
            if event.state in (BandState.FAILED, BandState.RETRYING) and event.detail
            else text
        )

    def _build(self) -> None:
        choices = next(
            param.choices for param in INGEST.parameters(Door.DOCK) if param.name == "index"
        )
        index_grid = FlowLayout(spacing=6)
        for name in choices:
            box = QCheckBox(name, objectName=f"index_{name}", checked=name in DEFAULT_INDICES)
            box.toggled.connect(partial(self._want, name))
            self.index_boxes[name] = box
            index_grid.addWidget(box)
        header = self.band_table.horizontalHeader()
        self.band_table.setHorizontalHeaderLabels(
            [self.tr("Band"), self.tr("State"), self.tr("Amount")]
        )
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        header.setHighlightSections(False)
        self.band_table.verticalHeader().hide()
        row_height = self.band_table.fontMetrics().height() + 6
        self.band_table.verticalHeader().setDefaultSectionSize(row_height)
        self.band_table.setMinimumHeight(row_height * 8)
        self.band_table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.band_table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.band_table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.band_table.setVisible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*MARGINS)
        folder_row = QHBoxLayout()
        folder_row.addWidget(PlainLabel(self.tr("Folder")))
        folder_row.addWidget(self.output_widget, 1)
        layout.addLayout(folder_row)
        layout.addWidget(self.area_only_box)
        layout.addLayout(index_grid)
        layout.addWidget(self.band_table)
        footer = QHBoxLayout(self.footer)
        footer.setContentsMargins(0, 0, 0, 0)
        footer.addWidget(self.progress_bar, 1)
        footer.addWidget(self.run_button)
        footer.addWidget(self.cancel_button)


def amount_text(event: BandProgress) -> str:
    """Amount of a band that is there: percent where the size is known, else bytes; and how fast it
    comes.
    """
    percent = event.percent
    if event.state in (BandState.WAITING, BandState.FAILED) and not event.received_bytes:
        return ""
    if percent is None:
        return size_text(event.received_bytes)
    size = event.total_bytes or event.received_bytes
    if event.state in (BandState.DONE, BandState.SKIPPED) and size:
        return size_text(size)  # all of it
    parts = [f"{percent} %", size_text(size) if size else ""]
    if event.bytes_per_s:
        parts.append(f"{size_text(round(event.bytes_per_s))}/s")
    return " · ".join(part for part in parts if part)
