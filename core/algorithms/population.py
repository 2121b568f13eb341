"""Usual values of a picture, from whole-number histograms: exact, and the same in whatever parts
they were counted.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def histogram_median(counts: npt.NDArray[np.int64]) -> int | None:
    """The bin in which the median lies, the lower one of two; None where nothing was counted."""
    total = int(counts.sum())
    return int(np.searchsorted(np.cumsum(counts), (total + 1) // 2)) if total else None


def histogram_spread(counts: npt.NDArray[np.int64], middle: int) -> int:
    """Median distance from the bin ``middle``, in bins: the median absolute deviation; 0 where
    nothing was counted.
    """
    above, below = counts[middle:].copy(), counts[middle::-1]
    above.resize(max(above.size, below.size), refcheck=False)
    above[1 : below.size] += below[1:]
    return histogram_median(above) or 0
