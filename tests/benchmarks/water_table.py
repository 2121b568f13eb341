"""Which way of mapping water from radar finds simulated water best: a table of overlap, or of false
area where there is none.

    python tests/benchmarks/water_table.py [--seeds 2] [--size 512]

Chips are simulated (tests/support/radar_chips.py): mixed land, wind, gamma speckle of 4.4 looks,
texture, a gradient of incidence. Each row is the mean over seeds; "all" is the mean overlap of the
rows with water. Lower in the table: floods against a date before.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from firstlight.core.algorithms.radar_water.levels import fixed_db
from firstlight.core.algorithms.radar_water.squares import Cut
from firstlight.core.algorithms.sar_water import RadarWaterSurvey, WaterMap
from support.radar_chips import Chip, iou, make_chip, wet

BOTH = ("vv", "vh")
WAYS = {  # title: polarisations, method, speckle filter
    "ki": (BOTH, "ki", "refined-lee"),
    "otsu": (BOTH, "otsu", "refined-lee"),
    "fixed": (BOTH, "fixed", "refined-lee"),
    "ki, vv": (("vv",), "ki", "refined-lee"),
    "ki, vh": (("vh",), "ki", "refined-lee"),
    "ki, lee": (BOTH, "ki", "lee"),
    "ki, none": (BOTH, "ki", "none"),
}
LANDS = (("forest", "crops", "grass", "bare"), ("forest", "bare"), ("town", "grass"), ("crops",))


def chips(shape: tuple[int, int], seed: int) -> Iterator[tuple[str, Chip]]:
    """The chips of one seed, named."""
    for surface in ("calm", "water", "breeze", "wind"):
        yield f"30 % water, {surface}", make_chip(wet(shape, 0.3, seed), seed, surface=surface)
    for share in (0.05, 0.01):
        yield f"{share:.0%} water", make_chip(wet(shape, share, seed, 30), seed)
    for surface in ("water", "wind"):
        yield f"97 % water, {surface}", make_chip(wet(shape, 0.97, seed), seed, surface=surface)
    for surface in ("water", "breeze", "wind"):
        yield f"all water, {surface}", make_chip(wet(shape, 1.0, seed), seed, surface=surface)
    yield "20 % water, bare land", make_chip(wet(shape, 0.2, seed), seed, ("bare",))
    yield (
        "20 % water, sand",
        make_chip(wet(shape, 0.2, seed), seed, ("crops", "grass", "sand", "forest")),
    )
    for land in LANDS:
        yield f"no water: {', '.join(land)}", make_chip(wet(shape, 0.0, seed), seed, land)


def floods(shape: tuple[int, int], seed: int) -> Iterator[tuple[str, Chip, Chip]]:
    """Pairs of one seed, named."""
    for before, after, surface in (
        (0.1, 0.3, "calm"),
        (0.1, 0.3, "water"),
        (0.1, 0.3, "breeze"),
        (0.02, 0.1, "water"),
    ):
        first, second = (
            make_chip(wet(shape, share, seed), seed, surface=surface) for share in (before, after)
        )
        # The same land on both dates, seen with other speckle.
        other = make_chip(first.water, seed, surface=surface, speckle_seed=seed + 500)
        yield f"flood, {before:.0%} to {after:.0%}, {surface}", other, second


def solve(dates: dict[str, Chip], way: tuple[Sequence[str], str, str]) -> tuple[Any, ...]:
    """The layers."""
    bands, method, speckle = way
    values = {
        f"{date}.{band}": getattr(chip, band) for date, chip in dates.items() for band in BOTH
    }
    water = WaterMap(
        tuple(bands),
        dict.fromkeys(dates, Cut(fixed_db(bands), "fixed")),
        speckle,
        compared=len(dates) > 1,
    )
    if method != "fixed":
        survey = RadarWaterSurvey(water, method)
        water = survey.settle(survey.tally(values))
    return water(values)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--size", type=int, default=512)
    given = parser.parse_args()
    shape = (given.size, given.size)
    rows: dict[str, list[list[float]]] = {}
    for seed in range(1, given.seeds + 1):
        for name, chip in chips(shape, seed):
            found = [solve({"post": chip}, way)[0] == 1 for way in WAYS.values()]
            wet_one = bool(chip.water.any())
            rows.setdefault(name, []).append(
                [iou(one, chip.water) if wet_one else 100 * one.mean() for one in found]
            )
        for name, before, after in floods(shape, seed):
            found = [solve({"post": after, "pre": before}, way)[1] == 1 for way in WAYS.values()]
            rows.setdefault(name, []).append(
                [iou(one, after.water & ~before.water) for one in found]
            )
    print(f"| overlap (IoU) | {' | '.join(WAYS)} |")
    print(f"|---|{'---|' * len(WAYS)}")
    for name, figures in rows.items():
        figure = "{:.2f} %" if name.startswith("no water") else "{:.3f}"
        means = np.mean(figures, axis=0)
        print(f"| {name} | {' | '.join(figure.format(mean) for mean in means)} |")
    groups = {
        "all with water": [n for n in rows if "% water" in n or "all" in n],
        "all floods": [n for n in rows if "flood" in n],
    }
    for title, names in groups.items():
        means = np.mean([np.mean(rows[name], axis=0) for name in names], axis=0)
        print(f"| **{title}** | {' | '.join(f'{one:.3f}' for one in means)} |")


if __name__ == "__main__":
    main()
