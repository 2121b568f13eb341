"""Parts of the map of water from radar: squares, growth, and that neither depends on tiles."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from firstlight.core.algorithms import speckle
from firstlight.core.algorithms.radar_water.growth import (
    GROWTH_STEPS,
    HALO,
    LINE_LENGTH,
    Growth,
    box_sums,
    grow_water,
    prior_growth,
    surveyed_growth,
)
from firstlight.core.algorithms.radar_water.levels import DB
from firstlight.core.algorithms.radar_water.squares import (
    CELL,
    DOUBTED,
    LIKELY,
    PICTURE,
    SURE,
    Cut,
    Part,
    count_squares,
    find_water,
)
from firstlight.core.algorithms.sar_water import RadarWaterSurvey, WaterMap
from firstlight.core.algorithms.threshold import CutOrigin, ThresholdMethod

BANDS = ("vv", "vh")
SURVEYED = surveyed_growth(BANDS, -19.5, (-23.0, 1.0), -14.0, calm=True)


def flat(shape: tuple[int, int], vv: float = -10.0, vh: float = -17.0) -> tuple[Any, Any]:
    return np.full(shape, vv, np.float32), np.full(shape, vh, np.float32)


def grown(vv: Any, vh: Any, growth: Growth) -> Any:
    return grow_water((vv + vh) / np.float32(2), vv, vh, BANDS, growth)[0]


@pytest.mark.parametrize("growth", [prior_growth(BANDS), SURVEYED])
def test_growth_depends_on_its_halo_alone(growth: Growth) -> None:
    random = np.random.default_rng(1)
    vv, vh = flat((300, 330))
    vv += random.normal(0, 1.5, vv.shape).astype(np.float32)
    vh += random.normal(0, 1.5, vh.shape).astype(np.float32)
    for band, depth in ((vv, 11), (vh, 10)):
        band[140:145] -= depth  # a river, and a lake with a shallow shore
        band[30:90, 200:260] -= depth
        band[90:110, 200:260] -= depth - 4
        band[200:203, 50:60] = np.nan
    whole = grown(vv, vh, growth)
    assert 0.02 < whole.mean() < 0.2
    margin = growth.halo - speckle.HALO
    for row in range(0, 300, 75):
        for col in range(0, 330, 110):
            top, left = max(row - margin, 0), max(col - margin, 0)
            part = np.s_[top : row + 75 + margin, left : col + 110 + margin]
            inner = grown(vv[part], vh[part], growth)[
                row - top : row - top + 75, col - left : col - left + 110
            ]
            assert np.array_equal(inner, whole[row : row + 75, col : col + 110])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("growth", [prior_growth(BANDS), SURVEYED])
def test_what_lies_beyond_the_halo_changes_nothing(growth: Growth, seed: int) -> None:
    """Patches of water and land of any size and contrast, and quite another picture beyond."""
    random = np.random.default_rng(seed)

    def picture(side: int) -> tuple[Any, Any]:
        grain = int(random.choice([1, 4, 9]))
        wet = random.random((side // grain + 1, side // grain + 1)) < random.uniform(0.1, 0.7)
        wet = np.kron(wet, np.ones((grain, grain), bool))[:side, :side]
        vv = np.where(wet, random.uniform(-24, -18), random.uniform(-15, -9))
        vv += random.normal(0, random.choice([0.1, 1.5]), vv.shape)
        vh = vv - random.uniform(3, 10) + random.normal(0, 0.5, vv.shape)
        return vv.astype(np.float32), vh.astype(np.float32)

    margin = growth.halo - speckle.HALO
    side = 40 + 2 * margin
    near, far = picture(side + 40), picture(side + 40)
    kept, middle = np.s_[20 : 20 + side, 20 : 20 + side], np.s_[20 + margin : 60 + margin]
    for here, beyond in zip(near, far):
        beyond[kept] = here[kept]
    first, second = grown(*near, growth), grown(*far, growth)
    assert np.array_equal(first[middle, middle], second[middle, middle])


def test_a_pixel_may_hang_on_one_that_is_39_away() -> None:
    """The one decides whether the land around a core is bright enough; what has grown from that
    core, whether the mean of another one's region is dark enough; that one grows to the pixel.
    """
    growth = dataclasses.replace(SURVEYED, region_db=-21.375)
    margin, row, core = growth.halo - speckle.HALO, 60, 60

    def found(far: float, cut: int = 0) -> bool:
        level = np.full((121, 121), -14, np.float32)
        level[:, : core - 1] = -19.09
        for col in (core, core - 11):
            level[row - 1 : row + 2, col - 1] = level[row, col] = -22
        level[row, core + 1 : core + 17] = -20.6
        level[row, core - 10 : core - 7] = -21
        level[row, core - 23] = far
        water, _ = grow_water(level[:, cut:], None, None, BANDS, growth)
        return bool(water[row, core + 16 - cut])

    assert found(-19.4)
    assert not found(-2.0)
    assert found(-19.4, core + 16 - margin)
    assert not found(-2.0, core + 16 - margin)


def test_without_lines_a_pixel_looks_less_far() -> None:
    assert SURVEYED.halo < prior_growth(BANDS).halo == HALO


def test_lines_across_tiles_are_the_same_in_each() -> None:
    """They are long enough or too short, and end one pixel beyond a tile's edge."""
    vv, vh = flat((360, 160))
    for number, length in enumerate(range(LINE_LENGTH - 16, LINE_LENGTH + 2, 3)):
        rows = slice(60 * number + 20, 60 * number + 24)
        vv[rows, 81 - length : 81], vh[rows, 81 - length : 81] = -18, -25
    growth, margin = prior_growth(BANDS), HALO - speckle.HALO
    whole = grown(vv, vh, growth)
    assert 0 < whole[:, 80].sum() < 24
    left = grown(vv[:, : 80 + margin], vh[:, : 80 + margin], growth)[:, :80]
    right = grown(vv[:, 80 - margin :], vh[:, 80 - margin :], growth)[:, margin:]
    assert np.array_equal(np.hstack([left, right]), whole)


