"""Areas and distances on the ground, against equal-area projections around the place."""

from __future__ import annotations

import math

import numpy as np
import pytest
from osgeo import osr

from firstlight.core.algorithms.masks import dilation_radius
from firstlight.core.gdal.crs import LONLAT, horizontal, same_crs, spatial_reference
from firstlight.core.raster.grid import Window
from firstlight.core.raster.pixel_area import (
    edge_areas,
    ground_of,
    largest_pixel_m2,
    pixel_area_m2,
    pixel_size_m,
)
from firstlight.core.types import Grid

TILTED = (8.0, 6.0, 1800000.0, 6.0, -8.0, 8399737.0)
GRIDS = {
    "web map at 50 N": Grid("EPSG:3857", (10, 0, 1800000, 0, -10, 6446275), (120, 120)),
    "web map at 60 N": Grid("EPSG:3857", (10, 0, 1800000, 0, -10, 8399737), (120, 120)),
    "web map of Europe": Grid("EPSG:3857", (2e4, 0, -1e6, 0, -2e4, 1.1e7), (300, 200)),
    "a tilted web map": Grid("EPSG:3857", TILTED, (120, 120)),
    "a web map upside down": Grid("EPSG:3857", (10, 0, 1800000, 0, 10, 8398537), (120, 120)),
    "plate carrée": Grid("EPSG:32662", (10, 0, 1800000, 0, -10, 6680000), (120, 120)),
    "conformal Europe": Grid("EPSG:3034", (100, 0, 3500000, 0, -100, 2500000), (700, 900)),
    "around the pole": Grid("EPSG:3413", (500, 0, -4e5, 0, -500, 4e5), (1600, 1600)),
    "feet of California": Grid("EPSG:2225", (30, 0, 6500000, 0, -30, -1500000), (200, 200)),
    "UTM far from its zone": Grid("EPSG:32631", (100, 0, 1500000, 0, -100, 5300000), (300, 300)),
    "across the antimeridian": Grid("EPSG:3832", (20, 0, 3330000, 0, -20, 5000000), (200, 200)),
    "degrees from 0 to 360": Grid("EPSG:4326", (0.001, 0, 200, 0, -0.001, 60), (90, 90)),
    "tilted degrees": Grid("EPSG:4326", (0.0008, 0.0006, 16, 0.0006, -0.0008, 60), (90, 90)),
}


def corners(window: Window) -> np.ndarray:
    """Closed ring of a window, counter-clockwise in pixels, (5, 2): column, row."""
    top, left = window.row, window.col
    bottom, right = top + window.rows, left + window.cols
    return np.array([(left, top), (left, bottom), (right, bottom), (right, top), (left, top)])


def place(grid: Grid, ring: np.ndarray) -> np.ndarray:
    """Columns and rows → x and y."""
    a, b, c, d, e, f = grid.transform
    col, row = ring[:, 0], ring[:, 1]
    return np.column_stack([a * col + b * row + c, d * col + e * row + f])


