"""Speckle filters: against a naive loop, scipy's box means, and themselves in pieces; what they are
to do, they do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from firstlight.core.algorithms.speckle import (
    HALF,
    HALO,
    LOOKS,
    SpeckleFilter,
    filter_db,
    filter_squares_db,
    lee,
    refined_lee,
)

BOTH = pytest.mark.parametrize("smooth", [lee, refined_lee])


def speckled(
    shape: tuple[int, int] = (40, 50), seed: int = 0, level: Any = 0.05, missing: float = 0.1
) -> Any:
    """Linear power with gamma speckle, an edge across it, and no data here and there."""
    random = np.random.default_rng(seed)
    ground = np.where(
        np.add.outer(np.arange(shape[0]), 2 * np.arange(shape[1])) > sum(shape), 8 * level, level
    )
    power = ground * random.gamma(LOOKS, 1 / LOOKS, shape)
    power[random.random(shape) < missing] = np.nan
    return power


def estimate(pixel: float, window: Any, looks: float = LOOKS) -> float:
    """The minimum mean square error estimate, straight from the papers' formula."""
    window = window[~np.isnan(window)]
    mean, variance = window.mean(), window.var()
    signal = max(0.0, (variance - mean**2 / looks) / (1 + 1 / looks))
    return float(mean + (signal / variance if variance > 0 else 0) * (pixel - mean))


def half_window(padded: Any, row: int, col: int) -> Any:
    """The half of the window on the pixel's side of the strongest edge, found pixel by pixel."""
    here = padded[row : row + 7, col : col + 7]
    means = np.full((3, 3), np.nan)
    for y in range(3):
        for x in range(3):
            part = here[2 * y : 2 * y + 3, 2 * x : 2 * x + 3]
            if not np.isnan(part).all():
                means[y, x] = np.nanmean(part)
    own = means[1, 1]
    means[np.isnan(means)] = own
    y, x = np.mgrid[-3:4, -3:4]
    edges = [  # gradient, its two middles, the pixels of its two halves
        (means[:, 0].sum() - means[:, 2].sum(), means[1, 0], means[1, 2], x <= 0, x >= 0),
        (means[0].sum() - means[2].sum(), means[0, 1], means[2, 1], y <= 0, y >= 0),
        (
            means[1, 0] + means[0, 0] + means[0, 1] - means[1, 2] - means[2, 2] - means[2, 1],
            means[0, 0],
            means[2, 2],
            x + y <= 0,
            x + y >= 0,
        ),
        (
            means[0, 1] + means[0, 2] + means[1, 2] - means[1, 0] - means[2, 0] - means[2, 1],
            means[0, 2],
            means[2, 0],
            x >= y,
            x <= y,
        ),
    ]
    _, one, other, near, far = max(edges, key=lambda edge: abs(edge[0]))
    chosen = near if abs(one - own) <= abs(other - own) else far
    assert chosen.sum() == HALF
    return here[chosen]


@pytest.mark.thorough
@BOTH
def test_equals_a_naive_loop(smooth: Any) -> None:
    power = speckled()
    padded = np.pad(power, HALO, constant_values=np.nan)
    truth = np.full(power.shape, np.nan)
    for row, col in zip(*np.nonzero(~np.isnan(power))):
        window = (
            padded[row : row + 7, col : col + 7] if smooth is lee else half_window(padded, row, col)
        )
        truth[row, col] = estimate(power[row, col], window)
    np.testing.assert_allclose(smooth(power), truth, rtol=1e-9)


def test_lee_has_scipys_means_and_variances() -> None:
    ndimage = pytest.importorskip("scipy.ndimage", reason="scipy is not installed")
    power = speckled(missing=0)
    mean = ndimage.uniform_filter(power, 7)
    variance = ndimage.uniform_filter(power**2, 7) - mean**2
    weight = np.maximum((variance - mean**2 / LOOKS) / (1 + 1 / LOOKS), 0) / variance
    inner = (slice(3, -3), slice(3, -3))
    np.testing.assert_allclose(
        lee(power)[inner], (mean + weight * (power - mean))[inner], rtol=1e-9
    )


