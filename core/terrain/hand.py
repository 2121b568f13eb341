"""HAND: how high each pixel lies above the water course that its water comes to first.

Height above nearest drainage (Rennó et al. 2008, doi:10.1016/j.rse.2008.03.018; Nobre et al. 2011,
doi:10.1016/j.jhydrol.2011.03.051): "nearest" along the way of the water, not as the crow flies.
Drainage is where at least a given area drains through a pixel, and level ground of at least that
area: lakes, reservoirs and the sea.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..raster.physical import FloatArray
from .flow import Flags, Flow, Indexes, route

BYTES_PER_PIXEL = 150
"""Memory at its peak; measured."""


def height_above_drainage(
    heights: FloatArray, cell_m: tuple[float, float], drainage_km2: float
) -> FloatArray:
    """Compute HAND of a whole area: it cannot be done in tiles, because water comes from anywhere.

    Parameters
    ----------
    heights : ndarray of float32, (rows, cols)
        Metres; NaN = unknown.
    cell_m : (float, float)
        Pixel size (x, y) in metres.
    drainage_km2 : float
        Where so much drains through a pixel, a water course begins.

    Returns
    -------
    ndarray of float32, (rows, cols)
        Metres above the drainage, on filled heights and therefore never negative; NaN where there
        is no height and where the water leaves the raster before it comes to any drainage: its
        drainage is not known.
    """
    flow = route(heights, cell_m)
    pixel_km2 = cell_m[0] * cell_m[1] / 1e6
    least = drainage_km2 / pixel_km2
    drains = (accumulate(flow.receiver) >= least) & np.isfinite(heights).ravel()
    drains |= _standing_water(flow, least)
    return _above(flow, drains).reshape(heights.shape)


def accumulate(receiver: Indexes) -> npt.NDArray[np.int32]:
    """Number of pixels that drain through each one, itself included."""
    amount = np.ones(receiver.size, np.int32)
    steps = _steps(receiver)
    order = np.argsort(steps, kind="stable").astype(np.int32)
    bounds = np.cumsum(np.bincount(steps))
    for begin, end in zip(bounds[-2::-1], bounds[:0:-1]):  # the farthest first
        pixels = order[begin:end]
        np.add.at(amount, receiver[pixels], amount[pixels])
    return amount


def _steps(receiver: Indexes) -> npt.NDArray[np.int32]:
    """Number of steps from each pixel to the end of its way."""
    steps: npt.NDArray[np.int32] = (receiver != np.arange(receiver.size, dtype=np.int32)).astype(
        np.int32
    )
    end = receiver
    while True:
        ahead = steps[end]
        if not ahead.any():
            return steps
        steps += ahead
        end = end[end]


def _standing_water(flow: Flow, least: float) -> Flags:
    large = np.bincount(flow.flat) >= least
    large[0] = False
    standing: Flags = large[flow.flat]
    return standing


def _above(flow: Flow, drains: Flags) -> FloatArray:
    """Heights above the first pixel of ``drains`` on the way."""
    own = np.arange(drains.size, dtype=np.int32)
    target = np.where(drains, own, flow.receiver)
    while True:
        further = target[target]
        if np.array_equal(further, target):
            break
        target = further
    filled = flow.filled.ravel()
    result: FloatArray = filled - filled[target]
    result[~drains[target]] = np.nan
    return result