def test_water_grows_to_where_land_is_nearer_and_no_farther_than_its_steps() -> None:
    vv, vh = flat((80, 80))
    vv[30:40, 30:40], vh[30:40, 30:40] = -21, -27
    vv[34:36, 40:70], vh[34:36, 40:70] = -15.5, -22.5  # -19: nearer to -24 than to -13.5
    result = grown(vv, vh, SURVEYED)
    assert result[30:40, 30:40].all()
    assert result[34:36, 40 : 40 + GROWTH_STEPS].all()
    assert not result[:, 40 + GROWTH_STEPS :].any()
    vv[34:36, 40:70], vh[34:36, 40:70] = -12.5, -19
    assert not grown(vv, vh, SURVEYED)[:, 40:].any()


def test_a_dark_line_is_a_river_and_a_dark_field_is_none() -> None:
    """Both too bright for cores: VV -18, VH -25 dB."""
    growth = prior_growth(BANDS)
    vv, vh = flat((160, 160))
    vv[40:44], vh[40:44] = -18, -25
    vv[100:120, 60:80], vh[100:120, 60:80] = -18, -25
    vv[40:44, 80], vh[40:44, 80] = -10, -17  # a bridge
    vv[80:84, : LINE_LENGTH - 8], vh[80:84, : LINE_LENGTH - 8] = -18, -25
    result = grown(vv, vh, growth)
    assert result[40:44, :79].all()
    assert result[40:44, 82:].all()
    assert not result[60:].any()


