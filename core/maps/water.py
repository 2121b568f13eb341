"""Map open water in an optical scene, and what of it is new."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from ..algorithms import optical_water as optical
from ..algorithms.flood import FLOODED_LAYER, WATER, WATER_LAYER
from ..algorithms.kernel import Kernel
from ..algorithms.threshold import CutOrigin
from ..errors import AlgorithmError
from ..execution.apply import Applied
from ..monitor import Monitor
from ..operation import AlgorithmInfo, Output, OutputKind
from ..params import InputRole, Kind, param
from ..raster.facts import read_facts
from ..recipes.auto_number import AutoNumberRule
from ..recipes.inputs import MapInputs, StackRequest, open_inputs
from ..recipes.layers import Extent, MapLayer
from ..recipes.map_operation import map_operation
from ..recipes.params import OpticalMapParams, stack_param
from ..recipes.recipe import Findings, MapJob, MapRecipe
from ..recipes.stacks import band_doubts, check_stack, named_bands, unscaled
from .flood_params import FloodMapParams

SUBJECT = "Water"
PARTNERS = {"nir": ("nir", "nir08"), "swir16": ("swir16",)}
"""Band that green is compared with → the bands that can be it."""
THRESHOLD = AutoNumberRule("threshold", -1, 1, "0.1", hint="The index lies there.")
NOTE = (
    "Snow, shadow, glint and roofs can have the index of water: where there is no mask of them, "
    "look at the picture."
)


@dataclass(frozen=True, kw_only=True)
class WaterParams(FloodMapParams, OpticalMapParams):
    """Optical scenes, and the threshold of water."""

    stack: Path = stack_param(
        InputRole.AFTER, "Band stack", "An optical stack with green, and swir16 or nir."
    )
    pre: Path | None = stack_param(
        InputRole.BEFORE,
        "Stack before",
        "The same place before the flood: what was no water then is flooded.",
        default=None,
    )
    method: optical.WaterIndex | None = param(
        None,
        kind=Kind.CHOICE,
        title="Method",
        choices=tuple(optical.WaterIndex),
        labels={
            "mndwi": "MNDWI (green and short-wave infrared)",
            "ndwi": "NDWI (green and near infrared)",
        },
        help="mndwi: green and short-wave infrared, better with mud and in towns; ndwi: green and "
        "near infrared. If not given, mndwi where the stacks have swir16.",
    )
    threshold: str = param(
        "auto",
        kind=Kind.TEXT,
        title="Threshold",
        help="auto: the scene's own, -0.1 to 0, where its histogram shows land and water, else "
        "0; or a number. Water is above.",
    )

    def __post_init__(self) -> None:
        """Refuse what no run can use."""
        THRESHOLD.read(self.threshold)
        self.rules()


def open_scenes(params: WaterParams, monitor: Monitor) -> MapInputs:
    """Open the stacks with the bands of the method that was asked for, or that suits them.

    Raises
    ------
    AlgorithmError
        If a stack lacks a band.
    """
    stacks = {**({} if params.pre is None else {"pre": params.pre}), "post": params.stack}
    index, warnings = (params.method, []) if params.method else _suitable_index(stacks)
    bands = {"green": ("green",), "other": PARTNERS[index.other]}
    requests = {date: StackRequest(stack, bands) for date, stack in stacks.items()}
    inputs = open_inputs(SUBJECT, requests, params.output, monitor, params.extras())
    return replace(inputs, warnings=(*inputs.warnings, *warnings))


def _suitable_index(stacks: Mapping[str, Path]) -> tuple[optical.WaterIndex, list[str]]:
    """Choose an index, and tell what is to be known of the choice."""
    for stack in stacks.values():
        check_stack(stack)
        facts = read_facts(stack)
        bands = named_bands(facts)
        if "swir16" in bands:
            continue
        if not set(PARTNERS["nir"]) & set(bands):
            raise AlgorithmError(
                f"{SUBJECT} cannot be mapped",
                f"{stack} has no band swir16, nir or nir08 (it has "
                f"{', '.join(bands) or 'no named band'})",
                band_doubts(facts)
                or "Ingest or stack the scene with green, and short-wave or near infrared.",
            )
        return optical.WaterIndex.NDWI, [
            f"{stack.name} has no band swir16: ndwi was taken. It misses muddy water and "
            "takes some roofs for water"
        ]
    return optical.WaterIndex.MNDWI, []


def make_kernel(params: WaterParams, inputs: MapInputs) -> Kernel:
    """Make the kernel, with a survey where the threshold is to be found."""
    threshold = THRESHOLD.read(params.threshold)
    partner = inputs.bands["post.other"].rpartition(".")[2]
    index = next(index for index in optical.WaterIndex if partner in PARTNERS[index.other])
    water = optical.OpticalWater(
        dates=tuple(part.name for part in inputs.parts),
        masks=inputs.masks,
        threshold=threshold.otherwise(optical.FIXED),
        origin=CutOrigin.FIXED if threshold.is_auto else CutOrigin.GIVEN,
        rules=params.rules_for(inputs),
        radius_px=params.dilation(inputs.grid),
        scaled={
            part.name: not unscaled(part.facts, [part.bands["green"]]) for part in inputs.parts
        },
        compared=params.pre is not None or params.permanent_water is not None,
    )
    return optical.optical_water_kernel(index, inputs.bands, water, survey=threshold.is_auto)


def report(job: MapJob[WaterParams], applied: Applied) -> Findings:
    """Tell the threshold."""
    water = cast("optical.OpticalWater", applied.kernel.compute)
    [method] = [index for index in optical.WaterIndex if index in job.outputs]
    warnings = job.params.doubts(job.inputs)
    searched = THRESHOLD.read(job.params.threshold).is_auto
    if searched and water.origin == CutOrigin.FIXED and applied.layers[0].observed:
        warnings.insert(
            0,
            f"The histogram of {method} does not show land and water apart: the fixed threshold "
            f"{optical.FIXED:g} was taken",
        )
    return Findings(
        formula=_formula(method, water),
        statistics={
            "method": method,
            "threshold": water.threshold,
            "threshold_origin": water.origin,
        },
        parameters={"method": method},
        warnings=tuple(warnings),
        lines=(f"Threshold: {method} above {water.threshold:g} ({water.origin})",),
    )


def _formula(method: optical.WaterIndex, water: optical.OpticalWater) -> str:
    text = (
        f"{method} = (green - {method.other}) / (green + {method.other}); water where "
        f"{method} > {water.threshold:g}"
    )
    if "pre" in water.dates:
        text += (
            f"; flooded where water after and {method} <= "
            f"{max(water.threshold, optical.FIXED) - optical.DRY_BY:g} before"
        )
    return text


WATER_MAP = map_operation(
    MapRecipe(
        name="water",
        title="Water from optical scenes",
        subject=SUBJECT,
        group="Flood",
        summary="Maps open water by NDWI or MNDWI, and what of it is flood. Flood is what "
        "was dry in a stack before, or lies beyond permanent water; cloud, shadow "
        "and snow are a class of their own.",
        params=WaterParams,
        layers=(
            MapLayer(WATER_LAYER, "Water"),
            MapLayer(FLOODED_LAYER, "Flooded", when="with a stack before or permanent water"),
            MapLayer(optical.CONFIDENCE_LAYER, "Confidence"),
            MapLayer(
                optical.INDEX_LAYERS[optical.WaterIndex.MNDWI],
                "Index",
                or_layers=(optical.INDEX_LAYERS[optical.WaterIndex.NDWI],),
                output="index_layer",
            ),
        ),
        extents=(
            Extent("flooded", FLOODED_LAYER, (WATER,), map_title="Flood"),
            Extent("water", WATER_LAYER, (WATER,)),
        ),
        numbers=(Output("threshold", "Threshold", OutputKind.NUMBER),),
        note=NOTE,
        open=open_scenes,
        kernel=make_kernel,
        report=report,
        algorithm=AlgorithmInfo(
            events=("flood",),
            bands=("green", "swir16"),
            references=tuple(optical.REFERENCES.values()),
            limits="Not under cloud, nor for water below trees or between houses, which leaves "
            "and roofs hide. Snow, deep shadow on mountains and bright roofs are taken for water "
            "where the scene's mask does not know them, and glint hides water.",
        ),
    )
)
