"""Simulated radar chips with known water: mixed land, wind, speckle, texture and a gradient of
incidence.

Levels of C band backscatter are round figures of what Sentinel-1 shows; they are a simulation's, no
measurement's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

LOOKS = 4.4
LEVELS = {  # VV, VH in dB, and the shape of the gamma distributed texture (the larger the smoother)
    "forest": (-8.5, -14.0, 8.0),
    "crops": (-10.5, -17.0, 6.0),
    "grass": (-12.5, -19.5, 10.0),
    "bare": (-13.5, -21.5, 10.0),
    "town": (-4.0, -12.0, 1.5),
    "sand": (-19.0, -27.0, 10.0),
    "steppe": (-13.0, -22.5, 10.0),
    "stubble": (-14.3, -22.7, 10.0),
    "dry soil": (-15.4, -23.5, 10.0),
    "salt flat": (-16.5, -26.0, 20.0),
    "salt crust": (-9.0, -20.0, 8.0),
    "deep": (-22.5, -29.0, 60.0),
    "calm": (-21.5, -28.5, 50.0),
    "water": (-19.0, -27.0, 30.0),
    "murky": (-17.2, -24.0, 20.0),
    "breeze": (-15.5, -25.0, 30.0),
    "wind": (-12.5, -23.5, 30.0),
    "light wind": (-15.5, -29.0, 30.0),
    "sea wind": (-13.0, -28.5, 40.0),
}
"""Dry soil is as dark as dark fields of a hand-labelled scene of Spain (-14 to -17 dB in VV, -23 to
-25 in VH), breeze as water of a labelled flood in Pakistan (-15 to -18, -24 to -27). Light wind
leaves the cross-polarised level low (Vachon & Wolfe 2011, doi:10.1109/LGRS.2010.2085417).
"""
NOISE_DB = -31.0
"""Left after the sensor's noise was taken off; it is what calm water shows in VH."""


RESOLUTION_PX = 1.18
"""Standard deviation of the response in amplitude of a Sentinel-1 GRD whose 20 m lie on pixels of
10 m: neighbouring pixels' speckle correlates by 0.70, the next by 0.24 (measured on a picture of
savanna: 0.68 to 0.74, and 0.19 to 0.35).
"""


@dataclass(frozen=True)
class Chip:
    """Two polarisations and the truth."""

    vv: Any
    """dB, float32 (rows, cols)."""
    vh: Any
    water: Any
    """bool."""


def blobs(shape: tuple[int, int], seed: int, scale: float) -> Any:
    """A smooth random field, standardised: the sum of three octaves of filtered noise."""
    random = np.random.default_rng(seed)
    rows, cols = (np.fft.fftfreq(n, 1.0) for n in shape)
    frequency = np.hypot(rows[:, None], cols[None])
    field = np.fft.ifft2(
        np.fft.fft2(random.normal(size=shape)) * np.exp(-((frequency * scale) ** 2))
    ).real
    return (field - field.mean()) / field.std()


def wet(shape: tuple[int, int], share: float, seed: int, scale: float = 60.0) -> Any:
    """Water where the field is lowest: ``share`` of the chip."""
    if share in (0.0, 1.0):
        return np.full(shape, share == 1.0)
    field = blobs(shape, seed, scale)
    return field <= np.quantile(field, share)


