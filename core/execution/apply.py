"""Apply a kernel to a stack: tiles in, cloud-optimised GeoTIFFs out, one for each of its layers."""

from __future__ import annotations

import math
import threading
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..algorithms.kernel import NOT_OBSERVED, Kernel, Layer
from ..monitor import EventQueue, Monitor, Note, Progress
from ..raster.area import pixel_area_m2
from ..raster.codec import Codec
from ..raster.grid import Window, in_columns, split_windows
from ..raster.pieces import Piece, make_spans
from ..raster.raster_spec import BLOCK, RasterSpec, encode, integer_scale, storage_dtype
from ..raster.reader import FloatArray, StackReader, to_physical
from ..raster.statistics import BandStatistics
from ..raster.writer import CogWriter
from ..settings import Settings
from ..workers import run_in_background
from .engine import Engine
from .progress import TileCount
from .router import Job, choose_engine, open_engine

NODATA = -9999.0
NODATA_INT16 = -32768.0
STRIP = 128
"""Rows that a kernel without halo gets at once."""
SURVEY_SHARE = 0.3
"""Of the progress bar, where a first pass over the tiles is needed."""
TILES_SHARE = 0.9
"""Of the progress bar; the rest is for laying out the COG."""


@dataclass(frozen=True)
class LayerStatistics:
    """What a layer holds, in physical units.

    Values outside the index's range come from negative reflectance (dark water, shadow, haze): they stay in the layer as
    the formula gives them, but do not enter minimum, maximum and mean, which a single one of them could spoil.
    """

    pixels: int = 0
    observed: int = 0
    inside: int = 0
    """Of the observed ones, those within the range."""
    total: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    classes: Mapping[int, tuple[int, float | None]] = field(default_factory=dict)
    """Of a layer of classes, ``NOT_OBSERVED`` among them: code → pixels and square metres (None without a reference system)."""
    engine: str = field(default="", compare=False)
    """Which engine computed it, and why: a sentence; empty where the caller chose it, or all tiles were there already."""

    @classmethod
    def of(cls, stored: BandStatistics, spec: RasterSpec, engine: str = "") -> LayerStatistics:
        """From the statistics of the stored numbers; classes are counted apart."""
        return cls(
            stored.pixels,
            stored.observed,
            stored.inside,
            stored.inside_total * spec.scale + spec.offset * stored.inside,
            stored.inside_low * spec.scale + spec.offset,
            stored.inside_high * spec.scale + spec.offset,
            engine=engine,
        )

    def to_dict(self) -> dict[str, float | int | None]:
        """Statistics with units in the names; None where nothing was observed."""
        return {
            "min": self.low if self.inside else None,
            "max": self.high if self.inside else None,
            "mean": self.total / self.inside if self.inside else None,
            "outside_range_percent": 100 * (self.observed - self.inside) / self.observed if self.observed else 0.0,
            "observed_percent": 100 * self.observed / self.pixels if self.pixels else 0.0,
            "observed_pixels": self.observed,
            "pixels": self.pixels,
        }


@dataclass(frozen=True)
class Applied:
    """What became of a kernel."""

    kernel: Kernel
    """As it was applied: what its survey settled is in its function."""
    layers: tuple[LayerStatistics, ...]
    """In the order of the kernel's."""


def apply_kernel(
    reader: StackReader,
    bands: Mapping[str, int],
    kernel: Kernel,
    output: Path,
    settings: Settings,
    monitor: Monitor,
    engine: Engine | None = None,
    tags: Mapping[str, str] | None = None,
    resume: bool = False,
) -> LayerStatistics:
    """As :func:`apply_layers`, for a kernel of one layer."""
    return apply_layers(reader, bands, kernel, (output,), settings, monitor, engine, tags, resume).layers[0]


