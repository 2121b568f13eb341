"""What a style says of a layer, in the language of QGIS: styles are kept in English."""

from __future__ import annotations

from qgis.core import (
    QgsColorRampLegendNodeSettings,
    QgsColorRampShader,
    QgsMapLayer,
    QgsPalettedRasterRenderer,
    QgsRasterLayer,
    QgsSingleBandPseudoColorRenderer,
)

from .language import said


def translate_legend(layer: QgsMapLayer) -> None:
    """Put the entries of a layer's legend into the reader's language; values and colours stay."""
    renderer = layer.renderer() if isinstance(layer, QgsRasterLayer) else None
    if isinstance(renderer, QgsPalettedRasterRenderer):
        for entry in renderer.classes():
            renderer.setLabel(entry.value, said(entry.label))
    elif isinstance(renderer, QgsSingleBandPseudoColorRenderer):
        _translate_ramp(renderer)


def _translate_ramp(renderer: QgsSingleBandPseudoColorRenderer) -> None:
    shader = renderer.shader().rasterShaderFunction()
    if isinstance(shader, QgsColorRampShader):
        items = shader.colorRampItemList()
        for item in items:
            item.label = said(item.label)
        shader.setColorRampItemList(items)
        ends = QgsColorRampLegendNodeSettings(shader.legendSettings())
        ends.setMinimumLabel(said(ends.minimumLabel()))
        ends.setMaximumLabel(said(ends.maximumLabel()))
        shader.setLegendSettings(ends)
