"""A raster's values at places between its pixels: the nearest one, or blended of the four around
(bilinear).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..raster.grid import Window
from .lattice import Lattice, Positions

FloatArray = npt.NDArray[np.float32]
Index = npt.NDArray[np.intp]
ROWS = 16
"""Of a window that are blended at once: all that takes stays in a core's own cache."""


def pick_nearest(
    stored: npt.NDArray[Any], corner: tuple[int, int], lattice: Lattice, window: Window
) -> npt.NDArray[Any]:
    """Numbers of the pixels in which the centres of a window's pixels lie; outside, the nearest
    pixel at the edge.

    Parameters
    ----------
    stored : ndarray, (rows, cols)
        Of a part of the source; of any type.
    corner : (row, col)
        Where that part begins in the source.
    lattice : Lattice
        From the window's raster to the source.
    window : Window

    Returns
    -------
    ndarray, (window.rows, window.cols)
        Of the type of ``stored``.
    """
    height, width = stored.shape
    flat = stored.ravel()
    out = np.empty((window.rows, window.cols), stored.dtype)
    index = np.empty((lattice.step, window.cols), np.intp)
    for strip, rows, cols in lattice.strips(window):
        for one in (rows, cols):
            one += 0.5
            np.floor(one, out=one)
        np.clip(rows, corner[0], corner[0] + height - 1, out=rows)
        np.clip(cols, corner[1], corner[1] + width - 1, out=cols)
        place = index[: len(rows)]
        _put_index(rows, cols, corner, width, place)
        out[strip] = flat.take(place)
    return out


@dataclass(frozen=True, eq=False)
class Fours:
    """For each pixel of some rows of a window the four pixels of the source around its centre, and
    where between them it lies.
    """

    strip: slice
    """Rows of the window."""
    index: Index
    """Of the upper left one in the flattened part of the source."""
    y: FloatArray
    """From 0, in its row, to 1, in the row below."""
    x: FloatArray


def find_fours(
    shape: tuple[int, int], corner: tuple[int, int], lattice: Lattice, window: Window
) -> list[Fours]:
    """Sources of a window's values: the same for all bands of a grid.

    Parameters
    ----------
    shape : (rows, cols)
        Of a part of the source. It must reach a pixel farther than the window, or over the source's
        edge.
    corner, lattice, window
        As for :func:`pick_nearest`.
    """
    low, high = corner, (corner[0] + shape[0] - 2, corner[1] + shape[1] - 2)
    least_row, least_col, most_row, most_col = (
        math.floor(place) for place in lattice.bounds(window)
    )
    inside = (
        least_row >= low[0] and least_col >= low[1] and most_row <= high[0] and most_col <= high[1]
    )
    # Room for all at once: each strip's own would be zeroed by the system, which takes longer than
    # all that is computed here.
    index = np.empty((window.rows, window.cols), np.intp)
    between = np.empty((2, window.rows, window.cols), np.float32)
    room = np.empty((2, lattice.step, window.cols))
    fours = []
    for strip, rows, cols in lattice.strips(window):
        top, left = room[:, : len(rows)]
        np.floor(rows, out=top)
        np.floor(cols, out=left)
        if not inside:
            np.clip(top, low[0], high[0], out=top)
            np.clip(left, low[1], high[1], out=left)
        y, x = between[:, strip]
        np.subtract(rows, top, out=y, casting="same_kind")
        np.subtract(cols, left, out=x, casting="same_kind")
        _put_index(top, left, corner, shape[1], index[strip])
        for row in range(strip.start, strip.stop, ROWS):
            few = slice(row, min(row + ROWS, strip.stop))
            fours.append(Fours(few, index[few], *between[:, few]))
    return fours


def blend(values: FloatArray, places: Sequence[Fours]) -> FloatArray:
    """Bilinear interpolation that leaves out what has no data.

    A pixel has data where the source's pixel in which its centre lies has (as for GDAL's warper):
    holes neither grow nor shrink. Of the four around those with data count, by their shares. A
    value depends on these four alone, not on the window.

    Parameters
    ----------
    values : ndarray, (rows, cols), float32
        Of the part of the source, NaN = no data, and beyond the source's edge.
    places : sequence of Fours
        From top to bottom.

    Returns
    -------
    ndarray, (rows, cols) of the window, float32
    """
    flat, width = values.ravel(), values.shape[1]
    out = np.empty((places[-1].strip.stop, places[0].index.shape[1]), np.float32)
    most = max(len(four.index) for four in places)
    room = np.empty((2, most, out.shape[1]), np.float32)
    for four in places:
        _blend_strip(flat, width, four, out[four.strip], room[:, : len(four.index)])
    return out


def _blend_strip(
    flat: FloatArray, width: int, four: Fours, made: FloatArray, room: FloatArray
) -> None:
    """Values of a strip, put into ``made``.

    Parameters
    ----------
    room : ndarray, (2, rows, cols)
        For what is needed meanwhile.
    """
    index, y, x = four.index, four.y, four.x
    below, other = room
    # "clip": all four lie in the part, see find_fours; "raise" would make copies.
    flat.take(index, out=made, mode="clip")
    flat[1:].take(index, out=other, mode="clip")
    other -= made
    other *= x
    made += other
    flat[width:].take(index, out=below, mode="clip")
    flat[width + 1 :].take(index, out=other, mode="clip")
    other -= below
    other *= x
    below += other
    below -= made
    below *= y
    made += below
    broken = np.flatnonzero(np.isnan(made))
    if broken.size:
        made.ravel()[broken] = _mended(
            flat, index.ravel()[broken], width, y.ravel()[broken], x.ravel()[broken]
        )


def _mended(flat: FloatArray, index: Index, width: int, y: FloatArray, x: FloatArray) -> FloatArray:
    """Values where one of the four has no data; NaN where it is the nearest one, as it is beyond
    the source's edge.
    """
    out = np.full(index.shape, np.nan, np.float32)
    nearest = index + (y >= 0.5) * width + (x >= 0.5)
    kept = np.flatnonzero(np.isfinite(flat.take(nearest)))
    index, y, x = index[kept], y[kept], x[kept]
    total, weight = np.zeros(kept.shape, np.float32), np.zeros(kept.shape, np.float32)
    for offset, share in (
        (0, (1 - y) * (1 - x)),
        (1, (1 - y) * x),
        (width, y * (1 - x)),
        (width + 1, y * x),
    ):
        one = flat.take(index + offset)
        there = np.isfinite(one)
        total += np.where(there, one, 0) * share
        weight += np.where(there, share, 0)
    out[kept] = total / weight  # of the nearest at least a quarter
    return out


def _put_index(
    rows: Positions, cols: Positions, corner: tuple[int, int], width: int, out: Index
) -> None:
    """Positions in the flattened part; whole numbers, which are exact as floating ones. ``rows``
    is used up.
    """
    rows *= width
    rows += cols
    rows -= corner[0] * width + corner[1]
    np.copyto(out, rows, casting="unsafe")
