"""Between which numbers most pixels of a band lie: by a look at a few places."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from firstlight.core.errors import ValidationError
from firstlight.core.raster import reader
from firstlight.core.raster.facts import read_facts
from firstlight.core.raster.view import PLACES, SIDE, read_spread
from support.rasters import ramp, write_raster


@pytest.mark.parametrize("shape", [(64, 64), (7, 300), (600, 450), (1, 1)])
def test_the_ends_are_those_of_most_pixels(tmp_path: Path, shape: tuple[int, int]) -> None:
    random = np.random.default_rng(3)
    values = random.uniform(1000.0, 5000.0, shape).astype(np.float32)
    path = write_raster(tmp_path / "a.tif", values, nodata=None)
    low, high = read_spread(path, (1,))[1]
    wanted = np.percentile(values, (2, 98))
    assert (low, high) == pytest.approx(tuple(wanted), abs=60)


def test_numbers_are_scaled_as_qgis_scales_them(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", ramp((64, 64), 1000, 5000, "uint16"), nodata=0)
    raster = gdal.Open(str(path), gdal.GA_Update)
    raster.GetRasterBand(1).SetScale(-0.001)
    raster.GetRasterBand(1).SetOffset(1.0)
    raster = None
    low, high = read_spread(path, (1,))[1]
    assert low == pytest.approx(1 - 4.92, abs=0.01)
    assert high == pytest.approx(1 - 1.08, abs=0.01)


def test_power_stays_power(tmp_path: Path) -> None:
    """QGIS shows no decibels where the file holds none."""
    values = ramp((64, 64), 0, 1, "float32") * 0.39 + 0.01
    path = write_raster(tmp_path / "a.tif", values, nodata=None)
    raster = gdal.Open(str(path), gdal.GA_Update)
    raster.GetRasterBand(1).SetUnitType("power")
    raster = None
    assert read_facts(path).bands[0].radiometry.unit == "power"
    low, high = read_spread(path, (1,))[1]
    assert 0.0 < low < 0.03 < 0.38 < high < 0.4


def test_what_is_no_data_counts_for_nothing(tmp_path: Path) -> None:
    values = np.zeros((400, 400), np.uint16)
    values[100:110, 200:210] = 700  # between the places that are looked at
    path = write_raster(tmp_path / "a.tif", values, nodata=0)
    assert PLACES * SIDE < 400
    assert read_spread(path, (1,)) == {1: (700.0, 700.0)}
    empty = write_raster(tmp_path / "b.tif", np.zeros((400, 400), np.uint16), nodata=0)
    assert read_spread(empty, (1,)) == {}


def test_it_reads_a_few_places_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_raster(tmp_path / "a.tif", ramp((1000, 1000), 1, 9, "uint8"), nodata=None)
    read, pixels = reader.RasterReader.read_stored, []

    def note(self, index, window=None, max_size=None):
        pixels.append(window.rows * window.cols)
        return read(self, index, window, max_size)

    monkeypatch.setattr(reader.RasterReader, "read_stored", note)
    read_spread(path, (1,))
    assert sum(pixels) == (PLACES * SIDE) ** 2 < 1000 * 1000 / 30


def test_it_stops_when_nobody_wants_it(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", np.ones((2, 8, 8), np.uint8), nodata=None)
    assert read_spread(path, (1, 2), iter((True, False)).__next__).keys() == {1}


def test_files_of_others_are_not_fetched_for_it(tmp_path: Path) -> None:
    path = tmp_path / "far.vrt"
    path.write_text(
        '<VRTDataset rasterXSize="8" rasterYSize="8"><VRTRasterBand dataType="Byte" band="1">'
        "<SimpleSource><SourceFilename>/vsicurl/https://example.com/a.tif</SourceFilename>"
        "<SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    with pytest.raises(ValidationError):
        read_spread(path, (1,))
