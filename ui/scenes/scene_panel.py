"""Step 3: which scenes."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QGroupBox,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QSizePolicy,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from ...core.types import SceneItem
from ..parts.margins import MARGINS
from ..parts.plain import PlainLabel
from .scene_model import CLEAR, CLOUD, COVERS, DATE, NOTES, SIZE, SceneModel, notes_text

LEAST_ROWS, MOST_ROWS = 3, 8
"""Rows in view, however many scenes there are."""
WIDEST = 180
"""Width of a column of text, in pixels."""
TITLE_SIDES, ARROW = 12, 18
"""Pixels around a column's title, and for its sort arrow."""


class ScenePanel(QGroupBox):
    """The table of scenes: sorted by a click on a title, chosen by check boxes; more of them, and
    their sky, on request.
    """

    chosen_changed = pyqtSignal()
    more_wanted = pyqtSignal()
    sky_wanted = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTitle(self.tr("3  Scenes"))
        self.model = SceneModel(self)
        self.table = QTableView(objectName="table")
        self.table.setModel(self.model)
        header = self.table.horizontalHeader()
        # As found (best first) until a title is clicked.
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.table.setSortingEnabled(True)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setAlternatingRowColors(True)
        self.table.setWordWrap(False)
        self.table.setTabKeyNavigation(False)  # Tab goes on, the arrows move in the table
        self.table.setAccessibleName(self.tr("Scenes"))
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(self.table.fontMetrics().height() + 8)
        header.setHighlightSections(False)
        header.setStretchLastSection(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        # Widths from the rows in view: measuring a thousand would hold up the window.
        header.setResizeContentsPrecision(0)
        self.table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.chosen_label = PlainLabel(objectName="chosen_label")
        self.chosen_label.setWordWrap(True)
        self.sky_button = QPushButton(self.tr("Clear s&ky"), objectName="sky_button", enabled=False)
        self.sky_button.setToolTip(
            self.tr(
                "Reads a small picture of each cloud mask: how much of your area is free of cloud"
            )
        )
        self.more_button = QPushButton(self.tr("More results"), objectName="more_button")
        self.more_button.setToolTip(self.tr("Goes on with the search where it ended"))
        self.more_button.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*MARGINS)
        layout.addWidget(self.table)
        row = QHBoxLayout()
        row.addWidget(self.chosen_label, 1)
        row.addWidget(self.sky_button)
        row.addWidget(self.more_button)
        layout.addLayout(row)
        header.sortIndicatorChanged.connect(lambda *_: self._fit_columns())
        self.model.chosen_changed.connect(self._tell)
        self.sky_button.clicked.connect(self.sky_wanted)
        self.more_button.clicked.connect(self.more_wanted)
        self.set_scenes(())

    def set_scenes(
        self, scenes: Sequence[SceneItem], has_more: bool = False, all_chosen: bool = False
    ) -> None:
        """Show scenes; the first one is chosen, or all.

        Parameters
        ----------
        scenes : sequence of SceneItem
            What was found.
        has_more : bool
            Whether to offer more results.
        all_chosen : bool
            Tick all of them.
        """
        self.model.set_scenes(scenes, all_chosen)
        self.more_button.setVisible(has_more)
        self._arrange()
        if scenes:
            self.table.scrollTo(self.model.index(0, DATE))

    def add_scenes(self, scenes: Sequence[SceneItem], has_more: bool) -> None:
        """Show more scenes below (or among, where sorted) those that are there."""
        self.model.add_scenes(scenes)
        self.more_button.setVisible(has_more)
        self._arrange()

    def show_sky(self, looked: Sequence[SceneItem]) -> tuple[SceneItem, ...]:
        """Fill in the clear shares; gives back the scenes whose mask could not be read."""
        failed = self.model.show_sky(looked)
        self._arrange()
        return failed

    def chosen(self) -> tuple[SceneItem, ...]:
        """The scenes with a tick."""
        return self.model.chosen()

    def set_busy(self, busy: bool) -> None:
        """Lock the buttons while something runs."""
        self.more_button.setEnabled(not busy)
        self.sky_button.setEnabled(not busy and bool(self.model.scenes))

    def _arrange(self) -> None:
        """Columns and height for what is there."""
        scenes = self.model.scenes
        # A column in which nothing is known only takes room.
        known = {
            CLOUD: any(scene.cloud_percent is not None for scene in scenes),
            CLEAR: self.model.sky_is_known,
            COVERS: any(scene.coverage_percent is not None for scene in scenes),
            SIZE: any(scene.size_bytes for scene in scenes),
        }
        for column, shown in known.items():
            self.table.setColumnHidden(column, not shown and (bool(scenes) or column == CLEAR))
        self.table.setColumnHidden(NOTES, not any(notes_text(scene) for scene in scenes))
        if scenes:
            self._fit_columns()
        rows = min(max(len(scenes), LEAST_ROWS), MOST_ROWS)
        frame = 2 * self.table.frameWidth()
        bars = (
            self.table.horizontalHeader().sizeHint().height()
            + self.table.horizontalScrollBar().sizeHint().height()
        )
        self.table.setFixedHeight(
            rows * self.table.verticalHeader().defaultSectionSize() + bars + frame
        )

    def _fit_columns(self) -> None:
        """Fit a column to what is in view; Qt's own way keeps room for a sort arrow in each title,
        which a dock has not.
        """
        header, fonts = self.table.horizontalHeader(), self.table.horizontalHeader().fontMetrics()
        for column in range(self.model.columnCount()):
            title = self.model.headerData(column, Qt.Orientation.Horizontal)
            arrow = ARROW if header.sortIndicatorSection() == column else 0
            width = max(
                fonts.horizontalAdvance(title) + TITLE_SIDES + arrow,
                self.table.sizeHintForColumn(column) + 1,
            )
            self.table.setColumnWidth(column, min(width, WIDEST))

    def _tell(self) -> None:
        count, chosen = self.model.rowCount(), self.chosen()
        if not count:
            text = self.tr("No scenes yet.")
        else:
            text = self.tr("{chosen} of {found} chosen").format(chosen=len(chosen), found=count)
        self.chosen_label.setText(text)
        self.chosen_changed.emit()
