"""An area laid over a raster: its edges are straight in degrees, and bent on the raster."""

from __future__ import annotations

import numpy as np
import pytest

from firstlight.core.errors import AreaError
from firstlight.core.shapes.area_mask import area_mask
from firstlight.core.types import Aoi, Grid


def test_a_long_edge_follows_its_parallel() -> None:
    """60 degrees north, 2 degrees long: a straight line between the corners lies 260 m off."""
    from rasterio.warp import transform

    aoi = Aoi.from_bounds(8.0, 59.9, 10.0, 60.0)
    [left], [top] = transform("EPSG:4326", "EPSG:32632", [8.98], [60.005])
    grid = Grid("EPSG:32632", (10.0, 0.0, left, 0.0, -10.0, top), (150, 200))
    mask, covered = area_mask(aoi, grid)
    rows, cols = np.indices(grid.shape) + 0.5
    _, lats = transform(
        "EPSG:32632", "EPSG:4326", (left + 10 * cols).ravel(), (top - 10 * rows).ravel()
    )
    inside = np.array(lats).reshape(grid.shape) <= 60.0
    # pixels that the area touches, so up to one more than those whose middle it holds
    assert 0.3 < inside.mean() < 0.9
    assert mask[inside].all()
    assert (mask & ~inside).sum(axis=0).max() <= 1
    assert 0 < covered < 0.01


def test_how_much_of_the_area_the_raster_covers() -> None:
    grid = Grid("EPSG:4326", (0.01, 0.0, 8.0, 0.0, -0.01, 60.0), (100, 50))
    _, covered = area_mask(Aoi.from_bounds(8.0, 59.0, 9.0, 60.0), grid)
    assert covered == pytest.approx(0.5, abs=0.01)
    mask, covered = area_mask(Aoi.from_bounds(20.0, 59.0, 21.0, 60.0), grid)
    assert not mask.any()
    assert covered == 0.0


def test_a_raster_without_a_system_takes_no_area() -> None:
    grid = Grid("", (10.0, 0.0, 0.0, 0.0, -10.0, 0.0), (10, 10))
    with pytest.raises(AreaError, match="the raster has no coordinate system"):
        area_mask(Aoi.from_bounds(8.0, 59.0, 9.0, 60.0), grid)
