"""The shift between bands: known shifts are measured, unrelated bands tell nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from firstlight.core.validation.shift import (
    CUT_OFF,
    Shift,
    _frequencies,
    _low_frequencies,
    _product,
    _surface,
    edge_spectrum,
    measure_shift,
    offsets_along_chain,
)
from support.landscapes import landscape


def windows(data: Any, side: int = 256) -> list[Any]:
    places = ((100, 100), (100, 700), (700, 100), (700, 700))
    return [edge_spectrum(data[r : r + side, c : c + side].astype(np.float32)) for r, c in places]


LAND = landscape("fields", 1024, 11)


def moved(data: Any, rows: float, cols: float) -> Any:
    """Shifted by the Fourier theorem: exact for any fraction, and another way than the one that is
    tested.
    """
    fy, fx = np.fft.fftfreq(data.shape[0])[:, None], np.fft.fftfreq(data.shape[1])[None, :]
    return np.fft.ifft2(
        np.fft.fft2(data.astype(np.float64)) * np.exp(-2j * np.pi * (fy * rows + fx * cols))
    ).real


@pytest.mark.parametrize(
    "shift", [(0, 0), (0.5, 0), (0, -0.5), (0.3, 0.7), (-3.25, 8.5), (20, 0), (-20, 20), (40, -55)]
)
@pytest.mark.parametrize(("one", "other"), [("blue", "green"), ("red", "nir"), ("nir", "swir16")])
def test_a_known_shift_is_measured(one: str, other: str, shift: tuple[float, float]) -> None:
    found = measure_shift(windows(LAND[one]), windows(moved(LAND[other], *shift)))
    assert found is not None
    assert (found.rows, found.cols) == pytest.approx(shift, abs=0.12)
    assert found.length == pytest.approx(np.hypot(*shift), abs=0.12)


@pytest.mark.parametrize(("side", "error"), [(64, 0.25), (128, 0.15), (200, 0.15), (256, 0.1)])
def test_small_windows_measure_too(side: int, error: float) -> None:
    found = measure_shift(windows(LAND["red"], side), windows(moved(LAND["nir"], 0.5, 0), side))
    assert found is not None
    assert (found.rows, found.cols) == pytest.approx((0.5, 0), abs=error)


@pytest.mark.thorough
def test_unrelated_bands_tell_nothing() -> None:
    for seed in range(2):
        other = landscape("fields", 1024, 100 + seed)["nir"]
        assert measure_shift(windows(LAND["nir"]), windows(other)) is None


def test_noise_tells_nothing() -> None:
    one, other = (np.random.default_rng(seed).normal(0, 1, (1024, 1024)) for seed in (1, 2))
    assert measure_shift(windows(one), windows(other)) is None


def test_windows_that_disagree_tell_nothing() -> None:
    one = windows(LAND["red"])
    other = [
        windows(moved(LAND["nir"], shift, 0))[place] for place, shift in enumerate((0, 4, -7, 11))
    ]
    assert measure_shift(one, other) is None


@pytest.mark.parametrize(
    "data", [np.full((256, 256), np.nan), np.full((256, 256), 3.0), np.zeros((40, 40))]
)
def test_what_holds_no_edges_has_no_spectrum(data: Any) -> None:
    assert edge_spectrum(data.astype(np.float32)) is None


def test_one_band_off_is_told_from_the_others() -> None:
    still, there, back = Shift(0, 0, 4), Shift(0.5, 1, 4), Shift(-0.5, -1, 4)
    assert offsets_along_chain([still, there, back, still]) == [
        (0, 0),
        (0, 0),
        (0.5, 1),
        (0, 0),
        (0, 0),
    ]
    assert offsets_along_chain([still, still, there]) == [(0, 0), (0, 0), (0, 0), (0.5, 1)]


def test_bands_whose_neighbours_do_not_tell_are_left_out() -> None:
    still = Shift(0, 0, 4)
    assert offsets_along_chain([None, still, still]) == [None, (0, 0), (0, 0), (0, 0)]
    assert offsets_along_chain([None, None]) == [None, None, None]
    assert offsets_along_chain([]) == [None]


@pytest.mark.parametrize("shape", [(256, 256), (64, 48), (52, 128)])
def test_the_low_frequencies_are_those_of_the_whole_transform(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(3).normal(size=shape)
    kept = [np.abs(np.fft.fftfreq(length, 1.0)) < CUT_OFF for length in shape]
    whole = np.fft.fft2(pixels)[kept[0]][:, kept[1]]
    assert np.allclose(_low_frequencies(pixels), whole, atol=1e-4)


def test_the_surface_is_the_correlation_at_every_second_pixel() -> None:
    first, second = windows(LAND["red"])[0], windows(moved(LAND["nir"], 3, -5))[0]
    cross = second * first.conj()
    surface = _surface(cross)
    down, across = (np.exp(2j * np.pi * waves) for waves in _frequencies(cross.shape))
    for row, col in ((0, 0), (1, 2), (60, 3), (surface.shape[0] - 1, surface.shape[1] - 2)):
        wanted = (down[:, None] ** (2 * row) * across[None, :] ** (2 * col) * cross).sum().real
        assert surface[row, col] == pytest.approx(wanted / surface.size, rel=1e-4, abs=1e-9)


@pytest.mark.parametrize("shape", [(42, 127, 127), (21, 255, 21), (1, 31, 500), (42, 9000, 3)])
def test_a_product_in_pieces_is_the_product(shape: tuple[int, int, int]) -> None:
    rows, inner, cols = shape
    random = np.random.default_rng(3)
    first = random.normal(size=(rows, inner)).astype(np.float32)
    second = random.normal(size=(inner, cols)).astype(np.float32)
    wanted = first.astype(np.float64) @ second.astype(np.float64)
    assert np.allclose(_product(first, second), wanted, rtol=1e-3, atol=1e-3)
