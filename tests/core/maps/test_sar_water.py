"""Water from radar: simulated chips with known water, every date and unit, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.algorithms.flood import WATER_BEFORE
from firstlight.core.algorithms.radar_water.levels import DB, fixed_db
from firstlight.core.algorithms.radar_water.squares import CELL, DOUBTED, PICTURE, SURE, Cut
from firstlight.core.algorithms.sar_water import (
    LEAST_DROP_DB,
    RadarWaterSurvey,
    WaterMap,
    radar_water_kernel,
)
from firstlight.core.cli import main
from firstlight.core.errors import AlgorithmError, InputError
from support.radar_chips import Chip, iou, make_chip, wet
from support.rasters import read_band, write_raster
from support.run import run_operation, small_tiles
from support.thorough import few

SHAPE = (192, 256)
LARGE = (256, 320)
"""Wind on water, and land alone, need more to go by."""


def stack(folder: Path, pixels: dict[str, Any], unit: str | None = "db", **more: Any) -> Path:
    folder.mkdir(exist_ok=True)
    nodata = more.pop("nodata", float("nan"))
    words = []
    for name, data in pixels.items():
        file = write_raster(
            folder / f"{name}.tif", data, nodata=nodata if data.dtype.kind == "f" else 0, **more
        )
        words += ["--band", f"{name}={file}"]
    words += ["--unit", unit] if unit else []
    assert main(["stack", "--sensor", "sentinel1", *words, "--output", str(folder / "s.vrt")]) == 0
    return folder / "s.vrt"


def chip_stack(folder: Path, chip: Chip, **more: Any) -> Path:
    return stack(folder, {"vv": chip.vv, "vh": chip.vh}, **more)


LAKE = wet(SHAPE, 0.3, 5)


def run(post: Path, output: Path, tile: int = 512, **more: Any) -> Any:
    return run_operation("sar-water", small_tiles(tile), post=post, output=output, **more).value


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stack of the lake, only read."""
    return chip_stack(tmp_path_factory.mktemp("lake"), make_chip(LAKE, 1))


