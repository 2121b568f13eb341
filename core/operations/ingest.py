"""Bring scenes to the disk: bands → files → stack → validation → (if wanted) indices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..algorithms.indices import index_kernel, index_names
from ..discovery.access import Access
from ..discovery.area import parse_area
from ..discovery.band_config import get_sensor, load_sensors
from ..discovery.events import EventType, get_event
from ..discovery.items_file import read_items
from ..enums import DownloadWindow, SceneStatus, StackFormat, Status
from ..errors import AlgorithmError, Cancelled, DiskFullError, FirstLightError, InputError
from ..maps.index import IndexParams, compute_index
from ..monitor import Level, Monitor, Note, PartMonitor, Progress
from ..operation import LayerOutput, Operation, OperationResult, Output
from ..params import param
from ..scenes.ingest import SceneRequest, SceneResult, ingest_scene
from ..settings import Settings
from ..types import Aoi, SceneItem, format_time
from .discover import DiscoverParams, find_scenes
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
class IngestParams:
    """Which scenes, which bands, and where to put them."""

    items: Path | None = param(
        None,
        kind="file_in",
        title="Scenes",
        help="The scenes of a search (JSON or GeoJSON); then area and dates are not needed.",
    )
    area: str | None = param(None, kind="area", title="Area", help=AREA_HELP)
    start: str | None = param(None, kind="date", title="From", help="First day, UTC: 2024-05-01.")
    end: str | None = param(None, kind="date", title="To", help="Last day, UTC, included.")
    sensor: str | None = sensor_param()
    catalog: str = catalog_param()
    event: str | None = event_param()
    max_cloud: float | None = max_cloud_param()
    collection: str | None = collection_param()
    limit: int = limit_param()
    bands: tuple[str, ...] = param(
        (),
        kind="bands",
        title="Bands",
        help="Comma-separated: blue,nir; empty: the sensor's default bands.",
    )
    index: tuple[str, ...] = param(
        (),
        kind="choices",
        title="Indices",
        choices=index_names,
        help="Computed from each valid stack: NDVI,NBR; none given: the event's.",
    )
    parallel_downloads: int | None = param(
        None,
        kind="integer",
        title="Bands at once",
        help="4 if not given.",
        minimum=1,
        maximum=32,
        advanced=True,
    )
    output_format: str | None = param(
        None,
        kind="choice",
        title="Stack format",
        choices=tuple(StackFormat),
        help="vrt points at the band files; geotiff copies them into one file.",
        advanced=True,
    )
    window: str | None = param(
        None,
        kind="choice",
        title="What to fetch",
        choices=tuple(DownloadWindow),
        help="aoi: only the part of each band under the area (where an area is given); full: "
        "whole bands.",
    )
    visualization_only: bool = param(
        False,
        kind="flag",
        title="Picture only",
        help="Only the true-colour picture, for the eye; no analysis.",
        advanced=True,
    )
    skip_validation: bool = param(
        False,
        kind="flag",
        title="Skip validation",
        help="In an emergency: stacks are not checked.",
        advanced=True,
    )
    legacy_download: bool = param(
        False,
        kind="flag",
        title="Single file",
        help="The item's one file, as before single bands.",
        advanced=True,
    )
    output: Path = param(
        kind="folder_out", title="Folder", help="A sub-folder is made for each scene."
    )
    scenes: tuple[SceneItem, ...] = ()
    """For callers in Python: the scenes themselves, instead of ``items`` or a search."""


def run_ingest(params: IngestParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Ingest scene after scene; one that fails does not stop the others."""
    settings = settings.override(
        bands=params.bands,
        parallel_downloads=params.parallel_downloads,
        default_format=params.output_format,
        window=params.window,
    )
    area = _area(params)
    _check_bands(params, settings)
    scenes = _scenes(params, settings, PartMonitor(monitor, 0.0, 0.05))
    event = get_event(params.event) if params.event else None
    access = Access(settings)
    results: list[SceneResult] = []
    layers: list[LayerOutput] = []
    for place, scene in enumerate(scenes):
        start, end = (0.05 + 0.95 * (place + step) / len(scenes) for step in (0, 1))
        part = PartMonitor(monitor, start, end)
        part.emit(Progress(0.0, f"Scene {place + 1} of {len(scenes)}: {scene.id}"))
        request = SceneRequest(
            scene,
            wanted_bands(scene, settings, event),
            params.output,
            area,
            whole_bands=settings.window == DownloadWindow.FULL,
            visual_only=params.visualization_only,
            single_file=params.legacy_download,
            check=not params.skip_validation,
        )
        result, shown = _ingest_one(request, params, settings, part, access, event)
        results.append(result)
        layers += shown
    failed = [result for result in results if result.status == SceneStatus.FAILED]
    partial = [result for result in results if result.status == SceneStatus.PARTIAL]
    status = Status.PARTIAL if failed or partial else Status.DONE
    if len(failed) == len(results):
        status = Status.FAILED
    stacks = [
        str(result.path)
        for result in results
        if result.path is not None and result.status != SceneStatus.FAILED
    ]
    return OperationResult(
        data=[result.to_dict() for result in results],
        text="\n".join(_line(result) for result in results),
        status=status,
        layers=tuple(layers),
        outputs={
            "stacks": ";".join(stacks),
            "stack": stacks[0] if stacks else None,
            "count": len(stacks),
        },
        value=tuple(results),
    )


