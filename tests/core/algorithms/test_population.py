"""Medians and spreads from histograms, against numpy on the numbers themselves."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from firstlight.core.algorithms.population import histogram_median, histogram_spread


@given(st.lists(st.integers(0, 40), min_size=1, max_size=60))
def test_median_and_spread_are_those_of_the_numbers(numbers: list[int]) -> None:
    counts = np.bincount(numbers, minlength=41).astype(np.int64)
    ordered = sorted(numbers)
    median = ordered[(len(numbers) + 1) // 2 - 1]
    assert histogram_median(counts) == median
    for middle in {median, 0, 20, 40}:
        distances = sorted(abs(number - middle) for number in numbers)
        assert histogram_spread(counts, middle) == distances[(len(numbers) + 1) // 2 - 1]


def test_nothing_has_no_median() -> None:
    empty = np.zeros(5, np.int64)
    assert histogram_median(empty) is None
    assert histogram_spread(empty, 2) == 0
