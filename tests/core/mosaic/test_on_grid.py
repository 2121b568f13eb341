"""A band on another grid: naive interpolation pixel by pixel, holes, edges, classes; every window
gives the same bits.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from firstlight.core.gdal.environment import RemoteOptions
from firstlight.core.mosaic.band_reader import BandLocation, BandReader
from firstlight.core.mosaic.on_grid import Known, placed_window, read_classes, read_values
from firstlight.core.raster.block_cache import BlockCache
from firstlight.core.raster.grid import Window
from firstlight.core.types import Grid, Radiometry
from support.grids import exact_places, grid_at
from support.rasters import noise, write_raster
from support.thorough import few
from support.waiting import PATIENCE_S

Floats = npt.NDArray[np.float64]
EAST = grid_at(12, 47, 32633, (150, 170), 10)
WEST = grid_at(11.9995, 47.001, 32632, (190, 180), 10)
"""A tilted square of the eastern zone lies in the middle of it."""
ALL = Window(0, 0, *WEST.shape)


def open_band(
    path: Path,
    values: npt.NDArray[Any],
    nodata: float | None = 0,
    is_class: bool = False,
    grid: Grid = EAST,
) -> BandReader:
    _, _, left, _, _, top = grid.transform
    epsg, size = int(grid.crs.split(":")[1]), grid.resolution[0]
    write_raster(path, values, epsg=epsg, resolution=size, origin=(left, top), nodata=nodata)
    options = RemoteOptions(connect_timeout_s=PATIENCE_S, read_timeout_s=PATIENCE_S)
    place = BandLocation(
        "'red' of A", grid, Radiometry(nodata=nodata), is_class, lambda renew: (str(path), options)
    )
    return BandReader(place, BlockCache(1 << 22))


def naive(values: Floats, source: Grid, target: Grid, window: Window) -> Floats:
    """Each pixel by itself: of the four around its centre those with data, where the one in which
    it lies has data.
    """
    rows, cols = exact_places(source, target, window)
    padded = np.full((values.shape[0] + 2, values.shape[1] + 2), np.nan)
    padded[1:-1, 1:-1] = values
    out = np.full(rows.shape, np.nan)
    for place in np.ndindex(out.shape):
        y, x = rows[place] + 1, cols[place] + 1
        if not (0 <= round(y) < padded.shape[0] and 0 <= round(x) < padded.shape[1]) or math.isnan(
            padded[round(y), round(x)]
        ):
            continue
        top, left = math.floor(y), math.floor(x)
        four = padded[top : top + 2, left : left + 2]
        shares = np.outer((1 - (y - top), y - top), (1 - (x - left), x - left))
        there = np.isfinite(four)
        out[place] = (four[there] * shares[there]).sum() / shares[there].sum()
    return out


@pytest.mark.thorough
@few("dtype", ["uint16", "int16", "float32", "uint8", "float64"], 3)
def test_pixels_of_another_zone_are_interpolated_between_those_with_data(
    tmp_path: Path, dtype: str
) -> None:
    stored = noise(EAST.shape, 1, 10, 250)
    stored[30:60, 40:90] = 0
    stored[::9, ::7] = 0
    got = read_values(open_band(tmp_path / "a.tif", stored.astype(dtype)), WEST, ALL, "bilinear")
    expected = naive(np.where(stored == 0, np.nan, stored.astype(float)), EAST, WEST, ALL)
    assert got.dtype == np.float32
    assert 0.4 < np.isfinite(expected).mean() < 0.7
    # A pixel whose centre lies on an edge between two, within the error of places, may belong to
    # either.
    assert (np.isfinite(got) == np.isfinite(expected)).mean() > 0.999
    both = np.isfinite(got) & np.isfinite(expected)
    assert np.abs(got - expected)[both].max() < 240 * 2 * 0.01
    assert np.median(np.abs(got - expected)[both]) < 0.05


def test_it_is_near_to_what_gdal_makes(tmp_path: Path) -> None:
    from rasterio.enums import Resampling
    from rasterio.transform import from_origin
    from rasterio.warp import reproject

    rows, cols = np.indices(EAST.shape)
    stored = (3000 + 900 * np.sin(rows / 19) + 800 * np.cos(cols / 23)).astype(np.uint16)
    stored[30:60, 40:90] = 0
    got = read_values(open_band(tmp_path / "a.tif", stored), WEST, ALL, "bilinear")
    made = np.full(WEST.shape, np.nan)
    places = [from_origin(one.transform[2], one.transform[5], 10, 10) for one in (EAST, WEST)]
    reproject(
        np.where(stored == 0, np.nan, stored.astype(float)),
        made,
        src_transform=places[0],
        src_crs=EAST.crs,
        dst_transform=places[1],
        dst_crs=WEST.crs,
        src_nodata=np.nan,
        dst_nodata=np.nan,
        resampling=Resampling.bilinear,
        tolerance=0.0,
    )
    assert (np.isfinite(got) == np.isfinite(made)).mean() > 0.999
    both = np.isfinite(got) & np.isfinite(made)
    # GDAL, not told the scale, takes the tilt for a coarser grid, and blends a little wider.
    assert np.abs(got - made)[both].max() < 5
    assert abs((got - made)[both].mean()) < 0.05


@pytest.mark.parametrize("method", ["bilinear", "nearest"])
def test_every_window_gives_the_same_bits(tmp_path: Path, method: str) -> None:
    stored = noise(EAST.shape, 1)
    stored[::9, ::7] = 0
    source = open_band(tmp_path / "a.tif", stored)
    whole = read_values(source, WEST, ALL, method)
    assert 0.4 < np.isfinite(whole).mean() < 0.8
    tiled = np.empty_like(whole)
    for row in range(0, WEST.shape[0], 37):
        for col in range(0, WEST.shape[1], 53):
            window = Window(row, col, min(37, WEST.shape[0] - row), min(53, WEST.shape[1] - col))
            tiled[row : row + 37, col : col + 53] = read_values(source, WEST, window, method)
    np.testing.assert_array_equal(whole, tiled)
    for window in (
        Window(80, 90, 1, 1),
        Window(80, 0, 1, 180),
        Window(-20, -30, 60, 70),
        Window(170, 160, 50, 50),
    ):
        some = read_values(source, WEST, window, method)
        rows, cols = (
            np.clip(np.arange(window.rows) + window.row, 0, 189),
            np.clip(np.arange(window.cols) + window.col, 0, 179),
        )
        inside = np.isin(np.arange(window.rows) + window.row, rows)[:, None] & np.isin(
            np.arange(window.cols) + window.col, cols
        )
        np.testing.assert_array_equal(some, np.where(inside, whole[np.ix_(rows, cols)], np.nan))


def test_classes_are_those_in_which_the_centres_lie(tmp_path: Path) -> None:
    stored = noise(EAST.shape, 2, 1, 12).astype(np.uint8)
    got = read_classes(open_band(tmp_path / "a.tif", stored, is_class=True), WEST, ALL)
    rows, cols = (np.rint(one).astype(int) for one in exact_places(EAST, WEST, ALL))
    inside = (rows >= 0) & (rows < EAST.shape[0]) & (cols >= 0) & (cols < EAST.shape[1])
    expected = np.where(inside, stored[np.clip(rows, 0, 149), np.clip(cols, 0, 169)], 0)
    assert got.dtype == np.uint8
    assert (got == expected).mean() > 0.997, (
        "but for centres within a hundredth of a pixel of an edge"
    )
    assert (got == 0).sum() == (expected == 0).sum()
    coarse = Grid(EAST.crs, (30.0, 0.0, EAST.transform[2], 0.0, -30.0, EAST.transform[5]), (50, 56))
    thinned = read_classes(
        open_band(tmp_path / "b.tif", stored, is_class=True), coarse, Window(0, 0, 50, 56)
    )
    np.testing.assert_array_equal(thinned, stored[1::3, 1::3][:50, :56])


def test_without_a_number_for_nodata_zero_is_a_value_and_beyond_the_band_is_none(
    tmp_path: Path,
) -> None:
    stored = np.zeros(EAST.shape, np.int16)
    got = read_values(open_band(tmp_path / "a.tif", stored, nodata=None), WEST, ALL, "bilinear")
    expected = naive(stored.astype(float), EAST, WEST, ALL)
    assert (np.isfinite(got) == np.isfinite(expected)).mean() > 0.999
    assert np.nanmax(np.abs(got)) == 0


def test_a_value_between_others_is_not_taken_for_nodata(tmp_path: Path) -> None:
    stored = (
        np.where(np.arange(EAST.shape[1]) % 2, 100, -100)[None]
        .repeat(EAST.shape[0], axis=0)
        .astype(np.int16)
    )
    half = Grid(
        EAST.crs, (10.0, 0.0, EAST.transform[2] + 5, 0.0, -10.0, EAST.transform[5]), (150, 169)
    )
    got = read_values(
        open_band(tmp_path / "a.tif", stored), half, Window(0, 0, 150, 169), "bilinear"
    )
    np.testing.assert_array_equal(got, 0)


def test_nan_in_the_file_is_no_data_beside_a_number_that_is(tmp_path: Path) -> None:
    stored = noise(EAST.shape, 1).astype(np.float32)
    stored[20:40, 20:40] = np.nan
    stored[70:80, 70:80] = -9999
    got = read_values(open_band(tmp_path / "a.tif", stored, nodata=-9999), WEST, ALL, "bilinear")
    clean = np.where(stored == -9999, np.nan, stored).astype(float)
    assert (np.isfinite(got) == np.isfinite(naive(clean, EAST, WEST, ALL))).mean() > 0.999
    assert np.nanmin(got) >= 1500


@pytest.mark.parametrize(
    ("method", "step"), [("cubic", 10.0), ("average", 40.0), ("bilinear", 40.0)]
)
def test_coarser_grids_and_other_methods_are_gdals(
    tmp_path: Path, method: str, step: float
) -> None:
    rows, cols = np.indices(EAST.shape)
    stored = (1000 + 5 * rows + 3 * cols).astype(np.uint16)
    _, _, left, _, _, top = WEST.transform
    target = Grid(
        WEST.crs, (step, 0.0, left, 0.0, -step, top), (int(1900 / step), int(1800 / step))
    )
    window = Window(0, 0, *target.shape)
    got = read_values(open_band(tmp_path / "a.tif", stored), target, window, method)
    places = exact_places(EAST, target, window)
    part = placed_window(EAST, target)
    assert part is not None
    well_inside = (places[0] > 4) & (places[0] < 145) & (places[1] > 4) & (places[1] < 165)
    assert well_inside.sum() > 500
    expected = 1000 + 5 * places[0] + 3 * places[1]
    assert np.abs(got - expected)[well_inside].max() < 5, (
        "a plane stays one, within a pixel's rounding"
    )


def test_bands_share_the_places_of_their_own_grid_alone(tmp_path: Path) -> None:
    coarse = Grid(EAST.crs, (20.0, 0.0, EAST.transform[2], 0.0, -20.0, EAST.transform[5]), (75, 85))
    bands = [
        open_band(tmp_path / "a.tif", noise(EAST.shape, 1)),
        open_band(tmp_path / "b.tif", noise(EAST.shape, 2)),
        open_band(tmp_path / "c.tif", noise(coarse.shape, 3), grid=coarse),
    ]
    for window in (ALL, Window(60, 50, 70, 90)):
        alone = [read_values(band, WEST, window, "bilinear") for band in bands]
        known: Known = {}
        for band, expected in zip(bands, alone):
            np.testing.assert_array_equal(
                read_values(band, WEST, window, "bilinear", known), expected
            )
        assert len(known) == 2
