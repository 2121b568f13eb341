"""Places between two grids: near enough to the exact ones, and the same to the last bit whatever
window is asked.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from firstlight.core.mosaic.interpolation import blend, find_fours, pick_nearest
from firstlight.core.mosaic.lattice import MAX_ERROR_PX, STEPS, Lattice, make_lattice
from firstlight.core.mosaic.on_grid import placed_window
from firstlight.core.raster.grid import Window
from firstlight.core.types import Grid
from support.grids import exact_places, grid_at

Floats = npt.NDArray[np.float64]


def put_together(lattice: Lattice, window: Window) -> tuple[Floats, Floats]:
    rows, cols = np.full((2, window.rows, window.cols), np.nan)
    for strip, down, right in lattice.strips(window):
        rows[strip], cols[strip] = down, right
    return rows, cols


PAIRS = {
    "two zones": (
        grid_at(12, 47, 32633, (700, 900), 10),
        grid_at(11.98, 47.01, 32632, (640, 800), 10),
    ),
    "two zones, far north": (
        grid_at(12, 80, 32633, (700, 900), 10),
        grid_at(11.9, 80.01, 32632, (640, 800), 10),
    ),
    "two zones, south": (
        grid_at(180, -17, 32760, (700, 900), 10),
        grid_at(179.99, -16.99, 32701, (640, 800), 10),
    ),
    "another pixel size": (
        grid_at(9, 47, 32632, (350, 450), 20),
        grid_at(9, 46.99, 32632, (300, 400), 10),
    ),
    "from degrees": (
        Grid("EPSG:4326", (1e-4, 0, 11.9, 0, -1e-4, 47.1), (900, 900)),
        grid_at(11.92, 47.08, 32632, (500, 500), 10),
    ),
}


@pytest.mark.parametrize(("source", "target"), PAIRS.values(), ids=PAIRS.keys())
def test_places_are_those_of_each_pixel_within_a_hundredth(source: Grid, target: Grid) -> None:
    part = placed_window(source, target)
    assert part is not None
    lattice = make_lattice(source, target, part)
    assert lattice is not None
    found, exact = put_together(lattice, part), exact_places(source, target, part)
    assert max(np.abs(one - other).max() for one, other in zip(found, exact)) < 1.2 * MAX_ERROR_PX
    top, left, bottom, right = lattice.bounds(part)
    assert top <= found[0].min()
    assert left <= found[1].min()
    assert bottom >= found[0].max()
    assert right >= found[1].max()


@pytest.mark.parametrize(("source", "target"), PAIRS.values(), ids=PAIRS.keys())
def test_a_window_changes_no_bit(source: Grid, target: Grid) -> None:
    part = placed_window(source, target)
    assert part is not None
    lattice = make_lattice(source, target, part)
    assert lattice is not None
    whole = put_together(lattice, part)
    for row, col, rows, cols in (
        (0, 0, 1, 1),
        (0, 0, 64, 64),
        (63, 1, 130, 65),
        (77, 13, 5, 200),
        (200, 150, 97, 1),
    ):
        some = put_together(lattice, Window(part.row + row, part.col + col, rows, cols))
        for one, other in zip(some, whole):
            np.testing.assert_array_equal(one, other[row : row + rows, col : col + cols])


def test_nodes_are_nearer_where_lines_bend() -> None:
    source, target = (
        grid_at(12, 47, 32633, (400, 400), 2000),
        grid_at(12, 47, 32632, (390, 390), 2000),
    )
    part = placed_window(source, target)
    assert part is not None
    lattice = make_lattice(source, target, part)
    assert lattice is not None
    assert lattice.step < STEPS[0], "64 pixels are 128 km"
    found, exact = put_together(lattice, part), exact_places(source, target, part)
    assert max(np.abs(one - other).max() for one, other in zip(found, exact)) < 1.2 * MAX_ERROR_PX


def test_there_is_no_lattice_where_no_line_is_straight() -> None:
    around_the_pole = Grid(
        "EPSG:3413", (10_000.0, 0, -500_000.0, 0, -10_000.0, 500_000.0), (100, 100)
    )
    degrees = Grid("EPSG:4326", (0.05, 0, -180.0, 0, -0.05, 90.0), (100, 7200))
    assert make_lattice(degrees, around_the_pole, Window(0, 0, 100, 100)) is None


def test_the_ratio_is_that_of_the_pixels() -> None:
    fine, coarse = grid_at(9, 47, 32632, (400, 400), 10), grid_at(9, 47, 32632, (100, 100), 30)
    lattice = make_lattice(fine, coarse, Window(0, 0, 100, 100))
    assert lattice is not None
    assert lattice.ratio == pytest.approx(3.0)


@pytest.mark.parametrize(("source", "target"), PAIRS.values(), ids=PAIRS.keys())
def test_what_lies_between_four_pixels_is_blended_of_them(source: Grid, target: Grid) -> None:
    """Strips share their arrays: each pixel's four and its place between them are its own."""
    part = placed_window(source, target)
    assert part is not None
    lattice = make_lattice(source, target, part)
    assert lattice is not None
    rows, cols = put_together(lattice, part)
    corner = (int(rows.min()) - 2, int(cols.min()) - 2)
    shape = (int(rows.max()) - corner[0] + 3, int(cols.max()) - corner[1] + 3)
    down, right = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    plane = (3 * (down + corner[0]) + 5 * (right + corner[1])).astype(np.float32)
    found = blend(plane, find_fours(shape, corner, lattice, part))
    np.testing.assert_allclose(found, 3 * rows + 5 * cols, rtol=0, atol=2e-3)
    numbers = (down * shape[1] + right).astype(np.int32)
    nearest = np.floor(rows + 0.5) - corner[0], np.floor(cols + 0.5) - corner[1]
    picked = pick_nearest(numbers, corner, lattice, part)
    np.testing.assert_array_equal(picked, nearest[0] * shape[1] + nearest[1])
