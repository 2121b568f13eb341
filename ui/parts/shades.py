"""Colours that tell good from bad, in light windows and in dark ones; words always say the same."""

from __future__ import annotations

from qgis.PyQt.QtGui import QColor, QPalette
from qgis.PyQt.QtWidgets import QLabel, QWidget

from ...core.enums import StrEnum


class Shade(StrEnum):
    """Meanings of a coloured word."""

    GOOD = "good"
    DOUBT = "doubt"
    BAD = "bad"


ON_LIGHT = {Shade.GOOD: "#10682f", Shade.DOUBT: "#8a4b00", Shade.BAD: "#b01c1c"}
ON_DARK = {Shade.GOOD: "#78dc96", Shade.DOUBT: "#ffb74d", Shade.BAD: "#ff968c"}
OPAQUE = 255
LEAST_CONTRAST = 4.5
"""To the background, 1 at the least and 21 at the most (WCAG 2.1, 1.4.3)."""


def shade(widget: QWidget, meaning: Shade) -> QColor:
    """The colour of a meaning on the background of a list or table."""
    return _readable(widget, meaning, widget.palette().color(QPalette.ColorRole.Base))


def label_shade(label: QLabel, meaning: Shade) -> QColor:
    """The colour of a meaning for a label, on whatever lies behind it."""
    return _readable(label, meaning, _ground(label))


def _readable(widget: QWidget, meaning: Shade, background: QColor) -> QColor:
    """On a middle grey, as in QGIS's theme "Blend of Gray", no colour can be read: there it is that
    of the text, and the words alone say what is meant.
    """
    best = max(
        (QColor(colors[meaning]) for colors in (ON_LIGHT, ON_DARK)),
        key=lambda color: contrast(color, background),
    )
    if contrast(best, background) >= LEAST_CONTRAST:
        return best
    return widget.palette().color(QPalette.ColorRole.WindowText)


def _ground(widget: QWidget) -> QColor:
    """The first background that is not transparent, from a widget outwards: QGIS's themes are style
    sheets, in which most widgets have none of their own.
    """
    around: QWidget | None = widget
    while around is not None:
        color = around.palette().color(around.backgroundRole())
        if color.alpha() == OPAQUE:
            return color
        around = around.parentWidget()
    return widget.palette().color(QPalette.ColorRole.Window)


def contrast(first: QColor, second: QColor) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.1, definitions of contrast ratio and relative
    luminance).
    """
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: QColor) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
        for part in (color.redF(), color.greenF(), color.blueF())
    )
    return float(0.2126 * red + 0.7152 * green + 0.0722 * blue)
