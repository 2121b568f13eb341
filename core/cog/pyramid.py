"""The levels of a cloud-optimised GeoTIFF: their sizes, and how each is made from the one below."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..raster.valid import find_missing


def level_shapes(shape: tuple[int, int], block: int) -> list[tuple[int, int]]:
    """(rows, cols) of the full resolution and of its overviews, each half of the one before, until
    one block holds all.
    """
    shapes = [shape]
    while max(shapes[-1]) > block:
        rows, cols = shapes[-1]
        shapes.append((-(-rows // 2), -(-cols // 2)))
    return shapes


def halve(values: npt.NDArray[Any], nodata: float, resampling: str) -> npt.NDArray[Any]:
    """Each 2 x 2 pixels to one.

    Parameters
    ----------
    values : ndarray, (bands, rows, cols), both sides even
        Stored numbers.
    nodata : float
        Left out of averages; a pixel is nodata only where all four are.
    resampling : str
        ``average`` (integers are rounded), or ``nearest``: the upper left pixel, as GDAL takes it.
    """
    if resampling == "nearest":
        return np.array(values[:, ::2, ::2], order="C")
    missing = find_missing(values, nodata)
    wide = (
        np.float64
        if values.dtype.itemsize > 4 or (values.dtype.kind in "iu" and values.dtype.itemsize == 4)
        else np.float32
    )
    if not missing.any():
        sums = _add_pairs(values.astype(wide, copy=False))
        sums *= wide(0.25)
        return _rounded(sums, values.dtype)
    sums = _add_pairs(np.where(missing, wide(0), values))
    counts = _add_pairs((~missing).view(np.uint8))
    empty = counts == 0
    counts[empty] = 1
    sums /= counts
    out = _rounded(sums, values.dtype)
    out[empty] = nodata
    return out


def _add_pairs(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    rows = values[:, 0::2] + values[:, 1::2]
    return np.asarray(rows[:, :, 0::2] + rows[:, :, 1::2])


def _rounded(values: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    return values.astype(dtype, copy=False) if dtype.kind == "f" else np.rint(values).astype(dtype)
