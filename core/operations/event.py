"""From an event to its map: find, pair, download, stack, validate, map, and one page that
tells it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .. import PRODUCT
from ..discovery.access import Access
from ..discovery.area import parse_area
from ..discovery.band_config import get_sensor, sensor_names
from ..discovery.events import RecipeStep, event_names, get_event
from ..enums import Status
from ..errors import AlgorithmError, Cancelled, DiskFullError, FirstLightError, InputError
from ..monitor import EventQueue, Level, Monitor, Note, PartMonitor, Progress
from ..operation import LayerOutput, Operation, OperationResult, Output
from ..params import param
from ..products.stac_catalogue import write_parent
from ..settings import Settings
from ..types import AlgorithmResult, format_time, read_moment
from ..workers import run_in_background
from .event_passes import ChosenStep, EventQuestion, PassStack, bring_pass, choose_steps
from .event_report import EventStory, MappedStep, write_report
from .search_params import AREA_HELP, catalog_param

SEARCH_SHARE, BRING_SHARE, HEIGHTS_SHARE, MAP_SHARE, FUSE_SHARE = 0.15, 0.6, 0.65, 0.9, 0.95
"""Of the progress bar, where searching, downloading, heights, mapping and putting maps together
end; the rest is the report.
"""
FUSE, TERRAIN = "fuse", "terrain"


@dataclass(frozen=True, kw_only=True)
class EventParams:
    """What happened, where and when."""

    event: str = param(
        kind="choice",
        title="Event",
        choices=event_names,
        help="wildfire, flood, storm, or one of their kinds.",
    )
    area: str = param(kind="area", title="Area", help=AREA_HELP)
    date: str = param(
        kind="date",
        title="Date of the event",
        help="UTC: 2024-05-01, or with a time: 2024-05-01T14:00Z.",
    )
    output: Path = param(
        kind="folder_out",
        title="Folder",
        help="Gets scenes, maps, a STAC catalogue of the results, and report.html.",
    )
    catalog: str = catalog_param()
    sensor: str | None = param(
        None,
        kind="choice",
        title="Sensor",
        choices=sensor_names,
        help="Only this one; if not given, those of the event.",
    )
    min_clear: float = param(
        30.0,
        kind="number",
        title="Least clear sky (%)",
        help="Share of the area that both passes must show clear, by their own cloud masks.",
        minimum=0,
        maximum=100,
        advanced=True,
    )
    terrain: bool = param(
        False,
        kind="flag",
        title="Use heights",
        help="Floods only: fetch the height model, and leave out what lies steep or high above "
        "the drainage: radar shadow, "
        "and lakes on hillsides with it.",
        advanced=True,
    )
    days_before: int | None = param(
        None,
        kind="integer",
        title="Days before",
        help="If not given, the event's own.",
        minimum=1,
        maximum=1000,
        advanced=True,
    )
    days_after: int | None = param(
        None,
        kind="integer",
        title="Days after",
        help="If not given, the event's own.",
        minimum=1,
        maximum=1000,
        advanced=True,
    )


@dataclass
class _Progressed:
    """What has come together so far."""

    mapped: list[MappedStep] = field(default_factory=list)
    pictures: list[LayerOutput] = field(default_factory=list)
    maps: list[list[LayerOutput]] = field(default_factory=list)
    """Layers of each of ``mapped``."""
    maps_below: list[LayerOutput] = field(default_factory=list)
    heights: AlgorithmResult | None = None
    """Slope and height above drainage, where they were wanted and could be had."""
    missed: list[str] = field(default_factory=list)
    """A sentence for each thing that could not be done."""


def run_event(params: EventParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Map an event from its best pairs of passes.

    Raises
    ------
    InputError
        For an unusable area, date or folder.
    SkyError, NoScenesError
        If the sky, or the catalogue, allows nothing.
    IngestionError, AlgorithmError
        If no pair could be brought to the disk, or no map be made.
    """
    event = get_event(params.event)
    question = EventQuestion(
        event=event,
        area=params.area,
        aoi=parse_area(params.area),
        moment=read_moment(params.date, "event"),
        catalog=params.catalog,
        min_clear=params.min_clear,
        days_before=params.days_before or event.days_before,
        days_after=params.days_after or event.days_after,
    )
    steps = _steps(params)
    _make_folder(params.output)
    access = Access(settings)
    made = _Progressed()
    chosen, missed = choose_steps(
        question, steps, settings, PartMonitor(monitor, 0.0, SEARCH_SHARE), access
    )
    made.missed += missed
    ready = _bring(
        chosen,
        question,
        params.output / "scenes",
        settings,
        PartMonitor(monitor, SEARCH_SHARE, BRING_SHARE),
        access,
        made,
    )
    if params.terrain:
        _bring_heights(
            params, ready, settings, PartMonitor(monitor, BRING_SHARE, HEIGHTS_SHARE), made
        )
    _map(ready, params.output, settings, PartMonitor(monitor, HEIGHTS_SHARE, MAP_SHARE), made)
    if event.fuse:
        _fuse(
            event.fuse,
            question,
            params.output,
            settings,
            PartMonitor(monitor, MAP_SHARE, FUSE_SHARE),
            made,
        )
    story = EventStory(question, tuple(made.mapped), tuple(made.missed))
    monitor.emit(Progress(FUSE_SHARE, "Writing the report"))
    report = write_report(story, params.output / "report.html")
    title = f"{event.title} {format_time(question.moment)[:10]}"
    children = [one.main_path.parent for one in story.mapped]
    children += [made.heights.outputs["hand"].parent] if made.heights else []
    events = EventQueue(monitor)
    catalogue = run_in_background(
        lambda: write_parent(params.output, children, title, events.stop.is_set), events
    )
    return _result(story, {"report": report, "catalogue": catalogue}, made)


