"""Scenes on the disk: what discover wrote is what ingest reads."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.discovery.items_file import footprints_geojson, read_items
from firstlight.core.discovery.scene_parser import parse_item
from firstlight.core.errors import InputError
from firstlight.core.types import SceneItem
from support.stac_server import make_item


def a_scene(**change: Any) -> SceneItem:
    assets = {
        name: {
            "href": f"http://x/{name}.tif?v=1",
            "raster:bands": [{"scale": 0.0001, "offset": -0.1, "nodata": 0}],
            "file:size": 1000 + number,
            "file:checksum": "1220" + f"{number:064d}",
        }
        for number, name in enumerate(("blue", "green", "red", "nir", "swir16", "scl"))
    }
    assets["visual"] = {"href": "http://x/TCI.tif"}
    properties = {
        "eo:cloud_cover": 12.5,
        "proj:epsg": 32632,
        "earthsearch:boa_offset_applied": True,
    }
    item = make_item(
        "S2A_32TPT", (10, 46, 11, 47), "2024-06-01T10:20:30Z", assets=assets, **properties
    )
    return dataclasses.replace(parse_item(item, get_sensor("sentinel2"), "earth-search"), **change)


def write(path: Path, tree: Any) -> Path:
    path.write_text(json.dumps(tree), encoding="utf-8")
    return path


@pytest.mark.parametrize("form", ["array", "one", "geojson"])
def test_what_discover_wrote_comes_back_the_same(tmp_path: Path, form: str) -> None:
    scenes = [
        a_scene(),
        a_scene(id="other", cloud_percent=None, notes=("A note",), priority="secondary"),
    ]
    if form == "one":
        scenes = scenes[:1]
    tree: Any = {
        "array": [s.to_dict() for s in scenes],
        "one": scenes[0].to_dict(),
        "geojson": footprints_geojson(scenes),
    }[form]
    assert read_items(write(tmp_path / "items.json", tree)) == scenes


def test_the_radiometry_that_was_decided_is_kept_though_the_file_no_longer_tells_why(
    tmp_path: Path,
) -> None:
    (again,) = read_items(write(tmp_path / "items.json", [a_scene().to_dict()]))
    assert again.bands["red"].radiometry.offset == 0.0


@pytest.mark.parametrize("sensor", ["landsat", "sentinel1"])
def test_other_sensors_come_back_too(tmp_path: Path, sensor: str) -> None:
    names = get_sensor(sensor).default
    item = make_item(
        "one", collection=f"{sensor}-x", assets={n: {"href": f"http://x/{n}"} for n in names}
    )
    scene = parse_item(item, get_sensor(sensor), "c")
    assert read_items(write(tmp_path / "i.json", [scene.to_dict()])) == [scene]


def test_items_with_only_the_specifications_fields_are_taken(tmp_path: Path) -> None:
    entry = {
        "id": "S2B_MSIL2A_20190125T104000_N0211_R008_T32TPT",
        "source": "sentinel2",
        "datetime": "2019-01-25T10:45:00Z",
        "cloud_cover": 5.2,
        "resolution_m": 10.0,
        "size_bytes": 600000000,
        "band_urls": {"Blue": "http://x/B02.tif", "nir": "http://x/B08.tif", "red": None},
        "visualization_url": "http://x/TCI.tif",
        "url": "http://x/B02.tif",
        "assets": {},
        "missing_bands": [],
    }
    (scene,) = read_items(write(tmp_path / "items.json", [entry]))
    assert {name: band.href for name, band in scene.bands.items()} == {
        "blue": "http://x/B02.tif",
        "nir": "http://x/B08.tif",
    }
    assert scene.size_bytes == 600000000
    assert scene.visual_href == "http://x/TCI.tif"
    assert scene.bands["nir"].radiometry.offset == 0.0  # baseline 02.11 in the id


def test_an_offset_that_may_be_in_the_pixels_already_is_at_least_warned_about(
    tmp_path: Path,
) -> None:
    told = a_scene().to_dict()
    spec_only = {
        key: told[key]
        for key in (
            "id",
            "source",
            "datetime",
            "cloud_cover",
            "band_urls",
            "assets",
            "visualization_url",
        )
    }
    (scene,) = read_items(write(tmp_path / "items.json", [spec_only]))
    assert scene.bands["red"].radiometry.offset == 0.0 or any(
        "offset" in note for note in scene.notes
    )


@pytest.mark.parametrize(
    ("collection", "assets", "sensor"),
    [
        ("sentinel-2-l2a", ("blue", "nir"), "sentinel2"),
        ("landsat-c2-l2", ("blue", "nir08"), "landsat"),
        ("sentinel-1-rtc", ("vv", "vh"), "sentinel1"),
        ("my-own", ("B02", "B08", "B8A"), "sentinel2"),
        ("my-own", ("vv",), "sentinel1"),
    ],
)
def test_a_plain_stac_item_finds_its_sensor(
    tmp_path: Path, collection: str, assets: tuple[str, ...], sensor: str
) -> None:
    item = make_item(
        "one", collection=collection, assets={name: {"href": f"http://x/{name}"} for name in assets}
    )
    (scene,) = read_items(write(tmp_path / "item.json", item))
    assert scene.sensor == sensor
    assert scene.bands


def test_a_recorded_search_answer_is_a_file_of_items(shared: Callable[[str], Path]) -> None:
    scenes = read_items(
        shared("stac") / "planetary-computer" / "two_s2l2a_items_colorado_202408.json"
    )
    assert [scene.sensor for scene in scenes] == ["sentinel2", "sentinel2"]
    assert all(scene.bands["red"].radiometry.offset == -0.1 for scene in scenes)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "the file is no JSON"),
        ("hello", "the file is no JSON"),
        ("\xff", "the file is no JSON"),
        ("[]", "it holds no scenes"),
        ("3", "it holds no scenes"),
        ('{"type":"FeatureCollection","features":[]}', "it holds no scenes"),
        ('{"features":null}', "it holds no scenes"),
        ('[{"source":"sentinel2"}]', "an entry has no id"),
        ("[3]", "an entry has no id"),
        ('[{"id":"a"}]', "No download URL for item a"),
        ('[{"id":"a","band_urls":{}}]', "No download URL for item a"),
        (
            '[{"id":"a","source":"modis","url":"http://x"}]',
            "Sensor 'modis' cannot be used: it is not known.",
        ),
    ],
)
def test_an_unusable_file_is_named_with_a_hint(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "items.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError) as caught:
        read_items(path)
    assert why in str(caught.value)
    assert caught.value.hint


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        InputError,
        match=r"nope\.json cannot be used: No such file or directory\. Give the JSON or GeoJSON of",
    ):
        read_items(tmp_path / "nope.json")


@pytest.mark.parametrize(
    "change",
    [
        {"radiometry": {"red": {"foo": 1}}},
        {"radiometry": {"red": 3}},
        {"band_info": {"red": {"resolution_m": "10 m"}}},
        {"band_urls": ["http://x"]},
        {"size_bytes": "big"},
        {"bbox": [1]},
        {"datetime": "yesterday"},
    ],
    ids=str,
)
def test_a_damaged_entry_is_an_input_error(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        read_items(write(tmp_path / "items.json", [{**a_scene().to_dict(), **change}]))


SECRETS = ("S3CRET", "pass-of-mine", "K3Y")


@pytest.mark.parametrize("form", ["array", "geojson"])
def test_what_lets_its_bearer_in_is_never_written(tmp_path: Path, form: str) -> None:
    signed = "https://x.blob.core.windows.net/{}.tif?v=1&se=2099-01-01T00%3A00%3A00Z&sig=S3CRET"
    assets: dict[str, Any] = {
        name: {
            "href": signed.format(name),
            "alternate": {
                "s3": {"href": f"https://b.s3.amazonaws.com/{name}?X-Amz-Signature=S3CRET"}
            },
        }
        for name in ("blue", "red")
    }
    assets["visual"] = {"href": "https://me:pass-of-mine@x.example/TCI.tif?api_key=K3Y"}
    item = make_item("S2A_32TPT", (10, 46, 11, 47), "2024-06-01T10:20:30Z", assets=assets)
    scene = parse_item(item, get_sensor("sentinel2"), "planetary-computer")
    assert "S3CRET" in scene.bands["red"].href, "it is used, though"
    tree = [scene.to_dict()] if form == "array" else footprints_geojson([scene])
    path = write(tmp_path / "items.json", tree)
    text = path.read_text(encoding="utf-8")
    assert [secret for secret in SECRETS if secret in text] == []
    [again] = read_items(path)
    assert again.bands["red"].href == "https://x.blob.core.windows.net/red.tif?v=1"
    assert again.bands["red"].alternates == ("https://b.s3.amazonaws.com/red",)


def item_beside(folder: Path, href: str, own: str = "", **asset: Any) -> str:
    """Where the red band of an item in a file leads."""
    assets = {"red": {"href": href, "type": "image/tiff", **asset}}
    links = [{"rel": "self", "href": own}] if own else []
    item = {**make_item("S2A_32TPT"), "assets": assets, "links": links}
    folder.mkdir(exist_ok=True)
    (scene,) = read_items(write(folder / "item.json", item))
    return scene.bands["red"].href


@pytest.mark.parametrize("own", ["", "https://stac.example/items/a/item.json"])
@pytest.mark.parametrize(
    ("href", "name"),
    [
        ("./red.tif", "red.tif"),
        ("../images/red.tif", "../images/red.tif"),
        ("my%20red.tif", "my red.tif"),
        ("100%20.tif", "100%20.tif"),
        ("red.tif#1.tif", "red.tif#1.tif"),
    ],
)
def test_an_item_s_relative_addresses_are_those_of_files_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, href: str, name: str, own: str
) -> None:
    monkeypatch.chdir("/")
    (tmp_path / "images").mkdir()
    folder = tmp_path / "items"
    folder.mkdir()
    (folder / name).write_bytes(b"II*")
    assert item_beside(folder, href, own) == str((folder / name).resolve())


@pytest.mark.parametrize(
    ("href", "own", "whole"),
    [
        ("./red.tif", "https://stac.example/a/item.json", "https://stac.example/a/red.tif"),
        ("../b/red.tif?v=1", "http://x.example/a/item.json", "http://x.example/b/red.tif?v=1"),
        ("red.tif", "", "{folder}/red.tif"),
        ("red.tif", "./item.json", "{folder}/red.tif"),
        ("red.tif", "file:///elsewhere/item.json", "{folder}/red.tif"),
        ("../../red.tif", "", "{folder}/../../red.tif"),
        ("https://x.example/red.tif", "", "https://x.example/red.tif"),
        ("s3://bucket/red.tif", "", "s3://bucket/red.tif"),
        ("/data/red.tif", "https://stac.example/item.json", "/data/red.tif"),
        (r"C:\data\red.tif", "", r"C:\data\red.tif"),
        (r"\\host\data\red.tif", "", r"\\host\data\red.tif"),
        ("/vsicurl/https://x.example/red.tif", "", "/vsicurl/https://x.example/red.tif"),
    ],
)
def test_what_lies_not_beside_an_item_lies_beside_its_own_address(
    tmp_path: Path, href: str, own: str, whole: str
) -> None:
    expected = whole.replace("{folder}", str(tmp_path / "items"))
    if "{folder}" in whole:
        expected = os.path.normpath(expected)
    assert item_beside(tmp_path / "items", href, own) == expected


def test_an_alternate_address_is_placed_too(tmp_path: Path) -> None:
    (tmp_path / "red.tif").write_bytes(b"II*")
    item = make_item("S2A_32TPT")
    red = {"href": "https://x.example/red.tif", "alternate": {"here": {"href": "red.tif"}}}
    item["assets"] = {"red": {**red, "type": "image/tiff"}}
    (scene,) = read_items(write(tmp_path / "item.json", item))
    band = scene.bands["red"]
    assert str(tmp_path / "red.tif") in {band.href, *band.alternates}
