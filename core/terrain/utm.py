"""The metric coordinate system of a place."""

from __future__ import annotations

import math
import re

UTM_NORTH_END, UTM_SOUTH_END = 84.0, -80.0


def metric_crs(lon: float, lat: float) -> str:
    """``EPSG:n`` of the UTM zone on WGS84 around a place in degrees; beyond its ends of the polar
    stereographic (UPS).

    The exceptions of the zones around Norway and Svalbard are left out: there the usual zone is as
    true to scale as needed.
    """
    if lat > UTM_NORTH_END:
        return "EPSG:32661"
    if lat < UTM_SOUTH_END:
        return "EPSG:32761"
    zone = math.floor((lon + 180) % 360 / 6) + 1
    return f"EPSG:{(32600 if lat >= 0 else 32700) + zone}"


def is_metric(crs: str) -> bool:
    """Tell whether it is one of those: a metre on the map is a metre on the ground, which is not so
    in web maps.
    """
    return re.fullmatch(r"EPSG:32[67](0[1-9]|[1-5]\d|6[01])", crs) is not None