def _scenes(params: IngestParams, settings: Settings, monitor: Monitor) -> Sequence[SceneItem]:
    if params.scenes:
        return params.scenes
    if params.items is not None:
        return read_items(params.items)
    dated = params.sensor is None or get_sensor(params.sensor).dated
    missing = [
        name
        for name in ("area", *(("start", "end") if dated else ()))
        if getattr(params, name) is None
    ]
    if missing:
        raise InputError(
            "Ingest cannot start",
            f"{', '.join(missing)} not given",
            "Give ‘ingest.items’, or ‘ingest.area’, ‘ingest.start’ and ‘ingest.end’.",
        )
    query = DiscoverParams(
        area=str(params.area),
        start=params.start,
        end=params.end,
        sensor=params.sensor,
        catalog=params.catalog,
        event=params.event,
        max_cloud=params.max_cloud,
        collection=params.collection,
        limit=params.limit,
    )
    return find_scenes(query, settings, monitor).scenes


def _check_bands(params: IngestParams, settings: Settings) -> None:
    """Refuse a misspelt band before anything is asked of anybody."""
    known = {name for sensor in load_sensors().values() for name in sensor.bands}
    sensor = get_sensor(params.sensor) if params.sensor else get_sensor("sentinel2")
    if params.sensor or not set(settings.bands) <= known:
        sensor.pick(settings.bands)


TILE_PIXELS = 1024
"""Tiles of a COG are seldom larger; a window needs whole tiles."""


def estimate_area_bytes(scene: SceneItem, bands: Sequence[str], aoi: Aoi) -> int:
    """What the area of some bands will take, before the files' headers are known: whole tiles under
    and around it.
    """
    west, south, east, north = scene.bbox
    km_per_degree = 111.2
    narrow = math.cos(math.radians((south + north) / 2))
    sides = [
        ((east - west) % 360 * narrow * km_per_degree, 0),
        ((north - south) * km_per_degree, 1),
    ]
    total = 0.0
    for asset in (scene.bands[name] for name in bands if name in scene.bands):
        share = 1.0
        for side_km, axis in sides:
            area_km = sum(
                (box[2 + axis] - box[axis]) * km_per_degree * (1 if axis else narrow)
                for box in aoi.boxes[: 2 - axis]
            )
            tile_km = TILE_PIXELS * asset.resolution_m / 1000
            share *= min(1.0, (area_km + tile_km) / side_km) if side_km > 0 else 1.0
        total += share * (asset.size_bytes or asset.estimated_bytes)
    return round(total)


def wanted_bands(scene: SceneItem, settings: Settings, event: EventType | None) -> Sequence[str]:
    """What is asked for, else what the event needs beside the required bands, else the sensor's
    default bands.
    """
    sensor = get_sensor(scene.sensor)
    if settings.bands:
        own = [
            name for name in settings.bands if name in sensor.bands
        ]  # an event may mix radar and optical scenes
        return sensor.pick(own or settings.bands)
    if event is not None and scene.sensor in event.bands:
        wanted = sensor.pick([*sensor.required, *event.bands[scene.sensor]])
    else:
        wanted = sensor.pick(())
    if (
        scene.sensor == "sentinel1"
        and scene.bands
        and not any(name in scene.bands for name in wanted)
    ):
        return sensor.sort(
            scene.bands
        )  # over sea ice and the poles Sentinel-1 sends hh and hv instead of vv and vh
    return wanted


