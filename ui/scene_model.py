"""The scenes that were found, as a table with check boxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qgis.PyQt.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, pyqtSignal

from ..core.discovery.band_config import load_sensors
from ..core.types import SceneItem, format_time
from ..plugin.compat import flag_number

DATE, CLOUD, SIZE, MISSING, NOTES, ID = range(6)


class SceneModel(QAbstractTableModel):
    """One row for each scene; the check box in the first column chooses it."""

    chosen_changed = pyqtSignal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._scenes: tuple[SceneItem, ...] = ()
        self._chosen: set[int] = set()
        self._titles = {
            DATE: self.tr("Date"),
            CLOUD: self.tr("Cloud"),
            SIZE: self.tr("Size"),
            MISSING: self.tr("Missing"),
            NOTES: self.tr("Notes"),
            ID: self.tr("Scene"),
        }

    def set_scenes(self, scenes: Sequence[SceneItem]) -> None:
        """Show other scenes; the first one is chosen."""
        self.beginResetModel()
        self._scenes = tuple(scenes)
        self._chosen = {0} if scenes else set()
        self.endResetModel()
        self.chosen_changed.emit()

    @property
    def scenes(self) -> tuple[SceneItem, ...]:
        """All of them, in the order in which they were found."""
        return self._scenes

    def chosen(self) -> tuple[SceneItem, ...]:
        """Those with a tick, in the order in which they were found."""
        return tuple(self._scenes[row] for row in sorted(self._chosen))

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """How many scenes."""
        return 0 if parent is not None and parent.isValid() else len(self._scenes)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """How many facts of each."""
        return 0 if parent is not None and parent.isValid() else len(self._titles)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles of the columns."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._titles[section]
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """One fact: for the eye (DisplayRole) or for sorting (UserRole)."""
        scene, column = self._scenes[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(scene, column)
        if role == Qt.ItemDataRole.UserRole:
            return _sort_value(scene, column)
        if role == Qt.ItemDataRole.CheckStateRole and column == DATE:
            chosen = index.row() in self._chosen
            return Qt.CheckState.Checked if chosen else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tool_tip(scene)
        if role == Qt.ItemDataRole.TextAlignmentRole and column in (CLOUD, SIZE):
            return flag_number(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Set or take away a tick."""
        if role != Qt.ItemDataRole.CheckStateRole or index.column() != DATE:
            return False
        if Qt.CheckState(value) == Qt.CheckState.Checked:
            self._chosen.add(index.row())
        else:
            self._chosen.discard(index.row())
        self.dataChanged.emit(index, index, [role])
        self.chosen_changed.emit()
        return True

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """The first column can be ticked."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsUserCheckable if index.column() == DATE else flags


def size_text(size_bytes: int) -> str:
    """Bytes for people: ``1.2 GB``; a dash where nothing is known."""
    if not size_bytes:
        return "–"
    if size_bytes >= 1e9:
        return f"{size_bytes / 1e9:.1f} GB"
    if size_bytes >= 1e6:
        return f"{size_bytes / 1e6:.0f} MB"
    return f"{max(1, round(size_bytes / 1e3))} kB"


def _text(scene: SceneItem, column: int) -> str:
    if column == DATE:
        return format_time(scene.datetime)[:10]
    if column == CLOUD:
        return "–" if scene.cloud_percent is None else f"{scene.cloud_percent:.0f} %"
    if column == SIZE:
        return size_text(scene.size_bytes)
    if column == MISSING:
        return _missing(scene)
    return scene.id if column == ID else "; ".join(scene.notes)


def _missing(scene: SceneItem) -> str:
    """The missing bands that a user would expect: those of the default set, and how many others."""
    usual = load_sensors()[scene.sensor].default if scene.sensor in load_sensors() else ()
    named = [band for band in scene.missing_bands if band in usual]
    others = len(scene.missing_bands) - len(named)
    if others:
        named.append(f"+{others}")
    return ", ".join(named)


def _sort_value(scene: SceneItem, column: int) -> Any:
    if column == DATE:
        return scene.datetime.timestamp()
    if column == CLOUD:
        return -1.0 if scene.cloud_percent is None else float(scene.cloud_percent)
    if column == SIZE:
        return float(scene.size_bytes)
    return _text(scene, column)


def _tool_tip(scene: SceneItem) -> str:
    lines = [scene.id, f"{scene.collection}, {format_time(scene.datetime)}"]
    if scene.missing_bands:
        lines.append("Missing: " + ", ".join(scene.missing_bands))
    return "\n".join((*lines, *scene.notes))
