"""Shift between two bands, in pixels.

The correlation is taken of gradient magnitudes, because neighbouring bands see the same edges with
other, even opposite, brightness. It is computed by Fourier transform with half-whitened amplitudes,
cut off at half the Nyquist frequency so that a 20 m band on a 10 m grid brings nothing but what it
holds. So the surface needs every second pixel only; the peak is refined to a twentieth of a pixel
by matrix Fourier transforms around it.

Sources: Kuglin & Hines (1975), Proc. IEEE Conf. Cybernetics and Society, 163-165 (phase
correlation); Guizar-Sicairos, Thurman & Fienup (2008), doi:10.1364/OL.33.000156 (refinement); half
whitening as in Knapp & Carter (1976), doi:10.1109/TASSP.1976.1162830 (generalised correlation).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
ComplexArray = npt.NDArray[np.complex64]
_Parts = tuple[FloatArray, FloatArray]
"""The real and the imaginary part."""

LEAST_SIDE = 48
"""Pixels; smaller windows hold too few edges."""
CLEAR_PEAK = 9.0
"""Standard deviations of the correlation surface; unrelated windows of 256² pixels reach about 5.
"""
RIDGE = 0.8
"""Share of the peak that the correlation may reach elsewhere in its row and column; unrelated
windows reach about 0.55.
"""
PEAK_WIDTH = 3
"""Steps of the surface that still belong to the peak."""
AGREE_PX = 0.3
CUT_OFF = 0.25
"""Cycles per pixel."""
MOST_PRODUCTS = 250_000
"""Of two numbers, in one multiplication of matrices: OpenBLAS makes a job for threads of more than
262 144 (its ``interface/gemm.c``).
"""
FINE_STEPS = (0.25, 0.025)
"""Pixels; each search reaches ten steps to all sides."""
STEPS = np.arange(-10, 11)


@dataclass(frozen=True)
class Shift:
    """By how much the second band lies off the first."""

    rows: float
    cols: float
    windows: int
    """Windows that say so."""

    @property
    def length(self) -> float:
        """Pixels."""
        return float(np.hypot(self.rows, self.cols))


def edge_spectrum(pixels: FloatArray) -> ComplexArray | None:
    """Fourier transform of a window's edges; None where it is too small or holds nodata or no
    edges.

    Parameters
    ----------
    pixels : ndarray of float32, (rows, cols)
        Physical values, NaN = no data.
    """
    rows, cols = (length // 4 * 4 for length in pixels.shape)
    pixels = pixels[:rows, :cols]
    if min(rows, cols) < LEAST_SIDE or np.isnan(pixels).any():
        return None
    down, across = np.gradient(pixels)
    edges = np.hypot(down, across)
    # one bright roof must not decide: what exceeds the 99th percentile counts as that, which a
    # quarter of the pixels tells as well
    edges = np.minimum(edges, np.percentile(edges[::2, ::2], 99))
    edges -= edges.mean()
    if float(edges.std()) == 0.0:
        return None
    spectrum = _low_frequencies(edges * _taper(rows, cols))
    spectrum[_cut_off(*spectrum.shape)] = 0.0
    return spectrum


# Windows have few shapes: what depends on these alone is computed once.
@lru_cache(maxsize=4)
def _taper(rows: int, cols: int) -> npt.NDArray[Any]:
    """Weights that fall to nothing at a window's edges."""
    taper: npt.NDArray[Any] = np.hanning(rows)[:, np.newaxis] * np.hanning(cols)[np.newaxis, :]
    return taper


@lru_cache(maxsize=4)
def _cut_off(rows: int, cols: int) -> npt.NDArray[np.bool_]:
    """Of a spectrum what lies beyond the cut-off."""
    down_f, across_f = _frequencies((rows, cols))
    beyond: npt.NDArray[np.bool_] = (
        np.hypot(down_f[:, np.newaxis], across_f[np.newaxis, :]) >= CUT_OFF
    )
    return beyond


