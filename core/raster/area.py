"""How much ground a pixel covers."""

from __future__ import annotations

import math

from ..types import Grid
from .gdal_env import quiet_gdal


def pixel_area_m2(grid: Grid, row: int, rows: int) -> float | None:
    """Mean area of the pixels of some rows, in square metres; None where the grid has no reference system.

    In a projected system as projected (UTM's scale changes areas by less than 0.3 %); in a geographic one on its ellipsoid
    (the area of a zone between two latitudes: Snyder 1987, USGS PP 1395, eq. 3-12).

    Parameters
    ----------
    row, rows : int
        The first of them, and how many.
    """
    from osgeo import osr

    if not grid.crs:
        return None
    a, b, _, d, e, f = grid.transform
    with quiet_gdal():
        system = osr.SpatialReference()
        system.SetFromUserInput(grid.crs)
        geographic = bool(system.IsGeographic())
        unit = float(system.GetAngularUnits() if geographic else system.GetLinearUnits())
        major, minor = float(system.GetSemiMajor()), float(system.GetSemiMinor())
    if not geographic:
        return abs(a * e - b * d) * unit**2
    edges = [max(-math.pi / 2, min(math.pi / 2, (f + e * line) * unit)) for line in (row, row + rows)]
    zones = [_zone(math.sin(edge), major, minor) for edge in edges]
    return abs(a) * unit * abs(zones[1] - zones[0]) / rows


def _zone(sine: float, major: float, minor: float) -> float:
    """Area from the equator to a latitude, for a radian of longitude."""
    eccentricity = math.sqrt(1 - (minor / major) ** 2)
    if eccentricity < 1e-9:
        return major**2 * sine
    es = eccentricity * sine
    return minor**2 / 2 * (sine / (1 - es**2) + math.log((1 + es) / (1 - es)) / (2 * eccentricity))
