"""One raster of several bands is stacked by what it says of them, or it is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from firstlight.core.errors import InputError
from firstlight.core.identity.multiband import open_multiband
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.operations.describe import DESCRIBE
from firstlight.core.operations.stack import STACK
from firstlight.core.settings import Settings
from support.rasters import noise, read_band, write_raster

PLANET = "20230715_100031_24_2416_3B_AnalyticMS_SR_8b_clip.tif"
NAIP = "m_3812030_ne_10_060_20220519.tif"


def write(
    path: Path, count: int, names: tuple[str, ...] = (), dtype: str = "uint16", **tags: str
) -> Path:
    """Bands whose numbers begin at 1000, 2000, … (of 8 bits at 10, 20, …)."""
    step = 10 if dtype == "uint8" else 1000
    bands = [noise((64, 64), i, step * i, step * i + step // 2) for i in range(1, count + 1)]
    write_raster(path, np.stack(bands).astype(dtype))
    with rasterio.open(path, "r+") as raster:
        for index, name in enumerate(names, start=1):
            raster.set_band_description(index, name)
        raster.update_tags(**tags)
    return path


def stack(path: Path, tmp_path: Path, **more: Any) -> Any:
    words = {"scene": path, "output": tmp_path / "s.vrt", **more}
    return STACK.run(STACK.make_params(words), Settings(), RecordingMonitor())


def firsts(result: Any) -> dict[str, int]:
    """Band → which of the file's bands its pixels are."""
    path, step = result.value.path, 1000
    pixels = {band.name: int(read_band(path, band.index)[0, 0]) for band in result.value.bands}
    step = 10 if max(pixels.values()) < 256 else 1000
    return {name: number // step for name, number in pixels.items()}


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("file", "count", "names", "bands"),
    [
        (PLANET, 8, (), {"coastal": 1, "blue": 2, "green_i": 3, "green": 4, "yellow": 5, "red": 6,
                         "rededge1": 7, "nir": 8}),
        ("20230715_3B_AnalyticMS_SR.tif", 4, (), {"blue": 1, "green": 2, "red": 3, "nir": 4}),
        (NAIP, 4, (), {"red": 1, "green": 2, "blue": 3, "nir": 4}),
        ("16MAR22_wv02_M2AS.tif", 8, (), {"coastal": 1, "blue": 2, "green": 3, "yellow": 4,
                                          "red": 5, "rededge1": 6, "nir": 7}),
        ("ge01_ms.tif", 4, (), {"blue": 1, "green": 2, "red": 3, "nir": 4}),
        ("uav.tif", 5, ("Blue", "Green", "Red", "Red edge", "NIR"),
         {"blue": 1, "green": 2, "red": 3, "nir": 5}),
        ("uav.tif", 5, ("475 nm", "560 nm", "668 nm", "717 nm", "840 nm"),
         {"blue": 1, "green": 2, "red": 3, "nir": 5}),
        ("ee.tif", 4, ("B2", "B4", "B8", "B8A"), {"blue": 1, "red": 2, "nir": 3, "nir08": 4}),
        ("radar.tif", 2, ("VH", "VV"), {"vh": 1, "vv": 2}),
    ],
)  # fmt: skip
def test_bands_are_named_by_the_file(
    tmp_path: Path, file: str, count: int, names: tuple[str, ...], bands: dict[str, int]
) -> None:
    result = stack(write(tmp_path / file, count, names), tmp_path)
    assert {name: firsts(result)[name] for name in bands} == bands


def test_the_sensor_is_that_of_the_naming(tmp_path: Path) -> None:
    def sensor(path: Path) -> str:
        with rasterio.open(stack(path, tmp_path).value.path) as raster:
            return str(raster.tags()["sensor"])

    assert sensor(write(tmp_path / "ee.tif", 3, ("B4", "B8", "B8A"))) == "sentinel2"
    assert sensor(write(tmp_path / "a.tif", 3, ("SR_B4", "SR_B5", "SR_B6"), SENSOR="landsat"))
    assert sensor(write(tmp_path / "r.tif", 2, ("VV", "VH"))) == "sentinel1"
    assert sensor(write(tmp_path / PLANET, 8)) == "multispectral"
    assert sensor(write(tmp_path / "u.tif", 2, ("red", "nir"))) == "multispectral"


