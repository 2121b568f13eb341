"""The pieces of a cloud-optimised GeoTIFF: what a worker makes of the pixels it has in memory, as
pure functions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..raster.grid import Window, split_windows
from .codec import Codec, compress, predict
from .file_block import FileBlock
from .pyramid import halve, level_shapes
from .raster_spec import RasterSpec
from .statistics import BandStatistics, measure

BlockIndex = tuple[int, int, int]
"""Level (0 = full resolution), row and column, counted in blocks."""


@dataclass(frozen=True)
class Piece:
    """A finished part of the pyramid: all that one worker makes of what it has in memory.

    The pieces of level 1 are the spans that come from outside: four blocks of the full resolution
    and one of the first overview. A piece of a higher level is one block, made from what four
    pieces of the level below left over.
    """

    place: BlockIndex
    blocks: tuple[tuple[BlockIndex, bytes | FileBlock], ...]
    """Compressed; in a file where another process has made it."""
    rest: npt.NDArray[Any] | None
    """Its pixels at the next level, (bands, block/2, block/2); None at the top."""
    statistics: tuple[BandStatistics, ...] = ()
    """Of each band; of spans only."""


def make_span(
    spec: RasterSpec, codec: Codec, row: int, col: int, values: npt.NDArray[Any]
) -> Piece:
    """The piece at a place of the span grid; a pure function, which may run anywhere.

    Parameters
    ----------
    row, col : int
        In spans.
    values : ndarray, (bands, rows, cols)
        Stored numbers; at the lower and right edge of the raster fewer than a span.
    """
    expected = sorted((limit - spec.offset) / spec.scale for limit in spec.expected)
    statistics = tuple(
        measure(band, spec.nodata, (expected[0], expected[1]), spec.silent) for band in values
    )
    full = _pad(values, spec.span, spec.nodata)
    levels = len(level_shapes(spec.grid.shape, spec.block))
    half = halve(full, spec.nodata, spec.resampling) if levels > 1 else None
    indexes, arrays = [], []
    for y in (0, 1):
        for x in (0, 1):
            if y * spec.block < values.shape[1] and x * spec.block < values.shape[2]:
                indexes.append((0, 2 * row + y, 2 * col + x))
                arrays.append(
                    full[:, y * spec.block :, x * spec.block :][:, : spec.block, : spec.block]
                )
    if half is not None:
        indexes.append((1, row, col))
        arrays.append(half)
    rest = halve(half, spec.nodata, spec.resampling) if half is not None and levels > 2 else None
    return Piece((1, row, col), _compress(spec, codec, indexes, arrays), rest, statistics)


def make_spans(
    spec: RasterSpec, codec: Codec, window: Window, values: npt.NDArray[Any]
) -> Iterator[Piece]:
    """The pieces of a window, one after the other.

    Parameters
    ----------
    window : Window
        Begins at a multiple of ``spec.span`` and ends at one, or at the raster's edge.
    values : ndarray, (rows, cols) or (bands, rows, cols)
        Stored numbers, nodata in place.

    Raises
    ------
    ValueError
        If the window lies elsewhere.
    """
    bands = values.reshape(len(spec.band_names), window.rows, window.cols)
    for one in split_spans(spec, window):
        top, left = one.row - window.row, one.col - window.col
        part = bands[:, top : top + one.rows, left : left + one.cols]
        yield make_span(spec, codec, one.row // spec.span, one.col // spec.span, part)


def split_spans(spec: RasterSpec, window: Window) -> list[Window]:
    """The spans that make up a window; see :func:`make_spans`."""
    span, (rows, cols) = spec.span, spec.grid.shape
    ends = ((window.row + window.rows, rows), (window.col + window.cols, cols))
    if (
        window.row % span
        or window.col % span
        or any((end % span and end != edge) or end > edge for end, edge in ends)
    ):
        raise ValueError(
            f"{window} does not lie on the lines of {span} pixels in which the layer is written"
        )
    pieces = split_windows((window.rows, window.cols), span)
    return [
        Window(window.row + one.row, window.col + one.col, one.rows, one.cols) for one in pieces
    ]


def make_parent(
    spec: RasterSpec, codec: Codec, place: BlockIndex, values: npt.NDArray[Any], top: bool
) -> Piece:
    """The piece above four others, from a block of their rests, (bands, block, block); the ``top``
    leaves none itself.
    """
    rest = None if top else halve(values, spec.nodata, spec.resampling)
    return Piece(place, _compress(spec, codec, [place], [values]), rest)


def _compress(
    spec: RasterSpec, codec: Codec, indexes: list[BlockIndex], arrays: list[npt.NDArray[Any]]
) -> tuple[tuple[BlockIndex, bytes], ...]:
    predicted = [predict(np.moveaxis(one, 0, -1)) for one in arrays]
    return tuple(zip(indexes, compress(predicted, codec)))


def _pad(values: npt.NDArray[Any], size: int, nodata: float) -> npt.NDArray[Any]:
    bands, rows, cols = values.shape
    if (rows, cols) == (size, size):
        return values
    full = np.full((bands, size, size), nodata, values.dtype)
    full[:, :rows, :cols] = values
    return full
