"""Outlines of rasters on the globe: bent edges, the antimeridian, the poles."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from rasterio.warp import transform

from firstlight.core.shapes.footprint import footprint
from firstlight.core.types import Grid


def utm(epsg: int, x: float, y: float, size: float = 109800.0) -> Grid:
    return Grid(f"EPSG:{epsg}", (size / 100, 0.0, x, 0.0, -size / 100, y), (100, 100))


def surface(ring: list[list[float]]) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring)) / 2


def placed(grid: Grid) -> tuple[Any, Any]:
    found = footprint(grid)
    assert found is not None
    return found


def test_edges_are_bent_as_they_are_on_the_globe() -> None:
    geometry, bbox = placed(utm(32633, 300000.0, 7800000.0))
    [ring] = geometry["coordinates"]
    assert surface(ring) > 0
    middle = transform("EPSG:32633", "EPSG:4326", [300000.0 + 54900], [7800000.0])
    assert min(abs(p[0] - middle[0][0]) + abs(p[1] - middle[1][0]) for p in ring) < 1e-6
    corners = transform("EPSG:32633", "EPSG:4326", [300000.0, 409800.0], [7800000.0, 7800000.0])
    assert bbox[3] == pytest.approx(corners[1][1])
    assert (
        middle[1][0] > (corners[1][0] + corners[1][1]) / 2 + 0.005
    )  # straight between corners it would be half a kilometre off


def test_a_raster_in_degrees_is_its_own_outline() -> None:
    geometry, bbox = placed(Grid("EPSG:4326", (0.5, 0.0, 10.0, 0.0, -0.5, 50.0), (4, 6)))
    assert bbox == (10.0, 48.0, 13.0, 50.0)
    assert surface(geometry["coordinates"][0]) == pytest.approx(6.0)


@pytest.mark.parametrize(
    "grid",
    [
        utm(32601, 399960.0, 7200000.0, 400000.0),
        utm(32660, 500040.0, 7200000.0, 400000.0),
        utm(32701, 99960.0, 8100040.0),
    ],
)
def test_across_the_antimeridian_there_are_two_parts(grid: Grid) -> None:
    geometry, (west, south, east, north) = placed(grid)
    if geometry["type"] == "Polygon":  # this tile ends before it
        assert west < east
        return
    assert west > 0 > east
    parts = [polygon[0] for polygon in geometry["coordinates"]]
    assert len(parts) == 2
    assert all(surface(ring) > 0 for ring in parts)
    xs = [np.array(ring)[:, 0] for ring in parts]
    assert sorted([xs[0].max(), xs[1].max()])[1] == 180.0
    assert min(xs[0].min(), xs[1].min()) == -180.0
    assert all(np.ptp(x) < 20 for x in xs)
    ys = np.concatenate([np.array(ring)[:, 1] for ring in parts])
    assert (ys.min(), ys.max()) == pytest.approx((south, north))


def test_a_degree_grid_beyond_180_is_brought_back() -> None:
    geometry, bbox = placed(Grid("EPSG:4326", (1.0, 0.0, 178.0, 0.0, -1.0, 10.0), (5, 6)))
    assert bbox == (178.0, 5.0, -176.0, 10.0)
    assert sorted(surface(polygon[0]) for polygon in geometry["coordinates"]) == pytest.approx(
        [10.0, 20.0]
    )


@pytest.mark.parametrize(("epsg", "south", "north"), [(3995, 60, 90), (3031, -90, -60)])
def test_around_a_pole_all_longitudes_count(epsg: int, south: float, north: float) -> None:
    geometry, bbox = placed(Grid(f"EPSG:{epsg}", (1e4, 0.0, -1e6, 0.0, -1e4, 1e6), (200, 200)))
    assert (bbox[0], bbox[2]) == (-180.0, 180.0)
    assert south <= bbox[1] < bbox[3] <= north
    assert {north, south} & {bbox[1], bbox[3]}
    assert surface(geometry["coordinates"][0]) > 0


def test_a_grid_from_nowhere_has_no_outline() -> None:
    assert footprint(Grid("", (1.0, 0.0, 0.0, 0.0, 1.0, 0.0), (5, 5))) is None
    assert footprint(Grid("EPSG:32632", (1e9, 0.0, 1e12, 0.0, -1e9, 1e12), (5, 5))) is None


def test_one_pixel_has_an_outline() -> None:
    geometry, _ = placed(Grid("EPSG:32632", (10.0, 0.0, 600000.0, 0.0, -10.0, 5200000.0), (1, 1)))
    assert surface(geometry["coordinates"][0]) > 0
