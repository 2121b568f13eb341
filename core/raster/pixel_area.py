"""Ground area and sides of pixels and outlines, true in any coordinate system.

In a geographic system areas are those of the zones between parallels on its ellipsoid (Snyder 1987,
USGS PP 1395, eq. 3-12). In a projected one the local scale is measured: places of the grid are
brought to the ellipsoid (Snyder, eq. 4-20: the radius of curvature) and what lies between
neighbours is a pixel on the ground. Where that differs from the map by less than ``AS_DRAWN``
all over the raster, as in a UTM zone, pixels count as drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import RasterError
from ..gdal.crs import reference_text, spatial_reference
from ..gdal.environment import quiet_gdal
from ..gdal.projection import project_points
from ..types import Grid
from .grid import Window

Array = npt.NDArray[np.float64]
AS_DRAWN = 0.004
"""Relative difference of areas that is left alone: UTM's is 0.08 % in the middle of a zone, 0.2 %
at its edge on the equator and 0.31 % at the corners of Sentinel-2's outermost tiles.
"""
NODES = 24
"""Places along each side of a raster where its scale is measured: Chebyshev's, between which a
polynomial of areas is true to 1e-5 even over a web map of the whole world.
"""
NEGLIGIBLE = 1e-9
"""Coefficients of that polynomial that are left out, to the mean area."""


@dataclass(frozen=True, eq=False)
class Ground:
    """Areas on the ground of parts of a grid."""

    up_to: Callable[[Array, Array], Array]
    """Columns and rows from the grid's corner → square metres between the corner and there."""

    def rectangles(self, rows: tuple[Any, Any], cols: tuple[Any, Any]) -> Array:
        """Areas of rectangles of pixels, square metres.

        Parameters
        ----------
        rows, cols : (array_like, array_like)
            First ones, and those after the last.
        """
        top, bottom = (np.asarray(line, np.float64) for line in rows)
        left, right = (np.asarray(line, np.float64) for line in cols)
        below = self.up_to(right, bottom) - self.up_to(left, bottom)
        return np.abs(below - (self.up_to(right, top) - self.up_to(left, top)))

    def mean(self, window: Window) -> float:
        """Mean area of the pixels of a window, square metres."""
        rows = window.row, window.row + window.rows
        cols = window.col, window.col + window.cols
        return float(self.rectangles(rows, cols)) / (window.rows * window.cols)


@lru_cache(maxsize=32)
def ground_of(grid: Grid) -> Ground | None:
    """Areas of a grid; None where it has no reference system, or a part of it no place on earth."""
    if not grid.crs:
        return None
    a, b, _, d, e, f = grid.transform
    geographic, unit, major, minor = _system(grid.crs)
    if not geographic or b or d:
        pixels, drawn = _measure(grid), abs(a * e - b * d) * unit**2
        if not geographic and pixels.as_drawn(drawn):
            return Ground(_even(drawn))
        return Ground(_smooth(pixels.areas, grid.shape)) if pixels.known.all() else None

    def zones(cols: Array, rows: Array) -> Array:
        latitude = np.clip((f + e * rows) * unit, -math.pi / 2, math.pi / 2)
        return np.asarray(cols * abs(a) * unit * _zone(np.sin(latitude), major, minor))

    return Ground(zones)


def pixel_area_m2(grid: Grid, row: int, rows: int) -> float | None:
    """Mean area of the pixels of some rows, in square metres; None where the grid has no reference
    system, or a part of it no place on earth.

    Parameters
    ----------
    row, rows : int
        The first of them, and how many.
    """
    ground = ground_of(grid)
    if ground is None:
        return None
    return ground.mean(Window(row, 0, rows, grid.shape[1]))


def largest_pixel_m2(grid: Grid) -> float | None:
    """Area of the largest of a grid's pixels, about; None as of :func:`pixel_area_m2`."""
    ground = ground_of(grid)
    if ground is None:
        return None
    row, col = (
        np.unique(np.linspace(0, size - 1, NODES).astype(int)).astype(float) for size in grid.shape
    )
    rows, cols = np.meshgrid(row, col, indexing="ij")
    return float(ground.rectangles((rows, rows + 1), (cols, cols + 1)).max())


def edge_areas(grid: Grid) -> Callable[[Any, Any, Any, Any], Array]:
    """A measure for what lies within rings along the edges of a grid's pixels.

    Returns
    -------
    callable
        Of each ring the stretches along lines between rows, ring after ring: the columns where each
        begins and ends, its line, and the first stretch of each group of rings → square metres
        of each group, not negative; square units where :func:`ground_of` knows no area. Holes,
        which are walked around the other way, count against the ring around them.
    """
    a, b, _, d, e, _ = grid.transform
    ground = ground_of(grid) or Ground(_even(abs(a * e - b * d)))

    def measure(begin: Any, end: Any, line: Any, groups: Any) -> Array:
        rows = np.asarray(line, np.float64)
        step = ground.up_to(np.asarray(begin, np.float64), rows)
        step = step - ground.up_to(np.asarray(end, np.float64), rows)
        return np.asarray(np.abs(np.add.reduceat(step, groups)))

    return measure


