"""Write a mosaic: tiles of many scenes in, one cloud-optimised GeoTIFF out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..monitor import EventQueue, Monitor, Progress
from ..raster.grid import Window, split_windows
from ..raster.mosaic import MosaicReader
from ..raster.raster_spec import BLOCK, RasterSpec, encode, integer_scale, storage_dtype
from ..raster.reader import FloatArray
from ..raster.statistics import BandStatistics
from ..raster.writer import CogWriter
from ..settings import Settings
from ..workers import run_in_background, run_parallel

NODATA, NODATA_INT16 = -9999.0, -32768.0
TILES_SHARE = 0.9
"""Of the progress bar; the rest is for laying out the COG."""
STRIP = 128
"""Rows that are worked on at once: they stay in the processor's cache."""
MOST_THREADS = 4
"""Each holds a tile of all bands."""
COLUMN_TILES = 16
"""Tiles of all bands are worked off in columns so wide: what neighbours share then still lies in the cache of blocks."""


@dataclass(frozen=True)
class Product:
    """What becomes of the composed bands."""

    names: tuple[str, ...]
    """Of the bands that are written."""
    expected: tuple[float, float]
    """Physical values that are plausible: the scale of int16 is chosen for them."""
    unit: str = ""
    bands: Mapping[str, str] = field(default_factory=dict)
    """Name in ``compute`` → band of the mosaic."""
    compute: Callable[[Mapping[str, FloatArray]], tuple[npt.NDArray[Any], ...]] | None = None
    """One layer from the bands, each pixel by itself; None: the bands as they are."""


def write_mosaic(
    reader: MosaicReader, product: Product, output: Path, settings: Settings, monitor: Monitor
) -> list[BandStatistics]:
    """Compose the whole mosaic and write it, as float32 or scaled int16 (``settings.output_dtype``).

    Returns
    -------
    list of BandStatistics
        In stored units, one for each band.

    Raises
    ------
    SceneReadError, RasterError, Cancelled
        Nothing is left under the output's name then.
    """
    spec = mosaic_spec(reader, product, settings)
    size = max(1, settings.tile_size // spec.span) * spec.span
    tiles = in_columns(split_windows(spec.grid.shape, size), size * max(2, COLUMN_TILES // len(reader.plan.band_names)))
    events = EventQueue(monitor)
    done: list[None] = []

    with CogWriter(output, spec) as writer:

        def work(tile: Window) -> None:
            writer.write(tile, make_tile(reader.compose(tile), reader.plan.band_names, product, spec))
            done.append(None)
            count = len(done)
            events.put(Progress(TILES_SHARE * count / len(tiles), f"Mosaic: tile {count} of {len(tiles)}"))

        def lay_out(fraction: float) -> bool:
            if fraction in (0.0, 1.0):
                events.put(Progress(TILES_SHARE + (1 - TILES_SHARE) * fraction, "Mosaic: writing the layer"))
            return not events.stop.is_set()

        run_parallel(work, tiles, thread_count(reader, settings), events)
        run_in_background(lambda: writer.finish(on_progress=lay_out), events)
        return writer.statistics()


def make_tile(values: FloatArray, names: Sequence[str], product: Product, spec: RasterSpec) -> npt.NDArray[Any]:
    """The stored numbers of a tile, (bands, rows, cols), from the composed bands; a few rows at a time, as in ``apply``."""
    out = np.empty((len(product.names), *values.shape[1:]), spec.dtype)
    for row in range(0, values.shape[1], STRIP):
        strip = values[:, row : row + STRIP]
        if product.compute is None:
            made: Sequence[npt.NDArray[Any]] = list(strip)
        else:
            made = product.compute({name: strip[names.index(band)] for name, band in product.bands.items()})
        for number, band in enumerate(made):
            out[number, row : row + STRIP] = encode(band, spec)
    return out


def thread_count(reader: MosaicReader, settings: Settings) -> int:
    """One thread per core; where pixels come over the network, as many as requests are allowed at once: most of them wait."""
    remote = any(place.remote for scene in reader.plan.scenes for place in scene.bands.values())
    return max(settings.worker_count, min(settings.parallel_requests, MOST_THREADS)) if remote else settings.worker_count


def mosaic_spec(reader: MosaicReader, product: Product, settings: Settings) -> RasterSpec:
    """What is written."""
    dtype = storage_dtype(settings.output_dtype, product.expected)
    integer = dtype == "int16"
    return RasterSpec(
        grid=reader.plan.grid,
        dtype=dtype,
        nodata=NODATA_INT16 if integer else NODATA,
        band_names=product.names,
        tags={"operation": "mosaic", **{name: text for name, text in reader.plan.tags.items() if text}},
        scale=integer_scale(product.expected) if integer else 1.0,
        unit=product.unit,
        expected=product.expected,
        compression=settings.compression,
        block=min(BLOCK, settings.tile_size // 32 * 16),
    )


def in_columns(tiles: Sequence[Window], width: int) -> list[Window]:
    """The same tiles, column after column of ``width`` pixels, each from top to bottom.

    Begun in this order; an engine that goes its own way finds little in the cache.
    """
    return sorted(tiles, key=lambda tile: (tile.col // width, tile.row, tile.col))
