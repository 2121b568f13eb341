"""The pixels of a grid that an area owns, as stretches of its rows: the same whatever the tile that
asks for them.

A pixel belongs to the area in which its centre lies. The edges are cut with the lines through the
centres of the rows, and what lies between the first and the second cut, the third and the fourth,
is inside (even-odd rule; scan conversion as in Foley et al. 1990, Computer Graphics, section 3.6).
A centre on a left edge is inside, one on a right edge is not, so that of two areas with a common
edge each pixel has one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..enums import AreaMask
from ..errors import AreaError, RasterError
from ..gdal.area_outline import project_area
from ..gdal.projection import rings_of
from ..gdal.reading import Transform
from ..raster.grid import Window, pixel_position
from ..types import Aoi, Grid
from .area_mask import COVER_SIZE, check_near, lies_on, look_at
from .runs import Runs, join_runs

FAILURE = "The area cannot be laid over the raster"
Coordinates = npt.NDArray[np.float64]
Polygon = Sequence[Coordinates]
"""Rings of columns and rows, (points, 2); the first one is the outer one."""


@dataclass(frozen=True, eq=False)
class AreaPixels:
    """Pixels of a raster that lie in an area; a value that may be sent to a worker anywhere."""

    shape: tuple[int, int]
    """Rows and columns of the raster."""
    runs: Runs
    """From top to bottom and left to right; none touches the next."""
    covered: float
    """Share of the area that lies on the raster, 0..1."""

    @property
    def count(self) -> int:
        """Number of the pixels."""
        return int(self.runs.pixels.sum(dtype=np.int64))

    @property
    def outside(self) -> int:
        """Number of all others."""
        return self.shape[0] * self.shape[1] - self.count

    @property
    def digest(self) -> str:
        """Names these pixels; in hex."""
        found = hashlib.sha256(repr(self.shape).encode())
        for part in (self.runs.row, self.runs.start, self.runs.stop):
            found.update(np.ascontiguousarray(part, "<i4").tobytes())
        return found.hexdigest()

    def part(self, window: Window) -> AreaPixels:
        """The same for whoever asks for pixels within a window alone: runs of its rows."""
        rows = self._of_rows(window)
        runs = Runs(self.runs.row[rows], self.runs.start[rows], self.runs.stop[rows])
        return replace(self, runs=runs)

    def _of_rows(self, window: Window) -> slice:
        """Place of the runs that lie in the rows of a window."""
        low, high = np.searchsorted(self.runs.row, [window.row, window.row + window.rows])
        return slice(int(low), int(high))

    def inside(self, window: Window) -> npt.NDArray[np.bool_]:
        """The pixels of a window that lie in the area, (rows, cols)."""
        rows = self._of_rows(window)
        row = self.runs.row[rows].astype(np.int64) - window.row
        start, stop = (
            np.clip(side[rows].astype(np.int64) - window.col, 0, window.cols)
            for side in (self.runs.start, self.runs.stop)
        )
        steps = np.zeros((window.rows, window.cols + 1), np.int8)
        # Runs that were cut off begin and end at one place.
        np.add.at(steps, (row, start), 1)
        np.add.at(steps, (row, stop), -1)
        return np.cumsum(steps[:, :-1], axis=1, dtype=np.int8).view(np.bool_)


def area_pixels(aoi: Aoi, grid: Grid, mask: AreaMask) -> AreaPixels:
    """Tell which pixels of a raster lie in an area, by their centres.

    Parameters
    ----------
    mask : AreaMask
        The area's own shape, or the rectangle of pixels around it.

    Raises
    ------
    AreaError
        If the area lies beside the raster, or cannot be brought to its reference system.
    """
    if not check_near(aoi, grid):
        raise AreaError(FAILURE, "it lies beside it", "Give another area, or none.")
    area = _projected(aoi, grid)
    polygons = _in_pixels(area, grid.transform)
    runs = _box(polygons, grid.shape) if mask is AreaMask.BOX else scan(polygons, grid.shape)
    if not len(runs):
        why = "no pixel of the raster has its centre in it"
        raise AreaError(FAILURE, why, "Give another area, or none.")
    return AreaPixels(grid.shape, runs, _covered(area, grid))


def area_view(aoi: Aoi, grid: Grid) -> npt.NDArray[np.bool_]:
    """The pixels of a picture, (rows, cols), whose centres lie in an area; maybe none.

    Raises
    ------
    AreaError
        If the area cannot be brought to its reference system.
    """
    runs = scan(_in_pixels(_projected(aoi, grid), grid.transform), grid.shape)
    return AreaPixels(grid.shape, runs, 1.0).inside(Window(0, 0, *grid.shape))


def _projected(aoi: Aoi, grid: Grid) -> dict[str, Any]:
    try:
        return project_area(aoi.geometry, grid.crs, grid.bounds)
    except RasterError as error:
        hint = "Draw the area anew, or leave it out."
        raise AreaError(FAILURE, error.why, hint) from error


def _in_pixels(area: Mapping[str, Any], transform: Transform) -> list[list[Coordinates]]:
    """Rings as columns and rows of a raster."""
    return [
        [np.column_stack(pixel_position(transform, ring[:, 0], ring[:, 1])) for ring in polygon]
        for polygon in rings_of(area)
    ]


def area_digest(aoi: Aoi) -> str:
    """Names an area by its corners; SHA-256 in hex."""
    return hashlib.sha256(json.dumps(aoi.geometry, sort_keys=True).encode()).hexdigest()


def _covered(area: Mapping[str, Any], grid: Grid) -> float:
    """Share of an area, in a raster's system, that lies on it."""
    look, shape = look_at(area), (COVER_SIZE, COVER_SIZE)
    inside = AreaPixels(shape, scan(_in_pixels(area, look), shape), 1.0).inside(
        Window(0, 0, *shape)
    )
    total = int(inside.sum())
    return int((inside & lies_on(grid, look)).sum()) / total if total else 1.0


