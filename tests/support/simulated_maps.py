"""Simulated fires and floods of any seed with known truth, as stacks that maps are made of.

Places, light, noise, cloud, the size of the event and how far it lies from the limits of classes
are drawn by the seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from firstlight.core.enums import Unit
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.types import Radiometry

from .events import sample_module
from .rasters import write_raster
from .stacks import CLASS, S2

POWER = Radiometry(1.0, 0.0, -32768.0, Unit.POWER)
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class SimulatedMap:
    """Stacks of two dates, and what is true."""

    pre: Path
    post: Path
    truth: Bools
    """What the map is to show, at 10 m."""
    blind: Bools
    """Water that looks like land to radar: more than a tenth of it rough with wind, or more than a
    sixth of the pixel plants that stand out of it. None for optical sensors.
    """


def simulated_fire(seed: int, folder: Path) -> SimulatedMap:
    """A fire, seen by Sentinel-2 before and after."""
    fire, optics = sample_module("fire"), sample_module("optics")
    drawn = np.random.default_rng([seed, 1])
    reach, strength = drawn.uniform(0.35, 1.1), drawn.uniform(0.75, 1.25)
    charred = tuple(min(0.97, strength * share) for share in fire.CHARRED)
    scene = fire.burn(seed, charred, reach)
    stacks: list[Path] = []
    looks = (fire.PASSES["2024-07-13"][1], fire.PASSES["2024-07-28"][1])
    for day, look in zip(("2024-07-13", "2024-07-28"), looks):
        seen = replace(look, cloud=drawn.uniform(0, 0.3), haze=drawn.uniform(0, 0.008))
        rng = np.random.default_rng([seed, 2, len(stacks)])
        surface = fire.surface_on(scene, day)
        picture = optics.take_picture(scene.ground, surface, seen, rng, drawn.uniform(0.7, 2.0))
        stacks.append(_optical_stack(folder / day, picture, ("nir", "swir16", "swir22")))
    truth = scene.dnbr >= fire.CLASS_EDGES[0]
    return SimulatedMap(stacks[0], stacks[1], truth, np.zeros_like(truth))


def simulated_flood(seed: int, folder: Path, radar: bool) -> SimulatedMap:
    """A flood, seen by Sentinel-2 or Sentinel-1 before and after; under trees neither sees water,
    and it is no part of the truth.
    """
    flood, optics, sar = (sample_module(name) for name in ("flood", "optics", "radar"))
    drawn = np.random.default_rng([seed, 3])
    scene = flood.flood(seed, drawn.uniform(2.2, 4.2))
    days = ("2024-10-09", "2024-10-21") if radar else ("2024-10-12", "2024-10-22")
    stacks: list[Path] = []
    for day in days:
        rng = np.random.default_rng([seed, 4 + radar, len(stacks)])
        if radar:
            seen = flood.RADAR_PASSES[day][1]
            seen = replace(seen, wetness_db=drawn.uniform(0, 1.5) if stacks else 0.0)
            bands, _ = sar.take_radar(scene.ground, flood.radar_levels(scene, day), seen, rng)
            stacks.append(_stack(folder / day, bands, POWER, -32768.0))
            continue
        look = flood.OPTICAL_PASSES[day][1]
        look = replace(look, cloud=drawn.uniform(0, 0.3), haze=drawn.uniform(0, 0.008))
        surface = flood.optical_surface(scene, day)
        picture = optics.take_picture(scene.ground, surface, look, rng, drawn.uniform(0.7, 2.0))
        stacks.append(_optical_stack(folder / day, picture, ("green", "swir16")))
    truth = scene.flooded == 1
    blind = (scene.wind > 0.1) | (scene.standing > 1 / 6)
    return SimulatedMap(
        stacks[0], stacks[1], truth, truth & flood.PLACE.crop(blind) & np.bool_(radar)
    )


def _optical_stack(folder: Path, picture: Any, names: tuple[str, ...]) -> Path:
    coarse = picture.valid.reshape(len(picture.valid) // 2, 2, -1, 2).all(axis=(1, 3))
    bands = {}
    for name in names:
        field = picture.reflectance[name]
        stored = np.clip(np.round((field + 0.1) * 10000), 1, 65535)
        valid = picture.valid if field.shape == picture.valid.shape else coarse
        bands[name] = np.where(valid, stored, 0).astype(np.uint16)
    return _stack(folder, {**bands, "scl": picture.scl}, S2, 0)


def _stack(
    folder: Path, bands: Mapping[str, npt.NDArray[Any]], rule: Radiometry, nodata: float
) -> Path:
    side = max(len(pixels) for pixels in bands.values())
    sources = {}
    for name, pixels in bands.items():
        path = write_raster(
            folder / f"{name}.tif", pixels, nodata=nodata, resolution=10.0 * side / len(pixels)
        )
        is_class = name == "scl"
        sources[name] = BandSource(
            path, radiometry=replace(CLASS, nodata=0) if is_class else rule, is_class=is_class
        )
    stack = folder / "s.vrt"
    create_band_stack(sources, stack, band_order=list(sources), tags={})
    return stack
