"""Mosaics that GDAL's warper makes: coarser grids, other methods, and VRTs; against exact kernels,
and the same in every window.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from firstlight.core.gdal.environment import RemoteOptions
from firstlight.core.gdal.warp import grid_steps
from firstlight.core.mosaic import warped
from firstlight.core.mosaic.band_reader import BandLocation, BandReader
from firstlight.core.mosaic.on_grid import read_values
from firstlight.core.mosaic.scene_plan import MosaicPlan, MosaicScene
from firstlight.core.mosaic.vrt import write_vrt
from firstlight.core.mosaic.warped import read_warped
from firstlight.core.raster.block_cache import BlockCache
from firstlight.core.raster.grid import Window
from firstlight.core.raster.reader import RasterReader
from firstlight.core.types import Grid, Radiometry
from support.rasters import write_raster
from support.thorough import few
from support.warping import assert_near, exact_warp, grid_around, kernel_steps, noise, odd_windows

EAST = grid_around(12, 47, 32633, (900, 880), 10)
SOUTH = grid_around(12, -47, 32733, (900, 880), 10)


def place_of(path: Path, values: npt.NDArray[Any], grid: Grid, **more: Any) -> BandLocation:
    _, _, left, _, _, top = grid.transform
    write_raster(
        path,
        values,
        epsg=None,
        crs=grid.crs,
        origin=(left, top),
        resolution=grid.resolution[0],
        **more,
    )
    return BandLocation(
        f"'red' of {path.stem}",
        grid,
        Radiometry(nodata=0.0),
        False,
        lambda renew: (str(path), RemoteOptions()),
        source=str(path),
        dtype=values.dtype.name,
    )


def open_band(path: Path, values: npt.NDArray[Any], grid: Grid, **more: Any) -> BandReader:
    return BandReader(place_of(path, values, grid, **more), BlockCache(1 << 24))


def all_of(grid: Grid) -> Window:
    return Window(0, 0, *grid.shape)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("source", "epsg", "step"), [(EAST, 32632, 20), (EAST, 32632, 35), (SOUTH, 32732, 30)]
)
def test_a_coarser_mosaic_is_that_of_a_kernel_as_many_times_wider(
    tmp_path: Path, source: Grid, epsg: int, step: int
) -> None:
    latitude = 47 if source is EAST else -47
    target = grid_around(12, latitude, epsg, (350, 340), step)
    values = noise(source.shape)
    got = read_values(
        open_band(tmp_path / "a.tif", values, source), target, all_of(target), "bilinear"
    )
    wide = kernel_steps(grid_steps(source, target))
    expected, inner = exact_warp(values, source, target, wide)
    assert_near(got, expected, inner, 0.3)


def test_from_the_overview_that_is_as_fine_as_the_mosaic(tmp_path: Path) -> None:
    """On pixels twice as large the first overview is the source."""
    import rasterio

    target = grid_around(12, 47, 32632, (350, 340), 20)
    values = noise((1024, 1024))
    source = Grid(EAST.crs, EAST.transform, (1024, 1024))
    band = open_band(tmp_path / "a.tif", values, source, cog=True)
    assert band.levels()[1] == (512, 512)
    with rasterio.open(tmp_path / "a.tif", overview_level=0) as dataset:
        halves = dataset.read(1)
    a, b, c, d, e, f = source.transform
    half = Grid(source.crs, (2 * a, b, c, d, 2 * e, f), (512, 512))
    got = read_values(band, target, all_of(target), "bilinear")
    expected, inner = exact_warp(halves, half, target)
    assert_near(got, expected, inner, 0.5)


@pytest.mark.thorough
@pytest.mark.parametrize("dtype", ["uint16", "float32"])
@pytest.mark.parametrize("method", ["bilinear", "cubic", "average", "nearest"])
@pytest.mark.parametrize("target", [(32632, 27, -1), (4326, 3e-4, 5)], ids=["zone", "degrees"])
def test_every_window_is_the_cut_out_of_the_whole(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    target: tuple[int, float, int],
    method: str,
    dtype: str,
) -> None:
    """In blocks that are smaller than the target, so that windows cross them."""
    monkeypatch.setattr(warped, "BLOCK", 97)
    epsg, step, digits = target
    grid = grid_around(12, 47, epsg, (300, 290), step, digits)
    values = noise(EAST.shape).astype(dtype)
    values[200:260, 100:300] = 0
    whole = read_warped(open_band(tmp_path / "a.tif", values, EAST), grid, all_of(grid), method)
    assert 0.3 < (whole > 0).mean() < 0.99
    wrong = []
    for window in odd_windows(grid.shape, 25, 280):
        band = open_band(tmp_path / "a.tif", values, EAST)  # anew: with an empty cache
        part = read_warped(band, grid, window, method)
        rows = slice(window.row, window.row + window.rows)
        if not np.array_equal(part, whole[rows, window.col : window.col + window.cols]):
            wrong.append(window)
    assert not wrong


def test_a_window_reaches_over_the_targets_edges(tmp_path: Path) -> None:
    grid = grid_around(12, 47, 32632, (300, 290), 27)
    band = open_band(tmp_path / "a.tif", noise(EAST.shape), EAST)
    whole = read_warped(band, grid, all_of(grid), "bilinear")
    part = read_warped(band, grid, Window(-20, 280, 60, 70), "bilinear")
    assert np.array_equal(part[20:, :10], whole[:40, 280:])
    assert not part[:20].any()
    assert not part[:, 10:].any()


@pytest.mark.parametrize("method", ["bilinear", "cubic"])
def test_other_methods_are_told_the_scale_too(tmp_path: Path, method: str) -> None:
    """Cubic is sharper than bilinear: it loses none of the noise that a guess of GDAL's takes."""
    grid = grid_around(12, 47, 32632, (700, 700), 10)
    values = noise(EAST.shape)
    got = read_warped(open_band(tmp_path / "a.tif", values, EAST), grid, all_of(grid), method)
    expected, inner = exact_warp(values, EAST, grid)
    share = got[inner].std() / expected[inner].std()
    assert share == pytest.approx(1, abs=0.01) if method == "bilinear" else 1.2 < share < 1.4


@few(("source", "latitude", "epsg"), [(SOUTH, -47, 32732), (EAST, 47, 32632)])
def test_a_mosaic_as_vrt_is_as_sharp_as_one_that_firstlight_writes(
    tmp_path: Path, source: Grid, latitude: int, epsg: int
) -> None:
    grid = grid_around(12, latitude, epsg, (800, 780), 10)
    values = noise(source.shape)
    place = place_of(tmp_path / "a.tif", values, source)
    scene = MosaicScene("A", {"red": place}, all_of(grid))
    write_vrt(MosaicPlan(grid, ("red",), (scene,)), tmp_path / "m.vrt")
    expected, inner = exact_warp(values, source, grid)
    with RasterReader(tmp_path / "m.vrt", remote=RemoteOptions()) as reader:
        whole = reader.read_stored(1)
        for window in odd_windows(grid.shape, 10, 500):
            rows = slice(window.row, window.row + window.rows)
            cols = slice(window.col, window.col + window.cols)
            assert np.array_equal(reader.read_stored(1, window), whole[rows, cols])
    assert_near(whole, expected, inner, 0.8)
    ours = read_values(BandReader(place, BlockCache(1 << 24)), grid, all_of(grid), "bilinear")
    assert_near(ours, expected, inner, 0.8)
