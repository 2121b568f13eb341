"""Where pixels lie, told by the catalogue alone: believed only where it is complete and fits."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.discovery.items_file import read_items
from firstlight.core.discovery.projection import stated_dtype, stated_grid
from firstlight.core.discovery.scene_parser import parse_item
from firstlight.core.types import Grid
from support.stac_server import make_item

ITEM = {"proj:epsg": 32632}
ASSET = {"proj:transform": [10, 0, 600000, 0, -10, 5200020], "proj:shape": [10980, 5490]}
GRID = Grid("EPSG:32632", (10.0, 0.0, 600000.0, 0.0, -10.0, 5200020.0), (10980, 5490))

TOLD: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "code of the item": (ITEM, ASSET),
    "proj:code of version 2": ({"proj:code": "EPSG:32632"}, ASSET),
    "code of the asset wins": ({"proj:epsg": 32633}, {**ASSET, "proj:epsg": 32632}),
    "nine numbers": (ITEM, {**ASSET, "proj:transform": [*ASSET["proj:transform"], 0, 0, 1]}),
    "all of it of the item, in the band's pixel size": ({**ITEM, **ASSET}, {}),
}
UNTOLD: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "no system": ({}, ASSET),
    "null system": ({"proj:epsg": None, "proj:code": None}, ASSET),
    "no transform": (ITEM, {"proj:shape": [5, 5]}),
    "no shape": (ITEM, {"proj:transform": ASSET["proj:transform"]}),
    "rotated": (ITEM, {**ASSET, "proj:transform": [10, 1, 0, 1, -10, 0]}),
    "upside down": (ITEM, {**ASSET, "proj:transform": [10, 0, 0, 0, 10, 0]}),
    "words": (ITEM, {**ASSET, "proj:transform": ["10", 0, 0, 0, -10, 0]}),
    "not finite": (ITEM, {**ASSET, "proj:transform": [10, 0, float("nan"), 0, -10, 0]}),
    "empty": (ITEM, {**ASSET, "proj:shape": [0, 5]}),
    "the item's transform is of another pixel size": (
        {**ITEM, **ASSET, "proj:transform": [20, 0, 0, 0, -20, 0]},
        {},
    ),
}


@pytest.mark.parametrize(("properties", "asset"), TOLD.values(), ids=TOLD.keys())
def test_a_grid_is_read_wherever_it_is_stated(
    properties: dict[str, Any], asset: dict[str, Any]
) -> None:
    assert stated_grid(properties, asset, 10.0) == GRID


@pytest.mark.parametrize(("properties", "asset"), UNTOLD.values(), ids=UNTOLD.keys())
def test_what_is_incomplete_or_does_not_fit_is_left_to_the_header(
    properties: dict[str, Any], asset: dict[str, Any]
) -> None:
    assert stated_grid(properties, asset, 10.0) is None


def test_the_type_comes_from_either_version_of_the_raster_fields() -> None:
    assert stated_dtype({"raster:bands": [{"data_type": "uint16"}]}) == "uint16"
    assert stated_dtype({"bands": [{"data_type": "int16"}]}) == "int16"
    assert stated_dtype({"data_type": "float32"}) == "float32"
    assert stated_dtype({"raster:bands": [{"data_type": "cint16"}]}) == ""
    assert stated_dtype({}) == ""


def test_a_ground_range_item_states_a_transform_that_is_not_believed() -> None:
    assets = {"vv": {"href": "http://x/vv.tif", **ASSET}}
    item = make_item(
        "S1",
        (10, 46, 11, 47),
        "2024-06-01T10:20:30Z",
        assets=assets,
        **ITEM,
        **{"sar:product_type": "GRD"},
    )
    assert parse_item(item, get_sensor("sentinel1"), "x").bands["vv"].grid is None
    item["properties"]["sar:product_type"] = "RTC"
    item["collection"] = "sentinel-1-rtc"
    assert parse_item(item, get_sensor("sentinel1"), "x").bands["vv"].grid == GRID


def test_grid_and_type_outlive_the_file_of_scenes(tmp_path: Path) -> None:
    assets = {"B04": {"href": "http://x/r.tif", **ASSET, "raster:bands": [{"data_type": "uint16"}]}}
    scene = parse_item(
        make_item("A", (10, 46, 11, 47), "2024-06-01", assets=assets, **ITEM),
        get_sensor("sentinel2"),
        "x",
    )
    (tmp_path / "items.json").write_text(json.dumps([scene.to_dict()]), encoding="utf-8")
    [again] = read_items(tmp_path / "items.json")
    assert again == scene
    assert again.bands["red"].grid == GRID
    assert again.bands["red"].dtype == "uint16"


def test_recorded_catalogues_tell_every_band_s_grid(recorded: Callable[[str], Any]) -> None:
    for name, collection, sensor in (
        (
            "earth-search-v1/search_s2l2a_landsatc2l2_boulder_20231008",
            "sentinel-2-l2a",
            "sentinel2",
        ),
        ("earth-search-v1/search_s2l2a_landsatc2l2_boulder_20231008", "landsat-c2-l2", "landsat"),
        ("planetary-computer/items_limit1_sentinel-2-l2a", "sentinel-2-l2a", "sentinel2"),
        ("planetary-computer/items_limit1_sentinel-1-rtc", "sentinel-1-rtc", "sentinel1"),
        ("planetary-computer/items_limit1_landsat-c2-l2", "landsat-c2-l2", "landsat"),
    ):
        item = next(one for one in recorded(name)["features"] if one["collection"] == collection)
        scene = parse_item(item, get_sensor(sensor), "x")
        assert scene.bands
        for band in scene.bands.values():
            assert band.grid is not None, (name, band.band)
            assert band.grid.resolution[0] == pytest.approx(band.resolution_m)
