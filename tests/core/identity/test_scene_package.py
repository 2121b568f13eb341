"""Scenes as agencies deliver them are inputs: each band at its finest, by the scene's own metadata;
what is several, broken or unknown is said.
"""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.errors import InputError, RasterError
from firstlight.core.identity.products import get_product
from firstlight.core.identity.scene_package import is_package, open_package
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.operations.describe import DESCRIBE
from firstlight.core.operations.stack import STACK
from firstlight.core.raster.grid import Window
from firstlight.core.raster.reader import RasterReader
from firstlight.core.settings import Settings
from support.packages import (
    HLS_S30,
    L1C,
    L2A,
    LANDSAT_L1,
    LANDSAT_L2,
    TILE,
    mtd_text,
    mtl_l2_text,
    mtl_text,
    stored,
    tarred,
    write_hls,
    write_landsat,
    write_safe,
    zipped,
)
from support.rasters import write_raster

OLD = "S2A_MSIL2A_20200612T100031_N0214_R122_T33TWN_20200612T134512"


def stack(scene: Path, output: Path, **more: Any) -> Any:
    words = {"scene": scene, "output": output / "s.vrt", **more}
    return STACK.run(STACK.make_params(words), Settings(), RecordingMonitor())


def value(result: Any, name: str) -> float:
    """The physical value of the first pixel of a band."""
    [band] = [band for band in result.value.bands if band.name == name]
    with RasterReader(result.value.path) as reader:
        return float(reader.read(band.index, Window(0, 0, 1, 1))[0, 0])


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("pack", ["folder", "zip", "tar", "metadata"])
def test_a_safe_in_any_shape_gives_reflectance(tmp_path: Path, flat: bool, pack: str) -> None:
    bands = {"B04_10m": 2000, "B8A_20m": 3000, "SCL_20m": 4}
    safe = write_safe(tmp_path / "in", bands=bands, flat=flat)
    scene = {
        "folder": lambda: safe,
        "zip": lambda: zipped(safe),
        "tar": lambda: tarred(safe),
        "metadata": lambda: safe / "MTD_MSIL2A.xml",
    }[pack]()
    assert is_package(scene)
    result = stack(scene, tmp_path)
    assert [band.name for band in result.value.bands] == ["red", "nir08", "scl"]
    assert value(result, "red") == pytest.approx(0.1)
    assert value(result, "nir08") == pytest.approx(0.2)
    assert value(result, "scl") == 4
    rule = result.data["radiometry"]["red"]
    assert (rule["nodata"], rule["unit"]) == (0.0, "reflectance")
    assert result.data["radiometry"]["scl"]["nodata"] == 0.0


def test_the_finest_of_each_band_is_taken(tmp_path: Path) -> None:
    bands = {"B02_10m": 2000, "B02_20m": 5000, "B01_60m": 5000, "B01_20m": 2000, "B09_60m": 2000}
    package = open_package(write_safe(tmp_path, bands=bands))
    names = {name: one.path.name for name, one in package.bands.items()}
    assert names == {
        "coastal": f"{TILE}_B01_20m.jp2",
        "blue": f"{TILE}_B02_10m.jp2",
        "nir09": f"{TILE}_B09_60m.jp2",
    }
    assert package.scene == L2A
    assert package.taken is not None
    assert package.taken.isoformat() == "2024-06-12T10:00:31+00:00"
    [finding] = package.findings
    assert finding.code == "scene_partial"
    assert "green, red" in finding.sentence
    assert "scl" in finding.sentence


@pytest.mark.parametrize(
    ("name", "mtd", "red"),
    [
        (L2A, None, 0.1),
        (L1C, None, 0.1),
        (OLD, mtd_text(baseline="02.14", offsets=()), 0.2),
        (L2A, "", 0.1),  # by its name
        ("mine", mtd_text(), 0.1),  # by its metadata
        ("mine", mtd_text(baseline="99.99"), 0.1),
        (L2A, mtd_text(quantification=20000), 0.05),
        (L2A, mtd_text(offsets=[-1000] * 3 + [-500] + [-1000] * 9), 0.15),
        (L2A, mtd_text(offsets=(), quantification=5000), 0.2),
    ],
)
def test_scale_and_offset_are_those_of_the_scenes_metadata(
    tmp_path: Path, name: str, mtd: str | None, red: float
) -> None:
    bands = {"B04": 2000} if "L1C" in name else {"B04_10m": 2000}
    result = stack(write_safe(tmp_path / "in", name, bands=bands, mtd=mtd), tmp_path)
    assert value(result, "red") == pytest.approx(red)


