"""Apply a kernel to a stack: tiles in, cloud-optimised GeoTIFFs out, one for each of its layers."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..algorithms.kernel import NOT_OBSERVED, Kernel, Layer
from ..monitor import EventQueue, Monitor, Progress
from ..raster.area import pixel_area_m2
from ..raster.grid import Window, split_windows
from ..raster.raster_spec import BLOCK, RasterSpec, encode, integer_scale
from ..raster.reader import FloatArray, StackReader, to_physical
from ..raster.statistics import BandStatistics
from ..raster.writer import CogWriter
from ..settings import Settings
from ..workers import run_in_background
from .dask_tiled import DaskThreadsEngine
from .engine import Engine

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

    @classmethod
    def of(cls, stored: BandStatistics, spec: RasterSpec) -> LayerStatistics:
        """From the statistics of the stored numbers; classes are counted apart."""
        return cls(
            stored.pixels,
            stored.observed,
            stored.inside,
            stored.inside_total * spec.scale + spec.offset * stored.inside,
            stored.inside_low * spec.scale + spec.offset,
            stored.inside_high * spec.scale + spec.offset,
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
        Dask threads by default.
    resume : bool
        Keep finished tiles when the work is stopped, fails or is killed, and go on from such tiles where the output, the
        kernel, the inputs (path, size, time of change) and the settings are the same. The result is the same to the byte.

    Raises
    ------
    Cancelled, RasterError
        Nothing is left under the names of the outputs that were not finished.
    """
    specs = [_spec(reader, layer, settings, tags or {}) for layer in kernel.layers]
    size = max(1, settings.tile_size // specs[0].span) * specs[0].span
    tiles = split_windows(reader.facts.grid.shape, size)
    events = EventQueue(monitor)
    engine = engine or DaskThreadsEngine(settings.worker_count)
    indexes = {name: bands[band] for name, band in kernel.bands.items()}
    begin = SURVEY_SHARE if kernel.survey else 0.0

    def all_of_it() -> Applied:
        settled = survey_tiles(reader, indexes, kernel, tiles, engine, events)
        with ExitStack() as stack:
            key = _resume_key(reader, settled, indexes) if resume else ""
            writers = [stack.enter_context(CogWriter(path, spec, key)) for path, spec in zip(outputs, specs, strict=True)]
            missing = [tile for tile in tiles if not all(writer.has(tile) for writer in writers)]
            done: list[None] = [None] * (len(tiles) - len(missing))

            def work(tile: Window) -> None:
                for writer, stored in zip(writers, compute_tile(reader, indexes, settled, tile, specs)):
                    if not writer.has(tile):
                        writer.write(tile, stored)
                done.append(None)
                count = len(done)
                share = min(TILES_SHARE, begin + (TILES_SHARE - begin) * count / len(tiles))
                events.put(Progress(share, f"{kernel.name}: tile {count} of {len(tiles)}"))

            engine.run(work, missing, events.stop)
            for number, writer in enumerate(writers):
                writer.finish(on_progress=_LayOut(events, kernel.name, number, len(writers)))
            return Applied(settled, tuple(_statistics(writer) for writer in writers))

    return run_in_background(all_of_it, events)


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
    reader: StackReader, indexes: Mapping[str, int], kernel: Kernel, tiles: Sequence[Window], engine: Engine, events: EventQueue
) -> Kernel:
    """The kernel with what its survey over all tiles settled; the kernel itself where it needs none.

    The tiles' whole numbers are added in the order of the tiles, so every engine finds the same.
    """
    survey = kernel.survey
    if survey is None:
        return kernel
    done: list[None] = []

    def tally(tile: Window) -> npt.NDArray[np.int64]:
        strips = [Window(tile.row + one.row, tile.col, one.rows, tile.cols) for one in split_windows((tile.rows, 1), STRIP)]
        stored = {name: reader.read_stored(index, tile) for name, index in indexes.items()}
        found = [
            survey.tally({name: _physical(stored[name], strip.row - tile.row, reader, index) for name, index in indexes.items()})
            for strip in strips
        ]
        done.append(None)
        events.put(Progress(SURVEY_SHARE * len(done) / len(tiles), f"{kernel.name}: survey {len(done)} of {len(tiles)}"))
        return sum(found[1:], found[0])

    parts = engine.run(tally, tiles, events.stop)
    return kernel.settled(sum(parts[1:], parts[0]))


def _statistics(writer: CogWriter) -> LayerStatistics:
    """Of a finished layer; areas row by row, because in degrees a pixel's area depends on its latitude."""
    found = LayerStatistics.of(writer.statistics()[0], writer.spec)
    if not writer.spec.colors:
        return found
    classes: dict[int, tuple[int, float | None]] = {}
    for row, rows, [part] in writer.statistics_by_rows():
        area = pixel_area_m2(writer.spec.grid, row, rows)
        for code, count in (*part.counts, (NOT_OBSERVED, part.pixels - part.observed)):
            pixels, ground = classes.get(code, (0, 0.0))
            classes[code] = (pixels + count, None if area is None or ground is None else ground + count * area)
    return replace(found, classes=classes)


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
    out = [np.empty((tile.rows, tile.cols), spec.dtype) for spec in specs]
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
    return [made[halo:-halo, halo:-halo] for made in kernel.run(inputs)]


def _spec(reader: StackReader, layer: Layer, settings: Settings, tags: Mapping[str, str]) -> RasterSpec:
    dtype = "uint8" if layer.classes else layer.dtype or settings.output_dtype
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
