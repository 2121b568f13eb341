"""The dock as it is looked at: narrow, in large letters, in dark colours, by keys alone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from qgis.core import QgsApplication
from qgis.gui import QgsCollapsibleGroupBoxBasic
from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import (
    QApplication,
    QDockWidget,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from firstlight.core.doors.operation_index import declared_operations
from firstlight.core.operation import OperationResult, ResultSummary
from firstlight.ui.dock.page_bar import ICON_ONLY, ICON_SIZE, SPACING, WITH_WORD, PageBar
from firstlight.ui.event.pair_pictures import Picture
from firstlight.ui.event.result_card import ResultCard
from firstlight.ui.parts.column_scroll import ColumnScroll
from firstlight.ui.parts.plain import PlainLabel
from firstlight.ui.parts.shades import LEAST_CONTRAST, contrast
from firstlight.ui.parts.tab_order import tab_stops
from firstlight.ui.parts.wrapping_label import WrappingLabel
from support.thorough import few

ENGLISH = ("Map an event", "Scenes", "My files", "Jobs")
GERMAN = ("Ein Ereignis kartieren", "Szenen", "Eigene Dateien", "Aufträge")
SHORT = {
    ENGLISH: ("Event", "Scenes", "Files", "Jobs"),
    GERMAN: ("Ereignis", "Szenen", "Dateien", "Aufträge"),
}
LONG = "/home/somebody/results/wildfire_2024-07-20_41.996N_27.299W_and_a_name_without_any_end"


def bar_of(qtbot, words, width):
    window = QWidget()
    qtbot.addWidget(window)
    bar = PageBar(window)
    bar.window_held = window
    for word, short in zip(words, SHORT[words]):
        bar.add(word, short, "/mActionZoomToArea.svg", "what it is for", f"{word}_button")
    bar.choose(0)
    bar.resize(width, bar.sizeHint().height())
    window.resize(1000, 100)
    window.show()
    return bar


def shown_words(bar):
    return [button.text() for button in bar.buttons if button.toolButtonStyle() == WITH_WORD]


def test_a_number_at_an_icon_moves_nothing(qtbot):
    bar = bar_of(qtbot, ENGLISH, 400)
    QApplication.processEvents()
    before = [button.geometry() for button in bar.buttons]
    height = bar.sizeHint().height()
    plain = bar.buttons[3].grab().toImage()
    bar.set_count(3, 12)
    QApplication.processEvents()
    assert [button.geometry() for button in bar.buttons] == before
    assert bar.sizeHint().height() == height
    assert bar.buttons[3].grab().toImage() != plain, "the number is to be seen"
    bar.set_count(3, 0)
    assert bar.buttons[3].grab().toImage() == plain


def width_with(bar, words):
    sizes = [button.size_with(word).width() for button, word in zip(bar.buttons, words)]
    return sum(sizes) + SPACING * (len(sizes) - 1)


@pytest.mark.parametrize("words", [ENGLISH, GERMAN], ids=["English", "German"])
def test_the_pages_are_in_one_row_at_any_width(qtbot, words):
    wide = bar_of(qtbot, words, 900)
    assert shown_words(wide) == list(words)
    short = SHORT[words]
    ways = (short, (words[0], "", "", ""), (short[0], "", "", ""), ("", "", "", ""))
    for way in ways:
        bar = bar_of(qtbot, words, width_with(wide, way))
        QApplication.processEvents()
        wanted = [word for word in way if word]
        if way[0] == words[0] and width_with(wide, short) <= bar.width():
            wanted = list(short)  # which need less than the long word alone
        assert shown_words(bar) == wanted
        assert len({button.y() for button in bar.buttons}) == 1
        assert max(button.geometry().right() for button in bar.buttons) < bar.width()
        assert bar.height() == wide.height()
    assert bar.width() == bar.minimumSizeHint().width()
    for button, word in zip(bar.buttons, words):
        assert button.toolButtonStyle() == ICON_ONLY
        assert button.toolTip().startswith(word)
        assert button.accessibleName() == word


def test_only_the_page_in_view_is_written_where_room_is_scarce(qtbot):
    wide = bar_of(qtbot, ENGLISH, 900)
    bar = bar_of(qtbot, ENGLISH, width_with(wide, (ENGLISH[0], "", "", "")))
    for place, word in enumerate(ENGLISH):
        bar.choose(place)
        QApplication.processEvents()
        assert shown_words(bar) == [word]


def test_the_least_width_of_the_bar_is_that_of_its_icons(qtbot):
    bar = bar_of(qtbot, GERMAN, 900)
    word = bar.fontMetrics().horizontalAdvance(GERMAN[0])
    icons = len(GERMAN) * ICON_SIZE
    assert icons < bar.minimumSizeHint().width() < icons + word < bar.sizeHint().width()


def test_a_long_name_widens_nothing_and_is_read_to_its_end(qtbot):
    label, plain = WrappingLabel(LONG), PlainLabel(LONG, wordWrap=True)
    for one in (label, plain):
        qtbot.addWidget(one)
    assert label.minimumSizeHint().width() == 0 < 200 < plain.minimumSizeHint().width()
    lines = label.fontMetrics().horizontalAdvance(LONG) / 150
    assert label.heightForWidth(150) >= label.fontMetrics().lineSpacing() * lines
    label.resize(150, label.heightForWidth(150))
    shot = label.grab().toImage()
    paper = shot.pixelColor(shot.width() - 1, shot.height() - 1)
    last = label.fontMetrics().lineSpacing()
    rows = range(shot.height() - last, shot.height())
    assert any(shot.pixelColor(x, y) != paper for y in rows for x in range(shot.width()))


@pytest.mark.parametrize("points", [8, 9, 10, 11, 12, 14, 17])
def test_it_breaks_no_word_in_the_width_that_it_asks_for(qtbot, points):
    label = WrappingLabel()
    qtbot.addWidget(label)
    label.setStyleSheet(f"font-size: {points}pt")
    label.ensurePolished()
    for word in ("Von", "Bis", "Sensor", "Gebiet *", "Most cloud (%)", "Wiii", "AVAVAV"):
        label.setText(word)
        assert label._lay_out(label.sizeHint().width()).lineCount() == 1, word


def test_what_it_says_is_copied_whole(qtbot):
    label = WrappingLabel(f"Mapped, files in {LONG}.")
    qtbot.addWidget(label)
    [copy] = label.actions()
    copy.trigger()
    assert QApplication.clipboard().text() == f"Mapped, files in {LONG}."


def test_text_from_elsewhere_obeys_nothing(qtbot):
    label = WrappingLabel("<b>x</b>\x1b[0m")
    qtbot.addWidget(label)
    assert label._lay_out(500).text() == "<b>x</b>\\x1b[0m"


def test_no_status_makes_the_dock_wider(dock, qtbot):
    least = dock.minimumSizeHint().width()
    dock.page.say(f"Mapped, files in {LONG}{LONG}.")
    dock.event_page.save.show_event(LONG, "About 7 MB to fetch, about 3 min in all")
    QApplication.processEvents()
    assert dock.minimumSizeHint().width() == least


def theme_text(name):
    """The style sheet of one of QGIS's own themes, its variables put in as QGIS does."""
    folder = Path(QgsApplication.pkgDataPath()) / "resources" / "themes" / name
    if not folder.is_dir():
        pytest.skip(f"this QGIS has no theme {name}")
    lines = (folder / "variables.qss").read_text(encoding="utf-8").splitlines()
    values = dict(line.split(":", 1) for line in lines if line.startswith("@"))
    text = (folder / "style.qss").read_text(encoding="utf-8")
    for variable in sorted(values, key=len, reverse=True):
        text = text.replace(variable, values[variable].strip().rstrip(";"))
    return text


