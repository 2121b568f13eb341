"""The share of the area that footprints cover, against surfaces that are counted another way."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from firstlight.core.discovery.area import parse_area
from firstlight.core.discovery.coverage import covered_percent, covered_together
from firstlight.core.types import Aoi

Points = Sequence[tuple[float, float]]
AREA = Aoi.from_bounds(7.0, 46.0, 8.0, 47.0)


def polygon(*corners: tuple[float, float]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[list(point) for point in (*corners, corners[0])]]}


def box(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    return polygon((west, south), (east, south), (east, north), (west, north))


def inside(x: float, y: float, corners: Points) -> bool:
    """Even-odd rule, by counting crossings of a ray to the east."""
    hits = False
    for place, (x1, y1) in enumerate(corners):
        x2, y2 = corners[place - 1]
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            hits = not hits
    return hits


def cell_surface(lat: float) -> float:
    """Of a small cell at a latitude: meridian times parallel radius of the ellipsoid (up to a
    factor).
    """
    e2 = 0.00669437999014
    s = math.sin(math.radians(lat))
    w = math.sqrt(1 - e2 * s * s)
    return (1 - e2) / w**3 * math.cos(math.radians(lat)) / w


def counted_percent(footprints: Sequence[Points], area: Points, steps: int = 200) -> float:
    """By looking at the middles of many small cells: no geometry library, no projection."""
    west, east = min(x for x, _ in area), max(x for x, _ in area)
    south, north = min(y for _, y in area), max(y for _, y in area)
    whole = seen = 0.0
    for row in range(steps):
        y = south + (row + 0.5) / steps * (north - south)
        weight = cell_surface(y)
        for col in range(steps):
            x = west + (col + 0.5) / steps * (east - west)
            if inside(x, y, area):
                whole += weight
                seen += weight * any(inside(x, y, one) for one in footprints)
    return 100 * seen / whole


@pytest.mark.parametrize(
    ("footprint", "percent"),
    [
        (box(6, 45, 9, 48), 100.0),
        (box(7, 46, 8, 47), 100.0),
        (box(7, 46, 7.5, 47), 50.0),
        (box(7.25, 46, 7.5, 47), 25.0),
        (box(8.5, 46, 9, 47), 0.0),
        (box(8, 46, 9, 47), 0.0),  # touches only
        (
            {
                "type": "MultiPolygon",
                "coordinates": [
                    box(7, 46, 7.25, 47)["coordinates"],
                    box(7.75, 46, 8, 47)["coordinates"],
                ],
            },
            50.0,
        ),
        (None, None),
        ({}, None),
        ({"type": "Polygon", "coordinates": []}, None),
        ({"type": "Point", "coordinates": [7.5, 46.5]}, None),
        ({"type": "Polygon", "coordinates": "x"}, None),
        ({"type": "Polygon", "coordinates": [[["a", "b"], [1, 2], [3, 4], ["a", "b"]]]}, None),
    ],
)
def test_share_of_a_box(footprint: Any, percent: float | None) -> None:
    found = covered_percent(footprint, AREA)
    assert found is None if percent is None else found == pytest.approx(percent, abs=1e-6)


def test_the_south_of_an_area_weighs_more_than_its_north() -> None:
    """Half of the degrees is not half of the surface: meridians converge."""
    tall = Aoi.from_bounds(7, 40, 8, 70)
    south = covered_percent(box(7, 40, 8, 55), tall)
    # sines of the latitudes on a sphere; the ellipsoid changes the third digit
    sphere = (math.sin(math.radians(55)) - math.sin(math.radians(40))) / (
        math.sin(math.radians(70)) - math.sin(math.radians(40))
    )
    assert south == pytest.approx(100 * sphere, abs=0.3)
    corners = [(7.0, 40.0), (8.0, 40.0), (8.0, 70.0), (7.0, 70.0)]
    assert south == pytest.approx(
        counted_percent([[(7.0, 40.0), (8.0, 40.0), (8.0, 55.0), (7.0, 55.0)]], corners), abs=0.02
    )


POINT = st.tuples(st.floats(6.5, 8.5), st.floats(45.5, 47.5))


@effort(max_examples=15, deadline=None, derandomize=True)
@given(st.lists(st.tuples(POINT, POINT, POINT), min_size=1, max_size=3))
def test_triangles_cover_what_counting_cells_says(
    triangles: list[tuple[tuple[float, float], ...]],
) -> None:
    corners = [(7.0, 46.0), (8.0, 46.0), (8.0, 47.0), (7.0, 47.0)]
    footprints = [polygon(*one) for one in triangles]
    truth = counted_percent(triangles, corners, steps=80)
    together = covered_together(footprints, AREA)
    assert (together or 0.0) == pytest.approx(truth, abs=1.5)
    single = covered_percent(footprints[0], AREA)
    assert (single or 0.0) == pytest.approx(
        counted_percent(triangles[:1], corners, steps=80), abs=1.5
    )
    assert (together or 0.0) >= (single or 0.0) - 1e-9


def test_an_outline_that_crosses_itself_counts_both_of_its_parts() -> None:
    bow_tie = polygon((7.0, 46.0), (8.0, 47.0), (8.0, 46.0), (7.0, 47.0))
    truth = counted_percent(
        [[(7.0, 46.0), (8.0, 47.0), (8.0, 46.0), (7.0, 47.0)]],
        [(7.0, 46.0), (8.0, 46.0), (8.0, 47.0), (7.0, 47.0)],
    )
    assert truth == pytest.approx(50.0, abs=0.5)
    assert covered_percent(bow_tie, AREA) == pytest.approx(truth, abs=0.3)


@pytest.mark.parametrize("form", ["json", "wkt"])
def test_an_area_that_crosses_itself_is_mended_where_it_is_read(form: str) -> None:
    """By its corners alone its two parts would cancel: no surface, and any share of it would be
    wrong.
    """
    text = {
        "json": '{"type":"Polygon","coordinates":[[[7,46],[8,47],[8,46],[7,47],[7,46]]]}',
        "wkt": "POLYGON ((7 46, 8 47, 8 46, 7 47, 7 46))",
    }[form]
    area = parse_area(text)
    assert area.area_km2 == pytest.approx(AREA.area_km2 / 2, rel=0.01)
    assert covered_percent(box(7, 46, 7.5, 47), area) == pytest.approx(50.0, abs=0.5)
    assert covered_percent(box(6, 45, 9, 48), area) == pytest.approx(100.0)


def test_parts_of_an_area_that_overlap_count_once() -> None:
    area = parse_area(
        "MULTIPOLYGON (((7 46, 8 46, 8 47, 7 47, 7 46)), ((7.5 46, 8.5 46, 8.5 47, 7.5 47, 7.5 "
        "46)))"
    )
    assert area.area_km2 == pytest.approx(AREA.area_km2 * 1.5, rel=1e-6)
    assert covered_percent(box(7, 46, 7.75, 47), area) == pytest.approx(50.0, abs=1e-3)


def test_a_hole_in_the_area_is_not_of_the_area() -> None:
    area = parse_area(
        "POLYGON ((7 46, 8 46, 8 47, 7 47, 7 46), (7.2 46.2, 7.4 46.2, 7.4 46.8, 7.2 46.8, 7.2 "
        "46.2))"
    )
    assert covered_percent(box(7.25, 46.25, 7.35, 46.75), area) == 0.0
    assert covered_percent(box(7.2, 46.2, 7.4, 46.8), area) == pytest.approx(0.0, abs=1e-6)
    assert covered_percent(box(7, 46, 8, 47), area) == pytest.approx(100.0)


OCEAN = Aoi.from_bounds(179.0, -18.0, -179.0, -17.0)


@pytest.mark.parametrize(
    "footprint",
    [
        pytest.param(
            polygon((179.5, -18), (-179.5, -18), (-179.5, -17), (179.5, -17)),
            id="longitudes that jump",
        ),
        pytest.param(
            polygon((179.5, -18), (180.5, -18), (180.5, -17), (179.5, -17)),
            id="longitudes beyond 180",
        ),
        pytest.param(
            polygon((-180.5, -18), (-179.5, -18), (-179.5, -17), (-180.5, -17)),
            id="longitudes beyond -180",
        ),
        pytest.param(
            {
                "type": "MultiPolygon",
                "coordinates": [
                    box(179.5, -18, 180, -17)["coordinates"],
                    box(-180, -18, -179.5, -17)["coordinates"],
                ],
            },
            id="split, as RFC 7946 asks",
        ),
        pytest.param(
            {
                "type": "MultiPolygon",
                "coordinates": [
                    polygon((179.5, -18), (-179.5, -18), (-179.5, -17), (179.5, -17))["coordinates"]
                ],
            },
            id="one part that jumps",
        ),
    ],
)
def test_footprints_across_the_antimeridian(footprint: dict[str, Any]) -> None:
    assert covered_percent(footprint, OCEAN) == pytest.approx(50.0, abs=1e-6)
    assert covered_percent(footprint, Aoi.from_bounds(-10, -18, 10, -17)) == 0.0
    assert covered_together([footprint, box(179, -18, 179.5, -17)], OCEAN) == pytest.approx(
        75.0, abs=1e-6
    )


def test_a_footprint_around_the_whole_globe_covers_everything() -> None:
    assert covered_percent(box(-180, -90, 180, 90), AREA) == pytest.approx(100.0)
    assert covered_percent(box(-180, -90, 180, 90), OCEAN) == pytest.approx(100.0)


def test_the_recorded_tiles_at_the_antimeridian_are_small_and_where_they_are(recorded: Any) -> None:
    """Zone 60, Bering Sea: some of their footprints cross it."""
    items = recorded("planetary-computer/search_s2l2a_33items_20190101")["features"]
    bering, alps = Aoi.from_bounds(165, 50, -165, 70), Aoi.from_bounds(5, 45, 15, 48)
    for item in items:
        assert covered_percent(item["geometry"], alps) == 0.0, item["id"]
        assert 0 < (covered_percent(item["geometry"], bering) or 0.0) < 2, item["id"]


@pytest.mark.parametrize(
    ("footprints", "percent"),
    [
        ([], None),
        ([box(7, 46, 7.5, 47)], 50.0),
        ([box(7, 46, 7.5, 47), box(7.5, 46, 8, 47)], 100.0),
        ([box(7, 46, 7.5, 47), box(7.25, 46, 7.75, 47)], 75.0),
        ([box(7, 46, 7.5, 47), box(20, 46, 21, 47)], 50.0),
        ([box(20, 46, 21, 47)], 0.0),
        ([{"type": "Point", "coordinates": [7, 46]}], None),
    ],
)
def test_footprints_together_count_what_overlaps_once(
    footprints: list[dict[str, Any]], percent: float | None
) -> None:
    found = covered_together(footprints, AREA)
    assert found is None if percent is None else found == pytest.approx(percent, abs=1e-6)
