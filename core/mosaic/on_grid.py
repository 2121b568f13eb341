"""A band's pixels on another grid: cut out where the pixels are the same, interpolated where they
are not.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ..gdal.bounds import moved_bounds
from ..raster.grid import Window, common, overlap_rects
from ..raster.physical import FloatArray, to_physical
from ..raster.valid import find_missing_or_none
from ..types import Grid
from .band_reader import BandReader
from .interpolation import Fours, blend, find_fours, pick_nearest
from .lattice import Lattice, make_lattice
from .warped import read_warped

FINE = 1.25
"""Source pixels to one of the target up to which the four around a place are enough; beyond, some
would hardly count.
"""

Known = dict[tuple[Lattice, Window], list[Fours]]


def placed_window(source: Grid, target: Grid) -> Window | None:
    """The window of ``target`` that a grid may fill; None where they do not touch."""
    bounds = moved_bounds(source, target.crs, target.bounds)
    left, _, _, top = target.bounds
    xres, yres = target.resolution
    rows, cols = target.shape
    col = max(0, math.floor((bounds[0] - left) / xres + 1e-6))
    end_col = min(cols, math.ceil((bounds[2] - left) / xres - 1e-6))
    row = max(0, math.floor((top - bounds[3]) / yres + 1e-6))
    end_row = min(rows, math.ceil((top - bounds[1]) / yres - 1e-6))
    if row >= end_row or col >= end_col:
        return None
    return Window(row, col, end_row - row, end_col - col)


def read_values(
    source: BandReader, target: Grid, window: Window, method: str, known: Known | None = None
) -> FloatArray:
    """Physical values of a window of ``target``, NaN where the band does not reach or has no data.

    Parameters
    ----------
    method : str
        GDAL's name of the resampling method, where the pixels lie otherwise.
    known : dict, optional
        What bands of the same scene share: filled by the first of them, used by the others. 16
        bytes a pixel.

    Returns
    -------
    ndarray, (rows, cols), float32

    Raises
    ------
    RasterError
        If it cannot be read.
    """
    offset = pixel_offset(source.location.grid, target)
    if offset is not None:
        return to_physical(source.read(_moved(window, offset)), source.radiometry)
    lattice = _lattice(source.location.grid, target)
    if lattice is None or lattice.ratio > FINE or method not in ("nearest", "bilinear"):
        return to_physical(read_warped(source, target, window, method), source.radiometry)
    values = np.full((window.rows, window.cols), np.nan, np.float32)
    part = common(window, lattice.part)
    needed = _needed(source.location.grid, lattice, part) if part else None
    if part is None or needed is None:
        return values
    stored, corner = (
        _with_nan(source.read(needed), needed, source),
        (needed.row, needed.col),
    )
    if method == "nearest":
        interpolated = pick_nearest(stored, corner, lattice, part)
    else:
        known = {} if known is None else known
        if (lattice, part) not in known:
            known[lattice, part] = find_fours((needed.rows, needed.cols), corner, lattice, part)
        interpolated = blend(stored, known[lattice, part])
    # no data is NaN, and stays it
    values[_inside(part, window)] = to_physical(
        interpolated, replace(source.radiometry, nodata=None)
    )
    return values


def read_classes(source: BandReader, target: Grid, window: Window) -> npt.NDArray[Any]:
    """Stored numbers of a window of ``target``, never interpolated; nodata where the band does not
    reach.

    Returns
    -------
    ndarray, (rows, cols)
        Of the band's own type.

    Raises
    ------
    RasterError
        If it cannot be read.
    """
    offset = pixel_offset(source.location.grid, target)
    if offset is not None:
        return source.read(_moved(window, offset))
    lattice = _lattice(source.location.grid, target)
    if lattice is None:
        return read_warped(source, target, window, "near")
    codes = source.blank(window)
    part = common(window, lattice.part)
    needed = _needed(source.location.grid, lattice, part) if part else None
    if part is not None and needed is not None:
        corner = (needed.row, needed.col)
        codes[_inside(part, window)] = pick_nearest(source.read(needed), corner, lattice, part)
    return codes


def _moved(window: Window, offset: tuple[int, int]) -> Window:
    return Window(window.row + offset[0], window.col + offset[1], window.rows, window.cols)


def _inside(part: Window, window: Window) -> tuple[slice, slice]:
    """A part of a window as slices of the window's array."""
    row, col = part.row - window.row, part.col - window.col
    return slice(row, row + part.rows), slice(col, col + part.cols)


@lru_cache(maxsize=64)
def _lattice(source: Grid, target: Grid) -> Lattice | None:
    """Half a megabyte for a scene of 10980 x 10980 pixels."""
    part = placed_window(source, target)
    return None if part is None else make_lattice(source, target, part)


def _needed(grid: Grid, lattice: Lattice, part: Window) -> Window | None:
    """The source's pixels around a window, up to one beyond the source's edges; None where it has
    none there.
    """
    top, left, bottom, right = (math.floor(bound) for bound in lattice.bounds(part))
    row, col = max(-1, top), max(-1, left)
    end_row, end_col = min(grid.shape[0] + 1, bottom + 2), min(grid.shape[1] + 1, right + 2)
    if end_row - row < 2 or end_col - col < 2:
        return None
    return Window(row, col, end_row - row, end_col - col)


def _with_nan(stored: npt.NDArray[Any], window: Window, source: BandReader) -> FloatArray:
    """Stored numbers as float32; NaN for nodata, and beyond the band, where it may have no number
    for that.
    """
    values: FloatArray = stored.astype(np.float32)
    rule = source.radiometry
    missing = find_missing_or_none(stored, rule.nodata, rule.unit)
    if missing is not None:
        values[missing] = np.nan
    rows, cols = source.location.grid.shape
    values[: max(0, -window.row)] = np.nan
    values[:, : max(0, -window.col)] = np.nan
    values[max(0, rows - window.row) :] = np.nan
    values[:, max(0, cols - window.col) :] = np.nan
    return values


def pixel_offset(grid: Grid, target: Grid) -> tuple[int, int] | None:
    """(rows, cols) from a pixel of the target to the same one of the band; None where they are not
    the same pixels.
    """
    if grid.crs != target.crs or any(
        abs(a - b) > 1e-9 * b for a, b in zip(grid.resolution, target.resolution)
    ):
        return None
    rects = overlap_rects(grid, target)
    if rects is None:
        return None
    rows, cols = rects[0].y - rects[1].y, rects[0].x - rects[1].x
    return (round(rows), round(cols)) if rows == round(rows) and cols == round(cols) else None
