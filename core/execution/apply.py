"""Apply a kernel to a stack: tiles in, a cloud-optimised GeoTIFF out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..algorithms.kernel import Kernel
from ..monitor import EventQueue, Monitor, Progress
from ..raster.grid import Window, split_windows
from ..raster.reader import FloatArray, StackReader
from ..raster.writer import CogWriter, RasterSpec, encode
from ..settings import Settings
from ..workers import run_in_background
from .dask_tiled import DaskThreadsEngine
from .engine import Engine

NODATA = -9999.0
TILES_SHARE = 0.8
"""Of the progress bar; the rest is for laying out the COG."""


@dataclass(frozen=True)
class TileStatistics:
    """Sums over the pixels of one tile, or of many.

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

    def __add__(self, other: TileStatistics) -> TileStatistics:
        return TileStatistics(
            self.pixels + other.pixels,
            self.observed + other.observed,
            self.inside + other.inside,
            self.total + other.total,
            min(self.low, other.low),
            max(self.high, other.high),
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
) -> TileStatistics:
    """Compute ``kernel`` over the whole raster and write float32, nodata -9999.

    Parameters
    ----------
    bands : mapping of str to int
        Band name in the stack → index from 1.
    engine : Engine, optional
        Dask threads by default.

    Raises
    ------
    Cancelled, RasterError
        Nothing is left under the output's name then.
    """
    facts = reader.facts
    tiles = split_windows(facts.grid.shape, settings.tile_size)
    events = EventQueue(monitor)
    engine = engine or DaskThreadsEngine(settings.worker_count)
    indexes = {name: bands[band] for name, band in kernel.bands.items()}
    done: list[None] = []

    with CogWriter(output, RasterSpec(facts.grid, "float32", NODATA, (kernel.name,), tags or {})) as writer:

        def work(tile: Window) -> TileStatistics:
            values = kernel.compute({name: reader.read(index, tile) for name, index in indexes.items()})
            writer.write(tile, encode(values, "float32", NODATA))
            done.append(None)
            count = len(done)
            events.put(Progress(TILES_SHARE * count / len(tiles), f"{kernel.name}: tile {count} of {len(tiles)}"))
            return _statistics(values, kernel.range)

        def lay_out(fraction: float) -> bool:
            events.put(Progress(TILES_SHARE + (1 - TILES_SHARE) * fraction, f"{kernel.name}: writing the layer"))
            return not events.stop.is_set()

        def all_of_it() -> Sequence[TileStatistics]:
            parts = engine.run(work, tiles, events.stop)
            writer.finish(on_progress=lay_out)
            return parts

        parts = run_in_background(all_of_it, events)
    return sum(parts, TileStatistics())


def _statistics(values: FloatArray, limits: tuple[float, float]) -> TileStatistics:
    observed = int((~np.isnan(values)).sum())
    inside = values[(values >= limits[0]) & (values <= limits[1])]  # NaN is in no range
    if not inside.size:
        return TileStatistics(pixels=values.size, observed=observed)
    total = float(inside.sum(dtype=np.float64))
    return TileStatistics(values.size, observed, inside.size, total, float(inside.min()), float(inside.max()))
