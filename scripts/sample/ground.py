"""What lies on the ground of a simulated place: land cover, heights, slopes, and where its pixels
are.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from .noise import Field, fractal

PIXEL_M = 10.0


class Cover(IntEnum):
    """Land cover: the codes of ``truth/cover.tif``."""

    FOREST = 1
    SHRUB = 2
    GRASS = 3
    CROP = 4
    BARE = 5
    SAND = 6
    TARMAC = 7
    BUILT = 8
    WATER = 9


@dataclass(frozen=True)
class Place:
    """Where a simulated event is: in the open Atlantic, where no map of it can be taken for a real
    one.
    """

    name: str
    epsg: int
    left: float
    """Easting of the scenes' left edge, metres."""
    top: float
    """Northing of their upper edge, metres."""
    size: int = 720
    """Pixels of 10 m a side."""
    margin: int = 300
    """Pixels around the scenes that the elevation model has as well."""

    @property
    def crs(self) -> str:
        """As ``EPSG:…``."""
        return f"EPSG:{self.epsg}"

    @property
    def side(self) -> int:
        """Pixels a side of what is simulated, the margin with it."""
        return self.size + 2 * self.margin

    def crop(self, field: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The scenes' part of a field with margin."""
        return field[self.margin : self.margin + self.size, self.margin : self.margin + self.size]

    def corner(self, col: float, row: float) -> tuple[float, float]:
        """Easting and northing of a pixel's upper left corner, counted in the scenes."""
        return self.left + PIXEL_M * col, self.top - PIXEL_M * row


@dataclass(frozen=True)
class Ground:
    """A place's surface; all fields have the margin, shape (side, side)."""

    place: Place
    height: Field
    """Metres, of the bare ground."""
    cover: npt.NDArray[np.uint8]
    """Codes of ``Cover``."""
    texture: Field
    """Mean 0, deviation 1: what makes one tree differ from the next."""


def parcels(side: int, rng: np.random.Generator, width: int = 34, height: int = 18) -> Field:
    """Fields of farmland: one number, 0..1, for each parcel; the parcels lie askew and are of
    several sizes.
    """
    rows, cols = np.indices((side, side))
    u, v = cols + 0.35 * rows, rows - 0.25 * cols
    band = np.floor(v / height).astype(int)
    # Neighbouring bands are cut at other places.
    shift = rng.integers(0, width, band.max() - band.min() + 1)[band - band.min()]
    strip = np.floor((u + shift) / width).astype(int)
    table = rng.random((band.max() - band.min() + 1, strip.max() - strip.min() + 1))
    found: Field = table[band - band.min(), strip - strip.min()]
    return found


def illumination(height: Field, sun: tuple[float, float]) -> Field:
    """How much more or less light a slope gets than flat ground: 1 on the flat.

    The cosine law with the exponent of a Minnaert correction half done, as Level-2A pictures of
    hills show it.

    Parameters
    ----------
    height : ndarray
        Metres at ``PIXEL_M``.
    sun : (float, float)
        Azimuth and elevation, degrees.
    """
    azimuth, zenith = np.radians(sun[0]), np.radians(90 - sun[1])
    down, right = np.gradient(height, PIXEL_M)
    slope, aspect = (
        np.arctan(np.hypot(right, down)),
        np.arctan2(-right, down),
    )  # aspect: where the slope looks to, from north
    cosine = np.cos(zenith) * np.cos(slope) + np.sin(zenith) * np.sin(slope) * np.cos(
        azimuth - aspect
    )
    found: Field = np.clip(cosine / np.cos(zenith), 0.15, 1.8) ** 0.4
    return found


def hills(side: int, relief_m: float, rng: np.random.Generator) -> Field:
    """Heights of hilly land, deviation ``relief_m``."""
    return relief_m * fractal((side, side), 2.3, rng)
