"""Map open water in an optical scene, and what of it is new."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from ..algorithms.flood import WATER
from ..algorithms.masks import dilation_radius
from ..algorithms.optical_water import (
    DRY_BY,
    FIXED,
    REFERENCES,
    OpticalWater,
    WaterIndex,
    water_kernel,
)
from ..algorithms.threshold import CutOrigin
from ..discovery.band_config import load_sensors
from ..errors import AlgorithmError, InputError
from ..monitor import Monitor
from ..operation import AlgorithmInfo, LayerOutput, OperationResult, Output
from ..params import InputRole, param
from ..raster.band_names import identify_bands
from ..raster.reader import read_facts
from ..settings import Settings
from ..types import AlgorithmResult
from ..validation.image_validator import known_names
from .class_statistics import check_stack, unscaled
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
from .inputs import Wanted, open_inputs
from .map_operation import MapOperation
from .mask_params import mask_dilation_param
from .result import Extent, MapJob, compute_map, finish_map, present_map

OFFERS = {"nir": ("nir", "nir08"), "swir16": ("swir16",)}
"""What green is compared with → the bands that can be it."""
NOTE = (
    "Snow, shadow, glint and roofs can have the index of water: where there is no mask of "
    "them, look at the picture."
)


@dataclass(frozen=True, kw_only=True)
class WaterParams:
    """Which scene, and where water begins."""

    stack: Path = param(
        kind="raster_in",
        role=InputRole.AFTER,
        title="Band stack",
        help="An optical stack with green, and swir16 or nir.",
    )
    pre: Path | None = param(
        None,
        kind="raster_in",
        role=InputRole.BEFORE,
        title="Stack before",
        help="The same place before the flood: what was no water then is flooded.",
    )
    output: Path = param(
        kind="folder_out",
        title="Folder",
        help="Gets water.tif and, with a stack before, flooded.tif: 0 dry, 1 water, 255 not "
        "observed.",
    )
    method: str | None = param(
        None,
        kind="choice",
        title="Method",
        choices=tuple(WaterIndex),
        help="mndwi: green and short-wave infrared, better with mud and in towns; ndwi: green "
        "and near infrared. "
        "If not given, mndwi where the stacks have swir16.",
    )
    threshold: str = param(
        "auto",
        kind="text",
        title="Threshold",
        help="auto: the scene's own, -0.1 to 0, where its histogram shows land and water, else "
        "0; or a number. Water is above.",
    )
    permanent_water: Path | None = permanent_water_param()
    permanent_values: str | None = permanent_values_param()
    hand: Path | None = hand_param()
    hand_limit: float = hand_limit_param()
    slope: Path | None = slope_param()
    slope_limit: float = slope_limit_param()
    mask_dilation: float = mask_dilation_param()
    engine: str | None = engine_param()
    cluster: str | None = cluster_param()
    resume: bool = resume_param()


def map_water(
    params: WaterParams, settings: Settings, monitor: Monitor
) -> tuple[MapJob, AlgorithmResult, list[LayerOutput]]:
    """Compute the index and the water of a whole stack, and the flood where there is something to
    compare it with.

    Raises
    ------
    InputError
        If the threshold or the values of permanent water are none, both stacks are the same, or an
        output would replace an input.
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
    given, rules = _threshold(params.threshold), flood_rules(params)
    stacks = {**({} if params.pre is None else {"pre": params.pre}), "post": params.stack}
    method, warnings = _pick_method(params.method, stacks)
    compared = params.pre is not None or params.permanent_water is not None
    names = (
        f"{method}.tif",
        "water.tif",
        "confidence.tif",
        *(("flooded.tif",) if compared else ()),
    )
    offers = {"green": ("green",), "other": OFFERS[WaterIndex(method).other]}
    wanted = {date: Wanted(stack, offers) for date, stack in stacks.items()}
    inputs, paths = open_inputs(
        "Water", wanted, params.output, names, monitor, flood_extras(params)
    )
    radius = dilation_radius(params.mask_dilation, inputs.grid)
    water = OpticalWater(
        dates=tuple(stacks),
        masks=inputs.masks,
        threshold=FIXED if given is None else given,
        origin=CutOrigin.FIXED if given is None else CutOrigin.GIVEN,
        rules=rules,
        radius_px=radius,
        scaled={
            part.name: not unscaled(part.facts, [part.bands["green"]]) for part in inputs.parts
        },
        compared=compared,
    )
    job = MapJob(
        operation="water",
        title="Flood" if compared else "Water",
        inputs=inputs,
        kernel=water_kernel(WaterIndex(method), inputs.bands, water, survey=given is None),
        paths=tuple(paths),
        extents=(
            *((Extent("flooded", "flooded", (WATER,)),) if compared else ()),
            Extent("water", "water", (WATER,)),
        ),
        parameters={
            "method": method,
            "threshold": params.threshold,
            "mask_dilation_m": params.mask_dilation,
            **flood_parameters(params),
        },
        formula=f"water where {method} is above the threshold",
        note=NOTE,
        resume=params.resume,
    )
    applied = compute_map(job, settings, monitor)
    done = cast("OpticalWater", applied.kernel.compute)
    job = replace(job, formula=_formula(method, done))
    if given is None and done.origin == CutOrigin.FIXED and applied.layers[0].observed:
        warnings.append(
            f"The histogram of {method} does not show land and water apart: the fixed threshold "
            f"{FIXED:g} was taken"
        )
    warnings += doubt_permanent(params, inputs)
    figures = {"method": method, "threshold": done.threshold, "threshold_origin": done.origin}
    result, layers = finish_map(job, applied, monitor, figures, warnings)
    return job, result, layers


