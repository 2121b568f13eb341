"""The page that tells of a mapped event."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ... import PRODUCT
from ...discovery.band_config import get_sensor
from ...discovery.catalogs import catalog_title
from ...doors.reader import reader
from ...operation import AreaRow, ResultSummary
from ...products.html_page import Bar, Figure, Page, Section, Table, write_page
from ...products.map_frame import degrees, map_frame
from ...products.pictures import AREA_COLOR, class_picture, picture_grid, scale_bar, stack_pictures
from ...raster.grid import Window, grid_part
from ...raster.pixel_area import pixel_size_m
from ...scenes.passes import PassStack
from ...types import Aoi, Grid, format_time
from ..event_run import MappedStep, ReadyStep
from .story import EventStory

AREA_EDGE = "#{:02x}{:02x}{:02x}".format(*AREA_COLOR)
SMALL_PIXELS = 640
"""Longer side of the pictures that stand side by side."""


def write_report(story: EventStory, path: Path) -> Path:
    """Write the page, in the language of its reader.

    Raises
    ------
    RasterError
        If a layer cannot be read, or the page not be written.
    """
    from multiprocessing.pool import ThreadPool

    query, summary = story.query, story.summary
    first, *others = story.mapped
    if story.quoted is not first:
        others = [story.quoted, *(step for step in others if step is not story.quoted)]
    under = story.sources[0].after if story.sources else None
    ground = _Ground(story, under)
    drawing: list[Callable[[], Section]] = [
        partial(_map_section, first, under, query.aoi, ground),
        *(
            partial(_pictures, source, _first_map(story, source), ground)
            for source in story.sources
        ),
        *(partial(_map_section, step, under, query.aoi, ground) for step in others),
    ]
    with ThreadPool(min(len(drawing), os.cpu_count() or 1)) as pool:
        drawn = pool.map(lambda draw: draw(), drawing)
    sections = [
        Section("Areas", bars=_bars(summary.rows)),
        *drawn,
        *((story.outlook.section(),) if story.outlook else ()),
        _sources(story),
        _caveats(story),
        _files(story, path.parent),
    ]
    page = Page(
        title=f"{query.event.title}, {query.day}",
        subtitle=f"Area: {describe_place(query.aoi)}. Mapped from {_origin(story)}.",
        headline=summary.headline,
        notes=tuple(filter(None, number_notes(summary))),
        doubts=tuple(story.warnings),
        sections=tuple(sections),
        footer=f"{PRODUCT}. Every layer lies beside this page with its metadata; areas are "
        "counted in pixels of the map.",
    )
    who = reader()
    return write_page(page, path, who.language, who.translate)


def describe_place(aoi: Aoi) -> str:
    """``41.9646° N to 42.0278° N, 27.3418° W to 27.2570° W, 49.3 km²``."""
    west, south, east, north = aoi.bounds
    lat = " to ".join(degrees(value, "N", "S") for value in (south, north))
    lon = " to ".join(degrees(value, "E", "W") for value in (west, east))
    return f"{lat}, {lon}, {aoi.area_km2:.1f} km²"


def number_notes(summary: ResultSummary) -> tuple[str, str, str]:
    """What stands below the headline: how sure it is, what was not observed, why; each may be
    empty.
    """
    unsure = f"{summary.range}." if summary.range else ""
    if " to " in summary.range:
        unsure = f"Between {summary.range.replace(' to ', ' and ')}."
    unseen = f"{summary.not_observed}: nothing is known of it." if summary.not_observed else ""
    return unsure, unseen, summary.reason


def _bars(rows: Sequence[AreaRow]) -> tuple[Bar, ...]:
    return tuple(
        Bar(row.name, row.color, row.area_km2, f"{row.area_km2:.2f} km²", not row.observed)
        for row in rows
        if row.area_km2 is not None
    )


def _origin(story: EventStory) -> str:
    """Titles of the catalogues that the mapped scenes came from."""
    stacks = (stack for source in story.sources for stack in (source.before, source.after))
    names = dict.fromkeys(scene.catalog for stack in stacks for scene in stack.scenes)
    return " and ".join(map(catalog_title, names)) or story.query.catalog.title


def _first_map(story: EventStory, source: ReadyStep) -> MappedStep:
    return next(step for step in story.mapped if step.source is source)


def _pictures(source: ReadyStep, step: MappedStep, ground: _Ground) -> Section:
    """What the satellite saw of a map's ground on both dates, each once, whatever was mapped
    from it.
    """
    grid = picture_grid(step.main_path, SMALL_PIXELS)
    figures = []
    for side, stack in zip(("Before", "After"), source.passes):
        shown, bands = ground.picture(stack.stack, grid)
        time = format_time(stack.scenes[0].datetime)[:16].replace("T", " ")
        caption = f"{', '.join(scene.id for scene in stack.scenes)}: {bands}"
        figures.append(Figure(f"{side}, {time} UTC", shown, caption, _bar(grid)))
    return Section(f"{get_sensor(source.chosen.sensor).title}, before and after", tuple(figures))


def _map_section(
    step: MappedStep, otherwise: PassStack | None, area: Aoi, ground: _Ground
) -> Section:
    """A map with its areas over the picture after; ``otherwise`` lies under a map that is made of
    other maps.
    """
    rows, origin = step.result.figures.main.rows, step.result.origin
    grid, after = picture_grid(step.main_path), _after(step, otherwise)
    under = ground.picture(after.stack, grid)[0] if after else _blank(grid)
    colors = {row.map_class.code: row.map_class.color for row in rows}
    drawn = class_picture(step.main_path, colors, step.subject.codes, under, grid, area)
    legend = tuple((row.color, row.map_class.name) for row in rows)
    figure = Figure(
        step.title,
        drawn,
        f"{step.main_path.name}. {origin.reference}",
        _bar(grid),
        (*legend, ("hatched", "Not observed"), (AREA_EDGE, "Edge of the area")),
        wide=True,
        frame=map_frame(grid),
    )
    notes = (origin.note,) if origin.note else ()
    return Section(step.title, (figure,), notes, _areas(step))


def _after(step: MappedStep, otherwise: PassStack | None) -> PassStack | None:
    """The pass that a map lies over."""
    return step.source.after if step.source else otherwise


class _Ground:
    """Pictures of the passes, of each all that are needed from one read of its bands."""

    def __init__(self, story: EventStory, otherwise: PassStack | None) -> None:
        self._grids: dict[Path, dict[Grid, None]] = {}
        self._locks: dict[Path, threading.Lock] = {}
        self._made: dict[tuple[Path, Grid], tuple[Any, str]] = {}
        for step in story.mapped:
            if after := _after(step, otherwise):
                self._want(after.stack, picture_grid(step.main_path))
        for source in story.sources:
            for stack in source.passes:
                self._want(
                    stack.stack, picture_grid(_first_map(story, source).main_path, SMALL_PIXELS)
                )

    def _want(self, stack: Path, grid: Grid) -> None:
        self._grids.setdefault(stack, {})[grid] = None
        self._locks.setdefault(stack, threading.Lock())

    def picture(self, stack: Path, grid: Grid) -> tuple[Any, str]:
        """As :func:`~...products.pictures.stack_pictures` makes it."""
        with self._locks[stack]:
            if (stack, grid) not in self._made:
                grids = list(self._grids[stack])
                pictures, what = stack_pictures(stack, grids)
                self._made.update({(stack, one): (it, what) for one, it in zip(grids, pictures)})
        return self._made[stack, grid]


def _areas(step: MappedStep) -> Table:
    """Areas of the classes, and of what was not observed."""
    figures = step.result.figures.main
    rows = [
        (
            row.map_class.name,
            _number(row.ground.area_km2),
            _number(row.ground.area_ha, 1),
            _number(row.observed_percent, 1),
        )
        for row in figures.rows
    ]
    unseen, name = figures.not_observed, "Not observed (cloud, shadow, no data)"
    rows.append((name, _number(unseen.area_km2), _number(unseen.area_ha, 1), "–"))
    return Table(("Class", "km²", "ha", "% of observed"), tuple(rows))


def _blank(grid: Grid) -> Any:
    import numpy as np

    return np.full((*grid.shape, 3), 255, np.uint8)


def _bar(grid: Grid) -> tuple[float, str] | None:
    rows, cols = grid.shape
    size = pixel_size_m(grid_part(grid, Window(rows // 2, 0, 1, cols)))
    return None if size is None else scale_bar(size[1] * cols)


def _sources(story: EventStory) -> Section:
    rows, reasons = [], []
    for source in story.sources:
        pair = source.chosen.pair
        for side, stack, acquisition in (
            ("Before", source.before, pair.before),
            ("After", source.after, pair.after),
        ):
            percent = acquisition.clear_percent
            clear = "–" if percent is None else f"{percent:.0f} %"
            rows += [
                (
                    side,
                    get_sensor(scene.sensor).title,
                    scene.id,
                    f"{format_time(scene.datetime)[:16].replace('T', ' ')} UTC",
                    clear,
                    scene.collection,
                )
                for scene in stack.scenes
            ]
        reasons.append(f"{get_sensor(source.chosen.sensor).title}: {pair.reason}.")
    methods = [_method(step) for step in story.mapped]
    table = Table(
        ("Side", "Sensor", "Scene", "Taken", "Area seen clear", "Collection"),
        tuple(dict.fromkeys(rows)),
    )
    items = (*dict.fromkeys(reasons), *methods)
    return Section("Sources and methods", table=table, items=items)


def _method(step: MappedStep) -> str:
    origin = step.result.origin
    given = ", ".join(
        f"{name} = {value}" for name, value in origin.parameters.items() if value is not None
    )
    return f"{step.title}: {origin.formula} ({given or 'no parameters'}). {origin.reference}."


def _caveats(story: EventStory) -> Section:
    limits = [
        f"{step.operation.title}: {step.operation.algorithm.limits}"
        for step in story.mapped
        if step.operation.algorithm is not None
    ]
    text = (
        "Cloud, shadow and missing data are not “no damage”: they are hatched, and counted apart."
    )
    return Section(
        "What to know before acting on this",
        paragraphs=(text,),
        items=tuple(dict.fromkeys(limits)),
    )


def _files(story: EventStory, folder: Path) -> Section:
    names = []
    for step in story.mapped:
        for name, path in step.result.outputs.items():
            inside = path.is_relative_to(folder)
            shown = path.relative_to(folder).as_posix() if inside else str(path)
            names.append(f"{step.title}: {name}: {shown}")
    return Section("Files", items=tuple(names))


def _number(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
