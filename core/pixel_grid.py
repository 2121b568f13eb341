"""The grid on which a raster's pixels lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .aoi import Bounds


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

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"crs": self.crs, "transform": list(self.transform), "shape": list(self.shape)}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Grid:
        """The inverse of :meth:`to_dict`."""
        a, b, c, d, e, f = (float(value) for value in fields["transform"])
        rows, cols = (int(value) for value in fields["shape"])
        return cls(str(fields["crs"]), (a, b, c, d, e, f), (rows, cols))
