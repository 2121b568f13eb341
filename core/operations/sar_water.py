"""Map open water in one radar picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from .. import PRODUCT
from ..algorithms.kernel import NOT_OBSERVED
from ..algorithms.sar_water import CLASSES, FIXED_DB, METHODS, WATER, Darker, water_kernel
from ..discovery.band_config import load_sensors
from ..errors import AlgorithmError, InputError
from ..execution.apply import apply_layers
from ..monitor import Monitor
from ..raster.band_names import identify_bands
from ..raster.reader import RasterFacts, StackReader
from ..settings import Settings
from ..types import AlgorithmResult, parse_time
from ..validation.image_validator import known_names
from .base import LayerOutput, Operation, OperationResult, Output, param
from .class_statistics import check_stack, class_statistics, describe_input, prepare_folder, sum_classes

LOWEST_DB, HIGHEST_DB = -50.0, 20.0


@dataclass(frozen=True, kw_only=True)
class SarWaterParams:
    """Which picture, and where water begins."""

    post: Path = param(kind="raster_in", title="Radar stack", help="A calibrated stack with vv, hh, vh or hv, in power or dB.")
    output: Path = param(kind="folder_out", title="Folder", help="Gets water.tif: 0 dry, 1 water, 255 not observed.")
    method: str = param(
        "fixed",
        kind="choice",
        title="Method",
        choices=METHODS,
        help="fixed: below a threshold in dB; otsu: the threshold between the two humps of the picture's own histogram.",
    )
    threshold: str = param(
        "auto", kind="text", title="Threshold (dB)", help="auto, or a number in dB for the method fixed: darker is water."
    )


def map_water(params: SarWaterParams, settings: Settings, monitor: Monitor) -> tuple[AlgorithmResult, LayerOutput]:
    """Compute the water mask of a whole stack.

    Raises
    ------
    InputError
        If the threshold is none, or the output would replace an input.
    AlgorithmError
        If the stack has no radar band, or one whose unit has no dB.
    ValidationError, RasterError
        If the stack cannot be read, or the layer not be written.
    """
    given = _threshold(params)
    [target] = prepare_folder(params.output, ("water.tif",), check_stack(params.post))
    with StackReader(params.post) as reader:
        facts = reader.facts
        bands = identify_bands(facts, known_names(load_sensors().get(facts.tags.get("sensor", ""))))
        band = _pick_band(facts, bands)
        fallback = FIXED_DB[band] if given is None else given
        kernel = water_kernel(band, params.method, fallback)
        tags = {key: facts.tags[key] for key in ("item_id", "datetime", "sensor") if key in facts.tags}
        tags.update(software=PRODUCT, reference=kernel.reference)
        applied = apply_layers(reader, bands, kernel, (target,), settings, monitor, tags=tags)
        source = describe_input(reader)
    function = cast("Darker", applied.kernel.compute)
    threshold = function.threshold_db
    areas = class_statistics(applied.layers[0], CLASSES)
    statistics = {
        "threshold_db": threshold,
        "band": band,
        **areas,
        "water": sum_classes(areas, (WATER,)),
    }
    provenance = {
        "software": PRODUCT,
        "operation": "sar-water",
        "parameters": {"method": params.method, "threshold": params.threshold},
        "formula": f"water where {band} < {threshold:g} dB",
        "reference": kernel.reference,
        "inputs": {"post": source},
        "radiometry": {band: facts.bands[bands[band] - 1].radiometry.to_dict()},
    }
    warnings = []
    if params.method == "otsu" and not function.found:
        warnings.append(
            f"The histogram of {band} has no two humps, land and water: Otsu's threshold would be arbitrary, "
            f"and {threshold:g} dB was taken"
        )
    if not applied.layers[0].observed:
        warnings.append(
            f"No pixel of {band} has a value: nothing is known of water. Does the file hold dB? Then stack it with --unit db"
        )
    result = AlgorithmResult({"water": target}, statistics, "water", provenance, tuple(warnings))
    moment = facts.tags.get("datetime")
    layer = LayerOutput(
        path=target,
        title=f"Water {moment[:10]}" if moment else "Water",
        style="water",
        group=facts.tags.get("item_id") or params.post.stem,
        acquired=parse_time(moment) if moment else None,
        abstract=f"Water where {band} lies below {threshold:g} dB; {NOT_OBSERVED} is not observed. Source: {kernel.reference}. "
        f"From {params.post.name}.",
    )
    return result, layer


def _threshold(params: SarWaterParams) -> float | None:
    """The number given; None for ``auto``."""
    if params.threshold.lower() == "auto":
        return None
    what = f"The threshold '{params.threshold}' cannot be used"
    try:
        number = float(params.threshold)
    except ValueError:
        raise InputError(what, "it is neither auto nor a number", "Write it like -17.") from None
    if not LOWEST_DB <= number <= HIGHEST_DB:
        raise InputError(what, f"it does not lie within {LOWEST_DB:g} to {HIGHEST_DB:g} dB")
    if params.method != "fixed":
        raise InputError(what, f"the method {params.method} finds its own", "Leave it out, or take the method fixed.")
    return number


def _pick_band(facts: RasterFacts, bands: dict[str, int]) -> str:
    """The best one for water: the like-polarised ones lie further above the noise."""
    what = f"Water cannot be mapped in {facts.path}"
    band = next((name for name in ("vv", "hh", "vh", "hv") if name in bands), None)
    if band is None:
        raise AlgorithmError(what, f"it has no band vv, hh, vh or hv (it has {', '.join(bands) or 'no named band'})")
    unit = facts.bands[bands[band] - 1].radiometry.unit
    if unit in ("power", "dB"):
        return band
    if unit == "amplitude":
        hint = "Take a calibrated product (RTC), or calibrate it first."
        raise AlgorithmError(what, f"{band} is uncalibrated amplitude, for which a threshold in dB means nothing", hint)
    hint = "Stack it with --unit db or --unit power."
    raise AlgorithmError(what, f"the unit of {band} is {unit or 'not known'}, and a threshold in dB needs power or dB", hint)


def run_sar_water(params: SarWaterParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Map, and say how much water there is and how much was not seen."""
    result, layer = map_water(params, settings, monitor)
    figures = result.statistics
    water, unseen = figures["water"], figures["not_observed"]
    area = "area not known" if water["area_km2"] is None else f"{water['area_km2']:.2f} km²"
    share = "" if water["observed_percent"] is None else f", {water['observed_percent']:.1f} % of what was observed"
    lines = [
        f"{result.outputs['water']}: water {area}{share} ({figures['band']} below {figures['threshold_db']:g} dB)",
        f"Not observed: {unseen['percent']:.1f} % of the map",
    ]
    return OperationResult(
        data=result.to_dict(),
        text="\n".join([*lines, *result.warnings]),
        layers=(layer,),
        outputs={
            "water": str(result.outputs["water"]),
            "water_km2": water["area_km2"],
            "threshold_db": figures["threshold_db"],
            "not_observed_percent": unseen["percent"],
        },
        value=result,
    )


SAR_WATER = Operation(
    name="sar-water",
    title="Water from radar",
    group="Flood",
    summary="Maps open water in one radar picture by a threshold in dB; what was not observed is a class of its own.",
    params=SarWaterParams,
    run=run_sar_water,
    outputs=(
        Output("water", "Water", "raster"),
        Output("water_km2", "Water (km²)", "number"),
        Output("threshold_db", "Threshold (dB)", "number"),
        Output("not_observed_percent", "Not observed (%)", "number"),
    ),
)
