"""A band on another grid by GDAL's warper: coarser pixels, and the methods that are GDAL's own.

The target is warped in blocks of its own, so a pixel is the same to the last bit whatever window it
is asked in, and each block is warped once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import RasterError
from ..gdal.bounds import moved_bounds
from ..gdal.crs import set_grid
from ..gdal.errors import checked, gdal_errors
from ..gdal.types import gdal_type
from ..gdal.warp import WarpOptions, grid_steps, warp_into
from ..raster.grid import Window, grid_part, union_window
from ..raster.source_blocks import Layout, UnitIndex, read_window
from ..raster.valid import find_missing
from ..types import Grid, Unit
from .band_reader import BandReader

BLOCK = 512
"""Rows and columns of the target that are warped at once."""
MARGIN_PX = 3
"""Source pixels around a block, for the kernel (three for ``lanczos``); more for coarser pixels."""


def read_warped(source: BandReader, target: Grid, window: Window, method: str) -> npt.NDArray[Any]:
    """Stored numbers of a window of ``target``; nodata where the band does not reach.

    Parameters
    ----------
    method : str
        GDAL's name of the resampling method; classes are never interpolated.

    Returns
    -------
    ndarray, (rows, cols)
        Of the band's own type.

    Raises
    ------
    RasterError
        If it cannot be read or warped.
    """
    options = WarpOptions("near" if source.location.is_class else method, source.nodata)
    level, grid = _overview(source, target)
    margin = math.ceil(MARGIN_PX * max(1.0, *grid_steps(grid, target)))

    def load(indexes: Sequence[UnitIndex]) -> list[npt.NDArray[Any]]:
        blocks = [_block(target, index) for index in indexes]
        needed = [_needed(grid, grid_part(target, block), margin) for block in blocks]
        around = union_window([window for window in needed if window is not None])
        # at once, not block by block: GDAL then fetches neighbours together
        stored = None if around is None else _with_nodata(source.read(around, level), source)
        warped_blocks = []
        for block, window in zip(blocks, needed):
            warped = source.blank(block)
            if stored is not None and around is not None and window is not None:
                pixels = stored[window.row - around.row :, window.col - around.col :]
                pixels = pixels[: window.rows, : window.cols]
                _warp(pixels, grid, window, warped, target, block, options)
            warped_blocks.append(warped)
        return warped_blocks

    layout = Layout(target.shape, (BLOCK, BLOCK), source.dtype)
    owner = (source, target, options.method)
    return read_window(source.cache, owner, layout, window, source.nodata, load)


def _with_nodata(stored: npt.NDArray[Any], source: BandReader) -> npt.NDArray[Any]:
    """Stored numbers in which all that means nothing is nodata: GDAL knows no more than that."""
    rule = source.radiometry
    if stored.dtype.kind == "f" or rule.unit in (Unit.POWER, Unit.AMPLITUDE):
        stored[find_missing(stored, rule.nodata, rule.unit)] = source.nodata
    return stored


def _overview(source: BandReader, target: Grid) -> tuple[int, Grid]:
    """The coarsest overview that is as fine as the target, and its grid; classes always from the
    full size: overviews may be means.
    """
    full = source.location.grid
    step = min(grid_steps(full, target))
    best = (0, full)
    if source.location.is_class or step < 2:
        return best
    for level, (rows, cols) in enumerate(source.levels()):
        if full.shape[1] / cols <= step * 1.001:
            a, b, c, d, e, f = full.transform
            widths = (a * full.shape[1] / cols, e * full.shape[0] / rows)
            best = (level, Grid(full.crs, (widths[0], b, c, d, widths[1], f), (rows, cols)))
    return best


def _block(target: Grid, index: UnitIndex) -> Window:
    row, col = index[0] * BLOCK, index[1] * BLOCK
    return Window(row, col, min(BLOCK, target.shape[0] - row), min(BLOCK, target.shape[1] - col))


def _warp(
    stored: npt.NDArray[Any],
    source: Grid,
    needed: Window,
    warped: npt.NDArray[Any],
    target: Grid,
    block: Window,
    options: WarpOptions,
) -> None:
    """Warp a window of the source into a block of the target, which holds nodata before."""

    def failure(why: str) -> RasterError:
        return RasterError(
            f"Warping to {target.crs[:20]} failed",
            why,
            "Leave the scene out, or choose another coordinate system.",
        )

    nodata = options.nodata or 0.0
    with gdal_errors(failure):
        source_pixels = _in_memory(stored, grid_part(source, needed), nodata)
        target_pixels = _in_memory(warped, grid_part(target, block), nodata)
        warp_into(target_pixels, source_pixels, grid_steps(source, target), options)
        rows, cols = warped.shape
        checked(target_pixels.GetRasterBand(1).ReadRaster(0, 0, cols, rows, buf_obj=warped))


def _needed(grid: Grid, part: Grid, margin: int) -> Window | None:
    """The source's pixels under a part of the target and around it, up to one beyond the source's
    edges; None where it has none there.
    """
    bounds = moved_bounds(part, grid.crs, grid.bounds)
    xres, yres = grid.resolution
    left, _, _, top = grid.bounds
    rows, cols = grid.shape
    col = max(-1, math.floor((bounds[0] - left) / xres) - margin)
    row = max(-1, math.floor((top - bounds[3]) / yres) - margin)
    end_col = min(cols + 1, math.ceil((bounds[2] - left) / xres) + margin)
    end_row = min(rows + 1, math.ceil((top - bounds[1]) / yres) + margin)
    if row >= end_row or col >= end_col:
        return None
    return Window(row, col, end_row - row, end_col - col)


def _in_memory(values: npt.NDArray[Any], grid: Grid, nodata: float) -> Any:
    from osgeo import gdal

    rows, cols = values.shape
    dataset = gdal.GetDriverByName("MEM").Create("", cols, rows, 1, gdal_type(values.dtype.name))
    set_grid(dataset, grid)
    band = dataset.GetRasterBand(1)
    band.SetNoDataValue(nodata)
    band.WriteRaster(0, 0, cols, rows, np.ascontiguousarray(values))
    return dataset
