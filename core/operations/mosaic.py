"""Put many scenes together over an area, straight from where they lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..algorithms.bands import bands_kernel
from ..algorithms.indices import index_kernel, index_names
from ..algorithms.kernel import Kernel
from ..discovery.linked.scene_factors import read_scenes
from ..enums import Clouds, Layout, Status, StrEnum
from ..errors import InputError, SceneReadError
from ..execution.apply import apply_layers
from ..execution.layer_statistics import LayerStatistics
from ..execution.layout import in_chunks
from ..monitor import EventQueue, Level, Monitor, Note, PartMonitor
from ..mosaic.plan import ORDERS, RULES, MosaicRequest, PlannedMosaic, make_plan
from ..mosaic.reader import MosaicReader
from ..mosaic.scene_plan import MosaicPlan
from ..mosaic.vrt import write_vrt
from ..operation import LayerOutput, Operation, OperationResult, Output, OutputKind
from ..params import Kind, param
from ..products.chunk_collection import write_chunk_collection
from ..raster.cloud_mask import MASK_BANDS
from ..recipes.params import EngineParams, clouds_param
from ..settings import Settings
from ..text import joined
from ..types import AlgorithmResult, Aoi, SceneItem, parse_time
from ..workers import run_in_background
from .search_params import AREA_HELP, area_param


class OnError(StrEnum):
    """Treatment of scenes that cannot be read."""

    SKIP = "skip"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True)
class MosaicParams(EngineParams):
    """Scenes, area, and the rule by which one of them counts."""

    items: Path | None = param(
        None,
        kind=Kind.FILE_IN,
        title="Scenes",
        help="The scenes of a search (JSON or GeoJSON), or STAC items.",
    )
    area: Aoi = area_param(f"{AREA_HELP} The mosaic is the box around it.")
    bands: tuple[str, ...] = param(
        (),
        kind=Kind.BANDS,
        title="Bands",
        help="Comma-separated: red,nir; empty: the sensor's default bands.",
    )
    index: str | None = param(
        None,
        kind=Kind.CHOICE,
        title="Index",
        choices=index_names,
        help="Write this index of the mosaic, not its bands: NDVI; the bands it needs are taken.",
    )
    rule: str = param(
        "clear",
        kind=Kind.CHOICE,
        title="Rule",
        choices=RULES,
        labels={
            "first": "First scene",
            "last": "Last scene",
            "median": "Median of the scenes",
            "clear": "Clearest scene first",
        },
        help="The pixel where several scenes have data: of the first, of the last, their "
        "median, or of the clearest over the area, filled up from the next.",
    )
    clouds: Clouds = clouds_param(
        "mask: what the scene's mask calls cloud or shadow is left out; keep: it stays; "
        "auto: mask for median and clear."
    )
    order: str = param(
        "given",
        kind=Kind.CHOICE,
        title="Order",
        choices=ORDERS,
        labels={"given": "As given", "date": "By date"},
        help="For first and last: as given, or by date.",
        advanced=True,
    )
    crs: str | None = param(
        None,
        kind=Kind.TEXT,
        title="Coordinate system",
        help="EPSG:32632; if not given, that of the scenes that cover most of the area.",
        advanced=True,
    )
    resolution: float | None = param(
        None,
        kind=Kind.NUMBER,
        title="Resolution",
        help="Pixel size in the unit of the coordinate system; if not given, that of the finest "
        "band.",
        minimum=0,
        advanced=True,
    )
    on_error: OnError = param(
        OnError.SKIP,
        kind=Kind.CHOICE,
        title="Unreadable scenes",
        choices=tuple(OnError),
        labels={OnError.SKIP: "Leave them out", OnError.FAIL: "Stop"},
        help="skip: the others go on, with a warning; fail: stop.",
        advanced=True,
    )
    output: Path = param(
        kind=Kind.RASTER_OUT,
        title="Mosaic",
        help="The COG to write; or a .vrt that names the scenes' files where they lie, with "
        "nothing fetched "
        "(rules first and last, clouds kept, addresses without tokens).",
        suffix=".tif",
        also=(".vrt",),
    )
    scenes: tuple[SceneItem, ...] = ()
    """For callers in Python: the scenes themselves, instead of ``items``."""


def run_mosaic(params: MosaicParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Plan, write, and say what came out."""
    settings = params.engine_settings(settings)
    scenes = params.scenes
    if not scenes:
        if params.items is None:
            raise InputError(
                "The mosaic cannot be made",
                "no scenes are given",
                "Give the JSON or GeoJSON of ‘flight discover’.",
            )
        scenes = tuple(read_scenes(params.items, settings, monitor))
    if params.index and params.bands:
        raise InputError(
            "The mosaic cannot be made",
            "bands and an index are asked for at once",
            "Make one after the other.",
        )
    kernel = _index_kernel(params.index, scenes) if params.index else None
    request = MosaicRequest(
        scenes,
        params.area,
        tuple(kernel.bands.values()) if kernel else params.bands,
        params.rule,
        params.clouds,
        params.order,
        params.crs or "",
        params.resolution,
        params.on_error == OnError.SKIP,
    )
    return _write(request, kernel, params, settings, monitor)


