"""Pairs of passes before and after an event, the best first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from ..discovery.access import Access
from ..discovery.clear_sky import look_at_sky
from ..discovery.events import get_event
from ..discovery.pairs import Pair, group_acquisitions, rank_pairs
from ..errors import NoScenesError
from ..monitor import Monitor, PartMonitor
from ..operation import LayerOutput, Operation, OperationResult, Output
from ..params import param
from ..settings import Settings
from ..types import SceneItem, format_time, read_moment
from .discover import DiscoverParams, Discovery, find_scenes, scenes_result
from .search_params import (
    AREA_HELP,
    catalog_param,
    collection_param,
    event_param,
    max_cloud_param,
    sensor_param,
)

__all__ = ["PAIRS", "Pair", "PairsParams", "run_pairs"]

USUAL_DAYS = 60


@dataclass(frozen=True, kw_only=True)
class PairsParams:
    """What happened, where and when."""

    area: str = param(kind="area", title="Area", help=AREA_HELP)
    date: str = param(
        kind="date",
        title="Date of the event",
        help="UTC: 2024-05-01, or with a time: 2024-05-01T14:00Z.",
    )
    event: str | None = event_param()
    sensor: str | None = sensor_param()
    catalog: str = catalog_param()
    collection: str | None = collection_param()
    days_before: int | None = param(
        None,
        kind="integer",
        title="Days before",
        help="If not given, the event's own, else 60.",
        minimum=1,
        maximum=1000,
        advanced=True,
    )
    days_after: int | None = param(
        None,
        kind="integer",
        title="Days after",
        help="If not given, the event's own, else 60.",
        minimum=1,
        maximum=1000,
        advanced=True,
    )
    max_cloud: float | None = max_cloud_param()
    clear_sky: bool = param(
        False,
        kind="flag",
        title="Look at the sky over the area",
        help="Ranks by the cloud masks over the area instead of the catalogue's figure for the "
        "whole scene.",
    )
    most: int = param(
        10, kind="integer", title="Most pairs", help="The best ones.", minimum=1, maximum=1000
    )
    scenes: Path | None = param(
        None,
        kind="vector_out",
        title="Scenes of the best pair",
        help="GeoJSON file to write them to, with all that a later run needs.",
        suffix=".geojson",
    )


def run_pairs(params: PairsParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Search around the event, group by pass, pair and rank."""
    moment = read_moment(params.date, "event")
    event = get_event(params.event) if params.event else None
    before = params.days_before or (event.days_before if event else USUAL_DAYS)
    after = params.days_after or (event.days_after if event else USUAL_DAYS)
    access = Access(settings)
    query = DiscoverParams(
        area=params.area,
        start=format_time(moment - timedelta(days=before)),
        end=format_time(moment + timedelta(days=after)),
        sensor=params.sensor,
        catalog=params.catalog,
        event=params.event,
        max_cloud=params.max_cloud,
        collection=params.collection,
        limit=10_000,
    )
    found = find_scenes(query, settings, PartMonitor(monitor, 0.0, 0.5))
    scenes = found.scenes
    if params.clear_sky:
        scenes = tuple(look_at_sky(scenes, found.aoi, PartMonitor(monitor, 0.5, 1.0), access))
    passes = group_acquisitions(scenes, found.aoi)
    pairs = rank_pairs(passes, moment, (before, after), params.most)
    if not pairs:
        early = sum(one.datetime < moment for one in passes)
        raise NoScenesError(
            f"No pairs found around {format_time(moment)}",
            f"{early} passes before and {len(passes) - early} after the event, and no two that "
            "can be compared",
            "Allow more days, more cloud, or try another sensor; radar needs the same orbit on "
            "both sides.",
        )
    return _result(pairs, found, params.scenes)


def _result(pairs: list[Pair], found: Discovery, footprints: Path | None) -> OperationResult:
    best = _with_roles(pairs[0])
    shown = scenes_result(replace(found, scenes=best), footprints)
    layers: tuple[LayerOutput, ...] = shown.layers
    lines = [
        f"{place}. {pair.before.sensor}, score {pair.score:.2f}: {pair.reason}"
        for place, pair in enumerate(pairs, start=1)
    ]
    return OperationResult(
        data=lambda: [
            {**pair.to_dict(), "items": [scene.to_dict() for scene in _with_roles(pair)]}
            for pair in pairs
        ],
        text="\n".join(lines),
        layers=layers,
        outputs={"count": len(pairs), "reason": pairs[0].reason},
        value=tuple(pairs),
    )


def _with_roles(pair: Pair) -> tuple[SceneItem, ...]:
    """The pair's scenes, each saying on which side of the event it is."""
    sides = (("before the event", pair.before), ("after the event", pair.after))
    return tuple(
        replace(scene, notes=(*scene.notes, role)) for role, one in sides for scene in one.scenes
    )


PAIRS = Operation(
    name="pairs",
    title="Pairs before and after an event",
    group="Scenes",
    summary="Finds passes before and after an event that can be compared, ranks them, and says "
    "why in words.",
    params=PairsParams,
    run=run_pairs,
    outputs=(
        Output("count", "Number of pairs", "number"),
        Output("reason", "Why the first pair is first"),
    ),
)
