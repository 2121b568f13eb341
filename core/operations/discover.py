"""Find scenes: area + dates + sensor → the scenes a catalogue offers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from ..discovery.access import Access
from ..discovery.area import parse_area
from ..discovery.band_config import get_sensor
from ..discovery.catalogs import get_catalog
from ..discovery.clear_sky import look_at_sky
from ..discovery.events import EventType, get_event
from ..discovery.items_file import footprints_geojson
from ..discovery.stac_client import SceneSearch
from ..enums import Priority
from ..errors import DiscoveryError, InputError, NoScenesError
from ..files.atomic import WriteFailure, write_whole
from ..monitor import Level, Monitor, Note, PartMonitor
from ..operation import LayerOutput, Operation, OperationResult, Output
from ..params import param
from ..settings import Settings
from ..types import Aoi, SceneItem, SearchQuery, format_time, read_moment
from .search_params import (
    AREA_HELP,
    catalog_param,
    collection_param,
    event_param,
    limit_param,
    max_cloud_param,
    sensor_param,
)


@dataclass(frozen=True, kw_only=True)
class DiscoverParams:
    """What to look for, and where."""

    area: str = param(kind="area", title="Area", help=AREA_HELP)
    start: str | None = param(
        None, kind="date", title="From", help="First day, UTC: 2024-05-01; not of a height model."
    )
    end: str | None = param(
        None, kind="date", title="To", help="Last day, UTC, included; not of a height model."
    )
    sensor: str | None = sensor_param()
    catalog: str = catalog_param()
    event: str | None = event_param()
    max_cloud: float | None = max_cloud_param()
    collection: str | None = collection_param()
    limit: int = limit_param()
    sort: str = param(
        "date",
        kind="choice",
        title="Sort by",
        choices=("date", "cloud", "coverage"),
        help="The best first.",
    )
    clear_sky: bool = param(
        False,
        kind="flag",
        title="Look at the sky over the area",
        help="Reads a small picture of each scene's cloud mask: the clear share of the area, "
        "not of the whole scene.",
    )
    scenes: Path | None = param(
        None,
        kind="vector_out",
        title="Scenes",
        help="GeoJSON file to write them to, with all that a later run needs.",
        suffix=".geojson",
    )
    searches: tuple[SceneSearch, ...] = ()
    """For callers in Python: searches of an earlier discovery, to go on with."""


@dataclass(frozen=True)
class Discovery:
    """What was found, and the searches that can give more."""

    scenes: tuple[SceneItem, ...]
    aoi: Aoi
    searches: tuple[SceneSearch, ...]

    @property
    def has_more(self) -> bool:
        """Whether asking again may give more."""
        return any(search.has_more for search in self.searches)


def find_scenes(
    params: DiscoverParams, settings: Settings, monitor: Monitor, access: Access | None = None
) -> Discovery:
    """Search for each sensor that is wanted, primary sensors first; look at the sky if wanted;
    sort.

    Raises
    ------
    InputError
        For an unusable area, date, sensor or catalogue.
    NoScenesError
        If nothing was found.
    DiscoveryError
        If the catalogue cannot be searched.
    """
    aoi = parse_area(params.area)
    event = get_event(params.event) if params.event else None
    start, end = _span(params)
    searches = params.searches or _searches(params, aoi, start, end, event, settings)
    share = 0.5 if params.clear_sky else 1.0
    found: list[SceneItem] = []
    failures: list[DiscoveryError] = []
    for place, search in enumerate(searches):
        part = PartMonitor(
            monitor, share * place / len(searches), share * (place + 1) / len(searches)
        )
        priority = event.priority(search.query.sensor) if event else Priority.PRIMARY
        try:
            found += [replace(scene, priority=priority) for scene in search.next(part)]
        except DiscoveryError as error:
            failures.append(error)
    if failures and not found:
        raise failures[0]
    for failure in failures:  # one sensor's scenes are worth having without the other's
        monitor.emit(Note(Level.WARNING, f"The list is not complete. {failure}"))
    if not found and not params.searches:
        raise _nothing_found(params, searches, start, end)
    if params.clear_sky and found:
        found = look_at_sky(
            found, aoi, PartMonitor(monitor, share, 1.0), access or Access(settings)
        )
    return Discovery(tuple(sorted(found, key=SORT_KEYS[params.sort])), aoi, tuple(searches))


def _span(params: DiscoverParams) -> tuple[datetime, datetime]:
    """First and last moment; of a sensor without dates they may be left out."""
    dated = params.sensor is None or get_sensor(params.sensor).dated
    missing = [name for name in ("start", "end") if getattr(params, name) is None]
    if missing and dated:
        raise InputError(
            "The search cannot start",
            f"{' and '.join(missing)} not given",
            "Give the first and the last day.",
        )
    return read_moment(params.start or "1970-01-01", "start"), read_moment(
        params.end or format_time(datetime.now(timezone.utc)), "end"
    )


def _searches(
    params: DiscoverParams,
    aoi: Aoi,
    start: datetime,
    end: datetime,
    event: EventType | None,
    settings: Settings,
) -> list[SceneSearch]:
    sensors = list(event.primary + event.secondary) if event else ["sentinel2"]
    if params.sensor:
        sensors = [get_sensor(params.sensor).name]
    catalog = get_catalog(params.catalog)
    offered = [
        name for name in sensors if name in catalog.collections
    ] or sensors  # none: the search says so
    return [
        SceneSearch(
            SearchQuery(
                aoi,
                start,
                end,
                name,
                params.catalog,
                params.max_cloud,
                params.limit,
                params.collection,
            ),
            settings,
        )
        for name in offered
    ]


def _nothing_found(
    params: DiscoverParams, searches: Sequence[SceneSearch], start: datetime, end: datetime
) -> NoScenesError:
    names = " or ".join(get_sensor(search.query.sensor).title for search in searches)
    days = f"{format_time(start)[:10]} to {format_time(end)[:10]}"
    cloud = f" with at most {params.max_cloud:g} % cloud" if params.max_cloud is not None else ""
    return NoScenesError(
        f"No scenes found in {get_catalog(params.catalog).title}",
        f"nothing of {names} covers the area from {days}{cloud}",
        "Widen the dates, allow more cloud, or try another sensor or catalogue.",
    )


def _newest(scene: SceneItem) -> float:
    return -scene.datetime.timestamp()


def _clearest(scene: SceneItem) -> float:
    if scene.clear_percent is not None:
        return -scene.clear_percent
    return scene.cloud_percent - 100 if scene.cloud_percent is not None else 1.0


SORT_KEYS: dict[str, Callable[[SceneItem], tuple[object, ...]]] = {
    "date": lambda scene: (_newest(scene), scene.id),
    "cloud": lambda scene: (_clearest(scene), _newest(scene), scene.id),
    "coverage": lambda scene: (-(scene.coverage_percent or 0.0), _newest(scene), scene.id),
}
"""Order of the list: newest, clearest (by the masks where looked at, else by the catalogue), best
covering.
"""


def run_discover(params: DiscoverParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Search, and write the footprints where they are wanted."""
    return scenes_result(find_scenes(params, settings, monitor), params.scenes)


