"""The steps of the Scenes tab one below the other, in a list that scrolls up and down only."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget


class StepsScroll(QScrollArea):
    """The panels of the steps.

    Parameters
    ----------
    panels : sequence of QWidget
        From the first step to the last.
    """

    def __init__(self, panels: Sequence[QWidget]) -> None:
        super().__init__(objectName="scenes_scroll")
        steps = QWidget(objectName="steps")
        column = QVBoxLayout(steps)
        column.setContentsMargins(0, 4, 0, 4)
        for panel in panels:
            column.addWidget(panel)
        column.addStretch(1)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(steps)

    @property
    def needed_width(self) -> int:
        """Pixels below which a panel would be cut off."""
        bar = self.verticalScrollBar().sizeHint().width()
        return int(self.widget().minimumSizeHint().width() + bar)
