"""Estimates of accuracy and area: the published example, and simulated maps with known truth."""

from __future__ import annotations

import numpy as np
import pytest

from firstlight.core.comparison.confusion import Z95, estimate_accuracy

# Olofsson et al. 2014, tables 8 and 9: deforestation, forest gain, stable forest, stable
# non-forest; pixels of 30 m, 0.09 ha.
NAMES = ("deforestation", "gain", "forest", "other")
COUNTS = ((66, 0, 5, 4), (0, 55, 8, 12), (1, 0, 153, 11), (2, 1, 9, 313))
MAPPED_HA = tuple(0.09 * pixels for pixels in (200_000, 150_000, 3_200_000, 6_450_000))


def test_the_published_example_comes_out_as_published() -> None:
    found = estimate_accuracy(NAMES, COUNTS, MAPPED_HA)
    assert found.areas[0].value == pytest.approx(21_158, abs=1)
    assert Z95 * found.areas[0].error == pytest.approx(6_158, abs=1)
    assert [one.value for one in found.users] == pytest.approx([0.88, 0.73, 0.93, 0.96], abs=0.005)
    assert [Z95 * one.error for one in found.users] == pytest.approx(
        [0.07, 0.10, 0.04, 0.02], abs=0.005
    )
    producers = [one for one in found.producers if one is not None]
    assert [one.value for one in producers] == pytest.approx([0.75, 0.85, 0.93, 0.96], abs=0.005)
    assert Z95 * producers[0].error == pytest.approx(0.21, abs=0.005)
    assert found.overall.value == pytest.approx(0.95, abs=0.005)
    assert Z95 * found.overall.error == pytest.approx(0.02, abs=0.005)
    assert sum(one.value for one in found.areas) == pytest.approx(sum(MAPPED_HA))


def test_a_map_without_a_fault_is_estimated_as_it_is() -> None:
    found = estimate_accuracy(("yes", "no"), ((30, 0), (0, 70)), (12.5, 87.5))
    assert [one.value for one in found.areas] == [12.5, 87.5]
    assert {one.error for one in (*found.areas, *found.users, found.overall)} == {0.0}


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """1000 samples of a map that sees half again too much."""
    rng = np.random.default_rng(3)
    truth = rng.random(200_000) < 0.08
    seen = np.where(truth, rng.random(truth.size) < 0.85, rng.random(truth.size) < 0.06)
    mapped = (float(seen.sum()), float((~seen).sum()))
    places = [np.flatnonzero(seen), np.flatnonzero(~seen)]
    covered, values, found = 0, [], []
    for _ in range(1000):
        counts = []
        for where in places:
            right = int(truth[rng.choice(where, 150)].sum())
            counts.append((right, 150 - right))
        found.append(estimate_accuracy(("yes", "no"), counts, mapped))
        area = found[-1].areas[0]
        low, high = area.interval
        covered += low <= truth.sum() <= high
        values.append(area.value)
    assert abs(mapped[0] - truth.sum()) > 0.3 * truth.sum(), "the map itself is far off"
    assert np.mean(values) == pytest.approx(truth.sum(), rel=0.02), "no bias"
    assert 900 <= covered <= 985
    for estimates, near in (
        ([one.producers[0] for one in found], 0.2),  # by its slope: rough where errors are large
        ([one.users[0] for one in found], 0.1),
        ([one.overall for one in found], 0.1),
        ([one.areas[1] for one in found], 0.1),
    ):
        told = [one for one in estimates if one is not None]
        spread = np.std([one.value for one in told])
        assert np.mean([one.error for one in told]) == pytest.approx(spread, rel=near)


def test_what_the_map_does_not_show_needs_no_sample() -> None:
    found = estimate_accuracy(("yes", "no"), ((0, 0), (3, 97)), (0.0, 200.0))
    assert found.areas[0].value == pytest.approx(6.0)
    assert found.producers[0] is not None
    assert found.producers[0].value == 0.0


def test_what_is_not_in_the_reference_has_no_producers_accuracy() -> None:
    found = estimate_accuracy(("yes", "no"), ((0, 10), (0, 40)), (5.0, 45.0))
    assert found.producers[0] is None
    assert found.areas[0].value == 0.0
    told = found.to_dict("km2")
    assert told["by_class"]["yes"]["producers_accuracy"] is None
    assert told["by_class"]["yes"]["estimated_km2"]["low_95"] == 0.0


@pytest.mark.parametrize(
    ("counts", "mapped", "why"),
    [
        (((1, 0), (0, 9)), (1.0, 9.0), "1 units that the map calls 'yes'"),
        (((5, 0), (0, 0)), (1.0, 9.0), "0 units that the map calls 'no'"),
        (((5, 0), (0, 5)), (0.0, 0.0), "the map shows nothing"),
    ],
)
def test_too_few_are_named(
    counts: tuple[tuple[int, int], ...], mapped: tuple[float, float], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        estimate_accuracy(("yes", "no"), counts, mapped)
