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
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent / "contenders"))
from lee_rules import LOOKS, refined_lee


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
    """The same in power, the whole raster at once."""
    smooth = refined_lee(10 ** (backscatter.astype(np.float64) / 10))
    return (10 * np.log10(smooth)).astype(np.float32)


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
