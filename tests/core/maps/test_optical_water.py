"""Water from optical scenes: index and classes against double precision, thresholds that raise no
false alarm, floods.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.algorithms.flood import DRY, PERMANENT_WATER, WATER_BEFORE
from firstlight.core.algorithms.optical_water import (
    BRIGHTEST,
    INDEX,
    LEAST_CUT,
    OpticalWater,
    OpticalWaterSurvey,
    WaterIndex,
    find_water_cut,
    optical_water_kernel,
)
from firstlight.core.cli import main
from firstlight.core.confidence.likelihood import likelihood_percent
from firstlight.core.errors import AlgorithmError, InputError
from firstlight.core.execution.apply import apply_layers
from firstlight.core.execution.engine import SerialEngine
from firstlight.core.execution.threads import ThreadsEngine
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.raster.reader import RasterReader
from firstlight.core.settings import Settings
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.types import Radiometry
from support.events import simulated_event
from support.landscapes import SURFACES, smooth_noise
from support.rasters import read_band, read_values, write_raster
from support.run import run_operation
from support.stacks import CLASS, LANDSAT, S2, write_stack

STORED = Radiometry(1.0, 0.0, 0.0, "")
STORED_S2 = Radiometry(
    1.0, 0.0, 0.0, "reflectance"
)  # what a stack of a known sensor says whose scale nobody gave
SHAPE = (150, 170)
BANDS = ("blue", "green", "red", "nir", "swir16", "swir22")
SPECTRA = {
    **SURFACES,
    "mud": (0.09, 0.13, 0.15, 0.11, 0.03, 0.02),  # a river in flood
    "town": (0.12, 0.15, 0.17, 0.21, 0.24, 0.21),
    "shadow": (0.015, 0.020, 0.016, 0.05, 0.03, 0.02),
}


def scene(land: str, water: str, wet: Any, seed: int = 0, rule: Radiometry = S2) -> dict[str, Any]:
    """Stored numbers of green, nir and swir16: textured land, water where ``wet``, sensor noise."""
    random = np.random.default_rng(seed)
    texture = np.exp(0.15 * smooth_noise(wet.shape, 0.6, random))
    made = {}
    for name in ("green", "nir", "swir16"):
        place = BANDS.index(name)
        value = np.where(wet, SPECTRA[water][place] * texture**0.5, SPECTRA[land][place] * texture)
        value = value + random.normal(0, 0.003, wet.shape)
        made[name] = np.clip(np.round((value - rule.offset) / rule.scale), 1, 65535).astype(
            np.uint16
        )
    return made


def river(share: float, shape: tuple[int, int] = SHAPE) -> Any:
    """Water along the middle rows."""
    rows = np.abs(np.arange(shape[0]) - shape[0] / 2 + 0.5)[:, np.newaxis] / (shape[0] / 2)
    return np.broadcast_to(rows < share, shape).copy()


def overlap(got: Any, truth: Any) -> float:
    seen = got != 255
    both, either = ((got == 1) & truth & seen).sum(), (((got == 1) | truth) & seen).sum()
    return float(both / either) if either else 1.0


def run(output: Path, **params: Any) -> Any:
    return run_operation("water", output=output, **params).value


@pytest.mark.parametrize("method", list(WaterIndex))
@pytest.mark.parametrize("rule", [S2, LANDSAT], ids=["Sentinel-2", "Landsat"])
def test_index_and_classes_equal_double_precision(
    tmp_path: Path, method: str, rule: Radiometry
) -> None:
    random = np.random.default_rng(1)
    low, high = (round((value - rule.offset) / rule.scale) for value in (-0.02, 0.3))
    pixels = {
        name: random.integers(low, high, SHAPE, dtype=np.uint16) for name in ("green", method.other)
    }
    for data in pixels.values():
        data[random.random(SHAPE) < 0.03] = 0
    result = run(
        tmp_path / "out",
        stack=write_stack(tmp_path / "a", pixels, rule),
        method=method,
        threshold="0.1",
    )
    green, other = (
        np.where(data == 0, np.nan, np.maximum(data * rule.scale + rule.offset, 0))
        for data in pixels.values()
    )
    with np.errstate(all="ignore"):
        truth = (green - other) / (green + other)
    got = read_values(tmp_path / "out" / f"{method}.tif")
    # a stored number of almost no reflectance is 0 or 1e-9, as rounding has it: nothing or -1..1
    sure = ~(green + other < 1e-6)
    assert np.array_equal(np.isnan(got)[sure], np.isnan(truth)[sure])
    assert np.nanmax(np.abs(got - truth)[sure]) < 1e-4
    codes = np.where(np.isnan(truth), 255, truth > 0.1).astype(np.uint8)
    sure &= ~(np.abs(truth - 0.1) < 1e-4)
    assert np.array_equal(read_values(tmp_path / "out" / "water.tif")[sure], codes[sure])
    percent = read_band(tmp_path / "out" / "confidence.tif")
    noise = result.statistics["limit_noise"]
    water = read_band(tmp_path / "out" / "water.tif")
    distance = (got - 0.1) / np.hypot(noise["local"], noise["common"])
    likely = likelihood_percent(distance.astype(np.float32), water == 1, water != 255)
    assert np.abs(percent.astype(int) - likely).max() <= 3  # stored numbers are rounded


def test_what_equals_the_threshold_is_dry() -> None:
    values = {
        "post.green": np.float32([[0.2, 0.3, 0.1]]),
        "post.other": np.float32([[0.2, 0.1, 0.3]]),
    }
    assert OpticalWater(("post",))(values)[1].tolist() == [[0, 1, 0]]


def test_dark_water_of_negative_infrared_is_water() -> None:
    """The plain ratio would be 3 for the first, and for the second -3: below any threshold."""
    values = {
        "post.green": np.float32([[0.02, 0.01, -0.01, -0.01]]),
        "post.other": np.float32([[-0.01, -0.02, 0.02, -0.02]]),
    }
    index, codes, sure = OpticalWater(("post",))(values)
    assert index.tolist() == [[1.0, 1.0, -1.0, pytest.approx(np.nan, nan_ok=True)]]
    assert codes.tolist() == [[1, 1, 0, 255]]
    assert sure[0, [0, 1, 3]].tolist() == [100, 100, 255]


def test_what_is_brighter_than_any_water_is_not_observed_where_reflectance_is_known() -> None:
    values = {
        "post.green": np.float32([[BRIGHTEST - 0.01, BRIGHTEST + 0.01]]),
        "post.other": np.float32([[0.1, 0.1]]),
    }
    assert OpticalWater(("post",), scaled={"post": True})(values)[1].tolist() == [[1, 255]]
    assert OpticalWater(("post",), scaled={"post": False})(values)[1].tolist() == [[1, 1]]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("mask", "clear", "snow", "cloud"), [("scl", 6, 11, 9), ("qa_pixel", 21952, 30048, 22280)]
)
def test_cloud_and_snow_are_not_observed(
    tmp_path: Path, mask: str, clear: int, snow: int, cloud: int
) -> None:
    """Snow and ice have the index of water, and hide what is below."""
    pixels = scene("grass", "water", river(0.5))
    codes = np.full(SHAPE, clear, np.uint16)
    codes[:, :20], codes[:, 20:40] = cloud, snow
    pixels[mask] = codes
    result = run(tmp_path / "out", stack=write_stack(tmp_path / "a", pixels))
    got = read_values(tmp_path / "out" / "water.tif")
    assert (got[:, :40] == 255).all()
    assert (got[:, 40:] != 255).all()
    assert np.isnan(read_values(tmp_path / "out" / "mndwi.tif")[:, :40]).all()
    assert (read_band(tmp_path / "out" / "confidence.tif")[:, :40] == 255).all()
    assert result.statistics["not_observed"]["pixels"] == 40 * SHAPE[0]
    assert not [one for one in result.warnings if "no cloud mask" in one]


def test_masks_are_dilated_in_metres(tmp_path: Path) -> None:
    pixels = scene("grass", "water", river(0.5))
    codes = np.full(SHAPE, 4, np.uint8)
    codes[70, 80] = 9
    codes[20, 20] = 11
    pixels["scl"] = codes
    run(tmp_path / "out", stack=write_stack(tmp_path / "a", pixels), mask_dilation=55)
    unseen = read_values(tmp_path / "out" / "water.tif") == 255
    y, x = np.ogrid[: SHAPE[0], : SHAPE[1]]
    disk = (y - 70) ** 2 + (x - 80) ** 2 <= 5.5**2
    disk[20, 20] = True  # snow has no haze around it
    assert np.array_equal(unseen, disk)


@pytest.mark.thorough
@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.95])
@pytest.mark.parametrize(
    ("land", "water"), [("grass", "water"), ("soil", "mud"), ("town", "water"), ("forest", "mud")]
)
def test_water_is_found_whatever_its_share(
    tmp_path: Path, land: str, water: str, share: float
) -> None:
    wet = river(share)
    run(tmp_path / "out", stack=write_stack(tmp_path / "a", scene(land, water, wet)))
    assert overlap(read_values(tmp_path / "out" / "water.tif"), wet) >= 0.97


@pytest.mark.thorough
@pytest.mark.parametrize("method", list(WaterIndex))
@pytest.mark.parametrize("land", ["grass", "soil", "forest", "sand", "rock", "town"])
def test_a_scene_without_water_has_none(tmp_path: Path, land: str, method: str) -> None:
    dry = np.zeros(SHAPE, bool)
    mixed = scene(
        land, "grass", river(0.4)
    )  # two kinds of land: two humps, which a forced threshold would part
    result = run(tmp_path / "out", stack=write_stack(tmp_path / "a", mixed), method=method)
    assert (read_values(tmp_path / "out" / "water.tif") == 1).sum() <= 0.001 * dry.size
    assert result.statistics["threshold_origin"] == "fixed"
    assert any("does not show land and water apart" in one for one in result.warnings)


@pytest.mark.thorough
@pytest.mark.parametrize("method", list(WaterIndex))
def test_a_scene_of_water_alone_is_all_water(tmp_path: Path, method: str) -> None:
    """Clear and muddy water are two humps too."""
    pixels = scene("mud", "water", river(0.5))
    result = run(tmp_path / "out", stack=write_stack(tmp_path / "a", pixels), method=method)
    assert (read_values(tmp_path / "out" / "water.tif") == 1).mean() >= 0.995
    assert result.statistics["threshold_origin"] == "fixed"


def brute_force(values: Any) -> float:
    """Otsu's criterion tried at every bin, straight from the definition."""
    places = np.clip(np.floor((values.astype(np.float64) + 1) / 0.01), 0, 199)
    best, found = -1.0, 0
    for cut in range(199):
        low, high = places[places <= cut], places[places > cut]
        if low.size and high.size:
            between = low.size * high.size * (low.mean() - high.mean()) ** 2
            if between > best * (1 + 1e-12):
                best, found = between, cut
    return -1 + (found + 1) * 0.01


