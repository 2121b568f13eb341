"""The area of interest: a polygon on the globe, and its arithmetic.

Longitudes and latitudes are WGS84 degrees.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .errors import AreaError

Bounds = tuple[float, float, float, float]
"""west, south, east, north"""


WIDEST_CROSSING = 180.0
"""Degrees; an area across the antimeridian that is wider has its west and east swapped."""


@dataclass(frozen=True)
class Aoi:
    """The area of interest."""

    geometry: Mapping[str, Any]
    """GeoJSON Polygon or MultiPolygon, lon/lat; an area across the antimeridian has a part on each
    side.
    """
    bounds: Bounds
    """west > east where the area crosses the antimeridian."""
    source: str = field(default="", compare=False)
    """The file that it was read from; empty where it was given as text or drawn."""

    @classmethod
    def from_bounds(cls, west: float, south: float, east: float, north: float) -> Aoi:
        """Make an area from its edges; ``west > east`` means that it crosses the antimeridian.

        Raises
        ------
        AreaError
            If the box is empty, upside down or off the globe.
        """
        _check_edges(west, south, east, north)
        if west < east:
            return cls(
                {"type": "Polygon", "coordinates": [_ring(west, south, east, north)]},
                (west, south, east, north),
            )
        parts = [[_ring(west, south, 180.0, north)], [_ring(-180.0, south, east, north)]]
        return cls({"type": "MultiPolygon", "coordinates": parts}, (west, south, east, north))

    @classmethod
    def from_geometry(cls, geometry: Mapping[str, Any]) -> Aoi:
        """Make an area from a GeoJSON Polygon or MultiPolygon in lon/lat degrees.

        Raises
        ------
        AreaError
            If it is no polygon, is empty or lies off the globe.
        """
        polygons = _polygons(geometry)
        xs, ys = _points(polygons)
        west, east = min(xs), max(xs)
        if west == -180 and east == 180:
            west, east = _bounds_over_antimeridian(
                [[float(p[0]) for ring in polygon for p in ring] for polygon in polygons]
            )
        box = cls.from_bounds(west, min(ys), east, max(ys))  # refuses the same things
        aoi = cls({"type": geometry["type"], "coordinates": geometry["coordinates"]}, box.bounds)
        if aoi.area_km2 <= 0:
            raise _unusable("its surface is zero", "Give a polygon with a surface.")
        return aoi

    @property
    def boxes(self) -> tuple[Bounds, ...]:
        """The bounding box; two where it crosses the antimeridian."""
        west, south, east, north = self.bounds
        if west < east:
            return (self.bounds,)
        return ((west, south, 180.0, north), (-180.0, south, east, north))

    @property
    def area_km2(self) -> float:
        """Surface on the WGS84 ellipsoid, edges straight in lon/lat (exact for boxes).

        Source: cylindrical equal-area projection, Snyder (1987), USGS Professional Paper 1395, eq.
        3-12 and 10-1.
        """
        polygons = self.geometry["coordinates"]
        if self.geometry["type"] == "Polygon":
            polygons = [polygons]
        total = 0.0
        for polygon in polygons:
            for number, ring in enumerate(polygon):
                part = abs(_ring_area_km2(ring))
                total += (
                    part if number == 0 else -part
                )  # the first ring is the outline, the others are holes
        return total


def _check_edges(west: float, south: float, east: float, north: float) -> None:
    subject = f"The area {west:g},{south:g},{east:g},{north:g} cannot be used"
    hint = "Give west,south,east,north in degrees."
    if not all(math.isfinite(edge) for edge in (west, south, east, north)):
        raise AreaError(subject, "an edge is not a number", hint)
    if max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 90:
        raise AreaError(subject, "an edge lies outside -180..180 or -90..90 degrees", hint)
    if south > north:
        raise AreaError(subject, f"south {south:g} is above north {north:g}", hint)
    if south == north or west == east:
        raise AreaError(subject, "it is empty", hint)
    if west > east and east + 360 - west > WIDEST_CROSSING:
        raise AreaError(subject, f"west {west:g} lies east of {east:g}", "Swap west and east.")


def _unusable(why: str, hint: str) -> AreaError:
    return AreaError("The area cannot be used", why, hint)


def _polygons(geometry: Mapping[str, Any]) -> Sequence[Sequence[Sequence[Sequence[float]]]]:
    """Rings of points of each polygon of a GeoJSON geometry."""
    kind = geometry.get("type")
    if kind not in ("Polygon", "MultiPolygon"):
        raise _unusable(f"it is a {kind or 'thing without a type'}", "Give a polygon.")
    coordinates = geometry.get("coordinates")
    if not isinstance(coordinates, (list, tuple)):
        raise _unusable("its coordinates are damaged", "Give a GeoJSON polygon.")
    return [coordinates] if kind == "Polygon" else coordinates


def _points(
    polygons: Sequence[Sequence[Sequence[Sequence[float]]]],
) -> tuple[list[float], list[float]]:
    """Longitudes and latitudes of all corners."""
    try:
        points = [
            (float(p[0]), float(p[1])) for polygon in polygons for ring in polygon for p in ring
        ]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise _unusable("its coordinates are damaged", "Give a GeoJSON polygon.") from error
    if len(points) < 4:
        raise _unusable("it is empty", "Give a polygon with at least three corners.")
    if not all(math.isfinite(v) for point in points for v in point):
        raise _unusable("a corner is not a number", "Give a GeoJSON polygon.")
    return [x for x, _ in points], [y for _, y in points]


def _bounds_over_antimeridian(parts: Sequence[Sequence[float]]) -> tuple[float, float]:
    """West and east of parts that touch -180 and 180: around their widest gap, not around the
    globe.
    """
    spans = sorted((min(xs), max(xs)) for xs in parts)
    widest, bounds, reach = 0.0, (-180.0, 180.0), spans[0][1]
    for low, high in spans[1:]:
        if low - reach > widest:
            widest, bounds = low - reach, (low, reach)
        reach = max(reach, high)
    west, east = bounds
    return bounds if west > east and east + 360 - west <= WIDEST_CROSSING else (-180.0, 180.0)


def _ring(west: float, south: float, east: float, north: float) -> list[list[float]]:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


_SEMI_MAJOR_KM = 6378.137
_ECCENTRICITY = 0.0818191908426215


def _ring_area_km2(ring: Sequence[Sequence[float]]) -> float:
    def equal_area(lon: float, lat: float) -> tuple[float, float]:
        e, s = _ECCENTRICITY, math.sin(math.radians(lat))
        q = (1 - e * e) * (s / (1 - (e * s) ** 2) - math.log((1 - e * s) / (1 + e * s)) / (2 * e))
        return math.radians(lon) * _SEMI_MAJOR_KM, q / 2 * _SEMI_MAJOR_KM

    points = [equal_area(p[0], p[1]) for p in ring]
    pairs = zip(points, points[1:] + points[:1])
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs) / 2
