"""Files of heights in other units, with vertical systems and with voids that nobody declared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from osgeo import gdal, osr

from firstlight.core.errors import InputError
from firstlight.core.identity.height_unit import METRES, in_metres, metres_per_unit
from firstlight.core.maps.registry import MAPS
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.operations.terrain import TERRAIN, run_terrain
from firstlight.core.raster.facts import read_facts
from firstlight.core.settings import Settings
from firstlight.core.terrain.heights import heights_of_file
from support.rasters import write_raster

US_FOOT = 1200 / 3937
ROWS, COLS = np.indices((60, 70))
HILLS = (400 + 6 * ROWS + 20 * np.sin(COLS / 9)).astype(np.float64)


def write_heights(path: Path, data: Any, crs: str = "EPSG:32632", unit: str = "") -> Path:
    """Heights of 30 m pixels, no nodata declared."""
    kind = gdal.GDT_Int16 if data.dtype == np.int16 else gdal.GDT_Float32
    dataset = gdal.GetDriverByName("GTiff").Create(str(path), data.shape[1], data.shape[0], 1, kind)
    dataset.SetGeoTransform((600000, 30, 0, 5200020, 0, -30))
    system = osr.SpatialReference()
    system.SetFromUserInput(crs)
    dataset.SetSpatialRef(system)
    band = dataset.GetRasterBand(1)
    band.WriteArray(data)
    if unit:
        band.SetUnitType(unit)
    return path


def run(folder: Path, dem: Path, **params: Any) -> tuple[Any, tuple[str, ...]]:
    """Heights that were written, NaN where there are none, and the warnings."""
    made = TERRAIN.make_params({"output": folder / "t", "dem": dem, **params})
    result = run_terrain(made, Settings(), RecordingMonitor())
    dataset = gdal.Open(str(folder / "t" / "dem.tif"))
    values = dataset.GetRasterBand(1).ReadAsArray().astype(float)
    values[values == dataset.GetRasterBand(1).GetNoDataValue()] = np.nan
    return values, result.value.warnings


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("unit", "crs", "metres"),
    [
        ("", "EPSG:32632", 1.0),
        ("metre", "EPSG:32632", 1.0),
        ("ft", "EPSG:32632", 0.3048),
        ("US survey foot", "EPSG:32632", US_FOOT),
        ("Feet", "EPSG:32632", 0.3048),
        ("cm", "EPSG:32632", 0.01),
        ("", "EPSG:32632+6360", US_FOOT),  # NAVD88, US survey feet
        ("", "EPSG:32632+8228", 0.3048),  # NAVD88, feet
        ("", "EPSG:32632+5773", 1.0),  # EGM96
        ("ft", "EPSG:32632+6360", 0.3048),
    ],
)
def test_heights_are_brought_to_metres(tmp_path: Path, unit: str, crs: str, metres: float) -> None:
    dem = write_heights(tmp_path / "own.tif", HILLS / metres, crs, unit)
    heights, warnings = run(tmp_path, dem)
    np.testing.assert_allclose(heights, HILLS, atol=0.01)
    assert any("brought to metres" in text for text in warnings) == (metres != 1.0)


def test_the_users_word_counts_more_than_the_files(tmp_path: Path) -> None:
    dem = write_heights(tmp_path / "own.tif", HILLS / 0.3048, unit="m")
    heights, _ = run(tmp_path, dem, dem_unit="ft")
    np.testing.assert_allclose(heights, HILLS, atol=0.01)


@pytest.mark.parametrize(
    ("unit", "crs", "words"),
    [
        ("dB", "EPSG:32632", "'dB'"),
        ("degree", "EPSG:32632", "'degree'"),
        ("m", "EPSG:32632+6360", "in 'm', its vertical .* 'US survey foot'"),
    ],
)
def test_a_unit_that_is_none_is_refused_by_name(
    tmp_path: Path, unit: str, crs: str, words: str
) -> None:
    dem = write_heights(tmp_path / "own.tif", HILLS, crs, unit)
    with pytest.raises(InputError, match=words) as refused:
        run(tmp_path, dem)
    assert "dem_unit" in refused.value.hint


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("void", "dtype"),
    [(-9999, "f4"), (-32768, "i2"), (-32767, "i2"), (-3.4e38, "f4"), (-99999, "f4"), (1e20, "f4")],
)
def test_a_void_is_found_and_named(tmp_path: Path, void: float, dtype: str) -> None:
    data = HILLS.round().astype(dtype)
    data[20:30, 30:45] = void
    heights, warnings = run(tmp_path, write_heights(tmp_path / "own.tif", data))
    right = data.astype(float)
    right[20:30, 30:45] = np.nan
    np.testing.assert_array_equal(heights, right)
    assert any(f"{np.float64(data[20, 30]):.7g}" in text for text in warnings)


def test_a_hole_of_zeros_in_the_hills_is_none_of_the_sea(tmp_path: Path) -> None:
    data = HILLS.round().astype(np.int16)
    data[20:30, 30:45] = 0
    heights, warnings = run(tmp_path, write_heights(tmp_path / "own.tif", data))
    assert np.isnan(heights[20:30, 30:45]).all()
    assert np.isfinite(heights).sum() == data.size - 150
    assert any("is 0 m high" in text and "no height" in text for text in warnings)


def test_low_cliffs_leave_the_sea_and_are_told(tmp_path: Path) -> None:
    data = np.where(COLS < 30, 0, 60 + ROWS / 10).astype("f4")
    heights, warnings = run(tmp_path, write_heights(tmp_path / "own.tif", data))
    np.testing.assert_array_equal(heights, data)
    assert any("declare 0 as its nodata" in text for text in warnings)


def test_a_flat_shore_is_nothing_to_speak_of(tmp_path: Path) -> None:
    data = np.maximum(0, COLS - 30).astype("f4") * 2
    heights, warnings = run(tmp_path, write_heights(tmp_path / "own.tif", data))
    np.testing.assert_array_equal(heights, data)
    assert not any("0 m high" in text for text in warnings)


def test_a_deep_sea_is_no_void(tmp_path: Path) -> None:
    data = (-9990.0 - ROWS * 1.0).astype("f4")
    assert (data == -9999).any()
    _, warnings = run(tmp_path, write_heights(tmp_path / "own.tif", data))
    assert not any("no height:" in text or "without declaring" in text for text in warnings)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [((-9999.0, -32767.0), "-32767, -9999"), ((9500.0, 12000.0), "cannot be heights in metres")],
)
def test_what_nobody_can_tell_is_refused(
    tmp_path: Path, numbers: tuple[float, float], words: str
) -> None:
    data = HILLS.astype("f4")
    data[10, 10:20], data[40, 10:20] = numbers
    with pytest.raises(InputError, match=words):
        run(tmp_path, write_heights(tmp_path / "own.tif", data))


def flood(folder: Path, **rasters: Path) -> Any:
    """Codes of water in a scene that is dark all over."""
    [sar_water] = [operation for operation in MAPS if operation.name == "sar-water"]
    dark = np.where(COLS < 35, 0.005, 0.2) * np.random.default_rng(1).gamma(4, 0.25, COLS.shape)
    scene = write_raster(folder / "vv.tif", dark.astype("f4"), resolution=30.0, nodata=None)
    dataset = gdal.Open(str(scene), gdal.GA_Update)
    dataset.GetRasterBand(1).SetDescription("vv")
    dataset.GetRasterBand(1).SetUnitType("power")
    dataset = None
    params = sar_water.make_params({"output": folder / "w", "post": scene, **rasters})
    sar_water.run(params, Settings(), RecordingMonitor())
    return gdal.Open(str(folder / "w" / "water.tif")).ReadAsArray()


@pytest.mark.thorough
def test_heights_above_drainage_in_feet_are_brought_to_metres(tmp_path: Path) -> None:
    """Ground at 40 ft, 12 m, may be flooded below 15 m."""
    hand = np.full(COLS.shape, 40.0, np.float32)
    feet = write_heights(tmp_path / "feet.tif", hand, unit="ft")
    metres = write_heights(tmp_path / "metres.tif", (hand * 0.3048).astype("f4"), unit="m")
    assert (flood(tmp_path, hand=feet) == flood(tmp_path, hand=metres)).all()


@pytest.mark.parametrize(("name", "unit"), [("slope", "percent"), ("hand", "dB")])
def test_a_slope_or_height_in_another_unit_is_refused(tmp_path: Path, name: str, unit: str) -> None:
    other = write_heights(tmp_path / "own.tif", np.ones(COLS.shape, np.float32), unit=unit)
    with pytest.raises(InputError, match=f"'{unit}'"):
        flood(tmp_path, **{name: other})


def test_the_geoid_moves_no_pixel_of_a_stack(tmp_path: Path) -> None:
    """Bands with and without a vertical system; also where they have to be warped."""
    from firstlight.core.stack.band_stack import create_band_stack

    red = np.full((60, 70), 500.0, np.float32)
    flat = write_heights(tmp_path / "red.tif", red)
    for zone in ("EPSG:32632+5773", "EPSG:32633+5773"):
        tall = write_heights(tmp_path / "nir.tif", red * 6, zone)
        if zone.startswith("EPSG:32633"):
            warped = gdal.Warp("", str(flat), format="MEM", dstSRS="EPSG:32633")
            dataset = gdal.Open(str(tall), gdal.GA_Update)
            dataset.SetGeoTransform(warped.GetGeoTransform())
            dataset = None
        stack = create_band_stack({"red": flat, "nir": tall}, tmp_path / "s.vrt", ["red", "nir"])
        values = gdal.Open(str(stack.path)).ReadAsArray()[1]
        assert set(values[np.isfinite(values)]) == {3000.0}
        assert (values == 3000).mean() > 0.8
        assert any("warped" in text for text in stack.warnings) == zone.startswith("EPSG:32633")


@pytest.mark.parametrize(
    ("name", "driver"),
    [("dem.asc", "AAIGrid"), ("dem.img", "ENVI"), ("dem.vrt", "VRT"), ("dem.xyz", "XYZ")],
)
def test_heights_come_in_any_format(tmp_path: Path, name: str, driver: str) -> None:
    source = write_heights(tmp_path / "source.tif", HILLS.astype("f4"))
    expected, _ = run(tmp_path / "a", source)
    path = tmp_path / name
    gdal.GetDriverByName(driver).CreateCopy(str(path), gdal.Open(str(source)))
    if driver == "XYZ":  # it has no place for a coordinate system but the notes beside it
        srs = "<PAMDataset><SRS>EPSG:32632</SRS></PAMDataset>"
        path.with_name("dem.xyz.aux.xml").write_text(srs)
    values, _ = run(tmp_path / "b", path)
    assert np.nanmax(np.abs(values - expected)) < 0.01


def test_heights_may_lie_in_a_container(tmp_path: Path) -> None:
    source = write_heights(tmp_path / "source.tif", HILLS.astype("f4"))
    expected, _ = run(tmp_path / "a", source)
    twice = gdal.BuildVRT("", [str(source), str(source)], separate=True)
    gdal.GetDriverByName("netCDF").CreateCopy(str(tmp_path / "two.nc"), twice)
    values, _ = run(tmp_path / "b", Path(f'NETCDF:"{tmp_path / "two.nc"}":Band2'))
    assert np.array_equal(values, expected, equal_nan=True)


def declare(path: Path, scale: float = 1.0, offset: float = 0.0, nodata: Any = None) -> Path:
    dataset = gdal.Open(str(path), gdal.GA_Update)
    band = dataset.GetRasterBand(1)
    band.SetScale(scale)
    band.SetOffset(offset)
    if nodata is not None:
        band.SetNoDataValue(nodata)
    return path


def test_the_files_own_scale_and_offset_stay(tmp_path: Path) -> None:
    path = write_heights(tmp_path / "own.tif", HILLS, unit="us-ft")
    facts = read_facts(declare(path, scale=0.1, offset=50.0))
    rule = in_metres(facts, "x", "y")
    assert rule.scale == pytest.approx(0.1 * US_FOOT, rel=1e-12)
    assert rule.offset == pytest.approx(50.0 * US_FOOT, rel=1e-12)
    assert (METRES["ft"], METRES["us-ft"]) == (0.3048, pytest.approx(US_FOOT, rel=1e-12))
    assert [metres_per_unit(name) for name in ("Metres", "meters", "Feet", "K")] == [
        *(1.0, 1.0, 0.3048, None),
    ]


def test_the_users_word_needs_no_vertical_system_that_agrees(tmp_path: Path) -> None:
    dem = write_heights(tmp_path / "own.tif", HILLS / 0.3048, "EPSG:32632+5773")
    heights, _ = run(tmp_path, dem, dem_unit="ft")
    np.testing.assert_allclose(heights, HILLS, atol=0.01)


def test_zeros_that_touch_low_ground_are_a_sea(tmp_path: Path) -> None:
    """High cliffs around most of it; a tenth is a beach."""
    data = np.full((60, 70), 300.0, np.float32)
    data[20:40, 20:50] = 0
    data[30:40, 50:53] = 5
    heights, warnings = run(tmp_path, write_heights(tmp_path / "own.tif", data))
    np.testing.assert_array_equal(heights, data)
    assert any("if that is no height, declare 0" in text for text in warnings)


def test_a_file_that_declares_its_voids_keeps_its_zeros(tmp_path: Path) -> None:
    data = HILLS.round().astype(np.float32)
    data[20:30, 30:45], data[:5, :5] = 0, -9999
    path = declare(write_heights(tmp_path / "own.tif", data), nodata=-9999)
    heights, warnings = run(tmp_path, path)
    assert (heights[20:30, 30:45] == 0).all()
    assert np.isnan(heights[:5, :5]).all()
    assert not any("without declaring" in text for text in warnings)
    assert any("if that is no height, declare 0" in text for text in warnings)


@pytest.mark.parametrize(
    "transform", [(600000, 30, 0, 5200020, 0, 30), (600000, 30, 5, 5200020, 5, -30)]
)
def test_heights_on_no_north_up_grid_are_refused(tmp_path: Path, transform: Any) -> None:
    path = write_heights(tmp_path / "own.tif", HILLS)
    gdal.Open(str(path), gdal.GA_Update).SetGeoTransform(transform)
    with pytest.raises(InputError, match="no north-up grid"):
        heights_of_file(path)
