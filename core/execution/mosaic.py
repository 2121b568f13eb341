"""Write a mosaic: tiles of many scenes in, one cloud-optimised GeoTIFF out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ..monitor import EventQueue, Monitor, Progress
from ..raster.grid import Window, split_windows
from ..raster.mosaic import MosaicReader
from ..raster.raster_spec import BLOCK, RasterSpec, encode, integer_scale
from ..raster.statistics import BandStatistics
from ..raster.writer import CogWriter
from ..settings import Settings
from ..workers import run_in_background
from .dask_tiled import DaskThreadsEngine
from .engine import Engine

NODATA, NODATA_INT16 = -9999.0, -32768.0
TILES_SHARE = 0.9
"""Of the progress bar; the rest is for laying out the COG."""
COLUMN_TILES = 8
"""Tiles are worked off in columns so wide: what neighbours share then still lies in the cache of blocks."""


def write_mosaic(
    reader: MosaicReader,
    output: Path,
    expected: tuple[float, float],
    settings: Settings,
    monitor: Monitor,
    engine: Engine | None = None,
) -> list[BandStatistics]:
    """Compose the whole mosaic and write it, as float32 or scaled int16 (``settings.output_dtype``).

    Parameters
    ----------
    expected : (float, float)
        Physical values that are plausible: the scale of int16 is chosen for them.
    engine : Engine, optional
        Dask threads by default.

    Returns
    -------
    list of BandStatistics
        In stored units, one for each band.

    Raises
    ------
    SceneReadError, RasterError, Cancelled
        Nothing is left under the output's name then.
    """
    spec = mosaic_spec(reader, expected, settings)
    size = max(1, settings.tile_size // spec.span) * spec.span
    tiles = in_columns(split_windows(spec.grid.shape, size), size * COLUMN_TILES)
    events = EventQueue(monitor)
    engine = engine or DaskThreadsEngine(settings.worker_count)
    done: list[None] = []

    with CogWriter(output, spec) as writer:

        def work(tile: Window) -> None:
            values = reader.compose(tile)
            writer.write(tile, np.stack([encode(band, spec) for band in values]))
            done.append(None)
            count = len(done)
            events.put(Progress(TILES_SHARE * count / len(tiles), f"Mosaic: tile {count} of {len(tiles)}"))

        def lay_out(fraction: float) -> bool:
            if fraction in (0.0, 1.0):
                events.put(Progress(TILES_SHARE + (1 - TILES_SHARE) * fraction, "Mosaic: writing the layer"))
            return not events.stop.is_set()

        def all_of_it() -> list[BandStatistics]:
            engine.run(work, tiles, events.stop)
            writer.finish(on_progress=lay_out)
            return writer.statistics()

        return run_in_background(all_of_it, events)


def mosaic_spec(reader: MosaicReader, expected: tuple[float, float], settings: Settings) -> RasterSpec:
    """What is written."""
    integer = settings.output_dtype == "int16"
    tags: Mapping[str, str] = reader.facts.tags
    return RasterSpec(
        grid=reader.facts.grid,
        dtype=settings.output_dtype,
        nodata=NODATA_INT16 if integer else NODATA,
        band_names=reader.plan.band_names,
        tags=tags,
        scale=integer_scale(expected) if integer else 1.0,
        unit=reader.radiometry[0].unit,
        expected=expected,
        compression=settings.compression,
        block=min(BLOCK, settings.tile_size // 32 * 16),
    )


def in_columns(tiles: Sequence[Window], width: int) -> list[Window]:
    """The same tiles, column after column of ``width`` pixels, each from top to bottom."""
    return sorted(tiles, key=lambda tile: (tile.col // width, tile.row, tile.col))