def wanted_indices(
    params: IngestParams, event: EventType | None, bands: Sequence[str]
) -> Sequence[str]:
    """What is asked for, else what is worth computing for the event, as far as the bands allow
    (radar allows none).
    """
    if params.index or event is None:
        return params.index

    def possible(name: str) -> bool:
        try:
            index_kernel(name, bands)
        except AlgorithmError:
            return False
        return True

    return [name for name in event.algorithms if possible(name)]


def _area(params: IngestParams) -> Aoi | None:
    if params.area is not None:
        return parse_area(params.area)
    if params.window == DownloadWindow.AOI:
        raise InputError(
            "Ingest cannot start",
            "only the area is to be fetched, and no area is given",
            "Give the area.",
        )
    return None


def _ingest_one(
    request: SceneRequest,
    params: IngestParams,
    settings: Settings,
    monitor: Monitor,
    access: Access,
    event: EventType | None,
) -> tuple[SceneResult, list[LayerOutput]]:
    scene = request.scene
    indices = wanted_indices(params, event, request.bands)
    share = 0.8 if indices else 1.0
    try:
        result = ingest_scene(request, settings, PartMonitor(monitor, 0.0, share), access)
    except (Cancelled, DiskFullError, InputError):
        raise  # the next scene would meet the same
    except FirstLightError as error:
        result = SceneResult(scene, SceneStatus.FAILED, error=str(error))
    if result.status == SceneStatus.FAILED:
        monitor.emit(Note(Level.ERROR, result.error))
        return result, []
    day = format_time(scene.datetime)[:10]
    if result.stack is None:
        assert result.path is not None  # for the type checker: only failed scenes have none
        picture = LayerOutput(
            result.path,
            f"Picture {day}",
            "picture",
            scene.id,
            scene.datetime,
            f"{scene.id}: for the eye only.",
        )
        return result, [picture]
    names = ", ".join(band.name for band in result.stack.bands)
    layers = [
        LayerOutput(
            path=result.stack.path,
            title=f"Bands {day}",
            style="natural_color",
            group=scene.id,
            acquired=scene.datetime,
            abstract=f"{scene.id}: bands {names}. " + " ".join(f"{note}." for note in scene.notes),
        )
    ]
    warnings, outputs = list(result.warnings), {}
    for place, name in enumerate(indices):
        step = (1 - share) / len(indices)
        part = PartMonitor(monitor, share + place * step, share + (place + 1) * step)
        output = result.stack.path.with_name(
            f"{result.stack.path.stem.removesuffix('_stack')}_{name.lower()}.tif"
        )
        try:
            made, layer = compute_index(
                IndexParams(name=name, stack=result.stack.path, output=output), settings, part
            )
        except Cancelled:
            raise
        except FirstLightError as error:
            warnings.append(str(error))
            monitor.emit(Note(Level.WARNING, str(error)))
            continue
        outputs[name] = output
        warnings += made.warnings
        layers.append(layer)
    incomplete = len(outputs) < len(indices)
    status = SceneStatus.PARTIAL if incomplete else result.status
    return replace(result, status=status, warnings=tuple(warnings), outputs=outputs), layers


def _line(result: SceneResult) -> str:
    if result.status == SceneStatus.FAILED:
        return f"{result.scene.id}: failed. {result.error}"
    amount = f"{len(result.files)} bands" if result.stack else "one file"
    lines = [f"{result.scene.id}: {result.status}, {amount}, {result.path}"]
    lines += [f"  {name}: {path}" for name, path in result.outputs.items()]
    return "\n".join(lines + [f"  warning: {text}" for text in result.warnings])


INGEST = Operation(
    name="ingest",
    title="Ingest scenes",
    group="Scenes",
    summary="Downloads single bands in parallel, stacks them and validates each stack; computes "
    "indices if wanted.",
    params=IngestParams,
    run=run_ingest,
    outputs=(
        Output("stacks", "Stacks, separated by ;"),
        Output("stack", "First stack", "raster"),
        Output("count", "Number of stacks", "number"),
    ),
)
