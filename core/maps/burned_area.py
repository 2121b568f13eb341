"""Map what burned between two stacks: patches of burned ground, whatever their severity."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from ..algorithms.burn import INDEX_LAYERS, BurnIndex
from ..algorithms.burn_offset import OffsetSurvey, SignsNoise
from ..algorithms.burned_area import (
    BURNED,
    BURNED_LAYER,
    CONFIDENCE_LAYER,
    MARKS_LAYER,
    REFERENCES,
    SEED,
    SEED_SHARE,
    BurnSigns,
    signs_kernel,
    temper,
)
from ..algorithms.kernel import Kernel, Layer
from ..errors import AlgorithmError
from ..execution.apply import Applied
from ..execution.keep_patches import Tempered, keep_patches
from ..monitor import Monitor, PartMonitor
from ..operation import AlgorithmInfo, Output, OutputKind
from ..params import InputRole, Kind, param
from ..recipes.inputs import MapInputs, unscaled_bands
from ..recipes.layers import Extent, MapLayer
from ..recipes.map_operation import map_operation
from ..recipes.params import OpticalMapParams, stack_param
from ..recipes.recipe import Findings, MapJob, MapRecipe
from ..recipes.run import compute_map, map_tags
from ..recipes.stacks import implausible, spare_inputs
from ..settings import Settings
from ..shapes.seeded_patches import PatchRule, SeededPatches
from .burn_severity import OFFSET, offset_line, offset_statistics, offset_warnings

SIGNS_SHARE = 0.8
"""Share of the progress bar where the signs are found; the rest is their patches."""
BANDS = {"nir": ("nir", "nir08"), "swir16": ("swir16",), "swir22": ("swir22",)}
NOTE = (
    "Made for the weeks after a fire, while char lies open. Older burns, low fires under trees "
    "and burned fields that were "
    "ploughed are missed."
)


@dataclass(frozen=True, kw_only=True)
class BurnedAreaParams(OpticalMapParams):
    """Two dates of one place, and how small a burn may be."""

    pre: Path = stack_param(
        InputRole.BEFORE, "Stack before", "A stack from before the fire, of the same season."
    )
    post: Path = stack_param(
        InputRole.AFTER, "Stack after", "A stack from the weeks after the fire."
    )
    min_area: float = param(
        1.0,
        kind=Kind.NUMBER,
        unit="ha",
        title="Least area (ha)",
        minimum=0,
        help="Smaller patches are left out, and counted in the statistics; 0 keeps all.",
    )
    offset: str = param(
        "auto",
        kind=Kind.TEXT,
        title="Offset",
        help="Offset subtracted from dNBR, the change over unburned ground: auto, which looks for "
        "it, none, or a number (0.02).",
        advanced=True,
    )

    def __post_init__(self) -> None:
        """Refuse an offset that no run can use."""
        OFFSET.read(self.offset)

    def layer_path(self, layer: Layer) -> Path:
        """Return the file of a layer; that of the marks is scratch."""
        scratch = self.output / "burned_marks.part.tif"
        return scratch if layer == MARKS_LAYER else super().layer_path(layer)


def make_kernel(params: BurnedAreaParams, inputs: MapInputs) -> Kernel:
    """Make the kernel of the first phase, whose marks grow into patches.

    Raises
    ------
    AlgorithmError
        If the numbers are not known to be reflectance: by the limits that are put on it, nothing
        would have burned.
    """
    for part in inputs.parts:
        raw = unscaled_bands(part)
        if raw:
            raise AlgorithmError(
                "Burned area cannot be mapped",
                f"{', '.join(raw)} of {part.facts.path} have no scale, and its limits are of "
                "reflectance",
                "Stack it with ‘stack.scale’ and ‘stack.offset’, such as 0.0000275 and -0.2 "
                "for Landsat Collection 2.",
            )
        impossible = implausible(part.facts, part.bands)
        if impossible:
            raise AlgorithmError(
                "Burned area cannot be mapped", impossible[0], "Its limits are of reflectance."
            )
    offset = OFFSET.read(params.offset)
    function = BurnSigns(
        inputs.masks, offset.otherwise(0.0), radius_px=params.dilation(inputs.grid)
    )
    survey = OffsetSurvey(function) if offset.is_auto else None
    return signs_kernel(function, inputs.bands, survey, SignsNoise())


def compute(
    job: MapJob[BurnedAreaParams], settings: Settings, monitor: Monitor
) -> tuple[Applied, Findings]:
    """Find the signs of fire, then keep the patches that hold seeds.

    Raises
    ------
    RasterError
        If a least area is asked for without a reference system, or a layer cannot be written.
    """
    params = job.params
    burned, marks = params.layer_path(BURNED_LAYER), params.layer_path(MARKS_LAYER)
    spare_inputs([burned], job.inputs.files())
    try:
        signs = compute_map(job, settings, PartMonitor(monitor, 0.0, SIGNS_SHARE))
        function = cast("BurnSigns", signs.kernel.compute)
        rule = PatchRule(SEED, SEED_SHARE, params.min_area * 1e4)
        kernel = replace(signs.kernel, layers=(BURNED_LAYER, *signs.kernel.layers[:2]))
        tags = {**map_tags(job.with_kernel(kernel)), **function.tags()}
        part = PartMonitor(monitor, SIGNS_SHARE, 1.0)
        sure = Tempered(params.layer_path(CONFIDENCE_LAYER), CONFIDENCE_LAYER, temper)
        (figures, likely), patches = keep_patches(
            marks, BURNED_LAYER, burned, rule, settings, part, tags, sure, job.area
        )
    finally:
        marks.unlink(missing_ok=True)
    figures = replace(figures, engine=signs.layers[0].engine)
    applied = Applied(kernel, (figures, signs.layers[0], likely))
    return applied, _findings(params, function, patches)


def _findings(params: BurnedAreaParams, function: BurnSigns, patches: SeededPatches) -> Findings:
    too_small_ha = patches.too_small_m2 / 1e4
    counts = {
        "kept": patches.kept,
        "too_small": patches.too_small,
        "too_small_ha": too_small_ha,
    }
    return Findings(
        formula="patches of dNBR >= 0.10 with falling nir and rising MIRBI = 10 swir22 - 9.8 "
        "swir16 + 2, that hold seeds of dNBR >= 0.27, MIRBI >= 1.75 and nir <= 0.20",
        statistics={"patches": counts, **offset_statistics(function)},
        provenance=offset_statistics(function),
        outputs={"patches": patches.kept},
        warnings=offset_warnings(OFFSET.read(params.offset), function),
        lines=(
            f"Patches: {patches.kept}; left out as smaller than {params.min_area:g} ha: "
            f"{patches.too_small} ({too_small_ha:.2f} ha)",
            offset_line(function),
        ),
    )


BURNED_AREA = map_operation(
    MapRecipe(
        name="burned-area",
        title="Burned area",
        group="Wildfire",
        summary="Maps what burned between two stacks. Its patches hold char beyond doubt, "
        "and are grown as far as the ground changed.",
        params=BurnedAreaParams,
        layers=(
            MapLayer(BURNED_LAYER, "Burned area"),
            MapLayer(INDEX_LAYERS[BurnIndex.DNBR], "dNBR"),
            MapLayer(CONFIDENCE_LAYER, "Confidence"),
        ),
        extents=(Extent("burned", BURNED_LAYER, (BURNED,), title="Burned area"),),
        numbers=(Output("patches", "Burned patches", OutputKind.NUMBER),),
        note=NOTE,
        stacks=lambda params: params.requests(BANDS),
        kernel=make_kernel,
        compute=compute,
        algorithm=AlgorithmInfo(
            events=("wildfire",),
            bands=("nir", "swir16", "swir22"),
            references=REFERENCES,
            limits="Not months after the fire, when char is gone; not for fires under a closed "
            "canopy. Dark ploughed peat and lava "
            "may look burned, and fields that changed and touch a burn become part of it.",
        ),
    )
)
