"""The outline of a raster on the globe, in longitude and latitude, as GeoJSON
(RFC 7946).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import RasterError
from ..gdal.crs import LONLAT
from ..gdal.projection import project_points
from ..types import Bounds, Grid
from .vector import overlap

EDGE_STEPS = 20
"""Parts into which each edge is cut: an edge that is straight on the grid is bent in longitude and
latitude.
"""
DIGITS = 7
"""Of a degree: a centimetre."""


def footprint(grid: Grid) -> tuple[dict[str, Any], Bounds] | None:
    """The outline of a raster in lon/lat, counter-clockwise, and its bounding box.

    Across the antimeridian the outline has a part on each side, and the box's west is greater than
    its east (RFC 7946, 3.1.9 and 5.2). Around a pole the outline is the box of all longitudes.

    Returns
    -------
    geometry, bbox
        None where the raster has no reference system, or its corners have no place on the globe.
    """
    ring = _ring(grid)
    if ring is None:
        return None
    lons, lats = np.degrees(np.unwrap(np.radians(ring[:, 0]))), ring[:, 1]
    if abs(lons[-1] - lons[0]) > 180:  # it went around a pole
        south, north = (float(lats.min()), 90.0) if lats.mean() > 0 else (-90.0, float(lats.max()))
        return _polygon(
            np.array([[-180, south], [180, south], [180, north], [-180, north], [-180, south]])
        ), (
            -180.0,
            south,
            180.0,
            north,
        )
    lons = lons - 360 * math.floor((lons.min() + 180) / 360)  # so that it begins in -180..180
    unwrapped = np.column_stack([lons, lats])
    west, south, east, north = (float(v) for v in (lons.min(), lats.min(), lons.max(), lats.max()))
    if east <= 180:
        return _polygon(unwrapped), _rounded((west, south, east, north))
    parts: list[Any] = []
    for shift in (0.0, 360.0):
        half = overlap(_box(-180.0, 180.0), _polygon(unwrapped - (shift, 0.0)))
        if half is not None:
            parts += [half["coordinates"]] if half["type"] == "Polygon" else half["coordinates"]
    turned = [_turned(np.array(rings[0])) for rings in parts]
    return {"type": "MultiPolygon", "coordinates": [[ring] for ring in turned]}, _rounded(
        (west, south, east - 360, north)
    )


def _ring(grid: Grid) -> npt.NDArray[np.float64] | None:
    """Closed, (points, 2): lon and lat of the raster's edge; None where it has none."""
    if not grid.crs:
        return None
    rows, cols = grid.shape
    there, back = (
        np.linspace(0, 1, EDGE_STEPS, endpoint=False),
        np.linspace(1, 0, EDGE_STEPS, endpoint=False),
    )
    none, all_ = np.zeros(EDGE_STEPS), np.ones(EDGE_STEPS)
    col = np.concatenate([none, there, all_, back, none[:1]]) * cols
    row = np.concatenate([there, all_, back, none, none[:1]]) * rows
    a, b, c, d, e, f = grid.transform
    try:
        lon, lat = project_points(grid.crs, LONLAT, a * col + b * row + c, d * col + e * row + f)
    except RasterError:
        return None
    ring = np.column_stack([lon, lat])
    return ring if np.isfinite(ring).all() else None


def _polygon(ring: npt.NDArray[np.float64]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [_turned(ring)]}


def _turned(ring: npt.NDArray[np.float64]) -> list[list[float]]:
    """Counter-clockwise, rounded, without corners that say nothing twice."""
    x, y = ring[:, 0], ring[:, 1]
    if np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) < 0:
        ring = ring[::-1]
    points = [[round(float(px), DIGITS), round(float(py), DIGITS)] for px, py in ring]
    return [point for place, point in enumerate(points) if not place or point != points[place - 1]]


def _box(west: float, east: float) -> dict[str, Any]:
    return _polygon(
        np.array([[west, -90.0], [east, -90.0], [east, 90.0], [west, 90.0], [west, -90.0]])
    )


def _rounded(bounds: Bounds) -> Bounds:
    west, south, east, north = (round(value, DIGITS) for value in bounds)
    return (west, south, east, north)
