"""How far values stray from what they measure: each pixel by itself, and all of a picture together.

The spread of single pixels is taken from the picture. Differences of pixels a few apart hold noise
and the texture of the ground, and few of them an edge between two kinds of ground, so that their
median absolute deviation leaves edges out (as Donoho & Johnstone 1994, doi:10.1093/biomet/81.3.425,
take noise from the finest differences; its scale: Rousseeuw & Croux 1993,
doi:10.1080/01621459.1993.10476408).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

GAUSSIAN_MAD = 1.4826
"""Standard deviation of a Gaussian ÷ its median absolute deviation."""
LEAST_DIFFERENCES = 1000
"""Pairs of pixels from which a spread is taken."""


@dataclass(frozen=True)
class Noise:
    """Errors of the values that a limit is compared with, in their unit."""

    local: float
    """Standard deviation of what each pixel has of its own: noise, texture, mixture."""
    common: float
    """Standard deviation of what all pixels share: of the limit itself, of haze, of the season."""
    shift: float = 0.0
    """Known error that was not taken off: how far unchanged ground lies from where it should."""

    @property
    def total(self) -> float:
        """Standard deviation of a value."""
        return math.hypot(self.local, self.common)

    @property
    def shared(self) -> float:
        """Share of the variance that all pixels have in common, 0..1."""
        return self.common**2 / self.total**2

    def to_dict(self) -> dict[str, float]:
        """JSON-ready, in the unit of the values."""
        return {
            "local": round(self.local, 6),
            "common": round(self.common, 6),
            "shift": round(self.shift, 6),
            "shared": round(self.shared, 4),
        }


def spread_of_differences(pictures: Iterable[npt.NDArray[Any]], lag: int) -> float | None:
    """Standard deviation of single pixels, from differences of those ``lag`` pixels apart; None
    where there are too few.

    Parameters
    ----------
    pictures : iterable of ndarray, (rows, cols)
        NaN = not observed.
    lag : int
        Farther than what makes neighbours alike: a band of coarser pixels, a filter.
    """
    found = [
        np.abs(difference[~np.isnan(difference)])
        for picture in pictures
        for difference in (picture[lag:] - picture[:-lag], picture[:, lag:] - picture[:, :-lag])
    ]
    every = np.concatenate(found) if found else np.zeros(0)
    if every.size < LEAST_DIFFERENCES:
        return None
    return GAUSSIAN_MAD * float(np.median(every)) / math.sqrt(2)
