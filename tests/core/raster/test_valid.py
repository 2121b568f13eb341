"""Valid data: the same numbers mean nothing to reader, stack and validator."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.raster.facts import read_facts
from firstlight.core.raster.grid import Window
from firstlight.core.raster.physical import to_physical
from firstlight.core.raster.reader import RasterReader
from firstlight.core.raster.valid import find_missing, is_masked
from firstlight.core.stack.band_stack import create_band_stack
from firstlight.core.types import Radiometry, Unit

from ...support.rasters import noise, write_raster

HUGE = float(np.finfo(np.float32).max)


@pytest.mark.parametrize(
    ("stored", "nodata", "unit", "missing"),
    [
        (np.array([1, -3.4e38, 2], np.float32), -3.4e38, "", [0, 1, 0]),
        (np.array([1, -HUGE, 2], np.float32), -3.40282347e38, "", [0, 1, 0]),
        (np.array([1, -HUGE, 2], np.float32), -1.7976931348623157e308, "", [0, 1, 0]),
        (np.array([1, -HUGE, 2], np.float32), None, "", [0, 1, 0]),
        (np.array([1, np.float32(-9999.9), 2], np.float32), -9999.9, "", [0, 1, 0]),
        (np.array([1, np.nan, np.inf, -np.inf]), None, "", [0, 1, 1, 1]),
        (np.array([0, 7, 65535], np.uint16), -9999.0, "", [0, 0, 0]),
        (np.array([0, 7, 65535], np.uint16), math.nan, "", [0, 0, 0]),
        (np.array([0, 7, 65535], np.uint16), 0.0, "", [1, 0, 0]),
        (np.array([0, 7, 65535], np.uint16), None, "amplitude", [1, 0, 0]),
        (np.array([0, 0.1], np.float32), None, "power", [1, 0]),
        (np.array([0, -12.5], np.float32), None, "dB", [0, 0]),
    ],
)
def test_numbers_that_mean_nothing(
    stored: Any, nodata: float | None, unit: str, missing: list[int]
) -> None:
    assert find_missing(stored, nodata, unit).tolist() == [bool(flag) for flag in missing]
    values = to_physical(stored, Radiometry(nodata=nodata, unit=Unit(unit)))
    assert np.isnan(values).tolist() == [bool(flag) for flag in missing]


def masked(path: Path, data: Any, valid: Any, inside: bool) -> Path:
    """A raster whose mask, inside or as ``.msk`` beside it, says where it has data."""
    import rasterio

    write_raster(path, data, nodata=None)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=inside), rasterio.open(path, "r+") as file:
        file.write_mask(valid.astype(np.uint8) * 255)
    return path


VALID = np.ones((60, 60), bool)
VALID[:, :20] = False


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float32"])
def test_what_a_mask_hides_is_no_data_in_the_file_and_in_its_stack(
    tmp_path: Path, dtype: str, inside: bool
) -> None:
    data = noise((60, 60), low=0, high=99).astype(dtype)
    path = masked(tmp_path / "red.tif", data, VALID, inside)
    create_band_stack({"red": path}, tmp_path / "stack.vrt")
    for raster in (path, tmp_path / "stack.vrt"):
        with RasterReader(raster) as reader:
            values = reader.read(1, Window(0, 0, 60, 60))
        assert np.array_equal(~np.isnan(values), VALID)
        assert np.array_equal(values[VALID], data[VALID].astype(np.float32))


def test_an_alpha_band_hides_and_is_no_measurement(tmp_path: Path) -> None:
    import rasterio

    path = tmp_path / "rgba.tif"
    data = noise((4, 60, 60), low=1, high=99).astype(np.uint8)
    data[3] = VALID * 255
    write_raster(path, data, nodata=None, photometric="RGB")
    with rasterio.open(path, "r+") as file:
        kinds = rasterio.enums.ColorInterp
        file.colorinterp = (kinds.red, kinds.green, kinds.blue, kinds.alpha)
    assert [band.alpha for band in read_facts(path).bands] == [False, False, False, True]
    with RasterReader(path) as reader:
        assert np.array_equal(~np.isnan(reader.read(2, Window(0, 0, 60, 60))), VALID)


def test_what_a_mask_hides_is_left_out_of_the_interpolation(tmp_path: Path) -> None:
    fine = write_raster(tmp_path / "nir.tif", noise((120, 120)), nodata=0)
    level = np.where(VALID, 500, 7777).astype(np.uint16)
    coarse = masked(tmp_path / "swir16.tif", level, VALID, True)
    import rasterio

    with rasterio.open(coarse, "r+") as file:
        file.transform = rasterio.Affine(20, 0, 600000, 0, -20, 5200020)
    create_band_stack({"nir": fine, "swir16": coarse}, tmp_path / "stack.vrt")
    with RasterReader(tmp_path / "stack.vrt") as reader:
        index = 1 + [band.description for band in reader.facts.bands].index("swir16")
        values = reader.read(index, Window(0, 0, 120, 120))
    assert set(np.unique(values[~np.isnan(values)])) == {500.0}
    assert np.isnan(values[:, :38]).all()
    assert not np.isnan(values[:, 42:]).any()


@pytest.mark.parametrize(
    ("flags", "masked"),
    [(0, True), (2, True), (4, True), (6, True), (1, False), (8, False), (9, False)],
)
def test_gdals_flags_of_a_mask(flags: int, masked: bool) -> None:
    """0: a mask of this band alone; 1 all valid, 2 of the dataset, 4 alpha, 8 the nodata value."""
    assert is_masked(flags) is masked
