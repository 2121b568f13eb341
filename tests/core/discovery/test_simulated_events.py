"""The simulated events: pixels, items and truth fit each other, and look like what real sensors
deliver.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from rasterio.warp import transform

from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.discovery.scene_parser import parse_item
from support.events import EventScene, events_folder, sample_module, simulated_event
from support.rasters import read_band

pytestmark = pytest.mark.thorough
"""The simulated events take half a minute to be made."""

Pixels = npt.NDArray[Any]
OPTICAL = [("fire", role) for role in ("before_early", "before", "after_cloudy", "after")]
OPTICAL += [("flood", role) for role in ("before_early", "before", "after")]
RADAR = (
    *("radar_before_early", "radar_before", "radar_other_side"),
    *("radar_after", "radar_falling", "radar_low"),
)


def truth(event: str, name: str) -> Pixels:
    return read_band(simulated_event(event).truth[name])


def reflectance(scene: EventScene, band: str) -> Pixels:
    """By hand, at 10 m, NaN = no data."""
    stored = read_band(scene.bands[band]).astype(float)
    values = np.where(stored == 0, np.nan, stored / 10000 - 0.1)
    return values if values.shape[0] == 720 else values.repeat(2, axis=0).repeat(2, axis=1)


def nbr(scene: EventScene) -> Pixels:
    nir, swir = reflectance(scene, "nir"), reflectance(scene, "swir22")
    return (nir - swir) / (nir + swir)


def decibel(scene: EventScene, band: str) -> Pixels:
    power = read_band(scene.bands[band]).astype(float)
    with np.errstate(invalid="ignore"):
        return np.where(power == -32768, np.nan, 10 * np.log10(power))


def all_scenes() -> list[EventScene]:
    return [scene for name in ("fire", "flood") for scene in simulated_event(name).scenes.values()]


def looks(power: Pixels) -> float:
    return float(power.mean() ** 2 / power.var())


def test_speckle_has_the_looks_of_the_sensor_and_alike_neighbours() -> None:
    field = sample_module("noise").speckle((900, 900), np.random.default_rng(5))
    assert field.mean() == pytest.approx(1.0, abs=0.01)
    assert looks(field) == pytest.approx(4.4, rel=0.03)
    beside = np.corrcoef(field[:, 1:].ravel(), field[:, :-1].ravel())[0, 1]
    apart = np.corrcoef(field[:, 5:].ravel(), field[:, :-5].ravel())[0, 1]
    assert beside == pytest.approx(0.32, abs=0.03)
    assert abs(apart) < 0.01


@pytest.mark.parametrize("band", ["vv", "vh"])
def test_still_water_in_the_file_has_those_looks_too(band: str) -> None:
    """The lake, away from its shore: the same level everywhere, so that only speckle varies."""
    found = [
        looks(
            read_band(simulated_event("flood").scene(role).bands[band])[145:175, 525:595].astype(
                float
            )
        )
        for role in RADAR
    ]
    assert np.mean(found) == pytest.approx(4.4, rel=0.05)


def test_an_open_flood_is_darker_and_a_flooded_forest_brighter_to_the_radar() -> None:
    event, flooded = simulated_event("flood"), truth("flood", "flooded")
    for band, darker in (("vv", 6), ("vh", 6)):
        change = decibel(event.scene("radar_after"), band) - decibel(
            event.scene("radar_before"), band
        )
        dry = np.nanmedian(change[(flooded == 0) & (truth("flood", "permanent_water") == 0)])
        assert 0.5 < dry < 1.5  # wet ground
        assert np.nanmedian(change[flooded == 1]) < dry - darker
        assert np.nanmedian(change[flooded == 2]) > dry + 0.5


def test_plants_stand_out_of_shallow_water_only_and_light_it_up() -> None:
    depth, standing, flooded = (truth("flood", name) for name in ("depth", "standing", "flooded"))
    assert ((depth > 0) == (flooded > 0)).all()
    assert depth.max() < 3.2
    assert standing[flooded != 1].max() == 0
    assert standing[depth > 0.5].max() < 0.01 < 0.3 < standing.max() <= 0.5
    level = decibel(simulated_event("flood").scene("radar_after"), "vh")
    assert (
        np.nanmedian(level[standing > 0.3])
        > np.nanmedian(level[(flooded == 1) & (depth > 0.5)]) + 3
    )


def test_sand_tarmac_and_radar_shadow_are_as_dark_as_water_is() -> None:
    """What makes flood maps wrong is there: a threshold alone must fail on it."""
    level, cover = (
        decibel(simulated_event("flood").scene("radar_before"), "vv"),
        truth("flood", "cover"),
    )
    codes = sample_module("ground").Cover
    for dark in (
        cover == codes.SAND,
        cover == codes.TARMAC,
        truth("flood", "radar_shadow_descending") == 1,
    ):
        assert np.nanmedian(level[dark]) < -16.5
    assert np.nanmedian(level[cover == codes.CROP]) > -12


@pytest.mark.parametrize("state", ["ascending", "descending"])
def test_radar_shadow_is_where_a_ray_meets_a_hill(state: str) -> None:
    """Each ray followed step by step on a small hill."""
    radar = sample_module("radar")
    rng = np.random.default_rng(2)
    height = 60 * np.exp(-(((np.arange(40) - 18) / 3.0) ** 2))[np.newaxis] + rng.random((3, 40))
    found = radar.radar_shadow(height, state)
    step = (
        1 if state == "descending" else -1
    )  # towards the satellite, which looks west when it descends
    for row, col in np.ndindex(*height.shape):
        expected = False
        for far in range(1, 40):
            at = col + step * far
            if not 0 <= at < 40:
                break
            expected |= bool(
                height[row, at] - height[row, col] - 0.01 > far * 10 / np.tan(np.radians(39))
            )
        assert found[row, col] == expected
    assert found.any()


def test_the_burned_classes_are_what_a_line_of_numpy_finds_in_the_files() -> None:
    event, cover = simulated_event("fire"), truth("fire", "cover")
    measured = nbr(event.scene("before")) - nbr(event.scene("after"))
    seen = (truth("fire", "hidden_after") == 0) & (truth("fire", "hidden_before") == 0)
    seen &= np.isfinite(measured)  # at the edge of the swath a 20 m pixel ends earlier
    land = seen & (cover != sample_module("ground").Cover.WATER)
    true_dnbr, severity = truth("fire", "dnbr"), truth("fire", "severity")
    assert (severity == 3 + np.digitize(true_dnbr, (0.10, 0.27, 0.44, 0.66))).all()
    assert set(np.unique(severity)) == {3, 4, 5, 6, 7}
    for code, (low, high) in {
        3: (-0.1, 0.1),
        4: (0.1, 0.27),
        5: (0.27, 0.44),
        6: (0.44, 0.66),
        7: (0.66, 2),
    }.items():
        own = land & (severity == code)
        assert own.sum() > 20_000
        assert low < np.median(measured[own]) < high
    error = (measured - true_dnbr)[land]
    assert 0.005 < np.median(error) < 0.04  # plants have dried meanwhile, burned or not
    assert np.sqrt(np.mean(error**2)) < 0.06
    found = 3 + np.digitize(measured, (0.10, 0.27, 0.44, 0.66))
    assert (found == severity)[land].mean() > 0.92
    water = seen & (cover == sample_module("ground").Cover.WATER)
    assert (
        measured[water].std() > 0.05
    )  # the ratio of two dark numbers says nothing: maps have to know


def test_two_pictures_before_the_fire_show_none() -> None:
    event = simulated_event("fire")
    change = nbr(event.scene("before_early")) - nbr(event.scene("before"))
    seen = (truth("fire", "hidden_before_early") == 0) & (
        truth("fire", "cover") != sample_module("ground").Cover.WATER
    )
    assert (change[seen] > 0.1).mean() < 0.005


def test_the_flood_is_green_in_the_water_index() -> None:
    event = simulated_event("flood")
    green, swir = (
        reflectance(event.scene("after"), "green"),
        reflectance(event.scene("after"), "swir16"),
    )
    water = (green - swir) / (green + swir) > 0
    wet = (truth("flood", "flooded") == 1) | (truth("flood", "permanent_water") == 1)
    seen = truth("flood", "hidden_after") == 0
    assert 0.4 < seen.mean() < 0.75
    union = ((water | wet) & seen).sum()
    assert (water & wet & seen).sum() / union > 0.9


def test_the_flood_hangs_together_with_the_river_and_lies_lower_than_what_stays_dry() -> None:
    event, flooded, permanent = (
        simulated_event("flood"),
        truth("flood", "flooded"),
        truth("flood", "permanent_water"),
    )
    assert set(np.unique(flooded)) == {0, 1, 2}
    assert not ((flooded > 0) & (permanent == 1)).any()
    parts, _ = pytest.importorskip("scipy.ndimage").label((flooded > 0) | (permanent == 1))
    river = parts[350:500][permanent[350:500] == 1]
    # Except where the way to the river leads through the margin.
    assert np.isin(parts[flooded > 0], np.unique(river)).mean() > 0.98
    heights = heights_at_pixels(event.scene("heights"), event.scene("before"))
    fall = 0.0006 * 10 * np.arange(720)[np.newaxis]
    above = heights + fall - np.median((heights + fall)[350:500][permanent[350:500] == 1])
    shallow, plain = above[flooded == 1], above[(flooded == 0) & (permanent == 0)]
    assert np.median(above[permanent == 1]) < np.median(shallow) < 3.2
    assert np.percentile(shallow, 95) < 4.5 < np.median(plain)
    assert (
        np.percentile(above[flooded == 2], 99) < 3.2 + 9 + 3
    )  # the model shows the canopy, not the ground


def heights_at_pixels(model: EventScene, scene: EventScene) -> Pixels:
    """The elevation model's nearest height for each 10 m pixel."""
    with rasterio.open(scene.bands["nir"]) as file:
        rows, cols = np.indices(file.shape) + 0.5
        xs, ys = (
            file.transform.a * cols + file.transform.c,
            file.transform.e * rows + file.transform.f,
        )
        lons, lats = transform(file.crs, "EPSG:4326", xs.ravel(), ys.ravel())
    with rasterio.open(model.bands["data"]) as file:
        pixels, place = file.read(1), ~file.transform
    at = [
        np.floor(place.e * np.array(lats) + place.f).astype(int),
        np.floor(place.a * np.array(lons) + place.c).astype(int),
    ]
    found: Pixels = pixels[at[0], at[1]].reshape(rows.shape)
    return found


