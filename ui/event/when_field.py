"""When it happened, and how far around it scenes count."""

from __future__ import annotations

from qgis.PyQt.QtCore import QSignalBlocker, pyqtSignal
from qgis.PyQt.QtWidgets import QSpinBox, QVBoxLayout, QWidget

from ...core.discovery.events import EventType
from ...core.moment import Moment
from ..fields.date_field import DateField
from ..parts.flow import FlowLayout
from ..parts.plain import PlainLabel, plain_tip

MOST_DAYS = 1000


class WhenField(QWidget):
    """A day, with a time where it is known; days before and after it."""

    changed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.event_edit = DateField()
        self.event_edit.setObjectName("event_edit")
        self.event_edit.edit.setPlaceholderText(self.tr("2024-07-20, or 2024-07-20 14:00 (UTC)"))
        self.event_edit.edit.setAccessibleName(self.tr("When it happened, UTC"))
        self.event_edit.setToolTip(self.tr("When it happened: a day, or a day and a time, in UTC"))
        self.before_spin = _days("before_spin", self.tr("Days to look before the event"))
        self.after_spin = _days("after_spin", self.tr("Days to look after the event"))
        row = QWidget()
        flow = FlowLayout(row, spacing=4)
        for part in (
            PlainLabel(self.tr("Days before")),
            self.before_spin,
            PlainLabel(self.tr("after")),
            self.after_spin,
        ):
            flow.addWidget(part)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.event_edit)
        layout.addWidget(row)
        self.event_edit.edit.textChanged.connect(lambda _: self.changed.emit())
        for spin in (self.before_spin, self.after_spin):
            spin.valueChanged.connect(lambda _: self.changed.emit())

    def moment(self) -> Moment | None:
        """What was typed; None where it is no date."""
        try:
            return Moment.parse(self.event_edit.value() or "")
        except ValueError:
            return None

    def set_usual_days(self, event: EventType) -> None:
        """Look as far as this kind of event is seen."""
        for spin, days in (
            (self.before_spin, event.days_before),
            (self.after_spin, event.days_after),
        ):
            blocker = QSignalBlocker(spin)
            spin.setValue(days)
            blocker.unblock()


def _days(name: str, title: str) -> QSpinBox:
    spin = QSpinBox(objectName=name, minimum=1, maximum=MOST_DAYS)
    spin.setAccessibleName(title)
    spin.setToolTip(plain_tip(title))
    spin.setKeyboardTracking(False)
    return spin