def doubtful():
    """The card of a result with a doubt: its label."""
    card = ResultCard()
    summary = ResultSummary("16 km² burned", "", "", "", ())
    result = OperationResult(data=None, text="", warnings=("MMMMMMMM",), summary=summary)
    return card, lambda: card.show_result(result), card.warning_label


def without_picture():
    picture = Picture()
    return picture, lambda: picture.show_image(None, True), picture


def wrapped():
    label = WrappingLabel("MMMMMMMM")
    return label, lambda: None, label


def busy_page():
    bar = PageBar()
    bar.add("MMMM", "MM", "", "", "m")
    return bar, lambda: bar.set_count(0, 8), bar.buttons[0]


@pytest.mark.parametrize("theme", ["", "Night Mapping", "Blend of Gray"])
@pytest.mark.parametrize("make", [doubtful, without_picture, wrapped, busy_page])
def test_words_are_read_in_each_of_qgis_s_themes(qtbot, theme, make):
    window = QDockWidget()
    qtbot.addWidget(window)
    window.setStyleSheet(theme_text(theme) if theme else "")
    widget, show, looked_at = make()
    window.setWidget(widget)
    window.resize(400, 400)
    window.show()
    show()
    QApplication.processEvents()
    shot = window.grab().toImage()
    corner = looked_at.mapTo(window, QPoint(0, 0))
    edge = 3
    colors = Counter(
        shot.pixel(corner.x() + x, corner.y() + y)
        for x in range(edge, looked_at.width() - edge)
        for y in range(edge, looked_at.height() - edge)
    )
    ground = QColor(colors.most_common(1)[0][0])
    best = max(contrast(QColor(color), ground) for color in colors)
    # The theme's own black on its own grey has 4.01 and no more.
    assert best >= (4.0 if theme == "Blend of Gray" else LEAST_CONTRAST)


