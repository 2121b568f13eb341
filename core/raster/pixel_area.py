"""Ground area of pixels and outlines."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ..gdal.crs import spatial_reference
from ..gdal.environment import quiet_gdal
from ..types import Grid


def pixel_area_m2(grid: Grid, row: int, rows: int) -> float | None:
    """Mean area of the pixels of some rows, in square metres; None where the grid has no reference
    system.

    In a projected system as projected (UTM's scale changes areas by less than 0.3 %); in a
    geographic one on its ellipsoid (the area of a zone between two latitudes: Snyder 1987, USGS PP
    1395, eq. 3-12).

    Parameters
    ----------
    row, rows : int
        The first of them, and how many.
    """
    if not grid.crs:
        return None
    a, b, _, d, e, f = grid.transform
    geographic, unit, major, minor = _system(grid.crs)
    if not geographic:
        return abs(a * e - b * d) * unit**2
    edges = [
        max(-math.pi / 2, min(math.pi / 2, (f + e * line) * unit)) for line in (row, row + rows)
    ]
    zones = _zone(np.sin(edges), major, minor)
    return float(abs(a) * unit * abs(zones[1] - zones[0]) / rows)


def ring_area(crs: str) -> Callable[[npt.NDArray[np.float64]], float]:
    """A measure for rings of a reference system, as :func:`pixel_area_m2` measures pixels.

    Returns
    -------
    callable
        Closed ring, float64 (points, 2) of x and y → square metres, not negative; without a
        reference system square units. In a geographic system exact where edges run along meridians
        and parallels, as those of pixels do.
    """
    geographic, unit, major, minor = _system(crs) if crs else (False, 1.0, 1.0, 1.0)

    def measure(ring: npt.NDArray[np.float64]) -> float:
        moved = (
            ring - ring[0]
        ) * unit  # from the first corner: northings of millions would cost digits
        x, y = moved[:, 0], moved[:, 1]
        if geographic:
            y = _zone(np.sin(np.clip(ring[:, 1] * unit, -math.pi / 2, math.pi / 2)), major, minor)
            y = y - y[0]
        return float(abs(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])) / 2)

    return measure


def pixel_size_m(grid: Grid) -> tuple[float, float] | None:
    """Metres from one row to the next and from one column to the next; None where the grid has no
    reference system.

    In a geographic system along the meridian and along the parallel that lies furthest from the
    equator, where columns are closest (radii of curvature: Snyder 1987, USGS PP 1395, eq. 4-18 and
    4-20).
    """
    if not grid.crs:
        return None
    a, b, _, d, e, f = grid.transform
    geographic, unit, major, minor = _system(grid.crs)
    down, along = math.hypot(b, e) * unit, math.hypot(a, d) * unit
    if not geographic:
        return down, along
    latitude = min(
        max(abs(f), abs(f + e * grid.shape[0])) * unit, math.radians(89.9)
    )  # at the pole a column has no width
    squared = 1 - (minor / major) ** 2
    root = 1 - squared * math.sin(latitude) ** 2
    return down * major * (1 - squared) / root**1.5, along * major * math.cos(latitude) / root**0.5


def _system(crs: str) -> tuple[bool, float, float, float]:
    """Geographic or not, its unit in metres or radians, the half axes of its ellipsoid."""
    system = spatial_reference(crs)
    with quiet_gdal():
        geographic = bool(system.IsGeographic())
        unit = float(system.GetAngularUnits() if geographic else system.GetLinearUnits())
        return geographic, unit, float(system.GetSemiMajor()), float(system.GetSemiMinor())


def _zone(sine: npt.NDArray[Any], major: float, minor: float) -> npt.NDArray[Any]:
    """Area from the equator to a latitude, for a radian of longitude."""
    eccentricity = math.sqrt(1 - (minor / major) ** 2)
    if eccentricity < 1e-9:
        return np.asarray(major**2 * sine)
    es = eccentricity * sine
    return np.asarray(
        minor**2 / 2 * (sine / (1 - es**2) + np.log((1 + es) / (1 - es)) / (2 * eccentricity))
    )
