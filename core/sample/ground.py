"""The pixels of the sample: a country of woods and meadows, before and after a fire, under some
cloud.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.float32]

SIDE = 400
"""Pixels of 10 m a side."""
SEED = 20240720
COARSE = ("swir16", "swir22", "scl")
"""Bands of 20 m."""
MEADOW = {"blue": 0.04, "green": 0.07, "red": 0.05, "nir": 0.38, "swir16": 0.20, "swir22": 0.10}
WOOD = {"blue": 0.02, "green": 0.04, "red": 0.025, "nir": 0.28, "swir16": 0.12, "swir22": 0.055}
CHAR = {"blue": 0.05, "green": 0.06, "red": 0.07, "nir": 0.10, "swir16": 0.22, "swir22": 0.25}
"""Reflectance, rounded from the ECOSTRESS spectral library (doi:10.1016/j.rse.2019.05.015) and
Sentinel-2 scenes.
"""
CLOUD = 0.75
ZONES = ((0.0, 0.28), (0.14, 0.50), (0.30, 0.66), (0.50, 0.92))
"""Depth in the fire from which on a share of the ground is char: low, moderate-low, moderate-high
and high severity.
"""
FIELDS = SIDE // 4 + 1
NOISE = 0.003
"""Of a band's reflectance, one standard deviation."""
PLANTS, BARE, CLOUDY = 4, 5, 9
"""Codes of Sentinel-2's scene classification."""


@dataclass(frozen=True)
class PassLook:
    """What one pass saw."""

    burned: bool
    cloud: float
    """Share of the square."""


def picture(look: PassLook, number: int) -> Mapping[str, npt.NDArray[np.float32]]:
    """Reflectance of each band, and the scene classification; the same numbers each time.

    Parameters
    ----------
    number : int
        Of the pass: each has noise and clouds of its own.
    """
    ground = np.random.default_rng(SEED)
    wood = np.clip(0.5 + 1.6 * fractal(ground, 64), 0, 1)
    # Fields, rocks and trees of 40 m: on ground without them nothing tells how bands lie.
    fields = _stretch(np.random.default_rng([SEED, FIELDS]).normal(size=(FIELDS, FIELDS)))
    texture: Field = 1 + 0.06 * fractal(ground, 60) + 0.06 * fields.astype(np.float32)
    burned = _charred(ground)
    rng = np.random.default_rng([SEED, number])
    cloudy = _cloudy(rng, look.cloud)
    bands: dict[str, npt.NDArray[np.float32]] = {}
    for name in MEADOW:
        values = (wood * WOOD[name] + (1 - wood) * MEADOW[name]) * texture
        if look.burned:
            values = (1 - burned) * values + burned * CHAR[name]
        values = np.where(cloudy, CLOUD * texture, values)
        values = np.maximum(values + rng.normal(0, NOISE, values.shape), 0.001)
        bands[name] = _halve(values) if name in COARSE else values.astype(np.float32)
    classes = np.full((SIDE, SIDE), PLANTS)
    if look.burned:
        classes[burned > 0.4] = BARE
    coarse = classes[::2, ::2]
    # A pixel of 20 m that cloud touches is cloud: its reflectance is mixed.
    coarse[cloudy.reshape(SIDE // 2, 2, SIDE // 2, 2).any(axis=(1, 3))] = CLOUDY
    bands["scl"] = coarse.astype(np.float32)
    return bands


def fractal(rng: np.random.Generator, finest: int = 32) -> Field:
    """Hills of all sizes around 0, mostly within ±1."""
    total = np.zeros((SIDE, SIDE))
    weight, cells = 1.0, 3
    while cells <= finest:
        total += weight * _stretch(rng.normal(size=(cells + 1, cells + 1)))
        weight, cells = weight * 0.55, cells * 2
    return (total / 1.6).astype(np.float32)


def _stretch(small: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Interpolate between the points of a coarse grid."""
    places, fine = np.arange(len(small)), np.linspace(0, len(small) - 1, SIDE)
    rows = np.array([np.interp(fine, places, row) for row in small])
    stretched: npt.NDArray[np.float64] = np.array(
        [np.interp(fine, places, column) for column in rows.T]
    )
    turned: npt.NDArray[np.float64] = stretched.T
    return turned


def _charred(rng: np.random.Generator) -> Field:
    """Share of each pixel that is char: a patch with a ragged rim, worst in its middle."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE - 0.5
    depth = 0.55 - 1.9 * np.hypot(x, 1.25 * y) + 0.28 * fractal(rng)
    share = np.zeros((SIDE, SIDE), np.float32)
    for edge, amount in ZONES:
        share[depth > edge] = amount
    return share


def _cloudy(rng: np.random.Generator, share: float) -> npt.NDArray[np.bool_]:
    """Clouds that cover a share of the square."""
    height = fractal(rng)
    found: npt.NDArray[np.bool_] = height > np.quantile(height, 1 - share)
    return found if share else np.zeros_like(found)


def _halve(values: npt.NDArray[np.float64]) -> Field:
    halved = values.reshape(SIDE // 2, 2, SIDE // 2, 2).mean(axis=(1, 3))
    return np.asarray(halved, np.float32)
