"""Areas in another coordinate system: edges straight in degrees, bent elsewhere, in one accuracy
for all who ask.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from firstlight.core.errors import RasterError
from firstlight.core.gdal.area_outline import area_bounds, placed_bounds, project_area
from firstlight.core.gdal.projection import project_points
from support.gdal_exceptions import gdal_exceptions


def box(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


@pytest.mark.parametrize(
    ("crs", "lon", "lat"),
    [("EPSG:32632", 8, 60), ("EPSG:32732", 8, -60), ("EPSG:3413", -46, 72), ("EPSG:3857", 8, 60)],
)
def test_long_edges_follow_the_ground_to_two_centimetres(crs: str, lon: float, lat: float) -> None:
    """Straight between corners, an edge of 2 degrees at 60 degrees north is 260 m off."""
    [[ring]] = project_area(box(lon, lat, lon + 2, lat + 1), crs)["coordinates"]
    drawn = np.array(ring)
    share = np.linspace(0, 1, 4001)
    xs, ys = project_points("EPSG:4326", crs, lon + 2 * share, np.full(4001, lat + 1.0))
    # the distance of each exact point from the nearest piece of the outline
    start, step = drawn[:-1], np.diff(drawn, axis=0)
    for x, y in list(zip(xs, ys))[::37]:
        along = ((x - start[:, 0]) * step[:, 0] + (y - start[:, 1]) * step[:, 1]) / (step**2).sum(
            axis=1
        )
        near = start + np.clip(along, 0, 1)[:, None] * step
        assert np.hypot(near[:, 0] - x, near[:, 1] - y).min() < 0.02


def test_bounds_hold_the_bulge_of_an_edge() -> None:
    area = box(8, 59, 10, 60)
    share = np.linspace(0, 1, 20001)
    _, ys = project_points("EPSG:4326", "EPSG:32632", 8 + 2 * share, np.full(20001, 59.0))
    left, bottom, right, top = area_bounds(area, "EPSG:32632")
    assert bottom == pytest.approx(ys.min(), abs=0.02)
    corners = project_points("EPSG:4326", "EPSG:32632", [8, 10], [59, 59])[1]
    assert corners.min() - bottom > 50
    assert left < right < 700000
    assert bottom < top


def test_holes_and_parts_are_kept() -> None:
    hole = box(8.4, 59.4, 8.6, 59.6)["coordinates"][0]
    area = {
        "type": "MultiPolygon",
        "coordinates": [
            [box(8, 59, 9, 60)["coordinates"][0], hole],
            box(10, 59, 11, 60)["coordinates"],
        ],
    }
    shape = project_area(area, "EPSG:32632")
    assert [len(rings) for rings in shape["coordinates"]] == [2, 1]


def test_a_ring_that_is_open_is_closed() -> None:
    closed = box(8, 59, 9, 60)
    open_ = {"type": "Polygon", "coordinates": [closed["coordinates"][0][:-1]]}
    assert project_area(open_, "EPSG:32632") == project_area(closed, "EPSG:32632")


@pytest.fixture(params=["off", "on"])
def exceptions(request: pytest.FixtureRequest) -> Iterator[None]:
    """GDAL's exceptions, as another plugin may have set them."""
    with gdal_exceptions(request.param == "on"):
        yield


def test_one_point_without_a_place_leaves_the_others_theirs(exceptions: None) -> None:
    xs, ys = project_points("EPSG:4326", "+proj=ortho +lat_0=0 +lon_0=0", [9, 170, 20], [47, 0, 0])
    assert np.isfinite(xs).tolist() == np.isfinite(ys).tolist() == [True, False, True]


def test_what_has_no_place_is_refused_or_left_out(exceptions: None) -> None:
    half = box(-170, 10, 170, 20)
    flat = "+proj=ortho +lat_0=0 +lon_0=0"
    with pytest.raises(RasterError, match="it reaches too far from it"):
        project_area(half, flat)
    with pytest.raises(RasterError, match="it reaches too far from it"):
        area_bounds(half, flat)
    bounds = placed_bounds(half, flat)
    assert bounds is not None
    assert np.isfinite(bounds).all()
    assert placed_bounds(box(170, 10, 175, 20), flat) is None


def test_an_unknown_system_is_named() -> None:
    with pytest.raises(RasterError, match="The coordinate system EPSG:99999 cannot be used"):
        project_points("EPSG:4326", "EPSG:99999", [8.0], [60.0])
