"""Speed and remaining time, with a clock of the test's own."""

from __future__ import annotations

import tracemalloc

import pytest

from firstlight.core.download.speed import (
    REPORT_EVERY_S,
    SPAN_S,
    Meter,
    Totals,
    size_text,
    time_text,
)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_nothing_is_said_in_the_first_moments() -> None:
    clock = Clock()
    meter = Meter(clock)
    meter.add(1000)
    assert meter.bytes_per_s is None
    clock.now += 2 * REPORT_EVERY_S
    assert meter.bytes_per_s is None
    clock.now += 0.6
    assert meter.bytes_per_s == pytest.approx(1000 / (2 * REPORT_EVERY_S + 0.6))


def test_a_steady_line_has_its_speed_from_the_start() -> None:
    clock = Clock()
    meter = Meter(clock)
    for _ in range(200):
        clock.now += 0.1
        meter.add(500)
        if clock.now > 1000.5:
            assert meter.bytes_per_s == pytest.approx(5000, rel=0.03)


def test_only_the_last_seconds_count() -> None:
    clock = Clock()
    meter = Meter(clock)
    meter.add(10**9)
    for _ in range(60):
        clock.now += 0.1
        meter.add(10)
    assert meter.bytes_per_s == pytest.approx(100, rel=0.03)


def test_a_line_that_stands_still_has_no_speed() -> None:
    clock = Clock()
    meter = Meter(clock)
    clock.now += 1
    meter.add(10**6)
    clock.now += 10 * SPAN_S
    assert not meter.bytes_per_s


def test_a_packet_at_a_time_is_not_kept_a_packet_at_a_time() -> None:
    clock = Clock()
    meter = Meter(clock)
    tracemalloc.start()
    try:
        for _ in range(50_000):
            clock.now += 1e-4
            meter.add(1448)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 100_000, held
    assert meter.bytes_per_s == pytest.approx(1448e4, rel=0.03)


def test_all_bands_together_in_words() -> None:
    clock = Clock()
    totals = Totals({"red": 10_000_000, "nir": 30_000_000}, clock)
    clock.now += 1
    told = totals.update("red", 5_000_000, None, 5_000_000)
    assert told is not None
    assert (told.fraction, told.message) == (0.125, "Downloading")
    assert told.detail == "5.0 MB of 40.0 MB, 5.0 MB/s, 7 s left"
    assert totals.update("red", 6_000_000, None, 1_000_000) is None, (
        "not more often than people read"
    )
    clock.now += REPORT_EVERY_S
    told = totals.update("nir", 6_000_000, 34_000_000, 6_000_000)
    assert told is not None
    assert told.fraction == pytest.approx(12 / 44)
    assert told.detail.startswith("12.0 MB of 44.0 MB, ")


def test_the_bar_never_goes_back() -> None:
    clock = Clock()
    totals = Totals({"red": 100, "nir": 100}, clock)
    fractions = []
    for received, total in [(50, 100), (90, 100), (90, 1000), (0, 1000), (500, 1000), (2000, None)]:
        clock.now += 1
        told = totals.update("red", received, total, 10)
        assert told is not None
        fractions.append(told.fraction)
    assert fractions == sorted(fractions)
    assert all(0 <= fraction <= 1 for fraction in fractions)


def test_what_an_earlier_run_brought_is_no_speed() -> None:
    clock = Clock()
    totals = Totals({"red": 10_000_000}, clock)
    clock.now += 1
    told = totals.update("red", 9_000_000, None, 0)
    assert told is not None
    assert told.detail == "9.0 MB of 10.0 MB"


def test_a_band_that_failed_is_expected_no_more() -> None:
    totals = Totals({"red": 100, "nir": 300}, Clock())
    assert totals.finished("red", 100, "1/2").fraction == 0.25
    last = totals.finished("nir", 0, "1/2 bands complete, 1 failed")
    assert (last.fraction, last.message, last.detail) == (
        1.0,
        "1/2 bands complete, 1 failed",
        "100 B of 100 B",
    )


def test_nothing_to_do_divides_by_nothing() -> None:
    assert Totals({}, Clock()).finished("red", 0, "").fraction == 0.0


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (999_400, "999 kB"),
        (1_000_000, "1.0 MB"),
        (3_140_000, "3.1 MB"),
        (99_900_000, "99.9 MB"),
        (100_000_000, "100 MB"),
        (600_400_000, "600 MB"),
        (1_000_000_000, "1.00 GB"),
        (12_345_678_901, "12.35 GB"),
    ],
)
def test_sizes_in_words(count: int, text: str) -> None:
    assert size_text(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.4, "0 s"),
        (40, "40 s"),
        (89, "89 s"),
        (91, "2 min"),
        (180, "3 min"),
        (5340, "89 min"),
        (7500, "2 h 5 min"),
    ],
)
def test_times_in_words(seconds: float, text: str) -> None:
    assert time_text(seconds) == text
