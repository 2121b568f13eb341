"""Ground tracks: passes of one satellite that look at the area alike come again after whole days.

Satellites of the earth's surface fly so that their orbits repeat: Sentinel-1 after 12 days, each
Sentinel-2 after 10, Landsat after 16 (ESA, *Sentinel-1* and *Sentinel-2 User Handbook*; USGS,
*Landsat Acquisition*). What a catalogue has shown tells which of them look at an area, when, and
how much of it they see.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

from ..discovery.pairs import Acquisition
from ..types import format_time

USUAL_DAYS = {"sentinel1": 12, "sentinel2": 10, "landsat": 16}
"""Sensor → days after which each of its satellites is there again."""
SAME_SECONDS = 240.0
"""Passes of one track come at the same time of day within so much: orbits are held to some seconds,
and a pass begins at its first scene.
"""
LEAST_PASSES = 3
"""Of a satellite whose cycle is not known beforehand."""
MOST_CYCLES_SILENT = 2.5
"""A track that has not been seen for longer may be given up: nothing is foretold of it."""
DAY_S = 86400.0
NEXT_WITHIN = timedelta(days=30)
"""A pass that comes later helps nobody to decide."""
RADAR = "sentinel1"
"""Looked for where cloud hides the ground."""


@dataclass(frozen=True)
class Track:
    """Passes of one satellite on one orbit, oldest first."""

    passes: tuple[Acquisition, ...]
    cycle_days: int

    @property
    def last(self) -> Acquisition:
        """The newest pass."""
        return self.passes[-1]

    @property
    def name(self) -> str:
        """``sentinel-1a, orbit 65 descending``."""
        scene = self.last.scenes[0]
        orbit = "" if scene.relative_orbit is None else f", orbit {scene.relative_orbit}"
        direction = f" {scene.orbit_direction}" if scene.orbit_direction else ""
        return f"{scene.platform or scene.sensor}{orbit}{direction}"

    @property
    def coverage_percent(self) -> float | None:
        """Share of the area that a pass usually shows."""
        known = [one.coverage_percent for one in self.passes if one.coverage_percent is not None]
        return median(known) if known else None

    @property
    def delay(self) -> timedelta | None:
        """How long after a pass its last scene of the area is usually listed: the median of the
        passes whose scenes all say when they were; None where none do.
        """
        known = []
        for one in self.passes:
            listed = [scene.listed for scene in one.scenes if scene.listed is not None]
            if len(listed) == len(one.scenes):
                known.append(max(listed) - one.datetime)
        seconds = [one.total_seconds() for one in known if one >= timedelta(0)]
        return timedelta(seconds=median(seconds)) if seconds else None

    def is_silent(self, since: datetime) -> bool:
        """Whether it has not been seen for long before a moment."""
        return since - self.last.datetime > MOST_CYCLES_SILENT * timedelta(days=self.cycle_days)

    def coming(self, since: datetime, until: datetime) -> Iterator[NextPass]:
        """Passes that are to be expected after the last one, between two moments."""
        cycle = timedelta(days=self.cycle_days)
        newest = self.last.datetime
        drifts = [
            (one.datetime - newest) - round((one.datetime - newest) / cycle) * cycle
            for one in self.passes
        ]
        time = newest + timedelta(seconds=median(one.total_seconds() for one in drifts)) + cycle
        while time <= until:
            if time >= since:
                yield NextPass(time, self)
            time += cycle


@dataclass(frozen=True)
class NextPass:
    """A pass that is to be expected."""

    time: datetime
    track: Track

    @property
    def sentence(self) -> str:
        """``Thursday 2024-10-31 05:42 UTC, sentinel-1a, orbit 8 descending``."""
        return f"{self.time:%A %Y-%m-%d %H:%M} UTC, {self.track.name}"

    @property
    def listed(self) -> str:
        """When its scenes are to be expected in the catalogue: ``in the catalogue about 7 h
        later``.
        """
        delay = self.track.delay
        if delay is None:
            return "in the catalogue after a delay that is not known"
        hours = delay.total_seconds() / 3600
        length = f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"
        return f"in the catalogue about {length} later"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        scene = self.track.last.scenes[0]
        share, delay = self.track.coverage_percent, self.track.delay
        return {
            "datetime": format_time(self.time),
            "delay_hours": None if delay is None else round(delay.total_seconds() / 3600, 2),
            "listed": None if delay is None else format_time(self.time + delay),
            "sensor": scene.sensor,
            "platform": scene.platform,
            "relative_orbit": scene.relative_orbit,
            "orbit_direction": scene.orbit_direction,
            "coverage_percent": None if share is None else round(share, 2),
            "cycle_days": self.track.cycle_days,
            "passes_seen": len(self.track.passes),
            "last_seen": format_time(self.track.last.datetime),
        }


def next_of(
    passes: Iterable[Acquisition], sensor: str, now: datetime, end: datetime
) -> NextPass | None:
    """The next pass of a sensor, where it can be told and an event, which is over at ``end``, is
    still to be seen.
    """
    if now >= end:
        return None
    own = [one for one in passes if one.sensor == sensor]
    coming, _ = next_passes(own, now, now + NEXT_WITHIN)
    return coming[0] if coming else None


def tell_next(coming: NextPass | None) -> str:
    """``; next radar pass: Thursday 2024-10-31 05:42 UTC, …``; empty for none."""
    return "" if coming is None else f"; next radar pass: {coming.sentence}, {coming.listed}"


def find_tracks(passes: Iterable[Acquisition]) -> list[Track]:
    """The tracks of an area's passes; those whose cycle cannot be told are left out."""
    groups: dict[tuple[Any, ...], list[Acquisition]] = {}
    for one in sorted(passes, key=lambda one: one.datetime):
        groups.setdefault(_key(one, groups), []).append(one)
    tracks = (Track(tuple(group), _cycle_days(group)) for group in groups.values())
    return [track for track in tracks if track.cycle_days]


