"""The buttons above the pages: icon and word, the one in view pressed."""

from __future__ import annotations

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QKeySequence
from qgis.PyQt.QtWidgets import QButtonGroup, QSizePolicy, QToolButton, QWidget

from ..parts.flow import FlowLayout
from ..parts.plain import plain_tip

ICON_SIZE = 20


class PageBar(QWidget):
    """One button for each page."""

    chosen = pyqtSignal(int)
    """Carries the place of the page that is wanted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page_bar")
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._row = FlowLayout(self)
        self._group = QButtonGroup(self)
        self._words: list[str] = []
        self._group.idClicked.connect(self.chosen)

    @property
    def buttons(self) -> tuple[QToolButton, ...]:
        """The buttons, from the first page to the last."""
        return tuple(self._group.button(place) for place in range(len(self._words)))

    def add(self, word: str, icon: str, tip: str, name: str) -> None:
        """Add a button.

        Parameters
        ----------
        word : str
            Below the icon.
        icon : str
            Name of one of QGIS's own icons, which follow its theme.
        tip : str
            What the page is for.
        name : str
            Object name.
        """
        button = QToolButton(objectName=name, checkable=True)
        button.setText(word)
        button.setIcon(QgsApplication.getThemeIcon(icon))
        button.setIconSize(QSize(ICON_SIZE, ICON_SIZE))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setAutoRaise(True)
        keys = f"Alt+{len(self._words) + 1}"
        button.setShortcut(QKeySequence(keys))
        button.setToolTip(plain_tip(f"{tip} ({keys})"))
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._group.addButton(button, len(self._words))
        self._words.append(word)
        self._row.addWidget(button)

    def choose(self, place: int) -> None:
        """Press the button of a page."""
        self._group.button(place).setChecked(True)

    def set_count(self, place: int, number: int) -> None:
        """Put a number behind a page's word; none for 0."""
        word = self._words[place]
        self._group.button(place).setText(f"{word} {number}" if number else word)
