"""Texts and comparison of coordinate systems, geotransforms, data types."""

from __future__ import annotations

import math

import numpy as np
import pytest

from firstlight.core.errors import RasterError
from firstlight.core.gdal import crs, types
from firstlight.core.types import Grid

LAEA = "+proj=laea +lat_0=10 +lon_0=20 +datum=WGS84 +units=m"


def test_systems_are_the_same_however_they_are_written() -> None:
    assert crs.same_crs("EPSG:32632", crs.wkt("EPSG:32632"))
    assert not crs.same_crs("EPSG:32632", "EPSG:32633")
    assert not crs.same_crs("EPSG:32632", "nonsense")
    assert crs.short_text(crs.wkt("EPSG:32632")) == "EPSG:32632"
    assert crs.short_text(crs.wkt(LAEA)) == crs.wkt(LAEA)
    assert crs.crs_name(crs.wkt("EPSG:32632")) == "WGS 84 / UTM zone 32N"
    assert crs.crs_name("n" * 40) == "n" * 27 + "…"


def test_units() -> None:
    assert crs.unit_of("EPSG:32632") == ("metre", 1.0)
    assert crs.unit_of("EPSG:4326") == ("degree", 1.0)
    assert crs.unit_of("EPSG:2263")[1] == pytest.approx(0.3048, abs=1e-5)
    assert crs.axis_mapping("EPSG:4326") == "2,1"
    assert crs.axis_mapping("EPSG:32632") == "1,2"
    with pytest.raises(RasterError, match="it is not known"):
        crs.unit_of("EPSG:99999")


def test_a_dataset_lies_where_its_grid_says() -> None:
    from osgeo import gdal

    grid = Grid("EPSG:32632", (10.0, 1.0, 600000.0, 2.0, -10.0, 5200000.0), (3, 4))
    dataset = gdal.GetDriverByName("MEM").Create("", 4, 3, 1)
    crs.set_grid(dataset, grid)
    assert crs.dataset_grid(dataset) == grid
    assert dataset.GetGeoTransform() == (600000.0, 10.0, 1.0, 5200000.0, 2.0, -10.0)
    assert crs.geotransform_text(grid) == "600000.0, 10.0, 1.0, 5200000.0, 2.0, -10.0"


@pytest.mark.parametrize("dtype", [name for name in types.GDAL_NAMES if name != "int8"])
def test_types_of_numpy_and_gdal_lead_to_each_other(dtype: str) -> None:
    from osgeo import gdal

    assert types.numpy_type(types.gdal_type(dtype)) == dtype
    made = gdal.GetDriverByName("MEM").Create("", 2, 2, 1, types.gdal_type(dtype)).ReadAsArray()
    assert made.dtype == np.dtype(dtype)
    assert types.has_fractions(types.gdal_type(dtype)) == types.is_floating(dtype)


def test_numbers_that_a_type_holds() -> None:
    assert types.type_range("uint16") == (0, 65535)
    assert types.type_range("int8") == (-128, 127)
    assert types.holds("uint16", 65535)
    assert not types.holds("uint16", 65536)
    assert not types.holds("int16", 0.5)
    assert not types.holds("uint8", math.nan)
    assert types.holds("float32", math.nan)


def test_complex_numbers_are_read_as_float64_and_have_no_fractions() -> None:
    from osgeo import gdal

    assert types.numpy_type(gdal.GDT_CFloat32) == "float64"
    assert not types.has_fractions(gdal.GDT_CFloat32)
