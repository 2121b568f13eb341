"""Map open water in one radar picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from ..algorithms.sar_water import FIXED_DB, METHODS, REFERENCE, WATER, Darker, water_kernel
from ..errors import AlgorithmError, InputError
from ..monitor import Monitor
from ..settings import Settings
from ..types import AlgorithmResult
from .base import AlgorithmInfo, LayerOutput, Operation, OperationResult, Output, param
from .engine_params import cluster_param, engine_param, resume_param, with_engine
from .map_inputs import Wanted, open_inputs
from .map_result import Extent, MapJob, compute_map, finish_map, present_map

POLARISATIONS = ("vv", "hh", "vh", "hv")
"""The best one for water first: the like-polarised ones lie further above the noise."""
LOWEST_DB, HIGHEST_DB = -50.0, 20.0


@dataclass(frozen=True, kw_only=True)
class SarWaterParams:
    """Which picture, and where water begins."""

    post: Path = param(kind="raster_in", title="Radar stack", help="A calibrated stack with vv, hh, vh or hv, in power or dB.")
    output: Path = param(kind="folder_out", title="Folder", help="Gets water.tif: 0 dry, 1 water, 255 not observed.")
    method: str = param(
        "fixed",
        kind="choice",
        title="Method",
        choices=METHODS,
        help="fixed: below a threshold in dB; otsu: the threshold between the two humps of the picture's own histogram.",
    )
    threshold: str = param(
        "auto", kind="text", title="Threshold (dB)", help="auto, or a number in dB for the method fixed: darker is water."
    )
    engine: str | None = engine_param()
    cluster: str | None = cluster_param()
    resume: bool = resume_param()


def map_water(params: SarWaterParams, settings: Settings, monitor: Monitor) -> tuple[MapJob, AlgorithmResult, list[LayerOutput]]:
    """Compute the water mask of a whole stack.

    Raises
    ------
    InputError
        If the threshold is none, or the output would replace an input.
    AlgorithmError
        If the stack has no radar band, or one whose unit has no dB.
    ValidationError, RasterError
        If the stack cannot be read, or the layer not be written.
    EngineError, DependencyError
        If the cluster that was asked for cannot be used.
    """
    settings = with_engine(settings, params.engine, params.cluster)
    given = _threshold(params)
    wanted = {"post": Wanted(params.post, {"backscatter": POLARISATIONS}, masks=False)}
    inputs, paths = open_inputs("Water", wanted, params.output, ("water.tif",), monitor)
    band = inputs.bands["post.backscatter"]
    _check_unit(params.post, band, inputs.radiometry[band].unit)
    fallback = FIXED_DB[band] if given is None else given
    job = MapJob(
        operation="sar-water",
        title="Water",
        inputs=inputs,
        kernel=water_kernel(band, params.method, fallback),
        paths=tuple(paths),
        extents=(Extent("water", "water", (WATER,)),),
        parameters={"method": params.method, "threshold": params.threshold},
        formula=f"water where {band} is below the threshold in dB",
        resume=params.resume,
    )
    applied = compute_map(job, settings, monitor)
    function = cast("Darker", applied.kernel.compute)
    threshold = function.threshold_db
    warnings = []
    if params.method == "otsu" and not function.found:
        warnings.append(
            f"The histogram of {band} has no two humps, land and water: Otsu's threshold would be arbitrary, "
            f"and {threshold:g} dB was taken"
        )
    if not applied.layers[0].observed:
        warnings.append(f"{band} has no value anywhere: does the file hold dB? Then stack it with --unit db")
    job = replace(job, formula=f"water where {band} < {threshold:g} dB")
    result, layers = finish_map(job, applied, monitor, {"threshold_db": threshold, "band": band}, warnings)
    return job, result, layers


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
    if params.method != "fixed":
        raise InputError(what, f"the method {params.method} finds its own", "Leave it out, or take the method fixed.")
    return number


def _check_unit(stack: Path, band: str, unit: str) -> None:
    """Raise where a threshold in dB means nothing."""
    what = f"Water cannot be mapped in {stack}"
    if unit == "amplitude":
        hint = "Take a calibrated product (RTC), or calibrate it first."
        raise AlgorithmError(what, f"{band} is uncalibrated amplitude, for which a threshold in dB means nothing", hint)
    if unit not in ("power", "dB"):
        hint = "Stack it with --unit db or --unit power."
        raise AlgorithmError(what, f"the unit of {band} is {unit or 'not known'}, and a threshold in dB needs power or dB", hint)


def run_sar_water(params: SarWaterParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Map, and say how much water there is and how much was not seen."""
    job, result, layers = map_water(params, settings, monitor)
    threshold = result.statistics["threshold_db"]
    more = {"water": str(result.outputs["water"]), "threshold_db": threshold}
    return present_map(job, result, layers, more, [f"Threshold: {result.statistics['band']} below {threshold:g} dB"])


SAR_WATER = Operation(
    name="sar-water",
    title="Water from radar",
    group="Flood",
    summary="Maps open water in one radar picture by a threshold in dB; what was not observed is a class of its own.",
    params=SarWaterParams,
    run=run_sar_water,
    outputs=(
        Output("water", "Water", "raster"),
        Output("water_km2", "Water (km²)", "number"),
        Output("threshold_db", "Threshold (dB)", "number"),
        Output("not_observed_percent", "Not observed (%)", "number"),
    ),
    algorithm=AlgorithmInfo(
        events=("flood",),
        bands=("vv",),
        references=tuple(REFERENCE.values()),
        limits="Not for flooded forest and towns, which are brighter than land, nor with wind on the water. Wet snow, dry sand, "
        "tarmac and radar shadow are dark and taken for water.",
    ),
)
