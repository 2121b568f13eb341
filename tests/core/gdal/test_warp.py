"""The warper's pixels against a textbook's: zones, hemispheres, degrees, the pole; coarser targets,
by the same wider kernel.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from firstlight.core.errors import RasterError
from firstlight.core.gdal.crs import set_grid
from firstlight.core.gdal.errors import gdal_errors
from firstlight.core.gdal.warp import (
    WarpOptions,
    grid_steps,
    scale_options,
    suggested_grid,
    warp_to_memory,
    warped_xml,
)
from firstlight.core.types import Grid
from support.warping import assert_near, exact_warp, grid_around, kernel_steps, noise


def in_memory(values: npt.NDArray[Any], grid: Grid, nodata: float | None = 0) -> Any:
    from osgeo import gdal

    rows, cols = values.shape
    dataset = gdal.GetDriverByName("MEM").Create("", cols, rows, 1, gdal.GDT_UInt16)
    set_grid(dataset, grid)
    dataset.GetRasterBand(1).WriteArray(values)
    if nodata is not None:
        dataset.GetRasterBand(1).SetNoDataValue(nodata)
    return dataset


def warp(values: npt.NDArray[Any], source: Grid, target: Grid, method: str = "bilinear") -> Any:
    from osgeo import gdal

    with gdal_errors(lambda why: RasterError("Warping failed", why)):
        options = WarpOptions(method, 0.0)
        return warp_to_memory(
            in_memory(values, source), target, options, gdal.GDT_UInt16
        ).ReadAsArray()


FINE = {
    "the next zone": (grid_around(12, 47, 32633, (700, 700), 10), 12, 47, 32632, 10, -1),
    "the next zone, south": (grid_around(12, -20, 32733, (700, 700), 10), 12, -20, 32732, 10, -1),
    "the next zone, far north": (grid_around(12, 70, 32633, (700, 700), 10), 12, 70, 32632, 10, -1),
    "over the equator": (grid_around(12, 0.03, 32733, (700, 700), 10), 12, 0.03, 32632, 10, -1),
    "degrees to metres": (grid_around(12, 47, 4326, (700, 700), 1e-4, 5), 12, 47, 32632, 11, -1),
    "the pole's system": (grid_around(-45, 75, 32623, (700, 700), 10), -45, 75, 3413, 10, -1),
}


@pytest.mark.thorough
@pytest.mark.parametrize("name", FINE)
def test_pixels_as_large_as_the_sources_are_those_of_exact_bilinear_interpolation(
    name: str,
) -> None:
    source, lon, lat, epsg, step, digits = FINE[name]
    target = grid_around(lon, lat, epsg, (650, 650), step, digits)
    wide = kernel_steps(grid_steps(source, target))
    values = noise(source.shape)
    expected, inner = exact_warp(values, source, target, wide)
    assert_near(warp(values, source, target), expected, inner, 0.7)


COARSE = {
    "twice": (grid_around(12, 47, 32633, (1300, 1300), 10), 32632, 20, -1, (2.0, 2.0)),
    "one and a half": (grid_around(12, 47, 32633, (1300, 1300), 10), 32632, 15, -1, (1.5, 1.5)),
    "seven": (grid_around(12, -30, 32733, (2100, 2100), 10), 32732, 70, -1, (7.0, 7.0)),
    "degrees, one axis only": (
        grid_around(12, 60, 32633, (700, 700), 10),
        4326,
        2e-4,
        5,
        (1.12, 2.227),
    ),
    "near the pole": (grid_around(-45, 80, 32623, (1300, 1300), 10), 3413, 30, -1, (3.068, 3.068)),
}


@pytest.mark.thorough
@pytest.mark.parametrize("name", COARSE)
def test_a_coarser_target_is_that_of_the_same_kernel_as_many_times_wider(name: str) -> None:
    source, epsg, step, digits, steps = COARSE[name]
    [lon], [lat] = corner_in_degrees(source)
    target = grid_around(lon, lat, epsg, (280, 280), step, digits)
    assert grid_steps(source, target) == pytest.approx(steps, rel=0.01)
    values = noise(source.shape)
    wide = kernel_steps(grid_steps(source, target))
    expected, inner = exact_warp(values, source, target, wide)
    assert_near(warp(values, source, target), expected, inner, 0.3)


@pytest.mark.parametrize(
    ("lon", "epsg", "other"), [(10.5, 32632, 32633), (10.5, 32633, 32632)], ids=["less", "more"]
)
def test_pixels_twice_as_large_have_one_kernel_in_every_zone_and_version(
    lon: float, epsg: int, other: int
) -> None:
    """Just below two pixels to one GDAL 3.13 would take no wider kernel, just above it does."""
    source = grid_around(lon, 47, epsg, (900, 900), 10)
    target = grid_around(lon, 47, other, (280, 280), 20)
    steps = grid_steps(source, target)
    assert steps == pytest.approx((2.0, 2.0), abs=0.006)
    assert (max(steps) < 2) == (other == 32633)
    scales = [float(option.split("=")[1]) for option in scale_options(steps, "bilinear")[:2]]
    assert max(scales) <= 0.5
    values = noise(source.shape)
    expected, inner = exact_warp(values, source, target, steps)
    assert_near(warp(values, source, target), expected, inner, 0.3)


def corner_in_degrees(grid: Grid) -> tuple[list[float], list[float]]:
    from rasterio.warp import transform

    lons, lats = transform(grid.crs, "EPSG:4326", [grid.transform[2]], [grid.transform[5]])
    return lons, lats


def test_a_coarse_target_holds_about_the_means_of_the_ground_below() -> None:
    """The wider kernel is a triangle, no box: the same to a hundredth of smooth ground's relief."""
    source = grid_around(12, 47, 32632, (1400, 1400), 10)
    target = Grid(
        source.crs, (70.0, 0.0, source.transform[2], 0.0, -70.0, source.transform[5]), (200, 200)
    )
    rows, cols = np.indices(source.shape)
    values = (3000 + 900 * np.sin(rows / 40) * np.cos(cols / 55)).astype(np.uint16)
    means = values.reshape(200, 7, 200, 7).mean(axis=(1, 3))
    off = np.abs(warp(values, source, target) - means)[2:-2, 2:-2]
    assert off.max() < 0.01 * 900 + 1


