"""Positions of one grid's pixels on another: transformed exactly at the nodes of a lattice, along
straight lines between.

The nodes belong to the grids, not to a tile: a pixel's place is the same to the last bit whatever
window it is asked in, and a scene's reference systems are set up once instead of for each tile and
band.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import RasterError
from ..gdal.projection import turned_near
from ..gdal.reading_choice import reading
from ..raster.grid import Window
from ..types import Grid

Positions = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.int64]
MAX_ERROR_PX = 0.01
"""As for warped bands of stacks: pixels lie along straight lines as long as they are this near."""
STEPS = (64, 32, 16)
"""Pixels between nodes, the widest first; between UTM zones 64 of 10 m are straight to 0.0001
pixels.
"""

LOOKED_AT = 33
"""Cells in each direction whose lines are looked at."""


@dataclass(frozen=True, eq=False)
class Lattice:
    """Positions of a target's pixels in pixels of a source."""

    part: Window
    """Of the target: what the source may fill."""
    first: tuple[int, int]
    """Row and column of the first node, in pixels of the target; multiples of the step."""
    step: int
    rows: Positions
    """(nodes down, nodes right): the source's row at the centre of the target's pixel; 0.0 is its
    first row's centre.
    """
    cols: Positions
    """The same for the source's column."""

    @property
    def ratio(self) -> float:
        """The number of pixels of the source, at most, from one pixel of the target to the
        next.
        """
        steps = [
            np.hypot(np.diff(self.rows, axis=axis), np.diff(self.cols, axis=axis))
            for axis in (0, 1)
        ]
        return max(float(one.max()) for one in steps) / self.step

    def bounds(self, window: Window) -> tuple[float, float, float, float]:
        """Lowest row, lowest column, highest row and highest column of the places of a window's
        pixels, or a little more.
        """
        down = slice(
            (window.row - self.first[0]) // self.step,
            -((self.first[0] - window.row - window.rows) // self.step) + 1,
        )
        right = slice(
            (window.col - self.first[1]) // self.step,
            -((self.first[1] - window.col - window.cols) // self.step) + 1,
        )
        rows, cols = self.rows[down, right], self.cols[down, right]
        return float(rows.min()), float(cols.min()), float(rows.max()), float(cols.max())

    def strips(self, window: Window) -> Iterator[tuple[slice, Positions, Positions]]:
        """Rows of the window, from top to bottom, with the places (rows, cols) of their pixels.

        A strip lies between two rows of nodes: small enough for the processor's cache. Its places
        may be changed, and hold until the next strip: they are written into the same arrays.
        """
        room = np.empty((2, self.step, window.cols))
        along = np.arange(window.col - self.first[1], window.col - self.first[1] + window.cols)
        node, share = along // self.step, along % self.step / self.step
        row = window.row
        while row < window.row + window.rows:
            node_row = (row - self.first[0]) // self.step
            end = min(self.first[0] + (node_row + 1) * self.step, window.row + window.rows)
            down = (np.arange(row, end) - (self.first[0] + node_row * self.step))[
                :, None
            ] / self.step
            positions = room[:, : end - row]
            for nodes, between in zip((self.rows, self.cols), positions):
                upper, lower = (
                    line[node] + (line[node + 1] - line[node]) * share
                    for line in nodes[node_row : node_row + 2]
                )
                np.multiply(down, lower - upper, out=between)
                between += upper
            yield slice(row - window.row, end - window.row), positions[0], positions[1]
            row = end


def make_lattice(source: Grid, target: Grid, part: Window) -> Lattice | None:
    """The lattice over a part of a target; None where lines are nowhere straight enough, or lead
    nowhere.

    Parameters
    ----------
    part : Window
        Of the target: what the source may fill.
    """
    for step in STEPS:
        first = (part.row // step * step, part.col // step * step)
        down = np.arange(first[0], part.row + part.rows + step, step)
        right = np.arange(first[1], part.col + part.cols + step, step)
        rows, cols = _positions(source, target, down, right)
        if not (np.isfinite(rows).all() and np.isfinite(cols).all()):
            return None
        error = _error(source, target, (down, right), (rows, cols))
        if error <= MAX_ERROR_PX:
            return Lattice(part, first, step, rows, cols)
    return None


def _error(
    source: Grid, target: Grid, nodes: tuple[Pixels, Pixels], positions: tuple[Positions, Positions]
) -> float:
    """The most, in pixels of the source, by which lines between nodes are off in their middle.

    Looked at in the middle of cells and of both kinds of edges: between two zones, the errors of
    these cancel in the middle of a cell, because the map between them is conformal.
    """
    half = int(nodes[0][1] - nodes[0][0]) // 2
    picked = [np.unique(np.linspace(0, len(one) - 2, LOOKED_AT).astype(int)) for one in nodes]
    here, end = np.ix_(*picked), np.ix_(*(one + 1 for one in picked))
    below, beside = np.ix_(picked[0] + 1, picked[1]), np.ix_(picked[0], picked[1] + 1)
    error = 0.0
    for down, right, corners in (
        (half, 0, (here, below)),
        (0, half, (here, beside)),
        (half, half, (here, below, beside, end)),
    ):
        exact = _positions(source, target, nodes[0][picked[0]] + down, nodes[1][picked[1]] + right)
        for one, there in zip(positions, exact):
            error = max(
                error,
                float(np.abs(sum(one[corner] for corner in corners) / len(corners) - there).max()),
            )
    return error


def _positions(
    source: Grid, target: Grid, rows: Pixels, cols: Pixels
) -> tuple[Positions, Positions]:
    """Rows and columns of the source, from its first pixel's centre, of the centres of the target's
    pixels; NaN: nowhere.
    """
    a, _, left, _, e, top = target.transform
    xs, ys = np.meshgrid(left + a * (cols + 0.5), top + e * (rows + 0.5))
    if source.crs != target.crs:
        library = reading()
        try:
            with library.errors(
                lambda why: RasterError(
                    "The scene cannot be placed",
                    why,
                    "Leave the scene out, or choose another coordinate system.",
                )
            ):
                moved = library.move_points(target.crs, source.crs, xs.ravel(), ys.ravel())
        except RasterError:
            moved = (np.full(xs.size, np.nan), np.full(xs.size, np.nan))
        xs, ys = (one.reshape(xs.shape) for one in moved)
    xs = turned_near(xs, source.crs, source.bounds)
    a, _, left, _, e, top = source.transform
    return (ys - top) / e - 0.5, (xs - left) / a - 0.5
