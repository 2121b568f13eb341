"""The area in every form that people give it, and the sentence for every form that is wrong."""

from __future__ import annotations

import contextlib
import json
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firstlight.core.discovery.area import parse_area
from firstlight.core.errors import AreaError

SQUARE = {"type": "Polygon", "coordinates": [[[7, 46], [8, 46], [8, 47], [7, 47], [7, 46]]]}
BOX = (7.0, 46.0, 8.0, 47.0)


def feature(geometry: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {}, "geometry": geometry}


@pytest.mark.parametrize(
    "text",
    [
        "7,46,8,47",
        " 7, 46 ,8, 47 ",
        "7 46 8 47",
        "[7, 46, 8, 47]",
        "7.0,4.6e1,8,47",
        "POLYGON((7 46, 8 46, 8 47, 7 47, 7 46))",
        "polygon ((7 46, 8 46, 8 47, 7 47, 7 46))",
        "POLYGON Z ((7 46 1, 8 46 1, 8 47 1, 7 47 1, 7 46 1))",
        "MULTIPOLYGON(((7 46, 8 46, 8 47, 7 47, 7 46)))",
        json.dumps(SQUARE),
        json.dumps(feature(SQUARE)),
        json.dumps({"type": "FeatureCollection", "features": [feature(SQUARE)]}),
        "\n" + json.dumps(SQUARE, indent=2),
    ],
)
def test_every_form_gives_the_same_area(text: str) -> None:
    assert parse_area(text).bounds == BOX


def test_the_features_of_a_collection_are_one_area() -> None:
    other = {"type": "Polygon", "coordinates": [[[10, 46], [11, 46], [11, 47], [10, 47], [10, 46]]]}
    tree = {
        "type": "FeatureCollection",
        "features": [feature(SQUARE), feature(other), feature(None)],
    }
    aoi = parse_area(json.dumps(tree))
    assert aoi.bounds == (7, 46, 11, 47)
    assert aoi.area_km2 == pytest.approx(2 * parse_area("7,46,8,47").area_km2)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The area cannot be used: it is empty."),
        ("   ", "The area cannot be used: it is empty."),
        ("1,2,3", "The area '1,2,3' cannot be used: it has 3 numbers, not 4."),
        ("1,2,3,4,5", "The area '1,2,3,4,5' cannot be used: it has 5 numbers, not 4."),
        ("8,46,8,47", "The area 8,46,8,47 cannot be used: it is empty."),
        ("7,47,8,46", "The area 7,47,8,46 cannot be used: south 47 is above north 46."),
        ("7,46,8,97", "The area 7,46,8,97 cannot be used: an edge lies outside"),
        ("nan,1,2,3", "The area nan,1,2,3 cannot be used: an edge is not a number."),
        (
            "nowhere.gpkg",
            "The area 'nowhere.gpkg' cannot be used: it is no file, no WKT and no coordinates.",
        ),
        (
            "POLYGON",
            "The area 'POLYGON' cannot be used: it is no file, no WKT and no coordinates.",
        ),
        ("POLYGON((0 0, 1 1", "The area POLYGON((0 0, 1 1 cannot be used: it is no valid WKT."),
        ("POLYGON EMPTY", "The area POLYGON EMPTY cannot be used: it is empty."),
        ("POINT(7 46)", "The area POINT(7 46) cannot be used: it is a point, no polygon."),
        (
            "LINESTRING(0 0,1 1)",
            "The area LINESTRING(0 0,1 1) cannot be used: it is a linestring, no polygon.",
        ),
        ("POLYGON((0 0,1 0,2 0,0 0))", "cannot be used: its surface is zero"),
        (
            "POLYGON((170 0,190 0,190 9,170 9,170 0))",
            "The area 170,0,190,9 cannot be used: an edge lies outside",
        ),
        ("{", "The area { cannot be used: it is no valid JSON ("),
        ("{}", "The area {} cannot be used: it has no polygon."),
        ('{"type":"Point","coordinates":[7,46]}', "it has no polygon."),
        ('{"type":"Feature","geometry":null}', "it has no polygon."),
        ('{"type":"FeatureCollection","features":[]}', "it has no polygon."),
        (
            '{"type":"Polygon","coordinates":[[["a","b"],[1,2],[3,4],["a","b"]]]}',
            "it has no polygon.",
        ),
    ],
)
def test_an_unusable_area_is_one_sentence_with_a_hint(text: str, sentence: str) -> None:
    with pytest.raises(AreaError) as caught:
        parse_area(text)
    assert sentence in str(caught.value)
    assert caught.value.hint
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            '{"type":"FeatureCollection","features":null}',
            id="features null",
        ),
        pytest.param('{"features":3}', id="features a number"),
        pytest.param(
            '{"type":"Polygon","coordinates":[[[0,0],[NaN,1],[1,1],[0,0]]]}',
            id="NaN in GeoJSON",
        ),
        pytest.param(
            "SRID=4326;POLYGON((" + "1 2," * 200 + "1 2))",
            id="a text longer than a file name may be",
        ),
        pytest.param(
            "~nosuchuser/area.gpkg",
            id="the home of nobody",
        ),
        pytest.param("a\0b", id="a zero byte"),
    ],
)
def test_odd_text_is_an_area_error_too(text: str) -> None:
    with pytest.raises(AreaError):
        parse_area(text)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.one_of(
        st.text(alphabet="0123456789.,-+eE naif[]() ", max_size=30),
        st.text(alphabet=string.printable, max_size=40),
    )
)
@example("1e400,0,1,1")
@example("(((")
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        aoi = parse_area(text)
    except AreaError:
        return
    assert aoi.area_km2 >= 0


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-200, 200)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["type", "coordinates", "features", "geometry", "crs"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.thorough
@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.dictionaries(
        st.sampled_from(["type", "coordinates", "features", "geometry"]), json_values, min_size=1
    )
)
@example({"features": None})
def test_no_json_breaks_the_parser(tree: dict[str, Any]) -> None:
    with contextlib.suppress(AreaError):
        parse_area(json.dumps(tree))


