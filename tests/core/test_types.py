"""The values: areas, queries, footprints in square kilometres, JSON forms."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstlight.core.errors import AreaError, InputError
from firstlight.core.types import (
    Aoi,
    BandAsset,
    Finding,
    Grid,
    Radiometry,
    SceneItem,
    SearchQuery,
    ValidationReport,
    format_time,
)

DAY = datetime(2024, 6, 1, tzinfo=timezone.utc)


def test_a_box_keeps_its_bounds_and_closes_its_ring() -> None:
    aoi = Aoi.from_bounds(7, 46, 8, 47)
    assert aoi.bounds == (7, 46, 8, 47)
    assert aoi.boxes == ((7, 46, 8, 47),)
    ring = aoi.geometry["coordinates"][0]
    assert ring[0] == ring[-1]
    assert len(ring) == 5


def test_a_box_across_the_antimeridian_has_a_part_on_each_side() -> None:
    aoi = Aoi.from_bounds(170, -10, -170, 10)
    assert aoi.geometry["type"] == "MultiPolygon"
    assert aoi.boxes == ((170, -10, 180, 10), (-180, -10, -170, 10))
    assert aoi.bounds == (170, -10, -170, 10)


@pytest.mark.parametrize(
    ("edges", "sentence"),
    [
        ((7, 47, 8, 46), "The area 7,47,8,46 cannot be used: south 47 is above north 46."),
        ((7, 46, 7, 47), "The area 7,46,7,47 cannot be used: it is empty."),
        ((7, 46, 8, 46), "The area 7,46,8,46 cannot be used: it is empty."),
        (
            (-181, 46, 8, 47),
            "The area -181,46,8,47 cannot be used: an edge lies outside -180..180 or -90..90 "
            "degrees.",
        ),
        (
            (7, -91, 8, 47),
            "The area 7,-91,8,47 cannot be used: an edge lies outside -180..180 or -90..90 "
            "degrees.",
        ),
        (
            (7, 46, float("nan"), 47),
            "The area 7,46,nan,47 cannot be used: an edge is not a number.",
        ),
        (
            (7, 46, float("inf"), 47),
            "The area 7,46,inf,47 cannot be used: an edge is not a number.",
        ),
    ],
)
def test_an_unusable_box_is_named(edges: tuple[float, float, float, float], sentence: str) -> None:
    with pytest.raises(AreaError) as caught:
        Aoi.from_bounds(*edges)
    assert str(caught.value) == f"{sentence} Give west,south,east,north in degrees."


@pytest.mark.parametrize(
    ("geometry", "why"),
    [
        ({"type": "Point", "coordinates": [7, 46]}, "it is a Point"),
        ({}, "it is a thing without a type"),
        ({"type": "Polygon", "coordinates": []}, "it is empty"),
        ({"type": "MultiPolygon", "coordinates": [[]]}, "it is empty"),
        (
            {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]},
            "its surface is zero",
        ),
    ],
)
def test_an_unusable_geometry_is_named(geometry: dict[str, object], why: str) -> None:
    with pytest.raises(AreaError, match=why):
        Aoi.from_geometry(geometry)


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Polygon"},
        {"type": "Polygon", "coordinates": None},
        {"type": "Polygon", "coordinates": [[0, 0], [1, 1], [1, 0], [0, 0]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, None], [1, 1], [0, 0]]]},
    ],
)
def test_a_malformed_geometry_is_an_area_error(geometry: dict[str, object]) -> None:
    with pytest.raises(AreaError):
        Aoi.from_geometry(geometry)


def test_a_corner_that_is_not_a_number_is_refused() -> None:
    ring = [[0.0, 0.0], [1.0, float("nan")], [1.0, 1.0], [0.0, 0.0]]
    with pytest.raises(AreaError):
        Aoi.from_geometry({"type": "Polygon", "coordinates": [ring]})


def test_west_and_east_that_are_swapped_are_no_journey_round_the_globe() -> None:
    with pytest.raises(
        AreaError, match=r"cannot be used: west 11\.5 lies east of 11\.2\. Swap west and east\."
    ):
        Aoi.from_bounds(11.5, 46.0, 11.2, 47.0)
    assert Aoi.from_bounds(100, -10, -100, 10).boxes == ((100, -10, 180, 10), (-180, -10, -100, 10))


def test_an_area_in_two_parts_at_the_antimeridian_keeps_its_narrow_bounds() -> None:
    split = Aoi.from_bounds(170, -10, -170, 10)
    assert Aoi.from_geometry(split.geometry).boxes == split.boxes


@pytest.mark.parametrize(
    "parts",
    [
        [(-180, -10, 20, 10), (30, -10, 180, 10)],
        [(-180, -10, 180, 10)],
        [(-180, -10, -170, 10), (0, 0, 1, 1), (170, -10, 180, 10)],
    ],
)
def test_no_part_of_an_area_lies_outside_its_boxes(
    parts: list[tuple[float, float, float, float]],
) -> None:
    polygons = [Aoi.from_bounds(*part).geometry["coordinates"] for part in parts]
    boxes = Aoi.from_geometry({"type": "MultiPolygon", "coordinates": polygons}).boxes
    for west, _, east, _ in parts:
        for step in range(21):
            x = west + (east - west) * step / 20
            assert any(box[0] <= x <= box[2] for box in boxes), (x, boxes)


@settings(max_examples=40, deadline=None)
@given(
    west=st.floats(-180, 179),
    south=st.floats(-89, 88),
    width=st.floats(0.01, 1),
    height=st.floats(0.01, 1),
    steps=st.just(200),
)
def test_the_surface_of_a_box_equals_the_geodesic_one(
    west: float, south: float, width: float, height: float, steps: int
) -> None:
    pyproj = pytest.importorskip("pyproj")
    east, north = min(west + width, 180.0), min(south + height, 90.0)
    # The edges follow parallels, which are no geodesics: many corners on them.
    xs = [west + (east - west) * i / steps for i in range(steps + 1)]
    corners = [(x, south) for x in xs] + [(x, north) for x in reversed(xs)]
    area, _ = pyproj.Geod(ellps="WGS84").polygon_area_perimeter(*zip(*corners))
    assert Aoi.from_bounds(west, south, east, north).area_km2 == pytest.approx(
        abs(area) / 1e6, rel=1e-5, abs=1e-7
    )


def test_a_hole_is_taken_off_the_surface() -> None:
    outer = [[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]
    hole = [[0.5, 0.5], [1.5, 0.5], [1.5, 1.5], [0.5, 1.5], [0.5, 0.5]]
    whole, ring = (
        Aoi.from_geometry({"type": "Polygon", "coordinates": rings})
        for rings in ([outer], [outer, hole])
    )
    assert whole.area_km2 - ring.area_km2 == pytest.approx(
        Aoi.from_bounds(0.5, 0.5, 1.5, 1.5).area_km2, rel=1e-9
    )


def test_the_whole_globe_has_the_surface_of_the_ellipsoid() -> None:
    assert Aoi.from_bounds(-180, -90, 180, 90).area_km2 == pytest.approx(510_065_621.7, rel=1e-8)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"end": DAY - timedelta(days=1)},
            "The dates 2024-06-01 to 2024-05-31 cannot be used: the end lies before the start.",
        ),
        (
            {"start": DAY.replace(tzinfo=None)},
            "The dates cannot be used: they carry no time zone. Give UTC times.",
        ),
        ({"limit": 0}, "The limit 0 cannot be used: it must be at least 1."),
    ],
)
def test_an_unusable_query_is_named(change: dict[str, object], sentence: str) -> None:
    good = {
        "aoi": Aoi.from_bounds(7, 46, 8, 47),
        "start": DAY,
        "end": DAY,
        "sensor": "sentinel2",
        "catalog": "sample",
    }
    SearchQuery(**good)  # type: ignore[arg-type]
    with pytest.raises(InputError) as caught:
        SearchQuery(**{**good, **change})  # type: ignore[arg-type]
    assert str(caught.value).startswith(sentence)


def test_times_are_written_in_utc_to_the_second() -> None:
    there = timezone(timedelta(hours=-7))
    assert (
        format_time(datetime(2024, 5, 31, 20, 0, 1, 999999, tzinfo=there)) == "2024-06-01T03:00:01Z"
    )


def test_a_scene_in_json_has_the_specified_fields() -> None:
    asset = BandAsset("nir", "http://x/nir.tif", 10.0, Radiometry())
    scene = SceneItem(
        "a", "sentinel2", "c", "k", DAY, (7, 46, 8, 47), None, 5.0, 32632, 10.0, {"nir": asset}
    )
    told = scene.to_dict()
    specified = {
        *(
            "id",
            "source",
            "datetime",
            "cloud_cover",
            "resolution_m",
            "size_bytes",
            "bbox",
            "priority",
        ),
        *("url", "band_urls", "visualization_url", "missing_bands", "assets"),
    }
    assert specified <= set(told)
    assert told["url"] == "http://x/nir.tif"  # no blue: the first band
    assert told["band_urls"] == {"nir": "http://x/nir.tif"}


def test_a_report_is_good_unless_a_finding_is_an_error() -> None:
    warning, error = Finding("a", "warning", "Odd."), Finding("b", "error", "Bad.")
    assert ValidationReport(Path("x"), (), (warning,)).ok
    report = ValidationReport(Path("x"), ("red",), (warning, error))
    assert not report.ok
    assert report.to_dict()["errors"] == ["Bad."]
    assert report.to_dict()["warnings"] == ["Odd."]
    assert report.to_dict()["is_valid"] is False


def test_a_grid_tells_bounds_and_resolution() -> None:
    grid = Grid("EPSG:32632", (10.0, 0.0, 600000.0, 0.0, -20.0, 5200000.0), (3, 4))
    assert grid.bounds == (600000.0, 5199940.0, 600040.0, 5200000.0)
    assert grid.resolution == (10.0, 20.0)
