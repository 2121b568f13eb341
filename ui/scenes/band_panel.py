"""Step 4: which bands."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import QSignalBlocker, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...core.discovery.band_config import Band, Sensor, get_sensor
from ...core.types import SceneItem
from ..parts.margins import MARGINS
from ..parts.plain import PlainLabel, plain_tip

COLUMNS = 2
"""Columns of check boxes, beside the column with the pixel sizes."""


class BandPanel(QGroupBox):
    """A check box for each band of the sensor, beside its pixel size; its tip tells its code and
    wavelength.
    """

    changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTitle(self.tr("4  Bands"))
        self.sensor: Sensor | None = None
        self.boxes: dict[str, QCheckBox] = {}
        self.default_button = _small_button(self.tr("Default"), "default_button")
        self.all_button = _small_button(self.tr("All"), "all_button")
        self.none_button = _small_button(self.tr("None"), "none_button")
        self.hint_label = PlainLabel(self.tr("Bold: never left out"), objectName="hint_label")
        self.hint_label.setToolTip(plain_tip(self._required_tip()))
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(3)
        for column in range(1, COLUMNS + 1):
            self._grid.setColumnStretch(column, 1)
        row = QHBoxLayout()
        row.addStretch(1)
        for button in (self.default_button, self.all_button, self.none_button):
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*MARGINS)
        layout.addLayout(self._grid)
        layout.addLayout(row)
        layout.addWidget(self.hint_label)
        self.default_button.clicked.connect(lambda: self.set_chosen(self.usual()))
        self.all_button.clicked.connect(lambda: self.set_chosen(tuple(self.boxes)))
        self.none_button.clicked.connect(lambda: self.set_chosen(()))

    def set_sensor(self, name: str) -> None:
        """Show the bands of a sensor, its default ones chosen."""
        self.sensor = get_sensor(name)
        while self._grid.count():
            self._grid.takeAt(0).widget().deleteLater()
        self.boxes = {band.name: self._box(band) for band in self.sensor.listed}
        self._lay_out(self.sensor)
        self.set_chosen(self.usual())

    def usual(self) -> tuple[str, ...]:
        """The sensor's default bands, and the mask that tells cloud from ground."""
        if self.sensor is None:
            return ()
        masks = [band.name for band in self.sensor.listed if band.is_class]
        return (*self.sensor.default, *masks)

    def to_fetch(self, scenes: Sequence[SceneItem], with_index: bool) -> tuple[str, ...]:
        """The chosen bands. Where a mask is chosen, those that a scene offers: some products have
        one of their own. With an index in any case, or cloud would be taken for ground.
        """
        if self.sensor is None:
            return ()
        masks = {band.name for band in self.sensor.bands.values() if band.is_class}
        offered = {name for scene in scenes for name in scene.bands} & masks
        chosen = set(self.chosen()) - masks
        asked = (with_index and chosen) or set(self.chosen()) & masks
        return tuple(self.sensor.sort(chosen | offered if asked else chosen))

    def chosen(self) -> tuple[str, ...]:
        """The bands with a tick, in wavelength order."""
        return tuple(name for name, box in self.boxes.items() if box.isChecked())

    def set_chosen(self, names: tuple[str, ...]) -> None:
        """Tick these bands and no others."""
        for name, box in self.boxes.items():
            blocker = QSignalBlocker(box)
            box.setChecked(name in names)
            blocker.unblock()
        self.changed.emit()

    def _lay_out(self, sensor: Sensor) -> None:
        """The finest bands first, those of one pixel size together, in wavelength order."""
        row = 0
        for resolution in sorted({band.resolution_m for band in sensor.listed}):
            self._grid.addWidget(PlainLabel(f"{resolution:g} m"), row, 0)
            same = [
                self.boxes[band.name] for band in sensor.listed if band.resolution_m == resolution
            ]
            for number, box in enumerate(same):
                self._grid.addWidget(box, row + number // COLUMNS, 1 + number % COLUMNS)
            row += -(-len(same) // COLUMNS)

    def _box(self, band: Band) -> QCheckBox:
        box = QCheckBox(band.name, objectName=f"band_{band.name}")
        needed = self.sensor is not None and band.name in self.sensor.required
        tip = [str(band)]
        if band.is_class:
            tip.append(self.tr("Categories: never interpolated."))
            tip.append(self.tr("Tells cloud from ground: fetched with every index."))
        if needed:
            font = box.font()
            font.setBold(True)
            box.setFont(font)
            tip.append(self._required_tip())
        box.setToolTip(plain_tip("\n".join(tip)))
        box.toggled.connect(self.changed)
        return box

    def _required_tip(self) -> str:
        return str(
            self.tr(
                "Where a bold band is ticked and cannot be had, the scene fails; of the others, "
                "what cannot be had is left out with a warning."
            )
        )


def _small_button(text: str, name: str) -> QToolButton:
    button = QToolButton(objectName=name)
    button.setText(text)
    return button
