"""What a map has beside its layers: outlines, and the sums of files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ..monitor import EventQueue
from ..products.map_shapes import area_shapes, unseen_shapes, write_area, write_unseen
from ..products.perimeter import (
    PERIMETER_NAME,
    Perimeter,
    PerimeterFacts,
    PerimeterRule,
    write_perimeter,
)
from ..products.result_record import InputRecord, ShapesRecord, sum_of
from ..workers import run_parallel
from .recipe import MapJob
from .results import Provenance


@dataclass(frozen=True)
class Beside:
    """What lies beside a map's layers, and the sums of files."""

    perimeter: Perimeter
    shapes: tuple[ShapesRecord, ...]
    inputs: tuple[InputRecord, ...]
    sums: Mapping[Path, str]
    """Of each layer, in hex."""


def write_beside(job: MapJob[Any], origin: Provenance, events: EventQueue, threads: int) -> Beside:
    """Draw outlines while another thread, where one is allowed, reads what sums are taken of."""
    stop, layers = events.stop.is_set, list(job.outputs.values())
    jobs: list[Callable[[], Any]] = [
        lambda: _outline(job, origin, events, threads),
        lambda: job.inputs.records(stop),
        *(partial(sum_of, layer, stop) for layer in layers),
        lambda: _write_shapes(job, events, threads),
    ]
    perimeter, inputs, *sums, shapes = run_parallel(
        lambda work: work(), jobs, min(2, threads), events
    )
    return Beside(perimeter, shapes, inputs, dict(zip(layers, sums, strict=True)))


def _outline(job: MapJob[Any], origin: Provenance, events: EventQueue, threads: int) -> Perimeter:
    """Outline what the map is about, in a file beside it."""
    main = job.extents[0]
    about = PerimeterFacts(
        event=main.heading,
        method=f"{job.title}: {origin.formula}",
        acquired=job.inputs.newest,
        sensor=job.inputs.tags().get("sensor", ""),
        note=origin.note,
    )
    classes = job.outputs[main.layer.name]
    path = classes.with_name(PERIMETER_NAME)
    rule = PerimeterRule(main.codes)
    return write_perimeter(classes, path, rule, about, events.stop.is_set, threads)


def _write_shapes(job: MapJob[Any], events: EventQueue, threads: int) -> tuple[ShapesRecord, ...]:
    """Write what was not observed, and the area where one is asked for."""
    stop, shapes = events.stop.is_set, shapes_of(job)
    write_unseen(job.outputs[job.extents[0].layer.name], shapes[0].path, stop, threads)
    if job.params.area is not None:
        write_area(job.params.area, job.inputs.grid, shapes[1].path, stop)
    return shapes


def shapes_of(job: MapJob[Any]) -> tuple[ShapesRecord, ...]:
    """The files of shapes that a map has."""
    folder = job.params.output
    area = () if job.params.area is None else (area_shapes(folder),)
    return (unseen_shapes(folder), *area)
