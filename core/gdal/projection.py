"""Points, areas and bounds in another coordinate system."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import RasterError
from ..types import Bounds
from .crs import LONLAT, full_turn, spatial_reference
from .environment import quiet_gdal
from .errors import NO_REASON, messages_of

Coordinates = npt.NDArray[np.float64]
Floats = npt.NDArray[np.floating[Any]]
MAX_STEP_DEG = 0.01
"""An area's edges are straight in degrees, so bent elsewhere: drawn with a point at least at every
such step, they are true to about a centimetre (the bulge grows with the square of the step).
"""
LEAST_PIECES, SHORT_EDGE_DEG = 16, 0.001
"""Pieces of an edge that is longer than about 100 m: one of a kilometre is then true to a tenth of
a millimetre, so that an area drawn along pixels touches no others.
"""


def project_points(
    source: str, target: str, xs: Sequence[float] | Floats, ys: Sequence[float] | Floats
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

    points: Any = np.column_stack([np.ravel(xs), np.ravel(ys)]).tolist()
    systems = spatial_reference(source), spatial_reference(target)
    with quiet_gdal() as messages:
        try:
            transformation = osr.CoordinateTransformation(*systems)
            moved = _all_moved(transformation, points)
        except (RuntimeError, TypeError) as error:  # TypeError: there is no transformation
            raise RasterError(
                f"Nothing leads from {source[:20]} to {target[:20]}",
                (messages or messages_of(error) or [NO_REASON])[-1],
                "Choose another coordinate system.",
            ) from error
    placed = np.array(moved, dtype=np.float64).reshape(-1, 3)
    return placed[:, 0], placed[:, 1]


def _all_moved(transformation: Any, points: list[list[float]]) -> list[tuple[float, ...]]:
    try:
        return list(transformation.TransformPoints(points)) if points else []
    except RuntimeError:  # with GDAL's exceptions on: one of them has no place
        return [_moved_point(transformation, *point) for point in points]


def _moved_point(transformation: Any, x: float, y: float) -> tuple[float, ...]:
    try:
        return tuple(transformation.TransformPoint(x, y))
    except RuntimeError:
        return (math.inf, math.inf, math.inf)


def rings_of(geometry: Mapping[str, Any]) -> list[list[Coordinates]]:
    """The rings of a GeoJSON Polygon or MultiPolygon, polygon by polygon: (points, 2) each."""
    polygons = geometry["coordinates"]
    if geometry["type"] == "Polygon":
        polygons = [polygons]
    return [
        [np.array([point[:2] for point in ring], dtype=np.float64) for ring in polygon]
        for polygon in polygons
    ]


def project_area(
    geometry: Mapping[str, Any], crs: str, near: Bounds | None = None
) -> dict[str, Any]:
    """A lon/lat area (GeoJSON, edges straight in degrees) in another coordinate system.

    Parameters
    ----------
    near : Bounds, optional
        Of a raster in that system. If its longitudes run from 0 to 360, those of the area do too.

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
    polygons = [_turned(polygon, crs, near) for polygon in polygons]
    if not all(np.isfinite(ring).all() for polygon in polygons for ring in polygon):
        raise _too_far(crs)
    return {
        "type": "MultiPolygon",
        "coordinates": [[ring.tolist() for ring in polygon] for polygon in polygons],
    }


def _turned(polygon: list[Coordinates], crs: str, near: Bounds | None) -> list[Coordinates]:
    """A polygon in degrees, whole turns around the globe from where it was, so that it lies on a
    raster; elsewhere as it is.
    """
    turn = full_turn(crs)
    if near is None or not turn:
        return polygon
    left, right = polygon[0][:, 0].min(), polygon[0][:, 0].max()
    shared = {k: min(right + k * turn, near[2]) - max(left + k * turn, near[0]) for k in (0, 1, -1)}
    best = max(shared, key=lambda k: shared[k])  # the first of equals: as it is
    if shared[best] <= 0 or not best:
        return polygon
    return [ring + (best * turn, 0.0) for ring in polygon]


def area_bounds(geometry: Mapping[str, Any], crs: str, near: Bounds | None = None) -> Bounds:
    """The bounds of a lon/lat area in another coordinate system, ``near`` as in
    :func:`project_area`.

    Raises
    ------
    RasterError
        As :func:`project_area`.
    """
    outlines = _outlines(geometry, crs, near)
    if not np.isfinite(outlines).all():
        raise _too_far(crs)
    return _bounds(outlines)


def placed_bounds(
    geometry: Mapping[str, Any], crs: str, near: Bounds | None = None
) -> Bounds | None:
    """The bounds of as much of a lon/lat area as has a place in another coordinate system; None
    where nothing has. ``near`` as in :func:`project_area`.

    Raises
    ------
    RasterError
        If there is no way there at all.
    """
    outlines = _outlines(geometry, crs, near)
    placed = outlines[np.isfinite(outlines).all(axis=1)]
    return _bounds(placed) if len(placed) else None


def _outlines(geometry: Mapping[str, Any], crs: str, near: Bounds | None) -> Coordinates:
    outlines = [[_moved(polygon[0], crs)] for polygon in rings_of(geometry)]
    return np.concatenate([_turned(outline, crs, near)[0] for outline in outlines])


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


def turned_near(xs: Coordinates, crs: str, near: Bounds) -> Coordinates:
    """Longitudes whole turns from where they were, so that they lie nearest to a raster, which may
    run from 0 to 360; in a projected system as they are.
    """
    turn = full_turn(crs)
    if not turn:
        return xs
    return np.asarray(xs + turn * np.round(((near[0] + near[2]) / 2 - xs) / turn))
