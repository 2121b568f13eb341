"""Map burn severity from a stack before and one after the fire."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ..algorithms.burn import (
    BURNED,
    REFERENCES,
    SCALES,
    SEVERITY_NAME,
    THRESHOLD_NOTE,
    BurnIndex,
    BurnSeverity,
    severity_kernel,
)
from ..algorithms.burn_offset import OffsetSurvey
from ..algorithms.burned_area import BurnSigns
from ..algorithms.masks import dilation_radius
from ..errors import InputError
from ..monitor import Monitor
from ..operation import AlgorithmInfo, LayerOutput, OperationResult, Output
from ..params import InputRole, param
from ..settings import Settings
from ..types import AlgorithmResult
from .engine_params import cluster_param, engine_param, resume_param, with_engine
from .inputs import Wanted, open_inputs
from .map_operation import MapOperation
from .mask_params import mask_dilation_param
from .result import Extent, MapJob, compute_map, finish_map, present_map

OFFERS = {"nir": ("nir", "nir08"), "swir22": ("swir22",)}
"""What the index needs → the bands that can be it."""
LARGEST_OFFSET = 0.5
FORMULAS = {
    "dnbr": "",
    "rdnbr": "; RdNBR = dNBR / sqrt(|NBR before|)",
    "rbr": "; RBR = dNBR / (NBR before + 1.001)",
}


@dataclass(frozen=True, kw_only=True)
class BurnSeverityParams:
    """Two dates of one place."""

    pre: Path = param(
        kind="raster_in",
        role=InputRole.BEFORE,
        title="Stack before",
        help="A stack from before the fire, of the same season.",
    )
    post: Path = param(
        kind="raster_in",
        role=InputRole.AFTER,
        title="Stack after",
        help="A stack from after the fire.",
    )
    output: Path = param(
        kind="folder_out",
        title="Folder",
        help="Gets dnbr.tif, the index if it is another one, severity.tif, perimeter.gpkg and "
        "the compared bands.",
    )
    index: str = param(
        "dnbr",
        kind="choice",
        title="Index",
        choices=tuple(BurnIndex),
        help="dnbr: absolute change; rdnbr, rbr: relative to what grew there. The classes are "
        "those published for the index.",
    )
    offset: str = param(
        "none",
        kind="text",
        title="Offset",
        help="What is taken off dNBR for the change where nothing burned: none, a number "
        "(0.02), or auto, which looks for it.",
    )
    mask_dilation: float = mask_dilation_param()
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
        If both stacks are the same, an output would replace an input, or offset or dilation cannot
        be.
    AlgorithmError
        If a stack lacks a band.
    BandStackError
        If the stacks cannot be brought onto one grid; ``ExtentMismatchError`` where they do not
        overlap.
    ValidationError, RasterError
        If a stack cannot be read, or a layer not be written.
    EngineError, DependencyError
        If the cluster that was asked for cannot be used.
    """
    settings = with_engine(settings, params.engine, params.cluster)
    offset = read_offset(params.offset)
    wanted = {"pre": Wanted(params.pre, OFFERS), "post": Wanted(params.post, OFFERS)}
    # dNBR itself is there whatever is asked for: it is what others will compare with.
    names = (
        f"{params.index}.tif",
        "severity.tif",
        *(() if params.index == "dnbr" else ("dnbr.tif",)),
    )
    inputs, paths = open_inputs("Burn severity", wanted, params.output, names, monitor)
    radius = dilation_radius(params.mask_dilation, inputs.grid)
    index = BurnIndex(params.index)
    asked = BurnSeverity(index, inputs.masks, offset or 0.0, radius_px=radius)
    kernel = severity_kernel(asked, inputs.bands, OffsetSurvey(asked) if offset is None else None)
    scale = SCALES[index]
    job = MapJob(
        operation="burn-severity",
        title="Burn severity",
        inputs=inputs,
        kernel=kernel,
        paths=tuple(paths),
        extents=(Extent("burned", SEVERITY_NAME, BURNED),),
        parameters={
            "index": params.index,
            "offset": params.offset,
            "mask_dilation_m": params.mask_dilation,
        },
        formula="NBR = (nir - swir22) / (nir + swir22); dNBR = NBR before - NBR after - "
        f"offset{FORMULAS[params.index]}",
        note=THRESHOLD_NOTE,
        titles={SEVERITY_NAME: "Burn severity (generic class limits)"},
        resume=params.resume,
    )
    applied = compute_map(job, settings, monitor)
    function = cast("BurnSeverity", applied.kernel.compute)
    told = {"index": params.index, **offset_statistics(function)}
    limits = {
        "class_limits": {"index": params.index, "between": list(scale.edges)},
        **offset_statistics(function),
    }
    result, layers = finish_map(
        job, applied, monitor, told, offset_warnings(params.offset, function), limits
    )
    return job, result, layers


