"""A large layer as many files: each chunk a cloud-optimised GeoTIFF that is written where it is
computed, and a VRT over all of them.

Nothing but facts comes back from a chunk: its size and the statistics of its spans, which are added
up in the order of a single file. So this computer's share does not grow with the pixels.

The chunks of a run lie in a folder of their own beside the VRT, ``X.DIGEST.chunks``; the VRT is
written last and replaces an older one whole. ``DIGEST`` names all that the pixels depend on where
the run is to be resumed, else the run: chunks of two runs never mix.
"""

from __future__ import annotations

import hashlib
import json
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

from ..cog.chunk_mosaic import (
    ChunkFile,
    chunk_side,
    chunk_spec,
    write_chunk_vrt,
    write_overviews,
)
from ..cog.raster_spec import RasterSpec
from ..cog.statistics import BandStatistics, total
from ..cog.writer import CogWriter
from ..errors import Cancelled, EngineError, RasterError, StoreError
from ..files.atomic import WriteFailure, reason_of, remove_quietly, write_whole
from ..files.chunk_folder import chunk_files, chunk_folder, is_chunk_folder
from ..raster.grid import Window, in_columns, split_windows
from .engine import Engine
from .store_files import FolderFiles
from .tile_work import TileWork

MARK = "run.part"
"""There as long as the run is under way; what computes for it stops when it is gone."""
FACTS = ".facts.part"
_HINT = (
    "Choose a folder that all workers see under the same path as this computer, or write one file "
    "(‘layout’ cog)."
)


@dataclass(frozen=True)
class LayerChunks:
    """Where the chunks of one layer lie."""

    vrt: Path
    folder: str
    """Beside the VRT."""

    def path(self, chunk: Window, side: int) -> Path:
        """The file of a chunk: ``ndvi_r02_c10.tif``."""
        row, col = chunk.row // side, chunk.col // side
        return self.vrt.parent / self.folder / f"{self.vrt.stem}_r{row:02d}_c{col:02d}.tif"


@dataclass(frozen=True)
class LayerFacts:
    """Facts of one chunk of one layer."""

    size: int
    """Bytes of its file."""
    spans: tuple[tuple[Window, tuple[BandStatistics, ...]], ...]
    """Windows of the whole, with the statistics of each band."""


Facts = tuple[LayerFacts, ...]