def _index_kernel(name: str, scenes: tuple[SceneItem, ...]) -> Kernel:
    offered = dict.fromkeys(band for scene in scenes for band in scene.bands)
    return index_kernel(name, [band for band in offered if band not in MASK_BANDS])


def _write(
    request: MosaicRequest,
    kernel: Kernel | None,
    params: MosaicParams,
    settings: Settings,
    monitor: Monitor,
) -> OperationResult:
    """Write the mosaic; where a scene turns out to be unreadable, begin anew without it, if that is
    wanted.

    Anew, so that the result depends on the scenes that are in it and on nothing else.
    """
    output = params.output
    planned = make_plan(request, settings, PartMonitor(monitor, 0.0, 0.05))
    if kernel is not None:
        planned = planned.tagged(index=kernel.name, reference=kernel.reference)
    chunked = in_chunks(planned.plan.grid, settings)
    if output.suffix.lower() == ".vrt" and settings.layout != Layout.CHUNKS:
        if kernel is not None:
            raise InputError(
                f"{kernel.name} cannot be written to {output}",
                "a VRT computes nothing",
                "Write a .tif.",
            )
        write_vrt(planned.plan, output)
        written = _Written(output, planned.plan.band_names, "natural_color")
        return _result(request, planned, written)
    if chunked:
        output = output.with_suffix(".vrt")
    while True:
        part = PartMonitor(monitor, 0.05, 1.0)
        try:
            written = _compose(planned.plan, kernel, output, params.resume, settings, part)
        except SceneReadError as error:
            if not request.keep_going:
                raise
            why = f"Scene {error.scene_id} is left out. {error}"
            planned = planned.without(error.scene_id, why)
            monitor.emit(Note(Level.WARNING, why))
        else:
            return _result(request, planned, written)


def _compose(
    plan: MosaicPlan,
    kernel: Kernel | None,
    output: Path,
    resume: bool,
    settings: Settings,
    monitor: Monitor,
) -> _Written:
    """Compute the bands of a mosaic, or an index of them."""
    kernel = kernel or _bands_kernel(plan, settings)
    indexes = {name: index for index, name in enumerate(plan.band_names, start=1)}
    tags = {"operation": "mosaic", **{name: text for name, text in plan.tags.items() if text}}
    with MosaicReader(plan) as reader:
        applied = apply_layers(
            reader, indexes, kernel, (output,), settings, monitor, tags=tags, resume=resume
        )
    [layer] = kernel.layers
    if output.suffix.lower() == ".vrt":
        _describe_chunks(output, plan, monitor)
    return _Written(output, layer.bands or (layer.name,), layer.style, applied.layers)


