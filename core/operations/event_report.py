"""The page that tells of a mapped event."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import PRODUCT
from ..discovery.band_config import get_sensor
from ..discovery.catalogs import catalog_title
from ..products.html_page import Figure, Page, Section, Table, write_page
from ..products.pictures import class_picture, picture_grid, scale_bar, stack_picture
from ..raster.grid import Window, grid_part
from ..raster.pixel_area import pixel_size_m
from ..scenes.event_pairs import EventQuery
from ..scenes.passes import PassStack
from ..types import Grid, format_time
from .event_run import MappedStep, ReadyStep


@dataclass(frozen=True)
class EventStory:
    """An event with its maps, and what could not be done."""

    query: EventQuery
    mapped: tuple[MappedStep, ...]
    """The one that the page begins with first."""
    missed: tuple[str, ...]
    """A sentence for each thing that could not be done."""

    @property
    def unseen_percent(self) -> float | None:
        """Share of the first map that was not observed."""
        return self.mapped[0].result.figures.main.not_observed_percent

    @property
    def keys(self) -> list[tuple[str, str]]:
        """The figures to be seen first, each with its name."""
        keys = []
        for step in self.mapped:
            total = step.result.figures.share_of(step.subject)
            percent = total.observed_percent
            share = "" if percent is None else f", {percent:.1f} % of what was observed"
            name = f"{step.subject.name.replace('_', ' ')}{share} · {step.title}"
            keys.append((_km2(total.area_km2), name))
        unseen = _km2(self.mapped[0].result.figures.main.not_observed.area_km2)
        return [*keys, (unseen, f"not observed: {self.unseen_percent:.1f} % of the map")]

    @property
    def warnings(self) -> list[str]:
        """Sentences to be known before somebody acts on the map, each once."""
        warnings = list(self.missed)
        for step in self.mapped:
            warnings += [text for stack in step.passes for text in stack.warnings]
            warnings += step.result.warnings
        return list(dict.fromkeys(warnings))

    @property
    def sources(self) -> list[ReadyStep]:
        """The pairs of passes that maps were made from."""
        return [step.source for step in self.mapped if step.source is not None]


def write_report(story: EventStory, path: Path) -> Path:
    """Write the page.

    Raises
    ------
    RasterError
        If a layer cannot be read, or the page not be written.
    """
    query = story.query
    shown = next((source.after for source in story.sources), None)
    sections = [_map_section(step, shown) for step in story.mapped]
    sections += [_sources(story), _caveats(story), _files(story, path.parent)]
    west, south, east, north = query.aoi.bounds
    area = (
        f"{south:.4f} to {north:.4f}° N, {west:.4f} to {east:.4f}° E, {query.aoi.area_km2:.1f} km²"
    )
    page = Page(
        title=f"{query.event.title}, {query.day}",
        subtitle=f"Area: {area}. Mapped from {_origin(story)}.",
        keys=tuple(story.keys),
        sections=tuple(sections),
        footer=f"{PRODUCT}. Every layer lies beside this page with its metadata; areas are "
        "counted in pixels of the map.",
    )
    return write_page(page, path)


def _origin(story: EventStory) -> str:
    """Titles of the catalogues that the mapped scenes came from."""
    stacks = (stack for source in story.sources for stack in (source.before, source.after))
    names = dict.fromkeys(scene.catalog for stack in stacks for scene in stack.scenes)
    return " and ".join(map(catalog_title, names)) or story.query.catalog.title


def _map_section(step: MappedStep, otherwise: PassStack | None) -> Section:
    """A map with its pictures and areas; ``otherwise`` lies under a map that is made of
    other maps.
    """
    rows, origin = step.result.figures.main.rows, step.result.origin
    grid = picture_grid(step.main_path)
    figures = []
    under = None
    for side, stack in zip(("Before", "After"), step.passes):
        under, bands = stack_picture(stack.stack, grid)
        time = format_time(stack.scenes[0].datetime)[:16].replace("T", " ")
        caption = f"{', '.join(scene.id for scene in stack.scenes)}: {bands}"
        figures.append(Figure(f"{side}, {time} UTC", under, caption, _bar(grid)))
    if under is None:
        under = stack_picture(otherwise.stack, grid)[0] if otherwise else _blank(grid)
    colors = {row.map_class.code: row.map_class.color for row in rows}
    drawn = class_picture(step.main_path, colors, step.subject.codes, under, grid)
    legend = tuple((row.color, row.map_class.name) for row in rows)
    caption = f"{step.main_path.name}. {origin.reference}"
    map_figure = Figure(
        step.title, drawn, caption, _bar(grid), (*legend, ("hatched", "Not observed")), wide=True
    )
    notes = (origin.note,) if origin.note else ()
    return Section(step.title, (map_figure, *figures), notes, _areas(step))


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
            ("before", source.before, pair.before),
            ("after", source.after, pair.after),
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
    items = tuple(dict.fromkeys((*story.warnings, *limits)))
    return Section("What to know before acting on this", paragraphs=(text,), items=items)


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


def _km2(area: float | None) -> str:
    return "area not known" if area is None else f"{area:.2f} km²"
