"""Apply a kernel to a stack or a mosaic: tiles in, cloud-optimised GeoTIFFs out, one for each of
its layers.
"""

from __future__ import annotations

import math
import threading
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..algorithms.kernel import NOT_OBSERVED, Kernel, Layer
from ..cog.pieces import Piece
from ..cog.raster_spec import BLOCK, RasterSpec, integer_scale, storage_dtype
from ..cog.statistics import BandStatistics
from ..cog.writer import CogWriter
from ..errors import Cancelled
from ..monitor import EventQueue, Level, Monitor, Note, Progress
from ..raster.grid import Window, in_columns, split_windows
from ..raster.pixel_area import pixel_area_m2
from ..settings import Settings
from ..workers import run_in_background
from .engine import Engine
from .progress import TileCount
from .router import Job, choose_engine, open_engine
from .tile_work import SurveyWork, TileSource, TileWork

NODATA = -9999.0
NODATA_INT16 = -32768.0
SURVEY_SHARE = 0.3
"""Of the progress bar, where a first pass over the tiles is needed."""
TILES_SHARE = 0.9
"""Of the progress bar; the rest is for laying out the COG."""


@dataclass(frozen=True)
class LayerStatistics:
    """What a layer holds, in physical units.

    Values outside the index's range come from negative reflectance (dark water, shadow, haze): they
    stay in the layer as the formula gives them, but do not enter minimum, maximum and mean, which a
    single one of them could spoil.
    """

    pixels: int = 0
    observed: int = 0
    inside: int = 0
    """Of the observed ones, those within the range."""
    total: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    classes: Mapping[int, tuple[int, float | None]] = field(default_factory=dict)
    """Of a layer of classes, ``NOT_OBSERVED`` among them: code → pixels and square metres (None
    without a reference system).
    """
    engine: str = field(default="", compare=False)
    """Which engine computed it, and why: a sentence; empty where the caller chose it, or all tiles
    were there already.
    """

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
            "outside_range_percent": 100 * (self.observed - self.inside) / self.observed
            if self.observed
            else 0.0,
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
    """One for each band of each of the kernel's, in their order."""


