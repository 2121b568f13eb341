"""A form made from an operation's declaration: nothing is written down twice."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from qgis.gui import QgsCollapsibleGroupBoxBasic
from qgis.PyQt.QtCore import QEvent, Qt, pyqtSignal
from qgis.PyQt.QtGui import QResizeEvent
from qgis.PyQt.QtWidgets import QFormLayout, QToolButton, QVBoxLayout, QWidget

from ...core.operation import Declared
from ...core.params import Door
from ...core.types import Aoi
from ...plugin.language import said
from ..parts.plain import plain_tip
from ..parts.wrapping_label import WrappingLabel
from .band_files_field import BandFilesField
from .field import Field
from .fields import AreaField, make_field

FIELD_LETTERS = 24
"""Of a field that are in view beside its label; where there is no room for them, it stands below,
as wide as the form.
"""


class ParameterForm(QWidget):
    """The parameters of one operation, the advanced ones folded away.

    Parameters
    ----------
    operation : Declared
        Whose parameters.
    take_area : callable
        Gives the area in use; None where there is none.
    """

    changed = pyqtSignal()

    def __init__(self, operation: Declared, take_area: Callable[[], Aoi | None]) -> None:
        super().__init__()
        self.operation = operation
        self.fields: dict[str, Field] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._labels: list[WrappingLabel] = []
        plain = _form_layout()
        layout.addLayout(plain)
        advanced = _form_layout()
        self._layouts = (plain, advanced)
        for param in operation.parameters(Door.DOCK):
            field = make_field(param)
            field.setObjectName(f"field_{param.name}")
            field.setToolTip(plain_tip(said(param.help)))
            field.changed.connect(self.changed)
            if isinstance(field, AreaField):
                field.area_wanted.connect(partial(_fill, field, take_area))
            self.fields[param.name] = field
            label = WrappingLabel(said(param.title) + (" *" if param.required else ""))
            label.setToolTip(plain_tip(said(param.help)))
            label.setBuddy(field.held)
            self._labels.append(label)
            _name_parts(field, said(param.title))
            (advanced if param.advanced else plain).addRow(label, field)
        self._propose_sensor()
        if advanced.rowCount():
            box = QgsCollapsibleGroupBoxBasic(self.tr("More"))
            box.setLayout(advanced)
            box.setCollapsed(True)
            fold_button = box.findChild(QToolButton, "collapseButton")
            if fold_button is not None:  # QGIS's own, a triangle without a word
                fold_button.setAccessibleName(box.title())
            layout.addWidget(box)
        layout.addStretch(1)

    def values(self) -> dict[str, Any]:
        """The values of the fields, for ``Operation.make_params``."""
        return {name: field.value() for name, field in self.fields.items()}

    def set_values(self, values: dict[str, Any]) -> None:
        """Fill in some of the fields."""
        for name, value in values.items():
            self.fields[name].set_value(value)

    def _propose_sensor(self) -> None:
        """Files of bands may tell their sensor; one that was chosen stays."""
        sensor = self.fields.get("sensor")

        def propose(name: str) -> None:
            if sensor is not None and not sensor.value():
                sensor.set_value(name)

        for field in self.fields.values():
            if isinstance(field, BandFilesField):
                field.sensor_told.connect(propose)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """There is other room for fields beside their labels."""
        super().resizeEvent(event)
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        """Another font takes other room."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._arrange()

    def _arrange(self) -> None:
        """All fields beside their labels, or all below them: a form with some of each has no
        column that the eye could follow.
        """
        fonts = self.fontMetrics()
        widest = max((fonts.horizontalAdvance(one.text()) for one in self._labels), default=0)
        beside = widest + FIELD_LETTERS * fonts.averageCharWidth() <= self.width()
        policy = QFormLayout.RowWrapPolicy
        for label in self._labels:
            label.setMaximumWidth(self.width())  # a form would give it all that its words ask for
        for form in self._layouts:
            form.setRowWrapPolicy(policy.DontWrapRows if beside else policy.WrapAllRows)


def _fill(field: Field, take_area: Callable[[], Aoi | None]) -> None:
    field.set_value(take_area())


def _name_parts(field: Field, title: str) -> None:
    """Tell screen readers what each part of a field is for."""
    for part in field.findChildren(QWidget):
        if part.focusPolicy() != Qt.FocusPolicy.NoFocus and not part.accessibleName():
            part.setAccessibleName(title)


def _form_layout() -> QFormLayout:
    form = QFormLayout()
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return form
