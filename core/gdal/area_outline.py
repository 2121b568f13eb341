"""Areas and their bounds in another coordinate system. Without numpy: an area's tiles are asked for
before anything needs it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from ..errors import RasterError
from ..types import Bounds
from .crs import LONLAT, full_turn, spatial_reference
from .environment import quiet_gdal
from .errors import NO_REASON, messages_of

Point = tuple[float, float]
Ring = list[Point]

MAX_STEP_DEG = 0.01
"""An area's edges are straight in degrees, so bent elsewhere: drawn with a point at least at every
such step, they are true to about a centimetre (the bulge grows with the square of the step).
"""
LEAST_PIECES, SHORT_EDGE_DEG = 16, 0.001
"""Pieces of an edge that is longer than about 100 m: one of a kilometre is then true to a tenth of
a millimetre, so that an area drawn along pixels touches no others.
"""


def move_points(source: str, target: str, points: Sequence[Sequence[float]]) -> Ring:
    """Points in another coordinate system; infinite where one has no place there.

    Raises
    ------
    RasterError
        If there is no way from one system to the other.
    """
    from osgeo import osr

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
    return [(point[0], point[1]) for point in moved]


def _all_moved(transformation: Any, points: Sequence[Sequence[float]]) -> list[tuple[float, ...]]:
    try:
        return list(transformation.TransformPoints(points)) if points else []
    except RuntimeError:  # with GDAL's exceptions on: one of them has no place
        return [_moved_point(transformation, *point) for point in points]


def _moved_point(transformation: Any, x: float, y: float) -> tuple[float, ...]:
    try:
        return tuple(transformation.TransformPoint(x, y))
    except RuntimeError:
        return (math.inf, math.inf, math.inf)


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
    polygons = [
        _turned([_moved(ring, crs) for ring in polygon], crs, near)
        for polygon in _polygons(geometry)
    ]
    if not all(_is_finite(point) for polygon in polygons for ring in polygon for point in ring):
        raise _too_far(crs)
    return {
        "type": "MultiPolygon",
        "coordinates": [[list(map(list, ring)) for ring in polygon] for polygon in polygons],
    }


def area_bounds(geometry: Mapping[str, Any], crs: str, near: Bounds | None = None) -> Bounds:
    """The bounds of a lon/lat area in another coordinate system, ``near`` as in
    :func:`project_area`.

    Raises
    ------
    RasterError
        As :func:`project_area`.
    """
    points = _outline_points(geometry, crs, near)
    if not all(map(_is_finite, points)):
        raise _too_far(crs)
    return _bounds(points)


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
    placed = list(filter(_is_finite, _outline_points(geometry, crs, near)))
    return _bounds(placed) if placed else None


def _polygons(geometry: Mapping[str, Any]) -> Sequence[Any]:
    polygons = geometry["coordinates"]
    return [polygons] if geometry["type"] == "Polygon" else polygons


def _outline_points(geometry: Mapping[str, Any], crs: str, near: Bounds | None) -> Ring:
    outlines = [_turned([_moved(polygon[0], crs)], crs, near)[0] for polygon in _polygons(geometry)]
    return [point for outline in outlines for point in outline]


def _moved(ring: Sequence[Sequence[float]], crs: str) -> Ring:
    """A ring in degrees, closed and its edges divided, in another coordinate system."""
    corners = [(float(point[0]), float(point[1])) for point in ring]
    if corners[0][0] != corners[-1][0] or corners[0][1] != corners[-1][1]:
        corners.append(corners[0])
    return move_points(LONLAT, crs, _divided(corners))


def _divided(corners: Ring) -> Ring:
    dense: Ring = []
    for (x, y), (end_x, end_y) in pairwise(corners):
        step_x, step_y = end_x - x, end_y - y
        length = max(abs(step_x), abs(step_y))
        least = LEAST_PIECES if length > SHORT_EDGE_DEG else 1
        pieces = max(least, math.ceil(length / MAX_STEP_DEG))
        shares = [number / pieces for number in range(pieces)]
        dense += [(x + share * step_x, y + share * step_y) for share in shares]
    return [*dense, corners[-1]]


def _turned(polygon: list[Ring], crs: str, near: Bounds | None) -> list[Ring]:
    """A polygon in degrees, whole turns around the globe from where it was, so that it lies on a
    raster; elsewhere as it is.
    """
    turn = full_turn(crs)
    if near is None or not turn:
        return polygon
    left, right = min(x for x, _ in polygon[0]), max(x for x, _ in polygon[0])
    shared = {k: min(right + k * turn, near[2]) - max(left + k * turn, near[0]) for k in (0, 1, -1)}
    best = max(shared, key=lambda k: shared[k])  # the first of equals: as it is
    if shared[best] <= 0 or not best:
        return polygon
    return [[(x + best * turn, y) for x, y in ring] for ring in polygon]


def _is_finite(point: Point) -> bool:
    return math.isfinite(point[0]) and math.isfinite(point[1])


def _bounds(points: Ring) -> Bounds:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def _too_far(crs: str) -> RasterError:
    return RasterError(
        f"The area cannot be laid onto {crs[:20]}",
        "it reaches too far from it",
        "Choose another one.",
    )
