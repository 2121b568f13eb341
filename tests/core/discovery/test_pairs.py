"""Choosing: what is one pass, which pairs can be compared, which comes first and why."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from firstlight.core.discovery.pairs import Acquisition, Pair, group_acquisitions, rank_pairs
from firstlight.core.types import Aoi, Bounds, SceneItem

AREA = Aoi.from_bounds(7.0, 46.0, 8.0, 47.0)
EVENT = datetime(2024, 6, 15, 12, tzinfo=timezone.utc)
WEST: Bounds = (6.5, 45.5, 7.5, 47.5)
EAST: Bounds = (7.5, 45.5, 8.5, 47.5)
WHOLE: Bounds = (6.5, 45.5, 8.5, 47.5)


def scene(name: str = "x", days: float = -5.0, box: Bounds = WHOLE, **change: Any) -> SceneItem:
    """A Sentinel-2 scene so many days from the event, without cloud."""
    west, south, east, north = box
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    share = 100 * max(0.0, min(east, 8.0) - max(west, 7.0))
    made = SceneItem(
        id=name,
        sensor="sentinel2",
        catalog="test",
        collection="sentinel-2-l2a",
        datetime=EVENT + timedelta(days=days),
        bbox=box,
        footprint={"type": "Polygon", "coordinates": [ring]},
        cloud_percent=0.0,
        epsg=32632,
        resolution_m=10.0,
        bands={},
        platform="sentinel-2a",
        relative_orbit=8,
        orbit_direction="descending",
        coverage_percent=share,
    )
    return dataclasses.replace(made, **change)


def radar(name: str = "s1", days: float = -5.0, **change: Any) -> SceneItem:
    usual: dict[str, Any] = {
        "sensor": "sentinel1",
        "collection": "sentinel-1-rtc",
        "platform": "sentinel-1a",
        "cloud_percent": None,
    }
    return scene(name, days, **{**usual, "relative_orbit": 117, **change})


def groups(*scenes: SceneItem) -> list[set[str]]:
    return [{one.id for one in group.scenes} for group in group_acquisitions(scenes, AREA)]


MINUTE = 1 / 1440


@pytest.mark.parametrize(
    ("change", "together"),
    [
        ({"box": EAST}, True),
        ({"box": EAST, "days": -5 + 0.4 * MINUTE}, True),
        ({"box": EAST, "days": -5 + 19 * MINUTE}, True),
        ({"box": EAST, "days": -5 + 21 * MINUTE}, False),
        ({"box": EAST, "days": -4}, False),
        ({"box": EAST, "relative_orbit": 108}, False),
        ({"box": EAST, "platform": "sentinel-2b"}, False),
        ({"box": EAST, "collection": "sentinel-2-c1-l2a"}, False),
        ({"box": EAST, "sensor": "landsat"}, False),
    ],
)
def test_tiles_of_one_pass_are_one_acquisition(change: dict[str, Any], together: bool) -> None:
    found = groups(scene("a", box=WEST), scene("b", **change))
    assert found == ([{"a", "b"}] if together else sorted(found, key=min))
    assert len(found) == (1 if together else 2)


def test_landsat_scenes_of_one_pass_are_together_over_rows_and_paths_apart_in_days() -> None:
    one = {
        "sensor": "landsat",
        "collection": "landsat-c2-l2",
        "platform": "landsat-9",
        "relative_orbit": 195,
    }
    same = scene("row27", box=WEST, **one), scene("row28", -5 + 0.4 * MINUTE, EAST, **one)
    week_later = scene("path196", 2.0, EAST, **{**one, "relative_orbit": 196})
    assert groups(*same, week_later) == [{"row27", "row28"}, {"path196"}]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "S2A_MSIL2A_20200606T080609_R078_T35MNM_20200826T094900",
            "S2A_MSIL2A_20200606T080609_R078_T35MNM_20201027T072719",
        ),
        ("S2A_32TLS_20240604_0_L2A", "S2A_32TLS_20240604_1_L2A"),
    ],
)
def test_a_tile_that_was_processed_again_counts_once_and_the_later_one_is_taken(
    old: str, new: str
) -> None:
    (found,) = group_acquisitions([scene(new), scene(old), scene("east", box=EAST)], AREA)
    assert {one.id for one in found.scenes} == {new, "east"}
    assert found.coverage_percent == pytest.approx(100.0)


def test_the_order_of_the_scenes_does_not_matter_and_groups_are_in_the_order_of_time() -> None:
    scenes = [
        scene(f"d{day}{side}", day, box)
        for day in (3, -2, -9)
        for side, box in (("w", WEST), ("e", EAST))
    ]
    expected = [{"d-9w", "d-9e"}, {"d-2w", "d-2e"}, {"d3w", "d3e"}]
    assert groups(*scenes) == groups(*reversed(scenes)) == expected


def test_tiles_together_cover_what_none_covers_alone() -> None:
    (found,) = group_acquisitions([scene("w", box=WEST), scene("e", box=EAST)], AREA)
    assert found.coverage_percent == pytest.approx(100.0)
    (half,) = group_acquisitions([scene("w", box=WEST)], AREA)
    assert half.coverage_percent == pytest.approx(50.0)


@pytest.mark.parametrize(
    ("west", "east", "clear", "measured"),
    [
        # the catalogue's cloud of each scene, weighed by what it covers
        ({"cloud_percent": 20.0}, {"cloud_percent": 60.0}, 60.0, False),
        ({"cloud_percent": 0.0}, {"cloud_percent": 0.0}, 100.0, False),
        # seen: a share of the whole area
        ({"clear_percent": 50.0}, {"clear_percent": 0.0}, 50.0, True),
        ({"clear_percent": 40.0}, {"clear_percent": 30.0}, 70.0, True),
        # one seen, one not: both are used, and it is not called measured
        ({"clear_percent": 50.0}, {"cloud_percent": 100.0}, 50.0, False),
        ({"cloud_percent": None}, {"cloud_percent": 0.0}, None, False),
    ],
)
def test_the_clear_share_of_a_pass(
    west: dict[str, Any], east: dict[str, Any], clear: float | None, measured: bool
) -> None:
    (found,) = group_acquisitions(
        [scene("w", box=WEST, **west), scene("e", box=EAST, **east)], AREA
    )
    assert found.clear_percent == (None if clear is None else pytest.approx(clear, abs=1e-6))
    assert found.clear_is_measured == measured


def test_radar_is_clear_where_it_covers() -> None:
    (found,) = group_acquisitions([radar(box=WEST)], AREA)
    assert (found.coverage_percent, found.clear_percent) == (
        pytest.approx(50.0),
        pytest.approx(50.0),
    )


def test_without_a_footprint_the_coverage_is_unknown() -> None:
    (found,) = group_acquisitions([scene(footprint=None, coverage_percent=None)], AREA)
    assert found.coverage_percent is None
    assert found.clear_percent is None


def ranked(*scenes: SceneItem, days: tuple[int, int] = (60, 60), most: int = 20) -> list[Pair]:
    return rank_pairs(group_acquisitions(scenes, AREA), EVENT, days, most)


def names(pairs: list[Pair]) -> list[tuple[str, str]]:
    return [(pair.before.scenes[0].id, pair.after.scenes[0].id) for pair in pairs]


AFTER = scene("after", 5)


RING = [[6, 45], [9, 45], [9, 48], [6, 48], [6, 45]]


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        pytest.param({"box": WHOLE}, {"box": WEST}, id="coverage"),
        pytest.param({"cloud_percent": 5.0}, {"cloud_percent": 45.0}, id="cloud by the catalogue"),
        pytest.param({"clear_percent": 90.0}, {"clear_percent": 40.0}, id="clear sky seen"),
        pytest.param(
            {"clear_percent": 95.0, "cloud_percent": 90.0},
            {"clear_percent": 30.0, "cloud_percent": 1.0},
            id="seen beats stated",
        ),
        pytest.param({"days": -5}, {"days": -30}, id="days"),
        pytest.param({"cloud_percent": 10.0}, {"cloud_percent": None}, id="known beats unknown"),
        pytest.param({"footprint": {"type": "Polygon", "coordinates": [RING]}},
                     {"footprint": None, "coverage_percent": None}, id="a footprint beats none"),
    ],
)  # fmt: skip
def test_the_better_scene_comes_first(better: dict[str, Any], worse: dict[str, Any]) -> None:
    shift = {"days": -5.0}
    one = scene("better", **{**shift, **better})
    other = scene("worse", **{"days": -4.0, **worse})  # it is nearer, and that must not be enough
    assert names(ranked(other, one, AFTER)) == [("better", "after"), ("worse", "after")]
    after_better = scene("better", **{**shift, **better, "days": abs(better.get("days", -5.0))})
    after_worse = scene(
        "worse", **{"days": 4.0, **worse, **({"days": 30} if "days" in worse else {})}
    )
    assert names(ranked(after_worse, after_better, scene("before", -5))) == [
        ("before", "better"),
        ("before", "worse"),
    ]


def test_the_same_season_a_year_ago_beats_another_season() -> None:
    """Both far from the event; a year apart the plants are alike, half a year apart they
    are not.
    """
    summer, winter = scene("last summer", -363), scene("last winter", -180)
    found = ranked(summer, winter, scene("after", 2), days=(400, 60))
    by_name = {pair.before.scenes[0].id: pair for pair in found}
    assert "same season" in by_name["last summer"].reason
    assert (
        "182 days apart in the season: plants may have changed by themselves"
        in by_name["last winter"].reason
    )
    # nearness is worth more per day here than the season; with equal nearness the season decides
    assert by_name["last summer"].score > by_name["last winter"].score


def test_a_pair_is_of_one_sensor_and_collection() -> None:
    found = ranked(
        scene("s2 before"),
        scene("c1 before", collection="sentinel-2-c1-l2a"),
        scene("l9 before", sensor="landsat", collection="landsat-c2-l2"),
        scene("s2 after", 5),
    )
    assert names(found) == [("s2 before", "s2 after")]


@pytest.mark.parametrize(
    ("change", "comparable"),
    [
        ({}, True),
        ({"platform": "sentinel-1b"}, True),  # the same orbit of the twin is what it is for
        ({"relative_orbit": 15}, False),
        ({"orbit_direction": "ascending"}, False),
        ({"relative_orbit": None}, False),
        ({"collection": "sentinel-1-grd"}, False),
    ],
)
def test_radar_pairs_are_of_one_orbit_and_direction(
    change: dict[str, Any], comparable: bool
) -> None:
    assert names(ranked(radar("before"), radar("after", 7, **change))) == (
        [("before", "after")] if comparable else []
    )


def test_radar_whose_orbit_is_not_stated_is_not_taken_for_the_same() -> None:
    assert (
        ranked(radar("before", relative_orbit=None), radar("after", 7, relative_orbit=None)) == []
    )


def test_optical_pairs_may_be_of_two_orbits() -> None:
    assert names(ranked(scene("a", relative_orbit=8), scene("b", 3, relative_orbit=108))) == [
        ("a", "b")
    ]


@pytest.mark.parametrize(
    ("days", "sides"),
    [
        (-60.0, "before"),
        (-60.01, None),
        (-0.001, "before"),
        (0.0, "after"),
        (0.3, "after"),
        (20.0, "after"),
        (20.01, None),
    ],
)
def test_the_windows_include_their_ends_and_the_moment_itself_is_after(
    days: float, sides: str | None
) -> None:
    probe = scene("probe", days)
    found = ranked(probe, scene("b", -10), scene("a", 10), days=(60, 20))
    befores, afters = {one for one, _ in names(found)}, {other for _, other in names(found)}
    assert ("probe" in befores, "probe" in afters) == (sides == "before", sides == "after")


def test_the_reason_says_what_a_person_wants_to_know() -> None:
    (pair,) = ranked(scene("a", -3, WEST, cloud_percent=20.0), scene("b", 0.25, clear_percent=83.2))
    assert pair.reason == (
        "before: covers 50 % of the area, 40 % clear by the catalogue's figure for the whole "
        "scene, 3 days before the event; "
        "after: covers 100 % of the area, 83 % seen clear, 6 hours after it; same season"
    )
    (pair,) = ranked(radar("a", -1), radar("b", 5))
    assert pair.reason == (
        "before: covers 100 % of the area, sees through cloud, 1 day before the event; "
        "after: covers 100 % of the area, sees through cloud, 5 days after it; same season; "
        "same orbit 117 descending"
    )
    (pair,) = ranked(
        scene("a", -3, footprint=None, coverage_percent=None), scene("b", 40, cloud_percent=None)
    )
    assert "before: coverage unknown, cloud unknown" in pair.reason
    assert "after: covers 100 % of the area, cloud unknown" in pair.reason
    assert "43 days apart in the season" in pair.reason


def test_the_dict_names_all_tiles_of_both_passes() -> None:
    (pair,) = ranked(scene("w", -3, WEST), scene("e", -3, EAST), scene("b", 4))
    data = pair.to_dict()
    assert data["before"]["items"] == ["e", "w"]
    assert data["after"]["items"] == ["b"]
    assert data["before"]["coverage_percent"] == 100.0
    assert 0 < data["score"] <= 1
    assert data["reason"] == pair.reason


def test_only_the_best_are_given() -> None:
    befores = [scene(f"b{n}", -n) for n in range(1, 8)]
    found = ranked(*befores, scene("a", 1), most=3)
    assert names(found) == [("b1", "a"), ("b2", "a"), ("b3", "a")]


DAYS = st.integers(-60, 60).filter(bool)
SHARE = st.one_of(st.none(), st.floats(0, 100))


@effort(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(DAYS, SHARE, SHARE, st.sampled_from(["sentinel2", "sentinel1"])), max_size=8)
)
def test_scores_are_shares_and_fall_down_the_list(
    facts: list[tuple[int, float | None, float | None, str]],
) -> None:
    passes = []
    for number, (days, coverage, clear, sensor) in enumerate(facts):
        one = scene(f"n{number}", days) if sensor == "sentinel2" else radar(f"n{number}", days)
        passes.append(Acquisition((one,), coverage, clear, clear_is_measured=True))
    found = rank_pairs(passes, EVENT, (60, 60), 100)
    assert [pair.score for pair in found] == sorted((pair.score for pair in found), reverse=True)
    for pair in found:
        assert 0 <= pair.score <= 1
        assert pair.before.datetime < EVENT <= pair.after.datetime
        assert pair.reason
    befores = [one for one in passes if one.datetime < EVENT]
    afters = [one for one in passes if one.datetime >= EVENT]
    assert len(found) == sum(a.sensor == b.sensor for a in befores for b in afters)
