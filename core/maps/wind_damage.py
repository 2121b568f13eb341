"""Map what a storm took of the vegetation, from a stack before and one after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ..algorithms.masks import dilation_radius
from ..algorithms.wind_damage import (
    BARE,
    DAMAGE_DEVIATIONS,
    DAMAGED,
    LEAST_NOISE,
    NOTE,
    SEVERE,
    SEVERE_LOSS,
    VEGETATED_NDVI,
    VegetationIndex,
    WindDamage,
    wind_kernel,
)
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

NIR = ("nir", "nir08")
MUCH_DAMAGE_PERCENT = 25.0
"""Of the vegetation. From here somebody should ask whether the median still is that of unharmed
plants.
"""


@dataclass(frozen=True, kw_only=True)
class WindDamageParams:
    """Two dates of one place, and what counts as damage."""

    pre: Path = param(
        kind="raster_in",
        role=InputRole.BEFORE,
        title="Stack before",
        help="A stack from before the storm, of the same season.",
    )
    post: Path = param(
        kind="raster_in",
        role=InputRole.AFTER,
        title="Stack after",
        help="A stack from after the storm.",
    )
    output: Path = param(
        kind="folder_out",
        title="Folder",
        help="Gets vegetation_loss.tif, wind_damage.tif, confidence.tif and their outline.",
    )
    index: str = param(
        "ndmi",
        kind="choice",
        title="Index",
        choices=tuple(VegetationIndex),
        help="Which one falls: ndmi shows hurricane damage best, ndvi tornado tracks.",
    )
    offset: str = param(
        "auto",
        kind="text",
        title="Change without damage",
        help="auto: the median change (before - after) of all vegetation; or a number, where "
        "more than half of it was hit.",
    )
    severe: float = param(
        SEVERE_LOSS,
        kind="number",
        title="Severe from",
        help="Loss of the index, offset taken off.",
        minimum=0,
        maximum=2,
        advanced=True,
    )
    vegetated: float = param(
        VEGETATED_NDVI,
        kind="number",
        title="Vegetated from",
        help="NDVI before; what lies below is not looked at.",
        minimum=-1,
        maximum=1,
        advanced=True,
    )
    mask_dilation: float = mask_dilation_param()
    engine: str | None = engine_param()
    cluster: str | None = cluster_param()
    resume: bool = resume_param()


def map_wind_damage(
    params: WindDamageParams, settings: Settings, monitor: Monitor
) -> tuple[MapJob, AlgorithmResult, list[LayerOutput]]:
    """Compute loss, class and confidence over the area that both stacks cover.

    Raises
    ------
    InputError
        If the offset is none, both stacks are the same, or an output would replace an input.
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
    offset = _offset(params.offset)
    partner = VegetationIndex(params.index).partner
    bands = {"nir": NIR, partner: (partner,)}
    wanted = {
        "pre": Wanted(params.pre, {**bands, "red": ("red",)}),
        "post": Wanted(params.post, bands),
    }
    names = ("vegetation_loss.tif", "wind_damage.tif", "confidence.tif")
    inputs, paths = open_inputs("Wind damage", wanted, params.output, names, monitor)
    asked = WindDamage(
        VegetationIndex(params.index),
        vegetated=params.vegetated,
        severe=params.severe,
        radius_px=dilation_radius(params.mask_dilation, inputs.grid),
    )
    job = MapJob(
        operation="wind-damage",
        title="Wind damage",
        inputs=inputs,
        kernel=wind_kernel(asked, inputs.bands, inputs.masks, offset),
        paths=tuple(paths),
        extents=(
            Extent("damaged", "wind_damage", DAMAGED, (BARE,)),
            Extent("severe", "wind_damage", (SEVERE,)),
        ),
        parameters={
            name: getattr(params, name)
            for name in ("index", "offset", "severe", "vegetated", "mask_dilation")
        },
        formula=f"{params.index} = (nir - {partner}) / (nir + {partner}); loss = {params.index} "
        "before - after - offset; "
        f"damage from {DAMAGE_DEVIATIONS:g} x noise, where NDVI before is at least "
        f"{params.vegetated:g}",
        note=NOTE,
        resume=params.resume,
    )
    applied = compute_map(job, settings, monitor)
    function = cast("WindDamage", applied.kernel.compute)
    found = {
        "index": params.index,
        "offset": function.offset,
        "noise": function.noise,
        "damage_from": round(function.limit, 6),
        "vegetated_pixels": function.population,
    }
    classes = applied.layers[1].classes
    harmed = sum(classes.get(code, (0, None))[0] for code in DAMAGED)
    warnings = _warnings(function, offset, harmed)
    result, layers = finish_map(job, applied, monitor, found, warnings)
    return job, result, layers


