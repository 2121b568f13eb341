"""A circle on the ground as a polygon."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import AreaError
from ..gdal.crs import LONLAT
from ..gdal.projection import project_points

CORNERS = 128
"""The polygon's surface is 0.04 % less than the circle's."""
MOST_RADIUS_KM = 1000.0
KM_PER_DEGREE = 111.0
"""A little less than a degree of latitude anywhere."""


def circle(lon: float, lat: float, radius_km: float) -> dict[str, Any]:
    """The polygon whose corners lie at a distance from a point, along the WGS84 ellipsoid.

    Longitudes run on beyond 180 where it crosses the antimeridian.

    Source: azimuthal equidistant projection around the point, in which distances from it are true
    (PROJ's is that of the ellipsoid, after Karney 2013, doi:10.1007/s00190-012-0578-z).

    Raises
    ------
    AreaError
        If the point lies off the globe, the radius is none, or the circle reaches over a pole.
    """
    subject = f"The circle around {abs(lat):g} {'NS'[lat < 0]}, {abs(lon):g} {'EW'[lon < 0]}"
    failure = f"{subject} cannot be used"
    if not (math.isfinite(lon) and math.isfinite(lat)) or abs(lat) > 90 or abs(lon) > 180:
        raise AreaError(failure, "its middle lies off the globe", "Give another middle.")
    if not 0 < radius_km <= MOST_RADIUS_KM:
        why = f"its radius of {radius_km:g} km is not between 0 and {MOST_RADIUS_KM:g} km"
        raise AreaError(failure, why, "Give another radius.")
    if abs(lat) + radius_km / KM_PER_DEGREE >= 90:
        raise AreaError(failure, "it reaches over a pole", "Give a smaller radius.")
    angles = np.linspace(0.0, 2 * np.pi, CORNERS, endpoint=False)
    system = f"+proj=aeqd +lat_0={lat!r} +lon_0={lon!r} +datum=WGS84 +units=m"
    length = radius_km * 1000
    xs, ys = project_points(system, LONLAT, length * np.cos(angles), length * np.sin(angles))
    xs = lon + (xs - lon + 180.0) % 360.0 - 180.0  # near the middle, not a turn away
    ring = [[float(x), float(y)] for x, y in zip(xs, ys)]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
