"""Cuts of histograms: against exhaustive searches and scikit-image; and whether there are two parts
to cut.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from firstlight.core.algorithms.threshold import (
    Bins,
    Counts,
    ThresholdMethod,
    find_cut,
    fit_two,
    has_valley,
    kittler_illingworth_bin,
    otsu_bin,
    valley_above,
)

DB = Bins(-50.0, 20.0, 0.1)
METHODS = (ThresholdMethod.OTSU, ThresholdMethod.KI)


def two_hump_cut(histogram: Counts, method: ThresholdMethod) -> float | None:
    """The threshold in dB where there are two humps, else None."""
    cut = find_cut(histogram, method)
    return None if cut is None or not has_valley(histogram, cut, 0.5 / DB.step) else DB.above(cut)


def two_humps(share: float, seed: int = 0, apart: float = 9.0, count: int = 20000) -> Any:
    """Values of two normal distributions, the lower one narrower."""
    random = np.random.default_rng(seed)
    lower = round(share * count)
    return np.concatenate(
        [random.normal(-20, 1.2, lower), random.normal(-20 + apart, 2.0, count - lower)]
    ).astype(np.float32)


def otsu_by_definition(values: Any) -> int:
    places = np.clip(np.floor((values.astype(np.float64) - DB.low) / DB.step), 0, DB.count - 1)
    best, found = -1.0, 0
    for cut in range(int(places.min()), int(places.max())):
        low, high = places[places <= cut], places[places > cut]
        between = low.size * high.size * (low.mean() - high.mean()) ** 2
        if between > best * (1 + 1e-12):
            best, found = between, cut
    return found


def least_error_by_definition(values: Any) -> int:
    places = np.clip(np.floor((values.astype(np.float64) - DB.low) / DB.step), 0, DB.count - 1)
    best, found = math.inf, 0
    for cut in range(int(places.min()), int(places.max())):
        error = 1.0
        for part in (places[places <= cut], places[places > cut]):
            share, spread = part.size / places.size, math.sqrt(part.var() + 1 / 12)
            error += 2 * share * math.log(spread) - 2 * share * math.log(share)
        if error < best - 1e-12:
            best, found = error, cut
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_both_cuts_are_the_best_of_all(share: float, seed: int) -> None:
    values = two_humps(share, seed, count=3000)
    histogram = DB.tally(values)
    assert histogram.sum() == values.size
    below = np.cumsum(histogram)  # cuts within an empty stretch are the same split
    assert below[otsu_bin(histogram)] == below[otsu_by_definition(values)]
    assert below[kittler_illingworth_bin(histogram)] == below[least_error_by_definition(values)]


def test_otsu_equals_scikit_image() -> None:
    filters = pytest.importorskip("skimage.filters", reason="scikit-image is not installed")
    histogram = DB.tally(two_humps(0.3))
    centres = DB.low + (np.arange(DB.count) + 0.5) * DB.step
    assert DB.above(int(otsu_bin(histogram) or 0)) == pytest.approx(
        filters.threshold_otsu(hist=(histogram, centres)), abs=DB.step
    )


def test_least_error_keeps_a_small_narrow_class_where_otsu_drifts() -> None:
    """The reason to have both: of 3 % water Otsu's threshold moves far into the land."""
    histogram = DB.tally(two_humps(0.03, apart=10.0, count=100000))
    least = DB.above(int(kittler_illingworth_bin(histogram) or 0))
    otsu = DB.above(int(otsu_bin(histogram) or 0))
    assert -17.5 < least < -15.5
    assert otsu > least + 1


@pytest.mark.parametrize("method", METHODS)
def test_a_threshold_only_where_there_are_two_humps(method: ThresholdMethod) -> None:
    found = two_hump_cut(DB.tally(two_humps(0.4)), method)
    assert found is not None
    assert -18 < found < -14
    for single in (two_humps(0.0), two_humps(1.0)):
        assert two_hump_cut(DB.tally(single), method) is None


@pytest.mark.parametrize("values", [[], [-12.0], [-12.0, -12.0], [math.nan]])
def test_nothing_and_one_value_have_no_cut(values: list[float]) -> None:
    histogram = DB.tally(np.array(values, np.float32))
    assert otsu_bin(histogram) is None
    assert kittler_illingworth_bin(histogram) is None
    for method in METHODS:
        assert two_hump_cut(histogram, method) is None
    assert not fit_two(histogram[np.newaxis]).are_two().any()


def test_values_outside_are_counted_at_the_ends() -> None:
    histogram = DB.tally(np.array([-90, -50, 19.99, 20, 300, math.nan], np.float32))
    assert histogram[0] == 2
    assert histogram[-1] == 3
    assert histogram.sum() == 5