def _offset(text: str) -> float | None:
    """The number given; None for ``auto``."""
    if text.lower() == "auto":
        return None
    what = f"The change without damage '{text}' cannot be used"
    try:
        number = float(text)
    except ValueError:
        raise InputError(what, "it is neither auto nor a number", "Write it like 0.05.") from None
    if not -2 <= number <= 2:
        raise InputError(what, "it does not lie within -2 to 2")
    return number


def _warnings(function: WindDamage, offset: float | None, harmed: int) -> list[str]:
    found = []
    if not function.population:
        found.append(
            f"No vegetation (NDVI from {function.vegetated:g}) was seen on both dates: nothing "
            "is known of damage to it, "
            f"and the noise of {LEAST_NOISE:g} is assumed"
        )
    elif offset is None and 100 * harmed >= MUCH_DAMAGE_PERCENT * function.population:
        found.append(
            f"{100 * harmed / function.population:.0f} % of the vegetation is mapped as "
            "damaged: where more than half was hit, "
            "the median takes damage for season. Give the change without damage, measured where "
            "the storm did not pass"
        )
    if function.limit > function.severe:
        found.append(
            "Unharmed vegetation changed so unevenly that a loss shows only from "
            f"{function.limit:.2f}: there is no moderate "
            "class. Take two dates of one season and clear sky"
        )
    return found


def run_wind_damage(
    params: WindDamageParams, settings: Settings, monitor: Monitor
) -> OperationResult:
    """Map, and say how much was hit and how much was not seen."""
    job, result, layers = map_wind_damage(params, settings, monitor)
    figures = result.statistics
    more: Mapping[str, Any] = {
        "wind_damage": str(result.outputs["wind_damage"]),
        "loss_layer": str(result.outputs["vegetation_loss"]),
    }
    line = (
        f"Change without damage: {figures['offset']:.3f} of {figures['index'].upper()}, damage "
        f"from {figures['damage_from']:.3f} "
        f"above it ({DAMAGE_DEVIATIONS:g} standard deviations)"
    )
    return present_map(job, result, layers, more, [line])


WIND_DAMAGE = MapOperation(
    name="wind-damage",
    title="Wind damage",
    group="Storm",
    summary="Compares a stack before and one after a storm: where plants lost more of an index "
    "than season and noise explain.",
    params=WindDamageParams,
    run=run_wind_damage,
    outputs=(
        Output("wind_damage", "Damage classes", "raster"),
        Output("loss_layer", "Loss of the index", "raster"),
        Output("damaged_km2", "Damaged area (km²)", "number"),
        Output("severe_km2", "Severely damaged area (km²)", "number"),
        Output("not_observed_percent", "Not observed (%)", "number"),
    ),
    algorithm=AlgorithmInfo(
        events=("storm",),
        bands=("nir", "red", "swir16"),
        references=(
            "Wang et al. 2010, Agricultural and Forest Meteorology 150(1), 122-132",
            "Leys et al. 2013, doi:10.1016/j.jesp.2013.03.013",
            "Sobrino, Jiménez-Muñoz & Paolini 2004, doi:10.1016/j.rse.2004.02.003",
            "Burow et al. 2020, doi:10.3390/atmos11060613",
        ),
        limits="It maps loss of green, not fallen trees: harvest, mowing, drought, flooding and "
        "fire look alike. Not across "
        "seasons, not in winter without leaves, and not without a given offset where more than "
        "half of the vegetation was hit.",
    ),
)
