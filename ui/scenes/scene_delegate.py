"""How a scene is drawn in the table and in the gallery."""

from __future__ import annotations

from qgis.PyQt.QtCore import QModelIndex, QSize, Qt
from qgis.PyQt.QtWidgets import (
    QApplication,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from ...core.text import shown
from ...core.types import format_time
from .scene_columns import DATE, NOTES
from .scene_model import SCENE_ROLE

LINE = "\u2028"
"""Where Qt's styles break a line of a cell."""
ICON = 16
"""Pixels of the sides of the icon for notes."""
GAP = 6
"""Pixels that the style keeps around and between the parts of a cell."""


class SceneDelegate(QStyledItemDelegate):
    """The day with the scene's name beneath: it is in view whatever the width, shortened in its
    middle, where names differ least.
    """

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Texts of a cell; called by Qt for each one in view."""
        super().initStyleOption(option, index)
        if index.column() == NOTES:  # an icon; what it stands for is in its tip
            option.text = ""
            option.decorationSize = QSize(ICON, ICON)
            option.decorationAlignment = Qt.AlignmentFlag.AlignCenter
        if index.column() != DATE:
            return
        scene = index.data(SCENE_ROLE)
        fonts, room = option.fontMetrics, option.rect.width() - self._sides(option, index)
        moment = format_time(scene.datetime)[:16].replace("T", " ")
        if fonts.horizontalAdvance(moment) > room:
            moment = moment[:10]
        middle = Qt.TextElideMode.ElideMiddle
        name = fonts.elidedText(shown(scene.id), middle, max(room, 0))
        option.text = f"{moment}{LINE}{name}"

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Wide enough for the day; the name takes what there is."""
        if index.column() == NOTES:
            return QSize(ICON + GAP, ICON + GAP)
        if index.column() != DATE:
            return super().sizeHint(option, index)
        width = option.fontMetrics.horizontalAdvance("2024-06-01") + self._sides(option, index)
        return QSize(width, 2 * option.fontMetrics.lineSpacing() + GAP)

    def _sides(self, option: QStyleOptionViewItem, index: QModelIndex) -> int:
        """What of a cell's width is no text: the box for the tick, the picture, gaps."""
        style = QApplication.style() if option.widget is None else option.widget.style()
        metric = QStyle.PixelMetric.PM_IndicatorWidth
        taken = int(style.pixelMetric(metric, option, option.widget)) + 3 * GAP
        if index.model().shows_pictures:  # also before they have come
            taken += option.decorationSize.width() + GAP
        return taken


class GalleryDelegate(QStyledItemDelegate):
    """Cells of one size, whether their picture is there or not yet."""

    def __init__(self, view: QListView) -> None:
        super().__init__(view)
        self._view = view

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """The picture above, the day with its tick below."""
        super().initStyleOption(option, index)
        option.decorationSize = self._view.iconSize()
        option.decorationAlignment = Qt.AlignmentFlag.AlignCenter

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """That of every cell."""
        return self._view.gridSize()
