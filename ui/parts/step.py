"""A step of a page that folds to one line; the line says what was chosen in it."""

from __future__ import annotations

from qgis.PyQt.QtCore import QEvent, Qt
from qgis.PyQt.QtGui import QFontMetrics, QResizeEvent
from qgis.PyQt.QtWidgets import QGroupBox, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from .margins import MARGINS
from .plain import plain_tip


class Step(QWidget):
    """A box below its heading; a click on the heading folds it away.

    Not QGIS's collapsible box, which shows all that was hidden in it when it unfolds.

    Parameters
    ----------
    title : str
        What is asked.
    name : str
        Object name; that of the heading ends in ``_heading``.
    parts : QWidget
        What is inside, from top to bottom; a single group box is the step's own box.
    """

    def __init__(self, title: str, name: str, *parts: QWidget) -> None:
        super().__init__()
        self.setObjectName(name)
        self._title, self._value = title, ""
        self._box = _box(parts)
        self.heading = QToolButton(objectName=f"{name}_heading")
        self.heading.setAutoRaise(True)
        self.heading.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        # As a style sheet: that of QGIS, with its font, takes fonts away.
        self.heading.setStyleSheet("font-weight: bold")
        policy = QSizePolicy.Policy.Ignored  # a long value must not widen the dock
        self.heading.setSizePolicy(policy, QSizePolicy.Policy.Fixed)
        self.heading.setMinimumHeight(self.heading.sizeHint().height())
        self.heading.clicked.connect(lambda: self.set_folded(not self.is_folded))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.heading)
        layout.addWidget(self._box, 1)
        self._show()

    @property
    def is_folded(self) -> bool:
        """True where only the heading is in view."""
        return bool(self._box.isHidden())

    @property
    def text(self) -> str:
        """The whole heading, which may be cut where the dock is narrow."""
        return f"{self._title} · {self._value}" if self._value else self._title

    def set_folded(self, folded: bool) -> None:
        """Fold it, or open it again."""
        self._box.setHidden(folded)
        self._show()

    def set_value(self, value: str) -> None:
        """Say what is chosen in it, in a few words."""
        self._value = value
        self._show()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The heading has other room."""
        super().resizeEvent(event)
        self._show()

    def changeEvent(self, event: QEvent) -> None:
        """Another font is another width."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._show()

    def _show(self) -> None:
        arrow = Qt.ArrowType.RightArrow if self.is_folded else Qt.ArrowType.DownArrow
        self.heading.setArrowType(arrow)
        font = self.heading.font()
        font.setBold(True)
        metrics = QFontMetrics(font)
        # The arrow, and the frame around both.
        room = max(self.width() - self.heading.iconSize().width() - metrics.height(), 0)
        text = metrics.elidedText(self.text, Qt.TextElideMode.ElideRight, room)
        self.heading.setText(text.replace("&", "&&"))
        self.heading.setToolTip(plain_tip(self.text))
        self.heading.setAccessibleName(self.text)


def _box(parts: tuple[QWidget, ...]) -> QWidget:
    """A single box as it is, without its title, which stands in the heading; others in one."""
    if len(parts) == 1 and isinstance(parts[0], QGroupBox):
        parts[0].setTitle("")
        return parts[0]
    box = QGroupBox()
    inner = QVBoxLayout(box)
    inner.setContentsMargins(*MARGINS)
    for part in parts:
        inner.addWidget(part)
    return box
