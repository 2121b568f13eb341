"""Widgets side by side, in as many rows as the width asks for."""

from __future__ import annotations

from qgis.PyQt.QtCore import QPoint, QRect, QSize, Qt
from qgis.PyQt.QtWidgets import QLayout, QLayoutItem, QSizePolicy, QWidget


class FlowLayout(QLayout):
    """Lays widgets out like words in a paragraph: no row is wider than the room there is."""

    def __init__(self, parent: QWidget | None = None, spacing: int = 2) -> None:
        super().__init__(parent)
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(spacing)
        self._items: list[QLayoutItem] = []

    def addItem(self, item: QLayoutItem) -> None:
        """Take a widget in; called by Qt."""
        self._items.append(item)

    def count(self) -> int:
        """How many widgets there are."""
        return len(self._items)

    def itemAt(self, place: int) -> QLayoutItem | None:
        """The widget at a place."""
        return self._items[place] if 0 <= place < len(self._items) else None

    def takeAt(self, place: int) -> QLayoutItem | None:
        """Give a widget back."""
        return self._items.pop(place) if 0 <= place < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        """It asks for no more than it needs."""
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        """The narrower, the higher."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Height of all rows at that width."""
        return self._lay_out(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, room: QRect) -> None:
        """Put the widgets into their places."""
        super().setGeometry(room)
        self._lay_out(room, move=True)

    def sizeHint(self) -> QSize:
        """All in one row."""
        hints = [item.sizeHint() for item in self._shown()]
        width = sum(hint.width() for hint in hints) + self.spacing() * max(len(hints) - 1, 0)
        return QSize(width, max((hint.height() for hint in hints), default=0))

    def minimumSize(self) -> QSize:
        """One below the other."""
        least = [item.minimumSize() for item in self._shown()]
        width = max((size.width() for size in least), default=0)
        return QSize(width, max((size.height() for size in least), default=0))

    def _shown(self) -> list[QLayoutItem]:
        return [item for item in self._items if not item.isEmpty()]

    def _rows(self, width: int) -> list[list[QLayoutItem]]:
        rows: list[list[QLayoutItem]] = []
        used = 0
        for item in self._shown():
            wanted = item.sizeHint().width()
            if not rows or used + self.spacing() + wanted > width:
                rows.append([])
                used = -self.spacing()
            rows[-1].append(item)
            used += self.spacing() + wanted
        return rows

    def _lay_out(self, room: QRect, move: bool) -> int:
        y = room.y()
        for row in self._rows(room.width()):
            height = max(item.sizeHint().height() for item in row)
            x = room.x()
            growing = [item for item in row if _grows(item)]
            free = room.width() - self.spacing() * (len(row) - 1)
            free -= sum(item.sizeHint().width() for item in row)
            for item in row:
                width = item.sizeHint().width()
                if item in growing and free > 0:
                    width += free // len(growing)
                if move:
                    item.setGeometry(QRect(QPoint(x, y), QSize(min(width, room.width()), height)))
                x += width + self.spacing()
            y += height + self.spacing()
        return y - self.spacing() - room.y() if self._shown() else 0


def _grows(item: QLayoutItem) -> bool:
    policy = item.widget().sizePolicy().horizontalPolicy()
    return policy in (QSizePolicy.Policy.Expanding, QSizePolicy.Policy.MinimumExpanding)