@pytest.mark.parametrize("name", ["fire", "flood"])
def test_heights_surround_the_scenes_and_stand_on_whole_seconds(name: str) -> None:
    event = simulated_event(name)
    with rasterio.open(event.scene("heights").bands["data"]) as file:
        assert (file.dtypes, file.crs.to_epsg()) == (("float32",), 4326)
        assert np.isfinite(file.read(1)).all()
        second = (file.transform.c + file.transform.a / 2) * 3600
        assert second == pytest.approx(round(second), abs=1e-4)
        west, south, east, north = event.area
        room = 0.02  # degrees, two kilometres: what flows in from outside
        assert file.bounds.left < west - room
        assert file.bounds.bottom < south - room
        assert file.bounds.right > east + room
        assert file.bounds.top > north + room


@pytest.mark.parametrize(("name", "role"), OPTICAL)
def test_the_scene_classification_knows_most_cloud_but_not_thin_edges(name: str, role: str) -> None:
    scene, hidden = simulated_event(name).scene(role), truth(name, f"hidden_{role}")
    scl = read_band(scene.bands["scl"])
    seen = scl > 0
    share = 100 * np.isin(scl[seen], (8, 9, 10)).mean()
    assert scene.item["properties"]["eo:cloud_cover"] == pytest.approx(share, abs=0.001)
    fine = scl.repeat(2, axis=0).repeat(2, axis=1)
    cloud = hidden == 1
    if cloud.mean() > 0.01:
        caught = np.isin(fine[cloud], (8, 9, 10)).mean()
        assert 0.75 < caught < 0.999
    # Beside a cloud: a classified pixel is four of the truth.
    assert (np.isin(fine, (3, 8, 9, 10)) & (hidden == 0)).mean() < 0.03


