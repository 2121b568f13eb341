"""An event followed through all its passes: one map of all of them, a table and a chart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..algorithms.kernel import Kernel
from ..errors import InputError
from ..execution.apply import Applied
from ..files.atomic import WriteFailure, write_whole
from ..maps.fuse_sources import (
    Question,
    make_source,
    open_extent,
    read_extent,
    read_words,
    with_spare_nodata,
)
from ..moment import Moment
from ..monitor import EventQueue, Monitor
from ..params import AlgorithmInfo, Kind, Output, OutputKind, param
from ..raster.facts import RasterFacts
from ..raster.reader import RasterReader
from ..recipes.auto_number import AutoNumber
from ..recipes.inputs import MapInputs, joined_inputs
from ..recipes.layers import Extent, MapLayer
from ..recipes.map_operation import map_operation
from ..recipes.params import (
    STACKS_ORDER,
    MapParams,
    affected_codes_param,
    unseen_codes_param,
)
from ..recipes.recipe import Findings, MapJob, MapRecipe
from ..recipes.stacks import check_stack, prepare_folder
from ..stack.pair import StackPart, join_stacks
from ..types import parse_time
from ..workers import run_in_background
from .states import (
    AFFECTED,
    FILLED_DAY_LAYER,
    FILLED_LAYER,
    FIRST_LAYER,
    LARGEST_LAYER,
    LAST_LAYER,
    series_kernel,
)
from .table import PassFigures, chart, lines, measure, table_text

FAILURE = "The series cannot be made"
SETTLE = (
    "Say which codes mean affected with ‘series.positive’, and which mean nothing with "
    "‘series.not_observed’"
)
TABLE, CHART = "series.csv", "series.svg"
NOTE = (
    "Days are those of the passes: what came or went between two is dated by the later one. The "
    "first look at a pixel may be days after the event, when the water has gone."
)


@dataclass(frozen=True, kw_only=True)
class SeriesParams(MapParams):
    """Maps of one event on several days."""

    inputs: tuple[Path, ...] = param(
        kind=Kind.RASTERS_IN,
        title="Maps",
        help="Two or more class rasters of one event that say when they were taken: flooded.tif of "
        "each pass. Give the new ones with the old ones when another pass has come.",
        order=STACKS_ORDER,
    )
    event_date: Moment | None = param(
        None,
        kind=Kind.DATE,
        title="Date of the event",
        help="UTC. Days count from it; if not given, from the first map.",
    )
    positive: str | None = affected_codes_param(
        "Codes that mean affected, such as 1,2 or 4-7; if not given, as the file or a known "
        "product says.",
    )
    not_observed: str | None = unseen_codes_param()

    def __post_init__(self) -> None:
        """Refuse what no run can use."""
        if len({path.resolve() for path in self.inputs}) < 2:
            raise InputError(FAILURE, "there is only one map", "Give two or more.")
        self.question()

    def recorded(self) -> dict[str, Any]:
        """Return what the provenance tells of the parameters, the date as text."""
        day = str(self.event_date) if self.event_date else None
        return {**super().recorded(), "event_date": day}

    def question(self) -> Question:
        """Read what is said of all maps together.

        Raises
        ------
        InputError
            If a code cannot be read.
        """
        words = read_words(self.positive, self.not_observed, SETTLE, FAILURE)
        weights = dict.fromkeys(self.inputs, AutoNumber("1", 1.0))
        return Question(None, words, weights, FAILURE)


def open_maps(params: SeriesParams, monitor: Monitor) -> MapInputs:
    """Put the maps on the grid of the finest one, over the area of all together, oldest first.

    Raises
    ------
    InputError
        If one holds no classes, or does not say when it was taken; or two were taken at once.
    BandStackError
        If they cannot be brought onto one grid.
    """
    files = [file for path in params.inputs for file in check_stack(path)]
    [joined_path] = prepare_folder(params.output, ("series_inputs.vrt",), files)
    maps = sorted((open_extent(path, FAILURE) for path in params.inputs), key=_time)
    for one, other in pairwise(maps):
        if _time(one) == _time(other):
            why = f"{one.path.name} and {other.path.name} are of the same moment"
            raise InputError(FAILURE, why, "Put them together with ‘flight fuse’ first.")
    question = params.question()
    warnings = [text for facts in maps for text in read_extent(facts, question).warnings]
    parts = tuple(
        StackPart(
            f"source{number}",
            with_spare_nodata(facts, question),
            {"extent": 1},
            classes=frozenset({"extent"}),
        )
        for number, facts in enumerate(maps, start=1)
    )
    joined = run_in_background(
        lambda: join_stacks(parts, joined_path, everything=True), EventQueue(monitor)
    )
    bands = {part.name: f"{part.name}.extent" for part in parts}
    return joined_inputs(parts, joined, bands, warnings)


def _time(facts: RasterFacts) -> datetime:
    text = facts.tags.get("datetime")
    if not text:
        raise InputError(
            FAILURE,
            f"{facts.path.name} does not say when it was taken",
            "Give maps that FirstLight made, or set the tag datetime (gdal_edit -mo datetime=…).",
        )
    return parse_time(text)


def make_kernel(params: SeriesParams, inputs: MapInputs) -> Kernel:
    """Make the kernel of the series.

    Raises
    ------
    InputError
        If a map has codes that nobody explains.
    """
    question = params.question()
    times = [_time(part.facts) for part in inputs.parts]
    begin = params.event_date.first if params.event_date else times[0]
    sources = [make_source(part.facts, inputs.grid, question) for part in inputs.parts]
    days = [(time - begin).total_seconds() / 86400 for time in times]
    return series_kernel(sources, days, [inputs.bands[part.name] for part in inputs.parts])


def report(job: MapJob[SeriesParams], applied: Applied) -> Findings:
    """Tell the area of each pass and what changed; write the table and the chart."""
    inputs, question = job.inputs, job.params.question()
    passes = [
        (
            inputs.bands[part.name],
            make_source(part.facts, inputs.grid, question),
            _time(part.facts),
        )
        for part in inputs.parts
    ]
    with RasterReader(inputs.path) as reader:
        figures, unit = measure(reader, inputs.indexes, passes, job.area, lambda: False)
    table, picture = job.params.output / TABLE, job.params.output / CHART
    write_whole(table, table_text(figures, unit), WriteFailure(f"Writing {table} failed"))
    write_whole(picture, chart(figures, unit), WriteFailure(f"Writing {picture} failed"))
    largest = max(figures, key=lambda one: one.affected)
    return Findings(
        formula="first and last pass in which a pixel is affected; its first clear look",
        statistics={
            "passes": [one.to_dict(unit) for one in figures],
            "largest_pass": largest.to_dict(unit)["datetime"],
        },
        outputs={"table": str(table), "chart": str(picture)},
        warnings=tuple(_warnings(figures)),
        lines=(*lines(figures, unit), f"Table: {table}", f"Chart: {picture}"),
    )


def _warnings(figures: list[PassFigures]) -> list[str]:
    hidden = [
        one.time.date().isoformat()
        for one in figures
        if one.not_observed > 0.3 * (one.observed + one.not_observed)
    ]
    if not hidden:
        return []
    return [
        f"Much was not observed on {', '.join(hidden)}: the areas of these days are too small, and "
        "compare only where both looked"
    ]


SERIES = map_operation(
    MapRecipe(
        name="series",
        title="Series of maps",
        subject="Series",
        group="Fusion",
        summary="Follows an event through its passes: when each pixel was first and last seen "
        "affected, the largest extent, gaps filled from the next pass with its day, and area and "
        "change of each pass as table and chart.",
        params=SeriesParams,
        layers=(
            MapLayer(LARGEST_LAYER, "Largest extent"),
            MapLayer(FIRST_LAYER, "First seen (days)"),
            MapLayer(LAST_LAYER, "Last seen (days)"),
            MapLayer(FILLED_LAYER, "First clear look"),
            MapLayer(FILLED_DAY_LAYER, "Day of the first clear look"),
        ),
        extents=(
            Extent("affected", LARGEST_LAYER, (AFFECTED,), title="Largest extent"),
            Extent("first_look", FILLED_LAYER, (AFFECTED,), title="Affected at the first look"),
        ),
        numbers=(
            Output("table", "Table of the passes", OutputKind.TEXT),
            Output("chart", "Chart of the passes", OutputKind.TEXT),
        ),
        note=NOTE,
        open=open_maps,
        kernel=make_kernel,
        report=report,
        algorithm=AlgorithmInfo(
            events=("flood", "wildfire", "storm"),
            bands=(),
            references=("each pass as its own map has it",),
            limits="Not for maps of different things, nor of methods whose errors differ: then the "
            "change is that of the method. A pass that saw little has a small area for that alone.",
        ),
    )
)
