"""How pictures are shown: in natural colour, in false colour beside it, or one band in grey, each
between limits that suit its numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isclose

from qgis.core import (
    Qgis,
    QgsContrastEnhancement,
    QgsMultiBandColorRenderer,
    QgsRasterLayer,
    QgsRasterRenderer,
    QgsSingleBandGrayRenderer,
)
from qgis.PyQt.QtCore import QCoreApplication

from .spreads import Limits, Spreads, find_spreads, stated_spreads

NATURAL, FALSE = "natural", "false"
"""Looks of a picture, whatever the menu *Styles* of the layer calls them."""
STYLE_NAME = "firstlight/style_{look}"
"""Property of a layer: name of the style of a look, in the language in which it was opened."""
REFLECTANCE_STRETCH = (0.0, 0.3)
"""Black and white of a natural picture: most land lies in it, clouds are above."""
FALSE_STRETCH = (0.0, 0.5)
"""The same of near and shortwave infrared, in which plants and bare ground are brighter."""
FALSE_COLOURS = (("swir22", "nir", "red"), ("swir16", "nir", "red"), ("nir", "red", "green"))
"""Bands as red, green and blue, the best first: burned ground is red, plants green, water black."""
POWER_STRETCH = (0.0, 0.4)
"""Black and white of radar backscatter in linear power (RTC products, floating point)."""
POWER_GAMMA = 2.0
"""Shows the root of power, which is amplitude: of power itself all but towns is nearly black."""
AMPLITUDE_STRETCH = (0.0, 500.0)
"""Black and white of uncalibrated radar amplitude (GRD products, whole numbers)."""
RADAR_BANDS = ("vv", "hh", "vh", "hv")
MOST_BRIGHT, LEAST_BRIGHT = 5.0, 0.02
"""How bright the brightest of a layer may be, in usual whites, that the usual limits still fit: a
cloud has thrice a field's reflectance, deep water a fiftieth.
"""
MOST_POWER = 100.0
"""The same of radar power: a few corners of houses and ships return a thousand times what fields
do, so that deviations from the mean say nothing of the fields.
"""

_FLOATING = (Qgis.DataType.Float32, Qgis.DataType.Float64)


@dataclass(frozen=True)
class Look:
    """One way to show a picture."""

    name: str
    bands: tuple[int, ...]
    """From 1: red, green and blue, or one in grey."""
    usual: Limits | None
    """By which pictures of two dates can be compared; None: nobody knows how bright the band
    usually is.
    """
    gamma: float = 1.0
    """Of the middle tones, between the usual limits; numbers that lie elsewhere are others."""
    most: float = MOST_BRIGHT
    """How bright its brightest may be, in usual whites."""

    def limits(self, spreads: Spreads) -> tuple[Limits, ...]:
        """Black and white of each band: the usual ones; where its numbers are others (raw ones
        without a scale, decibels, a very bright band) its own; where it is not known, the usual.
        """
        return tuple(self._limits(spreads.get(band)) for band in self.bands)

    def _limits(self, spread: Limits | None) -> Limits:
        usual = self.usual or REFLECTANCE_STRETCH
        if spread is None or spread[0] >= spread[1]:
            return usual
        if self.usual is not None and _fits(*spread, usual, self.most):
            return usual
        return spread

    def renderer(self, layer: QgsRasterLayer, limits: Sequence[Limits]) -> QgsRasterRenderer:
        """Shows the bands between these limits."""
        provider = layer.dataProvider()
        stretches = [_stretch(layer, *one) for one in zip(self.bands, limits)]
        if len(self.bands) == 1:
            grey = QgsSingleBandGrayRenderer(provider, self.bands[0])
            grey.setContrastEnhancement(stretches[0])
            return grey
        color = QgsMultiBandColorRenderer(provider, *self.bands)
        color.setRedContrastEnhancement(stretches[0])
        color.setGreenContrastEnhancement(stretches[1])
        color.setBlueContrastEnhancement(stretches[2])
        return color

    def show(self, layer: QgsRasterLayer, limits: Sequence[Limits]) -> None:
        """Show the layer so, in its current style."""
        layer.setRenderer(self.renderer(layer, limits))
        usual = all(one == self.usual for one in limits)
        layer.brightnessFilter().setGamma(self.gamma if usual else 1.0)

    def is_shown(self, layer: QgsRasterLayer, limits: Sequence[Limits]) -> bool:
        """Whether the layer shows these bands between these limits now."""
        bands, shown = _shown(layer.renderer())
        wanted = [end for pair in limits for end in pair]
        same = len(shown) == len(wanted) and all(map(isclose, shown, wanted))
        return bands == self.bands and same


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


def natural_look(layer: QgsRasterLayer) -> Look:
    """Red, green and blue where the file has bands of these names; else one band in grey: radar's
    ``vv``, or the first.
    """
    names = band_names(layer)
    if {"red", "green", "blue"} <= names.keys():
        bands = (names["red"], names["green"], names["blue"])
        return Look(NATURAL, bands, REFLECTANCE_STRETCH)
    radar = next((names[name] for name in RADAR_BANDS if name in names), None)
    if radar is None:
        return grey_look()
    floating = layer.dataProvider().dataType(radar) in _FLOATING
    if floating:
        return Look(NATURAL, (radar,), POWER_STRETCH, POWER_GAMMA, MOST_POWER)
    return Look(NATURAL, (radar,), AMPLITUDE_STRETCH)


def false_look(layer: QgsRasterLayer) -> Look | None:
    """False colour; None where the bands for it are missing."""
    bands = _false_bands(layer)
    if not bands:
        return None
    names = _infrared_names(layer)
    return Look(FALSE, tuple(names[name] for name in bands), FALSE_STRETCH)


def grey_look() -> Look:
    """The first band, between what it holds."""
    return Look(NATURAL, (1,), None)


def show_picture(layer: QgsRasterLayer) -> None:
    """Show a picture in natural colour, with false colour beside it where it has the bands."""
    looks = (natural_look(layer), false_look(layer))
    show_looks(layer, [look for look in looks if look is not None])


def show_looks(layer: QgsRasterLayer, looks: Sequence[Look]) -> None:
    """Show a picture in the first look, with the others beside it in the menu *Styles*; at once
    where its file states what it holds, else between the usual limits until that is found out.

    Parameters
    ----------
    layer : QgsRasterLayer
        With all that its styles share: day, notes, metadata.
    looks : sequence of Look
        Those that it has; the first one's style becomes the current one.
    """
    bands = sorted({band for look in looks for band in look.bands})
    spreads = stated_spreads(layer, bands)
    if len(looks) > 1:
        for look in looks:
            layer.setCustomProperty(STYLE_NAME.format(look=look.name), _style_name(layer, look))
    looks[0].show(layer, looks[0].limits(spreads))
    manager = layer.styleManager()
    if len(looks) > 1:
        manager.renameStyle(manager.currentStyle(), style_of(layer, looks[0].name))
    for look in looks[1:]:
        manager.addStyleFromLayer(style_of(layer, look.name))
        manager.setCurrentStyle(style_of(layer, look.name))
        look.show(layer, look.limits(spreads))
    if len(looks) > 1:
        manager.setCurrentStyle(style_of(layer, looks[0].name))
    unknown = [band for band in bands if band not in spreads]
    if unknown:
        find_spreads(layer, unknown, lambda found: _fit(layer, looks, spreads, found))


def style_of(layer: QgsRasterLayer, look: str) -> str:
    """Name of the style in which a layer has a look; empty where it has none."""
    return str(layer.customProperty(STYLE_NAME.format(look=look), "") or "")


def _fit(layer: QgsRasterLayer, looks: Sequence[Look], before: Spreads, found: Spreads) -> None:
    """Show what is known by now; what somebody has changed meanwhile stays as it is."""
    manager = layer.styleManager()
    current, styles = manager.currentStyle(), manager.styles()
    changed = False
    for look in looks:
        old, new = look.limits(before), look.limits({**before, **found})
        style = style_of(layer, look.name) or current
        if old == new or style not in styles:
            continue
        manager.setCurrentStyle(style)
        if look.is_shown(layer, old):
            look.show(layer, new)
            changed = True
        manager.setCurrentStyle(current)
    if changed:
        layer.triggerRepaint()


def _style_name(layer: QgsRasterLayer, look: Look) -> str:
    if look.name == NATURAL:
        return str(QCoreApplication.translate("FirstLight", "Natural colour"))
    text = QCoreApplication.translate("FirstLight", "False colour ({bands})")
    return str(text.format(bands=", ".join(_false_bands(layer))))


def _infrared_names(layer: QgsRasterLayer) -> dict[str, int]:
    names = band_names(layer)
    if "nir08" in names:
        names.setdefault("nir", names["nir08"])
    return names


def _false_bands(layer: QgsRasterLayer) -> tuple[str, ...]:
    names = _infrared_names(layer)
    return next((bands for bands in FALSE_COLOURS if names.keys() >= set(bands)), ())


def _fits(low: float, high: float, usual: Limits, most: float) -> bool:
    return low > -usual[1] and LEAST_BRIGHT < high / usual[1] < most


def _shown(renderer: QgsRasterRenderer) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Bands of a renderer, and the ends of their limits; none of one of another kind."""
    stretches: tuple[QgsContrastEnhancement | None, ...] = ()
    if isinstance(renderer, QgsSingleBandGrayRenderer):
        stretches = (renderer.contrastEnhancement(),)
    elif isinstance(renderer, QgsMultiBandColorRenderer):
        stretches = (
            renderer.redContrastEnhancement(),
            renderer.greenContrastEnhancement(),
            renderer.blueContrastEnhancement(),
        )
    known = [one for one in stretches if one is not None]
    ends = tuple(end for one in known for end in (one.minimumValue(), one.maximumValue()))
    return tuple(renderer.usesBands()), ends


def _stretch(layer: QgsRasterLayer, band: int, limits: Limits) -> QgsContrastEnhancement:
    enhancement = QgsContrastEnhancement(layer.dataProvider().dataType(band))
    enhancement.setContrastEnhancementAlgorithm(
        QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum
    )
    enhancement.setMinimumValue(limits[0])
    enhancement.setMaximumValue(limits[1])
    return enhancement
