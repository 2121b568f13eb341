"""Bring scenes to the disk: bands → files → stack → validation → (if wanted) indices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..algorithms.indices import index_kernel, index_names
from ..algorithms.indices import missing_bands as missing_bands
from ..discovery.access import Access
from ..discovery.band_config import Sensor
from ..discovery.catalogs import Catalog
from ..discovery.events import EventType
from ..discovery.linked.scene_factors import read_scenes
from ..enums import Clouds, DownloadWindow, SceneStatus, StackFormat, Status
from ..errors import (
    AlgorithmError,
    Cancelled,
    DiskFullError,
    FirstLightError,
    IngestionError,
    InputError,
    known,
    odd_data,
)
from ..identity.plausible import is_about_values
from ..identity.undeclared import is_about_fills
from ..maps.index import IndexParams, compute_index
from ..moment import Moment
from ..monitor import Level, Monitor, Note, PartMonitor, Progress
from ..operation import LayerOutput, Operation, OperationResult, Output, OutputKind
from ..params import Kind, param
from ..recipes.params import clouds_param
from ..scenes.band_tasks import BandTask as BandTask
from ..scenes.band_tasks import load_band_tasks as load_band_tasks
from ..scenes.bands import check_bands, wanted_bands
from ..scenes.bands import estimate_area_bytes as estimate_area_bytes
from ..scenes.find import SceneOrder, SceneQuery, find_scenes, openable_scenes
from ..scenes.ingest import ingest_scene
from ..scenes.request import SceneRequest, SceneResult
from ..settings import Settings
from ..stack.band_stack import MODE_LABELS, MODES
from ..text import joined, shown
from ..types import Aoi, SceneItem, format_time
from .discover import search_period
from .search_params import (
    AREA_HELP,
    catalog_param,
    collection_param,
    event_param,
    limit_param,
    max_cloud_param,
    sensor_param,
)

SEARCH_SHARE = 0.05
"""Share of the progress bar where searching ends."""
SCENE_SHARE = 0.8
"""Share of a scene's part of it where the stack is there; the rest is its indices."""


