"""Map open water in a radar picture, and what of it is new since another one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from ..algorithms.flood import WATER
from ..algorithms.kernel import Kernel
from ..algorithms.sar_water import (
    LEAST_DROP_DB,
    REFERENCES,
    Cut,
    WaterMap,
    fixed_db,
    water_kernel,
)
from ..algorithms.speckle import REFERENCES as FILTER_REFERENCES
from ..algorithms.speckle import SpeckleFilter
from ..algorithms.threshold import CutOrigin, ThresholdMethod
from ..errors import AlgorithmError, InputError
from ..monitor import Monitor
from ..operation import AlgorithmInfo, LayerOutput, OperationResult, Output
from ..params import InputRole, param
from ..settings import Settings
from ..types import AlgorithmResult
from .engine_params import cluster_param, engine_param, resume_param, with_engine
from .flood_params import (
    doubt_permanent,
    flood_extras,
    flood_parameters,
    flood_rules,
    hand_limit_param,
    hand_param,
    permanent_values_param,
    permanent_water_param,
    slope_limit_param,
    slope_param,
)
from .inputs import MapInputs, open_inputs
from .map_operation import MapOperation
from .radar_inputs import (
    POLARISATIONS,
    check_unit,
    doubt_units,
    pick_bands,
    say_how_to_name,
    want_radar,
)
from .result import Extent, MapJob, compute_map, finish_map, present_map

LOWEST_DB, HIGHEST_DB = -50.0, 20.0
FILES = {"water": "water.tif", "flooded": "flooded.tif", "change_db": "change_db.tif"}
NOTE = (
    "Radar sees no water under trees and between houses; wet snow, dry sand, tarmac and radar "
    "shadow look like water, and "
    "water in strong wind like land."
)


@dataclass(frozen=True, kw_only=True)
class SarWaterParams:
    """Which pictures, and where water begins."""

    post: Path = param(
        kind="raster_in",
        role=InputRole.AFTER,
        title="Radar stack",
        help="A calibrated stack with vv and vh, hh and hv, or one of them, in power or dB.",
    )
    pre: Path | None = param(
        None,
        kind="raster_in",
        role=InputRole.BEFORE,
        title="Radar stack before",
        help="The same place before the flood, seen from the same orbit.",
    )
    output: Path = param(
        kind="folder_out",
        title="Folder",
        help="Gets water.tif: 0 dry, 1 water, 255 not observed; with a stack before also "
        "flooded.tif and change_db.tif.",
    )
    method: str | None = param(
        None,
        kind="choice",
        title="Method",
        choices=tuple(ThresholdMethod),
        help="ki, otsu: the threshold between water and land, from the parts of the picture "
        "that hold both; fixed: a known one. "
        "If not given, ki; fixed with a threshold of your own.",
    )
    threshold: str = param(
        "auto",
        kind="text",
        title="Threshold (dB)",
        help="auto, or a number in dB, which makes the method fixed: what is darker in the "
        "like-polarised band is water, "
        "unfiltered unless a filter is asked for.",
    )
    polarisation: str = param(
        "auto",
        kind="choice",
        title="Polarisation",
        choices=("auto", *POLARISATIONS),
        help="auto: the mean in dB of the like- and the cross-polarised band where there are both.",
        advanced=True,
    )
    speckle: str = param(
        "auto",
        kind="choice",
        title="Speckle filter",
        choices=("auto", *SpeckleFilter),
        help="Of Lee; auto: refined-lee, and none for a threshold of your own.",
        advanced=True,
    )
    permanent_water: Path | None = permanent_water_param()
    permanent_values: str | None = permanent_values_param()
    hand: Path | None = hand_param()
    hand_limit: float = hand_limit_param()
    slope: Path | None = slope_param()
    slope_limit: float = slope_limit_param()
    engine: str | None = engine_param()
    cluster: str | None = cluster_param()
    resume: bool = resume_param()


def map_water(
    params: SarWaterParams, settings: Settings, monitor: Monitor
) -> tuple[MapJob, AlgorithmResult, list[LayerOutput]]:
    """Compute the water mask of a whole stack, and the flood where there is something to compare it
    with.

    Raises
    ------
    InputError
        If the threshold or the values of permanent water are none, or an output would replace an
        input.
    AlgorithmError
        If a stack has no radar band, or one whose unit has no dB, or both have no polarisation in
        common.
    ValidationError, RasterError
        If a stack cannot be read, or a layer not be written.
    EngineError, DependencyError
        If the cluster that was asked for cannot be used.
    """
    settings = with_engine(settings, params.engine, params.cluster)
    given = _threshold(params)
    rules = flood_rules(params)
    method = params.method or ("ki" if given is None else "fixed")
    stacks = {"post": params.post, **({} if params.pre is None else {"pre": params.pre})}
    compared = params.pre is not None or params.permanent_water is not None
    names = [
        "water",
        *(["flooded"] if compared else []),
        *(["change_db"] if params.pre is not None else []),
    ]
    wanted = want_radar(stacks, params.polarisation)
    files = [FILES[name] for name in names]
    try:
        inputs, paths = open_inputs(
            "Water", wanted, params.output, files, monitor, flood_extras(params)
        )
    except AlgorithmError as error:
        if params.polarisation != "auto":
            raise
        raise say_how_to_name(error) from error
    bands = pick_bands(inputs, alone=given is not None or params.polarisation != "auto")
    for part in inputs.parts:
        for band in bands:
            check_unit(part, band, inputs.radiometry[inputs.bands[f"{part.name}.{band}"]].unit)
    speckle = (
        params.speckle if params.speckle != "auto" else "refined-lee" if given is None else "none"
    )
    cut = Cut(fixed_db(bands), CutOrigin.FIXED) if given is None else Cut(given, CutOrigin.GIVEN)
    water = WaterMap(bands, dict.fromkeys(stacks, cut), SpeckleFilter(speckle), rules, compared)
    job = MapJob(
        operation="sar-water",
        title="Flood" if compared else "Water",
        inputs=inputs,
        kernel=_kernel(water, method, inputs),
        paths=tuple(paths),
        extents=(
            *([Extent("flooded", "flooded", (WATER,))] if compared else []),
            Extent("water", "water", (WATER,)),
        ),
        parameters={
            "method": method,
            "threshold": params.threshold,
            "polarisation": params.polarisation,
            "speckle": speckle,
            **flood_parameters(params),
        },
        formula="water where the backscatter is below the threshold",
        note=NOTE,
        resume=params.resume,
    )
    applied = compute_map(job, settings, monitor)
    done = cast("WaterMap", applied.kernel.compute)
    job = replace(job, formula=_formula(done))
    warnings = [
        *doubt_units(inputs, bands),
        *doubt_permanent(params, inputs),
        *_warnings(params, method, done),
    ]
    if not applied.layers[0].observed:
        units = {
            inputs.radiometry[inputs.bands[f"{part.name}.{band}"]].unit
            for part in inputs.parts
            for band in bands
        }
        hint = "; does the file hold dB? Then stack it with --unit db" if "power" in units else ""
        warnings.append(f"{' and '.join(bands)}: no value anywhere{hint}")
    figures = {
        "threshold_db": done.cuts["post"].threshold_db,
        "band": " and ".join(done.bands),
        "thresholds": {
            date: {"db": cut.threshold_db, "origin": cut.origin} for date, cut in done.cuts.items()
        },
    }
    result, layers = finish_map(job, applied, monitor, figures, warnings)
    return job, result, layers


def _kernel(water: WaterMap, method: str, inputs: MapInputs) -> Kernel:
    """With the names of the raster's bands, and with the rasters beside the stacks."""
    kernel = water_kernel(water, ThresholdMethod(method))
    return replace(
        kernel, bands={name: inputs.bands[name] for name in (*kernel.bands, *inputs.extras)}
    )


