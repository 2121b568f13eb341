"""Map what a storm took of the vegetation, from a stack before and one after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from ..algorithms import wind_damage as wind
from ..algorithms.kernel import Kernel
from ..execution.apply import Applied
from ..operation import AlgorithmInfo
from ..params import InputRole, Kind, param
from ..recipes.auto_number import AutoNumberRule
from ..recipes.inputs import MapInputs, StackRequest
from ..recipes.layers import Extent, MapLayer
from ..recipes.map_operation import map_operation
from ..recipes.params import OpticalMapParams, stack_param
from ..recipes.recipe import Findings, MapJob, MapRecipe

OFFSET = AutoNumberRule("change without damage", -2, 2, "0.05")
MUCH_DAMAGE_PERCENT = 25.0
"""Of the vegetation. From here somebody should ask whether the median still is that of unharmed
plants.
"""


@dataclass(frozen=True, kw_only=True)
class WindDamageParams(OpticalMapParams):
    """Two dates of one place, and what counts as damage."""

    pre: Path = stack_param(
        InputRole.BEFORE, "Stack before", "A stack from before the storm, of the same season."
    )
    post: Path = stack_param(InputRole.AFTER, "Stack after", "A stack from after the storm.")
    index: wind.VegetationIndex = param(
        wind.VegetationIndex.NDMI,
        kind=Kind.CHOICE,
        title="Index",
        choices=tuple(wind.VegetationIndex),
        labels={"ndmi": "NDMI (moisture)", "ndvi": "NDVI (green)", "nbr": "NBR (burn ratio)"},
        help="The index that falls: ndmi shows hurricane damage best, ndvi tornado tracks.",
    )
    offset: str = param(
        "auto",
        kind=Kind.TEXT,
        title="Change without damage",
        help="auto: the median change (before - after) of all vegetation; or a number, where "
        "more than half of it was hit.",
    )
    severe: float = param(
        wind.SEVERE_LOSS,
        kind=Kind.NUMBER,
        title="Severe from",
        help="Loss of the index, after the offset.",
        minimum=0,
        maximum=2,
        advanced=True,
    )
    vegetated: float = param(
        wind.VEGETATED_NDVI,
        kind=Kind.NUMBER,
        title="Vegetated from",
        help="NDVI before; what lies below is not looked at.",
        minimum=-1,
        maximum=1,
        advanced=True,
    )

    def __post_init__(self) -> None:
        """Refuse an offset that no run can use."""
        OFFSET.read(self.offset)


def request_stacks(params: WindDamageParams) -> Mapping[str, StackRequest]:
    """Ask for the bands of the index, and before the storm also for NDVI's."""
    partner = params.index.partner
    requests = params.requests({"nir": ("nir", "nir08"), partner: (partner,)})
    before = requests["pre"]
    return {**requests, "pre": replace(before, bands={**before.bands, "red": ("red",)})}


def make_kernel(params: WindDamageParams, inputs: MapInputs) -> Kernel:
    """Make the kernel; its survey finds the noise, and the offset where none is given."""
    function = wind.WindDamage(
        params.index,
        vegetated=params.vegetated,
        severe=params.severe,
        radius_px=params.dilation(inputs.grid),
    )
    return wind.wind_kernel(function, inputs.bands, inputs.masks, OFFSET.read(params.offset).number)


def report(job: MapJob[WindDamageParams], applied: Applied) -> Findings:
    """Tell offset and noise."""
    params = job.params
    function = cast("wind.WindDamage", applied.kernel.compute)
    partner, damage_from = function.index.partner, round(function.limit, 6)
    return Findings(
        formula=f"{params.index} = (nir - {partner}) / (nir + {partner}); loss = {params.index} "
        f"before - after - offset; damage from {wind.DAMAGE_DEVIATIONS:g} x noise, where NDVI "
        f"before is at least {params.vegetated:g}",
        statistics={
            "index": params.index,
            "offset": function.offset,
            "noise": function.noise,
            "damage_from": damage_from,
            "vegetated_pixels": function.population,
        },
        warnings=tuple(_warnings(params, function, applied)),
        lines=(
            f"Change without damage: {function.offset:.3f} of {params.index.upper()}, damage "
            f"from {damage_from:.3f} above it ({wind.DAMAGE_DEVIATIONS:g} standard deviations)",
        ),
    )


def _warnings(params: WindDamageParams, function: wind.WindDamage, applied: Applied) -> list[str]:
    counts = applied.layers[applied.kernel.layers.index(wind.DAMAGE_LAYER)].classes
    harmed = sum(counts.get(code, (0, None))[0] for code in wind.DAMAGED)
    warnings = []
    if not function.population:
        warnings.append(
            f"No vegetation (NDVI from {function.vegetated:g}) was seen on both dates: "
            f"its damage is not known. A noise of {wind.LEAST_NOISE:g} is assumed"
        )
    elif (
        OFFSET.read(params.offset).is_auto
        and 100 * harmed >= MUCH_DAMAGE_PERCENT * function.population
    ):
        warnings.append(
            f"{100 * harmed / function.population:.0f} % of the vegetation is mapped as "
            "damaged: if more than half was hit, the map shows too little. Then give "
            "‘wind-damage.offset’, measured where the storm did not pass"
        )
    if function.limit > function.severe:
        warnings.append(
            "Unharmed vegetation changed unevenly: losses show only from "
            f"{function.limit:.2f}, and there is no moderate class. Take two dates of "
            "one season and clear sky"
        )
    return warnings


WIND_DAMAGE = map_operation(
    MapRecipe(
        name="wind-damage",
        title="Wind damage",
        group="Storm",
        summary="Maps vegetation that lost more of an index than season and noise explain. "
        "Compares a stack before a storm with one after it.",
        params=WindDamageParams,
        layers=(
            MapLayer(wind.DAMAGE_LAYER, "Damage classes"),
            MapLayer(wind.LOSS_LAYER, "Loss of the index", output="loss_layer"),
            MapLayer(wind.CONFIDENCE_LAYER, "Confidence"),
        ),
        extents=(
            Extent(
                "damaged",
                wind.DAMAGE_LAYER,
                wind.DAMAGED,
                silent=(wind.BARE,),
                title="Damaged area",
            ),
            Extent("severe", wind.DAMAGE_LAYER, (wind.SEVERE,), title="Severely damaged area"),
        ),
        note=wind.NOTE,
        stacks=request_stacks,
        kernel=make_kernel,
        report=report,
        algorithm=AlgorithmInfo(
            events=("storm",),
            bands=("nir", "red", "swir16"),
            references=(
                "Wang et al. 2010, Agricultural and Forest Meteorology 150(1), 122-132",
                "Leys et al. 2013, doi:10.1016/j.jesp.2013.03.013",
                "Sobrino, Jiménez-Muñoz & Paolini 2004, doi:10.1016/j.rse.2004.02.003",
                "Burow et al. 2020, doi:10.3390/atmos11060613",
            ),
            limits="It maps loss of green, not fallen trees: harvest, mowing, drought, flooding "
            "and fire look alike. Not across seasons, not in winter without leaves, and not "
            "without a given offset where more than half of the vegetation was hit.",
        ),
    )
)