@dataclass(frozen=True, kw_only=True)
class IngestParams:
    """Scenes, bands and folder."""

    items: Path | None = param(
        None,
        kind=Kind.FILE_IN,
        title="Scenes",
        help="The scenes of a search (JSON or GeoJSON); then area and dates are not needed.",
    )
    area: Aoi | None = param(None, kind=Kind.AREA, title="Area", help=AREA_HELP)
    start: Moment | None = param(
        None,
        kind=Kind.DATE,
        title="From",
        help="First day, UTC: 2024-05-01; not needed with an event.",
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
    bands: tuple[str, ...] = param(
        (),
        kind=Kind.BANDS,
        title="Bands",
        help="Comma-separated: blue,nir; empty: the sensor's default bands.",
    )
    index: tuple[str, ...] = param(
        (),
        kind=Kind.CHOICES,
        title="Indices",
        choices=index_names,
        help="Computed from each valid stack: NDVI,NBR; none given: the event's.",
    )
    clouds: Clouds = clouds_param(
        "Of the indices: mask: cloud and shadow of the scene's mask band have no data; keep: "
        "they have a value; auto: mask where the band is fetched."
    )
    parallel_downloads: int | None = param(
        None,
        kind=Kind.INTEGER,
        title="Bands at once",
        help="4 if not given.",
        minimum=1,
        maximum=32,
        advanced=True,
    )
    output_format: StackFormat | None = param(
        None,
        kind=Kind.CHOICE,
        title="Stack format",
        choices=tuple(StackFormat),
        labels={
            StackFormat.VRT: "VRT that points at the bands",
            StackFormat.GEOTIFF: "One GeoTIFF",
        },
        help="vrt points at the band files; geotiff copies them into one file.",
        advanced=True,
    )
    mode: str = param(
        MODES[0],
        kind=Kind.CHOICE,
        title="Pixel sizes",
        choices=MODES,
        labels=MODE_LABELS,
        help="resample: all bands on the finest ones' grid; preserve: a stack for each pixel size; "
        "intersect: as resample, cropped to what all bands have in common.",
        advanced=True,
    )
    window: DownloadWindow | None = param(
        None,
        kind=Kind.CHOICE,
        title="What to fetch",
        choices=tuple(DownloadWindow),
        labels={DownloadWindow.AOI: "Only the area", DownloadWindow.FULL: "Whole bands"},
        help="aoi: only the part of each band under the area (where an area is given); full: "
        "whole bands.",
    )
    visualization_only: bool = param(
        False,
        kind=Kind.FLAG,
        title="Picture only",
        help="Only the true-colour picture, for the eye; no analysis.",
        advanced=True,
    )
    skip_validation: bool = param(
        False,
        kind=Kind.FLAG,
        title="Skip validation",
        help="In an emergency: stacks are not checked.",
        advanced=True,
    )
    legacy_download: bool = param(
        False,
        kind=Kind.FLAG,
        title="Single file",
        help="The item's one file, as before single bands.",
        advanced=True,
    )
    output: Path = param(
        kind=Kind.FOLDER_OUT, title="Folder", help="A sub-folder is made for each scene."
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
    if params.window == DownloadWindow.AOI and params.area is None:
        raise InputError(
            "Ingest cannot start",
            "only the area is to be fetched, and no area is given",
            "Give the area.",
        )
    check_bands(settings.bands, params.sensor)
    left_out: list[str] = []

    def leave_out(sentence: str) -> None:
        left_out.append(sentence)
        monitor.emit(Note(Level.WARNING, sentence))

    scenes = _scenes(params, settings, PartMonitor(monitor, 0.0, SEARCH_SHARE), leave_out)
    access = Access(settings)
    results: list[SceneResult] = []
    layers: list[LayerOutput] = []
    for number, scene in enumerate(scenes):
        if monitor.cancelled():
            raise Cancelled("Ingest")
        begin, end = (
            SEARCH_SHARE + (1 - SEARCH_SHARE) * (number + step) / len(scenes) for step in (0, 1)
        )
        part = PartMonitor(monitor, begin, end)
        part.emit(Progress(0.0, f"Scene {number + 1} of {len(scenes)}: {scene.id}"))
        request = SceneRequest(
            scene,
            wanted_bands(scene, settings, params.event),
            params.output,
            params.area,
            whole_bands=settings.window == DownloadWindow.FULL,
            visual_only=params.visualization_only,
            single_file=params.legacy_download,
            check=not params.skip_validation,
            mode=params.mode,
        )
        result, scene_layers = _ingest(request, params, settings, part, access)
        results.append(result)
        layers += scene_layers
    stacks = [
        str(path)
        for result in sorted(results, key=lambda one: one.scene.datetime)
        if result.status != SceneStatus.FAILED
        for path in result.paths
    ]
    return OperationResult(
        data=[result.to_dict() for result in results],
        text="\n".join(_line(result) for result in results),
        status=_status(results, bool(left_out)),
        layers=tuple(layers),
        outputs={
            "stacks": ";".join(stacks),
            "stack": stacks[0] if stacks else None,
            "last_stack": stacks[-1] if stacks else None,
            "count": len(stacks),
        },
        value=tuple(results),
        warnings=tuple(dict.fromkeys(text for result in results for text in result.warnings)),
    )


def _status(results: Sequence[SceneResult], others_left_out: bool) -> Status:
    states = {result.status for result in results}
    if states <= {SceneStatus.FAILED}:
        return Status.FAILED
    done = states == {SceneStatus.COMPLETED} and not others_left_out
    return Status.DONE if done else Status.PARTIAL


def _scenes(
    params: IngestParams, settings: Settings, monitor: Monitor, leave_out: Callable[[str], None]
) -> Sequence[SceneItem]:
    if params.scenes:
        return params.scenes
    if params.items is not None:
        return read_scenes(params.items, settings, monitor, leave_out)
    dated = params.event is None and (params.sensor is None or params.sensor.dated)
    needed = ("area", "start", "end") if dated else ("area",)
    missing = [name for name in needed if getattr(params, name) is None]
    if missing or params.area is None:
        raise InputError(
            "Ingest cannot start",
            f"{', '.join(missing)} not given",
            "Give ‘ingest.items’, or ‘ingest.area’, ‘ingest.start’ and ‘ingest.end’.",
        )
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
    found = find_scenes(query, settings, monitor).sorted(SceneOrder.DATE).scenes
    return openable_scenes(found, settings, monitor)


def wanted_indices(params: IngestParams, bands: Sequence[str]) -> Sequence[str]:
    """Indices that are asked for, else those worth computing for the event, as far as the bands
    allow (radar allows none).
    """
    if params.index or params.event is None:
        return params.index

    def possible(name: str) -> bool:
        try:
            index_kernel(name, bands)
        except AlgorithmError:
            return False
        return True

    return [name for name in params.event.algorithms if possible(name)]


def _ingest(
    request: SceneRequest,
    params: IngestParams,
    settings: Settings,
    monitor: Monitor,
    access: Access,
) -> tuple[SceneResult, list[LayerOutput]]:
    """One scene, with its indices and its layers for the map."""
    indices = wanted_indices(params, request.bands)
    share = SCENE_SHARE if indices else 1.0
    try:
        with odd_data(f"Scene {request.scene.id} cannot be ingested", IngestionError):
            result = ingest_scene(request, settings, PartMonitor(monitor, 0.0, share), access)
    except (Cancelled, DiskFullError, InputError):
        raise  # the next scene would meet the same
    except FirstLightError as error:
        result = SceneResult(request.scene, SceneStatus.FAILED, error=str(error))
    if result.status == SceneStatus.FAILED:
        monitor.emit(Note(Level.ERROR, result.error))
        return result, []
    if result.stack is None:
        return result, [_picture_layer(result)]
    part = PartMonitor(monitor, share, 1.0)
    result, layers = _add_indices(result, indices, params.clouds, settings, part)
    return result, [*_stack_layers(result), *layers]


def _picture_layer(result: SceneResult) -> LayerOutput:
    scene = result.scene
    return LayerOutput(
        known(result.path, "only a failed scene has no file"),
        f"Picture {format_time(scene.datetime)[:10]}",
        "picture",
        scene.id,
        scene.datetime,
        f"{scene.id}: for the eye only.",
    )


def _stack_layers(result: SceneResult) -> list[LayerOutput]:
    whole = known(result.stack, "a picture has a layer of its own")
    scene = result.scene
    title = f"Bands {format_time(scene.datetime)[:10]}"
    layers = []
    for stack in (whole, *whole.companions):
        names = ", ".join(band.name for band in stack.bands)
        size = f", {max(stack.grid.resolution):g} m" if whole.companions else ""
        layers.append(
            LayerOutput(
                path=stack.path,
                title=f"{title}{size}",
                style="natural_color",
                group=scene.id,
                acquired=scene.datetime,
                abstract=f"{scene.id}: bands {names}. "
                + " ".join(f"{note}." for note in scene.notes),
                visible=stack is whole,
            )
        )
    return layers


def _add_indices(
    result: SceneResult,
    indices: Sequence[str],
    clouds: Clouds,
    settings: Settings,
    monitor: Monitor,
) -> tuple[SceneResult, list[LayerOutput]]:
    """Compute indices of a scene's stack; one that fails is named, and leaves the scene partial."""
    stack = known(result.stack, "indices are computed of a stack").path
    warnings, outputs = list(result.warnings), {}
    layers: list[LayerOutput] = []
    for number, name in enumerate(indices):
        part = PartMonitor(monitor, number / len(indices), (number + 1) / len(indices))
        output = stack.with_name(f"{stack.stem.removesuffix('_stack')}_{name.lower()}.tif")
        try:
            with odd_data(f"{name} of {stack} cannot be computed", AlgorithmError):
                index, layer = compute_index(
                    IndexParams(name=name, stack=stack, output=output, clouds=clouds),
                    settings,
                    part,
                )
        except Cancelled:
            raise
        except FirstLightError as error:
            warnings.append(str(error))
            monitor.emit(Note(Level.WARNING, str(error)))
            continue
        outputs[name] = output
        # Of the values of the same stack the validator, or the stacking, has told.
        warnings += [
            text for text in index.warnings if not (is_about_values(text) or is_about_fills(text))
        ]
        layers.append(layer)
    status = SceneStatus.PARTIAL if len(outputs) < len(indices) else result.status
    return replace(result, status=status, warnings=tuple(warnings), outputs=outputs), layers


def _line(result: SceneResult) -> str:
    if result.status == SceneStatus.FAILED:
        return shown(f"{result.scene.id}: failed. {result.error}")
    amount = f"{len(result.files)} bands" if result.stack else "one file"
    lines = [f"{result.scene.id}: {result.status}, {amount}, {result.path}"]
    lines += [f"  {name}: {path}" for name, path in result.outputs.items()]
    return joined(lines + [f"  warning: {text}" for text in result.warnings])


INGEST = Operation(
    name="ingest",
    title="Ingest scenes",
    group="Scenes",
    summary="Downloads single bands in parallel, stacks them and validates each stack. "
    "Computes indices if wanted.",
    params=IngestParams,
    run=run_ingest,
    outputs=(
        Output("stacks", "Stacks in the order of their dates, separated by ;"),
        Output("stack", "First stack", OutputKind.STACK),
        Output("last_stack", "Last stack", OutputKind.STACK),
        Output("count", "Number of stacks", OutputKind.NUMBER),
    ),
)