@dataclass(frozen=True)
class ChunkWork:
    """All of one chunk's work, from its pixels to finished files; values only, so that it can be
    sent to a worker. A chunk that an earlier attempt has finished is not computed again.
    """

    work: TileWork
    """Its specs are those of the whole."""
    layers: tuple[LayerChunks, ...]
    side: int
    """Of a chunk."""
    tile: int
    """Side of a tile."""
    columns: int | None
    """In columns of so many tiles the source is best read."""

    def __call__(self, chunk: Window) -> Facts:
        """Compute and write it.

        Raises
        ------
        EngineError
            If the run is over, or its folder is not seen here.
        RasterError, DiskFullError
            As :class:`.CogWriter`.
        """
        known = self._known(chunk)
        if known is not None:
            return known
        facts = self._write(chunk)
        failure = WriteFailure(f"Writing {self._facts_path(chunk)} failed")
        write_whole(self._facts_path(chunk), self.pack(facts), failure)
        return facts

    def _write(self, chunk: Window) -> Facts:
        specs = [chunk_spec(spec, chunk) for spec in self.work.specs]
        paths = [layer.path(chunk, self.side) for layer in self.layers]
        tiles = split_windows((chunk.rows, chunk.cols), self.tile)
        if self.columns is not None:
            tiles = in_columns(tiles, self.tile * self.columns)
        writers = [CogWriter(path, spec) for path, spec in zip(paths, specs, strict=True)]
        try:
            for tile in tiles:
                self._check_mark()
                values = self.work.layers(
                    Window(chunk.row + tile.row, chunk.col + tile.col, tile.rows, tile.cols)
                )
                for writer, layer in zip(writers, values, strict=True):
                    writer.write(tile, layer)
            for writer in writers:
                writer.finish()
            return tuple(_facts(writer, chunk) for writer in writers)
        finally:
            for writer in writers:
                writer.__exit__(None, None, None)

    def part(self, box: Window) -> ChunkWork:
        """The same for chunks within a window; see :class:`.tile_groups.Divisible`."""
        return replace(self, work=self.work.part(box))

    def pack(self, result: Facts) -> bytes:
        """See :class:`.result_store.Storable`."""
        return json.dumps([_to_json(one) for one in result]).encode()

    def unpack(self, data: bytes) -> Facts:
        """See :class:`.result_store.Storable`."""
        return tuple(_from_json(one) for one in json.loads(data))

    @property
    def weight(self) -> int:
        """Tiles in a chunk: so many times the limit of one tile it may take."""
        return (-(-self.side // self.tile)) ** 2

    def _check_mark(self) -> None:
        if not (self.layers[0].vrt.parent / self.layers[0].folder / MARK).is_file():
            folder = self.layers[0].vrt.parent / self.layers[0].folder
            raise StoreError(
                f"Chunks cannot be written to {folder}",
                "it is not seen here, or the run is over",
                _HINT,
            )

    def _facts_path(self, chunk: Window) -> Path:
        path = self.layers[0].path(chunk, self.side)
        return path.with_name(f"{path.name}{FACTS}")

    def _known(self, chunk: Window) -> Facts | None:
        """Facts of a chunk that was finished before; None where it was not, or has changed."""
        with suppress(OSError, ValueError, LookupError, TypeError):
            facts = self.unpack(self._facts_path(chunk).read_bytes())
            sizes = [layer.path(chunk, self.side).stat().st_size for layer in self.layers]
            if sizes == [one.size for one in facts]:
                return facts
        return None


@dataclass(frozen=True)
class ChunkedLayer:
    """A finished layer, with what its statistics need; see :class:`.layer_statistics.Written`."""

    spec: RasterSpec
    spans: tuple[tuple[Window, tuple[BandStatistics, ...]], ...]
    """Row by row, as of a single file."""

    def statistics(self) -> list[BandStatistics]:
        """Statistics of each band, added up in the order of a single file."""
        parts = [figures for _, figures in self.spans]
        return [total(part[band] for part in parts) for band in range(len(self.spec.band_names))]

    def statistics_by_span(self) -> list[tuple[Window, tuple[BandStatistics, ...]]]:
        """Statistics for each span of pixels, and of each band."""
        return list(self.spans)


class ChunkRun:
    """One run that writes layers as chunks; used as a context.

    Parameters
    ----------
    work : TileWork
    outputs : sequence of Path
        A VRT for each layer.
    tile : int
        Side of a tile; a multiple of the specs' spans.
    columns : int, optional
        In columns of so many tiles the source is best read.
    most_pixels : int
        Of a chunk.
    resume_key : str
        If given, finished chunks outlive a stop, a failure and a kill, and are taken up by a later
        run with the same key. It names all that the pixels depend on.
    """

    def __init__(
        self,
        work: TileWork,
        outputs: Sequence[Path],
        tile: int,
        columns: int | None,
        most_pixels: int,
        resume_key: str,
    ) -> None:
        self._resumable = bool(resume_key)
        text = f"{resume_key or uuid.uuid4().hex} {work.specs} {most_pixels} {work.codecs}"
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        layers = tuple(LayerChunks(one, chunk_folder(one, digest)) for one in outputs)
        span = max(spec.span for spec in work.specs)
        side = chunk_side(most_pixels, span)
        self._work = ChunkWork(work, layers, side, min(tile, side), columns)
        self._facts: dict[Window, Facts] = {}
        self._done = False
        self._lock = threading.Lock()

    def __enter__(self) -> ChunkRun:
        for layer in self._work.layers:
            folder, failure = layer.vrt.parent / layer.folder, _failure(layer.vrt)
            failure.refuse_folder(layer.vrt)
            if layer.vrt.exists() and not chunk_files(layer.vrt):
                reason = "a file of this name is there, and it is no layer in chunks"
                raise RasterError(failure.what, reason, "Choose another name, or remove it.")
            with failure.named(folder):
                folder.mkdir(parents=True, exist_ok=True)
        mark = self._mark()
        write_whole(mark, b"", _failure(mark))
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        remove_quietly(self._mark())
        if self._done:
            for layer in self._work.layers:
                _remove_notes(layer.vrt.parent / layer.folder)
        elif not self._resumable:
            for layer in self._work.layers:
                with suppress(OSError):  # what is left is removed by the next run that ends well
                    FolderFiles(str(layer.vrt.parent)).remove(layer.folder)

    @property
    def chunks(self) -> list[Window]:
        """All chunks, row by row."""
        return split_windows(self._work.work.source.grid.shape, self._work.side)

    def compute(self, engine: Engine, stop: threading.Event, tell: Callable[[], None]) -> None:
        """Compute and write all chunks; ``tell`` is called for each that is there.

        Raises
        ------
        EngineError
            If what a worker wrote is not seen here; or as :class:`.Engine`.
        Cancelled
        """

        def take(chunk: Window, facts: Facts) -> None:
            for layer, one in zip(self._work.layers, facts, strict=True):
                _check_seen(layer.path(chunk, self._work.side), one.size)
            with self._lock:
                self._facts[chunk] = facts
            tell()

        engine.run(self._work, self.chunks, stop, take)

    def finish(self, on_progress: Callable[[float], bool]) -> list[ChunkedLayer]:
        """Write overviews and VRT of each layer.

        Raises
        ------
        RasterError, Cancelled
        """
        finished = []
        for number, (layer, spec) in enumerate(
            zip(self._work.layers, self._work.work.specs, strict=True)
        ):
            files = [ChunkFile(layer.path(one, self._work.side), one) for one in self.chunks]
            spans = [span for one in self.chunks for span in self._facts[one][number].spans]
            spans.sort(key=lambda span: (span[0].row, span[0].col))
            made = ChunkedLayer(spec, tuple(spans))
            overviews = write_overviews(layer.vrt, spec, files, self._work.side, on_progress)
            write_chunk_vrt(layer.vrt, spec, files, made.statistics())
            if overviews is None:  # those of an older file of this name
                remove_quietly(layer.vrt.with_name(f"{layer.vrt.name}.ovr"))
            _remove_older(layer)
            finished.append(made)
        self._done = True
        if not on_progress(1.0):
            raise Cancelled()
        return finished

    def _mark(self) -> Path:
        first = self._work.layers[0]
        return first.vrt.parent / first.folder / MARK


def _facts(writer: CogWriter, chunk: Window) -> LayerFacts:
    spans = [
        (Window(chunk.row + one.row, chunk.col + one.col, one.rows, one.cols), figures)
        for one, figures in writer.statistics_by_span()
    ]
    return LayerFacts(writer.path.stat().st_size, tuple(spans))


def _to_json(facts: LayerFacts) -> Mapping[str, Any]:
    spans = [[astuple(window), [astuple(one) for one in bands]] for window, bands in facts.spans]
    return {"size": facts.size, "spans": spans}


def _from_json(tree: Mapping[str, Any]) -> LayerFacts:
    spans = tuple(
        (
            Window(*window),
            tuple(
                BandStatistics(*[*one[:-1], tuple((code, count) for code, count in one[-1])])
                for one in bands
            ),
        )
        for window, bands in tree["spans"]
    )
    return LayerFacts(int(tree["size"]), spans)


def _check_seen(path: Path, size: int) -> None:
    """What a worker says that it has written must be here."""
    try:
        there = path.stat().st_size
        reason = "" if there == size else f"it has {there} bytes here, and {size} where it was made"
    except OSError as error:
        reason = f"what a worker has written is not seen here ({reason_of(error)})"
    if reason:
        raise EngineError(f"The chunk {path} cannot be used", reason, _HINT)


def _failure(path: Path) -> WriteFailure:
    return WriteFailure(f"Writing {path} failed", "Is the folder there, writable and not full?")


def _remove_notes(folder: Path) -> None:
    """Remove what only a run that is resumed would need."""
    with suppress(OSError):
        remove_quietly(*(one for one in folder.iterdir() if one.name.endswith(".part")))


def _remove_older(layer: LayerChunks) -> None:
    """Remove the chunks of older runs for the same file, which no VRT shows any more."""
    with suppress(OSError):
        for one in layer.vrt.parent.iterdir():
            if is_chunk_folder(layer.vrt, one.name) and one.name != layer.folder and one.is_dir():
                with suppress(OSError):  # Windows keeps what is open
                    FolderFiles(str(layer.vrt.parent)).remove(one.name)
