"""The grid on which a raster's pixels lie."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .aoi import Bounds

MOST_COORDINATE = 1e15
"""In any unit: the ecliptic in millimetres."""
LEAST_PIXEL = 1e-12
MOST_PIXELS = 2**31 - 1
"""On a side; GDAL counts no further."""


@dataclass(frozen=True)
class Grid:
    """Grid of a raster's pixels."""

    crs: str
    """``EPSG:n`` where there is a code, else WKT; empty where the raster has none."""
    transform: tuple[float, float, float, float, float, float]
    """a, b, c, d, e, f of ``x = a*col + b*row + c``, ``y = d*col + e*row + f``; unit of the CRS."""
    shape: tuple[int, int]
    """(rows, cols)"""

    @property
    def bounds(self) -> Bounds:
        """left, bottom, right, top in the unit of the CRS; of a tilted grid around its corners."""
        a, b, c, d, e, f = self.transform
        rows, cols = self.shape
        xs = [c + x for x in (0.0, a * cols, b * rows, a * cols + b * rows)]
        ys = [f + y for y in (0.0, d * cols, e * rows, d * cols + e * rows)]
        return (min(xs), min(ys), max(xs), max(ys))

    @property
    def resolution(self) -> tuple[float, float]:
        """Pixel size (x, y), both positive, in the unit of the CRS."""
        return (abs(self.transform[0]), abs(self.transform[4]))

    @property
    def fault(self) -> str:
        """Why nothing can lie on it, as a damaged or forged header has it; empty where it can."""
        if not all(math.isfinite(value) for value in self.transform):
            return "its position is no number"
        if max(abs(value) for value in self.transform) > MOST_COORDINATE:
            return "its position is too far away"
        if any(0 < side < LEAST_PIXEL for side in self.resolution):
            return "its pixels are too small"
        if not all(0 < side <= MOST_PIXELS for side in self.shape):
            return "its number of rows or columns cannot be"
        return ""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"crs": self.crs, "transform": list(self.transform), "shape": list(self.shape)}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Grid:
        """The inverse of :meth:`to_dict`.

        Raises
        ------
        ValueError, KeyError, TypeError, OverflowError
            If the fields are no grid.
        """
        a, b, c, d, e, f = (float(value) for value in fields["transform"])
        rows, cols = (int(value) for value in fields["shape"])
        grid = cls(str(fields["crs"]), (a, b, c, d, e, f), (rows, cols))
        if grid.fault:
            raise ValueError(grid.fault)
        return grid
