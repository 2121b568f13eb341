"""A form made from an operation's declaration: nothing is written down twice."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from qgis.gui import QgsCollapsibleGroupBoxBasic
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QFormLayout, QToolButton, QVBoxLayout, QWidget

from ...core.operation import Declared
from ...core.params import Door
from ...core.types import Aoi
from ...plugin.language import said
from ..parts.plain import PlainLabel, plain_tip
from .field import Field
from .fields import AreaField, make_field


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
        plain = _form_layout()
        layout.addLayout(plain)
        advanced = _form_layout()
        for param in operation.parameters(Door.DOCK):
            field = make_field(param)
            field.setObjectName(f"field_{param.name}")
            field.setToolTip(plain_tip(said(param.help)))
            field.changed.connect(self.changed)
            if isinstance(field, AreaField):
                field.area_wanted.connect(partial(_fill, field, take_area))
            self.fields[param.name] = field
            label = PlainLabel(said(param.title) + (" *" if param.required else ""))
            label.setToolTip(plain_tip(said(param.help)))
            label.setBuddy(field.held)
            _name_parts(field, said(param.title))
            (advanced if param.advanced else plain).addRow(label, field)
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
    # In large letters a label is as wide as the dock: its field comes below it then.
    form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
    return form
