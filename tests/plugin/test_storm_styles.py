"""Layers of storm damage and fusion: each has a style that loads, with the classes, names and
colours of its algorithm.
"""

from __future__ import annotations

import numpy as np
import pytest
from qgis.core import QgsPalettedRasterRenderer, QgsSingleBandPseudoColorRenderer

from firstlight.core.algorithms.flood import PERMANENT_WATER, WATER_BEFORE
from firstlight.core.algorithms.fusion import Source, fusion_kernel
from firstlight.core.algorithms.kernel import NOT_OBSERVED
from firstlight.core.algorithms.structural_damage import StructuralDamage, structural_kernel
from firstlight.core.algorithms.wind_damage import VegetationIndex, WindDamage, wind_kernel
from firstlight.core.operation import LayerOutput
from support.map_layers import add_layers
from support.rasters import write_raster

KERNELS = (
    wind_kernel(WindDamage(VegetationIndex.NDMI), {}, ()),
    structural_kernel(StructuralDamage(True, 1.2), {}, ()),
    fusion_kernel([Source("a"), Source("b")], ["one", "two"]),
)
LAYERS = [layer for kernel in KERNELS for layer in kernel.layers]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda one: one.name)
def test_each_layer_has_its_style(project, tmp_path, layer):
    codes = np.full((64, 64), NOT_OBSERVED, np.uint8)
    data, nodata = (
        (codes, NOT_OBSERVED) if layer.classes else (np.full((64, 64), 0.5, np.float32), -9999)
    )
    path = write_raster(tmp_path / f"{layer.name}.tif", data, nodata=nodata)
    [shown], errors = add_layers([LayerOutput(path, layer.title, layer.style, "EVENT")], project)
    assert errors == []
    renderer = shown.renderer()
    if not layer.classes:
        assert isinstance(renderer, QgsSingleBandPseudoColorRenderer)
        shader = renderer.shader().rasterShaderFunction()
        assert layer.range[0] <= shader.minimumValue() < shader.maximumValue() <= layer.range[1]
        return
    assert isinstance(renderer, QgsPalettedRasterRenderer)
    found = {int(one.value): (one.label, one.color.getRgb()[:3]) for one in renderer.classes()}
    assert found.pop(NOT_OBSERVED)[0].startswith("Not observed")
    expected = {one.code: (one.name, one.color) for one in layer.classes}
    assert {code: found.pop(code) for code in expected} == expected
    water = {PERMANENT_WATER: "Permanent water", WATER_BEFORE: "Water before the event"}
    assert {code: name for code, (name, _) in found.items()}.items() <= water.items()
    assert renderer.block(1, shown.extent(), 64, 64).color(10, 10) >> 24 == 255, (
        "a hole would look like nothing happened"
    )
