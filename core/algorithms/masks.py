"""Ground that every mask shows, without the surroundings of clouds, which masks often miss."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..raster.cloud_mask import SHADOW, is_clear, mask_classes
from ..raster.pixel_area import pixel_size_m
from ..types import Grid
from .kernel import Values

BoolArray = npt.NDArray[np.bool_]
Radius = tuple[float, float]
"""Dilation of a mask in pixels: down the rows and along the columns, which differ where pixels are
not square.
"""

MOST_PIXELS = 1000
"""Maximum dilation: tiles get as many pixels around them."""


def clear_pixels(values: Values, masks: Sequence[str], radius_px: Radius = (0.0, 0.0)) -> BoolArray:
    """Pixels where every mask sees the ground, and has no cloud or shadow within the radius.

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
        return np.array(mask)
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
    columns = np.arange(mask.shape[1], dtype=np.int32)
    before = np.maximum.accumulate(np.where(mask, columns, np.int32(-most)), axis=1)
    after = np.minimum.accumulate(
        np.where(mask, columns, np.int32(mask.shape[1] + most))[:, ::-1], axis=1
    )[:, ::-1]
    nearest: npt.NDArray[np.uint16] = np.minimum(
        np.minimum(columns - before, after - columns), most
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
    failure = f"Masks cannot be dilated by {metres:g} m"
    size = pixel_size_m(grid)
    if size is None:
        raise InputError(
            failure,
            "the stack has no coordinate reference system, so that a pixel has no metres",
            "Leave it out.",
        )
    radius = (metres / size[0], metres / size[1])
    if max(radius) > MOST_PIXELS:
        raise InputError(
            failure,
            f"that is {max(radius):.0f} pixels, and {MOST_PIXELS} are the most",
            "Choose a shorter distance.",
        )
    return radius


def dilation_halo(radius_px: Radius) -> int:
    """The halo that a kernel needs for it."""
    return math.floor(max(radius_px) + 1e-9) if max(radius_px) >= 1 else 0
