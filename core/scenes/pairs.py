"""Search around an event for passes before and after it, and rank their pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from ..discovery.access import Access
from ..discovery.band_config import Sensor
from ..discovery.catalogs import Catalog
from ..discovery.events import EventType
from ..discovery.pairs import Acquisition, Pair, group_acquisitions, rank_pairs
from ..errors import NoScenesError
from ..monitor import Monitor, PartMonitor
from ..settings import Settings
from ..types import Aoi, SceneItem, format_time
from .find import SceneQuery, find_scenes, openable_scenes
from .tracks import RADAR, next_of, tell_next


@dataclass(frozen=True)
class PairQuery:
    """An event in space and time, and the scenes around it that count."""

    aoi: Aoi
    time: datetime
    """Aware, UTC."""
    days_before: int
    days_after: int
    catalog: Catalog
    sensor: Sensor | None = None
    event: EventType | None = None
    max_cloud_percent: float | None = None
    collection: str | None = None

    def scene_query(self) -> SceneQuery:
        """All scenes of those days."""
        return SceneQuery(
            self.aoi,
            self.time - timedelta(days=self.days_before),
            self.time + timedelta(days=self.days_after),
            self.catalog,
            self.sensor,
            self.event,
            self.max_cloud_percent,
            self.collection,
        )


def find_pairs(
    query: PairQuery, most: int, clear_sky: bool, settings: Settings, monitor: Monitor
) -> list[Pair]:
    """Search, look at the sky if wanted, group by pass, pair and rank; the best pair comes first.

    Parameters
    ----------
    most : int
        Number of pairs, of the best ones.
    clear_sky : bool
        Rank by the cloud masks over the area.

    Raises
    ------
    NoScenesError
        If there is no scene, or no pair.
    DiscoveryError
        If the catalogue cannot be searched.
    AccessError
        If the files of all scenes are closed to this user.
    """
    part = PartMonitor(monitor, 0.0, 0.5)
    found = find_scenes(query.scene_query(), settings, part).scenes
    scenes: Sequence[SceneItem] = openable_scenes(found, settings, monitor)
    if clear_sky:
        from ..discovery.clear_sky import look_at_sky

        scenes = look_at_sky(scenes, query.aoi, PartMonitor(monitor, 0.5, 1.0), Access(settings))
    passes = group_acquisitions(scenes, query.aoi)
    pairs = rank_pairs(passes, query.time, (query.days_before, query.days_after), most)
    if not pairs:
        end = query.time + timedelta(days=query.days_after)
        coming = next_of(passes, RADAR, datetime.now(timezone.utc), end)
        raise NoScenesError(
            f"No pairs found around {format_time(query.time)}",
            f"{count_passes(passes, query.time)}, and no two that can be compared",
            "Allow more days, more cloud, or try another sensor; radar needs the same orbit on "
            f"both sides{tell_next(coming)}.",
        )
    return pairs


def count_passes(passes: Sequence[Acquisition], time: datetime) -> str:
    """``3 passes before and 1 after the event``."""
    early = sum(acquisition.datetime < time for acquisition in passes)
    return f"{early} passes before and {len(passes) - early} after the event"


def scenes_with_sides(pair: Pair) -> tuple[SceneItem, ...]:
    """A pair's scenes, each with a note on which side of the event it is."""
    sides = (("before the event", pair.before), ("after the event", pair.after))
    return tuple(
        replace(scene, notes=(*scene.notes, side))
        for side, acquisition in sides
        for scene in acquisition.scenes
    )
