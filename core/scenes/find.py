"""Search for scenes: area, dates and sensors → the scenes a catalogue offers, sorted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from ..discovery.band_config import Sensor, get_sensor
from ..discovery.catalogs import Catalog
from ..discovery.events import EventType
from ..discovery.stac_client import MOST_ITEMS, SceneSearch
from ..enums import EngineName, Priority, StrEnum
from ..errors import AccessError, DiscoveryError, NoScenesError
from ..monitor import Level, Monitor, Note, PartMonitor
from ..offers.choice import NEEDS, Choice, can_open, choose_catalogs, closed_sentence, way_out
from ..offers.joint_search import JointSearch, Search, joined_titles
from ..settings import Settings
from ..types import Aoi, SceneItem, SearchQuery, format_time

if TYPE_CHECKING:
    from ..discovery.table.finder import RowFinder

USUAL_SENSOR = "sentinel2"
"""Searched where neither a sensor nor an event is named."""


class SceneOrder(StrEnum):
    """Orders of a list of scenes, the best first."""

    DATE = "date"
    CLOUD = "cloud"
    COVERAGE = "coverage"


@dataclass(frozen=True)
class SceneQuery:
    """Area, period and sensors to search for, in one catalogue or in several together."""

    aoi: Aoi
    start: datetime
    end: datetime
    """Inclusive."""
    catalog: Catalog
    sensor: Sensor | None = None
    """None: those of the event, else Sentinel-2."""
    event: EventType | None = None
    max_cloud_percent: float | None = None
    collection: str | None = None
    """None: the catalogue's first for the sensor."""
    limit: int = MOST_ITEMS
    """Most scenes of each sensor, at a time."""

    def sensors(self) -> tuple[str, ...]:
        """Names of the sensors to search, the event's primary ones first; all of them where the
        catalogue has none (the search says so).
        """
        if self.sensor is not None:
            wanted: tuple[str, ...] = (self.sensor.name,)
        elif self.event is not None:
            wanted = self.event.primary + self.event.secondary
        else:
            wanted = (USUAL_SENSOR,)
        return tuple(name for name in wanted if name in self.catalog.collections) or wanted

    def start_searches(self, settings: Settings) -> tuple[Search, ...]:
        """One search for each sensor.

        Raises
        ------
        InputError
            If the end lies before the start.
        """
        return tuple(self._start(name, settings) for name in self.sensors())

    def _start(self, sensor: str, settings: Settings) -> Search:
        logins = {login.name for login in settings.logins}
        choices = choose_catalogs(self.catalog, sensor, self.collection, logins)
        finder = row_finder(settings)
        searches = [
            SceneSearch(self._search(sensor, choice), settings, finder=finder) for choice in choices
        ]
        return searches[0] if len(searches) == 1 else JointSearch(searches, settings)

    def _search(self, sensor: str, choice: Choice) -> SearchQuery:
        catalog, collection = choice
        return SearchQuery(
            self.aoi,
            self.start,
            self.end,
            sensor,
            catalog.reference,
            self.max_cloud_percent,
            self.limit,
            collection,
        )


@dataclass(frozen=True)
class Discovery:
    """Scenes that were found, and the searches that can give more."""

    scenes: tuple[SceneItem, ...]
    aoi: Aoi
    searches: tuple[Search, ...] = ()

    @property
    def has_more(self) -> bool:
        """True where asking again may give more."""
        return any(search.has_more for search in self.searches)

    def sorted(self, order: SceneOrder) -> Discovery:
        """The same scenes in another order."""
        return replace(self, scenes=sort_scenes(self.scenes, order))


def find_scenes(query: SceneQuery, settings: Settings, monitor: Monitor) -> Discovery:
    """Search for each sensor of a query.

    Raises
    ------
    InputError
        If the end lies before the start.
    NoScenesError
        If nothing was found.
    DiscoveryError
        If the catalogue cannot be searched.
    """
    searches = query.start_searches(settings)
    discovery = next_scenes(searches, query.aoi, query.event, monitor)
    if not discovery.scenes:
        raise _nothing_found(query, searches)
    return discovery


