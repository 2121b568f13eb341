"""Maps of simulated places with their interval and confidence, judged by the known truth.

The constants of both were set on places of the seeds 1000 to 1011; those of 1 to 50, which judge
them here, were not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

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
    values: dict[str, Any] = {"pre": place.pre, after: place.post, "output": folder / "out"}
    run = run_operation(kind, settings or small_tiles(256), **values)
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


class JudgedPlaces:
    """The first places of a kind, as many as are asked for; each is mapped once.

    Parameters
    ----------
    folder : callable
        Name → a new folder.
    """

    def __init__(self, folder: Callable[[str], Path]) -> None:
        self._folder = folder
        self._known: dict[str, list[Judged]] = {}

    def first(self, kind: str, count: int) -> list[Judged]:
        known = self._known.setdefault(kind, [])
        for seed in range(len(known) + 1, count + 1):
            known.append(judge(kind, seed, self._folder(kind)))
        return known[:count]

    def check(self, kind: str, count: int) -> None:
        """Most intervals hold the truth; of all places, the surest pixels are right."""
        every = self.first(kind, count)
        assert sum(not one.covered for one in every) <= 0.1 * PLACES[kind]
        if count == PLACES[kind]:
            assert reliability(every)[90] > 97
        if kind == "sar-water":
            lows = [one.result.figures.interval for one in every]
            assert all(low and low.low <= one.all_truth for low, one in zip(lows, every))


def steps(*kinds: str) -> list[tuple[str, int]]:
    """Kind and number of places of each test."""
    return [(kind, count) for kind in kinds for count in range(AT_ONCE, PLACES[kind] + 1, AT_ONCE)]
