"""Words that stand out."""

from __future__ import annotations

from qgis.PyQt.QtWidgets import QWidget


def embolden(widget: QWidget, bold: bool = True) -> None:
    """Write its words in bold letters: by a style sheet, for that of QGIS, which sets the font from
    its options, takes away what ``setFont`` has set.
    """
    widget.setStyleSheet("font-weight: bold" if bold else "")
