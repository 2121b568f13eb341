"""Wrong files among a stack's bands are told or refused before a map is made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.errors import AlgorithmError, InputError
from firstlight.core.maps.registry import get_map
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.operations.stack import STACK
from firstlight.core.settings import Settings
from support.rasters import noise, write_raster


def stack(tmp_path: Path, **bands: Path) -> Any:
    named = [f"{name}={path}" for name, path in bands.items()]
    words = {"sensor": "sentinel2", "band": named, "output": tmp_path / "s.vrt"}
    return STACK.run(STACK.make_params(words), Settings(), RecordingMonitor())


def pixels(path: Path, band: int) -> Any:
    import rasterio

    with rasterio.open(path) as dataset:
        return dataset.read(band)


def test_bands_of_several_days_are_told(tmp_path: Path) -> None:
    red = write_raster(tmp_path / "T33TWN_20240612T100031_B04_10m.tif", noise((64, 64), 1))
    nir = write_raster(tmp_path / "T33TWN_20240712T100031_B08_10m.tif", noise((64, 64), 2))
    told = stack(tmp_path, red=red, nir=nir).data["warnings"]
    assert any("red 2024-06-12 33TWN, nir 2024-07-12 33TWN" in text for text in told)


def test_colours_of_a_table_are_no_band(tmp_path: Path) -> None:
    import rasterio

    red = write_raster(tmp_path / "red.tif", noise((64, 64), high=9, low=1, dtype="uint8"))
    with rasterio.open(red, "r+") as dataset:
        dataset.write_colormap(1, {1: (200, 10, 10, 255)})
    with pytest.raises(InputError, match="colours of a table"):
        stack(tmp_path, red=red)


def test_a_fill_that_nobody_declares_is_told_by_stack_and_map(tmp_path: Path) -> None:
    data = noise((64, 64), dtype="int16", high=5000)
    data[:16] = -9999
    red = write_raster(tmp_path / "red.tif", data, nodata=None)
    nir = write_raster(tmp_path / "nir.tif", data + data // 2 * (data > 0), nodata=None)
    told = stack(tmp_path, red=red, nir=nir)
    assert any("exactly -9999" in text for text in told.data["warnings"])
    mapped = index(tmp_path)
    assert any("exactly -9999" in text for text in mapped.data["warnings"])


def index(tmp_path: Path) -> Any:
    operation = get_map("index")
    words = {"stack": tmp_path / "s.vrt", "output": tmp_path / "ndvi.tif"}
    return operation.run(operation.make_params(words), Settings(), RecordingMonitor())


def test_a_scaled_band_never_meets_an_unscaled_one(tmp_path: Path) -> None:
    import rasterio

    red = write_raster(tmp_path / "red.tif", noise((64, 64), 1))
    nir = write_raster(tmp_path / "nir.tif", noise((64, 64), 2))
    with rasterio.open(red, "r+") as dataset:
        dataset.scales = (0.0001,)
    stack(tmp_path, red=red, nir=nir)
    with pytest.raises(AlgorithmError, match="nir has no scale, and red has one"):
        index(tmp_path)
    assert not (tmp_path / "ndvi.tif").exists()


@pytest.mark.parametrize("shift_m", [0.01, -0.2, 0.4])
def test_a_trifle_beside_the_lines_moves_no_pixel(tmp_path: Path, shift_m: float) -> None:
    red = write_raster(tmp_path / "red.tif", noise((64, 64), 1))
    place = (600000.0 + shift_m, 5200020.0 + shift_m)
    nir = write_raster(tmp_path / "nir.tif", noise((64, 64), 2), origin=place)
    made = stack(tmp_path, red=red, nir=nir)
    path = made.value.path
    np.testing.assert_array_equal(pixels(path, 1), pixels(red, 1))
    np.testing.assert_array_equal(pixels(path, 2), pixels(nir, 1))
    assert not any("beside those" in text for text in made.data["warnings"])


def test_pixels_between_the_lines_are_resampled_and_that_is_said(tmp_path: Path) -> None:
    red = write_raster(tmp_path / "red.tif", noise((64, 64), 1))
    nir = write_raster(tmp_path / "nir.tif", noise((64, 64), 2), origin=(600004.0, 5200024.0))
    made = stack(tmp_path, red=red, nir=nir)
    [told] = [text for text in made.data["warnings"] if "beside those" in text]
    assert "nir lie 0.4 of a pixel" in told
    assert "bilinear" in told


@pytest.mark.parametrize("shift_px", [3, 3.001])
def test_a_coarse_band_is_put_on_the_fine_bands_lines(tmp_path: Path, shift_px: float) -> None:
    """As bands of 20 m that begin whole pixels of 10 m further left, written with few digits."""
    red = write_raster(tmp_path / "red.tif", noise((60, 60), 1))
    place = (600000.0 - 10 * shift_px, 5200020.0 + 10 * shift_px)
    swir = write_raster(tmp_path / "swir.tif", noise((40, 40), 2), resolution=20.0, origin=place)
    made = stack(tmp_path, red=red, swir16=swir)
    assert made.value.grid.shape == (60, 60)
    reference = stack_of_whole_shift(tmp_path / "whole", red)
    np.testing.assert_array_equal(pixels(made.value.path, 2), pixels(reference, 2))


def stack_of_whole_shift(folder: Path, red: Path) -> Path:
    place = (600000.0 - 30, 5200020.0 + 30)
    swir = write_raster(folder / "swir.tif", noise((40, 40), 2), resolution=20.0, origin=place)
    path: Path = stack(folder, red=red, swir16=swir).value.path
    return path
