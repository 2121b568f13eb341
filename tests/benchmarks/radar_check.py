"""Is a contender's water where the generator of the scene put it?"""

from __future__ import annotations

import os
from pathlib import Path

import rasterio
from rasterio.windows import Window

WATER = 1
LEAST_IOU = 0.95
STRIP = 1024


def check_radar(out: Path, wrong: type[Exception]) -> str:
    """Compare ``water.tif`` with the truth: pixels that both call water, of those that either
    does.
    """
    path, both, either = out / "water.tif", 0, 0
    if not path.exists():
        raise wrong("no water.tif")
    truth = Path(os.environ["BENCH_LOCAL"]).parent / "radar" / "truth.tif"
    with rasterio.open(truth) as right, rasterio.open(path) as got:
        if (got.crs, got.transform, got.shape) != (right.crs, right.transform, right.shape):
            raise wrong("not the scene's grid")
        if max(got.shape) > got.block_shapes[0][0] and (
            not got.overviews(1) or got.block_shapes[0][1] == got.width
        ):
            raise wrong("no tiles or no overviews")
        for start in range(0, got.height, STRIP):
            window = Window(0, start, got.width, min(STRIP, got.height - start))
            found, there = got.read(1, window=window) == WATER, right.read(1, window=window) == 1
            both += int((found & there).sum())
            either += int((found | there).sum())
    overlap = both / either if either else 0.0
    if overlap < LEAST_IOU:
        raise wrong(f"overlap with the true water of {overlap:.3f}, less than {LEAST_IOU}")
    return f"overlap with the true water {overlap:.3f}"
