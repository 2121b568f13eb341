"""Choosing: scenes of one pass together, and pairs of passes before and after an event, the best
first, with reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..types import Aoi, SceneItem, format_time
from .coverage import covered_together

SAME_PASS = timedelta(minutes=20)
"""Scenes of one satellite this close in time are of one pass: an orbit takes about 100 minutes, a
data strip far less.
"""
# What makes a pair good. Coverage and clear sky multiply: without either there is nothing to
# compare. The others only sort what is left. They are a judgement, not a measurement: they decide
# the order of a list, never a result.
WEIGHT_NEAR = 0.6
WEIGHT_SEASON = 0.4
SEASON_DAYS = 91.0
"""A quarter of a year apart, two scenes of vegetation differ for reasons of their own."""


@dataclass(frozen=True)
class Acquisition:
    """Scenes of the area by one satellite in one pass: one scene or several tiles."""

    scenes: tuple[SceneItem, ...]
    coverage_percent: float | None
    """Share of the area, all tiles together."""
    clear_percent: float | None
    """Share of the area, by the masks where they were looked at, else estimated from the
    catalogue's cloud figures.
    """
    clear_is_measured: bool

    @property
    def datetime(self) -> datetime:
        """Time of its first scene."""
        return self.scenes[0].datetime

    @property
    def sensor(self) -> str:
        """Name of the sensor of all its scenes."""
        return self.scenes[0].sensor

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, with the ids of the scenes."""
        first = self.scenes[0]
        return {
            "datetime": format_time(first.datetime),
            "sensor": first.sensor,
            "catalog": first.catalog,
            "collection": first.collection,
            "platform": first.platform,
            "relative_orbit": first.relative_orbit,
            "orbit_direction": first.orbit_direction,
            "coverage_percent": None
            if self.coverage_percent is None
            else round(self.coverage_percent, 2),
            "clear_percent": None if self.clear_percent is None else round(self.clear_percent, 2),
            "clear_is_measured": self.clear_is_measured,
            "items": [scene.id for scene in self.scenes],
        }