@pytest.mark.parametrize(("name", "role"), OPTICAL)
def test_bands_end_together_at_the_edge_of_the_swath_as_the_footprint_says(
    name: str, role: str
) -> None:
    scene = simulated_event(name).scene(role)
    valid = truth(name, f"hidden_{role}") != 255
    inside = valid.reshape(360, 2, 360, 2).all(axis=(1, 3))
    for band, path in scene.bands.items():
        pixels = read_band(path)
        assert ((pixels != 0) == (valid if pixels.shape[0] == 720 else inside)).all(), band
    assert polygon_share(scene) == pytest.approx(valid.mean(), abs=0.002)


@pytest.mark.parametrize("role", RADAR)
def test_radar_ends_where_the_footprint_does(role: str) -> None:
    scene = simulated_event("flood").scene(role)
    valid = [read_band(scene.bands[band]) != -32768 for band in ("vv", "vh")]
    assert (valid[0] == valid[1]).all()
    assert polygon_share(scene) == pytest.approx(valid[0].mean(), abs=0.002)


def polygon_share(scene: EventScene) -> float:
    """Area of the footprint over the area of the raster's square."""
    ring = scene.item["geometry"]["coordinates"][0]
    epsg = f"EPSG:{scene.item['properties']['proj:epsg']}"
    xs, ys = (
        np.array(part)
        for part in transform("EPSG:4326", epsg, [p[0] for p in ring], [p[1] for p in ring])
    )
    area = np.sum(xs[:-1] * ys[1:] - xs[1:] * ys[:-1]) / 2
    assert area > 0  # counter-clockwise, as GeoJSON asks
    return float(area / 7200**2)


