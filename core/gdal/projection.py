"""Points, areas and bounds in another coordinate system."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import RasterError
from ..types import Bounds, Grid
from .crs import LONLAT, spatial_reference
from .environment import quiet_gdal

Coordinates = npt.NDArray[np.float64]
MAX_STEP_DEG = 0.01
"""An area's edges are straight in degrees, so bent elsewhere: drawn with a point at least at every
such step, they are true to about a centimetre (the bulge grows with the square of the step).
"""
LEAST_PIECES, SHORT_EDGE_DEG = 16, 0.001
"""Pieces of an edge that is longer than about 100 m: one of a kilometre is then true to a tenth of
a millimetre, so that an area drawn along pixels touches no others.
"""


def project_points(
    source: str, target: str, xs: Sequence[float] | Coordinates, ys: Sequence[float] | Coordinates
) -> tuple[Coordinates, Coordinates]:
    """Coordinates in another coordinate system.

    Returns
    -------
    xs, ys : ndarray of float64, (points,)
        Infinite where a point has no place in the target.

    Raises
    ------
    RasterError
        If there is no way from one system to the other.
    """
    from osgeo import osr

    points = np.column_stack([np.ravel(xs), np.ravel(ys)])
    systems = spatial_reference(source), spatial_reference(target)
    with quiet_gdal() as messages:
        try:
            transformation = osr.CoordinateTransformation(*systems)
            moved = transformation.TransformPoints(points.tolist()) if len(points) else []
        except (RuntimeError, TypeError) as error:  # TypeError: there is no transformation
            raise RasterError(
                f"Nothing leads from {source[:20]} to {target[:20]}",
                (messages or [" ".join(str(error).split())])[-1],
            ) from error
    placed = np.array(moved, dtype=np.float64).reshape(-1, 3)
    return placed[:, 0], placed[:, 1]


def rings_of(geometry: Mapping[str, Any]) -> list[list[Coordinates]]:
    """The rings of a GeoJSON Polygon or MultiPolygon, polygon by polygon: (points, 2) each."""
    polygons = geometry["coordinates"]
    if geometry["type"] == "Polygon":
        polygons = [polygons]
    return [
        [np.array([point[:2] for point in ring], dtype=np.float64) for ring in polygon]
        for polygon in polygons
    ]


def project_area(geometry: Mapping[str, Any], crs: str) -> dict[str, Any]:
    """A lon/lat area (GeoJSON, edges straight in degrees) in another coordinate system.

    Returns
    -------
    dict
        A MultiPolygon, its bent edges drawn with points between the corners.

    Raises
    ------
    RasterError
        If there is no way there, or the area reaches too far from where the system is defined.
    """
    polygons = [[_moved(ring, crs) for ring in polygon] for polygon in rings_of(geometry)]
    if not all(np.isfinite(ring).all() for polygon in polygons for ring in polygon):
        raise _too_far(crs)
    return {
        "type": "MultiPolygon",
        "coordinates": [[ring.tolist() for ring in polygon] for polygon in polygons],
    }


def area_bounds(geometry: Mapping[str, Any], crs: str) -> Bounds:
    """The bounds of a lon/lat area in another coordinate system.

    Raises
    ------
    RasterError
        As :func:`project_area`.
    """
    outlines = _outlines(geometry, crs)
    if not np.isfinite(outlines).all():
        raise _too_far(crs)
    return _bounds(outlines)


def placed_bounds(geometry: Mapping[str, Any], crs: str) -> Bounds | None:
    """The bounds of as much of a lon/lat area as has a place in another coordinate system; None
    where nothing has.

    Raises
    ------
    RasterError
        If there is no way there at all.
    """
    outlines = _outlines(geometry, crs)
    placed = outlines[np.isfinite(outlines).all(axis=1)]
    return _bounds(placed) if len(placed) else None


def _outlines(geometry: Mapping[str, Any], crs: str) -> Coordinates:
    return np.concatenate([_moved(polygon[0], crs) for polygon in rings_of(geometry)])


def _bounds(points: Coordinates) -> Bounds:
    (left, bottom), (right, top) = points.min(axis=0), points.max(axis=0)
    return float(left), float(bottom), float(right), float(top)


def _too_far(crs: str) -> RasterError:
    return RasterError(
        f"The area cannot be laid onto {crs[:20]}",
        "it reaches too far from it",
        "Choose another one.",
    )


def _moved(ring: Coordinates, crs: str) -> Coordinates:
    """A ring in degrees, closed and its edges divided, in another coordinate system."""
    if (ring[0] != ring[-1]).any():
        ring = np.concatenate([ring, ring[:1]])
    edges = np.diff(ring, axis=0)
    length = np.abs(edges).max(axis=1)
    least = np.where(length > SHORT_EDGE_DEG, LEAST_PIECES, 1)
    pieces = np.maximum(least, np.ceil(length / MAX_STEP_DEG)).astype(int)
    edge = np.repeat(np.arange(len(pieces)), pieces)
    share = (np.arange(len(edge)) - np.repeat(np.cumsum(pieces) - pieces, pieces)) / pieces[edge]
    dense = np.concatenate([ring[edge] + share[:, None] * edges[edge], ring[-1:]])
    return np.column_stack(project_points(LONLAT, crs, dense[:, 0], dense[:, 1]))


def moved_bounds(grid: Grid, crs: str) -> Bounds:
    """The bounds of a grid in another coordinate system.

    Raises
    ------
    RasterError
        If there is no way from one to the other.
    """
    import rasterio
    from rasterio.warp import transform_bounds

    if grid.crs == crs:
        return grid.bounds
    try:
        left, bottom, right, top = transform_bounds(grid.crs, crs, *grid.bounds, densify_pts=21)
    except (rasterio.errors.RasterioError, ValueError) as error:
        raise RasterError(
            f"Nothing leads from {grid.crs[:20]} to {crs[:20]}", " ".join(str(error).split())
        ) from error
    if not all(map(math.isfinite, (left, bottom, right, top))):
        raise RasterError(
            f"Nothing leads from {grid.crs[:20]} to {crs[:20]}", "the corners have no place there"
        )
    return (left, bottom, right, top)
