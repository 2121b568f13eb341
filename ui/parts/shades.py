"""Colours that tell good from bad, in light windows and in dark ones; words always say the same."""

from __future__ import annotations

from qgis.PyQt.QtGui import QColor, QPalette
from qgis.PyQt.QtWidgets import QWidget

from ...core.enums import StrEnum


class Shade(StrEnum):
    """Meanings of a coloured word."""

    GOOD = "good"
    DOUBT = "doubt"
    BAD = "bad"


ON_LIGHT = {Shade.GOOD: "#10682f", Shade.DOUBT: "#8a4b00", Shade.BAD: "#b01c1c"}
ON_DARK = {Shade.GOOD: "#78dc96", Shade.DOUBT: "#ffb74d", Shade.BAD: "#ff968c"}
"""At least 4.5 to 1 (WCAG 2.1, 1.4.3) on the backgrounds of QGIS's themes; a test computes it."""
MIDDLE = 128
"""Lightness between dark and light."""


def shade(widget: QWidget, meaning: Shade) -> QColor:
    """The colour of a meaning on the background of a list or table."""
    background = widget.palette().color(QPalette.ColorRole.Base)
    return QColor((ON_DARK if background.lightness() < MIDDLE else ON_LIGHT)[meaning])
