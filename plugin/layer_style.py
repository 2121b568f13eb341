"""Style keys → renderers, from ``resources/styles``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qgis.core import (
    QgsMapLayer,
    QgsMultiBandColorRenderer,
    QgsPalettedRasterRenderer,
    QgsRasterLayer,
)
from qgis.PyQt.QtGui import QColor

from ..core.algorithms.kernel import NOT_OBSERVED, NOT_OBSERVED_COLOR, MapClass
from ..core.monitor import Level
from .monitors import log
from .picture_style import grey_look, show_looks

STYLE_DIR = Path(__file__).resolve().parent.parent / "resources" / "styles"
NATURAL_COLOR = "natural_color"
STRETCHED = "stretched"
"""Numbers of which no range is known, those of a person's own formula: grey between what the layer
holds.
"""
PICTURE = "picture"
"""A photograph for the eye: QGIS shows its red, green and blue as they are."""


def apply_style(layer: QgsMapLayer, key: str, classes: Sequence[MapClass] = ()) -> None:
    """Style a layer.

    Parameters
    ----------
    layer : QgsMapLayer
        What to style.
    key : str
        The name of a file in ``resources/styles``. Without such a file a raster is grey, a vector
        has QGIS's own default style, and the log says so. Pictures in natural colour are
        :mod:`.picture_style`'s.
    classes : sequence of MapClass
        What a raster without a style holds: they are shown in their own colours.
    """
    if not isinstance(layer, QgsRasterLayer):
        _load_style(layer, key)
    elif key == PICTURE:
        show_photograph(layer)
    elif classes:
        show_classes(layer, key, classes)
    elif key == STRETCHED or not _load_style(layer, key):
        show_looks(layer, [grey_look()])
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
