"""A map under a reference: what it says at points, and below polygons."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..algorithms.fusion import Source, is_outside, read_votes
from ..errors import Cancelled
from ..gdal.reading_choice import reading
from ..raster.grid import Window, common, grid_part, pixel_position
from ..raster.pixel_area import ground_of
from ..raster.reader import RasterReader
from ..shapes.area_pixels import AreaPixels
from ..shapes.labelled import Labelled

STRIP = 512
"""Rows that are read at once where areas are summed."""


Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Unit:
    """One feature of the reference: a unit of the sample."""

    number: int
    label: str
    affected: bool | None
    """By the map: of a polygon, the class of most of its observed pixels. None: not observed."""
    pixels: int
    """That the map observed."""
    pure: float
    """Share of these that are of the unit's class, 0..1; of a point 1."""


@dataclass(frozen=True)
class MapLook:
    """A map, and how it is looked at."""

    reader: RasterReader
    source: Source
    """Meaning of its codes."""
    area: AreaPixels | None = None
    """Pixels that are asked for; None: all."""

    def votes(self, window: Window) -> tuple[Flags, Flags, Flags]:
        """Pixels of a window that it observed, those of them where it saw the event, and those that
        are asked for and not observed.
        """
        codes = self.reader.read(1, window)
        seen, positive = read_votes(codes, self.source)
        asked = ~is_outside(codes, self.source)
        if self.area is not None:
            asked &= self.area.inside(window)
        return seen & asked, positive & asked, asked & ~seen


def look_under(
    look: MapLook, features: Sequence[Labelled], stop: Callable[[], bool]
) -> Iterator[Unit]:
    """What the map says under each feature.

    Raises
    ------
    RasterError
        If the map cannot be read.
    Cancelled
        If ``stop`` says so.
    """
    for one in features:
        if stop():
            raise Cancelled()
        point = one.point
        seen, positive = _under_polygon(look, one) if point is None else _under_point(look, point)
        observed, affected = int(seen.sum()), int(positive.sum())
        if not observed:
            yield Unit(one.number, one.label, None, 0, 0.0)
            continue
        is_affected = 2 * affected > observed
        most = affected if is_affected else observed - affected
        yield Unit(one.number, one.label, is_affected, observed, most / observed)


NOTHING: tuple[Flags, Flags] = (np.zeros(0, np.bool_), np.zeros(0, np.bool_))


def _under_point(look: MapLook, point: tuple[float, float]) -> tuple[Flags, Flags]:
    reader = look.reader
    col, row = pixel_position(reader.grid.transform, *point)
    rows, cols = reader.grid.shape
    if not (0 <= col < cols and 0 <= row < rows):
        return NOTHING
    return look.votes(Window(math.floor(row), math.floor(col), 1, 1))[:2]


def _under_polygon(look: MapLook, one: Labelled) -> tuple[Flags, Flags]:
    """Pixels whose centres lie in it."""
    reader = look.reader
    left, bottom, right, top = one.bounds
    corners = [
        pixel_position(reader.grid.transform, x, y) for x in (left, right) for y in (bottom, top)
    ]
    cols, rows = ([math.floor(corner[axis]) for corner in corners] for axis in (0, 1))
    around = Window(min(rows), min(cols), max(rows) - min(rows) + 1, max(cols) - min(cols) + 1)
    window = common(around, Window(0, 0, *reader.grid.shape))
    if window is None:
        return NOTHING
    part = grid_part(reader.grid, window)
    inside = reading().burn(one.geometry, part.shape, part.transform, touched=False)
    seen, positive, _ = look.votes(window)
    return seen & inside, positive & inside


def mapped_areas_km2(look: MapLook, stop: Callable[[], bool]) -> tuple[float, float, float] | None:
    """Areas on the ground that the map calls affected, calls not affected, and did not observe;
    None where it has no place on earth.
    """
    reader = look.reader
    ground = ground_of(reader.grid)
    if ground is None:
        return None
    rows, cols = reader.grid.shape
    sums = np.zeros(3)
    for row in range(0, rows, STRIP):
        if stop():
            raise Cancelled()
        count = min(STRIP, rows - row)
        seen, positive, unseen = look.votes(Window(row, 0, count, cols))
        first = np.arange(row, row + count)
        each = ground.rectangles((first, first + 1), (np.zeros(count), np.full(count, cols))) / cols
        numbers = (positive.sum(axis=1), (seen & ~positive).sum(axis=1), unseen.sum(axis=1))
        sums += [float((number * each).sum()) for number in numbers]
    return float(sums[0]) / 1e6, float(sums[1]) / 1e6, float(sums[2]) / 1e6