def equal_area(grid: Grid, ring: np.ndarray) -> float:
    """Area of a ring in an equal-area projection around its first point, edges drawn finely."""
    edges = np.linspace(ring[:-1], ring[1:], 400, endpoint=False, axis=1).reshape(-1, 2)
    points = place(grid, edges)
    degrees = osr.CoordinateTransformation(spatial_reference(grid.crs), spatial_reference(LONLAT))
    lon, lat, _ = degrees.TransformPoint(*points[0])
    laea = f"+proj=laea +lat_0={lat} +lon_0={lon} +ellps={ellipsoid(grid)} +units=m"
    move = osr.CoordinateTransformation(spatial_reference(grid.crs), spatial_reference(laea))
    x, y = np.array(move.TransformPoints(points.tolist()))[:, :2].T
    return float(abs(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2)


def ellipsoid(grid: Grid) -> str:
    return "GRS80" if grid.crs in ("EPSG:3034", "EPSG:2225") else "WGS84"


@pytest.mark.parametrize("name", GRIDS)
def test_a_rectangle_is_as_large_as_on_the_ellipsoid(name: str) -> None:
    grid = GRIDS[name]
    rows, cols = grid.shape
    ground = ground_of(grid)
    assert ground is not None
    part = Window(rows // 3, cols // 4, rows // 2, cols // 3)
    for window in (Window(0, 0, rows, cols), part):
        right = equal_area(grid, corners(window))
        assert ground.mean(window) * window.rows * window.cols == pytest.approx(right, rel=1e-4)
    by_rows = sum(pixel_area_m2(grid, row, 1) or 0.0 for row in range(rows)) * cols
    assert by_rows == pytest.approx(ground.mean(Window(0, 0, rows, cols)) * rows * cols, rel=1e-9)
    assert largest_pixel_m2(grid) >= ground.mean(part)


@pytest.mark.parametrize("name", GRIDS)
def test_an_outline_is_as_large_as_its_pixels(name: str) -> None:
    """An L of pixels, its corners in either direction."""
    grid = GRIDS[name]
    ring = np.array([(10, 20), (10, 70), (60, 70), (60, 50), (30, 50), (30, 20), (10, 20)], float)
    right = equal_area(grid, ring)
    for way in (ring, ring[::-1]):
        level = way[:-1, 1] == way[1:, 1]
        begin, end, line = way[:-1][level, 0], way[1:][level, 0], way[:-1][level, 1]
        [area] = edge_areas(grid)(begin, end, line, np.array([0]))
        assert area == pytest.approx(right, rel=1e-4)


@pytest.mark.parametrize(
    "grid",
    [
        Grid("EPSG:32633", (10, 0, 600000, 0, -10, 4800000), (10980, 10980)),
        Grid("EPSG:32631", (10, 0, 99960, 0, -10, 109800), (10980, 10980)),  # the outermost tile
        Grid("EPSG:3035", (20, 0, 4e6, 0, -20, 3e6), (5000, 5000)),
        Grid("EPSG:27700", (10, 0, 4e5, 0, -10, 4e5), (5000, 5000)),
        Grid("EPSG:32633+5773", (10, 0, 600000, 0, -10, 4800000), (100, 100)),
    ],
    ids=lambda grid: grid.crs,
)
def test_pixels_of_utm_and_of_equal_area_count_as_drawn(grid: Grid) -> None:
    """So that a hectare stays a hundred pixels of 10 m, and a map the bytes it has."""
    side = grid.resolution[0]
    assert pixel_area_m2(grid, 7, 3) == side**2
    assert pixel_size_m(grid) == (side, side)
    window = Window(0, 0, *grid.shape)
    right = equal_area(grid, corners(window)) / (grid.shape[0] * grid.shape[1])
    assert side**2 == pytest.approx(right, rel=0.004)


@pytest.mark.parametrize("name", [name for name in GRIDS if GRIDS[name].shape == (120, 120)])
def test_metres_of_a_dilation_are_metres_of_the_ground(name: str) -> None:
    """Against the chord between the middles of neighbouring pixels."""
    grid = GRIDS[name]
    down, along = dilation_radius(100, grid)
    size = pixel_size_m(grid)
    assert size == pytest.approx((100 / down, 100 / along))
    points = place(grid, np.array([(60, 60), (60, 61), (61, 60)]))
    move = osr.CoordinateTransformation(spatial_reference(grid.crs), spatial_reference("EPSG:4978"))
    here, below, beside = np.array(
        [move.TransformPoint(float(x), float(y), 0.0) for x, y in points]
    )
    sides = np.linalg.norm(below - here), np.linalg.norm(beside - here)
    assert size == pytest.approx(sides, rel=2e-3)
    assert all(own <= side * (1 + 1e-6) for own, side in zip(size, sides))  # never too few


def test_a_grid_that_leaves_the_earth_has_no_areas() -> None:
    disc = "+proj=geos +h=35785831 +lon_0=0 +ellps=WGS84 +units=m"
    assert ground_of(Grid(disc, (3000, 0, -5.5e6, 0, -3000, 5.5e6), (3667, 3667))) is None
    assert pixel_area_m2(Grid(disc, (3000, 0, -6e5, 0, -3000, 6e5), (400, 400)), 200, 1) is not None


def test_equal_area_that_leaves_the_earth_counts_as_drawn() -> None:
    """Tiles at the rim of MODIS' sinusoidal grid."""
    sinusoidal = "+proj=sinu +R=6371007.181 +units=m"
    grid = Grid(sinusoidal, (5e3, 0, -2.0e7, 0, -5e3, 6e6), (400, 400))
    area = pixel_area_m2(grid, 0, 400)
    assert area is None or area == pytest.approx(25e6)


def test_a_vertical_part_is_no_part_of_a_grid() -> None:
    assert horizontal("EPSG:32633+5773") == "EPSG:32633"
    assert horizontal("EPSG:7415") == "EPSG:28992"
    assert horizontal("EPSG:4979") == "EPSG:4326"
    assert horizontal("EPSG:32633") == "EPSG:32633"
    assert horizontal("no such system") == "no such system"
    assert same_crs("EPSG:32633+5773", "EPSG:32633")
    assert same_crs("EPSG:26910+6360", "EPSG:26910+5703")
    assert not same_crs("EPSG:32633+5773", "EPSG:32634+5773")


def test_the_whole_earth_in_degrees() -> None:
    whole = Grid("EPSG:4326", (1, 0, -180, 0, -1, 90), (180, 360))
    ground = ground_of(whole)
    assert ground is not None
    total = ground.mean(Window(0, 0, 180, 360)) * 180 * 360
    assert total == pytest.approx(510_065_621.7e6, rel=1e-8)
    assert math.isclose(total, float(ground.rectangles((0, 180), (0, 360))))
