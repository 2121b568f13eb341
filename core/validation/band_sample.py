"""Pixels that the validator reads of one band: an overview of all of it, and a few windows at full
size.

The overview tells nodata share, percentiles and spread; averaged pixels spread less than the pixels
themselves, so the spread is raised by what the windows hold beyond the overview at the same places.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..raster.grid import Window
from ..raster.physical import FloatArray, to_physical
from ..raster.reader import RasterReader
from ..types import Radiometry

OVERVIEW_SIZE = 1024
"""Pixels a side, at most; the step is a power of two, as those of overviews are."""
LARGE_WINDOW = 256
PART_PIXELS = 1 << 15
"""Pixels that are squared at once."""


@dataclass(frozen=True)
class BandSample:
    """Pixels of one band, and figures of them."""

    stored: npt.NDArray[Any]
    """The overview's stored numbers, (rows, cols)."""
    values: FloatArray
    """The overview's physical values; NaN = no data or outside the area."""
    stored_windows: tuple[npt.NDArray[Any], ...]
    windows: tuple[FloatArray, ...]
    """Physical values at full size."""
    nodata_percent: float
    """Share of the area."""
    std_stored: float
    """In stored units; 0 where there is no data at all."""
    std: float
    """In physical units (dB for radar power)."""
    window_std: float
    """Standard deviation of the full-size windows together, physical; NaN where they hold no data.
    """
    low: float
    """2nd percentile, physical; NaN where there is no data."""
    median: float
    high: float
    """98th percentile, physical."""
    saturated_percent: float
    """Share of the pixels with data that hold the type's highest number."""
    has_overviews: bool
    """Whether the overview is one of the file's; else it was read from all of its pixels."""

    @property
    def data(self) -> FloatArray:
        """The overview's physical values that are data."""
        data: FloatArray = self.values[~np.isnan(self.values)]
        return data

    def outside_percent(self, limits: tuple[float, float]) -> float:
        """Share of the pixels with data that lie outside a range of physical values."""
        data = self.data
        return 100 * float(((data < limits[0]) | (data > limits[1])).mean()) if data.size else 0.0

    def figures(self) -> dict[str, float | None]:
        """Measured figures, JSON-ready; percentiles and ``std`` in physical units."""
        figures = {
            "nodata_percent": self.nodata_percent,
            "std_stored": self.std_stored,
            "std": self.std,
            "p02": self.low,
            "p98": self.high,
            "saturated_percent": self.saturated_percent,
        }
        return {
            name: float(f"{value:.6g}") if np.isfinite(value) else None
            for name, value in figures.items()
        }


@dataclass(frozen=True)
class SamplePlan:
    """Windows and area at which all bands are looked at."""

    windows: tuple[Window, ...] = ()
    """In full size: from :func:`choose_windows`."""
    inside: npt.NDArray[np.bool_] | None = None
    """The area on the overview's grid, (rows, cols): what lies outside is not looked at. None:
    everywhere.
    """


def overview_step(shape: tuple[int, int]) -> int:
    """By how much the overview is coarser than the raster."""
    step = 1
    while max(shape) / step > OVERVIEW_SIZE:
        step *= 2
    return step


def read_overview(reader: RasterReader, index: int) -> npt.NDArray[Any]:
    """One band decimated by :func:`overview_step`, stored numbers."""
    shape = reader.facts.grid.shape
    step = overview_step(shape)
    return reader.read_stored(index, max_size=round(max(shape) / step))


