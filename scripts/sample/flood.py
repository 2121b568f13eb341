"""The simulated flood: a river in its plain before, and the plain under water after; for two
sensors, with its heights.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .ground import PIXEL_M, Cover, Ground, Place, hills, parcels
from .noise import Field, blur, fill_from, fractal
from .optics import MUDDY_WATER, Look, Spectrum, mixed, spectrum_of
from .radar import FLOODED_FOREST_DB, GAMMA0_DB, POLARISATIONS, ROUGH_WATER_DB, Pass, levels_of

PLACE = Place("flood", epsg=32627, left=558600.0, top=5042400.0)
MOMENT = "2024-10-20T03:00:00Z"
SEED = 20241020
STAGE_M = 3.2
"""Of the flood above the river's usual level."""
FALL = 0.0006
"""Of the river: metres per metre eastwards."""
PLAIN_M = 1350.0
"""From the river to the foot of the hills, about."""
HALF_RIVER_M = 48.0
CANOPY_M, ROOFS_M, HEIGHT_NOISE_M = 9.0, 4.0, 0.6
"""What a surface model by radar shows of forest and houses, and its own error (Copernicus DEM
product handbook: below 4 m).
"""


@dataclass(frozen=True)
class Flood:
    """The place, how deep it lies under water after the rain, and the truth without margin."""

    ground: Ground
    depth: Field
    """Of the flood, metres, with margin; 0 where dry and on the river itself."""
    wind: Field
    """Share of rough water, 0..1, with margin, on the day of the radar's pass after the flood."""
    surface_model: Field
    """Heights as an elevation model gives them, with margin: canopy, roofs, flat water, noise."""
    seed: int = SEED

    @property
    def permanent(self) -> npt.NDArray[np.uint8]:
        """1 where there is water all year."""
        return np.asarray(PLACE.crop(self.ground.cover == Cover.WATER), np.uint8)

    @property
    def flooded(self) -> npt.NDArray[np.uint8]:
        """0 dry or permanent water, 1 flooded, 2 flooded under trees."""
        under = np.where(self.ground.cover == Cover.FOREST, 2, 1)
        return np.asarray(PLACE.crop(np.where(self.depth > 0, under, 0)), np.uint8)

    def on(self, day: str) -> Flood:
        """The flood as it stands on a day."""
        return replace(self, depth=np.maximum(self.depth - FALLEN_M.get(day, 0.0), 0.0))

    @property
    def standing(self) -> Field:
        """Share of plants above the flood, with margin: in October, after harvest and mowing, they
        are 12 cm high on average.
        """
        low = np.isin(self.ground.cover, (Cover.CROP, Cover.GRASS, Cover.SHRUB))
        return np.where(low & (self.depth > 0), 0.5 * np.exp(-self.depth / 0.12), 0.0)


OPTICAL_PASSES = {
    "2024-09-27": ("before_early", Look((161.0, 41.5), 0.0, ("se", 200, 110))),
    "2024-10-12": ("before", Look((163.0, 36.0), 0.06, ("se", 190, 120))),
    "2024-10-22": ("after", Look((164.5, 32.5), 0.35, ("se", 210, 105), haze=0.005)),
}
# The radar comes back to the same line of sight every 12 days; the ascending one looks from the
# other side.
RADAR_PASSES = {
    "2024-09-27": ("radar_before_early", Pass("descending", ("ne", 90, 520))),
    "2024-10-09": ("radar_before", Pass("descending", ("ne", 90, 520))),
    "2024-10-15": ("radar_other_side", Pass("ascending", ("nw", 70, 610))),
    "2024-10-21": ("radar_after", Pass("descending", ("ne", 90, 520), wetness_db=1.0)),
    "2024-11-02": ("radar_falling", Pass("descending", ("ne", 90, 520), wetness_db=0.5)),
    "2024-11-14": ("radar_low", Pass("descending", ("ne", 90, 520))),
}
FALLEN_M = {"2024-11-02": 1.2, "2024-11-14": 2.4}
"""How far the water has gone down by the day of a pass."""


