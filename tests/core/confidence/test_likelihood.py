"""The likelihood of single pixels, against its formula computed with numbers one by one."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import pytest

from firstlight.core.confidence.likelihood import CELL, distance_from, likelihood_percent
from firstlight.core.confidence.noise import Noise

Bools = npt.NDArray[np.bool_]


def one_by_one(
    distance: npt.NDArray[np.float32], affected: Bools, seen: Bools, margin: int, leaks: bool
) -> npt.NDArray[np.float64]:
    """The formula of docs/algorithms.md, without rounding; 255 where nothing was seen."""
    rows, cols = distance.shape
    result = np.full(distance.shape, 255.0)
    for row, col in zip(*np.nonzero(seen)):
        square = ((row - margin) // CELL, (col - margin) // CELL)
        around = [
            (row + down, col + right)
            for down in (-1, 0, 1)
            for right in (-1, 0, 1)
            if (down or right) and 0 <= row + down < rows and 0 <= col + right < cols
        ]
        around = [
            (y, x) for y, x in around if ((y - margin) // CELL, (x - margin) // CELL) == square
        ]
        near = [affected[place] for place in around if seen[place]]
        rim = len(near) < len(around)
        own = bool(affected[row, col])
        share = sum(one == own for one in near) / len(near) if near else 5 / 8
        evidence = (share - 5 / 8) * (4.0 if share > 5 / 8 else 9.6)
        d = float(np.clip(distance[row, col], -4, 4))
        d = round(d * 32) / 32
        odds_off = 0.0
        if rim:
            most = 1.5 if leaks and own else 2.0
            d, evidence = min(max(d, -most), most), min(evidence, 0.0)
            odds_off = 2.0 if leaks and own else 0.0
        normal = NormalDist().cdf(d)
        said = math.log(normal / (1 - normal)) - odds_off + (evidence if own else -evidence)
        result[row, col] = 100 / (1 + math.exp(-said))
    return result


@pytest.mark.parametrize("margin", [0, 3])
@pytest.mark.parametrize("leaks", [False, True])
def test_it_is_the_formula(margin: int, leaks: bool) -> None:
    random = np.random.default_rng(margin)
    shape = (CELL + 14, 2 * CELL + 5)
    distance = random.normal(0, 2.5, shape).astype(np.float32)
    affected = distance + random.normal(0, 1, shape) > 0
    seen = random.random(shape) > 0.1
    truth = one_by_one(distance, affected, seen, margin, leaks)
    got = likelihood_percent(distance.copy(), affected, seen, margin, leaks)
    assert got.dtype == np.uint8
    assert np.array_equal(got == 255, ~seen)
    assert np.abs(got - truth).max() <= 0.5 + 1e-6


@pytest.mark.parametrize("cut", [CELL, 2 * CELL])
def test_it_does_not_depend_on_the_tiles(cut: int) -> None:
    random = np.random.default_rng(5)
    distance = random.normal(0, 2, (4 * CELL, 40)).astype(np.float32)
    affected, seen = distance > 0.3, random.random(distance.shape) > 0.05
    whole = likelihood_percent(distance.copy(), affected, seen)
    parts = [
        likelihood_percent(distance[part].copy(), affected[part], seen[part])
        for part in (slice(0, cut), slice(cut, None))
    ]
    assert np.array_equal(np.concatenate(parts), whole)


def test_a_halo_gives_the_same_where_its_pixels_are_the_neighbours_own() -> None:
    random = np.random.default_rng(6)
    distance = random.normal(0, 2, (3 * CELL, 3 * CELL)).astype(np.float32)
    affected, seen = distance > 0, random.random(distance.shape) > 0.05
    whole = likelihood_percent(distance.copy(), affected, seen)
    for halo in (1, 7, CELL):
        part = slice(CELL - halo, 2 * CELL + halo)
        wide = likelihood_percent(
            distance[part, part].copy(), affected[part, part], seen[part, part], halo
        )
        inside = slice(halo, -halo)
        middle = slice(CELL, 2 * CELL)
        assert np.array_equal(wide[inside, inside], whole[middle, middle]), halo


def test_a_speck_is_less_sure_than_a_field_and_the_limit_is_even() -> None:
    distance = np.ones((9, 9), np.float32)
    field = np.ones((9, 9), np.bool_)
    speck = np.zeros((9, 9), np.bool_)
    speck[4, 4] = True
    seen = np.ones((9, 9), np.bool_)
    in_field = likelihood_percent(distance.copy(), field, seen)[4, 4]
    alone = likelihood_percent(distance.copy(), speck, seen)[4, 4]
    assert alone < 10 < 84 < in_field
    edge = np.zeros((9, 9), np.bool_)
    edge[:, 4:] = True
    assert likelihood_percent(np.zeros((9, 9), np.float32), edge, seen)[4, 4] == 50


def test_a_known_shift_is_taken_off_the_distance() -> None:
    values = np.array([[0.10, 0.12, 0.17]], np.float32)
    got = distance_from(values, 0.1, Noise(0.03, 0.04, shift=0.02))
    np.testing.assert_allclose(got, [[-0.4, 0.0, 1.0]], atol=1e-5)
