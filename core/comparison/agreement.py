"""Two maps of one thing, pixel by pixel: where they agree, where only one of them sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..algorithms.fusion import Source, is_outside, read_votes
from ..algorithms.kernel import NOT_OBSERVED, OUTSIDE, Layer, MapClass, Values

NEITHER, BOTH, ONLY_FIRST, ONLY_SECOND, ONE_SAW = range(5)
CLASSES = (
    MapClass(NEITHER, "Neither map", (240, 238, 228)),
    MapClass(BOTH, "Both maps", (84, 39, 136)),
    MapClass(ONLY_FIRST, "Only the first map", (230, 97, 1)),
    MapClass(ONLY_SECOND, "Only the second map", (33, 102, 172)),
    MapClass(ONE_SAW, "Observed by one map alone", (180, 180, 180)),
)
LAYER = Layer("difference", "Where two maps differ", (0, NOT_OBSERVED), "", CLASSES)
REFERENCE = (
    "agreement of two classifications as in Congalton 1991, doi:10.1016/0034-4257(91)90048-B"
)
FIRST, SECOND = "first", "second"


@dataclass(frozen=True)
class Difference:
    """The class of each pixel."""

    first: Source
    second: Source

    def __call__(self, values: Values) -> npt.NDArray[np.uint8]:
        """Codes of ``CLASSES``; 255 where neither map observed, 254 beyond the area of either."""
        saw_first, first = read_votes(values[FIRST], self.first)
        saw_second, second = read_votes(values[SECOND], self.second)
        codes = np.full(first.shape, NOT_OBSERVED, np.uint8)
        codes[saw_first | saw_second] = ONE_SAW
        both = saw_first & saw_second
        codes[both] = (NEITHER + BOTH * (first & second))[both]
        codes[both & first & ~second] = ONLY_FIRST
        codes[both & ~first & second] = ONLY_SECOND
        beyond = is_outside(values[FIRST], self.first) | is_outside(values[SECOND], self.second)
        codes[beyond] = OUTSIDE
        return codes


@dataclass(frozen=True)
class Agreement:
    """How far two maps agree where both observed; areas in any one unit."""

    neither: float
    both: float
    only_first: float
    only_second: float

    @classmethod
    def of(cls, areas: Mapping[int, float]) -> Agreement:
        """From the area of each code of ``CLASSES``."""
        codes = (NEITHER, BOTH, ONLY_FIRST, ONLY_SECOND)
        return cls(*(float(areas.get(code, 0.0)) for code in codes))

    @property
    def total(self) -> float:
        """All that both observed."""
        return self.neither + self.both + self.only_first + self.only_second

    @property
    def overall(self) -> float | None:
        """Share on which they agree, 0..1."""
        return (self.neither + self.both) / self.total if self.total else None

    @property
    def overlap(self) -> float | None:
        """Of what either shows, the share that both show (Jaccard's index)."""
        either = self.both + self.only_first + self.only_second
        return self.both / either if either else None

    @property
    def f1(self) -> float | None:
        """Of what they show one by one, the share that both show (Dice's index)."""
        shown = 2 * self.both + self.only_first + self.only_second
        return 2 * self.both / shown if shown else None

    @property
    def kappa(self) -> float | None:
        """Agreement beyond what chance alone would bring (Cohen 1960); None where chance alone
        would bring all.
        """
        if not self.total:
            return None
        first = (self.both + self.only_first) / self.total
        second = (self.both + self.only_second) / self.total
        chance = first * second + (1 - first) * (1 - second)
        return None if chance >= 1 else (float(self.overall or 0) - chance) / (1 - chance)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""

        def percent(share: float | None) -> float | None:
            return None if share is None else 100 * share

        return {
            "overall_percent": percent(self.overall),
            "overlap_percent": percent(self.overlap),
            "f1_percent": percent(self.f1),
            "kappa": self.kappa,
        }
