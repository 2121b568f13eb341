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

import numpy as np
import numpy.typing as npt

from ..enums import StrEnum
from .kernel import FloatArray

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Sums = Callable[[Bools, Floats], "tuple[Floats, Floats, Floats]"]


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
STRIP = 32
"""Rows at a time."""
# of an edge: three of the nine means each, (row, column) from the pixel; the one in the middle is
# nearest to it
_SIDES = (
    (((-1, -1), (0, -1), (1, -1)), ((-1, 1), (0, 1), (1, 1))),
    (((-1, -1), (-1, 0), (-1, 1)), ((1, -1), (1, 0), (1, 1))),
    (((-1, 0), (-1, -1), (0, -1)), ((1, 0), (1, 1), (0, 1))),
    (((-1, 0), (-1, 1), (0, 1)), ((1, 0), (1, -1), (0, -1))),
)


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


def _by_strips(power: Floats, sums: Sums, looks: float) -> Floats:
    """A few rows at a time, so that what passes between the steps stays in the processor's cache:
    three times as fast.
    """
    padded = np.pad(power, HALO, constant_values=np.nan)
    out = np.empty(power.shape)
    for row in range(0, power.shape[0], STRIP):
        part = padded[row : row + STRIP + 2 * HALO]
        known = ~np.isnan(part)
        value = part if known.all() else np.where(known, part, 0.0)
        count, total, squares = sums(known, value)
        out[row : row + STRIP] = _estimate(
            part[HALO:-HALO, HALO:-HALO], count, total, squares, looks
        )
    return out


def _estimate(power: Floats, count: Floats, total: Floats, squares: Floats, looks: float) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / count
        variance = squares / count - mean * mean
        signal = np.maximum((variance - mean * mean / looks) / (1 + 1 / looks), 0)
        weight = np.where(variance > 0, np.minimum(signal / variance, 1), 0)
        return np.asarray(mean + weight * (power - mean))  # NaN where the pixel is


def _box_sums(known: Bools, value: Floats) -> tuple[Floats, Floats, Floats]:
    """Number of values, their sum and that of their squares in each window."""
    height, width = (size - 2 * HALO for size in value.shape)

    def box(numbers: Floats) -> Floats:
        return _cols(_rows(numbers, range(WINDOW), height), range(WINDOW), width)

    count = (
        np.full((height, width), float(WINDOW**2)) if known.all() else box(known.astype(np.float64))
    )
    return count, box(value), box(value * value)


def _half_sums(known: Bools, value: Floats) -> tuple[Floats, Floats, Floats]:
    """Sums like those of :func:`_box_sums`, of the half window on the pixel's side of the edge."""
    side = _choose_side(known, value)

    def chosen(numbers: Floats) -> Floats:
        out = np.empty(side.shape)
        for number, half in enumerate(_halves(numbers)):
            np.copyto(out, half, where=side == number)
        return out

    count = np.full(side.shape, float(HALF)) if known.all() else chosen(known.astype(np.float64))
    return count, chosen(value), chosen(value * value)


def _halves(numbers: Floats) -> list[Floats]:
    """Sums over the eight halves of the window, in the order of :func:`_choose_side`: each with the
    line of the edge itself.
    """
    height, width = (size - 2 * HALO for size in numbers.shape)
    low, high, whole = range(HALO + 1), range(HALO, WINDOW), range(WINDOW)
    down = _rows(numbers, whole, height)
    sides = [_cols(down, low, width), _cols(down, high, width)]
    sides += [_cols(_rows(numbers, part, height), whole, width) for part in (low, high)]
    corners = [np.zeros((height, width)) for _ in range(4)]
    from_left, from_right = np.zeros((numbers.shape[0], width)), np.zeros((numbers.shape[0], width))
    for step in whole:  # the rows of the triangles, one pixel more in each
        last = WINDOW - 1 - step
        from_left += numbers[:, step : step + width]
        from_right += numbers[:, last : last + width]
        corners[0] += from_left[
            last : last + height
        ]  # upper left: its uppermost row is the whole window's
        corners[1] += from_right[step : step + height]  # lower right
        corners[2] += from_right[last : last + height]  # upper right
        corners[3] += from_left[step : step + height]  # lower left
    return sides + corners


def _choose_side(there: Bools, value: Floats) -> npt.NDArray[np.int8]:
    """Number of the half of the window on the pixel's own side of the edge: left, right, upper,
    lower, then the corners.
    """
    height, width = (size - 2 * HALO for size in value.shape)

    def near(one: Floats) -> Floats:
        return _cols(_rows(one, range(3), height + 4), range(3), width + 4)

    total, count = near(value), None if there.all() else near(there.astype(np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / (9.0 if count is None else count)
    own = mean[2:-2, 2:-2]

    def at(y: int, x: int) -> Floats:
        seen = mean[2 + 2 * y : 2 + 2 * y + height, 2 + 2 * x : 2 + 2 * x + width]
        if count is None:
            return np.asarray(seen, np.float64)
        return np.asarray(
            np.where(np.isnan(seen), own, seen), np.float64
        )  # where nothing is known there is no edge

    steepest, side = np.full(own.shape, -1.0), np.zeros(own.shape, np.int8)
    for number, (one, other) in enumerate(_SIDES):
        first, second = ([at(y, x) for y, x in half] for half in (one, other))
        steep = np.abs((first[0] + first[1] + first[2]) - (second[0] + second[1] + second[2]))
        farther = np.abs(first[1] - own) > np.abs(second[1] - own)
        np.copyto(side, (2 * number + farther).astype(np.int8), where=steep > steepest)
        np.fmax(steepest, steep, out=steepest)
    return side


def _rows(values: Floats, offsets: range, height: int) -> Floats:
    """Sums of rows: out[y] = Σ values[y + offset]."""
    out: Floats = values[offsets[0] : offsets[0] + height].copy()
    for offset in offsets[1:]:
        out += values[offset : offset + height]
    return out


def _cols(values: Floats, offsets: range, width: int) -> Floats:
    """Sums of columns: out[:, x] = Σ values[:, x + offset]."""
    out: Floats = values[:, offsets[0] : offsets[0] + width].copy()
    for offset in offsets[1:]:
        out += values[:, offset : offset + width]
    return out
