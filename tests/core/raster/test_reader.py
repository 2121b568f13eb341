"""Reading: stored numbers become physical ones in one place, and what cannot be read is named."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstlight.core.errors import RasterError
from firstlight.core.gdal.environment import quiet_gdal
from firstlight.core.raster.facts import check_raster, read_facts
from firstlight.core.raster.grid import Window, split_windows
from firstlight.core.raster.physical import to_physical
from firstlight.core.raster.reader import RasterReader
from firstlight.core.stack.band_stack import create_band_stack
from firstlight.core.types import Radiometry
from support.rasters import ramp, write_raster


@settings(max_examples=60, deadline=None)
@given(
    stored=st.lists(st.integers(0, 65535), min_size=1, max_size=50),
    rule=st.sampled_from(
        [
            (0.0001, 0.0),
            (0.0001, -0.1),
            (0.0000275, -0.2),
            (0.00341802, 149.0),
            (1.0, 0.0),
            (2.0, -3.5),
        ]
    ),
)
def test_scaled_values_equal_double_precision(stored: list[int], rule: tuple[float, float]) -> None:
    scale, offset = rule
    data = np.array(stored, np.uint16)
    truth = data.astype(np.float64) * scale + offset
    got = to_physical(data, Radiometry(scale, offset, None, "reflectance"))
    assert got.dtype == np.float32
    assert np.allclose(got, truth, rtol=3e-7, atol=2e-8 * max(1.0, abs(offset)))


def test_dark_pixels_keep_their_digits() -> None:
    dark = np.arange(990, 1011, dtype=np.uint16)
    got = to_physical(dark, Radiometry(0.0001, -0.1, 0.0, "reflectance"))
    truth = (dark.astype(np.float64) - 1000) / 10000
    assert np.abs(got - truth).max() < 1e-10
    assert got[10] == 0.0


@pytest.mark.parametrize(
    "dtype", ["uint8", "uint16", "int16", "uint32", "int32", "float32", "float64"]
)
def test_nodata_becomes_nan_in_every_type(dtype: str) -> None:
    got = to_physical(np.array([0, 1, 100], dtype), Radiometry(0.1, 1.0, 0.0))
    assert np.isnan(got[0])
    assert got[1:] == pytest.approx([1.1, 11.0])


@pytest.mark.parametrize(
    ("nodata", "missing"),
    [
        (float("nan"), [True, False, False]),
        (-9999.0, [True, True, False]),
        (None, [True, False, False]),
        (-32768.0, [True, False, False]),
    ],
)
def test_nan_in_the_file_stays_missing_whatever_nodata_says(
    nodata: float | None, missing: list[bool]
) -> None:
    got = to_physical(np.array([np.nan, -9999, 0.5], np.float32), Radiometry(nodata=nodata))
    assert np.isnan(got).tolist() == missing


def test_nodata_is_compared_before_it_is_scaled() -> None:
    got = to_physical(np.array([0, 1000], np.uint16), Radiometry(0.0001, -0.1, 0.0, "reflectance"))
    assert np.isnan(got).tolist() == [True, False], "reflectance 0 (stored 1000) is no nodata"


def test_power_becomes_decibels() -> None:
    power = np.array([1.0, 0.1, 0.01, 0.0, -1.0, -32768.0, np.inf], np.float32)
    got = to_physical(power, Radiometry(nodata=-32768.0, unit="power"))
    assert got[:3] == pytest.approx([0.0, -10.0, -20.0], abs=1e-5)
    assert np.isnan(got[3:]).all()


def test_the_stored_array_is_left_alone() -> None:
    stored = np.array([0.0, 0.5], np.float32)
    to_physical(stored, Radiometry(2.0, 1.0, 0.0, "power"))
    assert stored.tolist() == [0.0, 0.5]


def test_facts_of_a_file(tmp_path: Path) -> None:
    facts = read_facts(write_raster(tmp_path / "a.tif", ramp((40, 64)), resolution=20.0))
    assert facts.driver == "GTiff"
    assert facts.grid.crs == "EPSG:32632"
    assert facts.grid.shape == (40, 64)
    assert facts.grid.resolution == (20.0, 20.0)
    assert facts.bands[0].dtype == "uint16"
    assert facts.bands[0].radiometry.nodata == 0.0
    assert not facts.has_gcps
    assert read_facts(write_raster(tmp_path / "b.tif", epsg=None)).grid.crs == ""


def test_a_window_is_that_window(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", ramp((40, 64)))
    with RasterReader(path) as reader:
        assert np.array_equal(
            reader.read_stored(1, Window(5, 7, 11, 13)), ramp((40, 64))[5:16, 7:20]
        )
        assert reader.read_stored(1, max_size=16).shape == (10, 16)
        assert reader.read_stored(1, max_size=1000).shape == (40, 64)
        assert reader.read(1, Window(0, 0, 2, 2)).dtype == np.float32


def test_the_files_own_rule_counts_unless_another_is_given(tmp_path: Path) -> None:
    import rasterio

    path = write_raster(tmp_path / "a.tif", np.full((4, 4), 3000, np.uint16))
    with rasterio.open(path, "r+") as dataset:
        dataset.scales, dataset.offsets = (0.0001,), (-0.1,)
    with RasterReader(path) as reader:
        assert reader.read(1, Window(0, 0, 1, 1))[0, 0] == pytest.approx(0.2)
    with RasterReader(path, [Radiometry(0.001, 0.0, None)]) as reader:
        assert reader.read(1, Window(0, 0, 1, 1))[0, 0] == pytest.approx(3.0)


def test_many_threads_read_the_same_pixels(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(1, 60000, (300, 300), dtype=np.uint16)
    path = write_raster(tmp_path / "a.tif", noise)
    wrong: list[Any] = []

    def read(seed: int, reader: RasterReader) -> None:
        random = np.random.default_rng(seed)
        for _ in range(30):
            row, col = (int(v) for v in random.integers(0, 250, 2))
            if not np.array_equal(
                reader.read_stored(1, Window(row, col, 50, 50)),
                noise[row : row + 50, col : col + 50],
            ):
                wrong.append((row, col))

    with RasterReader(path) as reader:
        threads = [threading.Thread(target=read, args=(seed, reader)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_gdals_cache_of_blocks_stays_small_and_its_limit_untouched(tmp_path: Path) -> None:
    """It would keep all that was read, up to 5 % of the machine's memory, which QGIS needs."""
    from osgeo import gdal

    write_raster(tmp_path / "a.tif", ramp((1024, 1024)))
    limit, before = gdal.GetCacheMax(), gdal.GetCacheUsed()
    most = 0
    with RasterReader(tmp_path / "a.tif", cache_bytes=200_000) as reader:
        for window in split_windows((1024, 1024), 128):
            reader.read(1, window)
            most = max(most, gdal.GetCacheUsed() - before)
    assert 0 < most <= 200_000 + 128 * 128 * 2
    assert gdal.GetCacheMax() == limit


