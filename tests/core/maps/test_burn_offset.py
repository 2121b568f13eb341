"""The offset of dNBR: what changed where nothing burned, found in the picture itself, and told
wherever the map is.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.algorithms.burn import BurnSeverity
from firstlight.core.algorithms.burn_offset import (
    BINS,
    LEAST_PIXELS,
    STEP,
    OffsetSurvey,
    find_offset,
)
from firstlight.core.errors import InputError
from firstlight.core.maps.burn_severity import BURN_SEVERITY, OFFSET
from firstlight.core.types import Radiometry
from support.run import run_operation, small_tiles
from support.stacks import write_stack
from support.thorough import few

RULE = Radiometry(0.00001, 0.0, 0.0, "reflectance")


def scene(
    shift: float, fire: float = 0.25, seed: int = 0, shape: tuple[int, int] = (160, 180)
) -> tuple[Any, Any, Any]:
    """NBR before, NBR after and where it burned: forest that lost ``shift`` of NBR to the season,
    and a fire in a part of it.
    """
    random = np.random.default_rng(seed)
    before = np.clip(random.normal(0.6, 0.08, shape), 0.3, 0.85)
    burned = np.zeros(shape, bool)
    burned[: int(shape[0] * fire)] = True
    loss = np.where(burned, random.uniform(0.2, 0.9, shape), random.normal(0, 0.03, shape))
    return before, before - loss - shift, burned


def as_bands(nbr: Any) -> dict[str, Any]:
    """Stored numbers whose NBR is that, with a sum of 0.4."""
    return {
        "nir": np.rint(20000 * (1 + nbr)).astype(np.uint16),
        "swir22": np.rint(20000 * (1 - nbr)).astype(np.uint16),
    }


def run(tmp_path: Path, before: Any, after: Any, tile: int = 64, **more: str) -> Any:
    pair = {"pre": before, "post": after}
    stacks = {date: write_stack(tmp_path / date, bands, RULE) for date, bands in pair.items()}
    return run_operation(
        BURN_SEVERITY, small_tiles(tile), **stacks, output=tmp_path / "out", **more
    )


def read(path: Path) -> tuple[Any, dict[str, str]]:
    """Pixels and tags."""
    import rasterio

    with rasterio.open(path) as dataset:
        return dataset.read(1), dataset.tags()


@pytest.mark.parametrize("shift", [-0.08, -0.02, 0.0, 0.05, 0.09])
@pytest.mark.parametrize("fire", [0.0, 0.3, 0.7])
def test_what_the_season_took_is_found_beside_the_fire(shift: float, fire: float) -> None:
    before, after, burned = scene(shift, fire)
    values = {
        f"{date}.{name}": data * np.float32(1e-5)
        for date, nbr in (("pre", before), ("post", after))
        for name, data in as_bands(nbr).items()
    }
    survey = OffsetSurvey(BurnSeverity("dnbr"))
    function: Any = survey.settle(survey.tally(values))
    assert function.offset == pytest.approx(np.mean((before - after)[~burned]), abs=0.005)
    assert abs(function.unburned_pixels / (~burned).sum() - 1) < 0.1


@pytest.mark.thorough
def test_the_map_is_what_it_is_without_the_season(tmp_path: Path) -> None:
    before, after, burned = scene(0.06)
    result = run(tmp_path, as_bands(before), as_bands(after), offset="auto")
    offset = result.value.statistics["dnbr_offset"]
    assert offset == pytest.approx(0.06, abs=0.005)
    dnbr, tags = read(tmp_path / "out" / "dnbr.tif")
    assert np.abs(dnbr - (before - after - offset)).max() < 1e-3
    assert tags["dnbr_offset"] == f"{offset:g}"
    assert result.outputs["dnbr_offset"] == offset
    told = json.loads(json.dumps(result.json_data()))
    assert told["provenance"]["dnbr_offset"] == offset
    assert told["provenance"]["unburned_pixels"] > 0.9 * (~burned).sum()
    assert f"Offset subtracted from dNBR: {offset:g}" in result.text
    codes, _ = read(tmp_path / "out" / "severity.tif")
    assert (codes[~burned] == 3).mean() > 0.99


def test_relative_forms_take_the_offset_before_they_divide(tmp_path: Path) -> None:
    before, after, _ = scene(0.06)
    run(tmp_path, as_bands(before), as_bands(after), offset="0.06", index="rbr")
    got, tags = read(tmp_path / "out" / "rbr.tif")
    assert np.abs(got - (before - after - 0.06) / (before + 1.001)).max() < 1e-3
    assert tags["dnbr_offset"] == "0.06"


@pytest.mark.thorough
@few("tile", [32, 512, 64], 2)
def test_any_tiles_give_the_same_offset(tmp_path: Path, tile: int) -> None:
    before, after, _ = scene(0.04, seed=4)
    values = {
        f"{date}.{name}": data * np.float32(1e-5)
        for date, nbr in (("pre", before), ("post", after))
        for name, data in as_bands(nbr).items()
    }
    survey = OffsetSurvey(BurnSeverity("dnbr"))
    whole: Any = survey.settle(survey.tally(values))
    assert (
        run(tmp_path, as_bands(before), as_bands(after), tile, offset="auto").value.statistics[
            "dnbr_offset"
        ]
        == whole.offset
    )


@pytest.mark.thorough
def test_cloud_and_bare_ground_do_not_count(tmp_path: Path) -> None:
    """Half is cloud with a dNBR of 0.09, a quarter bare soil with 0.05: only the rest says what the
    season did.
    """
    before, after, _ = scene(-0.03, fire=0)
    before[:80], after[:80] = 0.5, 0.41
    before[80:120], after[80:120] = 0.05, 0.0
    scl = np.full(before.shape, 4, np.uint8)
    scl[:80] = 9
    result = run(tmp_path, {**as_bands(before), "scl": scl}, as_bands(after), offset="auto")
    assert result.value.statistics["dnbr_offset"] == pytest.approx(-0.03, abs=0.005)


@pytest.mark.thorough
@pytest.mark.parametrize("case", ["all burned", "all cloud", "one pixel", "bare"])
def test_too_little_to_tell_is_told_and_nothing_is_taken(tmp_path: Path, case: str) -> None:
    before, after, _ = scene(
        0.05,
        fire=1.0 if case == "all burned" else 0.0,
        shape=(1, 1) if case == "one pixel" else (90, 90),
    )
    pre = as_bands(before)
    if case == "all cloud":
        pre["scl"] = np.full(before.shape, 9, np.uint8)
    if case == "bare":
        pre = as_bands(np.full(before.shape, 0.02))
    result = run(tmp_path, pre, as_bands(after), offset="auto").value
    assert result.statistics["dnbr_offset"] == 0
    assert any("No offset could be found" in warning for warning in result.warnings)


def test_the_peak_must_hold_enough_pixels() -> None:
    histogram = np.zeros(BINS, np.int64)
    middle = BINS // 2
    histogram[middle + 30] = LEAST_PIXELS - 1
    assert find_offset(histogram) is None
    histogram[middle + 30] += 1
    assert find_offset(histogram) == (30 * STEP, LEAST_PIXELS)
    histogram[middle + 400] = 20 * LEAST_PIXELS  # a fire that left hardly anything
    assert find_offset(histogram) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [("much", "it is neither auto, none nor a number"), ("27", "0.5"), ("nan", "0.5")],
)
def test_a_bad_offset_is_an_error(text: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        OFFSET.read(text)
    assert [OFFSET.read(word).number for word in ("NONE", "auto", "-0.03")] == [0.0, None, -0.03]
