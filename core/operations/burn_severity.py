"""Map burn severity from a stack before and one after the fire."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..algorithms.burn import BURNED, EDGES, INDICES, REFERENCES, SEVERITY_NAME, THRESHOLD_NOTE, severity_kernel
from ..monitor import Monitor
from ..settings import Settings
from ..types import AlgorithmResult
from .base import AlgorithmInfo, LayerOutput, Operation, OperationResult, Output, param
from .engine_params import cluster_param, engine_param, resume_param, with_engine
from .map_inputs import Wanted, open_inputs
from .map_result import Extent, MapJob, compute_map, finish_map, present_map

OFFERS = {"nir": ("nir", "nir08"), "swir22": ("swir22",)}
"""What the index needs → the bands that can be it."""


@dataclass(frozen=True, kw_only=True)
class BurnSeverityParams:
    """Two dates of one place."""

    pre: Path = param(kind="raster_in", title="Stack before", help="A stack from before the fire, of the same season.")
    post: Path = param(kind="raster_in", title="Stack after", help="A stack from after the fire.")
    output: Path = param(
        kind="folder_out", title="Folder", help="Gets the index (dnbr.tif), severity.tif and the stack of the compared bands."
    )
    index: str = param(
        "dnbr",
        kind="choice",
        title="Index",
        choices=INDICES,
        help="dnbr: absolute change; rdnbr, rbr: relative to what grew there. The classes are always those of dNBR.",
    )
    engine: str | None = engine_param()
    cluster: str | None = cluster_param()
    resume: bool = resume_param()


def map_severity(
    params: BurnSeverityParams, settings: Settings, monitor: Monitor
) -> tuple[MapJob, AlgorithmResult, list[LayerOutput]]:
    """Compute index and severity classes over the area that both stacks cover.

    Raises
    ------
    InputError
        If both stacks are the same, or an output would replace an input.
    AlgorithmError
        If a stack lacks a band.
    BandStackError
        If the stacks cannot be brought onto one grid; ``ExtentMismatchError`` where they do not overlap.
    ValidationError, RasterError
        If a stack cannot be read, or a layer not be written.
    EngineError, DependencyError
        If the cluster that was asked for cannot be used.
    """
    settings = with_engine(settings, params.engine, params.cluster)
    wanted = {"pre": Wanted(params.pre, OFFERS), "post": Wanted(params.post, OFFERS)}
    names = (f"{params.index}.tif", "severity.tif")
    inputs, paths = open_inputs("Burn severity", wanted, params.output, names, monitor)
    job = MapJob(
        operation="burn-severity",
        title="Burn severity",
        inputs=inputs,
        kernel=severity_kernel(params.index, inputs.bands, inputs.masks),
        paths=tuple(paths),
        extents=(Extent("burned", SEVERITY_NAME, BURNED),),
        parameters={"index": params.index},
        formula="NBR = (nir - swir22) / (nir + swir22); dNBR = NBR before - NBR after",
        note=THRESHOLD_NOTE,
        titles={SEVERITY_NAME: "Burn severity (generic class limits)"},
        resume=params.resume,
    )
    applied = compute_map(job, settings, monitor)
    result, layers = finish_map(job, applied, monitor, {"index": params.index}, provenance={"class_limits_dnbr": list(EDGES)})
    return job, result, layers


def run_burn_severity(params: BurnSeverityParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Map, and say how much burned and how much was not seen."""
    job, result, layers = map_severity(params, settings, monitor)
    rasters = {"severity": str(result.outputs[SEVERITY_NAME]), "index_layer": str(result.outputs[params.index])}
    return present_map(job, result, layers, rasters)


BURN_SEVERITY = Operation(
    name="burn-severity",
    title="Burn severity",
    group="Wildfire",
    summary="Compares a stack before and one after a fire: dNBR, RdNBR or RBR, and USGS severity classes with their areas.",
    params=BurnSeverityParams,
    run=run_burn_severity,
    outputs=(
        Output("severity", "Severity classes", "raster"),
        Output("index_layer", "Index", "raster"),
        Output("burned_km2", "Burned area (km²)", "number"),
        Output("not_observed_percent", "Not observed (%)", "number"),
    ),
    algorithm=AlgorithmInfo(
        events=("wildfire",),
        bands=("nir", "swir22"),
        references=tuple(REFERENCES.values()),
        limits="Not over water, nor fields that were harvested in between; the same season on both dates. "
        "The class limits are generic: calibrate them in the field.",
    ),
)
