"""The package of an event from the toolbox."""

from __future__ import annotations

from pathlib import Path

import pytest
from qgis import processing
from qgis.core import QgsVectorLayer

from support.sample_event import map_sample

pytestmark = pytest.mark.usefixtures("toolbox")


@pytest.mark.thorough
def test_the_toolbox_makes_a_package_that_qgis_opens(tmp_path: Path) -> None:
    event = map_sample(tmp_path).folder
    made = processing.run(
        "firstlight:package", {"PATH": str(event / "catalog.json"), "SHAPEFILE": True}
    )
    path = Path(made["PACKAGE"])
    assert path.parent == event / "package"
    assert Path(made["SHAPEFILES"]).is_file()
    for name, least in (("observedEventA", 1), ("notAnalysedA", 1), ("summaryTable", 5)):
        layer = QgsVectorLayer(f"{path}|layername={name}", name)
        assert layer.isValid()
        assert layer.featureCount() >= least
    zipped = QgsVectorLayer(f"/vsizip/{made['SHAPEFILES']}/{path.stem}_observedEventA.shp", "zip")
    assert zipped.isValid()
    assert zipped.crs().authid() == "EPSG:4326"
