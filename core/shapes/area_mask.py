"""Masks of the pixels of a grid in an area given in longitude and latitude."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..errors import AreaError, RasterError
from ..gdal.crs import LONLAT
from ..gdal.environment import rasterio_env
from ..gdal.projection import moved_bounds, project_area
from ..raster.grid import intersect_bounds
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
    from rasterio.errors import RasterioError
    from rasterio.features import bounds as bounds_of
    from rasterio.features import rasterize
    from rasterio.transform import Affine, from_bounds

    what = "The area cannot be laid over the raster"
    if not grid.crs:
        raise AreaError(what, "the raster has no coordinate system")
    with rasterio_env():  # type: ignore[attr-defined]
        try:
            # Far from the raster a projection may not be defined at all, so that is asked in
            # degrees first.
            own_box = moved_bounds(grid, LONLAT)
            if own_box[0] <= own_box[2] and not any(
                intersect_bounds([turned, own_box]) for box in aoi.boxes for turned in _turns(box)
            ):
                return np.zeros(grid.shape, bool), 0.0
            geometry = project_area(aoi.geometry, grid.crs, grid.bounds)
            left, bottom, right, top = bounds_of(geometry)
            mask = rasterize(
                [geometry],
                out_shape=grid.shape,
                transform=Affine(*grid.transform),
                all_touched=True,
                dtype="uint8",
            )
            own = from_bounds(left, bottom, right, top, COVER_SIZE, COVER_SIZE)
            inside = rasterize(
                [geometry], out_shape=(COVER_SIZE, COVER_SIZE), transform=own, dtype="uint8"
            ).astype(bool)
        except RasterError as error:
            raise AreaError(what, error.why) from error
        except (RasterioError, ValueError) as error:
            raise AreaError(what, " ".join(str(error).split())) from error
    to_grid = ~Affine(*grid.transform) * own
    rows, cols = np.indices(inside.shape) + 0.5
    x, y = (
        to_grid.a * cols + to_grid.b * rows + to_grid.c,
        to_grid.d * cols + to_grid.e * rows + to_grid.f,
    )
    on_grid = (x >= 0) & (x < grid.shape[1]) & (y >= 0) & (y < grid.shape[0])
    total = int(inside.sum())
    covered = float((inside & on_grid).sum()) / total if total else float(mask.any())
    return mask.astype(bool), covered
