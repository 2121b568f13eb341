"""How well both ways of mapping water do on the simulated flood, whose truth is known: the limits
that they have to keep.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.settings import Settings
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.types import Radiometry
from support.events import sample_module, simulated_event
from support.radar_chips import iou
from support.rasters import read_band
from support.run import run_operation
from support.stacks import CLASS, S2
from support.thorough import few

pytestmark = pytest.mark.thorough
"""The simulated events take half a minute to be made."""

POWER = Radiometry(1.0, 0.0, 0.0, "power")


def truth(name: str) -> Any:
    return read_band(simulated_event("flood").truth[name])


def run(name: str, output: Path, **params: Any) -> Any:
    run_operation(name, Settings(workers=2), output=output, **params)
    return {path.stem: read_band(path) for path in output.glob("*.tif")}


def stack(folder: Path, role: str) -> Path:
    scene = simulated_event("flood").scene(role)
    names = ("vv", "vh") if "radar" in role else ("green", "nir", "swir16", "scl")
    rules = {"vv": POWER, "vh": POWER, "scl": CLASS}
    sources = {
        name: BandSource(scene.bands[name], radiometry=rules.get(name, S2), is_class=name == "scl")
        for name in names
    }
    day = str(scene.item["properties"]["datetime"])
    create_band_stack(
        sources, folder / f"{role}.vrt", band_order=list(names), tags={"datetime": day}
    )
    return folder / f"{role}.vrt"


def all_water(after: bool = True) -> Any:
    return (truth("permanent_water") == 1) | ((truth("flooded") == 1) & after)


def dark_land() -> Any:
    codes = sample_module("ground").Cover
    covered = np.isin(truth("cover"), (codes.SAND, codes.TARMAC))
    return (
        covered | (truth("radar_shadow_descending") == 1) | (truth("radar_shadow_ascending") == 1)
    )


def test_radar_finds_the_flood(tmp_path: Path) -> None:
    made = run(
        "sar-water",
        tmp_path / "out",
        post=stack(tmp_path, "radar_after"),
        pre=stack(tmp_path, "radar_before"),
    )
    seen = made["flooded"] != 255
    flooded = truth("flooded") == 1  # not under trees, which radar shows brighter
    assert seen.mean() > 0.95
    assert iou(made["flooded"] == 1, flooded, seen) >= 0.9
    assert ((made["flooded"] == 1) & ~flooded)[seen].mean() < 0.01


@few(("method", "least"), [("ki", 0.9), ("otsu", 0.8)])
def test_radar_finds_water_without_a_date_before(tmp_path: Path, method: str, least: float) -> None:
    water = run("sar-water", tmp_path / "out", post=stack(tmp_path, "radar_after"), method=method)[
        "water"
    ]
    seen = water != 255
    assert iou(water == 1, all_water(), seen) >= least
    others = seen & ~all_water() & ~dark_land()
    assert (water == 1)[others].mean() < 0.01


def test_radar_finds_a_river_in_much_land(tmp_path: Path) -> None:
    """3 % water. Sand, tarmac and radar shadow are as dark, and more than a third as large: no
    threshold would tell them apart.
    """
    water = run("sar-water", tmp_path / "out", post=stack(tmp_path, "radar_before"))["water"]
    seen = (water != 255) & ~dark_land()
    assert iou(water == 1, all_water(after=False), seen) >= 0.85


@pytest.mark.thorough
def test_radar_shows_no_flood_where_there_is_none(tmp_path: Path) -> None:
    made = run(
        "sar-water",
        tmp_path / "out",
        post=stack(tmp_path, "radar_before"),
        pre=stack(tmp_path, "radar_before_early"),
    )
    assert (made["flooded"] == 1).sum() < 0.005 * (made["flooded"] != 255).sum()


@few(("method", "least"), [("mndwi", 0.97), ("ndwi", 0.93)])
def test_optical_water_needs_no_date_before(tmp_path: Path, method: str, least: float) -> None:
    """The flood between two dates is in test_optical_water.py."""
    water = run("water", tmp_path / "out", stack=stack(tmp_path, "after"), method=method)["water"]
    seen = (water != 255) & (
        truth("hidden_after") == 0
    )  # neither cloud nor shadow, known to the mask or not
    assert seen.mean() > 0.25
    assert iou(water == 1, all_water(), seen) >= least
