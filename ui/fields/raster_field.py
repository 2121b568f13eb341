"""A raster or a vector: a layer of the project, or a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.gui import QgsMapLayerComboBox
from qgis.PyQt.QtWidgets import QComboBox, QFileDialog, QToolButton

from ...core.params import Param
from ...core.text import is_address
from ...plugin.compat import RASTER_LAYERS, VECTOR_LAYERS
from ...plugin.language import said
from ..parts.plain import plain_tip
from .field import Field


class RasterField(Field):
    """The project's rasters by name, and a button for a file that is not loaded."""

    filters = RASTER_LAYERS
    """Layers that are listed."""

    def __init__(self, param: Param) -> None:
        super().__init__()
        self._title = said(param.title)
        self.combo = QgsMapLayerComboBox()
        self.combo.setFilters(self.filters)
        self.combo.setAllowEmptyLayer(True)
        # QGIS chooses the project's first raster, whatever that is: not given means not given.
        self.combo.setLayer(None)
        self.combo.setToolTip(plain_tip(said(param.help)))
        self.hold(self.combo, self.combo.currentIndexChanged)
        browse = QToolButton()
        browse.setText("…")
        browse.setToolTip(self.tr("Choose a file"))
        browse.clicked.connect(self._browse)
        self.layout().addWidget(browse)

    def value(self) -> Any:
        """The file behind the layer, or the chosen file."""
        layer = self.combo.currentLayer()
        return str(layer.source()) if layer is not None else self.combo.currentText() or None

    def set_value(self, value: Any) -> None:
        """Choose a file; a layer of the project that shows it is found by it."""
        text = str(value or "")
        for index in range(self.combo.count()):
            layer = self.combo.layer(index)
            if layer is not None and text and layer.source() == text:
                self.combo.setCurrentIndex(index)
                return
        self.combo.setAdditionalItems([text] if text else [])
        self.combo.setCurrentIndex(self.combo.findText(text) if text else 0)

    def _browse(self) -> None:
        current = self.value()
        start = str(Path(current).parent) if current else ""
        path, _ = QFileDialog.getOpenFileName(self, self._title, start)
        if path:
            self.set_value(path)


class VectorField(RasterField):
    """The project's vectors."""

    filters = VECTOR_LAYERS


class LayerField(RasterField):
    """The project's rasters and vectors."""

    filters = RASTER_LAYERS | VECTOR_LAYERS


class SourceField(RasterField):
    """The same, and an address that is typed."""

    def __init__(self, param: Param) -> None:
        super().__init__(param)
        self.combo.setEditable(True)
        self.combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.combo.lineEdit().setPlaceholderText(self.tr("A layer, a file, or https://…"))

    def value(self) -> Any:
        """The text where it is an address, else what is chosen."""
        text = str(self.combo.currentText()).strip()
        return text if is_address(text) else super().value()
