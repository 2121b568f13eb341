"""Burned area: what burned is found, what only looks like it is not, and nothing that was not seen
is called unburned.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.algorithms.burned_area import DROPPED_PERCENT, BurnSigns
from firstlight.core.cli import main
from firstlight.core.errors import AlgorithmError, Cancelled, RasterError
from firstlight.core.maps.burned_area import BURNED_AREA
from firstlight.core.monitor import Event, Progress, RecordingMonitor
from firstlight.core.operation import OperationResult
from firstlight.core.raster.reader import RasterReader
from firstlight.core.settings import Settings
from firstlight.core.shapes.seeded_patches import PatchRule, find_patches
from firstlight.core.types import Radiometry
from support.landscapes import RULE, smooth_noise
from support.rasters import read_band, write_raster
from support.run import run_operation, small_tiles
from support.stacks import write_stack
from support.thorough import few

SHAPE = (300, 340)
NAMES = ("nir", "swir16", "swir22")
# nir, swir16, swir22; of the ECOSTRESS library (vegetation, soil, stubble, char) and Sentinel-2
# scenes (water, shadow)
FOREST, GRASS = (0.30, 0.13, 0.06), (0.38, 0.22, 0.11)
CHAR, SCORCHED = (0.09, 0.16, 0.17), (0.19, 0.17, 0.12)
SOIL, STUBBLE = (0.24, 0.32, 0.28), (0.29, 0.36, 0.30)
WATER, SNOW, CLOUD = (0.02, 0.008, 0.005), (0.85, 0.10, 0.08), (0.80, 0.55, 0.45)


@dataclass(frozen=True)
class Fire:
    """A map that several tests look at, made of several tiles."""

    result: OperationResult
    folder: Path
    events: tuple[Event, ...]
    burned: Any


@pytest.fixture(scope="module")
def fire_mapped(tmp_path_factory: pytest.TempPathFactory) -> Fire:
    """The first fire, mapped without more words."""
    folder, monitor = tmp_path_factory.mktemp("fire"), RecordingMonitor()
    before, after, burned = fire(1)
    result = run(folder, ground(before, 5), ground(after, 6), monitor=monitor)
    return Fire(result, folder / "out", tuple(monitor.events), burned)


def ground(cover: Any, seed: int) -> dict[str, Any]:
    """Stored numbers of a map of reflectances, (rows, cols, 3), with the texture and
    noise of land.
    """
    random = np.random.default_rng(seed)
    texture = smooth_noise(cover.shape[:2], 0.9, random)
    made = {}
    for place, name in enumerate(NAMES):
        own = smooth_noise(cover.shape[:2], 0.8, random)
        bright = cover[..., place] * (1 + 0.08 * texture + 0.02 * own) + random.normal(
            0, 0.001, cover.shape[:2]
        )
        made[name] = np.clip(bright * 10000 + 1000, 1, 65535).astype(np.uint16)
    return made


def land(seed: int = 0, shape: tuple[int, int] = SHAPE) -> Any:
    """Forest and grass in patches."""
    grass = smooth_noise(shape, 1.3, np.random.default_rng(seed)) > 0.3
    return np.where(grass[..., np.newaxis], GRASS, FOREST)


def run(tmp_path: Path, before: Any, after: Any, tile: int = 128, **more: Any) -> Any:
    pair = {
        name: write_stack(tmp_path / name, b, RULE)
        for name, b in (("pre", before), ("post", after))
    }
    return run_operation(BURNED_AREA, small_tiles(tile), **pair, output=tmp_path / "out", **more)


def fire(seed: int = 1) -> tuple[Any, Any, Any]:
    """Cover before and after, and where it burned: a core of char in a rim that was only
    scorched.
    """
    before = land(seed)
    surface = smooth_noise(SHAPE, 1.6, np.random.default_rng(seed + 50))
    burned, core = surface > 0.9, surface > 1.15
    after = before.copy()
    after[burned] = SCORCHED
    after[core] = CHAR
    return before, after, burned


def test_a_fire_is_found_with_its_rim(fire_mapped: Fire) -> None:
    check_fire(fire_mapped.folder, fire_mapped.result, fire_mapped.burned)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", [2, 3])
def test_other_fires_are_found_with_their_rims(tmp_path: Path, seed: int) -> None:
    before, after, burned = fire(seed)
    result = run(tmp_path, ground(before, 5), ground(after, 6))
    check_fire(tmp_path / "out", result, burned)


def check_fire(folder: Path, made: OperationResult, burned: Any) -> None:
    result = made.value
    codes = read_band(folder / "burned.tif")
    found = codes == 1
    assert (found & burned).sum() / (found | burned).sum() > 0.95
    assert (found & ~burned).sum() / (~burned).sum() < 0.005
    told = result.statistics
    assert told["burned"]["area_ha"] == pytest.approx(found.sum() / 100)
    assert told["patches"]["kept"] >= 1
    confidence = read_band(folder / "confidence.tif")
    assert 0 <= confidence.min() <= confidence.max() <= 100
    assert confidence[burned].mean() > 90
    assert confidence[~burned].mean() < 5


def test_two_phases_are_one_progress(fire_mapped: Fire) -> None:
    events = [event for event in fire_mapped.events if isinstance(event, Progress)]
    fractions = [event.fraction for event in events]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    patches = [event.fraction for event in events if event.message.endswith("patches")]
    assert patches
    assert min(patches) >= 0.8, "the bar still moves while patches are found"


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("was", "is_now"),
    [
        (GRASS, SOIL),
        (GRASS, STUBBLE),
        (FOREST, SOIL),
        (FOREST, WATER),
        (GRASS, WATER),
        (SNOW, GRASS),
        (SNOW, SOIL),
        (CLOUD, FOREST),
    ],
    ids=[
        "ploughed",
        "harvested",
        "felled",
        "flooded forest",
        "flooded field",
        "thaw",
        "thaw on soil",
        "cloud before",
    ],
)
def test_what_changed_otherwise_did_not_burn(tmp_path: Path, was: Any, is_now: Any) -> None:
    before = land()
    after = before.copy()
    field = smooth_noise(SHAPE, 1.6, np.random.default_rng(9)) > 0.8
    before[field], after[field] = was, is_now
    run(tmp_path, ground(before, 5), ground(after, 6))
    assert (read_band(tmp_path / "out" / "burned.tif") == 1).mean() < 0.005


@pytest.mark.thorough
@few("light", [0.25, 0.4, 0.6])
def test_a_cloud_shadow_did_not_burn(tmp_path: Path, light: float) -> None:
    """Without sun the sky's light is left, which holds less the longer the wave."""
    before = land()
    after = before.copy()
    shaded = smooth_noise(SHAPE, 1.6, np.random.default_rng(9)) > 0.8
    after[shaded] *= np.array([light, 0.85 * light, 0.8 * light])
    run(tmp_path, ground(before, 5), ground(after, 6))
    assert (read_band(tmp_path / "out" / "burned.tif") == 1).mean() < 0.005