@pytest.fixture(scope="module")
def later_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same lake with another speckle, between other fields; only read."""
    return chip_stack(tmp_path_factory.mktemp("later"), make_chip(LAKE, 2))


@dataclass(frozen=True)
class Mapped:
    """A map that several tests look at."""

    result: Any
    folder: Path


@pytest.fixture(scope="module")
def mapped_lake(lake: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapped:
    """The lake, mapped without any word."""
    folder = tmp_path_factory.mktemp("mapped")
    return Mapped(run(lake, folder / "out"), folder / "out")


@few(
    ("share", "surface", "method", "least"),
    [
        (0.3, "calm", "otsu", 0.95),
        (0.3, "wind", "ki", 0.6),  # only the cross-polarised band shows it
        (1.0, "water", "ki", 0.99),
        (0.3, "calm", "ki", 0.95),
        (0.05, "water", "ki", 0.85),
        (0.3, "breeze", "ki", 0.88),
        (0.97, "water", "ki", 0.98),
        (1.0, "calm", "otsu", 0.99),
    ],
    3,
)
def test_simulated_water_is_found(
    tmp_path: Path, share: float, surface: str, method: str, least: float
) -> None:
    water = wet(LARGE, share, 5, 60 if share > 0.1 else 30)
    run(chip_stack(tmp_path, make_chip(water, 1, surface=surface)), tmp_path / "out", method=method)
    assert iou(read_band(tmp_path / "out" / "water.tif") == 1, water) >= least


def test_a_lake_is_found(mapped_lake: Mapped) -> None:
    assert iou(read_band(mapped_lake.folder / "water.tif") == 1, LAKE) >= 0.95


@pytest.mark.thorough
@pytest.mark.parametrize(
    "land",
    [("forest", "crops", "grass", "bare"), ("forest", "bare"), ("town", "grass"), ("crops",)],
)
@pytest.mark.parametrize(
    ("bands", "method"),
    [
        (("vv", "vh"), "ki"),
        (("vv", "vh"), "otsu"),
        (("vv", "vh"), "fixed"),
        (("vv",), "ki"),
        (("vh",), "ki"),
    ],
)
def test_land_alone_is_not_cut_in_two(
    tmp_path: Path, land: tuple[str, ...], bands: tuple[str, ...], method: str
) -> None:
    chip = make_chip(np.zeros(LARGE, bool), 2, land)
    result = run(
        stack(tmp_path, {name: getattr(chip, name) for name in bands}),
        tmp_path / "out",
        method=method,
    )
    assert (read_band(tmp_path / "out" / "water.tif") == 1).mean() < 0.005
    assert result.statistics["thresholds"]["post"] == {"db": fixed_db(bands), "origin": "fixed"}
    assert any("a fixed threshold was taken" in warning for warning in result.warnings) == (
        method != "fixed"
    )


@pytest.mark.thorough
@pytest.mark.parametrize("unit", ["power", "db", None])
def test_a_threshold_of_ones_own_is_exact_and_unfiltered(tmp_path: Path, unit: str | None) -> None:
    chip = make_chip(LAKE, 1)
    vv = np.where(np.arange(SHAPE[1]) < 5, np.nan, chip.vv).astype(np.float32)
    data = vv if unit == "db" else (10 ** (vv / 10)).astype(np.float32)
    post = stack(tmp_path, {"vv": data, "vh": data + 1}, unit)
    result = run(post, tmp_path / "out", method="fixed", threshold="-15.5")
    truth = np.where(np.isnan(vv), 255, vv < -15.5)
    unsure = np.abs(vv + 15.5) < 1e-4  # single precision
    got = read_band(tmp_path / "out" / "water.tif")
    assert np.array_equal(got[~unsure], truth[~unsure])
    assert result.statistics["band"] == "vv"
    assert result.statistics["threshold_db"] == -15.5
    assert result.statistics["water"]["area_ha"] == pytest.approx((got == 1).sum() / 100)
    assert result.statistics["water"]["observed_percent"] == pytest.approx(
        100 * (got == 1).sum() / (got != 255).sum()
    )
    assert result.statistics["not_observed"]["pixels"] == 5 * SHAPE[0]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("bands", "threshold"),
    [
        (("vv",), -16.0),
        (("hh",), -16.0),
        (("vh",), -23.5),
        (("vv", "vh"), -19.25),
        (("hh", "hv"), -19.25),
    ],
)
def test_the_fixed_threshold_depends_on_the_polarisation(
    tmp_path: Path, bands: tuple[str, ...], threshold: float
) -> None:
    steps = np.arange(-30, -5, 0.25, dtype=np.float32)[np.newaxis].repeat(3, axis=0)
    result = run(
        stack(tmp_path, dict.fromkeys(bands, steps)),
        tmp_path / "out",
        method="fixed",
        speckle="none",
    )
    assert result.statistics["threshold_db"] == threshold
    assert np.array_equal(
        read_band(tmp_path / "out" / "water.tif"), steps < threshold
    )  # what equals the threshold is dry


def test_one_polarisation_may_be_asked_for(lake: Path, mapped_lake: Mapped, tmp_path: Path) -> None:
    assert mapped_lake.result.statistics["band"] == "vv and vh"
    assert run(lake, tmp_path / "out", polarisation="vh").statistics["band"] == "vh"
    with pytest.raises(AlgorithmError, match=r"has no band hv \(it has vv, vh\)"):
        run(lake, tmp_path / "out", polarisation="hv")


@pytest.mark.thorough
def test_a_flood_is_water_that_was_not_there_before(tmp_path: Path) -> None:
    river = wet(SHAPE, 0.1, 5)
    pre = chip_stack(tmp_path / "pre", make_chip(river, 1))
    post = chip_stack(tmp_path / "post", make_chip(LAKE, 2, surface="calm"))
    out = tmp_path / "out"
    result = run(post, out, 128, pre=str(pre))
    flooded, water, change = (
        read_band(out / name) for name in ("flooded.tif", "water.tif", "change_db.tif")
    )
    assert iou(flooded == 1, LAKE & ~river) >= 0.9
    assert iou(water == 1, LAKE) >= 0.95
    assert (flooded[river] == 1).mean() < 0.05
    assert (change[flooded == 1] <= -LEAST_DROP_DB).all()
    outlines = {"perimeter", "not_observed"}
    assert set(result.outputs) == {
        "water",
        "confidence",
        "flooded",
        "change_db",
        *outlines,
        "provenance",
    }
    assert iou(flooded == WATER_BEFORE, LAKE & river) >= 0.8
    assert result.statistics["flooded"]["area_ha"] == pytest.approx((flooded == 1).sum() / 100)
    assert result.statistics["water"]["area_ha"] == pytest.approx((water == 1).sum() / 100)
    assert "flooded where water after" in result.provenance["formula"]
    assert set(result.provenance["inputs"]) == {"post", "pre"}


@pytest.mark.thorough
def test_nothing_new_is_no_flood(lake: Path, tmp_path: Path) -> None:
    run(chip_stack(tmp_path / "later", make_chip(LAKE, 1001)), tmp_path / "out", pre=str(lake))
    assert (read_band(tmp_path / "out" / "flooded.tif") == 1).mean() < 0.005


@pytest.mark.thorough
def test_much_that_is_dark_and_no_water_is_told(tmp_path: Path) -> None:
    """3 dB brighter than any calibrated scene, the lake is not as dark as water is."""
    rng = np.random.default_rng(2)
    levels = {"vv": (-20.0, -9.0), "vh": (-25.0, -15.0)}
    calm = {
        name: (np.where(LAKE, *ends) + rng.normal(0, 2, SHAPE)).astype(np.float32)
        for name, ends in levels.items()
    }
    before = stack(tmp_path / "before", calm)
    after = stack(tmp_path / "after", {name: band + 3 for name, band in calm.items()})
    result = run(after, tmp_path / "out", pre=before)
    assert (read_band(tmp_path / "out" / "water.tif") == 1).mean() < 0.05
    (said,) = (text for text in result.warnings if "was taken for water" in text)
    assert "is darker than" in said
    assert "‘threshold’" in said
    sound = run(before, tmp_path / "sound")
    assert not any("was taken for water" in text for text in sound.warnings)
    assert iou(read_band(tmp_path / "sound" / "water.tif") == 1, LAKE) > 0.95


def test_a_small_change_of_backscatter_is_no_flood(tmp_path: Path) -> None:
    """0.9 dB carry the ground over the threshold, and are less than the change that counts."""
    before, after = (np.full((20, 20), level, np.float32) for level in (-15.5, -16.4))
    after[10:] = -17
    pre, post = stack(tmp_path / "pre", {"vv": before}), stack(tmp_path / "post", {"vv": after})
    run(post, tmp_path / "out", pre=str(pre), method="fixed", threshold="-16")
    assert (read_band(tmp_path / "out" / "water.tif") == 1).all()
    assert np.array_equal(read_band(tmp_path / "out" / "flooded.tif")[:, 0], [0] * 10 + [1] * 10)


def test_what_was_not_seen_before_is_not_known_to_be_new(later_lake: Path, tmp_path: Path) -> None:
    before = make_chip(wet(SHAPE, 0.1, 5), 1)
    before.vv[:40] = np.nan
    run(later_lake, tmp_path / "out", pre=str(chip_stack(tmp_path / "pre", before)))
    flooded, water = (
        read_band(tmp_path / "out" / "flooded.tif"),
        read_band(tmp_path / "out" / "water.tif"),
    )
    assert set(np.unique(flooded[:40][water[:40] == 1])) == {255}
    assert set(np.unique(flooded[:40][water[:40] == 0])) == {0}
    assert (water != 255).all()


def test_a_date_without_water_takes_the_others_threshold(later_lake: Path, tmp_path: Path) -> None:
    pre = chip_stack(tmp_path / "pre", make_chip(np.zeros(SHAPE, bool), 1))
    result = run(later_lake, tmp_path / "out", pre=str(pre))
    cuts = result.statistics["thresholds"]
    assert cuts["post"]["origin"] == "squares"
    assert cuts["pre"] == {"db": cuts["post"]["db"], "origin": "other date"}
    assert any(f"{pre} holds no water and land" in warning for warning in result.warnings)
    assert iou(read_band(tmp_path / "out" / "flooded.tif") == 1, LAKE) > 0.9


def test_permanent_water_is_no_flood_and_needs_no_date_before(
    later_lake: Path, tmp_path: Path
) -> None:
    river = wet(SHAPE, 0.1, 5)
    always = write_raster(tmp_path / "always.tif", river.astype(np.uint8), nodata=None)
    result = run(later_lake, tmp_path / "out", permanent_water=str(always))
    assert set(result.outputs) >= {"water", "flooded"}
    flooded = read_band(tmp_path / "out" / "flooded.tif")
    assert not (flooded[river] == 1).any()
    assert iou(flooded == 1, LAKE & ~river) > 0.9


@pytest.mark.thorough
@few(("name", "limit"), [("hand", "hand_limit"), ("slope", "slope_limit")])
def test_water_cannot_stand_too_high_or_on_steep_ground(
    tmp_path: Path, name: str, limit: str
) -> None:
    terrain = np.zeros(SHAPE, np.float32)
    terrain[:, 128:] = 20
    terrain[:10] = np.nan
    post = chip_stack(tmp_path, make_chip(np.ones(SHAPE, bool), 2))
    given = {name: str(write_raster(tmp_path / "terrain.tif", terrain, nodata=float("nan")))}
    result = run(post, tmp_path / "out", **given)
    water = read_band(tmp_path / "out" / "water.tif")
    assert not (water[10:, 128:] == 1).any()
    assert (water[:10] == 1).mean() > 0.99  # where the terrain is not known the map stays as it is
    assert any(key.startswith(limit) for key in result.provenance["parameters"])
    run(post, tmp_path / "out", **given, **{limit: 30})
    assert (read_band(tmp_path / "out" / "water.tif") == 1).mean() > 0.99


@few("void", [-9999.0, -32768.0, 32767.0, 65535.0])
@pytest.mark.parametrize("name", ["hand", "slope"])
def test_undeclared_voids_of_the_terrain_are_told_and_are_no_height(
    tmp_path: Path, name: str, void: float
) -> None:
    terrain = np.zeros((96, 96), np.float32)
    terrain[:48] = void
    water = np.full((96, 96), -24, np.float32)
    given = {name: str(write_raster(tmp_path / f"{name}.tif", terrain, nodata=None))}
    post = stack(tmp_path, {"vv": water, "vh": water - 5})
    result = run(post, tmp_path / "out", method="fixed", **given)
    assert (read_band(tmp_path / "out" / "water.tif") == 1).all()
    assert any(
        f"{name}.tif holds {void:.7g}" in warning and "50 % of the map" in warning
        for warning in result.warnings
    )


def layers(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.tif"))}


@pytest.mark.thorough
def test_tiles_and_engines_make_no_difference(tmp_path: Path) -> None:
    pre, post = (
        chip_stack(tmp_path / str(n), make_chip(wet(SHAPE, s, 5), n))
        for n, s in ((1, 0.1), (2, 0.3))
    )
    made, cuts = {}, {}
    for tile in (64, 96, 128, 1024):  # 96 cuts through the squares of the survey
        for engine in ("serial", "threads") if tile == 64 else ("threads",):
            out = tmp_path / f"{tile}{engine}"
            cuts[tile, engine] = run(post, out, tile, pre=str(pre), engine=engine).statistics[
                "thresholds"
            ]
            made[tile, engine] = {path.name: read_band(path) for path in sorted(out.glob("*.tif"))}
    assert layers(tmp_path / "64serial") == layers(tmp_path / "64threads")
    first = made[1024, "threads"]
    assert set(first) == {"water.tif", "flooded.tif", "change_db.tif", "confidence.tif"}
    for key, one in made.items():
        assert cuts[key] == cuts[1024, "threads"]
        assert all(np.array_equal(one[name], first[name]) for name in first), key


def test_the_survey_is_the_sum_of_its_squares() -> None:
    chip = make_chip(LAKE, 3)
    values = {"post.vv": chip.vv, "post.vh": chip.vh}
    survey = RadarWaterSurvey(
        WaterMap(("vv", "vh"), {"post": Cut(-19.0, "fixed")}, "refined-lee"), "ki"
    )
    whole = survey.tally(values)
    parts = [
        survey.tally(
            {name: one[row : row + CELL, col : col + 2 * CELL] for name, one in values.items()}
        )
        for row in range(0, SHAPE[0], CELL)
        for col in range(0, SHAPE[1], 2 * CELL)
    ]
    assert np.array_equal(sum(parts), whole)
    assert whole.shape == (2, 1, 4, DB.count + 1)
    assert whole[0, 0, PICTURE, :-1].sum() == chip.vv.size
    assert whole[0, 0, PICTURE, -1] == 12
    assert 6 <= whole[0, 0, SURE, -1] < 36
    assert whole[0, 0, DOUBTED, -1] < 5


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("hole", "declared"),
    [
        *(
            (hole, False)
            for hole in (-9999.0, -32768.0, -50.0, -99.0, 0.0, np.nan, -np.inf, np.inf)
        ),
        *((hole, True) for hole in (-9999.0, -32768.0, 0.0, np.nan)),
    ],
)
def test_floors_and_holes_in_db_are_not_observed(
    tmp_path: Path, hole: float, declared: bool
) -> None:
    chip = make_chip(LAKE, 1)
    chip.vh[30:60, 40:90] = hole
    post = chip_stack(tmp_path, chip, nodata=hole if declared else None)
    run(post, tmp_path / "out")
    got = read_band(tmp_path / "out" / "water.tif")
    assert (got[30:60, 40:90] == 255).all()
    assert (got == 255).sum() == 30 * 50
    outside = np.ones(SHAPE, bool)
    outside[30:60, 40:90] = False
    assert iou(got == 1, LAKE, outside) > 0.95


@few(
    "hole",
    [
        -32768.0,
        0.0,
        -1e-4,
        np.nan,
    ],
)
def test_power_of_nothing_is_not_observed(tmp_path: Path, hole: float) -> None:
    """Border noise that was cut off, and what too much noise was taken from."""
    chip = make_chip(LAKE, 1)
    power = [(10 ** (band / 10)).astype(np.float32) for band in (chip.vv, chip.vh)]
    power[0][:, :50] = hole
    run(stack(tmp_path, {"vv": power[0], "vh": power[1]}, "power", nodata=None), tmp_path / "out")
    got = read_band(tmp_path / "out" / "water.tif")
    assert (got[:, :50] == 255).all()
    assert (got[:, 50:] != 255).all()


@pytest.mark.thorough
@pytest.mark.parametrize("method", ["ki", "otsu"])
@few("level", [-45.0, -40.0])
def test_a_floor_is_not_the_water_that_a_picture_is_cut_by(
    tmp_path: Path, method: str, level: float
) -> None:
    """Between a floor and a lake lies the deepest valley: cut there, the lake would be dry."""
    lake = np.ones(SHAPE, bool)
    chip = make_chip(lake, 1)
    bands = {"vv": chip.vv.copy(), "vh": chip.vh.copy()}
    for band in bands.values():
        band[:40, :60] = level
    result = run(stack(tmp_path, bands), tmp_path / "out", method=method)
    assert result.statistics["thresholds"]["post"]["origin"] == "fixed"
    assert (read_band(tmp_path / "out" / "water.tif")[44:, 64:] == 1).mean() > 0.99


@pytest.mark.thorough
@few(
    ("shape", "method"),
    [
        ((1, 300), "ki"),
        ((20, 20), "otsu"),
        ((1, 1), "ki"),
        ((300, 1), "otsu"),
    ],
    2,
)
@pytest.mark.parametrize(("value", "code"), [(np.nan, 255), (-12.0, 0), (-30.0, 1)])
def test_nothing_one_value_and_thin_pictures_have_a_result(
    tmp_path: Path, shape: tuple[int, int], value: float, code: int, method: str
) -> None:
    data = np.full(shape, value, np.float32)
    result = run(stack(tmp_path, {"vv": data, "vh": data}), tmp_path / "out", method=method)
    assert set(np.unique(read_band(tmp_path / "out" / "water.tif"))) == {code}
    if code == 255:
        assert result.statistics["water"]["observed_percent"] is None
        assert "vv and vh: no value anywhere" in result.warnings, (
            "nothing to doubt in a unit that is dB"
        )


def test_a_chip_in_degrees_has_an_area(tmp_path: Path) -> None:
    data = np.full((50, 50), -25.0, np.float32)
    post = stack(tmp_path, {"vv": data}, epsg=4326, resolution=0.0001, origin=(85.0, 26.0))
    area = run(post, tmp_path / "out").statistics["water"]["area_km2"]
    side = 0.005 * 111.32
    assert area == pytest.approx(side * side * np.cos(np.radians(26)), rel=0.01)


def two_bands(path: Path, unit: str, names: tuple[str, str]) -> Path:
    import rasterio

    chip = make_chip(LAKE, 1)
    write_raster(
        path,
        np.stack([chip.vv, chip.vh]),
        epsg=4326,
        resolution=8.98e-5,
        origin=(85.0, 26.0),
        nodata=None,
    )
    with rasterio.open(path, "r+") as dataset:
        dataset.descriptions = names
        dataset.units = (unit, unit)
    return path


def test_a_file_of_two_bands_is_taken_as_it_is_where_it_says_what_it_holds(tmp_path: Path) -> None:
    result = run(two_bands(tmp_path / "chip.tif", "dB", ("VV", "VH")), tmp_path / "out")
    assert result.statistics["band"] == "vv and vh"
    assert iou(read_band(tmp_path / "out" / "water.tif") == 1, LAKE) > 0.95


def test_a_file_of_two_bands_without_names_is_stacked_as_the_sentence_says(tmp_path: Path) -> None:
    chip = two_bands(tmp_path / "chip.tif", "", ("", ""))
    with pytest.raises(AlgorithmError) as caught:
        run(chip, tmp_path / "out")
    words = (
        "flight stack --sensor sentinel1 --unit db --band vv=FILE#1 --band vh=FILE#2 "
        "--output STACK.vrt"
    )
    assert words in str(caught.value)
    made = words.replace("FILE", str(chip)).replace("STACK.vrt", str(tmp_path / "s.vrt"))
    assert main(made.split()[1:]) == 0
    run(tmp_path / "s.vrt", tmp_path / "out")
    assert iou(read_band(tmp_path / "out" / "water.tif") == 1, LAKE) > 0.95


def test_a_file_that_does_not_tell_its_unit_is_refused_with_the_way_out(tmp_path: Path) -> None:
    chip = two_bands(tmp_path / "chip.tif", "", ("VV", "VH"))
    with pytest.raises(
        AlgorithmError, match="the unit of vv is not known, and a threshold in dB needs power or dB"
    ) as caught:
        run(chip, tmp_path / "out")
    assert f"--band vv={chip}#1" in str(caught.value)


@pytest.mark.thorough
def test_power_that_is_said_to_be_db_is_doubted(tmp_path: Path) -> None:
    chip = make_chip(LAKE, 1)
    power = (10 ** (chip.vv / 10)).astype(np.float32)
    result = run(stack(tmp_path, {"vv": power}), tmp_path / "out")
    assert any("has no value below 0 dB: is it power?" in warning for warning in result.warnings)
    right = run(stack(tmp_path / "right", {"vv": power}, "power"), tmp_path / "right" / "out")
    assert not any("is it power?" in warning for warning in right.warnings)


def test_amplitude_is_refused_for_a_threshold_in_db(tmp_path: Path) -> None:
    post = stack(tmp_path, {"vv": np.full((20, 20), 90, np.uint16)}, None)
    with pytest.raises(AlgorithmError) as caught:
        run(post, tmp_path / "out")
    assert str(caught.value) == (
        f"Water cannot be mapped in {post}: vv is uncalibrated amplitude, for which a threshold "
        "in dB means nothing. "
        "Take a calibrated product (RTC), or calibrate it first."
    )
    assert not (tmp_path / "out" / "water.tif").exists()


def test_other_rasters_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AlgorithmError, match="has no band vv or hh or vh or hv"):
        run(write_raster(tmp_path / "red.tif"), tmp_path / "out")


def test_dates_without_a_common_polarisation_cannot_be_compared(tmp_path: Path) -> None:
    data = np.full((9, 9), -12, np.float32)
    pre, post = stack(tmp_path / "pre", {"hh": data}), stack(tmp_path / "post", {"vv": data})
    with pytest.raises(AlgorithmError, match="they have no polarisation in common"):
        run(post, tmp_path / "out", pre=str(pre))


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"threshold": "low"}, "it is neither auto nor a number"),
        ({"threshold": "nan"}, "it does not lie within -50 to 20 dB"),
        ({"threshold": "0.02", "method": "otsu"}, "the method otsu finds its own"),
        ({"threshold": "-17", "method": "ki"}, "the method ki finds its own"),
        ({"threshold": "-60"}, "it does not lie within"),
    ],
)
def test_thresholds_that_cannot_be(tmp_path: Path, more: dict[str, str], why: str) -> None:
    with pytest.raises(InputError, match=why):
        run(tmp_path / "none.vrt", tmp_path / "out", **more)


def test_units_of_a_stack(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import rasterio

    for unit, stored in (("db", "dB"), ("power", "power"), ("amplitude", "amplitude")):
        with rasterio.open(
            stack(tmp_path / unit, {"vv": np.full((9, 9), 1.5, np.float32)}, unit)
        ) as dataset:
            assert dataset.units == (stored,)
    red = write_raster(tmp_path / "red.tif")
    words = [
        "stack",
        "--sensor",
        "sentinel2",
        "--unit",
        "db",
        "--band",
        f"red={red}",
        "--output",
        str(tmp_path / "o.vrt"),
    ]
    assert main(words) == 2
    assert (
        "The unit db cannot be used: band 'red' of Sentinel-2 is no radar backscatter but "
        "reflectance" in capsys.readouterr().err
    )


@pytest.mark.thorough
def test_the_command_line_keeps_its_contract(
    lake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pre = chip_stack(tmp_path / "pre", make_chip(wet(SHAPE, 0.1, 5), 2))
    capsys.readouterr()
    words = ["sar-water", "--post", str(lake), "--output", str(tmp_path / "out")]
    fixed = ["--method", "fixed", "--threshold", "-16"]
    assert main([*words, *fixed, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) >= {"outputs", "statistics", "warnings", "provenance"}
    assert told["outputs"]["water"] == str(tmp_path / "out" / "water.tif")
    assert [row["code"] for row in told["statistics"]["classes"]] == [0, 1]
    assert told["statistics"]["not_observed"]["code"] == 255
    assert told["provenance"]["formula"] == "water where vv < -16 dB"
    assert main([*words, "--pre", str(pre), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["statistics"]["thresholds"]["post"]["origin"] == "squares"
    assert Path(told["outputs"]["flooded"]).is_file()
    assert main([*words, *fixed]) == 0
    assert "Not observed" in capsys.readouterr().out


def test_a_threshold_of_ones_own_needs_no_method_and_fits_no_other(
    lake: Path, mapped_lake: Mapped, tmp_path: Path
) -> None:
    alone = run(lake, tmp_path / "alone", threshold="-16")
    run(lake, tmp_path / "named", method="fixed", threshold="-16")
    assert alone.provenance["parameters"]["method"] == "fixed"
    assert (tmp_path / "alone" / "water.tif").read_bytes() == (
        tmp_path / "named" / "water.tif"
    ).read_bytes()
    with pytest.raises(InputError, match="the method otsu finds its own"):
        run(lake, tmp_path / "both", method="otsu", threshold="-16")
    assert mapped_lake.result.provenance["parameters"]["method"] == "ki"


def test_the_kernel_can_travel() -> None:
    """It can be sent to another process, and says all that it does, so that an interrupted run
    knows its own tiles.
    """
    import pickle

    kernel = radar_water_kernel(WaterMap(("vv",), {"post": Cut(-16.0, "fixed")}, "lee"), "ki")
    assert pickle.loads(pickle.dumps(kernel)) == kernel
    assert " at 0x" not in repr(kernel)


def test_a_real_uncalibrated_product_is_refused(
    shared: Callable[[str], Path], tmp_path: Path
) -> None:
    source = shared("s1-grd-india-gcp") / "iw-vv.tiff"
    assert (
        main(
            [
                "stack",
                "--sensor",
                "sentinel1",
                "--band",
                f"vv={source}",
                "--output",
                str(tmp_path / "s.vrt"),
            ]
        )
        == 0
    )
    with pytest.raises(AlgorithmError, match="uncalibrated amplitude"):
        run(tmp_path / "s.vrt", tmp_path / "out")
