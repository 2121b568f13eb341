"""Flood rules: every combination of before, after and always, and where water cannot stand."""

from __future__ import annotations

import numpy as np
import pytest

from firstlight.core.algorithms.flood import (
    HAND,
    PERMANENT,
    PERMANENT_WATER,
    SLOPE,
    WATER_BEFORE,
    FloodRules,
    new_water,
    permanent_water,
    refine_water,
    usual_state,
)

NAN = float("nan")


@pytest.mark.parametrize(
    ("before", "after", "always", "flooded"),
    [
        (0, 0, 0, 0),
        (0, 1, 0, 1),
        (0, 1, NAN, 1),  # a map of permanent water knows nothing there
        (0, 1, 1, PERMANENT_WATER),
        (0, 255, 0, 255),
        (1, 0, 0, 0),
        (1, 1, 0, WATER_BEFORE),
        (1, 255, 0, 255),
        (255, 0, 0, 0),  # dry now, whatever was before
        (255, 1, 0, 255),  # water now: nobody knows whether it is new
        (255, 1, 1, PERMANENT_WATER),  # always water: not new
        (255, 255, 1, 255),
    ],
)
def test_new_water(before: int, after: int, always: float, flooded: int) -> None:
    codes = [np.array([[code]], np.uint8) for code in (before, after)]
    assert (
        new_water(
            *codes, permanent_water({PERMANENT: np.array([[always]], np.float32)}, FloodRules())
        )[0, 0]
        == flooded
    )
    if not always > 0:
        assert new_water(*codes)[0, 0] == flooded


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (None, [0, 1, 1, 1, 1, 0]),
        (((3, 3),), [0, 0, 0, 1, 0, 0]),
        (((1, 1), (3, 200)), [0, 1, 0, 1, 0, 0]),
    ],
)
def test_which_numbers_mean_permanent_water(
    values: tuple[tuple[float, float], ...] | None, found: list[int]
) -> None:
    """Of yearly classes: no data, not water, seasonal, permanent; and a fill value."""
    seen = np.array([[0, 1, 2, 3, 255, NAN]], np.float32)
    always = permanent_water({PERMANENT: seen}, FloodRules(permanent_values=values))
    assert always is not None
    assert always.astype(int).tolist() == [found]
    assert permanent_water({}, FloodRules(permanent_values=values)) is None


@pytest.mark.parametrize(("name", "limit"), [("terrain.hand", 15.0), ("terrain.slope", 15.0)])
def test_water_above_the_limit_is_none(name: str, limit: float) -> None:
    codes = np.array([[1, 1, 1, 1, 0, 255]], np.uint8)
    terrain = np.array([[0, limit, limit + 0.01, NAN, 99, 99]], np.float32)
    assert refine_water(codes, {name: terrain}, FloodRules()).tolist() == [[1, 1, 0, 1, 0, 255]]
    assert codes.tolist() == [[1, 1, 1, 1, 0, 255]]


def test_both_limits_hold_and_are_the_callers() -> None:
    codes = np.ones((1, 3), np.uint8)
    values = {
        "terrain.hand": np.array([[5, 5, 1]], np.float32),
        "terrain.slope": np.array([[1, 9, 9]], np.float32),
    }
    assert refine_water(codes, values, FloodRules(4, 20)).tolist() == [[0, 0, 1]]
    assert refine_water(codes, values, FloodRules(20, 8)).tolist() == [[1, 0, 0]]
    assert refine_water(codes, {}, FloodRules()).tolist() == [[1, 1, 1]]


@pytest.mark.parametrize("void", [-9999.0, -32768.0, 9999.0, 32767.0, 65535.0, 3.4e38, np.nan])
@pytest.mark.parametrize("name", [HAND, SLOPE])
def test_a_number_that_is_no_height_leaves_the_water(name: str, void: float) -> None:
    terrain = np.array([[0, 20, void]], np.float32)
    codes = np.ones((1, 3), np.uint8)
    assert refine_water(codes, {name: terrain}, FloodRules()).tolist() == [[1, 0, 1]]


def test_what_the_map_of_usual_water_leaves_open_is_dry_or_by_the_users_word_not_observed() -> None:
    seen = np.array([[0, 1, 5, np.nan]], np.float32)
    shape = (1, 4)
    for unseen, expected in (
        ((), [0, 0, 0, 0]),
        ((5.0,), [0, 0, 255, 0]),
        ((5.0, float("nan")), [0, 0, 255, 255]),
    ):
        state = usual_state({PERMANENT: seen}, FloodRules(unseen_values=unseen), shape)
        assert state.tolist() == [expected]
    rules = FloodRules(unseen_values=(5.0,))
    assert usual_state({}, rules, shape).tolist() == [[0, 0, 0, 0]]
    always = permanent_water({PERMANENT: seen}, rules)
    assert always is not None
    assert always.tolist() == [[False, True, False, False]]
