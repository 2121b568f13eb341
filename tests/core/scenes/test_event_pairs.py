"""Which pair an event is mapped from, and what is said where there is none."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from firstlight.core.discovery.catalogs import get_catalog
from firstlight.core.discovery.events import get_event
from firstlight.core.discovery.pairs import Acquisition, Pair, group_acquisitions
from firstlight.core.scenes.event_pairs import EventQuery, NoPair, best_pair
from firstlight.core.types import Aoi, SceneItem

AREA = Aoi.from_bounds(7.0, 46.0, 8.0, 47.0)
EVENT = datetime(2024, 6, 15, 12, tzinfo=timezone.utc)
QUERY = EventQuery(get_event("wildfire"), AREA, EVENT, get_catalog("earth-search"), 30.0, 60, 60)


def passes(*days_and_clear: tuple[float, float]) -> list[Acquisition]:
    """One pass for each day from the event and share that is clear."""
    ring = [[6.5, 45.5], [8.5, 45.5], [8.5, 47.5], [6.5, 47.5], [6.5, 45.5]]
    scenes = [
        SceneItem(
            id=f"{days:+g}",
            sensor="sentinel2",
            catalog="test",
            collection="sentinel-2-l2a",
            datetime=EVENT + timedelta(days=days),
            bbox=(6.5, 45.5, 8.5, 47.5),
            footprint={"type": "Polygon", "coordinates": [ring]},
            cloud_percent=0.0,
            epsg=32632,
            resolution_m=10.0,
            bands={},
            platform="sentinel-2a",
            coverage_percent=100.0,
            clear_percent=clear,
        )
        for days, clear in days_and_clear
    ]
    return group_acquisitions(scenes, AREA)


def days_of(pair: Pair | NoPair) -> tuple[str, str]:
    assert isinstance(pair, Pair), pair
    return pair.before.scenes[0].id, pair.after.scenes[0].id


def test_a_usable_pair_is_found_below_many_that_rank_higher() -> None:
    """Thirty clear days before beside one covered day after rank above two days that are each half
    clear.
    """
    clear_before = [(-float(day), 100.0) for day in range(1, 31)]
    assert (
        days_of(best_pair(passes(*clear_before, (1.0, 29.0), (58.0, 31.0)), QUERY, "Sentinel-2"))[1]
        == "+58"
    )


def test_the_best_of_the_usable_ones_is_taken() -> None:
    assert days_of(
        best_pair(passes((-5, 90), (-20, 95), (5, 80), (40, 82)), QUERY, "Sentinel-2")
    ) == ("-5", "+5")


def reason(*days_and_clear: tuple[float, float]) -> NoPair:
    answer = best_pair(passes(*days_and_clear), QUERY, "Sentinel-2")
    assert isinstance(answer, NoPair), answer
    return answer


def test_the_sentence_names_the_side_that_sees_less() -> None:
    told = reason((-5, 90), (3, 12), (9, 20))
    assert told.too_cloudy
    assert (
        told.sentence
        == "Sentinel-2: the clearest pass after the event shows 20 % of the area clear where 30 "
        "% are wanted"
    )
    told = reason((-5, 7), (3, 80))
    assert (
        told.sentence
        == "Sentinel-2: the clearest pass before the event shows 7 % of the area clear where 30 "
        "% are wanted"
    )


def test_no_scene_and_no_pair_are_told_apart_and_neither_is_a_matter_of_cloud() -> None:
    assert reason() == NoPair("Sentinel-2: no scene covers the area")
    assert reason((-5, 90), (-9, 90)) == NoPair(
        "Sentinel-2: 2 passes before and 0 after the event, no two that can be compared"
    )