def _threshold(text: str) -> float | None:
    """The number given; None for ``auto``."""
    if text.lower() == "auto":
        return None
    what = f"The threshold '{text}' cannot be used"
    try:
        number = float(text)
    except ValueError:
        raise InputError(what, "it is neither auto nor a number", "Write it like 0.1.") from None
    if not -1 <= number <= 1:
        raise InputError(what, "it does not lie within -1 to 1, where the index does")
    return number


def _pick_method(given: str | None, stacks: Mapping[str, Path]) -> tuple[str, list[str]]:
    """The method, and what is to be known of the choice."""
    if given is not None:
        return given, []
    for stack in stacks.values():
        check_stack(stack)
        facts = read_facts(stack)
        bands = identify_bands(facts, known_names(load_sensors().get(facts.tags.get("sensor", ""))))
        if "swir16" in bands:
            continue
        if not set(OFFERS["nir"]) & set(bands):
            raise AlgorithmError(
                "Water cannot be mapped",
                f"{stack} has no band swir16, nir or nir08 (it has "
                f"{', '.join(bands) or 'no named band'})",
                "Ingest or stack the scene with green, and short-wave or near infrared.",
            )
        return "ndwi", [
            f"{stack.name} has no band swir16: ndwi was taken, which misses mud and takes some "
            "roofs for water"
        ]
    return "mndwi", []


def _formula(method: str, water: OpticalWater) -> str:
    other = WaterIndex(method).other
    text = (
        f"{method} = (green - {other}) / (green + {other}); water where "
        f"{method} > {water.threshold:g}"
    )
    if "pre" in water.dates:
        text += (
            f"; flooded where water after and {method} <= "
            f"{max(water.threshold, FIXED) - DRY_BY:g} before"
        )
    return text


def run_water(params: WaterParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Map, and say how much water there is, how much of it is new, and how much was not seen."""
    job, result, layers = map_water(params, settings, monitor)
    figures = result.statistics
    method, threshold = figures["method"], figures["threshold"]
    rasters = {
        name: str(path)
        for name, path in result.outputs.items()
        if name in ("water", "flooded", "confidence")
    }
    more = {**rasters, "index_layer": str(result.outputs[method]), "threshold": threshold}
    return present_map(
        job,
        result,
        layers,
        more,
        [f"Threshold: {method} above {threshold:g} ({figures['threshold_origin']})"],
    )


WATER_OPERATION = MapOperation(
    name="water",
    title="Water from optical scenes",
    group="Flood",
    summary="Maps open water by NDWI or MNDWI, and what of it is new since a stack before or "
    "beyond permanent water; "
    "cloud, shadow and snow are a class of their own.",
    params=WaterParams,
    run=run_water,
    outputs=(
        Output("water", "Water", "raster"),
        Output("flooded", "Flooded", "raster"),
        Output("confidence", "Confidence", "raster"),
        Output("index_layer", "Index", "raster"),
        Output("water_km2", "Water (km²)", "number"),
        Output("flooded_km2", "Flooded (km²)", "number"),
        Output("threshold", "Threshold", "number"),
        Output("not_observed_percent", "Not observed (%)", "number"),
    ),
    algorithm=AlgorithmInfo(
        events=("flood",),
        bands=("green", "swir16"),
        references=tuple(REFERENCES.values()),
        limits="Not under cloud, nor for water below trees or between houses, which leaves and "
        "roofs hide. Snow, deep shadow on "
        "mountains and bright roofs are taken for water where the scene's mask does not know "
        "them, and glint hides water.",
    ),
)
