"""Slope from heights."""

from __future__ import annotations

import numpy as np

from ..raster.physical import FloatArray

HALO = 1
"""Pixels around it that a pixel's slope depends on."""


def slope_degrees(heights: FloatArray, cell_m: tuple[float, float]) -> FloatArray:
    """The steepest inclination of the ground, by Horn's weights of the eight neighbours (1981,
    doi:10.1109/PROC.1981.11918).

    Parameters
    ----------
    heights : ndarray of float32, (rows, cols)
        Metres; NaN = unknown.
    cell_m : (float, float)
        Pixel size (x, y) in metres.

    Returns
    -------
    ndarray of float32, (rows, cols)
        Degrees, 0..90; NaN where the pixel or one of its neighbours is unknown or lies beyond the
        array.
    """
    result = np.full(heights.shape, np.nan, np.float32)
    if min(heights.shape) < 3:
        return result
    north, middle, south = heights[:-2], heights[1:-1], heights[2:]
    across = north + 2 * middle + south
    eastward = (across[:, 2:] - across[:, :-2]) / np.float32(8 * cell_m[0])
    down = south - north
    southward = (down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]) / np.float32(8 * cell_m[1])
    inclination = np.degrees(np.arctan(np.hypot(eastward, southward)))
    result[1:-1, 1:-1] = np.where(
        np.isnan(middle[:, 1:-1]), np.float32(np.nan), inclination
    )  # its own height has no weight
    return result
