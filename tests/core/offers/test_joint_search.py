"""Several catalogues asked together: one list without doubles, in order, whatever one does."""

from __future__ import annotations

import dataclasses
import threading
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from firstlight.core.accounts.providers import load_providers
from firstlight.core.discovery.catalogs import AUTO, Catalog, catalog_names, get_catalog
from firstlight.core.errors import Cancelled, DiscoveryError, InputError
from firstlight.core.monitor import Note, RecordingMonitor
from firstlight.core.offers.choice import choose_catalogs
from firstlight.core.offers.joint_search import group_offers
from firstlight.core.scenes.find import SceneQuery, find_scenes, next_scenes
from firstlight.core.settings import Settings
from firstlight.core.types import Aoi, SceneItem
from support.providers import scene_of
from support.stac_server import Behaviour, StacServer, make_item

AREA = Aoi.from_bounds(7.2, 46.2, 7.8, 46.8)
START = datetime(2024, 6, 1, tzinfo=timezone.utc)
END = datetime(2024, 6, 30, tzinfo=timezone.utc)
KEYS = ("blue", "green", "red", "nir", "swir16", "swir22")


def item(
    day: int, suffix: str = "tif", keys: tuple[str, ...] = KEYS, **more: Any
) -> dict[str, Any]:
    late = more.pop("minutes", 0)
    return make_item(
        more.pop("id", f"S2A_32TLS_202406{day:02d}_0_L2A"),
        when=f"2024-06-{day:02d}T10:{20 + late:02d}:00Z",
        assets={key: {"href": f"https://example.org/{day}/{key}.{suffix}"} for key in keys},
        platform="sentinel-2a",
        **{"eo:cloud_cover": 5.0, **more},
    )


def query(*apis: StacServer, limit: int = 50) -> SceneQuery:
    catalog = get_catalog(",".join(api.base_url for api in apis))
    return SceneQuery(AREA, START, END, catalog, limit=limit)


def notes(monitor: RecordingMonitor) -> list[str]:
    return [event.text for event in monitor.events if isinstance(event, Note)]


def days(scenes: Any) -> list[int]:
    return [scene.datetime.day for scene in scenes]


def test_each_acquisition_stands_once_however_the_pages_fall(settings: Settings) -> None:
    """One has every second day, the other every third; four scenes at a time, pages of three."""
    pages = Behaviour(page_size=3)
    first = [item(day) for day in range(28, 0, -2)]
    second = [item(day, minutes=4) for day in range(27, 0, -3)]
    with StacServer(first, behaviour=pages) as one, StacServer(second, behaviour=pages) as two:
        asked = query(one, two, limit=4)
        found = find_scenes(asked, settings, RecordingMonitor())
        listed = [*found.scenes]
        while found.has_more:
            found = next_scenes(found.searches, AREA, None, RecordingMonitor())
            assert len(found.scenes) <= 4
            listed += found.scenes
    wanted = sorted({*range(2, 29, 2), *range(3, 28, 3)}, reverse=True)
    assert days(listed) == wanted
    doubled = [scene.datetime.day for scene in listed if scene.alternatives]
    assert doubled == [day for day in wanted if day % 6 == 0]


@pytest.mark.parametrize(
    ("first", "second", "chosen"),
    [
        ({}, {}, 0),
        ({"suffix": "jp2"}, {}, 1),
        ({"keys": KEYS[:4]}, {}, 1),
        ({"storage:requester_pays": True}, {"suffix": "jp2"}, 1),
        ({"suffix": "jp2"}, {"keys": KEYS[:4]}, 1),
    ],
)
def test_the_better_offer_is_taken(
    settings: Settings, first: dict[str, Any], second: dict[str, Any], chosen: int
) -> None:
    with StacServer([item(3, **first)]) as one, StacServer([item(3, **second)]) as two:
        (scene,) = find_scenes(query(one, two), settings, RecordingMonitor()).scenes
        urls = [one.base_url, two.base_url]
        assert scene.catalog == urls[chosen]
        closed = "storage:requester_pays" in first
        assert [other.catalog for other in scene.alternatives] == (
            [] if closed else [urls[1 - chosen]]
        )


@pytest.mark.parametrize("behaviour", [Behaviour(die_at_page=1), Behaviour(garbage=True)])
def test_one_that_fails_is_told_in_one_sentence(settings: Settings, behaviour: Behaviour) -> None:
    with StacServer([item(3)], behaviour=behaviour) as one, StacServer([item(4)]) as two:
        monitor = RecordingMonitor()
        found = find_scenes(query(one, two), settings, monitor)
        assert days(found.scenes) == [4]
        told = [text for text in notes(monitor) if "failed" in text]
        assert len(told) == 1
        assert f"Searching 127.0.0.1:{one.port}" in told[0]
        assert told[0].endswith(f"the list is of 127.0.0.1:{two.port}")


def test_nothing_is_said_to_be_there_only_where_all_have_told(settings: Settings) -> None:
    bad = Behaviour(garbage=True)
    with (
        StacServer([item(3)], behaviour=bad) as one,
        StacServer([], collections=["sentinel-2-l2a"]) as two,
    ):
        with pytest.raises(DiscoveryError, match="has nothing of it") as caught:
            find_scenes(query(one, two), settings, RecordingMonitor())
        assert "No scenes found" not in str(caught.value)


