"""The menu of what an area can be taken from, besides the map and a text."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from qgis.core import QgsMapLayer, QgsProject, QgsVectorLayer
from qgis.PyQt.QtWidgets import QApplication, QFileDialog, QMenu, QWidget

from ...core.text import shown
from ...plugin.aoi import area_of_layer, area_of_selection
from .area_choice import AreaChoice


class SourceMenu(QMenu):
    """Selected features, a file, the clipboard, and each layer of the project.

    Parameters
    ----------
    area : AreaChoice
        What is chosen.
    take_text : callable
        Takes an area that is a text, such as a path.
    """

    def __init__(self, area: AreaChoice, take_text: Callable[[str], None], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("source_menu")
        self._area = area
        self._take_text = take_text
        self.dialog: QFileDialog | None = None
        self.selection_action = self.addAction(self.tr("&Selected features"))
        self.file_action = self.addAction(self.tr("&File…"))
        self.clipboard_action = self.addAction(self.tr("&Clipboard"))
        self.addSection(self.tr("The shape of a layer"))
        self._fixed = len(self.actions())
        self.selection_action.triggered.connect(self._take_selection)
        self.file_action.triggered.connect(self._ask_file)
        self.clipboard_action.triggered.connect(self._take_clipboard)
        self.aboutToShow.connect(self._list_layers)

    def layer_actions(self) -> list[object]:
        """One for each layer, by name."""
        return list(self.actions()[self._fixed :])

    def _list_layers(self) -> None:
        for action in self.actions()[self._fixed :]:
            self.removeAction(action)
            action.deleteLater()
        layers = sorted(
            QgsProject.instance().mapLayers().values(), key=lambda layer: layer.name().lower()
        )
        for layer in layers:
            # A name may hold an ampersand, which a menu takes for a mnemonic.
            action = self.addAction(shown(layer.name()).replace("&", "&&"))
            action.triggered.connect(partial(self._take_layer, layer))
        if not layers:
            self.addAction(self.tr("The project has no layers")).setEnabled(False)
        chosen = self._selected()
        self.selection_action.setEnabled(chosen is not None)
        self.selection_action.setText(
            self.tr("&Selected features")
            if chosen is None
            else self.tr("&Selected features of {layer} ({number})").format(
                layer=shown(chosen.name()).replace("&", "&&"), number=chosen.selectedFeatureCount()
            )
        )
        self.clipboard_action.setEnabled(bool(QApplication.clipboard().text().strip()))

    def _selected(self) -> QgsVectorLayer | None:
        """The layer whose selection counts: the active one, else the first that has one."""
        layers = [self._area.canvas.currentLayer(), *QgsProject.instance().mapLayers().values()]
        for layer in layers:
            if isinstance(layer, QgsVectorLayer) and layer.selectedFeatureCount():
                return layer
        return None

    def _take_selection(self) -> None:
        layer = self._selected()
        if layer is not None:
            self._area.take(partial(area_of_selection, layer))

    def _take_layer(self, layer: QgsMapLayer, *_: object) -> None:
        self._area.take(partial(area_of_layer, layer))

    def _take_clipboard(self) -> None:
        self._take_text(QApplication.clipboard().text().strip())

    def _ask_file(self) -> None:
        """Let a file be chosen; nothing waits for it."""
        self.dialog = QFileDialog(self.parentWidget(), self.tr("A file with the area"))
        self.dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        self.dialog.setNameFilters(
            [
                self.tr("Vector files (*.geojson *.json *.gpkg *.shp *.kml *.gml *.fgb)"),
                self.tr("All files (*)"),
            ]
        )
        self.dialog.fileSelected.connect(self._take_text)
        self.dialog.finished.connect(self.dialog.deleteLater)
        self.dialog.open()
