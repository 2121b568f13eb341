"""Every page of the dock in letters of 14 points: nothing is cut or lies outside of the window."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtGui import QFont
from qgis.PyQt.QtWidgets import (
    QApplication,
    QCheckBox,
    QLabel,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QToolButton,
    QWidget,
)

from firstlight.core.doors.operation_index import declared_operations
from firstlight.ui.parts.step import Step

POINTS = 14
NARROW = 300
ICON_ONLY = Qt.ToolButtonStyle.ToolButtonIconOnly
WORDED = (QPushButton, QCheckBox, QRadioButton, QToolButton, QLabel)
TOOLS = [one.name for one in declared_operations() if one.name != "event"]


@pytest.fixture(params=["font", "style sheet"])
def large_letters(request, qgis_app) -> Iterator[None]:
    """The application's font, as a desktop sets it; or a style sheet, as QGIS's options do."""
    font, sheet = QFont(QApplication.font()), qgis_app.styleSheet()
    if request.param == "font":
        large = QFont(font)
        large.setPointSize(POINTS)
        QApplication.setFont(large)
    else:
        qgis_app.setStyleSheet(f'{sheet}\n* {{ font: {POINTS}pt "{font.family()}" }}')
    yield
    QApplication.setFont(font)
    qgis_app.setStyleSheet(sheet)


def narrow(dock) -> None:
    window = dock.window()
    window.resizeDocks([dock], [10], Qt.Orientation.Horizontal)
    for _ in range(3):
        QApplication.processEvents()


def cut(page: QWidget) -> list[str]:
    """Names of what is wider than its place, and of what lies outside of the column."""
    found = [
        f"{scroll.objectName()} scrolls sideways"
        for scroll in page.findChildren(QScrollArea)
        if scroll.isVisible() and scroll.horizontalScrollBar().maximum()
    ]
    for widget in page.findChildren(QWidget):
        if not widget.isVisible() or not isinstance(widget, WORDED):
            continue
        if isinstance(widget.parentWidget(), Step) or not widget.text():
            continue  # a heading says all in its tip
        if isinstance(widget, QToolButton) and widget.toolButtonStyle() == ICON_ONLY:
            continue
        name = f"{widget.objectName() or type(widget).__name__} “{widget.text()}”"
        if not getattr(widget, "wordWrap", bool)() and widget.width() < widget.sizeHint().width():
            found.append(f"{name}: {widget.width()} px of {widget.sizeHint().width()}")
        right = widget.mapTo(page, QPoint(widget.width(), 0)).x()
        if right > page.width() or widget.mapTo(page, QPoint(0, 0)).x() < 0:
            found.append(f"{name} ends at {right} of {page.width()}")
    return found


@pytest.mark.usefixtures("large_letters")
@pytest.mark.parametrize("name", ["en", "de", "es", "fr", "pt"])
def test_no_page_is_cut_in_any_language(speak, request, name):
    speak(name)
    dock = request.getfixturevalue("dock")
    dock.set_area(10, 45, 11, 46)
    found = []
    for page in (dock.event_page, dock.scenes, dock.files, dock.jobs):
        dock.show_page(page)
        narrow(dock)
        found += [f"{page.objectName() or type(page).__name__}: {one}" for one in cut(page)]
        found += [f"bar: {one}" for one in cut(dock.page_bar)]
        if dock.width() > NARROW:
            found.append(f"{type(page).__name__}: {dock.minimumSizeHint().width()} px wide")
    assert not found


@pytest.mark.usefixtures("large_letters")
def test_the_edges_of_an_area_are_not_broken(dock):
    dock.set_area(-123.45671, -45.12341, -122.34561, -44.23451)
    for page in (dock.event_page, dock.scenes):
        dock.show_page(page)
        narrow(dock)
        label = page.area_panel.area_label
        assert len(label.text().splitlines()) == 3
        metrics = label.fontMetrics()
        assert max(map(metrics.horizontalAdvance, label.text().splitlines())) <= label.width()


@pytest.mark.usefixtures("large_letters")
def test_what_is_bold_stays_bold(dock):
    dock.scenes.search_panel.set_sensor("sentinel2")
    QApplication.processEvents()
    boxes = dock.scenes.band_panel.boxes
    assert boxes["red"].fontInfo().bold()
    assert not boxes["scl"].fontInfo().bold()
    assert dock.event_page.map_button.fontInfo().bold()
    assert dock.files.tools_panel.title_label.fontInfo().bold()


@pytest.mark.usefixtures("large_letters")
def test_a_row_of_scenes_has_two_lines(dock, qgis_app):
    table, gallery = dock.scenes.scene_panel.table, dock.scenes.scene_panel.gallery
    qgis_app.setStyleSheet("* { font-size: 24pt }")  # changed in QGIS's options meanwhile
    QApplication.processEvents()
    line = table.fontMetrics().lineSpacing()
    assert table.verticalHeader().defaultSectionSize() >= 2 * line
    assert gallery.gridSize().height() >= gallery.iconSize().height() + line


@pytest.mark.usefixtures("large_letters")
def test_fields_stand_beside_their_labels_where_there_is_room(dock):
    dock.show_page(dock.files)
    dock.show_tool("discover")
    form = dock.files.tools_panel.form
    field = form.fields["sensor"]
    label = next(one for one in form.findChildren(QLabel) if one.buddy() is field.held)
    narrow(dock)
    assert field.y() >= label.y() + label.height()
    assert field.width() > 0.9 * form.width()
    dock.window().resizeDocks([dock], [800], Qt.Orientation.Horizontal)
    for _ in range(3):
        QApplication.processEvents()
    assert dock.width() > 700
    assert field.x() > label.x() + label.width() - 1


@pytest.mark.usefixtures("large_letters")
def test_no_form_is_cut(dock):
    dock.show_page(dock.files)
    narrow(dock)
    found = []
    for name in TOOLS:
        dock.show_tool(name)
        narrow(dock)
        found += [f"{name}: {one}" for one in cut(dock.files)]
        if dock.width() > NARROW:
            found.append(f"{name}: {dock.width()} px wide")
    assert not found
