"""The scenes that were found, as a table with check boxes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from qgis.PyQt.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, pyqtSignal
from qgis.PyQt.QtGui import QFont, QIcon, QPixmap
from qgis.PyQt.QtWidgets import QApplication

from ...core.types import SceneItem
from ...plugin.compat import flag_number
from ...plugin.passes import pass_numbers
from ...plugin.thumbnails import Key, ThumbnailStore, key_of
from .scene_columns import (
    BEST_IS_MOST,
    CLEAR,
    CLOUD,
    COVERS,
    DATE,
    ID,
    NOTES,
    SIZE,
    SORT_VALUES,
    accessible_text,
    column_text,
    has_mask,
    notes_icon,
    scene_tip,
)
from .scene_filter import SceneFilter

BEFORE_LOOKING = ""
NO_MASK = "—"
UNREADABLE = "?"
NUMBERS = (CLOUD, CLEAR, COVERS, SIZE)
SCENE_ROLE = Qt.ItemDataRole.UserRole
"""The scene itself."""


class SceneModel(QAbstractTableModel):
    """One row for each scene that is shown; the check box in the first column chooses it.

    It sorts and filters by itself: a thousand rows in a few milliseconds, where a proxy would call
    back into Python for each comparison and hold up the window.
    """

    chosen_changed = pyqtSignal()
    rows_changed = pyqtSignal()
    """Other scenes, or the same in another order."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._scenes: list[SceneItem] = []
        self._rows: list[int] = []
        """Row → number in ``_scenes``."""
        self._chosen: set[int] = set()
        self._looked: set[int] = set()
        self._new: frozenset[str] = frozenset()
        self._passes: list[int] = []
        """Number → number of its pass; empty where they are not grouped."""
        self._sorted_by = -1
        self._descending = False
        self._filter = SceneFilter()
        self._pictures: ThumbnailStore | None = None
        self._icons: dict[Key, QIcon] = {}
        self._titles = {
            DATE: self.tr("Date"),
            CLOUD: self.tr("Cloud"),
            CLEAR: self.tr("Clear"),
            COVERS: self.tr("Covers"),
            SIZE: self.tr("Size"),
            NOTES: self.tr("Notes"),
            ID: self.tr("Scene"),
        }
        self._tips = {
            DATE: self.tr("Day on which it was taken (UTC)"),
            CLOUD: self.tr("Cloud over the whole scene, as the catalogue says"),
            CLEAR: self.tr(
                "Share of your area that is seen free of cloud and shadow; press “Clear sky” to "
                "look.\n"
                "— the scene has no cloud mask, ? its mask could not be read"
            ),
            COVERS: self.tr("Share of your area that lies in the scene"),
            SIZE: self.tr("Size of the sensor's usual bands"),
            NOTES: self.tr("Bands that are missing, and what else one should know"),
            ID: self.tr("Name of the scene in the catalogue"),
        }

    # What is in it

    def set_scenes(
        self,
        scenes: Sequence[SceneItem],
        all_chosen: bool = False,
        new: Collection[str] = (),
        ticked: Collection[str] = (),
    ) -> None:
        """Show other scenes; the first one whose files need no account is chosen, or all.

        Parameters
        ----------
        new : collection of str
            Ids of those that were not there when this was searched before.
        ticked : collection of str
            Ids of those to be chosen instead, where any of them is there.
        """
        self.beginResetModel()
        self._scenes = list(scenes)
        fetchable = [number for number, scene in enumerate(scenes) if scene.access.is_open]
        wanted = [number for number, scene in enumerate(scenes) if scene.id in ticked]
        self._chosen = set(range(len(scenes)) if all_chosen else wanted or fetchable[:1])
        self._looked = set()
        self._new = frozenset(new)
        self._icons = {}
        self._group_again()
        self._rows = self._sorted_rows()
        self.endResetModel()
        self.rows_changed.emit()
        self.chosen_changed.emit()

    def add_scenes(self, scenes: Sequence[SceneItem]) -> None:
        """Show more scenes; none of them is chosen, and those that are stay so."""
        if not scenes:
            return
        first, count = len(self._scenes), len(self._rows)
        more = [number for number, one in enumerate(scenes, first) if self._filter.shows(one)]
        if more:
            self.beginInsertRows(QModelIndex(), count, count + len(more) - 1)
        self._scenes += scenes
        self._rows += more
        self._group_again()
        if more:
            self.endInsertRows()
        self._arrange()
        self.chosen_changed.emit()

    def show_sky(self, looked: Sequence[SceneItem]) -> tuple[SceneItem, ...]:
        """Take over the clear share of scenes whose sky was looked at.

        Returns
        -------
        tuple of SceneItem
            Those that have a cloud mask which could not be read.
        """
        by_id = {scene.id: scene for scene in looked}
        failed = []
        for number, scene in enumerate(self._scenes):
            if scene.id in by_id:
                self._scenes[number] = by_id[scene.id]
                self._looked.add(number)
                if by_id[scene.id].clear_percent is None and has_mask(scene):
                    failed.append(scene)
        self._group_again()
        self._arrange()
        self._tell_changed()
        return tuple(failed)

    @property
    def scenes(self) -> tuple[SceneItem, ...]:
        """All of them, in the order in which they were found."""
        return tuple(self._scenes)

    @property
    def shown_numbers(self) -> tuple[int, ...]:
        """Numbers of those that are shown, in the order of the rows."""
        return tuple(self._rows)

    @property
    def sky_is_known(self) -> bool:
        """True once any scene's sky was looked at."""
        return bool(self._looked) or any(scene.clear_percent is not None for scene in self._scenes)

    @property
    def new_count(self) -> int:
        """How many were not there when this was searched before."""
        return sum(scene.id in self._new for scene in self._scenes)

    def scene_at(self, row: int) -> SceneItem:
        """The scene of a row."""
        return self._scenes[self._rows[row]]

    def number_at(self, row: int) -> int:
        """Its number in :attr:`scenes`."""
        return self._rows[row]

    def row_of(self, number: int) -> int | None:
        """The row of a scene; None where it is not shown."""
        return self._rows.index(number) if number in self._rows else None

    # What is chosen

    def chosen(self) -> tuple[SceneItem, ...]:
        """Those with a tick, in the order in which they were found."""
        return tuple(self._scenes[number] for number in sorted(self._chosen))

    @property
    def chosen_numbers(self) -> frozenset[int]:
        """Their numbers."""
        return frozenset(self._chosen)

    def choose(self, numbers: Iterable[int], wanted: bool = True) -> None:
        """Tick some, or take their ticks away."""
        self._chosen = self._chosen | set(numbers) if wanted else self._chosen - set(numbers)
        self._tell_changed()
        self.chosen_changed.emit()

    def same_pass(self, number: int) -> tuple[int, ...]:
        """Numbers of the scenes of its pass, itself among them."""
        passes = self._passes or pass_numbers(self._scenes)
        return tuple(each for each, one in enumerate(passes) if one == passes[number])

    # How it is shown

    def set_pictures(self, store: ThumbnailStore | None) -> None:
        """Show pictures in the first column, or none."""
        if self._pictures is not None:
            self._pictures.arrived.disconnect(self._take_pictures)
        self._pictures, self._icons = store, {}
        if store is not None:
            store.arrived.connect(self._take_pictures)
        self._tell_changed()

    @property
    def shows_pictures(self) -> bool:
        """True where there is room for them, be they there or not yet."""
        return self._pictures is not None

    def set_filter(self, text: str) -> None:
        """Show only scenes that fit; what is chosen stays so."""
        self._filter = SceneFilter.parse(text)
        self._arrange()

    @property
    def is_grouped(self) -> bool:
        """True while the scenes of a pass stand together."""
        return bool(self._passes)

    def set_grouped(self, grouped: bool) -> None:
        """Put the scenes of each pass together, the newest pass first; or go back to the order in
        which they were found.
        """
        self._passes = pass_numbers(self._scenes) if grouped else []
        self._sorted_by = -1
        self._arrange()
        self._tell_changed()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Number of scenes that are shown."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Number of facts of each."""
        return 0 if parent is not None and parent.isValid() else len(self._titles)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Titles of the columns, what they mean, and which way the first click sorts."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return "" if section == NOTES else self._titles[section]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._titles[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tips[section]
        if role == Qt.ItemDataRole.InitialSortOrderRole:
            order = (
                Qt.SortOrder.DescendingOrder
                if section in BEST_IS_MOST
                else Qt.SortOrder.AscendingOrder
            )
            return flag_number(order)
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """One fact of one scene."""
        number, column = self._rows[index.row()], index.column()
        scene = self._scenes[number]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._clear_text(number) if column == CLEAR else column_text(scene, column)
        if role == Qt.ItemDataRole.CheckStateRole and column == DATE:
            return Qt.CheckState.Checked if number in self._chosen else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.ToolTipRole:
            return scene_tip(scene)
        if role == Qt.ItemDataRole.TextAlignmentRole and column in NUMBERS:
            return flag_number(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == SCENE_ROLE:
            return scene
        if role == Qt.ItemDataRole.DecorationRole and column == DATE:
            return self._icon(scene)
        if role == Qt.ItemDataRole.DecorationRole and column == NOTES:
            return notes_icon(scene)
        if role == Qt.ItemDataRole.AccessibleTextRole and column in (DATE, NOTES):
            return accessible_text(scene, column)
        if role == Qt.ItemDataRole.FontRole and column == DATE and scene.id in self._new:
            font = QFont()
            font.setBold(True)
            return font
        if role == Qt.ItemDataRole.BackgroundRole and self._passes and self._passes[number] % 2:
            return QApplication.palette().alternateBase()
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Set or take away a tick."""
        if role != Qt.ItemDataRole.CheckStateRole or index.column() != DATE:
            return False
        number = self._rows[index.row()]
        if Qt.CheckState(value) == Qt.CheckState.Checked:
            self._chosen.add(number)
        else:
            self._chosen.discard(number)
        self.dataChanged.emit(index, index, [role])
        self.chosen_changed.emit()
        return True

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """The first column can be ticked."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsUserCheckable if index.column() == DATE else flags

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column, what is not known last; -1: as found."""
        self._sorted_by, self._descending = column, order == Qt.SortOrder.DescendingOrder
        if column >= 0:
            self._passes = []  # a pass has no place in another order
        self._arrange()

    def _arrange(self) -> None:
        """Lay the rows anew; in another order, what is selected goes with its scene."""
        rows = self._sorted_rows()
        if set(rows) != set(self._rows):
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()
        elif rows != self._rows:
            self.layoutAboutToBeChanged.emit()
            before = self.persistentIndexList()
            numbers = [self._rows[index.row()] for index in before]
            self._rows = rows
            row_of = {number: row for row, number in enumerate(rows)}
            now = [self.index(row_of[each], one.column()) for each, one in zip(numbers, before)]
            self.changePersistentIndexList(before, now)
            self.layoutChanged.emit()
        self.rows_changed.emit()

    def _sorted_rows(self) -> list[int]:
        numbers = list(range(len(self._scenes)))
        if self._filter.tests:
            numbers = [number for number in numbers if self._filter.shows(self._scenes[number])]
        if self._passes:
            return sorted(numbers, key=lambda number: (self._passes[number], number))
        value = SORT_VALUES.get(self._sorted_by)
        if value is None:
            return numbers
        values = {number: value(self._scenes[number]) for number in numbers}
        known = sorted(
            (number for number in numbers if values[number] is not None),
            key=values.__getitem__,
            reverse=self._descending,
        )
        return known + [number for number in numbers if values[number] is None]

    def _group_again(self) -> None:
        if self._passes:
            self._passes = pass_numbers(self._scenes)

    def _tell_changed(self) -> None:
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, ID))

    def _clear_text(self, number: int) -> str:
        scene = self._scenes[number]
        if scene.clear_percent is not None:
            return f"{scene.clear_percent:.0f} %"
        if number not in self._looked:
            return BEFORE_LOOKING
        return UNREADABLE if has_mask(scene) else NO_MASK

    def _icon(self, scene: SceneItem) -> QIcon | None:
        if self._pictures is None:
            return None
        key = key_of(scene)
        if key not in self._icons:
            image = self._pictures.image(scene)
            if image is None:
                return None
            self._icons[key] = QIcon(QPixmap.fromImage(image))
        return self._icons[key]

    def _take_pictures(self, keys: set[Key]) -> None:
        for row, number in enumerate(self._rows):
            if key_of(self._scenes[number]) in keys:
                index = self.index(row, DATE)
                self.dataChanged.emit(index, index, [Qt.ItemDataRole.DecorationRole])
