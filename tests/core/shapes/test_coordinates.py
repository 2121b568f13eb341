"""Coordinates in every form that people paste, and a circle on the ground."""

from __future__ import annotations

import math

import pytest

from firstlight.core.discovery.area import parse_area
from firstlight.core.errors import AreaError
from firstlight.core.shapes.circle import CORNERS, circle
from firstlight.core.shapes.coordinates import read_coordinates

BERN = (7.4474, 46.9481)
MINUTES = (7 + 26 / 60 + 50.64 / 3600, 46 + 56 / 60 + 53.16 / 3600)


@pytest.mark.parametrize(
    "text",
    [
        "46.9481N 7.4474E",
        "N46.9481 E7.4474",
        "7.4474 E, 46.9481 N",
        "46.9481° N, 7.4474° E",
        "46,9481 N 7,4474 E",
        "46,9481°N; 7,4474°E",
        "lat 46.9481 lon 7.4474",
        "Latitude: 46.9481, Longitude: 7.4474",
        "lng=7.4474 lat=46.9481",
        "geo:46.9481,7.4474",
        "https://www.openstreetmap.org/#map=12/46.9481/7.4474",
        "https://www.google.com/maps/@46.9481,7.4474,12z",
    ],
)
def test_decimal_degrees(text: str) -> None:
    written = read_coordinates(text)
    assert written is not None
    assert written.points == (pytest.approx(BERN),)
    assert not written.guessed


@pytest.mark.parametrize(
    "text",
    [
        "46°56'53.16\"N 7°26'50.64\"E",
        "46° 56′ 53.16″ N, 7° 26′ 50.64″ E",
        "N 46 56 53.16 E 7 26 50.64",
        "46 56 53.16 N 7 26 50.64 E",
        "46:56:53.16N 7:26:50.64E",
        "46°56.886'N 7°26.844'E",
        "N46 56,886 E7 26,844",
    ],
)
def test_degrees_with_minutes_and_seconds(text: str) -> None:
    written = read_coordinates(text)
    assert written is not None
    assert written.points == (pytest.approx(MINUTES, abs=1e-6),)


@pytest.mark.parametrize(
    ("text", "point", "guessed"),
    [
        ("46.9481, 7.4474", BERN, True),
        ("46.9481 7.4474", BERN, True),
        ("46°56.886' 7°26.844'", MINUTES, True),
        ("-33.8688, 151.2093", (151.2093, -33.8688), False),
        ("151.2093 -33.8688", (151.2093, -33.8688), False),
        ("33.8688S 151.2093E", (151.2093, -33.8688), False),
        ("12.5S, 70.25W", (-70.25, -12.5), False),
    ],
)
def test_the_order_is_taken_from_the_numbers_or_said_to_be_guessed(
    text: str, point: tuple[float, float], guessed: bool
) -> None:
    written = read_coordinates(text)
    assert written is not None
    assert written.points == (pytest.approx(point, abs=1e-6),)
    assert written.guessed is guessed


@pytest.mark.parametrize(
    ("text", "radius"),
    [
        ("46.9481N 7.4474E 5 km", 5),
        ("46.9481N 7.4474E, 500m", 0.5),
        ("46.9481N 7.4474E radius 2,5 km", 2.5),
        ("46.9481N 7.4474E r=10mi", 16.09344),
        ("46.9481N 7.4474E", None),
    ],
)
def test_a_radius(text: str, radius: float | None) -> None:
    written = read_coordinates(text)
    assert written is not None
    assert written.radius_km == (None if radius is None else pytest.approx(radius))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("47O 11N", "O is east in German, and west in French and Spanish. Write E or W."),
        ("-47S 11E", "a sign and a letter say the same thing twice"),
        ("46°75'N 7°20'E", "its minutes or seconds are none"),
        ("46.5°30'N 7°20'E", "its minutes or seconds are none"),
        ("100 100", "no order of latitude and longitude fits its numbers"),
        ("95N 7E", "95 north, 7 east is no place on the globe"),
        ("46N 7E 8N", "it has 3 coordinates, not pairs of them"),
        ("46N 7N", "it is not said whether they are north or east"),
        ("1 2 3 4 5 N 6 E", "a coordinate of 5 numbers is none"),
    ],
)
def test_what_is_no_place_is_one_sentence(text: str, why: str) -> None:
    with pytest.raises(AreaError) as caught:
        read_coordinates(text)
    assert why in str(caught.value)


@pytest.mark.parametrize("text", ["", "Vienna", "12N", "47.5", "fire.gpkg", "46N 7E hello"])
def test_other_texts_are_no_coordinates(text: str) -> None:
    assert read_coordinates(text) is None


def test_a_point_is_a_circle_where_somebody_is_told_and_refused_elsewhere() -> None:
    told: list[str] = []
    aoi = parse_area("46.9481, 7.4474", told.append)
    assert told == [
        "Read as 5 km around 46.948° N, 7.4474° E (latitude first); write “10 km” behind it for "
        "another."
    ]
    assert aoi.area_km2 == pytest.approx(math.pi * 25, rel=1e-3)
    with pytest.raises(AreaError, match="it does not say which number is the latitude"):
        parse_area("46.9481, 7.4474")
    with pytest.raises(AreaError, match="it is one point"):
        parse_area("46.9481N 7.4474E")
    told.clear()
    assert (
        parse_area("46.9481N 7.4474E 5 km", told.append)
        == aoi
        == parse_area("46.9481N 7.4474E 5 km")
    )
    assert told == [], "it says all there is to say"


def test_two_corners_are_a_box_and_more_a_polygon() -> None:
    told: list[str] = []
    assert parse_area("46N 7E 47N 8E", told.append).bounds == (7, 46, 8, 47)
    triangle = parse_area("46 7; 46 8; 47 8", told.append)
    assert triangle.geometry["coordinates"] == [[[7, 46], [8, 46], [8, 47], [7, 46]]]
    assert told[1] == "Read as 3 corners, the first at 46° N, 7° E (latitude first)."
    with pytest.raises(AreaError, match="it has 2 points and one radius"):
        parse_area("46N 7E 47N 8E 5 km")


@pytest.mark.parametrize(("lon", "lat"), [(7.4, 46.9), (0.0, 0.0), (-70.0, -54.0), (25.0, 78.0)])
def test_a_circle_is_true_on_the_ellipsoid(lon: float, lat: float) -> None:
    pyproj = pytest.importorskip("pyproj")
    ring = circle(lon, lat, 50.0)["coordinates"][0]
    assert len(ring) == CORNERS + 1
    geod = pyproj.Geod(ellps="WGS84")
    lengths = [geod.inv(lon, lat, *corner)[2] for corner in ring]
    assert lengths == pytest.approx([50_000.0] * len(ring), abs=0.01)


def test_a_circle_may_cross_the_antimeridian_but_no_pole() -> None:
    aoi = parse_area("17S 179.9E 50 km")
    west, _, east, _ = aoi.bounds
    assert west > 179 > -179 > east
    assert aoi.area_km2 == pytest.approx(math.pi * 2500, rel=1e-3)
    with pytest.raises(AreaError, match="it reaches over a pole"):
        parse_area("89.99N 0E 5 km")
    for radius in ("0", "5000"):
        with pytest.raises(AreaError, match="is not between 0 and 1000 km"):
            parse_area(f"46N 7E {radius} km")
