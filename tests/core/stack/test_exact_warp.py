"""Bands that are warped into a stack, against exact bilinear interpolation: noise of the next zone,
in one stack, in two dates, through ground control points; in every window the same.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.raster.facts import read_facts
from firstlight.core.raster.reader import RasterReader
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.stack.pair import StackPart, join_stacks
from firstlight.core.types import BandStack, Grid, Radiometry
from support.rasters import write_raster
from support.thorough import few
from support.warping import assert_near, exact_warp, grid_around, kernel, noise, odd_windows

DN = Radiometry(nodata=0.0)
NORTH = (
    grid_around(12, 47, 32632, (640, 660), 10),
    grid_around(12.0003, 47, 32633, (650, 640), 10),
)
SOUTH = (
    grid_around(12, -33, 32732, (640, 660), 10),
    grid_around(12.0003, -33, 32733, (650, 640), 10),
)


def write_band(path: Path, values: Any, grid: Grid, **profile: Any) -> BandSource:
    _, _, left, _, _, top = grid.transform
    step = grid.resolution[0]
    write_raster(
        path, values, epsg=None, crs=grid.crs, origin=(left, top), resolution=step, **profile
    )
    return BandSource(path, radiometry=DN)


def stack_of(folder: Path, grids: tuple[Grid, Grid], values: Any, **options: Any) -> BandStack:
    """A band of the first zone, and one of the second that is warped."""
    sources = {
        "red": write_band(folder / "red.tif", noise(grids[0].shape, 7), grids[0]),
        "nir": write_band(folder / "nir.tif", values, grids[1]),
    }
    return create_band_stack(sources, folder / "s.vrt", ["red", "nir"], **options)


def pixels(path: Path, index: int) -> Any:
    with RasterReader(path) as reader:
        return reader.read_stored(index)


@pytest.mark.thorough
@pytest.mark.parametrize("grids", [NORTH, SOUTH], ids=["north", "south"])
def test_a_band_of_the_next_zone_is_interpolated_as_sharply_as_can_be(
    tmp_path: Path, grids: tuple[Grid, Grid]
) -> None:
    values = noise(grids[1].shape)
    stack = stack_of(tmp_path, grids, values)
    expected, inner = exact_warp(values, grids[1], stack.grid)
    assert_near(pixels(stack.path, 2), expected, inner, 0.8)


def test_on_coarser_pixels_the_kernel_is_as_many_times_wider(tmp_path: Path) -> None:
    values = noise(NORTH[1].shape)
    stack = stack_of(tmp_path, NORTH, values, target_resolution=30.0)
    expected, inner = exact_warp(values, NORTH[1], stack.grid, (3.0, 3.0))
    assert_near(pixels(stack.path, 2), expected, inner, 0.8)


def test_of_two_dates_the_one_of_the_next_zone_is_interpolated_once_and_exactly(
    tmp_path: Path,
) -> None:
    dates = {}
    values = {}
    for name, grid in zip(("pre", "post"), NORTH):
        folder = tmp_path / name
        folder.mkdir()
        values[name] = noise(grid.shape, len(name))
        create_band_stack(
            {"nir": write_band(folder / "n.tif", values[name], grid)}, folder / "s.vrt"
        )
        dates[name] = read_facts(folder / "s.vrt")
    parts = [StackPart(name, facts, {"nir": 1}) for name, facts in dates.items()]
    joined = join_stacks(parts, tmp_path / "both.vrt")
    expected, inner = exact_warp(values["post"], NORTH[1], joined.grid)
    assert_near(pixels(joined.path, 2), expected, inner, 0.9)


@pytest.mark.thorough
@pytest.mark.parametrize("count", [3, 5], ids=["a plane", "a thin plate"])
def test_through_ground_control_points_too(tmp_path: Path, count: int) -> None:
    """Radar as it comes: turned against north, its points on a bent surface."""
    import rasterio
    from osgeo import gdal
    from rasterio.control import GroundControlPoint

    values = noise((500, 520))

    def east_north(row: float, col: float) -> tuple[float, float]:
        x = 500000 + 9.8 * col - 2.1 * row + 2e-5 * row * col
        return x, 5200000 - 2.1 * col - 9.8 * row + 3e-5 * col**2

    spots = [(r, c) for r in np.linspace(0, 500, count) for c in np.linspace(0, 520, count)]
    points = [GroundControlPoint(r, c, *east_north(r, c)) for r, c in spots]
    profile = {"driver": "GTiff", "width": 520, "height": 500, "count": 1, "dtype": "uint16"}
    with rasterio.open(tmp_path / "vv.tif", "w", gcps=points, crs="EPSG:32632", **profile) as out:
        out.write(values, 1)
    source = BandSource(tmp_path / "vv.tif", radiometry=DN)
    stack = create_band_stack({"vv": source}, tmp_path / "s.vrt", target_resolution=10.0)
    # every pixel by itself through GDAL's transformer, which is told no tolerance
    target = gdal.Open(str(stack.path))
    method = ["METHOD=GCP_TPS"] if count == 5 else []
    transformer = gdal.Transformer(gdal.Open(str(tmp_path / "vv.tif")), target, method)
    rows, cols = np.indices(stack.grid.shape)
    middles = np.column_stack([cols.ravel() + 0.5, rows.ravel() + 0.5, np.zeros(rows.size)])
    placed = np.array(transformer.TransformPoints(1, middles.tolist())[0])
    y, x = (placed[:, axis].reshape(rows.shape) - 0.5 for axis in (1, 0))
    inner = (y > 2) & (y < 497) & (x > 2) & (x < 517)
    assert_near(pixels(stack.path, 1), kernel(values, y, x), inner, 0.5)


@pytest.mark.thorough
@few("block", [(97, 33), (512, 128), (64, 64)])
def test_every_window_is_the_cut_out_of_the_whole(tmp_path: Path, block: tuple[int, int]) -> None:
    """With the blocks that GDAL warps at once of several sizes, larger and smaller than the
    windows.
    """
    values = noise(NORTH[1].shape)
    values[100:140, 200:260] = 0
    stack = stack_of(tmp_path, NORTH, values)
    [nested] = tmp_path.glob("s.nir.*.vrt")
    root = ET.fromstring(nested.read_bytes())
    for tag, side in zip(("BlockXSize", "BlockYSize"), block):
        for node in root.findall(tag):
            node.text = str(side)
    nested.write_bytes(ET.tostring(root))
    whole = pixels(stack.path, 2)
    wrong = []
    for window in odd_windows(stack.grid.shape, 40, 333):
        with RasterReader(stack.path) as reader:  # anew: no block is left over from another window
            part = reader.read_stored(2, window)
        rows = slice(window.row, window.row + window.rows)
        if not np.array_equal(part, whole[rows, window.col : window.col + window.cols]):
            wrong.append(window)
    assert not wrong
    expected, inner = exact_warp(values, NORTH[1], stack.grid)
    there = exact_warp(np.where(values == 0, 0.0, 1.0), NORTH[1], stack.grid)[0] == 1
    assert_near(whole, expected, inner & there, 0.8)


def test_a_band_that_lies_south_up_is_interpolated_exactly_too(tmp_path: Path) -> None:
    first, second = NORTH
    values = noise(second.shape)
    a, _, c, _, e, f = second.transform
    turned = (a, 0.0, c, 0.0, -e, f + second.shape[0] * e)
    red = write_band(tmp_path / "red.tif", noise(first.shape, 7), first)
    write_raster(
        tmp_path / "nir.tif",
        np.ascontiguousarray(values[::-1]),
        epsg=None,
        crs=second.crs,
        transform=turned,
    )
    nir = BandSource(tmp_path / "nir.tif", radiometry=DN)
    stack = create_band_stack({"red": red, "nir": nir}, tmp_path / "s.vrt", ["red", "nir"])
    expected, inner = exact_warp(values, second, stack.grid)
    assert_near(pixels(stack.path, 2), expected, inner, 0.8)