@pytest.mark.thorough
@few(
    "drying",
    [
        0.12,
        0.0,
    ],
)
def test_a_pair_without_fire_is_not_burned(tmp_path: Path, drying: float) -> None:
    """Neither from noise nor from a dry summer."""
    before = land()
    after = before + drying * np.array([-0.1, 0.35, 0.35])
    run(tmp_path, ground(before, 5), ground(after, 6))
    assert (read_band(tmp_path / "out" / "burned.tif") == 1).mean() < 0.005


@pytest.mark.thorough
def test_cloud_is_not_observed_and_water_is_not_burned(tmp_path: Path) -> None:
    before, after, burned = fire()
    pre, post = ground(before, 5), ground(after, 6)
    pre["scl"] = np.full(SHAPE, 4, np.uint8)
    post["scl"] = np.full(SHAPE, 4, np.uint8)
    post["scl"][:, 100:160] = 9
    post["scl"][:, 200:] = 6
    pre["nir"][:30, :30] = 0
    run(tmp_path, pre, post)
    codes = read_band(tmp_path / "out" / "burned.tif")
    assert (codes[:, 100:160] == 255).all()
    assert (codes[:30, :30] == 255).all()
    assert (codes[:, 200:] == 0).all()
    assert ((codes == 1) & burned).sum() > 500
    for name, unseen in (("dnbr", -9999), ("confidence", 255)):
        assert np.array_equal(read_band(tmp_path / "out" / f"{name}.tif") == unseen, codes == 255)


@pytest.mark.thorough
@few("tile", [64, 512])
def test_masks_are_dilated_in_metres_alike_in_every_tile(tmp_path: Path, tile: int) -> None:
    from scipy.ndimage import distance_transform_edt

    before, after, _ = fire()
    pre, post = ground(before, 5), ground(after, 6)
    pre["scl"], post["scl"] = np.full(SHAPE, 4, np.uint8), np.full(SHAPE, 4, np.uint8)
    pre["scl"][124:128, 190:192] = 3  # in the corner of a tile
    post["scl"][200:, 0] = 9
    run(tmp_path, pre, post, tile=tile, mask_dilation=45)
    clear = [distance_transform_edt(one["scl"] == 4) > 4.5 for one in (pre, post)]
    for name, unseen in (("burned", 255), ("dnbr", -9999), ("confidence", 255)):
        assert np.array_equal(
            read_band(tmp_path / "out" / f"{name}.tif") == unseen, ~(clear[0] & clear[1])
        ), name


