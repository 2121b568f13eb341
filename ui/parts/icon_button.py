"""Small buttons with a picture and a tip in place of a word."""

from __future__ import annotations

from qgis.core import QgsApplication
from qgis.PyQt.QtWidgets import QToolButton

from .plain import plain_tip


def icon_button(name: str, icon: str, tip: str, checkable: bool = False) -> QToolButton:
    """A button with one of QGIS's icons; its tip is also what a screen reader says.

    Parameters
    ----------
    name : str
        Of the widget.
    icon : str
        Name in QGIS's theme: ``/mActionUndo.svg``.
    tip : str
        What it does.
    """
    button = QToolButton(objectName=name, checkable=checkable)
    button.setIcon(QgsApplication.getThemeIcon(icon))
    button.setAutoRaise(True)
    button.setToolTip(plain_tip(tip))
    button.setAccessibleName(tip)
    return button
