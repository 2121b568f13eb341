"""Water that a flood adds to the water before it, and ground on which water cannot stand.

Maps of water are codes: 0 dry, 1 water, 255 not observed. Maps of floods also tell apart 2, water
all the year round by the map of it that was given, and 3, water on the date before. The rules are
the same for radar and optical water.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .kernel import NOT_OBSERVED, Layer, MapClass, Values

Codes = npt.NDArray[np.uint8]
DRY, WATER, PERMANENT_WATER, WATER_BEFORE = 0, 1, 2, 3
WATER_CLASSES = (
    MapClass(DRY, "Dry (observed)", (240, 238, 228)),
    MapClass(WATER, "Water", (31, 92, 191)),
)
FLOOD_CLASSES = (
    MapClass(DRY, "Not flooded (observed)", (240, 238, 228)),
    MapClass(WATER, "Flooded", (214, 47, 39)),
)
PERMANENT_CLASS = MapClass(PERMANENT_WATER, "Permanent water", (8, 64, 129))
BEFORE_CLASS = MapClass(WATER_BEFORE, "Water before the event", (107, 174, 214))
WATER_LAYER = Layer("water", "Water", (0, NOT_OBSERVED), "water", WATER_CLASSES)
FLOODED_LAYER = Layer("flooded", "Flooded", (0, NOT_OBSERVED), "flooded", FLOOD_CLASSES)
HAND, SLOPE, PERMANENT = "terrain.hand", "terrain.slope", "permanent.water"
"""Names of the extra rasters in the joined stack."""
HAND_LIMIT_M = 15.0
"""Limit of HydroSAR, the water maps of the Alaska Satellite Facility (asf-tools,
``hand_threshold``). Twele et al. 2016 (doi:10.1080/01431161.2016.1192304) leave out high ground the
same way.
"""
SLOPE_LIMIT_DEG = 15.0
"""From where HydroSAR takes no ground for water."""
PLAUSIBLE = {HAND: (-100.0, 9000.0), SLOPE: (0.0, 90.0)}
"""Heights above drainage in metres, and slopes in degrees, that can be. Others, such as 32767 or
-9999, stand for no value although the file does not say so: with 32767 for a height no water would
be left there.
"""


@dataclass(frozen=True)
class FloodRules:
    """Rules for ground on which water cannot stand."""

    hand_limit_m: float = HAND_LIMIT_M
    """Water whose ground lies higher above the nearest drainage is none."""
    slope_limit_deg: float = SLOPE_LIMIT_DEG
    """Water on steeper ground is none."""
    permanent_values: tuple[tuple[float, float], ...] | None = None
    """Ranges of values of the map of permanent water that mean it, both ends among them; None: all
    above 0.
    """
    unseen_values: tuple[float, ...] = ()
    """Its values that say nothing; NaN: also what it declares as no data."""


def refine_water(codes: Codes, values: Values, rules: FloodRules) -> Codes:
    """Water where it can stand: what is too high above the drainage, or too steep, becomes dry.

    Where the terrain is not known (NaN, or not ``PLAUSIBLE``) the map stays as it is, and so does
    all that is not water.

    Parameters
    ----------
    codes : ndarray of uint8, (rows, cols)
        0 dry, 1 water, 255 not observed.
    values : mapping
        May have ``terrain.hand`` in metres and ``terrain.slope`` in degrees, float32 of the same
        shape.
    rules : FloodRules

    Returns
    -------
    ndarray of uint8, (rows, cols)
        A copy.
    """
    refined: Codes = codes.copy()
    for name, limit in ((HAND, rules.hand_limit_m), (SLOPE, rules.slope_limit_deg)):
        if name in values:
            most = np.float32(PLAUSIBLE[name][1])
            with np.errstate(invalid="ignore"):  # NaN is above nothing
                high = (values[name] > np.float32(limit)) & (values[name] <= most)
            refined[(codes == WATER) & high] = DRY
    return refined


def permanent_water(values: Values, rules: FloodRules) -> npt.NDArray[np.bool_] | None:
    """Pixels that the map of permanent water marks, none where it says nothing (NaN); None without
    such a map.
    """
    seen = values.get(PERMANENT)
    if seen is None:
        return None
    with np.errstate(invalid="ignore"):
        if rules.permanent_values is None:
            return np.asarray((seen > 0) & ~np.isin(seen, rules.unseen_values))
        always = np.zeros(seen.shape, np.bool_)
        for least, most in rules.permanent_values:
            always |= (seen >= np.float32(least)) & (seen <= np.float32(most))
        return always


def usual_state(values: Values, rules: FloodRules, shape: tuple[int, ...]) -> Codes:
    """What stands for the state before where no date before is given: dry, and not observed where
    the map of permanent water says nothing by the user's word.
    """
    state = np.full(shape, DRY, np.uint8)
    if PERMANENT in values and rules.unseen_values:
        seen = values[PERMANENT]
        unseen = np.isin(seen, rules.unseen_values)
        if any(map(math.isnan, rules.unseen_values)):
            unseen |= np.isnan(seen)
        state[unseen] = NOT_OBSERVED
    return state


def with_usual_water(layer: Layer, permanent: bool, before: bool) -> Layer:
    """A layer of a flood with the classes of water that is none, as far as they can be told: by a
    map of permanent water, by a date before.
    """
    known = ((PERMANENT_CLASS, permanent), (BEFORE_CLASS, before))
    classes = tuple(each for each, told in known if told)
    return replace(layer, classes=(*layer.classes, *classes))


def new_water(before: Codes, after: Codes, permanent: npt.NDArray[np.bool_] | None = None) -> Codes:
    """Water that was not there before: the flood.

    Parameters
    ----------
    before, after : ndarray of uint8, (rows, cols)
        0 dry, 1 water, 255 not observed.
    permanent : ndarray of bool, (rows, cols), optional
        Where there is water all the year round: :func:`permanent_water`.

    Returns
    -------
    ndarray of uint8, (rows, cols)
        0 not flooded: dry now; 1 flooded; 2 permanent water, whatever this date shows of it; 3
        water before and now; 255 not observed: now, or water now of which nobody knows whether it
        was there before.
    """
    flooded = np.full(after.shape, NOT_OBSERVED, np.uint8)
    flooded[after == DRY] = DRY
    now = after == WATER
    flooded[now & (before == WATER)] = WATER_BEFORE
    flooded[now & (before == DRY)] = WATER
    if permanent is not None:
        flooded[permanent & (after != NOT_OBSERVED)] = PERMANENT_WATER
    return flooded