def humps(*parts: tuple[float, float, int], seed: int = 0) -> Any:
    random = np.random.default_rng(seed)
    return np.clip(
        np.concatenate([random.normal(mean, spread, count) for mean, spread, count in parts]), -1, 1
    ).astype(np.float32)


HUMPS = [(-0.28, 0.15, 60000), (0.22, 0.15, 40000)]
"""So wide that no bin between them is empty, and that what lies between can be no shore."""


@pytest.mark.parametrize("seed", range(3))
def test_the_threshold_of_the_scene_is_otsus_where_land_lies_near(seed: int) -> None:
    values = humps(*HUMPS, seed=seed)[::4]
    assert LEAST_CUT < brute_force(values) < 0
    assert find_water_cut(INDEX.tally(values)) == pytest.approx(brute_force(values), abs=0.0101)


def test_otsus_threshold_equals_another_library() -> None:
    filters = pytest.importorskip("skimage.filters")
    histogram = INDEX.tally(humps(*HUMPS))
    centres = -1 + (np.arange(200) + 0.5) * 0.01
    last_below = filters.threshold_otsu(
        hist=(histogram, centres)
    )  # the middle of the last bin of the lower class
    assert find_water_cut(histogram) == pytest.approx(last_below + 0.005, abs=1e-6)


