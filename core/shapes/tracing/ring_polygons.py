"""Rings along the edges of pixels as polygons in the raster's system, with their areas."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple, cast

import numpy as np
import numpy.typing as npt

from ...errors import Cancelled
from ...raster.pixel_area import edge_areas
from ...types import Grid
from .edge_rings import Rings

AT_ONCE = 1 << 18
"""Stretches that are looked at together."""
_POLYGON = struct.Struct("<BII")
_ONE_RING = struct.Struct("<BIII")
_COUNT = struct.Struct("<I")
_WKB_POLYGON = 3


class Patch(NamedTuple):
    """Pixels that touch each other along their edges; a tuple, for there may be millions."""

    outline: bytes
    """WKB polygon in the raster's system, along the edges of pixels."""
    area: float
    """Square metres; where areas are not known, in units of the raster."""
    top_left: tuple[float, float]
    """Least x and greatest y."""
    code: int = 1
    """Its class, where classes were traced apart."""


def patches_of(
    rings: Rings, grid: Grid, code: int, stop: Callable[[], bool], least: float = 0.0
) -> Iterator[Patch]:
    """The patches of a raster whose edges these are.

    Parameters
    ----------
    least : float
        Patches with a smaller area are left out.

    Raises
    ------
    Cancelled
        If ``stop``, which is asked now and then.
    """
    areas = edge_areas(grid)
    bounds = np.append(np.flatnonzero(rings.outer), rings.starts.size)
    ends = np.append(rings.starts, rings.line.size)[bounds]
    first = 0
    while first < bounds.size - 1:
        if stop():
            raise Cancelled("Drawing an outline")
        last = max(first + 1, int(np.searchsorted(ends, ends[first] + AT_ONCE, "right")) - 1)
        part = rings.part(int(bounds[first]), int(bounds[last]))
        size = areas(part.begin, part.end, part.line, part.starts[part.outer])
        yield from _polygons(part, grid, size, least, code)
        first = last


def _polygons(
    rings: Rings, grid: Grid, areas: npt.NDArray[np.float64], least: float, code: int
) -> Iterator[Patch]:
    a, b, c, d, e, f = grid.transform
    columns, rows = rings.corners()
    points = np.empty((columns.size, 2), "<f8")
    points[:, 0], points[:, 1] = c + a * columns + b * rows, f + d * columns + e * rows
    data = points.tobytes()
    starts = np.append(2 * rings.starts, columns.size)
    outer = np.append(np.flatnonzero(rings.outer), rings.starts.size)
    left, top = (
        np.asarray(reduce(axis, starts[:-1]))[rings.outer]
        for reduce, axis in (
            (np.minimum.reduceat, points[:, 0]),
            (np.maximum.reduceat, points[:, 1]),
        )
    )
    places, ends = (cast("list[int]", one.tolist()) for one in (starts, outer))
    sizes, x_of, y_of = (cast("list[float]", one.tolist()) for one in (areas, left, top))
    for number, area, x, y in zip(itertools.count(), sizes, x_of, y_of):
        if area >= least:
            bounds = places[ends[number] : ends[number + 1] + 1]
            yield Patch(_wkb(data, bounds), area, (x, y), code)


def _wkb(data: bytes, bounds: list[int]) -> bytes:
    """A polygon of rings between those places of the points; each is closed by its first one."""
    if len(bounds) == 2:
        start, end = 16 * bounds[0], 16 * bounds[1]
        head = _ONE_RING.pack(1, _WKB_POLYGON, 1, bounds[1] - bounds[0] + 1)
        return b"".join((head, data[start:end], data[start : start + 16]))
    parts = [_POLYGON.pack(1, _WKB_POLYGON, len(bounds) - 1)]
    for start, end in itertools.pairwise(bounds):
        parts += [
            _COUNT.pack(end - start + 1),
            data[16 * start : 16 * end],
            data[16 * start : 16 * start + 16],
        ]
    return b"".join(parts)
