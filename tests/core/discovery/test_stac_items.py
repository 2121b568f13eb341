"""STAC items → scenes: recorded ones of the real catalogues, and small ones with every oddity."""

from __future__ import annotations

import contextlib
import copy
import math
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.discovery.scene_parser import parse_item
from firstlight.core.errors import DiscoveryError
from firstlight.core.types import SceneItem, parse_time
from support.stac_server import make_item

S2 = get_sensor("sentinel2")


def asset(href: str = "http://x/a.tif", **more: Any) -> dict[str, Any]:
    return {"href": href, "type": "image/tiff", **more}


def parse(assets: dict[str, Any], sensor: str = "sentinel2", **properties: Any) -> SceneItem:
    return parse_item(make_item("one", assets=assets, **properties), get_sensor(sensor), "test")


@pytest.mark.parametrize(
    ("assets", "band"),
    [
        ({"nir": asset()}, "nir"),
        ({"B08": asset()}, "nir"),
        ({"b08": asset()}, "nir"),
        ({"NIR": asset()}, "nir"),
        ({"x": asset(**{"eo:bands": [{"common_name": "nir"}]})}, "nir"),
        ({"x": asset(bands=[{"eo:common_name": "nir"}])}, "nir"),
        ({"x": asset(bands=[{"common_name": "nir"}])}, "nir"),
        ({"SCL": asset()}, "scl"),
        ({"B8A": asset()}, "nir08"),
    ],
)
def test_a_band_is_known_by_key_or_common_name(assets: dict[str, Any], band: str) -> None:
    assert list(parse(assets).bands) == [band]


@pytest.mark.parametrize(
    ("keys", "band", "key"),
    [
        (("B02_10m", "B02_20m", "B02_60m"), "blue", "B02_10m"),
        (("B11_60m", "B11_20m"), "swir16", "B11_20m"),
        (("B8A_60m", "B8A_20m"), "nir08", "B8A_20m"),
        (("SCL_60m", "SCL_20m"), "scl", "SCL_20m"),
        (("B04_60m", "B04"), "red", "B04"),
        (("B04_60m",), "red", "B04_60m"),
    ],
)
def test_of_a_band_in_several_pixel_sizes_the_finest_is_taken(
    keys: tuple[str, ...], band: str, key: str
) -> None:
    bands = parse({name: asset(f"http://x/{name}.jp2") for name in keys}).bands
    assert {name: one.href for name, one in bands.items()} == {band: f"http://x/{key}.jp2"}


@pytest.mark.parametrize(
    "assets",
    [
        {"x": asset(**{"eo:bands": [{"common_name": "nir"}, {"common_name": "nir"}]})},
        {"x": asset(**{"eo:bands": [{"common_name": "rededge"}]})},
        {
            "visual": asset(
                **{
                    "eo:bands": [
                        {"common_name": "red"},
                        {"common_name": "green"},
                        {"common_name": "blue"},
                    ]
                }
            )
        },
        {
            "nir-jp2": {
                "href": "s3://x/B08.jp2",
                "type": "image/jp2",
                "eo:bands": [{"common_name": "nir"}],
            }
        },
        {"nir": {"type": "image/tiff"}},
        {"nir": {"href": ""}},
        {"nir": None},
    ],
)
def test_what_is_no_single_band_is_no_band(assets: dict[str, Any]) -> None:
    scene = parse(assets)
    assert not scene.bands
    assert scene.missing_bands == S2.default


def test_the_picture_for_the_eye_is_never_a_band() -> None:
    scene = parse({"visual": asset("http://x/TCI.tif"), "red": asset("http://x/B04.tif")})
    assert scene.visual_href == "http://x/TCI.tif"
    assert [b.href for b in scene.bands.values()] == ["http://x/B04.tif"]


def test_bands_stand_in_wavelength_order_whatever_the_catalogues_order() -> None:
    names = ["swir22", "nir", "blue", "scl", "red"]
    assert list(parse({name: asset() for name in names}).bands) == [
        "blue",
        "red",
        "nir",
        "swir22",
        "scl",
    ]


def test_missing_bands_are_named_and_sizes_are_stated_or_estimated() -> None:
    scene = parse({"blue": asset(**{"file:size": 1000}), "nir": asset()})
    assert scene.missing_bands == ("green", "red", "swir16", "swir22")
    assert scene.bands["blue"].size_bytes == 1000
    assert scene.bands["nir"].size_bytes is None
    assert scene.size_bytes == 1000 + scene.bands["nir"].estimated_bytes


@pytest.mark.parametrize("size", [0, -1, "12", None])
def test_a_size_that_is_none_is_not_believed(size: Any) -> None:
    assert parse({"blue": asset(**{"file:size": size})}).bands["blue"].size_bytes is None