def flood(seed: int = SEED, stage_m: float = STAGE_M) -> Flood:
    """Simulate the place; the same numbers each time.

    Parameters
    ----------
    seed : int
        Another one is another place of the same kind.
    stage_m : float
        Of the flood above the river's usual level.
    """
    rng = np.random.default_rng(seed)
    side = PLACE.side
    rows, cols = np.indices((side, side)) - PLACE.margin
    from_river = _distance(cols, rows, rng)
    level = 122.0 - FALL * PIXEL_M * cols
    foot = PLAIN_M + 260 * fractal((side, side), 1.6, rng)
    # Amplitude falls with frequency to the power of 1.7: a Hurst exponent of 0.7, as of land from
    # afar and near.
    above = 1.3 + 0.0022 * from_river + 0.55 * fractal((side, side), 1.7, rng)
    beyond = np.maximum(from_river - foot, 0)
    above += 200 * (1 - np.exp(-beyond / 1600)) + np.clip(beyond / 400, 0, 1) * np.maximum(
        hills(side, 16.0, rng), -0.05 * beyond
    )
    above = np.maximum(above, 0.3)
    # A quarry's wall, high and steep enough for the radar not to see its foot.
    quarry = (rows > 560) & (rows < 700) & (cols > 420) & (cols < 600)
    above += np.where(quarry, 110 / (1 + np.exp(-np.clip((cols - 520) / 0.7, -40, 40))), 0.0)
    lake = ((rows - 160) / 34) ** 2 + ((cols - 560) / 62) ** 2 < 1
    above[lake] = np.median(above[lake])
    river = from_river < HALF_RIVER_M
    cover = _cover(from_river, foot, above, rng)
    cover[lake | river] = Cover.WATER
    water = lake | river
    above = np.where(water, above, blur(above, 1.0))
    above[river] = 0.0
    wet = fill_from(river, (above < stage_m) | river)
    depth = np.where(wet & ~water, stage_m - above, 0.0)
    gust = (
        1 - np.hypot((rows - 400) / 45, (cols - 590) / 65) + 0.35 * fractal((side, side), 1.4, rng)
    )
    wind = np.clip(gust / 0.3, 0, 1)
    height = level + above
    tall = CANOPY_M * (cover == Cover.FOREST) + ROOFS_M * (cover == Cover.BUILT)
    noisy = height + blur(tall, 1.5) + HEIGHT_NOISE_M * fractal((side, side), 1.0, rng)
    model = np.where(water, height, noisy)
    ground = Ground(PLACE, height, cover, fractal((side, side), 0.8, rng))
    return Flood(ground, depth, wind, model, seed)


def optical_surface(scene: Flood, day: str) -> Spectrum:
    """Reflectance of the ground on the day of a pass; plants stand out of shallow water."""
    dry = spectrum_of(scene.ground)
    if day < MOMENT[:10]:
        return dry
    forest = scene.ground.cover == Cover.FOREST
    under = np.where(scene.depth > 0, np.where(forest, 0.12, 1 - scene.standing), 0.0)
    muddy = np.where(scene.ground.cover == Cover.WATER, 0.8, under)
    return mixed(dry, muddy, MUDDY_WATER)


def radar_levels(scene: Flood, day: str) -> dict[str, Field]:
    """Gamma nought in dB without noise on the day of a pass."""
    # Fields and trees scatter alike on all days; only water and wetness change.
    dry = levels_of(scene.ground, np.random.default_rng(scene.seed + 1))
    if day < MOMENT[:10]:
        return dry
    scene = scene.on(day)
    wet, forest = scene.depth > 0, scene.ground.cover == Cover.FOREST
    water = (wet & ~forest) | (scene.ground.cover == Cover.WATER)
    found = {}
    for i, name in enumerate(POLARISATIONS):
        calm, rough = 10 ** (GAMMA0_DB[Cover.WATER][i] / 10), 10 ** (ROUGH_WATER_DB[i] / 10)
        smooth = calm + scene.wind * (rough - calm)
        power = scene.standing * 10 ** (dry[name] / 10) + (1 - scene.standing) * smooth
        level = np.where(water, 10 * np.log10(power), dry[name])
        found[name] = np.where(
            wet & forest, FLOODED_FOREST_DB[i] + dry[name] - GAMMA0_DB[Cover.FOREST][i], level
        )
    return found


def _distance(cols: Field, rows: Field, rng: np.random.Generator) -> Field:
    """Metres from the middle of a winding river that flows eastwards."""
    x = cols[0] / 100.0
    wobble = blur(np.tile(fractal((1, 4096), 1.6, rng)[0, : len(x)], (3, 1)), 12.0)[1]
    line = 395 + 42 * np.sin(x * 1.5 + 0.6) + 28 * np.sin(x * 3.4) + 9 * wobble
    bend = np.gradient(line)
    near = np.abs(rows - line) / np.sqrt(1 + bend**2)
    far = np.abs(rows - line.mean())  # the plain is straighter than its river
    share = np.exp(-near / 45)
    found: Field = PIXEL_M * (share * near + (1 - share) * far)
    return np.where(near < 15, PIXEL_M * near, found)


def _cover(
    from_river: Field, foot: Field, above: Field, rng: np.random.Generator
) -> npt.NDArray[np.uint8]:
    side = PLACE.side
    rows, cols = np.indices((side, side)) - PLACE.margin
    crop = parcels(side, rng)
    cover = np.select([crop < 0.45, crop < 0.75], [Cover.CROP, Cover.GRASS], Cover.BARE).astype(
        np.uint8
    )
    woods = fractal((side, side), 1.8, rng)
    hill = from_river > foot
    cover[hill] = np.where(woods > -0.2, Cover.FOREST, Cover.GRASS)[hill]
    cover[~hill & (woods > 1.75)] = Cover.FOREST
    high = above > STAGE_M + 0.4
    cover[(abs(rows - 250) < 4) & (abs(cols - 330) < 130) & ~hill] = Cover.TARMAC  # a runway
    cover[(abs(rows - 232) < 13) & (abs(cols - 300) < 22) & ~hill] = Cover.TARMAC  # and its apron
    cover[((rows - 560) / 20) ** 2 + ((cols - 130) / 32) ** 2 < 1] = Cover.SAND
    village = (abs(rows - 545) < 30) & (abs(cols - 330) < 45) & high
    cover[village & (rng.random((side, side)) < 0.5)] = Cover.BUILT
    return cover
