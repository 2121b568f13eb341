"""Apply a kernel to a stack or a mosaic: tiles in, cloud-optimised GeoTIFFs out, one for each of
its layers.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..algorithms.kernel import (
    NOT_OBSERVED,
    OUTSIDE,
    OUTSIDE_COLOR,
    OUTSIDE_NAME,
    Kernel,
    Layer,
    MapClass,
)
from ..cog.codec import pick_codec
from ..cog.raster_spec import BLOCK, RasterSpec, integer_scale, storage_dtype
from ..cog.writer import CogWriter
from ..enums import OutputType, Resampling
from ..errors import Cancelled
from ..monitor import EventQueue, Level, Monitor, Note, Progress
from ..raster.grid import Window, in_columns, sample_windows, split_windows
from ..raster.physical import FloatArray
from ..settings import Settings
from ..shapes.area_pixels import AreaPixels
from ..workers import run_in_background
from .chunks import ChunkRun
from .engine import Engine
from .layer_statistics import LayerStatistics, Written, written_statistics
from .piece_taker import PieceTaker
from .progress import TileCount
from .result_store import StorePlace
from .router import Job, choose_engine, open_engine
from .threads import ThreadsEngine, on_a_pool
from .tile_work import SurveyWork, TileSource, TileWork

NODATA = -9999.0
NODATA_INT16 = -32768.0
SURVEY_SHARE = 0.3
"""Share of the progress bar for a first pass over the tiles."""
TILES_SHARE = 0.9
"""Share of the progress bar at the end of the tiles; the rest is for laying out the COG."""


@dataclass(frozen=True)
class Applied:
    """A kernel as it was applied, and figures of its layers."""

    kernel: Kernel
    """The kernel with what its survey settled."""
    layers: tuple[LayerStatistics, ...]
    """One for each band of each of the kernel's, in their order."""


