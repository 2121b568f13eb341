"""HLS, Digital Earth Australia and the older Landsats, from item or file to a masked map."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.cli import main
from firstlight.core.discovery.items_file import read_items
from firstlight.core.identity.band_names import identify_bands
from firstlight.core.identity.offset_flag import check_offset_applied
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.operations.stack import STACK
from firstlight.core.raster.facts import read_facts
from firstlight.core.raster.reader import RasterReader
from firstlight.core.scenes.bands import wanted_bands
from firstlight.core.settings import Settings
from firstlight.core.types import Radiometry
from support.packages import HLS_S30, stored, write_hls, write_landsat
from support.range_server import FaultyServer
from support.rasters import noise, read_band, write_raster
from support.stac_server import make_item

BBOX = (10.3, 46.9, 10.35, 46.95)
CODES = {"B03": 900, "B04": 800, "B8A": 3000, "B08": 3000, "B02": 700, "B11": 2000}


def stack(tmp_path: Path, **words: Any) -> Path:
    words = {"output": tmp_path / "s.vrt", **words}
    STACK.run(STACK.make_params(words), Settings(), RecordingMonitor())
    return tmp_path / "s.vrt"


def item_of(tmp_path: Path, name: str, collection: str, *keys: str, **properties: Any) -> Any:
    assets = {key: {"href": f"https://x/{key}.tif", "type": "image/tiff"} for key in keys}
    path = tmp_path / "item.json"
    item = make_item(name, BBOX, collection=collection, assets=assets, **properties)
    path.write_text(json.dumps(item))
    return read_items(path)[0]


def test_an_hls_granule_is_masked_like_other_stacks(tmp_path: Path) -> None:
    write_hls(tmp_path / "in", bands=("B03", "B8A", "B11"))
    fmask = np.zeros((32, 32), "uint8")
    fmask[:8], fmask[8:16], fmask[16:20] = 0b00000010, 0b00001000, 255
    write_raster(tmp_path / "in" / f"{HLS_S30}.Fmask.tif", fmask, resolution=30, nodata=255)
    made = stack(tmp_path, scene=tmp_path / "in")
    assert "fmask" in identify_bands(read_facts(made)).indexes
    command = ["water", "--stack", str(made), "--output", str(tmp_path / "w")]
    assert main(command) == 0
    water = read_band(tmp_path / "w" / "water.tif")
    not_observed = int(water[0, 0])
    assert (water[:20] == not_observed).all()
    assert (water[20:] != not_observed).all()


def test_hls_from_a_catalogue_brings_its_mask_where_that_of_the_sensor_is_asked(
    tmp_path: Path,
) -> None:
    for code, low in CODES.items():
        write_raster(
            tmp_path / "srv" / f"{code}.tif",
            noise((64, 64), 1, low, low + 99, dtype="int16"),
            resolution=30,
            nodata=-9999,
        )
    write_raster(tmp_path / "srv" / "Fmask.tif", stored(64, 64, "uint8"), resolution=30, nodata=255)
    with FaultyServer(tmp_path / "srv") as server:
        assets = {
            key: {"href": f"{server.base_url}/{key}.tif", "type": "image/tiff"}
            for key in (*CODES, "Fmask")
        }
        item = make_item(HLS_S30, BBOX, collection="HLSS30_2.0", assets=assets)
        (tmp_path / "items.json").write_text(json.dumps(item))
        command = ["ingest", "--items", str(tmp_path / "items.json"), "--output"]
        assert main([*command, str(tmp_path / "out"), "--bands", "red,nir08,scl"]) == 0
    [made] = (tmp_path / "out").rglob("*_stack.vrt")
    facts = read_facts(made)
    assert [band.description for band in facts.bands] == ["red", "nir08", "fmask"]
    assert facts.bands[2].radiometry.nodata == 255
    assert facts.bands[0].radiometry.scale == 0.0001


@pytest.mark.parametrize(
    ("name", "collection", "keys", "wanted", "got"),
    [
        (HLS_S30, "HLSS30_2.0", ("B04", "Fmask"), ("red", "scl"), ["red", "fmask"]),
        ("HLS.L30.T33TWN.2024164T100031.v2.0", "HLSL30_2.0", ("B04", "Fmask"),
         ("red", "qa_pixel"), ["red", "fmask"]),
        ("LT05_L2SP_192030_19980715_20200909_02_T1", "landsat-c2-l2", ("red", "lwir", "qa_pixel"),
         ("red", "lwir11", "qa_pixel"), ["red", "lwir", "qa_pixel"]),
        ("S2A", "sentinel-2-l2a", ("red", "scl", "Fmask"), ("red", "scl"), ["red", "scl"]),
        ("S2A", "sentinel-2-l2a", ("red", "Fmask"), ("red", "scl"), ["red", "scl"]),
    ],
)  # fmt: skip
def test_what_a_product_has_instead_is_taken(
    tmp_path: Path, name: str, collection: str, keys: tuple[str, ...], wanted: tuple[str, ...],
    got: list[str],
) -> None:  # fmt: skip
    scene = item_of(tmp_path, name, collection, *keys)
    assert list(wanted_bands(scene, Settings().override(bands=wanted), None)) == got


@pytest.mark.parametrize(
    ("collection", "keys", "sensor", "bands"),
    [
        ("ga_s2am_ard_3", ("nbart_red", "nbart_nir_1", "nbart_nir_2", "nbart_swir_3", "oa_fmask"),
         "sentinel2", {"red": "nbart_red", "nir": "nbart_nir_1", "nir08": "nbart_nir_2",
                       "swir22": "nbart_swir_3", "oa_fmask": "oa_fmask"}),
        ("ga_ls8c_ard_3", ("nbart_red", "nbart_nir", "nbart_swir_1", "oa_fmask"), "landsat",
         {"red": "nbart_red", "nir08": "nbart_nir", "swir16": "nbart_swir_1",
          "oa_fmask": "oa_fmask"}),
        ("ga_ls5t_ard_3", ("nbart_red", "nbart_swir_2"), "landsat",
         {"red": "nbart_red", "swir22": "nbart_swir_2"}),
    ],
)  # fmt: skip
def test_digital_earth_australia_by_its_item(
    tmp_path: Path, collection: str, keys: tuple[str, ...], sensor: str, bands: dict[str, str]
) -> None:
    scene = item_of(tmp_path, "a", collection, *keys, platform="sentinel-2a")
    assert scene.sensor == sensor
    assert {name: Path(one.href).stem for name, one in scene.bands.items()} == bands
    rule = scene.bands["red"].radiometry
    assert (rule.scale, rule.offset, rule.nodata) == (0.0001, 0.0, -999.0)


@pytest.mark.parametrize(
    ("file", "sensor", "band"),
    [
        ("ga_s2am_nbart_3-2-1_56HKE_2021-06-23_final_band04.tif", "sentinel2", "red"),
        ("ga_s2bm_nbart_3-2-1_56HKE_2021-06-23_final_band8a.tif", "sentinel2", "nir08"),
        ("ga_ls8c_nbart_3-2-1_107073_2022-08-25_final_band05.tif", "landsat", "nir08"),
        ("ga_ls5t_nbart_3-2-1_107073_1999-08-25_final_band04.tif", "landsat", "nir08"),
    ],
)
def test_digital_earth_australia_by_its_files(
    tmp_path: Path, file: str, sensor: str, band: str
) -> None:
    path = write_raster(tmp_path / file, stored(900, dtype="int16"), nodata=-999)
    assert identify_bands(read_facts(path)).indexes == {band: 1}
    made = read_facts(stack(tmp_path, sensor=sensor, band=[f"{band}={path}"]))
    assert made.bands[0].radiometry.scale == 0.0001
    assert made.bands[0].radiometry.unit == "reflectance"


@pytest.mark.parametrize("name", ["oa_fmask", "fmask"])
def test_the_mask_of_digital_earth_australia_is_used(tmp_path: Path, name: str) -> None:
    """Classes, where those of HLS are bits: 2 is cloud, and 5 water, not a shadow."""
    start = "ga_s2am_{}_3-2-1_56HKE_2021-06-23_final_{}.tif"
    bands = {"green": "band03", "nir": "band08", "swir16": "band11"}
    for number, code in enumerate(bands.values()):
        pixels = stored(900 - 200 * number, dtype="int16")
        write_raster(tmp_path / start.format("nbart", code), pixels, nodata=-999)
    mask = np.ones((32, 32), "uint8")
    mask[:4], mask[4:8], mask[8:12], mask[12:16], mask[16:20] = 0, 2, 3, 4, 5
    path = write_raster(tmp_path / start.format("oa", name), mask, nodata=0)
    assert identify_bands(read_facts(path)).indexes == {"oa_fmask": 1}
    files = [f"{band}={tmp_path / start.format('nbart', code)}" for band, code in bands.items()]
    made = stack(tmp_path, sensor="sentinel2", band=[*files, f"oa_fmask={path}"])
    command = ["water", "--stack", str(made), "--output", str(tmp_path / "w")]
    assert main(command) == 0
    water = read_band(tmp_path / "w" / "water.tif")
    assert (water[:12] == 255).all()
    assert (water[16:] != 255).all()


@pytest.mark.parametrize(
    ("collection", "wanted", "got"),
    [("ga_s2am_ard_3", "red,scl", ["red", "oa_fmask"]),
     ("ga_ls8c_ard_3", "red,qa_pixel", ["red", "oa_fmask"])],
)  # fmt: skip
def test_the_mask_of_digital_earth_australia_comes_where_that_of_the_sensor_is_asked(
    tmp_path: Path, collection: str, wanted: str, got: list[str]
) -> None:
    scene = item_of(tmp_path, "a", collection, "nbart_red", "oa_fmask")
    assert list(wanted_bands(scene, Settings().override(bands=wanted), None)) == got


@pytest.mark.parametrize("name", ["oa_fmask", "fmask", "Fmask", "FMASK4"])
def test_a_mask_of_another_maker_is_not_read_as_hls_bits(tmp_path: Path, name: str) -> None:
    import rasterio

    path = write_raster(tmp_path / "x.tif", np.stack([stored(1), stored(2)]))
    with rasterio.open(path, "r+") as raster:
        raster.set_band_description(1, name)
        raster.set_band_description(2, "red")
    named = identify_bands(read_facts(path))
    assert 1 not in named.ranks
    alone = write_raster(tmp_path / f"S2A_T33TWN_20240612_{name}.tif", stored(1))
    assert not identify_bands(read_facts(alone)).ranks


def test_the_heat_of_the_older_landsats_is_mapped(tmp_path: Path) -> None:
    name = "LE07_L2SP_192030_19990715_20200909_02_T1"
    write_landsat(tmp_path / "in", name, ("ST_B6", "QA_PIXEL"))
    hot = stored(44000)
    hot[16, 16] = 54000
    write_raster(tmp_path / "in" / f"{name}_ST_B6.TIF", hot, resolution=30, nodata=None)
    made = stack(tmp_path, scene=tmp_path / "in")
    assert [band.description for band in read_facts(made).bands] == ["lwir", "qa_pixel"]
    command = ["thermal-anomaly", "--stack", str(made), "--output", str(tmp_path / "t")]
    assert main(command) == 0
    assert read_band(tmp_path / "t" / "anomaly.tif")[16, 16] == 1


@pytest.mark.parametrize(
    ("low", "reason", "doubted"),
    [
        (1005, "the item says that the offset is already in the pixels", True),
        (40, "the item says that the offset is already in the pixels", False),
        (1005, "processing baseline 03.01: no offset before 04.00", False),
    ],
)
def test_an_offset_flag_that_no_pixel_bears_out_is_doubted(
    tmp_path: Path, low: int, reason: str, doubted: bool
) -> None:
    data = np.stack([noise((128, 128), seed, low, low + 3000, gaps=0.1) for seed in (1, 2)])
    path = write_raster(tmp_path / "x.tif", data)
    rule = Radiometry(0.0001, 0.0, 0.0, "reflectance", reason)
    with RasterReader(path, [rule, rule]) as reader:
        found = check_offset_applied(reader, {"blue": 1, "red": 2})
    assert [finding.code for finding in found] == ["offset_doubtful"] * doubted
