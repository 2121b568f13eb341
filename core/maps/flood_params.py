"""The parameters that maps of water share: permanent water, and ground where none can stand."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..algorithms.flood import (
    HAND,
    HAND_LIMIT_M,
    PERMANENT,
    PLAUSIBLE,
    SLOPE,
    SLOPE_LIMIT_DEG,
    FloodRules,
)
from ..errors import InputError
from ..params import InputRole, Kind, param
from ..raster.facts import read_facts
from ..raster.grid import split_windows
from ..raster.reader import RasterReader
from ..recipes.class_meaning import ClassMeaning, CodeWords, explain_codes
from ..recipes.code_tables import MapSubject, parse_codes
from ..recipes.inputs import MapInputs
from ..recipes.params import MapParams
from ..shapes.class_survey import class_names, survey_classes

_SETTLE = "Say which values mean water all the year round with ‘permanent_values’."
_ELSE = " What says nothing goes into ‘not_observed’."
_LOOK = 1024
"""Pixels a side that are looked at at once."""
_ORDER = 1
"""At the doors, behind a map's own parameters."""


@dataclass(frozen=True, kw_only=True)
class FloodMapParams(MapParams):
    """Parameters of every map of water."""

    permanent_water: Path | None = param(
        None,
        kind=Kind.RASTER_IN,
        title="Permanent water",
        help="A raster of one band of classes, such as 1 where water stands all year: such water "
        "is no flood.",
        flag="--permanent-water",
        advanced=True,
        order=_ORDER,
    )
    permanent_values: str | None = param(
        None,
        kind=Kind.TEXT,
        title="Values of permanent water",
        help="Its values that mean permanent water: 3, or 75-100, or 1,2,7; if not given, 1, or "
        "what a known product says: JRC Global Surface Water 3 of the yearly classes, 12 of the "
        "seasonality; of its occurrence in percent you choose, such as 75-100.",
        flag="--permanent-values",
        advanced=True,
        order=_ORDER,
    )
    not_observed: str | None = param(
        None,
        kind=Kind.TEXT,
        title="Its codes not observed",
        help="Codes of that raster that say nothing, such as 0,255 or 250-255: without a date "
        "before, water there is not observed, neither flood nor usual water.",
        flag="--not-observed",
        advanced=True,
        order=_ORDER,
    )
    hand: Path | None = param(
        None,
        kind=Kind.RASTER_IN,
        role=InputRole.HAND,
        title="Height above nearest drainage",
        help="A raster of the height above the nearest drainage, in metres: what lies "
        "too high is not water.",
        advanced=True,
        order=_ORDER,
    )
    hand_limit: float = param(
        HAND_LIMIT_M,
        kind=Kind.NUMBER,
        unit="m",
        title="Height limit (m)",
        help="Metres above the nearest drainage from which nothing is water; only with "
        "that raster.",
        minimum=0,
        flag="--hand-limit",
        advanced=True,
        order=_ORDER,
    )
    slope: Path | None = param(
        None,
        kind=Kind.RASTER_IN,
        role=InputRole.SLOPE,
        title="Slope",
        help="A raster of the slope in degrees: what is too steep is not water.",
        advanced=True,
        order=_ORDER,
    )
    slope_limit: float = param(
        SLOPE_LIMIT_DEG,
        kind=Kind.NUMBER,
        unit="deg",
        title="Slope limit (degrees)",
        help="Degrees from which nothing is water; only with that raster.",
        minimum=0,
        maximum=90,
        flag="--slope-limit",
        advanced=True,
        order=_ORDER,
    )

    def extras(self) -> dict[str, Path]:
        """Return the rasters that were given, by their names in the joined stack."""
        rasters = {HAND: self.hand, SLOPE: self.slope, PERMANENT: self.permanent_water}
        return {name: path for name, path in rasters.items() if path is not None}

    def recorded(self) -> dict[str, Any]:
        """Leave out the limits of rasters that were not given."""
        idle = {
            "permanent_values": self.permanent_values,
            "not_observed": self.not_observed,
            "hand_limit_m": self.hand,
            "slope_limit_deg": self.slope,
        }
        return {
            key: value
            for key, value in super().recorded().items()
            if key not in idle or idle[key] is not None
        }

    def rules(self) -> FloodRules:
        """Return the limits, before any raster is looked at.

        Raises
        ------
        InputError
            If the values of permanent water are none, or are of no raster; or one is said not to be
            observed, too.
        """
        ranges, unseen = self._permanent_ranges(), self._unseen()
        for code in unseen:
            if any(low <= code <= high for low, high in ranges or ()):
                why = f"{code} is said to mean both permanent water and not observed"
                raise InputError("The codes of permanent water cannot be used", why, _SETTLE)
        return FloodRules(
            self.hand_limit, self.slope_limit, ranges, tuple(map(float, sorted(unseen)))
        )

    def rules_for(self, inputs: MapInputs) -> FloodRules:
        """Return the limits, with the values that mean permanent water in the raster given.

        Raises
        ------
        InputError
            As :meth:`rules`; or if the raster holds values that nobody explains.
        """
        meaning, rules = self._permanent_meaning(inputs), self.rules()
        if self.permanent_water is not None and rules.unseen_values:
            nodata = read_facts(self.permanent_water).bands[0].radiometry.nodata
            if nodata in rules.unseen_values:
                rules = replace(rules, unseen_values=(*rules.unseen_values, math.nan))
        if meaning is None:
            return rules
        ranges = tuple((float(code), float(code)) for code in meaning.affected)
        return replace(rules, permanent_values=ranges)

    def _permanent_meaning(self, inputs: MapInputs) -> ClassMeaning | None:
        """Tell what the values of permanent water mean in the area, where the user does not."""
        if self.permanent_water is None or self.permanent_values is not None:
            return None
        facts = read_facts(self.permanent_water)
        survey = survey_classes(inputs.path, inputs.indexes[inputs.bands[PERMANENT]])
        survey = replace(survey, names=class_names(self.permanent_water))
        words = CodeWords(
            MapSubject.PERMANENT_WATER, not_observed=self._unseen(), hint=f"{_SETTLE}{_ELSE}"
        )
        return explain_codes(survey, facts, words, "The permanent water cannot be used")

    def _unseen(self) -> frozenset[int]:
        text = self.not_observed
        if text is None:
            return frozenset()
        if self.permanent_water is None:
            raise InputError(
                f"The codes '{text}' that are not observed cannot be used",
                "there is no raster of permanent water",
                "Give it with ‘permanent_water’.",
            )
        return frozenset(parse_codes(text))

    def _permanent_ranges(self) -> tuple[tuple[float, float], ...] | None:
        text = self.permanent_values
        if text is None:
            return None
        what = f"The values of permanent water '{text}' cannot be used"
        if self.permanent_water is None:
            raise InputError(
                what, "there is no raster of permanent water", "Give it with ‘permanent_water’."
            )
        return tuple(_range(item, what) for item in text.split(","))

    def doubts(self, inputs: MapInputs) -> list[str]:
        """Tell how the map of permanent water was read where it is more than no and yes: agencies'
        maps code "not water" and "no data" with numbers above 0, which would hide every flood. And
        tell of numbers in the terrain's rasters that stand for no value.
        """
        meaning = self._permanent_meaning(inputs)
        warnings = [] if meaning is None else list(meaning.warnings)
        for name, path in ((HAND, self.hand), (SLOPE, self.slope)):
            if path is not None:
                warnings += _find_voids(inputs, name, path)
        return warnings


