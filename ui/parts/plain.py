"""Text of catalogues and files in widgets: shown as it is.

Qt takes a text with ``<b>`` in it for HTML, and loads the pictures that it names from wherever they
lie. Every label and every tool tip of the dock therefore goes through here.
"""

from __future__ import annotations

import re
from typing import Any

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QLabel

from ...core.text import shown

_JOINER = "\u2060"
"""Has no width and no meaning: behind a ``<`` it tells Qt that no tag follows."""


class PlainLabel(QLabel):
    """A label whose text is never HTML."""

    def __init__(self, *arguments: Any, **properties: Any) -> None:
        super().__init__(*arguments, **properties)
        self.setTextFormat(Qt.TextFormat.PlainText)


def plain_tip(text: str) -> str:
    """The text for a tool tip, which has no format of its own."""
    return re.sub("[<&]", lambda mark: mark.group() + _JOINER, shown(text, keep="\n"))
