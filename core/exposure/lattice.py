"""Lines and outlines cut where they cross the lines between pixels: what is summed over the pieces
is exact, because each of them lies in one pixel.

The integrals are Green's theorem: the mass of a raster inside an outline is the sum, along it, of
the mass to the left of each piece times its height (the way fonts are drawn with exact shares).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Pieces:
    """Parts of segments, each in one pixel; positions in columns and rows of the raster."""

    segment: Integers
    """The segment that a piece is of."""
    share: Floats
    """Of the segment's length."""
    col: Floats
    row: Floats
    """Middle of the piece."""
    height: Floats
    """Rows from its begin to its end; negative upwards."""


def cut(cols: tuple[Floats, Floats], rows: tuple[Floats, Floats]) -> Pieces:
    """Cut straight segments at all lines between pixels.

    Parameters
    ----------
    cols, rows : (ndarray, ndarray)
        Begins and ends, in pixels from the raster's corner.
    """
    (x0, x1), (y0, y1) = cols, rows
    every = np.arange(len(x0))
    by_col, at_col = _crossings(x0, x1)
    by_row, at_row = _crossings(y0, y1)
    segment = np.concatenate([every, by_col, by_row, every])
    place = np.concatenate([np.zeros(len(x0)), at_col, at_row, np.ones(len(x0))])
    order = np.lexsort((place, segment))
    segment, place = segment[order], place[order]
    same = segment[:-1] == segment[1:]
    begin, end, of = place[:-1][same], place[1:][same], segment[:-1][same]
    middle = (begin + end) / 2
    return Pieces(
        segment=of,
        share=end - begin,
        col=x0[of] + middle * (x1 - x0)[of],
        row=y0[of] + middle * (y1 - y0)[of],
        height=(end - begin) * (y1 - y0)[of],
    )


def _crossings(begin: Floats, end: Floats) -> tuple[Integers, Floats]:
    """Segments that cross whole numbers, and where: shares of their length."""
    first = np.floor(np.minimum(begin, end)) + 1
    count = np.maximum(np.ceil(np.maximum(begin, end)) - first, 0).astype(np.intp)
    of = np.repeat(np.arange(len(begin)), count)
    within = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
    place = (first[of] + within - begin[of]) / (end - begin)[of]
    return of, np.clip(place, 0.0, 1.0)


def cells(
    pieces: Pieces, shape: tuple[int, int]
) -> tuple[Integers, Integers, npt.NDArray[np.bool_]]:
    """Row and column of the pixel of each piece, and whether it lies on the raster; those outside
    have those of the nearest pixel.
    """
    row, col = np.floor(pieces.row), np.floor(pieces.col)
    on = (row >= 0) & (row < shape[0]) & (col >= 0) & (col < shape[1])
    return (
        np.clip(row, 0, shape[0] - 1).astype(np.intp),
        np.clip(col, 0, shape[1] - 1).astype(np.intp),
        on,
    )


def cover(rings: list[tuple[Floats, Floats]], shape: tuple[int, int]) -> Floats:
    """Share of each pixel of a raster that an outline covers, 0..1.

    Parameters
    ----------
    rings : list of (columns, rows)
        Closed; outer ones run one way, holes the other.
    """
    mass = np.zeros(shape[0] * (shape[1] + 1))
    for x, y in rings:
        pieces = cut((x[:-1], x[1:]), (y[:-1], y[1:]))
        inside = (pieces.row >= 0) & (pieces.row < shape[0]) & (pieces.col < shape[1])
        row = np.floor(pieces.row[inside]).astype(np.intp)
        right = np.maximum(pieces.col[inside], 0.0)  # what lies to the left covers the whole row
        col = np.floor(right).astype(np.intp)
        height, part = pieces.height[inside], right - col
        place = row * (shape[1] + 1) + col
        mass += np.bincount(place, height * (1 - part), mass.size)
        mass += np.bincount(place + 1, height * part, mass.size)
    covered: Floats = np.cumsum(mass.reshape(shape[0], shape[1] + 1), axis=1)[:, :-1]
    return np.asarray(np.clip(np.abs(covered), 0.0, 1.0))


def oriented(ring: tuple[Floats, Floats], outer: bool) -> tuple[Floats, Floats]:
    """A ring in the direction that :func:`cover` needs."""
    x, y = ring
    area = float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))
    return (x, y) if (area > 0) == outer else (x[::-1], y[::-1])


class Masses:
    """Rasters of which the mass inside of outlines is asked for.

    Parameters
    ----------
    layers : ndarray, (layers, rows, cols)
        Mass of each pixel, spread evenly over it.
    """

    def __init__(self, layers: npt.NDArray[Any]) -> None:
        self._layers = layers.astype(np.float64)
        count, rows, cols = layers.shape
        self._before = np.zeros((count, rows, cols + 1))
        np.cumsum(self._layers, axis=2, out=self._before[:, :, 1:])

    def along(self, cols: tuple[Floats, Floats], rows: tuple[Floats, Floats]) -> Floats:
        """The integral of the mass to the left along segments, (layers, segments)."""
        pieces = cut(cols, rows)
        count, high, wide = self._layers.shape
        row = np.floor(pieces.row).astype(np.intp)
        on = (row >= 0) & (row < high)
        row = np.clip(row, 0, high - 1)
        x = np.clip(pieces.col, 0.0, float(wide))
        col = np.clip(np.floor(x).astype(np.intp), 0, wide - 1)
        height = np.where(on, pieces.height, 0.0)
        out = np.empty((count, len(cols[0])))
        for number in range(count):
            left = self._before[number, row, col] + (x - col) * self._layers[number, row, col]
            out[number] = np.bincount(pieces.segment, left * height, len(cols[0]))
        return out

    def in_cells(self, cols: Floats, rows: Floats) -> tuple[Floats, Floats]:
        """Mass in each cell of a lattice, and the size of each cell in pixels.

        Parameters
        ----------
        cols, rows : ndarray, (n + 1, m + 1)
            Corners of the cells, in pixels; their sides are straight.

        Returns
        -------
        mass : ndarray, (layers, n, m)
        size : ndarray, (n, m)
        """
        high, wide = cols.shape[0] - 1, cols.shape[1] - 1
        across = self.along(
            (cols[:, :-1].ravel(), cols[:, 1:].ravel()),
            (rows[:, :-1].ravel(), rows[:, 1:].ravel()),
        ).reshape(-1, high + 1, wide)
        down = self.along(
            (cols[:-1].ravel(), cols[1:].ravel()), (rows[:-1].ravel(), rows[1:].ravel())
        ).reshape(-1, high, wide + 1)
        mass = across[:, :-1] - across[:, 1:] + down[:, :, 1:] - down[:, :, :-1]
        size = _sizes(cols, rows)
        return mass * np.sign(size), np.abs(size)


def _sizes(x: Floats, y: Floats) -> Floats:
    """Signed areas of quadrilaterals (the shoelace formula)."""
    (a, b, c, d) = (
        (x[:-1, :-1], y[:-1, :-1]),
        (x[:-1, 1:], y[:-1, 1:]),
        (x[1:, 1:], y[1:, 1:]),
        (x[1:, :-1], y[1:, :-1]),
    )
    twice: Floats = (a[0] - c[0]) * (b[1] - d[1]) - (b[0] - d[0]) * (a[1] - c[1])
    return np.asarray(twice / 2)