def test_the_few_pixels_below_the_threshold_are_shore_and_the_many_land() -> None:
    humps_apart = humps((-0.6, 0.05, 5000), (0.5, 0.05, 5000))
    for share, is_shore in ((0.0, True), (0.08, True), (0.2, False)):
        between = np.linspace(-0.0999, -0.051, round(share * 5000), dtype=np.float32)
        found = find_water_cut(INDEX.tally(np.concatenate([humps_apart, between])))
        assert found is not None
        assert (found == LEAST_CUT) == is_shore, share


@pytest.mark.parametrize(
    "parts",
    [
        [(-0.4, 0.1, 9000)],
        [(-0.7, 0.05, 5000), (-0.3, 0.05, 5000)],
        [(0.3, 0.05, 5000), (0.8, 0.05, 5000)],
        [(-0.02, 0.3, 9000)],
        [(-0.6, 0.12, 5000), (0.1, 0.12, 5000)],
    ],
    ids=["land", "two lands", "two waters", "a plain", "a cut far below 0"],
)
def test_no_threshold_of_the_scene_where_it_does_not_show_land_and_water(parts: list[Any]) -> None:
    values = humps(*parts)
    assert find_water_cut(INDEX.tally(values)) is None
    if len(parts) == 2 and parts[0][0] < 0 < parts[1][0]:
        assert brute_force(values) < LEAST_CUT


