"""Compute a spectral index from a stack."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..algorithms.indices import (
    SeenGround,
    formula_kernel,
    index_kernel,
    index_names,
    without_clouds,
)
from ..algorithms.kernel import Kernel, Layer
from ..enums import Clouds
from ..errors import AlgorithmError, InputError
from ..execution.apply import Applied
from ..monitor import Monitor
from ..operation import LayerOutput, OperationResult, Output, OutputKind
from ..params import InputRole, Kind, param
from ..raster.cloud_mask import MASK_BANDS
from ..raster.facts import read_facts
from ..recipes.inputs import MapInputs, single_input
from ..recipes.map_operation import map_operation
from ..recipes.params import STACKS_ORDER, MapParams, clouds_param, stack_param
from ..recipes.recipe import Findings, MapJob, MapRecipe
from ..recipes.results import MapResult
from ..recipes.run import door_values
from ..recipes.stacks import (
    band_doubts,
    check_stack,
    implausible,
    named_bands,
    naming_warnings,
    refuse_mixed_scales,
    refuse_scaled_masks,
    undeclared,
    unscaled,
)
from ..settings import Settings
from ..stack.pair import StackPart
from ..text import joined
from ..types import AlgorithmResult

DEFAULT_INDEX = "NDVI"


@dataclass(frozen=True, kw_only=True)
class IndexParams(MapParams):
    """Index or formula, and a stack."""

    name: str = param(
        DEFAULT_INDEX,
        kind=Kind.CHOICE,
        title="Index",
        choices=index_names,
        help="The spectral index.",
        positional=True,
        order=STACKS_ORDER - 1,
    )
    stack: Path = stack_param(
        InputRole.AFTER, "Band stack", "A stack made by FirstLight, or any raster with named bands."
    )
    output: Path = param(
        kind=Kind.RASTER_OUT,
        title="Index layer",
        help="The COG to write.",
        suffix=".tif",
        order=STACKS_ORDER + 1,
    )
    formula: str | None = param(
        None,
        kind=Kind.TEXT,
        title="Own formula",
        help="Computed in place of the index: (nir - red) / (nir + red). Names of the stack's "
        "bands, numbers, + - * / **, "
        "< <= > >=, brackets, sqrt, abs, exp, log, min, max, where(condition, then, otherwise).",
    )

    clouds: Clouds = clouds_param(
        "mask: what the stack's own mask (scl, qa_pixel, fmask) calls cloud or shadow has no "
        "data; keep: it has a value; auto: mask where the stack has one, and the formula does not "
        "read it itself."
    )

    def layer_path(self, layer: Layer) -> Path:
        """Return ``output`` itself: there is one layer."""
        return self.output

    def recorded(self) -> dict[str, Any]:
        """Return the formula, or the index where none was given, and what becomes of clouds."""
        what = {"formula": self.formula} if self.formula else {"name": self.name}
        return what if self.clouds == Clouds.AUTO else {**what, "clouds": self.clouds.value}


def open_stack(params: IndexParams, monitor: Monitor) -> MapInputs:
    """Open the stack with all its bands.

    Raises
    ------
    InputError
        If the output is the stack, or a band of it.
    """
    target = params.output.resolve()
    for file in check_stack(params.stack):
        if file.resolve() == target:
            part = "the stack itself" if file == params.stack else "a band of the stack"
            raise InputError(
                f"{'The formula' if params.formula else params.name} cannot be written to "
                f"{params.output}",
                f"that is {part}",
                "Choose another file.",
            )
    facts = read_facts(params.stack)
    bands = named_bands(facts)
    names = {band: band for band in bands}
    return single_input(StackPart("post", facts, bands), names, tuple(naming_warnings(facts)))


def make_kernel(params: IndexParams, inputs: MapInputs) -> Kernel:
    """Make the kernel of the index, or of the formula.

    Raises
    ------
    AlgorithmError
        If the stack lacks a band, or names it so that it could be another one; or if some bands
        have a scale and others none.
    """
    [part] = inputs.parts
    try:
        if params.formula:
            kernel = formula_kernel(params.formula, inputs.bands)
        else:
            kernel = index_kernel(params.name, inputs.bands)
    except AlgorithmError as error:
        doubts = band_doubts(part.facts)
        if not doubts:
            raise
        raise AlgorithmError(error.what, error.why, doubts) from error
    used = {band: part.bands[band] for band in kernel.bands.values()}
    name = params.formula or params.name
    failure = f"{name} cannot be computed from {part.facts.path.name}"
    refuse_mixed_scales(failure, part.facts, used)
    masks = [band for band in MASK_BANDS if band in inputs.bands]
    if params.clouds == Clouds.MASK and not masks:
        raise AlgorithmError(
            f"Clouds cannot be left out of {name} of {part.facts.path.name}",
            f"the stack has no mask ({' or '.join(MASK_BANDS)})",
            "Add one to the stack, or keep the clouds.",
        )
    reads_mask = any(band in used for band in masks)
    wanted = params.clouds == Clouds.MASK or (params.clouds == Clouds.AUTO and not reads_mask)
    if not masks or not wanted:
        return kernel
    refuse_scaled_masks(failure, part.facts, {band: part.bands[band] for band in masks})
    return without_clouds(kernel, masks)


def _masks(kernel: Kernel) -> tuple[str, ...]:
    """The masks by which clouds are left out."""
    return kernel.compute.masks if isinstance(kernel.compute, SeenGround) else ()


def _computed_from(kernel: Kernel) -> dict[str, str]:
    """Name in the formula → band of the stack; without masks, whose numbers are no reflectance."""
    masks = _masks(kernel)
    return {name: band for name, band in kernel.bands.items() if name not in masks}


def _cloud_text(kernel: Kernel) -> str:
    masks = _masks(kernel)
    return f"No data where {' or '.join(masks)} shows cloud or its shadow." if masks else ""


def make_tags(params: IndexParams, kernel: Kernel) -> Mapping[str, str]:
    """Name the index in the file, and the masks by which clouds were left out."""
    masks = _masks(kernel)
    more = {"clouds": "left out", "cloud_mask": ",".join(masks)} if masks else {}
    return {"index": params.formula or kernel.name, **more}


def report(job: MapJob[IndexParams], applied: Applied) -> Findings:
    """Tell the formula with the bands that it was computed from, and doubts."""
    params, kernel = job.params, job.kernel
    name = params.formula or kernel.name
    return Findings(
        formula=" ; ".join(
            [name, *(f"{key}={band}" for key, band in _computed_from(kernel).items())]
        ),
        parameters={} if params.formula else {"name": kernel.name},
        provenance={"masks": list(_masks(kernel))} if _masks(kernel) else {},
        warnings=tuple(_warnings(job, applied)),
    )


def _warnings(job: MapJob[IndexParams], applied: Applied) -> list[str]:
    params, kernel = job.params, job.kernel
    [layer], [figures] = kernel.layers, applied.layers
    warnings = []
    if params.formula and params.name != DEFAULT_INDEX:
        warnings.append(f"{params.name} was not computed: the formula takes its place")
    [part] = job.inputs.parts
    used = {band: part.bands[band] for band in _computed_from(kernel).values()}
    warnings += implausible(part.facts, used) + undeclared(part.facts, used)
    raw = [band for band, index in used.items() if unscaled(part.facts, [index])]
    if raw:
        warnings.append(
            f"No scale is known for {', '.join(raw)}: {kernel.name} was computed from the "
            "stored numbers"
        )
    if not figures.observed and _masks(kernel):
        warnings.append(
            f"{kernel.name} has no value anywhere: {' or '.join(_masks(kernel))} shows no ground "
            "there, its bands have no data in common, or it divides by zero"
        )
    elif not figures.observed:
        warnings.append(
            f"{kernel.name} has no value anywhere: its bands have no data in common, or it "
            "divides by zero"
        )
    outside = figures.to_dict()["outside_range_percent"] or 0.0
    if outside >= 1:
        low, high = layer.range
        warnings.append(
            f"{outside:.1f} % of {kernel.name} lies outside {low:g}..{high:g}, where "
            "reflectance is negative or very bright"
        )
    return warnings


def present(job: MapJob[IndexParams], result: MapResult, findings: Findings) -> OperationResult:
    """Say what came out."""
    params, inputs = job.params, job.inputs
    [layer] = job.kernel.layers
    mean = result.statistics["mean"]
    mean_text = "no data" if mean is None else f"mean {mean:.3f}"
    observed = result.statistics["observed_percent"]
    text = [
        *result.warnings,
        f"{job.output}: {mean_text}, {observed:.1f} % observed",
        *filter(None, (_cloud_text(job.kernel), result.origin.engine)),
    ]
    shown = LayerOutput(
        path=job.output,
        title=f"{params.formula or job.kernel.name} {inputs.span}".strip(),
        style=layer.style,
        group=inputs.tags().get("item_id") or params.stack.stem,
        acquired=inputs.newest,
        abstract=joined(
            [
                f"{_describe(layer)}. Source: {job.kernel.reference}. From {params.stack.name}.",
                *filter(None, (_cloud_text(job.kernel),)),
            ]
        ),
        warnings=result.warnings,
    )
    return OperationResult(
        data=result.to_dict(),
        text=joined(text),
        layers=(shown,),
        outputs=door_values(job, result, findings),
        value=result,
        warnings=result.warnings,
    )


def _describe(layer: Layer) -> str:
    """Title and range, as far as it is known."""
    low, high = layer.range
    if math.isinf(low):
        return layer.title
    bounds = f", {low:g} and more" if math.isinf(high) else f", {low:g}..{high:g}"
    return layer.title + bounds


INDEX = map_operation(
    MapRecipe(
        name="index",
        title="Spectral index",
        group="Stacks",
        summary="Computes a spectral index, or a formula of your own, from a band stack. "
        "The layer is a cloud-optimised GeoTIFF.",
        params=IndexParams,
        numbers=(
            Output("mean", "Mean", OutputKind.NUMBER),
            Output("observed_percent", "Observed share (%)", OutputKind.NUMBER),
        ),
        open=open_stack,
        kernel=make_kernel,
        tags=make_tags,
        report=report,
        present=present,
    )
)


def compute_index(
    params: IndexParams, settings: Settings, monitor: Monitor
) -> tuple[AlgorithmResult, LayerOutput]:
    """Compute an index for a caller that shows the layer itself."""
    computed = INDEX.run(params, settings, monitor)
    [layer] = computed.layers
    return computed.value, layer
