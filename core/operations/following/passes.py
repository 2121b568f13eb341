"""The next passes over an area, from those that the catalogue has shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from ...discovery.band_config import Sensor
from ...discovery.catalogs import Catalog
from ...discovery.events import EventType
from ...discovery.pairs import Acquisition, group_acquisitions
from ...errors import NoScenesError
from ...moment import Moment
from ...monitor import Level, Monitor, Note
from ...operation import Operation, OperationResult, Output, OutputKind
from ...params import Kind, param
from ...scenes.find import SceneQuery, find_scenes
from ...scenes.tracks import NextPass, next_passes
from ...settings import Settings
from ...text import joined
from ...types import Aoi, format_time
from ..search_params import (
    area_param,
    catalog_param,
    collection_param,
    event_param,
    sensor_param,
)

LOOK_BACK_DAYS = 50
"""Three cycles of any of the satellites; two of them are seen whatever is missing."""
NOTE = (
    "Expected, not promised: satellites are switched off over some places and times, moved and "
    "given other tasks; the agencies' acquisition plans say more. Delays are those that the "
    "catalogue's own records tell of the passes seen"
)


@dataclass(frozen=True, kw_only=True)
class PassesParams:
    """Area, satellites and days."""

    area: Aoi = area_param()
    sensor: Sensor | None = sensor_param()
    event: EventType | None = event_param()
    catalog: Catalog = catalog_param()
    collection: str | None = collection_param()
    since: Moment | None = param(
        None, kind=Kind.DATE, title="From", help="UTC; if not given, from now on."
    )
    days: int = param(
        14,
        kind=Kind.INTEGER,
        title="Days ahead",
        help="How far to look ahead.",
        minimum=1,
        maximum=60,
    )


def run_passes(params: PassesParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Search the days before, and tell what comes after them.

    Raises
    ------
    NoScenesError
        If the catalogue has shown no pass lately, or none that comes again.
    DiscoveryError
        If it cannot be searched.
    """
    since = params.since.first if params.since else datetime.now(timezone.utc)
    until = since + timedelta(days=params.days)
    coming, silent = next_passes(_seen(params, since, settings, monitor), since, until)
    quiet = [
        f"{track.name} has not been seen since {format_time(track.last.datetime)[:10]}: it may be "
        "switched off, and nothing is foretold of it"
        for track in silent
    ]
    for text in quiet:
        monitor.emit(Note(Level.WARNING, text))
    if not coming:
        raise NoScenesError(
            "No next pass can be told",
            "; ".join((f"none of the satellites seen comes within {params.days} days", *quiet)),
            "Allow more days ahead, or try another sensor or catalogue.",
        )
    return OperationResult(
        data={
            "since": format_time(since),
            "until": format_time(until),
            "passes": [one.to_dict() for one in coming],
            "note": NOTE,
            "warnings": quiet,
        },
        text=joined([*quiet, *map(_line, coming), NOTE]),
        outputs={
            "count": len(coming),
            "first": format_time(coming[0].time),
            "text": joined(map(_line, coming)),
        },
        value=tuple(coming),
        warnings=tuple(quiet),
    )


def _seen(
    params: PassesParams, since: datetime, settings: Settings, monitor: Monitor
) -> list[Acquisition]:
    query = SceneQuery(
        params.area,
        since - timedelta(days=LOOK_BACK_DAYS),
        since,
        params.catalog,
        params.sensor,
        params.event,
        collection=params.collection,
    )
    scenes = find_scenes(query, settings, monitor).scenes
    # Scenes of one place in several collections or catalogues are one pass.
    plain = (replace(scene, collection="", catalog="") for scene in scenes)
    return group_acquisitions(tuple(plain), params.area)


def _line(one: NextPass) -> str:
    share = one.track.coverage_percent
    seen = len(one.track.passes)
    covered = "share of the area not known" if share is None else f"{share:.0f} % of the area"
    times = "once" if seen == 1 else f"{seen} times"
    return (
        f"{one.sentence}, {covered}, every {one.track.cycle_days} days (seen {times}), {one.listed}"
    )


PASSES = Operation(
    name="passes",
    title="Next passes over an area",
    group="Scenes",
    summary="Tells when which satellite will look at the area next, and at how much of it, from "
    "the passes that the catalogue has shown in the last weeks.",
    params=PassesParams,
    run=run_passes,
    outputs=(
        Output("count", "Number of passes", OutputKind.NUMBER),
        Output("first", "Time of the first one"),
        Output("text", "Text"),
    ),
)
