"""Facts of a scene as the table shows them, and what each column is sorted by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtGui import QIcon

from ...core.discovery.band_config import load_sensors
from ...core.enums import AccessKind, OrbitDirection
from ...core.text import joined, shown
from ...core.types import SceneItem, format_time
from ...plugin.language import said
from ..catalogs.catalog_combo import words_of_access
from ..parts.plain import plain_tip
from ..parts.sentences import UNKNOWN, size_text

WARNING_ICON, NOTE_ICON = "/mIconWarning.svg", "/mIconInfo.svg"
DATE, CLOUD, CLEAR, COVERS, SIZE, NOTES, ID = range(7)
BEST_IS_MOST = (DATE, CLEAR, COVERS)
"""Columns whose first click puts the highest value on top."""


def notes_text(scene: SceneItem) -> str:
    """Notes on a scene: what its files need, missing bands that a user would expect, how many
    others, and the notes.
    """
    usual = load_sensors()[scene.sensor].default if scene.sensor in load_sensors() else ()
    named = [band for band in scene.missing_bands if band in usual]
    others = len(scene.missing_bands) - len(named)
    if others:
        named.append(f"+{others}")
    lacks = [_tr("lacks {bands}").format(bands=", ".join(named))] if named else []
    return "; ".join([*_closed(scene), *lacks, *map(said, scene.notes)])


def _closed(scene: SceneItem) -> tuple[str, ...]:
    """What its files need that is not to be had at once."""
    words = {
        AccessKind.ACCOUNT: (_tr("needs an account"),),
        AccessKind.READER_PAYS: (_tr("the reader pays"),),
    }
    return words.get(scene.access, ())


def notes_icon(scene: SceneItem) -> QIcon | None:
    """A warning where files cannot be had at once or usual bands are missing, a mark where
    something else is to be known; None where there are no notes.
    """
    if not notes_text(scene):
        return None
    doubt = bool(_closed(scene)) or notes_text(scene) != "; ".join(map(said, scene.notes))
    return QIcon(QgsApplication.getThemeIcon(WARNING_ICON if doubt else NOTE_ICON))


def accessible_text(scene: SceneItem, column: int) -> str:
    """What a screen reader says of the first column, or of the icon for notes."""
    notes = shown(notes_text(scene))
    if column == NOTES:
        return notes
    return ", ".join(filter(None, (format_time(scene.datetime)[:16], shown(scene.id), notes)))


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


def column_text(scene: SceneItem, column: int) -> str:
    """One fact; that of *Clear* depends on whether it was looked at, which the model knows."""
    if column == DATE:
        return format_time(scene.datetime)[:10]
    if column == CLOUD:
        return percent_text(scene.cloud_percent)
    if column == COVERS:
        return percent_text(scene.coverage_percent)
    if column == SIZE:
        return size_text(scene.size_bytes)
    return shown(scene.id if column == ID else notes_text(scene))


def percent_text(value: float | None) -> str:
    """``12 %``; a dash where it is not known."""
    return UNKNOWN if value is None else f"{value:.0f} %"


def has_mask(scene: SceneItem) -> bool:
    """Tell whether it offers a band of classes (SCL, QA_PIXEL) for the clear share."""
    sensor = load_sensors().get(scene.sensor)
    return sensor is not None and any(
        band.is_class for band in sensor.bands.values() if band.name in scene.bands
    )


def scene_facts(scene: SceneItem) -> tuple[str, ...]:
    """Lines on a scene for a person: name, collection and time, sensor and orbit, access, what is
    missing, notes.
    """
    sensor = load_sensors().get(scene.sensor)
    orbit = ""
    if scene.relative_orbit is not None:
        orbit = _tr("orbit {number}").format(number=scene.relative_orbit)
    directions = {
        OrbitDirection.ASCENDING: _tr("ascending"),
        OrbitDirection.DESCENDING: _tr("descending"),
    }
    passing = f"{orbit} {directions.get(scene.orbit_direction, str(scene.orbit_direction))}".strip()
    origin = (said(sensor.title) if sensor else scene.sensor, passing)
    lines = [
        scene.id,
        f"{scene.collection}, {format_time(scene.datetime)}",
        ", ".join(part for part in origin if part),
        _tr("Files: {access}").format(access=words_of_access()[scene.access]),
    ]
    if scene.missing_bands:
        lines.append(_tr("Missing: {bands}").format(bands=", ".join(scene.missing_bands)))
    return (*lines, *map(said, scene.notes))


def _tr(text: str) -> str:
    return str(QCoreApplication.translate("FirstLight", text))


def scene_tip(scene: SceneItem) -> str:
    """The same for a tool tip."""
    return plain_tip(joined(scene_facts(scene)))
