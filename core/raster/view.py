"""A raster as it is seen in a picture of another one's extent: few pixels, from the overviews."""

from __future__ import annotations

import math

from ..errors import RasterError
from ..gdal.errors import checked, gdal_errors
from ..gdal.warp import WarpOptions, warp_to_memory
from ..types import Grid
from .open_file import open_checked
from .physical import FloatArray, to_physical
from .reader import RasterFacts


def view_grid(grid: Grid, most: int) -> Grid:
    """The same extent with at most ``most`` pixels a side."""
    rows, cols = grid.shape
    factor = max(1.0, max(rows, cols) / most)
    shape = (max(1, round(rows / factor)), max(1, round(cols / factor)))
    a, _, c, _, e, f = grid.transform
    return Grid(grid.crs, (a * cols / shape[1], 0.0, c, 0.0, e * rows / shape[0], f), shape)


def read_view(facts: RasterFacts, index: int, grid: Grid) -> FloatArray:
    """One band on another grid, by nearest neighbour from the overview that suits it.

    Returns
    -------
    ndarray of float32, (rows, cols)
        Physical values, NaN where there is no data; classes as their codes.

    Raises
    ------
    RasterError
        If it cannot be read.
    """
    from osgeo import gdal

    what = f"A picture of {facts.path.name} cannot be made"
    radiometry = facts.bands[index - 1].radiometry
    outside = math.nan if radiometry.nodata is None else radiometry.nodata
    options = WarpOptions("near", outside, overviews=True)
    with gdal_errors(lambda why: RasterError(what, why, "Is the file complete?")):
        mask = f"mask,{index}" if facts.bands[index - 1].masked else "none"
        band = checked(
            gdal.Translate(
                "", open_checked(facts.path), format="VRT", bandList=[index], maskBand=mask
            )
        )
        view = warp_to_memory(band, grid, options, gdal.GDT_Float32)
        stored = checked(view.ReadAsArray())
    return to_physical(stored, radiometry)
