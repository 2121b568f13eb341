"""The same look of the same satellite, as two providers deliver it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.discovery.scene_parser import parse_item
from firstlight.core.offers.acquisition import differences, product_kind, same_acquisition
from firstlight.core.types import SceneItem
from support.providers import scene_of

PC = "planetary-computer"


def recorded_scene(body: Any, sensor: str, word: str = "", catalog: str = "x") -> SceneItem:
    items = body if isinstance(body, list) else body.get("features", [body])
    item = next(item for item in items if word in item["id"])
    return parse_item(item, get_sensor(sensor), catalog)


@pytest.mark.parametrize(
    ("place", "sensor", "word", "mine"),
    [
        (
            f"{PC}/two_s2l2a_items_colorado_202408",
            "sentinel2",
            "20240823",
            ("earth-search", 0),
        ),
        (f"{PC}/items_limit1_landsat-c2-l2", "landsat", "", ("earth-search", 1)),
        (
            "planetary-computer/items_limit1_sentinel-1-rtc",
            "sentinel1",
            "",
            ("planetary-computer", 2),
        ),
    ],
)
def test_a_recorded_item_is_recognised_at_another_provider(
    recorded: Callable[[str], Any], place: str, sensor: str, word: str, mine: tuple[str, int]
) -> None:
    one, other = recorded_scene(recorded(place), sensor, word), scene_of(*mine, sensor)
    assert same_acquisition(one, other)
    assert same_acquisition(other, one)


def test_ground_range_and_terrain_corrected_radar_are_not_exchanged(
    recorded: Callable[[str], Any],
) -> None:
    grd = recorded_scene(recorded(f"{PC}/items_limit1_sentinel-1-grd"), "sentinel1")
    assert same_acquisition(grd, dataclasses.replace(grd, catalog="earth-search"))
    corrected = dataclasses.replace(grd, product="sentinel1-rtc")
    assert not same_acquisition(grd, corrected)


def test_neighbours_in_a_recorded_list_are_never_taken_for_each_other(
    recorded: Callable[[str], Any],
) -> None:
    body = recorded(f"{PC}/search_s2l2a_33items_20190101")
    scenes = [parse_item(item, get_sensor("sentinel2"), "x") for item in body["features"]]
    same = [
        (a.id, b.id)
        for n, a in enumerate(scenes)
        for b in scenes[n + 1 :]
        if same_acquisition(a, b)
    ]
    # one tile twice, once for each of its reprocessings
    assert all(a.split("_")[5] == b.split("_")[5] for a, b in same)


S2 = scene_of("earth-search", 0, "sentinel2")


@pytest.mark.parametrize(
    "change",
    [
        {"tile": "13TDF"},
        {"platform": "sentinel-2b"},
        {"datetime": S2.datetime + timedelta(minutes=100)},
        {"product": "sentinel2-l1c"},
        {"product": "hls-s30"},
        {"sensor": "landsat"},
    ],
    ids=str,
)
def test_what_makes_it_another_acquisition(change: dict[str, Any]) -> None:
    assert not same_acquisition(S2, dataclasses.replace(S2, **change))


@pytest.mark.parametrize(
    "change",
    [
        {"platform": "S2A"},
        {"platform": "Sentinel-2A"},
        {"platform": ""},
        {"relative_orbit": None},
        {"datetime": S2.datetime - timedelta(minutes=10)},
        {"product": ""},
        {"product": "sentinel2-l2a-old"},
        {"catalog": "planetary-computer", "id": "S2A_MSIL2A_20240823T174901_R141_T13TDE_2024"},
    ],
    ids=str,
)
def test_what_leaves_it_the_same(change: dict[str, Any]) -> None:
    assert same_acquisition(S2, dataclasses.replace(S2, **change))


def test_orbits_must_agree_where_both_tell_them() -> None:
    one = dataclasses.replace(S2, relative_orbit=141)
    assert same_acquisition(one, dataclasses.replace(S2, relative_orbit=141))
    assert not same_acquisition(one, dataclasses.replace(S2, relative_orbit=8))


RADAR = scene_of("earth-search", 2, "sentinel1")


def test_slices_of_radar_are_told_apart_by_their_names() -> None:
    name = RADAR.id.replace("T052236", "T052301").replace("T052301_058267", "T052326_058267")
    next_slice = dataclasses.replace(
        RADAR, id=name, datetime=RADAR.datetime + timedelta(seconds=25)
    )
    assert same_acquisition(RADAR, dataclasses.replace(RADAR, id=f"{RADAR.id}_rtc"))
    assert not same_acquisition(RADAR, next_slice)


def test_without_names_or_tiles_place_and_second_decide() -> None:
    plain = dataclasses.replace(RADAR, id="a")
    assert same_acquisition(plain, dataclasses.replace(plain, id="b"))
    later = dataclasses.replace(plain, datetime=plain.datetime + timedelta(seconds=25))
    assert not same_acquisition(plain, later)
    beside = dataclasses.replace(plain, bbox=(8.3, 46.0, 9.5, 47.0))
    assert not same_acquisition(plain, beside)


def test_differences_that_change_pixel_values_are_told() -> None:
    assert differences(S2, S2) == ()
    older = dataclasses.replace(S2, product="sentinel2-l2a-old")
    assert differences(S2, older) == ("product sentinel2-l2a and sentinel2-l2a-old",)


def test_the_kind_of_a_product_leaves_out_its_baseline() -> None:
    assert product_kind(S2) == "sentinel2 l2a"
    assert product_kind(dataclasses.replace(S2, product="sentinel2-l2a-old")) == "sentinel2 l2a"
    assert product_kind(dataclasses.replace(S2, product="")) == ""
