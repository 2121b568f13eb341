"""Exact shares of pixels, against OGR's own intersections and naive counts."""

from __future__ import annotations

import math

import numpy as np
import pytest

from firstlight.core.exposure.lattice import Masses, cells, cover, cut, oriented

RANDOM = np.random.default_rng(7)


def polygon(points: list[tuple[float, float]]) -> str:
    ring = ", ".join(f"{x:.12f} {y:.12f}" for x, y in (*points, points[0]))
    return f"POLYGON(({ring}))"


def ring(points: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    closed = np.array([*points, points[0]], float)
    return closed[:, 0], closed[:, 1]


def star(corners: int, middle: tuple[float, float], size: float) -> list[tuple[float, float]]:
    """Around its middle, so that it does not cross itself."""
    angles = (np.arange(corners) + RANDOM.uniform(0, 0.4, corners)) * 2 * math.pi / corners
    reach = RANDOM.uniform(0.3, 1.0, corners) * size
    return [
        (middle[0] + r * math.cos(a), middle[1] + r * math.sin(a)) for a, r in zip(angles, reach)
    ]


def by_ogr(points: list[tuple[float, float]], shape: tuple[int, int]) -> np.ndarray:
    from osgeo import ogr

    whole = ogr.CreateGeometryFromWkt(polygon(points))
    shares = np.zeros(shape)
    for row in range(shape[0]):
        for col in range(shape[1]):
            box = polygon([(col, row), (col + 1, row), (col + 1, row + 1), (col, row + 1)])
            shares[row, col] = whole.Intersection(ogr.CreateGeometryFromWkt(box)).GetArea()
    return shares


@pytest.mark.parametrize("corners", [3, 5, 12, 40])
@pytest.mark.parametrize("middle", [(6.0, 5.0), (0.5, 9.3), (11.0, -0.2)])
def test_the_share_of_each_pixel_is_that_of_the_intersection(
    corners: int, middle: tuple[float, float]
) -> None:
    points = star(corners, middle, 5.5)
    shares = cover([oriented(ring(points), outer=True)], (10, 12))
    np.testing.assert_allclose(shares, by_ogr(points, (10, 12)), atol=1e-9)
    backwards = cover([oriented(ring(points[::-1]), outer=True)], (10, 12))
    np.testing.assert_allclose(backwards, shares, atol=1e-12)


def test_a_hole_is_left_out() -> None:
    outer, inner = [(1, 1), (8, 1), (8, 8), (1, 8)], [(3.5, 3), (6, 3), (6, 6.25), (3.5, 6.25)]
    rings = [oriented(ring(outer), outer=True), oriented(ring(inner), outer=False)]
    shares = cover(rings, (10, 10))
    assert shares.sum() == pytest.approx(49 - 2.5 * 3.25)
    some = [shares[2, 3], shares[3, 3], shares[4, 4], shares[6, 5]]
    assert some == pytest.approx([1, 0.5, 0, 0.75])


def test_mass_in_the_cells_of_a_slanting_lattice_is_that_of_the_intersections() -> None:
    mask = RANDOM.uniform(size=(2, 12, 14)).round(2)
    down, along = np.mgrid[0:5, 0:6].astype(float)
    cols = -1.3 + 2.7 * along + 0.4 * down + 0.1 * along * down
    rows = -0.8 + 3.1 * down - 0.3 * along
    mass, size = Masses(mask).in_cells(cols, rows)
    for row in range(4):
        for col in range(5):
            corners = [(row, col), (row, col + 1), (row + 1, col + 1), (row + 1, col)]
            shares = by_ogr([(cols[place], rows[place]) for place in corners], (12, 14))
            expected = (mask * shares).sum(axis=(1, 2))
            np.testing.assert_allclose(mass[:, row, col], expected, atol=1e-9)
    flipped, same = Masses(mask).in_cells(cols[::-1], rows[::-1])
    np.testing.assert_allclose(flipped[:, ::-1], mass, atol=1e-9)
    np.testing.assert_allclose(same[::-1], size)


def test_the_mass_of_a_lattice_that_is_the_raster_is_the_raster() -> None:
    mask = RANDOM.uniform(size=(1, 6, 7))
    rows, cols = np.mgrid[0:7, 0:8].astype(float)
    mass, size = Masses(mask).in_cells(cols, rows)
    np.testing.assert_allclose(mass, mask)
    np.testing.assert_allclose(size, 1)


def test_pieces_lie_in_one_pixel_and_are_the_whole() -> None:
    x0, x1, y0, y1 = RANDOM.uniform(-3, 9, (4, 200))
    x1[:5], y1[5:9] = x0[:5], y0[5:9]  # upright and level ones
    x0[9:12], x1[9:12] = 2.0, 2.0  # along a line between pixels
    pieces = cut((x0, x1), (y0, y1))
    assert np.bincount(pieces.segment, pieces.share) == pytest.approx(np.ones(200))
    half = pieces.share / 2 * np.abs((x1 - x0)[pieces.segment])
    assert (np.floor(pieces.col - half + 1e-9) >= np.ceil(pieces.col + half - 1e-9) - 1).all()
    row, column, on = cells(pieces, (6, 6))
    inside = (pieces.row >= 0) & (pieces.row < 6) & (pieces.col >= 0) & (pieces.col < 6)
    assert (on == inside).all()
    assert row.min() >= 0
    assert column.max() <= 5
