"""The extent of an event as shares of pixels: affected, not observed, and inside the area that is
looked at.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import Cancelled, InputError
from ..gdal.area_outline import area_bounds, project_area
from ..gdal.projection import rings_of
from ..raster.grid import Window, grid_over, grid_part, intersect_bounds, split_windows
from ..raster.pixel_area import ground_of
from ..raster.reader import RasterReader
from ..shapes.features import Feature, FeatureFile, Ring, Shape, read_features
from ..types import Aoi, Bounds, Grid
from .lattice import Floats, cover, oriented

Shares = npt.NDArray[Any]
"""Shares 0..1 as float32; of a raster, whose pixels are affected whole or not at all, as bool."""
MOST_PIXELS = 250_000_000
"""Of an extent in memory: half a gigabyte. Twice a tile of Sentinel-2."""
STRIP_PIXELS = 1 << 24
"""Pixels that are covered at once."""
LONGEST_SIDE = 4096
"""Pixels of the grid onto which an outline is brought."""
FINEST_M, COARSEST_M = 1.0, 100.0
READ_PIXELS = 1024
AREA_BLOCK = 64
"""Pixels whose area on the ground is taken for one."""


@dataclass(frozen=True, eq=False)
class ExtentMap:
    """The extent on a grid, each an array of shares 0..1, (rows, cols)."""

    grid: Grid
    affected: Shares
    unseen: Shares
    inside: Shares
    """Of the area that is looked at; 1 everywhere where there is none."""

    @property
    def each(self) -> tuple[Shares, Shares, Shares]:
        """Affected, not observed and inside."""
        return self.affected, self.unseen, self.inside

    def layers_in(self, window: Window) -> npt.NDArray[np.float32]:
        """The same in a window, (3, rows, cols)."""
        rows = slice(window.row, window.row + window.rows)
        cols = slice(window.col, window.col + window.cols)
        return np.stack([one[rows, cols].astype(np.float32) for one in self.each])

    def within(self, window: Window, zone: Floats) -> ExtentMap:
        """A window of it, by the shares of its pixels that a zone covers."""
        rows = slice(window.row, window.row + window.rows)
        cols = slice(window.col, window.col + window.cols)
        share = zone.astype(np.float32)
        return ExtentMap(
            grid_part(self.grid, window),
            *(one[rows, cols] * share for one in self.each),
        )

    def to_pixels(self, x: Floats, y: Floats) -> Ring:
        """Columns and rows of places in the grid's coordinate system."""
        a, b, c, d, e, f = self.grid.transform
        size = a * e - b * d
        return (e * (x - c) - b * (y - f)) / size, (a * (y - f) - d * (x - c)) / size


def extent_of_raster(
    path: Path,
    affected: Sequence[int],
    dry: Sequence[int],
    area: Aoi | None,
    stop: Callable[[], bool],
    outside: Sequence[int] = (),
) -> ExtentMap:
    """Read a raster of classes.

    Parameters
    ----------
    affected, dry : sequence of int
        Codes; all others are not observed.
    outside : sequence of int
        Codes of pixels beyond the area that the raster was made of, which are not looked at.

    Raises
    ------
    InputError
        If it has no coordinate system, lies beside the area, or is too large.
    RasterError, Cancelled
    """
    with RasterReader(path) as reader:
        grid, window = _part(reader.grid, area, path)
        found = np.zeros(grid.shape, np.bool_)
        unseen = np.ones(grid.shape, np.bool_)
        inside = np.ones(grid.shape, np.bool_) if outside else _everywhere(grid)
        for tile in split_windows(grid.shape, READ_PIXELS):
            if stop():
                raise Cancelled("Reading the extent")
            place = Window(tile.row + window.row, tile.col + window.col, tile.rows, tile.cols)
            codes = reader.read(1, place)
            part = (
                slice(tile.row, tile.row + tile.rows),
                slice(tile.col, tile.col + tile.cols),
            )
            found[part] = np.isin(codes, affected)
            unseen[part] = ~np.isin(codes, [*affected, *dry, *outside])
            if outside:
                inside[part] = ~np.isin(codes, outside)
    return _inside(ExtentMap(grid, found, unseen, inside), area)


def extent_of_outline(
    file: FeatureFile, crs: str, area: Aoi | None, stop: Callable[[], bool]
) -> ExtentMap:
    """Bring polygons onto a grid of their coordinate system, by exact shares of its pixels.

    Parameters
    ----------
    crs : str
        A metric one.

    Raises
    ------
    InputError
        If the file cannot be read, or has no polygon.
    Cancelled
    """
    shapes = [one for one in read_features(file, crs, stop=stop) if one.shape is Shape.POLYGON]
    if not shapes:
        hint = "Give a layer of polygons, or a raster of classes."
        raise InputError(f"The extent {file.path} cannot be used", "it has no polygon", hint)
    bounds = _box(shapes)
    if area is not None:
        bounds = intersect_bounds([bounds, area_bounds(area.geometry, crs)]) or bounds
    side = max(bounds[2] - bounds[0], bounds[3] - bounds[1])
    pixel = min(max(side / LONGEST_SIDE, FINEST_M), max(COARSEST_M, side / LONGEST_SIDE))
    pixel = _round_up(pixel)
    grid = grid_over(bounds, Grid(crs, (1.0, 0.0, 0.0, 0.0, -1.0, 0.0), (1, 1)), (pixel, pixel))
    zero = np.zeros(grid.shape, np.bool_)
    empty = ExtentMap(grid, zero, zero, _everywhere(grid))
    covered = np.zeros(grid.shape, np.float32)
    for shape in shapes:
        if stop():
            raise Cancelled("Reading the extent")
        for window, share in covers(empty, shape):
            rows = slice(window.row, window.row + window.rows)
            covered[rows, window.col : window.col + window.cols] += share
    return _inside(ExtentMap(grid, np.clip(covered, 0, 1), zero, empty.inside), area)


