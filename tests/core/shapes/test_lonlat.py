"""Outlines in longitude and latitude, as RFC 7946 wants them, against GDAL and the ellipsoid."""

from __future__ import annotations

import json

import numpy as np
import pytest

from firstlight.core.errors import RasterError
from firstlight.core.shapes.lonlat import lonlat_area, lonlat_outline, multipolygon, polygons_of
from support.geojson_rules import Points, check_rfc7946, geodesic_area


def wkb(*rings: Points) -> bytes:
    from osgeo import ogr

    tree = json.dumps({"type": "Polygon", "coordinates": rings})
    return bytes(ogr.CreateGeometryFromJson(tree).ExportToWkb())


def box(left: float, bottom: float, right: float, top: float) -> Points:
    return [[left, bottom], [left, top], [right, top], [right, bottom], [left, bottom]]


def test_rings_are_turned_and_a_hole_stays_a_hole() -> None:
    outline = wkb(box(500000, 4600000, 503000, 4603000), box(501000, 4601000, 502000, 4602000))
    geometry = lonlat_outline(outline, "EPSG:32632")
    assert geometry is not None
    check_rfc7946(geometry)
    assert len(geometry["coordinates"]) == 2
    assert geodesic_area(geometry) == pytest.approx(8e6 / 0.9996**2, rel=2e-4)


@pytest.mark.parametrize("crs", ["EPSG:32601", "EPSG:3832"])
def test_across_the_antimeridian_it_is_cut_into_two(crs: str) -> None:
    from firstlight.core.gdal.projection import project_points

    middle = project_points("EPSG:4326", crs, [180.0], [60.0])
    x, y = float(middle[0][0]), float(middle[1][0])
    hole = box(x - 5000, y - 5000, x + 5000, y + 5000)
    outline = wkb(box(x - 40000, y - 40000, x + 40000, y + 40000), hole)
    geometry = lonlat_outline(outline, crs)
    assert geometry is not None
    check_rfc7946(geometry)
    west, east = polygons_of(geometry)
    assert {max(p[0] for p in west[0]), min(p[0] for p in east[0])} == {180.0, -180.0}
    scale = 0.9996 if crs == "EPSG:32601" else 1 / np.cos(np.radians(60))
    assert geodesic_area(geometry) == pytest.approx(63e8 / scale**2, rel=0.02)


def test_around_a_pole_it_reaches_the_pole() -> None:
    geometry = lonlat_outline(wkb(box(-1e5, -1e5, 1e5, 1e5)), "EPSG:3413")
    assert geometry is not None
    check_rfc7946(geometry)
    points = [point for rings in polygons_of(geometry) for point in rings[0]]
    assert max(y for _, y in points) == 90
    lons = [x for x, _ in points]
    assert (min(lons), max(lons)) == (-180, 180)


def test_long_edges_follow_those_of_the_map() -> None:
    """A straight edge of 100 km on a UTM map, against GDAL with a point at each metre."""
    from osgeo import ogr, osr

    outline = wkb(box(300000, 6600000, 400000, 6610000))
    geometry = lonlat_outline(outline, "EPSG:32632", digits=9)
    assert geometry is not None
    dense = ogr.CreateGeometryFromWkb(outline)
    dense.Segmentize(10)
    systems = [osr.SpatialReference() for _ in range(2)]
    for system, code in zip(systems, (32632, 4326)):
        system.ImportFromEPSG(code)
        system.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    dense.Transform(osr.CoordinateTransformation(*systems))
    ours = ogr.CreateGeometryFromWkb(multipolygon(geometry))
    differs = ours.SymDifference(dense).GetArea()
    coarse = ogr.CreateGeometryFromWkb(outline)
    coarse.Transform(osr.CoordinateTransformation(*systems))
    assert differs < 6e-6 * dense.GetArea(), "three centimetres along its edges"
    assert coarse.SymDifference(dense).GetArea() > 1e-4 * dense.GetArea(), "else nothing is shown"


@pytest.mark.parametrize(
    ("west", "east", "parts"),
    [
        (175.0, 185.0, 2),
        (-185.0, -175.0, 2),
        (355.0, 359.0, 1),
        (170.0, 180.0, 1),
        (180.0, 190.0, 1),
    ],
)
def test_degrees_beyond_the_antimeridian_come_back(west: float, east: float, parts: int) -> None:
    geometry = lonlat_outline(wkb(box(west, 10, east, 11)), "EPSG:4326")
    assert geometry is not None
    check_rfc7946(geometry)
    assert len(polygons_of(geometry)) == parts
    width = sum(
        max(x for x, _ in rings[0]) - min(x for x, _ in rings[0]) for rings in polygons_of(geometry)
    )
    assert width == pytest.approx(east - west)


def test_a_wide_area_in_degrees_is_no_crossing_of_the_antimeridian() -> None:
    geometry = lonlat_area({"type": "Polygon", "coordinates": [box(-170, -60, 170, 60)]})
    assert geometry is not None
    assert geometry["type"] == "Polygon"
    assert {x for x, _ in geometry["coordinates"][0]} == {-170, 170}


def test_what_is_too_small_for_the_digits_is_left_out() -> None:
    tiny = box(9, 45, 9.0000001, 45.0000001)
    assert lonlat_area({"type": "Polygon", "coordinates": [tiny]}) is None
    both = {"type": "MultiPolygon", "coordinates": [[tiny], [box(9, 45, 10, 46), tiny]]}
    kept = lonlat_area(both)
    assert kept is not None
    assert kept["type"] == "Polygon"
    assert len(kept["coordinates"]) == 1


def test_a_corner_without_a_place_on_the_globe_is_refused() -> None:
    with pytest.raises(RasterError, match="no place on the globe"):
        lonlat_outline(wkb(box(1e9, 1e9, 1e9 + 100, 1e9 + 100)), "EPSG:3035")
