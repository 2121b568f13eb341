"""Heights, maps and areas on grids that are upside down, tilted, or run from 0 to 360 degrees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine
from rasterio.warp import transform

from firstlight.core.aoi import Aoi
from firstlight.core.errors import FirstLightError
from firstlight.core.gdal.area_outline import area_bounds
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.operations.terrain import TERRAIN, run_terrain
from firstlight.core.settings import Settings
from firstlight.core.shapes.area_mask import area_mask
from firstlight.core.shapes.footprint import footprint
from firstlight.core.types import Grid

STEP = 0.0005
BOX = (-159.97, 60.03, -159.93, 60.07)
"""West, south, east, north of the area within each height model."""


def ground(lon: Any, lat: Any) -> Any:
    """Metres, over longitudes from 0 to 360."""
    return 500 + 2000 * (np.asarray(lon) % 360 - 200) + 4000 * (np.asarray(lat) - 60)


GRIDS = {
    "north up": (Affine(STEP, 0, -160, 0, -STEP, 60.1), "EPSG:4326"),
    "from 0 to 360": (Affine(STEP, 0, 200, 0, -STEP, 60.1), "EPSG:4326"),
    "upside down": (Affine(STEP, 0, -160, 0, STEP, 60), "EPSG:4326"),
    "upside down from 0 to 360": (Affine(STEP, 0, 200, 0, STEP, 60), "EPSG:4326"),
    "oblong": (Affine(STEP, 0, -160, 0, -STEP / 2, 60.1), "EPSG:4326"),
    "tilted": (
        Affine(STEP * 0.96, STEP * 0.28, -160.02, STEP * 0.28, -STEP * 0.96, 60.08),
        "EPSG:4326",
    ),
}


def write_heights(path: Path, placed: Affine, crs: str) -> Path:
    rows, cols = np.indices((200 if abs(placed.e) > STEP / 1.9 else 400, 200)) + 0.5
    lon, lat = placed * (cols, rows)
    profile = {"driver": "GTiff", "count": 1, "dtype": "float32", "crs": crs, "transform": placed}
    with rasterio.open(path, "w", height=rows.shape[0], width=200, **profile) as target:
        target.write(ground(lon, lat).astype("f4"), 1)
    return path


@pytest.mark.thorough
@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("whole", [False, True], ids=["of an area", "whole"])
def test_heights_are_right_or_refused_by_name(tmp_path: Path, name: str, whole: bool) -> None:
    dem = write_heights(tmp_path / "own.tif", *GRIDS[name])
    area = {} if whole else {"area": ",".join(map(str, BOX))}
    params = TERRAIN.make_params({"output": tmp_path / "t", "dem": dem, "buffer": 0.5, **area})
    try:
        run_terrain(params, Settings(), RecordingMonitor())
    except FirstLightError as error:
        assert name == "tilted" or name.startswith("upside down")
        assert "north-up" in str(error)  # noqa: PT017  one or the other is right
        return
    with rasterio.open(tmp_path / "t" / "dem.tif") as dataset:
        heights = dataset.read(1, masked=True).filled(np.nan)
        rows, cols = np.indices(heights.shape) + 0.5
        xs, ys = dataset.transform * (cols, rows)
        lon, lat = transform(dataset.crs, "EPSG:4326", xs.ravel(), ys.ravel())
    right = ground(lon, lat).reshape(heights.shape)
    known = np.isfinite(heights)
    assert known.mean() > (0.8 if whole else 0.999)
    np.testing.assert_allclose(heights[known], right[known], atol=1.5)


@pytest.mark.parametrize("name", GRIDS)
def test_an_area_lies_on_the_pixels_under_it(name: str) -> None:
    placed, crs = GRIDS[name]
    grid = Grid(crs, tuple(placed)[:6], (400 if name == "oblong" else 200, 200))
    mask, covered = area_mask(Aoi.from_bounds(*BOX), grid)
    rows, cols = np.indices(grid.shape) + 0.5
    lon, lat = placed * (cols, rows)
    lon = (lon + 180) % 360 - 180
    west, south, east, north = BOX
    inside = (lon > west) & (lon < east) & (lat > south) & (lat < north)
    assert covered == pytest.approx(1.0)
    assert (mask & inside).sum() == inside.sum() > 1000
    assert (mask & ~inside).sum() < 0.05 * inside.sum()  # pixels that it touches


def test_an_area_across_the_antimeridian_is_one_from_0_to_360() -> None:
    area = Aoi.from_bounds(179.9, 10, -179.9, 10.2)
    near = (170.0, 0.0, 190.0, 20.0)
    assert area_bounds(area.geometry, "EPSG:4326", near) == pytest.approx((179.9, 10, 180.1, 10.2))
    mask, covered = area_mask(area, Grid("EPSG:4326", (0.05, 0, 170, 0, -0.05, 20), (400, 400)))
    assert covered == pytest.approx(1.0)
    assert mask.any(axis=0).nonzero()[0].tolist() == pytest.approx(list(range(198, 202)), abs=1)


@pytest.mark.parametrize("name", GRIDS)
def test_a_footprint_lies_in_the_usual_longitudes(name: str) -> None:
    placed, crs = GRIDS[name]
    outline = footprint(Grid(crs, tuple(placed)[:6], (400 if name == "oblong" else 200, 200)))
    assert outline is not None
    west, south, east, north = outline[1]
    assert -160.1 < west <= -160 + 1e-6
    assert -159.95 < east < -159.8
    assert 59.9 < south < 60.01
    assert 60.09 < north < 60.2
