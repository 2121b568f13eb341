"""What Sentinel-2 sees of the ground: reflectances, sun, cloud with shadow, noise, the scene
classification.

Reflectances are rounded from the ECOSTRESS spectral library (Meerdink et al. 2019,
doi:10.1016/j.rse.2019.05.015) and, for water, cloud and villages, from Sentinel-2 L2A scenes; char
and scorched leaves lie in the range of published spectra of burned ground, into which char mixes
linearly (Smith, Eitel & Hudak 2010, International Journal of Wildland Fire 19, 976-983).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .ground import PIXEL_M, Cover, Ground, Place, illumination
from .noise import Field, blur, fractal, halve


@dataclass(frozen=True)
class S2Band:
    """One band of the sensor."""

    code: str
    resolution_m: int
    wavelength_um: float
    width_um: float
    """Full width at half maximum."""
    common_name: str
    noise: float
    """Standard deviation, in reflectance."""


# Sentinel-2A: ESA, Sentinel-2 MSI user guide, spectral bands. Noise: what the mission requires,
# reference radiance over signal-to-noise ratio (Drusch et al. 2012, doi:10.1016/j.rse.2011.11.026,
# table 1), against sunlight at 64 degrees.
BANDS = {
    "blue": S2Band("B02", 10, 0.490, 0.098, "blue", 0.0015),
    "green": S2Band("B03", 10, 0.560, 0.045, "green", 0.0015),
    "red": S2Band("B04", 10, 0.665, 0.038, "red", 0.0018),
    "nir": S2Band("B08", 10, 0.842, 0.145, "nir", 0.0020),
    "nir08": S2Band("B8A", 20, 0.865, 0.033, "nir08", 0.0027),
    "swir16": S2Band("B11", 20, 1.610, 0.143, "swir16", 0.0006),
    "swir22": S2Band("B12", 20, 2.190, 0.242, "swir22", 0.0006),
}
SPECTRA: dict[Cover, tuple[float, ...]] = {
    Cover.FOREST: (0.02, 0.04, 0.03, 0.28, 0.29, 0.12, 0.05),
    Cover.SHRUB: (0.04, 0.06, 0.06, 0.24, 0.25, 0.20, 0.11),
    Cover.GRASS: (0.05, 0.08, 0.08, 0.30, 0.31, 0.25, 0.14),
    Cover.CROP: (0.04, 0.08, 0.05, 0.40, 0.41, 0.22, 0.11),
    Cover.BARE: (0.09, 0.12, 0.16, 0.24, 0.25, 0.32, 0.28),
    Cover.SAND: (0.16, 0.25, 0.34, 0.42, 0.43, 0.50, 0.46),
    Cover.TARMAC: (0.08, 0.09, 0.10, 0.12, 0.12, 0.14, 0.13),
    Cover.BUILT: (0.14, 0.16, 0.18, 0.23, 0.24, 0.26, 0.24),
    Cover.WATER: (0.05, 0.05, 0.03, 0.012, 0.010, 0.005, 0.003),
}
CHAR = (0.03, 0.035, 0.04, 0.06, 0.065, 0.10, 0.12)
MUDDY_WATER = (0.08, 0.11, 0.12, 0.06, 0.05, 0.02, 0.014)
CLOUD = (0.78, 0.77, 0.78, 0.82, 0.82, 0.55, 0.42)
SHADED = (0.62, 0.68, 0.74, 0.80, 0.80, 0.86, 0.88)
"""Share of the light that full cloud shadow takes: the sky still lights blue, hardly short-wave
infrared.
"""
GREEN = (Cover.FOREST, Cover.SHRUB, Cover.GRASS, Cover.CROP)
PSF_SIGMA = 0.5
"""Of the sensor's blur, in 10 m pixels: passes 0.3 at the Nyquist frequency; ESA asks for 0.15 to
0.30.
"""

Spectrum = dict[str, Field]


def spectrum_of(ground: Ground) -> Spectrum:
    """Reflectance of each band at 10 m in flat light, with margin: cover with its texture."""
    table = np.zeros((len(Cover) + 1, len(BANDS)))
    for cover, values in SPECTRA.items():
        table[cover] = values
    rough = 1 + np.where(ground.cover == Cover.WATER, 0.01, 0.07) * ground.texture
    return {
        name: np.clip(table[ground.cover, i] * rough, 0.001, 1.2) for i, name in enumerate(BANDS)
    }


def mixed(base: Spectrum, share: Field, other: tuple[float, ...]) -> Spectrum:
    """A share (0..1) of each pixel replaced by another surface."""
    return {
        name: (1 - share) * field + share * other[i] for i, (name, field) in enumerate(base.items())
    }


def ripened(base: Spectrum, ground: Ground, amount: float) -> Spectrum:
    """Plants that dry: near infrared falls and short-wave infrared rises by this share."""
    green = np.isin(ground.cover, GREEN)
    change = {
        "red": 1 + amount,
        "nir": 1 - amount,
        "nir08": 1 - amount,
        "swir16": 1 + amount,
        "swir22": 1 + amount,
    }
    return {
        name: np.where(green, field * change.get(name, 1.0), field) for name, field in base.items()
    }


@dataclass(frozen=True)
class Look:
    """One pass over a place."""

    sun: tuple[float, float]
    """Azimuth and elevation, degrees."""
    cloud: float
    """Share of the area under cloud, 0..1, about."""
    corner: tuple[str, int, int]
    """Which corner the swath leaves out (nw, ne, sw, se), by how many pixels along the row and
    along the column.
    """
    haze: float = 0.0
    """Reflectance that the atmospheric correction left over in blue; less at longer waves."""


@dataclass(frozen=True)
class Picture:
    """What the sensor delivers of one pass, without the margin, and what hid the ground."""

    reflectance: Spectrum
    """At each band's own resolution."""
    valid: npt.NDArray[np.bool_]
    """At 10 m; False beyond the swath."""
    scl: npt.NDArray[np.uint8]
    """At 20 m."""
    hidden: npt.NDArray[np.uint8]
    """Truth at 10 m: 0 clear, 1 cloud however thin, 2 cloud shadow, 255 beyond the swath."""