@pytest.mark.parametrize(
    ("properties", "epsg"),
    [
        ({"proj:epsg": 32632}, 32632),
        ({"proj:code": "EPSG:32633"}, 32633),
        ({"proj:code": "IAU:1"}, None),
        ({}, None),
    ],
)
def test_the_coordinate_system_is_read_in_both_forms(
    properties: dict[str, Any], epsg: int | None
) -> None:
    assert parse({}, **properties).epsg == epsg


@pytest.mark.parametrize(
    ("bbox", "geometry", "expected"),
    [
        ([7, 46, 8, 47], None, (7, 46, 8, 47)),
        ([7, 46, -5, 8, 47, 4000], None, (7, 46, 8, 47)),
        (
            None,
            {"type": "Polygon", "coordinates": [[[7, 46], [8, 46], [8, 47], [7, 46]]]},
            (7, 46, 8, 47),
        ),
        (
            None,
            {"type": "MultiPolygon", "coordinates": [[[[7, 46], [8, 46], [8, 47], [7, 46]]]]},
            (7, 46, 8, 47),
        ),
        (None, None, (1, 2, 3, 4)),
    ],
)
def test_where_it_is_comes_from_bbox_or_footprint_or_the_question(
    bbox: Any, geometry: Any, expected: Any
) -> None:
    item = {**make_item("one"), "bbox": bbox, "geometry": geometry}
    assert parse_item(item, S2, "test", fallback_bbox=(1, 2, 3, 4)).bbox == expected


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"id": None}, "Scene without id of test cannot be used: it has no id."),
        ({"properties": {}}, "Scene one of test cannot be used: its time is None."),
        ({"properties": None}, "Scene one of test cannot be used: its time is None."),
        (
            {"properties": {"datetime": "yesterday"}},
            "Scene one of test cannot be used: its time is 'yesterday'.",
        ),
        ({"properties": {"datetime": 5}}, "Scene one of test cannot be used: its time is 5."),
        (
            {"bbox": None, "geometry": None},
            "Scene one of test cannot be used: nothing tells where it is.",
        ),
    ],
)
def test_an_item_without_the_bare_necessities_is_named(
    change: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(DiscoveryError) as caught:
        parse_item({**make_item("one"), **change}, S2, "test")
    assert str(caught.value) == f"{sentence} Leave it out, and tell whoever offers it."


def test_an_item_without_files_says_so() -> None:
    scene = parse({})
    assert scene.missing_bands == S2.default
    assert scene.notes == ("The catalogue lists no files for this scene",)
    assert scene.to_dict()["url"] is None


def test_ground_range_radar_is_warned_about() -> None:
    scene = parse_item(
        make_item("g", collection="sentinel-1-grd", assets={"vv": asset()}),
        get_sensor("sentinel1"),
        "t",
    )
    assert any("not sigma0" in note for note in scene.notes)
    assert scene.missing_bands == ("vh",)


MALFORMED: dict[str, Any] = {
    "no mapping": None,
    "a text": "item",
    "assets a list": {"assets": ["red"]},
    "bbox of nulls": {"bbox": [None, None, None, None]},
    "bbox too short": {"bbox": [7, 46]},
    "bbox of words": {"bbox": ["a", "b", "c", "d"]},
    "footprint empty": {"bbox": None, "geometry": {"type": "Polygon", "coordinates": [[]]}},
    "properties a list": {"properties": [1]},
    "pixel size with a unit": {"assets": {"red": asset(gsd="10 m")}},
    "raster:bands a text": {"assets": {"red": asset(**{"raster:bands": "x"})}},
    "raster:bands of numbers": {"assets": {"red": asset(**{"raster:bands": [3]})}},
    "bands a number": {"assets": {"x": asset(bands=5)}},
    "time off the calendar": {"properties": {"datetime": "0001-01-01T00:00:00+05:00"}},
}


@pytest.mark.parametrize("change", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_item_is_a_discovery_error_or_a_scene(change: Any) -> None:
    item = {**make_item("one"), **change} if isinstance(change, dict) else change
    try:
        scene = parse_item(item, S2, "test")
    except DiscoveryError:
        return
    assert all(math.isfinite(v) for v in scene.bbox)


@pytest.mark.parametrize(
    "change",
    [
        {"assets": {"red": asset(**{"raster:bands": [{"nodata": "-inf", "scale": "1"}]})}},
        {"assets": {"red": asset(**{"file:size": float("nan")})}},
        {"assets": {"red": asset(**{"eo:bands": None, "bands": None, "raster:bands": None})}},
        {"collection": 5},
        {
            "properties": {
                "datetime": "2024-06-01T00:00:00Z",
                "eo:cloud_cover": "low",
                "proj:code": 5,
            }
        },
        {"properties": {"datetime": "2024-06-01T00:00:00Z", "s2:processing_baseline": 5.09}},
    ],
)
def test_small_oddities_do_not_lose_the_scene(change: dict[str, Any]) -> None:
    assert parse_item({**make_item("one"), **change}, S2, "test").id == "one"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-06-01T10:20:30Z", (2024, 6, 1, 10, 20, 30, 0)),
        ("2024-06-01T10:20:30.5Z", (2024, 6, 1, 10, 20, 30, 500000)),
        ("2024-06-01T10:20:30.123456789Z", (2024, 6, 1, 10, 20, 30, 123456)),
        ("2024-06-01T10:20:30.024000+00:00", (2024, 6, 1, 10, 20, 30, 24000)),
        ("2024-06-01T12:20:30+02:00", (2024, 6, 1, 10, 20, 30, 0)),
        ("2024-06-01T10:20:30", (2024, 6, 1, 10, 20, 30, 0)),
        ("2024-06-01", (2024, 6, 1, 0, 0, 0, 0)),
        (" 2024-06-01 ", (2024, 6, 1, 0, 0, 0, 0)),
    ],
)
def test_times_in_every_form_catalogues_write(text: str, expected: tuple[int, ...]) -> None:
    assert parse_time(text) == datetime(*expected, tzinfo=timezone.utc)


