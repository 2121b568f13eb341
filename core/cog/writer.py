"""Write a raster as a cloud-optimised GeoTIFF in one pass: under its final name only when it is
whole.

Each piece that comes is compressed at once, together with its share of the overviews, and put into
a spool beside the output. What is left for the end is to write a header and copy the compressed
blocks behind it in their order. So nothing is decoded or encoded twice, memory holds only the
pieces under way, and the bytes do not depend on the order of the pieces.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import astuple
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import Cancelled, RasterError
from ..files.atomic import (
    WriteFailure,
    part_of,
    reason_of,
    remove_quietly,
    whole_file,
)
from ..raster.facts import check_raster
from ..raster.grid import Window
from .codec import pick_codec
from .file_block import FileBlock
from .layout import CLASSIC_END, Level, make_header, write_file
from .pieces import BlockIndex, Piece, make_parent, make_spans, split_spans
from .pyramid import level_shapes
from .raster_spec import RasterSpec
from .spool import ByteRange, Record, Spool
from .statistics import BandStatistics, total
from .tags import make_tags


class CogWriter:
    """Takes windows in any order from any thread; :meth:`finish` makes the COG.

    Used as a context: when the block ends without :meth:`finish`, its temporary files are removed
    and nothing is left, unless it was asked to be resumable.

    Parameters
    ----------
    path : Path
        The output.
    spec : RasterSpec
    resume_key : str
        If given, finished pieces outlive a stop, a failure and a kill, in a file beside the output,
        and a later writer with the same key and the same ``spec`` takes them up. It must name
        everything that the pixels depend on.

    Raises
    ------
    RasterError
        If it cannot be written there.
    """

    def __init__(self, path: Path, spec: RasterSpec, resume_key: str = "") -> None:
        self.path = path
        self.spec = spec
        self.codec = pick_codec(spec.compression)
        """What pieces made elsewhere must be compressed with."""
        self._shapes = level_shapes(spec.grid.shape, spec.block)
        self._spool_path = part_of(path.with_name(f"{path.name}.tiles"))
        self._lock = threading.Lock()
        self._blocks: dict[BlockIndex, ByteRange | FileBlock] = {}
        self._rests: dict[BlockIndex, ByteRange] = {}
        self._pieces: dict[BlockIndex, tuple[BandStatistics, ...]] = {}
        self.resumable = bool(resume_key)
        """Pieces outlive the run."""
        key = (
            hashlib.sha256(
                f"{resume_key} {spec} {self.codec} {_gdal_version()}".encode()
            ).hexdigest()
            if resume_key
            else ""
        )
        self._failure = WriteFailure(
            f"Writing {path} failed", "Is the folder there, writable and not full?"
        )
        self._failure.refuse_folder(path)
        with self._failure.named(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._spool = Spool(self._spool_path, key)
        for record in self._spool.records:
            self._note(record)

    def __enter__(self) -> CogWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._spool.close()  # after a stop, a worker may still be handing over its last piece
        remove_quietly(part_of(self.path))  # which an earlier run may have left
        if not self.resumable or kind is None:
            remove_quietly(self._spool_path)

    def has(self, window: Window) -> bool:
        """Tell whether all of a window was written already, by the run that is being resumed."""
        return all(
            (1, one.row // self.spec.span, one.col // self.spec.span) in self._pieces
            for one in split_spans(self.spec, window)
        )

    def write(self, window: Window, values: npt.NDArray[Any]) -> None:
        """Put a window.

        Parameters
        ----------
        window : Window
            Begins at a multiple of ``spec.span`` and ends at one, or at the raster's edge. Each
            pixel comes once.
        values : ndarray, (rows, cols) or (bands, rows, cols)
            Stored numbers, nodata in place.

        Raises
        ------
        RasterError
            If the disk does not take it.
        Cancelled
            If the writer was closed meanwhile.
        """
        for piece in make_spans(self.spec, self.codec, window, values):
            self.put(piece)

    def put(self, piece: Piece) -> None:
        """Take a span's piece, wherever it was made, and make those above it that have all they
        need now.

        Raises
        ------
        RasterError, Cancelled
            As :meth:`write`.
        """
        next_one: Piece | None = piece
        while next_one is not None:
            next_one = self._next(self._append(next_one))

    def finish(
        self, on_progress: Callable[[float], bool] = lambda _: True, classic_end: int = CLASSIC_END
    ) -> None:
        """Write the COG and give it its name.

        Parameters
        ----------
        on_progress : callable
            Gets 0..1 and returns False to stop.
        classic_end : int
            Longer files become BigTIFF.

        Raises
        ------
        Cancelled
            If ``on_progress`` returned False.
        RasterError
            If a part of the raster was never written, or the disk does not take it.
        """
        what = f"Writing {self.path} failed"
        for level in range(1, self._top + 1):
            for index in self._indexes(level):
                if index not in self._pieces:  # else a run that was killed in between left it
                    if level == 1:
                        raise RasterError(
                            what, f"the part at row {index[1]}, column {index[2]} was never written"
                        )
                    self._append(self._parent(index))
        levels = [
            Level(shape, [self._blocks[index].size for index in self._indexes(level)])
            for level, shape in enumerate(self._shapes)
        ]
        tags = make_tags(self.spec, self.codec, self.statistics())
        header, _ = make_header(tags, levels, classic_end)
        length = sum(sum(level.sizes) for level in levels)
        try:
            with whole_file(self.path, self._failure, empty=False) as part:
                if not on_progress(0.0) or not write_file(
                    part,
                    header,
                    self._in_order(),
                    lambda done: on_progress(min(1.0, done / length)),
                ):
                    raise Cancelled(f"Writing {self.path.name}")
                _check_read_back(part, what)
        except RasterError as error:
            raise RasterError(what, error.why, error.hint or "Is the disk full?") from error
        on_progress(1.0)

    def statistics(self) -> list[BandStatistics]:
        """Statistics of each band, in stored units, over what was written so far; added up row by
        row, whatever came first.
        """
        parts = [self._pieces[index] for index in self._indexes(1) if index in self._pieces]
        return [total(part[band] for part in parts) for band in range(len(self.spec.band_names))]

    def statistics_by_span(self) -> list[tuple[Window, tuple[BandStatistics, ...]]]:
        """Statistics for each span of pixels, and of each band."""
        (rows, cols), span = self.spec.grid.shape, self.spec.span
        by_span = []
        for index in self._indexes(1):
            if index in self._pieces:
                row, col = index[1] * span, index[2] * span
                window = Window(row, col, min(span, rows - row), min(span, cols - col))
                by_span.append((window, self._pieces[index]))
        return by_span

    @property
    def _top(self) -> int:
        return max(1, len(self._shapes) - 1)

    def _indexes(self, level: int) -> list[BlockIndex]:
        """All blocks of a level, row by row; at level 1 (also where there is no overview) all
        spans.
        """
        rows, cols = self._shapes[level] if level < len(self._shapes) else (1, 1)
        block = self.spec.block
        return [
            (level, row, col)
            for row in range(-(-rows // block))
            for col in range(-(-cols // block))
        ]

    def _append(self, piece: Piece) -> BlockIndex:
        elsewhere: dict[BlockIndex, ByteRange | FileBlock] = {}
        indexes: list[BlockIndex] = []
        parts: list[bytes | memoryview] = []
        for index, block in piece.blocks:
            if isinstance(block, FileBlock) and not self.resumable:
                elsewhere[index] = block
            else:  # a later run must find all of it in the spool
                indexes.append(index)
                parts.append(self._read(block) if isinstance(block, FileBlock) else block)
        if piece.rest is not None:
            parts.append(np.ascontiguousarray(piece.rest).data.cast("B"))
        head = {
            "place": piece.place,
            "blocks": indexes,
            "statistics": [astuple(one) for one in piece.statistics],
        }
        with self._failure.named(self._spool_path):
            record = self._spool.append(head, parts)
        if record is None:
            raise Cancelled(f"Writing {self.path.name}")
        with self._lock:
            self._blocks.update(elsewhere)
        self._note(record)
        return piece.place

    def _note(self, record: Record) -> None:
        level, row, col = record.head["place"]
        indexes = [(one[0], one[1], one[2]) for one in record.head["blocks"]]
        with self._lock:
            self._blocks.update(zip(indexes, record.parts))
            if len(record.parts) > len(indexes):
                self._rests[level, row, col] = record.parts[-1]
            self._pieces[level, row, col] = tuple(
                BandStatistics(*one) for one in record.head["statistics"]
            )

    def _next(self, done: BlockIndex) -> Piece | None:
        """The piece above, where all that it needs is there now; two workers that see it at once
        make the same twice.
        """
        level, row, col = done
        above = (level + 1, row // 2, col // 2)
        if level >= self._top or above in self._pieces:
            return None
        return (
            self._parent(above)
            if all(below in self._pieces for below in self._below(above))
            else None
        )

    def _below(self, index: BlockIndex) -> list[BlockIndex]:
        level, row, col = index
        rows, cols = (-(-side // self.spec.block) for side in self._shapes[level - 1])
        return [
            (level - 1, y, x)
            for y in (2 * row, 2 * row + 1)
            for x in (2 * col, 2 * col + 1)
            if y < rows and x < cols
        ]

    def _parent(self, index: BlockIndex) -> Piece:
        half = self.spec.block // 2
        shape = (len(self.spec.band_names), half, half)
        values = np.full(
            (shape[0], self.spec.block, self.spec.block), self.spec.nodata, self.spec.dtype
        )
        for below in self._below(index):
            y, x = below[1] % 2 * half, below[2] % 2 * half
            values[:, y : y + half, x : x + half] = np.frombuffer(
                self._read(self._rests[below]), self.spec.dtype
            ).reshape(shape)
        return make_parent(self.spec, self.codec, index, values, top=index[0] == self._top)

    def _in_order(self) -> Iterator[bytes]:
        for level in reversed(range(len(self._shapes))):
            for index in self._indexes(level):
                yield self._read(self._blocks[index])

    def _read(self, extent: ByteRange | FileBlock) -> bytes:
        try:
            return extent.read() if isinstance(extent, FileBlock) else self._spool.read(extent)
        except (OSError, ValueError) as error:  # ValueError: closed meanwhile
            raise RasterError(self._failure.what, reason_of(error), "Run it again.") from error


def _gdal_version() -> str:
    from osgeo import gdal

    return str(gdal.VersionInfo())


def _check_read_back(part: Path, what: str) -> None:
    """Read the last pixels: a disk may lose them and tell nobody."""
    try:
        check_raster(part)
    except RasterError as error:
        raise RasterError(what, error.why, "Is the disk full?") from error
