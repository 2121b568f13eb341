"""From an event to its map: find, pair, download, stack, validate, map, and one page that
tells it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .. import PRODUCT
from ..discovery.access import Access
from ..discovery.band_config import Sensor
from ..discovery.catalogs import Catalog
from ..discovery.events import EventType, RecipeStep, event_names, event_titles
from ..discovery.linked.scene_factors import read_scenes
from ..enums import AreaMask, Status
from ..errors import InputError
from ..moment import Moment
from ..monitor import EventQueue, Monitor, PartMonitor, Progress
from ..operation import LayerOutput, Operation, OperationResult, Output, OutputKind
from ..params import Kind, param
from ..products.event_record import EventRecord
from ..products.map_view import describe_view
from ..products.outline_files import write_outlines
from ..products.stac_catalogue import EVENT as EVENT_TOLD
from ..products.stac_catalogue import MAP, SHEET, write_parent
from ..recipes.params import area_mask_param
from ..scenes.event_pairs import LEAST_CLEAR, EventQuery, choose_steps
from ..settings import Settings
from ..text import joined
from ..types import AlgorithmResult, Aoi, SceneItem, format_time
from ..workers import run_in_background, run_parallel
from .event_home import REPORT_NAME, check_is_its_own, event_facts, make_folder, place_words
from .event_run import EventRun, event_title
from .report.kept import outline_texts, record_event
from .report.outlook import look_ahead
from .report.page import write_report
from .report.sheet import print_sheet
from .report.story import EventStory
from .search_params import area_param, catalog_param, days_param, event_date_param, sensor_param

SEARCH_SHARE, MAP_SHARE, FUSE_SHARE = 0.15, 0.88, 0.93
FORECAST_SHARE, FORECAST_FOLDER = 0.95, "forecast"
"""Shares of the progress bar where searching, downloading with mapping, and putting maps together
end; the rest is the report.
"""


@dataclass(frozen=True, kw_only=True)
class EventParams:
    """Event in space and time, and what is good enough to map it from."""

    event: EventType = param(
        kind=Kind.EVENT,
        title="Event",
        choices=event_names,
        labels=event_titles,
        help="wildfire, flood, storm, or one of their kinds.",
    )
    area: Aoi = area_param()
    date: Moment = event_date_param()
    output: Path = param(
        kind=Kind.FOLDER_OUT,
        title="Folder",
        help="Gets scenes, maps, a STAC catalogue of the results, and report.html.",
    )
    catalog: Catalog = catalog_param()
    sensor: Sensor | None = sensor_param("Only this one; if not given, those of the event.")
    items: Path | None = param(
        None,
        kind=Kind.FILE_IN,
        title="Scenes",
        help="Scenes to map from (JSON or GeoJSON), as a search for pairs writes them; then no "
        "catalogue is searched, and of each sensor the best pair among them is taken, however "
        "cloudy.",
        advanced=True,
    )
    min_clear: float = param(
        LEAST_CLEAR,
        kind=Kind.NUMBER,
        title="Least clear sky (%)",
        help="Share of the area that both passes must show clear, by their own cloud masks.",
        minimum=0,
        maximum=100,
        advanced=True,
    )
    terrain: bool = param(
        False,
        kind=Kind.FLAG,
        title="Use heights",
        help="Floods only: fetch heights, and leave out what is steep or high above the "
        "drainage. That is radar shadow, and lakes on hillsides with it.",
        advanced=True,
    )
    forecast: bool = param(
        False,
        kind=Kind.FLAG,
        title="Forecast in the report",
        help="Rain and wind of the next three days from now on, where the catalogue lists a "
        "weather model's files: a table and a chart in the report, never in the map.",
        advanced=True,
    )
    area_mask: AreaMask = area_mask_param()
    days_before: int | None = days_param("Days before", "the event's own")
    days_after: int | None = days_param("Days after", "the event's own")
    scenes: tuple[SceneItem, ...] = ()
    """For callers in Python: the scenes themselves, instead of ``items`` or a search."""

    def query(self, scenes: tuple[SceneItem, ...] = ()) -> EventQuery:
        """Event and passes that are asked for; ``scenes`` are those that somebody chose."""
        return EventQuery(
            event=self.event,
            aoi=self.area,
            time=self.date.first,
            catalog=self.catalog,
            scenes=scenes,
            min_clear=0.0 if scenes else self.min_clear,
            days_before=self.days_before or self.event.days_before,
            days_after=self.days_after or self.event.days_after,
        )

    def steps(self) -> list[RecipeStep]:
        """The event's recipe, or the part of it that one sensor can do.

        Raises
        ------
        InputError
            If that sensor can do nothing of it.
        """
        if self.sensor is None:
            return list(self.event.recipe)
        name, family = self.sensor.name, self.sensor.family
        steps = [
            RecipeStep((name,), step.algorithms)
            for step in self.event.recipe
            if name in step.sensors or family in step.sensors
        ]
        if not steps:
            known = sorted({sensor for step in self.event.recipe for sensor in step.sensors})
            raise InputError(
                f"{self.event.title} cannot be mapped from {self.sensor.title}",
                "no algorithm for it needs that sensor",
                f"Take one of: {', '.join(known)}.",
            )
        return steps


def run_event(params: EventParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Map an event from its best pairs of passes.

    Raises
    ------
    InputError
        For an unusable sensor or folder.
    SkyError, NoScenesError
        If the sky, or the catalogue, allows nothing.
    IngestionError, AlgorithmError
        If no pair could be brought to the disk, or no map be made.
    """
    steps, left_out = params.steps(), list[str]()
    query = params.query(_given_scenes(params, settings, monitor, left_out.append))
    make_folder(params.output)
    check_is_its_own(params.output, query)
    run = EventRun(query, params.output, settings, Access(settings), area_mask=params.area_mask)

    def part(begin: float, end: float) -> Monitor:
        return PartMonitor(monitor, begin, end)

    chosen, missed = choose_steps(query, steps, settings, part(0.0, SEARCH_SHARE), run.access)
    run.missed += [*left_out, *missed]
    run.make(chosen, part(SEARCH_SHARE, MAP_SHARE), params.terrain)
    if query.event.fuse:
        run.fuse(query.event.fuse, part(MAP_SHARE, FUSE_SHARE))
    outlook = (
        look_ahead(query, run.folder / FORECAST_FOLDER, settings, part(FUSE_SHARE, FORECAST_SHARE))
        if params.forecast
        else None
    )
    story = EventStory(query, tuple(run.mapped), tuple(run.missed), outlook)
    monitor.emit(Progress(FORECAST_SHARE, "Writing the report"))
    record = record_event(story, place_words(query.aoi))
    pages = _write_pages(record, story, run, monitor)
    pages["catalogue"] = _write_catalogue(run, story, record, tuple(pages.values()), monitor)
    return _result(story, pages, run)