def test_the_last_day_is_included() -> None:
    assert parse_time("2024-06-30", end_of_day=True) == datetime(
        2024, 6, 30, 23, 59, 59, tzinfo=timezone.utc
    )
    assert parse_time("2024-06-30T12:00:00Z", end_of_day=True).hour == 12


def test_the_last_day_is_included_in_the_short_form_too() -> None:
    try:
        moment = parse_time("20240630", end_of_day=True)
    except ValueError:  # refusing it is as good
        return
    assert moment.hour == 23


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"])
def test_a_time_off_the_calendar_is_no_time(text: str) -> None:
    with pytest.raises(ValueError):
        parse_time(text)


RECORDED = {
    "earth-search-v1/search_filter_cloud_lte40_page1": "sentinel2",
    "earth-search-v1/items_s2l1c_eodag": "sentinel2",
    "planetary-computer/search_s2l2a_33items_20190101": "sentinel2",
    "planetary-computer/two_s2l2a_items_colorado_202408": "sentinel2",
    "planetary-computer/list_landsat-c2-l2": "landsat",
    "planetary-computer/items_limit1_sentinel-1-rtc": "sentinel1",
    "planetary-computer/items_limit1_sentinel-1-grd": "sentinel1",
}


def items_in(tree: Any) -> list[dict[str, Any]]:
    if isinstance(tree, list):
        return [item for part in tree for item in items_in(part)]
    found: list[dict[str, Any]] = tree.get(
        "features", [tree] if tree.get("type") == "Feature" else []
    )
    return found


@pytest.mark.parametrize(("name", "sensor"), RECORDED.items())
def test_recorded_items_become_scenes(
    recorded: Callable[[str], Any], name: str, sensor: str
) -> None:
    items = [i for i in items_in(recorded(name)) if sensor in i["collection"].replace("-", "")]
    assert items
    for item in items:
        scene = parse_item(item, get_sensor(sensor), "test")
        assert scene.bands, item["id"]
        if sensor != "sentinel1":
            assert not scene.missing_bands, item["id"]
        hrefs = [band.href for band in scene.bands.values()]
        assert len(set(hrefs)) == len(hrefs), "two bands from one file"
        assert scene.visual_href not in hrefs


def test_recorded_items_without_assets_and_geometry_say_so(recorded: Callable[[str], Any]) -> None:
    items = items_in(recorded("earth-search-v1/search_fields_excluded_no_assets_no_geometry"))
    assert items
    for item in items:
        scene = parse_item(item, S2, "test", fallback_bbox=(7, 46, 8, 47))
        assert scene.missing_bands == S2.default


def test_earth_searchs_flag_and_planetary_computers_baseline_decide(
    recorded: Callable[[str], Any],
) -> None:
    def offsets(name: str, collection: str) -> set[float]:
        items = [i for i in items_in(recorded(name)) if i["collection"] == collection]
        return {parse_item(i, S2, "t").bands["red"].radiometry.offset for i in items}

    assert offsets("earth-search-v1/search_filter_cloud_lte40_page1", "sentinel-2-l2a") == {0.0}
    assert offsets("earth-search-v1/search_filter_cloud_lte40_page1", "sentinel-2-c1-l2a") == {-0.1}
    assert offsets("planetary-computer/two_s2l2a_items_colorado_202408", "sentinel-2-l2a") == {-0.1}
    old = "planetary-computer/item_S2B_MSIL2A_20190629_T06VVN"
    assert {i["properties"]["s2:processing_baseline"] for i in items_in(recorded(old))} == {"02.12"}
    assert offsets(old, "sentinel-2-l2a") == {0.0}