def test_wide_dark_land_is_no_water_and_wide_water_is() -> None:
    growth = prior_growth(BANDS)
    assert not grown(*flat((120, 120), -15.5, -24.0), growth).any()  # a dark field
    assert grown(*flat((120, 120), -18.5, -25.5), growth).all()
    assert grown(*flat((120, 120), -13.0, -28.5), growth).all()  # a strong wind
    assert grown(*flat((120, 120), -16.0, -25.5), growth).all()  # a breeze
    vv, vh = flat((120, 120))
    vv[40:60, 40:60], vh[40:60, 40:60] = -16.0, -25.5
    assert not grown(vv, vh, growth).any()  # as dark, and no wider than a field


def test_what_has_grown_from_cores_is_asked_for_its_mean() -> None:
    """Two patches hold the same dark specks; the rest of one is dry soil."""
    random = np.random.default_rng(1)
    for rest, kept in (((-17.0, -25.5), True), ((-15.0, -23.2), False)):
        vv, vh = flat((90, 90))
        vv[30:60, 30:60], vh[30:60, 30:60] = rest
        specks = random.random((30, 30)) < 0.3
        vv[30:60, 30:60][specks], vh[30:60, 30:60][specks] = -18.5, -26.0
        assert (grown(vv, vh, SURVEYED)[30:60, 30:60].mean() > 0.9) == kept


def test_without_the_like_polarised_band_its_level_is_not_asked_for() -> None:
    vh = np.full((60, 60), -27, np.float32)
    assert grow_water(vh, None, vh, ("vh",), prior_growth(("vh",)))[0].all()
    level = np.full((60, 60), np.nan, np.float32)
    assert not grow_water(level, None, level, ("vh",), prior_growth(("vh",)))[0].any()


