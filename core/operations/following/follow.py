"""An event followed through all passes of one sensor: each mapped once, and all put together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...discovery.access import Access
from ...discovery.band_config import Sensor, get_sensor
from ...discovery.catalogs import Catalog
from ...discovery.events import EventType, RecipeStep, event_names, event_titles
from ...discovery.pairs import Pair
from ...enums import AreaMask, Status
from ...errors import (
    Cancelled,
    DiskFullError,
    FirstLightError,
    InputError,
    NoScenesError,
    RasterError,
)
from ...files.atomic import WriteFailure, write_whole
from ...moment import Moment
from ...monitor import Level, Monitor, Note, PartMonitor
from ...operation import Operation, OperationResult, Output, OutputKind
from ...params import Kind, area_mask_param, param
from ...scenes.event_pairs import LEAST_CLEAR, ChosenStep, EventQuery, PairFinder, pair_each
from ...series.series import SERIES, SeriesParams
from ...settings import Settings
from ...shapes.area_pixels import area_digest
from ...text import joined
from ...types import Aoi, format_time
from ..event_run import EventRun
from ..search_params import area_param, catalog_param, days_param, event_date_param, sensor_param

USUAL_DAYS = 60
"""After the event: water and scars are to be seen for so long, where there are any."""
NOTES = "passes.json"
FAILURE = "The event cannot be followed"


@dataclass(frozen=True, kw_only=True)
class FollowParams:
    """Event in space and time, and who looks at it."""

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
        help="Gets scenes, a map for each pass, and the series of them. Run again into the same "
        "folder: only new passes are fetched and mapped.",
    )
    catalog: Catalog = catalog_param()
    sensor: Sensor | None = sensor_param(
        "The one that is followed; if not given, the first of the event's that has two passes."
    )
    min_clear: float = param(
        LEAST_CLEAR,
        kind=Kind.NUMBER,
        title="Least clear sky (%)",
        help="Share of the area that a pass must show clear, by its own cloud mask.",
        minimum=0,
        maximum=100,
        advanced=True,
    )
    area_mask: AreaMask = area_mask_param()
    days_before: int | None = days_param("Days before", "the event's own")
    days_after: int | None = days_param("Days after", f"{USUAL_DAYS} or the event's own")

    def query(self) -> EventQuery:
        """Event and passes that are asked for."""
        return EventQuery(
            event=self.event,
            aoi=self.area,
            time=self.date.first,
            catalog=self.catalog,
            min_clear=self.min_clear,
            days_before=self.days_before or self.event.days_before,
            days_after=self.days_after or max(USUAL_DAYS, self.event.days_after),
        )


@dataclass(frozen=True)
class _Mapped:
    """A pass with its map."""

    pair: Pair
    path: Path
    is_new: bool


def run_follow(params: FollowParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Map each pass after the event that is not mapped yet, and put all maps together.

    Raises
    ------
    NoScenesError
        If there are not two passes that can be compared with one before.
    InputError
        If the folder holds another event.
    FirstLightError
        If a pass cannot be brought or mapped, and fewer than two are left.
    """
    query = params.query()
    notes = _read_notes(params.output, query, params.area_mask)
    access = Access(settings)
    step, pairs = _choose(params, query, settings, PartMonitor(monitor, 0.0, 0.15), access)
    mapped, missed = [], list[str]()
    for number, pair in enumerate(pairs):
        share = 0.75 / len(pairs)
        part = PartMonitor(monitor, 0.15 + number * share, 0.15 + (number + 1) * share)
        run = EventRun(query, params.output, settings, access, area_mask=params.area_mask)
        try:
            mapped.append(_map(run, ChosenStep(step, pair), notes, part))
        except (Cancelled, DiskFullError):
            raise
        except FirstLightError as error:
            missed.append(f"{format_time(pair.after.datetime)}: {error}")
            monitor.emit(Note(Level.WARNING, missed[-1]))
    if len(mapped) < 2:
        raise NoScenesError(FAILURE, joined(missed) or "only one pass shows it", "Run again later.")
    series = SERIES.run(
        SeriesParams(
            inputs=tuple(one.path for one in mapped),
            output=params.output / SERIES.name,
            event_date=params.date,
            area=params.area,
            area_mask=params.area_mask,
        ),
        settings,
        PartMonitor(monitor, 0.9, 1.0),
    )
    return _present(series, mapped, missed)


