"""The scenes that were found, as a table with check boxes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from qgis.PyQt.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, pyqtSignal

from ...core.discovery.band_config import load_sensors
from ...core.enums import AccessKind
from ...core.text import joined, shown
from ...core.types import SceneItem, format_time
from ...plugin.compat import flag_number
from ..parts.plain import plain_tip
from ..parts.sentences import UNKNOWN, size_text

DATE, CLOUD, CLEAR, COVERS, SIZE, NOTES, ID = range(7)
CLOSED = {
    AccessKind.ACCOUNT: ("needs an account",),
    AccessKind.READER_PAYS: ("the reader pays",),
}
"""What the files of a scene need that is not to be had at once."""
BEFORE_LOOKING = ""
NO_MASK = "—"
UNREADABLE = "?"
BEST_IS_MOST = (DATE, CLEAR, COVERS)
"""Columns whose first click puts the highest value on top."""


class SceneModel(QAbstractTableModel):
    """One row for each scene; the check box in the first column chooses it.

    It sorts by itself: a thousand rows in a few milliseconds, where a sort proxy would call back
    into Python for each comparison and hold up the window.
    """

    chosen_changed = pyqtSignal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._scenes: list[SceneItem] = []
        self._rows: list[int] = []
        """Row → number in ``_scenes``."""
        self._chosen: set[int] = set()
        self._looked: set[int] = set()
        self._sorted_by = -1
        self._descending = False
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

    def set_scenes(self, scenes: Sequence[SceneItem], all_chosen: bool = False) -> None:
        """Show other scenes; the first one whose files need no account is chosen, or all."""
        self.beginResetModel()
        self._scenes = list(scenes)
        fetchable = [number for number, scene in enumerate(scenes) if scene.access.is_open]
        self._chosen = set(range(len(scenes)) if all_chosen else fetchable[:1])
        self._looked = set()
        self._rows = self._sorted_rows()
        self.endResetModel()
        self.chosen_changed.emit()

    def add_scenes(self, scenes: Sequence[SceneItem]) -> None:
        """Show more scenes; none of them is chosen, and those that are stay so."""
        if not scenes:
            return
        first = len(self._scenes)
        self.beginInsertRows(QModelIndex(), first, first + len(scenes) - 1)
        self._scenes += scenes
        self._rows += range(first, len(self._scenes))
        self.endInsertRows()
        self._sort_again()
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
                if by_id[scene.id].clear_percent is None and _has_mask(scene):
                    failed.append(scene)
        if self._scenes:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._scenes) - 1, ID))
        self._sort_again()
        return tuple(failed)

    @property
    def scenes(self) -> tuple[SceneItem, ...]:
        """All of them, in the order in which they were found."""
        return tuple(self._scenes)

    @property
    def sky_is_known(self) -> bool:
        """True once any scene's sky was looked at."""
        return bool(self._looked) or any(scene.clear_percent is not None for scene in self._scenes)

    def chosen(self) -> tuple[SceneItem, ...]:
        """Those with a tick, in the order in which they were found."""
        return tuple(self._scenes[number] for number in sorted(self._chosen))

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Number of scenes."""
        return 0 if parent is not None and parent.isValid() else len(self._scenes)

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
            return self._clear_text(number) if column == CLEAR else _text(scene, column)
        if role == Qt.ItemDataRole.CheckStateRole and column == DATE:
            return Qt.CheckState.Checked if number in self._chosen else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tool_tip(scene)
        if role == Qt.ItemDataRole.TextAlignmentRole and column in (CLOUD, CLEAR, COVERS, SIZE):
            return flag_number(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
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
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        numbers = [self._rows[index.row()] for index in before]
        self._rows = self._sorted_rows()
        row_of = {number: row for row, number in enumerate(self._rows)}
        now = [self.index(row_of[number], index.column()) for number, index in zip(numbers, before)]
        self.changePersistentIndexList(before, now)
        self.layoutChanged.emit()

    def _sort_again(self) -> None:
        if self._sorted_by >= 0:
            self.sort(
                self._sorted_by,
                Qt.SortOrder.DescendingOrder if self._descending else Qt.SortOrder.AscendingOrder,
            )

    def _sorted_rows(self) -> list[int]:
        numbers = list(range(len(self._scenes)))
        value = SORT_VALUES.get(self._sorted_by)
        if value is None:
            return numbers
        values = [value(scene) for scene in self._scenes]
        known = sorted(
            (p for p in numbers if values[p] is not None),
            key=values.__getitem__,
            reverse=self._descending,
        )
        return known + [p for p in numbers if values[p] is None]

    def _clear_text(self, number: int) -> str:
        scene = self._scenes[number]
        if scene.clear_percent is not None:
            return f"{scene.clear_percent:.0f} %"
        if number not in self._looked:
            return BEFORE_LOOKING
        return UNREADABLE if _has_mask(scene) else NO_MASK


def notes_text(scene: SceneItem) -> str:
    """Notes on a scene: what its files need, missing bands that a user would expect, how many
    others, and the notes.
    """
    usual = load_sensors()[scene.sensor].default if scene.sensor in load_sensors() else ()
    named = [band for band in scene.missing_bands if band in usual]
    others = len(scene.missing_bands) - len(named)
    if others:
        named.append(f"+{others}")
    lacks = [f"lacks {', '.join(named)}"] if named else []
    return "; ".join([*CLOSED.get(scene.access, ()), *lacks, *scene.notes])


SORT_VALUES: dict[int, Callable[[SceneItem], Any]] = {
    DATE: lambda scene: scene.datetime.timestamp(),
    CLOUD: lambda scene: scene.cloud_percent,
    CLEAR: lambda scene: scene.clear_percent,
    COVERS: lambda scene: scene.coverage_percent,
    SIZE: lambda scene: scene.size_bytes or None,
    NOTES: lambda scene: notes_text(scene) or None,
    ID: lambda scene: scene.id,
}
"""Column → what it is sorted by; None where that is not known."""


def _text(scene: SceneItem, column: int) -> str:
    if column == DATE:
        return format_time(scene.datetime)[:10]
    if column == CLOUD:
        return _percent(scene.cloud_percent)
    if column == COVERS:
        return _percent(scene.coverage_percent)
    if column == SIZE:
        return size_text(scene.size_bytes)
    return shown(scene.id if column == ID else notes_text(scene))


def _percent(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.0f} %"


def _has_mask(scene: SceneItem) -> bool:
    """Tell whether it offers a band of classes (SCL, QA_PIXEL) for the clear share."""
    sensor = load_sensors().get(scene.sensor)
    return sensor is not None and any(
        band.is_class for band in sensor.bands.values() if band.name in scene.bands
    )


def _tool_tip(scene: SceneItem) -> str:
    sensor = load_sensors().get(scene.sensor)
    orbit = "" if scene.relative_orbit is None else f"orbit {scene.relative_orbit}"
    origin = (sensor.title if sensor else scene.sensor, f"{orbit} {scene.orbit_direction}".strip())
    lines = [
        scene.id,
        f"{scene.collection}, {format_time(scene.datetime)}",
        ", ".join(part for part in origin if part),
    ]
    lines.append(f"Files need: {scene.access}")
    if scene.missing_bands:
        lines.append("Missing: " + ", ".join(scene.missing_bands))
    return plain_tip(joined((*lines, *scene.notes)))