def _steps(params: EventParams) -> list[RecipeStep]:
    """The recipe, or the part of it that one sensor can do."""
    event = get_event(params.event)
    if params.sensor is None:
        return list(event.recipe)
    steps = [
        RecipeStep((params.sensor,), step.algorithms)
        for step in event.recipe
        if params.sensor in step.sensors
    ]
    if not steps:
        known = sorted({sensor for step in event.recipe for sensor in step.sensors})
        raise InputError(
            f"{event.title} cannot be mapped from {get_sensor(params.sensor).title}",
            "no algorithm for it needs that sensor",
            f"Take one of: {', '.join(known)}.",
        )
    return steps


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"Nothing can be written to {folder}",
            error.strerror or str(error),
            "Choose another folder.",
        ) from error


Ready = tuple[ChosenStep, Mapping[str, PassStack]]


def _bring(
    chosen: Sequence[ChosenStep],
    question: EventQuestion,
    folder: Path,
    settings: Settings,
    monitor: Monitor,
    access: Access,
    made: _Progressed,
) -> list[Ready]:
    """Each step's passes on the disk; a step that cannot be had is named and left out, if another
    one can.
    """
    ready: list[Ready] = []
    failures: list[FirstLightError] = []
    for number, one in enumerate(chosen):
        sides = {"pre": one.pair.before, "post": one.pair.after}
        stacks: dict[str, PassStack] = {}
        try:
            for place, (name, acquisition) in enumerate(sides.items()):
                begin, end = ((2 * number + place + step) / (2 * len(chosen)) for step in (0, 1))
                stacks[name] = bring_pass(
                    acquisition,
                    question,
                    folder,
                    settings,
                    PartMonitor(monitor, begin, end),
                    access,
                )
        except (Cancelled, DiskFullError):
            raise
        except FirstLightError as error:
            failures.append(error)
            _miss(made, monitor, str(error))
            continue
        ready.append((one, stacks))
        for name, stack in stacks.items():
            made.pictures.append(
                _picture(stack, {"pre": "before", "post": "after"}[name], one.sensor)
            )
    if not ready:
        raise failures[0]
    return ready


def _picture(stack: PassStack, side: str, sensor: str) -> LayerOutput:
    first = stack.scenes[0]
    ids = ", ".join(scene.id for scene in stack.scenes)
    title = f"Bands {side} {format_time(first.datetime)[:10]}"
    return LayerOutput(
        stack.stack,
        title,
        "natural_color",
        f"{get_sensor(sensor).title} scenes",
        first.datetime,
        f"{side}: {ids}.",
    )


def _bring_heights(
    params: EventParams,
    ready: Sequence[Ready],
    settings: Settings,
    monitor: Monitor,
    made: _Progressed,
) -> None:
    """Slope and height above drainage for the algorithms that take them; without them the map is
    made all the same.
    """
    from .registry import get_operation  # this operation is in the registry itself

    names = [name for step, _ in ready for name in step.step.algorithms]
    if not any("hand" in {one.name for one in get_operation(name).parameters()} for name in names):
        _miss(made, monitor, "Heights are of no use here: no algorithm of this event takes them")
        return
    try:
        result = _run(
            TERRAIN,
            {"area": params.area, "catalog": params.catalog},
            params.output / TERRAIN,
            settings,
            monitor,
        )
    except (Cancelled, DiskFullError):
        raise
    except FirstLightError as error:
        _miss(made, monitor, str(error))
        return
    made.heights = _value(result)
    made.maps_below += [replace(one, visible=False) for one in result.layers]


def _map(
    ready: Sequence[Ready], folder: Path, settings: Settings, monitor: Monitor, made: _Progressed
) -> None:
    """Run the algorithms of each step; one that fails is named, and the others go on."""
    jobs = [(step, stacks, name) for step, stacks in ready for name in step.step.algorithms]
    failures: list[FirstLightError] = []
    for number, (step, stacks, name) in enumerate(jobs):
        part = PartMonitor(monitor, number / len(jobs), (number + 1) / len(jobs))
        values = {
            "pre": stacks["pre"].stack,
            "post": stacks["post"].stack,
            "stack": stacks["post"].stack,
        }
        if made.heights is not None:
            values.update({key: made.heights.outputs[key] for key in ("hand", "slope")})
        try:
            result = _run(name, values, folder / name, settings, part)
        except (Cancelled, DiskFullError):
            raise
        except FirstLightError as error:
            failures.append(error)
            _miss(made, monitor, str(error))
            continue
        made.mapped.append(MappedStep(name, step, stacks, _value(result)))
        made.maps.append(list(result.layers))
    if not made.mapped:
        raise (
            failures[0]
            if failures
            else AlgorithmError("The event cannot be mapped", "its recipe has no algorithm")
        )


