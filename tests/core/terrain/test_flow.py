"""The ways of the water, against computations that go pixel by pixel and share no code
with them.
"""

from __future__ import annotations

import heapq
import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from firstlight.core.terrain.flow import Flow, route
from firstlight.core.terrain.hand import accumulate, height_above_drainage

CELL = (30.0, 30.0)
STEPS = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if (down, right) != (0, 0)]


@st.composite
def height_models(draw: st.DrawFn) -> Any:
    """Up to 9 × 9 pixels: few heights, so that there are flats and ties, or many; some unknown."""
    rows, cols = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    heights = random.integers(
        0, draw(st.sampled_from((1, 3, 8, 10_000))), (rows, cols), endpoint=True
    ).astype(np.float32)
    heights[random.random((rows, cols)) < draw(st.sampled_from((0.0, 0.1, 0.5)))] = np.nan
    return heights


def neighbours(row: int, col: int, shape: tuple[int, ...]) -> list[tuple[int, int]]:
    near = [(row + down, col + right) for down, right in STEPS]
    return [(r, c) for r, c in near if 0 <= r < shape[0] and 0 <= c < shape[1]]


def flood(heights: Any) -> Any:
    """The priority flood in its plainest form (Barnes, Lehman & Mulla 2014, algorithm 1)."""
    filled = np.full_like(heights, np.nan)
    heap, seen = [], set()
    for row, col in np.argwhere(np.isfinite(heights)).tolist():
        near = neighbours(row, col, heights.shape)
        if len(near) < 8 or any(math.isnan(heights[one]) for one in near):
            heap.append((float(heights[row, col]), row, col))
            seen.add((row, col))
    heapq.heapify(heap)
    while heap:
        level, row, col = heapq.heappop(heap)
        filled[row, col] = level
        for one in neighbours(row, col, heights.shape):
            if one not in seen and not math.isnan(heights[one]):
                seen.add(one)
                heapq.heappush(heap, (max(level, float(heights[one])), *one))
    return filled


def walk(receiver: Any, start: int) -> list[int]:
    """The pixels on the way; fails where it goes in a circle."""
    way = [start]
    while receiver[way[-1]] != way[-1]:
        way.append(int(receiver[way[-1]]))
        assert len(way) <= receiver.size, "a circle"
    return way


def is_edge(heights: Any, pixel: int) -> bool:
    row, col = divmod(pixel, heights.shape[1])
    near = neighbours(row, col, heights.shape)
    return len(near) < 8 or any(math.isnan(heights[one]) for one in near)


@given(height_models())
@rules(max_examples=100, deadline=None)
def test_heights_are_filled_as_by_a_priority_flood(heights: Any) -> None:
    np.testing.assert_array_equal(route(heights, CELL).filled, flood(heights))


@given(height_models())
@rules(max_examples=100, deadline=None)
def test_every_way_goes_to_neighbours_never_up_and_ends_where_the_raster_does(heights: Any) -> None:
    flow = route(heights, CELL)
    filled = flow.filled.ravel()
    for pixel in np.flatnonzero(np.isfinite(heights.ravel())):
        way = walk(flow.receiver, int(pixel))
        assert is_edge(heights, way[-1])
        for one, other in itertools.pairwise(way):
            rows, cols = zip(divmod(one, heights.shape[1]), divmod(other, heights.shape[1]))
            assert max(abs(rows[0] - rows[1]), abs(cols[0] - cols[1])) == 1
            assert filled[other] <= filled[one]
    unknown = np.flatnonzero(np.isnan(heights.ravel()))
    assert (flow.receiver[unknown] == unknown).all()