def choose_windows(values: FloatArray, shape: tuple[int, int]) -> list[Window]:
    """Windows to look at in full size: one in each quarter, where data are and edges are strongest.

    All bands are looked at in the same places, so that they can be compared; where nothing is known
    to be better, the middle of the quarter is taken.

    Parameters
    ----------
    values : ndarray of float32, (rows, cols)
        An overview, physical values, NaN = no data.
    shape : (int, int)
        Of the raster itself.
    """
    rows, cols = shape
    side = window_side((rows, cols))
    if side == 0:
        return [Window(0, 0, rows, cols)]
    edges = np.hypot(*np.gradient(values))
    # whole multiples of the window, so that one window lies in as few tiles as can be
    tops, lefts = np.arange(0, rows - side + 1, side), np.arange(0, cols - side + 1, side)
    at_rows = (tops * values.shape[0] / rows).astype(int)
    at_cols = (lefts * values.shape[1] / cols).astype(int)
    score = np.add.reduceat(
        np.add.reduceat(edges, at_rows, axis=0), at_cols, axis=1
    )  # NaN where there is a gap
    score[np.isnan(score)] = -1.0
    windows = []
    for upper in (tops + side <= rows // 2, tops >= rows // 2):
        for left in (lefts + side <= cols // 2, lefts >= cols // 2):
            part = score[np.ix_(upper, left)]
            if not part.size:
                continue
            row, col = (int(index) for index in np.unravel_index(int(part.argmax()), part.shape))
            if part[row, col] < 0:
                row, col = part.shape[0] // 2, part.shape[1] // 2
            windows.append(Window(int(tops[upper][row]), int(lefts[left][col]), side, side))
    return windows


def window_side(shape: tuple[int, int]) -> int:
    """Side of the full-size windows: 256 pixels, less in small rasters; 0 where the whole raster is
    one window.
    """
    for side in (LARGE_WINDOW, LARGE_WINDOW // 2, LARGE_WINDOW // 4):
        if min(shape) >= 2 * side:
            return side
    return 0


def sample_band(
    reader: RasterReader,
    index: int,
    radiometry: Radiometry,
    plan: SamplePlan = SamplePlan(),
    coarseness: float = 1.0,
    stored: npt.NDArray[Any] | None = None,
) -> BandSample:
    """Read and measure one band.

    Parameters
    ----------
    coarseness : float
        The band's own pixel size in pixels of the raster: a 20 m band in a 10 m stack is read as it
        is, not resampled.
    stored : ndarray, optional
        The overview, where it was read already.

    Raises
    ------
    RasterError
        If its pixels cannot be read.
    """
    if stored is None:
        stored = read_overview(reader, index)
    values = to_physical(stored, radiometry)
    wanted = np.ones(values.shape, bool)
    if plan.inside is not None:
        wanted = plan.inside
        values[~wanted] = np.nan
    stored_windows, full = _read_windows(reader, index, radiometry, plan.windows, coarseness)
    pooled = (
        np.concatenate([window[~np.isnan(window)] for window in full])
        if full
        else np.empty(0, np.float32)
    )
    window_std = _deviation(pooled) if pooled.size else float("nan")
    has_overviews = reader.has_overviews(index)
    seen = ~np.isnan(values)
    count, total = int(seen.sum()), int(wanted.sum())
    nan = float("nan")
    if not count:
        return BandSample(
            stored,
            values,
            stored_windows,
            full,
            100.0,
            0.0,
            0.0,
            window_std,
            nan,
            nan,
            nan,
            0.0,
            has_overviews,
        )
    numbers, data = stored[seen], values[seen]
    std_stored, std = _deviation(numbers), _deviation(data)
    low, median, high = np.percentile(data, (2, 50, 98), overwrite_input=True)
    gain = _hidden_spread(values, std**2, full, plan.windows, reader.facts.grid.shape)
    return BandSample(
        stored=stored,
        values=values,
        stored_windows=stored_windows,
        windows=full,
        nodata_percent=100 * (1 - count / total),
        std_stored=std_stored * gain,
        std=std * gain,
        window_std=window_std,
        low=float(low),
        median=float(median),
        high=float(high),
        saturated_percent=_saturated(numbers),
        has_overviews=has_overviews,
    )


def _read_windows(
    reader: RasterReader,
    index: int,
    radiometry: Radiometry,
    windows: Sequence[Window],
    coarseness: float,
) -> tuple[tuple[npt.NDArray[Any], ...], tuple[FloatArray, ...]]:
    """Stored numbers as fine as the band has them, and physical values in pixels of the raster."""
    times = max(1, round(coarseness))
    fits = not any(window.rows % times or window.cols % times for window in windows)
    if abs(coarseness - times) > 1e-6 or not fits:
        times = 1
    stored = tuple(
        reader.read_stored(index, window, max(window.rows, window.cols) // times)
        for window in windows
    )
    values = [to_physical(pixels, radiometry) for pixels in stored]
    return stored, tuple(
        pixels.repeat(times, 0).repeat(times, 1) if times > 1 else pixels for pixels in values
    )


def at_window(
    overview: npt.NDArray[Any], window: Window, shape: tuple[int, int]
) -> npt.NDArray[Any]:
    """The part of an overview that shows a window of the raster of ``shape``."""
    down, across = overview.shape[0] / shape[0], overview.shape[1] / shape[1]
    top, left = round(window.row * down), round(window.col * across)
    return overview[
        top : max(top + 1, round((window.row + window.rows) * down)),
        left : max(left + 1, round((window.col + window.cols) * across)),
    ]


def _deviation(pixels: npt.NDArray[Any]) -> float:
    """Standard deviation; a part at a time, so that no second array of them all is made."""
    mean = pixels.mean(dtype=np.float64)
    squares = 0.0
    for first in range(0, pixels.size, PART_PIXELS):
        part = pixels[first : first + PART_PIXELS] - mean
        squares += float((part * part).sum())
    return float(np.sqrt(squares / pixels.size))


def _hidden_spread(
    values: FloatArray,
    total: float,
    full: Sequence[FloatArray],
    windows: Sequence[Window],
    shape: tuple[int, int],
) -> float:
    """By how much the overview's standard deviation is to be raised.

    Parameters
    ----------
    total : float
        The overview's variance.

    The windows stand where edges are strong. So it is not their missing variance that is added, but
    its ratio to the variance the overview shows there, applied to the mean variance in squares of
    the same size all over the overview.
    """
    step = overview_step(shape)
    if step == 1 or total == 0 or not full:
        return 1.0
    seen, real = _window_variances(values, full, windows, shape)
    if seen == 0 or real <= seen:
        return 1.0
    side = max(2, windows[0].rows // step)
    rows, cols = (length // side * side for length in values.shape)
    local = np.array(
        [
            values[row : row + side, :cols]
            .reshape(side, cols // side, side)
            .var(axis=(0, 2), dtype=np.float64)
            for row in range(0, rows, side)
        ]
    )
    mean = float(np.nanmean(local)) if not np.isnan(local).all() else 0.0
    return float(np.sqrt(1 + (real / seen - 1) * mean / total))


def _window_variances(
    values: FloatArray,
    full: Sequence[FloatArray],
    windows: Sequence[Window],
    shape: tuple[int, int],
) -> tuple[float, float]:
    """Sums of variances in the windows without gaps: of the overview, and of the pixels."""
    seen, real = 0.0, 0.0
    for window, pixels in zip(windows, full):
        part = at_window(values, window, shape)
        if not (np.isnan(part).any() or np.isnan(pixels).any()):
            seen += float(part.var(dtype=np.float64))
            real += float(pixels.var(dtype=np.float64))
    return seen, real


def _saturated(stored: npt.NDArray[Any]) -> float:
    """Share of the highest number the type can hold: Sentinel-2's mark for "saturated" (65535),
    Landsat's clipped end.
    """
    if stored.dtype.kind not in "iu":
        return 0.0
    return 100 * float((stored == np.iinfo(stored.dtype).max).mean())