def _threshold(params: SarWaterParams) -> float | None:
    """The number given; None for ``auto``."""
    if params.threshold.lower() == "auto":
        return None
    what = f"The threshold '{params.threshold}' cannot be used"
    try:
        number = float(params.threshold)
    except ValueError:
        raise InputError(what, "it is neither auto nor a number", "Write it like -17.") from None
    if not LOWEST_DB <= number <= HIGHEST_DB:
        raise InputError(what, f"it does not lie within {LOWEST_DB:g} to {HIGHEST_DB:g} dB")
    if params.method not in (None, "fixed"):
        raise InputError(
            what,
            f"the method {params.method} finds its own",
            "Leave it out, or take the method fixed.",
        )
    return number


def _formula(water: WaterMap) -> str:
    what = water.bands[0] if len(water.bands) == 1 else f"({' + '.join(water.bands)}) / 2"
    text = f"water where {what} < {water.cuts['post'].threshold_db:g} dB"
    if "pre" in water.cuts:
        text += (
            f"; flooded where water after, {what} >= {water.cuts['pre'].threshold_db:g} dB before, "
            f"and darker by {LEAST_DROP_DB:g} dB or more"
        )
    return text


def _warnings(params: SarWaterParams, method: str, water: WaterMap) -> list[str]:
    """What became of the search for a threshold."""
    stacks = {"post": params.post, "pre": params.pre}
    found = []
    for date, cut in water.cuts.items():
        none = f"{stacks[date]} holds no water and land that could be told apart"
        if method != "fixed" and cut.origin == CutOrigin.FIXED:
            found.append(f"{none}: a fixed threshold was taken, {cut.threshold_db:g} dB")
        elif cut.origin == CutOrigin.OTHER_DATE:
            found.append(
                f"{none}: the threshold of the other date was taken, {cut.threshold_db:g} dB"
            )
    return found


def run_sar_water(params: SarWaterParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Map, and say how much water there is and how much was not seen."""
    job, result, layers = map_water(params, settings, monitor)
    threshold = result.statistics["threshold_db"]
    more = {name: str(path) for name, path in job.outputs.items()} | {"threshold_db": threshold}
    return present_map(
        job,
        result,
        layers,
        more,
        [f"Threshold: {result.statistics['band']} below {threshold:g} dB"],
    )


SAR_WATER = MapOperation(
    name="sar-water",
    title="Water from radar",
    group="Flood",
    summary="Maps open water in a radar picture, and what of it is new since another one or "
    "beyond permanent water; "
    "what was not observed is a class of its own.",
    params=SarWaterParams,
    run=run_sar_water,
    outputs=(
        Output("water", "Water", "raster"),
        Output("flooded", "Flooded", "raster"),
        Output("change_db", "Change of backscatter (dB)", "raster"),
        Output("water_km2", "Water (km²)", "number"),
        Output("flooded_km2", "Flooded (km²)", "number"),
        Output("threshold_db", "Threshold (dB)", "number"),
        Output("not_observed_percent", "Not observed (%)", "number"),
    ),
    algorithm=AlgorithmInfo(
        events=("flood",),
        bands=("vv",),
        references=(*REFERENCES.values(), *FILTER_REFERENCES.values()),
        limits="Not for flooded forest and towns, which are brighter than land, nor in strong "
        "wind, which roughens water. "
        "Wet snow, dry sand, tarmac and radar shadow are dark and taken for water.",
    ),
)
