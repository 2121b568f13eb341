"""Arithmetic on grids: snapping, unions and windows, without touching a file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from ..errors import RasterError
from ..types import Bounds, Grid

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ..gdal.reading import Transform

    Position = TypeVar("Position", float, npt.NDArray[np.float64])

MOST_WINDOWS = 500_000
"""Tiles of one run: in tiles of 1024 pixels, twenty times the land of Europe at 10 m."""
SNAP = 1e-6
"""Fractions of a pixel below this are rounding noise."""


@dataclass(frozen=True)
class Window:
    """A rectangle of whole pixels."""

    row: int
    col: int
    rows: int
    cols: int


def common(one: Window, other: Window) -> Window | None:
    """The window that two windows share; None where that is nothing."""
    row, col = max(one.row, other.row), max(one.col, other.col)
    end_row = min(one.row + one.rows, other.row + other.rows)
    end_col = min(one.col + one.cols, other.col + other.cols)
    return (
        Window(row, col, end_row - row, end_col - col) if row < end_row and col < end_col else None
    )


def union_window(windows: Sequence[Window]) -> Window | None:
    """The smallest window around all of them; None where there are none."""
    if not windows:
        return None
    row, col = min(one.row for one in windows), min(one.col for one in windows)
    end_row = max(one.row + one.rows for one in windows)
    end_col = max(one.col + one.cols for one in windows)
    return Window(row, col, end_row - row, end_col - col)


@dataclass(frozen=True)
class PixelRect:
    """A rectangle in pixels that may begin and end inside one."""

    x: float
    y: float
    width: float
    height: float


def union_bounds(bounds: Sequence[Bounds]) -> Bounds:
    """The smallest box around all of them."""
    return (
        min(b[0] for b in bounds),
        min(b[1] for b in bounds),
        max(b[2] for b in bounds),
        max(b[3] for b in bounds),
    )


def intersect_bounds(bounds: Sequence[Bounds]) -> Bounds | None:
    """The box common to all; None where there is none."""
    left, bottom = max(b[0] for b in bounds), max(b[1] for b in bounds)
    right, top = min(b[2] for b in bounds), min(b[3] for b in bounds)
    return (left, bottom, right, top) if left < right and bottom < top else None


def grid_over(bounds: Bounds, like: Grid, resolution: tuple[float, float] | None = None) -> Grid:
    """A north-up grid over ``bounds``, its lines falling on those of ``like``.

    Parameters
    ----------
    bounds : Bounds
        In the unit of the CRS; widened to whole pixels.
    like : Grid
        Gives CRS, origin and (if not given) pixel size.
    resolution : (float, float), optional
        Pixel size (x, y).
    """
    xres, yres = resolution or like.resolution
    x0, y0 = like.transform[2], like.transform[5]
    left = x0 + math.floor((bounds[0] - x0) / xres + SNAP) * xres
    top = y0 + math.ceil((bounds[3] - y0) / yres - SNAP) * yres
    cols = max(1, math.ceil((bounds[2] - left) / xres - SNAP))
    rows = max(1, math.ceil((top - bounds[1]) / yres - SNAP))
    return Grid(crs=like.crs, transform=(xres, 0.0, left, 0.0, -yres, top), shape=(rows, cols))


def finest_pixel(grids: Sequence[Grid], tolerance: float = SNAP) -> tuple[int, tuple[float, float]]:
    """The grid that leads where several are put on one, and the size of the pixels.

    Each direction counts for itself: of pixels of 10 × 20 and 20 × 10 m those of 10 × 10 m lose
    nothing.

    Parameters
    ----------
    tolerance : float
        Pixels larger by so much, as a share, count as equal.

    Returns
    -------
    index, (x, y)
        The first of the grids that are as fine in both directions, or in one where none is; and
        its pixel size, finer where another's is.
    """
    least = [min(grid.resolution[axis] for grid in grids) for axis in (0, 1)]
    index = min(
        range(len(grids)), key=lambda i: coarser_axes(grids[i], (least[0], least[1]), tolerance)
    )
    x, y = (
        own if own <= (1 + tolerance) * fine else fine
        for own, fine in zip(grids[index].resolution, least)
    )
    return index, (x, y)


def coarser_axes(grid: Grid, size: tuple[float, float], tolerance: float = SNAP) -> int:
    """Number of directions, 0..2, in which a grid's pixels are larger than ``size``."""
    return sum(own > (1 + tolerance) * other for own, other in zip(grid.resolution, size))


