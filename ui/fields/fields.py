"""One small widget for each kind of parameter, all with ``value()``, ``set_value()`` and a
``changed`` signal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qgis.gui import QgsCheckableComboBox, QgsFileWidget
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLineEdit,
    QSpinBox,
    QToolButton,
)

from ...core.params import Kind, Param
from ...core.types import Aoi
from ...plugin.language import said
from ..area.area_text import area_text
from ..catalogs.catalog_combo import CatalogCombo
from ..parts.path_text import show_end
from ..parts.plain import plain_tip
from .band_files_field import BandFilesField
from .date_field import DateField
from .field import Field, fit_to_column
from .raster_field import LayerField, RasterField, SourceField, VectorField

MOST = 1_000_000_000


class TextField(Field):
    """A line of text."""

    def __init__(self, param: Param) -> None:
        super().__init__()
        default = ",".join(param.default) if isinstance(param.default, tuple) else param.default
        self.edit = QLineEdit(str(default or ""))
        self.edit.setPlaceholderText(said(param.help))
        self.hold(self.edit, self.edit.textChanged)

    def value(self) -> Any:
        """The text; None where there is none."""
        return self.edit.text().strip() or None

    def set_value(self, value: Any) -> None:
        """Show a text; words are joined by commas."""
        self.edit.setText(",".join(value) if isinstance(value, (tuple, list)) else str(value or ""))


class AreaField(TextField):
    """An area as text, with a button that takes it from the dock's first tab or from the map.

    An area that was taken is kept as it is, a polygon with its corners, until its text is changed.
    """

    area_wanted = pyqtSignal()
    """The button was pressed."""

    def __init__(self, param: Param) -> None:
        super().__init__(param)
        self._aoi: Aoi | None = None
        self.edit.setPlaceholderText(self.tr("west, south, east, north in degrees, or a file"))
        button = QToolButton(objectName="take_area")
        button.setText(self.tr("Take"))
        button.setToolTip(self.tr("The area of the Scenes tab; without one, what the map shows"))
        button.clicked.connect(self.area_wanted)
        self.edit.textEdited.connect(self._forget)
        self.layout().addWidget(button)

    def value(self) -> Any:
        """The area that was taken, else the text; None where there is none."""
        return self._aoi if self._aoi is not None else super().value()

    def set_value(self, value: Any) -> None:
        """Show an area, or a text."""
        self._aoi = value if isinstance(value, Aoi) else None
        super().set_value(area_text(value) if isinstance(value, Aoi) else value)

    def _forget(self) -> None:
        self._aoi = None


class CatalogField(Field):
    """A catalogue."""

    def __init__(self, param: Param) -> None:
        super().__init__()
        self.combo = CatalogCombo()
        self.combo.set_value(param.default)
        self.hold(self.combo, self.combo.currentTextChanged)

    def value(self) -> Any:
        """Name or URL."""
        return self.combo.value() or None

    def set_value(self, value: Any) -> None:
        """Choose one."""
        self.combo.set_value(value)


class ChoiceField(Field):
    """One of some words."""

    def __init__(self, param: Param) -> None:
        super().__init__()
        self.combo = QComboBox()
        if not param.required and param.default is None:
            self.combo.addItem(self.tr("(leave open)"), None)
        for choice in param.choices:
            self.combo.addItem(said(param.label(choice)), str(choice))
            if param.label(choice) != choice:  # as the command line and the help call it
                row = self.combo.count() - 1
                self.combo.setItemData(row, plain_tip(str(choice)), Qt.ItemDataRole.ToolTipRole)
        fit_to_column(self.combo)
        if param.default is not None:
            self.set_value(param.default)
        self.hold(self.combo, self.combo.currentIndexChanged)

    def value(self) -> Any:
        """The word, or None."""
        return self.combo.currentData()

    def set_value(self, value: Any) -> None:
        """Choose one; an unknown one changes nothing."""
        index = self.combo.findData(str(value))
        if index >= 0:
            self.combo.setCurrentIndex(index)


class ChoicesField(Field):
    """Some of some words."""

    def __init__(self, param: Param) -> None:
        super().__init__()
        self.combo = QgsCheckableComboBox()
        self.combo.setDefaultText(self.tr("(none)"))
        for choice in param.choices:
            self.combo.addItemWithCheckState(
                said(param.label(choice)), Qt.CheckState.Unchecked, str(choice)
            )
        fit_to_column(self.combo)
        self.set_value(param.default or ())
        self.hold(self.combo, self.combo.checkedItemsChanged)

    def value(self) -> Any:
        """The words."""
        return tuple(map(str, self.combo.checkedItemsData())) or None

    def set_value(self, value: Any) -> None:
        """Choose some."""
        for index in range(self.combo.count()):
            wanted = self.combo.itemData(index) in (value or ())
            state = Qt.CheckState.Checked if wanted else Qt.CheckState.Unchecked
            self.combo.setItemCheckState(index, state)


class PlainSpinBox(QDoubleSpinBox):
    """Shows 0.25 as 0.25, neither as 0.3 nor as 0.25000000."""

    def __init__(self) -> None:
        super().__init__()
        self.setDecimals(8)

    def textFromValue(self, value: float) -> str:
        """The shortest form in the user's language."""
        return str(self.locale().toString(value, "g", 12))


