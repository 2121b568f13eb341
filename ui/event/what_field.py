"""What happened: fire, flood or storm, and which kind of it."""

from __future__ import annotations

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QRadioButton, QVBoxLayout, QWidget

from ...core.discovery.events import EventType, load_events
from ...plugin.language import said
from ..parts.flow import FlowLayout

USUAL = "wildfire"


class WhatField(QWidget):
    """A button for each type of event, and a list of its kinds."""

    changed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.buttons: dict[str, QRadioButton] = {}
        self.kind_combo = QComboBox(objectName="kind_combo")
        self.kind_combo.setAccessibleName(self.tr("Kind of event"))
        self.kind_combo.setToolTip(
            self.tr("Says which sensors to use, and how many days around the event to search")
        )
        self.kind_combo.setMinimumContentsLength(12)
        self.kind_combo.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        row = QWidget()
        flow = FlowLayout(row, spacing=8)
        for event in load_events().values():
            if "." not in event.name:
                button = QRadioButton(said(event.title), objectName=f"{event.name}_button")
                button.clicked.connect(lambda _, name=event.name: self.set_event(name))
                self.buttons[event.name] = button
                flow.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(row)
        layout.addWidget(self.kind_combo)
        self.kind_combo.currentIndexChanged.connect(lambda _: self.changed.emit())
        self.set_event(USUAL)

    def event_type(self) -> EventType:
        """The chosen one."""
        return load_events()[str(self.kind_combo.currentData())]

    def set_event(self, name: str) -> None:
        """Choose an event by name; an unknown one changes nothing."""
        if name not in load_events():
            return
        base = name.partition(".")[0]
        self.buttons[base].setChecked(True)
        self.kind_combo.blockSignals(True)
        self.kind_combo.clear()
        for event in load_events().values():
            if event.name == base:
                text = self.tr("{type}, any kind").format(type=said(event.title))
                self.kind_combo.addItem(text, base)
            elif event.name.startswith(f"{base}."):
                self.kind_combo.addItem(
                    "    " * event.name.count(".") + said(event.title), event.name
                )
        self.kind_combo.setCurrentIndex(self.kind_combo.findData(name))
        self.kind_combo.blockSignals(False)
        self.changed.emit()
