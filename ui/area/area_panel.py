"""Where: buttons and a line of text for the area."""

from __future__ import annotations

from functools import partial

from qgis.core import QgsMapLayer, QgsProject
from qgis.PyQt.QtWidgets import (
    QGroupBox,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...core.types import Aoi
from ...plugin.aoi import area_of_canvas, area_of_layer, area_of_text
from ...plugin.map_view import shows_nothing, zoom_to_area
from ..parts.margins import MARGINS
from ..parts.plain import PlainLabel, plain_tip
from .area_choice import AreaChoice
from .area_text import area_text, is_box

LONGEST_TEXT = 10_000_000
"""Characters of a pasted area: Qt's own limit would cut a coastline in two without a word."""


class AreaPanel(QGroupBox):
    """Takes the area from the map, from a drawn rectangle, from a layer or from a text.

    Parameters
    ----------
    title : str
        Of the box.
    area : AreaChoice
        What is chosen; several panels may show the same.
    """

    def __init__(self, title: str, area: AreaChoice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTitle(title)
        self.area = area
        self._canvas = area.canvas

        self.canvas_button = QPushButton(self.tr("Map e&xtent"), objectName="canvas_button")
        self.draw_button = QPushButton(self.tr("Draw"), objectName="draw_button", checkable=True)
        self.layer_button = QToolButton(objectName="layer_button")
        self.layer_button.setText(self.tr("La&yer"))
        self.layer_button.setToolTip(
            self.tr(
                "The polygons of a layer, the selected ones where some are; of a raster, its extent"
            )
        )
        self.layer_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.layer_button.setSizePolicy(self.draw_button.sizePolicy())
        self.layer_menu = QMenu(self)
        self.layer_button.setMenu(self.layer_menu)
        self.area_edit = QLineEdit(objectName="area_edit", maxLength=LONGEST_TEXT)
        self.area_edit.setPlaceholderText(self.tr("or west,south,east,north; WKT; GeoJSON"))
        self.area_edit.setAccessibleName(self.tr("Area as text"))
        self.area_edit.setToolTip(
            self.tr(
                "Type or paste an area and press Enter: west,south,east,north in degrees, WKT, "
                "GeoJSON, or the path of a vector file"
            )
        )
        self.area_label = PlainLabel(self.tr("No area yet."), objectName="area_label")
        self.area_label.setWordWrap(True)

        row = QHBoxLayout()
        for button in (self.canvas_button, self.draw_button, self.layer_button):
            row.addWidget(button, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*MARGINS)
        layout.addLayout(row)
        layout.addWidget(self.area_edit)
        layout.addWidget(self.area_label)
        self._follow_map()

        self.canvas_button.clicked.connect(self._take_canvas)
        self.draw_button.clicked.connect(self._draw)
        self.area_edit.editingFinished.connect(self._take_text)
        self._canvas.extentsChanged.connect(self._follow_map)
        self.layer_menu.aboutToShow.connect(self._list_layers)
        area.changed.connect(self._show)
        area.tool.active_changed.connect(self.draw_button.setChecked)
        self._show(area.aoi)

    def close_down(self) -> None:
        """Let the map go."""
        self._canvas.extentsChanged.disconnect(self._follow_map)

    def _show(self, aoi: Aoi | None) -> None:
        if aoi is None:
            self.area_label.setText(self.tr("No area yet."))
            self.area_edit.clear()
            return
        self.area_label.setText(describe_area(aoi))
        self.area_edit.setText(area_text(aoi) if is_box(aoi) else "")
        self.area_edit.setCursorPosition(0)  # a long text shows its beginning

    def _draw(self, wanted: bool) -> None:
        if wanted:
            self.area.tried.emit()
            self.area.tool.start()
        else:
            self.area.tool.stop()

    def _take_canvas(self) -> None:
        self.area.take(partial(area_of_canvas, self._canvas))

    def _take_layer(self, layer: QgsMapLayer) -> None:
        self.area.take(partial(area_of_layer, layer))

    def _take_text(self) -> None:
        """What was typed, once it is complete; the map goes there."""
        text = self.area_edit.text().strip()
        if not self.area_edit.isModified() or not text:
            return
        self.area_edit.setModified(False)  # said once, also where it cannot be used
        if self.area.take(partial(area_of_text, text)) and self.area.aoi is not None:
            zoom_to_area(self._canvas, self.area.aoi)

    def _follow_map(self) -> None:
        """On a map without a place there is nothing to take, and nothing to draw on."""
        empty = shows_nothing(self._canvas)
        reason = self.tr("The map is empty: add a layer or a basemap first, or type the area")
        for button, tip in (
            (self.canvas_button, self.tr("What the map shows now")),
            (self.draw_button, self.tr("Drag a rectangle on the map; Esc gives up")),
        ):
            button.setEnabled(not empty)
            button.setToolTip(plain_tip(reason if empty else tip))

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
