"""Map what burned between two stacks: patches of burned ground, whatever their severity."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from .. import PRODUCT
from ..algorithms.burn_offset import OffsetSurvey
from ..algorithms.burned_area import (
    BURNED,
    BURNED_LAYER,
    REFERENCES,
    SEED,
    SEED_SHARE,
    BurnSigns,
    signs_kernel,
)
from ..algorithms.masks import dilation_radius
from ..errors import AlgorithmError
from ..execution.apply import Applied
from ..execution.keep_patches import keep_patches
from ..monitor import Monitor
from ..operation import AlgorithmInfo, LayerOutput, OperationResult, Output
from ..params import InputRole, param
from ..raster.cloud_mask import MASK_BANDS
from ..settings import Settings
from ..shapes.seeded_patches import PatchRule
from ..types import AlgorithmResult
from .burn_severity import offset_statistics, offset_warnings, read_offset
from .class_statistics import unscaled
from .engine_params import cluster_param, engine_param, resume_param, with_engine
from .inputs import MapInputs, Wanted, open_inputs
from .map_operation import MapOperation
from .mask_params import mask_dilation_param
from .result import Extent, MapJob, compute_map, finish_map, present_map

OFFERS = {"nir": ("nir", "nir08"), "swir16": ("swir16",), "swir22": ("swir22",)}
NOTE = (
    "Made for the weeks after a fire, while char lies open. Older burns, low fires under trees "
    "and burned fields that were "
    "ploughed are missed; the confidence orders pixels and is no probability."
)


@dataclass(frozen=True, kw_only=True)
class BurnedAreaParams:
    """Two dates of one place, and how small a burn may be."""

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
        help="A stack from the weeks after the fire.",
    )
    output: Path = param(
        kind="folder_out",
        title="Folder",
        help="Gets burned.tif, dnbr.tif, confidence.tif and the outline.",
    )
    min_area: float = param(
        1.0,
        kind="number",
        title="Least area (ha)",
        minimum=0,
        help="Smaller patches are left out and told in the statistics; 0 keeps all.",
    )
    offset: str = param(
        "auto",
        kind="text",
        title="Offset",
        help="What is taken off dNBR for the change where nothing burned: auto, which looks for "
        "it, none, or a number (0.02).",
        advanced=True,
    )
    mask_dilation: float = mask_dilation_param()
    engine: str | None = engine_param()
    cluster: str | None = cluster_param()
    resume: bool = resume_param()


def map_burned_area(
    params: BurnedAreaParams, settings: Settings, monitor: Monitor
) -> tuple[MapJob, AlgorithmResult, list[LayerOutput]]:
    """Find what burned over the area that both stacks cover.

    Raises
    ------
    InputError
        If both stacks are the same, an output would replace an input, or offset or dilation cannot
        be.
    AlgorithmError
        If a stack lacks a band, or its numbers are no reflectance.
    BandStackError
        If the stacks cannot be brought onto one grid; ``ExtentMismatchError`` where they do not
        overlap.
    ValidationError, RasterError
        If a stack cannot be read or a layer not be written, or a least area is asked for without a
        reference system.
    EngineError, DependencyError
        If the cluster that was asked for cannot be used.
    """
    settings = with_engine(settings, params.engine, params.cluster)
    offset = read_offset(params.offset)
    wanted = {"pre": Wanted(params.pre, OFFERS), "post": Wanted(params.post, OFFERS)}
    names = ("burned.tif", "dnbr.tif", "confidence.tif", "burned_marks.part.tif")
    inputs, [burned, dnbr, confidence, marks] = open_inputs(
        "Burned area", wanted, params.output, names, monitor
    )
    _check_reflectance(inputs)
    asked = BurnSigns(
        inputs.masks, offset or 0.0, radius_px=dilation_radius(params.mask_dilation, inputs.grid)
    )
    first = MapJob(
        operation="burned-area",
        title="Burned area",
        inputs=inputs,
        kernel=signs_kernel(asked, inputs.bands, OffsetSurvey(asked) if offset is None else None),
        paths=(dnbr, confidence, marks),
        extents=(),
        parameters={
            "min_area_ha": params.min_area,
            "offset": params.offset,
            "mask_dilation_m": params.mask_dilation,
        },
        formula="patches of dNBR >= 0.10 with falling nir and rising MIRBI = 10 swir22 - 9.8 "
        "swir16 + 2, "
        "that hold seeds of dNBR >= 0.27, MIRBI >= 1.75 and nir <= 0.20",
        note=NOTE,
        resume=params.resume,
    )
    try:
        signs = compute_map(first, settings, monitor)
        function = cast("BurnSigns", signs.kernel.compute)
        rule = PatchRule(SEED, SEED_SHARE, params.min_area * 1e4)
        tags = {
            "software": PRODUCT,
            "reference": first.kernel.reference,
            "note": NOTE,
            **inputs.tags(),
            **function.tags(),
        }
        figures, patches = keep_patches(marks, BURNED_LAYER, burned, rule, settings, monitor, tags)
    finally:
        marks.unlink(missing_ok=True)
    kernel = replace(signs.kernel, layers=(BURNED_LAYER, *first.kernel.layers[:2]))
    job = replace(
        first,
        kernel=kernel,
        paths=(burned, dnbr, confidence),
        extents=(Extent("burned", "burned", (BURNED,)),),
    )
    told = {
        "patches": {
            "kept": patches.kept,
            "too_small": patches.too_small,
            "too_small_ha": patches.too_small_m2 / 1e4,
        },
        **offset_statistics(function),
    }
    applied = Applied(kernel, (replace(figures, engine=signs.layers[0].engine), *signs.layers[:2]))
    warnings = offset_warnings(params.offset, function)
    result, layers = finish_map(job, applied, monitor, told, warnings, offset_statistics(function))
    return job, result, layers


def _check_reflectance(inputs: MapInputs) -> None:
    """Raise where the numbers are not known to be reflectance: by the limits that are put on it,
    nothing would have burned.
    """
    for part in inputs.parts:
        raw = unscaled(
            part.facts, [index for name, index in part.bands.items() if name not in MASK_BANDS]
        )
        if raw:
            raise AlgorithmError(
                "Burned area cannot be mapped",
                f"{', '.join(raw)} of {part.facts.path} are stored numbers without a scale, and "
                "its limits are of reflectance",
                "Stack it with --scale and --offset, such as 0.0000275 and -0.2 for Landsat "
                "Collection 2.",
            )


def run_burned_area(
    params: BurnedAreaParams, settings: Settings, monitor: Monitor
) -> OperationResult:
    """Map, and say how much burned and how much was not seen."""
    job, result, layers = map_burned_area(params, settings, monitor)
    figures = result.statistics
    patches = figures["patches"]
    lines = [
        f"Patches: {patches['kept']}; left out as smaller than {params.min_area:g} ha: "
        f"{patches['too_small']} "
        f"({patches['too_small_ha']:.2f} ha)",
        f"Offset taken off dNBR: {figures['dnbr_offset']:g}",
    ]
    more = {name: str(result.outputs[name]) for name in ("burned", "dnbr", "confidence")}
    return present_map(job, result, layers, {**more, "patches": patches["kept"]}, lines)


BURNED_AREA = MapOperation(
    name="burned-area",
    title="Burned area",
    group="Wildfire",
    summary="Finds what burned between two stacks: patches that hold char beyond doubt, grown "
    "as far as the ground changed.",
    params=BurnedAreaParams,
    run=run_burned_area,
    outputs=(
        Output("burned", "Burned area", "raster"),
        Output("dnbr", "dNBR", "raster"),
        Output("confidence", "Confidence", "raster"),
        Output("burned_km2", "Burned area (km²)", "number"),
        Output("patches", "Burned patches", "number"),
        Output("not_observed_percent", "Not observed (%)", "number"),
    ),
    algorithm=AlgorithmInfo(
        events=("wildfire",),
        bands=("nir", "swir16", "swir22"),
        references=REFERENCES,
        limits="Not months after the fire, when char is gone; not for fires under a closed "
        "canopy. Dark ploughed peat and lava "
        "may look burned, and fields that changed and touch a burn become part of it.",
    ),
)
