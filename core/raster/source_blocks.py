"""Windows of a file's band through a cache of its decoded blocks: what several tiles need is
decoded once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..gdal.errors import checked
from ..gdal.types import gdal_type, numpy_type
from .block_cache import BlockCache, cut_out
from .grid import Window
from .valid import is_masked

UNIT = 512
"""Blocks smaller than this (in strips: lower) are read and kept several together."""
UnitIndex = tuple[int, int]
"""Row and column of a unit, counted in units."""
Load = Callable[[Sequence[UnitIndex]], Sequence[npt.NDArray[Any]]]
"""Decodes units, in that order."""


@dataclass(frozen=True)
class Layout:
    """The units in which a band is read."""

    shape: tuple[int, int]
    """(rows, cols) of the band."""
    unit: tuple[int, int]
    """(rows, cols) of what is decoded at once: whole blocks."""
    dtype: str
    masked: bool = False
    """A mask or an alpha band says where there is nothing."""


def band_layout(band: Any) -> Layout:
    """The layout of a band opened with ``osgeo``."""
    cols, rows = band.GetBlockSize()
    unit = (rows * max(1, UNIT // rows), cols * max(1, UNIT // cols))
    masked = is_masked(band.GetMaskFlags())
    return Layout((band.YSize, band.XSize), unit, numpy_type(band.DataType), masked)


def read_window(
    cache: BlockCache, owner: Hashable, layout: Layout, window: Window, fill: float, load: Load
) -> npt.NDArray[Any]:
    """A window of a band; ``fill`` where it reaches over the edges.

    Parameters
    ----------
    owner : hashable
        Whose blocks they are, in the cache.
    load : callable
        Asked for those units that the cache has not. What it raises is raised here.
    """
    (rows, cols), unit = layout.shape, layout.unit
    down = range(
        max(0, window.row) // unit[0], math.ceil(min(rows, window.row + window.rows) / unit[0])
    )
    right = range(
        max(0, window.col) // unit[1], math.ceil(min(cols, window.col + window.cols) / unit[1])
    )
    keys = [(owner, row, col) for row in down for col in right]
    if not keys:
        return np.full((window.rows, window.cols), fill, layout.dtype)

    def load_keys(wanted: Sequence[Hashable]) -> Sequence[npt.NDArray[Any]]:
        return load([(key[1], key[2]) for key in wanted])  # type: ignore[index]

    units = {(key[1], key[2]): block for key, block in cache.get(keys, load_keys).items()}  # type: ignore[index]
    return cut_out(units, unit, (window.row, window.col), (window.rows, window.cols), fill)


def decode_units(band: Any, layout: Layout, indexes: Sequence[UnitIndex]) -> list[npt.NDArray[Any]]:
    """Decode units of a band opened with ``osgeo``; those beside each other at once: GDAL then
    fetches them together.

    Raises
    ------
    RuntimeError
        If GDAL cannot read one, as where its exceptions are switched on.
    """
    (all_rows, all_cols), unit = layout.shape, layout.unit
    kind = gdal_type(layout.dtype)
    decoded: list[npt.NDArray[Any]] = []
    start = 0
    while start < len(indexes):
        stop = start + 1
        while stop < len(indexes) and indexes[stop] == (
            indexes[start][0],
            indexes[stop - 1][1] + 1,
        ):
            stop += 1
        row, col = indexes[start][0] * unit[0], indexes[start][1] * unit[1]
        rows = min(unit[0], all_rows - row)
        cols = min(unit[1] * (stop - start), all_cols - col)
        run = np.empty((rows, cols), layout.dtype)
        checked(band.ReadRaster(col, row, cols, rows, buf_type=kind, buf_obj=run))
        decoded += [
            np.ascontiguousarray(run[:, left : left + unit[1]]) for left in range(0, cols, unit[1])
        ]
        start = stop
    return decoded


def decode_unmasked(
    band: Any, layout: Layout, indexes: Sequence[UnitIndex], fill: float
) -> list[npt.NDArray[Any]]:
    """As :func:`decode_units`, with ``fill`` where the band's mask hides its numbers."""
    units = decode_units(band, layout, indexes)
    if layout.masked:
        shown = decode_units(band.GetMaskBand(), replace(layout, dtype="uint8"), indexes)
        for unit, mask in zip(units, shown):
            unit[mask == 0] = fill
    return units