@pytest.mark.thorough
def test_the_least_area_is_in_hectares_and_told(tmp_path: Path) -> None:
    """Two squares of char: 0.81 ha, and 1 ha to the pixel."""
    before = land()
    after = before.copy()
    after[50:59, 50:59] = CHAR
    after[150:160, 50:60] = CHAR
    pre, post = ground(before, 5), ground(after, 6)
    result = run(tmp_path, pre, post, min_area=1.0).value
    codes = read_band(tmp_path / "out" / "burned.tif")
    assert codes[150:160, 50:60].all()
    assert codes.sum() == 100
    assert result.statistics["patches"] == {
        "kept": 1,
        "too_small": 1,
        "too_small_ha": pytest.approx(0.81),
    }
    assert run(tmp_path, pre, post, min_area=0.0).value.statistics["patches"]["kept"] == 2
    assert read_band(tmp_path / "out" / "burned.tif").sum() == 181


@pytest.mark.thorough
def test_growth_reaches_only_what_touches_seeds(tmp_path: Path) -> None:
    before = land()
    after = before.copy()
    after[100:140, 100:140] = SCORCHED  # nowhere char
    after[200:240, 100:140] = SCORCHED
    after[205:220, 105:120] = CHAR
    run(tmp_path, ground(before, 5), ground(after, 6))
    codes = read_band(tmp_path / "out" / "burned.tif")
    assert codes[:180].sum() == 0
    assert codes[200:240, 100:140].mean() > 0.98
    percent = read_band(tmp_path / "out" / "confidence.tif")
    dropped = percent[105:135, 105:135]
    assert (dropped <= DROPPED_PERCENT).mean() > 0.98  # the others bear no mark, and lie among such
    assert np.median(dropped) == DROPPED_PERCENT
    assert (percent[205:235, 105:135] > 90).mean() > 0.95


@pytest.mark.thorough
@pytest.mark.parametrize("tile", [32, 512])
def test_tiles_and_engines_make_no_difference(tmp_path: Path, tile: int) -> None:
    before, after, _ = fire()
    pre, post = ground(before, 5), ground(after, 6)
    run(tmp_path / "one", pre, post, engine="serial")
    run(tmp_path / "two", pre, post, engine="threads", tile=tile)
    for name in ("burned", "dnbr", "confidence"):
        assert np.array_equal(
            read_band(tmp_path / "one" / "out" / f"{name}.tif"),
            read_band(tmp_path / "two" / "out" / f"{name}.tif"),
        )


@pytest.mark.thorough
@pytest.mark.parametrize("shape", [(1, 1), (1, 70), (90, 1)])
def test_tiny_stacks(tmp_path: Path, shape: tuple[int, int]) -> None:
    before, after = np.tile(FOREST, (*shape, 1)), np.tile(CHAR, (*shape, 1))
    stored = [
        {
            name: (one[..., place] * 10000 + 1000).astype(np.uint16)
            for place, name in enumerate(NAMES)
        }
        for one in (before, after)
    ]
    run(tmp_path, *stored, min_area=0.0)
    assert (read_band(tmp_path / "out" / "burned.tif") == 1).all()


@pytest.mark.thorough
def test_all_cloud_is_a_result(tmp_path: Path) -> None:
    before, after, _ = fire()
    post = {**ground(after, 6), "scl": np.full(SHAPE, 9, np.uint8)}
    result = run(tmp_path, ground(before, 5), post).value
    assert (read_band(tmp_path / "out" / "burned.tif") == 255).all()
    assert result.statistics["not_observed"]["percent"] == 100
    assert any("No pixel was observed on both dates" in warning for warning in result.warnings)


def test_a_raster_without_a_place_has_no_hectares(tmp_path: Path) -> None:
    marks = np.array([[2, 1, 0], [0, 0, 0], [1, 0, 255]], np.uint8)
    with RasterReader(write_raster(tmp_path / "marks.tif", marks, epsg=None, nodata=255)) as reader:
        with pytest.raises(RasterError, match=r"no reference system.*Give a least area of 0"):
            find_patches(reader, PatchRule(2, 0.05, 1.0), lambda: False)
        found = find_patches(reader, PatchRule(2, 0.05, 0.0), lambda: False)
        with pytest.raises(Cancelled):
            find_patches(reader, PatchRule(2, 0.05, 0.0), lambda: True)
    assert found.paint(marks, 0).tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 255]]


def test_a_patch_is_as_large_as_the_ground_in_degrees(tmp_path: Path) -> None:
    """One pixel in the far north covers less than one at the equator: 1 arc second is 31 m by 31 m,
    or by 11 m at 70°.
    """
    marks = np.zeros((9, 9), np.uint8)
    marks[4, 4] = 2
    for latitude, area in ((0.0, 950.0), (70.0, 327.0)):
        path = write_raster(
            tmp_path / f"{latitude}.tif",
            marks,
            epsg=4326,
            resolution=1 / 3600,
            origin=(10, latitude),
            nodata=255,
        )
        with RasterReader(path) as reader:
            kept = [
                find_patches(reader, PatchRule(2, 0, least), lambda: False).kept
                for least in (0.97 * area, 1.03 * area)
            ]
        assert kept == [1, 0]


