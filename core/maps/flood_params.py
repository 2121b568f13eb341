"""The parameters that maps of water share, declared once: where water always is, and where it
cannot stand.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from ..algorithms.flood import HAND, HAND_LIMIT_M, PERMANENT, SLOPE, SLOPE_LIMIT_DEG, FloodRules
from ..errors import InputError
from ..params import InputRole, param
from ..raster.grid import split_windows
from ..raster.reader import StackReader
from .inputs import MapInputs


class FloodParams(Protocol):
    """What a params dataclass has that uses the functions below."""

    @property
    def permanent_water(self) -> Path | None:
        """See :func:`permanent_water_param`."""

    @property
    def permanent_values(self) -> str | None:
        """See :func:`permanent_values_param`."""

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
    text = (
        "A raster of one band, above 0 where there is water all the year round: such water "
        "is no flood."
    )
    return param(
        None,
        kind="raster_in",
        title="Permanent water",
        help=text,
        flag="--permanent-water",
        advanced=True,
    )


def permanent_values_param() -> Any:
    """Which numbers of that raster mean it."""
    text = (
        "Which of its values mean it: 3, or 75-100; if not given, all above 0. In JRC Global "
        "Surface Water 3 of the yearly "
        "classes, 12 of the seasonality, 75-100 of the occurrence in percent."
    )
    return param(
        None,
        kind="text",
        title="Values of permanent water",
        help=text,
        flag="--permanent-values",
        advanced=True,
    )


def hand_param() -> Any:
    """Height above the nearest drainage."""
    text = (
        "A raster of the height above the nearest drainage, in metres: water too high above "
        "it is taken for none."
    )
    return param(
        None,
        kind="raster_in",
        role=InputRole.HAND,
        title="Height above nearest drainage",
        help=text,
        advanced=True,
    )


def hand_limit_param() -> Any:
    """How high is too high."""
    text = "Metres above the nearest drainage from which there is no water; only with that raster."
    return param(
        HAND_LIMIT_M,
        kind="number",
        title="Height limit (m)",
        help=text,
        minimum=0,
        flag="--hand-limit",
        advanced=True,
    )


def slope_param() -> Any:
    """How steep the ground is."""
    text = "A raster of the slope in degrees: water on ground too steep for it is taken for none."
    return param(
        None, kind="raster_in", role=InputRole.SLOPE, title="Slope", help=text, advanced=True
    )


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
    """The rasters that were given, by their names in the joined stack: for ``open_inputs(…,
    extras=…)``.
    """
    given: Mapping[str, Path | None] = {
        HAND: params.hand,
        SLOPE: params.slope,
        PERMANENT: params.permanent_water,
    }
    return {name: path for name, path in given.items() if path is not None}


def flood_rules(params: FloodParams) -> FloodRules:
    """The limits.

    Raises
    ------
    InputError
        If the values of permanent water are none, or are of no raster.
    """
    return FloodRules(params.hand_limit, params.slope_limit, _read_values(params))


def _read_values(params: FloodParams) -> tuple[float, float] | None:
    text = params.permanent_values
    if text is None:
        return None
    what = f"The values of permanent water '{text}' cannot be used"
    if params.permanent_water is None:
        raise InputError(
            what, "there is no raster of permanent water", "Give it with --permanent-water."
        )
    number = r"(\d+(?:\.\d+)?)"
    match = re.fullmatch(rf"\s*{number}(?:\s*-\s*{number})?\s*", text)
    if match is None:
        raise InputError(
            what, "they are neither a number nor a range", "Write them like 3, or 75-100."
        )
    least, most = float(match[1]), float(match[2] or match[1])
    if not least <= most < math.inf:
        raise InputError(what, f"{match[1]} is above {match[2]}", "Write the lower one first.")
    return least, most


def doubt_permanent(params: FloodParams, inputs: MapInputs) -> list[str]:
    """A warning where the map of permanent water is more than no and yes, and nobody said what its
    numbers mean.

    Agencies' maps code "not water" and "no data" with numbers above 0, which would hide every
    flood.
    """
    if params.permanent_water is None or params.permanent_values is not None:
        return []
    with StackReader(inputs.path) as reader:
        for window in split_windows(inputs.grid.shape, 1024):
            seen = reader.read(inputs.places[inputs.bands[PERMANENT]], window)
            odd = seen[(seen > 0) & (seen != 1)]
            if odd.size:
                return [
                    f"{params.permanent_water} holds other numbers than 0 and 1 "
                    f"({odd.flat[0]:g}): all above 0 were taken for "
                    "permanent water. If some mean something else, say which are water with "
                    "--permanent-values"
                ]
    return []


def flood_parameters(params: FloodParams) -> dict[str, Any]:
    """The limits that were used, for the provenance."""
    found: dict[str, Any] = {}
    if params.permanent_values is not None:
        found["permanent_values"] = params.permanent_values
    if params.hand is not None:
        found["hand_limit_m"] = params.hand_limit
    if params.slope is not None:
        found["slope_limit_deg"] = params.slope_limit
    return found
