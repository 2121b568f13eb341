"""Step 1: where."""

from __future__ import annotations

from functools import partial

from qgis.core import QgsMapLayer, QgsProject
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import (
    QGroupBox,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..core.errors import AreaError
from ..core.types import Aoi
from ..plugin.aoi import area_of_canvas, area_of_layer
from .area_tool import AreaOutline, RectangleTool
from .panel import MARGINS
from .plain import PlainLabel


class AreaPanel(QGroupBox):
    """Takes the area from the map, from a drawn rectangle or from a layer, and keeps it visible on
    the map.

    Parameters
    ----------
    canvas : QgsMapCanvas
        The map.
    """

    area_changed = pyqtSignal(object)
    """Carries the Aoi."""
    refused = pyqtSignal(object)
    """Carries the AreaError."""

    def __init__(self, canvas: QgsMapCanvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTitle(self.tr("1  Area"))
        self._canvas = canvas
        self._aoi: Aoi | None = None
        self.outline = AreaOutline(canvas, self)
        self.tool = RectangleTool(canvas, self)

        self.canvas_button = QPushButton(self.tr("Map extent"), objectName="canvas_button")
        self.canvas_button.setToolTip(self.tr("What the map shows now"))
        self.draw_button = QPushButton(self.tr("Draw"), objectName="draw_button", checkable=True)
        self.draw_button.setToolTip(self.tr("Drag a rectangle on the map"))
        self.layer_button = QToolButton(objectName="layer_button")
        self.layer_button.setText(self.tr("Layer"))
        self.layer_button.setToolTip(
            self.tr(
                "The polygons of a layer, the selected ones where some are; of a raster, its extent"
            )
        )
        self.layer_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.layer_button.setSizePolicy(self.draw_button.sizePolicy())
        self.layer_menu = QMenu(self)
        self.layer_button.setMenu(self.layer_menu)
        self.area_label = PlainLabel(
            self.tr("No area yet: take one from the map."), objectName="area_label"
        )
        self.area_label.setWordWrap(True)

        row = QHBoxLayout()
        for button in (self.canvas_button, self.draw_button, self.layer_button):
            row.addWidget(button, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*MARGINS)
        layout.addLayout(row)
        layout.addWidget(self.area_label)

        self.canvas_button.clicked.connect(self._take_canvas)
        self.draw_button.clicked.connect(
            lambda wanted: self.tool.start() if wanted else self.tool.stop()
        )
        self.layer_menu.aboutToShow.connect(self._list_layers)
        self.tool.drawn.connect(self.set_area)
        self.tool.refused.connect(self.refused)
        self.tool.active_changed.connect(self.draw_button.setChecked)

    @property
    def aoi(self) -> Aoi | None:
        """The chosen area."""
        return self._aoi

    def set_area(self, aoi: Aoi) -> None:
        """Choose an area."""
        self._aoi = aoi
        self.outline.show_area(aoi)
        self.area_label.setText(describe_area(aoi))
        self.area_changed.emit(aoi)

    def set_bounds(self, west: float, south: float, east: float, north: float) -> None:
        """Choose an area by its edges in degrees.

        Raises
        ------
        AreaError
            If they make no area.
        """
        self.set_area(Aoi.from_bounds(west, south, east, north))

    def close_down(self) -> None:
        """Leave the map as it was."""
        self.tool.remove()
        self.outline.remove()

    def _take_canvas(self) -> None:
        try:
            self.set_area(area_of_canvas(self._canvas))
        except AreaError as error:
            self.refused.emit(error)

    def _take_layer(self, layer: QgsMapLayer) -> None:
        try:
            self.set_area(area_of_layer(layer))
        except AreaError as error:
            self.refused.emit(error)

    def _list_layers(self) -> None:
        self.layer_menu.clear()
        layers = sorted(
            QgsProject.instance().mapLayers().values(), key=lambda layer: layer.name().lower()
        )
        for layer in layers:
            self.layer_menu.addAction(layer.name()).triggered.connect(
                partial(self._take_layer, layer)
            )
        if not layers:
            self.layer_menu.addAction(self.tr("The project has no layers")).setEnabled(False)


def describe_area(aoi: Aoi) -> str:
    """Edges and surface of an area, for people."""
    west, south, east, north = aoi.bounds
    size = aoi.area_km2
    surface = f"{size:,.0f}" if size >= 100 else f"{size:.3g}"
    edges = (
        f"{_degrees(west, 'E', 'W')} – {_degrees(east, 'E', 'W')},  "
        f"{_degrees(south, 'N', 'S')} – {_degrees(north, 'N', 'S')}"
    )
    return f"{edges}\n{surface} km²"


def _degrees(value: float, positive: str, negative: str) -> str:
    return f"{abs(value):.4f}° {positive if value >= 0 else negative}"