class NumberField(Field):
    """A number within bounds; empty where it is optional and not given."""

    def __init__(self, param: Param) -> None:
        super().__init__()
        whole = param.kind is Kind.INTEGER
        low = -MOST if param.minimum is None else param.minimum
        high = MOST if param.maximum is None else param.maximum
        self.optional = not param.required and param.default is None
        self.spin: QSpinBox | QDoubleSpinBox
        if whole:
            self.spin = QSpinBox()
            self.spin.setRange(int(low) - int(self.optional), int(high))
        else:
            self.spin = PlainSpinBox()
            self.spin.setRange(low - int(self.optional), high)
        if self.optional:
            self.spin.setSpecialValueText(
                self.tr("(leave open)")
            )  # stands for the value below the least one
        self.set_value(param.default)
        self.hold(self.spin, self.spin.valueChanged)

    def value(self) -> Any:
        """The number, or None."""
        return (
            None
            if self.optional and self.spin.value() == self.spin.minimum()
            else self.spin.value()
        )

    def set_value(self, value: Any) -> None:
        """Show a number, or none."""
        self.spin.setValue(self.spin.minimum() if value is None else value)


class FlagField(Field):
    """Yes or no."""

    def __init__(self, param: Param) -> None:
        super().__init__()
        self.box = QCheckBox(checked=bool(param.default))
        self.hold(self.box, self.box.toggled)

    def value(self) -> Any:
        """Yes or no."""
        return self.box.isChecked()

    def set_value(self, value: Any) -> None:
        """Show one of them."""
        self.box.setChecked(bool(value))


class PathField(Field):
    """A file to read, a file to write or a folder."""

    def __init__(self, param: Param) -> None:
        super().__init__()
        modes = {
            Kind.FILE_IN: QgsFileWidget.StorageMode.GetFile,
            Kind.FOLDER_OUT: QgsFileWidget.StorageMode.GetDirectory,
            Kind.FOLDERS_IN: QgsFileWidget.StorageMode.GetDirectory,
        }
        self.files = QgsFileWidget()
        self.files.setStorageMode(modes.get(param.kind, QgsFileWidget.StorageMode.SaveFile))
        self.files.setDialogTitle(said(param.title))
        if param.suffix:
            self.files.setFilter(f"*{param.suffix}")
            self.files.setConfirmOverwrite(False)
        self.files.lineEdit().setPlaceholderText(said(param.help))
        show_end(self.files)
        self.set_value(param.default)
        self.hold(self.files, self.files.fileChanged)

    def value(self) -> Any:
        """The path, or None."""
        return str(self.files.filePath()).strip() or None

    def set_value(self, value: Any) -> None:
        """Show a path."""
        self.files.setFilePath(str(value or ""))


class PathsField(Field):
    """Several files to read."""

    def __init__(self, param: Param) -> None:
        super().__init__()
        self.files = QgsFileWidget()
        self.files.setStorageMode(QgsFileWidget.StorageMode.GetMultipleFiles)
        self.files.setDialogTitle(said(param.title))
        self.files.lineEdit().setPlaceholderText(said(param.help))
        show_end(self.files)
        self.set_value(param.default)
        self.hold(self.files, self.files.fileChanged)

    def value(self) -> Any:
        """The paths, or None."""
        paths = QgsFileWidget.splitFilePaths(self.files.filePath())
        return tuple(path.strip() for path in paths if path.strip()) or None

    def set_value(self, value: Any) -> None:
        """Show paths."""
        self.files.setFilePath(" ".join(f'"{path}"' for path in value or ()))


def make_field(param: Param) -> Field:
    """The widget for a parameter of any kind."""
    return FIELDS[param.kind](param)


FIELDS: Mapping[Kind, Callable[[Param], Field]] = {
    Kind.AREA: AreaField,
    Kind.CATALOG: CatalogField,
    Kind.SENSOR: ChoiceField,
    Kind.EVENT: ChoiceField,
    Kind.DATE: DateField,
    Kind.CHOICE: ChoiceField,
    Kind.CHOICES: ChoicesField,
    Kind.TEXT: TextField,
    Kind.INTEGER: NumberField,
    Kind.NUMBER: NumberField,
    Kind.FLAG: FlagField,
    Kind.BANDS: TextField,
    Kind.BAND_FILES: BandFilesField,
    Kind.FILE_IN: PathField,
    Kind.FOLDERS_IN: PathField,
    Kind.RASTER_IN: RasterField,
    Kind.SOURCE_IN: SourceField,
    Kind.VECTOR_IN: VectorField,
    Kind.LAYER_IN: LayerField,
    Kind.RASTERS_IN: PathsField,
    Kind.RASTER_OUT: PathField,
    Kind.VECTOR_OUT: PathField,
    Kind.FOLDER_OUT: PathField,
}
