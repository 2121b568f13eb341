"""The parameters that maps of water share, declared once: where water always is, and where it cannot stand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from ..algorithms.flood import HAND, HAND_LIMIT_M, PERMANENT, SLOPE, SLOPE_LIMIT_DEG, FloodRules
from .base import param


class FloodParams(Protocol):
    """What a params dataclass has that uses the functions below."""

    @property
    def permanent_water(self) -> Path | None:
        """See :func:`permanent_water_param`."""

    @property
    def hand(self) -> Path | None:
        """See :func:`hand_param`."""

    @property
    def hand_limit(self) -> float:
        """See :func:`hand_limit_param`."""

    @property
    def slope(self) -> Path | None:
        """See :func:`slope_param`."""

    @property
    def slope_limit(self) -> float:
        """See :func:`slope_limit_param`."""


def permanent_water_param() -> Any:
    """Where there is water all the year round."""
    text = "A raster of one band, above 0 where there is water all the year round: such water is no flood."
    return param(None, kind="raster_in", title="Permanent water", help=text, flag="--permanent-water", advanced=True)


def hand_param() -> Any:
    """Height above the nearest drainage."""
    text = "A raster of the height above the nearest drainage, in metres: water too high above it is taken for none."
    return param(None, kind="raster_in", title="Height above nearest drainage", help=text, advanced=True)


def hand_limit_param() -> Any:
    """How high is too high."""
    text = "Metres above the nearest drainage from which there is no water; only with that raster."
    return param(HAND_LIMIT_M, kind="number", title="Height limit (m)", help=text, minimum=0, flag="--hand-limit", advanced=True)


def slope_param() -> Any:
    """How steep the ground is."""
    text = "A raster of the slope in degrees: water on ground too steep for it is taken for none."
    return param(None, kind="raster_in", title="Slope", help=text, advanced=True)


def slope_limit_param() -> Any:
    """How steep is too steep."""
    text = "Degrees from which there is no water; only with that raster."
    return param(
        SLOPE_LIMIT_DEG,
        kind="number",
        title="Slope limit (degrees)",
        help=text,
        minimum=0,
        maximum=90,
        flag="--slope-limit",
        advanced=True,
    )


def flood_extras(params: FloodParams) -> dict[str, Path]:
    """The rasters that were given, by their names in the joined stack: for ``open_inputs(…, extras=…)``."""
    given: Mapping[str, Path | None] = {HAND: params.hand, SLOPE: params.slope, PERMANENT: params.permanent_water}
    return {name: path for name, path in given.items() if path is not None}


def flood_rules(params: FloodParams) -> FloodRules:
    """The limits."""
    return FloodRules(params.hand_limit, params.slope_limit)


def flood_parameters(params: FloodParams) -> dict[str, float]:
    """The limits that were used, for the provenance."""
    found = {}
    if params.hand is not None:
        found["hand_limit_m"] = params.hand_limit
    if params.slope is not None:
        found["slope_limit_deg"] = params.slope_limit
    return found
