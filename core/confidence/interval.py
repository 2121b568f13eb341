"""An area with its interval, from how likely each of its pixels is affected.

Errors at a limit are not each pixel's own: haze, another season, a limit that lies a little off
move all of them the same way, and no number of pixels averages that out. So the errors have one
common factor (Vasicek 2002, Risk 15(12), 160-162: a portfolio whose parts fail together): the share
``shared`` of their variance. With the factor at m standard deviations, a pixel of likelihood p is
affected with Φ((Φ⁻¹(p) + √shared · m) / √(1 − shared)); the sum over all pixels at m = ±1.96 is
what 95 of 100 such pictures lie between. Of many pixels what each has of its own averages out.

Mixed pixels of the edge come beside it: in 95 of 100 pictures the outline lies within half a pixel,
all along to the same side. What was not observed is in no interval; it is told apart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

DEVIATIONS = 1.96
"""Of a Gaussian, on either side of 95 %."""
CONFIDENCE_PERCENT = 95
MOST_SHARED = 0.98
"""With all of the variance in common, pixels would jump together."""
_NORMAL = NormalDist()


@dataclass(frozen=True)
class AreaInterval:
    """An area between two others, square metres."""

    low: float
    high: float
    expected: float
    """Sum of the likelihoods: what the area is without the map's net confusion."""
    edge: float
    """Of half a pixel along the outlines."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, units in the names."""
        return {
            "percent": CONFIDENCE_PERCENT,
            "low_km2": self.low / 1e6,
            "high_km2": self.high / 1e6,
            "expected_km2": self.expected / 1e6,
            "edge_km2": self.edge / 1e6,
        }


def edge_interval(mapped: float, edge: float) -> AreaInterval:
    """The interval of 95 % of an area of which only the edge is in doubt; arguments as of
    :func:`area_interval`.
    """
    return area_interval(mapped, {100: mapped, 0: math.inf}, 0.0, edge)


def area_interval(
    mapped: float, likely: Mapping[int, float], shared: float, edge: float
) -> AreaInterval:
    """The interval of 95 % of an area; the mapped one is always inside.

    Parameters
    ----------
    mapped : float
        Area of the pixels that are mapped as affected, square metres.
    likely : mapping of int to float
        Percent of likelihood (0..100) → area of the pixels that have it, square metres.
    shared : float
        0..1: share of the errors' variance that all pixels have in common.
    edge : float
        Area of half a pixel along the outlines, square metres.
    """
    shared = min(shared, MOST_SHARED)
    expected = sum(area * percent / 100 for percent, area in likely.items() if percent)
    low, high = (_with_factor(likely, shared, side * DEVIATIONS) for side in (-1, 1))
    total = sum(likely.values())
    return AreaInterval(
        max(0.0, min(mapped, expected - math.hypot(expected - low, edge))),
        min(max(mapped, total), max(mapped, expected + math.hypot(high - expected, edge))),
        expected,
        edge,
    )


def _with_factor(likely: Mapping[int, float], shared: float, factor: float) -> float:
    """The area that is affected where the common factor has a value."""
    total = 0.0
    for percent, area in likely.items():
        if 0 < percent < 100:
            place = _NORMAL.inv_cdf(percent / 100) + math.sqrt(shared) * factor
            total += area * _NORMAL.cdf(place / math.sqrt(1 - shared))
        elif percent == 100:
            total += area
    return total
