"""What is told of a mapped event, and the page that tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import PRODUCT
from ..discovery.band_config import get_sensor
from ..discovery.catalogs import get_catalog
from ..operation import Operation
from ..products.html_page import Figure, Page, Section, Table, write_page
from ..products.pictures import class_picture, picture_grid, rgb, scale_bar, stack_picture
from ..raster.pixel_area import pixel_area_m2
from ..types import AlgorithmResult, Grid, format_time
from .event_passes import ChosenStep, EventQuestion, PassStack


@dataclass(frozen=True)
class MappedStep:
    """One algorithm that was run for the event."""

    name: str
    """The operation's."""
    chosen: ChosenStep | None
    """The pair that it was run on; None where it was run on other maps."""
    stacks: Mapping[str, PassStack]
    """``pre`` and ``post``."""
    result: AlgorithmResult

    @property
    def operation(self) -> Operation:
        """As it is declared."""
        from .registry import (
            get_operation,
        )  # which imports this module by way of the event operation

        return get_operation(self.name)

    @property
    def title(self) -> str:
        """For people, with the sensor."""
        return (
            f"{self.operation.title} ({get_sensor(self.chosen.sensor).title})"
            if self.chosen
            else self.operation.title
        )

    @property
    def about(self) -> Mapping[str, Any]:
        """Which layer the map is about, and which of its codes."""
        found: Mapping[str, Any] = self.result.provenance["map"]
        return found

    @property
    def main_path(self) -> Path:
        """The raster of that layer."""
        return self.result.outputs[self.about["layer"]]


@dataclass(frozen=True)
class EventStory:
    """All that is known of the event."""

    question: EventQuestion
    mapped: tuple[MappedStep, ...]
    """The one that the page begins with first."""
    missed: tuple[str, ...]
    """A sentence for each thing that could not be done."""

    @property
    def unseen_percent(self) -> float | None:
        """Of the first map."""
        value: float | None = self.mapped[0].result.statistics["not_observed"]["percent"]
        return value

    @property
    def keys(self) -> list[tuple[str, str]]:
        """The figures to be seen first."""
        found = []
        for one in self.mapped:
            sums = one.result.statistics[one.about["about"]]
            share = (
                ""
                if sums["observed_percent"] is None
                else f", {sums['observed_percent']:.1f} % of what was observed"
            )
            found.append(
                (
                    _km2(sums["area_km2"]),
                    f"{one.about['about'].replace('_', ' ')}{share} · {one.title}",
                )
            )
        unseen = self.mapped[0].result.statistics["not_observed"]
        found.append(
            (_km2(unseen["area_km2"]), f"not observed: {unseen['percent']:.1f} % of the map")
        )
        return found

    @property
    def warnings(self) -> list[str]:
        """What is to be known before somebody acts on the map, each once."""
        found = list(self.missed)
        for one in self.mapped:
            found += [text for stack in one.stacks.values() for text in stack.warnings]
            found += one.result.warnings
        return list(dict.fromkeys(found))


def write_report(story: EventStory, path: Path) -> Path:
    """Write the page.

    Raises
    ------
    RasterError
        If a layer cannot be read, or the page not be written.
    """
    question = story.question
    day = format_time(question.moment)[:10]
    shown = next((one.stacks["post"] for one in story.mapped if "post" in one.stacks), None)
    sections = [_map_section(one, shown) for one in story.mapped]
    sections += [_sources(story), _caveats(story), _files(story, path.parent)]
    west, south, east, north = question.aoi.bounds
    where = (
        f"{south:.4f} to {north:.4f}° N, {west:.4f} to {east:.4f}° E, "
        f"{question.aoi.area_km2:.1f} km²"
    )
    page = Page(
        title=f"{question.event.title}, {day}",
        subtitle=f"Area: {where}. Mapped from {get_catalog(question.catalog).title}.",
        keys=tuple(story.keys),
        sections=tuple(sections),
        footer=f"{PRODUCT}. Every layer lies beside this page with its metadata; areas are "
        "counted in pixels of the map.",
    )
    return write_page(page, path)