def pixel_size_m(grid: Grid) -> tuple[float, float] | None:
    """Metres from one row to the next and from one column to the next, where they are fewest; None
    where the grid has no reference system.

    In a geographic system along the meridian and along the parallel that lies furthest from the
    equator, where columns are closest (radii of curvature: Snyder 1987, USGS PP 1395, eq. 4-18 and
    4-20); in a projected one by the local scale.
    """
    if not grid.crs:
        return None
    a, b, _, d, e, f = grid.transform
    geographic, unit, major, minor = _system(grid.crs)
    down, along = math.hypot(b, e) * unit, math.hypot(a, d) * unit
    if not geographic:
        pixels = _measure(grid)
        if not pixels.known.any() or pixels.as_drawn(abs(a * e - b * d) * unit**2):
            return down, along
        return float(np.nanmin(pixels.down)), float(np.nanmin(pixels.along))
    latitude = min(
        max(abs(f), abs(f + e * grid.shape[0])) * unit, math.radians(89.9)
    )  # at the pole a column has no width
    squared = 1 - (minor / major) ** 2
    root = 1 - squared * math.sin(latitude) ** 2
    return down * major * (1 - squared) / root**1.5, along * major * math.cos(latitude) / root**0.5


@dataclass(frozen=True, eq=False)
class _Pixels:
    """Pixels on the ground at the nodes of a grid, (rows, cols): square metres, metres."""

    areas: Array
    along: Array
    """From one column to the next."""
    down: Array
    """From one row to the next."""

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Nodes that have a place on earth."""
        return np.isfinite(self.areas) & (self.areas > 0)

    def as_drawn(self, drawn: float) -> bool:
        """Tell whether all that are known are about as large as on the map."""
        areas = self.areas[self.known]
        return areas.size > 0 and bool((np.abs(areas / drawn - 1) <= AS_DRAWN).all())


@lru_cache(maxsize=32)
def _measure(grid: Grid) -> _Pixels:
    """Pixels at Chebyshev's nodes of a grid; NaN where one has no place on earth."""
    places = (_nodes() + 1) / 2
    col, row = np.meshgrid(places * grid.shape[1], places * grid.shape[0])
    steps = ((-0.5, 0.0), (0.5, 0.0), (0.0, -0.5), (0.0, 0.5))
    cols = np.stack([col + right for right, _ in steps])
    rows = np.stack([row + down for _, down in steps])
    west, east, north, south = _on_earth(grid, cols, rows)
    along, down = east - west, south - north
    areas = np.linalg.norm(np.cross(along, down), axis=-1)
    return _Pixels(areas, np.linalg.norm(along, axis=-1), np.linalg.norm(down, axis=-1))


def _on_earth(grid: Grid, cols: Array, rows: Array) -> Array:
    """Geocentric coordinates (…, 3) of places of a grid, metres, NaN where there are none: neither
    the antimeridian nor a pole is an edge there.
    """
    a, b, c, d, e, f = grid.transform
    _, _, major, minor = _system(grid.crs)
    degrees = reference_text(spatial_reference(grid.crs).CloneGeogCS())
    x, y = a * cols + b * rows + c, d * cols + e * rows + f
    try:
        points = np.stack(project_points(grid.crs, degrees, x, y))
    except RasterError:
        points = np.full((2, x.size), np.nan)
    lon, lat = np.radians(np.where(np.isfinite(points), points, np.nan)).reshape(2, *cols.shape)
    squared = 1 - (minor / major) ** 2
    normal = major / np.sqrt(1 - squared * np.sin(lat) ** 2)
    return np.stack(
        [
            normal * np.cos(lat) * np.cos(lon),
            normal * np.cos(lat) * np.sin(lon),
            normal * (1 - squared) * np.sin(lat),
        ],
        axis=-1,
    )


def _nodes() -> Array:
    """Chebyshev's nodes of the first kind, -1..1."""
    chebyshev: Any = np.polynomial.chebyshev
    return np.asarray(chebyshev.chebpts1(NODES))


def _even(area: float) -> Callable[[Array, Array], Array]:
    """Integrate pixels that are all of one area."""
    return lambda cols, rows: np.asarray(cols * rows * area)


def _smooth(areas: Array, shape: tuple[int, int]) -> Callable[[Array, Array], Array]:
    """Integrate pixel areas that are known at the nodes."""
    chebyshev: Any = np.polynomial.chebyshev  # numpy 1 declares no types there

    halves = shape[0] / 2, shape[1] / 2
    inverse = np.linalg.inv(chebyshev.chebvander(_nodes(), NODES - 1))
    terms = inverse @ areas @ inverse.T
    large = np.abs(terms) > NEGLIGIBLE * terms[0, 0]
    terms = terms[: np.flatnonzero(large.any(1))[-1] + 1, : np.flatnonzero(large.any(0))[-1] + 1]
    terms = chebyshev.chebint(terms, lbnd=-1, scl=halves[0], axis=0)
    terms = chebyshev.chebint(terms, lbnd=-1, scl=halves[1], axis=1)

    def up_to(cols: Array, rows: Array) -> Array:
        cols, rows = np.broadcast_arrays(cols, rows)
        return np.asarray(chebyshev.chebval2d(rows / halves[0] - 1, cols / halves[1] - 1, terms))

    return up_to


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