def read_offset(text: str) -> float | None:
    """The number given, 0 for ``none``, None for ``auto``.

    Raises
    ------
    InputError
        If it is neither, or no dNBR.
    """
    words: dict[str, float | None] = {"auto": None, "none": 0.0}
    if text.lower() in words:
        return words[text.lower()]
    what = f"The offset '{text}' cannot be used"
    try:
        number = float(text)
    except ValueError:
        raise InputError(
            what, "it is neither auto, none nor a number", "Write it like 0.02."
        ) from None
    if not abs(number) <= LARGEST_OFFSET:
        raise InputError(
            what,
            f"it does not lie within ±{LARGEST_OFFSET:g}",
            "dNBR is unscaled here: 0.02, not 20.",
        )
    return number


def offset_statistics(function: BurnSeverity | BurnSigns) -> dict[str, Any]:
    """The offset that was used, and how many unburned pixels it comes from where it was
    looked for.
    """
    return {"dnbr_offset": function.offset, "unburned_pixels": function.unburned_pixels}


def offset_warnings(asked: str, function: BurnSeverity | BurnSigns) -> list[str]:
    """Where an offset was looked for in vain."""
    if asked.lower() == "auto" and function.unburned_pixels is None:
        return [
            "No offset could be found: too little vegetation in the map is like before. None "
            "was taken; "
            "map a larger area, or give a number"
        ]
    return []


def run_burn_severity(
    params: BurnSeverityParams, settings: Settings, monitor: Monitor
) -> OperationResult:
    """Map, and say how much burned and how much was not seen."""
    job, result, layers = map_severity(params, settings, monitor)
    rasters = {
        "severity": str(result.outputs[SEVERITY_NAME]),
        "index_layer": str(result.outputs[params.index]),
    }
    offset = result.statistics["dnbr_offset"]
    lines = [f"Offset taken off dNBR: {offset:g}"] if params.offset.lower() != "none" else []
    return present_map(job, result, layers, {**rasters, "dnbr_offset": offset}, lines)


BURN_SEVERITY = MapOperation(
    name="burn-severity",
    title="Burn severity",
    group="Wildfire",
    summary="Compares a stack before and one after a fire: dNBR, RdNBR or RBR, and severity "
    "classes with their areas.",
    params=BurnSeverityParams,
    run=run_burn_severity,
    outputs=(
        Output("severity", "Severity classes", "raster"),
        Output("index_layer", "Index", "raster"),
        Output("dnbr_offset", "Offset taken off dNBR", "number"),
        Output("burned_km2", "Burned area (km²)", "number"),
        Output("not_observed_percent", "Not observed (%)", "number"),
    ),
    algorithm=AlgorithmInfo(
        events=("wildfire",),
        bands=("nir", "swir22"),
        references=tuple(REFERENCES.values()),
        limits="Not over water, nor fields that were harvested in between; the same season on "
        "both dates. "
        "The class limits are generic: calibrate them in the field.",
    ),
)
