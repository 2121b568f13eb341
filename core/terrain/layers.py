"""Heights in, layers out: slope and HAND of a whole area, which is held in memory because water
comes from anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..cog.raster_spec import BLOCK, RasterSpec, encode
from ..cog.statistics import BandStatistics
from ..cog.writer import CogWriter
from ..errors import AlgorithmError, Cancelled
from ..execution.memory import free_bytes
from ..execution.router import thread_count
from ..monitor import EventQueue, Level, Monitor, Note, Progress
from ..mosaic.reader import MosaicReader
from ..raster.grid import Window, split_windows
from ..raster.physical import FloatArray
from ..settings import Settings
from ..types import Grid
from ..workers import run_in_background, run_parallel
from .hand import BYTES_PER_PIXEL, height_above_drainage
from .slope import HALO, slope_degrees

NODATA = -9999.0
READ_PIXELS = 1024
"""Side of the parts in which heights are read. Not as the settings say: warped pixels differ in
their last digits with the part in which they are warped, and over level ground that decides where
water goes.
"""
HEIGHTS_SHARE, HAND_SHARE = 0.4, 0.8
"""Shares of the progress bar at the end of reading and of routing."""
LAYERS: Mapping[str, str] = {"dem": "m", "slope": "degree", "hand": "m"}
"""Name of the layer and of its file → unit."""


@dataclass(frozen=True)
class TerrainJob:
    """Grid, options and files of a computation."""

    grid: Grid
    """With the surroundings from which water may come; its unit is the metre."""
    area: Window
    """The part of it that is written."""
    drainage_km2: float
    paths: Mapping[str, Path]
    """One for each of ``LAYERS``."""
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Terrain:
    """Figures of the layers that were written."""

    layers: Mapping[str, BandStatistics]
    """Name → figures over the area."""
    no_drainage: int
    """Pixels of the area with a height whose water leaves the surroundings before it comes to any
    drainage.
    """


def check_memory(shape: tuple[int, int], free: int | None) -> int:
    """Bytes that HAND of so many pixels will take.

    Raises
    ------
    AlgorithmError
        If that is more than is free, or more pixels than can be counted.
    """
    pixels = shape[0] * shape[1]
    needed = pixels * BYTES_PER_PIXEL
    subject = f"HAND of {shape[1]} × {shape[0]} pixels cannot be computed"
    hint = "Choose a smaller area or ‘terrain.buffer’, or a coarser ‘terrain.resolution’ (60)."
    if pixels >= 2**31:
        raise AlgorithmError(
            subject, "it is computed as a whole, and these are too many pixels", hint
        )
    if free is not None and needed > free:
        why = (
            f"it is computed as a whole and takes about {needed / 1e9:.1f} GB of memory, of "
            f"which {free / 1e9:.1f} are free"
        )
        raise AlgorithmError(subject, why, hint)
    return needed


def compute_terrain(
    reader: MosaicReader, job: TerrainJob, settings: Settings, monitor: Monitor
) -> Terrain:
    """Read the heights, compute, and write the layers.

    Raises
    ------
    AlgorithmError
        If memory is short, or the area has no height at all.
    SceneReadError, RasterError, Cancelled
        Nothing is left under the names of layers that were not finished.
    """
    needed = check_memory(job.grid.shape, free_bytes())
    rows, cols = job.grid.shape
    monitor.emit(
        Note(
            Level.INFO,
            f"HAND is computed as a whole: {cols} × {rows} pixels, up to {needed / 1e9:.1f} GB "
            "of memory",
        )
    )
    events = EventQueue(monitor)
    heights = _read(reader, job.grid, settings, events)
    inside = heights[_slices(job.area)]
    if not np.isfinite(inside).any():
        hint = (
            "Open sea has no height model; some countries' tiles are not public. Give a "
            "file with ‘terrain.dem’."
        )
        raise AlgorithmError(
            "Slope and HAND cannot be computed", "no height is known anywhere in the area", hint
        )
    cell_m = job.grid.resolution
    events.put(Progress(HEIGHTS_SHARE, "HAND: following the water"))
    hand = run_in_background(
        lambda: height_above_drainage(heights, cell_m, job.drainage_km2), events
    )[_slices(job.area)]
    layers: dict[str, Callable[[Window], FloatArray]] = {
        "dem": lambda tile: inside[_slices(tile)],
        "slope": lambda tile: _slope(heights, job.area, tile, cell_m),
        "hand": lambda tile: hand[_slices(tile)],
    }
    figures = {}
    for number, (name, values) in enumerate(layers.items()):
        events.put(
            Progress(
                HAND_SHARE + (1 - HAND_SHARE) * number / len(layers),
                f"Writing {job.paths[name].name}",
            )
        )
        figures[name] = _write(job, name, values, settings, events)
    return Terrain(figures, int(np.count_nonzero(np.isfinite(inside) & np.isnan(hand))))


def _read(reader: MosaicReader, grid: Grid, settings: Settings, events: EventQueue) -> FloatArray:
    heights = np.full(grid.shape, np.nan, np.float32)
    tiles = split_windows(grid.shape, READ_PIXELS)
    done: list[None] = []

    def read(tile: Window) -> None:
        heights[_slices(tile)] = reader.compose(tile)[0]
        done.append(None)
        count = len(done)
        events.put(
            Progress(HEIGHTS_SHARE * count / len(tiles), f"Heights: part {count} of {len(tiles)}")
        )

    run_parallel(read, tiles, thread_count(reader.remote, settings), events)
    return heights


def _slope(
    heights: FloatArray, area: Window, tile: Window, cell_m: tuple[float, float]
) -> FloatArray:
    """Slope of a tile of the area, whose neighbours are taken from its surroundings."""
    rows, cols = heights.shape
    row, col = area.row + tile.row, area.col + tile.col
    top, left = max(0, row - HALO), max(0, col - HALO)
    near = heights[
        top : min(rows, row + tile.rows + HALO), left : min(cols, col + tile.cols + HALO)
    ]
    return slope_degrees(near, cell_m)[row - top :, col - left :][: tile.rows, : tile.cols]


def _write(
    job: TerrainJob,
    name: str,
    values: Callable[[Window], FloatArray],
    settings: Settings,
    events: EventQueue,
) -> BandStatistics:
    a, b, c, d, e, f = job.grid.transform
    transform = (a, b, c + a * job.area.col, d, e, f + e * job.area.row)
    spec = RasterSpec(
        Grid(job.grid.crs, transform, (job.area.rows, job.area.cols)),
        "float32",
        NODATA,
        (name,),
        job.tags,
        unit=LAYERS[name],
        compression=settings.compression,
        block=min(BLOCK, settings.tile_size // 32 * 16),
    )

    def all_of_it() -> BandStatistics:
        with CogWriter(job.paths[name], spec) as writer:
            for tile in split_windows(spec.grid.shape, spec.span):
                if events.stop.is_set():
                    raise Cancelled(f"Writing {job.paths[name].name}")
                writer.write(tile, encode(values(tile), spec))
            writer.finish(on_progress=lambda _: not events.stop.is_set())
            return writer.statistics()[0]

    return run_in_background(all_of_it, events)


def _slices(window: Window) -> tuple[slice, slice]:
    return slice(window.row, window.row + window.rows), slice(window.col, window.col + window.cols)
