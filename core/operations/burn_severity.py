"""Map burn severity from a stack before and one after the fire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import PRODUCT
from ..algorithms.burn import BURNED, EDGES, INDICES, SEVERITY, THRESHOLD_NOTE, severity_kernel
from ..discovery.band_config import load_sensors
from ..errors import AlgorithmError, InputError
from ..execution.apply import Applied, apply_layers
from ..ingestion.stack_pair import StackPart, join_stacks
from ..monitor import EventQueue, Monitor
from ..raster.band_names import identify_bands
from ..raster.cloud_mask import MASK_BANDS
from ..raster.reader import RasterFacts, StackReader, read_facts
from ..settings import Settings
from ..types import AlgorithmResult, BandStack, parse_time
from ..validation.image_validator import known_names
from ..workers import run_in_background
from .base import LayerOutput, Operation, OperationResult, Output, param
from .class_statistics import check_stack, class_statistics, describe_input, prepare_folder, sum_classes, unscaled

OFFERS = {"nir": ("nir", "nir08"), "swir22": ("swir22",)}
"""What the index needs → the bands that can be it."""
INPUTS = "burn_severity_inputs.vrt"


@dataclass(frozen=True, kw_only=True)
class BurnSeverityParams:
    """Two dates of one place."""

    pre: Path = param(kind="raster_in", title="Stack before", help="A stack from before the fire, of the same season.")
    post: Path = param(kind="raster_in", title="Stack after", help="A stack from after the fire.")
    output: Path = param(
        kind="folder_out", title="Folder", help="Gets the index (dnbr.tif), severity.tif and the stack of the compared bands."
    )
    index: str = param(
        "dnbr",
        kind="choice",
        title="Index",
        choices=INDICES,
        help="dnbr: absolute change; rdnbr, rbr: relative to what grew there. The classes are always those of dNBR.",
    )


def map_severity(params: BurnSeverityParams, settings: Settings, monitor: Monitor) -> tuple[AlgorithmResult, list[LayerOutput]]:
    """Compute index and severity classes over the area that both stacks cover.

    Raises
    ------
    InputError
        If both stacks are the same, or an output would replace an input.
    AlgorithmError
        If a stack lacks a band.
    BandStackError
        If the stacks cannot be brought onto one grid; ``ExtentMismatchError`` where they do not overlap.
    ValidationError, RasterError
        If a stack cannot be read, or a layer not be written.
    """
    if params.pre.resolve() == params.post.resolve():
        raise InputError("Burn severity cannot be mapped", f"both stacks are {params.pre}", "Choose one before and one after.")
    files = [*check_stack(params.pre), *check_stack(params.post)]
    paths = prepare_folder(params.output, (f"{params.index}.tif", "severity.tif", INPUTS), files)
    parts = [_part(name, read_facts(stack)) for name, stack in (("pre", params.pre), ("post", params.post))]
    joined = run_in_background(lambda: join_stacks(parts, paths[2]), EventQueue(monitor))
    own = {part.name: {_role(name): f"{part.name}.{name}" for name in part.bands} for part in parts}
    kernel = severity_kernel(params.index, own)
    days = _days(parts)
    tags = {"software": PRODUCT, "reference": kernel.reference, "note": THRESHOLD_NOTE}
    for part in parts:
        tags.update({f"{part.name}_{key}": part.facts.tags[key] for key in ("item_id", "datetime") if key in part.facts.tags})
    with StackReader(joined.path) as reader:
        places = {band.name: band.index for band in joined.bands}
        applied = apply_layers(reader, places, kernel, paths[:2], settings, monitor, tags=tags)
    inputs = {}
    for part in parts:
        with StackReader(part.facts.path) as reader:
            inputs[part.name] = describe_input(reader)
    numbers, classes = applied.layers
    areas = class_statistics(classes, SEVERITY)
    figures = numbers.to_dict()
    statistics = {
        "index": params.index,
        **{key: figures[key] for key in ("min", "max", "mean", "observed_percent")},
        **areas,
        "burned": sum_classes(areas, BURNED),
    }
    provenance = {
        "software": PRODUCT,
        "operation": "burn-severity",
        "parameters": {"index": params.index},
        "formula": "NBR = (nir - swir22) / (nir + swir22); dNBR = NBR before - NBR after",
        "reference": kernel.reference,
        "class_limits_dnbr": list(EDGES),
        "note": THRESHOLD_NOTE,
        "inputs": inputs,
        "bands": dict(kernel.bands),
        "radiometry": {band.name: band.radiometry.to_dict() for band in joined.bands},
        "grid": {"crs": joined.grid.crs, "transform": list(joined.grid.transform), "shape": list(joined.grid.shape)},
    }
    warnings = tuple(_warnings(parts, joined, applied))
    result = AlgorithmResult({params.index: paths[0], "severity": paths[1]}, statistics, "severity", provenance, warnings)
    return result, _layers(params, paths, days, kernel.reference, parts)


def _part(name: str, facts: RasterFacts) -> StackPart:
    """The bands of a stack that are needed, and its masks."""
    sensors = load_sensors()
    bands = identify_bands(facts, known_names(sensors.get(facts.tags.get("sensor", ""))))
    wanted = {}
    for offers in OFFERS.values():
        match = next((offer for offer in offers if offer in bands), None)
        if match is None:
            raise AlgorithmError(
                "Burn severity cannot be mapped",
                f"{facts.path} has no band {' or '.join(offers)} (it has {', '.join(bands) or 'no named band'})",
                "Ingest or stack the scene with near and short-wave infrared.",
            )
        wanted[match] = bands[match]
    wanted.update({mask: bands[mask] for mask in MASK_BANDS if mask in bands})
    return StackPart(name, facts, wanted)


def _role(band: str) -> str:
    return next((role for role, offers in OFFERS.items() if band in offers), band)


def _days(parts: Sequence[StackPart]) -> Mapping[str, str]:
    return {part.name: part.facts.tags["datetime"] for part in parts if part.facts.tags.get("datetime")}


def _warnings(parts: Sequence[StackPart], joined: BandStack, applied: Applied) -> list[str]:
    """What is to be known before somebody acts on the map."""
    found = list(joined.warnings)
    for part in parts:
        raw = unscaled(part.facts, [index for name, index in part.bands.items() if name not in MASK_BANDS])
        if raw:
            found.append(f"No scale is known for {', '.join(raw)} of {part.facts.path.name}: the index is of its stored numbers")
        if not any(name in MASK_BANDS for name in part.bands):
            found.append(f"{part.facts.path.name} has no cloud mask ({' or '.join(MASK_BANDS)}): cloud in it is taken for ground")
    sensors = [part.facts.tags.get("sensor") for part in parts]
    if None not in sensors and len(set(sensors)) > 1:
        found.append(
            f"The stacks are of {' and '.join(str(one) for one in sensors)}: their bands differ, and the index with them"
        )
    days = _days(parts)
    if len(days) == 2 and parse_time(days["post"]) <= parse_time(days["pre"]):
        found.append(f"The stack after ({days['post']}) is not younger than the one before ({days['pre']}): are they swapped?")
    if not applied.layers[1].observed:
        found.append("No pixel was observed on both dates: nothing is known of the fire")
    return found


def _layers(
    params: BurnSeverityParams, paths: Sequence[Path], days: Mapping[str, str], reference: str, parts: Sequence[StackPart]
) -> list[LayerOutput]:
    span = " to ".join(days[name][:10] for name in ("pre", "post") if name in days)
    group = f"Burn severity {span}".strip() if len(days) == 2 else f"Burn severity, {params.output.name}"
    moment = parse_time(days["post"]) if "post" in days else None
    source = f"Source: {reference}. From {' and '.join(part.facts.path.name for part in parts)}."
    return [
        LayerOutput(paths[1], "Burn severity (generic class limits)", "severity", group, moment, f"{THRESHOLD_NOTE} {source}"),
        LayerOutput(paths[0], f"{params.index} {span}".strip(), params.index, group, moment, f"Unscaled. {source}"),
    ]


def run_burn_severity(params: BurnSeverityParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Map, and say how much burned and how much was not seen."""
    result, layers = map_severity(params, settings, monitor)
    lines = [
        f"{row['name']}: {_km2(row['area_km2'])}"
        + ("" if row["observed_percent"] is None else f", {row['observed_percent']:.1f} %")
        for row in result.statistics["classes"]
    ]
    unseen = result.statistics["not_observed"]
    return OperationResult(
        data=result.to_dict(),
        text="\n".join(
            [
                *(f"{name}: {path}" for name, path in result.outputs.items()),
                *lines,
                f"Not observed (cloud, shadow, no data): {_km2(unseen['area_km2'])}, {unseen['percent']:.1f} % of the map",
                THRESHOLD_NOTE,
                *result.warnings,
            ]
        ),
        layers=tuple(layers),
        outputs={
            "severity": str(result.outputs["severity"]),
            "index_layer": str(result.outputs[params.index]),
            "burned_km2": result.statistics["burned"]["area_km2"],
            "not_observed_percent": unseen["percent"],
        },
        value=result,
    )


def _km2(area: float | None) -> str:
    return "area not known" if area is None else f"{area:.2f} km²"


BURN_SEVERITY = Operation(
    name="burn-severity",
    title="Burn severity",
    group="Wildfire",
    summary="Compares a stack before and one after a fire: dNBR, RdNBR or RBR, and USGS severity classes with their areas.",
    params=BurnSeverityParams,
    run=run_burn_severity,
    outputs=(
        Output("severity", "Severity classes", "raster"),
        Output("index_layer", "Index", "raster"),
        Output("burned_km2", "Burned area (km²)", "number"),
        Output("not_observed_percent", "Not observed (%)", "number"),
    ),
)
