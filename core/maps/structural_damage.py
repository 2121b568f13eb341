"""Map where the pattern of built-up land changed, from a stack before and one after an event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ..algorithms.masks import dilation_radius
from ..algorithms.structural_damage import (
    CHANGED,
    DAMAGED,
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
from .class_statistics import check_stack
from .engine_params import cluster_param, engine_param, resume_param, with_engine
from .inputs import MapInputs, Wanted, open_inputs
from .map_operation import MapOperation
from .mask_params import mask_dilation_param
from .result import Extent, MapJob, compute_map, finish_map, present_map

RADAR_BANDS = ("vv", "hh", "vh", "hv")
OFFERS = (*RADAR_BANDS, "red", "green", "blue", "nir", "nir08")
"""The bands that are taken where none is named, the best first."""
WHAT = "Structural damage cannot be mapped"
LEAST_WINDOW, MOST_WINDOW = 3, 51


@dataclass(frozen=True, kw_only=True)
class StructuralDamageParams:
    """Two dates of one place, and how they are compared."""

    pre: Path = param(
        kind="raster_in",
        role=InputRole.BEFORE,
        title="Stack before",
        help="A stack from before the event: radar of the same orbit as after, or optical.",
    )
    post: Path = param(
        kind="raster_in",
        role=InputRole.AFTER,
        title="Stack after",
        help="A stack from after the event, of the same sensor.",
    )
    output: Path = param(
        kind="folder_out",
        title="Folder",
        help="Gets structural_damage.tif (classes), structural_change.tif, "
        "intensity_change.tif, correlation.tif and an outline.",
    )
    band: str | None = param(
        None,
        kind="text",
        title="Band",
        help="Which one is compared; if not given, vv or another radar band, else red.",
    )
    window: int = param(
        WINDOW_PX,
        kind="integer",
        title="Window (pixels)",
        help="Side of the moving window, an odd number: wide finds districts surely, narrow "
        "finds less surely.",
        minimum=LEAST_WINDOW,
        maximum=MOST_WINDOW,
        advanced=True,
    )
    structure: str = param(
        "auto",
        kind="text",
        title="Structure from",
        help="Least coefficient of variation in the window before; auto: radar "
        f"{RADAR_STRUCTURE:g}, else {OPTICAL_STRUCTURE:g}.",
        advanced=True,
    )
    mask_dilation: float = mask_dilation_param()
    engine: str | None = engine_param()
    cluster: str | None = cluster_param()
    resume: bool = resume_param()


def map_structural_damage(
    params: StructuralDamageParams, settings: Settings, monitor: Monitor
) -> tuple[MapJob, AlgorithmResult, list[LayerOutput]]:
    """Compute deviation, change of brightness, correlation and class over the area that both stacks
    cover.

    Raises
    ------
    InputError
        If window or structure cannot be used, both stacks are the same, or an output would replace
        an input.
    AlgorithmError
        If the stacks share no band that can be compared, or a radar band's unit has no dB.
    BandStackError
        If the stacks cannot be brought onto one grid; ``ExtentMismatchError`` where they do not
        overlap.
    ValidationError, RasterError
        If a stack cannot be read, or a layer not be written.
    EngineError, DependencyError
        If the cluster that was asked for cannot be used.
    """
    settings = with_engine(settings, params.engine, params.cluster)
    if params.window % 2 == 0:
        raise InputError(
            f"The window of {params.window} pixels cannot be used",
            "it has no middle",
            "Take an odd number.",
        )
    band = _choose_band(params)
    radar = band in RADAR_BANDS
    structure = _structure(params.structure, radar)
    wanted = {
        name: Wanted(path, {"band": (band,)}, masks=not radar)
        for name, path in (("pre", params.pre), ("post", params.post))
    }
    names = (
        "structural_change.tif",
        "intensity_change.tif",
        "correlation.tif",
        "structural_damage.tif",
    )
    inputs, paths = open_inputs("Structural damage", wanted, params.output, names, monitor)
    if radar:
        _check_units(inputs, band)
    asked = StructuralDamage(
        radar,
        structure,
        params.window,
        radius_px=dilation_radius(params.mask_dilation, inputs.grid),
    )
    job = MapJob(
        operation="structural-damage",
        title="Structural damage",
        inputs=inputs,
        kernel=structural_kernel(asked, inputs.bands, inputs.masks),
        paths=tuple(paths),
        extents=(
            Extent("changed", "structural_damage", DAMAGED, (PLAIN,)),
            Extent("strongly_changed", "structural_damage", (STRONG_CHANGE,)),
        ),
        parameters={
            "band": band,
            "window": params.window,
            "structure": params.structure,
            "mask_dilation": params.mask_dilation,
        },
        formula=f"d = 10 log10(mean after / mean before), r = correlation, in {params.window} x "
        f"{params.window} pixels; "
        "deviation = hypot((d - median) / spread, max(median artanh r - artanh r, 0) / "
        f"spread); change from {CHANGED:g}, "
        f"strong from {STRONG:g}, where the coefficient of variation before is at least "
        f"{structure:g}",
        note=NOTE,
        resume=params.resume,
    )
    applied = compute_map(job, settings, monitor)
    usual = cast("StructuralDamage", applied.kernel.compute).usual
    found = {
        "band": band,
        "structure_from": structure,
        "structured_pixels": usual.population,
        "usual_intensity_change_db": dict(zip(("median", "spread"), usual.brightness)),
        "usual_fisher_z": dict(zip(("median", "spread"), usual.fisher)),
    }
    result, layers = finish_map(
        job, applied, monitor, found, _warnings(params, inputs, usual.population, structure)
    )
    return job, result, layers


def _choose_band(params: StructuralDamageParams) -> str:
    """The band asked for, or the best one that both stacks have."""
    offered = []
    for path in (params.pre, params.post):
        check_stack(path)
        facts = read_facts(path)
        offered.append(
            identify_bands(facts, known_names(load_sensors().get(facts.tags.get("sensor", ""))))
        )
    known = [name for name in (*OFFERS, *offered[0]) if name in offered[0] and name in offered[1]]
    if params.band is not None and params.band.lower() in known:
        return params.band.lower()
    shared = ", ".join(dict.fromkeys(known)) or "no band"
    if params.band is not None:
        raise AlgorithmError(
            WHAT,
            f"{params.pre.name} and {params.post.name} do not both have {params.band} (they "
            f"share {shared})",
        )
    if not known or known[0] not in OFFERS:
        raise AlgorithmError(
            WHAT,
            f"{params.pre.name} and {params.post.name} share {shared}",
            "Name one with --band, or take stacks of one sensor.",
        )
    return known[0]


def _structure(text: str, radar: bool) -> float:
    if text.lower() == "auto":
        return RADAR_STRUCTURE if radar else OPTICAL_STRUCTURE
    what = f"The least structure '{text}' cannot be used"
    try:
        number = float(text)
    except ValueError:
        raise InputError(what, "it is neither auto nor a number", "Write it like 0.8.") from None
    if not 0 <= number <= 100:
        raise InputError(what, "it does not lie within 0 to 100")
    return number


def _check_units(inputs: MapInputs, band: str) -> None:
    for part in inputs.parts:
        unit = part.facts.bands[part.bands[band] - 1].radiometry.unit
        if unit not in ("power", "dB"):
            raise AlgorithmError(
                f"{WHAT} in {part.facts.path}",
                f"the unit of {band} is {unit or 'not known'}, and the comparison needs power "
                "or dB",
                "Take a terrain-corrected product (RTC), or stack it with --unit db or --unit "
                "power.",
            )


def _warnings(
    params: StructuralDamageParams, inputs: MapInputs, population: int, structure: float
) -> list[str]:
    side = params.window * inputs.pixel_m
    found = [
        f"Compares districts of about {side:.0f} m, from pixels of {inputs.pixel_m:.0f} m: "
        "nothing is told of single buildings"
    ]
    if not population:
        found.append(
            "Nothing seen on both dates has structure (a coefficient of variation from "
            f"{structure:g} in the window): "
            "no built-up land was compared"
        )
    return found


def run_structural_damage(
    params: StructuralDamageParams, settings: Settings, monitor: Monitor
) -> OperationResult:
    """Map, and say how much changed and how much was not seen."""
    job, result, layers = map_structural_damage(params, settings, monitor)
    usual = result.statistics["usual_intensity_change_db"]
    more: Mapping[str, Any] = {
        "structural_damage": str(result.outputs["structural_damage"]),
        "change_layer": str(result.outputs["structural_change"]),
    }
    line = (
        f"Usual change of {result.statistics['band']}: {usual['median']:.2f} dB, spread "
        f"{usual['spread']:.2f} dB"
    )
    return present_map(job, result, layers, more, [line])


STRUCTURAL_DAMAGE = MapOperation(
    name="structural-damage",
    title="Structural damage",
    group="Storm",
    summary="Compares the pattern of built-up land before and after: brightness and correlation "
    "in a moving window.",
    params=StructuralDamageParams,
    run=run_structural_damage,
    outputs=(
        Output("structural_damage", "Change classes", "raster"),
        Output("change_layer", "Deviation from the usual change", "raster"),
        Output("changed_km2", "Changed area (km²)", "number"),
        Output("strongly_changed_km2", "Strongly changed area (km²)", "number"),
        Output("not_observed_percent", "Not observed (%)", "number"),
    ),
    algorithm=AlgorithmInfo(
        events=("storm",),
        bands=("vv",),
        references=(
            "Matsuoka & Yamazaki 2004, doi:10.1193/1.1774182",
            "Matsuoka & Nojima 2010, doi:10.3390/rs2092111",
            "Lopes, Touzi & Nezry 1990, doi:10.1109/36.62623",
        ),
        limits="It finds districts whose pattern changed, never single buildings, and cannot "
        "tell damage from building sites, "
        "floods, snow or ships. Not across orbits or seasons, and not where hardly anything is "
        "built.",
    ),
)