def test_what_was_decoded_for_windows_here_and_there_is_let_go(tmp_path: Path) -> None:
    """A small window of a file leaves a whole block in GDAL's cache, past a VRT as well."""
    from osgeo import gdal

    size, side = 1024, 512
    data = ramp((size, size), 1, 60_000, "uint16")
    path = write_raster(tmp_path / "a.tif", data, blockxsize=side, blockysize=side)
    stack = create_band_stack({"a": path}, tmp_path / "stack.vrt").path
    for file in (path, stack):
        before = gdal.GetCacheUsed()
        with RasterReader(file) as reader:
            for row, col in ((0, 0), (600, 0), (0, 600), (600, 600)):
                window = Window(row, col, 8, 8)
                stored = reader.read_stored(1, window)
                np.testing.assert_array_equal(stored, data[row : row + 8, col : col + 8])
                assert side * side <= (gdal.GetCacheUsed() - before) / data.itemsize < 2 * side**2
                reader.let_go()
                assert gdal.GetCacheUsed() == before


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        RasterError, match=r"The raster .*nope\.tif cannot be opened: it does not exist\."
    ):
        read_facts(tmp_path / "nope.tif")


@pytest.mark.parametrize(
    "make",
    [lambda p: p.write_text("hello"), lambda p: p.write_bytes(b""), lambda p: p.mkdir()],
    ids=["text", "empty", "folder"],
)
def test_what_is_no_raster_is_named(tmp_path: Path, make: Any) -> None:
    path = tmp_path / "a.tif"
    make(path)
    with pytest.raises(
        RasterError, match=r"The raster .*a\.tif cannot be opened: .*Is it a raster, and complete\?"
    ):
        read_facts(path)


@pytest.mark.parametrize("cog", [True, False])
def test_a_file_that_was_cut_off_is_found_by_its_last_block(tmp_path: Path, cog: bool) -> None:
    noise = np.random.default_rng(1).integers(1, 60000, (600, 600), dtype=np.uint16)
    path = write_raster(tmp_path / "a.tif", noise, cog=cog)
    assert check_raster(path).grid.shape == (600, 600)
    whole = path.read_bytes()
    path.write_bytes(whole[:-2000])
    with pytest.raises(RasterError, match=r"is damaged|cannot be opened"):
        check_raster(path)


def test_pixels_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(1, 60000, (600, 600), dtype=np.uint16)
    path = write_raster(tmp_path / "a.tif", noise)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with (
        RasterReader(path) as reader,
        pytest.raises(RasterError, match=r"Reading band 1 of .*a\.tif failed: "),
    ):
        reader.read(1, Window(0, 0, 600, 600))


def test_reading_leaves_gdals_switches_as_they_were(tmp_path: Path) -> None:
    from osgeo import gdal

    names = ("GDAL_DISABLE_READDIR_ON_OPEN", "GDAL_VRT_ENABLE_PYTHON", "GDAL_CACHEMAX")
    before = (
        [gdal.GetConfigOption(name) for name in names],
        gdal.GetUseExceptions(),
        gdal.GetCacheMax(),
    )
    with RasterReader(write_raster(tmp_path / "a.tif")) as reader:
        reader.read(1, Window(0, 0, 5, 5))
    check_raster(tmp_path / "a.tif")
    with quiet_gdal() as messages:
        gdal.Error(gdal.CE_Warning, 1, "hush\nnow")
    assert messages == ["hush now"]
    assert (
        [gdal.GetConfigOption(name) for name in names],
        gdal.GetUseExceptions(),
        gdal.GetCacheMax(),
    ) == before
