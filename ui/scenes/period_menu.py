"""Periods to choose: up to today, and around the event."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QMenu, QWidget

from ...core.moment import Moment

TO_TODAY = (7, 30, 90, 365)
"""Days that end today."""
BEFORE, AROUND = (10, 30, 60), (5, 10, 30)
"""Days before the event, and on both sides of it."""


class PeriodMenu(QMenu):
    """Offers periods; those around the event as long as its day is known.

    Parameters
    ----------
    event_text : callable
        Gives what stands in the event's field; None or any text.
    """

    chosen = pyqtSignal(object, object)
    """Carries the first and the last day."""

    def __init__(self, event_text: Callable[[], str | None], parent: QWidget) -> None:
        super().__init__(parent)
        self._event_text = event_text
        self.aboutToShow.connect(self.fill)

    def fill(self) -> None:
        """List the periods anew: days pass, and the event may be another one."""
        self.clear()
        today = date.today()
        for days in TO_TODAY:
            self._offer(
                self.tr("Last {days} days").format(days=days), today - timedelta(days), today
            )
        day = event_day(self._event_text())
        section = (
            self.tr("Around the event: give its day on the page “Map an event”")
            if day is None
            else self.tr("Around the event of {day}").format(day=day.isoformat())
        )
        self.addSection(section)
        if day is None:
            self.addAction(section).setEnabled(False)  # not every style shows a section's words
            return
        one = timedelta(1)
        for days in BEFORE:
            words = self.tr("{days} days before the event").format(days=days)
            self._offer(words, day - timedelta(days), day - one)
        for days in AROUND:
            words = self.tr("{days} days before and after").format(days=days)
            self._offer(words, day - timedelta(days), day + timedelta(days))
        self._offer(self.tr("From the event to today"), day, max(day, today))
        year = timedelta(365)
        self._offer(
            self.tr("The same weeks a year before"),
            day - year - timedelta(AROUND[-1]),
            day - year + timedelta(AROUND[-1]),
        )

    def _offer(self, words: str, start: date, end: date) -> None:
        self.addAction(words).triggered.connect(partial(self._choose, start, end))

    def _choose(self, start: date, end: date, *_: object) -> None:
        self.chosen.emit(start, end)


def event_day(text: str | None) -> date | None:
    """The day of an event that was typed; None where it is none."""
    try:
        return Moment.parse(text or "").first.date()
    except ValueError:
        return None
