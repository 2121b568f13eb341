"""Apply a kernel to a stack: tiles in, a cloud-optimised GeoTIFF out."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..algorithms.kernel import Kernel
from ..monitor import EventQueue, Monitor, Note, Progress
from ..raster.codec import Codec
from ..raster.grid import Window, split_windows
from ..raster.pieces import Piece, make_spans
from ..raster.raster_spec import BLOCK, RasterSpec, encode, integer_scale
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
    engine: str = field(default="", compare=False)
    """Which engine computed it, and why: a sentence; empty where the caller chose it, or all tiles were there already."""

    @classmethod
    def of(cls, stored: BandStatistics, spec: RasterSpec, engine: str = "") -> LayerStatistics:
        """From the statistics of the stored numbers."""
        return cls(
            stored.pixels,
            stored.observed,
            stored.inside,
            stored.inside_total * spec.scale + spec.offset * stored.inside,
            stored.inside_low * spec.scale + spec.offset,
            stored.inside_high * spec.scale + spec.offset,
            engine,
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
    """Compute ``kernel`` over the whole raster and write it, as float32 or scaled int16 (``settings.output_dtype``).

    Parameters
    ----------
    bands : mapping of str to int
        Band name in the stack → index from 1.
    engine : Engine, optional
        By default the one that :func:`~.router.choose_engine` names, and says why in a note.
    resume : bool
        Keep finished tiles when the work is stopped, fails or is killed, and go on from such tiles where the output, the
        kernel, the inputs (path, size, time of change) and the settings are the same. The result is the same to the byte.

    Raises
    ------
    Cancelled, RasterError, EngineError
        Nothing is left under the output's name then.
    """
    spec = _spec(reader, kernel, settings, tags or {})
    size = max(1, settings.tile_size // spec.span) * spec.span
    tiles = split_windows(spec.grid.shape, size)
    events = EventQueue(monitor)
    indexes = {name: bands[band] for name, band in kernel.bands.items()}

    with CogWriter(output, spec, _resume_key(reader, kernel, indexes) if resume else "") as writer:
        missing = [tile for tile in tiles if not writer.has(tile)]
        told = -1.0

        def lay_out(fraction: float) -> bool:
            nonlocal told
            if fraction - told >= 0.25 or fraction == 1.0:  # asked for every block, which is more than anybody wants to see
                told = fraction
                events.put(Progress(TILES_SHARE + (1 - TILES_SHARE) * fraction, f"{kernel.name}: writing the layer"))
            return not events.stop.is_set()

        def all_of_it() -> LayerStatistics:
            work = TileWork(reader, indexes, kernel, spec, writer.codec)

            def compute(chosen: Engine, title: str) -> None:
                count = TileCount(f"{kernel.name}: tiles, {title}", len(tiles), len(tiles) - len(missing), TILES_SHARE)

                def take(_: Window, pieces: Sequence[Piece]) -> None:
                    for piece in pieces:
                        writer.put(piece)
                    events.put(count.add())

                chosen.run(work, missing, events.stop, take)

            how = ""
            if engine is not None:
                compute(engine, engine.name)
            elif missing:
                job = _job(reader, indexes, kernel, spec, missing)
                choice = choose_engine(job, settings)
                how = choice.reason
                events.put(Note("info", how))
                with open_engine(choice, job, settings, events.stop) as chosen:
                    compute(chosen, choice.title)
            writer.finish(on_progress=lay_out)
            return LayerStatistics.of(writer.statistics()[0], spec, how)

        return run_in_background(all_of_it, events)


@dataclass(frozen=True)
class TileWork:
    """All of one tile's work, from its pixels to compressed blocks: values only, so that it can be sent to a worker."""

    reader: StackReader
    indexes: Mapping[str, int]
    kernel: Kernel
    spec: RasterSpec
    codec: Codec

    def __call__(self, tile: Window) -> list[Piece]:
        """The tile's pieces of the layer."""
        values = compute_tile(self.reader, self.indexes, self.kernel, tile, self.spec)
        return list(make_spans(self.spec, self.codec, tile, values))


def compute_tile(
    reader: StackReader, indexes: Mapping[str, int], kernel: Kernel, tile: Window, spec: RasterSpec
) -> npt.NDArray[Any]:
    """The stored numbers of one tile, (rows, cols).

    Where the kernel looks at single pixels, it gets a few rows at a time: what passes between its steps then stays in the
    processor's cache, which halves the time. Otherwise it gets the tile with its halo, NaN beyond the raster.
    """
    if kernel.halo:
        return encode(_with_halo(reader, indexes, kernel, tile), spec)
    stored = {name: reader.read_stored(index, tile) for name, index in indexes.items()}
    out = np.empty((tile.rows, tile.cols), spec.dtype)
    for row in range(0, tile.rows, STRIP):
        strip = slice(row, row + STRIP)
        values = {name: to_physical(stored[name][strip], reader.radiometry[index - 1]) for name, index in indexes.items()}
        out[strip] = encode(kernel.compute(values), spec)
    return out


def _with_halo(reader: StackReader, indexes: Mapping[str, int], kernel: Kernel, tile: Window) -> FloatArray:
    rows, cols = reader.facts.grid.shape
    halo = kernel.halo
    top, left = max(0, tile.row - halo), max(0, tile.col - halo)
    bottom, right = min(rows, tile.row + tile.rows + halo), min(cols, tile.col + tile.cols + halo)
    there = Window(top, left, bottom - top, right - left)
    y, x = top - tile.row + halo, left - tile.col + halo
    inputs = {}
    for name, index in indexes.items():
        inputs[name] = np.full((tile.rows + 2 * halo, tile.cols + 2 * halo), np.nan, np.float32)
        inputs[name][y : y + there.rows, x : x + there.cols] = reader.read(index, there)
    return kernel.compute(inputs)[halo:-halo, halo:-halo]


def _job(reader: StackReader, indexes: Mapping[str, int], kernel: Kernel, spec: RasterSpec, tiles: Sequence[Window]) -> Job:
    """What the router wants to know.

    A tile's memory: stored numbers, the result and its copies while it is compressed; with a halo also the values as floating
    numbers and what the kernel makes of them on its way.
    """
    pixels = max(((tile.rows + 2 * kernel.halo) * (tile.cols + 2 * kernel.halo) for tile in tiles), default=0)
    stored = sum(np.dtype(reader.facts.bands[index - 1].dtype).itemsize for index in indexes.values())
    floats = 4 * (len(indexes) + 3) if kernel.halo else 0
    state = reader.state()
    return Job(
        tiles=len(tiles),
        tile_bytes=pixels * (stored + floats + 4 * np.dtype(spec.dtype).itemsize),
        remote=any(size < 0 for _, size, _ in state),
        files=tuple((path, size) for path, size, _ in state if size >= 0),
    )


def _spec(reader: StackReader, kernel: Kernel, settings: Settings, tags: Mapping[str, str]) -> RasterSpec:
    integer = settings.output_dtype == "int16"
    return RasterSpec(
        grid=reader.facts.grid,
        dtype=settings.output_dtype,
        nodata=NODATA_INT16 if integer else NODATA,
        band_names=(kernel.name,),
        tags=tags,
        scale=integer_scale(kernel.range) if integer else 1.0,
        expected=kernel.range,
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
