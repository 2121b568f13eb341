"""Every widget is made on PyQt6, shown, changed in all its fields, and drawn."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest
from PyQt6 import sip
from PyQt6.QtCore import QT_VERSION_STR, QDate, QDateTime, Qt, QTime, QTimeZone
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QDateEdit,
    QLineEdit,
    QPlainTextEdit,
    QSpinBox,
    QWidget,
)
from qgis.PyQt import QtWidgets

import firstlight.plugin
import firstlight.ui
from firstlight.core.operations.registry import OPERATIONS
from firstlight.plugin.compat import UTC
from firstlight.ui.dock.main_dock import MainDock

MODULES = [
    module.name
    for package in (firstlight.plugin, firstlight.ui)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
]


def test_this_is_qt_6() -> None:
    assert QT_VERSION_STR.startswith("6.")
    assert QtWidgets.QWidget is QWidget


def test_times_are_made_with_what_qt_6_has() -> None:
    made = QDateTime.fromSecsSinceEpoch(5, UTC)
    assert isinstance(UTC, QTimeZone)
    assert made == QDateTime(QDate(1970, 1, 1), QTime(0, 0, 5), UTC)
    assert made.toString(Qt.DateFormat.ISODate) == "1970-01-01T00:00:05Z"


@pytest.mark.parametrize("name", MODULES)
def test_a_module_can_be_imported(name: str) -> None:
    importlib.import_module(name)


def children(parent: QWidget, kind: type[Any]) -> Iterator[Any]:
    """Widgets below one; without Qt's own parts, and without those that went with a choice."""
    for child in parent.findChildren(kind):
        if not sip.isdeleted(child) and not child.objectName().startswith("qt_"):
            yield child


def change_every_field(widget: QWidget) -> int:
    """As a person does, one after the other; gives their number."""
    changed = 0
    for box in children(widget, QComboBox):
        for row in range(box.count()):
            # Headings between the choices are no choice.
            if box.model().flags(box.model().index(row, 0)) & Qt.ItemFlag.ItemIsEnabled:
                box.setCurrentIndex(row)
        changed += 1
    for box in children(widget, QCheckBox):
        box.click()
        box.click()
        changed += 1
    for number in children(widget, QSpinBox):
        number.stepUp()
        changed += 1
    for day in children(widget, QDateEdit):
        day.setDate(QDate(2024, 6, 1))
        changed += 1
    for line in children(widget, QLineEdit):
        if not line.isReadOnly():
            line.setText("2024-06-01")
            line.editingFinished.emit()
            changed += 1
    for text in children(widget, QPlainTextEdit):
        text.setPlainText("a line")
        changed += 1
    return changed


def look_at(widget: QWidget) -> None:
    """Draw it, and ask every table and tree for all that it shows."""
    assert not widget.grab().isNull()
    for view in children(widget, QAbstractItemView):
        model = view.model()
        if model is None:
            continue
        for row in range(model.rowCount()):
            for column in range(model.columnCount()):
                index = model.index(row, column)
                for role in Qt.ItemDataRole:
                    model.data(index, role)


def test_the_pages_of_the_dock(dock: MainDock, qtbot: Any) -> None:
    changed = 0
    for number in range(dock.pages.count()):
        page = dock.pages.widget(number)
        dock.show_page(page)
        qtbot.wait(1)
        look_at(page)
        changed += change_every_field(page)
        look_at(page)
    assert dock.pages.count() == 4
    assert changed > 40
    look_at(dock)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_the_form_of_an_operation(qtbot: Any, operation: Any) -> None:
    from firstlight.ui.fields.parameter_form import ParameterForm

    form = ParameterForm(operation, lambda: "7,46,8,47")
    qtbot.addWidget(form)
    form.show()
    look_at(form)
    assert change_every_field(form) or not form.fields
    look_at(form)