@given(height_models(), st.sampled_from([(30.0, 30.0), (20.0, 35.0)]))
@rules(max_examples=80, deadline=None)
def test_outside_of_depressions_water_takes_the_steepest_way(
    heights: Any, cell: tuple[float, float]
) -> None:
    flow = route(heights, cell)
    for row, col in np.argwhere(np.isfinite(heights) & (flow.filled == heights)).tolist():
        drops = {
            r * heights.shape[1] + c: (heights[row, col] - heights[r, c])
            / np.float32(math.hypot((r - row) * cell[1], (c - col) * cell[0]))
            for r, c in neighbours(row, col, heights.shape)
            if not math.isnan(heights[r, c])
        }
        best = max(drops.values(), default=0)
        steepest = [pixel for pixel, drop in drops.items() if drop == best]
        into_a_depression = any(
            flow.filled.ravel()[pixel] == heights[row, col] for pixel in steepest
        )  # which spills here
        if best > 0 and not into_a_depression:
            assert int(flow.receiver[row * heights.shape[1] + col]) in steepest


@given(height_models(), st.sampled_from([0.0009, 0.0027, 0.009]))
@rules(max_examples=80, deadline=None)
def test_accumulation_and_hand_are_those_of_walking_each_way(
    heights: Any, drainage_km2: float
) -> None:
    flow = route(heights, CELL)
    known = np.flatnonzero(np.isfinite(heights.ravel()))
    through = np.zeros(heights.size, int)
    for pixel in known:
        through[walk(flow.receiver, int(pixel))] += 1
    np.testing.assert_array_equal(accumulate(flow.receiver)[known], through[known])
    least = drainage_km2 / 0.0009
    drains = (through >= least) | level_ground(heights, flow, least)
    expected = np.full(heights.size, np.nan)
    filled = flow.filled.ravel()
    for pixel in known:
        first = next((one for one in walk(flow.receiver, int(pixel)) if drains[one]), None)
        if first is not None:
            expected[pixel] = filled[pixel] - filled[first]
    hand = height_above_drainage(heights, CELL, drainage_km2)
    np.testing.assert_array_equal(hand.ravel(), expected.astype(np.float32))
    assert not (hand < 0).any()


def level_ground(heights: Any, flow: Flow, least: float) -> Any:
    """Pixels without a lower neighbour that are one ground of at least so many of them; found by
    spreading.
    """
    low = {
        (r, c)
        for r, c in np.argwhere(np.isfinite(heights)).tolist()
        if all(not heights[n] < heights[r, c] for n in neighbours(r, c, heights.shape))
    }
    found = np.zeros(heights.shape, bool)
    while low:
        group, open_ones = set(), [low.pop()]
        while open_ones:
            one = open_ones.pop()
            group.add(one)
            joined = {
                n
                for n in neighbours(*one, heights.shape)
                if n in low and heights[n] == heights[one]
            }
            low -= joined
            open_ones += joined
        if len(group) >= least:
            for one in group:
                found[one] = True
    return found.ravel()


def test_water_in_a_depression_keeps_to_its_valley() -> None:
    """A valley behind a dam: filled level, but the way follows the old bed and crosses where the
    dam is lowest.
    """
    rows, cols = np.indices((9, 15))
    heights = (np.abs(rows - 4) * 10 + 100 - cols).astype(np.float32)
    heights[:, 0] = 200.0
    heights[:, 10] = 125.0
    heights[6, 10] = 120.0  # the lowest place of the dam, off the valley's line
    flow = route(heights, CELL)
    way = [divmod(one, 15) for one in walk(flow.receiver, 4 * 15 + 1)]
    assert (4, 8) in way
    assert (6, 10) in way
    assert way[-1] == (4, 14)
    assert flow.filled[4, 9] == 120.0


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 2)])
def test_the_smallest_rasters_have_ways(shape: tuple[int, int]) -> None:
    heights = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    flow = route(heights, CELL)
    np.testing.assert_array_equal(flow.filled, heights)
    assert walk(flow.receiver, heights.size - 1)[-1] == 0


def test_a_raster_without_heights_has_none() -> None:
    flow = route(np.full((4, 5), np.nan, np.float32), CELL)
    assert np.isnan(flow.filled).all()
    np.testing.assert_array_equal(flow.receiver, np.arange(20))
