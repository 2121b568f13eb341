"""A day, or a time of a day, as text with a calendar beside it."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QDate, Qt
from qgis.PyQt.QtWidgets import QCalendarWidget, QLineEdit, QMenu, QToolButton, QWidgetAction

from ...core.moment import Moment
from ...core.params import Param
from .field import Field


class DateField(Field):
    """A day or a moment in UTC; empty where it is not given. A step of the dock has one without a
    parameter.

    A line of text, because Qt's date boxes have no way to leave the time open, and change digits
    while one types.
    """

    def __init__(self, param: Param | None = None) -> None:
        super().__init__()
        self.edit = QLineEdit()
        self.edit.setPlaceholderText("2024-05-01 14:00")
        self.edit.setToolTip(self.tr("A day, or a day and a time, in UTC"))
        self.hold(self.edit, self.edit.textChanged)
        frame = self.edit.sizeHint().height()  # what stands around the text, and some
        self.edit.setMinimumWidth(self.fontMetrics().horizontalAdvance("2024-05-01") + frame)
        self.calendar = QCalendarWidget()
        self.calendar.setGridVisible(True)
        self.calendar.clicked.connect(self._take_day)
        self._menu = QMenu(self)
        action = QWidgetAction(self._menu)
        action.setDefaultWidget(self.calendar)
        self._menu.addAction(action)
        self._menu.aboutToShow.connect(self._show_day)
        button = QToolButton(objectName="calendar_button")
        button.setText("▾")
        button.setToolTip(self.tr("Choose a day"))
        button.setMenu(self._menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.layout().addWidget(button)
        if param is not None and param.default:
            self.set_value(param.default)

    def value(self) -> Any:
        """The text, or None."""
        return self.edit.text().strip() or None

    def set_value(self, value: Any) -> None:
        """Show a date, or none; what is no date is shown as it is."""
        self.edit.setText(_short(str(value)) if value else "")

    def _show_day(self) -> None:
        day = QDate.fromString(self.edit.text().strip()[:10], Qt.DateFormat.ISODate)
        self.calendar.setSelectedDate(day if day.isValid() else QDate.currentDate())

    def _take_day(self, day: QDate) -> None:
        """Another day; the time that was typed stays."""
        time = self.edit.text().strip()[10:]
        self.edit.setText(day.toString(Qt.DateFormat.ISODate) + time)
        self._menu.close()


def _short(text: str) -> str:
    """``2024-05-01`` for a whole day, ``2024-05-01 14:00`` for a moment."""
    try:
        moment = Moment.parse(text)
    except ValueError:
        return text
    if moment.first != moment.last:
        return moment.day
    pattern = "%Y-%m-%d %H:%M:%S" if moment.first.second else "%Y-%m-%d %H:%M"
    return moment.first.strftime(pattern)