@pytest.mark.parametrize(
    ("mtd", "said"),
    [
        (mtd_text(baseline="02.14", offsets=()), "sentinel2-l2a if it is wrong"),
        (mtd_text(offsets=[0] * 13), "they are used as stated"),
        (mtd_text(offsets=["many"] * 13), "its BOA_ADD_OFFSET is 'many': the name counts"),
        (mtd_text(offsets=["nan"] * 13), "its BOA_ADD_OFFSET is nan"),
        (mtd_text(quantification=0), "its BOA_QUANTIFICATION_VALUE is 0"),
        (mtd_text(more='<!DOCTYPE a [<!ENTITY x "y">]>'), "it declares XML entities"),
        (mtd_text(more='<!DOCTYPE a SYSTEM "http://127.0.0.1/x">'), "it declares XML entities"),
        (mtd_text()[:200], "it is no XML"),
    ],
)
def test_metadata_that_is_broken_or_contradicts_the_name_is_told(
    tmp_path: Path, mtd: str, said: str
) -> None:
    safe = write_safe(tmp_path / "in", bands={"B04_10m": 2000}, mtd=mtd)
    warnings = stack(safe, tmp_path).data["warnings"]
    assert sum(said in warning for warning in warnings) == 1
    found = DESCRIBE.run(DESCRIBE.make_params({"path": safe}), Settings(), RecordingMonitor())
    assert sum(said in finding["sentence"] for finding in found.data["findings"]) == 1


def test_a_scene_of_which_nothing_tells_the_product_is_asked_for(tmp_path: Path) -> None:
    safe = write_safe(tmp_path / "in", "mine", bands={"B04_10m": 2000}, mtd="")
    with pytest.raises(InputError, match="neither its name nor metadata tells its product"):
        stack(safe, tmp_path)
    assert value(stack(safe, tmp_path, product="sentinel2-l2a"), "red") == pytest.approx(0.1)
    with pytest.raises(InputError, match="none of its bands is one of Landsat"):
        stack(safe, tmp_path, product="landsat-c2-l2")
    (safe / "MTD_MSIL2A.xml").write_text(mtd_text(offsets=["?"]))
    with pytest.raises(InputError, match=r"MTD_MSIL2A.xml cannot be used: its BOA_ADD_OFFSET"):
        stack(safe, tmp_path)


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["txt", "json", "xml"])
@pytest.mark.parametrize("pack", ["folder", "tar", "metadata"])
def test_landsat_level_2_has_its_own_factors(tmp_path: Path, kind: str, pack: str) -> None:
    """And not those of Level 1, which its MTL file has under the same names."""
    folder = write_landsat(tmp_path / "in", mtl=mtl_l2_text(kind), kind=kind)
    scene = {
        "folder": lambda: folder,
        "tar": lambda: tarred(folder),
        "metadata": lambda: folder / f"{LANDSAT_L2}_MTL.{kind}",
    }[pack]()
    result = stack(scene, tmp_path)
    assert value(result, "red") == pytest.approx(9000 * 2.75e-5 - 0.2)
    assert value(result, "lwir11") == pytest.approx(44000 * 0.00341802 + 149.0, rel=1e-6)
    assert [band.name for band in result.value.bands] == ["red", "nir08", "lwir11", "qa_pixel"]
    assert result.data["radiometry"]["qa_pixel"]["nodata"] == 1.0


@pytest.mark.parametrize("kind", ["txt", "json", "xml"])
def test_landsat_level_1_is_reflectance_under_the_scenes_sun(tmp_path: Path, kind: str) -> None:
    bands = ("B4", "B5", "B10", "QA_PIXEL")
    folder = write_landsat(tmp_path / "in", LANDSAT_L1, bands, mtl_text(kind), kind)
    result = stack(folder, tmp_path)
    assert value(result, "red") == pytest.approx((9000 * 2e-5 - 0.1) / 0.5)
    assert any("B10 of LC09" in warning for warning in result.data["warnings"])


@pytest.mark.parametrize(
    ("mtl", "said"),
    [
        (mtl_text(SUN_ELEVATION=None), "states no SUN_ELEVATION"),
        (mtl_text(SUN_ELEVATION="-3.5"), "its SUN_ELEVATION is -3.5 degrees"),
        (mtl_text(REFLECTANCE_ADD_BAND_4=None), "and no REFLECTANCE_ADD_BAND_4"),
        (mtl_text(REFLECTANCE_MULT_BAND_4="2,0E-5"), "its REFLECTANCE_MULT_BAND_4 is '2,0E-5'"),
        (mtl_text(REFLECTANCE_MULT_BAND_4="0"), "its REFLECTANCE_MULT_BAND_4 is 0"),
        ("", "it holds no fields"),
    ],
)
def test_an_mtl_file_that_gives_no_reflectance_is_told(tmp_path: Path, mtl: str, said: str) -> None:
    folder = write_landsat(tmp_path / "in", LANDSAT_L1, ("B4",), mtl)
    warnings = stack(folder, tmp_path).data["warnings"]
    assert any(said in warning for warning in warnings)
    assert any("No scale is known for red" in warning for warning in warnings)


