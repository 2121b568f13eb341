"""What every algorithm leaves behind: layers with their areas, where they come from, and a text
that says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .. import PRODUCT
from ..algorithms.kernel import Kernel
from ..discovery.band_config import load_sensors
from ..execution.apply import Applied, apply_layers
from ..monitor import EventQueue, Monitor, Progress
from ..operation import LayerOutput, OperationResult
from ..products.perimeter import Perimeter, PerimeterFacts, PerimeterRule, write_perimeter
from ..products.result_record import LayerRecord, ResultRecord
from ..products.stac_catalogue import write_catalogue
from ..raster.reader import StackReader
from ..settings import Settings
from ..types import AlgorithmResult, parse_time
from ..workers import run_in_background
from .class_statistics import class_statistics, sum_classes
from .inputs import MapInputs

PERIMETER = "perimeter.gpkg"


@dataclass(frozen=True)
class Extent:
    """The pixels that an event is told by: what burned, what was flooded."""

    name: str
    """``burned``: the key of its area in the statistics."""
    layer: str
    """Of the kernel's layers, one of classes."""
    codes: tuple[int, ...]
    silent: tuple[int, ...] = ()
    """Codes that are no statement about it: observed, but nothing there that could have been hit.
    """


@dataclass(frozen=True, kw_only=True)
class MapJob:
    """One map: what is computed, from what, to where, and what is told of it."""

    operation: str
    """``burn-severity``"""
    title: str
    """For people: ``Burn severity``."""
    inputs: MapInputs
    kernel: Kernel
    paths: tuple[Path, ...]
    """One for each of the kernel's layers."""
    extents: tuple[Extent, ...]
    """The first one is what the map is about: its layer's areas stand on top of the statistics, and
    it is outlined.
    """
    parameters: Mapping[str, Any]
    formula: str
    note: str = ""
    """What everybody must know who looks at the map; goes into files, layers and texts."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """Layer → its name on the map, where the kernel's own would mislead."""
    resume: bool = False

    @property
    def outputs(self) -> dict[str, Path]:
        """Name of the layer → file."""
        return {
            layer.name: path for layer, path in zip(self.kernel.layers, self.paths, strict=True)
        }


def compute_map(job: MapJob, settings: Settings, monitor: Monitor) -> Applied:
    """Compute the layers over the whole raster.

    Raises
    ------
    ValidationError, RasterError, EngineError, Cancelled
        Nothing is left under the names of layers that were not finished.
    """
    tags = {"software": PRODUCT, "reference": job.kernel.reference, **job.inputs.tags()}
    if job.note:
        tags["note"] = job.note
    for extent in reversed(
        job.extents
    ):  # of several in one layer, the first one is what the layer is about
        tags[f"event_codes_{extent.layer}"] = ",".join(map(str, extent.codes))
        tags[f"silent_codes_{extent.layer}"] = ",".join(map(str, extent.silent))
    inputs = job.inputs
    with StackReader(inputs.path) as reader:
        return apply_layers(
            reader,
            inputs.places,
            job.kernel,
            job.paths,
            settings,
            monitor,
            tags=tags,
            resume=job.resume,
        )


def finish_map(
    job: MapJob,
    applied: Applied,
    monitor: Monitor,
    statistics: Mapping[str, Any] | None = None,
    warnings: Sequence[str] = (),
    provenance: Mapping[str, Any] | None = None,
) -> tuple[AlgorithmResult, list[LayerOutput]]:
    """Outline the event, and put together what is known of a computed map: statistics, provenance,
    the folder's catalogue.

    Parameters
    ----------
    statistics, warnings, provenance
        What only the algorithm knows: the threshold it found, its class limits.

    Returns
    -------
    result, layers
        Statistics: the areas of the first extent's layer, the figures of the first layer of
        numbers, one sum for each extent, and under ``layers`` those of each layer.

    Raises
    ------
    RasterError
        If the outline or the catalogue cannot be written.
    Cancelled
        If the monitor says so; the layers stay.
    """
    inputs = job.inputs
    figures = layer_statistics(job, applied)
    main = job.extents[0]
    numbers = next((figures[layer.name] for layer in job.kernel.layers if not layer.classes), None)
    told = {
        **(statistics or {}),
        **(
            {key: numbers[key] for key in ("min", "max", "mean", "observed_percent")}
            if numbers
            else {}
        ),
        **figures[main.layer],
        **{extent.name: sum_classes(figures[extent.layer], extent.codes) for extent in job.extents},
        "layers": figures,
    }
    origin = {
        "software": PRODUCT,
        "operation": job.operation,
        "parameters": dict(job.parameters),
        "formula": job.formula,
        "reference": job.kernel.reference,
        **({"note": job.note} if job.note else {}),
        **(provenance or {}),
        "map": {"layer": main.layer, "about": main.name, "codes": list(main.codes)},
        "inputs": inputs.describe(),
        "bands": {name: inputs.bands.get(name, band) for name, band in job.kernel.bands.items()},
        "radiometry": {
            band: inputs.radiometry[band].to_dict()
            for band in dict.fromkeys(job.kernel.bands.values())
        },
        "grid": inputs.grid.to_dict(),
        "engine": applied.layers[0].engine,
    }
    found = [*inputs.warnings, *warnings]
    place = next(
        number for number, layer in enumerate(job.kernel.layers) if layer.name == main.layer
    )
    if not applied.layers[place].observed:
        found.append(nothing_observed(job))
    style = job.kernel.layers[place].style
    events = EventQueue(monitor)
    monitor.emit(Progress(1.0, f"{job.title}: outline and catalogue"))
    perimeter = run_in_background(lambda: _outline(job, events), events)
    found += perimeter.notes
    told["perimeter"] = perimeter.to_dict()
    record = ResultRecord(
        operation=job.operation,
        title=f"{job.title} {inputs.span}".strip(),
        created=datetime.now(timezone.utc),
        layers=tuple(
            LayerRecord(path, layer, figures[layer.name])
            for layer, path in zip(job.kernel.layers, job.paths, strict=True)
        ),
        inputs=(),
        parameters=job.parameters,
        reference=job.kernel.reference,
        formula=job.formula,
        note=job.note,
        perimeter=perimeter,
        warnings=tuple(found),
        statistics=told,
    )
    item = run_in_background(
        lambda: write_catalogue(
            job.paths[0].parent,
            replace(record, inputs=inputs.records(events.stop.is_set)),
            events.stop.is_set,
        ),
        events,
    )
    result = AlgorithmResult(
        {**job.outputs, "perimeter": perimeter.path, "provenance": item},
        told,
        style,
        origin,
        tuple(found),
    )
    return result, map_layers(job)


