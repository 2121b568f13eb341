"""A raster's values at places between its pixels: the nearest one, or blended of the four around (bilinear)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from .grid import Window
from .lattice import Lattice, Places

FloatArray = npt.NDArray[np.float32]
Index = npt.NDArray[np.intp]


def pick_nearest(stored: npt.NDArray[Any], corner: tuple[int, int], lattice: Lattice, window: Window) -> npt.NDArray[Any]:
    """Numbers of the pixels in which the centres of a window's pixels lie; outside, the nearest pixel at the edge.

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
    for strip, rows, cols in lattice.strips(window):
        rows, cols = np.floor(rows + 0.5), np.floor(cols + 0.5)
        np.clip(rows, corner[0], corner[0] + height - 1, out=rows)
        np.clip(cols, corner[1], corner[1] + width - 1, out=cols)
        out[strip] = flat.take(_index(rows, cols, corner, width))
    return out


def blend(values: FloatArray, corner: tuple[int, int], lattice: Lattice, window: Window) -> FloatArray:
    """Bilinear interpolation that leaves out what has no data.

    A pixel has data where the source's pixel in which its centre lies has (as for GDAL's warper): holes neither grow nor shrink.
    Of the four around those with data count, by their shares. A value depends on these four alone, not on the window.

    Parameters
    ----------
    values : ndarray, (rows, cols), float32
        Of a part of the source, NaN = no data. It must reach a pixel farther than the window, or over the source's edge with NaN.
    corner, lattice, window
        As for :func:`pick_nearest`.

    Returns
    -------
    ndarray, (window.rows, window.cols), float32
    """
    height, width = values.shape
    flat = values.ravel()
    low, high = corner, (corner[0] + height - 2, corner[1] + width - 2)
    least_row, least_col, most_row, most_col = (math.floor(place) for place in lattice.bounds(window))
    inside = least_row >= low[0] and least_col >= low[1] and most_row <= high[0] and most_col <= high[1]
    out = np.empty((window.rows, window.cols), np.float32)
    for strip, rows, cols in lattice.strips(window):
        top, left = np.floor(rows), np.floor(cols)
        if not inside:
            np.clip(top, low[0], high[0], out=top)
            np.clip(left, low[1], high[1], out=left)
        rows -= top
        cols -= left
        index = _index(top, left, corner, width)
        out[strip] = _blended(flat, index, width, rows, cols)
    return out


def _blended(flat: FloatArray, index: Index, width: int, rows: Places, cols: Places) -> FloatArray:
    """Of the pixel at the index, and those right of it, below, and both; shares go from 0 to 1."""
    y, x = rows.astype(np.float32), cols.astype(np.float32)
    made: FloatArray = flat.take(index)
    other = flat[1:].take(index)
    other -= made
    other *= x
    made += other
    below = flat[width:].take(index)
    other = flat[width + 1 :].take(index)
    other -= below
    other *= x
    below += other
    below -= made
    below *= y
    made += below
    broken = np.flatnonzero(np.isnan(made))
    if broken.size:
        made.ravel()[broken] = _mended(flat, index.ravel()[broken], width, rows.ravel()[broken], cols.ravel()[broken])
    return made


def _mended(flat: FloatArray, index: Index, width: int, y: Places, x: Places) -> FloatArray:
    """Where one of the four has no data; NaN where it is the nearest one, as it is beyond the source's edge."""
    out = np.full(index.shape, np.nan, np.float32)
    nearest = index + (y >= 0.5) * width + (x >= 0.5)
    kept = np.flatnonzero(np.isfinite(flat.take(nearest)))
    index, y, x = index[kept], y[kept], x[kept]
    total, weight = np.zeros(kept.shape), np.zeros(kept.shape)
    for offset, share in ((0, (1 - y) * (1 - x)), (1, (1 - y) * x), (width, y * (1 - x)), (width + 1, y * x)):
        one = flat.take(index + offset)
        there = np.isfinite(one)
        total += np.where(there, one, 0) * share
        weight += np.where(there, share, 0)
    out[kept] = total / weight  # of the nearest at least a quarter
    return out


def _index(rows: Places, cols: Places, corner: tuple[int, int], width: int) -> Index:
    """Places in the flattened part; whole numbers, which are exact as floating ones."""
    index = rows * width
    index += cols
    index -= corner[0] * width + corner[1]
    return index.astype(np.intp)