def apply_kernel(
    reader: TileSource,
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
    return apply_layers(
        reader, bands, kernel, (output,), settings, monitor, engine, tags, resume
    ).layers[0]


def apply_layers(
    reader: TileSource,
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

    Numbers are written as float32 or scaled int16 (``settings.output_dtype``) where the layer does
    not say itself, classes as uint8 with their colours. A survey, where the kernel has one, is a
    pass over all tiles before.

    Parameters
    ----------
    bands : mapping of str to int
        Band name in the stack → index from 1.
    outputs : sequence of Path
        One for each layer of the kernel.
    engine : Engine, optional
        By default the one that :func:`~.router.choose_engine` names, and says why in a note.
    resume : bool
        Keep finished tiles when the work is stopped, fails or is killed, and go on from such tiles
        where the output, the kernel, the inputs (path, size, time of change) and the settings are
        the same. The result is the same to the byte.

    Raises
    ------
    Cancelled, RasterError, EngineError
        Nothing is left under the names of the outputs that were not finished.
    """
    specs = [layer_spec(reader, layer, settings, tags or {}) for layer in kernel.layers]
    size = max(1, settings.tile_size // specs[0].span) * specs[0].span
    tiles = split_windows(reader.grid.shape, size)
    events = EventQueue(monitor)
    indexes = {name: bands[band] for name, band in kernel.bands.items()}
    wide = reader.column_tiles(list(indexes.values()))
    if wide is not None:
        tiles = in_columns(tiles, size * wide)

    def all_of_it() -> Applied:
        with ExitStack() as stack:
            picked = _Picked(
                engine, _job(reader, indexes, kernel, specs, tiles), settings, events, stack
            )
            settled, begin = kernel, 0.0
            if kernel.survey is not None:
                whole = split_windows(reader.grid.shape, max(1, size // kernel.cell) * kernel.cell)
                settled, begin = (
                    survey_tiles(reader, indexes, kernel, whole, picked, events),
                    SURVEY_SHARE,
                )
            key = _resume_key(reader, settled, indexes) if resume else ""
            if events.stop.is_set():
                raise Cancelled()
            told = [replace(spec, tags={**spec.tags, **settled.tags()}) for spec in specs]
            writers = [
                files.enter_context(CogWriter(path, spec, key))
                for path, spec in zip(outputs, told, strict=True)
            ]
            missing = [tile for tile in tiles if not all(writer.has(tile) for writer in writers)]
            if missing:
                work = TileWork(
                    reader,
                    indexes,
                    settled,
                    tuple(specs),
                    tuple(writer.codec for writer in writers),
                )
                title = f"{kernel.name}: tiles, {picked.title}"
                count = TileCount(
                    title, len(tiles), len(tiles) - len(missing), TILES_SHARE - begin, begin
                )

                def take(tile: Window, made: Sequence[Sequence[Piece]]) -> None:
                    for writer, pieces in zip(writers, made, strict=True):
                        if not writer.has(tile):
                            for piece in pieces:
                                writer.put(piece)
                    events.put(count.add())

                picked.engine.run(work, missing, events.stop, take)
            for number, writer in enumerate(writers):
                writer.finish(on_progress=_LayOut(events, kernel.name, number, len(writers)))
            return Applied(
                settled,
                tuple(
                    one for writer in writers for one in written_statistics(writer, picked.reason)
                ),
            )

    with (
        ExitStack() as files
    ):  # on this thread, so that nothing is left behind by one that is stuck in a read
        return run_in_background(all_of_it, events)


class _Picked:
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
        self._given, self._job, self._settings, self._events, self._stack = (
            given,
            job,
            settings,
            events,
            stack,
        )
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
            self._events.put(Note(Level.INFO, choice.reason))
            engine = self._stack.enter_context(
                open_engine(choice, self._job, self._settings, self._events.stop)
            )
            self._opened = (engine, choice.title)
        return self._opened


class _LayOut:
    """Tells how far the layers are laid out, and whether to go on."""

    def __init__(self, events: EventQueue, name: str, number: int, count: int) -> None:
        self.events, self.name, self.number, self.count = events, name, number, count
        self.told = -1.0

    def __call__(self, fraction: float) -> bool:
        if (
            fraction - self.told >= 0.25 or fraction == 1.0
        ):  # asked for every block, which is more than anybody wants to see
            self.told = fraction
            share = TILES_SHARE + (1 - TILES_SHARE) * (self.number + fraction) / self.count
            self.events.put(Progress(share, f"{self.name}: writing the layer"))
        return not self.events.stop.is_set()


def survey_tiles(
    reader: TileSource,
    indexes: Mapping[str, int],
    kernel: Kernel,
    tiles: Sequence[Window],
    picked: _Picked,
    events: EventQueue,
) -> Kernel:
    """The kernel with what its survey over all tiles settled; whole numbers, whose sum is the same
    in any order.
    """
    count = TileCount(f"{kernel.name}: survey, {picked.title}", len(tiles), 0, SURVEY_SHARE)
    lock = threading.Lock()
    total: list[npt.NDArray[np.int64]] = []

    def take(_: Window, part: npt.NDArray[np.int64]) -> None:
        with lock:
            total[:] = [total[0] + part if total else part]
        events.put(count.add())

    picked.engine.run(SurveyWork(reader, indexes, kernel), tiles, events.stop, take)
    return kernel.settled(total[0])


def written_statistics(writer: CogWriter, engine: str) -> list[LayerStatistics]:
    """Of a finished layer's bands; areas row by row, because in degrees a pixel's area depends on
    its latitude.
    """
    found = [LayerStatistics.of(one, writer.spec, engine) for one in writer.statistics()]
    if not writer.spec.colors:
        return found
    classes: dict[int, tuple[int, float | None]] = {}
    for row, rows, [part] in writer.statistics_by_rows():
        area = pixel_area_m2(writer.spec.grid, row, rows)
        for code, count in (*part.counts, (NOT_OBSERVED, part.pixels - part.observed)):
            pixels, ground = classes.get(code, (0, 0.0))
            classes[code] = (
                pixels + count,
                None if area is None or ground is None else ground + count * area,
            )
    return [replace(found[0], classes=classes)]


def _job(
    reader: TileSource,
    indexes: Mapping[str, int],
    kernel: Kernel,
    specs: Sequence[RasterSpec],
    tiles: Sequence[Window],
) -> Job:
    """What the router wants to know.

    A tile's memory: stored numbers, the result and its copies while it is compressed; with a halo
    also the values as floating numbers and what the kernel makes of them on its way.
    """
    pixels = max(
        ((tile.rows + 2 * kernel.halo) * (tile.cols + 2 * kernel.halo) for tile in tiles), default=0
    )
    stored = reader.pixel_bytes(list(indexes.values()))
    floats = 4 * (len(indexes) + 3) if kernel.halo else 0
    made = sum(len(spec.band_names) * np.dtype(spec.dtype).itemsize for spec in specs)
    state = reader.state()
    return Job(
        tiles=len(tiles),
        tile_bytes=pixels * (stored + floats + 4 * made),
        remote=any(size < 0 for _, size, _ in state),
        files=tuple((path, size) for path, size, _ in state if size >= 0),
    )


def layer_spec(
    reader: TileSource, layer: Layer, settings: Settings, tags: Mapping[str, str]
) -> RasterSpec:
    """How a layer on a raster's grid is written."""
    dtype = (
        "uint8"
        if layer.classes
        else storage_dtype(layer.dtype or settings.output_dtype, layer.range)
    )
    integer = dtype == "int16"
    return RasterSpec(
        grid=reader.grid,
        dtype=dtype,
        nodata=NOT_OBSERVED if layer.classes else NODATA_INT16 if integer else NODATA,
        band_names=layer.bands or (layer.name,),
        unit=layer.unit,
        tags={**tags, **{f"class_{one.code}": one.name for one in layer.classes}},
        scale=integer_scale(layer.range) if integer else 1.0,
        colors={one.code: (*one.color, 255) for one in layer.classes},
        resampling="nearest" if layer.classes else "average",
        expected=layer.range,
        compression=settings.compression,
        # Small tiles give small blocks; a tile is at least the two blocks that make one of the
        # first overview.
        block=min(BLOCK, settings.tile_size // 32 * 16),
    )


def _resume_key(reader: TileSource, kernel: Kernel, indexes: Mapping[str, int]) -> str:
    """All that the pixels depend on, besides what is written: the kernel with its parameters, and
    the inputs' state.
    """
    what = repr(kernel)
    if " at 0x" in what:  # a bare function does not say what it does: never taken for another run's
        what += uuid.uuid4().hex
    return f"{what} {sorted(indexes.items())} {reader.meaning()} {reader.state()}"
