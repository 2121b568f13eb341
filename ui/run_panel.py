"""Step 5: what to make, where to put it, and how far it has come."""

from __future__ import annotations

from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QBrush, QColor
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QGridLayout,
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

from ..core.monitor import BandProgress, BandState
from ..core.operations.ingest import INGEST
from ..core.params import Door
from .panel import MARGINS
from .plain import PlainLabel, plain_tip
from .scene_model import size_text

DEFAULT_INDICES = ("NDVI",)
INDEX_COLUMNS = 4
BAND, STATE, AMOUNT = range(3)
FAILED_COLOR = QColor(190, 30, 30)
DONE_COLOR = QColor(20, 120, 60)


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
        self.band_table = QTableWidget(0, 3, objectName="band_table")
        self.progress_bar = QProgressBar(objectName="progress_bar", minimum=0, maximum=100)
        self.run_button = QPushButton(self.tr("Run"), objectName="run_button", enabled=False)
        self.cancel_button = QPushButton(
            self.tr("Cancel"), objectName="cancel_button", enabled=False
        )
        self.footer = QWidget(objectName="run_footer")
        self._rows: dict[tuple[str, str], int] = {}
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
        """The chosen indices."""
        return tuple(name for name, box in self.index_boxes.items() if box.isChecked())

    def clear_progress(self) -> None:
        """Forget the last run."""
        self._rows.clear()
        self.band_table.setVisible(False)
        self.band_table.setRowCount(0)
        self.progress_bar.reset()

    def show_band(self, event: BandProgress) -> bool:
        """Show how far one band has come; whether this made the table appear."""
        appeared = self.band_table.isHidden()
        key = (event.item_id, event.band)
        if key not in self._rows:
            self._rows[key] = self.band_table.rowCount()
            self.band_table.insertRow(self._rows[key])
            for column in (BAND, STATE, AMOUNT):
                self.band_table.setItem(self._rows[key], column, QTableWidgetItem())
            self.band_table.setVisible(True)
        row = self._rows[key]
        texts = (event.band, self._state_text(event), amount_text(event))
        color = {
            BandState.FAILED: FAILED_COLOR,
            BandState.DONE: DONE_COLOR,
            BandState.SKIPPED: DONE_COLOR,
        }.get(event.state)
        for column, text in enumerate(texts):
            item = self.band_table.item(row, column)
            item.setText(text)
            tip = "\n".join(part for part in (event.item_id, event.detail) if part)
            item.setToolTip(plain_tip(tip))
        self.band_table.item(row, STATE).setForeground(QBrush(color) if color else QBrush())
        return bool(appeared)

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
        index_grid = QGridLayout()
        for number, name in enumerate(choices):
            box = QCheckBox(name, objectName=f"index_{name}", checked=name in DEFAULT_INDICES)
            box.toggled.connect(self.changed)
            self.index_boxes[name] = box
            index_grid.addWidget(box, number // INDEX_COLUMNS, number % INDEX_COLUMNS)
        header = self.band_table.horizontalHeader()
        self.band_table.setHorizontalHeaderLabels(
            [self.tr("Band"), self.tr("State"), self.tr("Amount")]
        )
        header.setSectionResizeMode(STATE, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(AMOUNT, QHeaderView.ResizeMode.ResizeToContents)
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
    parts = [f"{percent} %", size_text(size) if size else ""]
    if event.bytes_per_s:
        parts.append(f"{size_text(round(event.bytes_per_s))}/s")
    return " · ".join(part for part in parts if part)
