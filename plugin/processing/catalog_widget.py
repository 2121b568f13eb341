"""The catalogue in dialogs of Processing: a list of those that are known, into which an address can
be typed.

Imported by its path when a dialog opens, since it is made of Processing's own widgets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from processing.gui.wrappers import WidgetWrapper
from qgis.core import QgsProcessingParameterDefinition
from qgis.gui import QgsGui
from qgis.PyQt.QtWidgets import QComboBox

MODELER = "ModelerParametersDialog"


class CatalogWidget(WidgetWrapper):  # type: ignore[misc]
    """Names of catalogues, or any address; in the modeler a text like any other, which may also
    come from an input of the model.
    """

    def __new__(
        cls, param: QgsProcessingParameterDefinition, dialog: Any, *_: Any, **__: Any
    ) -> Any:
        """QGIS's own widget in the modeler."""
        if type(dialog).__name__ != MODELER:
            return super().__new__(cls)
        registry = QgsGui.processingGuiRegistry()
        made = registry.createModelerParameterWidget(
            dialog.model, dialog.childId, param, dialog.context
        )
        made.setDialog(dialog)
        return made

    def createWidget(self, names: Sequence[str] = ()) -> QComboBox:
        """The list."""
        combo = QComboBox()
        combo.setEditable(True)
        combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        combo.addItems(list(names))
        combo.editTextChanged.connect(lambda _: self.widgetValueHasChanged.emit(self))
        return combo

    def setValue(self, value: Any) -> None:
        """Show a name or an address."""
        self.widget.setEditText(str(value or ""))

    def value(self) -> str:
        """What is chosen, or typed."""
        return str(self.widget.currentText()).strip()