def test_planets_reflectance_is_scaled_and_naip_is_none(tmp_path: Path) -> None:
    rule = stack(write(tmp_path / PLANET, 8), tmp_path).data["radiometry"]["red"]
    assert (rule["scale"], rule["unit"]) == (0.0001, "reflectance")
    radiance = write(tmp_path / "20230715_3B_AnalyticMS.tif", 4)
    assert stack(radiance, tmp_path).data["radiometry"]["red"]["unit"] == ""
    naip = write(tmp_path / NAIP, 4, dtype="uint8")
    data = stack(naip, tmp_path).data
    assert data["radiometry"]["red"]["unit"] == ""
    assert "No scale is known for" in data["warnings"][0]
    for product in ("reflectance-10000", "planetscope-sr"):
        with pytest.raises(InputError, match="8-bit numbers"):
            stack(naip, tmp_path, product=product)


@pytest.mark.parametrize(
    ("count", "names", "why"),
    [
        (3, (), "have no names that tell"),
        (5, (), "have no names that tell"),  # a drone's order differs from maker to maker
        (4, ("Band 1", "Band 2", "Band 3", "Band 4"), "have no names that tell"),
        (2, ("B4", "B5"), "fit several"),
    ],
)
def test_what_is_not_told_is_asked(
    tmp_path: Path, count: int, names: tuple[str, ...], why: str
) -> None:
    path = write(tmp_path / "x.tif", count, names)
    with pytest.raises(InputError, match=why):
        stack(path, tmp_path)


def test_a_band_that_is_not_known_is_named_and_can_be_given(tmp_path: Path) -> None:
    path = write(tmp_path / "x.tif", 3, ("red", "green", "extra"))
    assert any("Band 3 ('extra')" in text for text in stack(path, tmp_path).data["warnings"])
    result = stack(path, tmp_path, band=[f"nir={path}#3"])
    assert firsts(result) == {"green": 2, "red": 1, "nir": 3}
    chosen = stack(path, tmp_path, bands="red")
    assert firsts(chosen) == {"red": 1}


def test_an_order_that_does_not_fit_the_count_is_no_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="have no names that tell"):
        stack(write(tmp_path / NAIP, 3), tmp_path)


def test_describe_says_that_the_product_has_this_order(tmp_path: Path) -> None:
    params = DESCRIBE.make_params({"path": write(tmp_path / NAIP, 4, dtype="uint8")})
    band = DESCRIBE.run(params, Settings(), RecordingMonitor()).data["bands"][3]["band"]
    assert band == {"value": "nir", "evidence": "name", "source": "its place in its product"}


def test_transparency_is_not_missed(tmp_path: Path) -> None:
    from osgeo import gdal

    path = write(tmp_path / "uav.tif", 5, ("Red", "Green", "Blue", "NIR", ""))
    dataset = gdal.Open(str(path), gdal.GA_Update)
    dataset.GetRasterBand(5).SetColorInterpretation(gdal.GCI_AlphaBand)
    dataset = None
    package = open_multiband(path)
    assert list(package.bands) == ["blue", "green", "red", "nir"]
    assert package.findings == ()


@pytest.mark.parametrize(
    ("file", "tags", "sensor"),
    [
        ("mine.tif", {"sensor": "sentinel2"}, "sentinel2"),
        ("S2A_MSIL2A_20240601T101031_N0510_R022_T32TPS_20240601T120000.tif", {}, "sentinel2"),
        ("mine.tif", {}, "multispectral"),
    ],
)
def test_words_alone_are_of_the_sensor_that_tag_or_product_tells(
    tmp_path: Path, file: str, tags: dict[str, str], sensor: str
) -> None:
    path = write(tmp_path / file, 4, ("blue", "green", "red", "nir"), **tags)
    assert open_multiband(path).sensor.name == sensor
