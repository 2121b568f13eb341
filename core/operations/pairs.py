"""Pairs of passes before and after an event, the best first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..discovery.band_config import Sensor
from ..discovery.catalogs import Catalog
from ..discovery.events import EventType
from ..discovery.pairs import Pair
from ..moment import Moment
from ..monitor import Monitor
from ..operation import Operation, OperationResult, Output, OutputKind
from ..params import Kind, param
from ..scenes.pair_offers import PairOffer, StepOffers, offers_for
from ..scenes.pairs import PairQuery, find_pairs, scenes_with_sides
from ..settings import Settings
from ..text import joined
from ..types import Aoi
from .scene_list import write_footprints
from .search_params import (
    area_param,
    catalog_param,
    collection_param,
    days_param,
    event_date_param,
    event_param,
    max_cloud_param,
    sensor_param,
)

__all__ = ["PAIRS", "FoundPairs", "Pair", "PairOffer", "PairsParams", "StepOffers", "run_pairs"]

USUAL_DAYS = 60


@dataclass(frozen=True, kw_only=True)
class PairsParams:
    """Event in space and time, and the scenes around it that count."""

    area: Aoi = area_param()
    date: Moment = event_date_param()
    event: EventType | None = event_param()
    sensor: Sensor | None = sensor_param()
    catalog: Catalog = catalog_param()
    collection: str | None = collection_param()
    days_before: int | None = days_param("Days before", f"the event's own, else {USUAL_DAYS}")
    days_after: int | None = days_param("Days after", f"the event's own, else {USUAL_DAYS}")
    max_cloud: float | None = max_cloud_param()
    clear_sky: bool = param(
        False,
        kind=Kind.FLAG,
        title="Look at the sky over the area",
        help="Ranks by the cloud masks over the area instead of the catalogue's figure for the "
        "whole scene.",
    )
    most: int = param(
        10, kind=Kind.INTEGER, title="Most pairs", help="The best ones.", minimum=1, maximum=1000
    )
    scenes: Path | None = param(
        None,
        kind=Kind.VECTOR_OUT,
        title="Scenes of the best pair",
        help="GeoJSON file to write them to, with all that a later run needs.",
        suffix=".geojson",
    )


@dataclass(frozen=True)
class FoundPairs:
    """Pairs, the best first."""

    pairs: tuple[Pair, ...]
    steps: tuple[StepOffers, ...]
    """Of an event: what each step of its recipe can be mapped from."""


def run_pairs(params: PairsParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Find and rank pairs, and write the best one's footprints where they are wanted."""
    event = params.event
    query = PairQuery(
        aoi=params.area,
        time=params.date.first,
        days_before=params.days_before or (event.days_before if event else USUAL_DAYS),
        days_after=params.days_after or (event.days_after if event else USUAL_DAYS),
        catalog=params.catalog,
        sensor=params.sensor,
        event=event,
        max_cloud_percent=params.max_cloud,
        collection=params.collection,
    )
    pairs = find_pairs(query, params.most, params.clear_sky, settings, monitor)
    best = scenes_with_sides(pairs[0])
    return OperationResult(
        data=lambda: [
            {**pair.to_dict(), "items": [scene.to_dict() for scene in scenes_with_sides(pair)]}
            for pair in pairs
        ],
        text=joined(
            f"{rank}. {pair.before.sensor}, score {pair.score:.2f}: {pair.reason}"
            for rank, pair in enumerate(pairs, start=1)
        ),
        layers=() if params.scenes is None else write_footprints(params.scenes, best),
        outputs={"count": len(pairs), "reason": pairs[0].reason},
        value=FoundPairs(
            tuple(pairs), offers_for(event, pairs, params.area, settings) if event else ()
        ),
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
        Output("count", "Number of pairs", OutputKind.NUMBER),
        Output("reason", "Why the first pair is first"),
    ),
)
