"""A recipe, run: inputs opened, layers computed, and what is known of them put together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

from .. import PRODUCT
from ..algorithms.confidence_layer import noise_of
from ..discovery.band_config import load_sensors
from ..errors import known
from ..execution.apply import Applied, apply_layers
from ..execution.layout import in_chunks
from ..monitor import EventQueue, Monitor, Progress
from ..operation import LayerOutput, OperationResult
from ..products.chunk_collection import write_chunk_collection
from ..products.perimeter import PERIMETER_NAME
from ..products.result_record import LayerRecord, ResultRecord, ShapesRecord
from ..products.stac_catalogue import write_catalogue
from ..raster.reader import RasterReader
from ..settings import Settings
from ..text import joined
from ..workers import run_in_background
from .area import area_warnings, describe_area
from .beside import Beside, shapes_of, write_beside
from .class_statistics import class_statistics
from .inputs import MapInputs, open_inputs
from .recipe import Findings, MapJob, MapRecipe, P
from .results import MapResult, MapStatistics, Provenance
from .stacks import spare_inputs
from .summary import summarise


def run_map(
    recipe: MapRecipe[P], params: P, settings: Settings, monitor: Monitor
) -> OperationResult:
    """Compute a map over the area that is asked for, or all that its stacks cover, and tell of it.

    Raises
    ------
    AreaError
        If the area that is asked for lies beside the stacks.
    InputError
        If a parameter cannot be used, two inputs are the same, or an output would replace one.
    AlgorithmError
        If a stack lacks a band, or its numbers are not what the algorithm takes.
    BandStackError
        If the stacks cannot be brought onto one grid; ``ExtentMismatchError`` where they do not
        overlap.
    ValidationError, RasterError
        If a stack cannot be read, or a layer not be written.
    EngineError, DependencyError
        If the cluster that was asked for cannot be used.
    Cancelled
        If the monitor says so.
    """
    settings = params.engine_settings(settings)
    inputs = _open(recipe, params, monitor)
    area = params.area_pixels(inputs.grid)
    kernel = recipe.kernel(params, inputs)
    job = MapJob(recipe=recipe, params=params, inputs=inputs, kernel=kernel, area=area)
    if recipe.compute is None:  # what is computed in more than one pass is one file
        job = replace(job, chunked=in_chunks(inputs.grid, settings))
    spare_inputs(list(job.outputs.values()), inputs.files())
    if recipe.compute is not None:
        applied, findings = recipe.compute(job, settings, monitor)
    else:
        applied = compute_map(job, settings, monitor)
        findings = recipe.report(job, applied) if recipe.report else Findings()
    job = job.with_kernel(applied.kernel)
    if job.chunked:
        _describe_chunks(job, monitor)
    result = finish_map(job, applied, findings, monitor, settings.worker_count)
    return (recipe.present or present_map)(job, result, findings)


def _describe_chunks(job: MapJob[Any], monitor: Monitor) -> None:
    """A STAC collection of the chunks of each layer, with an item for each."""
    times = [day for day in (job.inputs.newest,) if day is not None]
    told = {"firstlight:operation": job.recipe.name, "firstlight:reference": job.kernel.reference}
    events = EventQueue(monitor)
    for path in job.outputs.values():
        run_in_background(
            partial(write_chunk_collection, path, path.stem, times, told, events.stop.is_set),
            events,
        )


def _open(recipe: MapRecipe[P], params: P, monitor: Monitor) -> MapInputs:
    if recipe.open is not None:
        return recipe.open(params, monitor)
    stacks = known(recipe.stacks, f"{recipe.name} says which stacks it wants")(params)
    return open_inputs(recipe.about, stacks, params.output, monitor, params.extras())


def compute_map(job: MapJob[Any], settings: Settings, monitor: Monitor) -> Applied:
    """Compute the layers over the whole raster.

    Raises
    ------
    ValidationError, RasterError, EngineError, Cancelled
        Nothing is left under the names of layers that were not finished.
    """
    inputs = job.inputs
    with RasterReader(inputs.path) as reader:
        return apply_layers(
            reader,
            inputs.indexes,
            job.kernel,
            list(job.outputs.values()),
            settings,
            monitor,
            tags=map_tags(job),
            resume=job.params.resume,
            area=job.area,
        )


def map_tags(job: MapJob[Any]) -> dict[str, str]:
    """Tags for the files of a map."""
    recipe = job.recipe
    tags = {"software": PRODUCT, "reference": job.kernel.reference, **job.inputs.tags()}
    if recipe.note:
        tags["note"] = recipe.note
    if recipe.tags:
        tags.update(recipe.tags(job.params, job.kernel))
    # Of several extents in one layer, the first one is what the layer is about: it is written last.
    for extent in reversed(job.extents):
        tags[f"event_codes_{extent.layer.name}"] = ",".join(map(str, extent.codes))
        tags[f"silent_codes_{extent.layer.name}"] = ",".join(map(str, extent.silent))
    return tags


def finish_map(
    job: MapJob[Any], applied: Applied, findings: Findings, monitor: Monitor, threads: int
) -> MapResult:
    """Put together what is known of a computed map; one with an extent is outlined, and described
    in the folder's catalogue.

    Parameters
    ----------
    threads : int
        The most that compute outlines.

    Raises
    ------
    RasterError
        If the outline or the catalogue cannot be written.
    Cancelled
        If the monitor says so; the layers stay.
    """
    layers = dict(zip(job.outputs, applied.layers, strict=True))
    figures = MapStatistics(
        own=findings.statistics,
        layers={
            layer.name: class_statistics(layers[layer.name], layer.classes)
            if layer.classes
            else layers[layer.name]
            for layer in job.kernel.layers
        },
        extents=job.extents,
        noise=noise_of(applied.kernel),
        least=job.recipe.least,
    )
    origin = _provenance(job, findings, applied.layers[0].engine)
    warnings = [*job.inputs.warnings, *area_warnings(job), *findings.warnings]
    # A layer that is itself what was asked for goes by the kernel's name.
    outputs = job.outputs if job.recipe.layers else {job.kernel.name: job.output}
    style = job.kernel.layers[0].style
    if job.extents:
        main = job.extents[0].layer.name
        style = next(layer.style for layer in job.kernel.layers if layer.name == main)
        if not layers[main].observed:
            warnings.append(nothing_observed(job))
        monitor.emit(Progress(1.0, f"{job.title}: outline and catalogue"))
        events = EventQueue(monitor)
        beside = write_beside(job, origin, events, threads)
        perimeter = beside.perimeter
        figures = replace(figures, perimeter=perimeter)
        warnings += perimeter.notes
        record = _record(job, figures, origin, beside, tuple(warnings))
        item = run_in_background(lambda: _describe(job, record, events), events)
        shapes = {one.name: one.path for one in beside.shapes}
        outputs = {**outputs, "perimeter": perimeter.path, **shapes, "provenance": item}
    return MapResult(
        outputs=outputs,
        statistics=figures.to_dict(),
        style=style,
        provenance=origin.to_dict(),
        warnings=tuple(warnings),
        figures=figures,
        origin=origin,
    )


def _provenance(job: MapJob[Any], findings: Findings, engine: str) -> Provenance:
    inputs, kernel = job.inputs, job.kernel
    used = dict.fromkeys(kernel.bands.values())
    origin = Provenance(
        operation=job.recipe.name,
        parameters={**job.params.recorded(), **describe_area(job), **findings.parameters},
        formula=findings.formula,
        reference=kernel.reference,
        note=job.recipe.note,
        own=findings.provenance,
        inputs=inputs.describe() if job.extents else inputs.describe_alone(),
        radiometry={band: inputs.radiometry[band] for band in used},
        engine=engine,
    )
    if not job.extents:
        return origin
    bands = {name: inputs.bands.get(name, band) for name, band in kernel.bands.items()}
    return replace(origin, about=job.extents[0], bands=bands, grid=inputs.grid)


def _record(
    job: MapJob[Any],
    figures: MapStatistics,
    origin: Provenance,
    beside: Beside,
    warnings: tuple[str, ...],
) -> ResultRecord:
    return ResultRecord(
        operation=origin.operation,
        title=job.heading,
        created=datetime.now(timezone.utc),
        layers=tuple(
            LayerRecord(path, layer, figures.record_of(layer.name), beside.sums[path])
            for layer in job.kernel.layers
            for path in (job.outputs[layer.name],)
        ),
        inputs=beside.inputs,
        parameters=origin.parameters,
        reference=origin.reference,
        formula=origin.formula,
        note=origin.note,
        perimeter=figures.perimeter,
        shapes=beside.shapes,
        warnings=warnings,
        view=tuple(map_layers(job, warnings)),
        statistics=figures.to_dict(),
    )


def _describe(job: MapJob[Any], record: ResultRecord, events: EventQueue) -> Path:
    """Describe the map in the catalogue of its folder; returns the item."""
    return write_catalogue(job.params.output, record, events.stop.is_set)


def nothing_observed(job: MapJob[Any]) -> str:
    """Say that no pixel has a class."""
    both = " on both dates" if {"pre", "post"} <= {part.name for part in job.inputs.parts} else ""
    return f"No pixel was observed{both}: {job.title} tells nothing of this place"


def map_layers(job: MapJob[Any], warnings: Iterable[str] = ()) -> list[LayerOutput]:
    """List the files as layers of one group: the outlines on top, then the first extent's layer;
    the others are switched off at first.
    """
    inputs, note = job.inputs, job.recipe.note
    dated = len(inputs.days) == len(inputs.parts)
    sensor = load_sensors().get(inputs.tags().get("sensor", ""))
    group = job.heading if dated else f"{job.title}, {job.params.output.name}"
    group += f", {sensor.title}" if sensor else ""
    stacks = " and ".join(part.facts.path.name for part in inputs.parts)
    source = f"Source: {job.kernel.reference}. Computed from {stacks}."
    doubts = tuple(warnings)
    layers = [
        LayerOutput(
            path=job.outputs[layer.name],
            title=layer.title,
            style=layer.style,
            group=group,
            acquired=inputs.newest,
            abstract=f"{note} {source}" if note and layer.classes else source,
            visible=layer.name == job.extents[0].layer.name,
            classes=layer.classes,
            warnings=doubts,
        )
        for layer in job.kernel.layers
    ]
    layers.sort(key=lambda layer: not layer.visible)
    outline = ShapesRecord("perimeter", job.params.output / PERIMETER_NAME, "Outline", "perimeter")
    shapes = [
        LayerOutput(
            path=one.path,
            title=one.title,
            style=one.style,
            group=group,
            acquired=inputs.newest,
            abstract=source,
            warnings=doubts,
        )
        for one in (outline, *shapes_of(job))
    ]
    return [*shapes, *layers]


def present_map(job: MapJob[Any], result: MapResult, findings: Findings) -> OperationResult:
    """Say to a person what was found, and hand a model its outputs."""
    figures = result.figures
    unseen, percent = figures.main.not_observed, figures.main.not_observed_percent
    rows = [
        f"{row.map_class.name}: {area_text(row.ground.area_km2, row.observed_percent)}"
        for row in figures.main.rows
    ]
    text = [
        *result.warnings,
        *findings.lines,
        *rows,
        f"Not observed (cloud, shadow, no data): {_km2(unseen.area_km2)}, "
        f"{percent:.1f} % of the map",
        *filter(None, (job.recipe.note,)),
        *(f"{name}: {path}" for name, path in result.outputs.items()),
        *filter(None, (result.origin.engine,)),
    ]
    return OperationResult(
        data=result.to_dict(),
        text=joined(text),
        layers=tuple(map_layers(job, result.warnings)),
        outputs={
            **door_values(job, result, findings),
            **{f"{one.name}_km2": figures.share_of(one).area_km2 for one in figures.extents},
            "not_observed_percent": percent,
        },
        value=result,
        warnings=result.warnings,
        summary=summarise(result),
    )


def door_values(job: MapJob[Any], result: MapResult, findings: Findings) -> Mapping[str, Any]:
    """Collect the values of the outputs that the recipe declares: files, and statistics."""
    outputs = result.outputs
    files = {name: str(outputs[layer]) for name, layer in job.output_names().items()}
    if "perimeter" in outputs:
        files["perimeter"] = str(outputs["perimeter"])
    numbers = {one.name: result.statistics.get(one.name) for one in job.recipe.numbers}
    return {**files, **numbers, **findings.outputs}


def area_text(area_km2: float | None, observed_percent: float | None) -> str:
    """``1.25 km², 3.4 % of what was observed``."""
    share = "" if observed_percent is None else f", {observed_percent:.1f} % of what was observed"
    return _km2(area_km2) + share


def _km2(area: float | None) -> str:
    return "area not known" if area is None else f"{area:.2f} km²"