def test_items_know_their_files_and_say_that_they_are_simulated() -> None:
    truths = {
        path.name for name in ("fire", "flood") for path in simulated_event(name).truth.values()
    }
    for scene in all_scenes():
        properties = scene.item["properties"]
        assert all(
            "SIMULATED" in text
            for text in (scene.id, properties["title"], properties["firstlight:note"])
        )
        for asset in scene.item["assets"].values():
            path = events_folder().parent / asset["href"]
            assert path.name not in truths
            assert asset["file:size"] == path.stat().st_size
            if asset["roles"] == ["thumbnail"]:
                continue
            assert asset["file:checksum"] == "1220" + hashlib.sha256(path.read_bytes()).hexdigest()
            with rasterio.open(path) as file:
                assert list(file.shape) == asset["proj:shape"]
                assert list(file.transform)[:6] == asset["proj:transform"]
                assert file.overviews(1)
                assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"


@pytest.mark.parametrize(
    ("name", "words"), [("fire", "as the item states"), ("flood", "processing baseline 05.10")]
)
def test_both_ways_to_know_the_offset_lead_to_the_same_radiometry(name: str, words: str) -> None:
    scene = parse_item(simulated_event(name).scene("after").item, get_sensor("sentinel2"), "sample")
    assert not scene.missing_bands
    assert scene.relative_orbit is not None
    rule = scene.bands["nir"].radiometry
    assert (rule.scale, rule.offset, rule.nodata) == (0.0001, -0.1, 0.0)
    assert words in rule.reason
    assert any("SIMULATED" in note for note in scene.notes)


def test_radar_is_terrain_corrected_power() -> None:
    scene = parse_item(
        simulated_event("flood").scene("radar_after").item, get_sensor("sentinel1"), "sample"
    )
    rule = scene.bands["vv"].radiometry
    assert (rule.unit, rule.nodata) == ("power", -32768.0)
    assert (scene.relative_orbit, scene.orbit_direction) == (125, "descending")


def test_the_same_recipe_gives_the_same_bytes(tmp_path: Path) -> None:
    fire, optics, files = (sample_module(name) for name in ("fire", "optics", "files"))
    again = fire.burn()
    assert (again.severity == truth("fire", "severity")).all()
    role, look = fire.PASSES["2024-07-28"]
    rng = np.random.default_rng([fire.SEED, 3])
    picture = optics.take_picture(again.ground, fire.surface_on(again, "2024-07-28"), look, rng)
    path = simulated_event("fire").scene(role).bands["scl"]
    with rasterio.open(path) as file:
        files.write_cog(
            tmp_path / "scl.tif",
            picture.scl[np.newaxis],
            file.crs,
            file.transform,
            nodata=0,
            overview_resampling="nearest",
        )
    assert (tmp_path / "scl.tif").read_bytes() == path.read_bytes()
    assert (
        np.round((picture.reflectance["nir"] + 0.1) * 10000)[picture.valid]
        == read_band(scene_band("nir"))[picture.valid]
    ).all()


def scene_band(name: str) -> Path:
    bands: Mapping[str, Path] = simulated_event("fire").scene("after").bands
    return bands[name]


def test_what_is_made_stays_small() -> None:
    total = sum(path.stat().st_size for path in events_folder().rglob("*") if path.is_file())
    assert total < 90_000_000
