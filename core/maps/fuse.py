"""Put several extents of one event together: which pixels most of the sources that saw them call
affected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ..algorithms.fusion import HALF_LIFE_DAYS, PRESENT, Vote, fusion_kernel
from ..errors import InputError
from ..monitor import EventQueue, Monitor
from ..operation import AlgorithmInfo, LayerOutput, OperationResult, Output
from ..params import param
from ..settings import Settings
from ..stack.pair import StackPart, join_stacks
from ..types import AlgorithmResult, BandStack, read_moment
from ..workers import run_in_background
from .class_statistics import check_stack, prepare_folder
from .engine_params import cluster_param, engine_param, resume_param, with_engine
from .fuse_sources import (
    WHAT,
    make_source,
    open_extent,
    parse_codes,
    parse_weights,
    source_warnings,
)
from .inputs import MapInputs
from .map_operation import MapOperation
from .result import Extent, MapJob, compute_map, finish_map, present_map

NOTE = (
    "A vote of maps, not a measurement: where they share an error (flooded forest, cloud that "
    "every mask missed) they agree on "
    "it. Extents of different days are taken for one event. The weights are judgements."
)


@dataclass(frozen=True, kw_only=True)
class FuseParams:
    """Which extents, and how much each counts."""

    inputs: tuple[Path, ...] = param(
        kind="rasters_in",
        title="Extents",
        help="Two or more class rasters of one event: flooded.tif, severity.tif or masks of "
        "others; 255 is not observed.",
    )
    output: Path = param(
        kind="folder_out",
        title="Folder",
        help="Gets consensus.tif, agreement.tif, confidence.tif and the outline.",
    )
    event_date: str | None = param(
        None,
        kind="date",
        title="Date of the event",
        help=f"UTC. A source counts half after {HALF_LIFE_DAYS:g} days; if not given, all days "
        "count alike.",
    )
    positive: str | None = param(
        None,
        kind="text",
        title="Affected codes",
        help="Such as 4,5,6,7; if not given, as each of our maps says, in others 1.",
    )
    weights: str = param(
        "auto",
        kind="text",
        title="Weights",
        help="auto: by sensor, clear sky and days; or a number 0.001 to 1 for each extent in "
        "their order, such as 1,0.6,auto.",
    )
    engine: str | None = engine_param()
    cluster: str | None = cluster_param()
    resume: bool = resume_param()


def fuse_extents(
    params: FuseParams, settings: Settings, monitor: Monitor
) -> tuple[MapJob, AlgorithmResult, list[LayerOutput]]:
    """Compute consensus, agreement and confidence over the area of all sources together.

    The grid is that of the finest source; classes come from the nearest pixel. The order in which
    the sources are given changes nothing.

    Raises
    ------
    InputError
        If there are fewer than two extents, one is given twice or holds no classes, or a parameter
        cannot be read.
    BandStackError
        If they cannot be brought onto one grid; ``ExtentMismatchError`` where one lies apart from
        all others.
    ValidationError, RasterError
        If one cannot be read, or a layer not be written.
    EngineError, DependencyError
        If the cluster that was asked for cannot be used.
    """
    settings = with_engine(settings, params.engine, params.cluster)
    moment = read_moment(params.event_date, "event") if params.event_date else None
    weights = parse_weights(params.weights, len(params.inputs))
    positive = parse_codes(params.positive) if params.positive else None
    if len(params.inputs) < 2:
        raise InputError(
            WHAT, "there is only one" if params.inputs else "none is given", "Give two or more."
        )
    if len({path.resolve() for path in params.inputs}) < len(params.inputs):
        raise InputError(WHAT, "one is given twice", "Give each once.")
    files = [file for path in params.inputs for file in check_stack(path)]
    names = ("consensus.tif", "agreement.tif", "confidence.tif", "fusion_inputs.vrt")
    *paths, joined_path = prepare_folder(params.output, names, files)
    given = sorted(
        ((open_extent(path), weight) for path, weight in zip(params.inputs, weights)),
        key=lambda one: (one[0].tags.get("datetime", ""), str(one[0].path.resolve())),
    )
    parts = [
        StackPart(f"source{number}", facts, {"extent": 1}, classes=frozenset({"extent"}))
        for number, (facts, _) in enumerate(given, start=1)
    ]
    joined = run_in_background(
        lambda: join_stacks(parts, joined_path, everything=True), EventQueue(monitor)
    )
    inputs = _inputs(
        parts, joined, [warning for facts, _ in given for warning in source_warnings(facts, moment)]
    )
    sources = [make_source(facts, joined.grid, moment, positive, weight) for facts, weight in given]
    job = MapJob(
        operation="fuse",
        title="Fusion",
        inputs=inputs,
        kernel=fusion_kernel(sources, [inputs.bands[part.name] for part in parts]),
        paths=tuple(paths),
        extents=(Extent("affected", "consensus", (PRESENT,)),),
        parameters={
            "event_date": params.event_date,
            "positive": params.positive,
            "weights": params.weights,
        },
        formula="affected where the weight of the observing sources that say so is more than "
        "half; a tie is not affected",
        note=NOTE,
        resume=params.resume,
    )
    applied = compute_map(job, settings, monitor)
    vote = cast("Vote", applied.kernel.compute)
    result, layers = finish_map(job, applied, monitor, {"sources": _tell(vote)})
    return job, result, layers


def _inputs(parts: Sequence[StackPart], joined: BandStack, warnings: Sequence[str]) -> MapInputs:
    return MapInputs(
        parts=tuple(parts),
        path=joined.path,
        grid=joined.grid,
        bands={part.name: f"{part.name}.extent" for part in parts},
        places={band.name: band.index for band in joined.bands},
        radiometry={band.name: band.radiometry for band in joined.bands},
        extras={},
        warnings=(*joined.warnings, *warnings),
    )


def _tell(vote: Vote) -> list[dict[str, Any]]:
    """What each source counted, and why."""
    return [
        {
            "path": source.name,
            "affected_codes": list(source.positive),
            "sensor": source.sensor or None,
            "days_from_event": None if source.days is None else round(source.days, 3),
            "observed_percent": 100 * weight.observed,
            "weight": weight.thousandths / 1000,
            "factors": None
            if source.weight is not None
            else {"sensor": weight.sensor, "clear_sky": weight.clear, "nearness": weight.nearness},
        }
        for source, weight in zip(vote.sources, vote.weights, strict=True)
    ]


def run_fuse(params: FuseParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Fuse, and say how much each source counted."""
    job, result, layers = fuse_extents(params, settings, monitor)
    lines = [
        f"{Path(one['path']).name}: weight {one['weight']:.3f}, {one['observed_percent']:.0f} % "
        "of it observed"
        for one in result.statistics["sources"]
    ]
    more: Mapping[str, Any] = {
        name: str(result.outputs[name]) for name in ("consensus", "agreement", "confidence")
    }
    return present_map(job, result, layers, more, lines)


FUSE = MapOperation(
    name="fuse",
    title="Fusion of extents",
    group="Fusion",
    summary="Puts several extents of one event together (radar and optical, several days): "
    "consensus, agreement, confidence.",
    params=FuseParams,
    run=run_fuse,
    outputs=(
        Output("consensus", "Consensus", "raster"),
        Output("agreement", "Agreement", "raster"),
        Output("confidence", "Confidence", "raster"),
        Output("affected_km2", "Affected area (km²)", "number"),
        Output("not_observed_percent", "Not observed (%)", "number"),
    ),
    algorithm=AlgorithmInfo(
        events=("flood", "wildfire", "storm"),
        bands=(),
        references=("Krullikowski et al. 2023, doi:10.1109/JSTARS.2023.3292350",),
        limits="Not for extents of different things, such as water and flooded land, nor of "
        "days between which the event moved "
        "on. Maps made by one method share its errors: their agreement proves little.",
    ),
)
