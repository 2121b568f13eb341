"""Share of the area of interest that scenes' footprints cover."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ..errors import AreaError
from ..shapes.vector import overlap, union
from ..types import Aoi, Geometry

UNUSABLE = (AreaError, TypeError, ValueError, KeyError, IndexError)
"""No polygon, or no numbers where numbers should be."""
Polygon = list[list[list[float]]]
"""Rings of points."""


def covered_percent(footprint: Geometry | None, aoi: Aoi) -> float | None:
    """Share of the area (0..100) inside a footprint; None where the footprint is missing or
    unusable.

    Surfaces are those of the WGS84 ellipsoid. A footprint drawn across the antimeridian without
    being split (longitudes that jump from 179 to -179) is split first, as RFC 7946 (3.1.9) asks of
    its maker.
    """
    if footprint is None:
        return None
    try:
        shape = union([split_at_antimeridian(footprint)])
    except UNUSABLE:
        return None
    common = overlap(shape, aoi.geometry)
    if common is None:
        return 0.0
    return min(100.0, 100 * Aoi(common, aoi.bounds).area_km2 / aoi.area_km2)


def covered_together(footprints: Sequence[Geometry], aoi: Aoi) -> float | None:
    """Share of the area (0..100) inside at least one of the footprints."""
    if not footprints:
        return None
    try:
        return covered_percent(union([split_at_antimeridian(each) for each in footprints]), aoi)
    except UNUSABLE:
        return None


def split_at_antimeridian(geometry: Geometry) -> Geometry:
    """Polygons whose longitudes jump across the antimeridian, with a part on each side."""
    if geometry.get("type") not in ("Polygon", "MultiPolygon"):
        return geometry
    polygons = _polygons(geometry)
    if not any(_crosses(polygon) for polygon in polygons):
        return geometry
    pieces = [_split(polygon) if _crosses(polygon) else [polygon] for polygon in polygons]
    return {"type": "MultiPolygon", "coordinates": [piece for group in pieces for piece in group]}


def _polygons(geometry: Geometry) -> list[Polygon]:
    coordinates = geometry["coordinates"]
    return list(coordinates) if geometry["type"] == "MultiPolygon" else [coordinates]


def _crosses(polygon: Polygon) -> bool:
    """Crossing of the antimeridian: a jump of longitudes, or some beyond 180."""
    ring = polygon[0]
    jumps = any(180 < abs(start[0] - end[0]) < 360 for start, end in pairwise(ring))
    return jumps or any(abs(point[0]) > 180 for point in ring)


def _split(polygon: Polygon) -> list[Polygon]:
    """The pieces on either side of the antimeridian, within -180..180."""
    # 0..360: one piece, its edge at 180 in the middle
    rings = [[[point[0] % 360, point[1]] for point in ring] for ring in polygon]
    pieces = []
    for west, shift in ((0.0, 0.0), (180.0, -360.0)):
        east = west + 180
        half = [[[west, -90], [east, -90], [east, 90], [west, 90], [west, -90]]]
        part = overlap(
            {"type": "Polygon", "coordinates": rings}, {"type": "Polygon", "coordinates": half}
        )
        pieces += [
            [[[x + shift, y] for x, y in ring] for ring in piece]
            for piece in (_polygons(part) if part is not None else [])
        ]
    return pieces
