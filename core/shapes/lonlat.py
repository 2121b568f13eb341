"""Outlines in longitude and latitude, as everybody's programs read them: RFC 7946."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import RasterError
from ..gdal.crs import LONLAT, is_geographic, spatial_reference, unit_of
from ..gdal.projection import project_points, rings_of
from .vector import overlap, rest

Ring = npt.NDArray[np.float64]
"""Closed, (points, 2): longitude and latitude, running on beyond ±180."""
Rings = list[list[list[float]]]
"""Of a GeoJSON polygon, the outer one first."""
DIGITS = 6
"""Of a degree: 11 cm, a hundredth of a pixel of the satellites here (RFC 7946, 11.2)."""
LONGEST_EDGE_M = 1000.0
"""An edge that is straight on the map's grid is bent in degrees, by L²·tan(latitude)/8R: 3 cm for a
kilometre at 60°. Longer ones are drawn in pieces.
"""

_WHAT = "The outline cannot be brought to longitude and latitude"


def lonlat_outline(outline: bytes, crs: str, digits: int = DIGITS) -> dict[str, Any] | None:
    """Bring a polygon to longitude and latitude.

    Outer rings run counter-clockwise, holes clockwise; what crosses the antimeridian has a part on
    each side; what lies around a pole reaches it (RFC 7946, 3.1.6, 3.1.9).

    Parameters
    ----------
    outline : bytes
        WKB of a polygon or multipolygon.
    crs : str
        ``EPSG:n`` or WKT.
    digits : int
        Of the coordinates.

    Returns
    -------
    dict or None
        GeoJSON Polygon or MultiPolygon; None where nothing is left of it in so many digits.

    Raises
    ------
    RasterError
        If a corner has no place on the globe, or the outline is so tangled that it cannot be cut.
    """
    polygons = [
        [_unrolled(ring, crs) for ring in polygon] for polygon in _rings(outline, crs) if polygon
    ]
    return _rounded(_cut(polygons), digits)


def lonlat_area(geometry: Mapping[str, Any], digits: int = DIGITS) -> dict[str, Any] | None:
    """A GeoJSON area of the globe, turned and rounded as :func:`lonlat_outline` does it."""
    return _rounded(_cut(rings_of(geometry)), digits)


def outside_of(area: Mapping[str, Any], inner: Mapping[str, Any]) -> dict[str, Any] | None:
    """What an area of the globe has beyond another; None where that is nothing."""
    left = rest(area, inner)
    return None if left is None else lonlat_area(left)


def _rings(outline: bytes, crs: str) -> Iterator[list[Ring]]:
    """Rings of each polygon, with corners so close that edges may be drawn straight in degrees."""
    from osgeo import ogr

    geometry = ogr.CreateGeometryFromWkb(outline)
    if not is_geographic(crs):
        geometry.Segmentize(LONGEST_EDGE_M / unit_of(crs)[1])
    single = geometry.GetGeometryName() == "POLYGON"
    for number in range(1 if single else geometry.GetGeometryCount()):
        polygon = geometry if single else geometry.GetGeometryRef(number)
        yield [
            np.array(polygon.GetGeometryRef(place).GetPoints(2), np.float64)
            for place in range(polygon.GetGeometryCount())
        ]


def _unrolled(ring: Ring, crs: str) -> Ring:
    """A ring in degrees whose longitudes do not jump; around a pole it goes by way of the pole."""
    if _is_lonlat(crs):
        return ring
    placed = _placed(ring, crs)
    if is_geographic(crs):
        turns = np.round((ring[:, 0] - placed[:, 0]) / 360)
        return np.column_stack([placed[:, 0] + 360 * turns, placed[:, 1]])
    running = np.degrees(np.unwrap(np.radians(placed[:, 0])))
    # Whole turns: a sum of rounded angles would not close the ring.
    lons = placed[:, 0] + 360 * np.round((running - placed[:, 0]) / 360)
    placed = np.column_stack([lons, placed[:, 1]])
    if abs(lons[-1] - lons[0]) < 180:
        return placed
    pole = math.copysign(90.0, float(placed[:, 1].mean()))
    return np.vstack([placed, [[lons[-1], pole], [lons[0], pole]], placed[:1]])


def _is_lonlat(crs: str) -> bool:
    return bool(spatial_reference(crs).IsSame(spatial_reference(LONLAT)))


def _placed(ring: Ring, crs: str) -> Ring:
    placed = np.column_stack(project_points(crs, LONLAT, ring[:, 0], ring[:, 1]))
    if not np.isfinite(placed).all():
        raise RasterError(_WHAT, "a corner has no place on the globe", "Choose a smaller area.")
    return placed


def _cut(polygons: Sequence[Sequence[Ring]]) -> list[list[Ring]]:
    """Polygons within ±180, cut at the antimeridian."""
    cut: list[list[Ring]] = []
    for outer, *holes in polygons:
        turn = 360.0 * math.floor((float(outer[:, 0].min()) + 180) / 360)
        outer = outer - (turn, 0.0)
        middle = float(outer[:, 0].mean())
        around = [_near(hole, middle) for hole in holes]
        if float(outer[:, 0].max()) <= 180:
            cut.append([outer, *around])
            continue
        whole = {"type": "Polygon", "coordinates": [ring.tolist() for ring in (outer, *around)]}
        before = len(cut)
        for number in range(math.ceil((float(outer[:, 0].max()) + 180) / 360)):
            strip = _box(-180.0 + 360 * number, 180.0 + 360 * number)
            part = overlap(whole, strip)
            if part is not None:
                cut += [[ring - (360.0 * number, 0.0) for ring in each] for each in rings_of(part)]
        if len(cut) == before:
            raise RasterError(_WHAT, "it cannot be cut at the antimeridian", "Mend it first.")
    return cut


def _near(ring: Ring, middle: float) -> Ring:
    """A hole as many turns around the globe as its polygon."""
    turns = round((float(ring[:, 0].mean()) - middle) / 360)
    return np.column_stack([ring[:, 0] - 360.0 * turns, ring[:, 1]])


def _box(west: float, east: float) -> dict[str, Any]:
    ring = [[west, -90.0], [east, -90.0], [east, 90.0], [west, 90.0], [west, -90.0]]
    return {"type": "Polygon", "coordinates": [ring]}


def _rounded(polygons: Sequence[Sequence[Ring]], digits: int) -> dict[str, Any] | None:
    kept = []
    for outer, *holes in polygons:
        first = _turned(outer, digits, 1)
        if first is not None:
            others = (_turned(hole, digits, -1) for hole in holes)
            kept.append([first, *filter(None, others)])
    if not kept:
        return None
    if len(kept) == 1:
        return {"type": "Polygon", "coordinates": kept[0]}
    return {"type": "MultiPolygon", "coordinates": kept}


def _turned(ring: Ring, digits: int, sense: int) -> list[list[float]] | None:
    """Rounded, without corners that say nothing twice, in the sense wanted; None where that is no
    surface any more.
    """
    points = np.round(ring, digits) + 0.0  # no -0.0
    new = np.ones(len(points), bool)
    new[1:] = (points[1:] != points[:-1]).any(axis=1)
    points = points[new]
    near = points - points[0]
    twice = float(np.sum(near[:-1, 0] * near[1:, 1] - near[1:, 0] * near[:-1, 1]))
    if len(points) < 4 or twice == 0:
        return None
    if twice * sense < 0:
        points = points[::-1]
    listed: list[list[float]] = points.tolist()
    return listed


def multipolygon(geometry: Mapping[str, Any]) -> bytes:
    """A GeoJSON Polygon or MultiPolygon as the WKB of a multipolygon."""
    from osgeo import ogr

    shape = ogr.CreateGeometryFromJson(json.dumps(geometry))
    return bytes(ogr.ForceToMultiPolygon(shape).ExportToWkb(ogr.wkbNDR))


def polygons_of(geometry: Mapping[str, Any]) -> list[Rings]:
    """The polygons of a GeoJSON Polygon or MultiPolygon."""
    parts = geometry["coordinates"]
    return [parts] if geometry["type"] == "Polygon" else list(parts)
