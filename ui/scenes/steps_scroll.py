"""The steps of the page one below the other, in a list that scrolls up and down."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtWidgets import QVBoxLayout, QWidget

from ..parts.column_scroll import ColumnScroll


class StepsScroll(ColumnScroll):
    """The panels of the steps.

    Parameters
    ----------
    panels : sequence of QWidget
        From the first step to the last.
    growing : QWidget
        The one that takes the height that is left.
    """

    def __init__(self, panels: Sequence[QWidget], growing: QWidget) -> None:
        steps = QWidget(objectName="steps")
        column = QVBoxLayout(steps)
        column.setContentsMargins(0, 4, 0, 4)
        for panel in panels:
            column.addWidget(panel, 100 if panel is growing else 0)
        column.addStretch(1)
        super().__init__("scenes_scroll", steps)
