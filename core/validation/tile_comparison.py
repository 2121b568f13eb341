"""Compare pixels at full size with the overview of the same place: can both show the same thing."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..raster.valid import find_missing

Pixels = npt.NDArray[Any]

LEAST_SIDE = 4
"""Overview pixels a side, without the rim, that are enough to compare."""
RIM = 16
"""Of the overview a share of 1/16 along each edge is left out, at least a pixel: it shows a little
of the neighbours, too.
"""
OVERSHOOT = 0.25
"""By how much of the range of the pixels around an overview may lie beyond them: the negative lobes
of cubic and lanczos kernels.
"""
FAR_OVERSHOOT = 0.05
"""The same in places around, as a share of the range of all pixels."""
MOST_OUTSIDE, MOST_OUTSIDE_PX = 0.02, 3
"""Share, and number of pixels, of the overview that may lie outside of the range of the pixels that
it stands for; of sound files, whatever their method, 0.4 % at most were seen.
"""


def pixels_disagree(pixels: Pixels, overview: Pixels, nodata: float | None) -> bool:
    """True if full-size pixels and their overview cannot show the same thing.

    Whatever the method of the overview, it keeps the mean, and each pixel of it lies between the
    least and the greatest of those around its place. So it takes a mean that is off by half a
    standard deviation and 5 %, 2 % of the overview outside of what its pixels hold, or nodata in
    place of data. A calm lake beside rough land, where a tile is of one value, is neither.

    Parameters
    ----------
    pixels, overview : ndarray, (rows, cols)
        Stored numbers of the same place; the overview has fewer.
    """
    if float(_valid(overview, nodata).mean()) < 0.9:
        return False
    if float(_valid(pixels, nodata).mean()) < 0.5:
        return True
    rows, cols = (max(1, side // RIM) for side in overview.shape)
    if min(overview.shape[0] - 2 * rows, overview.shape[1] - 2 * cols) < LEAST_SIDE:
        return False
    inner = (slice(rows, -rows), slice(cols, -cols))
    low, high = _ranges(pixels, overview.shape, nodata)
    full, shown = _inner_pixels(pixels, overview.shape, (rows, cols), nodata), overview[inner]
    shown, low, high = (
        part[_valid(overview[inner], nodata)] for part in (shown, low[inner], high[inner])
    )
    return bool(full.size) and (
        _level_is_off(full, shown) or _is_outside(shown.astype(np.float64), low, high)
    )


def _valid(pixels: Pixels, nodata: float | None) -> Pixels:
    good: Pixels = ~find_missing(pixels, nodata)
    return good


def _step(pixels: Pixels) -> float:
    """Least difference that counts: of whole numbers 1, of others what float32 may round."""
    return 1.0 if pixels.dtype.kind in "iu" else 1e-5 * float(np.abs(pixels).max(initial=0.0))


def _inner_pixels(
    pixels: Pixels, shape: tuple[int, ...], rim: tuple[int, int], nodata: float | None
) -> Pixels:
    """Pixels with data below the overview without its rim."""
    (down, across), (rows, cols) = _steps(pixels.shape, shape), rim
    top, left = round(rows * down), round(cols * across)
    inner = pixels[top : pixels.shape[0] - top, left : pixels.shape[1] - left]
    return inner[_valid(inner, nodata)]


def _steps(shape: tuple[int, ...], smaller: tuple[int, ...]) -> tuple[float, float]:
    return shape[0] / smaller[0], shape[1] / smaller[1]


def _level_is_off(full: Pixels, shown: Pixels) -> bool:
    step = 2 * _step(full)
    full, shown = full.astype(np.float64), shown.astype(np.float64)
    mean = float(shown.mean())
    most = 0.5 * float(full.std()) + 0.05 * abs(mean) + step
    # A few bright points move a mean, a shore in the middle moves a median; damage moves both.
    return (
        abs(float(full.mean()) - mean) > most
        and abs(float(np.median(full)) - float(np.median(shown))) > most
    )


def _is_outside(shown: Pixels, low: Pixels, high: Pixels) -> bool:
    """True if too much of the overview lies beyond the pixels around; where these have no data,
    nothing is said.
    """
    known = np.isfinite(low) & np.isfinite(high)
    if not known.any():
        return False
    shown, low, high = shown[known], low[known], high[known]
    over = np.maximum(OVERSHOOT * (high - low), FAR_OVERSHOOT * (high.max() - low.min()))
    outside = int(((shown < low - over) | (shown > high + over)).sum())
    return outside > max(MOST_OUTSIDE_PX, MOST_OUTSIDE * shown.size)


def _ranges(pixels: Pixels, shape: tuple[int, ...], nodata: float | None) -> tuple[Pixels, Pixels]:
    """Least and greatest of the pixels under each pixel of the overview and its eight neighbours,
    widened by a step; infinite where they have no data.
    """
    valid = _valid(pixels, nodata)
    if valid.all():  # as they are: a third of the time of numbers with infinite ones
        lower = upper = pixels
    else:
        lower, upper = (np.where(valid, pixels, beyond) for beyond in (np.inf, -np.inf))
    step = _step(pixels[valid])
    least = _around(lower, shape, np.minimum).astype(np.float64) - step
    greatest = _around(upper, shape, np.maximum).astype(np.float64) + step
    return least, greatest


def _around(values: Pixels, shape: tuple[int, ...], choose: Any) -> Pixels:
    """The chosen one of the pixels under each pixel of the overview and its eight neighbours."""
    for axis, (step, count) in enumerate(zip(_steps(values.shape, shape), shape)):
        starts = np.minimum((np.arange(count) * step).astype(int), values.shape[axis] - 1)
        values = choose.reduceat(values, starts, axis=axis)
    padded = np.pad(values, 1, mode="edge")
    for axis in (0, 1):
        length = padded.shape[axis] - 2
        parts = [padded.take(range(start, start + length), axis) for start in range(3)]
        padded = choose(choose(parts[0], parts[1]), parts[2])
    return padded
