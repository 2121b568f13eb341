"""Statistics of a band, gathered piece by piece and put together in one order, so that they are the
same in every run.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..raster.valid import find_missing

_CHUNK = 8192
"""Values that are squared at once: they stay in the processor's cache, and BLAS uses no threads for
so few.
"""
FEW_CLASSES = 24
"""So few are counted one after the other."""


@dataclass(frozen=True)
class BandStatistics:
    """Sums over the pixels of a piece of a band, in the units that are stored.

    Values outside the range that the caller expects (an index of negative reflectance: dark water,
    shadow, haze) count in the file's statistics; those "inside" leave them out, because a single
    one of them could spoil a mean.
    """

    pixels: int = 0
    observed: int = 0
    """Pixels that are not nodata."""
    low: float = math.inf
    high: float = -math.inf
    mean: float = 0.0
    deviations: float = 0.0
    """Sum of the squared distances from the mean."""
    inside: int = 0
    """Of the observed ones, those in the expected range."""
    inside_low: float = math.inf
    inside_high: float = -math.inf
    inside_total: float = 0.0
    counts: tuple[tuple[int, int], ...] = ()
    """Of bytes: each number but nodata and how often; empty for other types. Those that are silent
    are counted here alone.
    """

    def __add__(self, other: BandStatistics) -> BandStatistics:
        """Merge the statistics of both pieces; Chan, Golub & LeVeque 1983,
        doi:10.1080/00031305.1983.10483115.
        """
        observed = self.observed + other.observed
        between = other.mean - self.mean
        return BandStatistics(
            self.pixels + other.pixels,
            observed,
            min(self.low, other.low),
            max(self.high, other.high),
            self.mean + between * other.observed / observed if observed else 0.0,
            self.deviations
            + other.deviations
            + (between**2 * self.observed * other.observed / observed if observed else 0.0),
            self.inside + other.inside,
            min(self.inside_low, other.inside_low),
            max(self.inside_high, other.inside_high),
            self.inside_total + other.inside_total,
            _add_counts(self.counts, other.counts),
        )

    def tags(self) -> dict[str, str]:
        """Tags as GDAL names them; empty where nothing was observed."""
        if not self.observed:
            return {}
        return {
            "STATISTICS_MINIMUM": f"{self.low:.17g}",
            "STATISTICS_MAXIMUM": f"{self.high:.17g}",
            "STATISTICS_MEAN": f"{self.mean:.17g}",
            "STATISTICS_STDDEV": f"{math.sqrt(self.deviations / self.observed):.17g}",
            "STATISTICS_VALID_PERCENT": f"{100 * self.observed / self.pixels:.4g}",
        }

    @classmethod
    def of_tags(cls, tags: Mapping[str, str], pixels: int) -> BandStatistics | None:
        """What such tags say of a band; None where one is missing, or no number."""
        names = ("MINIMUM", "MAXIMUM", "MEAN", "STDDEV", "VALID_PERCENT")
        try:
            low, high, mean, std, percent = (float(tags[f"STATISTICS_{name}"]) for name in names)
        except (KeyError, ValueError):
            return None
        observed = round(pixels * percent / 100) if math.isfinite(percent) else 0
        if observed <= 0 or not all(map(math.isfinite, (low, high, mean, std))):
            return None
        return cls(pixels, observed, low, high, mean, std**2 * observed)


def measure(
    values: npt.NDArray[Any],
    nodata: float,
    expected: tuple[float, float],
    silent: frozenset[int] = frozenset(),
) -> BandStatistics:
    """Statistics of one piece.

    Parameters
    ----------
    values : ndarray, any shape
        Stored numbers.
    nodata : float
        May be NaN.
    expected : (float, float)
        The range, in stored units, of values that count as inside.
    silent : frozenset of int
        Of bytes, those that are no value: neither observed nor missing.
    """
    missing = find_missing(values, nodata)
    seen = values[~missing] if missing.any() else values.ravel()
    if not seen.size:
        return BandStatistics(pixels=values.size)
    if values.dtype == np.uint8:
        return _measure_counts(values.size, _count(seen), expected, silent)
    low, high = float(seen.min()), float(seen.max())
    mean = float(seen.sum(dtype=np.float64)) / seen.size
    deviations = 0.0
    for start in range(0, seen.size, _CHUNK):
        distance = seen[start : start + _CHUNK].astype(np.float64)
        distance -= mean
        deviations += float(np.dot(distance, distance))
    if expected[0] <= low and high <= expected[1]:
        inside = (seen.size, low, high, mean * seen.size)
    else:
        part = seen[(seen >= expected[0]) & (seen <= expected[1])]
        ends = (float(part.min()), float(part.max())) if part.size else (math.inf, -math.inf)
        inside = (part.size, *ends, float(part.sum(dtype=np.float64)))
    return BandStatistics(values.size, seen.size, low, high, mean, deviations, *inside)


def _count(values: npt.NDArray[Any]) -> tuple[tuple[int, int], ...]:
    low, high = int(values.min()), int(values.max())
    if (
        high - low < FEW_CLASSES
    ):  # where most are of one class, bincount takes several times as long
        counts = [int(np.count_nonzero(values == code)) for code in range(low, high + 1)]
        return tuple((low + offset, count) for offset, count in enumerate(counts) if count)
    counted = np.bincount(values)
    return tuple((int(code), int(counted[code])) for code in np.flatnonzero(counted))


def _measure_counts(
    pixels: int,
    every: tuple[tuple[int, int], ...],
    expected: tuple[float, float],
    silent: frozenset[int],
) -> BandStatistics:
    """Derive the statistics of bytes from how often each was seen."""
    counts = tuple((code, count) for code, count in every if code not in silent)
    if not counts:
        return BandStatistics(pixels, counts=every)
    observed = sum(count for _, count in counts)
    mean = sum(code * count for code, count in counts) / observed
    deviations = sum(count * (code - mean) ** 2 for code, count in counts)
    part = [(code, count) for code, count in counts if expected[0] <= code <= expected[1]]
    inside = sum(count for _, count in part)
    ends = (float(part[0][0]), float(part[-1][0])) if part else (math.inf, -math.inf)
    total_inside = float(sum(code * count for code, count in part))
    low, high = float(counts[0][0]), float(counts[-1][0])
    return BandStatistics(
        pixels, observed, low, high, mean, deviations, inside, *ends, total_inside, every
    )


def _add_counts(
    one: Iterable[Iterable[int]], other: Iterable[Iterable[int]]
) -> tuple[tuple[int, int], ...]:
    sums: dict[int, int] = {}
    for code, count in (*one, *other):
        sums[code] = sums.get(code, 0) + count
    return tuple(sorted(sums.items()))


def total(parts: Iterable[BandStatistics]) -> BandStatistics:
    """Sum of all pieces, added in the order given."""
    return sum(parts, BandStatistics())
