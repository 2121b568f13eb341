"""Find scenes: area + dates + sensor → the scenes a catalogue offers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

from ..discovery.access import Access
from ..discovery.band_config import Sensor
from ..discovery.catalogs import Catalog
from ..discovery.clear_sky import look_at_sky
from ..discovery.events import EventType
from ..enums import EngineName
from ..errors import InputError
from ..moment import Moment
from ..monitor import Level, Monitor, Note, PartMonitor
from ..offers.choice import closed_sentence
from ..offers.joint_search import Search
from ..operation import Operation, OperationResult, Output, OutputKind
from ..params import Kind, param
from ..scenes.find import Discovery, SceneOrder, SceneQuery, find_scenes, next_scenes
from ..settings import Settings
from ..types import Aoi, format_time
from .scene_list import scenes_result
from .search_params import (
    area_param,
    catalog_param,
    collection_param,
    event_param,
    limit_param,
    max_cloud_param,
    sensor_param,
)

__all__ = ["DISCOVER", "DiscoverParams", "Discovery", "discover", "search_period"]

EARLIEST = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, kw_only=True)
class DiscoverParams:
    """Area, dates, sensor and catalogue to search."""

    area: Aoi = area_param()
    start: Moment | None = param(
        None,
        kind=Kind.DATE,
        title="From",
        help="First day, UTC: 2024-05-01; not of a height model, and not needed with an event.",
    )
    end: Moment | None = param(
        None,
        kind=Kind.DATE,
        title="To",
        help="Last day, UTC, included; today if not given, with an event.",
    )
    sensor: Sensor | None = sensor_param()
    catalog: Catalog = catalog_param()
    event: EventType | None = event_param()
    max_cloud: float | None = max_cloud_param()
    collection: str | None = collection_param()
    limit: int = limit_param()
    sort: SceneOrder = param(
        SceneOrder.DATE,
        kind=Kind.CHOICE,
        title="Sort by",
        choices=tuple(SceneOrder),
        labels={
            SceneOrder.DATE: "By date",
            SceneOrder.CLOUD: "Least cloud first",
            SceneOrder.COVERAGE: "Most of the area first",
        },
        help="The best first.",
    )
    clear_sky: bool = param(
        False,
        kind=Kind.FLAG,
        title="Look at the sky over the area",
        help="Reads a small picture of each scene's cloud mask: the clear share of the area, "
        "not of the whole scene.",
    )
    engine: str | None = param(
        None,
        kind=Kind.CHOICE,
        title="Engine",
        choices=(EngineName.AUTO, EngineName.SPARK),
        labels={EngineName.AUTO: "Automatic", EngineName.SPARK: "Apache Spark"},
        help="Of a table of scenes: who looks through it; spark: a cluster, where the table has "
        "so many rows that it is worth it. If not given, as the settings say.",
        advanced=True,
    )
    spark: str | None = param(
        None,
        kind=Kind.TEXT,
        title="Spark",
        help="Use Spark with the master at this address, spark://host:7077; only of computers that "
        "you trust.",
        advanced=True,
    )
    scenes: Path | None = param(
        None,
        kind=Kind.VECTOR_OUT,
        title="Scenes",
        help="File to write them to: GeoJSON with all that a later run needs, .csv for a table, "
        ".json for STAC items.",
        suffix=".geojson",
        also=(".csv", ".json"),
    )
    searches: tuple[Search, ...] = ()
    """For callers in Python: searches of an earlier discovery, to go on with."""


def discover(params: DiscoverParams, settings: Settings, monitor: Monitor) -> Discovery:
    """Search, or go on with an earlier search; look at the sky if wanted; sort.

    Raises
    ------
    InputError
        If dates are missing, or the end lies before the start.
    NoScenesError
        If nothing was found.
    DiscoveryError
        If the catalogue cannot be searched.
    DependencyError, EngineError
        If Spark is wanted, and cannot be used.
    """
    engine = params.engine or (EngineName.SPARK if params.spark else None)
    settings = settings.override(engine=engine, spark=params.spark)
    share = 0.5 if params.clear_sky else 1.0
    part = PartMonitor(monitor, 0.0, share)
    if params.searches:
        discovery = next_scenes(params.searches, params.area, params.event, part)
    else:
        start, end = search_period(params.start, params.end, params.sensor, params.event, monitor)
        query = SceneQuery(
            aoi=params.area,
            start=start,
            end=end,
            catalog=params.catalog,
            sensor=params.sensor,
            event=params.event,
            max_cloud_percent=params.max_cloud,
            collection=params.collection,
            limit=params.limit,
        )
        discovery = find_scenes(query, settings, part)
        if told := closed_sentence(discovery.scenes, settings):
            monitor.emit(Note(Level.WARNING, told))
    if params.clear_sky and discovery.scenes:
        part = PartMonitor(monitor, share, 1.0)
        looked = look_at_sky(discovery.scenes, params.area, part, Access(settings))
        discovery = replace(discovery, scenes=tuple(looked))
    return discovery.sorted(params.sort)


def search_period(
    start: Moment | None,
    end: Moment | None,
    sensor: Sensor | None,
    event: EventType | None,
    monitor: Monitor,
) -> tuple[datetime, datetime]:
    """First and last moment of a search.

    They may be left out of a sensor without dates, and where an event is named: then the last day
    is today, the first one as long before it as scenes show the event's usual state. The monitor
    is told.

    Raises
    ------
    InputError
        If one is missing otherwise.
    """
    missing = [name for name, moment in (("start", start), ("end", end)) if moment is None]
    last = end.last if end else datetime.now(timezone.utc).replace(microsecond=0)
    if not missing or (sensor is not None and not sensor.dated):
        return (start.first if start else EARLIEST), last
    if event is None:
        raise InputError(
            "The search cannot start",
            f"{' and '.join(missing)} not given",
            "Give the first and the last day, or the ‘event’, for the days up to now.",
        )
    first = start.first if start else last - timedelta(days=event.days_before)
    days = f"{format_time(first)[:10]} to {format_time(last)[:10]}"
    text = f"{' and '.join(missing)} not given: scenes of {days} are searched"
    monitor.emit(Note(Level.WARNING, text))
    return first, last


def run_discover(params: DiscoverParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Search, and write the footprints where they are wanted."""
    return scenes_result(discover(params, settings, monitor), params.scenes)


DISCOVER = Operation(
    name="discover",
    title="Find scenes",
    group="Scenes",
    summary="Searches a STAC catalogue for scenes over an area, and says which bands each offers.",
    params=DiscoverParams,
    run=run_discover,
    outputs=(Output("count", "Number of scenes", OutputKind.NUMBER),),
)