def test_a_patch_needs_its_share_of_seeds(tmp_path: Path) -> None:
    """One seed in a hundred pixels is noise."""
    marks = np.zeros((40, 40), np.uint8)
    marks[:10, :10], marks[20:30, 20:30] = 1, 1
    marks[5, 5], marks[20, 20:25] = 2, 2
    with RasterReader(write_raster(tmp_path / "marks.tif", marks, nodata=255)) as reader:
        found = find_patches(reader, PatchRule(2, 0.05, 0.0), lambda: False)
    kept = found.paint(marks, 0)
    assert kept[:15].sum() == 0
    assert kept.sum() == 100


def test_signs_by_hand() -> None:
    """Forest to char, and forest to scorched."""
    values = {f"pre.{name}": np.array([[one, one]], np.float32) for name, one in zip(NAMES, FOREST)}
    values.update(
        {
            f"post.{name}": np.array([[a, b]], np.float32)
            for name, a, b in zip(NAMES, CHAR, SCORCHED)
        }
    )
    change, confidence, marks = BurnSigns()(values)
    nbr = [(0.30 - 0.06) / 0.36, (0.09 - 0.17) / 0.26, (0.19 - 0.12) / 0.31]
    assert change[0] == pytest.approx([nbr[0] - nbr[1], nbr[0] - nbr[2]], abs=1e-6)
    assert marks.tolist() == [[2, 1]]
    assert confidence.tolist() == [[100, 100]]


@pytest.mark.parametrize(
    ("was", "is_now", "mark"),
    [
        (FOREST, CHAR, 2),
        (FOREST, (0.21, 0.30, 0.31), 1),  # bright
        (FOREST, (0.09, 0.19, 0.15), 1),  # MIRBI 1.64
        (
            (0.18, 0.20, 0.19),
            (0.09, 0.16, 0.17),
            1,
        ),  # MIRBI 1.94 before, 2.13 after: it was char already
        (GRASS, (0.18, 0.10, 0.095), 1),  # dNBR 0.24
        (FOREST, (0.02, 0.035, 0.04), 0),  # as dark as water
        ((0.20, 0.30, 0.10), (0.19, 0.30, 0.14), 0),  # near infrared is as before
        ((0.30, 0.10, 0.10), (0.15, 0.20, 0.10), 0),  # MIRBI falls
        ((0.07, 0.03, 0.03), (0.05, 0.08, 0.09), 0),  # nothing grew there
    ],
)
def test_each_sign_counts(was: Any, is_now: Any, mark: int) -> None:
    values = {f"pre.{name}": np.array([[one]], np.float32) for name, one in zip(NAMES, was)}
    values.update(
        {f"post.{name}": np.array([[one]], np.float32) for name, one in zip(NAMES, is_now)}
    )
    assert BurnSigns()(values)[2].tolist() == [[mark]]


@pytest.mark.thorough
@pytest.mark.parametrize(
    "rule", [Radiometry(1.0, 0.0, 0.0, "reflectance"), Radiometry(1.0, -1000.0, 0.0, "reflectance")]
)
def test_stored_numbers_are_refused(tmp_path: Path, rule: Radiometry) -> None:
    """By limits of reflectance nothing at all would have burned."""
    before, after, _ = fire()
    pre, post = (
        write_stack(tmp_path / "a", ground(before, 5)),
        write_stack(tmp_path / "b", ground(after, 6), rule=rule),
    )
    params = BURNED_AREA.make_params({"pre": pre, "post": post, "output": tmp_path / "out"})
    with pytest.raises(AlgorithmError, match=r"nir, swir16, swir22 of .* have no scale"):
        BURNED_AREA.run(params, Settings(), RecordingMonitor())


@pytest.mark.thorough
def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, after, _ = fire()
    pre, post = (
        write_stack(tmp_path / "a", ground(before, 5)),
        write_stack(tmp_path / "b", ground(after, 6)),
    )
    words = [
        "burned-area",
        "--pre",
        str(pre),
        "--post",
        str(post),
        "--output",
        str(tmp_path / "out"),
    ]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told["outputs"]) == {
        *("burned", "dnbr", "confidence"),
        *("perimeter", "not_observed", "provenance"),
    }
    assert all(Path(path).exists() for path in told["outputs"].values())
    assert told["statistics"]["unburned_pixels"] > 1000
    assert not list((tmp_path / "out").glob("*part*"))
    assert main(words) == 0
    assert "left out as smaller than 1 ha" in capsys.readouterr().out
