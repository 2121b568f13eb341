"""Which message of a model is rain, wind or gusts, and in which unit: by its codes alone.

Sources: WMO Manual on Codes (WMO-No. 306), FM 92 GRIB, code tables 4.2-0-1, 4.2-0-2, 4.5 and 4.10;
ECMWF parameter database (codes.ecmwf.int/grib/param-db) for its local number 193: parameter 228,
*Total precipitation*, m; 228228 is the same in kg m⁻², accumulated from number 52.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..enums import StrEnum
from ..errors import RasterError
from .grib import Message

ECMWF = 98
"""Originating centre (common code table C-11)."""
ACCUMULATION, MAXIMUM = 1, 2
"""Code table 4.10."""
SURFACE, ABOVE_GROUND = 1, 103
"""Code table 4.5."""


class Quantity(StrEnum):
    """What is told of the weather."""

    RAIN = "precipitation"
    WIND_U = "wind_u"
    WIND_V = "wind_v"
    GUST = "gust"


@dataclass(frozen=True)
class Rule:
    """A message that is a quantity."""

    quantity: Quantity
    code: tuple[int, int, int]
    units: tuple[str, ...]
    """As GDAL may say it; it knows no local numbers."""
    factor: float
    """To millimetres or metres a second."""
    statistics: tuple[int | None, ...]
    levels: tuple[tuple[int, float], ...]
    centre: int | None = None


_GROUND = ((SURFACE, 0.0),)
_TEN = ((ABOVE_GROUND, 10.0),)
RULES = (
    Rule(Quantity.RAIN, (0, 1, 193), ("-", "m"), 1000.0, (ACCUMULATION,), _GROUND, ECMWF),
    # a kilogram on a square metre is a millimetre of water
    Rule(Quantity.RAIN, (0, 1, 8), ("kg/(m^2)",), 1.0, (ACCUMULATION,), _GROUND),
    Rule(Quantity.RAIN, (0, 1, 52), ("kg/(m^2*s)", "kg/(m^2)"), 1.0, (ACCUMULATION,), _GROUND),
    Rule(Quantity.WIND_U, (0, 2, 2), ("m/s",), 1.0, (None,), _TEN),
    Rule(Quantity.WIND_V, (0, 2, 3), ("m/s",), 1.0, (None,), _TEN),
    Rule(Quantity.GUST, (0, 2, 22), ("m/s",), 1.0, (None, MAXIMUM), (*_TEN, *_GROUND)),
)
INDEX_NAMES = frozenset(
    {"tp", "10u", "10v", "10fg", "10fg3", "10fg6", "i10fg", "fg10", "max_i10fg"}
)
"""Short names that an index of a file may have for them (ECMWF)."""


def rule_of(message: Message) -> Rule | None:
    """The rule that a message falls under; None where it is something else.

    Raises
    ------
    RasterError
        If its unit is not that of its parameter: then nothing is known of its numbers.
    """
    for rule in RULES:
        fits = message.code == rule.code and message.statistic in rule.statistics
        if fits and message.level in rule.levels and rule.centre in (None, message.centre):
            if message.unit not in rule.units:
                what = f"The {rule.quantity} of the forecast cannot be used"
                wanted = " or ".join(rule.units)
                raise RasterError(
                    what, f"its unit is {message.unit}, not {wanted}", "Choose another catalogue."
                )
            return rule
    return None