def test_a_threshold_of_the_scene_never_lies_above_0() -> None:
    """It would lose the mixed pixels of every shore."""
    values = humps((-0.15, 0.1, 5000), (0.7, 0.12, 5000))
    assert brute_force(values) > 0.1
    assert find_water_cut(INDEX.tally(values)) == 0.0


def simulated(folder: Path, event: str, role: str) -> Path:
    bands = simulated_event(event).scene(role).bands
    sources = {
        name: BandSource(
            bands[name], radiometry=CLASS if name == "scl" else S2, is_class=name == "scl"
        )
        for name in ("green", "nir", "swir16", "scl")
    }
    folder.mkdir(parents=True)
    create_band_stack(sources, folder / "s.vrt", band_order=list(sources))
    return folder / "s.vrt"


@pytest.mark.thorough
@pytest.mark.parametrize(("method", "least"), [("mndwi", 0.95), ("ndwi", 0.92)])
def test_the_simulated_flood(tmp_path: Path, method: str, least: float) -> None:
    """Mud, wet fields, mixed pixels, haze and cloud that the mask does not know; the truth is of 10
    m and MNDWI's infrared of 20 m.
    """
    truth = {name: read_values(path) for name, path in simulated_event("flood").truth.items()}
    stacks = {role: simulated(tmp_path / role, "flood", role) for role in ("before", "after")}
    run(tmp_path / "out", stack=stacks["after"], pre=stacks["before"], method=method)
    got = read_values(tmp_path / "out" / "flooded.tif")
    clear = (truth["hidden_before"] == 0) & (truth["hidden_after"] == 0)
    assert (got[clear] != 255).mean() > 0.9
    assert overlap(np.where(clear, got, 255), truth["flooded"] == 1) >= least
    thick = truth["hidden_after"] == 1
    assert (got[thick] == 1).mean() < 0.01, "cloud is no flood"


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("event", "pre", "post"), [("flood", "before_early", "before"), ("fire", "before", "after")]
)
def test_simulated_scenes_without_a_flood(tmp_path: Path, event: str, pre: str, post: str) -> None:
    run(
        tmp_path / "out",
        stack=simulated(tmp_path / "b", event, post),
        pre=simulated(tmp_path / "a", event, pre),
    )
    got = read_values(tmp_path / "out" / "flooded.tif")
    assert (got == 1).sum() < 0.005 * (got != 255).sum()