def test_one_that_breaks_off_later_ends_its_part_only(settings: Settings) -> None:
    dies = Behaviour(page_size=2, die_at_page=2)
    first, second = [item(day) for day in (20, 18, 16, 14)], [item(day) for day in (19, 17)]
    with StacServer(first, behaviour=dies) as one, StacServer(second) as two:
        monitor = RecordingMonitor()
        found = find_scenes(query(one, two, limit=2), settings, monitor)
        listed = [*found.scenes]
        while found.has_more:
            found = next_scenes(found.searches, AREA, None, monitor)
            listed += found.scenes
        assert days(listed)[:4] == [20, 19, 18, 17]
        assert any("not complete" in text or "failed" in text for text in notes(monitor))


def test_a_search_of_several_can_be_stopped(settings: Settings) -> None:
    with StacServer([item(3)]) as one, StacServer([item(4)]) as two:
        monitor = RecordingMonitor()
        monitor.cancel()
        with pytest.raises(Cancelled):
            find_scenes(query(one, two), settings, monitor)
    assert not [thread for thread in threading.enumerate() if "stac" in thread.name.lower()]


def test_offers_of_one_catalogue_stay_apart() -> None:
    scene = dataclasses.replace(scene_of("earth-search", 0, "sentinel2"), catalog="a")
    again = dataclasses.replace(scene, id=scene.id.replace("_0_", "_1_"))
    there = dataclasses.replace(scene, catalog="b", datetime=scene.datetime + timedelta(minutes=9))
    other = dataclasses.replace(scene, catalog="b", tile="31TGM", id="S2A_31TGM_x")
    groups = group_offers([scene, again, there, other])
    assert sorted(sorted(one.catalog for one in group) for group in groups) == [
        ["a"],
        ["a", "b"],
        ["b"],
    ]


def names(chosen: Any) -> list[str]:
    return [catalog.name for catalog, _ in chosen]


def test_auto_asks_all_that_are_open() -> None:
    assert names(choose_catalogs(get_catalog(AUTO), "sentinel2")) == [
        "earth-search",
        "planetary-computer",
    ]
    assert names(choose_catalogs(get_catalog(AUTO), "landsat")) == ["planetary-computer"]
    assert names(choose_catalogs(get_catalog(AUTO), "sentinel2", "HLSS30_2.0")) == ["lp-daac"]


def test_who_has_a_login_is_offered_the_same_collection_behind_it() -> None:
    auto, mine = get_catalog(AUTO), {"copernicus-s3", "earthdata"}
    assert choose_catalogs(auto, "sentinel2", None, mine)[2:] == (
        (get_catalog("copernicus-data-space"), "sentinel-2-l2a"),
    ), "not HLS, another product"
    assert names(choose_catalogs(auto, "sentinel1", None, mine)) == ["planetary-computer"]


def test_every_login_of_a_catalogue_is_a_known_one() -> None:
    known = set(load_providers())
    assert all(set(get_catalog(name).logins) <= known for name in catalog_names())


def test_of_those_that_are_named_the_ones_that_have_the_sensor_are_asked() -> None:
    both = get_catalog("lp-daac, asf")
    assert names(choose_catalogs(both, "sentinel1")) == ["asf"]
    assert names(choose_catalogs(both, "dem")) == ["lp-daac", "asf"], "each says that it has none"
    mixed = get_catalog("auto,lp-daac")
    assert names(choose_catalogs(mixed, "sentinel2"))[-1] == "lp-daac"
    assert len(choose_catalogs(mixed, "sentinel2")) == 3


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("earth-search,planetary-computer", ["earth-search", "planetary-computer"]),
        (" Earth-Search , asf ,", ["earth-search", "asf"]),
        ("earth-search,earth-search", ["earth-search"]),
        ("https://a.example/v1,earth-search", ["https://a.example/v1", "earth-search"]),
        (
            "https://a.example/v1?x=1,2,https://b.example",
            ["https://a.example/v1", "https://b.example"],
        ),
        ("https://a.example/x,y/v1", ["https://a.example/x,y/v1"]),
    ],
)
def test_a_list_of_catalogues_is_read(text: str, wanted: list[str]) -> None:
    catalog = get_catalog(text)
    members: tuple[Catalog, ...] = catalog.members or (catalog,)
    assert [one.name for one in members] == wanted
    again = get_catalog(catalog.reference)
    assert [one.name for one in again.members or (again,)] == wanted


def test_a_secret_in_an_address_is_in_no_name() -> None:
    catalog = get_catalog("https://me:word@a.example/v1?access_token=abc,earth-search")
    assert "abc" not in f"{catalog.name} {catalog.title} {catalog!r}"
    assert "word" not in f"{catalog.name} {catalog.title} {catalog!r}"
    assert "access_token=abc" in catalog.members[0].address


@pytest.mark.parametrize("text", ["earth-search,planetary-computr", "earthsearch,asf", ",", ""])
def test_a_name_that_is_none_is_told(text: str) -> None:
    with pytest.raises(InputError, match="cannot be used"):
        get_catalog(text)


def test_all_known_catalogues_can_be_named_together() -> None:
    assert len(get_catalog(",".join(catalog_names())).members) == len(catalog_names())


def best(*scenes: SceneItem) -> list[SceneItem]:
    return [group[0] for group in group_offers(scenes)]


def test_the_newest_stands_first() -> None:
    scene = scene_of("earth-search", 0, "sentinel2")
    older = dataclasses.replace(scene, datetime=scene.datetime - timedelta(days=5), id="older")
    assert best(older, scene) == [scene, older]
