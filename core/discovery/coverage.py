"""How much of the area of interest a scene's footprint covers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import AreaError
from ..raster.vector import overlap, union
from ..types import Aoi


def covered_percent(footprint: Mapping[str, Any] | None, aoi: Aoi) -> float | None:
    """Share of the area (0..100) inside a footprint; None where the footprint is missing or unusable.

    Surfaces are those of the WGS84 ellipsoid. A footprint drawn across the antimeridian without being split (longitudes
    that jump from 179 to -179) is split first, as RFC 7946 (3.1.9) asks of its maker.
    """
    if footprint is None:
        return None
    common = overlap(_split_at_antimeridian(footprint), aoi.geometry)
    if common is None:
        return 0.0
    return min(100.0, 100 * Aoi(common, aoi.bounds).area_km2 / aoi.area_km2)


def covered_together(footprints: list[Mapping[str, Any]], aoi: Aoi) -> float | None:
    """Share of the area (0..100) inside at least one of the footprints."""
    if not footprints:
        return None
    try:
        return covered_percent(union([_split_at_antimeridian(one) for one in footprints]), aoi)
    except AreaError:
        return None


def _split_at_antimeridian(geometry: Mapping[str, Any]) -> Mapping[str, Any]:
    if geometry.get("type") != "Polygon":
        return geometry
    ring = geometry["coordinates"][0]
    jumps = any(abs(ring[place][0] - ring[place + 1][0]) > 180 for place in range(len(ring) - 1))
    if not jumps:
        return geometry
    east = [[point[0] % 360, point[1]] for point in ring]  # 0..360: one piece, its edge at 180 in the middle
    whole = {"type": "Polygon", "coordinates": [east]}
    parts = []
    for low, shift in ((0.0, 0.0), (180.0, -360.0)):
        box = {"type": "Polygon", "coordinates": [[[low, -90], [low + 180, -90], [low + 180, 90], [low, 90], [low, -90]]]}
        part = overlap(whole, box)
        if part is not None:
            polygons = part["coordinates"] if part["type"] == "MultiPolygon" else [part["coordinates"]]
            parts += [[[[x + shift, y] for x, y in r] for r in polygon] for polygon in polygons]
    return {"type": "MultiPolygon", "coordinates": parts}
