"""Where Tab goes: widgets that are made late are visited where they stand, not at the end."""

from __future__ import annotations

from collections.abc import Iterable

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QWidget


def tab_stops(outer: QWidget) -> list[QWidget]:
    """What takes the focus by Tab inside a widget, in the order of its visits.

    The line in a spin box or in a combo box is none: it stands in for the box around it.
    """
    stops, widget = [], outer.nextInFocusChain()
    while widget is not outer:
        takes = widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.focusProxy() is None
        if takes and outer.isAncestorOf(widget):
            stops.append(widget)
        widget = widget.nextInFocusChain()
    return stops


def visit_after(before: QWidget, widgets: Iterable[QWidget]) -> None:
    """Let Tab go from one widget to others, which were made later, and from there on.

    Parameters
    ----------
    before : QWidget
        Takes the focus by Tab, and stands before the others in the same window.
    widgets : iterable of QWidget
        Are visited next, in this order. Each takes the focus itself: of a field with parts Qt would
        move the parts alone.
    """
    for widget in widgets:
        QWidget.setTabOrder(before, widget)
        before = widget
