"""Map burn severity from a stack before and one after the fire."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ..algorithms.burn import (
    BURNED,
    CONFIDENCE_LAYER,
    INDEX_LAYERS,
    REFERENCES,
    SCALES,
    SEVERITY_LAYER,
    THRESHOLD_NOTE,
    BurnIndex,
    BurnSeverity,
    severity_kernel,
)
from ..algorithms.burn_offset import BurnNoise, OffsetSurvey
from ..algorithms.burned_area import BurnSigns
from ..algorithms.kernel import Kernel
from ..execution.apply import Applied
from ..operation import AlgorithmInfo, Output, OutputKind
from ..params import InputRole, Kind, param
from ..recipes.auto_number import AutoNumber, AutoNumberRule
from ..recipes.inputs import MapInputs
from ..recipes.layers import Extent, MapLayer
from ..recipes.map_operation import map_operation
from ..recipes.params import OpticalMapParams, stack_param
from ..recipes.recipe import Findings, MapJob, MapRecipe

BANDS = {"nir": ("nir", "nir08"), "swir22": ("swir22",)}
"""Band of the index → the bands that can be it."""
OFFSET = AutoNumberRule(
    "offset", -0.5, 0.5, "0.02", words={"none": 0.0}, hint="dNBR is unscaled here: 0.02, not 20."
)
FORMULAS = {
    BurnIndex.DNBR: "",
    BurnIndex.RDNBR: "; RdNBR = dNBR / sqrt(|NBR before|)",
    BurnIndex.RBR: "; RBR = dNBR / (NBR before + 1.001)",
}


@dataclass(frozen=True, kw_only=True)
class BurnSeverityParams(OpticalMapParams):
    """Two dates of one place."""

    pre: Path = stack_param(
        InputRole.BEFORE, "Stack before", "A stack from before the fire, of the same season."
    )
    post: Path = stack_param(InputRole.AFTER, "Stack after", "A stack from after the fire.")
    index: BurnIndex = param(
        BurnIndex.DNBR,
        kind=Kind.CHOICE,
        title="Index",
        choices=tuple(BurnIndex),
        labels={
            "dnbr": "dNBR (absolute change)",
            "rdnbr": "RdNBR (relative change)",
            "rbr": "RBR (relative change)",
        },
        help="dnbr: absolute change; rdnbr, rbr: relative to what grew there. The classes are "
        "those published for the index.",
    )
    offset: str = param(
        "none",
        kind=Kind.TEXT,
        title="Offset",
        help="Offset subtracted from dNBR, the change over unburned ground: none, a number "
        "(0.02), or auto, which looks for it.",
    )

    def __post_init__(self) -> None:
        """Refuse an offset that no run can use."""
        OFFSET.read(self.offset)


def make_kernel(params: BurnSeverityParams, inputs: MapInputs) -> Kernel:
    """Make the kernel, with a survey where the offset is to be found."""
    offset = OFFSET.read(params.offset)
    function = BurnSeverity(
        params.index,
        inputs.masks,
        offset.otherwise(0.0),
        radius_px=params.dilation(inputs.grid),
    )
    survey = OffsetSurvey(function) if offset.is_auto else None
    return severity_kernel(function, inputs.bands, survey, BurnNoise())


def report(job: MapJob[BurnSeverityParams], applied: Applied) -> Findings:
    """Tell the offset and the class limits."""
    index = job.params.index
    function = cast("BurnSeverity", applied.kernel.compute)
    offset = OFFSET.read(job.params.offset)
    found = offset_statistics(function)
    limits = {"index": index, "between": list(SCALES[index].edges)}
    return Findings(
        formula="NBR = (nir - swir22) / (nir + swir22); dNBR = NBR before - NBR after - "
        f"offset{FORMULAS[index]}",
        statistics={"index": index, **found},
        provenance={"class_limits": limits, **found},
        warnings=offset_warnings(offset, function),
        lines=() if offset.text.lower() == "none" else (offset_line(function),),
    )


def offset_statistics(function: BurnSeverity | BurnSigns) -> dict[str, Any]:
    """Tell the offset that was used, and how many unburned pixels it comes from where it was
    looked for.
    """
    return {"dnbr_offset": function.offset, "unburned_pixels": function.unburned_pixels}


def offset_line(function: BurnSeverity | BurnSigns) -> str:
    """Tell a person the offset."""
    return f"Offset subtracted from dNBR: {function.offset:g}"


def offset_warnings(offset: AutoNumber, function: BurnSeverity | BurnSigns) -> tuple[str, ...]:
    """Warn where an offset was looked for in vain."""
    if not offset.is_auto or function.unburned_pixels is not None:
        return ()
    return (
        "No offset could be found: too little vegetation in the map is unchanged. "
        "None was subtracted; map a larger area, or give a number",
    )


BURN_SEVERITY = map_operation(
    MapRecipe(
        name="burn-severity",
        title="Burn severity",
        group="Wildfire",
        summary="Maps burn severity by dNBR, RdNBR or RBR, in classes with their areas. "
        "Compares a stack before a fire with one after it.",
        params=BurnSeverityParams,
        layers=(
            MapLayer(SEVERITY_LAYER, "Severity classes"),
            MapLayer(CONFIDENCE_LAYER, "Confidence"),
            MapLayer(INDEX_LAYERS[BurnIndex.DNBR], "dNBR"),
            MapLayer(
                INDEX_LAYERS[BurnIndex.RDNBR],
                "Index",
                or_layers=(INDEX_LAYERS[BurnIndex.RBR], INDEX_LAYERS[BurnIndex.DNBR]),
                output="index_layer",
                when="with another index",
            ),
        ),
        extents=(Extent("burned", SEVERITY_LAYER, BURNED, title="Burned area"),),
        numbers=(Output("dnbr_offset", "Offset subtracted from dNBR", OutputKind.NUMBER),),
        note=THRESHOLD_NOTE,
        stacks=lambda params: params.requests(BANDS),
        kernel=make_kernel,
        report=report,
        algorithm=AlgorithmInfo(
            events=("wildfire",),
            bands=("nir", "swir22"),
            references=tuple(REFERENCES.values()),
            limits="Not over water, nor fields that were harvested in between; the same season on "
            "both dates. The class limits are generic: calibrate them in the field.",
        ),
    )
)
