"""The steps of the Scenes tab one below the other, in a list that scrolls up and down."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import QEvent, QObject, QSize
from qgis.PyQt.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget


class StepsScroll(QScrollArea):
    """The panels of the steps.

    Parameters
    ----------
    panels : sequence of QWidget
        From the first step to the last.
    growing : QWidget
        The one that takes the height that is left.
    """

    def __init__(self, panels: Sequence[QWidget], growing: QWidget) -> None:
        super().__init__(objectName="scenes_scroll")
        steps = QWidget(objectName="steps")
        column = QVBoxLayout(steps)
        column.setContentsMargins(0, 4, 0, 4)
        for panel in panels:
            column.addWidget(panel, 100 if panel is growing else 0)
        column.addStretch(1)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidget(steps)

    def minimumSizeHint(self) -> QSize:
        """As wide as the panels need: nothing is cut off. Where a screen has no such room, the list
        scrolls sideways.
        """
        bar = self.verticalScrollBar().sizeHint().width()
        least = super().minimumSizeHint()
        return QSize(self.widget().minimumSizeHint().width() + bar, least.height())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Panels that have grown, by another font or style, want another least width."""
        if event.type() == QEvent.Type.LayoutRequest and watched is self.widget():
            self.updateGeometry()
        return bool(super().eventFilter(watched, event))
