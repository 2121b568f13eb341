"""What is told of an event's maps: report, outlines, catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ... import PRODUCT
from ...enums import Status
from ...monitor import EventQueue, Monitor, PartMonitor, Progress
from ...operation import LayerOutput, OperationResult
from ...products.event_record import EventRecord
from ...products.map_view import describe_view
from ...products.outline_files import write_outlines
from ...products.stac_catalogue import EVENT as EVENT_TOLD
from ...products.stac_catalogue import MAP, SHEET, write_parent
from ...text import joined
from ...types import AlgorithmResult, format_time
from ...workers import run_in_background, run_parallel
from ..event_home import REPORT_NAME, event_facts, place_words
from ..event_run import EventRun, event_title
from .kept import outline_texts, record_event
from .outlook import look_ahead
from .page import write_report
from .sheet import print_sheet
from .story import EventStory

FORECAST_SHARE = 0.25
"""Share of the progress bar where the forecast ends; the rest is the report."""
FORECAST_FOLDER = "forecast"


def tell_event(run: EventRun, forecast: bool, monitor: Monitor) -> OperationResult:
    """Write the page and the catalogue that tell an event's maps.

    Parameters
    ----------
    run : EventRun
        With the maps that could be made.
    forecast : bool
        Also ask for one, for the page.

    Raises
    ------
    RasterError
        If a layer cannot be read, or the page not be written.
    """
    query, outlook = run.query, None
    if forecast:
        part = PartMonitor(monitor, 0.0, FORECAST_SHARE)
        outlook = look_ahead(query, run.folder / FORECAST_FOLDER, run.settings, part)
    story = EventStory(query, tuple(run.mapped), tuple(run.missed), outlook)
    monitor.emit(Progress(FORECAST_SHARE, "Writing the report"))
    record = record_event(story, place_words(query.aoi))
    pages = _write_pages(record, story, run, monitor)
    pages["catalogue"] = _write_catalogue(run, story, record, tuple(pages.values()), monitor)
    return _result(story, pages, run)


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
