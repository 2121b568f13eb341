"""How right a map is, by a sample of its pixels: the confusion matrix, and areas without the map's
bias, with their standard errors.

Source: Olofsson et al. 2014, *Good practices for estimating area and assessing accuracy of land
change*, doi:10.1016/j.rse.2014.02.015, equations 4 to 11. The sample is one that was drawn at
random, everywhere alike or within each of the map's classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Z95 = 1.959964
"""Half a 95 % interval, in standard errors, of a normal distribution."""
LEAST_UNITS = 2
"""Of a class of the map; with one there is no spread to be seen."""
FEW_UNITS = 50
"""Fewer of a class make for wide intervals (section 5.1.1.2)."""


@dataclass(frozen=True)
class Estimate:
    """A number with its standard error."""

    value: float
    error: float

    @property
    def interval(self) -> tuple[float, float]:
        """Ends of the 95 % interval."""
        return self.value - Z95 * self.error, self.value + Z95 * self.error

    def to_dict(self, least: float = 0.0, most: float = float("inf")) -> dict[str, float]:
        """JSON-ready; the interval no wider than what can be."""
        low, high = self.interval
        return {
            "value": self.value,
            "standard_error": self.error,
            "low_95": max(least, low),
            "high_95": min(most, high),
        }


@dataclass(frozen=True)
class Accuracy:
    """What a sample tells of a map; all shares are 0..1."""

    classes: tuple[str, ...]
    counts: npt.NDArray[np.int64]
    """Units: row the map, column the reference."""
    mapped: Numbers
    """Area of each class on the map."""
    overall: Estimate
    users: tuple[Estimate, ...]
    """Of what the map calls so: the share that is so."""
    producers: tuple[Estimate | None, ...]
    """Of what is so: the share that the map calls so; None where the sample holds nothing of it."""
    areas: tuple[Estimate, ...]
    """Of each class as the reference has it, in the unit of ``mapped``."""

    def to_dict(self, unit: str) -> dict[str, Any]:
        """JSON-ready, the unit of the areas in their names."""
        total = float(self.mapped.sum())
        return {
            "classes": list(self.classes),
            "confusion": self.counts.tolist(),
            "overall": self.overall.to_dict(most=1.0),
            "by_class": {
                name: {
                    f"mapped_{unit}": float(self.mapped[place]),
                    f"estimated_{unit}": self.areas[place].to_dict(most=total),
                    "users_accuracy": self.users[place].to_dict(most=1.0),
                    "producers_accuracy": _told(self.producers[place]),
                }
                for place, name in enumerate(self.classes)
            },
        }


def _told(estimate: Estimate | None) -> dict[str, float] | None:
    return None if estimate is None else estimate.to_dict(most=1.0)


def estimate_accuracy(
    classes: Sequence[str], counts: npt.ArrayLike, mapped: Sequence[float]
) -> Accuracy:
    """Estimate a map's accuracy and the areas of its classes.

    Parameters
    ----------
    counts : array_like of int
        Units of the sample: row the class on the map, column that of the reference.
    mapped : sequence of float
        Area of each class on the map.

    Raises
    ------
    ValueError
        If a class that the map has is not in the sample often enough, or nothing is mapped.
    """
    table, area = np.asarray(counts, np.int64), np.asarray(mapped, np.float64)
    units, total = table.sum(axis=1), float(area.sum())
    if not total > 0:
        raise ValueError("the map shows nothing of these classes")
    for name, number, size in zip(classes, units, area):
        if size > 0 and number < LEAST_UNITS:
            raise ValueError(f"the sample holds {number} units that the map calls '{name}'")
    used = area > 0
    weight = area / total
    share = np.where(used[:, None], table / np.maximum(units, 1)[:, None], 0.0)
    spread = share * (1 - share) / np.maximum(units - 1, 1)[:, None]
    there = weight[:, None] * share
    errors = np.sqrt((weight[:, None] ** 2 * spread).sum(axis=0))
    right, own_spread = np.diag(share), np.diag(spread)
    return Accuracy(
        classes=tuple(classes),
        counts=table,
        mapped=area,
        overall=Estimate(float(np.trace(there)), float(np.sqrt((weight**2 * own_spread).sum()))),
        users=tuple(
            Estimate(float(p), float(np.sqrt(v))) for p, v in zip(right, own_spread, strict=True)
        ),
        producers=tuple(_producers(place, area, share, spread) for place in range(len(classes))),
        areas=tuple(
            Estimate(total * float(p), total * float(e))
            for p, e in zip(there.sum(axis=0), errors, strict=True)
        ),
    )


def _producers(place: int, area: Numbers, share: Numbers, spread: Numbers) -> Estimate | None:
    """Equation 7, and the share of what is so that the map calls so."""
    of_reference = area * share[:, place]
    whole = float(of_reference.sum())
    if whole <= 0:
        return None
    value = float(of_reference[place]) / whole
    others = np.arange(len(area)) != place
    own = area[place] ** 2 * (1 - value) ** 2 * spread[place, place]
    rest = value**2 * (area[others] ** 2 * spread[others, place]).sum()
    return Estimate(value, float(np.sqrt(own + rest)) / whole)
