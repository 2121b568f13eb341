"""Map open water in a radar picture, and what of it is new since another one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from ..algorithms import sar_water as radar
from ..algorithms.flood import FLOODED_LAYER, WATER, WATER_LAYER
from ..algorithms.kernel import Kernel
from ..algorithms.radar_water.levels import fixed_db
from ..algorithms.radar_water.squares import NEAR_DB, Cut
from ..algorithms.speckle import REFERENCES as FILTER_REFERENCES
from ..algorithms.speckle import SpeckleFilter
from ..algorithms.threshold import CutOrigin, ThresholdMethod
from ..errors import AlgorithmError, InputError
from ..execution.apply import Applied
from ..execution.layer_statistics import LayerStatistics
from ..monitor import Monitor
from ..operation import AlgorithmInfo, Output, OutputKind
from ..params import InputRole, Kind, param
from ..recipes.auto_number import AutoNumber, AutoNumberRule
from ..recipes.inputs import MapInputs, open_inputs
from ..recipes.layers import Extent, MapLayer
from ..recipes.map_operation import map_operation
from ..recipes.params import stack_param
from ..recipes.recipe import Findings, MapJob, MapRecipe
from ..recipes.stacks import implausible
from .flood_params import FloodMapParams
from .radar_inputs import (
    POLARISATIONS,
    check_unit,
    doubt_units,
    pick_bands,
    say_how_to_name,
    want_radar,
)

SUBJECT = "Water"
THRESHOLD = AutoNumberRule("threshold", -50, 20, "-17", unit="dB")
NOTE = (
    "Radar sees no water under trees and between houses; wet snow, dry sand, tarmac and radar "
    "shadow look like water, and water in strong wind like land."
)


@dataclass(frozen=True, kw_only=True)
class SarWaterParams(FloodMapParams):
    """Radar pictures, and the threshold of water."""

    post: Path = stack_param(
        InputRole.AFTER,
        "Radar stack",
        "A calibrated stack with vv and vh, hh and hv, or one of them, in power or dB.",
    )
    pre: Path | None = stack_param(
        InputRole.BEFORE,
        "Radar stack before",
        "The same place before the flood, seen from the same orbit.",
        default=None,
    )
    method: ThresholdMethod | None = param(
        None,
        kind=Kind.CHOICE,
        title="Method",
        choices=tuple(ThresholdMethod),
        labels={"ki": "Kittler & Illingworth", "otsu": "Otsu", "fixed": "A fixed threshold"},
        help="ki, otsu: water grows from cores, by a threshold from the parts of the scene that "
        "hold water and land; fixed: a known one, that cuts as it is. If not given, ki; fixed with "
        "a threshold of your own.",
    )
    threshold: str = param(
        "auto",
        kind=Kind.TEXT,
        title="Threshold (dB)",
        help="auto, or a number in dB, which makes the method fixed: what is darker in the "
        "like-polarised band is water, unfiltered unless a filter is asked for.",
    )
    polarisation: str = param(
        "auto",
        kind=Kind.CHOICE,
        title="Polarisation",
        choices=("auto", *POLARISATIONS),
        labels={"auto": "Automatic", **{name: name.upper() for name in POLARISATIONS}},
        help="auto: the mean in dB of the like- and the cross-polarised band where there are both.",
        advanced=True,
    )
    speckle: str = param(
        "auto",
        kind=Kind.CHOICE,
        title="Speckle filter",
        choices=("auto", *SpeckleFilter),
        labels={
            "auto": "Automatic",
            "none": "No filter",
            "lee": "Lee",
            "refined-lee": "Refined Lee",
        },
        help="Of Lee; auto: refined-lee, and none for a threshold of your own.",
        advanced=True,
    )

    def __post_init__(self) -> None:
        """Refuse what no run can use."""
        threshold = self.cut
        if not threshold.is_auto and self.method not in (None, ThresholdMethod.FIXED):
            raise InputError(
                f"The threshold '{self.threshold}' cannot be used",
                f"the method {self.method} finds its own",
                "Leave it out, or take the method fixed.",
            )
        self.rules()

    @property
    def cut(self) -> AutoNumber:
        """The threshold in dB."""
        return THRESHOLD.read(self.threshold)

    @property
    def used_method(self) -> ThresholdMethod:
        """The method that was asked for, or that suits the threshold."""
        return self.method or (ThresholdMethod.KI if self.cut.is_auto else ThresholdMethod.FIXED)

    @property
    def used_filter(self) -> SpeckleFilter:
        """The speckle filter that was asked for, or that suits the threshold."""
        if self.speckle != "auto":
            return SpeckleFilter(self.speckle)
        return SpeckleFilter.REFINED_LEE if self.cut.is_auto else SpeckleFilter.NONE

    def bands(self, inputs: MapInputs) -> tuple[str, ...]:
        """Pick the polarisations that are compared with the threshold."""
        return pick_bands(inputs, alone=not self.cut.is_auto or self.polarisation != "auto")


def open_pictures(params: SarWaterParams, monitor: Monitor) -> MapInputs:
    """Open the stacks.

    Raises
    ------
    AlgorithmError
        If a stack has no radar band.
    """
    stacks = {"post": params.post, **({} if params.pre is None else {"pre": params.pre})}
    requests = want_radar(stacks, params.polarisation)
    try:
        return open_inputs(SUBJECT, requests, params.output, monitor, params.extras())
    except AlgorithmError as error:
        if params.polarisation != "auto":
            raise
        raise say_how_to_name(error) from error


def make_kernel(params: SarWaterParams, inputs: MapInputs) -> Kernel:
    """Make the kernel, with a survey where the threshold is to be found.

    Raises
    ------
    AlgorithmError
        If a band's unit has no dB, or both stacks have no polarisation in common.
    """
    bands, dates = params.bands(inputs), [part.name for part in inputs.parts]
    for part in inputs.parts:
        for band in bands:
            check_unit(part, band, inputs.radiometry[inputs.bands[f"{part.name}.{band}"]].unit)
    origin = CutOrigin.FIXED if params.cut.is_auto else CutOrigin.GIVEN
    cut = Cut(params.cut.otherwise(fixed_db(bands)), origin)
    compared = params.pre is not None or params.permanent_water is not None
    cuts = dict.fromkeys(dates, cut)
    water = radar.WaterMap(bands, cuts, params.used_filter, params.rules_for(inputs), compared)
    permanent = params.permanent_water is not None
    kernel = radar.radar_water_kernel(water, params.used_method, permanent)
    names = (*kernel.bands, *inputs.extras)
    return replace(kernel, bands={name: inputs.bands[name] for name in names})


def report(job: MapJob[SarWaterParams], applied: Applied) -> Findings:
    """Tell the thresholds."""
    water = cast("radar.WaterMap", applied.kernel.compute)
    bands, threshold = " and ".join(water.bands), water.cuts["post"].threshold_db
    return Findings(
        formula=_formula(water),
        statistics={
            "threshold_db": threshold,
            "band": bands,
            "thresholds": {
                date: {"db": cut.threshold_db, "origin": cut.origin}
                for date, cut in water.cuts.items()
            },
        },
        parameters={"method": job.params.used_method, "speckle": job.params.used_filter},
        warnings=tuple(_warnings(job, water, applied.layers[0])),
        lines=(f"Threshold: {bands} below {threshold:g} dB",),
    )


def _formula(water: radar.WaterMap) -> str:
    level = water.bands[0] if len(water.bands) == 1 else f"({' + '.join(water.bands)}) / 2"
    cut = water.cuts["post"]
    text = f"water where {level} < {cut.threshold_db:g} dB"
    if cut.growth is not None:
        text = (
            f"water grown from cores where {level} < {cut.growth.core_db:.4g} dB, as far as it is "
            f"nearer to the water than to the land around it (both part at {cut.threshold_db:g} dB)"
        )
    if "pre" in water.cuts:
        text += (
            f"; flooded where water after, none before (there both part at "
            f"{water.cuts['pre'].threshold_db:g} dB), and darker by {radar.LEAST_DROP_DB:g} dB or "
            "more"
        )
    return text


def _warnings(
    job: MapJob[SarWaterParams], water: radar.WaterMap, mapped: LayerStatistics
) -> list[str]:
    """Tell what is doubtful in the inputs, and what became of the search for a threshold."""
    params, inputs = job.params, job.inputs
    bands = params.bands(inputs)
    warnings = [*doubt_units(inputs, bands), *params.doubts(inputs)]
    for part in inputs.parts:
        warnings += implausible(part.facts, part.bands)
    for date, cut in water.cuts.items():
        none = f"{inputs.paths[date]} holds no water and land that could be told apart"
        if params.used_method != ThresholdMethod.FIXED and cut.origin == CutOrigin.FIXED:
            warnings.append(
                f"{none}: a fixed threshold was taken, {cut.threshold_db:g} dB, and water only "
                "where it is dark beyond doubt or a long dark line"
            )
        elif cut.origin == CutOrigin.OTHER_DATE:
            warnings.append(
                f"{none}: the threshold of the other date was taken, {cut.threshold_db:g} dB"
            )
        if cut.is_doubtful:
            warnings.append(
                f"{inputs.paths[date]}: water and land are hardly apart: {cut.near_percent:.0f} % "
                f"of the scene lies within {NEAR_DB:g} dB of the threshold "
                f"{cut.threshold_db:g} dB, {cut.below_percent:.0f} % below it. Flooded crops and "
                "water in wind may be missing, dry soil may be false: check with an optical scene"
            )
    if not (params.hand or params.slope):  # which take water away
        warnings += _left_dark(inputs, water, mapped)
    if not mapped.observed:
        units = {
            inputs.radiometry[inputs.bands[f"{part.name}.{band}"]].unit
            for part in inputs.parts
            for band in bands
        }
        hint = (
            "; does the file hold dB? Then stack it with ‘stack.unit’ db"
            if "power" in units
            else ""
        )
        warnings.append(f"{' and '.join(bands)}: no value anywhere{hint}")
    return warnings


def _left_dark(inputs: MapInputs, water: radar.WaterMap, mapped: LayerStatistics) -> list[str]:
    """Tell of much that is dark and was not taken for water."""
    pixels, _ = mapped.classes.get(WATER, (0, None))
    percent = 100 * pixels / mapped.observed if mapped.observed else 0.0
    cut = water.cuts["post"]
    if not (mapped.observed and cut.leaves_dark(percent)):
        return []
    bands = " and ".join(band.upper() for band in water.bands)
    return [
        f"{inputs.paths['post']}: {cut.below_percent:.0f} % of the scene is darker than "
        f"{cut.threshold_db:g} dB, and {percent:.0f} % was taken for water: the rest is not as "
        f"dark in {bands} as water is. Dry soil and tarmac look so, and so do water in wind, "
        "plants in water and a scene that is calibrated otherwise: check with an optical scene, or "
        "give a ‘threshold’"
    ]


SAR_WATER = map_operation(
    MapRecipe(
        name="sar-water",
        title="Water from radar",
        subject=SUBJECT,
        group="Flood",
        summary="Maps open water in a radar scene, and what of it is flood. Flood is what "
        "was dry in a scene before, or lies beyond permanent water; what was not "
        "observed is a class of its own.",
        params=SarWaterParams,
        layers=(
            MapLayer(WATER_LAYER, "Water"),
            MapLayer(FLOODED_LAYER, "Flooded", when="with a stack before or permanent water"),
            MapLayer(radar.CONFIDENCE_LAYER, "Confidence"),
            MapLayer(radar.CHANGE_LAYER, "Change of backscatter (dB)", when="with a stack before"),
        ),
        extents=(
            Extent("flooded", FLOODED_LAYER, (WATER,), map_title="Flood"),
            Extent("water", WATER_LAYER, (WATER,)),
        ),
        numbers=(Output("threshold_db", "Threshold (dB)", OutputKind.NUMBER),),
        note=NOTE,
        least="Radar misses water in wind and between plants: the area is rather the least.",
        open=open_pictures,
        kernel=make_kernel,
        report=report,
        algorithm=AlgorithmInfo(
            events=("flood",),
            bands=("vv",),
            references=(*radar.REFERENCES.values(), *FILTER_REFERENCES.values()),
            limits="Not for flooded forest and towns, which are brighter than land, nor for water "
            "in wind without calm water or land in the scene. "
            "Wet snow, dry sand, tarmac and radar shadow are dark and taken for water.",
        ),
    )
)
