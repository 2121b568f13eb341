"""What each step of an event's recipe can be mapped from."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from firstlight.core.discovery.events import get_event
from firstlight.core.discovery.pairs import Pair, group_acquisitions, rank_pairs
from firstlight.core.scenes.pair_offers import offers_for
from firstlight.core.settings import Settings
from firstlight.core.types import Aoi, BandAsset, Radiometry, SceneItem

AREA = Aoi.from_bounds(7.0, 46.0, 7.1, 46.1)
EVENT = datetime(2024, 6, 15, 12, tzinfo=timezone.utc)
RING = [[6.5, 45.5], [7.5, 45.5], [7.5, 46.5], [6.5, 46.5], [6.5, 45.5]]
SIZE = 100_000_000


def scene(days: float, sensor: str = "sentinel2", clear: float = 90.0) -> SceneItem:
    names = ("vv", "vh") if sensor == "sentinel1" else ("red", "nir", "swir16", "swir22", "scl")
    bands = {
        name: BandAsset(
            name, f"https://example.com/{name}.tif", 10.0, Radiometry(), size_bytes=SIZE
        )
        for name in names
    }
    return SceneItem(
        id=f"{sensor} {days:+g}",
        sensor=sensor,
        catalog="test",
        collection=sensor,
        datetime=EVENT + timedelta(days=days),
        bbox=(6.5, 45.5, 7.5, 46.5),
        footprint={"type": "Polygon", "coordinates": [RING]},
        cloud_percent=None if sensor == "sentinel1" else 100 - clear,
        epsg=32632,
        resolution_m=10.0,
        bands=bands,
        platform=sensor,
        relative_orbit=1,
        orbit_direction="ascending",
        coverage_percent=100.0,
        clear_percent=clear,
    )


def pairs(*scenes: SceneItem) -> list[Pair]:
    return rank_pairs(group_acquisitions(scenes, AREA), EVENT)


def ids(offers: object) -> list[tuple[str, str]]:
    return [(one.pair.before.scenes[0].id, one.pair.after.scenes[0].id) for one in offers]  # type: ignore[attr-defined]


def test_each_step_has_the_pairs_of_its_sensors_and_the_usable_ones_first() -> None:
    found = pairs(
        scene(-5, clear=5.0), scene(-30), scene(3), scene(-6, "sentinel1"), scene(6, "sentinel1")
    )
    radar, optical = offers_for(get_event("flood"), found, AREA, Settings())
    assert ids(radar.offers) == [("sentinel1 -6", "sentinel1 +6")]
    assert ids(optical.offers) == [
        ("sentinel2 -30", "sentinel2 +3"),
        ("sentinel2 -5", "sentinel2 +3"),
    ]
    assert [one.usable for one in optical.offers] == [True, False]


def test_a_step_without_a_pair_has_no_offers() -> None:
    steps = offers_for(get_event("flood"), pairs(scene(-5), scene(3)), AREA, Settings())
    assert [len(step.offers) for step in steps] == [0, 1]


def test_the_size_is_that_of_the_bands_the_maps_read_over_the_area() -> None:
    before, after = scene(-5), scene(3)
    [step] = offers_for(get_event("wildfire"), pairs(before, after), AREA, Settings())
    size = step.offers[0].size_bytes
    assert 0 < size < 2 * 5 * SIZE / 4, "a part of two passes of five bands"
    small = [replace(one, bands={"red": one.bands["red"]}) for one in (before, after)]
    [less] = offers_for(get_event("wildfire"), pairs(*small), AREA, Settings())
    assert less.offers[0].size_bytes * 5 == pytest.approx(size, abs=5)
