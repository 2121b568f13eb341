"""Sentences for people: the message bar gets one, the log gets all of it. Never a modal box.

The bar shows HTML: what a catalogue or a file has written into a sentence is escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from qgis.core import Qgis
from qgis.gui import QgsMessageBar, QgsMessageBarItem
from qgis.PyQt.QtCore import QCoreApplication, QObject, Qt
from qgis.PyQt.QtWidgets import (
    QDialog,
    QPlainTextEdit,
    QPushButton,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from ..core.doors.operation_index import declared_operations
from ..core.errors import FirstLightError, InputError, NoScenesError
from ..core.monitor import Level
from ..core.operation import Declared
from ..core.params import Param
from ..core.text import shown
from ..core.wording import Wording
from .language import said
from .monitors import log

TITLE = "FirstLight"
MOST_CHARACTERS = 90
"""A message bar has one line; the rest is behind a button."""
MOST_LINES = 4
MORE = " …"
DETAILS_COLUMNS, DETAILS_LINES = 100, 22


def _title(named: Param | Declared) -> str:
    """Its title in quotes, as the dock and the toolbox show it."""
    return f"“{said(named.title)}”"


WORDING = Wording(declared_operations, _title, lambda operation, _options: _title(operation), said)
"""Names of parameters and operations in QGIS, for sentences of core."""


def show_error(bar: QgsMessageBar, error: FirstLightError) -> None:
    """Show a failure; it stays until the user closes it. An unusable input, and
    a search that finds nothing, are warnings: nothing is broken, and nothing was lost.

    Parameters
    ----------
    bar : QgsMessageBar
        QGIS's message bar.
    error : FirstLightError
        What failed.
    """
    if isinstance(error, (InputError, NoScenesError)):
        show_warning(bar, str(error))
        return
    show_failure(bar, str(error))


Action = tuple[str, Callable[[], object]]
"""Text of a button, and what it does."""


def show_failure(bar: QgsMessageBar, text: str) -> None:
    """Show that something failed; it stays until the user closes it."""
    log(text, Level.ERROR)
    _push(bar, text, Qgis.MessageLevel.Critical, 0)


def clear_failures(bar: QgsMessageBar) -> None:
    """Take away what earlier failures and doubts said, before something new is tried."""
    levels = (Qgis.MessageLevel.Critical, Qgis.MessageLevel.Warning)
    for item in bar.items():
        if item.title() == TITLE and item.level() in levels:
            bar.popWidget(item)


def show_warning(bar: QgsMessageBar, text: str, actions: Sequence[Action] = ()) -> None:
    """Show something that did not go as wished, for 15 seconds; with buttons until it is closed."""
    log(text, Level.WARNING)
    _push(bar, text, Qgis.MessageLevel.Warning, 0 if actions else 15, actions)


def show_success(bar: QgsMessageBar, text: str, actions: Sequence[Action] = ()) -> None:
    """Show that something is done, for 8 seconds; with buttons until it is closed, or until
    something else is done.
    """
    log(text)
    for item in bar.items():
        if item.title() == TITLE and item.level() == Qgis.MessageLevel.Success:
            bar.popWidget(item)
    _push(bar, text, Qgis.MessageLevel.Success, 0 if actions else 8, actions)


def _push(
    bar: QgsMessageBar,
    text: str,
    level: Qgis.MessageLevel,
    seconds: int,
    actions: Sequence[Action] = (),
) -> None:
    """One line; where that is not all, a button opens the whole text."""
    line = shorten(text)
    for there in bar.items():  # told twice, the older one would be counted as "1 more"
        if (there.title(), there.text(), there.level()) == (TITLE, escape(line, False), level):
            bar.popWidget(there)
    item = QgsMessageBar.createMessage(TITLE, escape(line, quote=False))
    if line.endswith(MORE):
        details = QCoreApplication.translate("FirstLight", "Details")
        actions = (*actions, (details, lambda: show_details(bar.window(), text)))
    for title, act in actions:
        button = QPushButton(title, item)
        button.clicked.connect(lambda _, act=act: act())
        item.layout().addWidget(button)
    bar.pushWidget(item, level, seconds)
    _Fit(item)


def show_details(window: QWidget, text: str) -> QDialog:
    """Show a whole text in a window of its own, to be read and copied; it holds nothing up."""
    dialog = QDialog(window, objectName="details_dialog")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle(TITLE)
    view = QPlainTextEdit(shown(text, keep="\n"), objectName="details_text", readOnly=True)
    layout = QVBoxLayout(dialog)
    layout.addWidget(view)
    metrics = view.fontMetrics()
    dialog.resize(
        metrics.averageCharWidth() * DETAILS_COLUMNS, metrics.lineSpacing() * DETAILS_LINES
    )
    dialog.show()
    return dialog


class _Fit(QObject):
    """Gives a sentence that wraps the height for all of its lines, whenever they are broken anew:
    QGIS's item has one and a half and a scroll bar beside them, and buttons take its width.
    """

    def __init__(self, item: QgsMessageBarItem) -> None:
        super().__init__(item)
        self._views = item.findChildren(QTextBrowser)
        for view in self._views:
            view.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            layout = view.document().documentLayout()
            layout.documentSizeChanged.connect(lambda *_: self._fit())
        self._fit()

    def _fit(self) -> None:
        for view in self._views:
            margins = 2 * int(view.document().documentMargin()) + 2
            most = view.fontMetrics().lineSpacing() * MOST_LINES + margins
            height = min(int(view.document().size().height()) + 1, most)
            if view.height() != height:
                view.setFixedHeight(height)


def shorten(text: str, most: int = MOST_CHARACTERS) -> str:
    """One line of at most ``most`` characters; ``MORE`` stands for what it leaves out."""
    line = shown(" ".join(text.split()))
    if len(line) <= most:
        return line
    start = line[: most - len(MORE)]
    words = start.rpartition(" ")[0]
    return (words if len(words) > most // 2 else start).rstrip(" ,;:") + MORE