def _find_voids(inputs: MapInputs, name: str, path: Path) -> list[str]:
    """Tell of values that cannot be, in the area of the map."""
    least, most = PLAUSIBLE[name]
    pixels, voids, example = 0, 0, 0.0
    with RasterReader(inputs.path) as reader:
        for window in split_windows(inputs.grid.shape, _LOOK):
            values = reader.read(inputs.indexes[inputs.bands[name]], window)
            values = values[(values < least) | (values > most)]  # NaN is neither
            pixels += window.rows * window.cols
            voids += values.size
            example = float(values[0]) if values.size else example
    if not voids:
        return []
    return [
        f"{path.name} holds {example:.7g} and the like in {100 * voids / pixels:.2g} % of the map, "
        "which cannot be: it was taken for not known there. Declare its nodata"
    ]


def _range(text: str, what: str) -> tuple[float, float]:
    number = r"(\d+(?:\.\d+)?)"
    match = re.fullmatch(rf"\s*{number}(?:\s*-\s*{number})?\s*", text)
    if match is None:
        raise InputError(
            what, "they are neither a number nor a range", "Write them like 3, or 75-100."
        )
    lowest, highest = float(match[1]), float(match[2] or match[1])
    if lowest > highest:
        raise InputError(what, f"{match[1]} is above {match[2]}", "Write the lower one first.")
    return lowest, highest