def _everywhere(grid: Grid) -> Shares:
    """The share 1 of all pixels, which takes no memory."""
    return np.broadcast_to(np.float32(1), grid.shape)


def covers(extent: ExtentMap, feature: Feature) -> Iterator[tuple[Window, Floats]]:
    """Windows of an extent's grid, and the share of their pixels that a polygon covers."""
    rows, cols = extent.grid.shape
    for part in feature.parts:
        rings = [extent.to_pixels(x, y) for x, y in part]
        left, right = float(rings[0][0].min()), float(rings[0][0].max())
        top, bottom = float(rings[0][1].min()), float(rings[0][1].max())
        col, row = max(0, math.floor(left)), max(0, math.floor(top))
        wide = min(cols, math.ceil(right)) - col
        high = min(rows, math.ceil(bottom)) - row
        if wide > 0 and high > 0:
            step = max(1, STRIP_PIXELS // wide)
            for begin in range(row, row + high, step):
                rows_here = min(step, row + high - begin)
                moved = [
                    oriented((x - col, y - begin), outer=number == 0)
                    for number, (x, y) in enumerate(rings)
                ]
                yield Window(begin, col, rows_here, wide), cover(moved, (rows_here, wide))


def pixel_areas(grid: Grid, window: Window | None = None) -> Floats:
    """Areas on the ground of the pixels of a window, square metres.

    Raises
    ------
    InputError
        If the grid has no coordinate system, or a part of it no place on earth.
    """
    ground = ground_of(grid)
    if ground is None:
        hint = "Assign the coordinate system it is in, or cut it to the earth."
        raise InputError("Areas cannot be told", "a raster has no place on earth", hint)
    window = window or Window(0, 0, *grid.shape)
    down = np.arange(window.row, window.row + window.rows)[:, None]
    first = np.arange(0, window.cols, AREA_BLOCK)
    last = np.minimum(first + AREA_BLOCK, window.cols)
    blocks = ground.rectangles(
        (down, down + 1), ((window.col + first)[None], (window.col + last)[None])
    )
    return np.repeat(blocks / (last - first), last - first, axis=1)


def _round_up(metres: float) -> float:
    """The next of the numbers 1, 2, 5, 10, 20 and so on."""
    ten = 10.0 ** math.floor(math.log10(metres))
    return next(step * ten for step in (1, 2, 5, 10) if step * ten >= metres * (1 - 1e-9))


def _box(shapes: Sequence[Feature]) -> Bounds:
    xs, ys = (np.concatenate([one.corners[axis] for one in shapes]) for axis in (0, 1))
    return float(xs.min()), float(ys.min()), float(xs.max()), float(ys.max())


def _part(grid: Grid, area: Aoi | None, path: Path) -> tuple[Grid, Window]:
    """The grid of a raster under the box of an area, and where it lies in it."""
    failure = f"The extent {path} cannot be used"
    if not grid.crs:
        raise InputError(failure, "it has no coordinate system", "Assign the one it is in.")
    whole = ExtentMap(grid, *(np.zeros((1, 1), np.float32) for _ in range(3)))
    window = Window(0, 0, *grid.shape)
    if area is not None:
        left, bottom, right, top = area_bounds(area.geometry, grid.crs, grid.bounds)
        xs, ys = np.array([left, right, right, left]), np.array([top, top, bottom, bottom])
        cols, rows = whole.to_pixels(xs, ys)
        col, row = max(0, math.floor(cols.min())), max(0, math.floor(rows.min()))
        wide = min(grid.shape[1], math.ceil(cols.max())) - col
        high = min(grid.shape[0], math.ceil(rows.max())) - row
        if wide <= 0 or high <= 0:
            raise InputError(failure, "it lies beside the area", "Give another area, or none.")
        window = Window(row, col, high, wide)
    if window.rows * window.cols > MOST_PIXELS:
        why = f"it has {window.rows * window.cols / 1e6:.0f} million pixels"
        raise InputError(failure, why, "Give a smaller ‘area’.")
    return grid_part(grid, window), window


def _inside(extent: ExtentMap, area: Aoi | None) -> ExtentMap:
    """The extent in an area, by exact shares of the pixels on its edge."""
    if area is None:
        return extent
    share = np.zeros(extent.grid.shape, np.float32)
    for polygon in rings_of(project_area(area.geometry, extent.grid.crs, extent.grid.bounds)):
        rings = tuple((ring[:, 0], ring[:, 1]) for ring in polygon)
        for window, part in covers(extent, Feature(Shape.POLYGON, (rings,), "", b"")):
            rows = slice(window.row, window.row + window.rows)
            share[rows, window.col : window.col + window.cols] += part
    inside = np.clip(share, 0, 1)
    return ExtentMap(
        extent.grid, extent.affected * inside, extent.unseen * inside, extent.inside * inside
    )
