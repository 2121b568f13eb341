"""Grids in several zones, and where the pixels of one lie on another: transformed one by one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from firstlight.core.raster.grid import Window
from firstlight.core.types import Grid

Floats = npt.NDArray[np.float64]


def exact_places(source: Grid, target: Grid, window: Window) -> tuple[Floats, Floats]:
    """Rows and columns of the source at the centres of a window's pixels, each transformed by
    itself.
    """
    from rasterio.warp import transform

    a, _, left, _, e, top = target.transform
    rows, cols = (
        np.mgrid[window.row : window.row + window.rows, window.col : window.col + window.cols] + 0.5
    )
    moved = transform(target.crs, source.crs, (left + a * cols).ravel(), (top + e * rows).ravel())
    xs, ys = (np.reshape(one, rows.shape) for one in moved)
    a, _, left, _, e, top = source.transform
    return (ys - top) / e - 0.5, (xs - left) / a - 0.5


def grid_at(lon: float, lat: float, epsg: int, shape: tuple[int, int], step: float) -> Grid:
    """North-west corner near a place."""
    from rasterio.warp import transform

    [x], [y] = transform("EPSG:4326", f"EPSG:{epsg}", [lon], [lat])
    return Grid(f"EPSG:{epsg}", (step, 0.0, round(x, -1), 0.0, -step, round(y, -1)), shape)
