"""Slope against GDAL's own, and where it has no answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.terrain.slope import slope_degrees
from support.rasters import write_raster


def rough(shape: tuple[int, int] = (40, 57), missing: float = 0.03) -> Any:
    random = np.random.default_rng(5)
    heights = np.cumsum(np.cumsum(random.normal(0, 3, shape), axis=0), axis=1).astype(np.float32)
    heights[random.random(shape) < missing] = np.nan
    return heights


@pytest.mark.parametrize("cell", [(30.0, 30.0), (10.0, 45.0)])
def test_slope_is_that_of_gdaldem(tmp_path: Path, cell: tuple[float, float]) -> None:
    from osgeo import gdal

    heights = rough()
    path = write_raster(
        tmp_path / "dem.tif",
        np.where(np.isnan(heights), -9999, heights),
        nodata=-9999,
        resolution=30.0,
    )
    dataset = gdal.Open(str(path), gdal.GA_Update)
    dataset.SetGeoTransform((600000, cell[0], 0, 5200000, 0, -cell[1]))
    dataset = None
    made = gdal.DEMProcessing("", str(path), "slope", format="MEM", alg="Horn").ReadAsArray()
    expected = np.where(made == -9999, np.nan, made)
    found = slope_degrees(heights, cell)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_a_plane_has_the_slope_it_was_made_with() -> None:
    row, col = np.indices((5, 6))
    heights = (30 * col + 0 * row).astype(np.float32)
    np.testing.assert_allclose(slope_degrees(heights, (30.0, 30.0))[1:-1, 1:-1], 45.0, atol=1e-4)
    np.testing.assert_allclose(
        slope_degrees(heights, (60.0, 30.0))[1:-1, 1:-1], np.degrees(np.arctan(0.5)), atol=1e-4
    )


def test_beside_the_edge_and_an_unknown_height_there_is_none() -> None:
    heights = np.zeros((7, 7), np.float32)
    heights[3, 3] = np.nan
    known = np.isfinite(slope_degrees(heights, (30.0, 30.0)))
    assert not known[0].any()
    assert not known[:, -1].any()
    assert not known[2:5, 2:5].any()
    assert known[1, 1:-1].all()
    assert not np.isfinite(slope_degrees(heights[:2], (30.0, 30.0))).any()
    assert np.isnan(slope_degrees(np.zeros((1, 1), np.float32), (30.0, 30.0))).all()


def test_parts_with_a_border_of_one_pixel_give_the_whole() -> None:
    heights = rough(missing=0.0)
    whole = slope_degrees(heights, (30.0, 30.0))
    parts = [
        slope_degrees(heights[max(0, row - 1) : row + 11], (30.0, 30.0)) for row in range(0, 40, 10)
    ]
    put = np.concatenate([part[min(1, number) :][:10] for number, part in enumerate(parts)])
    assert put.tobytes() == whole.tobytes()