def test_a_flood_is_the_water_that_was_not_there(tmp_path: Path) -> None:
    before, after = river(0.15), river(0.45)
    first = scene("grass", "water", before, 1)
    second = scene("grass", "mud", after, 2)
    for number, pixels in enumerate((first, second)):
        pixels["scl"] = np.full(SHAPE, 5, np.uint8)
        pixels["scl"][:, 30 * number : 30 * number + 30] = 9
    pre, post = (
        write_stack(tmp_path / "a", first, tags={"datetime": "2024-06-01"}),
        write_stack(tmp_path / "b", second, tags={"datetime": "2024-06-20"}),
    )
    result = run(tmp_path / "out", stack=post, pre=pre)
    got = read_values(tmp_path / "out" / "flooded.tif")
    assert overlap(got, after & ~before) >= 0.95
    assert set(np.unique(got[:, :30])) == {
        0,
        255,
    }  # cloud before: dry now is no flood, water now may be one
    assert np.array_equal(
        got[:, :30] == 255, read_values(tmp_path / "out" / "water.tif")[:, :30] == 1
    )
    assert (got[:, 30:60] == 255).all()  # cloud now
    assert result.statistics["flooded"]["area_ha"] == pytest.approx((got == 1).sum() / 100)
    assert result.statistics["water"]["area_ha"] == pytest.approx(
        (read_values(tmp_path / "out" / "water.tif") == 1).sum() / 100
    )
    assert list(result.outputs) == [
        "mndwi",
        "water",
        "confidence",
        "flooded",
        "perimeter",
        "not_observed",
        "provenance",
    ]
    always_wet = (before & after)[:, 60:]
    assert overlap(got[:, 60:] == WATER_BEFORE, always_wet) >= 0.95
    classes = [row["name"] for row in result.statistics["layers"]["flooded"]["classes"]]
    assert classes == ["Not flooded (observed)", "Flooded", "Water before the event"]


@pytest.mark.thorough
def test_two_dates_without_a_flood_have_next_to_none(tmp_path: Path) -> None:
    """Shifted by a pixel, hazier, another noise: every shore changes a little."""
    wet = river(0.3)
    before = scene("grass", "water", wet, 1)
    after = {
        name: np.roll(data, 1, axis=0) + np.uint16(150)
        for name, data in scene("grass", "water", wet, 2).items()
    }
    run(
        tmp_path / "out",
        stack=write_stack(tmp_path / "b", after),
        pre=write_stack(tmp_path / "a", before),
    )
    assert (read_values(tmp_path / "out" / "flooded.tif") == 1).mean() <= 1.1 / SHAPE[
        0
    ]  # one row of shore


def test_a_shore_that_was_partly_water_is_no_flood() -> None:
    green = np.full((1, 4), 0.10, np.float32)
    values = {
        "pre.green": green,
        "pre.other": np.float32([[0.101, 0.12, 0.125, 0.3]]),
    }  # index 0, -0.09, -0.11, -0.5
    values |= {"post.green": green, "post.other": np.full((1, 4), 0.02, np.float32)}
    # Above the threshold it was water, a little below it partly so.
    for threshold, shore in ((-0.1, WATER_BEFORE), (0.0, DRY)):
        water = OpticalWater(("pre", "post"), threshold=threshold, compared=True)
        assert water(values)[3].tolist() == [[shore, shore, 1, 1]]
    assert OpticalWater(("pre", "post"), threshold=0.05, compared=True)(values)[3].tolist() == [
        [0, 1, 1, 1]
    ]


def test_permanent_water_and_terrain(tmp_path: Path) -> None:
    wet = river(0.4)
    post = write_stack(tmp_path / "a", scene("grass", "mud", wet))
    always = river(0.1).astype(np.uint8)
    hand, slope = np.zeros(SHAPE, np.float32), np.zeros(SHAPE, np.float32)
    hand[:, :30], slope[:, 30:60] = 40, 30
    files = {
        "permanent_water": write_raster(tmp_path / "always.tif", always, nodata=255),
        "hand": write_raster(tmp_path / "hand.tif", hand, nodata=-1),
        "slope": write_raster(tmp_path / "slope.tif", slope, nodata=-1),
    }
    result = run(tmp_path / "out", stack=post, **files)
    water, flooded = (
        read_values(tmp_path / "out" / f"{name}.tif") for name in ("water", "flooded")
    )
    assert (water[:, :60] == 0).all()
    assert overlap(water[:, 60:], wet[:, 60:]) > 0.99
    assert overlap(flooded[:, 60:], (wet & ~river(0.1))[:, 60:]) > 0.98
    assert np.array_equal(flooded == PERMANENT_WATER, always == 1)
    assert result.provenance["parameters"]["hand_limit_m"] == 15.0


