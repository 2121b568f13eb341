"""Items in the spellings of many makers and in older and newer versions of the standard."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.discovery.projection import stated_crs
from firstlight.core.discovery.scene_parser import parse_item, platform_name
from firstlight.core.discovery.stac_client import SceneSearch
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.settings import Settings
from firstlight.core.stac.home import Home
from firstlight.core.stac.items import whole_item
from firstlight.core.types import Aoi, SceneItem, SearchQuery
from support.june import band_links
from support.odd_catalogue import OddCatalogue
from support.stac_server import make_item

AREA = Aoi.from_bounds(7.2, 46.2, 7.8, 46.8)
DAY = (
    datetime(2024, 6, 1, tzinfo=timezone.utc),
    datetime(2024, 6, 1, 23, 59, 59, tzinfo=timezone.utc),
)
S2 = get_sensor("sentinel2")


def parse(item: dict[str, Any]) -> SceneItem:
    return parse_item(item, S2, "test")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        *((text, "landsat-9") for text in ("LANDSAT_9", "Landsat-9", "L9", "LC09", "landsat 9")),
        *((text, "landsat-8") for text in ("Landsat8", "LANDSAT-8", "ls8", "LO08", "landsat_08")),
        *((text, "landsat-7") for text in ("LE07", "Landsat 7", "l7")),
        *((text, "sentinel-2a") for text in ("sentinel-2a", "S2A", "Sentinel2A", "SENTINEL-2 A")),
        *((text, "sentinel-1c") for text in ("SENTINEL-1C", "s1c", "Sentinel_1C")),
        ("Sentinel-2", "sentinel-2"),
        ("PlanetScope ", "planetscope"),
        ("", ""),
    ],
)
def test_a_satellite_has_one_name_in_every_spelling(text: str, name: str) -> None:
    assert platform_name(text) == name


@pytest.mark.parametrize(
    ("item_id", "properties", "platform"),
    [
        ("LC09_L2SP_193028_20240601_20240602_02_T1", {}, "landsat-9"),
        ("LE07_L2SP_193028_20240601_20240602_02_T1", {"platform": "landsat"}, "landsat-7"),
        ("S2B_32TLT_20240601_0_L2A", {"platform": "sentinel-2"}, "sentinel-2b"),
        ("S2B_32TLT_20240601_0_L2A", {"platform": "sentinel-2a"}, "sentinel-2a"),
        ("x", {"eo:platform": "sentinel-2b"}, "sentinel-2b"),
        ("x", {"platform": ["Sentinel-2A"]}, "sentinel-2a"),
        ("x", {"platform": None}, ""),
    ],
)
def test_a_satellite_is_known_by_the_product_where_the_item_does_not_say(
    item_id: str, properties: dict[str, Any], platform: str
) -> None:
    assert parse(make_item(item_id, **properties)).platform == platform


@pytest.mark.parametrize(
    ("cloud", "percent"),
    [
        *((0, 0.0), (100, 100.0), (3.5, 3.5), ("12.5", 12.5)),
        *((value, None) for value in (-1, 101, None, float("nan"), True, "cloudy", "-1", [3])),
    ],
)
def test_a_cloud_that_is_none_is_unknown(cloud: Any, percent: float | None) -> None:
    assert parse(make_item("x", **{"eo:cloud_cover": cloud})).cloud_percent == percent


@pytest.mark.parametrize(
    ("fields", "crs"),
    [
        ({"proj:epsg": 32632}, "EPSG:32632"),
        ({"proj:epsg": 32632.0}, "EPSG:32632"),
        ({"proj:epsg": "32632"}, "EPSG:32632"),
        ({"proj:epsg": [32632]}, "EPSG:32632"),
        ({"proj:epsg": [32632, 32633]}, ""),
        ({"proj:epsg": None, "proj:code": "EPSG:32632"}, "EPSG:32632"),
        ({"proj:code": "epsg:32632"}, "EPSG:32632"),
        ({"proj:code": ["EPSG:32632"]}, "EPSG:32632"),
        ({"proj:code": "urn:ogc:def:crs:EPSG::32632"}, "EPSG:32632"),
        ({"proj:code": "http://www.opengis.net/def/crs/EPSG/0/32632"}, "EPSG:32632"),
        ({"proj:code": "IAU_2015:30100"}, ""),
        ({"proj:code": None}, ""),
        ({"proj:epsg": 0}, ""),
        ({"eo:epsg": 32632}, "EPSG:32632"),
        ({"proj:code": "ESRI:102001", "proj:wkt2": "PROJCS[…]"}, "PROJCS[…]"),
    ],
)
def test_a_coordinate_system_is_read_in_every_form(fields: dict[str, Any], crs: str) -> None:
    assert stated_crs(fields) == crs


def listed(settings: Settings, *items: Any) -> list[str]:
    """Ids that a search of one day and the area lists, where the server does not look."""

    class Careless(OddCatalogue):
        def found(self, query: dict[str, Any]) -> list[dict[str, Any]]:
            return self.items

    with Careless(items) as api:
        query = SearchQuery(AREA, *DAY, "sentinel2", api.url)
        return sorted(scene.id for scene in SceneSearch(query, settings).next(RecordingMonitor()))


def timed(item_id: str, when: Any, **more: Any) -> dict[str, Any]:
    item = make_item(item_id, assets=band_links(), **more)
    item["properties"]["datetime"] = when
    return item


def test_times_are_read_in_every_form(settings: Settings) -> None:
    inside = [
        timed("a zone", "2024-06-02T01:00:00+02:00"),
        timed("no zone", "2024-06-01T10:00:00"),
        timed("digits", "2024-06-01T10:00:00.123456789Z"),
        timed("a span", None, start_datetime="2024-05-30", end_datetime="2024-06-03T00:00:00Z"),
        timed("a start", None, start_datetime="2024-06-01T10:00:00Z"),
    ]
    outside = [
        timed("later", "2024-06-01T23:00:00-02:00"),
        timed("earlier", "2024-06-01T01:00:00+02:00"),
        timed("a span before", None, start_datetime="2024-05-01", end_datetime="2024-05-03"),
        timed("a span after", None, start_datetime="2024-06-02", end_datetime="2024-06-03"),
    ]
    assert listed(settings, *inside, *outside) == sorted(item["id"] for item in inside)


def placed(item_id: str, bbox: Any, geometry: Any = None) -> dict[str, Any]:
    return {**make_item(item_id, assets=band_links()), "bbox": bbox, "geometry": geometry}


def test_places_are_read_in_every_form(settings: Settings) -> None:
    ring = [[7, 46, 5], [8, 46, 5], [8, 47, 9], [7, 47, 5], [7, 46, 5]]
    inside = [
        placed("a box", [7, 46, 8, 47]),
        placed("a box with heights", [7, 46, 0, 8, 47, 4000]),
        placed("a polygon with heights", None, {"type": "Polygon", "coordinates": [ring]}),
        placed("nowhere", None),
        placed("around the back", [170, 40, 10, 50]),
    ]
    outside = [
        placed("a box beside", [9, 46, 10, 47]),
        placed("a box beside with heights", [9, 46, 0, 10, 47, 4000]),
        placed("a box across the antimeridian", [179, 46, -179, 47]),
    ]
    assert listed(settings, *inside, *outside) == sorted(item["id"] for item in inside)


BASE = "https://catalogue.example/api/search"
HOME = Home.of("https://catalogue.example/api")
OWN = "https://files.example/2024/item.json"


@pytest.mark.parametrize(
    ("href", "own", "whole"),
    [
        ("B02.tif", OWN, "https://files.example/2024/B02.tif"),
        ("./B02.tif", OWN, "https://files.example/2024/B02.tif"),
        ("../B02.tif?x=1", OWN, "https://files.example/B02.tif?x=1"),
        ("/B02.tif", OWN, "https://files.example/B02.tif"),
        ("//other.example/B02.tif", OWN, "https://other.example/B02.tif"),
        ("B02.tif", "items/one", "https://catalogue.example/api/items/B02.tif"),
        ("B02.tif", None, "https://catalogue.example/api/B02.tif"),
        ("B02.tif", "http://10.1.2.3/items/one", "https://catalogue.example/items/B02.tif"),
        ("s3://bucket/B02.tif", OWN, "s3://bucket/B02.tif"),
        ("https://other.example/B02.tif", OWN, "https://other.example/B02.tif"),
        ("/vsis3/bucket/B02.tif", OWN, "/vsis3/bucket/B02.tif"),
        ("file:///etc/passwd", OWN, None),
    ],
)
def test_an_address_is_relative_to_the_item(href: str, own: str | None, whole: str | None) -> None:
    item = make_item("x", assets={"red": {"href": href, "alternate": {"other": {"href": href}}}})
    item["links"] = [{"rel": "self", "href": own}] if own else []
    found, left_out = whole_item(item, BASE, HOME)
    if whole is None:
        assert found["assets"] == {}
        assert left_out == ("red",)
    else:
        assert found["assets"]["red"]["href"] == whole
        assert found["assets"]["red"]["alternate"]["other"]["href"] == whole


def test_bands_by_number_are_those_of_the_item() -> None:
    """As items were before version 0.9 of the standard."""
    bands = [{"common_name": "red"}, {"common_name": "nir"}]
    assets = {"one": {"href": "a.tif", "eo:bands": [0]}, "two": {"href": "b.tif", "eo:bands": [1]}}
    item, _ = whole_item(make_item("x", assets=assets, **{"eo:bands": bands}), BASE, HOME)
    assert {
        name: band.href.rpartition("/")[2] for name, band in parse(dict(item)).bands.items()
    } == {
        "red": "a.tif",
        "nir": "b.tif",
    }


@pytest.mark.thorough
def test_a_footprint_of_endless_corners_is_not_looked_at(settings: Settings) -> None:
    ring = [[7 + number % 7 / 100, 46 + number / 1e6] for number in range(100_000)]
    item = placed("zigzag", [7, 46, 8, 47], {"type": "Polygon", "coordinates": [ring]})
    scene = parse(item)
    assert scene.footprint is None
    assert scene.notes == ("Its footprint of more than 5000 corners is not looked at",)
    assert parse({**item, "geometry": {"type": "Polygon", "coordinates": [ring[:500]]}}).footprint
    assert listed(settings, item) == ["zigzag"]
