"""Bounds in another coordinate system."""

from __future__ import annotations

import math

import numpy as np

from ..errors import RasterError
from ..types import Bounds, Grid
from .crs import spatial_reference
from .projection import turned_near
from .reading_choice import reading


def moved_bounds(grid: Grid, crs: str, near: Bounds | None = None) -> Bounds:
    """The bounds of a grid in another coordinate system.

    Parameters
    ----------
    near : Bounds, optional
        Of a raster in that system: longitudes are turned to it.

    Raises
    ------
    RasterError
        If there is no way from one to the other.
    """

    def failure(why: str) -> RasterError:
        return RasterError(
            f"Nothing leads from {grid.crs[:20]} to {crs[:20]}",
            why,
            "Choose another coordinate system.",
        )

    left, bottom, right, top = grid.bounds
    if grid.crs != crs:
        for system in (grid.crs, crs):
            spatial_reference(system)  # one that is not known has a sentence of its own
        library = reading()
        with library.errors(failure):
            left, bottom, right, top = library.move_bounds(grid.crs, crs, grid.bounds)
    if not all(map(math.isfinite, (left, bottom, right, top))):
        raise failure("the corners have no place there")
    if near is not None and left <= right:
        middle = (left + right) / 2
        shift = float(turned_near(np.array(middle), crs, near)) - middle
        left, right = left + shift, right + shift
    return (left, bottom, right, top)