def _box(polygons: Sequence[Polygon], shape: tuple[int, int]) -> Runs:
    """The rectangle of whole pixels around them."""
    corners = np.concatenate([ring for polygon in polygons for ring in polygon])
    (left, top), (right, bottom) = np.floor(corners.min(axis=0)), np.ceil(corners.max(axis=0))
    first, last = (int(np.clip(side, 0, shape[0])) for side in (top, bottom))
    start, stop = (int(np.clip(side, 0, shape[1])) for side in (left, right))
    row = np.arange(first, last if start < stop else first, dtype=np.int32)
    return Runs(row, np.full_like(row, start), np.full_like(row, stop))


def scan(polygons: Sequence[Polygon], shape: tuple[int, int]) -> Runs:
    """The pixels of a raster whose centres lie in one of the polygons; these may overlap.

    Parameters
    ----------
    polygons : sequence of sequence of ndarray of float64, (points, 2)
        Columns and rows, in pixels from the raster's corner.
    """
    return _united(join_runs([_scan(polygon, shape) for polygon in polygons]), shape[1])


def _scan(polygon: Polygon, shape: tuple[int, int]) -> Runs:
    begin = np.concatenate([ring[:-1] for ring in polygon])
    end = np.concatenate([ring[1:] for ring in polygon])
    # Each edge runs down, so that one that two polygons share is cut at the same places.
    down = (begin[:, 1] < end[:, 1])[:, None]
    upper, lower = np.where(down, begin, end), np.where(down, end, begin)
    first, last = (
        np.clip(np.ceil(side[:, 1] - 0.5), 0, shape[0]).astype(np.int64) for side in (upper, lower)
    )
    count = last - first
    edge = np.repeat(np.arange(len(count)), count)
    row = first[edge] + np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
    (x, y), (far_x, far_y) = upper[edge].T, lower[edge].T
    cut = x + (row + 0.5 - y) * ((far_x - x) / (far_y - y))
    order = np.lexsort((cut, row))
    col = np.clip(np.ceil(cut[order] - 0.5), 0, shape[1]).astype(np.int32)
    start, stop = col[0::2], col[1::2]  # a closed ring crosses each line an even number of times
    some = start < stop
    return Runs(row[order][0::2][some].astype(np.int32), start[some], stop[some])


def _united(runs: Runs, width: int) -> Runs:
    """Runs in order, those that overlap or touch as one."""
    base = runs.row.astype(np.int64) * (width + 1)  # the runs of one row end before the next begins
    start, stop = base + runs.start, base + runs.stop
    order = np.argsort(start, kind="stable")
    start, stop = start[order], stop[order]
    reach = np.maximum.accumulate(stop) if len(stop) else stop
    fresh = np.concatenate([[True], start[1:] > reach[:-1]]) if len(start) else np.zeros(0, bool)
    place = np.flatnonzero(fresh)
    ends = reach[np.append(place[1:], len(start)) - 1] if len(place) else reach
    row = start[fresh] // (width + 1)
    return Runs(
        row.astype(np.int32),
        (start[fresh] - row * (width + 1)).astype(np.int32),
        (ends - row * (width + 1)).astype(np.int32),
    )