def _given_scenes(
    params: EventParams, settings: Settings, monitor: Monitor, leave_out: Callable[[str], None]
) -> tuple[SceneItem, ...]:
    """The scenes that somebody chose; empty where a catalogue is to be searched."""
    if params.scenes or params.items is None:
        return params.scenes
    part = PartMonitor(monitor, 0.0, SEARCH_SHARE)
    return tuple(read_scenes(params.items, settings, part, leave_out))


def _write_pages(
    record: EventRecord, story: EventStory, run: EventRun, monitor: Monitor
) -> dict[str, Path]:
    """The report, and beside it the quoted map's outline for those without GIS."""
    quoted, events = story.quoted, EventQueue(monitor)
    perimeter, classes = quoted.result.outputs["perimeter"], quoted.main_path
    texts, stop = outline_texts(story), events.stop.is_set
    threads = run.settings.worker_count
    jobs: list[Callable[[], Mapping[str, Path]]] = [
        lambda: {"report": write_report(story, run.folder / REPORT_NAME)},
        lambda: write_outlines(record, texts, perimeter, classes, run.folder, stop, threads),
    ]
    report, outlines = run_parallel(lambda work: work(), jobs, min(threads, len(jobs)), events)
    return {**report, **outlines}


def _write_catalogue(
    run: EventRun,
    story: EventStory,
    record: EventRecord,
    pages: Sequence[Path],
    monitor: Monitor,
) -> Path:
    """One STAC catalogue above those of the maps and heights."""
    children = [step.main_path.parent for step in run.mapped]
    children += [run.heights.outputs["hand"].parent] if run.heights else []
    title = f"{run.query.event.title} {run.query.day}"
    events = EventQueue(monitor)
    facts = event_facts(run.query)
    told = {
        MAP: describe_view(run.folder, _layers(run)),
        SHEET: print_sheet(story).to_dict(),
        EVENT_TOLD: record.to_dict(),
    }
    return run_in_background(
        lambda: write_parent(run.folder, children, title, facts, told, events.stop.is_set, pages),
        events,
    )