def pixel_text(grid: Grid, digits: int = 6) -> str:
    """The pixel size for a sentence: ``10``, or ``10 × 20`` where pixels are oblong."""
    sides = [f"{size:.{digits}g}" for size in grid.resolution]
    return sides[0] if sides[0] == sides[1] else " × ".join(sides)


def grid_part(grid: Grid, window: Window) -> Grid:
    """The grid of a window's pixels."""
    a, b, c, d, e, f = grid.transform
    corner = (c + a * window.col + b * window.row, f + d * window.col + e * window.row)
    return Grid(grid.crs, (a, b, corner[0], d, e, corner[1]), (window.rows, window.cols))


def overlap_rects(source: Grid, target: Grid) -> tuple[PixelRect, PixelRect] | None:
    """The common part of two north-up grids in the pixels of each; None where they do not touch."""
    common = intersect_bounds([source.bounds, target.bounds])
    if common is None:
        return None
    return _rect(common, source), _rect(common, target)


def _rect(bounds: Bounds, grid: Grid) -> PixelRect:
    left, _, _, top = grid.bounds
    xres, yres = grid.resolution

    def tidy(value: float) -> float:
        return float(round(value)) if abs(value - round(value)) < SNAP else value

    return PixelRect(
        x=tidy((bounds[0] - left) / xres),
        y=tidy((top - bounds[3]) / yres),
        width=tidy((bounds[2] - bounds[0]) / xres),
        height=tidy((bounds[3] - bounds[1]) / yres),
    )


def split_windows(shape: tuple[int, int], size: int) -> list[Window]:
    """Cut (rows, cols) into windows of ``size``, every pixel exactly once, row by row.

    Raises
    ------
    RasterError
        If there are too many: no run would ever end.
    """
    rows, cols = shape
    if -(-rows // size) * -(-cols // size) > MOST_WINDOWS:
        raise RasterError(
            f"A raster of {cols} × {rows} pixels cannot be computed",
            f"it has more than {MOST_WINDOWS} tiles of {size} pixels",
            "Cut it to your area first (gdal_translate -projwin).",
        )
    return [
        Window(row, col, min(size, rows - row), min(size, cols - col))
        for row in range(0, rows, size)
        for col in range(0, cols, size)
    ]


def sample_windows(shape: tuple[int, int], side: int = 256, across: int = 4) -> list[Window]:
    """A few windows all over a raster, from its first to its last row and column; on the lines of
    squares of ``side`` pixels where there is room, so that few blocks have to be decoded.
    """
    starts = []
    for size in shape:
        last = max(0, size - side)
        steps = [round(number * last / (across - 1)) for number in range(across)]
        aligned = [step // side * side if step < last else last for step in steps]
        starts.append(list(dict.fromkeys(aligned if size >= side * across else steps)))
    height, width = (min(side, size) for size in shape)
    return [Window(row, col, height, width) for row in starts[0] for col in starts[1]]


def in_columns(tiles: Sequence[Window], width: int) -> list[Window]:
    """The same tiles, column after column of ``width`` pixels, each from top to bottom: neighbours
    come soon after each other.
    """
    return sorted(tiles, key=lambda tile: (tile.col // width, tile.row, tile.col))


def pixel_position(transform: Transform, x: Position, y: Position) -> tuple[Position, Position]:
    """Column and row, with fractions, of places in the unit of the grid's system: the inverse of
    ``x = a*col + b*row + c``, ``y = d*col + e*row + f``.
    """
    a, b, c, d, e, f = transform
    scale = 1.0 / (a * e - b * d)
    a, b, d, e = e * scale, -b * scale, -d * scale, a * scale
    return x * a + y * b + (-c * a - f * b), x * d + y * e + (-c * d - f * e)
