"""Height above the nearest drainage on ground whose answer is known, and where nothing can be
known.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from firstlight.core.errors import AlgorithmError
from firstlight.core.terrain.hand import height_above_drainage
from firstlight.core.terrain.layers import check_memory

CELL = (30.0, 30.0)
PIXEL_KM2 = 0.0009


def valley(rows: int = 61, cols: int = 80, side: float = 2.0, fall: float = 0.5) -> Any:
    """A V: the sides fall to the middle row, which falls to the east; steeper across than along."""
    row, col = np.indices((rows, cols))
    return (side * np.abs(row - rows // 2) + fall * (cols - col) + 100).astype(np.float32)


def test_in_a_valley_hand_is_the_height_above_the_stream_where_the_slope_reaches_it() -> None:
    """The sides' water goes straight down where that is steeper than slantwise: (2 +
    0.5)/√2 < 2.
    """
    heights = valley()
    hand = height_above_drainage(heights, CELL, 40 * PIXEL_KM2)
    row, _ = np.indices(heights.shape)
    above = 2.0 * np.abs(row - 30)
    np.testing.assert_allclose(hand[:, 2:], above[:, 2:], atol=1e-4)


def test_along_a_stream_hand_is_nothing_and_above_its_source_it_is_not() -> None:
    hand = height_above_drainage(valley(), CELL, 61 * 10 * PIXEL_KM2)
    assert (hand[30, 10:] == 0).all()
    assert (hand[30, :8] > 0).all()


def test_where_water_leaves_before_it_comes_to_drainage_hand_is_not_known() -> None:
    """A plain that falls to the south: each column's water leaves by itself."""
    row, _ = np.indices((30, 20))
    heights = (1000.0 - row).astype(np.float32)
    assert np.isnan(height_above_drainage(heights, CELL, 31 * PIXEL_KM2)).all()
    some = height_above_drainage(heights, CELL, 10 * PIXEL_KM2)
    assert np.isfinite(some).all()
    np.testing.assert_allclose(some[0], 9.0)


def test_unknown_heights_stay_unknown_and_take_what_drains_to_them() -> None:
    heights = valley()
    heights[25:36, 40:50] = np.nan
    hand = height_above_drainage(heights, CELL, 40 * PIXEL_KM2)
    assert np.isnan(hand[25:36, 40:50]).all()
    assert hand[30, 60] == 0
    row, col = np.indices((41, 41))
    bowl = np.hypot(row - 20, col - 20).astype(np.float32)
    assert np.isfinite(height_above_drainage(bowl, CELL, 500 * PIXEL_KM2)).any()
    bowl[15:26, 15:26] = np.nan
    assert np.isnan(height_above_drainage(bowl, CELL, 500 * PIXEL_KM2)).all()


def test_the_sea_is_drainage_however_little_runs_into_it() -> None:
    """Level ground as large as the drainage asked for: the shore's water need not gather first."""
    row, col = np.indices((40, 50))
    heights = np.maximum(0, 3.0 * (25 - col) + 0.01 * row).astype(np.float32)
    hand = height_above_drainage(heights, CELL, 200 * PIXEL_KM2)
    assert (hand[:, 27:] == 0).all()
    np.testing.assert_allclose(hand[:, :25], heights[:, :25], atol=0.5)


def test_a_depression_is_filled_so_that_hand_is_never_negative_there() -> None:
    """A quarry beside the stream: up to its spill it can be flooded, and a negative
    height is none.
    """
    heights = valley()
    heights[33:37, 30:34] = 20.0
    hand = height_above_drainage(heights, CELL, 40 * PIXEL_KM2)
    assert np.nanmin(hand) == 0
    assert (hand[33:37, 30:34] <= 2 * 3 + 1e-3).all()


def test_a_dam_is_overtopped_not_looked_through() -> None:
    heights = valley()
    heights[:, 50] = 400.0
    heights[30, 50] = 140.0  # a bridge: the bed lies 25 m below
    hand = height_above_drainage(heights, CELL, 40 * PIXEL_KM2)
    assert (hand[30, 20:50] == 0).all()
    assert hand[25, 45] == 0  # below the bridge's height


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (3, 3)])
def test_small_rasters_have_an_answer(shape: tuple[int, int]) -> None:
    level = np.full(shape, 5.0, np.float32)
    assert (height_above_drainage(level, CELL, PIXEL_KM2) == 0).all()
    assert np.isnan(height_above_drainage(level, CELL, 100 * PIXEL_KM2)).all()
    assert np.isnan(
        height_above_drainage(np.full(shape, np.nan, np.float32), CELL, PIXEL_KM2)
    ).all()


def test_a_pixel_need_not_be_square() -> None:
    """Half as long pixels, twice as many of them drain the same land."""
    square = height_above_drainage(valley(), CELL, 40 * PIXEL_KM2)
    fine = height_above_drainage(np.repeat(valley(), 1, axis=0), (15.0, 60.0), 40 * PIXEL_KM2)
    assert np.nanmean(fine) != pytest.approx(
        np.nanmean(square)
    )  # slantwise is shorter to the side now
    assert np.isfinite(fine[:, 40:]).all()


def test_the_same_heights_give_the_same_bytes() -> None:
    heights = np.random.default_rng(3).normal(100, 20, (120, 140)).astype(np.float32)
    one, other = (height_above_drainage(heights.copy(), CELL, 50 * PIXEL_KM2) for _ in range(2))
    assert one.tobytes() == other.tobytes()


def test_memory_is_counted_before_it_is_taken() -> None:
    assert check_memory((1000, 1000), None) == check_memory((1000, 1000), 10**12) > 10**8
    with pytest.raises(
        AlgorithmError,
        match=r"HAND of 9000 × 8000 pixels .* 10\.8 GB of memory, of which 4\.0 are free.*smaller",
    ):
        check_memory((8000, 9000), 4 * 10**9)
    with pytest.raises(AlgorithmError, match="too many pixels"):
        check_memory((60_000, 60_000), 10**15)
