"""Map where the pattern of built-up land changed, from a stack before and one after an event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from ..algorithms.kernel import Kernel
from ..algorithms.structural_damage import (
    CHANGE_LAYER,
    CHANGED,
    CORRELATION_LAYER,
    DAMAGE_LAYER,
    DAMAGED,
    INTENSITY_LAYER,
    NOTE,
    OPTICAL_STRUCTURE,
    PLAIN,
    RADAR_STRUCTURE,
    STRONG,
    STRONG_CHANGE,
    WINDOW_PX,
    StructuralDamage,
    structural_kernel,
)
from ..enums import Unit
from ..errors import AlgorithmError, InputError
from ..execution.apply import Applied
from ..operation import AlgorithmInfo
from ..params import InputRole, Kind, param
from ..raster.facts import read_facts
from ..recipes.auto_number import AutoNumberRule
from ..recipes.inputs import MapInputs, StackRequest
from ..recipes.layers import Extent, MapLayer
from ..recipes.map_operation import map_operation
from ..recipes.params import OpticalMapParams, stack_param
from ..recipes.recipe import Findings, MapJob, MapRecipe
from ..recipes.stacks import check_stack, named_bands
from .radar_inputs import POLARISATIONS

PREFERRED_BANDS = (*POLARISATIONS, "red", "green", "blue", "nir", "nir08")
"""The bands that are taken where none is named, the best first."""
FAILURE = "Structural damage cannot be mapped"
LEAST_WINDOW, MOST_WINDOW = 3, 51
STRUCTURE = AutoNumberRule("least structure", 0, 100, "0.8")


@dataclass(frozen=True, kw_only=True)
class StructuralDamageParams(OpticalMapParams):
    """Two dates of one place, and how they are compared."""

    pre: Path = stack_param(
        InputRole.BEFORE,
        "Stack before",
        "A stack from before the event: radar of the same orbit as after, or optical.",
    )
    post: Path = stack_param(
        InputRole.AFTER, "Stack after", "A stack from after the event, of the same sensor."
    )
    band: str | None = param(
        None,
        kind=Kind.TEXT,
        title="Band",
        help="The band that is compared; if not given, vv or another radar band, else red.",
    )
    window: int = param(
        WINDOW_PX,
        kind=Kind.INTEGER,
        title="Window (pixels)",
        help="Side of the moving window, an odd number of pixels: wide windows are "
        "surer, narrow ones sharper.",
        minimum=LEAST_WINDOW,
        maximum=MOST_WINDOW,
        advanced=True,
    )
    structure: str = param(
        "auto",
        kind=Kind.TEXT,
        title="Structure from",
        help="Least coefficient of variation in the window before; auto: radar "
        f"{RADAR_STRUCTURE:g}, else {OPTICAL_STRUCTURE:g}.",
        advanced=True,
    )

    def __post_init__(self) -> None:
        """Refuse a window or a structure that no run can use."""
        if self.window % 2 == 0:
            raise InputError(
                f"The window of {self.window} pixels cannot be used",
                "it has no middle",
                "Take an odd number.",
            )
        STRUCTURE.read(self.structure)


def request_stacks(params: StructuralDamageParams) -> Mapping[str, StackRequest]:
    """Ask both stacks for the band that is compared."""
    band = _choose_band(params)
    return params.requests({"band": (band,)}, masks=band not in POLARISATIONS)


def _choose_band(params: StructuralDamageParams) -> str:
    """Choose the band asked for, or the best one that both stacks have."""
    offers = []
    for stack in (params.pre, params.post):
        check_stack(stack)
        offers.append(named_bands(read_facts(stack)))
    ranked = dict.fromkeys((*PREFERRED_BANDS, *offers[0]))
    shared = [name for name in ranked if all(name in bands for bands in offers)]
    names, listed = f"{params.pre.name} and {params.post.name}", ", ".join(shared) or "no band"
    if params.band is not None:
        if params.band.lower() not in shared:
            raise AlgorithmError(
                FAILURE,
                f"{names} do not both have {params.band} (they share {listed})",
                "Choose a band that both have.",
            )
        return params.band.lower()
    if not shared or shared[0] not in PREFERRED_BANDS:
        raise AlgorithmError(
            FAILURE,
            f"{names} share {listed}",
            "Name one with ‘structural-damage.band’, or take stacks of one sensor.",
        )
    return shared[0]


def make_kernel(params: StructuralDamageParams, inputs: MapInputs) -> Kernel:
    """Make the kernel; its survey finds the usual change.

    Raises
    ------
    AlgorithmError
        If a radar band's unit has no dB.
    """
    band = _compared_band(inputs)
    radar = band in POLARISATIONS
    for part in inputs.parts if radar else ():
        unit = part.facts.bands[part.bands[band] - 1].radiometry.unit
        if unit not in (Unit.POWER, Unit.DECIBEL):
            raise AlgorithmError(
                f"{FAILURE} in {part.facts.path}",
                f"the unit of {band} is {unit or 'not known'}, and the comparison needs power "
                "or dB",
                "Take a terrain-corrected product (RTC), or stack it with ‘stack.unit’ db "
                "or power.",
            )
    structure = STRUCTURE.read(params.structure)
    function = StructuralDamage(
        radar,
        structure.otherwise(RADAR_STRUCTURE if radar else OPTICAL_STRUCTURE),
        params.window,
        radius_px=params.dilation(inputs.grid),
    )
    return structural_kernel(function, inputs.bands, inputs.masks)


def _compared_band(inputs: MapInputs) -> str:
    return inputs.bands["pre.band"].partition(".")[2]


def report(job: MapJob[StructuralDamageParams], applied: Applied) -> Findings:
    """Tell the usual change."""
    params, band = job.params, _compared_band(job.inputs)
    function = cast("StructuralDamage", applied.kernel.compute)
    usual, structure, side_m = function.usual, function.structure, job.inputs.pixel_m
    warnings = [
        f"Compares districts of about {params.window * side_m:.0f} m, from pixels of "
        f"{side_m:.0f} m: single buildings cannot be judged"
    ]
    if not usual.population:
        warnings.append(
            "No built-up land was compared: nothing that was seen on both dates has "
            f"structure. That is a coefficient of variation from {structure:g} in the "
            "window"
        )
    median, spread = usual.brightness
    return Findings(
        formula=f"d = 10 log10(mean after / mean before), r = correlation, in {params.window} x "
        f"{params.window} pixels; deviation = hypot((d - median) / spread, max(median artanh r - "
        f"artanh r, 0) / spread); change from {CHANGED:g}, strong from {STRONG:g}, where the "
        f"coefficient of variation before is at least {structure:g}",
        statistics={
            "band": band,
            "structure_from": structure,
            "structured_pixels": usual.population,
            "usual_intensity_change_db": {"median": median, "spread": spread},
            "usual_fisher_z": dict(zip(("median", "spread"), usual.fisher)),
        },
        parameters={"band": band},
        warnings=tuple(warnings),
        lines=(f"Usual change of {band}: {median:.2f} dB, spread {spread:.2f} dB",),
    )


STRUCTURAL_DAMAGE = map_operation(
    MapRecipe(
        name="structural-damage",
        title="Structural damage",
        group="Storm",
        summary="Maps built-up land whose pattern changed. Compares brightness and "
        "correlation before and after in a moving window.",
        params=StructuralDamageParams,
        layers=(
            MapLayer(DAMAGE_LAYER, "Change classes"),
            MapLayer(CHANGE_LAYER, "Deviation from the usual change", output="change_layer"),
            MapLayer(INTENSITY_LAYER, "Change of brightness (dB)"),
            MapLayer(CORRELATION_LAYER, "Correlation"),
        ),
        extents=(
            Extent("changed", DAMAGE_LAYER, DAMAGED, silent=(PLAIN,), title="Changed area"),
            Extent(
                "strongly_changed", DAMAGE_LAYER, (STRONG_CHANGE,), title="Strongly changed area"
            ),
        ),
        note=NOTE,
        stacks=request_stacks,
        kernel=make_kernel,
        report=report,
        algorithm=AlgorithmInfo(
            events=("storm",),
            bands=("vv",),
            references=(
                "Matsuoka & Yamazaki 2004, doi:10.1193/1.1774182",
                "Matsuoka & Nojima 2010, doi:10.3390/rs2092111",
                "Lopes, Touzi & Nezry 1990, doi:10.1109/36.62623",
            ),
            limits="It finds districts whose pattern changed, never single buildings, and cannot "
            "tell damage from building sites, floods, snow or ships. Not across orbits or "
            "seasons, and not where hardly anything is built.",
        ),
    )
)
