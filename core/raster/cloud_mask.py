"""Classes of a scene's own mask: one table for the search, the mosaics and the algorithms.

Sentinel-2's scene classification (ESA, Sentinel-2 Level-2A Algorithm Theoretical Basis Document,
S2-PDGS-MPC-ATBD-L2A) and Landsat's QA_PIXEL bits (USGS, Landsat 8-9 Collection 2 Level 2 Product
Guide, LSDS-1619) as one set of classes. Of QA_PIXEL the single bits are read: 0 fill, 1 dilated
cloud, 2 cirrus, 3 cloud, 4 shadow, 5 snow, 7 water. Bits 2 to 5 are set only where the confidence
(bits 8-9 cloud, 10-11 shadow, 12-13 snow, 14-15 cirrus: 1 low, 2 medium, 3 high) is high, so that
cloud of medium confidence counts as clear: a dilation takes in a cloud's rim, not a thin cloud on
its own.

HLS's Fmask (NASA, HLS Product User Guide v2.0; as read by NASA's own hls-vi, which takes cloud,
adjacent and shadow out) are bits, too: 0 cirrus, which is reserved and not set, 1 cloud, 2 adjacent
to cloud or shadow, 3 shadow, 4 snow or ice, 5 water, 6 and 7 aerosol; 255 is fill. Masks of other
makers that bear the name Fmask hold classes, and are none of these. Those of Digital Earth
Australia (``oa_fmask``) are of python-fmask (``OUTCODE_…`` in its ``fmask/fmask.py``): 0 no data,
1 clear, 2 cloud, 3 shadow, 4 snow, 5 water.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

MASK_BANDS = ("scl", "qa_pixel", "fmask", "oa_fmask")
"""The bands that say it."""

NO_DATA, CLEAR, WATER, SNOW, SHADOW, CLOUD = range(6)
"""Classes of :func:`mask_classes`; ``NO_DATA`` includes saturated and defective pixels."""
SCL_CLASSES = (
    NO_DATA,
    NO_DATA,
    CLEAR,
    SHADOW,
    CLEAR,
    CLEAR,
    WATER,
    CLEAR,
    CLOUD,
    CLOUD,
    CLOUD,
    SNOW,
)
"""Of each SCL class 0..11: no data, saturated, dark, cloud shadow, vegetation, bare, water,
unclassified, cloud (medium, high), thin cirrus, snow.
"""
OA_FMASK_CLASSES = (NO_DATA, CLEAR, CLOUD, SHADOW, SNOW, WATER)
CLASS_TABLES = {"scl": SCL_CLASSES, "oa_fmask": OA_FMASK_CLASSES}
"""Masks of classes: the meaning of each, from 0."""
QA_PIXEL_BITS = (
    (7, WATER),
    (5, SNOW),
    (4, SHADOW),
    (3, CLOUD),
    (2, CLOUD),
    (1, CLOUD),
    (0, NO_DATA),
)
"""Bit → class, a later line overrules an earlier one."""
FMASK_BITS = ((5, WATER), (4, SNOW), (3, SHADOW), (2, CLOUD), (1, CLOUD), (0, CLOUD))
"""Of HLS: bit → class, a later line overrules an earlier one."""
FMASK_FILL = 255
BITS = {"qa_pixel": QA_PIXEL_BITS, "fmask": FMASK_BITS}
"""Masks of bits."""
SEEN = (CLEAR, WATER, SNOW)
"""Classes in which the ground is seen."""
CLEAR_CODES = {
    band: tuple(code for code, kind in enumerate(table) if kind in SEEN)
    for band, table in CLASS_TABLES.items()
}
UNCLEAR = {
    band: sum(1 << bit for bit, kind in bits if kind not in SEEN) for band, bits in BITS.items()
}
WATER_CODES = {band: table.index(WATER) for band, table in CLASS_TABLES.items()}
WATER_BITS = {
    band: sum(1 << bit for bit, kind in bits if kind == WATER) for band, bits in BITS.items()
}


def mask_classes(band: str, pixels: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """The class of each pixel of a mask.

    Parameters
    ----------
    band : str
        One of ``MASK_BANDS``.
    pixels : ndarray, any shape
        As stored, whole numbers also where they come as float32; NaN or below zero where there is
        none.

    Returns
    -------
    ndarray of uint8
        ``NO_DATA``, ``CLEAR``, ``WATER``, ``SNOW``, ``SHADOW`` or ``CLOUD``. A class that does not
        exist is ``NO_DATA``.
    """
    codes = _whole_numbers(pixels)
    if band in CLASS_TABLES:
        kinds = CLASS_TABLES[band]
        # an entry on either side for what is no class
        table = np.array([NO_DATA, *kinds, NO_DATA], np.uint8)
        looked_up: npt.NDArray[np.uint8] = table[np.clip(codes, -1, len(kinds)) + 1]
        return looked_up
    classes = np.full(codes.shape, CLEAR, np.uint8)
    for bit, kind in BITS[band]:
        classes[(codes >> bit) & 1 == 1] = kind  # -1 has all bits set, fill among them
    if band == "fmask":
        classes[(codes == FMASK_FILL) | (codes < 0)] = NO_DATA
    return classes


def is_clear(band: str, pixels: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Mark where a mask says that the ground is seen: a class of ``SEEN``, without telling which.

    Parameters
    ----------
    band : str
        One of ``MASK_BANDS``.
    pixels : ndarray, any shape
        Classes; below zero or NaN where there is none, which is never clear.
    """
    codes = pixels if pixels.dtype.kind in "iu" else _whole_numbers(pixels)
    if band in CLASS_TABLES:
        clear = np.zeros(codes.shape, np.bool_)
        for code in CLEAR_CODES[band]:
            clear |= codes == code
        return clear
    seen: npt.NDArray[np.bool_] = (codes & UNCLEAR[band]) == 0  # -1 and fill have all bits set
    return seen


def is_water(band: str, pixels: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Mark where a mask says that there is water, never where there is no mask.

    Parameters
    ----------
    band, pixels
        As of :func:`is_clear`.
    """
    codes = (
        pixels
        if pixels.dtype.kind in "iu"
        else np.where(np.isnan(pixels), 0, pixels).astype(np.int32)
    )
    if band in CLASS_TABLES:
        return np.asarray(codes == WATER_CODES[band])
    water: npt.NDArray[np.bool_] = (codes & WATER_BITS[band]) != 0
    return water & (codes != FMASK_FILL) & (codes >= 0) if band == "fmask" else water


def _whole_numbers(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if pixels.dtype.kind == "f":
        return np.where(np.isnan(pixels), -1, pixels).astype(np.int32)
    return pixels.astype(np.int32) if pixels.dtype.itemsize < 4 else pixels
