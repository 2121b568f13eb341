"""Cycles and what pairs join, against walking along them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from firstlight.core.shapes.tracing.cycles import find_roots, order_cycles


@rules(max_examples=200, deadline=None)
@given(st.integers(0, 60).flatmap(lambda count: st.permutations(range(count))))
def test_cycles_are_those_of_a_walk(after: list[int]) -> None:
    order, starts = order_cycles(np.array(after, np.int64))
    walked: list[int] = []
    begun = []
    for node in range(len(after)):
        if node not in walked:
            begun.append(len(walked))
            while node not in walked:
                walked.append(node)
                node = after[node]
    assert order.tolist() == walked
    assert starts.tolist() == begun


def test_one_long_cycle_back_and_forth() -> None:
    """Up through the even numbers and down through the odd ones: the longest way to hang on."""
    even, odd = np.arange(0, 20_000, 2), np.arange(19_999, 0, -2)
    way = np.concatenate([even, odd])
    after = np.empty_like(way)
    after[way] = np.roll(way, -1)
    order, starts = order_cycles(after)
    assert np.array_equal(order, way)
    assert starts.tolist() == [0]


@rules(max_examples=200, deadline=None)
@given(
    st.integers(1, 30).flatmap(
        lambda count: st.tuples(
            st.just(count),
            st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=40),
        )
    )
)
def test_roots_are_the_least_of_what_is_joined(job: tuple[int, list[tuple[int, int]]]) -> None:
    count, pairs = job
    groups = [{node} for node in range(count)]
    for one, two in pairs:
        both = groups[one] | groups[two]
        for node in both:
            groups[node] = both
    sides = np.array(pairs, np.int64).reshape(-1, 2)
    roots = find_roots(count, sides[:, 0], sides[:, 1])
    assert roots.tolist() == [min(group) for group in groups]
