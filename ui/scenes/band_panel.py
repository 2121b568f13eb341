"""Step 4: which bands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qgis.PyQt.QtCore import QSignalBlocker, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...core.discovery.band_config import Band, Sensor, get_sensor
from ...core.operations.ingest import load_band_tasks
from ...core.types import SceneItem
from ...plugin.language import said
from ..parts.bold import embolden
from ..parts.flow import FlowLayout
from ..parts.margins import MARGINS
from ..parts.plain import PlainLabel, plain_tip
from ..parts.sentences import size_text
from ..parts.tab_order import visit_after

USUAL, OWN = "usual", "own"
"""Not tasks: the sensor's default bands, and whatever the user has ticked."""


class BandPanel(QGroupBox):
    """A check box for each band of the sensor, beside its pixel size; its tip tells its code and
    wavelength.
    """

    changed = pyqtSignal()
    indices_wanted = pyqtSignal(object)
    """Carries the names of the indices that the chosen task asks for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTitle(self.tr("4  Bands"))
        self.sensor: Sensor | None = None
        self.boxes: dict[str, QCheckBox] = {}
        self.task_combo = QComboBox(objectName="task_combo")
        self.task_combo.setAccessibleName(self.tr("What the bands are for"))
        self.task_combo.setToolTip(
            self.tr("Ticks the bands for a task, and the indices worth computing of them")
        )
        self.task_combo.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.task_combo.setMinimumContentsLength(12)
        self.default_button = _small_button(self.tr("Default"), "default_button")
        self.all_button = _small_button(self.tr("All"), "all_button")
        self.none_button = _small_button(self.tr("None"), "none_button")
        self.hint_label = PlainLabel(self.tr("Bold: never left out"), objectName="hint_label")
        self.hint_label.setWordWrap(True)
        self.hint_label.setToolTip(plain_tip(self._required_tip()))
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(1, 1)
        buttons = QWidget()
        row = FlowLayout(buttons, spacing=4)  # in large letters, in two rows
        for button in (self.default_button, self.all_button, self.none_button):
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*MARGINS)
        task_row = QHBoxLayout()
        task_row.addWidget(PlainLabel(self.tr("For")))
        task_row.addWidget(self.task_combo, 1)
        layout.addLayout(task_row)
        layout.addLayout(self._grid)
        layout.addWidget(buttons)
        layout.addWidget(self.hint_label)
        self.task_combo.activated.connect(lambda _: self._take_task())
        self.default_button.clicked.connect(lambda: self.set_chosen(self.usual()))
        self.all_button.clicked.connect(lambda: self.set_chosen(tuple(self.boxes)))
        self.none_button.clicked.connect(lambda: self.set_chosen(()))

    def set_sensor(self, name: str) -> None:
        """Show the bands of a sensor, its default ones chosen."""
        self.sensor = get_sensor(name)
        while self._grid.count():
            self._grid.takeAt(0).widget().deleteLater()
        self.boxes = {band.name: self._box(band) for band in self.sensor.listed}
        self.hint_label.setVisible(any(name in self.boxes for name in self.sensor.required))
        self._lay_out(self.sensor)
        laid_out = sorted(self.sensor.listed, key=lambda band: band.resolution_m)
        visit_after(self.task_combo, [self.boxes[band.name] for band in laid_out])
        self._offer_tasks(self.sensor)
        self.set_chosen(self.usual())

    def usual(self) -> tuple[str, ...]:
        """The sensor's default bands, and the mask that tells cloud from ground."""
        if self.sensor is None:
            return ()
        masks = [band.name for band in self.sensor.listed if band.is_class]
        return (*self.sensor.default, *masks)

    def show_costs(self, costs: Mapping[str, int]) -> None:
        """Say of each band what it takes to fetch it for the chosen scenes; nothing where nobody
        knows.
        """
        for name, box in self.boxes.items():
            cost = costs.get(name, 0)
            box.setText(f"{name} · {size_text(cost)}" if cost else name)

    def _offer_tasks(self, sensor: Sensor) -> None:
        """Offer what this sensor's bands are good for; of the others say what is lacking."""
        self.task_combo.clear()
        self.task_combo.addItem(self.tr("Usual bands"), USUAL)
        for task in load_band_tasks().values():
            self.task_combo.addItem(said(task.title), task.name)
            missing = task.missing(sensor)
            if missing:
                item = self.task_combo.model().item(self.task_combo.count() - 1)
                item.setEnabled(False)
                reason = self.tr("{sensor} has no {bands}").format(
                    sensor=sensor.title, bands=", ".join(missing)
                )
                item.setToolTip(plain_tip(reason))
        self.task_combo.addItem(self.tr("Own choice"), OWN)

    def _take_task(self) -> None:
        name = self.task_combo.currentData()
        if name == USUAL:
            self.set_chosen(self.usual())
        elif name in load_band_tasks() and self.sensor is not None:
            task = load_band_tasks()[name]
            self.set_chosen(task.bands_of(self.sensor))
            self.indices_wanted.emit(task.indices)

    def _name_task(self) -> None:
        """Show for what the ticked bands are; where that may be several things, the one that was
        chosen.
        """
        if self.sensor is None:
            return
        chosen = set(self.chosen())
        fitting = {USUAL} if chosen == set(self.usual()) else set()
        for task in load_band_tasks().values():
            if not task.missing(self.sensor) and chosen == set(task.bands_of(self.sensor)):
                fitting.add(task.name)
        if self.task_combo.currentData() not in fitting:
            name = next((name for name in (USUAL, *load_band_tasks()) if name in fitting), OWN)
            self.task_combo.setCurrentIndex(self.task_combo.findData(name))

    def _change(self, *_: object) -> None:
        self._name_task()
        self.changed.emit()

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
        self._change()

    def _lay_out(self, sensor: Sensor) -> None:
        """The finest bands first, those of one pixel size together, in wavelength order."""
        sizes = sorted({band.resolution_m for band in sensor.listed})
        for row, resolution in enumerate(sizes):
            label = PlainLabel(f"{resolution:g} m")
            self._grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
            boxes = QWidget()
            flow = FlowLayout(boxes, spacing=4)
            for band in sensor.listed:
                if band.resolution_m == resolution:
                    flow.addWidget(self.boxes[band.name])
            self._grid.addWidget(boxes, row, 1)

    def _box(self, band: Band) -> QCheckBox:
        box = QCheckBox(band.name, objectName=f"band_{band.name}")
        needed = self.sensor is not None and band.name in self.sensor.required
        tip = [str(band)]
        if band.is_class:
            tip.append(self.tr("Categories: never interpolated."))
            tip.append(self.tr("Tells cloud from ground: fetched with every index."))
        if needed:
            embolden(box)
            tip.append(self._required_tip())
        box.setToolTip(plain_tip("\n".join(tip)))
        box.toggled.connect(self._change)
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
