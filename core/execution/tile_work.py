"""Work of one tile, from its pixels to compressed blocks: values only, which may be sent to a
worker anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..algorithms.kernel import Kernel
from ..cog.codec import Codec
from ..cog.piece_bytes import pack_pieces, unpack_pieces
from ..cog.pieces import Piece, make_spans
from ..cog.raster_spec import RasterSpec, encode
from ..errors import known
from ..raster.classes import OUTSIDE
from ..raster.grid import Window
from ..shapes.area_pixels import AreaPixels
from ..types import Grid
from .tile_groups import inside

FloatArray = npt.NDArray[np.float32]
STRIP = 128
"""Rows that a kernel without halo gets at once."""
SQUARES_STRIP = 512
"""Rows that a survey of squares gets at once: it asks each square with a few numbers, and two
threads would wait for each other between many short steps.
"""


class TileSource(Protocol):
    """A raster that kernels read: a stack, or a mosaic of scenes. May be sent to another
    process.
    """

    @property
    def grid(self) -> Grid:
        """The grid of its pixels."""

    def strips(
        self, indexes: Mapping[str, int], window: Window, rows: int
    ) -> Iterator[Mapping[str, FloatArray]]:
        """A window's physical values, NaN = no data, from top to bottom, ``rows`` rows at a time.

        Parameters
        ----------
        indexes : mapping of str to int
            Name in what is given back → band, from 1.
        """

    def let_go(self) -> None:
        """Forget what was decoded for windows here and there."""

    def part(self, window: Window) -> TileSource:
        """The same raster for whoever reads within a window alone."""

    def column_tiles(self, indexes: Sequence[int]) -> int | None:
        """In columns of so many tiles these bands are best read; None: any order will do."""

    def pixel_bytes(self, indexes: Sequence[int]) -> int:
        """Memory for each pixel of a tile while these bands are read."""

    def state(self) -> list[tuple[str, int, int]]:
        """Path, size and time of change (ns) of the files that are read; -1 where they are not on
        this machine.
        """

    def meaning(self) -> str:
        """All that its values depend on besides the state of its files."""


@dataclass(frozen=True)
class SurveyWork:
    """Share of one tile in a kernel's survey: values only, so that it can be sent to a worker."""

    source: TileSource
    indexes: Mapping[str, int]
    kernel: Kernel

    def __call__(self, tile: Window) -> npt.NDArray[np.int64]:
        """The tile's whole numbers."""
        survey = known(self.kernel.survey, "only a kernel with a survey is surveyed")
        if self.kernel.survey_halo:
            return survey.tally(
                _read_with_halo(self.source, self.indexes, self.kernel.survey_halo, tile)
            )
        cell = self.kernel.cell
        rows = STRIP if cell == 1 else max(1, SQUARES_STRIP // cell) * cell
        parts = [survey.tally(values) for values in self.source.strips(self.indexes, tile, rows)]
        return sum(parts[1:], parts[0])

    def part(self, box: Window) -> SurveyWork:
        """The same for tiles within a window; see :class:`.tile_groups.Divisible`."""
        around = inside(box, self.kernel.survey_halo, self.source.grid.shape)
        return replace(self, source=self.source.part(around))

    def pack(self, result: npt.NDArray[np.int64]) -> bytes:
        """See :class:`.result_store.Storable`."""
        data = BytesIO()
        np.save(data, result, allow_pickle=False)
        return data.getvalue()

    def unpack(self, data: bytes) -> npt.NDArray[np.int64]:
        """See :class:`.result_store.Storable`."""
        return np.asarray(np.load(BytesIO(data), allow_pickle=False), np.int64)


@dataclass(frozen=True)
class TileWork:
    """All of one tile's work, from its pixels to compressed blocks: values only, so that it can be
    sent to a worker.
    """

    source: TileSource
    indexes: Mapping[str, int]
    kernel: Kernel
    specs: tuple[RasterSpec, ...]
    codecs: tuple[Codec, ...]
    area: AreaPixels | None = None
    """The pixels that are asked for; None: all."""

    def __call__(self, tile: Window) -> list[list[Piece]]:
        """The tile's pieces of each layer."""
        layers = self.layers(tile)
        parts = zip(self.specs, self.codecs, layers, strict=True)
        return [list(make_spans(spec, codec, tile, values)) for spec, codec, values in parts]

    def part(self, box: Window) -> TileWork:
        """The same for tiles within a window; see :class:`.tile_groups.Divisible`."""
        around = inside(box, self.kernel.halo, self.source.grid.shape)
        area = None if self.area is None else self.area.part(box)
        return replace(self, source=self.source.part(around), area=area)

    def pack(self, result: Sequence[Sequence[Piece]]) -> bytes:
        """See :class:`.result_store.Storable`."""
        return pack_pieces(result)

    def unpack(self, data: bytes) -> list[list[Piece]]:
        """See :class:`.result_store.Storable`."""
        return unpack_pieces(data)

    def layers(self, tile: Window) -> list[npt.NDArray[Any]]:
        """The tile's stored numbers; of an area nothing is read beyond the box around its part."""
        if self.area is None:
            return compute_tile(self.source, self.indexes, self.kernel, tile, self.specs)
        asked = self.area.inside(tile)
        part = _box_of(asked)
        place = Window(tile.row + part.row, tile.col + part.col, part.rows, part.cols)
        whole = [layer.whole for layer in self.kernel.layers]
        if any(whole):
            part, place = Window(0, 0, tile.rows, tile.cols), tile
        found: Sequence[npt.NDArray[Any]] = (
            compute_tile(self.source, self.indexes, self.kernel, place, self.specs)
            if place.rows
            else [np.empty((len(spec.band_names), 0, 0), spec.dtype) for spec in self.specs]
        )
        rows, cols = slice(part.row, part.row + part.rows), slice(part.col, part.col + part.cols)
        out = []
        for values, spec, keeps in zip(found, self.specs, whole, strict=True):
            if keeps:
                out.append(values)
                continue
            beyond = OUTSIDE if spec.colors else spec.nodata
            shown = np.full((len(spec.band_names), tile.rows, tile.cols), beyond, spec.dtype)
            np.copyto(shown[:, rows, cols], values, where=asked[rows, cols])
            out.append(shown)
        return out


def _box_of(inside: npt.NDArray[np.bool_]) -> Window:
    """The box around the pixels that are set; without rows and columns where none is."""
    rows, cols = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not rows.size:
        return Window(0, 0, 0, 0)
    return Window(
        int(rows[0]), int(cols[0]), int(rows[-1] - rows[0]) + 1, int(cols[-1] - cols[0]) + 1
    )


def compute_tile(
    source: TileSource,
    indexes: Mapping[str, int],
    kernel: Kernel,
    tile: Window,
    specs: Sequence[RasterSpec],
) -> list[npt.NDArray[Any]]:
    """The stored numbers of one tile, (bands, rows, cols) for each layer.

    Where the kernel looks at single pixels, it gets a few rows at a time: what passes between its
    steps then stays in the processor's cache, which halves the time. Otherwise it gets the tile
    with its halo, NaN beyond the raster.
    """
    if kernel.halo:
        return [
            _stored(result, spec)
            for result, spec in zip(_with_halo(source, indexes, kernel, tile), specs, strict=True)
        ]
    out: list[npt.NDArray[Any]] = [
        np.empty((len(spec.band_names), tile.rows, tile.cols), spec.dtype) for spec in specs
    ]
    for number, values in enumerate(source.strips(indexes, tile, STRIP)):
        row = number * STRIP
        for layer, result, spec in zip(out, kernel.run(values), specs, strict=True):
            layer[:, row : row + STRIP] = _stored(result, spec)
    return out


def _stored(result: npt.NDArray[Any], spec: RasterSpec) -> npt.NDArray[Any]:
    """Numbers are encoded; classes are what is stored."""
    return result if result.dtype == np.uint8 else encode(result, spec)


def _with_halo(
    source: TileSource, indexes: Mapping[str, int], kernel: Kernel, tile: Window
) -> list[npt.NDArray[Any]]:
    inside = slice(kernel.halo, -kernel.halo)
    return [
        result[..., inside, inside]
        for result in kernel.run(_read_with_halo(source, indexes, kernel.halo, tile))
    ]


def _read_with_halo(
    source: TileSource, indexes: Mapping[str, int], halo: int, tile: Window
) -> dict[str, FloatArray]:
    """A tile and ``halo`` pixels around it, NaN beyond the raster."""
    rows, cols = source.grid.shape
    top, left = max(0, tile.row - halo), max(0, tile.col - halo)
    bottom, right = min(rows, tile.row + tile.rows + halo), min(cols, tile.col + tile.cols + halo)
    inside = Window(top, left, bottom - top, right - left)
    y, x = top - tile.row + halo, left - tile.col + halo
    shape = (tile.rows + 2 * halo, tile.cols + 2 * halo)
    inputs: dict[str, FloatArray] = {name: np.full(shape, np.nan, np.float32) for name in indexes}
    for number, values in enumerate(source.strips(indexes, inside, STRIP)):
        start = y + number * STRIP
        for name, strip in values.items():
            inputs[name][start : start + len(strip), x : x + inside.cols] = strip
    return inputs