@pytest.mark.parametrize(
    "name",
    ["planetary-computer/items_limit1_landsat-c2-l2", "planetary-computer/list_landsat-c2-l2"],
)
def test_a_band_has_the_size_of_its_pixels_not_of_its_detector(
    recorded: Callable[[str], Any], name: str
) -> None:
    landsat = get_sensor("landsat")
    sizes = [
        b.resolution_m
        for i in items_in(recorded(name))
        for b in parse_item(i, landsat, "t").bands.values()
    ]
    assert set(sizes) == {30.0}


def _paths(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(tree, dict):
        return [path, *(p for k, v in tree.items() for p in _paths(v, (*path, k)))]
    if isinstance(tree, list):
        return [path, *(p for k, v in enumerate(tree) for p in _paths(v, (*path, k)))]
    return [path]


WHOLE = make_item(
    "one",
    assets={
        "red": asset(
            **{
                "gsd": 10,
                "raster:bands": [{"scale": 0.0001, "offset": -0.1, "nodata": 0}],
                "file:size": 5,
            }
        ),
        "x": asset(**{"eo:bands": [{"common_name": "nir"}], "file:checksum": "1220" + "0" * 64}),
    },
    **{
        "eo:cloud_cover": 5,
        "proj:epsg": 32632,
        "platform": "sentinel-2a",
        "s2:processing_baseline": "05.09",
    },
)


@pytest.mark.thorough
@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    st.data(),
    st.sampled_from(
        [None, "", "x", 5, -1.5, True, [], [None], [[]], {}, {"a": 1}, [1, 2, 3, 4], "nan"]
    ),
)
def test_no_value_anywhere_in_an_item_breaks_the_search(data: st.DataObject, value: Any) -> None:
    item = copy.deepcopy(WHOLE)
    path = data.draw(st.sampled_from([p for p in _paths(item) if p]))
    place: Any = item
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with contextlib.suppress(DiscoveryError):
        parse_item(item, S2, "test")


def data_space(code: str, pixel: int, finest: bool, **more: Any) -> dict[str, Any]:
    """An asset as the Copernicus Data Space lists it."""
    return {
        "href": f"s3://eodata/{code}_{pixel}m.jp2",
        "type": "image/jp2",
        "roles": ["data", "sampling:original" if finest else "sampling:downsampled"],
        "auth:refs": ["s3"],
        "alternate": {
            "https": {"href": f"https://x.example/{code}_{pixel}m.jp2", "auth:refs": ["oidc"]}
        },
        **more,
    }


@pytest.mark.parametrize("turned", [False, True])
def test_of_several_assets_of_one_band_the_finest_is_taken(turned: bool) -> None:
    sizes = {"B02": (10, 20, 60), "B08": (10,), "B8A": (20, 60), "B11": (20, 60), "SCL": (20, 60)}
    assets = {
        f"{code}_{pixel}m": data_space(code, pixel, pixel == pixels[0])
        for code, pixels in sizes.items()
        for pixel in (reversed(pixels) if turned else pixels)
    }
    bands = parse(assets).bands
    assert {name: one.href.rpartition("/")[2] for name, one in bands.items()} == {
        "blue": "B02_10m.jp2",
        "nir": "B08_10m.jp2",
        "nir08": "B8A_20m.jp2",
        "swir16": "B11_20m.jp2",
        "scl": "SCL_20m.jp2",
    }
    assert bands["blue"].href.startswith("https://x.example/")
    assert bands["blue"].alternates == ("s3://eodata/B02_10m.jp2",)
    assert bands["blue"].account == "an account (oidc)"


def test_the_band_as_measured_counts_before_a_finer_one_that_was_interpolated() -> None:
    bands = parse(
        {"B11_10m": data_space("B11", 10, False), "B11_20m": data_space("B11", 20, True)}
    ).bands
    assert bands["swir16"].href.endswith("B11_20m.jp2")


def test_without_roles_the_pixel_size_tells_and_a_tiff_counts_before_a_jpeg_2000() -> None:
    assets = {
        "B04-60m": {"href": "https://x.example/a.tif"},
        "B04-10m.jp2": {"href": "https://x.example/b.jp2"},
        "B04_10m": {"href": "https://x.example/c.tif"},
        "B03_x": {"href": "https://x.example/d.tif"},
    }
    assert {name: one.href for name, one in parse(assets).bands.items()} == {
        "red": "https://x.example/c.tif"
    }
