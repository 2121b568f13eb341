"""Compute a spectral index from a stack."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from .. import PRODUCT
from ..algorithms.indices import formula_kernel, index_kernel, index_names
from ..algorithms.kernel import Layer
from ..discovery.band_config import Sensor, load_sensors
from ..errors import InputError
from ..execution.apply import apply_kernel
from ..monitor import Monitor
from ..operation import LayerOutput, OperationResult, Output
from ..params import InputRole, param
from ..raster.band_names import identify_bands
from ..raster.reader import StackReader
from ..settings import Settings
from ..types import AlgorithmResult, parse_time
from ..validation.image_validator import known_names
from ..validation.vrt_sources import check_vrt_sources, is_vrt
from .engine_params import cluster_param, engine_param, resume_param, with_engine
from .map_operation import MapOperation

DEFAULT_INDEX = "NDVI"


@dataclass(frozen=True, kw_only=True)
class IndexParams:
    """Which index, of what."""

    name: str = param(
        DEFAULT_INDEX,
        kind="choice",
        title="Index",
        choices=index_names,
        help="Which spectral index.",
        positional=True,
    )
    stack: Path = param(
        kind="raster_in",
        role=InputRole.AFTER,
        title="Band stack",
        help="A stack made by FirstLight, or any raster with named bands.",
    )
    output: Path = param(
        kind="raster_out", title="Index layer", help="The COG to write.", suffix=".tif"
    )
    formula: str | None = param(
        None,
        kind="text",
        title="Own formula",
        help="Computed in place of the index: (nir - red) / (nir + red). Names of the stack's "
        "bands, numbers, + - * / **, "
        "< <= > >=, brackets, sqrt, abs, exp, log, min, max, where(condition, then, otherwise).",
    )
    engine: str | None = engine_param()
    cluster: str | None = cluster_param()
    resume: bool = resume_param()


def compute_index(
    params: IndexParams, settings: Settings, monitor: Monitor
) -> tuple[AlgorithmResult, LayerOutput]:
    """Compute one index, or a formula, over a whole stack.

    Raises
    ------
    VRTSourceNotFoundError, RasterError
        If the stack cannot be read, or the layer not be written.
    AlgorithmError
        If the stack lacks a band, or the formula is none.
    EngineError, DependencyError
        If the cluster that was asked for cannot be used.
    """
    stack, output = params.stack, params.output
    what = "The formula" if params.formula else params.name
    settings = with_engine(settings, params.engine, params.cluster)
    if output.resolve() == stack.resolve():
        raise InputError(
            f"{what} cannot be written to {output}",
            "that is the stack itself",
            "Choose another file.",
        )
    if is_vrt(stack) and output.resolve() in {
        source.resolve() for source in check_vrt_sources(stack).files
    }:
        raise InputError(
            f"{what} cannot be written to {output}",
            "that is a band of the stack",
            "Choose another file.",
        )
    with StackReader(stack) as reader:
        facts = reader.facts
        bands = identify_bands(facts, known_names(_sensor(facts.tags.get("sensor"))))
        kernel = (
            formula_kernel(params.formula, bands)
            if params.formula
            else index_kernel(params.name, bands)
        )
        used = {name: facts.bands[bands[name] - 1].radiometry for name in kernel.bands.values()}
        provenance = {
            "software": PRODUCT,
            "operation": "index",
            "parameters": {"formula": params.formula} if params.formula else {"name": kernel.name},
            "formula": " ; ".join(
                [
                    params.formula or kernel.name,
                    *(f"{name}={band}" for name, band in kernel.bands.items()),
                ]
            ),
            "reference": kernel.reference,
            "inputs": {
                "stack": str(stack),
                **{
                    key: facts.tags[key]
                    for key in ("item_id", "datetime", "sensor")
                    if key in facts.tags
                },
            },
            "radiometry": {name: one.to_dict() for name, one in used.items()},
        }
        tags = {
            key: facts.tags[key] for key in ("item_id", "datetime", "sensor") if key in facts.tags
        }
        tags.update(
            software=PRODUCT, index=params.formula or kernel.name, reference=kernel.reference
        )
        sums = apply_kernel(
            reader, bands, kernel, output, settings, monitor, tags=tags, resume=params.resume
        )
    provenance["engine"] = sums.engine
    [made] = kernel.layers
    warnings = []
    if params.formula and params.name != DEFAULT_INDEX:
        warnings.append(f"{params.name} was not computed: the formula takes its place")
    raw = [
        name for name, one in used.items() if one.unit not in ("reflectance",) and one.scale == 1.0
    ]
    if raw:
        warnings.append(
            f"No scale is known for {', '.join(raw)}: {kernel.name} was computed from the "
            "stored numbers"
        )
    if not sums.observed:
        warnings.append(
            f"{kernel.name} has no value anywhere: its bands have no data in common, or it "
            "divides by zero"
        )
    outside = sums.to_dict()["outside_range_percent"] or 0.0
    if outside >= 1:
        low, high = made.range
        warnings.append(
            f"{outside:.1f} % of {kernel.name} lies outside {low:g}..{high:g}: reflectance is "
            "negative or very bright there"
        )
    result = AlgorithmResult(
        {kernel.name: output}, sums.to_dict(), made.style, provenance, tuple(warnings)
    )
    moment = facts.tags.get("datetime")
    layer = LayerOutput(
        path=output,
        title=f"{params.formula or kernel.name} {moment[:10] if moment else ''}".strip(),
        style=made.style,
        group=facts.tags.get("item_id") or stack.stem,
        acquired=parse_time(moment) if moment else None,
        abstract=f"{_about(made)}. Source: {kernel.reference}. From {stack.name}.",
    )
    return result, layer


def _about(layer: Layer) -> str:
    """Title and range, as far as it is known."""
    low, high = layer.range
    if math.isinf(low):
        return layer.title
    return (
        f"{layer.title}, {low:g} and more"
        if math.isinf(high)
        else f"{layer.title}, {low:g}..{high:g}"
    )


def _sensor(name: str | None) -> Sensor | None:
    """The stack's own sensor decides what ``B5`` is; without one, all sensors' names are tried."""
    return load_sensors().get(name) if name else None


def run_index(params: IndexParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Compute, and say what came out."""
    result, layer = compute_index(params, settings, monitor)
    figures = result.statistics
    mean = "no data" if figures["mean"] is None else f"mean {figures['mean']:.3f}"
    return OperationResult(
        data=result.to_dict(),
        text="\n".join(
            [
                f"{params.output}: {mean}, {figures['observed_percent']:.1f} % observed",
                *result.warnings,
                *([result.provenance["engine"]] if result.provenance["engine"] else []),
            ]
        ),
        layers=(layer,),
        outputs={"mean": figures["mean"], "observed_percent": figures["observed_percent"]},
        value=result,
    )


INDEX = MapOperation(
    name="index",
    title="Spectral index",
    group="Indices",
    summary="Computes a spectral index, or your own formula, from a band stack, tile by tile, "
    "into a cloud-optimised GeoTIFF.",
    params=IndexParams,
    run=run_index,
    outputs=(
        Output("mean", "Mean", "number"),
        Output("observed_percent", "Observed share (%)", "number"),
    ),
)
