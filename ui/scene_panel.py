"""Step 3: which scenes."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import QSortFilterProxyModel, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QAbstractItemView, QGroupBox, QHeaderView, QLabel, QSizePolicy, QTableView, QVBoxLayout, QWidget

from ..core.types import SceneItem
from .panel import MARGINS
from .scene_model import CLOUD, DATE, ID, MISSING, NOTES, SIZE, SceneModel

LEAST_ROWS, MOST_ROWS = 3, 8
"""Rows in view, however many scenes there are."""


class ScenePanel(QGroupBox):
    """The table of scenes: sorted by a click on a title, chosen by check boxes."""

    chosen_changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTitle(self.tr("3  Scenes"))
        self.model = SceneModel(self)
        proxy = QSortFilterProxyModel(self)
        proxy.setSourceModel(self.model)
        proxy.setSortRole(Qt.ItemDataRole.UserRole)
        self.table = QTableView(objectName="table")
        self.table.setModel(proxy)
        self.table.setSortingEnabled(True)
        # As found (best first) until a title is clicked.
        self.table.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        proxy.sort(-1)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setAlternatingRowColors(True)
        self.table.setWordWrap(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(self.table.fontMetrics().height() + 8)
        header = self.table.horizontalHeader()
        header.setHighlightSections(False)
        header.setStretchLastSection(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.chosen_label = QLabel(objectName="chosen_label")
        self.chosen_label.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*MARGINS)
        layout.addWidget(self.table)
        layout.addWidget(self.chosen_label)
        self.model.chosen_changed.connect(self._tell)
        self.set_scenes(())

    def set_scenes(self, scenes: Sequence[SceneItem]) -> None:
        """Show scenes; the first one is chosen."""
        self.model.set_scenes(scenes)
        # A column in which nothing is known only takes room.
        self.table.setColumnHidden(MISSING, not any(scene.missing_bands for scene in scenes))
        self.table.setColumnHidden(NOTES, not any(scene.notes for scene in scenes))
        self.table.setColumnHidden(CLOUD, bool(scenes) and all(scene.cloud_percent is None for scene in scenes))
        self.table.setColumnHidden(SIZE, bool(scenes) and not any(scene.size_bytes for scene in scenes))
        if scenes:
            self.table.resizeColumnsToContents()
            for column in (MISSING, NOTES, ID):
                self.table.setColumnWidth(column, min(self.table.columnWidth(column), 180))
        rows = min(max(len(scenes), LEAST_ROWS), MOST_ROWS)
        frame = 2 * self.table.frameWidth()
        bars = self.table.horizontalHeader().sizeHint().height() + self.table.horizontalScrollBar().sizeHint().height()
        self.table.setFixedHeight(rows * self.table.verticalHeader().defaultSectionSize() + bars + frame)
        if scenes:
            self.table.scrollTo(self.table.model().index(0, DATE))

    def chosen(self) -> tuple[SceneItem, ...]:
        """The scenes with a tick."""
        return self.model.chosen()

    def _tell(self) -> None:
        found, chosen = len(self.model.scenes), self.chosen()
        if not found:
            text = self.tr("No scenes yet.")
        else:
            text = self.tr("{chosen} of {found} chosen").format(chosen=len(chosen), found=found)
        self.chosen_label.setText(text)
        self.chosen_changed.emit()
