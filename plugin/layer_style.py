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

from ..core.algorithms.kernel import NOT_OBSERVED, NOT_OBSERVED_COLOR, MapClass
from ..core.monitor import Level
from ..core.raster.stated_statistics import stated_statistics
from .monitors import log

STYLE_DIR = Path(__file__).resolve().parent.parent / "resources" / "styles"
NATURAL_COLOR = "natural_color"
STRETCHED = "stretched"
"""Numbers of which no range is known, those of a person's own formula: grey between what the layer
holds.
"""
PICTURE = "picture"
"""A photograph for the eye: QGIS shows its red, green and blue as they are."""
NATURAL_STYLE, FALSE_STYLE = "Natural colour", "False colour ({bands})"
"""Names of the two styles of a picture, in the menu *Styles* of the layer."""
REFLECTANCE_STRETCH = (0.0, 0.3)
"""Black and white of a natural picture: most land lies in it, clouds are above."""
FALSE_STRETCH = (0.0, 0.5)
"""The same of near and shortwave infrared, in which plants and bare ground are brighter."""
FALSE_COLOURS = (("swir22", "nir", "red"), ("swir16", "nir", "red"), ("nir", "red", "green"))
"""Bands as red, green and blue, the best first: burned ground is red, plants green, water black."""
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
    if not isinstance(layer, QgsRasterLayer):
        _load_style(layer, key)
    elif key == PICTURE:
        show_photograph(layer)
    elif classes:
        show_classes(layer, key, classes)
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


def show_classes(layer: QgsRasterLayer, key: str, classes: Sequence[MapClass]) -> None:
    """Show classes, and what was not observed, with their own names: a vote on floods says
    "Flooded". Their colours are those of the style, which lets some be seen through; where it knows
    a class not, or there is none, those of the class.
    """
    styled = {}
    if key and _load_style(layer, key):
        styled = {int(each.value): each.color for each in layer.renderer().classes()}
    unseen = MapClass(NOT_OBSERVED, "Not observed", NOT_OBSERVED_COLOR)
    shown = [
        QgsPalettedRasterRenderer.Class(
            each.code, styled.get(each.code, QColor(*each.color)), each.name
        )
        for each in (*classes, unseen)
    ]
    layer.setRenderer(QgsPalettedRasterRenderer(layer.dataProvider(), 1, shown))
    _show_not_observed(layer)


def show_photograph(layer: QgsRasterLayer) -> None:
    """Red, green and blue as they are stored."""
    if layer.bandCount() >= 3:
        layer.setRenderer(QgsMultiBandColorRenderer(layer.dataProvider(), 1, 2, 3))


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
        bands = (names["red"], names["green"], names["blue"])
        layer.setRenderer(_color_renderer(layer, bands, REFLECTANCE_STRETCH))
        return
    radar = next((names[name] for name in ("vv", "hh", "vh", "hv") if name in names), None)
    limits = None
    if radar is not None:
        limits = POWER_STRETCH if provider.dataType(radar) in _FLOATING else AMPLITUDE_STRETCH
    grey = QgsSingleBandGrayRenderer(provider, radar or 1)
    grey.setContrastEnhancement(_stretch(layer, radar or 1, limits))
    layer.setRenderer(grey)


def offer_false_color(layer: QgsRasterLayer) -> str:
    """Give a picture a second style in false colour, beside the natural one, which stays; returns
    its name, empty where the bands for it are missing.
    """
    names = band_names(layer)
    if "nir08" in names:
        names.setdefault("nir", names["nir08"])
    bands = next((bands for bands in FALSE_COLOURS if names.keys() >= set(bands)), None)
    if bands is None:
        return ""
    manager, title = layer.styleManager(), FALSE_STYLE.format(bands=", ".join(bands))
    manager.renameStyle(manager.currentStyle(), NATURAL_STYLE)
    manager.addStyleFromLayer(title)
    manager.setCurrentStyle(title)
    layer.setRenderer(_color_renderer(layer, [names[name] for name in bands], FALSE_STRETCH))
    manager.setCurrentStyle(NATURAL_STYLE)
    return title


def _color_renderer(
    layer: QgsRasterLayer, bands: Sequence[int], usual: tuple[float, float]
) -> QgsMultiBandColorRenderer:
    red, green, blue = bands
    renderer = QgsMultiBandColorRenderer(layer.dataProvider(), red, green, blue)
    renderer.setRedContrastEnhancement(_stretch(layer, red, usual))
    renderer.setGreenContrastEnhancement(_stretch(layer, green, usual))
    renderer.setBlueContrastEnhancement(_stretch(layer, blue, usual))
    return renderer


def _own_limits(
    layer: QgsRasterLayer, band: int, usual: tuple[float, float] | None
) -> tuple[float, float]:
    """The usual limits, by which pictures of two dates can be compared; those of the layer itself
    where its numbers are others: raw ones without a scale, decibels, a very bright band. None: a
    single band, of which nobody knows how bright it usually is.
    """
    if usual is not None and _told_to_fit(layer, band, usual):
        return usual
    sample = layer.dataProvider().block(band, layer.extent(), SAMPLE_SIDE, SAMPLE_SIDE)
    values = sorted(
        sample.value(row, col)
        for row in range(sample.height())
        for col in range(sample.width())
        if not sample.isNoData(row, col)
    )
    values = [value for value in values if isfinite(value)]
    if not values:
        return usual or REFLECTANCE_STRETCH
    low, high = (values[round(cut / 100 * (len(values) - 1))] for cut in CUT_PERCENT)
    if usual is None:
        return (low, high) if low < high else REFLECTANCE_STRETCH
    return usual if _fits(low, high, usual) or low == high else (low, high)


def _fits(low: float, high: float, usual: tuple[float, float]) -> bool:
    return low > -usual[1] and LEAST_BRIGHT < high / usual[1] < MOST_BRIGHT


def _told_to_fit(layer: QgsRasterLayer, band: int, usual: tuple[float, float]) -> bool:
    """Whether the file's own statistics say that the usual limits fit: then nothing is read."""
    stated = stated_statistics(Path(layer.source()), band)
    return stated is not None and _fits(*stated.most, usual)


def _stretch(
    layer: QgsRasterLayer, band: int, usual: tuple[float, float] | None
) -> QgsContrastEnhancement:
    limits = _own_limits(layer, band, usual)
    enhancement = QgsContrastEnhancement(layer.dataProvider().dataType(band))
    enhancement.setContrastEnhancementAlgorithm(
        QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum
    )
    enhancement.setMinimumValue(limits[0])
    enhancement.setMaximumValue(limits[1])
    return enhancement