def _describe_chunks(output: Path, plan: MosaicPlan, monitor: Monitor) -> None:
    """A STAC collection of the chunks, with an item for each."""
    times = [parse_time(plan.tags[name]) for name in ("acquired_from", "acquired_to")]
    told = {"firstlight:operation": "mosaic", "firstlight:scenes": plan.tags["scenes"].split(",")}
    events = EventQueue(monitor)
    run_in_background(
        lambda: write_chunk_collection(output, output.stem, times, told, events.stop.is_set), events
    )


@dataclass(frozen=True)
class _Written:
    """The file of a mosaic, with its bands."""

    path: Path
    names: tuple[str, ...]
    style: str
    bands: tuple[LayerStatistics, ...] = ()
    """One for each name; empty where no pixel was read."""

    @property
    def observed(self) -> float | None:
        """Per cent; None where no pixel was read."""
        return 100 * self.bands[0].observed / self.bands[0].pixels if self.bands else None

    @property
    def engine(self) -> str:
        """Engine that computed it, and why; empty where none did."""
        return self.bands[0].engine if self.bands else ""

    def statistics(self) -> dict[str, dict[str, float | int | None]]:
        """Figures of each band."""
        kept = ("min", "max", "mean", "observed_percent")
        return {
            name: {key: band.to_dict()[key] for key in kept}
            for name, band in zip(self.names, self.bands)
        }


def _result(request: MosaicRequest, planned: PlannedMosaic, written: _Written) -> OperationResult:
    plan, output, observed = planned.plan, written.path, written.observed
    ids = [scene.id for scene in plan.scenes]
    warnings = [
        *planned.left_out,
        *(["The mosaic is empty: no scene has data there"] if observed == 0 else []),
    ]
    provenance = {"operation": "mosaic", **plan.tags, "scenes": ids, "engine": written.engine}
    result = AlgorithmResult(
        {"mosaic": output}, written.statistics(), written.style, provenance, tuple(warnings)
    )
    rows, cols = plan.grid.shape
    day = plan.tags["datetime"]
    content = f"{', '.join(written.names)} of {len(ids)} scenes"
    layer = LayerOutput(
        output,
        output.stem,
        written.style,
        "Mosaics",
        parse_time(day) if day else None,
        f"{content}, rule: {request.rule}. {plan.tags['scenes']}",
    )
    seen = "" if observed is None else f", {observed:.1f} % observed"
    return OperationResult(
        data=result.to_dict(),
        text=joined(
            [
                *warnings,
                f"{output}: {content} ({cols} × {rows} pixels, {plan.grid.crs}){seen}",
                *([written.engine] if written.engine else []),
            ]
        ),
        status=Status.PARTIAL if planned.left_out else Status.DONE,
        layers=(layer,),
        outputs={
            "scenes": ",".join(ids),
            **({} if observed is None else {"observed_percent": observed}),
        },
        value=result,
        warnings=tuple(warnings),
    )


def _bands_kernel(plan: MosaicPlan, settings: Settings) -> Kernel:
    by_unit = {
        "reflectance": settings.reflectance_range,
        "kelvin": settings.kelvin_range,
        "dB": settings.backscatter_range_db,
        "m": settings.elevation_range_m,
    }
    return bands_kernel(
        "Mosaic",
        plan.band_names,
        by_unit.get(plan.unit, (-32000.0, 32000.0)),
        plan.unit,
        "natural_color",
    )


MOSAIC = Operation(
    name="mosaic",
    title="Mosaic of scenes",
    group="Scenes",
    summary="Puts many scenes together over an area, straight from where they lie. Only "
    "the needed tiles are fetched, several UTM zones come onto one grid, clouds "
    "can be left out.",
    params=MosaicParams,
    run=run_mosaic,
    outputs=(
        Output("scenes", "Scenes in the mosaic"),
        Output("observed_percent", "Observed share (%)", OutputKind.NUMBER),
    ),
)
