"""The simulated wildfire: a wooded hill country before, and after a fire of four severities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .ground import Cover, Ground, Place, hills
from .noise import Field, blur, fractal
from .optics import CHAR, Look, Spectrum, mixed, ripened, spectrum_of

PLACE = Place("fire", epsg=32626, left=471600.0, top=4653000.0)
MOMENT = "2024-07-20T14:00:00Z"
SEED = 20240720
# Of the green surface, the share that is char or scorched afterwards: low, moderate-low,
# moderate-high, high severity.
CHARRED = (0.28, 0.50, 0.66, 0.92)
_ZONES = (0.0, 0.14, 0.30, 0.50)
CLASS_EDGES = (0.10, 0.27, 0.44, 0.66)
"""Of dNBR: Key & Benson 2006, FIREMON, USDA RMRS-GTR-164-CD, table LA-2."""
UNBURNED = 3
"""Code of ``truth/severity.tif``; 4 to 7 are low to high severity, as in the maps that FirstLight
makes.
"""
DRYING = 0.05
"""By how much plants have dried between the last picture before and the one after the fire, all of
them.
"""


@dataclass(frozen=True)
class Burn:
    """The place before and after, and the truth."""

    ground: Ground
    before: Spectrum
    after: Spectrum
    dnbr: Field
    """By the fire alone, without margin: no drying, no noise, no light. NaN nowhere."""

    @property
    def severity(self) -> npt.NDArray[np.uint8]:
        """Class of each pixel, of the true dNBR."""
        found: npt.NDArray[np.uint8] = (UNBURNED + np.digitize(self.dnbr, CLASS_EDGES)).astype(
            np.uint8
        )
        return found


# Day → role and what the pass saw. Five days apart or a multiple: one relative orbit of two
# satellites.
PASSES = {
    "2024-06-28": ("before_early", Look((141.0, 66.0), 0.04, ("nw", 130, 240))),
    "2024-07-13": ("before", Look((143.5, 64.5), 0.0, ("nw", 120, 260))),
    "2024-07-23": ("after_cloudy", Look((145.5, 63.0), 0.93, ("nw", 125, 250))),
    "2024-07-28": ("after", Look((147.0, 62.0), 0.12, ("nw", 140, 230), haze=0.004)),
}


def burn(seed: int = SEED, charred: tuple[float, ...] = CHARRED, reach: float = 1.0) -> Burn:
    """Simulate the place; the same numbers each time.

    Parameters
    ----------
    seed : int
        Another one is another place of the same kind.
    charred : tuple of float
        Share of char in the four zones: how far a fire is from the limits of the classes.
    reach : float
        How far the fire got; of 1 it fills two fifths of the place.
    """
    rng = np.random.default_rng(seed)
    ground = _country(rng)
    before = spectrum_of(ground)
    share = _charred(ground, rng, charred, reach)
    dry = ripened(before, ground, DRYING)
    after = mixed(dry, share, CHAR)
    truth = _nbr(before) - _nbr(mixed(before, share, CHAR))
    return Burn(ground, before, after, np.asarray(PLACE.crop(truth), np.float32))


def surface_on(scene: Burn, day: str) -> Spectrum:
    """Reflectance of the ground on the day of a pass."""
    if day >= MOMENT[:10]:
        return scene.after
    return ripened(scene.before, scene.ground, 0.0 if day < "2024-07" else 0.02)


def _country(rng: np.random.Generator) -> Ground:
    side = PLACE.side
    height = 420 + hills(side, 130.0, rng)
    moist = fractal(
        (side, side), 1.5, rng, longest=220
    )  # meadows and clearings of some hundred metres, no large plains
    cover = np.full((side, side), Cover.FOREST, np.uint8)
    for kind, share in ((Cover.SHRUB, 0.34), (Cover.GRASS, 0.19), (Cover.BARE, 0.05)):
        cover[moist < np.quantile(PLACE.crop(moist), share)] = kind
    rows, cols = np.indices((side, side)) - PLACE.margin
    lake = ((rows - 585) / 48) ** 2 + ((cols - 190) / 85) ** 2 + 0.25 * moist < 1
    height[lake] = np.quantile(height[lake], 0.02)
    cover[lake] = Cover.WATER
    village = (abs(rows - 120) < 26) & (abs(cols - 600) < 34)
    cover[village] = Cover.GRASS
    cover[village & (rng.random((side, side)) < 0.45)] = Cover.BUILT
    return Ground(PLACE, blur(height, 1.5), cover, fractal((side, side), 0.8, rng))


def _charred(
    ground: Ground, rng: np.random.Generator, charred: tuple[float, ...], reach: float
) -> Field:
    """Share of each pixel that burned: zones of one severity each, soft over two or three pixels
    where they meet.
    """
    side = PLACE.side
    rows, cols = np.indices((side, side)) - PLACE.margin
    along, across = (
        (cols - 390) * 0.9 + (rows - 350) * 0.45,
        (rows - 350) * 0.9 - (cols - 390) * 0.45,
    )
    far = np.hypot(along / (330 * reach), across / (215 * reach))
    depth = 1 - far + 0.20 * fractal((side, side), 1.7, rng)
    zone = np.digitize(depth + 0.05 * fractal((side, side), 1.3, rng), _ZONES)
    share = np.array([0.0, *charred])[zone]
    share[fractal((side, side), 1.5, rng) > 1.9] = 0.0  # islands that the fire left out
    share[depth < -0.2] = 0.0  # no sparks far away
    share = blur(share, 1.0)
    share = np.where(
        share > 0.02, share + 0.02 * fractal((side, side), 1.0, rng) * np.sqrt(share), 0.0
    )
    share[np.isin(ground.cover, (Cover.BARE, Cover.BUILT, Cover.WATER))] = 0.0
    return np.clip(share, 0, 0.97)


def _nbr(surface: Spectrum) -> Field:
    return (surface["nir"] - surface["swir22"]) / (surface["nir"] + surface["swir22"])
