"""The two ways to look at scenes: a table, and a gallery of pictures."""

from __future__ import annotations

from qgis.PyQt.QtCore import QEvent, QSize, Qt
from qgis.PyQt.QtGui import QResizeEvent
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QListView,
    QSizePolicy,
    QTableView,
)

from .scene_columns import CLEAR, CLOUD, COVERS, DATE, ID, NOTES, SIZE, notes_text
from .scene_delegate import GAP, ICON, GalleryDelegate, SceneDelegate
from .scene_model import SceneModel

LEAST_ROWS, MOST_ROWS = 3, 8
"""Rows in view, however many scenes there are."""
TITLE_SIDES, ARROW = 10, 18
"""Pixels around a column's title, and for its sort arrow."""
ROW_PICTURE, GALLERY_PICTURE = 30, 112
"""Pixels of the sides of a picture."""


class SceneTable(QTableView):
    """One row for each scene; its name stands beneath the day, and takes what width there is."""

    def __init__(self, model: SceneModel) -> None:
        super().__init__(objectName="table")
        self._model = model
        self._known: dict[int, bool] = {}
        """Column → whether anything is known in it."""
        self.setModel(model)
        self.setItemDelegate(SceneDelegate(self))
        header = self.horizontalHeader()
        self.forget_order()
        self.setSortingEnabled(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)  # Tab goes on, the arrows move in the table
        self.setAccessibleName(self.tr("Scenes"))
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(ICON + GAP)  # an icon needs less than a style's least
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        # Widths from the rows in view: measuring a thousand would hold up the window.
        header.setResizeContentsPrecision(0)
        header.sortIndicatorChanged.connect(lambda *_: self._fit_columns())
        for column in (NOTES, ID):  # the name stands in the first one
            self.setColumnHidden(column, True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.set_tall(False)

    def forget_order(self) -> None:
        """As found (best first) until a title is clicked."""
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)

    def set_tall(self, tall: bool) -> None:
        """Make room for pictures in the rows."""
        self._tall = tall
        self.setIconSize(QSize(ROW_PICTURE, ROW_PICTURE))
        self._fit_rows()

    def _fit_rows(self) -> None:
        text = 2 * self.fontMetrics().lineSpacing() + GAP
        self.verticalHeader().setDefaultSectionSize(max(text, ROW_PICTURE + 4 if self._tall else 0))

    def arrange(self) -> None:
        """Columns and least height for what is there."""
        scenes = self._model.scenes
        # A column in which nothing is known only takes room.
        known = {
            CLOUD: any(scene.cloud_percent is not None for scene in scenes),
            CLEAR: self._model.sky_is_known,
            COVERS: any(scene.coverage_percent is not None for scene in scenes),
            SIZE: any(scene.size_bytes for scene in scenes),
            NOTES: any(notes_text(scene) for scene in scenes),
        }
        late = (CLEAR, NOTES)
        known = {name: shown or not (scenes or name in late) for name, shown in known.items()}
        self._known = known
        for column, shown in known.items():
            self.setColumnHidden(column, not shown)
        if scenes:
            self._fit_columns()
        rows = min(max(len(scenes), LEAST_ROWS), MOST_ROWS)
        bars = self.horizontalHeader().sizeHint().height() + 2 * self.frameWidth()
        self.setMinimumHeight(rows * self.verticalHeader().defaultSectionSize() + bars)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width is another room for the names."""
        super().resizeEvent(event)
        self._fit_columns()

    def changeEvent(self, event: QEvent) -> None:
        """Rows of another font have another height."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit_rows()
            self.arrange()

    def _fit_columns(self) -> None:
        """Fit the columns to what is in view, and give the first one the rest. Where they find no
        room, some go that stand in the details, too.

        Qt's own way keeps room for a sort arrow in each title, which a dock has not.
        """
        widths = {column: self._width(column) for column, known in self._known.items() if known}
        least = max(self._title_width(DATE), self.sizeHintForColumn(DATE))
        room = self.viewport().width()
        sorted_by = self.horizontalHeader().sortIndicatorSection()
        # The catalogue's figure for the whole scene counts less than that for the area.
        for column in (SIZE, CLOUD, COVERS) if widths.get(CLEAR) else (SIZE,):
            if column not in widths or column == sorted_by:
                continue
            crowded = least + sum(widths.values()) > room
            self.setColumnHidden(column, crowded)
            if crowded:
                del widths[column]
        for column, width in widths.items():
            self.setColumnWidth(column, width)
        self.setColumnWidth(DATE, max(least, room - sum(widths.values())))

    def _width(self, column: int) -> int:
        return max(self._title_width(column), int(self.sizeHintForColumn(column)) + 1)

    def _title_width(self, column: int) -> int:
        if column == NOTES:
            return 0
        header = self.horizontalHeader()
        title = self._model.headerData(column, Qt.Orientation.Horizontal)
        arrow = ARROW if header.sortIndicatorSection() == column else 0
        return int(header.fontMetrics().horizontalAdvance(title)) + TITLE_SIDES + arrow


class SceneGallery(QListView):
    """A picture for each scene, with its day and its tick."""

    def __init__(self, model: SceneModel) -> None:
        super().__init__(objectName="gallery")
        self.setModel(model)
        self.setModelColumn(DATE)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setIconSize(QSize(GALLERY_PICTURE, GALLERY_PICTURE))
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Gallery of scenes"))
        self.setMinimumHeight(GALLERY_PICTURE * 2)
        self.setItemDelegate(GalleryDelegate(self))
        self._fit_cells()

    def changeEvent(self, event: QEvent) -> None:
        """Days in another font take another height."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit_cells()

    def _fit_cells(self) -> None:
        line = self.fontMetrics().lineSpacing()
        self.setGridSize(QSize(GALLERY_PICTURE + 34, GALLERY_PICTURE + line + 14))