def _low_frequencies(pixels: npt.NDArray[Any]) -> ComplexArray:
    """The frequencies below the cut-off of a Fourier transform in two dimensions, in its order.

    Of numbers without an imaginary part the transform at (-r, -c) is the conjugate of that at
    (r, c): so only columns of frequencies that are kept, and not negative, are transformed.
    """
    rows, cols = pixels.shape
    right = np.fft.rfft(pixels, axis=1)[:, : cols // 4]
    right = np.fft.fft(right, axis=0)[np.abs(np.fft.fftfreq(rows, 1.0)) < CUT_OFF]
    opposite = -np.arange(right.shape[0]) % right.shape[0]
    left = right[opposite, :0:-1].conj()
    spectrum: ComplexArray = np.concatenate([right, left], axis=1).astype(np.complex64)
    return spectrum


def _frequencies(shape: tuple[int, ...]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Cycles per pixel of the rows and columns of what :func:`edge_spectrum` gives.

    Of n frequencies (a multiple of 4) those below a quarter are n/2 - 1.
    """
    rows, cols = (np.fft.fftfreq(kept, 1 / kept) / (2 * (kept + 1)) for kept in shape)
    return rows, cols


def measure_shift(
    first: Sequence[ComplexArray | None],
    second: Sequence[ComplexArray | None],
    coarseness: float = 1.0,
) -> Shift | None:
    """The shift on which most windows agree; None where the windows do not tell.

    Parameters
    ----------
    first, second : sequence of complex arrays
        :func:`edge_spectrum` of the same windows of two bands.
    coarseness : float
        Pixel size of the coarser band in pixels of the windows: what counts as agreeing grows with
        it.
    """
    usable = [_peak(a, b) for a, b in zip(first, second) if a is not None and b is not None]
    peaks = [peak for peak in usable if peak is not None]
    if not peaks or 2 * len(peaks) < len(usable):
        return None
    shifts = np.array(peaks)
    middle = np.median(shifts, axis=0)
    agreeing = np.hypot(*(shifts - middle).T) <= AGREE_PX * max(1.0, coarseness)
    if 2 * int(agreeing.sum()) <= len(peaks):
        return None
    rows, cols = (float(v) for v in shifts[agreeing].mean(axis=0))
    return Shift(rows, cols, int(agreeing.sum()))


def _peak(first: ComplexArray, second: ComplexArray) -> tuple[float, float] | None:
    cross = second * np.conj(first)
    size = np.abs(cross)
    np.divide(cross, np.sqrt(size), out=cross, where=size > 0)
    surface = _surface(cross)
    spread = float(surface.std())
    row, col = np.unravel_index(int(surface.argmax()), surface.shape)
    if (
        spread == 0.0
        or float(surface[row, col]) / spread < CLEAR_PEAK
        or _is_ridge(surface, int(row), int(col))
    ):
        return None
    position = [
        2.0 * (index if index < size // 2 else index - size)
        for index, size in zip((int(row), int(col)), surface.shape)
    ]
    parts = np.ascontiguousarray(cross.real), np.ascontiguousarray(cross.imag)
    for step in FINE_STEPS:
        position = _refine(parts, position[0], position[1], step)
    return position[0], position[1]


def _surface(cross: ComplexArray) -> npt.NDArray[Any]:
    """The correlation at every second pixel.

    The spectrum is one of real numbers: half of its columns tell all. With a row and a column of
    zeros for the frequency of the cut-off the sides are what Fourier transforms are quick for.
    """
    rows, cols = cross.shape
    half = cross[:, : cols // 2 + 1]
    gap = np.zeros((1, half.shape[1]), half.dtype)
    padded = np.concatenate([half[: rows // 2 + 1], gap, half[rows // 2 + 1 :]])
    surface: npt.NDArray[Any] = np.fft.irfft2(padded, s=(rows + 1, cols + 1))
    return surface


def _is_ridge(surface: npt.NDArray[Any], row: int, col: int) -> bool:
    """True if the correlation is nearly as high far along the peak's row or column: a straight edge
    slides along itself.
    """
    rows, cols = surface.shape
    along = np.abs(np.arange(cols) - col) >= PEAK_WIDTH, np.abs(np.arange(rows) - row) >= PEAK_WIDTH
    beside = max(
        float(surface[row, along[0]].max(initial=0.0)),
        float(surface[along[1], col].max(initial=0.0)),
    )
    return beside > RIDGE * float(surface[row, col])


def _refine(cross: _Parts, row: float, col: float, step: float) -> list[float]:
    """The highest place of the correlation within ten steps of a place."""
    real, imaginary = cross
    steps = STEPS * step
    down, across = (
        _waves(kept, step) * np.exp(2j * np.pi * place * frequencies)
        for kept, place, frequencies in zip(real.shape, (row, col), _frequencies(real.shape))
    )
    both = np.concatenate([down.real, down.imag]).astype(np.float32)
    across = across.T.astype(np.complex64)
    (real_real, imaginary_real), (real_imaginary, imaginary_imaginary) = (
        np.split(_product(both, part), 2) for part in (real, imaginary)
    )
    fine = _product(real_real - imaginary_imaginary, np.ascontiguousarray(across.real))
    fine -= _product(real_imaginary + imaginary_real, np.ascontiguousarray(across.imag))
    at_row, at_col = np.unravel_index(int(fine.argmax()), fine.shape)
    return [float(row + steps[at_row]), float(col + steps[at_col])]


@lru_cache(maxsize=8)
def _waves(kept: int, step: float) -> npt.NDArray[Any]:
    """Waves of all frequencies of a side, (steps, frequencies), at ten steps to both sides."""
    frequencies, _ = _frequencies((kept, 1))
    waves: npt.NDArray[Any] = np.exp(2j * np.pi * np.outer(STEPS * step, frequencies))
    return waves


def _product(first: FloatArray, second: FloatArray) -> FloatArray:
    """Their matrix product, a few columns at a time: of a larger one, and of any of complex
    numbers, BLAS makes a job for threads, which then wait for the next one at full speed, for a
    tenth of a second, on cores that others need.
    """
    out = np.empty((first.shape[0], second.shape[1]), np.float32)
    width = max(1, MOST_PRODUCTS // first.size)
    for begin in range(0, second.shape[1], width):
        columns = slice(begin, begin + width)
        np.matmul(first, second[:, columns], out=out[:, columns])
    return out


def offsets_along_chain(shifts: Sequence[Shift | None]) -> list[tuple[float, float] | None]:
    """Place of each band relative to most of the others, from the shifts between neighbours.

    A band whose neighbours did not tell is None; so are bands cut off from the largest group that
    hangs together.

    Parameters
    ----------
    shifts : sequence of Shift or None
        Between band 1 and 2, 2 and 3 …

    Returns
    -------
    list of (rows, cols) or None
        One for each band, in pixels, relative to the group's median (the lower of the middle two).
    """
    groups: list[list[tuple[int, float, float]]] = [[(0, 0.0, 0.0)]]
    for number, shift in enumerate(shifts, start=1):
        if shift is None:
            groups.append([(number, 0.0, 0.0)])
            continue
        _, row, col = groups[-1][-1]
        groups[-1].append((number, row + shift.rows, col + shift.cols))
    group = max(groups, key=len)
    offsets: list[tuple[float, float] | None] = [None] * (len(shifts) + 1)
    if len(group) < 2:
        return offsets
    middle_row = sorted(row for _, row, _ in group)[(len(group) - 1) // 2]
    middle_col = sorted(col for _, _, col in group)[(len(group) - 1) // 2]
    for number, row, col in group:
        offsets[number] = (row - middle_row, col - middle_col)
    return offsets