@pytest.mark.thorough
@pytest.mark.parametrize("values", [None, "3", "2.5-3", "200,3"])
def test_an_agencys_classes_of_water_are_asked_for(tmp_path: Path, values: str | None) -> None:
    """Yearly classes code "not water" as 1: taken for water all the year round, they would hide
    every flood.
    """
    wet = river(0.4)
    classes = np.where(river(0.1), 3, 1).astype(np.uint8)
    classes[:3] = 0
    always = write_raster(tmp_path / "yearly.tif", classes, nodata=None)
    post = write_stack(tmp_path / "a", scene("grass", "mud", wet))
    given = {"stack": post, "permanent_water": always, "permanent_values": values}
    if values is None:
        with pytest.raises(InputError, match=r"unknown meaning: .*3 \(.*‘permanent_values’"):
            run(tmp_path / "out", **given)
        return
    result = run(tmp_path / "out", **given)
    assert not any("is read" in text for text in result.warnings)
    flooded = read_values(tmp_path / "out" / "flooded.tif")
    assert overlap(flooded, wet & ~river(0.1)) > 0.98
    assert result.provenance["parameters"]["permanent_values"] == values


@pytest.mark.thorough
@pytest.mark.parametrize("nodata", [None, 9])
def test_codes_of_usual_water_that_say_nothing_are_not_observed(
    tmp_path: Path, nodata: float | None
) -> None:
    wet, unknown = river(0.4), np.zeros(SHAPE, bool)
    unknown[:, :20] = True
    classes = np.where(river(0.1), 3, 1).astype(np.uint8)
    classes[unknown] = 9
    always = write_raster(tmp_path / "yearly.tif", classes, nodata=nodata)
    post = write_stack(tmp_path / "a", scene("grass", "mud", wet))
    given = {"stack": post, "permanent_water": always, "permanent_values": "3"}
    result = run(tmp_path / "out", **given, not_observed="9")
    flooded = read_values(tmp_path / "out" / "flooded.tif")
    assert (flooded[unknown & wet] == 255).mean() > 0.98
    assert (flooded[unknown & ~wet] == 0).mean() > 0.98
    assert overlap(flooded == 1, wet & ~river(0.1) & ~unknown) > 0.98
    assert result.provenance["parameters"]["not_observed"] == "9"
    run(tmp_path / "plain", **given)
    plain = read_values(tmp_path / "plain" / "flooded.tif")
    assert overlap(plain == 1, wet & ~(river(0.1) & ~unknown)) > 0.98
    dry = write_stack(tmp_path / "b", scene("grass", "mud", river(0.1)))
    run(tmp_path / "dated", **given, not_observed="9", pre=dry)
    dated = read_values(tmp_path / "dated" / "flooded.tif")
    assert overlap(dated == 1, wet & ~river(0.1)) > 0.98


def test_codes_of_usual_water_that_cannot_be_unseen(tmp_path: Path) -> None:
    given = {"stack": tmp_path / "no.vrt", "not_observed": "9"}
    with pytest.raises(InputError, match="there is no raster of permanent water"):
        run(tmp_path / "out", **given)
    given |= {"permanent_water": tmp_path / "no.tif", "permanent_values": "7-9"}
    with pytest.raises(InputError, match="9 is said to mean both"):
        run(tmp_path / "out", **given)


@pytest.mark.parametrize("values", ["high", "9-3", "nan", "-1", "1e9", "1-2-3"])
def test_values_of_permanent_water_that_cannot_be(tmp_path: Path, values: str) -> None:
    with pytest.raises(InputError, match="cannot be used"):
        run(
            tmp_path / "out",
            stack=tmp_path / "no.vrt",
            permanent_water=tmp_path / "no.tif",
            permanent_values=values,
        )
    with pytest.raises(InputError, match="there is no raster of permanent water"):
        run(tmp_path / "out", stack=tmp_path / "no.vrt", permanent_values="3")


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("bands", "method", "warned"),
    [(("green", "nir", "swir16"), "mndwi", False), (("green", "nir08"), "ndwi", True)],
)
def test_the_method_is_the_best_that_the_bands_allow(
    tmp_path: Path, bands: tuple[str, ...], method: str, warned: bool
) -> None:
    pixels = scene("grass", "water", river(0.3))
    pixels["nir08"] = pixels["nir"]
    result = run(
        tmp_path / "out", stack=write_stack(tmp_path / "a", {name: pixels[name] for name in bands})
    )
    assert result.statistics["method"] == method
    assert any("has no band swir16: ndwi was taken" in one for one in result.warnings) == warned