def _map_section(one: MappedStep, otherwise: PassStack | None) -> Section:
    """A map with its pictures and areas; ``otherwise`` lies under a map that is made of
    other maps.
    """
    statistics = one.result.statistics
    rows = statistics["classes"]
    grid = picture_grid(one.main_path)
    figures = []
    under = None
    for name, side in (("pre", "Before"), ("post", "After")):
        if name in one.stacks:
            picture, bands = stack_picture(one.stacks[name].stack, grid)
            under = picture
            scenes = one.stacks[name].scenes
            when = format_time(scenes[0].datetime)[:16].replace("T", " ")
            caption = f"{', '.join(scene.id for scene in scenes)}: {bands}"
            figures.append(Figure(f"{side}, {when} UTC", picture, caption, _bar(grid)))
    if under is None:
        under = stack_picture(otherwise.stack, grid)[0] if otherwise else _blank(grid)
    colors = {row["code"]: rgb(row["color"]) for row in rows}
    drawn = class_picture(one.main_path, colors, one.about["codes"], under, grid)
    legend = tuple((row["color"], row["name"]) for row in rows)
    caption = f"{one.main_path.name}. {one.result.provenance['reference']}"
    map_figure = Figure(
        one.title, drawn, caption, _bar(grid), (*legend, ("hatched", "Not observed")), wide=True
    )
    unseen = statistics["not_observed"]
    table = Table(
        ("Class", "km²", "ha", "% of observed"),
        (
            *(
                (
                    row["name"],
                    _number(row["area_km2"]),
                    _number(row["area_ha"], 1),
                    _number(row["observed_percent"], 1),
                )
                for row in rows
            ),
            (
                "Not observed (cloud, shadow, no data)",
                _number(unseen["area_km2"]),
                _number(unseen["area_ha"], 1),
                "–",
            ),
        ),
    )
    note = one.result.provenance.get("note")
    return Section(one.title, (map_figure, *figures), (note,) if note else (), table)


def _blank(grid: Grid) -> Any:
    import numpy as np

    return np.full((*grid.shape, 3), 255, np.uint8)


def _bar(grid: Grid) -> tuple[float, str] | None:
    rows, cols = grid.shape
    area = pixel_area_m2(grid, rows // 2, 1)
    if not area:
        return None
    # in degrees a pixel is narrower than it is high: area / height in metres is its width
    high = grid.resolution[1] * (110_574.0 if "4326" in grid.crs else 1.0)
    wide = area / high if "4326" in grid.crs else grid.resolution[0]
    return scale_bar(wide * cols)


def _sources(story: EventStory) -> Section:
    rows = []
    items = []
    for one in story.mapped:
        if one.chosen is None:
            continue
        for name, side in (("pre", "before"), ("post", "after")):
            acquisition = one.chosen.pair.before if name == "pre" else one.chosen.pair.after
            for scene in one.stacks[name].scenes:
                clear = (
                    "–"
                    if acquisition.clear_percent is None
                    else f"{acquisition.clear_percent:.0f} %"
                )
                when = format_time(scene.datetime)[:16].replace("T", " ")
                row = (
                    side,
                    get_sensor(scene.sensor).title,
                    scene.id,
                    f"{when} UTC",
                    clear,
                    scene.collection,
                )
                if row not in rows:
                    rows.append(row)
        text = f"{get_sensor(one.chosen.sensor).title}: {one.chosen.pair.reason}."
        items += [text] if text not in items else []
    for one in story.mapped:
        given = ", ".join(
            f"{name} = {value}"
            for name, value in one.result.provenance["parameters"].items()
            if value is not None
        )
        items.append(
            f"{one.title}: {one.result.provenance['formula']} ({given or 'no parameters'}). "
            f"{one.result.provenance['reference']}."
        )
    table = Table(
        ("Side", "Sensor", "Scene", "Taken", "Area seen clear", "Collection"), tuple(rows)
    )
    return Section("Sources and methods", table=table, items=tuple(items))


def _caveats(story: EventStory) -> Section:
    algorithms = [one.operation for one in story.mapped]
    items = [
        *story.warnings,
        *(
            f"{one.title}: {one.algorithm.limits}"
            for one in algorithms
            if one.algorithm is not None
        ),
    ]
    text = (
        "Cloud, shadow and missing data are not “no damage”: they are hatched, and counted apart."
    )
    return Section(
        "What to know before acting on this", paragraphs=(text,), items=tuple(dict.fromkeys(items))
    )


def _files(story: EventStory, folder: Path) -> Section:
    names = []
    for one in story.mapped:
        for name, path in one.result.outputs.items():
            shown = (
                path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)
            )
            names.append(f"{one.title}: {name}: {shown}")
    return Section("Files", items=tuple(names))


def _number(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _km2(area: float | None) -> str:
    return "area not known" if area is None else f"{area:.2f} km²"