@dataclass(frozen=True)
class Pair:
    """A pass before the event and one after it."""

    before: Acquisition
    after: Acquisition
    score: float
    """0..1: the order of the list."""
    reason: str
    """Why it stands where it stands, in words."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "sensor": self.before.sensor,
            "score": round(self.score, 4),
            "reason": self.reason,
            "before": self.before.to_dict(),
            "after": self.after.to_dict(),
        }


def group_acquisitions(scenes: Sequence[SceneItem], aoi: Aoi) -> list[Acquisition]:
    """Put the scenes of each pass together, in the order of time.

    Two deliveries of the same tile (same footprint, reprocessed) count once: the one that is
    processed last by name.
    """
    return [_acquisition(_without_duplicates(group), aoi) for group in passes_of(scenes)]


def passes_of(scenes: Sequence[SceneItem]) -> list[list[SceneItem]]:
    """The scenes of each pass, in the order of time; two deliveries of one tile are two scenes."""
    groups: list[list[SceneItem]] = []
    for scene in sorted(scenes, key=lambda scene: (scene.datetime, scene.id)):
        for group in reversed(groups):
            if _same_pass(group[0], scene):
                group.append(scene)
                break
        else:
            groups.append([scene])
    return groups


def _same_pass(first: SceneItem, second: SceneItem) -> bool:
    return (
        (first.sensor, first.collection, first.platform)
        == (second.sensor, second.collection, second.platform)
        and (first.relative_orbit == second.relative_orbit or first.sensor.startswith("landsat"))
        and abs(second.datetime - first.datetime) <= SAME_PASS
    )


def _without_duplicates(scenes: list[SceneItem]) -> tuple[SceneItem, ...]:
    newest: dict[object, SceneItem] = {}
    for scene in scenes:
        bounds = tuple(round(edge, 3) for edge in scene.bbox)
        if bounds not in newest or newest[bounds].id < scene.id:
            newest[bounds] = scene
    return tuple(newest.values())


def _acquisition(scenes: tuple[SceneItem, ...], aoi: Aoi) -> Acquisition:
    footprints = [scene.footprint for scene in scenes if scene.footprint is not None]
    covered = covered_together(footprints, aoi)
    clear = None if covered is None else _clear_percent(scenes, covered)
    measured = all(scene.clear_percent is not None for scene in scenes)
    return Acquisition(scenes, covered, clear, measured)


def _clear_percent(scenes: Sequence[SceneItem], covered: float) -> float | None:
    """Clear share of the area (0..100). Tiles overlap: the shares of the covered part are averaged
    by coverage, then applied to the union.
    """
    total = weighted = 0.0
    for scene in scenes:
        share, weight = _clear_share(scene), scene.coverage_percent or 0.0
        if share is None:
            return None
        total += weight
        weighted += weight * share
    return covered * weighted / total if total else 0.0


def _clear_share(scene: SceneItem) -> float | None:
    """Clear share (0..1) of the part of the area that the scene covers."""
    if scene.sensor == "sentinel1":
        return 1.0
    if scene.clear_percent is not None:
        return (
            min(1.0, scene.clear_percent / scene.coverage_percent)
            if scene.coverage_percent
            else 0.0
        )
    return None if scene.cloud_percent is None else 1 - scene.cloud_percent / 100


def rank_pairs(
    acquisitions: Sequence[Acquisition],
    moment: datetime,
    days: tuple[int, int] = (60, 60),
    most: int = 20,
) -> list[Pair]:
    """All sensible pairs around an event, the best first.

    A pair is of one sensor and collection; radar pairs are of the same relative orbit and
    direction, because another line of sight changes the picture more than a flood does. Passes on
    the day of the event itself count as after it only when they are later than ``moment``.

    Parameters
    ----------
    moment : datetime
        When it happened, UTC.
    days : (int, int)
        How many days before and after the event count.
    """
    days_before, days_after = days
    first, last = moment - timedelta(days=days_before), moment + timedelta(days=days_after)
    before = [pass_ for pass_ in acquisitions if first <= pass_.datetime < moment]
    after = [pass_ for pass_ in acquisitions if moment <= pass_.datetime <= last]
    pairs = [
        _pair(a, b, moment, days_before, days_after)
        for a in before
        for b in after
        if _comparable(a, b)
    ]
    return sorted(pairs, key=lambda pair: (-pair.score, pair.after.datetime, pair.before.datetime))[
        :most
    ]


def _comparable(before: Acquisition, after: Acquisition) -> bool:
    first, second = before.scenes[0], after.scenes[0]
    if (first.sensor, first.collection) != (second.sensor, second.collection):
        return False
    if first.sensor != "sentinel1":
        return True
    same_orbit = first.relative_orbit is not None and first.relative_orbit == second.relative_orbit
    return same_orbit and first.orbit_direction == second.orbit_direction


def _pair(
    before: Acquisition, after: Acquisition, moment: datetime, days_before: int, days_after: int
) -> Pair:
    days = [_days(moment - before.datetime), _days(after.datetime - moment)]
    near = 1 - (days[0] / days_before + days[1] / days_after) / 2
    apart = abs((after.datetime - before.datetime).days) % 365
    off_season = min(apart, 365 - apart)
    season = max(0.0, 1 - off_season / SEASON_DAYS)
    usable = [_usable(acquisition) for acquisition in (before, after)]
    score = usable[0] * usable[1] * (WEIGHT_NEAR * near + WEIGHT_SEASON * season)
    return Pair(before, after, score, _reason(before, after, days, off_season))


def _usable(acquisition: Acquisition) -> float:
    """Share of the area (0..1) that can be compared; what is not known counts as half."""
    if acquisition.clear_percent is not None:
        return acquisition.clear_percent / 100
    covered = acquisition.coverage_percent
    return 0.5 * (50.0 if covered is None else covered) / 100


def _reason(before: Acquisition, after: Acquisition, days: list[float], off_season: int) -> str:
    parts = [
        f"before: {_describe(before)}, {_count(days[0])} before the event",
        f"after: {_describe(after)}, {_count(days[1])} after it",
    ]
    if off_season <= 30:
        parts.append("same season")
    else:
        parts.append(
            f"{off_season} days apart in the season: plants may have changed by themselves"
        )
    if before.sensor == "sentinel1":
        orbit = before.scenes[0].relative_orbit
        directions = {
            "ascending": f"same orbit {orbit} ascending",
            "descending": f"same orbit {orbit} descending",
        }
        parts.append(directions.get(before.scenes[0].orbit_direction or "", f"same orbit {orbit}"))
    return "; ".join(parts)


def _describe(acquisition: Acquisition) -> str:
    covers = (
        "coverage unknown"
        if acquisition.coverage_percent is None
        else f"covers {acquisition.coverage_percent:.0f} % of the area"
    )
    if acquisition.sensor == "sentinel1":
        return f"{covers}, sees through cloud"
    if acquisition.clear_percent is None:
        return f"{covers}, cloud unknown"
    percent = acquisition.clear_percent
    clear = (
        f"{percent:.0f} % seen clear"
        if acquisition.clear_is_measured
        else f"{percent:.0f} % clear by the catalogue's figure for the whole scene"
    )
    return f"{covers}, {clear}"


def _days(span: timedelta) -> float:
    return span.total_seconds() / 86400


def _count(days: float) -> str:
    if days < 1:
        return f"{days * 24:.0f} hours"
    return "1 day" if round(days) == 1 else f"{days:.0f} days"