@BOTH
@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_pieces_with_a_halo_are_the_whole_to_the_bit(smooth: Any, missing: float) -> None:
    power = speckled((90, 77), 3, missing=missing)
    power[60:, 60:] = np.nan
    whole = smooth(power)
    padded = np.pad(power, HALO, constant_values=np.nan)
    for rows, cols in ((13, 29), (64, 64), (1, 77)):
        for row in range(0, 90, rows):
            for col in range(0, 77, cols):
                piece = smooth(padded[row : row + rows + 2 * HALO, col : col + cols + 2 * HALO])
                got = piece[HALO:-HALO, HALO:-HALO]
                assert np.array_equal(
                    got, whole[row : row + rows, col : col + cols][: got.shape[0]], equal_nan=True
                )


@BOTH
def test_what_has_no_data_stays_so_and_nothing_else_is_lost(smooth: Any) -> None:
    power = speckled(missing=0.4)
    assert np.array_equal(np.isnan(smooth(power)), np.isnan(power))


@BOTH
def test_even_ground_keeps_its_mean_and_loses_its_speckle(smooth: Any) -> None:
    random = np.random.default_rng(1)
    power = 0.1 * random.gamma(LOOKS, 1 / LOOKS, (200, 200))
    smoothed = smooth(power)
    assert smoothed.mean() == pytest.approx(0.1, rel=0.02)
    assert smoothed.std() / smoothed.mean() < 0.5 * power.std() / power.mean()


def test_the_refined_filter_keeps_an_edge_that_the_other_blurs() -> None:
    ground = np.full((60, 60), 0.005)
    ground[:, 30:] = 0.1
    random = np.random.default_rng(2)
    power = ground * random.gamma(LOOKS, 1 / LOOKS, ground.shape)
    shore = (slice(5, -5), slice(27, 30))  # three pixels of water along the shore
    wrong = {smooth: np.abs(smooth(power)[shore] - 0.005).mean() for smooth in (lee, refined_lee)}
    assert wrong[refined_lee] < 0.5 * wrong[lee]


@pytest.mark.parametrize("method", list(SpeckleFilter))
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 3)])
def test_any_shape_has_a_result(method: str, shape: tuple[int, int]) -> None:
    same = np.full(shape, -12.5, np.float32)
    np.testing.assert_allclose(filter_db(same, method), same, atol=1e-5)
    nothing = np.full(shape, np.nan, np.float32)
    assert np.isnan(filter_db(nothing, method)).all()


def test_a_band_in_db_is_filtered_as_power() -> None:
    power = speckled()
    decibel = (10 * np.log10(power)).astype(np.float32)
    np.testing.assert_allclose(filter_db(decibel, "lee"), 10 * np.log10(lee(power)), atol=1e-4)
    assert filter_db(decibel, "none") is decibel
    assert filter_db(decibel, "refined-lee").dtype == np.float32


@pytest.mark.parametrize("method", list(SpeckleFilter))
@pytest.mark.parametrize("shape", [(64, 64), (100, 161), (5, 70)])
def test_squares_are_filtered_as_if_nothing_was_around_them(
    method: SpeckleFilter, shape: tuple[int, int]
) -> None:
    decibel = (10 * np.log10(speckled(shape, 5))).astype(np.float32)
    together = filter_squares_db(decibel, 32, method)
    for row in range(0, shape[0], 32):
        for col in range(0, shape[1], 32):
            square = np.s_[row : row + 32, col : col + 32]
            alone = filter_db(decibel[square], method)
            assert np.array_equal(together[square], alone, equal_nan=True)


@pytest.mark.parametrize("method", [SpeckleFilter.LEE, SpeckleFilter.REFINED_LEE])
def test_bytes_do_not_depend_on_where_the_numbers_lie_in_memory(method: SpeckleFilter) -> None:
    """Sums of NaN and NaN have the bits of one of them, and which one depends on the alignment."""
    random = np.random.default_rng(1)
    band = (10 * np.log10(random.gamma(4.4, 0.02, (90, 130)))).astype(np.float32)
    band[20:40, 30:70] = np.nan
    band[:, 100:103] = -np.float32(np.nan)
    expected = filter_db(band, method)
    assert set(np.unique(expected[np.isnan(expected)].view(np.uint32))) == {0x7FC00000}
    for shift in range(1, 17):
        wide = np.full((96, 160), -np.float32(np.nan), np.float32)
        wide[3:93, shift : shift + 130] = band
        moved = filter_db(wide[3:93, shift : shift + 130], method)
        assert moved.tobytes() == expected.tobytes(), shift