@pytest.mark.thorough
def test_stored_numbers_give_the_same_map_at_the_fixed_threshold_and_a_warning(
    tmp_path: Path,
) -> None:
    """Both bands have the same scale and offset, so that which of them is greater does not depend
    on it.
    """
    pixels = scene("soil", "mud", river(0.3), rule=LANDSAT)
    told = [
        run(
            tmp_path / f"out{number}",
            stack=write_stack(tmp_path / str(number), pixels, rule),
            threshold="0",
        )
        for number, rule in enumerate((LANDSAT, STORED, STORED_S2))
    ]
    maps = [read_values(tmp_path / f"out{number}" / "water.tif") for number in range(3)]
    assert all(np.array_equal(maps[0], one) for one in maps)
    assert (maps[0] != 255).all()
    assert [any("No scale is known" in one for one in result.warnings) for result in told] == [
        False,
        True,
        True,
    ]


def test_all_cloud_is_a_result_and_not_dry(tmp_path: Path) -> None:
    pixels = scene("grass", "water", river(0.3))
    pixels["scl"] = np.full(SHAPE, 9, np.uint8)
    result = run(tmp_path / "out", stack=write_stack(tmp_path / "a", pixels))
    assert (read_values(tmp_path / "out" / "water.tif") == 255).all()
    assert result.statistics["not_observed"]["percent"] == 100.0
    assert any("No pixel was observed" in one for one in result.warnings)


def test_no_data_anywhere_is_a_result_and_not_dry(tmp_path: Path) -> None:
    empty = np.zeros((20, 30), np.uint16)
    result = run(
        tmp_path / "out", stack=write_stack(tmp_path / "a", {"green": empty, "swir16": empty})
    )
    assert (read_values(tmp_path / "out" / "water.tif") == 255).all()
    json.dumps(result.to_dict(), allow_nan=False)


@pytest.mark.thorough
@pytest.mark.parametrize("shape", [(1, 1), (1, 90), (90, 1)])
@pytest.mark.parametrize("kind", ["water", "grass"])
def test_small_and_constant_scenes(tmp_path: Path, shape: tuple[int, int], kind: str) -> None:
    pixels = {
        name: np.full(shape, round((SPECTRA[kind][BANDS.index(name)] + 0.1) * 10000), np.uint16)
        for name in ("green", "swir16")
    }
    run(tmp_path / "out", stack=write_stack(tmp_path / "a", pixels), mask_dilation=30)
    assert (read_values(tmp_path / "out" / "water.tif") == (kind == "water")).all()


