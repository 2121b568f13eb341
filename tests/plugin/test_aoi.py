"""Rectangles on maps of many kinds → lon/lat."""

from __future__ import annotations

import pytest
import rasterio
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorFileWriter,
)
from rasterio.warp import transform_bounds

from firstlight.core.discovery.area import parse_area
from firstlight.core.errors import AreaError
from firstlight.core.types import Aoi
from firstlight.plugin import aoi as aoi_module
from firstlight.plugin.aoi import area_of_canvas, area_of_layer, area_of_rectangle, lonlat_bounds
from support.polygon_layer import add_polygons, box_wkt, l_shape

WORLD = (-180.0, -90.0, 180.0, 90.0)


def bounds(edges, crs):
    return lonlat_bounds(QgsRectangle(*edges), QgsCoordinateReferenceSystem(crs))


@pytest.mark.parametrize(
    ("crs", "edges", "expected"),
    [
        ("EPSG:4326", (10, 45, 11, 46), (10, 45, 11, 46)),
        ("EPSG:4326", (-1, 50, 1, 51), (-1, 50, 1, 51)),
        ("", (10, 45, 11, 46), (10, 45, 11, 46)),  # a project without a system
        (
            "EPSG:4326",
            (170, -20, 190, -10),
            (170, -20, -170, -10),
        ),  # panned across the antimeridian
        ("EPSG:4326", (-190, -20, -170, -10), (170, -20, -170, -10)),
        ("EPSG:4326", (350, 1, 352, 2), (-10, 1, -8, 2)),
        ("EPSG:4326", (-200, -95, 200, 95), WORLD),
        ("EPSG:3857", (-100000, 6000000, 100000, 6200000), (-0.8983, 47.3537, 0.8983, 48.5569)),
        (
            "EPSG:3857",
            (19500000, -2300000, 20500000, -1800000),
            (175.1715, -20.2275, -175.8454, -15.9592),
        ),
        ("EPSG:3857", (-3e7, -2e7, 3e7, 2e7), (-180, -85.0228, 180, 85.0228)),
        (
            "EPSG:3832",
            (2800000, -2200000, 3400000, -1500000),
            (175.1528, -19.5031, -179.4573, -13.4389),
        ),
        (
            "EPSG:32719",
            (300000, 7000000, 400000, 7100000),
            (-71.0175, -27.1188, -70.0010, -26.2056),
        ),
        (
            "EPSG:3413",
            (-1000000, -1000000, 1000000, 1000000),
            (-180, 76.9988, 180, 90),
        ),  # the pole inside
        ("EPSG:3413", (-1000000, 1000000, 1000000, 2000000), (90, 69.5688, 180, 80.7878)),
        ("EPSG:3031", (-1000000, -1000000, 1000000, 1000000), (-180, -90, 180, -77.0374)),
    ],
)
def test_bounds(crs, edges, expected):
    assert bounds(edges, crs) == pytest.approx(expected, abs=2e-3)


def test_a_whole_world_in_a_narrow_projection_does_not_fail():
    assert bounds((-1e9, -1e9, 1e9, 1e9), "EPSG:32719") == WORLD


def test_an_empty_rectangle_is_refused_with_a_sentence():
    with pytest.raises(AreaError) as caught:
        bounds((5, 5, 5, 5), "EPSG:4326")
    assert (
        str(caught.value)
        == "The area cannot be used: it is empty. Zoom the map to a place, or draw a rectangle."
    )


def test_a_rectangle_beyond_the_pole_is_refused():
    with pytest.raises(AreaError, match="The area cannot be used: it lies off the globe"):
        area_of_rectangle(QgsRectangle(0, 95, 1, 96), QgsCoordinateReferenceSystem("EPSG:4326"))


def test_an_area_across_the_antimeridian_has_two_parts():
    aoi = area_of_rectangle(
        QgsRectangle(19500000, -2300000, 20500000, -1800000),
        QgsCoordinateReferenceSystem("EPSG:3857"),
    )
    assert aoi.geometry["type"] == "MultiPolygon"
    assert len(aoi.boxes) == 2


def test_canvas(desktop):
    desktop.canvas.resize(400, 400)
    desktop.canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:32632"))
    desktop.canvas.setExtent(QgsRectangle(500000, 5200000, 510000, 5210000))
    west, south, east, north = area_of_canvas(desktop.canvas).bounds
    assert west <= 9.0 < 9.13 <= east
    assert south <= 46.954 < 47.04 <= north


def test_layer(stack_file):
    layer = QgsRasterLayer(str(stack_file), "stack")
    QgsProject.instance().addMapLayer(layer)
    with rasterio.open(stack_file) as raster:  # another program's answer
        expected = transform_bounds(raster.crs, "EPSG:4326", *raster.bounds)
    assert area_of_layer(layer).bounds == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32632", "EPSG:3857"])
def test_the_polygons_of_a_layer_are_the_area(crs):
    box = Aoi.from_bounds(9, 45, 10, 46)
    aoi = area_of_layer(add_polygons(*l_shape(*box.bounds), crs=crs))
    assert aoi.bounds == pytest.approx(box.bounds, abs=2e-3)
    assert aoi.area_km2 == pytest.approx(0.75 * box.area_km2, rel=0.01)


def test_the_same_area_comes_from_the_layer_and_from_its_file(tmp_path):
    layer = add_polygons(*l_shape(9, 45, 10, 46))
    path = tmp_path / "l.gpkg"
    QgsVectorFileWriter.writeAsVectorFormatV3(
        layer,
        str(path),
        QgsProject.instance().transformContext(),
        QgsVectorFileWriter.SaveVectorOptions(),
    )
    drawn, read = area_of_layer(layer), parse_area(str(path))
    assert drawn.bounds == read.bounds
    assert drawn.area_km2 == pytest.approx(read.area_km2, rel=1e-12)


def test_of_a_layer_the_selected_polygons_count():
    layer = add_polygons(*l_shape(9, 45, 10, 46))
    layer.selectByIds([2])
    assert area_of_layer(layer).bounds == (9, 45.5, 9.5, 46)


def test_a_layer_with_very_many_polygons_is_refused_for_its_box_was_not_asked_for(monkeypatch):
    layer = add_polygons(*l_shape(9, 45, 10, 46))
    monkeypatch.setattr(aoi_module, "MOST_POLYGONS", 1)
    with pytest.raises(AreaError, match=r"more than 1 polygons\. Select some of them"):
        area_of_layer(layer)
    layer.selectByIds([2])
    assert area_of_layer(layer).bounds == (9, 45.5, 9.5, 46)


def test_a_polygon_across_the_antimeridian_has_a_part_on_each_side():
    edges = (2800000, -2200000, 3400000, -1500000)
    aoi = area_of_layer(add_polygons(*l_shape(*edges), crs="EPSG:3832", given_in="EPSG:3832"))
    assert aoi.bounds == pytest.approx((175.1528, -19.5031, -179.4573, -13.4389), abs=2e-3)
    assert aoi.geometry["type"] == "MultiPolygon"
    assert aoi.area_km2 == pytest.approx(0.75 * Aoi.from_bounds(*aoi.bounds).area_km2, rel=0.02)


def test_longitudes_beyond_180_are_brought_onto_the_globe():
    aoi = area_of_layer(add_polygons(box_wkt(190, -20, 191, -19)))
    assert aoi.bounds == pytest.approx((-170, -20, -169, -19))


def test_a_layer_without_a_polygon_is_refused():
    with pytest.raises(AreaError, match="The area cannot be used: it is empty"):
        area_of_layer(add_polygons())
