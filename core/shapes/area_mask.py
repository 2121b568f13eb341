"""Masks of the pixels of a grid in an area given in longitude and latitude."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import AreaError, RasterError
from ..gdal.area_outline import project_area
from ..gdal.bounds import moved_bounds
from ..gdal.crs import LONLAT
from ..gdal.projection import rings_of
from ..gdal.reading import Transform
from ..gdal.reading_choice import reading
from ..raster.grid import intersect_bounds, pixel_position
from ..types import Aoi, Bounds, Grid

COVER_SIZE = 400
"""Pixels a side for telling how much of an area a raster covers: a four-hundredth of its width is
near enough.
"""


def _turns(box: Bounds) -> list[Bounds]:
    """A box in degrees, and the same one in rasters from 0 to 360 and beyond."""
    west, south, east, north = box
    return [(west + turn, south, east + turn, north) for turn in (-360.0, 0.0, 360.0)]


def area_mask(aoi: Aoi, grid: Grid) -> tuple[npt.NDArray[np.bool_], float]:
    """Lay an area over a grid.

    Returns
    -------
    mask : ndarray of bool, (rows, cols)
        Pixels that the area touches.
    covered : float
        Share of the area that lies on the grid, 0..1.

    Raises
    ------
    AreaError
        If the area cannot be brought to the grid's reference system.
    """
    what = "The area cannot be laid over the raster"
    library = reading()
    if not check_near(aoi, grid):
        return np.zeros(grid.shape, bool), 0.0
    try:
        area = project_area(aoi.geometry, grid.crs, grid.bounds)
    except RasterError as error:
        raise AreaError(what, error.why, "Draw the area anew, or leave it out.") from error
    look = look_at(area)
    with (
        library.surroundings(),
        library.errors(lambda why: AreaError(what, why, "Draw the area anew, or leave it out.")),
    ):
        mask = library.burn(area, grid.shape, grid.transform, touched=True)
        inside = library.burn(area, (COVER_SIZE, COVER_SIZE), look, touched=False)
    total = int(inside.sum())
    on_grid = int((inside & lies_on(grid, look)).sum())
    return mask, on_grid / total if total else float(mask.any())


def check_near(aoi: Aoi, grid: Grid) -> bool:
    """Tell whether an area may touch a raster: asked in degrees, because far from the raster a
    projection may not be defined at all.

    Raises
    ------
    AreaError
        If the raster has no reference system, or none that has degrees.
    """
    what = "The area cannot be laid over the raster"
    if not grid.crs:
        raise AreaError(
            what,
            "the raster has no coordinate system",
            "Give it one with gdal_edit.py -a_srs, or leave the area out.",
        )
    try:
        own_box = moved_bounds(grid, LONLAT)
    except RasterError as error:
        raise AreaError(what, error.why, "Draw the area anew, or leave it out.") from error
    return own_box[0] > own_box[2] or any(
        intersect_bounds([turned, own_box]) for box in aoi.boxes for turned in _turns(box)
    )


def look_at(area: Mapping[str, Any]) -> Transform:
    """The transform of a small picture of an area in a raster's system."""
    rings = [ring for polygon in rings_of(area) for ring in polygon]
    (left, bottom), (right, top) = (
        choose([choose(ring, axis=0) for ring in rings], axis=0) for choose in (np.min, np.max)
    )
    a, e = (right - left) / COVER_SIZE, (bottom - top) / COVER_SIZE
    return float(a), 0.0, float(left), 0.0, float(e), float(top)


def lies_on(grid: Grid, look: Transform) -> npt.NDArray[np.bool_]:
    """The pixels of the small picture whose centres lie on the raster."""
    rows, cols = np.indices((COVER_SIZE, COVER_SIZE)) + 0.5
    own_cols, own_rows = pixel_position(
        grid.transform, look[0] * cols + look[2], look[4] * rows + look[5]
    )
    on_grid = (own_cols >= 0) & (own_cols < grid.shape[1])
    on_grid &= (own_rows >= 0) & (own_rows < grid.shape[0])
    return np.asarray(on_grid)
