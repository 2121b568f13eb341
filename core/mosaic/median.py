"""Median of layers on one grid, NaN left out, by a sorting network: whole rows of pixels change
places at once, where a sort would take each pixel's few numbers for itself.

Source: Batcher (1968), doi:10.1145/1468075.1468121 (odd-even merge).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..raster.physical import FloatArray

PIXELS_AT_ONCE = 1 << 14
"""Of twenty layers they stay in the processor's cache."""


def nan_median(layers: FloatArray) -> FloatArray:
    """Median over the first axis, NaN left out; of an even number, the mean of the two in the
    middle; NaN where there is none. The layers are used up.
    """
    count = len(layers)
    if not count:
        return np.full(layers.shape[1:], np.nan, np.float32)
    flat = layers.reshape(count, -1)
    out = np.empty(flat.shape[1], np.float32)
    exchanges = _exchanges(count)
    for first in range(0, len(out), PIXELS_AT_ONCE):
        part = flat[:, first : first + PIXELS_AT_ONCE]
        missing = np.isnan(part)
        there = count - missing.sum(axis=0)
        np.copyto(part, np.float32(np.inf), where=missing)  # last of all
        rows, spare = list(part), np.empty(part.shape[1], np.float32)
        for lower, upper in exchanges:
            np.minimum(rows[lower], rows[upper], out=spare)
            np.maximum(rows[lower], rows[upper], out=rows[upper])
            rows[lower], spare = spare, rows[lower]
        lowest = np.stack(rows[: count // 2 + 1])
        low, high = np.maximum(there - 1, 0) // 2, np.minimum(there // 2, count - 1)
        middle = np.take_along_axis(lowest, low[None], axis=0)[0]
        middle += np.take_along_axis(lowest, high[None], axis=0)[0]
        middle *= np.float32(0.5)
        middle[there == 0] = np.nan
        out[first : first + PIXELS_AT_ONCE] = middle
    return out.reshape(layers.shape[1:])


@lru_cache(maxsize=32)
def _exchanges(count: int) -> tuple[tuple[int, int], ...]:
    """The comparisons that bring the lower half of ``count`` layers, and the one above it, into
    order: (place of the lesser, place of the greater).
    """
    every: list[tuple[int, int]] = []
    run = 1
    while run < count:
        step = run
        while step:
            for start in range(step % run, count - step, 2 * step):
                every += (
                    (lower, lower + step)
                    for lower in range(start, start + min(step, count - step - start))
                    if lower // (2 * run) == (lower + step) // (2 * run)
                )
            step //= 2
        run *= 2
    wanted, kept = set(range(count // 2 + 1)), list[tuple[int, int]]()
    for pair in reversed(every):
        if not wanted.isdisjoint(pair):
            kept.append(pair)
            wanted.update(pair)
    return tuple(reversed(kept))