def write_vector(path: Path, driver: str, epsg: int | None, *wkts: str) -> Path:
    from osgeo import ogr, osr

    reference = None
    if epsg is not None:
        reference = osr.SpatialReference()
        reference.ImportFromEPSG(epsg)
    dataset = ogr.GetDriverByName(driver).CreateDataSource(str(path))
    layer = dataset.CreateLayer("area", reference, ogr.wkbUnknown)
    for wkt in wkts:
        feature = ogr.Feature(layer.GetLayerDefn())
        if wkt:
            feature.SetGeometry(ogr.CreateGeometryFromWkt(wkt))
        layer.CreateFeature(feature)
    return path


def test_a_geojson_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "area.geojson"
    path.write_text(json.dumps(feature(SQUARE)), encoding="utf-8")
    assert parse_area(str(path)).bounds == BOX


def test_a_geopackage_in_utm_comes_out_in_degrees(tmp_path: Path) -> None:
    pyproj = pytest.importorskip("pyproj")
    box = "POLYGON((600000 5100000,610000 5100000,610000 5110000,600000 5110000,600000 5100000))"
    aoi = parse_area(str(write_vector(tmp_path / "area.gpkg", "GPKG", 32632, box)))
    assert aoi.area_km2 == pytest.approx(100, rel=0.002)
    corners = aoi.geometry["coordinates"][0]
    # A transverse Mercator of our own: distances between the corners on the ellipsoid, over the
    # scale on this meridian.
    length = pyproj.Geod(ellps="WGS84").line_length(
        [corners[0][0], corners[1][0]], [corners[0][1], corners[1][1]]
    )
    assert length == pytest.approx(10000, rel=0.001)
    assert 10 < aoi.bounds[0] < 11
    assert 46 < aoi.bounds[1] < 47


def test_a_file_with_latitude_first_is_read_the_right_way_round(tmp_path: Path) -> None:
    path = write_vector(tmp_path / "area.gpkg", "GPKG", 4326, "POLYGON((7 46,8 46,8 47,7 47,7 46))")
    assert parse_area(str(path)).bounds == pytest.approx(BOX)


def test_lines_and_empty_features_in_a_file_do_not_disturb(tmp_path: Path) -> None:
    path = write_vector(
        tmp_path / "area.gpkg",
        "GPKG",
        4326,
        "LINESTRING(0 0,1 1)",
        "",
        "POLYGON((7 46,8 46,8 47,7 47,7 46))",
    )
    assert parse_area(str(path)).bounds == pytest.approx(BOX)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda p: write_vector(p / "a.gpkg", "GPKG", 4326), "it has no polygon"),
        (lambda p: write_vector(p / "a.gpkg", "GPKG", 4326, "POINT(7 46)"), "it has no polygon"),
        (
            lambda p: write_vector(
                p / "a.shp", "ESRI Shapefile", None, "POLYGON((7 46,8 46,8 47,7 46))"
            ),
            "it has no coordinate system. Assign one, or give lon/lat.",
        ),
        (lambda p: p, "cannot be used"),
    ],
    ids=["no feature", "a point", "no coordinate system", "a folder"],
)
def test_a_file_that_is_no_area_is_named(tmp_path: Path, make: Any, why: str) -> None:
    path = make(tmp_path)
    with pytest.raises(AreaError) as caught:
        parse_area(str(path))
    assert str(path) in str(caught.value)
    assert why in str(caught.value)


def test_a_text_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello", encoding="utf-8")
    with pytest.raises(AreaError, match=r"notes\.txt cannot be used"):
        parse_area(str(path))


@pytest.mark.parametrize("text", ["POLYGON((0 0", "{}", "POINT(1 1)"])
def test_it_is_the_same_when_another_plugin_switched_exceptions_on(text: str) -> None:
    from osgeo import ogr

    before = ogr.GetUseExceptions()
    ogr.UseExceptions()
    try:
        with pytest.raises(AreaError):
            parse_area(text)
    finally:
        (ogr.UseExceptions if before else ogr.DontUseExceptions)()


@pytest.mark.parametrize("text", ["~\x00", "~\x00/a.geojson", "~nobody\x00x", "\x00"])
def test_a_name_that_nobody_can_have_is_no_area(text: str) -> None:
    with pytest.raises(AreaError):
        parse_area(text)