def test_an_empty_stretch_is_cut_in_its_middle() -> None:
    histogram = np.zeros(100, np.int64)
    histogram[[10, 11, 60, 61]] = 50
    assert otsu_bin(histogram) == 35
    assert has_valley(histogram, 35, 1.0)


def test_the_ends_of_the_axis_are_no_valley() -> None:
    histogram = np.zeros(60, np.int64)
    histogram[0:3] = 100  # a hump at the very end
    histogram[3:] = 99
    assert not has_valley(histogram, 2, 5.0)


def three_humps() -> Any:
    """Narrow at -24, a flat one beside it at -20.5, and two more at -13 and -9."""
    random = np.random.default_rng(4)
    parts = ((-24, 0.7, 30000), (-20.5, 2.0, 12000), (-13, 0.9, 20000), (-9, 0.8, 60000))
    return DB.tally(
        np.concatenate(
            [random.normal(mean, spread, count) for mean, spread, count in parts]
        ).astype(np.float32)
    )


def test_the_valley_is_the_one_above_the_lowest_hump_whatever_follows() -> None:
    histogram = three_humps()
    bottom = DB.above(int(valley_above(histogram, 300, 5.0) or 0))
    assert -17 < bottom < -14.5  # neither the foot of the narrow hump nor the deep one at -11


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_one_hump_and_nothing_have_no_valley_above(share: float) -> None:
    assert valley_above(DB.tally(two_humps(share)), 300, 5.0) is None
    assert valley_above(np.zeros(DB.count, np.int64), 300, 5.0) is None


def test_humps_up_to_the_given_bin_belong_together() -> None:
    """Calm water and water in wind: the valley between them parts nothing."""
    random = np.random.default_rng(4)
    values = [random.normal(mean, 0.8, 20000) for mean in (-25, -20.5, -13)]
    histogram = DB.tally(np.concatenate(values).astype(np.float32))
    tops = {
        limit: DB.above(int(valley_above(histogram, round((limit - DB.low) / DB.step), 5.0) or 0))
        for limit in (-23, -19, -16)
    }
    assert -23.5 < tops[-23] < -22
    assert -18 < tops[-19] == tops[-16] < -15.5


def test_a_valley_must_be_deep() -> None:
    histogram = np.repeat([0, 100, 80, 100, 60, 100, 0], 40)
    assert valley_above(histogram, 79, 2.0) == pytest.approx(4.5 * 40, abs=20)
    assert valley_above(np.repeat([0, 100, 80, 100, 75, 100, 0], 40), 79, 2.0) is None


@pytest.mark.parametrize("share", [0.15, 0.5, 0.8])
def test_the_fit_finds_what_was_mixed(share: float) -> None:
    fitted = fit_two(DB.tally(two_humps(share, count=100000))[np.newaxis])
    assert fitted.share[0] == pytest.approx(share, abs=0.01)
    assert DB.low + (fitted.means[0][0] + 0.5) * DB.step == pytest.approx(-20, abs=0.1)
    assert DB.low + (fitted.means[1][0] + 0.5) * DB.step == pytest.approx(-11, abs=0.1)
    assert fitted.deviations[0][0] * DB.step == pytest.approx(1.2, abs=0.05)
    assert fitted.distance[0] == pytest.approx(math.sqrt(2) * 9 / math.hypot(1.2, 2.0), rel=0.03)
    assert fitted.fit[0] > 0.99
    assert fitted.are_two()[0]


def test_one_hump_is_not_two_parts_although_its_halves_lie_apart() -> None:
    random = np.random.default_rng(1)
    normal = random.normal(-10, 2, 16384)
    speckle = -10 + 10 * np.log10(random.gamma(4.4, 1 / 4.4, 16384))
    histograms = np.stack([DB.tally(values.astype(np.float32)) for values in (normal, speckle)])
    cut = int(otsu_bin(histograms[0]) or 0)
    halves = [normal[normal < DB.above(cut)], normal[normal >= DB.above(cut)]]
    assert (
        math.sqrt(2)
        * (halves[1].mean() - halves[0].mean())
        / math.hypot(halves[0].std(), halves[1].std())
        > 2
    )
    assert not fit_two(histograms).are_two().any()


def test_each_histogram_is_fitted_alone() -> None:
    both = np.stack([DB.tally(two_humps(0.3)), DB.tally(two_humps(0.6, 1))])
    for row in range(2):
        alone = fit_two(both[row : row + 1])
        assert fit_two(both).distance[row] == pytest.approx(alone.distance[0], rel=1e-9)
