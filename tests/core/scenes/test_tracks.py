"""Next passes: told from those that were seen, as real ones came later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.discovery.pairs import Acquisition, group_acquisitions
from firstlight.core.discovery.scene_parser import parse_item
from firstlight.core.enums import OrbitDirection
from firstlight.core.scenes.tracks import find_tracks, next_passes
from firstlight.core.types import Aoi, SceneItem
from support.stac_server import make_item

AREA = Aoi.from_bounds(7.0, 46.0, 8.0, 47.0)
DAY = timedelta(days=1)
START = datetime(2024, 5, 1, 5, 42, 11, tzinfo=timezone.utc)


def scene(
    time: datetime,
    sensor: str = "sentinel1",
    platform: str = "sentinel-1a",
    orbit: int | None = 65,
    direction: str = "descending",
) -> SceneItem:
    item = make_item(f"{platform}-{orbit}-{time:%Y%m%dT%H%M%S}", when=time.isoformat())
    made = parse_item(item, get_sensor(sensor), "c")
    return replace(
        made,
        platform=platform,
        relative_orbit=orbit,
        orbit_direction=OrbitDirection(direction),
        coverage_percent=80.0,
    )


def passes_of(*scenes: SceneItem) -> list[Acquisition]:
    return group_acquisitions(scenes, AREA)


def times(passes: list[Acquisition], since: datetime, days: float = 30) -> list[datetime]:
    coming, _ = next_passes(passes, since, since + days * DAY)
    return [one.time for one in coming]


def test_a_pass_comes_again_after_the_cycle() -> None:
    seen = passes_of(*(scene(START + 12 * n * DAY) for n in range(3)))
    assert times(seen, START + 25 * DAY) == [START + 36 * DAY, START + 48 * DAY]


def test_one_pass_of_a_known_satellite_is_enough() -> None:
    assert times(passes_of(scene(START)), START + DAY, 13) == [START + 12 * DAY]


def test_a_pass_that_the_catalogue_lacks_makes_no_longer_cycle() -> None:
    seen = passes_of(scene(START), scene(START + 24 * DAY))
    [track] = find_tracks(seen)
    assert track.cycle_days == 12


def test_seconds_of_drift_are_evened_out() -> None:
    drifts = (0, 4, -3, 2, 30)
    seen = passes_of(
        *(scene(START + 12 * n * DAY + timedelta(seconds=s)) for n, s in enumerate(drifts))
    )
    [time] = times(seen, START + 50 * DAY, 11)
    assert abs(time - (START + 60 * DAY)) <= timedelta(seconds=5)


def test_orbits_and_satellites_are_told_apart_and_stand_in_order() -> None:
    seen = passes_of(
        scene(START),
        scene(START + DAY, platform="sentinel-1c"),
        scene(START + 2 * DAY + timedelta(hours=12), orbit=15, direction="ascending"),
        scene(START + 3 * DAY, "sentinel2", "sentinel-2b", 108),
    )
    coming, _ = next_passes(seen, START + 4 * DAY, START + 16 * DAY)
    assert [(one.track.name, (one.time - START) // DAY) for one in coming] == [
        ("sentinel-1a, orbit 65 descending", 12),
        ("sentinel-1c, orbit 65 descending", 13),
        ("sentinel-2b, orbit 108 descending", 13),
        ("sentinel-1a, orbit 15 ascending", 14),
    ]
    told = coming[0].to_dict()
    assert told["datetime"] == "2024-05-13T05:42:11Z"
    assert (told["cycle_days"], told["passes_seen"], told["coverage_percent"]) == (12, 1, 100.0)
    assert coming[0].sentence == "Monday 2024-05-13 05:42 UTC, sentinel-1a, orbit 65 descending"


def test_of_a_satellite_that_fell_silent_nothing_is_foretold() -> None:
    seen = passes_of(scene(START), scene(START + 12 * DAY))
    coming, silent = next_passes(seen, START + 60 * DAY, START + 90 * DAY)
    assert coming == []
    assert [track.name for track in silent] == ["sentinel-1a, orbit 65 descending"]


def test_without_an_orbit_the_time_of_day_tells_the_track() -> None:
    def two(time: datetime) -> SceneItem:
        return scene(time, "sentinel2", "sentinel-2a", None, "")

    other = START + 3 * DAY + timedelta(minutes=10)
    seen = passes_of(two(START), two(START + 10 * DAY), two(other), two(other + 10 * DAY))
    assert [track.cycle_days for track in find_tracks(seen)] == [10, 10]
    assert times(seen, START + 15 * DAY, 10) == [START + 20 * DAY, other + 20 * DAY]


def test_around_midnight_a_track_is_one() -> None:
    midnight = datetime(2024, 5, 1, 0, 0, 20, tzinfo=timezone.utc)
    moments = [midnight, midnight + 10 * DAY - timedelta(seconds=40), midnight + 20 * DAY]
    made = [scene(time, "sentinel2", "sentinel-2a", 50, "") for time in moments]
    [track] = find_tracks(passes_of(*made))
    assert (len(track.passes), track.cycle_days) == (3, 10)


@pytest.mark.parametrize(("days", "cycle"), [((0, 8, 16), 8), ((0, 8), 0), ((0,), 0)])
def test_an_unknown_satellite_must_be_seen_three_times(days: tuple[int, ...], cycle: int) -> None:
    made = [replace(scene(START + n * DAY), sensor="planetscope", platform="sky-1") for n in days]
    assert [track.cycle_days for track in find_tracks(passes_of(*made))] == [cycle] * bool(cycle)


def test_passes_at_any_time_of_day_are_no_track() -> None:
    moments = [START, START + 12.3 * DAY, START + 24 * DAY]
    assert find_tracks(passes_of(*(scene(time) for time in moments))) == []


@pytest.mark.real_data
def test_real_passes_came_within_the_minute(recorded: Callable[[str], Any]) -> None:
    """Sentinel-2 over 13TDE in July 2025, as the catalogue listed it."""
    answer = recorded("earth-search-v1/search_fields_excluded_no_assets_no_geometry")
    place = (-105.5, 40.0, -105.2, 40.2)
    scenes = [parse_item(item, get_sensor("sentinel2"), "c", place) for item in answer["features"]]
    middle = datetime(2025, 7, 20, tzinfo=timezone.utc)
    area = Aoi.from_bounds(*place)
    earlier = group_acquisitions([one for one in scenes if one.datetime < middle], area)
    later = group_acquisitions([one for one in scenes if one.datetime >= middle], area)
    coming, _ = next_passes(earlier, middle, middle + 10 * DAY)
    told = [(one.track.last.scenes[0].platform, one.time) for one in coming]
    met = [
        one
        for one in later
        if any(
            platform == one.scenes[0].platform and abs(time - one.datetime) < timedelta(minutes=1)
            for platform, time in told
        )
    ]
    # One of the four passes is the first of its track in the list.
    assert [f"{one.scenes[0].platform} {one.datetime:%d}" for one in met] == [
        "sentinel-2b 24",
        "sentinel-2c 26",
        "sentinel-2c 29",
    ]
