"""Put several extents of one event together: which pixels most of the sources that saw them call affected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from ..algorithms.fusion import HALF_LIFE_DAYS, PRESENT, Source, Vote, fusion_kernel
from ..algorithms.kernel import NOT_OBSERVED
from ..errors import InputError
from ..ingestion.stack_pair import StackPart, join_stacks
from ..monitor import EventQueue, Monitor
from ..raster.area import pixel_area_m2
from ..raster.reader import RasterFacts, read_facts
from ..settings import Settings
from ..types import AlgorithmResult, BandStack, Grid, parse_time
from ..workers import run_in_background
from .base import AlgorithmInfo, LayerOutput, Operation, OperationResult, Output, param
from .class_statistics import check_stack, prepare_folder
from .discover import read_moment
from .engine_params import cluster_param, engine_param, resume_param, with_engine
from .map_inputs import MapInputs
from .map_result import Extent, MapJob, compute_map, finish_map, present_map

WHAT = "The extents cannot be put together"
NOTE = (
    "A vote of maps, not a measurement: where they share an error (flooded forest, cloud that every mask missed) they agree on "
    "it. Extents of different days are taken for one event. The weights are judgements."
)


@dataclass(frozen=True, kw_only=True)
class FuseParams:
    """Which extents, and how much each counts."""

    inputs: tuple[Path, ...] = param(
        kind="rasters_in",
        title="Extents",
        help="Two or more class rasters of one event: flooded.tif, severity.tif or masks of others; 255 is not observed.",
    )
    output: Path = param(
        kind="folder_out", title="Folder", help="Gets consensus.tif, agreement.tif, confidence.tif and the outline."
    )
    event_date: str | None = param(
        None,
        kind="date",
        title="Date of the event",
        help=f"UTC. A source counts half after {HALF_LIFE_DAYS:g} days; if not given, all days count alike.",
    )
    positive: str | None = param(
        None, kind="text", title="Affected codes", help="Such as 4,5,6,7; if not given, as each of our maps says, in others 1."
    )
    weights: str = param(
        "auto",
        kind="text",
        title="Weights",
        help="auto: by sensor, clear sky and days; or a number 0.001 to 1 for each extent in their order, such as 1,0.6,auto.",
    )
    engine: str | None = engine_param()
    cluster: str | None = cluster_param()
    resume: bool = resume_param()


def fuse_extents(params: FuseParams, settings: Settings, monitor: Monitor) -> tuple[MapJob, AlgorithmResult, list[LayerOutput]]:
    """Compute consensus, agreement and confidence over the area of all sources together.

    The grid is that of the finest source; classes come from the nearest pixel. The order in which the sources are given
    changes nothing.

    Raises
    ------
    InputError
        If there are fewer than two extents, one is given twice or holds no classes, or a parameter cannot be read.
    BandStackError
        If they cannot be brought onto one grid; ``ExtentMismatchError`` where one lies apart from all others.
    ValidationError, RasterError
        If one cannot be read, or a layer not be written.
    EngineError, DependencyError
        If the cluster that was asked for cannot be used.
    """
    settings = with_engine(settings, params.engine, params.cluster)
    moment = read_moment(params.event_date, "event") if params.event_date else None
    weights = _weights(params)
    positive = _codes(params.positive) if params.positive else None
    if len(params.inputs) < 2:
        raise InputError(WHAT, "there is only one" if params.inputs else "none is given", "Give two or more.")
    if len({path.resolve() for path in params.inputs}) < len(params.inputs):
        raise InputError(WHAT, "one is given twice", "Give each once.")
    files = [file for path in params.inputs for file in check_stack(path)]
    names = ("consensus.tif", "agreement.tif", "confidence.tif", "fusion_inputs.vrt")
    *paths, joined_path = prepare_folder(params.output, names, files)
    given = sorted(
        ((_facts(path), weight) for path, weight in zip(params.inputs, weights)),
        key=lambda one: (one[0].tags.get("datetime", ""), str(one[0].path.resolve())),
    )
    parts = [
        StackPart(f"source{number}", facts, {"extent": 1}, classes=frozenset({"extent"}))
        for number, (facts, _) in enumerate(given, start=1)
    ]
    joined = run_in_background(lambda: join_stacks(parts, joined_path, everything=True), EventQueue(monitor))
    inputs = _inputs(parts, joined, [warning for facts, _ in given for warning in _warnings(facts, moment)])
    sources = [_source(facts, joined.grid, moment, positive, weight) for facts, weight in given]
    job = MapJob(
        operation="fuse",
        title="Fusion",
        inputs=inputs,
        kernel=fusion_kernel(sources, [inputs.bands[part.name] for part in parts]),
        paths=tuple(paths),
        extents=(Extent("affected", "consensus", (PRESENT,)),),
        parameters={"event_date": params.event_date, "positive": params.positive, "weights": params.weights},
        formula="affected where the weight of the observing sources that say so is more than half; a tie is not affected",
        note=NOTE,
        resume=params.resume,
    )
    applied = compute_map(job, settings, monitor)
    vote = cast("Vote", applied.kernel.compute)
    result, layers = finish_map(job, applied, monitor, {"sources": _tell(vote)})
    return job, result, layers


def _facts(path: Path) -> RasterFacts:
    facts = read_facts(path)
    if len(facts.bands) != 1:
        raise InputError(WHAT, f"{path} has {len(facts.bands)} bands, which is no extent", "Give rasters of one band of classes.")
    if facts.bands[0].dtype.startswith(("float", "complex")):
        raise InputError(WHAT, f"{path} holds numbers, no classes", "Give water.tif, flooded.tif, severity.tif or another mask.")
    try:
        parse_time(facts.tags.get("datetime") or "2000-01-01")
    except ValueError:
        raise InputError(WHAT, f"the tag datetime of {path} is '{facts.tags['datetime']}', which is no ISO date") from None
    return facts


def _source(
    facts: RasterFacts, grid: Grid, moment: datetime | None, positive: tuple[int, ...] | None, weight: float | None
) -> Source:
    """What is known of an extent; our own maps say themselves which of their codes mean the event, and which mean nothing."""
    layer = facts.bands[0].description
    own = facts.tags.get(f"event_codes_{layer}", "")
    silent = facts.tags.get(f"silent_codes_{layer}", "")
    if not positive and not own and sum(key.startswith("class_") for key in facts.tags) > 2:
        why = f"{facts.path} holds several classes and does not say which of them mean the event"
        raise InputError(WHAT, why, "Name them with positive, such as 4,5,6,7.")
    codes = positive or _codes(own or "1")
    day = facts.tags.get("datetime")
    days = None if moment is None or not day else abs((parse_time(day) - moment).total_seconds()) / 86400
    return Source(
        name=str(facts.path),
        positive=codes,
        silent=tuple(code for code in _codes(silent) if code not in codes) if silent else (),
        sensor=facts.tags.get("sensor", ""),
        days=days,
        pixels=_pixels(facts.grid, grid),
        weight=weight,
    )


def _pixels(own: Grid, grid: Grid) -> int:
    """Pixels of the common grid that a raster of the same area has; a warped one has no-data corners that are not its own."""
    mine, theirs = (pixel_area_m2(one, one.shape[0] // 2, 1) for one in (own, grid))
    assert mine is not None  # what has no reference system cannot be joined
    assert theirs is not None
    return max(1, round(own.shape[0] * own.shape[1] * mine / theirs))


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


def _warnings(facts: RasterFacts, moment: datetime | None) -> list[str]:
    found = []
    nodata, name = facts.bands[0].radiometry.nodata, facts.path.name
    if nodata is not None and nodata != NOT_OBSERVED:
        found.append(
            f"{name} declares {nodata:g} as no data: what it means by that, be it dry or unharmed, counts as not observed"
        )
    if moment is not None and not facts.tags.get("datetime"):
        found.append(f"{name} does not say when it was taken: it counts as if on the day of the event")
    if not facts.tags.get("sensor"):
        found.append(f"{name} does not say its sensor: it counts less than one that does")
    return found


def _weights(params: FuseParams) -> list[float | None]:
    """One for each extent; None: to be made of what is known of it."""
    words = [word.strip().lower() for word in params.weights.split(",")]
    if words == ["auto"]:
        return [None] * len(params.inputs)
    what = f"The weights '{params.weights}' cannot be used"
    if len(words) != len(params.inputs):
        raise InputError(what, f"there are {len(words)} for {len(params.inputs)} extents", "Give auto, or one for each.")
    found: list[float | None] = []
    for word in words:
        try:
            number = None if word == "auto" else float(word)
        except ValueError:
            raise InputError(what, f"'{word}' is no number", "Write them like 1,0.6,auto.") from None
        if number is not None and not 0.001 <= number <= 1:
            raise InputError(what, f"{word} does not lie within 0.001 to 1")
        found.append(number)
    return found


def _codes(text: str) -> tuple[int, ...]:
    try:
        codes = tuple(sorted({int(word) for word in text.split(",")}))
    except ValueError:
        raise InputError(f"The codes '{text}' cannot be used", "they are no whole numbers", "Write them like 4,5,6,7.") from None
    if codes[0] < 0 or codes[-1] >= NOT_OBSERVED:
        raise InputError(f"The codes '{text}' cannot be used", f"a class lies within 0 to {NOT_OBSERVED - 1}")
    return codes


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
        f"{Path(one['path']).name}: weight {one['weight']:.3f}, {one['observed_percent']:.0f} % of it observed"
        for one in result.statistics["sources"]
    ]
    more: Mapping[str, Any] = {name: str(result.outputs[name]) for name in ("consensus", "agreement", "confidence")}
    return present_map(job, result, layers, more, lines)


FUSE = Operation(
    name="fuse",
    title="Fusion of extents",
    group="Fusion",
    summary="Puts several extents of one event together (radar and optical, several days): consensus, agreement, confidence.",
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
        limits="Not for extents of different things, such as water and flooded land, nor of days between which the event moved "
        "on. Maps made by one method share its errors: their agreement proves little.",
    ),
)