@pytest.mark.parametrize("theme", ["", "Night Mapping", "Blend of Gray"])
@pytest.mark.parametrize("points", [10, 14])
def test_a_column_is_not_cut_at_its_least_width(qtbot, theme, points):
    text = theme_text(theme) if theme else ""
    window = QDockWidget()
    qtbot.addWidget(window)
    window.setStyleSheet(f"{text}\n* {{ font-size: {points}pt }}")
    column = QWidget()
    rows = QVBoxLayout(column)
    rows.addWidget(QPushButton("A button of some words that cannot be broken"))
    rows.addWidget(QLabel("\n" * 60))
    scroll = ColumnScroll("scroll", column)
    window.setWidget(scroll)
    window.show()
    QApplication.processEvents()
    window.resize(10, 300)
    QApplication.processEvents()
    assert scroll.verticalScrollBar().isVisible()
    assert scroll.horizontalScrollBar().maximum() == 0


def focus_chain(page):
    """What Tab visits on a page, as it is now."""
    return [one for one in tab_stops(page) if one.isEnabled() and one.isVisible()]


@pytest.mark.parametrize("name", ["event_page", "scenes", "files", "jobs"])
def test_tab_goes_from_top_to_bottom(dock, qtbot, name):
    page = getattr(dock, name)
    dock.show_page(page)
    dock.set_area(10, 45, 11, 46)
    QApplication.processEvents()
    check_order(page, focus_chain(page))


ODD_TOOLS = ("ingest", "index", "sar-water", "scenario", "info")
"""Those that each run takes."""
TOOLS = [one.name for one in declared_operations() if one.name not in ("event", *ODD_TOOLS)]


@few("name", [*ODD_TOOLS, *TOOLS], len(ODD_TOOLS))
def test_tab_goes_through_the_fields_of_a_tool_before_it_reaches_run(dock, name):
    panel = dock.files.tools_panel
    other = "index" if name != "index" else "stack"
    for tool in (name, other, name):  # a form that comes back, too
        dock.show_tool(tool)
    for box in panel.form.findChildren(QgsCollapsibleGroupBoxBasic):
        box.setCollapsed(False)
    QApplication.processEvents()
    visited = focus_chain(dock.files)
    fields = [one for one in tab_stops(panel.form) if one.isEnabled() and one.isVisible()]
    assert fields, "a tool without a field"
    check_order(panel.form, fields)
    assert visited[0] is panel.back_button
    assert visited[1 : 1 + len(fields)] == fields
    assert visited[-1] is panel.run_button
    for field in panel.form.fields.values():
        assert any(field.isAncestorOf(one) or one is field for one in fields), field.objectName()


def check_order(page, visited):
    """What is visited goes from top to bottom, and in a row from left to right; and has a name."""
    places = [widget.mapTo(page, QPoint(0, 0)) for widget in visited]
    for widget, before, now in zip(visited[1:], places, places[1:]):
        what = widget.objectName() or widget.metaObject().className()
        assert now.y() >= before.y() - 12, f"{what} lies above what comes before it"
        if abs(now.y() - before.y()) <= 12:
            assert now.x() >= before.x(), f"{what} lies left of what comes before it"
    unnamed = [
        widget.metaObject().className()
        for widget in visited
        if not (widget.accessibleName() or getattr(widget, "text", str)())
    ]
    assert len(unnamed) <= len(visited) // 4, unnamed


@pytest.mark.parametrize("name", ["event_page", "scenes", "files", "tool", "jobs"])
@pytest.mark.parametrize("key", [Qt.Key.Key_Tab, Qt.Key.Key_Backtab])
def test_tab_leaves_every_field_of_a_page(dock, qtbot, name, key):
    page = dock.files if name == "tool" else getattr(dock, name)
    dock.show_page(page)
    dock.set_area(10, 45, 11, 46)
    if name == "tool":
        dock.show_tool("burn-severity")
    QApplication.processEvents()
    dock.window().activateWindow()
    first = focus_chain(page)[0]
    first.setFocus()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is first)
    seen = []
    for _ in range(200):
        widget = QApplication.focusWidget()
        assert widget is not None, f"lost after {seen[-1].objectName()}"
        if seen and widget is seen[0]:
            break
        assert widget not in seen, f"a trap at {widget.objectName()}"
        seen.append(widget)
        qtbot.keyClick(widget, key)
    else:
        raise AssertionError("no way round")
    missed = [one.objectName() for one in focus_chain(page) if one not in seen]
    assert not missed, "what has the focus by keys is reached by them"
