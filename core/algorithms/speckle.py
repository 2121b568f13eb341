"""Speckle filters: the minimum mean square error estimate of backscatter under multiplicative
noise.

Speckle multiplies: z = x v with a mean of v of 1 and a variance of 1 / looks. From the mean m and
the variance s² of a window, var(x) = (s² − m² / looks) / (1 + 1 / looks) and x̂ = m + (z − m)
var(x) / s²: the mean where all the variance is speckle, the pixel itself where most is not (Lee
1980, doi:10.1109/TPAMI.1980.4766994).

All sums are of one fixed order of additions for each pixel, in float64: a running sum would depend
on where a tile begins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ..enums import StrEnum
from .kernel import FloatArray

Floats = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
Numbers = TypeVar("Numbers", Floats, Bytes, Bools)


class SpeckleFilter(StrEnum):
    """Way to smooth speckle."""

    NONE = "none"
    LEE = "lee"
    REFINED_LEE = "refined-lee"


REFERENCES = {
    SpeckleFilter.LEE: "Lee 1980, doi:10.1109/TPAMI.1980.4766994",
    SpeckleFilter.REFINED_LEE: "Lee 1981, doi:10.1016/S0146-664X(81)80018-4",
}
LOOKS = 4.4
"""Equivalent number of looks of Sentinel-1 IW GRD in high resolution (ESA, Sentinel-1 product
definition, S1-RS-MDA-52-7440).
"""
WINDOW = 7
HALO = WINDOW // 2
HALF = WINDOW * (HALO + 1)
"""Pixels in each half of the window."""
STRIP = 24
"""Rows at a time."""
# of an edge: three of the nine means each, which are counted row by row; the one in the middle is
# nearest to the pixel
_EDGES = (
    ((0, 3, 6), (2, 5, 8)),
    ((0, 1, 2), (6, 7, 8)),
    ((1, 0, 3), (7, 8, 5)),
    ((1, 2, 5), (7, 6, 3)),
)
_OWN = 4


def filter_db(backscatter: FloatArray, method: SpeckleFilter) -> FloatArray:
    """A band in dB without much of its speckle; where there is no data there is none after.

    The estimate is of power, not of dB: means of dB are too low by what speckle there is.

    Parameters
    ----------
    backscatter : ndarray of float32, (rows, cols)
        dB, NaN = no data. A pixel depends on those within ``HALO``.
    method : SpeckleFilter

    Returns
    -------
    ndarray of float32, (rows, cols)
        dB.
    """
    if method == SpeckleFilter.NONE:
        return backscatter
    power = np.power(10.0, backscatter.astype(np.float64) / 10)
    smooth = lee(power) if method == SpeckleFilter.LEE else refined_lee(power)
    with np.errstate(divide="ignore", invalid="ignore"):
        smoothed = np.asarray(10 * np.log10(smooth), np.float32)
    # Which of two NaN's bits a sum keeps, its sign among them, depends on where the numbers lie in
    # memory: without this a file had other bytes now and then.
    smoothed[np.isnan(smoothed)] = np.nan
    return smoothed


def filter_squares_db(backscatter: FloatArray, side: int, method: SpeckleFilter) -> FloatArray:
    """The same with each square filtered by itself, as if nothing was known around it.

    Parameters
    ----------
    backscatter : ndarray of float32, (rows, cols)
        As in :func:`filter_db`.
    side : int
        Of the squares, which are counted from the corner.
    method : SpeckleFilter

    Returns
    -------
    ndarray of float32, (rows, cols)
        dB.
    """
    if method == SpeckleFilter.NONE:
        return backscatter
    # All at once, a halo without data between neighbours.
    rows, cols = (np.arange(size) + np.arange(size) // side * HALO for size in backscatter.shape)
    apart = np.full((rows[-1] + 1, cols[-1] + 1), np.nan, np.float32)
    apart[np.ix_(rows, cols)] = backscatter
    return np.asarray(filter_db(apart, method)[np.ix_(rows, cols)], np.float32)


def lee(power: Floats, looks: float = LOOKS) -> Floats:
    """Lee's filter on linear power.

    Parameters
    ----------
    power : ndarray of float64, (rows, cols)
        NaN = no data: such pixels are counted out of their neighbours' windows and stay what they
        are.
    looks : float
        Equivalent number of looks.
    """
    return _by_strips(power, _box_sums, looks)


def refined_lee(power: Floats, looks: float = LOOKS) -> Floats:
    """Lee's refined filter on linear power: the window is the half on the pixel's own side of the
    strongest edge through it.

    The edge is found from nine means of 3 × 3 pixels, two pixels apart (Lee 1981,
    doi:10.1016/S0146-664X(81)80018-4).

    Parameters
    ----------
    power, looks
        As in :func:`lee`.
    """
    return _by_strips(power, _half_sums, looks)


@dataclass(frozen=True)
class _Strip:
    """Some rows with what lies around them, one behind the other: so a pixel's neighbour is always
    as many places away, and each step is one pass over numbers without gaps.

    All places are those of a window's upper left pixel. What a window holds that begins near the
    end of a row and goes on in the next is nonsense, and is left out at last.
    """

    known: Bytes
    """1 or 0."""
    value: Floats
    """0 where there is no data."""
    pitch: int
    """Places from a pixel to the one below."""
    size: int
    """Places of what comes out."""

    def from_corner(self, numbers: Numbers, row: int, col: int) -> Numbers:
        """What lies so far from the upper left pixel of each window."""
        first = row * self.pitch + col
        return numbers[first : first + self.size]


Sums = Callable[[_Strip], "tuple[Bytes, Floats, Floats]"]


def _by_strips(power: Floats, sums: Sums, looks: float) -> Floats:
    """A few rows at a time, so that what passes between the steps stays in the processor's
    cache.
    """
    rows, cols = power.shape
    pitch, more = cols + 2 * HALO, 2 * HALO
    flat = np.full((rows + more) * pitch + more, np.nan)
    padded = flat[:-more].reshape(-1, pitch)
    padded[HALO:-HALO, HALO:-HALO] = power
    out = np.empty(power.shape)
    for row in range(0, rows, STRIP):
        height = min(STRIP, rows - row)
        part = flat[row * pitch : (row + height + more) * pitch + more]
        known = ~np.isnan(part)
        strip = _Strip(known.view(np.uint8), np.where(known, part, 0.0), pitch, height * pitch)
        own = strip.from_corner(part, HALO, HALO)
        smooth = _estimate(own, *sums(strip), looks).reshape(height, pitch)
        out[row : row + height] = smooth[:, :cols]
    return out


def _estimate(power: Floats, count: Bytes, total: Floats, squares: Floats, looks: float) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / count
        square = mean * mean
        variance = squares / count
        variance -= square
        square /= looks
        signal = variance - square
        signal /= 1 + 1 / looks
        np.maximum(signal, 0, out=signal)
        signal /= variance
        weight = np.where(variance > 0, np.minimum(signal, 1, out=signal), 0)
        weight *= power - mean
        mean += weight  # NaN where the pixel is
    return mean


def _box_sums(strip: _Strip) -> tuple[Bytes, Floats, Floats]:
    """Number of values, their sum and that of their squares in each window."""

    def box(numbers: Numbers) -> Numbers:
        return _sums(_sums(numbers, WINDOW, strip.pitch), WINDOW, 1)[: strip.size]

    return box(strip.known), box(strip.value), box(strip.value * strip.value)


def _half_sums(strip: _Strip) -> tuple[Bytes, Floats, Floats]:
    """Sums like those of :func:`_box_sums`, of the half window on the pixel's side of the edge."""
    length = strip.size + HALO * strip.pitch + HALO
    # Right and lower halves are the left and upper ones of windows farther on.
    first = np.array([0, HALO, length, length + HALO * strip.pitch, *range(2, 6)])
    first[4:] *= length
    place = first[_choose_side(strip)]
    place += np.arange(strip.size)

    def chosen(numbers: Numbers) -> Numbers:
        return _halves(strip, numbers, length).take(place)

    return chosen(strip.known), chosen(strip.value), chosen(strip.value * strip.value)