def openable_scenes(
    scenes: Sequence[SceneItem], settings: Settings, monitor: Monitor
) -> tuple[SceneItem, ...]:
    """The scenes whose files this user can open; what is left out is warned of.

    Raises
    ------
    AccessError
        If none is left.
    """
    told = closed_sentence(scenes, settings)
    left = tuple(scene for scene in scenes if can_open(scene, settings))
    if scenes and not left:
        first = scenes[0]
        raise AccessError(
            f"No scene of {first.collection} ({first.catalog}) can be opened",
            f"their files {NEEDS[first.access]}",
            way_out(first.sensor, first.catalog),
        )
    if told:
        monitor.emit(Note(Level.WARNING, told))
    return left


def next_scenes(
    searches: Sequence[Search], aoi: Aoi, event: EventType | None, monitor: Monitor
) -> Discovery:
    """Ask each search for its next scenes; one that fails is named where another one finds some.

    Raises
    ------
    DiscoveryError
        If no search found anything, and one failed.
    """
    scenes: list[SceneItem] = []
    failures: list[DiscoveryError] = []
    for number, search in enumerate(searches):
        part = PartMonitor(monitor, number / len(searches), (number + 1) / len(searches))
        priority = event.priority(search.query.sensor) if event else Priority.PRIMARY
        try:
            scenes += [replace(scene, priority=priority) for scene in search.next(part)]
        except DiscoveryError as error:
            failures.append(error)
    if failures and not scenes:
        raise failures[0]
    for failure in failures:  # one sensor's scenes are worth having without the other's
        monitor.emit(Note(Level.WARNING, f"The list is not complete. {failure}"))
    return Discovery(tuple(scenes), aoi, tuple(searches))


def _nothing_found(query: SceneQuery, searches: Sequence[Search]) -> NoScenesError:
    titles = " or ".join(get_sensor(name).title for name in query.sensors())
    days = f"{format_time(query.start)[:10]} to {format_time(query.end)[:10]}"
    left_out = sum((search.left_out for search in searches), Counter[str]())
    limit = query.max_cloud_percent
    cloud = f" with at most {limit:g} % cloud" if limit is not None else ""
    why = f"nothing of {titles} covers the area from {days}{cloud}"
    if left_out:
        counts = ", ".join(f"{count} {reason}" for reason, count in left_out.most_common(3))
        why = f"{why} (left out: {counts})"
    return NoScenesError(
        f"No scenes found in {joined_titles(searches)}",
        why,
        "Widen the dates, allow more cloud, or try another sensor or catalogue.",
    )


def sort_scenes(scenes: Sequence[SceneItem], order: SceneOrder) -> tuple[SceneItem, ...]:
    """Scenes with the newest, the clearest (by the masks where they were looked at, else by the
    catalogue) or the best covering ones first.
    """
    return tuple(sorted(scenes, key=_SORT_KEYS[order]))


def _age(scene: SceneItem) -> float:
    return -scene.datetime.timestamp()


def _cloudiness(scene: SceneItem) -> float:
    if scene.clear_percent is not None:
        return -scene.clear_percent
    return scene.cloud_percent - 100 if scene.cloud_percent is not None else 1.0


_SORT_KEYS: dict[SceneOrder, Callable[[SceneItem], tuple[object, ...]]] = {
    SceneOrder.DATE: lambda scene: (_age(scene), scene.id),
    SceneOrder.CLOUD: lambda scene: (_cloudiness(scene), _age(scene), scene.id),
    SceneOrder.COVERAGE: lambda scene: (-(scene.coverage_percent or 0.0), _age(scene), scene.id),
}


def row_finder(settings: Settings) -> RowFinder | None:
    """Who finds rows of tables for these settings; None: this computer by itself."""
    wanted = settings.engine == EngineName.SPARK
    able = settings.engine == EngineName.AUTO and settings.spark and settings.spark_sedona_jar
    if not (wanted or able):
        return None
    from .table_on_spark import SparkRows

    return SparkRows(settings, wanted)
