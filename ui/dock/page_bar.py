"""The buttons above the pages: icon and word, the one in view pressed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QEvent, QRect, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QKeySequence, QPainter, QPaintEvent, QPalette, QResizeEvent
from qgis.PyQt.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QSizePolicy,
    QStyle,
    QStyleOptionToolButton,
    QToolButton,
    QWidget,
)

from ..parts.plain import plain_tip

ICON_SIZE = 20
SPACING = 2
WITH_WORD = Qt.ToolButtonStyle.ToolButtonTextUnderIcon
ICON_ONLY = Qt.ToolButtonStyle.ToolButtonIconOnly


class PageButton(QToolButton):
    """Brings a page into view; a number at its icon tells how much is going on there.

    The number is painted, not written: the button keeps its width, and the row its height. What it
    is called is the whole word, also where only the short one or the icon has room.
    """

    def __init__(self, word: str, short: str, **properties: Any) -> None:
        super().__init__(**properties)
        self.count = 0
        self.word, self.short = word, short
        self.setText(word)
        self.setAccessibleName(word)

    def set_count(self, number: int) -> None:
        """Show a number; none for 0."""
        self.count = number
        words = self.tr("{page}, {number} under way").format(page=self.word, number=number)
        self.setAccessibleName(words if number else self.word)
        self.update()

    def show_word(self, word: str) -> None:
        """Write a word below the icon; the icon alone where it is empty."""
        if word:
            self.setText(word)
        self.setToolButtonStyle(WITH_WORD if word else ICON_ONLY)

    def size_with(self, word: str) -> QSize:
        """Size that it needs with a word, or without; reckoned as Qt does, since to change the
        style and ask would have everything laid out anew, again and again.
        """
        option = QStyleOptionToolButton()
        self.initStyleOption(option)
        option.text = word
        option.toolButtonStyle = WITH_WORD if word else ICON_ONLY
        metrics, width, height = self.fontMetrics(), ICON_SIZE, ICON_SIZE
        if word:
            size = metrics.size(Qt.TextFlag.TextShowMnemonic, word)
            width = max(width, size.width() + 2 * metrics.horizontalAdvance(" "))
            height += 4 + size.height()
        kind = QStyle.ContentsType.CT_ToolButton
        return self.style().sizeFromContents(kind, option, QSize(width, height), self)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The number stands in a badge right of the icon's middle, in the theme's own colours."""
        super().paintEvent(event)
        if not self.count:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = self.font()
        font.setBold(True)
        painter.setFont(font)
        text = str(self.count)
        height = painter.fontMetrics().height()
        width = max(height, painter.fontMetrics().horizontalAdvance(text) + height // 2)
        badge = QRect(0, 1, width, height)
        badge.moveLeft(min(self.width() // 2 + ICON_SIZE // 4, self.width() - width - 1))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().color(QPalette.ColorRole.Highlight))
        painter.drawRoundedRect(badge, height / 2, height / 2)
        painter.setPen(self.palette().color(QPalette.ColorRole.HighlightedText))
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, text)
        painter.end()


class PageBar(QWidget):
    """One button for each page, always in one row of one height.

    Where not all words have room, the short ones are written; then only that of the page in view,
    long or short, and the others are icons with their words as tool tips; at last there are icons
    alone, so that no language and no size of letters makes the dock wider.
    """

    chosen = pyqtSignal(int)
    """Carries the place of the page that is wanted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page_bar")
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(SPACING)
        self._group = QButtonGroup(self)
        self._buttons: list[PageButton] = []
        self._group.idClicked.connect(self.chosen)
        self._group.idToggled.connect(lambda *_: self._arrange())

    @property
    def buttons(self) -> tuple[PageButton, ...]:
        """The buttons, from the first page to the last."""
        return tuple(self._buttons)

    def add(self, word: str, short: str, icon: str, tip: str, name: str) -> None:
        """Add a button.

        Parameters
        ----------
        word : str
            Below the icon.
        short : str
            In its place where room is scarce.
        icon : str
            Name of one of QGIS's own icons, which follow its theme.
        tip : str
            What the page is for.
        name : str
            Object name.
        """
        button = PageButton(word, short, objectName=name, checkable=True)
        button.setIcon(QgsApplication.getThemeIcon(icon))
        button.setIconSize(QSize(ICON_SIZE, ICON_SIZE))
        button.setToolButtonStyle(WITH_WORD)
        button.setAutoRaise(True)
        keys = f"Alt+{len(self._buttons) + 1}"
        button.setShortcut(QKeySequence(keys))
        button.setToolTip(plain_tip(f"{word}: {tip} ({keys})"))
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._group.addButton(button, len(self._buttons))
        self._buttons.append(button)
        self._row.addWidget(button)

    def choose(self, place: int) -> None:
        """Press the button of a page."""
        self._buttons[place].setChecked(True)

    def set_count(self, place: int, number: int) -> None:
        """Put a number at a page's icon; none for 0."""
        self._buttons[place].set_count(number)

    def minimumSizeHint(self) -> QSize:
        """Icons alone; as high in any case."""
        return QSize(self._width_of([""] * len(self._buttons)), self._height())

    def sizeHint(self) -> QSize:
        """All words in one row."""
        return QSize(self._width_of([button.word for button in self._buttons]), self._height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """There is other room for words."""
        super().resizeEvent(event)
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        """Words of another font take other room."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._arrange()

    def _width_of(self, words: Sequence[str]) -> int:
        pairs = zip(self._buttons, words)
        widths = [int(button.size_with(word).width()) for button, word in pairs]
        return sum(widths) + SPACING * max(len(widths) - 1, 0)

    def _height(self) -> int:
        heights = [int(one.size_with(one.word).height()) for one in self._buttons]
        return max(heights, default=0)

    def _arrange(self) -> None:
        """The first way to write the words that has room; without any the icons stand alone."""
        buttons = self._buttons
        ways = (
            [button.word for button in buttons],
            [button.short for button in buttons],
            [button.word if button.isChecked() else "" for button in buttons],
            [button.short if button.isChecked() else "" for button in buttons],
        )
        alone = [""] * len(buttons)
        words = next((way for way in ways if self._width_of(way) <= self.width()), alone)
        for button, word in zip(buttons, words):
            button.show_word(word)
