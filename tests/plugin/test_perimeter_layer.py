"""The perimeter's GeoPackage as QGIS reads it."""

from __future__ import annotations

from datetime import datetime, timezone

import numpy as np
import pytest
from qgis.core import QgsProject, QgsVectorLayer, QgsWkbTypes
from qgis.PyQt.QtCore import QDate

from firstlight.core.operation import LayerOutput
from firstlight.core.products.perimeter import PerimeterFacts, PerimeterRule, write_perimeter
from support.map_layers import add_layers
from support.rasters import write_raster

WHEN = datetime(2024, 8, 1, tzinfo=timezone.utc)


@pytest.fixture
def perimeter(tmp_path):
    classes = np.zeros((40, 40), np.uint8)
    classes[5:15, 5:15] = 4
    classes[20:35, 20:35] = 4
    raster = write_raster(tmp_path / "severity.tif", classes, nodata=255)
    facts = PerimeterFacts("Burned", "dNBR", WHEN, "sentinel2")
    return write_perimeter(raster, tmp_path / "perimeter.gpkg", PerimeterRule((4,)), facts)


def test_qgis_opens_the_outline_first_and_the_patches_by_name(qgis_app, perimeter):
    whole = QgsVectorLayer(str(perimeter.path), "outline", "ogr")
    patches = QgsVectorLayer(f"{perimeter.path}|layername=patches", "patches", "ogr")
    assert whole.isValid()
    assert patches.isValid()
    assert (whole.wkbType(), patches.wkbType()) == (QgsWkbTypes.MultiPolygon, QgsWkbTypes.Polygon)
    assert [layer.crs().authid() for layer in (whole, patches)] == ["EPSG:32632"] * 2
    [feature] = whole.getFeatures()
    assert feature["date"] == QDate(2024, 8, 1)
    assert feature["area_ha"] == pytest.approx(3.25)
    assert sorted(one["area_ha"] for one in patches.getFeatures()) == pytest.approx([1.0, 2.25])
    assert all(
        one.geometry().isGeosValid() for layer in (whole, patches) for one in layer.getFeatures()
    )


def test_the_outline_comes_onto_the_map_with_its_style(qgis_app, perimeter):
    project = QgsProject.instance()
    layers, errors = add_layers(
        [LayerOutput(perimeter.path, "Outline", "perimeter", "Burn severity", WHEN)], project
    )
    assert errors == []
    assert layers[0].featureCount() == 1
    assert (
        not layers[0].renderer().symbol().symbolLayer(0).fillColor().alpha()
    )  # what lies below is to be seen


def test_a_perimeter_that_is_on_the_map_can_be_made_anew(qgis_app, perimeter):
    project = QgsProject.instance()
    output = LayerOutput(perimeter.path, "Outline", "perimeter", "Burn severity", WHEN)
    add_layers([output], project)
    raster = perimeter.path.with_name("severity.tif")
    write_perimeter(
        raster,
        perimeter.path,
        PerimeterRule((4,), min_area_ha=2),
        PerimeterFacts("Burned", "dNBR", WHEN),
    )
    layers, errors = add_layers([output], project)
    assert errors == []
    [feature] = layers[0].getFeatures()
    assert feature["patches"] == 1
    assert len(project.mapLayers()) == 1