def apply_layers(
    reader: TileSource,
    bands: Mapping[str, int],
    kernel: Kernel,
    outputs: Sequence[Path],
    settings: Settings,
    monitor: Monitor,
    *,
    engine: Engine | None = None,
    tags: Mapping[str, str] | None = None,
    resume: bool = False,
    area: AreaPixels | None = None,
) -> Applied:
    """Compute ``kernel`` over the whole raster in one pass and write its layers.

    Numbers are written as float32 or scaled int16 (``settings.output_dtype``) where the layer does
    not say itself, classes as uint8 with their colours. A survey, where the kernel has one, is a
    pass over all tiles before.

    Parameters
    ----------
    bands : mapping of str to int
        Band name in the stack → index from 1.
    outputs : sequence of Path
        One for each layer of the kernel. Where they end in ``.vrt``, each is written as chunks and
        a VRT over them; see :mod:`.chunks`.
    engine : Engine, optional
        By default the one that :func:`~.router.choose_engine` names, and says why in a note.
    resume : bool
        Keep finished tiles when the work is stopped, fails or is killed, and go on from such tiles
        where the output, the kernel, the inputs (path, size, time of change) and the settings are
        the same. The result is the same to the byte.
    area : AreaPixels, optional
        The pixels that are asked for: all others are outside (``OUTSIDE`` in classes, no data in
        numbers). A survey looks at the whole raster all the same, so that a pixel has the value
        that it would have without an area.

    Raises
    ------
    Cancelled, RasterError, EngineError
        Nothing is left under the names of the outputs that were not finished.
    """
    specs = [layer_spec(reader, layer, settings, tags or {}, area) for layer in kernel.layers]
    indexes = {name: bands[band] for name, band in kernel.bands.items()}
    size = max(1, settings.tile_size // specs[0].span) * specs[0].span
    run = _LayerRun(
        reader, indexes, kernel, tuple(specs), size, settings, EventQueue(monitor), area
    )
    # Files are closed on this thread: nothing is left behind by one that is stuck in a read.
    with ExitStack() as files:
        return run_in_background(lambda: run.all(outputs, engine, resume, files), run.events)


@dataclass(frozen=True)
class _LayerRun:
    """One kernel over one raster, from tiles to finished layers."""

    reader: TileSource
    indexes: Mapping[str, int]
    """Name in the kernel's function → band of the raster."""
    kernel: Kernel
    specs: tuple[RasterSpec, ...]
    size: int
    """Side of a tile, in pixels."""
    settings: Settings
    events: EventQueue
    area: AreaPixels | None

    def all(
        self, outputs: Sequence[Path], engine: Engine | None, resume: bool, files: ExitStack
    ) -> Applied:
        """Survey, compute and lay out; ``files`` closes what is written."""
        tiles = self._tiles()
        with ExitStack() as stack:
            job = self._job(tiles, outputs[0].absolute())
            lazy = _LazyEngine(engine, job, self.settings, self.events, stack)
            kernel = self._learn(self._settle(lazy))
            key = _resume_key(self.reader, kernel, self.indexes, self.area) if resume else ""
            if self.events.stop.is_set():
                raise Cancelled()
            specs = [replace(spec, tags={**spec.tags, **kernel.tags()}) for spec in self.specs]
            if outputs[0].suffix.lower() == ".vrt":
                settled = replace(self, kernel=kernel, specs=tuple(specs))
                return settled._in_chunks(outputs, key, lazy)
            writers = [
                files.enter_context(CogWriter(path, spec, key))
                for path, spec in zip(outputs, specs, strict=True)
            ]
            self._compute(kernel, writers, tiles, lazy, files)
            self._lay_out(writers)
            return self._applied(kernel, writers, lazy)

    def _in_chunks(self, outputs: Sequence[Path], key: str, lazy: _LazyEngine) -> Applied:
        """Each layer as a VRT over files that are written where they are computed."""
        kernel = self.kernel
        codecs = tuple(pick_codec(spec.compression) for spec in self.specs)
        work = TileWork(self.reader, self.indexes, kernel, self.specs, codecs, self.area)
        begin = 0.0 if kernel.survey is None else SURVEY_SHARE
        absolute = [output.absolute() for output in outputs]
        most = self.settings.chunk_pixels
        with ChunkRun(work, absolute, self.size, self._columns(), most, key) as chunks:
            title = f"{kernel.name}: chunks, {lazy.title}"
            share, number = TILES_SHARE - begin, len(chunks.chunks)
            count = TileCount(title, number, 0, share, begin, in_chunks=True)
            tell = partial(_put_next, self.events, count)
            chunks.compute(lazy.engine, self.events.stop, tell)
            made = chunks.finish(_LayOutProgress(self.events, kernel.name, 0, 1))
        return self._applied(kernel, made, lazy)

    def _applied(self, kernel: Kernel, written: Sequence[Written], lazy: _LazyEngine) -> Applied:
        """What is known of finished layers."""
        outside = self._outside(written)
        statistics = [
            written_statistics(one, lazy.reason, 0 if layer.whole else outside)
            for layer, one in zip(kernel.layers, written, strict=True)
        ]
        return Applied(kernel, tuple(band for layer in statistics for band in layer))

    def _columns(self) -> int | None:
        return self.reader.column_tiles(list(self.indexes.values()))

    def _tiles(self) -> list[Window]:
        tiles = split_windows(self.reader.grid.shape, self.size)
        columns = self._columns()
        return tiles if columns is None else in_columns(tiles, self.size * columns)

    def _settle(self, lazy: _LazyEngine) -> Kernel:
        """The kernel with what its survey over all tiles settled; whole numbers, whose sum is the
        same in any order.
        """
        kernel = self.kernel
        if kernel.survey is None:
            return kernel
        side = max(1, self.size // kernel.cell) * kernel.cell
        tiles = split_windows(self.reader.grid.shape, side)
        title = f"{kernel.name}: survey, {lazy.title}"
        count = TileCount(title, len(tiles), 0, SURVEY_SHARE)
        lock = threading.Lock()
        total: list[npt.NDArray[np.int64]] = []

        def take(_: Window, part: npt.NDArray[np.int64]) -> None:
            with lock:
                total[:] = [total[0] + part if total else part]
            self.events.put(count.add())

        work = SurveyWork(self.reader, self.indexes, kernel)
        lazy.engine.run(work, tiles, self.events.stop, take)
        return kernel.settled(total[0])

    def _learn(self, kernel: Kernel) -> Kernel:
        """The kernel with what a few windows tell; read on this computer and told in one order,
        whatever the engine.
        """
        if kernel.sample is None:
            return kernel
        windows = sample_windows(self.reader.grid.shape)
        rows = max(window.rows for window in windows)

        def look(window: Window) -> Mapping[str, FloatArray]:
            seen = next(iter(self.reader.strips(self.indexes, window, rows)))
            self.reader.let_go()
            return seen

        threads = ThreadsEngine(self.settings.worker_count, on_a_pool)
        return kernel.learnt(threads.run(look, windows, self.events.stop))

    def _compute(
        self,
        kernel: Kernel,
        writers: Sequence[CogWriter],
        tiles: Sequence[Window],
        lazy: _LazyEngine,
        files: ExitStack,
    ) -> None:
        """Compute the tiles that the files do not hold yet."""
        missing = [tile for tile in tiles if not all(writer.has(tile) for writer in writers)]
        if not missing:
            return
        begin = 0.0 if self.kernel.survey is None else SURVEY_SHARE
        done = len(tiles) - len(missing)
        title = f"{kernel.name}: tiles, {lazy.title}"
        count = TileCount(title, len(tiles), done, TILES_SHARE - begin, begin)

        codecs = tuple(writer.codec for writer in writers)
        work = TileWork(self.reader, self.indexes, kernel, self.specs, codecs, self.area)
        taker = files.enter_context(PieceTaker(writers, partial(_put_next, self.events, count)))
        lazy.engine.run(work, missing, self.events.stop, taker)

    def _outside(self, writers: Sequence[Written]) -> int:
        """Pixels that are not asked for: beyond the area, or beyond those of the maps that are put
        together.
        """
        if self.area is not None:
            return self.area.outside
        classes = (writer.statistics()[0].counts for writer in writers if writer.spec.colors)
        return max((dict(counts).get(OUTSIDE, 0) for counts in classes), default=0)

    def _lay_out(self, writers: Sequence[CogWriter]) -> None:
        for number, writer in enumerate(writers):
            progress = _LayOutProgress(self.events, self.kernel.name, number, len(writers))
            writer.finish(on_progress=progress)

    def _job(self, tiles: Sequence[Window], output: Path) -> Job:
        """Facts for the router.

        A tile's memory: stored numbers, the result and its copies while it is compressed; with a
        halo also the values as floating numbers and the kernel's own arrays.
        """
        halo = self.kernel.halo
        pixels = [(tile.rows + 2 * halo) * (tile.cols + 2 * halo) for tile in tiles]
        stored = self.reader.pixel_bytes(list(self.indexes.values()))
        floats = 4 * (len(self.indexes) + 3) if halo else 0
        results = sum(len(spec.band_names) * np.dtype(spec.dtype).itemsize for spec in self.specs)
        state = self.reader.state()
        return Job(
            tiles=len(tiles),
            tile_bytes=max(pixels, default=0) * (stored + floats + 4 * results),
            remote=any(size < 0 for _, size, _ in state),
            files=tuple((path, size) for path, size, _ in state if size >= 0),
            place=StorePlace(self.settings.store or str(output.parent), str(output)),
        )


class _LazyEngine:
    """The engine: the caller's, or the one that the router names, opened when it is first
    wanted.
    """

    def __init__(
        self,
        given: Engine | None,
        job: Job,
        settings: Settings,
        events: EventQueue,
        stack: ExitStack,
    ) -> None:
        self._job, self._settings, self._events, self._stack = job, settings, events, stack
        self._opened = None if given is None else (given, str(given.name))
        self.reason = ""
        """The router's sentence, where it was asked."""

    @property
    def engine(self) -> Engine:
        """The engine, ready to run."""
        return self._open()[0]

    @property
    def title(self) -> str:
        """A few words for a person."""
        return self._open()[1]

    def _open(self) -> tuple[Engine, str]:
        if self._opened is None:
            choice = choose_engine(self._job, self._settings)
            self.reason = choice.reason
            level = Level.DEBUG if choice.is_plain else Level.INFO
            self._events.put(Note(level, choice.reason))
            engine = self._stack.enter_context(
                open_engine(choice, self._job, self._settings, self._events.stop, self._tell)
            )
            self._opened = (engine, choice.title)
        return self._opened

    def _tell(self, sentence: str) -> None:
        self._events.put(Note(Level.INFO, sentence))


def _put_next(events: EventQueue, count: TileCount) -> None:
    events.put(count.add())


class _LayOutProgress:
    """Tells how far the layers are laid out, and whether to go on."""

    def __init__(self, events: EventQueue, name: str, number: int, count: int) -> None:
        self.events, self.name, self.number, self.count = events, name, number, count
        self.told = -1.0

    def __call__(self, fraction: float) -> bool:
        # asked for every block, which is more than anybody wants to see
        if fraction - self.told >= 0.25 or fraction == 1.0:
            self.told = fraction
            share = TILES_SHARE + (1 - TILES_SHARE) * (self.number + fraction) / self.count
            self.events.put(Progress(share, f"{self.name}: writing the layer"))
        return not self.events.stop.is_set()


def layer_spec(
    reader: TileSource,
    layer: Layer,
    settings: Settings,
    tags: Mapping[str, str],
    area: AreaPixels | None = None,
) -> RasterSpec:
    """The file of a layer on a raster's grid."""
    # Small tiles give small blocks; a tile is at least the two blocks that make one of the first
    # overview.
    block = min(BLOCK, settings.tile_size // 32 * 16)
    common = RasterSpec(
        grid=reader.grid,
        dtype=layer.dtype or settings.output_dtype,
        nodata=NODATA,
        band_names=layer.bands or (layer.name,),
        unit=layer.unit,
        tags=tags,
        expected=layer.range,
        compression=settings.compression,
        block=block,
    )
    if layer.classes:
        classes = layer.classes
        if layer.outside or (area is not None and not layer.whole):
            classes = (*classes, MapClass(OUTSIDE, OUTSIDE_NAME, OUTSIDE_COLOR))
        return replace(
            common,
            dtype="uint8",
            nodata=NOT_OBSERVED,
            tags={**tags, **{f"class_{each.code}": each.name for each in classes}},
            colors={each.code: (*each.color, 255) for each in classes},
            silent=frozenset((OUTSIDE,)),
            resampling=Resampling.NEAREST,
        )
    dtype = storage_dtype(common.dtype, layer.range)
    if dtype == "uint8":
        return replace(common, dtype=dtype, nodata=NOT_OBSERVED)
    if dtype != OutputType.INT16:
        return replace(common, dtype=dtype)
    scale = integer_scale(layer.range)
    return replace(common, dtype=dtype, nodata=NODATA_INT16, scale=scale)


def _resume_key(
    reader: TileSource, kernel: Kernel, indexes: Mapping[str, int], area: AreaPixels | None
) -> str:
    """All that the pixels depend on, besides what is written: the kernel with its parameters, the
    inputs' state, and the area.
    """
    text = repr(kernel)
    if " at 0x" in text:  # a bare function does not say what it does: never taken for another run's
        text += uuid.uuid4().hex
    asked = "" if area is None else f" {area.digest}"
    return f"{text} {sorted(indexes.items())} {reader.meaning()} {reader.state()}{asked}"
