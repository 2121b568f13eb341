"""An event through all its passes: of each pixel when it was first and last seen affected, and what
the first clear look at it has shown, with the day of that look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..algorithms.flood import PERMANENT_WATER, WATER_BEFORE
from ..algorithms.fusion import (
    Source,
    has_code,
    layer_of,
    outside_all,
    read_votes,
    source_key,
)
from ..algorithms.kernel import NOT_OBSERVED, OUTSIDE, FloatArray, Kernel, Layer, MapClass, Values

NEVER, AFFECTED = 0, 1
MOST_DAYS = 3660.0
LARGEST_LAYER = Layer(
    "largest",
    "Largest extent of all passes",
    (0, NOT_OBSERVED),
    "",
    (
        MapClass(NEVER, "Never affected (where observed)", (240, 238, 228)),
        MapClass(AFFECTED, "Affected in a pass at least", (8, 81, 156)),
    ),
)
FILLED_LAYER = Layer(
    "filled",
    "First clear look after the event",
    (0, NOT_OBSERVED),
    "",
    (
        MapClass(NEVER, "Not affected (at the first look)", (240, 238, 228)),
        MapClass(AFFECTED, "Affected (at the first look)", (33, 113, 181)),
    ),
)


def _days(name: str, title: str) -> Layer:
    return Layer(name, title, (-MOST_DAYS, MOST_DAYS), "", dtype="float32", unit="d")


FILLED_DAY_LAYER = _days("filled_day", "Day of the first clear look")
FIRST_LAYER = _days("first_seen", "First seen affected")
LAST_LAYER = _days("last_seen", "Last seen affected")
LAYERS = (LARGEST_LAYER, FIRST_LAYER, LAST_LAYER, FILLED_LAYER, FILLED_DAY_LAYER)
REFERENCE = "each pass as its own map has it; no model between them"


@dataclass(frozen=True)
class States:
    """What all passes together say of each pixel."""

    sources: tuple[Source, ...]
    """Oldest first."""
    days: tuple[float, ...]
    """Of each, after the event."""

    def __call__(
        self, values: Values
    ) -> tuple[npt.NDArray[np.uint8], FloatArray, FloatArray, npt.NDArray[np.uint8], FloatArray]:
        """The layers in the order of ``LAYERS``; NaN where a day does not apply."""
        shape = values[source_key(0)].shape
        largest, filled = (np.full(shape, NOT_OBSERVED, np.uint8) for _ in range(2))
        first, last, filled_day = (np.full(shape, np.nan, np.float32) for _ in range(3))
        for index, (source, day) in enumerate(zip(self.sources, self.days, strict=True)):
            seen, positive = read_votes(values[source_key(index)], source)
            fresh = seen & (filled == NOT_OBSERVED)
            filled[fresh] = positive[fresh]
            filled_day[fresh] = day
            largest[seen & (largest == NOT_OBSERVED)] = NEVER
            largest[positive] = AFFECTED
            first[positive & np.isnan(first)] = day
            last[positive] = day
        for codes in (largest, filled):
            for kind, code in (("before", WATER_BEFORE), ("permanent", PERMANENT_WATER)):
                self._name_water(codes, values, kind, code)
        outside = outside_all(values, self.sources)
        largest[outside] = filled[outside] = OUTSIDE
        return largest, first, last, filled, filled_day

    def _name_water(
        self, codes: npt.NDArray[np.uint8], values: Values, kind: str, code: int
    ) -> None:
        """Name water that is no flood by the word of one pass, where no pass says otherwise."""
        for index, source in enumerate(self.sources):
            said = has_code(values[source_key(index)], getattr(source, kind))
            codes[said & (codes != AFFECTED) & (codes != NOT_OBSERVED)] = code


def series_kernel(sources: Sequence[Source], days: Sequence[float], bands: Sequence[str]) -> Kernel:
    """The kernel of a series; ``bands``: of each pass in the joined stack."""
    names = {source_key(index): band for index, band in enumerate(bands)}
    layers = tuple(layer_of(one, sources) if one.classes else one for one in LAYERS)
    return Kernel("Series", names, States(tuple(sources), tuple(days)), layers, REFERENCE)
