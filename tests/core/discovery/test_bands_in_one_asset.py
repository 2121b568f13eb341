"""Several bands in one asset: each is one of its layers, the file is fetched once, and a picture is
no measurement.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.cli import main
from firstlight.core.discovery.band_config import get_sensor, searched_names, sensor_names
from firstlight.core.discovery.items_file import read_items
from firstlight.core.discovery.scene_parser import parse_item
from firstlight.core.enums import Unit
from firstlight.core.errors import DiscoveryError, InputError
from support.range_server import FaultyServer
from support.rasters import noise, read_band, write_raster
from support.stac_server import make_item

BBOX = (10.3, 46.9, 10.35, 46.95)
RGBN = [("Red", "red"), ("Green", "green"), ("Blue", "blue"), ("NIR", "nir")]
EIGHT = ["coastal_blue", "blue", "green_i", "green", "yellow", "red", "rededge", "nir"]


def item_of(collection: str, assets: dict[str, Any], name: str = "scene") -> dict[str, Any]:
    full = {
        key: {"href": f"https://x/{key}.tif", "type": "image/tiff", **one}
        for key, one in assets.items()
    }
    return make_item(name, BBOX, collection=collection, assets=full)


def layers(names: list[tuple[str, str]], **more: Any) -> list[dict[str, Any]]:
    return [{"name": name, "common_name": common, **more} for name, common in names]


def read(tmp_path: Path, item: dict[str, Any]) -> Any:
    path = tmp_path / "item.json"
    path.write_text(json.dumps(item))
    return read_items(path)[0]


@pytest.mark.parametrize("form", ["eo:bands", "bands"])
def test_naip_is_four_bands_without_a_scale(tmp_path: Path, form: str) -> None:
    asset = {form: layers(RGBN), "roles": ["data"], "raster:bands": [{"data_type": "uint8"}] * 4}
    scene = read(tmp_path, item_of("naip", {"image": asset}))
    assert scene.sensor == "multispectral"
    assert {name: one.index for name, one in scene.bands.items()} == {
        "blue": 3,
        "green": 2,
        "red": 1,
        "nir": 4,
    }
    assert {one.radiometry.unit for one in scene.bands.values()} == {Unit.NONE}
    assert any("No scale is known for" in note for note in scene.notes)
    assert "multispectral" not in searched_names()
    assert "multispectral" in sensor_names()


def test_layers_have_each_their_own_figures(tmp_path: Path) -> None:
    own = [{"scale": 0.0001 * (i + 1), "offset": 0.01 * i, "nodata": 0} for i in range(4)]
    scene = read(
        tmp_path, item_of("mine", {"data": {"eo:bands": layers(RGBN), "raster:bands": own}})
    )
    assert scene.bands["red"].radiometry.scale == pytest.approx(0.0001)
    assert scene.bands["nir"].radiometry.scale == pytest.approx(0.0004)
    assert scene.bands["nir"].radiometry.offset == pytest.approx(0.03)
    assert scene.bands["nir"].radiometry.unit == Unit.REFLECTANCE
    one = [{"scale": 0.5, "nodata": 7}]  # of all of them
    shared = read(
        tmp_path, item_of("mine", {"data": {"eo:bands": layers(RGBN), "raster:bands": one}})
    )
    assert {band.radiometry.scale for band in shared.bands.values()} == {0.5}


def test_planets_surface_reflectance_before_its_other_files(tmp_path: Path) -> None:
    names = [(name, name) for name in EIGHT]
    assets = {
        "ortho_analytic_8b": {"eo:bands": layers(names)},
        "ortho_analytic_8b_sr": {"eo:bands": layers(names), "roles": ["data", "reflectance"]},
        "ortho_visual": {"eo:bands": layers(RGBN[:3]), "roles": ["visual"]},
    }
    item = item_of("PSScene", assets, "20230715_100031_24_2416_3B_AnalyticMS_SR_8b")
    scene = read(tmp_path, item)
    assert scene.bands["red"].href.endswith("ortho_analytic_8b_sr.tif")
    assert (scene.bands["green"].index, scene.bands["green_i"].index) == (4, 3)
    assert scene.bands["nir"].radiometry.scale == 0.0001
    del assets["ortho_analytic_8b_sr"]["roles"]
    assets["ortho_analytic_8b_sr_2"] = assets["ortho_analytic_8b_sr"]
    with pytest.raises((InputError, DiscoveryError)):  # two that could be it
        read(tmp_path, item_of("PSScene", assets))


@pytest.mark.parametrize(
    "asset",
    [
        {"eo:bands": layers(RGBN[:3]), "raster:bands": [{"data_type": "uint8"}] * 3},
        {"eo:bands": layers(RGBN[:3]), "roles": ["data"]},
        {"eo:bands": layers(RGBN), "roles": ["visual"]},
        {"eo:bands": layers(RGBN), "type": "image/jpeg"},
        {"eo:bands": layers([*RGBN[:3], ("Alpha", "alpha")])},
    ],
)
def test_a_picture_is_no_measurement(tmp_path: Path, asset: dict[str, Any]) -> None:
    try:
        scene = read(tmp_path, item_of("mine", {"image": asset}))
    except InputError:
        return
    assert not scene.bands


def test_a_sentinel_2_composite_is_of_its_sensor_alone() -> None:
    named = [("B4", "red"), ("B5", "rededge"), ("B6", "rededge"), ("B8", "nir")]
    asset = {"eo:bands": layers(named, scale=0.0001), "raster:bands": [{"scale": 0.0001}] * 4}
    item = item_of("sentinel-2-l2a", {"data": asset})
    bands = parse_item(item, get_sensor("sentinel2"), "x").bands
    assert {name: one.index for name, one in bands.items()} == {"red": 1, "nir": 4}
    with pytest.raises(DiscoveryError):
        parse_item(item, get_sensor("dem"), "x")


def test_one_file_is_fetched_once_and_stacked_by_its_layers(tmp_path: Path) -> None:
    data = np.stack(
        [noise((128, 128), seed, 1000 * seed, 1000 * seed + 200) for seed in (1, 2, 3, 4)]
    )
    write_raster(tmp_path / "srv" / "image.tif", data, cog=True, interleave="pixel")
    with FaultyServer(tmp_path / "srv") as server:
        asset = {
            "href": f"{server.base_url}/image.tif",
            "eo:bands": layers(RGBN),
            "raster:bands": [{"scale": 0.0001, "nodata": 0}] * 4,
        }
        items = tmp_path / "items.json"
        items.write_text(json.dumps(item_of("mine", {"image": asset})))
        command = ["ingest", "--items", str(items), "--output", str(tmp_path / "out")]
        assert main([*command, "--bands", "red,nir"]) == 0
        assert server.count("/image.tif", "GET") == 1
        assert main([*command, "--bands", "blue,red,nir"]) == 0
        assert server.count("/image.tif", "GET") == 1  # it is there
    [stack] = (tmp_path / "out").rglob("*_stack.vrt")
    assert np.array_equal(read_band(stack, 1), data[2])
    assert np.array_equal(read_band(stack, 2), data[0])
    assert np.array_equal(read_band(stack, 3), data[3])


def test_an_area_of_one_file_is_cut_once(tmp_path: Path) -> None:
    data = np.stack(
        [noise((512, 512), seed, 1000 * seed, 1000 * seed + 200) for seed in (1, 2, 3, 4)]
    )
    write_raster(tmp_path / "srv" / "image.tif", data, cog=True, interleave="pixel")
    with FaultyServer(tmp_path / "srv") as server:
        asset = {
            "href": f"{server.base_url}/image.tif",
            "eo:bands": layers(RGBN),
            "raster:bands": [{"scale": 0.0001, "nodata": 0}] * 4,
        }
        items = tmp_path / "items.json"
        items.write_text(json.dumps(item_of("mine", {"image": asset})))
        area = "10.314,46.938,10.318,46.941"
        command = ["ingest", "--items", str(items), "--output", str(tmp_path / "out")]
        assert main([*command, "--bands", "red,nir", "--area", area, "--window", "aoi"]) == 0
        assert server.bytes_sent("/image.tif") < (tmp_path / "srv" / "image.tif").stat().st_size
    [stack] = (tmp_path / "out").rglob("*_stack.vrt")
    red, nir = read_band(stack, 1), read_band(stack, 2)
    assert red.shape[0] < 100
    assert 1000 <= red.min() <= red.max() < 1200
    assert 4000 <= nir.min() <= nir.max() < 4200
    assert len(list(stack.parent.glob("*.tif"))) == 1


def test_a_list_of_scenes_keeps_the_layers(tmp_path: Path) -> None:
    scene = read(
        tmp_path,
        item_of(
            "mine", {"data": {"eo:bands": layers(RGBN), "raster:bands": [{"scale": 0.0001}] * 4}}
        ),
    )
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps([scene.to_dict()]))
    [again] = read_items(kept)
    assert {name: one.index for name, one in again.bands.items()} == {
        name: one.index for name, one in scene.bands.items()
    }
    assert again.sensor == "multispectral"