def _halves(strip: _Strip, numbers: Numbers, length: int) -> Numbers:
    """Sums over the halves of the window, (6, length), each with the line of the edge itself: left,
    upper, upper left, lower right, upper right, lower left.
    """
    whole, half, pitch, size = range(WINDOW), HALO + 1, strip.pitch, strip.size
    sums: Numbers = np.empty((6, length), numbers.dtype)
    upper = _sums(numbers, half, pitch)
    end = size + 2 * HALO
    down: Numbers = upper[:end] + numbers[half * pitch : half * pitch + end]
    for row in whole[half + 1 :]:
        down += numbers[row * pitch : row * pitch + end]
    _sums(down, half, 1, out=sums[0, : size + HALO])
    _sums(upper, WINDOW, 1, out=sums[1, : size + HALO * pitch])
    end, last = size + 2 * HALO * pitch, WINDOW - 1
    from_left, from_right = numbers[:end].copy(), numbers[last : last + end].copy()
    for step in whole:  # the rows of the triangles, one pixel more in each
        last = WINDOW - 1 - step
        if step:
            from_left += numbers[step : step + end]
            from_right += numbers[last : last + end]
        # upper left: its uppermost row is the whole window's
        rows = ((from_left, last), (from_right, step), (from_right, last), (from_left, step))
        for corner, (lengths, row) in zip(sums[2:, :size], rows):
            if step:
                corner += strip.from_corner(lengths, row, 0)
            else:
                corner[...] = strip.from_corner(lengths, row, 0)
    return sums