def scenes_result(found: Discovery, footprints: Path | None) -> OperationResult:
    """Scenes as every door wants them."""
    layers: tuple[LayerOutput, ...] = ()
    if footprints is not None:
        _write_footprints(footprints, found.scenes)
        layers = (
            LayerOutput(
                footprints,
                "Scenes",
                "footprints",
                "Scenes",
                abstract="Footprints of the scenes found",
            ),
        )
    return OperationResult(
        data=lambda: [scene.to_dict() for scene in found.scenes],
        text="\n".join(_line(scene) for scene in found.scenes),
        layers=layers,
        outputs={"count": len(found.scenes)},
        value=found,
    )


def _write_footprints(path: Path, scenes: Sequence[SceneItem]) -> None:
    failure = WriteFailure(
        f"The scenes cannot be written to {path}", "Choose another file.", InputError
    )
    write_whole(path, json.dumps(footprints_geojson(scenes)), failure)


def _line(scene: SceneItem) -> str:
    cloud = "cloud unknown" if scene.cloud_percent is None else f"{scene.cloud_percent:.0f} % cloud"
    if scene.clear_percent is not None:
        cloud = f"{scene.clear_percent:.0f} % clear"
    missing = f", lacks {', '.join(scene.missing_bands)}" if scene.missing_bands else ""
    return (
        f"{format_time(scene.datetime)}  {scene.sensor:<9}  {cloud:<13}  "
        f"{scene.size_bytes / 1e6:7.1f} MB  {scene.id}{missing}"
    )


DISCOVER = Operation(
    name="discover",
    title="Find scenes",
    group="Scenes",
    summary="Searches a STAC catalogue for scenes over an area, and tells which bands each of "
    "them offers.",
    params=DiscoverParams,
    run=run_discover,
    outputs=(Output("count", "Number of scenes", "number"),),
)
