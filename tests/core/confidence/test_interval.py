"""The interval of an area: against errors that are drawn, and at its ends."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from firstlight.core.confidence.interval import area_interval, edge_interval
from firstlight.core.confidence.noise import Noise, spread_of_differences

NORMAL = NormalDist()


@pytest.mark.parametrize("shared", [0.1, 0.5, 0.9])
def test_it_holds_95_of_100_areas_whose_errors_have_a_common_part(shared: float) -> None:
    random = np.random.default_rng(1)
    percents = random.integers(1, 100, 4000)
    places = np.array([NORMAL.inv_cdf(percent / 100) for percent in percents])
    likely = {int(one): 100.0 * int((percents == one).sum()) for one in np.unique(percents)}
    expected = percents.sum()
    found = area_interval(expected, likely, shared, 0.0)
    inside = 0
    for _ in range(400):
        error = np.sqrt(shared) * random.normal() + np.sqrt(1 - shared) * random.normal(size=4000)
        inside += found.low <= 100.0 * (places + error > 0).sum() <= found.high
    assert 0.92 <= inside / 400 <= 0.98
    assert found.expected == pytest.approx(expected)


def test_sure_pixels_leave_only_the_edge() -> None:
    found = area_interval(5e6, {100: 5e6, 0: 95e6}, 0.5, 2e5)
    assert (found.low, found.high) == pytest.approx((4.8e6, 5.2e6))
    alone = edge_interval(5e6, 2e5)
    assert (alone.low, alone.high) == pytest.approx((4.8e6, 5.2e6))
    assert alone.expected == pytest.approx(5e6)


def test_the_mapped_area_is_inside_and_nothing_is_below_nought_or_above_all() -> None:
    found = area_interval(8e6, {40: 4e6, 3: 6e6}, 0.9, 0.0)
    assert 0 <= found.low < found.expected < found.high
    assert found.low <= 8e6 <= found.high <= 10e6
    assert area_interval(1e5, {0: 1e6, 60: 2e5}, 0.5, 9e5).low == 0.0


def test_more_in_common_is_wider() -> None:
    likely = dict.fromkeys(range(101), 10000.0)
    widths = [
        found.high - found.low
        for found in (area_interval(5.05e5, likely, shared, 0.0) for shared in (0.0, 0.3, 0.98, 1))
    ]
    assert widths[0] == pytest.approx(0, abs=1)
    assert widths == sorted(widths)
    assert widths[2] == widths[3]


def test_noise_is_found_between_edges() -> None:
    random = np.random.default_rng(2)
    picture = random.normal(0, 0.03, (200, 200)).astype(np.float32)
    picture[:, 120:] += 1.0
    picture[random.random(picture.shape) < 0.2] = np.nan
    found = spread_of_differences([picture[:100], picture[100:]], 4)
    assert found == pytest.approx(0.03, rel=0.05)
    assert spread_of_differences([picture[:5, :5]], 4) is None
    assert spread_of_differences([], 4) is None


def test_the_share_in_common() -> None:
    noise = Noise(0.03, 0.04, 0.01)
    assert noise.total == pytest.approx(0.05)
    assert noise.shared == pytest.approx(0.64)
    assert noise.to_dict() == {"local": 0.03, "common": 0.04, "shift": 0.01, "shared": 0.64}