def make_chip(
    water: Any,
    seed: int,
    land: tuple[str, ...] = ("forest", "crops", "grass", "bare"),
    surface: str = "water",
    shift_db: float = 0.0,
    gradient_db: float = 1.5,
    speckle_seed: int | None = None,
) -> Chip:
    """Backscatter of a chip.

    Parameters
    ----------
    water : ndarray of bool, (rows, cols)
    seed : int
        Of land, texture and speckle.
    land : tuple of str
        Classes of ``LEVELS`` in fields of equal area.
    surface : str
        The water's class in ``LEVELS``.
    shift_db : float
        Another calibration: all of it lies so much higher.
    gradient_db : float
        From near to far range.
    speckle_seed : int, optional
        Another one than ``seed``: the same ground, seen a second time.
    """
    random = np.random.default_rng(seed)
    shape = water.shape
    field = blobs(shape, seed + 1000, 40.0)
    kind = np.searchsorted(np.quantile(field, np.linspace(0, 1, len(land) + 1)[1:-1]), field)
    names = [*land, surface]
    kind = np.where(water, len(land), kind)
    shape_of = np.array([LEVELS[name][2] for name in names])[kind]
    texture = random.gamma(shape_of) / shape_of
    if speckle_seed is not None:
        random = np.random.default_rng(speckle_seed)
    slope = np.linspace(gradient_db / 2, -gradient_db / 2, shape[1])[np.newaxis]
    bands = []
    for place in (0, 1):
        level = np.array([LEVELS[name][place] for name in names])[kind] + slope
        power = 10 ** (level / 10) * texture + 10 ** (NOISE_DB / 10)
        power *= random.gamma(LOOKS, 1 / LOOKS, shape)
        bands.append((10 * np.log10(power) + shift_db).astype(np.float32))
    return Chip(bands[0], bands[1], water)


def river(shape: tuple[int, int], width: float, seed: int) -> Any:
    """A winding river of so many pixels' width, from left to right."""
    random = np.random.default_rng(seed)
    across = np.arange(shape[1])
    middle = np.full(shape[1], shape[0] / 2)
    for amplitude, wavelength in ((40, 600), (18, 210), (8, 90), (3, 35)):
        middle += amplitude * np.sin(2 * np.pi * across / wavelength + random.uniform(0, 6.28))
    slant = np.sqrt(1 + np.gradient(middle) ** 2)
    return np.abs(np.arange(shape[0])[:, np.newaxis] - middle) < width / 2 * slant


def fields(shape: tuple[int, int], side: int, count: int, seed: int) -> Any:
    """Square fields of so many classes, their numbers."""
    numbers = np.random.default_rng(seed).integers(0, count, [size // side + 1 for size in shape])
    return np.kron(numbers, np.ones((side, side), int))[: shape[0], : shape[1]]


def patches(shape: tuple[int, int], count: int, seed: int) -> Any:
    """Winding patches of so many classes, of equal area, their numbers."""
    field = blobs(shape, seed, 40.0)
    return np.searchsorted(np.quantile(field, np.linspace(0, 1, count + 1)[1:-1]), field)


def make_resolved_chip(
    ground: Any, land: Sequence[str], water: Any, surface: str, seed: int, gradient_db: float = 1.5
) -> Chip:
    """Backscatter of a chip as a sensor resolves it: blurred, with speckle that neighbours share.

    That makes rivers fainter and a filter less able than :func:`make_chip` does, as on real
    pictures.

    Parameters
    ----------
    ground : ndarray of int, (rows, cols)
        Numbers of the classes in ``land``.
    land : sequence of str
        Classes of ``LEVELS``.
    water : ndarray of bool, (rows, cols)
        Over the ground.
    surface, seed, gradient_db
        As in :func:`make_chip`.
    """
    from scipy.ndimage import gaussian_filter

    random = np.random.default_rng(seed)
    names = [*land, surface]
    kind = np.where(water, len(land), ground)
    shape_of = np.array([LEVELS[name][2] for name in names])[kind]
    texture = random.gamma(shape_of) / shape_of
    slope = np.linspace(gradient_db / 2, -gradient_db / 2, water.shape[1])[np.newaxis]
    bands = []
    for place in (0, 1):
        level = np.array([LEVELS[name][place] for name in names])[kind] + slope
        power = gaussian_filter(10 ** (level / 10) * texture, RESOLUTION_PX / np.sqrt(2))
        looks = [
            gaussian_filter(random.normal(size=water.shape), RESOLUTION_PX) ** 2 for _ in range(10)
        ]
        speckle = np.mean(looks, axis=0)
        seen = (power + 10 ** (NOISE_DB / 10)) * speckle / speckle.mean()
        bands.append((10 * np.log10(seen)).astype(np.float32))
    return Chip(bands[0], bands[1], water)


def iou(found: Any, truth: Any, seen: Any = True) -> float:
    """Intersection over union; 1 where neither has any."""
    both, either = ((found & truth) & seen).sum(), ((found | truth) & seen).sum()
    return float(both / either) if either else 1.0