@pytest.mark.thorough
@pytest.mark.parametrize("compared", [False, True])
def test_tiles_and_engines_make_no_difference(tmp_path: Path, compared: bool) -> None:
    import rasterio

    random = np.random.default_rng(3)
    dates = ("pre", "post") if compared else ("post",)
    bands = [f"{date}.{name}" for date in dates for name in ("green", "other", "scl")]
    data = []
    for number, name in enumerate(bands):
        if name.endswith("scl"):
            data.append(random.choice([4, 6, 9, 3, 11], SHAPE, p=[0.6, 0.38, 0.005, 0.005, 0.01]))
        else:
            wet = river(0.3 if name.startswith("pre") else 0.5)
            one = scene("soil", "mud", wet, number // 3)
            data.append(
                np.clip(
                    one["green" if name.endswith("green") else "swir16"] * 0.0001 - 0.1, 0.001, 1
                )
            )
    path = write_raster(tmp_path / "s.tif", np.stack(data).astype(np.float32), nodata=-9)
    with rasterio.open(path, "r+") as dataset:
        dataset.descriptions = tuple(bands)
    masks = tuple(name for name in bands if name.endswith("scl"))
    radius = (3.0, 3.0)
    water = OpticalWater(
        dates, masks, radius_px=radius, scaled=dict.fromkeys(dates, True), compared=compared
    )
    kernel = optical_water_kernel("mndwi", {name: name for name in bands}, water, survey=True)
    values = dict(zip(bands, np.stack(data).astype(np.float32)))
    whole = OpticalWaterSurvey(water).settle(OpticalWaterSurvey(water).tally(values))
    assert (whole.origin, whole.threshold < 0) == ("scene", True)
    files = []
    with RasterReader(path) as reader:
        places = {name: number for number, name in enumerate(bands, start=1)}
        for turn, (engine, tile) in enumerate(
            [(SerialEngine(), 64), (ThreadsEngine(3), 64), (SerialEngine(), 128)]
        ):
            outputs = [tmp_path / f"{turn}_{layer.name}.tif" for layer in kernel.layers]
            settings = Settings(workers=2, tile_size=tile)
            applied = apply_layers(
                reader, places, kernel, outputs, settings, RecordingMonitor(), engine=engine
            )
            assert applied.kernel.compute == whole
            halo = kernel.halo
            around = {
                name: np.pad(one, halo, constant_values=np.nan) for name, one in values.items()
            }
            for output, wide in zip(outputs, whole(around), strict=True):
                expected = wide[halo : halo + SHAPE[0], halo : halo + SHAPE[1]]
                assert np.array_equal(
                    read_values(output), expected, equal_nan=expected.dtype.kind == "f"
                )
            files.append([output.read_bytes() for output in outputs])
    assert files[0] == files[1]


@pytest.mark.parametrize(
    ("words", "kind", "sentence"),
    [
        (
            {"threshold": "high"},
            InputError,
            "The threshold 'high' cannot be used: it is neither auto nor a number.",
        ),
        (
            {"threshold": "2"},
            InputError,
            "The threshold '2' cannot be used: it does not lie within -1 to 1. The index lies "
            "there.",
        ),
        ({"method": "mndwi"}, AlgorithmError, "has no band swir16 (it has green, nir)."),
    ],
)
def test_what_cannot_be_done_is_told(
    tmp_path: Path, words: dict[str, str], kind: type[Exception], sentence: str
) -> None:
    pixels = scene("grass", "water", river(0.3))
    del pixels["swir16"]
    with pytest.raises(kind) as caught:
        run(tmp_path / "out", stack=write_stack(tmp_path / "a", pixels), **words)
    assert sentence in str(caught.value)


def test_a_stack_without_infrared_is_told(tmp_path: Path) -> None:
    green = write_stack(tmp_path / "a", {"green": np.full((9, 9), 2000, np.uint16)})
    with pytest.raises(AlgorithmError, match=r"has no band swir16, nir or nir08 \(it has green\)"):
        run(tmp_path / "out", stack=green)
    both = write_stack(tmp_path / "b", scene("grass", "water", river(0.3)))
    with pytest.raises(InputError, match="both stacks are"):
        run(tmp_path / "out", stack=both, pre=both)


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pre = write_stack(
        tmp_path / "a", scene("grass", "water", river(0.1), 1), tags={"datetime": "2024-06-01"}
    )
    post = write_stack(
        tmp_path / "b", scene("grass", "water", river(0.4), 2), tags={"datetime": "2024-06-20"}
    )
    words = [
        "water",
        "--stack",
        str(post),
        "--pre",
        str(pre),
        "--method",
        "ndwi",
        "--output",
        str(tmp_path / "out"),
        "--json",
    ]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told["outputs"]) == {
        "ndwi",
        "water",
        "confidence",
        "flooded",
        "perimeter",
        "not_observed",
        "provenance",
    }
    assert told["statistics"]["flooded"]["area_km2"] == pytest.approx(
        0.3 * 150 * 170 / 1e4, rel=0.05
    )
    assert told["provenance"]["formula"].startswith(
        "ndwi = (green - nir) / (green + nir); water where ndwi > "
    )
    assert {"outputs", "statistics", "warnings", "provenance"} <= set(told)
