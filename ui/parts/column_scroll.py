"""A column of widgets that scrolls up and down."""

from __future__ import annotations

from qgis.PyQt.QtCore import QEvent, QObject, QSize
from qgis.PyQt.QtWidgets import QFrame, QScrollArea, QWidget


class ColumnScroll(QScrollArea):
    """Holds a column, and asks for the width that it needs.

    Parameters
    ----------
    name : str
        Of the widget.
    column : QWidget
        What scrolls.
    """

    def __init__(self, name: str, column: QWidget) -> None:
        super().__init__(objectName=name)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidget(column)

    def minimumSizeHint(self) -> QSize:
        """As wide as the column needs: nothing is cut off. Where a screen has no such room, it
        scrolls sideways.
        """
        # Style sheets give a frame to what has none.
        outside = self.verticalScrollBar().sizeHint().width() + 2 * self.frameWidth()
        least = super().minimumSizeHint()
        return QSize(self.widget().minimumSizeHint().width() + outside, least.height())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A column that has grown, by another font or style, wants another least width."""
        if event.type() == QEvent.Type.LayoutRequest and watched is self.widget():
            self.updateGeometry()
        return bool(super().eventFilter(watched, event))
