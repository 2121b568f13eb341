"""Numbers of a grid over an area: each cell counts with the part of it that lies in the area."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..shapes.vector import overlap
from ..types import Aoi
from .grib import LonLatGrid, columns_between

MOST_CELLS = 10_000
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Shares:
    """Cells of a grid under an area."""

    rows: npt.NDArray[np.int_]
    cols: npt.NDArray[np.int_]
    km2: Floats
    """Of the area in each cell, on the ellipsoid."""

    def of(self, values: Floats) -> Floats:
        """The cells' values, one after the other."""
        picked: Floats = values[self.rows, self.cols]
        return picked

    def mean(self, values: Floats) -> float | None:
        """Mean of :meth:`of` by the area in each cell; None where none has a value."""
        known = np.isfinite(values)
        weight = float(self.km2[known].sum())
        return float((values[known] * self.km2[known]).sum() / weight) if weight else None


def shares_of(aoi: Aoi, grid: LonLatGrid) -> Shares:
    """The part of an area in each cell of a grid.

    A cell is the square around its point: a forecast at 0.25° is the mean of so much ground.

    Raises
    ------
    InputError
        If the area lies beside the grid, or has too many cells.
    """
    west, south, east, north = aoi.bounds
    east += 360 if east < west else 0
    first = max(int(np.floor((grid.north - north) / grid.step_y + 1e-9)), 0)
    last = min(int(np.ceil((grid.north - south) / grid.step_y - 1e-9)), grid.rows)
    cols = columns_between(grid, west, east)
    failure = "The forecast cannot be told"
    if first >= last or not len(cols):
        raise InputError(failure, "the area lies beside its grid", "Choose another catalogue.")
    if (last - first) * len(cols) > MOST_CELLS:
        why = f"the area has {(last - first) * len(cols)} cells of its grid"
        raise InputError(failure, why, "Choose a smaller area.")
    found: list[tuple[int, int, float]] = []
    for row in range(first, last):
        for col in map(int, cols):
            inside = _inside(aoi.geometry, grid, row, col)
            if inside > 0:
                found.append((row, col, inside))
    rows, columns, km2 = zip(*found, strict=True)
    return Shares(np.array(rows), np.array(columns), np.array(km2, np.float64))


def _inside(geometry: Mapping[str, Any], grid: LonLatGrid, row: int, col: int) -> float:
    """Square kilometres of an area in a cell, which may lie on both sides of the antimeridian."""
    north = min(grid.north - row * grid.step_y, 90.0)
    south = max(grid.north - (row + 1) * grid.step_y, -90.0)
    left = (grid.west + col * grid.step_x + 180) % 360 - 180
    parts = [(left, min(left + grid.step_x, 180.0))]
    if left + grid.step_x > 180 + 1e-9:
        parts.append((-180.0, left + grid.step_x - 360))
    total = 0.0
    for west, east in parts:
        if north - south > 1e-9 and east - west > 1e-9:
            cell = Aoi.from_bounds(west, south, east, north)
            common = overlap(geometry, cell.geometry)
            total += Aoi.from_geometry(common).area_km2 if common else 0.0
    return total
