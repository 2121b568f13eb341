"""Which pixels of a cloud mask show the ground: one definition for the search and for mosaics.

Classes: ESA, Sentinel-2 Level-2A algorithm overview (scene classification). Bits: USGS, Landsat 8-9 Collection 2 Level 2
Science Product Guide (LSDS-1619), table "QA_PIXEL".
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

MASK_BANDS = ("scl", "qa_pixel")
SCL_CLEAR = (2, 4, 5, 6, 7, 11)
"""Dark area, vegetation, bare, water, unclassified, snow: the ground is seen. Not: no data, saturated, shadow, cloud."""
QA_PIXEL_UNCLEAR = 0b11111
"""Bits 0 fill, 1 dilated cloud, 2 cirrus, 3 cloud, 4 cloud shadow."""


def is_clear(band: str, pixels: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Where the ground is seen.

    Parameters
    ----------
    band : str
        ``scl`` or ``qa_pixel``.
    pixels : ndarray of integers
        As stored; -1 where there is none, which is never clear: no class, and all bits set.
    """
    if band == "scl":
        return np.isin(pixels, SCL_CLEAR)
    clear: npt.NDArray[np.bool_] = (pixels & QA_PIXEL_UNCLEAR) == 0
    return clear
