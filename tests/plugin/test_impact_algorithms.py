"""What is hit, and what if the water rises, through Processing: figures and layers come back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from qgis.core import QgsProcessingFeedback, QgsRasterLayer, QgsVectorLayer

from support.rasters import write_raster

HAND = np.abs(np.indices((40, 50))[0] - 20).astype(np.float32)
"""Metres; pixels of 10 m."""


@pytest.fixture
def districts(tmp_path: Path) -> Path:
    layer = QgsVectorLayer("Polygon?crs=EPSG:32632&field=name:string", "d", "memory")
    from qgis.core import QgsFeature, QgsGeometry, QgsVectorFileWriter

    feature = QgsFeature(layer.fields())
    feature.setAttributes(["West"])
    box = "POLYGON((600000 5200020,600200 5200020,600200 5199620,600000 5199620,600000 5200020))"
    feature.setGeometry(QgsGeometry.fromWkt(box))
    layer.dataProvider().addFeatures([feature])
    path = tmp_path / "districts.gpkg"
    QgsVectorFileWriter.writeAsVectorFormat(layer, str(path), "UTF-8", layer.crs(), "GPKG")
    return path


@pytest.mark.usefixtures("toolbox")
def test_exposure_gives_figures_and_layers(tmp_path: Path, districts: Path) -> None:
    import processing

    extent = write_raster(tmp_path / "flooded.tif", (HAND < 3).astype(np.uint8), nodata=255)
    people = write_raster(tmp_path / "p_count.tif", np.ones_like(HAND), nodata=None)
    values = {
        "EXTENT": str(extent),
        "POPULATION": str(people),
        "DISTRICTS": str(districts),
        "OUTPUT": str(tmp_path / "out"),
    }
    made = processing.run("firstlight:exposure", values, feedback=QgsProcessingFeedback())
    wet = int((HAND < 3).sum())
    assert made["AFFECTED_KM2"] == pytest.approx(wet * 1e-4)
    assert made["PEOPLE"] == pytest.approx(wet)
    layer = QgsVectorLayer(f"{made['LAYERS']}|layername=districts", "x", "ogr")
    [west] = layer.getFeatures()
    assert (west["name"], west["people_affected"]) == ("West", pytest.approx(wet * 20 / 50))


@pytest.mark.usefixtures("toolbox")
def test_scenario_gives_a_map(tmp_path: Path) -> None:
    import processing

    hand = write_raster(tmp_path / "hand.tif", HAND, nodata=None)
    values = {"HAND": str(hand), "STAGE": "1,5", "OUTPUT": str(tmp_path / "out")}
    made = processing.run("firstlight:scenario", values, feedback=QgsProcessingFeedback())
    assert QgsRasterLayer(made["MAP"], "x").isValid()
    assert made["UNDER_WATER_KM2"] == pytest.approx((HAND < 5).sum() * 1e-4)