def _choose(
    params: FollowParams,
    query: EventQuery,
    settings: Settings,
    monitor: Monitor,
    access: Access,
) -> tuple[RecipeStep, list[Pair]]:
    """The first step of the recipe with two passes after the event, and a pair for each of them."""
    finder = PairFinder(query, settings, access)
    reasons = []
    for step in query.event.recipe:
        for name in step.sensors:
            wanted = params.sensor
            if wanted is not None and name not in (wanted.name, wanted.family):
                continue
            sensor = wanted.name if wanted is not None else name
            answer = finder.find(sensor, monitor)
            pairs = pair_each(finder.passes(sensor), query)
            if len(pairs) > 1:
                return RecipeStep((sensor,), step.algorithms), pairs
            title = get_sensor(sensor).title
            reasons.append(getattr(answer, "sentence", f"{title}: one pass after the event"))
    raise NoScenesError(
        FAILURE,
        "; ".join(reasons) or "its recipe has no such sensor",
        "Allow more days or less clear sky, or run again when another pass has come.",
    )


def _map(run: EventRun, chosen: ChosenStep, notes: dict[str, Any], monitor: Monitor) -> _Mapped:
    """The map of a pass: as an earlier run has made it of the same scenes, else made now."""
    pair = chosen.pair
    name = f"{pair.after.datetime:%Y-%m-%dT%H%M}_{chosen.sensor}"
    sides = {
        side: [scene.id for scene in acquisition.scenes]
        for side, acquisition in (("before", pair.before), ("after", pair.after))
    }
    entry = notes["passes"].get(name, {})
    known = run.folder / str(entry.get("map", "")) if entry.get("map") else None
    if known is not None and known.is_file() and all(entry.get(k) == v for k, v in sides.items()):
        return _Mapped(pair, known, False)
    folder, scenes = run.folder / "passes" / name, run.folder / "scenes"
    maps = replace(run, folder=folder, scenes=scenes, mapped=[], pictures=[])
    maps.make([chosen], monitor)
    path = maps.mapped[0].main_path
    notes["passes"][name] = {**sides, "map": path.relative_to(run.folder).as_posix()}
    _write_notes(run.folder, notes)
    return _Mapped(pair, path, True)


def _read_notes(folder: Path, query: EventQuery, mask: AreaMask) -> dict[str, Any]:
    """What earlier runs have mapped here; those of the box around the area are mapped anew where
    its shape is asked for, and the other way round.

    Raises
    ------
    InputError
        If that was another event.
    """
    facts = {
        "event": query.event.name,
        "date": format_time(query.time),
        "bounds": [round(edge, 6) for edge in query.aoi.bounds],
    }
    pixels = {"sha256": area_digest(query.aoi), "mask": str(mask)}
    try:
        notes = json.loads((folder / NOTES).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        notes = {}
    if not isinstance(notes, dict) or not isinstance(notes.get("passes"), dict):
        return {"of": facts, "area": pixels, "passes": {}}
    if notes.get("of") != facts:
        raise InputError(
            FAILURE, f"{folder} holds the passes of another event", "Choose another folder."
        )
    if notes.get("area") != pixels:
        return {"of": facts, "area": pixels, "passes": {}}
    return {
        "of": facts,
        "area": pixels,
        "passes": {key: one for key, one in notes["passes"].items() if isinstance(one, dict)},
    }


def _write_notes(folder: Path, notes: dict[str, Any]) -> None:
    path = folder / NOTES
    failure = WriteFailure(f"Writing {path} failed", error=RasterError)
    write_whole(path, json.dumps(notes, indent=1), failure, make_folder=True)


def _present(
    series: OperationResult, mapped: Sequence[_Mapped], missed: Sequence[str]
) -> OperationResult:
    new = sum(one.is_new for one in mapped)
    told = f"{new} passes mapped now, {len(mapped) - new} as mapped before"
    data = series.json_data()
    maps = [
        {
            "datetime": format_time(one.pair.after.datetime),
            "map": str(one.path),
            "new": one.is_new,
            "pair": one.pair.to_dict(),
        }
        for one in mapped
    ]
    return replace(
        series,
        data={**data, "maps": maps, "missed": list(missed)},
        text=f"{joined([*missed, told])}\n{series.text}",
        status=Status.PARTIAL if missed else series.status,
        outputs={**series.outputs, "new_passes": new},
        warnings=(*missed, *series.warnings),
    )


FOLLOW = Operation(
    name="follow",
    title="Follow an event",
    group="Events",
    summary="Maps every pass after an event, each once, and puts the maps together: first and last "
    "day seen, largest extent, gain and recession. Run again, it takes only what is new.",
    params=FollowParams,
    run=run_follow,
    outputs=(*SERIES.outputs, Output("new_passes", "Passes mapped now", OutputKind.NUMBER)),
)
