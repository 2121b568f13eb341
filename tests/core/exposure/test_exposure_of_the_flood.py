"""The simulated flood's truth over its land cover, people, houses and roads: equal to a count of
pixels, and the parts are the whole.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.monitor import RecordingMonitor
from firstlight.core.operations.impact.exposure import EXPOSURE
from firstlight.core.settings import Settings
from support.events import simulated_event
from support.rasters import read_band

pytestmark = pytest.mark.thorough
"""The simulated events take half a minute to be made."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Any:
    event = simulated_event("flood")
    layers = event.layers
    words = {
        "extent": event.truth["flooded"],
        "positive": "1,2",
        "landcover": layers["landcover"],
        "population": layers["population_count"],
        "buildings": layers["buildings"],
        "roads": layers["roads"],
        "districts": layers["districts"],
        "output": tmp_path_factory.mktemp("exposure"),
    }
    return EXPOSURE.run(EXPOSURE.make_params(words), Settings(), RecordingMonitor())


def test_land_cover_is_a_count_of_pixels(told: Any) -> None:
    event = simulated_event("flood")
    flooded = read_band(event.truth["flooded"]) > 0
    cover = read_band(event.layers["landcover"])
    found = {row["name"]: row["affected_km2"] for row in told.data["exposure"]["landcover"]}
    assert found["Cropland"] == pytest.approx((flooded & (cover == 40)).sum() * 1e-4)
    assert found["Grassland"] == pytest.approx((flooded & (cover == 30)).sum() * 1e-4)
    assert found["Permanent water bodies"] == 0
    assert sum(found.values()) == pytest.approx(flooded.sum() * 1e-4)
    assert not any("names no classes" in text for text in told.warnings)


def test_people_are_those_of_the_share_of_each_pixel(told: Any) -> None:
    """Against a count on half of the flood's pixels' side."""
    import rasterio
    from rasterio.warp import transform

    event = simulated_event("flood")
    flooded = read_band(event.truth["flooded"]) > 0
    with rasterio.open(event.truth["flooded"]) as file:
        crs, corner = file.crs, (file.transform.c, file.transform.f)
    with rasterio.open(event.layers["population_count"]) as file:
        people, grid = file.read(1), file.transform
    total, whole = np.zeros(people.shape), np.zeros(people.shape)
    parts = 2
    steps = (np.arange(720 * parts) + 0.5) * 10 / parts
    for number, y in enumerate(corner[1] - steps):
        xs, ys = transform(crs, "EPSG:4326", corner[0] + steps, np.full(len(steps), y))
        cols = np.floor((np.array(xs) - grid.c) / grid.a).astype(int)
        rows = np.floor((np.array(ys) - grid.f) / grid.e).astype(int)
        wet = np.repeat(flooded[number // parts], parts)
        np.add.at(total, (rows[wet], cols[wet]), 1.0)
        np.add.at(whole, (rows, cols), 1.0)
    full = np.median(whole[whole > 0])  # of a pixel that lies in the square
    expected = float((people * total / full).sum())
    found = told.data["exposure"]["people"]
    assert found["affected"] == pytest.approx(expected, rel=0.02)
    assert 0 < found["affected_least"] < found["affected"] < found["affected_most"]


def test_districts_are_the_whole(told: Any) -> None:
    data = told.data["exposure"]
    names = [one["name"] for one in data["districts"]]
    assert names == ["Northbank", "Riverside", "Southbank"]
    for theme, key in (
        *(("area", "affected_km2"), ("people", "affected"), ("people", "total")),
        *(("buildings", "total"), ("buildings", "affected")),
    ):
        parts = sum(one[theme][key] for one in data["districts"])
        assert parts == pytest.approx(data[theme][key], rel=1e-3, abs=1e-6)


def test_houses_are_flooded_where_any_of_their_pixels_is(told: Any) -> None:
    import rasterio
    from rasterio.warp import transform

    event = simulated_event("flood")
    with rasterio.open(event.truth["flooded"]) as file:
        flooded, crs, inverse = file.read(1) > 0, file.crs, ~file.transform
    features = json.loads(event.layers["buildings"].read_text())["features"]
    middles = [np.mean(one["geometry"]["coordinates"][0][:4], axis=0) for one in features]
    xs, ys = transform("EPSG:4326", crs, *np.transpose(middles).tolist())
    cells = [tuple(map(int, inverse * place)) for place in zip(xs, ys)]
    expected = sum(bool(flooded[row, col]) for col, row in cells)
    houses = told.data["exposure"]["buildings"]
    assert houses["total"] == len(features)
    assert houses["affected"] == expected > 20


def test_the_river_road_is_under_water_in_part(told: Any) -> None:
    roads = told.data["exposure"]["roads"]
    assert 0 < roads["affected_km"] < roads["total_km"]
    assert roads["not_observed_km"] == 0
    assert Path(told.outputs["layers"]).stat().st_size > 0