def test_tm_and_surface_reflectance_alone(tmp_path: Path) -> None:
    name = "LT05_L2SR_192030_19980715_20200909_02_T1"
    bands = ("SR_B1", "SR_B2", "SR_B3", "SR_B4", "SR_B5", "SR_B7", "QA_PIXEL")
    package = open_package(write_landsat(tmp_path / "in", name, bands))
    assert [one.path.stem[-5:] for one in package.bands.values()][:6] == list(bands[:6])
    assert list(package.bands)[:4] == ["blue", "green", "red", "nir08"]
    assert package.findings == ()  # it has no temperature


def test_hls_in_a_folder_among_others_is_asked_for(tmp_path: Path) -> None:
    folder = write_hls(tmp_path / "in")
    result = stack(folder, tmp_path)
    assert value(result, "nir08") == pytest.approx(0.08)
    assert result.value.bands[0].radiometry.nodata == -9999
    write_hls(folder, HLS_S30.replace("2024164", "2024169"))
    with pytest.raises(InputError, match="it holds 2 scenes"):
        stack(folder, tmp_path)


def test_two_versions_of_one_scene_are_two(tmp_path: Path) -> None:
    write_safe(tmp_path, L2A, bands={"B04_10m": 2000})
    write_safe(tmp_path, L2A.replace("N0510", "N0511"), bands={"B04_10m": 2000})
    with pytest.raises(InputError, match="it holds 2 scenes"):
        open_package(tmp_path)


def test_ground_range_radar_stays_amplitude(tmp_path: Path) -> None:
    name = "S1A_IW_GRDH_1SDV_20240612T050807_20240612T050832_054283_069A6B_1234"
    for number, band in enumerate(("vv", "vh"), 1):
        times = "20240612t050807-20240612t050832-054283-069a6b"
        file = f"s1a-iw-grd-{band}-{times}-00{number}.tiff"
        write_raster(tmp_path / f"{name}.SAFE" / "measurement" / file, stored(200), nodata=None)
    result = stack(tmp_path / f"{name}.SAFE", tmp_path)
    assert [band.name for band in result.value.bands] == ["vv", "vh"]
    assert {band.radiometry.unit for band in result.value.bands} == {"amplitude"}
    assert result.value.bands[0].radiometry.nodata == 0
    opera = "OPERA_L2_RTC-S1_T069-147170-IW1_20240612T050807Z_20240613T010101Z_S1A_30_v1.0"
    for band in ("VV", "VH"):
        pixels = np.full((8, 8), 0.1, "float32")
        write_raster(tmp_path / "rtc" / f"{opera}_{band}.tif", pixels, nodata=float("nan"))
    rtc = stack(tmp_path / "rtc", tmp_path)
    assert {band.radiometry.unit for band in rtc.value.bands} == {"power"}


def test_bands_are_chosen_and_replaced(tmp_path: Path) -> None:
    safe = write_safe(tmp_path / "in")
    result = stack(safe, tmp_path, bands="nir,red")
    assert [band.name for band in result.value.bands] == ["red", "nir"]
    assert result.data["warnings"] == []  # nothing that was asked for is missing
    mine = write_raster(tmp_path / "mask.tif", stored(4, dtype="uint8"), nodata=0)
    result = stack(safe, tmp_path, bands="red", band=[f"scl={mine}"])
    assert [band.name for band in result.value.bands] == ["red", "scl"]
    with pytest.raises(InputError, match="green is not there"):
        stack(safe, tmp_path, bands="green")
    with pytest.raises(InputError, match="it is of Sentinel-2"):
        stack(safe, tmp_path, sensor="landsat")


def test_what_is_no_scene_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="it holds no band file"):
        open_package(tmp_path / "empty")
    gz = tarred(write_landsat(tmp_path / "l", bands=("SR_B4",)), ".tar.gz")
    with pytest.raises(InputError, match="it is compressed as a whole"):
        open_package(gz)
    (tmp_path / "x.zip").write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(InputError, match="it cannot be read"):
        open_package(tmp_path / "x.zip")
    with pytest.raises(InputError, match="it is no folder, zip or tar"):
        open_package(tmp_path / "not there")
    with pytest.raises(InputError, match=r"it is no Landsat .* but Sentinel-2"):
        open_package(write_safe(tmp_path / "s"), get_product("landsat-c2-l2"))