def _result(story: EventStory, pages: Mapping[str, Path], run: EventRun) -> OperationResult:
    result, told = _summary(story, pages, run), story.summary
    warnings = tuple(_warnings(story))
    complete = all(stack.complete for step in story.mapped for stack in step.passes)
    lines = [f"{story.query.event.title}, {story.query.day}: {pages['report']}"]
    lines += [told.headline + (f" ({told.range})" if told.range else ""), told.not_observed]
    lines.append(told.reason)
    for step in story.mapped:
        paths = ", ".join(str(path) for path in step.result.outputs.values())
        lines.append(f"{step.title}: {paths}")
    if story.outlook and story.outlook.record:
        lines.append(f"Forecast: {story.outlook.record}")
    whole = not story.missed and not (story.outlook and story.outlook.missing)
    return OperationResult(
        data=result.to_dict(),
        text=joined([*warnings, *filter(None, lines)]),
        status=Status.DONE if complete and whole else Status.PARTIAL,
        layers=tuple(_layers(run)),
        outputs={
            "report": str(pages["report"]),
            "map": str(story.mapped[0].main_path),
            "not_observed_percent": story.unseen_percent,
        },
        value=result,
        warnings=warnings,
        summary=told,
    )


def _summary(story: EventStory, pages: Mapping[str, Path], run: EventRun) -> AlgorithmResult:
    """All maps' outputs and figures as one result, by the maps' names."""
    query = story.query
    maps = {step.operation.name: step for step in story.mapped}
    outputs = dict(pages)
    for name, step in maps.items():
        outputs.update({f"{name}.{key}": path for key, path in step.result.outputs.items()})
    outlook = story.outlook
    if outlook and outlook.record:
        outputs["forecast"] = Path(outlook.record)
    return AlgorithmResult(
        outputs=outputs,
        statistics={name: step.result.statistics for name, step in maps.items()},
        style=story.mapped[0].result.style,
        provenance={
            "software": PRODUCT,
            "operation": "event",
            "parameters": {
                "event": query.event.name,
                "area": dict(query.aoi.geometry),
                "date": format_time(query.time),
                "catalog": query.catalog.name,
                "area_mask": str(run.area_mask),
                "min_clear_percent": query.min_clear,
                "forecast": story.outlook is not None,
                "items": [scene.id for scene in query.scenes] or None,
            },
            "pairs": {
                name: step.source.chosen.pair.to_dict()
                for name, step in maps.items()
                if step.source is not None
            },
            "steps": {name: step.result.provenance for name, step in maps.items()},
        },
        warnings=tuple(_warnings(story)),
    )


def _warnings(story: EventStory) -> list[str]:
    """Doubts of the maps, and after them those of the forecast."""
    return list(
        dict.fromkeys([*story.warnings, *(story.outlook.warnings if story.outlook else ())])
    )


def _layers(run: EventRun) -> list[LayerOutput]:
    """All layers. Of the maps, the first one is switched on, above the picture after of the pass
    that it is made from: below a flood that radar saw, the clouds of another day would look like
    ground that nobody saw.
    """
    below = next((step.source.after.stack for step in run.mapped if step.source), None)
    pictures = [replace(layer, visible=layer.path == below) for layer in run.pictures[::-1]]
    heights = [replace(layer, group="Terrain") for layer in run.height_layers]
    first, *others = (
        [replace(layer, group=step.group) for layer in step.layers] for step in run.mapped
    )
    hidden = [replace(layer, visible=False) for maps in reversed(others) for layer in maps]
    # Each group comes to lie above the one before.
    layers = [*heights, *pictures, *hidden, *first]
    return [replace(layer, above=event_title(run.query)) for layer in layers]


EVENT = Operation(
    name="event",
    title="Map an event",
    group="Events",
    summary="Maps an event from its area and date. Finds the best pair of passes, "
    "downloads, stacks and validates them, runs the event's algorithms, and "
    "writes layers, areas and a one-page report.",
    params=EventParams,
    run=run_event,
    outputs=(
        Output("report", "Report (HTML)"),
        Output("map", "Map", OutputKind.RASTER),
        Output("not_observed_percent", "Not observed (%)", OutputKind.NUMBER),
    ),
)
