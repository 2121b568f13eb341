"""Which catalogue is asked where nobody names one, and which scenes are taken."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest

from firstlight.core.discovery.catalogs import AUTO, get_catalog, requests_at_once
from firstlight.core.enums import AccessKind
from firstlight.core.errors import AccessError
from firstlight.core.monitor import Note, RecordingMonitor
from firstlight.core.offers.choice import (
    can_open,
    choose_catalog,
    closed_sentence,
    rank_catalogs,
    way_out,
)
from firstlight.core.offers.joint_search import joined_titles
from firstlight.core.scenes.find import SceneQuery, openable_scenes
from firstlight.core.settings import Settings
from firstlight.core.types import Aoi, SceneItem
from support.providers import scene_of

DAY = datetime(2024, 6, 1, tzinfo=timezone.utc)
AREA = Aoi.from_bounds(7.0, 46.0, 8.0, 47.0)


@pytest.mark.parametrize(
    ("sensor", "catalog", "collection"),
    [
        ("sentinel2", "earth-search", "sentinel-2-l2a"),
        ("landsat", "planetary-computer", "landsat-c2-l2"),
        ("landsat-tm", "planetary-computer", "landsat-c2-l2"),
        ("sentinel1", "planetary-computer", "sentinel-1-rtc"),
        ("dem", "earth-search", "cop-dem-glo-30"),
    ],
)
def test_by_default_every_sensor_comes_to_somebody_without_an_account(
    sensor: str, catalog: str, collection: str
) -> None:
    chosen, its = choose_catalog(get_catalog(AUTO), sensor)
    assert (chosen.name, its) == (catalog, collection)
    assert chosen.needs(collection).is_open


def test_what_the_user_names_is_what_is_asked() -> None:
    named = get_catalog("earth-search")
    assert choose_catalog(named, "landsat") == (named, None)
    other = get_catalog("https://stac.example.org/v1")
    assert choose_catalog(other, "landsat", "mine") == (other, "mine")


def test_a_collection_chooses_the_catalogue_that_has_it() -> None:
    chosen, collection = choose_catalog(get_catalog(AUTO), "sentinel2", "HLSS30_2.0")
    assert (chosen.name, collection) == ("lp-daac", "HLSS30_2.0")
    chosen, _ = choose_catalog(get_catalog(AUTO), "sentinel1", "sentinel-1-grd")
    assert chosen.name == "planetary-computer", "Earth Search has it too, and asks to pay"


def test_archives_of_one_continent_and_the_sample_are_never_chosen_by_themselves() -> None:
    names = {
        catalog.name for sensor in ("sentinel2", "landsat") for catalog in rank_catalogs(sensor)
    }
    assert not names & {"digital-earth-africa", "brazil-data-cube", "sample"}


def test_a_search_of_several_sensors_asks_each_one_its_own_catalogue(settings: Settings) -> None:
    from firstlight.core.discovery.events import get_event

    query = SceneQuery(AREA, DAY, DAY, get_catalog(AUTO), event=get_event("flood"))
    searches = query.start_searches(settings)
    asked = {one.query.sensor: [each.name for each in one.catalogs] for one in searches}
    assert asked == {
        "sentinel1": ["planetary-computer"],
        "sentinel2": ["earth-search", "planetary-computer"],
        "landsat": ["planetary-computer"],
    }
    assert joined_titles(searches) == "Planetary Computer and Earth Search (Element 84)"


CLOSED = [("earth-search", 1, "landsat"), ("usgs-landsatlook", 0, "landsat")]


@pytest.mark.parametrize(("catalog", "number", "sensor"), CLOSED)
def test_closed_scenes_are_listed_and_not_taken(
    settings: Settings, catalog: str, number: int, sensor: str
) -> None:
    closed, opened = (
        scene_of(catalog, number, sensor),
        scene_of("planetary-computer", 0, "landsat-tm"),
    )
    monitor = RecordingMonitor()
    assert openable_scenes((closed, opened), settings, monitor) == (opened,)
    [note] = [event for event in monitor.events if isinstance(event, Note)]
    assert "listed but not taken. Without an account: catalogue planetary-computer." in note.text
    with pytest.raises(AccessError, match="Without an account: catalogue planetary-computer"):
        openable_scenes((closed,), settings, monitor)


def test_a_login_for_its_host_opens_what_asks_for_an_account(settings: Settings) -> None:
    scene = scene_of("usgs-landsatlook", 0, "landsat")
    assert not can_open(scene, settings)
    mine = dataclasses.replace(
        settings, headers={"landsatlook.usgs.gov": {"Authorization": "Bearer x"}}
    )
    assert can_open(scene, mine)
    assert closed_sentence((scene,), mine) == ""
    paid = scene_of("earth-search", 1, "landsat")
    assert not can_open(paid, mine), "no login pays a bucket's bill"


def test_scenes_of_which_nothing_is_known_are_taken(settings: Settings) -> None:
    scene = dataclasses.replace(scene_of("earth-search", 0, "sentinel2"), access=AccessKind.UNKNOWN)
    assert can_open(scene, settings)


def test_the_way_out_never_names_the_catalogue_that_was_asked() -> None:
    assert way_out("sentinel2", "earth-search") == (
        "Without an account: catalogue planetary-computer."
    )
    assert "No known catalogue" in way_out("sentinel1", "planetary-computer")


@pytest.mark.parametrize(
    ("kinds", "most"),
    [
        ((), AccessKind.UNKNOWN),
        ((AccessKind.NOTHING, AccessKind.TOKEN), AccessKind.TOKEN),
        ((AccessKind.READER_PAYS, AccessKind.NOTHING), AccessKind.READER_PAYS),
        ((AccessKind.UNKNOWN, AccessKind.ACCOUNT), AccessKind.ACCOUNT),
    ],
)
def test_the_most_demanding_counts(kinds: tuple[AccessKind, ...], most: AccessKind) -> None:
    assert AccessKind.most(kinds) == most


def test_recorded_items_of_the_default_say_that_they_cannot_be_had(
    recorded: Callable[[str], Any],
) -> None:
    from firstlight.core.discovery.band_config import get_sensor
    from firstlight.core.discovery.scene_parser import parse_item

    body = recorded("earth-search-v1/search_s2l2a_landsatc2l2_boulder_20231008")
    kinds = {}
    for item in body["features"]:
        sensor = "landsat" if "landsat" in item["collection"] else "sentinel2"
        scene: SceneItem = parse_item(item, get_sensor(sensor), "earth-search")
        kinds[sensor] = str(scene.access)
    assert kinds == {"landsat": "reader pays", "sentinel2": "nothing"}


def test_requests_keep_to_the_least_limit_of_the_catalogues_asked() -> None:
    assert requests_at_once(["earth-search"], 8) == 8
    assert requests_at_once(["earth-search", "copernicus-data-space"], 8) == 4
    assert requests_at_once(["file", "http://127.0.0.1:1"], 8) == 8
    assert requests_at_once(["planetary-computer"], 2) == 2
    assert requests_at_once([], 8) == 8


def test_an_event_before_2013_is_mapped_from_thematic_mappers(settings: Settings) -> None:
    from firstlight.core.discovery.band_config import get_sensor
    from firstlight.core.discovery.events import get_event
    from firstlight.core.scenes.bands import wanted_bands

    scene = scene_of("planetary-computer", 0, "landsat-tm")
    bands = wanted_bands(scene, settings, get_event("wildfire"))
    assert bands == ["blue", "green", "red", "nir08", "swir16", "swir22", "qa_pixel"]
    assert get_sensor("landsat-tm").family == "landsat"
