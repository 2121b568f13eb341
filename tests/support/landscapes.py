"""Sound scenes of many kinds: textured like land, correlated between bands like land, with the
numbers of each surface.

Reflectances of the surfaces (blue, green, red, nir, swir16, swir22) are rounded from the ECOSTRESS
spectral library (Meerdink et al. 2019, doi:10.1016/j.rse.2019.05.015) and, for cloud, snow and
water, from Sentinel-2 L2A scenes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from firstlight.core.enums import Unit
from firstlight.core.types import Radiometry

RULE = Radiometry(0.0001, -0.1, 0.0, Unit.REFLECTANCE, "as the item states")
BANDS = ("blue", "green", "red", "nir", "swir16", "swir22")
SURFACES = {
    "grass": (0.04, 0.08, 0.05, 0.40, 0.22, 0.11),
    "soil": (0.09, 0.12, 0.16, 0.24, 0.32, 0.28),
    "forest": (0.02, 0.04, 0.03, 0.28, 0.12, 0.05),
    "sand": (0.16, 0.25, 0.34, 0.42, 0.50, 0.46),
    "rock": (0.14, 0.20, 0.27, 0.32, 0.38, 0.36),
    "water": (0.05, 0.04, 0.02, 0.01, 0.005, 0.003),
    "snow": (0.95, 0.94, 0.92, 0.85, 0.10, 0.08),
    "ice": (0.75, 0.72, 0.62, 0.45, 0.03, 0.02),
    "cloud": (0.80, 0.78, 0.80, 0.85, 0.55, 0.42),
    "night": (0.004, 0.004, 0.003, 0.003, 0.002, 0.002),
}
MIXTURES = {
    "fields": ("grass", "soil", "forest"),
    "snow": ("snow", "ice", "rock"),
    "cloud": ("cloud", "grass", "cloud"),
    "desert": ("sand", "rock", "sand"),
    "water": ("water", "water", "water"),
    "night": ("night", "night", "night"),
    "coast": ("water", "sand", "grass"),
}
KINDS = tuple(kind for kind in MIXTURES if kind != "fields")


def smooth_noise(
    shape: tuple[int, int], slope: float, rng: np.random.Generator
) -> npt.NDArray[Any]:
    """A random surface whose spectrum falls with frequency to the power of ``slope``: mean 0,
    deviation 1.
    """
    fy, fx = (
        np.fft.fftfreq(shape[0], 1.0)[:, np.newaxis],
        np.fft.rfftfreq(shape[1], 1.0)[np.newaxis, :],
    )
    frequency = np.hypot(fy, fx)
    frequency[0, 0] = 1.0
    spectrum = np.fft.rfft2(rng.standard_normal(shape)) / frequency**slope
    spectrum[0, 0] = 0.0
    surface: npt.NDArray[Any] = np.fft.irfft2(spectrum, s=shape)
    surface /= surface.std()
    return surface


def landscape(kind: str, size: int, seed: int) -> dict[str, npt.NDArray[np.uint16]]:
    """Stored numbers (DN) of six bands, (``size``, ``size``), for :data:`RULE`; 0 is never used."""
    rng = np.random.default_rng(seed)
    shape = (size, size)
    names = MIXTURES[kind]
    cover = smooth_noise(shape, 1.3, rng)
    edges = np.quantile(cover, np.sort(rng.uniform(0.15, 0.85, len(names) - 1)))
    which = np.digitize(cover, edges)
    texture = smooth_noise(shape, 0.9, rng)
    spectra = np.array([SURFACES[name] for name in names])
    found = {}
    for place, band in enumerate(BANDS):
        base = spectra[:, place][which]
        own = smooth_noise(shape, 0.8, rng)  # each band has a little texture of its own
        bright = base * (1 + 0.12 * texture + 0.03 * own)
        noise = rng.normal(0, 0.0008, shape)
        found[band] = np.clip((bright + noise) * 10000 + 1000, 1, 65535).astype(np.uint16)
    return found