def _choose_side(strip: _Strip) -> Bytes:
    """Number of the half of the window on the pixel's own side of the edge: left, right, upper,
    lower, then the corners as in :func:`_halves`.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = _sums(_sums(strip.value, 3, strip.pitch), 3, 1)
        mean /= _sums(_sums(strip.known, 3, strip.pitch), 3, 1)
    nine = _nine(strip, mean)
    with np.errstate(invalid="ignore"):
        side = _strongest(nine)
    empty: Bools = np.isnan(mean)
    near = np.zeros(strip.size, np.bool_)
    for one in _nine(strip, empty):
        near |= one
    near &= strip.from_corner(strip.known, HALO, HALO).view(np.bool_)
    rim = np.flatnonzero(near)
    own = nine[_OWN][rim]
    around = [one[rim] for one in nine]
    # where nothing is known there is no edge
    side[rim] = _strongest([np.where(np.isnan(one), own, one) for one in around])
    return side


def _nine(strip: _Strip, numbers: Numbers) -> list[Numbers]:
    """What lies two pixels apart around the middle of each window, row by row."""
    return [strip.from_corner(numbers, row, col) for row in (0, 2, 4) for col in (0, 2, 4)]


def _strongest(nine: list[Floats]) -> Bytes:
    """The side of each pixel from its nine means."""
    own = nine[_OWN]
    steepest: Floats = np.empty(0)
    side: Bytes = np.empty(0, np.uint8)
    for number, (one, other) in enumerate(_EDGES):
        steep = nine[one[0]] + nine[one[1]]
        steep += nine[one[2]]
        far = nine[other[0]] + nine[other[1]]
        far += nine[other[2]]
        steep -= far
        np.abs(steep, out=steep)
        first, second = (nine[half[1]] - own for half in (one, other))
        np.abs(first, out=first)
        np.abs(second, out=second)
        here = (first > second).view(np.uint8)
        here += np.uint8(2 * number)
        if number:
            here = np.where(steep > steepest, here, side)
            np.maximum(steepest, steep, out=steep)
        steepest, side = steep, here
    return side


def _sums(numbers: Numbers, count: int, step: int, out: Numbers | None = None) -> Numbers:
    """Sums of so many numbers that lie ``step`` places apart, as many as there are or fit."""
    size = len(numbers) - (count - 1) * step if out is None else len(out)
    out = np.add(numbers[:size], numbers[step : step + size], out=out)
    for place in range(2 * step, count * step, step):
        out += numbers[place : place + size]
    return out
