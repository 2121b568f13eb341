"""What a scene's own mask says of each pixel, and the surroundings of clouds, which it often
misses.

Sentinel-2's scene classification (ESA, Sentinel-2 Level-2A Algorithm Theoretical Basis Document,
S2-PDGS-MPC-ATBD-L2A) and Landsat's QA_PIXEL bits (USGS, Landsat 8-9 Collection 2 Level 2 Product
Guide, LSDS-1619) as one set of classes. Of QA_PIXEL the single bits are read: 0 fill, 1 dilated
cloud, 2 cirrus, 3 cloud, 4 shadow, 5 snow, 7 water. Bits 2 to 5 are set only where the confidence
(bits 8-9 cloud, 10-11 shadow, 12-13 snow, 14-15 cirrus: 1 low, 2 medium, 3 high) is high, so that
cloud of medium confidence counts as clear: a dilation takes in a cloud's rim, not a thin cloud on
its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..raster.cloud_mask import is_clear
from ..raster.pixel_area import pixel_size_m
from ..types import Grid
from .kernel import Values

BoolArray = npt.NDArray[np.bool_]
Radius = tuple[float, float]
"""How far a mask is dilated, in pixels: down the rows and along the columns, which differ where
pixels are not square.
"""

NO_DATA, CLEAR, WATER, SNOW, SHADOW, CLOUD = range(6)
"""What :func:`mask_classes` tells apart; ``NO_DATA`` includes saturated and defective pixels."""
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
SEEN = (CLEAR, WATER, SNOW)
"""Classes in which the ground is seen."""
MOST_PIXELS = 1000
"""Of a dilation: tiles get as many pixels around them."""


def mask_classes(band: str, pixels: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """The class of each pixel of a mask.

    Parameters
    ----------
    band : str
        ``scl`` or ``qa_pixel``.
    pixels : ndarray, any shape
        As stored, whole numbers also where they come as float32; NaN or below zero where there is
        none.

    Returns
    -------
    ndarray of uint8
        ``NO_DATA``, ``CLEAR``, ``WATER``, ``SNOW``, ``SHADOW`` or ``CLOUD``. An SCL class that does
        not exist is ``NO_DATA``.
    """
    codes = _whole_numbers(pixels)
    if band == "scl":
        table = np.zeros(
            len(SCL_CLASSES) + 2, np.uint8
        )  # an entry on either side for what is no class
        table[1:-1] = SCL_CLASSES
        classes: npt.NDArray[np.uint8] = table[np.clip(codes, -1, len(SCL_CLASSES)) + 1]
        return classes
    found = np.full(codes.shape, CLEAR, np.uint8)
    for bit, one in QA_PIXEL_BITS:
        found[(codes >> bit) & 1 == 1] = one  # -1 has all bits set, fill among them
    return found


def clear_pixels(values: Values, masks: Sequence[str], radius_px: Radius = (0.0, 0.0)) -> BoolArray:
    """Where every mask says that the ground is seen, and no cloud or shadow of it lies within the
    radius.

    Only cloud and shadow are dilated: what has no data, at a scene's edge or beyond it, says
    nothing of its neighbours.

    Parameters
    ----------
    values : mapping of str to ndarray of float32
        A kernel's.
    masks : sequence of str
        Names in ``values``, the last part of which is the band: ``scl``, ``pre.qa_pixel``. Without
        any, all is clear.
    radius_px : (float, float)
        Of :func:`dilation_radius`; the kernel's halo must be its :func:`dilation_halo`.
    """
    clear = np.ones(next(iter(values.values())).shape, np.bool_)
    for name in masks:
        band, pixels = name.rpartition(".")[2], values[name]
        clear &= is_clear(band, pixels)
        if max(radius_px) >= 1:
            clear &= ~dilate(mask_classes(band, pixels) >= SHADOW, radius_px)
    return clear


def dilate(mask: BoolArray, radius_px: Radius) -> BoolArray:
    """Every pixel whose centre lies within an ellipse around that of a set one; its rim belongs to
    it.

    First the distance to the nearest set pixel of the same row, then each row against those above
    and below: exact as a Euclidean distance is, in one comparison of small whole numbers for each
    row of the ellipse.

    Parameters
    ----------
    mask : ndarray of bool, (rows, cols)
    radius_px : (float, float)
        Half axes of the ellipse: rows, columns. Below 1 in either direction nothing is added there.
    """
    down, along = radius_px
    if max(down, along) < 1 or not mask.any():
        return mask.copy()
    rows = mask.shape[0]
    nearest = _row_distance(mask, math.floor(along) + 1)
    grown = np.zeros_like(mask)
    for step in range(min(math.floor(down), rows - 1) + 1):
        width = along * math.sqrt(1 - (step / down) ** 2) if step else along
        within = nearest <= math.floor(width + 1e-9)  # a rim that rounding would cut off
        grown[step:] |= within[: rows - step]
        if step:
            grown[: rows - step] |= within[step:]
    return grown


def _row_distance(mask: BoolArray, most: int) -> npt.NDArray[np.uint16]:
    """Columns to the nearest set pixel of the row, ``most`` where it is as far or there is none."""
    places = np.arange(mask.shape[1], dtype=np.int32)
    before = np.maximum.accumulate(np.where(mask, places, np.int32(-most)), axis=1)
    after = np.minimum.accumulate(
        np.where(mask, places, np.int32(mask.shape[1] + most))[:, ::-1], axis=1
    )[:, ::-1]
    nearest: npt.NDArray[np.uint16] = np.minimum(
        np.minimum(places - before, after - places), most
    ).astype(np.uint16)
    return nearest


def dilation_radius(metres: float, grid: Grid) -> Radius:
    """A dilation in metres as pixels of a grid; in degrees those of its parallel furthest from the
    equator, so never too few.

    Raises
    ------
    InputError
        If the grid has no reference system, or the dilation is more than ``MOST_PIXELS``.
    """
    if not metres:
        return (0.0, 0.0)
    what = f"Masks cannot be dilated by {metres:g} m"
    size = pixel_size_m(grid)
    if size is None:
        raise InputError(
            what,
            "the stack has no coordinate reference system, so that a pixel has no metres",
            "Leave it out.",
        )
    radius = (metres / size[0], metres / size[1])
    if max(radius) > MOST_PIXELS:
        raise InputError(
            what,
            f"that is {max(radius):.0f} pixels, and {MOST_PIXELS} are the most",
            "Choose a shorter distance.",
        )
    return radius


def dilation_halo(radius_px: Radius) -> int:
    """The halo that a kernel needs for it."""
    return math.floor(max(radius_px) + 1e-9) if max(radius_px) >= 1 else 0


def _whole_numbers(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if pixels.dtype.kind == "f":
        return np.where(np.isnan(pixels), -1, pixels).astype(np.int32)
    return pixels.astype(np.int32) if pixels.dtype.itemsize < 4 else pixels
