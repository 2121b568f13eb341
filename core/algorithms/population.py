"""Usual values of a picture, from whole-number histograms: exact, and the same in whatever parts
they were counted.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .kernel import FloatArray


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


def normal_share(deviations: FloatArray) -> FloatArray:
    """Share of a Gaussian below so many standard deviations, 0..1; NaN stays.

    Abramowitz & Stegun 1964, Handbook of Mathematical Functions, 7.1.26: off by no more than
    0.0000002.
    """
    size = np.abs(deviations) * np.float32(0.5**0.5)
    t = 1 / (1 + np.float32(0.3275911) * size)
    series = np.zeros_like(t)
    for factor in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592):
        series += np.float32(factor)
        series *= t
    tail = series * np.exp(-size * size) / 2
    result: FloatArray = np.where(deviations < 0, tail, 1 - tail).astype(np.float32, copy=False)
    return result