def test_a_band_that_is_cut_short_is_named(tmp_path: Path) -> None:
    folder = write_landsat(tmp_path / "in", bands=("SR_B4", "SR_B5"))
    (folder / f"{LANDSAT_L2}_SR_B5.TIF").write_bytes(b"")
    with pytest.raises(RasterError, match=r"SR_B5\.TIF"):
        stack(folder, tmp_path)


def test_the_stack_says_what_it_was_made_of(tmp_path: Path) -> None:
    with RasterReader(stack(write_safe(tmp_path / "in"), tmp_path).value.path) as reader:
        tags = dict(reader.facts.tags)
    assert (tags["item_id"], tags["sensor"]) == (L2A, "sentinel2")
    assert tags["datetime"] == "2024-06-12T10:00:31Z"


def test_describe_shows_each_file_of_a_scene(tmp_path: Path) -> None:
    folder = write_landsat(tmp_path / "in", mtl=mtl_l2_text())
    params = DESCRIBE.make_params({"path": tarred(folder)})
    result = DESCRIBE.run(params, Settings(), RecordingMonitor())
    red = result.data["bands"][0]
    assert red["file"] == f"{LANDSAT_L2}_SR_B4.TIF"
    assert (red["sensor"]["value"], red["sensor"]["evidence"]) == ("landsat", "metadata")
    assert (red["offset"]["value"], red["offset"]["evidence"]) == (-0.2, "metadata")
    assert red["product"]["source"] == f"{LANDSAT_L2}_MTL.txt"
    assert "SR_B4.TIF, uint16" in result.text


def test_masks_and_quicklooks_of_a_safe_are_no_bands(tmp_path: Path) -> None:
    """They may be named like bands, also like such as the scene lacks."""
    safe = write_safe(tmp_path, L1C, bands={"B04": 2000})
    granule = next((safe / "GRANULE").iterdir())
    for folder in (granule / "QI_DATA", safe / "preview", safe / "AUX_DATA"):
        write_raster(folder / f"{TILE}_B05.tif", stored(1), nodata=None)
    assert list(open_package(safe).bands) == ["red"]


def test_the_mask_that_a_product_has_is_missed(tmp_path: Path) -> None:
    landsat = open_package(write_landsat(tmp_path / "l", bands=("SR_B4",)))
    hls = open_package(write_hls(tmp_path / "h", bands=("B04",)))
    for package, mask in ((landsat, "qa_pixel"), (hls, "fmask")):
        [finding] = package.findings
        assert (finding.code, mask in finding.sentence) == ("scene_partial", True)


def test_folders_of_pixel_sizes_are_one_scene(tmp_path: Path) -> None:
    for folder, band in (("R10m", "B04_10m"), ("R20m", "B11_20m")):
        path = tmp_path / L2A / folder / f"{TILE}_{band}.tif"
        write_raster(path, stored(2000), nodata=None)
    assert list(open_package(tmp_path / L2A, get_product("sentinel2-l2a")).bands) == [
        *("red", "swir16"),
    ]


def test_the_time_is_that_of_the_scene_else_of_its_bands(tmp_path: Path) -> None:
    moment = datetime(2024, 6, 12, 10, 0, 31, tzinfo=timezone.utc)
    named = write_safe(tmp_path / "a", "mine", bands={"B04_10m": 2000})
    assert open_package(named).taken == moment
    assert open_package(write_hls(tmp_path / "h")).taken == moment  # the 164th day
    landsat = open_package(write_landsat(tmp_path / "l"))
    assert landsat.taken == datetime(2023, 7, 15, tzinfo=timezone.utc)


def test_a_way_of_storing_reflectance_leaves_the_scene_its_sensor(tmp_path: Path) -> None:
    folder = write_landsat(tmp_path / "l", bands=("SR_B4", "SR_B5"))
    package = open_package(folder, get_product("reflectance-10000"))
    assert (package.sensor.name, list(package.bands)) == ("landsat", ["red", "nir08"])


def test_the_metadata_file_tells_which_of_two_scenes(tmp_path: Path) -> None:
    other = LANDSAT_L2.replace("20230715", "20230731")
    write_landsat(tmp_path, bands=("SR_B4",), mtl=mtl_l2_text())
    write_landsat(tmp_path, other, ("SR_B5",), mtl_l2_text())
    package = open_package(tmp_path / f"{other}_MTL.txt")
    assert (package.scene, list(package.bands)) == (other, ["nir08"])
