"""What was measured of a job, and what is said of the next one by it."""

from __future__ import annotations

import dataclasses

import pytest

from firstlight.core.monitor import BandProgress, BandState
from firstlight.plugin.jobs.pace import Expected, JobPace, Load, Stopwatch, expect

LOAD = Load("earth-search", "wildfire", 1_000_000)


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def band(name, state, received=0):
    return BandProgress("S2A_1", name, state, received, 9_000_000)


def pace(**more):
    usual = {
        "source": "earth-search",
        "work": "wildfire",
        "pixels": 1_000_000,
        "fetched_bytes": 10_000_000,
        "fetch_s": 5.0,
        "work_s": 20.0,
    }
    return JobPace(**{**usual, **more})


def test_the_time_with_a_band_on_its_way_is_that_of_the_fetch(clock):
    watch = Stopwatch(LOAD, clock)
    clock.now += 2  # it looks for its scenes
    watch.take(band("red", BandState.WAITING))
    watch.take(band("nir", BandState.WAITING))
    clock.now += 1
    watch.take(band("red", BandState.DOWNLOADING))
    watch.take(band("nir", BandState.RESUMING, 4_000_000))
    clock.now += 2
    watch.take(band("red", BandState.DONE, 9_000_000))
    clock.now += 1
    watch.take(band("nir", BandState.DONE, 9_000_000))
    clock.now += 7  # it stacks
    watch.take(band("scl", BandState.DOWNLOADING))
    clock.now += 1
    watch.take(band("scl", BandState.DONE, 1_000_000))
    clock.now += 10  # it maps
    came = 9_000_000 + 5_000_000 + 1_000_000
    assert watch.stop() == JobPace("earth-search", "wildfire", 1_000_000, came, 5.0, 19.0)


def test_what_was_there_already_did_not_come_over_the_line(clock):
    watch = Stopwatch(LOAD, clock)
    watch.take(band("red", BandState.WAITING))
    watch.take(band("red", BandState.SKIPPED, 9_000_000))
    clock.now += 3
    assert watch.stop() == JobPace("earth-search", "wildfire", 1_000_000, 0, 0.0, 3.0)


def test_a_band_that_came_between_two_looks_came_all_the_same(clock):
    watch = Stopwatch(LOAD, clock)
    watch.take(band("red", BandState.WAITING))
    clock.now += 1
    watch.take(band("red", BandState.DONE, 9_000_000))
    assert watch.stop() == JobPace("earth-search", "wildfire", 1_000_000, 9_000_000, 1.0, 0.0)


def test_bytes_and_pixels_have_their_own_pace():
    told = expect(LOAD, 30_000_000, [pace()])
    assert told == Expected(15.0, 20.0)
    assert told.total_s == 35.0


def test_nothing_is_said_where_nothing_was_measured():
    assert expect(LOAD, 30_000_000, []) == Expected(None, None)
    assert expect(LOAD, 0, [pace()]).fetch_s is None
    assert expect(dataclasses.replace(LOAD, pixels=0), 1, [pace()]).work_s is None
    assert Expected(1.0, None).total_s is None


@pytest.mark.parametrize(
    "other",
    [
        {"source": "planetary-computer"},
        {"fetched_bytes": 100_000, "fetch_s": 0.05},
        {"fetched_bytes": 0, "fetch_s": 0.0},
    ],
    ids=["another catalogue", "a few bytes", "none"],
)
def test_of_another_line_nothing_is_known(other):
    assert expect(LOAD, 30_000_000, [pace(**other)]).fetch_s is None


@pytest.mark.parametrize(
    "other",
    [
        {"work": "flood"},
        {"pixels": 99_000},
        {"pixels": 10_100_000},
        {"pixels": 0},
        {"fetched_bytes": 0},
    ],
    ids=["other maps", "a small one", "a large one", "unknown", "was there already"],
)
def test_of_other_work_nothing_is_known(other):
    assert expect(LOAD, 30_000_000, [pace(**other)]).work_s is None


def test_the_job_that_is_nearest_in_size_tells():
    small, large = pace(pixels=200_000, work_s=8.0), pace(pixels=2_000_000, work_s=50.0)
    assert expect(LOAD, 1, [small, large]).work_s == 25.0
    assert expect(dataclasses.replace(LOAD, pixels=100_000), 1, [large, small]).work_s == 4.0


def test_the_last_fetches_count_together_and_older_ones_no_more():
    lately = [pace(fetched_bytes=1_000_000, fetch_s=1.0)] * 4 + [
        pace(fetched_bytes=6_000_000, fetch_s=1.0)
    ]
    long_ago = [pace(fetched_bytes=10**12, fetch_s=1.0)]
    assert expect(LOAD, 4_000_000, lately + long_ago).fetch_s == 2.0
