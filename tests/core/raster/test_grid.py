"""Arithmetic on grids against a plain count of pixels."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstlight.core.errors import RasterError
from firstlight.core.raster.grid import (
    grid_over,
    intersect_bounds,
    overlap_rects,
    split_windows,
    union_bounds,
)
from firstlight.core.types import Bounds, Grid


def grid(
    left: float = 600000.0,
    top: float = 5200000.0,
    res: float = 10.0,
    shape: tuple[int, int] = (100, 100),
) -> Grid:
    return Grid("EPSG:32632", (res, 0.0, left, 0.0, -res, top), shape)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 70))
def test_windows_cover_every_pixel_exactly_once(rows: int, cols: int, size: int) -> None:
    seen = [[0] * cols for _ in range(rows)]
    for window in split_windows((rows, cols), size):
        assert 0 < window.rows <= size
        assert 0 < window.cols <= size
        for row in range(window.row, window.row + window.rows):
            for col in range(window.col, window.col + window.cols):
                seen[row][col] += 1
    assert all(count == 1 for line in seen for count in line)


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        ((0, 0, 10, 10), (5, 5, 20, 20), (5, 5, 10, 10)),
        ((0, 0, 10, 10), (10, 0, 20, 10), None),
        ((0, 0, 10, 10), (0, 10, 10, 20), None),
        ((0, 0, 10, 10), (2, 3, 4, 5), (2, 3, 4, 5)),
        ((0, 0, 10, 10), (30, 30, 40, 40), None),
    ],
)
def test_boxes_meet_or_do_not(one: Bounds, other: Bounds, common: Bounds | None) -> None:
    assert intersect_bounds([one, other]) == common
    assert intersect_bounds([other, one]) == common
    whole = union_bounds([one, other])
    assert all(intersect_bounds([whole, box]) == box for box in (one, other))


@settings(max_examples=200, deadline=None)
@given(
    x=st.integers(-50, 50),
    y=st.integers(-50, 50),
    cols=st.integers(1, 40),
    rows=st.integers(1, 40),
    res=st.sampled_from([10.0, 20.0, 30.0, 60.0, 0.1, 0.000089831528412]),
    noise=st.floats(-1e-8, 1e-8),
)
def test_a_box_of_whole_pixels_is_exactly_those_pixels(
    x: int, y: int, cols: int, rows: int, res: float, noise: float
) -> None:
    like = grid(res=res, left=500000.0 if res >= 1 else 10.0, top=5000000.0 if res >= 1 else 47.0)
    _, _, left, _, _, top = like.transform
    box = (
        left + x * res + noise * res,
        top - (y + rows) * res,
        left + (x + cols) * res,
        top - y * res + noise * res,
    )
    made = grid_over(box, like)
    assert made.shape == (rows, cols)
    assert made.transform[2] == pytest.approx(left + x * res, abs=res * 1e-5)
    assert made.transform[5] == pytest.approx(top - y * res, abs=res * 1e-5)


@settings(max_examples=200, deadline=None)
@given(st.floats(0, 500), st.floats(0, 500), st.floats(1, 500), st.floats(1, 500))
def test_a_box_inside_pixels_is_widened_to_whole_ones(
    x: float, y: float, width: float, height: float
) -> None:
    box = (600000 + x, 5200000 - y - height, 600000 + x + width, 5200000 - y)
    made = grid_over(box, grid())
    left, bottom, right, top = made.bounds
    assert left <= box[0] + 1e-4
    assert bottom <= box[1] + 1e-4
    assert right >= box[2] - 1e-4
    assert top >= box[3] - 1e-4
    assert (right - left) - width < 20 + 1e-3
    assert (top - bottom) - height < 20 + 1e-3
    assert (left - 600000) % 10 == pytest.approx(0, abs=1e-6) or (
        left - 600000
    ) % 10 == pytest.approx(10, abs=1e-6)


def test_another_pixel_size_keeps_the_corner() -> None:
    like = grid(shape=(10, 10))
    made = grid_over(like.bounds, like, (20.0, 20.0))
    assert made.shape == (5, 5)
    assert made.bounds == like.bounds
    assert made.crs == like.crs


@pytest.mark.parametrize(
    ("source", "target", "src", "dst"),
    [
        (grid(), grid(), (0, 0, 100, 100), (0, 0, 100, 100)),
        (grid(res=20.0, shape=(50, 50)), grid(), (0, 0, 50, 50), (0, 0, 100, 100)),
        (grid(left=600100.0), grid(), (0, 0, 90, 100), (10, 0, 90, 100)),
        (grid(res=20.0, left=599990.0, shape=(50, 51)), grid(), (0.5, 0, 50, 50), (0, 0, 100, 100)),
        (grid(top=5200050.0), grid(), (0, 5, 100, 95), (0, 0, 100, 95)),
    ],
)
def test_the_common_part_in_the_pixels_of_each(
    source: Grid, target: Grid, src: tuple, dst: tuple
) -> None:  # type: ignore[type-arg]
    rects = overlap_rects(source, target)
    assert rects is not None
    for rect, (x, y, width, height) in zip(rects, (src, dst)):
        assert (rect.x, rect.y, rect.width, rect.height) == pytest.approx((x, y, width, height))


def test_grids_that_only_touch_have_nothing_in_common() -> None:
    assert overlap_rects(grid(), grid(left=601000.0)) is None
    assert math.isclose(grid().bounds[2], 601000.0)


def test_a_claim_that_no_run_would_end_is_refused() -> None:
    """A VRT of a kilobyte may claim any size; the list of its tiles alone would fill the memory."""
    with pytest.raises(RasterError, match="has more than 500000 tiles"):
        split_windows((2**31 - 1, 2**31 - 1), 1024)
    with pytest.raises(RasterError, match="has more than 500000 tiles"):
        split_windows((1_000_000, 1_000_000), 1024)
    assert len(split_windows((400_000, 400_000), 1024)) == 391**2


@pytest.mark.parametrize(
    ("transform", "shape", "fault"),
    [
        ((float("nan"), 0, 0, 0, -10, 0), (5, 5), "its position is no number"),
        ((10, 0, float("inf"), 0, -10, 0), (5, 5), "its position is no number"),
        ((1e300, 0, 0, 0, -1e300, 0), (5, 5), "its position is too far away"),
        ((1e-300, 0, 0, 0, -1e-300, 0), (5, 5), "its pixels are too small"),
        ((10, 0, 0, 0, -10, 0), (0, 5), "its number of rows or columns cannot be"),
        ((10, 0, 0, 0, -10, 0), (5, 2**31), "its number of rows or columns cannot be"),
        ((10, 0, 600000, 0, -10, 5200000), (5, 5), ""),
        ((1, 0, 0, 0, 1, 0), (5, 5), ""),
    ],
)
def test_a_grid_says_why_nothing_can_lie_on_it(
    transform: tuple[float, float, float, float, float, float], shape: tuple[int, int], fault: str
) -> None:
    grid = Grid("EPSG:32632", transform, shape)
    assert grid.fault == fault
    if fault:
        with pytest.raises(ValueError, match=fault):
            Grid.from_dict(grid.to_dict())