def _outline(job: MapJob, events: EventQueue) -> Perimeter:
    """The outline of what the map is about, beside the map."""
    main = job.extents[0]
    tags = job.inputs.tags()
    about = PerimeterFacts(
        event=main.name.replace("_", " ").capitalize(),
        method=f"{job.title}: {job.formula}",
        acquired=parse_time(tags["datetime"]) if "datetime" in tags else None,
        sensor=tags.get("sensor", ""),
        note=job.note,
    )
    classes = job.outputs[main.layer]
    return write_perimeter(
        classes, classes.with_name(PERIMETER), PerimeterRule(main.codes), about, events.stop.is_set
    )


def nothing_observed(job: MapJob) -> str:
    """The sentence where no pixel has a class."""
    both = " on both dates" if {"pre", "post"} <= {part.name for part in job.inputs.parts} else ""
    return f"No pixel was observed{both}: {job.title} tells nothing of this place"


def layer_statistics(job: MapJob, applied: Applied) -> dict[str, dict[str, Any]]:
    """Figures of each layer: areas where it holds classes, else minimum, maximum and mean."""
    return {
        layer.name: class_statistics(one, layer.classes) if layer.classes else one.to_dict()
        for layer, one in zip(job.kernel.layers, applied.layers, strict=True)
    }


def map_layers(job: MapJob) -> list[LayerOutput]:
    """The files as layers of one group, the outline and the first extent's layer on top; the others
    are switched off at first.
    """
    inputs = job.inputs
    group = (
        f"{job.title} {inputs.span}"
        if len(inputs.days) == len(inputs.parts)
        else f"{job.title}, {job.paths[0].parent.name}"
    )
    sensor = load_sensors().get(inputs.tags().get("sensor", ""))
    group += f", {sensor.title}" if sensor else ""
    newest = max(inputs.days.values(), key=parse_time, default=None)
    moment = parse_time(newest) if newest else None
    source = (
        f"Source: {job.kernel.reference}. From "
        f"{' and '.join(part.facts.path.name for part in inputs.parts)}."
    )
    made = []
    for layer, path in zip(job.kernel.layers, job.paths, strict=True):
        title = (
            job.titles.get(layer.name)
            or f"{layer.title if layer.classes else layer.name} {inputs.span}".strip()
        )
        about = " ".join(text for text in (job.note if layer.classes else "", source) if text)
        made.append(
            LayerOutput(
                path,
                title,
                layer.style,
                group,
                moment,
                about,
                path == job.outputs[job.extents[0].layer],
            )
        )
    made.sort(key=lambda one: not one.visible)
    outline = LayerOutput(
        job.paths[0].with_name(PERIMETER),
        f"Outline {inputs.span}".strip(),
        "perimeter",
        group,
        moment,
        source,
    )
    return [outline, *made]


def present_map(
    job: MapJob,
    result: AlgorithmResult,
    layers: Sequence[LayerOutput],
    outputs: Mapping[str, Any] | None = None,
    lines: Sequence[str] = (),
) -> OperationResult:
    """What a person reads, and what a model gets.

    Parameters
    ----------
    outputs : mapping, optional
        Values of outputs beside those that every map has: each extent's ``…_km2`` and
        ``not_observed_percent``.
    lines : sequence of str
        Of the algorithm's own, above the areas.
    """
    figures = result.statistics
    unseen = figures["not_observed"]
    rows = [f"{row['name']}: {area_text(row)}" for row in figures["classes"]]
    engine = result.provenance["engine"]
    text = [
        *(f"{name}: {path}" for name, path in result.outputs.items()),
        *lines,
        *rows,
        f"Not observed (cloud, shadow, no data): {_km2(unseen['area_km2'])}, "
        f"{unseen['percent']:.1f} % of the map",
        *([job.note] if job.note else []),
        *result.warnings,
        *([engine] if engine else []),
    ]
    values = {
        **{f"{extent.name}_km2": figures[extent.name]["area_km2"] for extent in job.extents},
        "not_observed_percent": unseen["percent"],
        **(outputs or {}),
    }
    return OperationResult(
        data=result.to_dict(),
        text="\n".join(text),
        layers=tuple(layers),
        outputs=values,
        value=result,
    )


def area_text(row: Mapping[str, Any]) -> str:
    """``1.25 km², 3.4 % of what was observed``."""
    share = row["observed_percent"]
    return _km2(row["area_km2"]) + (
        "" if share is None else f", {share:.1f} % of what was observed"
    )


def _km2(area: float | None) -> str:
    return "area not known" if area is None else f"{area:.2f} km²"
