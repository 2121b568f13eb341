"""What Sentinel-1 sees of the ground: terrain-corrected gamma nought of both polarisations, with
speckle, noise and shadow.

The levels are rounded means of C-band land cover in the Sentinel-1 global backscatter model
(Bauer-Marschallinger et al. 2021, doi:10.1038/s41597-021-01059-7) and, where that has no such
class, a judgement: sand, tarmac, rough and flooded surfaces. ESA promises a noise floor of at most
-22 dB (Sentinel-1 product definition); what it delivers lies some decibels lower.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .ground import PIXEL_M, Cover, Ground
from .noise import Field, blur, fractal, speckle
from .optics import outside

NODATA = -32768.0
POLARISATIONS = ("vv", "vh")
GAMMA0_DB: dict[Cover, tuple[float, float]] = {
    Cover.FOREST: (-7.5, -13.0),
    Cover.SHRUB: (-10.0, -16.0),
    Cover.GRASS: (-11.0, -17.5),
    Cover.CROP: (-10.5, -17.0),
    Cover.BARE: (-12.0, -20.0),
    Cover.SAND: (-17.5, -25.5),
    Cover.TARMAC: (-18.5, -27.0),
    Cover.BUILT: (-3.0, -10.0),
    Cover.WATER: (-22.0, -30.0),
}
ROUGH_WATER_DB = (-13.5, -24.0)
"""Under wind: VV rises much more than VH."""
FLOODED_FOREST_DB = (-4.5, -12.0)
"""Double bounce between water and stems: brighter than the dry forest, not darker."""
NOISE_DB = (-27.0, -30.0)
"""Of the receiver: what is left of it where its mean has not been taken off."""
INCIDENCE_DEG = 39.0
LAND_TEXTURE_DB = 0.8
BORDER_PIXELS = 3
"""Dark noise along the edge of the swath that the product's cleaning has missed."""


@dataclass(frozen=True)
class Pass:
    """One pass of the radar."""

    state: str
    """ascending or descending."""
    corner: tuple[str, int, int]
    """As in ``optics.Look``."""
    wetness_db: float = 0.0
    """Wet soil and leaves scatter this much more."""


def take_radar(
    ground: Ground, levels: dict[str, Field], seen: Pass, rng: np.random.Generator
) -> tuple[dict[str, npt.NDArray[np.float32]], npt.NDArray[np.bool_]]:
    """Linear power of each polarisation, and where nothing but noise comes back because the slope
    in front hides it.

    Parameters
    ----------
    levels : dict
        Polarisation → gamma nought in dB without noise, with margin, as :func:`levels_of` gives it.
    """
    place = ground.place
    hidden = place.crop(radar_shadow(ground.height, seen.state)).astype(bool)
    border = outside(place.size, seen.corner)
    reach = tuple(side + BORDER_PIXELS for side in seen.corner[1:])
    dirty = outside(place.size, (seen.corner[0], reach[0], reach[1])) & ~border
    found = {}
    for polarisation, noise_db in zip(POLARISATIONS, NOISE_DB):
        land = ~np.isin(ground.cover, [Cover.WATER])
        level = levels[polarisation] + seen.wetness_db * land
        # The sensor's resolution is twice the pixel's size: edges are soft.
        power = blur(np.asarray(place.crop(10 ** (level / 10)), np.float64), 0.8)
        power[hidden | dirty] = 0.0
        power = (power + 10 ** (noise_db / 10)) * speckle(power.shape, rng)
        power[border] = NODATA
        found[polarisation] = power.astype(np.float32)
    return found, hidden


def levels_of(ground: Ground, rng: np.random.Generator) -> dict[str, Field]:
    """Gamma nought of the dry land in dB, with margin: level of the cover, texture of the land,
    buildings that glitter.
    """
    table = np.zeros((len(Cover) + 1, 2))
    for cover, values in GAMMA0_DB.items():
        table[cover] = values
    texture = LAND_TEXTURE_DB * fractal(ground.cover.shape, 0.7, rng)
    texture[np.isin(ground.cover, [Cover.WATER])] = 0.0
    glitter = np.where(
        ground.cover == Cover.BUILT, rng.gamma(0.8, 5.0, ground.cover.shape) - 4.0, 0.0
    )
    return {
        name: table[ground.cover, i] + texture + glitter for i, name in enumerate(POLARISATIONS)
    }


def radar_shadow(height: Field, state: str) -> npt.NDArray[np.bool_]:
    """Where higher ground stands between the satellite and the pixel.

    A right-looking satellite that descends looks west, an ascending one east; rows stand for its
    lines of sight.
    """
    heights = (
        height[:, ::-1] if state == "descending" else height
    )  # now the beam comes from the left, going down
    drop = PIXEL_M / np.tan(np.radians(INCIDENCE_DEG)) * np.arange(height.shape[1])
    ray = heights + drop
    shadow: npt.NDArray[np.bool_] = np.maximum.accumulate(ray, axis=1) > ray + 0.01
    return shadow[:, ::-1] if state == "descending" else shadow
