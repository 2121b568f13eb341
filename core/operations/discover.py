"""Find scenes: area + dates + sensor → the scenes a catalogue offers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from ..discovery.area import parse_area
from ..discovery.band_config import get_sensor, sensor_names
from ..discovery.catalogs import catalog_names, get_catalog
from ..discovery.events import event_names, get_event
from ..discovery.items_file import footprints_geojson
from ..discovery.stac_client import parse_time, search_scenes
from ..errors import InputError, NoScenesError
from ..monitor import Monitor, PartMonitor
from ..settings import Settings
from ..types import SceneItem, SearchQuery, format_time
from .base import LayerOutput, Operation, OperationResult, Output, param


@dataclass(frozen=True, kw_only=True)
class DiscoverParams:
    """What to look for, and where."""

    area: str = param(kind="area", title="Area", help="A vector file, WKT, or west,south,east,north in degrees.")
    start: str = param(kind="date", title="From", help="First day, UTC: 2024-05-01.")
    end: str = param(kind="date", title="To", help="Last day, UTC, included.")
    sensor: str | None = param(
        None,
        kind="choice",
        title="Sensor",
        choices=sensor_names,
        help="Which satellite; if not given, the event's sensors, else Sentinel-2.",
    )
    catalog: str = param(
        "earth-search",
        kind="catalog",
        title="Catalogue",
        choices=catalog_names,
        help="A known catalogue, or the URL of any STAC API.",
    )
    event: str | None = param(
        None, kind="choice", title="Event", choices=event_names, help="Picks sensors for it: flood.coastal.", advanced=True
    )
    max_cloud: float | None = param(
        None, kind="number", title="Most cloud (%)", help="Of the whole scene.", minimum=0, maximum=100
    )
    limit: int = param(50, kind="integer", title="Most scenes", help="Per sensor.", minimum=1, maximum=10000)
    scenes: Path | None = param(
        None,
        kind="vector_out",
        title="Scenes",
        help="Write the footprints, with all that ingest needs, to this GeoJSON file.",
        suffix=".geojson",
    )


def find_scenes(params: DiscoverParams, settings: Settings, monitor: Monitor) -> tuple[SceneItem, ...]:
    """Search for each sensor that is wanted; primary sensors first.

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
    start, end = _moment(params.start, "start"), _moment(params.end, "end")
    event = get_event(params.event) if params.event else None
    sensors = _sensors(params, event.primary + event.secondary if event else ("sentinel2",))
    catalog = get_catalog(params.catalog)
    skipped = [name for name in sensors if name not in catalog.collections]
    sensors = [name for name in sensors if name in catalog.collections] or sensors  # none left: let the search say so
    found: list[SceneItem] = []
    for place, sensor in enumerate(sensors):
        query = SearchQuery(aoi, start, end, sensor, params.catalog, params.max_cloud, params.limit)
        part = PartMonitor(monitor, place / len(sensors), (place + 1) / len(sensors))
        priority = event.priority(sensor) if event else "primary"
        found += [replace(scene, priority=priority) for scene in search_scenes(query, settings, part)]
    if not found:
        names = " or ".join(get_sensor(name).title for name in sensors)
        days = f"{format_time(start)[:10]} to {format_time(end)[:10]}"
        cloud = f" with at most {params.max_cloud:g} % cloud" if params.max_cloud is not None else ""
        also = f" ({catalog.title} has no {', '.join(skipped)}.)" if skipped else ""
        raise NoScenesError(
            f"No scenes found in {catalog.title}",
            f"nothing of {names} covers the area from {days}{cloud}",
            f"Widen the dates, allow more cloud, or try another sensor or catalogue.{also}",
        )
    return tuple(found)


def _sensors(params: DiscoverParams, usual: Sequence[str]) -> list[str]:
    return [get_sensor(params.sensor).name] if params.sensor else list(usual)


def _moment(text: str, name: str) -> datetime:
    try:
        return parse_time(text, end_of_day=name == "end")
    except ValueError:
        raise InputError(f"The {name} date '{text}' cannot be used", "it is no ISO date", "Write it like 2024-05-01.") from None


def run_discover(params: DiscoverParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Search, and write the footprints where they are wanted."""
    scenes = find_scenes(params, settings, monitor)
    layers: tuple[LayerOutput, ...] = ()
    if params.scenes is not None:
        _write_footprints(params.scenes, scenes)
        layers = (LayerOutput(params.scenes, "Scenes", "footprints", "Scenes", abstract="Footprints of the scenes found"),)
    return OperationResult(
        data=[scene.to_dict() for scene in scenes],
        text="\n".join(_line(scene) for scene in scenes),
        layers=layers,
        outputs={"count": len(scenes)},
        value=scenes,
    )


def _write_footprints(path: Path, scenes: Sequence[SceneItem]) -> None:
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_text(json.dumps(footprints_geojson(scenes)), encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise InputError(
            f"The scenes cannot be written to {path}", error.strerror or str(error), "Choose another file."
        ) from error


def _line(scene: SceneItem) -> str:
    cloud = "cloud unknown" if scene.cloud_percent is None else f"{scene.cloud_percent:.0f} % cloud"
    missing = f", lacks {', '.join(scene.missing_bands)}" if scene.missing_bands else ""
    return f"{format_time(scene.datetime)}  {scene.sensor:<9}  {cloud:<13}  {scene.size_bytes / 1e6:7.1f} MB  {scene.id}{missing}"


DISCOVER = Operation(
    name="discover",
    title="Find scenes",
    group="Scenes",
    summary="Searches a STAC catalogue for scenes over an area, and tells which bands each of them offers.",
    params=DiscoverParams,
    run=run_discover,
    outputs=(Output("count", "Number of scenes", "number"),),
)