@pytest.mark.parametrize("method", ["bilinear", "cubic", "near", "average"])
def test_the_scale_stands_in_every_description(method: str) -> None:
    source = grid_around(12, 47, 32633, (300, 300), 10)
    for step, scale in ((10, "1"), (25, "0.4")):
        target = grid_around(12, 47, 32632, (100, 100), step)
        with gdal_errors(lambda why: RasterError("Warping failed", why)):
            root = warped_xml(
                in_memory(noise(source.shape), source), target, WarpOptions(method, 0.0)
            )
        options = {node.get("name"): node.text for node in root.iter("Option")}
        assert (options["XSCALE"], options["YSCALE"]) == (scale, scale)


def test_nodata_is_left_out_of_the_kernel_and_edges_are_kept() -> None:
    source = grid_around(12, 47, 32633, (400, 400), 10)
    target = grid_around(12.0005, 47, 32632, (380, 380), 10)
    values = noise(source.shape)
    values[:, :30] = values[100:180, 200:260] = 0
    values[::9, ::7] = 0
    expected, _ = exact_warp(np.where(values == 0, np.nan, values), source, target)
    got = warp(values, source, target)
    both = (got > 0) & np.isfinite(expected)
    assert_near(got, expected, both, 0.75)
    nearest = warp(values, source, target, "near")
    assert ((got > 0) == (nearest > 0)).mean() > 0.99, "a pixel has data where its middle has"


def test_a_raster_that_lies_south_up_gives_the_same_pixels() -> None:
    source = grid_around(12, 47, 32633, (400, 400), 10)
    target = grid_around(12, 47, 32632, (380, 380), 10)
    values = noise(source.shape)
    a, _, c, _, e, f = source.transform
    turned = Grid(source.crs, (a, 0.0, c, 0.0, -e, f + 400 * e), source.shape)
    upright = warp(values, source, target).astype(int)
    got = warp(np.ascontiguousarray(values[::-1]), turned, target).astype(int)
    assert np.abs(got - upright).max() <= 12
    assert np.abs(got - upright).mean() < 1.5


def test_chunks_of_any_size_give_the_same_picture() -> None:
    """The options that the module sets, with GDAL's memory for a chunk from tiny to whole."""
    from osgeo import gdal

    source = grid_around(12, 47, 32633, (700, 700), 10)
    target = grid_around(12, 47, 32632, (650, 650), 10)
    values = noise(source.shape)
    expected, inner = exact_warp(values, source, target)
    pictures = []
    for megabytes in (0.15, 1, 64):
        made = gdal.Warp(
            "",
            in_memory(values, source),
            format="MEM",
            dstSRS=target.crs,
            outputBounds=target.bounds,
            width=650,
            height=650,
            resampleAlg="bilinear",
            errorThreshold=0.005,
            warpMemoryLimit=megabytes * (1 << 20),
            warpOptions=scale_options(grid_steps(source, target), "bilinear"),
        )
        pictures.append(made.ReadAsArray())
        assert_near(pictures[-1], expected, inner, 0.75)
    assert all(np.abs(one.astype(int) - pictures[0]).max() <= 15 for one in pictures[1:])


def test_without_the_scale_gdal_blends_too_wide() -> None:
    """What the module is for; it fails as soon as a newer GDAL needs no help."""
    from osgeo import gdal

    if int(gdal.VersionInfo("VERSION_NUM")) >= 3130000:
        pytest.skip("GDAL 3.13 measures the scale itself (OSGeo/gdal pull request 13806)")
    source = grid_around(12, 47, 32633, (700, 700), 10)
    target = grid_around(12, 47, 32632, (650, 650), 10)
    values = noise(source.shape)
    plain = gdal.Warp(
        "",
        in_memory(values, source),
        format="MEM",
        dstSRS=target.crs,
        outputBounds=target.bounds,
        width=650,
        height=650,
        resampleAlg="bilinear",
    ).ReadAsArray()
    expected, inner = exact_warp(values, source, target)
    assert plain[inner].std() < 0.95 * expected[inner].std()


def test_a_target_that_the_source_does_not_reach_has_no_pixels() -> None:
    source = grid_around(12, 47, 32633, (50, 50), 10)
    target = grid_around(14, 47, 32633, (50, 50), 10)
    assert not warp(noise(source.shape), source, target).any()


def test_a_system_that_is_none_is_an_error() -> None:
    source = grid_around(12, 47, 32633, (50, 50), 10)
    with pytest.raises(RasterError, match="The coordinate system EPSG:99999 cannot be used"):
        suggested_grid(in_memory(noise((50, 50)), source), "EPSG:99999", False)
