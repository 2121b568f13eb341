"""A warp as a textbook has it: each pixel's place by itself, and a bilinear kernel in float64."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from firstlight.core.raster.grid import Window
from firstlight.core.types import Grid
from support.grids import exact_places

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def grid_around(
    lon: float, lat: float, epsg: int, shape: tuple[int, int], step: float, digits: int = -1
) -> Grid:
    """A north-up grid whose north-west corner is near a place, on round numbers."""
    from rasterio.warp import transform

    [x], [y] = transform("EPSG:4326", f"EPSG:{epsg}", [lon], [lat])
    corner = (round(x, digits), round(y, digits))
    return Grid(f"EPSG:{epsg}", (step, 0.0, corner[0], 0.0, -step, corner[1]), shape)


def noise(shape: tuple[int, int], seed: int = 0) -> npt.NDArray[np.uint16]:
    """White noise around 3000, standard deviation 600: the hardest there is to interpolate."""
    values = np.random.default_rng(seed).normal(3000, 600, shape)
    numbers: npt.NDArray[np.uint16] = np.clip(values, 1, 9000).round().astype(np.uint16)
    return numbers


def kernel(
    values: npt.NDArray[Any], rows: Floats, cols: Floats, steps: tuple[float, float] = (1, 1)
) -> Floats:
    """A bilinear kernel at places of a raster, as many times wider as the steps say.

    Parameters
    ----------
    values : ndarray, (rows, cols)
        NaN where there is no data, which has no weight.
    rows, cols : ndarray
        Places; 0.0 is the middle of the first pixel.
    steps : (float, float)
        Pixels of the source, along columns and rows, to one of the target; less than 1 is 1.

    Returns
    -------
    ndarray
        NaN where no pixel with data has a weight.
    """
    padded = np.asarray(values, np.float64)
    x_wide, y_wide = (max(1.0, step) for step in steps)
    total, weights = np.zeros(rows.shape), np.zeros(rows.shape)
    top, left = np.floor(rows).astype(int), np.floor(cols).astype(int)
    for down in range(1 - math.ceil(y_wide), math.ceil(y_wide) + 1):
        for right in range(1 - math.ceil(x_wide), math.ceil(x_wide) + 1):
            y, x = top + down, left + right
            inside = (y >= 0) & (y < padded.shape[0]) & (x >= 0) & (x < padded.shape[1])
            value = padded[np.clip(y, 0, len(padded) - 1), np.clip(x, 0, padded.shape[1] - 1)]
            weight = np.maximum(0, 1 - np.abs(y - rows) / y_wide)
            weight *= np.maximum(0, 1 - np.abs(x - cols) / x_wide)
            weight[~inside | np.isnan(value)] = 0
            total += weight * np.nan_to_num(value)
            weights += weight
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(weights > 1e-9, total / weights, np.nan)


def kernel_steps(steps: tuple[float, float]) -> tuple[float, float]:
    """How wide GDAL's bilinear and cubic kernels are for so many pixels of the source to one of the
    target: from 3.13 on no wider than one pixel where the target's are less than twice as large.
    """
    from osgeo import gdal

    x, y = (1.0 if s * 0.95 <= 1 else 2.0 if 1.98 <= s < 2 else s for s in steps)
    newer = int(gdal.VersionInfo("VERSION_NUM")) >= 3130000
    return (1.0, 1.0) if newer and max(x, y) < 2 else (x, y)


def exact_warp(
    values: npt.NDArray[Any], source: Grid, target: Grid, steps: tuple[float, float] = (1, 1)
) -> tuple[Floats, Mask]:
    """A raster on another grid, and which pixels have their whole kernel in the source."""
    rows, cols = exact_places(source, target, Window(0, 0, *target.shape))
    reach_x, reach_y = (math.ceil(max(1.0, step)) + 1 for step in steps)
    inner = (rows > reach_y) & (rows < source.shape[0] - 1 - reach_y)
    inner &= (cols > reach_x) & (cols < source.shape[1] - 1 - reach_x)
    return kernel(values, rows, cols, steps), inner


def assert_near(got: npt.NDArray[Any], expected: Floats, where: Mask, share: float) -> None:
    """Two digital numbers off on average at most, and the same contrast to 1 %."""
    assert where.mean() > share, f"only {where.mean():.2f} of the target is looked at"
    off = np.abs(got.astype(np.float64) - expected)[where]
    assert off.mean() <= 2, f"{off.mean():.1f} off on average, {off.max():.0f} at most"
    contrast = float(got[where].astype(np.float64).std() / expected[where].std())
    assert abs(contrast - 1) < 0.01, f"{contrast:.3f} of the contrast"


def odd_windows(shape: tuple[int, int], count: int, most: int) -> list[Window]:
    """Windows of many sizes and places, among them single pixels and lines."""
    rng = np.random.default_rng(count)
    found = [Window(0, 0, 1, 1), Window(shape[0] - 1, 0, 1, shape[1])]
    for _ in range(count):
        rows, cols = (int(rng.integers(1, min(most, side) + 1)) for side in shape)
        row, col = (int(rng.integers(0, s - n + 1)) for s, n in zip(shape, (rows, cols)))
        found.append(Window(row, col, rows, cols))
    return found
