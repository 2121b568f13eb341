"""The pieces of a cloud-optimised GeoTIFF: what a worker makes of the pixels it has in memory, as pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .codec import Codec, compress, predict
from .pyramid import halve, level_shapes
from .raster_spec import RasterSpec
from .statistics import BandStatistics, measure

Place = tuple[int, int, int]
"""Level (0 = full resolution), row and column, counted in blocks."""


@dataclass(frozen=True)
class Piece:
    """A finished part of the pyramid: all that one worker makes of what it has in memory.

    The pieces of level 1 are the spans that come from outside: four blocks of the full resolution and one of the first
    overview. A piece of a higher level is one block, made from what four pieces of the level below left over.
    """

    place: Place
    blocks: tuple[tuple[Place, bytes], ...]
    """Compressed."""
    rest: npt.NDArray[Any] | None
    """Its pixels at the next level, (bands, block/2, block/2); None at the top."""
    statistics: tuple[BandStatistics, ...] = ()
    """Of each band; of spans only."""


def make_span(spec: RasterSpec, codec: Codec, row: int, col: int, values: npt.NDArray[Any]) -> Piece:
    """The piece at a place of the span grid; a pure function, which may run anywhere.

    Parameters
    ----------
    row, col : int
        In spans.
    values : ndarray, (bands, rows, cols)
        Stored numbers; at the lower and right edge of the raster fewer than a span.
    """
    expected = sorted((limit - spec.offset) / spec.scale for limit in spec.expected)
    statistics = tuple(measure(band, spec.nodata, (expected[0], expected[1])) for band in values)
    full = _pad(values, spec.span, spec.nodata)
    levels = len(level_shapes(spec.grid.shape, spec.block))
    half = halve(full, spec.nodata, spec.resampling) if levels > 1 else None
    places, arrays = [], []
    for y in (0, 1):
        for x in (0, 1):
            if y * spec.block < values.shape[1] and x * spec.block < values.shape[2]:
                places.append((0, 2 * row + y, 2 * col + x))
                arrays.append(full[:, y * spec.block :, x * spec.block :][:, : spec.block, : spec.block])
    if half is not None:
        places.append((1, row, col))
        arrays.append(half)
    rest = halve(half, spec.nodata, spec.resampling) if half is not None and levels > 2 else None
    return Piece((1, row, col), _compress(spec, codec, places, arrays), rest, statistics)


def make_parent(spec: RasterSpec, codec: Codec, place: Place, values: npt.NDArray[Any], top: bool) -> Piece:
    """The piece above four others, from a block of their rests, (bands, block, block); the ``top`` leaves none itself."""
    rest = None if top else halve(values, spec.nodata, spec.resampling)
    return Piece(place, _compress(spec, codec, [place], [values]), rest)


def _compress(
    spec: RasterSpec, codec: Codec, places: list[Place], arrays: list[npt.NDArray[Any]]
) -> tuple[tuple[Place, bytes], ...]:
    predicted = [predict(np.moveaxis(one, 0, -1)) for one in arrays]
    return tuple(zip(places, compress(predicted, codec)))


def _pad(values: npt.NDArray[Any], size: int, nodata: float) -> npt.NDArray[Any]:
    bands, rows, cols = values.shape
    if (rows, cols) == (size, size):
        return values
    full = np.full((bands, size, size), nodata, values.dtype)
    full[:, :rows, :cols] = values
    return full
