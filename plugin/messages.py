"""Sentences for people: the message bar gets one, the log gets all of it. Never a modal box.

The bar shows HTML: what a catalogue or a file has written into a sentence is escaped.
"""

from __future__ import annotations

from html import escape

from qgis.core import Qgis
from qgis.gui import QgsMessageBar
from qgis.PyQt.QtCore import QCoreApplication

from ..core.doors.operation_index import declared_operations
from ..core.errors import FirstLightError, InputError
from ..core.monitor import Level
from ..core.operation import Declared
from ..core.params import Param
from ..core.text import shown
from ..core.wording import Wording
from .monitors import log

TITLE = "FirstLight"
MOST_CHARACTERS = 240
"""Longer sentences do not fit on two lines of a message bar."""


def _title(named: Param | Declared) -> str:
    """Its title in quotes, as the dock and the toolbox show it."""
    return f"“{QCoreApplication.translate('FirstLight', named.title)}”"


WORDING = Wording(declared_operations, _title, lambda operation, _options: _title(operation))
"""Names of parameters and operations in QGIS, for sentences of core."""


def show_error(bar: QgsMessageBar, error: FirstLightError) -> None:
    """Show a failure; it stays until the user closes it. An unusable input is a warning, since
    nothing was lost.

    Parameters
    ----------
    bar : QgsMessageBar
        QGIS's message bar.
    error : FirstLightError
        What failed.
    """
    if isinstance(error, InputError):
        show_warning(bar, str(error))
        return
    show_failure(bar, str(error))


def show_failure(bar: QgsMessageBar, text: str) -> None:
    """Show that something failed; it stays until the user closes it."""
    log(text, Level.ERROR)
    bar.pushMessage(TITLE, escape(shorten(text), quote=False), Qgis.MessageLevel.Critical, 0)


def clear_failures(bar: QgsMessageBar) -> None:
    """Take away what earlier failures said, before something new is tried."""
    for item in bar.items():
        if item.title() == TITLE and item.level() == Qgis.MessageLevel.Critical:
            bar.popWidget(item)


def show_warning(bar: QgsMessageBar, text: str) -> None:
    """Show something that did not go as wished, for 15 seconds."""
    log(text, Level.WARNING)
    bar.pushMessage(TITLE, escape(shorten(text), quote=False), Qgis.MessageLevel.Warning, 15)


def show_success(bar: QgsMessageBar, text: str) -> None:
    """Show that something is done, for 8 seconds."""
    log(text)
    bar.pushMessage(TITLE, escape(shorten(text), quote=False), Qgis.MessageLevel.Success, 8)


def shorten(text: str, most: int = MOST_CHARACTERS) -> str:
    """One line of at most ``most`` characters; says so where it leaves something out."""
    line = shown(" ".join(text.split()))
    if len(line) <= most:
        return line
    tail = " … (all of it: log panel, tab FirstLight)"
    return line[: most - len(tail)].rstrip() + tail
