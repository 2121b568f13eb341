"""Style keys → renderers: ``natural_color`` by band name, everything else from
``resources/styles``.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from pathlib import Path

from qgis.core import (
    Qgis,
    QgsContrastEnhancement,
    QgsMapLayer,
    QgsMultiBandColorRenderer,
    QgsPalettedRasterRenderer,
    QgsRasterLayer,
    QgsSingleBandGrayRenderer,
)
from qgis.PyQt.QtGui import QColor

from ..core.algorithms.kernel import NOT_OBSERVED, MapClass
from ..core.monitor import Level
from .monitors import log

STYLE_DIR = Path(__file__).resolve().parent.parent / "resources" / "styles"
NATURAL_COLOR = "natural_color"
STRETCHED = "stretched"
"""Numbers of which no range is known, those of a person's own formula: grey between what the layer
holds.
"""
PICTURE = "picture"
"""A photograph for the eye: QGIS shows its red, green and blue as they are."""
REFLECTANCE_STRETCH = (0.0, 0.3)
"""Black and white of a natural picture: most land lies in it, clouds are above."""
POWER_STRETCH = (0.0, 0.4)
"""Black and white of radar backscatter in linear power (RTC products, floating point)."""
AMPLITUDE_STRETCH = (0.0, 500.0)
"""Black and white of uncalibrated radar amplitude (GRD products, whole numbers)."""
SAMPLE_SIDE = 32
"""Rows and columns of the picture in small by which a stretch is judged."""
MOST_BRIGHT, LEAST_BRIGHT = 5.0, 0.02
"""How bright the brightest of a layer may be, in usual whites, that the usual limits still fit: a
cloud has thrice a field's reflectance, deep water a fiftieth.
"""
CUT_PERCENT = (2.0, 98.0)
"""Darkest and brightest pixels that a stretch of the layer's own leaves out."""

_FLOATING = (Qgis.DataType.Float32, Qgis.DataType.Float64)


NOT_OBSERVED_COLOR = (128, 128, 128)


def apply_style(layer: QgsMapLayer, key: str, classes: Sequence[MapClass] = ()) -> None:
    """Style a layer.

    Parameters
    ----------
    layer : QgsMapLayer
        What to style.
    key : str
        ``natural_color`` or the name of a file in ``resources/styles``. Without such a file QGIS's
        own default style is used, and the log says so.
    classes : sequence of MapClass
        What a raster without a style holds: they are shown in their own colours.
    """
    if key == PICTURE:
        return
    if not isinstance(layer, QgsRasterLayer):
        _load_style(layer, key)
    elif not key and classes:
        show_classes(layer, classes)
    elif key == NATURAL_COLOR:
        show_natural_color(layer)
    elif key == STRETCHED or not _load_style(layer, key):
        layer.setDefaultContrastEnhancement()
    elif isinstance(layer.renderer(), QgsPalettedRasterRenderer):
        _show_not_observed(layer)


def _load_style(layer: QgsMapLayer, key: str) -> bool:
    path = STYLE_DIR / f"{key}.qml"
    message, loaded = f"{path} is missing", False
    if path.is_file():
        message, loaded = layer.loadNamedStyle(str(path))
    if not loaded:
        log(f"Layer '{layer.name()}' has QGIS's default style: {message}", Level.WARNING)
    return bool(loaded)


def show_classes(layer: QgsRasterLayer, classes: Sequence[MapClass]) -> None:
    """Show classes, and what was not observed, in their colours and with their names."""
    unseen = MapClass(NOT_OBSERVED, "Not observed", NOT_OBSERVED_COLOR)
    shown = [
        QgsPalettedRasterRenderer.Class(each.code, QColor(*each.color), each.name)
        for each in (*classes, unseen)
    ]
    layer.setRenderer(QgsPalettedRasterRenderer(layer.dataProvider(), 1, shown))
    _show_not_observed(layer)


def _show_not_observed(layer: QgsRasterLayer) -> None:
    """Make a class of what was not observed: a hole in the map would look like "nothing happened
    here".
    """
    layer.dataProvider().setUseSourceNoDataValue(layer.renderer().usesBands()[0], False)


def band_names(layer: QgsRasterLayer) -> dict[str, int]:
    """Lower-case band name → number, from the descriptions in the file; QGIS shows them as ``Band
    1: blue``.
    """
    names: dict[str, int] = {}
    for number in range(1, layer.bandCount() + 1):
        label = layer.bandName(number).partition(": ")[2]
        if label:
            names.setdefault(label.strip().lower(), number)
    return names


def show_natural_color(layer: QgsRasterLayer) -> None:
    """Red, green and blue where the file has bands of these names; else one band in grey: radar's
    ``vv``, or the first.
    """
    names = band_names(layer)
    provider = layer.dataProvider()
    if {"red", "green", "blue"} <= names.keys():
        renderer = QgsMultiBandColorRenderer(provider, names["red"], names["green"], names["blue"])
        renderer.setRedContrastEnhancement(_stretch(layer, names["red"], REFLECTANCE_STRETCH))
        renderer.setGreenContrastEnhancement(_stretch(layer, names["green"], REFLECTANCE_STRETCH))
        renderer.setBlueContrastEnhancement(_stretch(layer, names["blue"], REFLECTANCE_STRETCH))
        layer.setRenderer(renderer)
        return
    radar = next((names[name] for name in ("vv", "hh", "vh", "hv") if name in names), None)
    limits = REFLECTANCE_STRETCH
    if radar is not None:
        limits = POWER_STRETCH if provider.dataType(radar) in _FLOATING else AMPLITUDE_STRETCH
    grey = QgsSingleBandGrayRenderer(provider, radar or 1)
    grey.setContrastEnhancement(_stretch(layer, radar or 1, limits))
    layer.setRenderer(grey)


def _own_limits(
    layer: QgsRasterLayer, band: int, usual: tuple[float, float]
) -> tuple[float, float]:
    """The usual limits, by which pictures of two dates can be compared; those of the layer itself
    where its numbers are others: raw ones without a scale, decibels, a very bright band.
    """
    sample = layer.dataProvider().block(band, layer.extent(), SAMPLE_SIDE, SAMPLE_SIDE)
    values = sorted(
        sample.value(row, col)
        for row in range(sample.height())
        for col in range(sample.width())
        if not sample.isNoData(row, col)
    )
    values = [value for value in values if isfinite(value)]
    if not values:
        return usual
    low, high = (values[round(cut / 100 * (len(values) - 1))] for cut in CUT_PERCENT)
    fits = low > -usual[1] and LEAST_BRIGHT < high / usual[1] < MOST_BRIGHT
    return usual if fits or low == high else (low, high)


def _stretch(
    layer: QgsRasterLayer, band: int, usual: tuple[float, float]
) -> QgsContrastEnhancement:
    limits = _own_limits(layer, band, usual)
    enhancement = QgsContrastEnhancement(layer.dataProvider().dataType(band))
    enhancement.setContrastEnhancementAlgorithm(
        QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum
    )
    enhancement.setMinimumValue(limits[0])
    enhancement.setMaximumValue(limits[1])
    return enhancement
