"""Water from radar on chips with a sensor's resolution: rivers, dry land, salt lakes, wind; and on
hand-labelled ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.algorithms.radar_water.levels import fixed_db
from firstlight.core.algorithms.radar_water.squares import Cut
from firstlight.core.algorithms.sar_water import RadarWaterSurvey, WaterMap
from firstlight.core.algorithms.speckle import SpeckleFilter
from firstlight.core.algorithms.threshold import CutOrigin, ThresholdMethod
from support.radar_chips import (
    Chip,
    fields,
    iou,
    make_resolved_chip,
    patches,
    river,
    wet,
)
from support.thorough import few

SHAPE = (320, 384)
MIXED = ("forest", "crops", "grass", "bare")
DRY = ("dry soil", "steppe", "grass", "stubble")
FARMS = ("crops", "grass", "bare", "stubble", "dry soil", "crops")


def find(chip: Chip, bands: Sequence[str] = ("vv", "vh")) -> tuple[Any, WaterMap]:
    """Water by the default method, and the map that found it."""
    values = {f"post.{band}": getattr(chip, band) for band in bands}
    start = {"post": Cut(fixed_db(bands), CutOrigin.FIXED)}
    survey = RadarWaterSurvey(
        WaterMap(tuple(bands), start, SpeckleFilter.REFINED_LEE), ThresholdMethod.KI
    )
    water = survey.settle(survey.tally(values))
    return water(values)[0] == 1, water


def over_land(land: Sequence[str], water: Any, surface: str, seed: int) -> Chip:
    return make_resolved_chip(patches(SHAPE, len(land), seed + 7), land, water, surface, seed)


@few(
    ("land", "width", "surface", "least"),
    [
        (MIXED, 9, "calm", 0.8),
        (DRY, 6, "calm", 0.55),
        (MIXED, 5, "calm", 0.65),
        (("forest", "grass"), 5, "water", 0.55),
    ],
    2,
)
def test_rivers_are_found(land: Sequence[str], width: float, surface: str, least: float) -> None:
    water = river(SHAPE, width, 5)
    assert 0.005 < water.mean() < 0.04
    found, _ = find(over_land(land, water, surface, 15))
    assert iou(found, water) >= least


@few("seed", [61, 60])
def test_a_river_between_dry_fields_is_found_and_they_are_not(seed: int) -> None:
    water = river(SHAPE, 7, seed)
    ground = fields(SHAPE, 24, len(FARMS), seed)
    found, _ = find(make_resolved_chip(ground, FARMS, water, "calm", seed))
    assert iou(found, water) >= 0.55
    assert found[~water].mean() < 0.01


@few(
    ("land", "bands"),
    [
        (DRY, ("vv", "vh")),
        (MIXED, ("vv",)),
        (MIXED, ("vv", "vh")),
        (DRY, ("vv",)),
        *(
            (land, bands)
            for land in (("forest",), ("crops", "grass", "stubble"))
            for bands in (("vv", "vh"), ("vv",))
        ),
    ],
    2,
)
def test_there_is_none_on_dry_land(land: Sequence[str], bands: Sequence[str]) -> None:
    found, _ = find(over_land(land, np.zeros(SHAPE, bool), "calm", 20), bands)
    assert found.mean() < 0.003


def test_there_is_none_on_dry_fields() -> None:
    ground = fields(SHAPE, 24, len(FARMS), 60)
    found, _ = find(make_resolved_chip(ground, FARMS, np.zeros(SHAPE, bool), "calm", 60))
    assert found.mean() < 0.006


def test_a_salt_lake_does_not_flood_its_shores() -> None:
    """Salt flats are as dark as the fixed threshold, and a dark hump of their own."""
    lake = wet(SHAPE, 0.15, 9)
    found, water = find(over_land(("salt flat", "salt crust", "steppe"), lake, "deep", 42))
    assert water.cuts["post"].threshold_db < -21
    assert iou(found, lake) >= 0.75


@few(
    ("share", "surface", "least"),
    [
        (0.3, "water", 0.9),
        (0.3, "murky", 0.6),
        (0.3, "sea wind", 0.8),
        (0.08, "water", 0.7),
        (0.3, "light wind", 0.85),
        (0.85, "water", 0.95),
        (1.0, "water", 0.99),
        (1.0, "sea wind", 0.97),
    ],
    3,
)
def test_lakes_and_floods_are_found(share: float, surface: str, least: float) -> None:
    water = wet(SHAPE, share, 5, 60 if share > 0.1 else 30)
    found, _ = find(over_land(MIXED, water, surface, 1))
    assert iou(found, water) >= least


def labelled(folder: Path, name: str) -> tuple[Chip, Any, Any]:
    import rasterio

    with rasterio.open(folder / f"{name}_S1.tif") as source:
        vv, vh = source.read().astype(np.float32)
    with rasterio.open(folder / f"{name}_label.tif") as source:
        label = source.read(1)
    return Chip(vv, vh, label == 1), label == 1, label >= 0


@pytest.mark.parametrize(("name", "most_false"), [("Ghana_97059", 0.001), ("Spain_6860600", 0.001)])
def test_hand_labelled_land_is_dry(
    shared: Callable[[str], Path], name: str, most_false: float
) -> None:
    """A savanna, and farm land with an airport, whose ponds of a few pixels no radar resolves."""
    chip, water, known = labelled(shared("s1-hand-labelled"), name)
    found, _ = find(chip)
    assert found[known & ~water].mean() <= most_false


def test_flooded_crops_that_radar_shows_as_land_are_doubted(shared: Callable[[str], Path]) -> None:
    """Two thirds of the picture are labelled water from an optical scene, most of it at the level
    of land in both polarisations: no threshold parts them. What is found is right, and the map says
    that more may be there.
    """
    chip, water, known = labelled(shared("s1-hand-labelled"), "Pakistan_849790")
    found, settled = find(chip)
    assert settled.cuts["post"].is_doubtful
    assert water[known & found].mean() >= 0.88
    assert iou(found, water, known) >= 0.2
    levels = [float(np.median(chip.vh[known & place])) for place in (water, ~water)]
    assert levels[1] - levels[0] < 3


def test_a_lake_with_clear_shores_is_not_doubted() -> None:
    _, settled = find(over_land(MIXED, wet(SHAPE, 0.3, 5), "water", 1))
    assert settled.cuts["post"].origin == CutOrigin.SQUARES
    assert not settled.cuts["post"].is_doubtful
