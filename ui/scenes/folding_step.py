"""A step of a page that folds to one line, which then says what was chosen in it."""

from __future__ import annotations

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QGroupBox, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from ..parts.plain import plain_tip


class FoldingStep(QWidget):
    """A box below its heading; a click on the heading folds it away.

    Not QGIS's collapsible box, which shows all that was hidden in it when it unfolds.

    Parameters
    ----------
    box : QGroupBox
        What is folded; its title becomes the heading.
    """

    def __init__(self, box: QGroupBox) -> None:
        super().__init__()
        self._title, self._value = box.title(), ""
        self._box = box
        box.setTitle("")
        self.heading = QToolButton(objectName=f"{box.objectName() or 'step'}_heading")
        self.heading.setAutoRaise(True)
        self.heading.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        policy = QSizePolicy.Policy.Ignored  # a long value must not widen the dock
        self.heading.setSizePolicy(policy, QSizePolicy.Policy.Fixed)
        self.heading.setMinimumHeight(self.heading.sizeHint().height())
        self.heading.clicked.connect(lambda: self.set_folded(not self.is_folded))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.heading)
        layout.addWidget(box, 1)
        self._show()

    @property
    def is_folded(self) -> bool:
        """True where only the heading is in view."""
        return bool(self._box.isHidden())

    def set_folded(self, folded: bool) -> None:
        """Fold it, or open it again."""
        self._box.setHidden(folded)
        self._show()

    def set_value(self, value: str) -> None:
        """Say what is chosen in it."""
        self._value = value
        self._show()

    def _show(self) -> None:
        arrow = Qt.ArrowType.RightArrow if self.is_folded else Qt.ArrowType.DownArrow
        self.heading.setArrowType(arrow)
        text = f"{self._title} · {self._value}" if self._value else self._title
        self.heading.setText(text.replace("&", "&&"))
        self.heading.setToolTip(plain_tip(text))
        self.heading.setAccessibleName(text)