def cell(dark: tuple[float, float], light: tuple[float, float] = (-9.0, -15.0)) -> Part:
    """Half of the square is dark, with what speckle a filter leaves."""
    random = np.random.default_rng(3)
    bands = []
    for low, high in zip(dark, light):
        band = np.full((CELL, CELL), high)
        band[:, : CELL // 2] = low
        bands.append((band + random.normal(0, 1, band.shape)).astype(np.float32))
    return Part((bands[0] + bands[1]) / np.float32(2), bands[0], bands[1])


@pytest.mark.parametrize(
    ("dark", "kind"),
    [
        ((-21.0, -28.0), SURE),
        ((-14.0, -27.0), SURE),  # wind: little in vh
        ((-15.5, -24.5), DOUBTED),  # dry soil
        ((-16.0, -27.5), SURE),
        ((-17.6, -24.5), LIKELY),
        ((-12.0, -19.0), None),
    ],
)
def test_squares_ask_both_polarisations(dark: tuple[float, float], kind: int | None) -> None:
    counted = count_squares(cell(dark), BANDS)
    assert counted[PICTURE, :-1].sum() == CELL**2
    assert counted[PICTURE, -1] == 1
    for row in (SURE, LIKELY, DOUBTED):
        assert (counted[row, -1] > 0) == (row == kind)
        assert counted[row, :-1].sum() % CELL == 0


@pytest.mark.parametrize("bands", [("vv",), BANDS])
def test_a_survey_is_the_sum_of_its_squares_each_filtered_by_itself(bands: Any) -> None:
    """Square by square, each with nothing around it; those cut off at the ends hold land alone."""
    random = np.random.default_rng(8)
    values = {}
    for name, land, depth in (
        ("post.vv", -10, 11),
        ("post.vh", -17, 10),
        ("pre.vv", -10, 9),
        ("pre.vh", -17, 11),
    ):
        power = random.gamma(speckle.LOOKS, 1 / speckle.LOOKS, (150, 200))
        band = land + 10 * np.log10(power)
        band[20:110, 30 + depth : 60] -= depth
        band[70:120, 100:170] -= depth
        band[50:66, 10:50] = np.nan
        band[random.random(band.shape) < 0.01] = np.nan
        if name.endswith(bands):
            values[name] = band.astype(np.float32)
    cuts = dict.fromkeys(("post", "pre"), Cut(-19.25, CutOrigin.FIXED))
    water = WaterMap(bands, cuts, speckle.SpeckleFilter.REFINED_LEE)
    survey = RadarWaterSurvey(water, ThresholdMethod.KI)
    expected = np.zeros_like(survey.tally(values))
    for row in range(0, 150, CELL):
        for col in range(0, 200, CELL):
            square = np.s_[row : row + CELL, col : col + CELL]
            for number, date in enumerate(cuts):
                smooth = {
                    band: speckle.filter_db(values[f"{date}.{band}"][square], water.speckle)
                    for band in bands
                }
                like, cross = smooth["vv"], smooth.get("vh")
                levels = [like] if cross is None else [(like + cross) / np.float32(2), cross]
                for choice, level in enumerate(levels):
                    chosen = survey.choices[choice]
                    expected[choice, number] += count_squares(Part(level, like, cross), chosen)
    assert (expected[0, :, SURE, -1] > 2).all()
    assert expected[0, 0, PICTURE, -1] == 12
    assert np.array_equal(survey.tally(values), expected)


@pytest.mark.parametrize("side", [32, 64])
def test_histograms_of_squares_are_those_of_each_alone(side: int) -> None:
    random = np.random.default_rng(2)
    level = random.normal(-12, 30, (150, 70)).astype(np.float32)  # beyond both ends, too
    level[random.random(level.shape) < 0.2] = np.nan
    level[:40, :40] = np.nan
    found = DB.tally_squares(level, side)
    assert found.shape == (-(-150 // side), -(-70 // side), DB.count)
    for row, col in np.ndindex(found.shape[:2]):
        alone = level[row * side : (row + 1) * side, col * side : (col + 1) * side]
        assert np.array_equal(found[row, col], DB.tally(alone))


@pytest.mark.parametrize("radius", [1, 2, 6, 8, 12])
@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (300, 40)])
def test_sums_in_windows_are_those_of_a_slow_loop(radius: int, shape: tuple[int, int]) -> None:
    random = np.random.default_rng(4)
    for values in (
        random.integers(-5000, 2000, shape).astype(np.int32),
        random.random(shape) < 0.5,
        np.ones(shape, np.bool_),
    ):
        found = box_sums(values, radius)
        assert found.dtype == np.int32
        for row, col in random.integers(0, shape, (20, 2)):
            top, left = max(row - radius, 0), max(col - radius, 0)
            window = values[top : row + radius + 1, left : col + radius + 1]
            assert found[row, col] == window.sum()


def test_sure_squares_give_a_threshold_and_doubted_ones_ask_the_whole_picture() -> None:
    water = find_water(3 * count_squares(cell((-21.0, -28.0)), BANDS), BANDS, ThresholdMethod.KI)
    assert water is not None
    assert water.growth is not None
    assert water.origin == CutOrigin.SQUARES
    assert -24 < water.threshold_db < -14
    assert water.growth.water_db == pytest.approx(-24.5, abs=0.3)
    assert water.growth.land_db == pytest.approx(-12.0, abs=0.3)
    doubted = 3 * count_squares(cell((-15.5, -24.5), (-11.5, -18.5)), BANDS)
    valley = find_water(doubted, BANDS, ThresholdMethod.KI)
    assert valley is not None
    assert valley.origin == CutOrigin.PICTURE
    doubted[PICTURE, 100:500] += 2000  # land of every level
    assert find_water(doubted, BANDS, ThresholdMethod.KI) is None


@pytest.mark.parametrize("spread", [0.0, 0.01, 0.3])
@pytest.mark.parametrize("bands", [("vv",), BANDS])
def test_water_of_one_level_is_water(spread: float, bands: tuple[str, ...]) -> None:
    """A picture without speckle, much averaged or made by a program."""
    growth = surveyed_growth(bands, -15.0, (-20.0, spread), -9.0, calm=False)
    vv, vh = flat((64, 64), -9.0, -9.0)
    vv[:16] = vh[:16] = -20.0
    water, _ = grow_water(vv, vv, vh if len(bands) == 2 else None, bands, growth)
    assert water[:16].all()
    assert not water[16:].any()
