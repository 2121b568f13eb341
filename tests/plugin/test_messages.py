"""Sentences in the message bar and in the log."""

from __future__ import annotations

from html import unescape

import pytest
from qgis.core import Qgis
from qgis.gui import QgsMessageBar
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import (
    QDialog,
    QPlainTextEdit,
    QPushButton,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from firstlight.core.errors import AreaError, IngestionError, NoScenesError
from firstlight.core.text import shown
from firstlight.plugin.messages import (
    MOST_CHARACTERS,
    clear_failures,
    shorten,
    show_details,
    show_error,
    show_failure,
    show_success,
    show_warning,
)

CHILDREN = Qt.FindChildOption.FindDirectChildrenOnly


def test_a_failure_stays_and_is_red(desktop):
    error = IngestionError(
        "Scene A failed", "required band nir could not be downloaded (HTTP 404)", "Run again."
    )
    show_error(desktop.bar, error)
    [message] = desktop.messages
    assert message.title == "FirstLight"
    assert (
        message.text
        == "Scene A failed: required band nir could not be downloaded (HTTP 404). Run again."
    )
    assert message.level == Qgis.MessageLevel.Critical
    assert desktop.bar.currentItem().duration() == 0
    assert message.text in desktop.logged()


def test_an_unusable_input_is_a_warning(desktop):
    show_error(desktop.bar, AreaError("The area cannot be used", "it is empty"))
    assert [(m.text, m.level) for m in desktop.messages] == [
        ("The area cannot be used: it is empty.", Qgis.MessageLevel.Warning)
    ]


def test_a_search_that_finds_nothing_is_no_failure(desktop):
    show_error(desktop.bar, NoScenesError("No scenes found in A", "nothing covers the area"))
    assert desktop.messages[0].level == Qgis.MessageLevel.Warning


@pytest.mark.parametrize("buttons", [0, 3])
@pytest.mark.parametrize("width", [760, 1400])
def test_all_lines_of_a_sentence_are_in_view_beside_buttons(qtbot, width, buttons):
    window = QWidget()
    qtbot.addWidget(window)
    bar = QgsMessageBar(window)
    layout = QVBoxLayout(window)
    layout.addWidget(bar)
    layout.addStretch(1)
    window.resize(width, 300)
    window.show()
    text = "Mapped, files in /home/somebody/FirstLight/wildfire_2024-07-20_42.011N_27.319W."
    actions = [(title, lambda: None) for title in ("Open report", "Zoom", "Open folder")]
    show_success(bar, text, actions[:buttons])
    [view] = bar.currentItem().findChildren(QTextBrowser)
    qtbot.waitUntil(lambda: view.height() >= int(view.document().size().height()))
    assert view.height() <= view.fontMetrics().lineSpacing() * 5
    assert not view.verticalScrollBar().isVisible()
    before = view.height()
    view.setStyleSheet("font-size: 14pt")  # as a theme does, once the item is in the window
    qtbot.waitUntil(lambda: view.height() >= int(view.document().size().height()))
    assert view.height() > before
    assert not view.verticalScrollBar().isVisible()


def test_of_what_is_done_the_last_stays_in_view(desktop):
    show_warning(desktop.bar, "Doubtful.", [("Open", lambda: None)])
    show_success(desktop.bar, "One is done.", [("Open report", lambda: None)])
    show_success(desktop.bar, "Another is done.", [("Open report", lambda: None)])
    assert [item.text() for item in desktop.bar.items()] == ["Another is done.", "Doubtful."]


def test_a_sentence_that_is_told_again_is_there_once(desktop):
    """As a job's doubt is, at its end and when its layers come onto the map."""
    for _ in range(2):
        show_warning(desktop.bar, "Simulated <it is>", [("Zoom", print)])
    show_warning(desktop.bar, "Something else")
    show_failure(desktop.bar, "Something else")
    told = [(unescape(item.text()), item.level()) for item in desktop.bar.items()]
    assert sorted(told) == [
        ("Simulated <it is>", Qgis.MessageLevel.Warning),
        ("Something else", Qgis.MessageLevel.Warning),
        ("Something else", Qgis.MessageLevel.Critical),
    ]


def test_success_goes_away(desktop):
    show_success(desktop.bar, "Done.")
    assert desktop.messages[0].level == Qgis.MessageLevel.Success
    assert desktop.bar.currentItem().duration() == 8


@pytest.mark.parametrize(
    "text", ["word " * 200, "x" * 400, "Scene <b>A</b> & B " + "é" * 120, "a  b" * 60]
)
def test_a_long_sentence_is_cut_in_the_bar_and_whole_behind_a_button(desktop, qtbot, text):
    show_warning(desktop.bar, text)
    line = unescape(desktop.messages[0].text)
    assert len(line) <= MOST_CHARACTERS
    assert line.endswith(" …")
    assert shown(text) in unescape(desktop.logged())
    [button] = desktop.bar.currentItem().findChildren(QPushButton, options=CHILDREN)
    assert button.text() == "Details"
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    [dialog] = desktop.window.findChildren(QDialog, "details_dialog")
    assert dialog.isVisible()
    assert not dialog.isModal()
    assert dialog.findChild(QPlainTextEdit).toPlainText() == shown(text, keep="\n")
    dialog.close()


def test_a_text_of_a_page_is_read_without_scrolling(qtbot, desktop):
    """Such as what was found of an installation."""
    lines = [f"line {number}: " + "/usr/lib/python3/dist-packages" for number in range(18)]
    dialog = show_details(desktop.window, "\n".join(lines))
    view = dialog.findChild(QPlainTextEdit)
    qtbot.waitExposed(dialog)
    assert view.verticalScrollBar().maximum() == 0
    assert view.horizontalScrollBar().maximum() == 0
    dialog.close()


def test_what_fits_has_no_button(desktop):
    show_failure(desktop.bar, "a" * MOST_CHARACTERS)
    assert desktop.messages[0].text == "a" * MOST_CHARACTERS
    assert desktop.bar.currentItem().findChildren(QPushButton, options=CHILDREN) == []


def test_lines_become_one():
    assert shorten("a\n  b\tc") == "a b c"


def test_failures_and_doubts_are_cleared_and_nothing_else(desktop):
    desktop.bar.pushMessage("Another plugin", "its own", Qgis.MessageLevel.Critical)
    show_failure(desktop.bar, "one")
    show_warning(desktop.bar, "two")
    show_success(desktop.bar, "three")
    clear_failures(desktop.bar)
    assert sorted(item.text() for item in desktop.bar.items()) == ["its own", "three"]


def test_text_of_a_catalogue_is_shown_and_never_obeyed(desktop):
    """The bar shows HTML, and so does the log panel."""
    show_failure(desktop.bar, "Scene a<img src='/tmp/x.png'>\x1b[31m & b cannot be used")
    text = "Scene a&lt;img src='/tmp/x.png'&gt;\\x1b[31m &amp; b cannot be used"
    assert desktop.messages[0].text == text
    assert text in desktop.logged()
