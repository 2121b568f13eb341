"""How much of the area of interest a scene's footprint covers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import AreaError
from ..shapes.vector import overlap, union
from ..types import Aoi


def covered_percent(footprint: Mapping[str, Any] | None, aoi: Aoi) -> float | None:
    """Share of the area (0..100) inside a footprint; None where the footprint is missing or
    unusable.

    Surfaces are those of the WGS84 ellipsoid. A footprint drawn across the antimeridian without
    being split (longitudes that jump from 179 to -179) is split first, as RFC 7946 (3.1.9) asks of
    its maker.
    """
    if footprint is None:
        return None
    try:
        shape = union([_split_at_antimeridian(footprint)])
    except (
        AreaError,
        TypeError,
        ValueError,
        KeyError,
        IndexError,
    ):  # no polygon, or no numbers where numbers should be
        return None
    common = overlap(shape, aoi.geometry)
    if common is None:
        return 0.0
    return min(100.0, 100 * Aoi(common, aoi.bounds).area_km2 / aoi.area_km2)


def covered_together(footprints: list[Mapping[str, Any]], aoi: Aoi) -> float | None:
    """Share of the area (0..100) inside at least one of the footprints."""
    if not footprints:
        return None
    try:
        return covered_percent(union([_split_at_antimeridian(one) for one in footprints]), aoi)
    except (AreaError, TypeError, ValueError, KeyError, IndexError):
        return None


def _split_at_antimeridian(geometry: Mapping[str, Any]) -> Mapping[str, Any]:
    if geometry.get("type") == "MultiPolygon":
        pieces = [
            _split_at_antimeridian({"type": "Polygon", "coordinates": rings})
            for rings in geometry["coordinates"]
        ]
        groups = [
            one["coordinates"] if one["type"] == "MultiPolygon" else [one["coordinates"]]
            for one in pieces
        ]
        return {
            "type": "MultiPolygon",
            "coordinates": [rings for group in groups for rings in group],
        }
    if geometry.get("type") != "Polygon":
        return geometry
    ring = geometry["coordinates"][0]
    jumps = any(
        180 < abs(ring[place][0] - ring[place + 1][0]) < 360 for place in range(len(ring) - 1)
    )
    if not jumps and all(abs(point[0]) <= 180 for point in ring):
        return geometry
    # 0..360: one piece, its edge at 180 in the middle
    whole = {
        "type": "Polygon",
        "coordinates": [
            [[point[0] % 360, point[1]] for point in one] for one in geometry["coordinates"]
        ],
    }
    parts: list[Any] = []
    for low, shift in ((0.0, 0.0), (180.0, -360.0)):
        box = {
            "type": "Polygon",
            "coordinates": [[[low, -90], [low + 180, -90], [low + 180, 90], [low, 90], [low, -90]]],
        }
        part = overlap(whole, box)
        if part is not None:
            polygons = (
                part["coordinates"] if part["type"] == "MultiPolygon" else [part["coordinates"]]
            )
            parts += [[[[x + shift, y] for x, y in r] for r in polygon] for polygon in polygons]
    return {"type": "MultiPolygon", "coordinates": parts}
