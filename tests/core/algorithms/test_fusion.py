"""Fusion: the vote against a naive count, in any order of the sources, with ties, gaps and sources
that say nothing.
"""

from __future__ import annotations

import itertools
import math
import pickle
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from firstlight.core.algorithms.fusion import Source, Vote, Weight, fusion_kernel, source_key, weigh

UNSEEN = 255


def named(layers: Any) -> dict[str, Any]:
    return {source_key(place): np.asarray(layer, np.float32) for place, layer in enumerate(layers)}


def vote(layers: Any, weights: list[int], **more: Any) -> Any:
    sources = tuple(Source(f"{place}.tif", **more) for place in range(len(weights)))
    return Vote(sources, tuple(Weight(weight) for weight in weights))(named(layers))


def naive(
    codes: list[float], weights: list[int], positive: tuple[int, ...]
) -> tuple[int, float, float]:
    """One pixel's consensus, agreement, confidence."""
    seen = [
        (code, weight)
        for code, weight in zip(codes, weights)
        if not math.isnan(code) and code != UNSEEN
    ]
    if not seen:
        return UNSEEN, math.nan, math.nan
    yes = sum(weight for code, weight in seen if code in positive)
    everything = sum(weight for _, weight in seen)
    present = Fraction(yes, everything) > Fraction(1, 2)
    alike = sum((code in positive) == present for code, _ in seen)
    return int(present), alike / len(seen), abs(2 * yes - everything) / sum(weights)


@rules(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 1000), min_size=2, max_size=6),
    st.integers(0, 2**31),
    st.sampled_from([(1,), (4, 5, 6, 7)]),
)
def test_each_pixel_is_what_a_count_gives(
    weights: list[int], seed: int, positive: tuple[int, ...]
) -> None:
    random = np.random.default_rng(seed)
    layers = random.choice([0.0, 1.0, 4.0, 7.0, 255.0, math.nan], (len(weights), 3, 5))
    negative = tuple({0, 1, 4, 7} - set(positive))
    consensus, agreement, confidence = vote(layers, weights, positive=positive, negative=negative)
    for place in np.ndindex(3, 5):
        expected = naive([float(layer[place]) for layer in layers], weights, positive)
        assert np.allclose(
            [consensus[place], agreement[place], confidence[place]],
            expected,
            atol=1e-6,
            equal_nan=True,
        )


@rules(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 1000), min_size=3, max_size=4), st.integers(0, 2**31))
def test_the_order_of_the_sources_changes_no_bit(weights: list[int], seed: int) -> None:
    layers = np.random.default_rng(seed).choice([0.0, 1.0, 255.0, math.nan], (len(weights), 4, 6))
    first = vote(layers, weights)
    for order in itertools.permutations(range(len(weights))):
        again = vote(layers[list(order)], [weights[place] for place in order])
        assert all(one.tobytes() == two.tobytes() for one, two in zip(first, again))


def test_a_tie_decides_against_the_event_without_any_confidence() -> None:
    consensus, agreement, confidence = vote([[[1.0]], [[0.0]]], [700, 700])
    assert (consensus.item(), agreement.item(), confidence.item()) == (0, 0.5, 0.0)
    heavier, _, surer = vote([[[1.0]], [[0.0]]], [701, 700])
    assert (heavier.item(), round(surer.item() * 1401)) == (1, 1)


def test_who_did_not_see_leaves_it_to_the_others_and_nobody_is_not_observed() -> None:
    layers = [[[1.0, 255.0, math.nan]], [[255.0, 0.0, 255.0]], [[math.nan, 255.0, 255.0]]]
    consensus, agreement, confidence = vote(layers, [100, 200, 100])
    assert consensus.tolist() == [[1, 0, UNSEEN]]
    assert np.allclose(agreement, [[1, 1, math.nan]], equal_nan=True)
    assert np.allclose(
        confidence, [[0.25, 0.5, math.nan]], equal_nan=True
    )  # one of three is little


def test_a_class_that_says_nothing_counts_as_not_observed() -> None:
    consensus, _, _ = vote(
        [[[0.0, 1.0, 2.0]], [[0.0, 0.0, 0.0]]], [500, 100], positive=(2,), negative=(1,)
    )
    assert consensus.tolist() == [[UNSEEN, 0, 1]]
    consensus, _, _ = vote([[[0.0, 7.0, 253.0, -1.0, 255.0]]], [100], positive=(255,))
    assert consensus.tolist() == [[0, UNSEEN, UNSEEN, UNSEEN, 1]]  # what nobody explains


def test_weights_are_made_of_sensor_clear_sky_and_days() -> None:
    optical = Source("a", sensor="sentinel2", days=0.0, pixels=100)
    assert weigh(optical, 100).thousandths == 1000
    assert weigh(optical, 0).thousandths == 500  # cloud everywhere: half
    assert weigh(Source("b", sensor="sentinel1", days=10.0, pixels=100), 50).thousandths == round(
        1000 * 0.8 * 0.75 * 0.5
    )
    assert (
        weigh(Source("c", sensor="sentinel1", days=-10.0, pixels=100), 50).thousandths == 300
    )  # before as after
    assert weigh(Source("d", pixels=100), 100).thousandths == 700  # no sensor, no date
    assert (
        weigh(Source("e", sensor="sentinel2", days=300.0, pixels=100), 100).thousandths == 1
    )  # never nothing
    given = weigh(Source("f", sensor="sentinel1", days=40.0, pixels=100, weight=0.9), 10)
    assert (given.thousandths, given.observed) == (900, 0.1)
    assert weigh(Source("g"), 0).observed == 0.0


def test_a_vote_can_be_sent_to_another_process_and_says_what_it_does() -> None:
    kernel = fusion_kernel([Source("a", weight=0.5), Source("b", (4, 5), (0,))], ["one", "two"])
    assert pickle.loads(pickle.dumps(kernel)) == kernel
    assert " at 0x" not in repr(kernel)


def test_the_survey_counts_what_each_source_saw_in_any_parts() -> None:
    layers = np.random.default_rng(3).choice([0.0, 1.0, 2.0, 255.0, math.nan], (2, 40, 30))
    sources = (
        Source("a", negative=(0, 2), pixels=1200, sensor="sentinel2"),
        Source("b", (2,), (1,), pixels=600, sensor="sentinel1"),
    )
    kernel = fusion_kernel(sources, ["one", "two"])
    assert kernel.bands == {"source1": "one", "source2": "two"}
    assert kernel.survey is not None
    whole = kernel.survey.tally(named(layers))
    parts = sum(kernel.survey.tally(named(layers[:, top : top + 16])) for top in range(0, 40, 16))
    assert np.array_equal(whole, parts)
    seen = [np.isin(layers[0], (0, 1, 2)), np.isin(layers[1], (1, 2))]
    assert whole.tolist() == [one.sum() for one in seen]
    function = kernel.settled(whole).compute
    assert function.weights[0].thousandths == round(1000 * (0.5 + 0.5 * seen[0].mean()))  # type: ignore[attr-defined]


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1)])
def test_nothing_anywhere_is_not_observed(shape: tuple[int, int]) -> None:
    consensus, agreement, confidence = vote(
        [np.full(shape, 255.0), np.full(shape, math.nan)], [10, 10]
    )
    assert (consensus == UNSEEN).all()
    assert np.isnan(agreement).all()
    assert np.isnan(confidence).all()