def _run(
    name: str, values: Mapping[str, Any], folder: Path, settings: Settings, monitor: Monitor
) -> OperationResult:
    """One operation of the registry with those of the values that it knows."""
    from .registry import get_operation  # this operation is in the registry itself

    operation = get_operation(name)
    known = {one.name for one in operation.parameters()}
    given = {key: value for key, value in values.items() if key in known}
    return operation.run(operation.make_params({**given, "output": folder}), settings, monitor)


def _value(result: OperationResult) -> AlgorithmResult:
    assert isinstance(
        result.value, AlgorithmResult
    )  # every algorithm hands it back; a test runs them all
    return result.value


def _fuse(
    layer: str,
    question: EventQuestion,
    folder: Path,
    settings: Settings,
    monitor: Monitor,
    made: _Progressed,
) -> None:
    """Put the maps of several sensors together, where more than one was made."""
    sources = [one.result.outputs[layer] for one in made.mapped if layer in one.result.outputs]
    if len(sources) < 2:
        return
    values = {"inputs": [str(path) for path in sources], "event_date": format_time(question.moment)}
    try:
        result = _run(FUSE, values, folder / FUSE, settings, monitor)
    except (Cancelled, DiskFullError):
        raise
    except FirstLightError as error:
        _miss(made, monitor, str(error))
        return
    made.mapped.insert(0, MappedStep(FUSE, None, {}, _value(result)))
    made.maps.insert(0, list(result.layers))


def _miss(made: _Progressed, monitor: Monitor, text: str) -> None:
    made.missed.append(text)
    monitor.emit(Note(Level.WARNING, text))


def _result(story: EventStory, pages: Mapping[str, Path], made: _Progressed) -> OperationResult:
    main, report = story.mapped[0].result, pages["report"]
    outputs = dict(pages)
    for one in story.mapped:
        outputs.update({f"{one.name}.{key}": path for key, path in one.result.outputs.items()})
    question = story.question
    result = AlgorithmResult(
        outputs=outputs,
        statistics={one.name: one.result.statistics for one in story.mapped},
        style=main.style,
        provenance={
            "software": PRODUCT,
            "operation": "event",
            "parameters": {
                "event": question.event.name,
                "area": dict(question.aoi.geometry),
                "date": format_time(question.moment),
                "catalog": question.catalog,
                "min_clear_percent": question.min_clear,
            },
            "pairs": {
                one.name: one.chosen.pair.to_dict()
                for one in story.mapped
                if one.chosen is not None
            },
            "steps": {one.name: one.result.provenance for one in story.mapped},
        },
        warnings=tuple(story.warnings),
    )
    complete = all(stack.complete for one in story.mapped for stack in one.stacks.values())
    lines = [f"{question.event.title}, {format_time(question.moment)[:10]}: {report}"]
    lines += [f"{value}: {name}" for value, name in story.keys]
    lines += [
        f"{one.title}: {', '.join(str(path) for path in one.result.outputs.values())}"
        for one in story.mapped
    ]
    return OperationResult(
        data=result.to_dict(),
        text="\n".join([*lines, *story.warnings]),
        status=Status.DONE if complete and not story.missed else Status.PARTIAL,
        layers=tuple(_shown(made)),
        outputs={
            "report": str(report),
            "map": str(story.mapped[0].main_path),
            "not_observed_percent": story.unseen_percent,
        },
        value=result,
    )


def _shown(made: _Progressed) -> list[LayerOutput]:
    """All layers; of the maps, the first one is switched on, above the pictures, the newest of
    which is on.
    """
    newest = max((one.acquired for one in made.pictures if one.acquired), default=None)
    pictures = [replace(one, visible=one.acquired == newest) for one in made.pictures]
    others = [replace(one, visible=False) for layers in reversed(made.maps[1:]) for one in layers]
    # Each group comes to lie above the one before.
    return [*made.maps_below, *pictures, *others, *made.maps[0]]


EVENT = Operation(
    name="event",
    title="Map an event",
    group="Events",
    summary="From area and date to the map: finds the best pair of passes, downloads the area, "
    "stacks, validates, runs the "
    "algorithms of the event, and writes layers, areas and a one-page report.",
    params=EventParams,
    run=run_event,
    outputs=(
        Output("report", "Report (HTML)"),
        Output("map", "Map", "raster"),
        Output("not_observed_percent", "Not observed (%)", "number"),
    ),
)
