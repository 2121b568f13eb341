"""Connected patches by runs: equal to scipy's labelling for any picture and any strips."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from firstlight.core.shapes.runs import (
    Runs,
    count_in_runs,
    find_runs,
    join_runs,
    label_runs,
    paint_runs,
)


def runs_of(marked: Any, strip: int) -> Runs:
    return join_runs(
        [find_runs(marked[row : row + strip], row) for row in range(0, marked.shape[0], strip)]
    )


@rules(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.floats(0, 1),
    st.integers(1, 50),
    st.integers(0, 999),
)
def test_patches_are_those_of_scipy(
    shape: tuple[int, int], share: float, strip: int, seed: int
) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    marked = np.random.default_rng(seed).random(shape) < share
    runs = runs_of(marked, strip)
    labels = label_runs(runs)
    truth, count = ndimage.label(marked, np.ones((3, 3)))
    assert (labels.max() + 1 if labels.size else 0) == count
    pairs = {
        (int(truth[row, start]), int(label))
        for row, start, label in zip(runs.row, runs.start, labels)
    }
    assert len(pairs) == count
    assert np.array_equal(
        np.bincount(labels, runs.pixels),
        [(truth == one).sum() for one, _ in sorted(pairs, key=lambda p: p[1])],
    )


def test_a_spiral_and_a_comb_are_one_patch() -> None:
    """The shapes for which labels have the longest way to go."""
    comb = np.zeros((60, 121), bool)
    comb[:, ::2] = True
    comb[-1] = True
    assert set(label_runs(runs_of(comb, 7))) == {0}
    spiral = np.zeros((61, 61), bool)
    for ring in range(0, 30, 2):
        spiral[ring, ring : 61 - ring] = spiral[60 - ring, ring : 61 - ring] = True
        spiral[ring : 61 - ring, 60 - ring] = True
        spiral[ring + 2 : 61 - ring, ring] = True
        spiral[ring + 2, ring : ring + 3] = True
    assert set(label_runs(runs_of(spiral, 13))) == {0}


@pytest.mark.parametrize("strip", [1, 7, 100])
def test_counts_and_pixels_come_back(strip: int) -> None:
    random = np.random.default_rng(1)
    marked, flags = random.random((50, 33)) < 0.6, random.random((50, 33)) < 0.3
    whole = runs_of(marked, strip)
    assert np.array_equal(whole.pixels, [len(range(a, b)) for a, b in zip(whole.start, whole.stop)])
    for row in range(0, 50, strip):
        part = marked[row : row + strip]
        assert np.array_equal(paint_runs(whole, row, part.shape), part)
        own = find_runs(part, row)
        counts = count_in_runs(flags[row : row + strip], own, row)
        assert counts.tolist() == [
            int(flags[y, a:b].sum()) for y, a, b in zip(own.row, own.start, own.stop)
        ]


def test_nothing_and_everything() -> None:
    none = runs_of(np.zeros((5, 6), bool), 2)
    assert len(none) == 0
    assert label_runs(none).size == 0
    assert not paint_runs(none, 0, (5, 6)).any()
    everything = runs_of(np.ones((5, 6), bool), 2)
    assert label_runs(everything).tolist() == [0] * 5
    assert label_runs(join_runs([])).size == 0