def apply_layers(
    reader: StackReader,
    bands: Mapping[str, int],
    kernel: Kernel,
    outputs: Sequence[Path],
    settings: Settings,
    monitor: Monitor,
    engine: Engine | None = None,
    tags: Mapping[str, str] | None = None,
    resume: bool = False,
) -> Applied:
    """Compute ``kernel`` over the whole raster in one pass and write its layers.

    Numbers are written as float32 or scaled int16 (``settings.output_dtype``) where the layer does not say itself, classes as
    uint8 with their colours. A survey, where the kernel has one, is a pass over all tiles before.

    Parameters
    ----------
    bands : mapping of str to int
        Band name in the stack → index from 1.
    outputs : sequence of Path
        One for each layer of the kernel.
    engine : Engine, optional
        By default the one that :func:`~.router.choose_engine` names, and says why in a note.
    resume : bool
        Keep finished tiles when the work is stopped, fails or is killed, and go on from such tiles where the output, the
        kernel, the inputs (path, size, time of change) and the settings are the same. The result is the same to the byte.

    Raises
    ------
    Cancelled, RasterError, EngineError
        Nothing is left under the names of the outputs that were not finished.
    """
    specs = [layer_spec(reader, layer, settings, tags or {}) for layer in kernel.layers]
    size = max(1, settings.tile_size // specs[0].span) * specs[0].span
    tiles = split_windows(reader.facts.grid.shape, size)
    events = EventQueue(monitor)
    indexes = {name: bands[band] for name, band in kernel.bands.items()}
    wide = reader.column_tiles(list(indexes.values()))
    if wide is not None:
        tiles = in_columns(tiles, size * wide)

    def all_of_it() -> Applied:
        with ExitStack() as stack:
            picked = _Picked(engine, _job(reader, indexes, kernel, specs, tiles), settings, events, stack)
            settled, begin = kernel, 0.0
            if kernel.survey is not None:
                whole = split_windows(reader.facts.grid.shape, max(1, size // kernel.cell) * kernel.cell)
                settled, begin = survey_tiles(reader, indexes, kernel, whole, picked, events), SURVEY_SHARE
            key = _resume_key(reader, settled, indexes) if resume else ""
            told = [replace(spec, tags={**spec.tags, **settled.tags()}) for spec in specs]
            writers = [stack.enter_context(CogWriter(path, spec, key)) for path, spec in zip(outputs, told, strict=True)]
            missing = [tile for tile in tiles if not all(writer.has(tile) for writer in writers)]
            if missing:
                work = TileWork(reader, indexes, settled, tuple(specs), tuple(writer.codec for writer in writers))
                title = f"{kernel.name}: tiles, {picked.title}"
                count = TileCount(title, len(tiles), len(tiles) - len(missing), TILES_SHARE - begin, begin)

                def take(tile: Window, made: Sequence[Sequence[Piece]]) -> None:
                    for writer, pieces in zip(writers, made, strict=True):
                        if not writer.has(tile):
                            for piece in pieces:
                                writer.put(piece)
                    events.put(count.add())

                picked.engine.run(work, missing, events.stop, take)
            for number, writer in enumerate(writers):
                writer.finish(on_progress=_LayOut(events, kernel.name, number, len(writers)))
            return Applied(settled, tuple(written_statistics(writer, picked.reason) for writer in writers))

    return run_in_background(all_of_it, events)


class _Picked:
    """The engine: the caller's, or the one that the router names, opened when it is first wanted."""

    def __init__(self, given: Engine | None, job: Job, settings: Settings, events: EventQueue, stack: ExitStack) -> None:
        self._given, self._job, self._settings, self._events, self._stack = given, job, settings, events, stack
        self._opened: tuple[Engine, str] | None = None
        self.reason = ""
        """The router's sentence, where it was asked."""

    @property
    def engine(self) -> Engine:
        """Ready to run."""
        return self._open()[0]

    @property
    def title(self) -> str:
        """For a person."""
        return self._open()[1]

    def _open(self) -> tuple[Engine, str]:
        if self._opened is None and self._given is not None:
            self._opened = (self._given, self._given.name)
        elif self._opened is None:
            choice = choose_engine(self._job, self._settings)
            self.reason = choice.reason
            self._events.put(Note("info", choice.reason))
            engine = self._stack.enter_context(open_engine(choice, self._job, self._settings, self._events.stop))
            self._opened = (engine, choice.title)
        return self._opened


class _LayOut:
    """Tells how far the layers are laid out, and whether to go on."""

    def __init__(self, events: EventQueue, name: str, number: int, count: int) -> None:
        self.events, self.name, self.number, self.count = events, name, number, count
        self.told = -1.0

    def __call__(self, fraction: float) -> bool:
        if fraction - self.told >= 0.25 or fraction == 1.0:  # asked for every block, which is more than anybody wants to see
            self.told = fraction
            share = TILES_SHARE + (1 - TILES_SHARE) * (self.number + fraction) / self.count
            self.events.put(Progress(share, f"{self.name}: writing the layer"))
        return not self.events.stop.is_set()


def survey_tiles(
    reader: StackReader, indexes: Mapping[str, int], kernel: Kernel, tiles: Sequence[Window], picked: _Picked, events: EventQueue
) -> Kernel:
    """The kernel with what its survey over all tiles settled; whole numbers, whose sum is the same in any order."""
    count = TileCount(f"{kernel.name}: survey, {picked.title}", len(tiles), 0, SURVEY_SHARE)
    lock = threading.Lock()
    total: list[npt.NDArray[np.int64]] = []

    def take(_: Window, part: npt.NDArray[np.int64]) -> None:
        with lock:
            total[:] = [total[0] + part if total else part]
        events.put(count.add())

    picked.engine.run(SurveyWork(reader, indexes, kernel), tiles, events.stop, take)
    return kernel.settled(total[0])


def written_statistics(writer: CogWriter, engine: str) -> LayerStatistics:
    """Of a finished layer; areas row by row, because in degrees a pixel's area depends on its latitude."""
    found = LayerStatistics.of(writer.statistics()[0], writer.spec, engine)
    if not writer.spec.colors:
        return found
    classes: dict[int, tuple[int, float | None]] = {}
    for row, rows, [part] in writer.statistics_by_rows():
        area = pixel_area_m2(writer.spec.grid, row, rows)
        for code, count in (*part.counts, (NOT_OBSERVED, part.pixels - part.observed)):
            pixels, ground = classes.get(code, (0, 0.0))
            classes[code] = (pixels + count, None if area is None or ground is None else ground + count * area)
    return replace(found, classes=classes)


@dataclass(frozen=True)
class SurveyWork:
    """What one tile adds to a kernel's survey: values only, so that it can be sent to a worker."""

    reader: StackReader
    indexes: Mapping[str, int]
    kernel: Kernel

    def __call__(self, tile: Window) -> npt.NDArray[np.int64]:
        """The tile's whole numbers."""
        survey = self.kernel.survey
        assert survey is not None  # asked before
        if self.kernel.halo:
            return survey.tally(_read_with_halo(self.reader, self.indexes, self.kernel.halo, tile))
        stored = {name: self.reader.read_stored(index, tile) for name, index in self.indexes.items()}
        rows = max(1, STRIP // self.kernel.cell) * self.kernel.cell
        found = []
        for row in range(0, tile.rows, rows):
            strips = {name: (stored[name][row : row + rows], index) for name, index in self.indexes.items()}
            values = {name: to_physical(part, self.reader.radiometry[index - 1]) for name, (part, index) in strips.items()}
            found.append(survey.tally(values))
        return sum(found[1:], found[0])


@dataclass(frozen=True)
class TileWork:
    """All of one tile's work, from its pixels to compressed blocks: values only, so that it can be sent to a worker."""

    reader: StackReader
    indexes: Mapping[str, int]
    kernel: Kernel
    specs: tuple[RasterSpec, ...]
    codecs: tuple[Codec, ...]

    def __call__(self, tile: Window) -> list[list[Piece]]:
        """The tile's pieces of each layer."""
        made = compute_tile(self.reader, self.indexes, self.kernel, tile, self.specs)
        parts = zip(self.specs, self.codecs, made, strict=True)
        return [list(make_spans(spec, codec, tile, values)) for spec, codec, values in parts]


def compute_tile(
    reader: StackReader, indexes: Mapping[str, int], kernel: Kernel, tile: Window, specs: Sequence[RasterSpec]
) -> list[npt.NDArray[Any]]:
    """The stored numbers of one tile, (rows, cols) for each layer.

    Where the kernel looks at single pixels, it gets a few rows at a time: what passes between its steps then stays in the
    processor's cache, which halves the time. Otherwise it gets the tile with its halo, NaN beyond the raster.
    """
    if kernel.halo:
        return [_stored(made, spec) for made, spec in zip(_with_halo(reader, indexes, kernel, tile), specs, strict=True)]
    stored = {name: reader.read_stored(index, tile) for name, index in indexes.items()}
    out: list[npt.NDArray[Any]] = [np.empty((tile.rows, tile.cols), spec.dtype) for spec in specs]
    for row in range(0, tile.rows, STRIP):
        values = {name: _physical(stored[name], row, reader, index) for name, index in indexes.items()}
        for layer, made, spec in zip(out, kernel.run(values), specs, strict=True):
            layer[row : row + STRIP] = _stored(made, spec)
    return out


def _physical(stored: npt.NDArray[Any], row: int, reader: StackReader, index: int) -> FloatArray:
    return to_physical(stored[row : row + STRIP], reader.radiometry[index - 1])


def _stored(made: npt.NDArray[Any], spec: RasterSpec) -> npt.NDArray[Any]:
    """Numbers are encoded; classes are what is stored."""
    return made if made.dtype == np.uint8 else encode(made, spec)


def _with_halo(reader: StackReader, indexes: Mapping[str, int], kernel: Kernel, tile: Window) -> list[npt.NDArray[Any]]:
    inside = slice(kernel.halo, -kernel.halo)
    return [made[inside, inside] for made in kernel.run(_read_with_halo(reader, indexes, kernel.halo, tile))]


def _read_with_halo(reader: StackReader, indexes: Mapping[str, int], halo: int, tile: Window) -> dict[str, FloatArray]:
    """A tile and ``halo`` pixels around it, NaN beyond the raster."""
    rows, cols = reader.facts.grid.shape
    top, left = max(0, tile.row - halo), max(0, tile.col - halo)
    bottom, right = min(rows, tile.row + tile.rows + halo), min(cols, tile.col + tile.cols + halo)
    there = Window(top, left, bottom - top, right - left)
    y, x = top - tile.row + halo, left - tile.col + halo
    inputs = {}
    for name, index in indexes.items():
        inputs[name] = np.full((tile.rows + 2 * halo, tile.cols + 2 * halo), np.nan, np.float32)
        inputs[name][y : y + there.rows, x : x + there.cols] = reader.read(index, there)
    return inputs


def _job(
    reader: StackReader, indexes: Mapping[str, int], kernel: Kernel, specs: Sequence[RasterSpec], tiles: Sequence[Window]
) -> Job:
    """What the router wants to know.

    A tile's memory: stored numbers, the result and its copies while it is compressed; with a halo also the values as floating
    numbers and what the kernel makes of them on its way.
    """
    pixels = max(((tile.rows + 2 * kernel.halo) * (tile.cols + 2 * kernel.halo) for tile in tiles), default=0)
    stored = sum(np.dtype(reader.facts.bands[index - 1].dtype).itemsize for index in indexes.values())
    floats = 4 * (len(indexes) + 3) if kernel.halo else 0
    made = sum(np.dtype(spec.dtype).itemsize for spec in specs)
    state = reader.state()
    return Job(
        tiles=len(tiles),
        tile_bytes=pixels * (stored + floats + 4 * made),
        remote=any(size < 0 for _, size, _ in state),
        files=tuple((path, size) for path, size, _ in state if size >= 0),
    )


def layer_spec(reader: StackReader, layer: Layer, settings: Settings, tags: Mapping[str, str]) -> RasterSpec:
    """How a layer on a raster's grid is written."""
    dtype = "uint8" if layer.classes else storage_dtype(layer.dtype or settings.output_dtype, layer.range)
    integer = dtype == "int16"
    return RasterSpec(
        grid=reader.facts.grid,
        dtype=dtype,
        nodata=NOT_OBSERVED if layer.classes else NODATA_INT16 if integer else NODATA,
        band_names=(layer.name,),
        tags={**tags, **{f"class_{one.code}": one.name for one in layer.classes}},
        scale=integer_scale(layer.range) if integer else 1.0,
        colors={one.code: (*one.color, 255) for one in layer.classes},
        resampling="nearest" if layer.classes else "average",
        expected=layer.range,
        compression=settings.compression,
        # Small tiles give small blocks; a tile is at least the two blocks that make one of the first overview.
        block=min(BLOCK, settings.tile_size // 32 * 16),
    )


def _resume_key(reader: StackReader, kernel: Kernel, indexes: Mapping[str, int]) -> str:
    """All that the pixels depend on, besides what is written: the kernel with its parameters, and the inputs' state."""
    what = repr(kernel)
    if " at 0x" in what:  # a bare function does not say what it does: never taken for another run's
        what += uuid.uuid4().hex
    return f"{what} {sorted(indexes.items())} {reader.radiometry} {reader.state()}"