def outside(size: int, corner: tuple[str, int, int]) -> npt.NDArray[np.bool_]:
    """Which pixels lie beyond the slanted edge of the swath."""
    name, along, down = corner
    rows, cols = np.indices((size, size)) + 0.5
    rows = size - rows if name[0] == "s" else rows
    cols = size - cols if name[1] == "e" else cols
    found: npt.NDArray[np.bool_] = cols / along + rows / down < 1
    return found


def take_picture(
    ground: Ground, surface: Spectrum, look: Look, rng: np.random.Generator, noise: float = 1.0
) -> Picture:
    """See a place's surface through the air of one pass, with so many times the sensor's noise."""
    place = ground.place
    light = illumination(ground.height, look.sun)
    thick, shadow = (place.crop(field) for field in _clouds(place, look, rng))
    tops = 1 + 0.08 * fractal(thick.shape, 1.2, rng)
    fine: Spectrum = {}
    for i, (name, field) in enumerate(surface.items()):
        seen = blur(place.crop(field * light), PSF_SIGMA) * (1 - SHADED[i] * shadow * (1 - thick))
        seen = (1 - thick) * (
            seen + look.haze * (0.49 / BANDS[name].wavelength_um) ** 2
        ) + thick * CLOUD[i] * tops
        fine[name] = seen
    coarse = {
        name: halve(field) if BANDS[name].resolution_m == 20 else field
        for name, field in fine.items()
    }
    noisy = {
        name: field + rng.normal(0, noise * BANDS[name].noise, field.shape)
        for name, field in coarse.items()
    }
    valid = ~outside(place.size, look.corner)
    hidden = np.where(thick > 0.03, 1, np.where(shadow > 0.05, 2, 0)).astype(np.uint8)
    hidden[~valid] = 255
    scl = _classify(
        {name: halve(field) for name, field in fine.items()}, halve(thick), halve(shadow), rng
    )
    scl[halve(valid.astype(float)) < 1] = 0
    return Picture(noisy, valid, scl, hidden)


def _clouds(place: Place, look: Look, rng: np.random.Generator) -> tuple[Field, Field]:
    """Opacity of the cloud and darkness of its shadow, 0..1; soft at the edges."""
    bumps = fractal((place.side, place.side), 1.4, rng)
    if look.cloud <= 0:
        return np.zeros_like(bumps), np.zeros_like(bumps)
    edge = np.quantile(place.crop(bumps), 1 - look.cloud)
    thick = np.clip((bumps - edge) / 0.25, 0, 1)
    height_m = 1200.0
    away = height_m / np.tan(np.radians(look.sun[1])) / PIXEL_M
    azimuth = np.radians(look.sun[0])
    rows, cols = (
        round(away * np.cos(azimuth)),
        round(-away * np.sin(azimuth)),
    )  # away from the sun; rows count southwards
    return thick, np.roll(thick, (rows, cols), axis=(0, 1))


def _classify(
    seen: Spectrum, thick: Field, shadow: Field, rng: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """A scene classification as good as Sen2Cor's: simple rules, and wrong at thin edges, over
    villages and on char.

    The kinds of its mistakes are those of ESA's Level-2A algorithm overview and data quality
    reports.
    """
    ndvi = (seen["nir"] - seen["red"]) / (seen["nir"] + seen["red"])
    ndwi = (seen["green"] - seen["nir"]) / (seen["green"] + seen["nir"])
    scl = np.full(thick.shape, 5, np.uint8)
    scl[ndvi > 0.4] = 4
    scl[(ndvi > 0.25) & (ndvi <= 0.4)] = 7
    scl[(seen["nir"] < 0.09) & (seen["swir16"] < 0.13)] = 2  # char and deep shade alike
    scl[(ndwi > 0.05) & (seen["nir"] < 0.12)] = 6
    bright = (seen["blue"] > 0.12) & (seen["swir16"] > 0.2)
    scl[bright & (rng.random(thick.shape) < 0.04)] = 8
    scl[shadow > 0.3] = 3
    scl[thick > 0.12] = 10
    scl[thick > 0.25] = 8
    scl[thick > 0.55] = 9
    return scl
