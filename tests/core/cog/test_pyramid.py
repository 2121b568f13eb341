"""Overviews: each level is the mean of what is there, and no more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from firstlight.core.cog.pyramid import halve, level_shapes


@pytest.mark.parametrize(
    ("shape", "shapes"),
    [
        ((1, 1), [(1, 1)]),
        ((512, 512), [(512, 512)]),
        ((513, 3), [(513, 3), (257, 2)]),
        (
            (10980, 10980),
            [(10980, 10980), (5490, 5490), (2745, 2745), (1373, 1373), (687, 687), (344, 344)],
        ),
    ],
)
def test_levels_halve_until_one_block_holds_all(
    shape: tuple[int, int], shapes: list[tuple[int, int]]
) -> None:
    assert level_shapes(shape, 512) == shapes


@rules(max_examples=60, deadline=None)
@given(
    st.sampled_from(["uint8", "int16", "uint16", "int32", "float32", "float64"]),
    st.integers(1, 3),
    st.integers(1, 6),
    st.integers(1, 6),
    st.floats(0, 1),
    st.integers(0, 999),
)
def test_the_mean_of_four_leaves_nodata_out(
    dtype: str, bands: int, rows: int, cols: int, share: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    limit = 1e4 if dtype.startswith("float") else np.iinfo(dtype).max
    values = (random.uniform(0, 1, (bands, 2 * rows, 2 * cols)) * (limit - 1) + 1).astype(dtype)
    values[random.random(values.shape) < share] = 0
    got = halve(values, 0, "average")
    assert got.dtype == values.dtype
    for band, row, col in np.ndindex(got.shape):
        four = values[band, 2 * row : 2 * row + 2, 2 * col : 2 * col + 2].astype(np.float64)
        seen = four[four != 0]
        if not seen.size:
            assert got[band, row, col] == 0
        elif dtype.startswith("float"):
            assert got[band, row, col] == pytest.approx(seen.mean(), rel=1e-6)
        else:
            assert abs(got[band, row, col] - seen.mean()) <= 0.5 + 1e-6 * seen.mean()


def test_nan_can_be_nodata() -> None:
    values = np.array([[[1, np.nan, np.nan, np.nan], [3, np.nan, np.nan, np.nan]]], np.float32)
    assert np.array_equal(halve(values, float("nan"), "average"), [[[2, np.nan]]], equal_nan=True)


def test_classes_are_picked_not_averaged() -> None:
    values = np.array([[[1, 9, 3, 0], [9, 9, 0, 0]]], np.uint8)
    assert halve(values, 0, "nearest").tolist() == [[[1, 3]]]
