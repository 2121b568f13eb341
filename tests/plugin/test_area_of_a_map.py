"""A map of a polygon through Processing: its pixels, and how its layers lie and look on the map."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from qgis.core import (
    QgsApplication,
    QgsLinePatternFillSymbolLayer,
    QgsPalettedRasterRenderer,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)

from firstlight.core.algorithms.kernel import NOT_OBSERVED, OUTSIDE
from firstlight.core.raster.facts import read_facts
from support.areas import centres_inside, slanted
from support.rasters import noise, read_band
from support.stacks import write_stack

SHAPE = (150, 170)


def stacks(folder: Path) -> dict[str, str]:
    scl = np.full(SHAPE, 4, np.uint8)
    scl[90:130, 100:160] = 9
    return {
        name.upper(): str(
            write_stack(
                folder / name,
                {"nir": noise(SHAPE, seed), "swir22": noise(SHAPE, seed + 5), "scl": scl},
            )
        )
        for seed, name in enumerate(("pre", "post"))
    }


@pytest.mark.usefixtures("toolbox")
def test_a_polygon_is_masked_and_its_layers_lie_in_order(
    tmp_path: Path, project: QgsProject
) -> None:
    from processing.gui.Postprocessing import handleAlgorithmResults

    inputs = stacks(tmp_path)
    grid = read_facts(Path(inputs["PRE"])).grid
    aoi = slanted(grid)
    area = tmp_path / "area.geojson"
    area.write_text(json.dumps(aoi.geometry), encoding="utf-8")
    context, feedback = QgsProcessingContext(), QgsProcessingFeedback()
    context.setProject(project)
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("firstlight:burnseverity")
    values = {**inputs, "AREA": str(area), "OUTPUT": str(tmp_path / "out")}
    result, good = algorithm.run(values, context, feedback)
    assert good, feedback.textLog()
    codes = read_band(Path(result["SEVERITY"]))
    np.testing.assert_array_equal(codes != OUTSIDE, centres_inside(aoi, grid))

    assert handleAlgorithmResults(algorithm, context, feedback, parameters=values)
    order = [node.layer() for node in project.layerTreeRoot().findLayers()]
    kinds = [isinstance(layer, QgsVectorLayer) for layer in order]
    assert kinds == sorted(kinds, reverse=True)
    assert kinds.count(True) == 3
    named = {layer.name(): layer for layer in order}
    [unseen] = [layer for layer in order if layer.name() == "Not observed"]
    hatching = [
        layer
        for layer in unseen.renderer().symbol().symbolLayers()
        if isinstance(layer, QgsLinePatternFillSymbolLayer)
    ]
    assert len(hatching) == 1
    assert unseen.featureCount() >= 1
    severity = named["Burn severity"]
    assert isinstance(severity, QgsRasterLayer)
    assert isinstance(severity.renderer(), QgsPalettedRasterRenderer)
    shown = {int(one.value) for one in severity.renderer().classes()}
    assert NOT_OBSERVED in shown
    assert OUTSIDE not in shown  # so that it is seen through
