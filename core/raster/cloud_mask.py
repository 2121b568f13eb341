"""Which pixels of a scene's own mask show the ground: one definition for the search, the algorithms
and their areas.

Classes: ESA, Sentinel-2 Level-2A algorithm overview (scene classification). Bits: USGS, Landsat 8-9
Collection 2 Level 2 Science Product Guide (LSDS-1619), table "QA_PIXEL".
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

MASK_BANDS = ("scl", "qa_pixel")
"""The bands that say it."""
SCL_CLEAR = (2, 4, 5, 6, 7, 11)
"""Dark area, vegetation, bare, water, unclassified, snow: the ground is seen. Not: no data,
saturated, shadow, cloud.
"""
QA_PIXEL_UNCLEAR = 0b11111
"""Bits 0 fill, 1 dilated cloud, 2 cirrus, 3 cloud, 4 cloud shadow."""

SCL_WATER = 6
QA_PIXEL_WATER = 1 << 7


def is_clear(band: str, pixels: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Where a mask says that the ground is seen.

    Parameters
    ----------
    band : str
        ``scl`` or ``qa_pixel``.
    pixels : ndarray, any shape
        Classes; below zero or NaN where there is none, which is never clear.
    """
    codes = (
        pixels
        if pixels.dtype.kind in "iu"
        else np.where(np.isnan(pixels), -1, pixels).astype(np.int32)
    )
    if band == "scl":
        clear = np.zeros(codes.shape, np.bool_)
        for code in SCL_CLEAR:
            clear |= codes == code
        return clear
    found: npt.NDArray[np.bool_] = (codes & QA_PIXEL_UNCLEAR) == 0  # -1 has all bits set
    return found


def is_water(band: str, pixels: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Where a mask says that there is water; arguments as of :func:`is_clear`, never true where
    there is no mask.
    """
    codes = (
        pixels
        if pixels.dtype.kind in "iu"
        else np.where(np.isnan(pixels), 0, pixels).astype(np.int32)
    )
    found: npt.NDArray[np.bool_] = (
        codes == SCL_WATER if band == "scl" else (codes & QA_PIXEL_WATER) != 0
    )
    return found
