"""Areas with their interval and confidence of pixels, on simulated places whose truth is known.

The constants were set on places of the seeds 1000 to 1011; those of 1 to 50, which judge them here,
were not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.recipes.results import MapResult
from firstlight.core.settings import Settings
from support.rasters import read_band
from support.run import run_operation, small_tiles
from support.simulated_maps import SimulatedMap, simulated_fire, simulated_flood


def optical_flood(seed: int, folder: Path) -> SimulatedMap:
    return simulated_flood(seed, folder, radar=False)


def radar_flood(seed: int, folder: Path) -> SimulatedMap:
    return simulated_flood(seed, folder, radar=True)


KINDS: dict[str, tuple[Callable[[int, Path], SimulatedMap], str]] = {
    "burn-severity": (simulated_fire, "post"),
    "burned-area": (simulated_fire, "post"),
    "water": (optical_flood, "stack"),
    "sar-water": (radar_flood, "post"),
}


@dataclass(frozen=True)
class Judged:
    """One map against the truth, m² and pixels."""

    truth: float
    """Of what the sensor can see; blind places count as they are mapped."""
    all_truth: float
    result: MapResult
    sure: Any
    """Confidence of each observed pixel's own class, percent."""
    right: Any

    @property
    def covered(self) -> bool:
        found = self.result.figures.interval
        assert found is not None
        return found.low <= self.truth <= found.high


def judge(kind: str, seed: int, folder: Path, settings: Settings | None = None) -> Judged:
    make, after = KINDS[kind]
    place = make(seed, folder)
    run = run_operation(
        kind, settings or small_tiles(256), pre=place.pre, output=folder / "out",
        **{after: place.post},
    )  # fmt: skip
    result = run.value
    assert isinstance(result, MapResult)
    extent = result.figures.extents[0]
    codes = read_band(folder / "out" / f"{extent.layer.name}.tif")
    percent = read_band(folder / "out" / "confidence.tif")
    seen, mapped = codes != 255, np.isin(codes, extent.codes)
    assert np.array_equal(percent == 255, ~seen)
    known = place.truth & ~place.blind | (place.blind & mapped)
    sure = np.where(mapped, percent, 100 - percent.astype(int))[seen]
    return Judged(
        100.0 * float(known[seen].sum()), 100.0 * float(place.truth[seen].sum()), result, sure,
        (mapped == place.truth)[seen],
    )  # fmt: skip


@pytest.mark.thorough
@pytest.mark.parametrize(("kind", "seed"), [("burn-severity", 3), ("water", 8)])
def test_the_interval_holds_the_truth(kind: str, seed: int, tmp_path: Path) -> None:
    judged = judge(kind, seed, tmp_path)
    found = judged.result.figures.interval
    assert found is not None
    mapped = judged.result.figures.share_of(judged.result.figures.extents[0]).area_km2
    assert mapped is not None
    assert judged.covered
    assert found.low < 1e6 * mapped < found.high
    assert found.high - found.low < 1e6 * mapped, "half of the area is no statement"
    likely = read_band(tmp_path / "out" / "confidence.tif")
    assert found.expected == pytest.approx(likely[likely != 255].sum(dtype=float))
    told = judged.result.statistics["interval"]
    assert told["low_km2"] == pytest.approx(found.low / 1e6)
    assert told["percent"] == 95
    surest, unsure = judged.sure >= 99, (judged.sure >= 50) & (judged.sure < 70)
    assert judged.right[surest].mean() > 0.98 > 0.85 > judged.right[unsure].mean() > 0.25


def reliability(every: Iterable[Judged]) -> dict[int, float]:
    """Of the pixels in each ten percent of confidence, the percent that is right."""
    counts = np.zeros((2, 10))
    for one in every:
        place = np.minimum(one.sure // 10, 9)
        counts[0] += np.bincount(place, minlength=10)
        counts[1] += np.bincount(place, one.right, 10)
    return {10 * i: 100 * counts[1, i] / counts[0, i] for i in range(10) if counts[0, i]}


PLACES = {"burn-severity": 50, "burned-area": 50, "water": 50, "sar-water": 20}
"""Fewer for radar, whose speckle takes three times as long."""
AT_ONCE = 10
"""Places of a test: the fifty of a kind take minutes."""


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], list[Judged]]:
    """Kind and how many → the first places of the kind; each is mapped once."""
    known: dict[str, list[Judged]] = {kind: [] for kind in KINDS}

    def first(kind: str, count: int) -> list[Judged]:
        for seed in range(len(known[kind]) + 1, count + 1):
            known[kind].append(judge(kind, seed, tmp_path_factory.mktemp(kind)))
        return known[kind][:count]

    return first


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("kind", "count"),
    [(kind, count) for kind in KINDS for count in range(AT_ONCE, PLACES[kind] + 1, AT_ONCE)],
)
def test_of_many_places_most_intervals_hold_the_truth(
    kind: str, count: int, judged: Callable[[str, int], list[Judged]]
) -> None:
    every = judged(kind, count)
    assert sum(not one.covered for one in every) <= 0.1 * PLACES[kind]
    if count == PLACES[kind]:
        assert reliability(every)[90] > 97
    if kind == "sar-water":
        lows = [one.result.figures.interval for one in every]
        assert all(low and low.low <= one.all_truth for low, one in zip(lows, every))
