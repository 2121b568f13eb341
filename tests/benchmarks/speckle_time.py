"""Time the refined Lee filter on an invented radar scene, by FirstLight or by scipy.

    .venv/bin/python tests/benchmarks/speckle_time.py firstlight [SIDE] [RESULT.npy]
    PEERS/bin/python tests/benchmarks/speckle_time.py scipy [SIDE] [RESULT.npy]

Both take linear power in decibels, find the edge from nine means of 3 × 3 pixels, and estimate in
the half of 7 × 7 pixels on the pixel's own side. The script of scipy is what an analyst writes: a
correlation with each of the eight halves, of the values and of their squares, in float64, whole
rasters at a time. Single-threaded both.
"""

from __future__ import annotations

import resource
import sys
import time
from typing import Any

import numpy as np

LOOKS = 4.4


def scene(side: int) -> Any:
    """Backscatter of land and a lake in dB, float32, with speckle."""
    random = np.random.default_rng(5)
    rows, cols = np.indices((side, side), sparse=True)
    lake = np.hypot(rows - side / 2, cols - side / 3) < side / 4
    mean = np.where(lake, 10**-2.1, 10**-0.9)
    return (10 * np.log10(mean * random.gamma(LOOKS, 1 / LOOKS, (side, side)))).astype(np.float32)


def by_firstlight(backscatter: Any) -> Any:
    """The product's filter, in tiles with a halo, as maps are computed."""
    from firstlight.core.algorithms.speckle import HALO, SpeckleFilter, filter_db

    tile, out = 1024, np.empty_like(backscatter)
    padded = np.pad(backscatter, HALO, constant_values=np.nan)
    for row in range(0, len(out), tile):
        for col in range(0, len(out), tile):
            part = padded[row : row + tile + 2 * HALO, col : col + tile + 2 * HALO]
            smooth = filter_db(part, SpeckleFilter.REFINED_LEE)
            out[row : row + tile, col : col + tile] = smooth[HALO:-HALO, HALO:-HALO]
    return out


def by_scipy(backscatter: Any) -> Any:
    """Correlations with the eight halves."""
    from scipy.ndimage import correlate, uniform_filter

    power = 10 ** (backscatter.astype(np.float64) / 10)
    means = uniform_filter(power, 3, mode="nearest")

    def at(row: int, col: int) -> Any:
        padded = np.pad(means, 2, mode="edge")
        height, width = power.shape
        return padded[2 + 2 * row : 2 + 2 * row + height, 2 + 2 * col : 2 + 2 * col + width]

    n = {(row, col): at(row, col) for row in (-1, 0, 1) for col in (-1, 0, 1)}
    west, east = n[-1, -1] + n[0, -1] + n[1, -1], n[-1, 1] + n[0, 1] + n[1, 1]
    north, south = n[-1, -1] + n[-1, 0] + n[-1, 1], n[1, -1] + n[1, 0] + n[1, 1]
    northwest, southeast = n[-1, 0] + n[-1, -1] + n[0, -1], n[1, 0] + n[1, 1] + n[0, 1]
    northeast, southwest = n[-1, 0] + n[-1, 1] + n[0, 1], n[1, 0] + n[1, -1] + n[0, -1]
    steep = np.abs(
        [west - east, north - south, northwest - southeast, northeast - southwest],
    ).argmax(axis=0)
    first = [n[0, -1], n[-1, 0], n[-1, -1], n[-1, 1]]
    second = [n[0, 1], n[1, 0], n[1, 1], n[1, -1]]
    side = 2 * steep + (
        np.abs(np.choose(steep, first) - n[0, 0]) > np.abs(np.choose(steep, second) - n[0, 0])
    )
    mean, squares = np.empty_like(power), np.empty_like(power)
    for number, half in enumerate(_halves()):
        here = side == number
        mean[here] = correlate(power, half, mode="nearest")[here]
        squares[here] = correlate(power * power, half, mode="nearest")[here]
    variance = squares - mean * mean
    signal = np.maximum((variance - mean * mean / LOOKS) / (1 + 1 / LOOKS), 0)
    weight = np.where(variance > 0, np.minimum(signal / variance, 1), 0)
    return (10 * np.log10(mean + weight * (power - mean))).astype(np.float32)


def _halves() -> list[Any]:
    row, col = np.indices((7, 7)) - 3
    kept = (col <= 0, col >= 0, row <= 0, row >= 0)
    corners = (row + col <= 0, row + col >= 0, row <= col, row >= col)
    return [half / half.sum() for half in (*kept, *corners)]


def main(who: str, side: int, result: str) -> None:
    """Time one of them."""
    backscatter = scene(side)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, cpu = time.perf_counter(), time.process_time()
    smooth = {"firstlight": by_firstlight, "scipy": by_scipy}[who](backscatter)
    seconds, processor = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{who}, {side}²: {seconds:.1f} s, {processor:.1f} s of CPU with imports, peak "
        f"{peak / 1024:.0f} MB ({before / 1024:.0f} before)"
    )
    if result:
        np.save(result, smooth)


if __name__ == "__main__":
    main(
        sys.argv[1],
        int(sys.argv[2]) if len(sys.argv) > 2 else 10_000,
        sys.argv[3] if len(sys.argv) > 3 else "",
    )
