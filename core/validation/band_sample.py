"""What the validator looks at in one band: all of it where it is small, else an overview and some full-size windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..raster.grid import Window
from ..raster.reader import StackReader, to_physical
from ..types import Radiometry

WHOLE_UP_TO = 4_000_000
"""Pixels; a band up to this size is read whole."""
OVERVIEW_SIZE = 1024
WINDOWS_A_SIDE = 4
WINDOW_SIZE = 256


@dataclass(frozen=True)
class BandSample:
    """Figures of one band."""

    pixels: int
    nodata_percent: float
    std_stored: float
    """In stored units; 0 where there is no data at all."""
    std: float
    """In physical units (dB for radar power)."""
    low: float
    """2nd percentile, physical; NaN where there is no data."""
    high: float
    """98th percentile, physical."""
    outside_percent: float
    """Of the pixels with data, those outside the range asked for."""


def sample_band(reader: StackReader, index: int, radiometry: Radiometry, limits: tuple[float, float] | None = None) -> BandSample:
    """Read and measure one band.

    Raises
    ------
    RasterError
        If its pixels cannot be read.
    """
    rows, cols = reader.facts.grid.shape
    if rows * cols <= WHOLE_UP_TO:
        stored = reader.read_stored(index, Window(0, 0, rows, cols))
    else:
        for window in _spread_windows(rows, cols):  # an overview can be sound where the full-size tiles are cut off
            reader.read_stored(index, window)
        stored = reader.read_stored(index, max_size=OVERVIEW_SIZE)
    values = to_physical(stored, radiometry)
    seen = ~np.isnan(values)
    count = int(seen.sum())
    if not count:
        return BandSample(values.size, 100.0, 0.0, 0.0, float("nan"), float("nan"), 0.0)
    data = values[seen]
    low, high = np.percentile(data, (2, 98))
    outside = 0.0
    if limits is not None:
        outside = 100 * float(((data < limits[0]) | (data > limits[1])).sum()) / count
    return BandSample(
        pixels=values.size,
        nodata_percent=100 * (1 - count / values.size),
        std_stored=float(stored[seen].std(dtype=np.float64)),
        std=float(data.std(dtype=np.float64)),
        low=float(low),
        high=float(high),
        outside_percent=outside,
    )


def _spread_windows(rows: int, cols: int) -> list[Window]:
    """Windows spread evenly, the last row and column among them."""
    height, width = min(WINDOW_SIZE, rows), min(WINDOW_SIZE, cols)
    ys = np.linspace(0, rows - height, WINDOWS_A_SIDE).astype(int)
    xs = np.linspace(0, cols - width, WINDOWS_A_SIDE).astype(int)
    return [Window(int(y), int(x), height, width) for y in ys for x in xs]
