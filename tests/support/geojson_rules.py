"""What RFC 7946 demands of a polygon, and its area on the ellipsoid by another library."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from firstlight.core.shapes.lonlat import polygons_of

Points = list[list[float]]


def twice_area(ring: Points) -> float:
    x, y = np.array(ring).T
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))


def check_rfc7946(geometry: Any, digits: int = 6) -> None:
    """Rings closed, outer ones counter-clockwise, holes clockwise, all on the globe, rounded."""
    assert geometry["type"] in ("Polygon", "MultiPolygon")
    for outer, *holes in polygons_of(geometry):
        assert twice_area(outer) > 0
        assert all(twice_area(hole) < 0 for hole in holes)
        for ring in (outer, *holes):
            assert ring[0] == ring[-1]
            assert len(ring) >= 4
            assert all(a != b for a, b in pairwise(ring))
            assert all(-180 <= x <= 180 and -90 <= y <= 90 for x, y in ring)
            assert all(round(v, digits) == v for point in ring for v in point)
        edges = [(a, b) for a, b in pairwise(outer) if abs(a[1]) < 90]
        assert all(abs(a[0] - b[0]) <= 180 for a, b in edges), "it jumps"


def geodesic_area(geometry: Any) -> float:
    pyproj = pytest.importorskip("pyproj")
    geod = pyproj.Geod(ellps="WGS84")
    total = 0.0
    for outer, *holes in polygons_of(geometry):
        sizes = [abs(geod.polygon_area_perimeter(*np.array(ring).T)[0]) for ring in (outer, *holes)]
        total += sizes[0] - sum(sizes[1:])
    return total