def _key(one: Acquisition, known: Iterable[tuple[Any, ...]]) -> tuple[Any, ...]:
    """The same for passes of one track; where no orbit is stated, the time of day tells it."""
    scene = one.scenes[0]
    who = (scene.sensor, scene.platform, scene.orbit_direction)
    if scene.relative_orbit is not None:
        return (*who, scene.relative_orbit, 0, 0.0)
    cycle = USUAL_DAYS.get(scene.sensor, 0)
    day, second = divmod(one.datetime.timestamp(), DAY_S)
    phase = int(day) % cycle if cycle else 0
    for key in known:
        near = abs((second - key[5] + DAY_S / 2) % DAY_S - DAY_S / 2) <= SAME_SECONDS
        if key[:5] == (*who, None, phase) and near:
            return key
    return (*who, None, phase, second)


def _cycle_days(passes: Sequence[Acquisition]) -> int:
    """As the passes show it, else as it is usual; 0 where neither tells it."""
    gaps = []
    for one, other in pairwise(passes):
        days = (other.datetime - one.datetime).total_seconds() / DAY_S
        if abs(days - round(days)) * DAY_S > SAME_SECONDS:
            return 0  # not of one track
        gaps.append(round(days))
    seen = math.gcd(*gaps)
    usual = USUAL_DAYS.get(passes[0].sensor, 0)
    if usual and seen % usual == 0:  # also of a single pass; and of one that the catalogue lacks
        return usual
    return seen if len(passes) >= LEAST_PASSES else 0


def next_passes(
    passes: Iterable[Acquisition], since: datetime, until: datetime
) -> tuple[list[NextPass], list[Track]]:
    """What is to be expected between two moments, soonest first, and the tracks that have not been
    seen for long.
    """
    tracks = find_tracks(passes)
    silent = [track for track in tracks if track.is_silent(since)]
    coming = [one for track in tracks if track not in silent for one in track.coming(since, until)]
    return sorted(coming, key=lambda one: (one.time, one.track.name)), silent
