"""Items of other catalogues: each is read by its own product's rule, or refused in one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.discovery.items_file import read_items
from firstlight.core.discovery.radiometry import decide_radiometry
from firstlight.core.discovery.scene_parser import parse_item
from firstlight.core.enums import Evidence
from firstlight.core.errors import DiscoveryError, InputError
from firstlight.core.types import SceneItem
from support.stac_server import make_item

TIFF = "image/tiff; application=geotiff"


def read(folder: Path, item: dict[str, Any]) -> SceneItem:
    path = folder / "item.json"
    path.write_text(json.dumps(item), encoding="utf-8")
    return read_items(path)[0]


def item_of(name: str, collection: str, *keys: str, **properties: Any) -> dict[str, Any]:
    assets = {key: {"href": f"http://x/{key}.tif", "type": TIFF} for key in keys}
    return make_item(name, collection=collection, assets=assets, **properties)


@pytest.mark.parametrize(
    ("collection", "name", "properties"),
    [
        ("hls2-s30", "HLS.S30.T32TPS.2024153T100000.v2.0", {}),
        ("HLSS30.v2.0", "HLS.S30.T33TWN.2024164T100031.v2.0", {"platform": "sentinel-2a"}),
        ("HLSS30_2.0", "x", {}),
        ("hls", "a", {"hls:product": "HLSS30"}),
        ("my-own", "HLS.S30.T33TWN.2024164T100031.v2.0", {"s2:processing_baseline": "05.10"}),
    ],
)
def test_hls_s30_has_no_sentinel_2_offset(
    tmp_path: Path, collection: str, name: str, properties: dict[str, Any]
) -> None:
    scene = read(tmp_path, item_of(name, collection, "B04", "B05", "B08", "B8A", **properties))
    assert scene.sensor == "sentinel2"
    assert set(scene.bands) == {"red", "rededge1", "nir", "nir08"}
    rule = scene.bands["red"].radiometry
    assert (rule.scale, rule.offset, rule.nodata) == (0.0001, 0.0, -9999.0)


@pytest.mark.parametrize("collection", ["hls2-l30", "HLSL30.v2.0", "HLSL30_2.0"])
def test_hls_l30_is_numbered_as_landsat(tmp_path: Path, collection: str) -> None:
    item = item_of("HLS.L30.T1", collection, "B04", "B05", "B06", "B10", "B11")
    scene = read(tmp_path, item)
    assert {band: asset.href[-7:-4] for band, asset in scene.bands.items()} == {
        "red": "B04",
        "nir08": "B05",
        "swir16": "B06",
        "lwir11": "B10",
    }
    assert scene.bands["swir16"].radiometry.offset == 0.0
    assert scene.bands["lwir11"].radiometry.offset == 273.15
    with pytest.raises(DiscoveryError, match=r"numbered otherwise.*sensor landsat"):
        parse_item(item, get_sensor("sentinel2"), "x")


@pytest.mark.parametrize(
    ("properties", "offset"),
    [
        ({"s2:processing_baseline": 5.0}, -0.1),
        ({"s2:processing_baseline": "N0500"}, -0.1),
        ({"s2:processing_baseline": "5.09"}, -0.1),
        ({"s2:processing_baseline": "N0301"}, 0.0),
        ({"s2:processing_baseline": 2.14}, 0.0),
        ({"sentinel:processing_baseline": "05.10"}, -0.1),
        ({"sentinel:processing_baseline": "05.10", "sentinel:boa_offset_applied": True}, 0.0),
        ({"sentinel:boa_offset_applied": "true"}, 0.0),
        ({"s2:processing_baseline": "05.10", "earthsearch:boa_offset_applied": False}, -0.1),
        ({"sentinel:product_id": "S2A_MSIL2A_20180601T1_N0500_R065_T32TPS_2"}, -0.1),
    ],
)
def test_baselines_and_flags_in_all_spellings(properties: dict[str, Any], offset: float) -> None:
    red = get_sensor("sentinel2").bands["red"]
    item = {"id": "x", "properties": {"datetime": "2018-06-01T00:00:00Z", **properties}}
    rule = decide_radiometry("sentinel2", red, item, {})
    assert (rule.offset, rule.evidence) == (offset, Evidence.PRODUCT)


@pytest.mark.parametrize("baseline", ["N9999", "99.99", "", "0.2.1-dev"])
def test_a_baseline_that_tells_nothing_is_an_assumption(baseline: str) -> None:
    red = get_sensor("sentinel2").bands["red"]
    item = {"id": "x", "properties": {"datetime": None, "start_datetime": "2024-06-01T00:00:00Z"}}
    item["properties"]["s2:processing_baseline"] = baseline
    rule = decide_radiometry("sentinel2", red, item, {})
    assert (rule.offset, rule.evidence) == (-0.1, Evidence.ASSUMED)


@pytest.mark.parametrize(
    "collection", ["my-own", "sen2like-l2h", "THEIA_REFLECTANCE_SENTINEL2_L2A", "ga_s2_nbart_gm"]
)
def test_a_collection_that_is_not_known_is_not_taken_for_l2a(
    tmp_path: Path, collection: str
) -> None:
    scene = read(tmp_path, item_of("a", collection, "B04", "B08", "B8A", platform="sentinel-2a"))
    rule = scene.bands["red"].radiometry
    assert (rule.scale, rule.offset, rule.evidence) == (1.0, 0.0, Evidence.ASSUMED)
    assert "not known" in rule.reason


LEVEL_1 = {"landsat:correction": "L1TP", "view:sun_elevation": 30.0, "platform": "landsat-8"}


@pytest.mark.parametrize(
    ("name", "collection", "properties"),
    [
        ("LC08_L1TP_193028_20240601_20240610_02_T1", "landsat-c2l1", {}),
        ("LC09_L1GT_193028_20240601_20240610_02_T2", "my-own", {}),
        ("a", "landsat-c2-l2", {"landsat:correction": "L1TP"}),
        ("a", "landsat-c2-l1", {"processing:level": "L1"}),
    ],
)
def test_level_1_without_factors_is_refused(
    tmp_path: Path, name: str, collection: str, properties: dict[str, Any]
) -> None:
    with pytest.raises(InputError, match=r"Level 1.*REFLECTANCE_MULT.*MTL"):
        read(tmp_path, item_of(name, collection, "blue", "red", "nir08", **properties))


def test_level_1_is_reflectance_by_its_own_factors_and_the_sun(tmp_path: Path) -> None:
    item = item_of("a", "landsat-c2l1", "red", **LEVEL_1)
    item["assets"]["red"]["raster:bands"] = [{"scale": 2e-5, "offset": -0.1}]
    rule = read(tmp_path, item).bands["red"].radiometry
    assert 8000 * rule.scale + rule.offset == pytest.approx((8000 * 2e-5 - 0.1) / 0.5)
    del item["properties"]["view:sun_elevation"]
    with pytest.raises(InputError, match="sun's elevation is not stated"):
        read(tmp_path, item)


@pytest.mark.parametrize(("offset", "kelvin"), [(0.0, 273.15), (-123.15, 150.0), (273.15, 273.15)])
def test_degrees_celsius_become_kelvin(tmp_path: Path, offset: float, kelvin: float) -> None:
    item = item_of("a", "landsat-c2-l2", "lwir11", platform="landsat-8")
    stated = {"scale": 0.01, "offset": offset, "unit": "degrees Celsius"}
    item["assets"]["lwir11"]["raster:bands"] = [stated]
    rule = read(tmp_path, item).bands["lwir11"].radiometry
    assert (rule.scale, rule.unit) == (0.01, "kelvin")
    assert rule.offset == pytest.approx(kelvin)


def test_radiance_is_not_taken_for_reflectance(tmp_path: Path) -> None:
    item = item_of("a", "landsat-c2-l1", "red", **LEVEL_1)
    unit = "watt/steradian/square_meter/micrometer"
    item["assets"]["red"]["raster:bands"] = [{"scale": 0.66, "offset": 2.0, "unit": unit}]
    with pytest.raises(InputError, match="states radiance"):
        read(tmp_path, item)


@pytest.mark.parametrize(
    ("name", "platform"),
    [("LE07_L2SP_044033_20210329_20210424_02_T1", ""), ("a", "LANDSAT_5"), ("a", "landsat-7")],
)
def test_tm_and_etm_are_numbered_otherwise(tmp_path: Path, name: str, platform: str) -> None:
    keys = ("SR_B1", "SR_B2", "SR_B3", "SR_B4", "SR_B5", "SR_B7")
    scene = read(tmp_path, item_of(name, "landsat-c2-l2", *keys, platform=platform))
    assert scene.bands["red"].href.endswith("SR_B3.tif")
    assert scene.bands["nir08"].href.endswith("SR_B4.tif")
    assert scene.bands["swir16"].href.endswith("SR_B5.tif")


FOUR = [{"name": name, "common_name": name.lower()} for name in ("Blue", "Green", "Red", "NIR")]

RGBA = [{"name": name, "common_name": name.lower()} for name in ("Red", "Green", "Blue", "Alpha")]


@pytest.mark.parametrize(
    ("collection", "key", "asset", "why"),
    [
        ("planet-nicfi-visual", "data", {"eo:bands": RGBA}, "4 bands in one file"),
        ("naip", "image", {"bands": FOUR}, "4 bands in one file"),
        ("io-lulc", "data", {"raster:bands": [{"data_type": "uint8"}]}, "8-bit"),
        ("my-own", "data", {}, "not said to hold heights"),
    ],
)
def test_a_picture_is_not_taken_for_heights(
    tmp_path: Path, collection: str, key: str, asset: dict[str, Any], why: str
) -> None:
    item = item_of("a", collection)
    item["assets"] = {key: {"href": "http://x/data.tif", "type": "image/tiff", **asset}}
    if key == "image":
        with pytest.raises(DiscoveryError, match=why):
            parse_item(item, get_sensor("sentinel2"), "x")
    else:
        with pytest.raises(DiscoveryError, match=why):
            parse_item(item, get_sensor("dem"), "x")
        with pytest.raises(InputError):
            read(tmp_path, item)


@pytest.mark.parametrize(
    "picture",
    [
        {"type": "image/png"},
        {"roles": ["thumbnail"]},
        {"roles": ["overview"], "type": "image/tiff"},
        {"href": "http://x/B04.jpg?token=1"},
    ],
)
def test_a_picture_is_no_band_whatever_its_key(picture: dict[str, Any]) -> None:
    item = item_of("a", "sentinel-2-l2a", "red", "nir")
    item["assets"]["red"].pop("type")
    item["assets"]["red"] |= picture
    assert set(parse_item(item, get_sensor("sentinel2"), "x").bands) == {"nir"}


@pytest.mark.parametrize("collection", ["nasadem", "cop-dem-glo-30", "3dep-seamless", "my-dtm"])
def test_heights_are_found_in_collections_of_heights(tmp_path: Path, collection: str) -> None:
    scene = read(tmp_path, item_of("a", collection, "data"))
    assert scene.sensor == "dem"
    void = -32767.0 if collection.startswith("cop") else None
    assert scene.bands["elevation"].radiometry.nodata == void


def test_a_scale_of_one_states_nothing() -> None:
    red = get_sensor("sentinel2").bands["red"]
    item = {"collection": "sentinel-2-l2a", "properties": {"s2:processing_baseline": "05.10"}}
    rule = decide_radiometry("sentinel2", red, item, {"raster:bands": [{"scale": 1, "offset": 0}]})
    assert (rule.scale, rule.offset) == (0.0001, -0.1)


def test_every_item_of_other_catalogues_is_read_or_refused(shared: Callable[[str], Path]) -> None:
    folder = shared("stac") / "other-catalogues"
    rules = {"landsat-c2-l1": None, "planet-nicfi-analytic": 0.0, "naip": None, "hls": 0.0}
    seen = set()
    for path in sorted(folder.glob("*.json")):
        tree = json.loads(path.read_text(encoding="utf-8"))
        items = tree if isinstance(tree, list) else tree.get("features", [tree])
        for item in items:
            try:
                scene = read_items_of(item, path)
            except InputError:
                assert rules.get(item.get("collection")) is None, path.name
                continue
            offsets = {
                asset.radiometry.offset
                for name, asset in scene.bands.items()
                if asset.radiometry.unit == "reflectance"
            }
            if scene.collection in rules and offsets:
                assert offsets == {rules[scene.collection]}, path.name
            seen.add(scene.sensor)
    assert seen >= {"sentinel2", "landsat", "sentinel1", "dem"}


def read_items_of(item: dict[str, Any], path: Path) -> SceneItem:
    from firstlight.core.discovery import items_file

    try:
        return items_file._from_stac(item)
    except DiscoveryError as error:
        raise InputError(str(path), str(error)) from error
