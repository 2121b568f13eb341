"""A raster as it is seen in a picture of another one's extent: few pixels, from the overviews; and
between which numbers most of them lie.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import RasterError
from ..gdal.crs import same_crs
from ..gdal.environment import local_gdal
from ..gdal.errors import checked, gdal_errors
from ..gdal.warp import WarpOptions, warp_to_memory
from ..types import Grid
from .facts import RasterFacts
from .grid import Window
from .open_file import open_checked
from .physical import FloatArray, to_physical
from .reader import RasterReader
from .valid import find_missing

PLACES, SIDE = 5, 32
"""A look at so many rows and columns of places, of so many pixels each."""
CUT_PERCENT = (2.0, 98.0)
"""Darkest and brightest pixels that a spread leaves out."""
STRIP = 512
"""Rows that are read at once where a picture is picked from all pixels."""


def view_grid(grid: Grid, most: int) -> Grid:
    """The same extent with at most ``most`` pixels a side."""
    rows, cols = grid.shape
    factor = max(1.0, max(rows, cols) / most)
    shape = (max(1, round(rows / factor)), max(1, round(cols / factor)))
    a, _, c, _, e, f = grid.transform
    return Grid(grid.crs, (a * cols / shape[1], 0.0, c, 0.0, e * rows / shape[0], f), shape)


def read_view(facts: RasterFacts, index: int, grid: Grid) -> FloatArray:
    """One band on another grid, as :func:`read_views` reads it."""
    return read_views(facts, index, [grid])[0]


def read_views(facts: RasterFacts, index: int, grids: Sequence[Grid]) -> list[FloatArray]:
    """One band on other grids, by nearest neighbour; from the overviews that suit them, where there
    are any, else all from one read.

    Returns
    -------
    list of ndarray of float32, (rows, cols)
        Physical values, NaN where there is no data; classes as their codes.

    Raises
    ------
    RasterError
        If it cannot be read.
    """
    with RasterReader(facts.path) as reader:
        upright = facts.grid.transform[1] == facts.grid.transform[3] == 0
        same = all(same_crs(facts.grid.crs, grid.crs) for grid in grids)
        if upright and same and not _has_overviews(facts, index):
            return _pick(reader, index, [_Pick(reader.grid, grid) for grid in grids])
    return [_warp(facts, index, grid) for grid in grids]


def _has_overviews(facts: RasterFacts, index: int) -> bool:
    """Whether GDAL, which warps, has any of the raster itself: it has none of a stack in which the
    file of another band lacks them.
    """
    with local_gdal():
        dataset = open_checked(facts.path)
        return int(dataset.GetRasterBand(index).GetOverviewCount()) > 0


class _Pick:
    """The pixels under the middles of a picture's."""

    def __init__(self, ours: Grid, grid: Grid) -> None:
        a, _, c, _, e, f = grid.transform
        right, _, left, _, down, top = ours.transform
        rows, cols = grid.shape
        self.row = np.floor((f + e * (np.arange(rows) + 0.5) - top) / down).astype(int)
        self.col = np.floor((c + a * (np.arange(cols) + 0.5) - left) / right).astype(int)
        self.rows = (self.row >= 0) & (self.row < ours.shape[0])
        """Those of the picture that lie over the raster."""
        self.cols = (self.col >= 0) & (self.col < ours.shape[1])
        self.values = np.full(grid.shape, np.nan, np.float32)

    def take(self, strip: FloatArray, top: int, left: int) -> None:
        """Take what lies in a part of the raster, which is as wide as all that is picked."""
        here = self.rows & (self.row >= top) & (self.row < top + len(strip))
        self.values[np.ix_(here, self.cols)] = strip[
            np.ix_(self.row[here] - top, self.col[self.cols] - left)
        ]


def _pick(reader: RasterReader, index: int, picks: Sequence[_Pick]) -> list[FloatArray]:
    """Read strip by strip what is picked; GDAL would take each strip of a VRT through floating
    point for that.
    """
    over = [one for one in picks if one.rows.any() and one.cols.any()]
    if over:
        rows = np.unique(np.concatenate([one.row[one.rows] for one in over]))
        left = min(int(one.col[one.cols].min()) for one in over)
        right = max(int(one.col[one.cols].max()) for one in over) + 1
        for start in range(int(rows[0]), int(rows[-1]) + 1, STRIP):
            here = rows[(rows >= start) & (rows < start + STRIP)]
            if len(here):
                deep = int(here[-1]) + 1 - start
                strip = reader.read(index, Window(start, left, deep, right - left))
                for one in over:
                    one.take(strip, start, left)
    return [one.values for one in picks]


def _warp(facts: RasterFacts, index: int, grid: Grid) -> FloatArray:
    from osgeo import gdal

    what = f"A picture of {facts.path.name} cannot be made"
    radiometry = facts.bands[index - 1].radiometry
    outside = math.nan if radiometry.nodata is None else radiometry.nodata
    options = WarpOptions("near", outside, overviews=True)
    with gdal_errors(lambda why: RasterError(what, why, "Is the file complete?")):
        mask = f"mask,{index}" if facts.bands[index - 1].masked else "none"
        band = checked(
            gdal.Translate(
                "", open_checked(facts.path), format="VRT", bandList=[index], maskBand=mask
            )
        )
        view = warp_to_memory(band, grid, options, gdal.GDT_Float32)
        stored = checked(view.ReadAsArray())
    return to_physical(stored, radiometry)


def read_spread(
    path: Path, indexes: Sequence[int], wanted: Callable[[], bool] = lambda: True
) -> dict[int, tuple[float, float]]:
    """Between which numbers most pixels of bands lie: by a look at a few places, since a file
    without overviews is decoded as a whole for a small picture of it.

    Parameters
    ----------
    path : Path
        A raster of this computer.
    indexes : sequence of int
        Bands, from 1.
    wanted : callable
        Asked between two bands; once it says no, nothing more is read.

    Returns
    -------
    dict of int to (float, float)
        Band → its numbers by the header's scale and offset, as QGIS shows them: power stays power.
        Bands without data are left out.

    Raises
    ------
    RasterError, ValidationError, VRTSourceNotFoundError
        If it cannot be read, or names what is not on this computer.
    """
    spreads = {}
    with RasterReader(path) as reader:
        for index in indexes:
            if not wanted():
                break
            rule = reader.radiometry[index - 1]
            for values in _looks(reader, index):
                seen = values[~find_missing(values, rule.nodata, rule.unit)]
                if seen.size:
                    low, high = np.percentile(seen.astype(np.float64), CUT_PERCENT)
                    ends = sorted(float(end) * rule.scale + rule.offset for end in (low, high))
                    spreads[index] = (ends[0], ends[1])
                    break
    return spreads


def _looks(reader: RasterReader, index: int) -> Iterator[npt.NDArray[Any]]:
    """Stored numbers at a few places; then, for whom these were empty, of all of it in small."""
    rows, cols = map(_spans, reader.grid.shape)
    windows = [Window(row, col, height, width) for row, height in rows for col, width in cols]
    yield np.concatenate([reader.read_stored(index, window).ravel() for window in windows])
    yield reader.read_stored(index, max_size=PLACES * SIDE).ravel()


def _spans(length: int) -> list[tuple[int, int]]:
    """First rows, or columns, of the places and how many, from edge to edge: each of a few once."""
    if length <= PLACES * SIDE:
        return [(first, min(SIDE, length - first)) for first in range(0, length, SIDE)]
    return [(round(place * (length - SIDE) / (PLACES - 1)), SIDE) for place in range(PLACES)]
