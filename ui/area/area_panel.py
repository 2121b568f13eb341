"""Where: buttons and a line of text for the area."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from qgis.PyQt.QtCore import QSignalBlocker
from qgis.PyQt.QtWidgets import (
    QGroupBox,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...core.types import Aoi
from ...plugin.aoi import area_of_canvas, area_of_text
from ...plugin.compat import QAction
from ...plugin.map_view import shows_nothing, zoom_to_area
from ..parts.flow import FlowLayout
from ..parts.icon_button import icon_button
from ..parts.margins import MARGINS
from ..parts.plain import PlainLabel, plain_tip
from .area_choice import AreaChoice
from .area_text import area_text, describe_area, is_box
from .drawing import Way
from .place_search import PlaceSearch
from .source_menu import SourceMenu

LONGEST_TEXT = 10_000_000
"""Characters of a pasted area: Qt's own limit would cut a coastline in two without a word."""


class AreaPanel(QGroupBox):
    """Takes the area from the map, a drawn shape, a layer, a file, the clipboard, a text or a
    place's name; shows how large it is; lets its corners be changed.

    Parameters
    ----------
    title : str
        Of the box.
    area : AreaChoice
        What is chosen; several panels may show the same.
    start : callable, optional
        Starts an operation, as :meth:`Page.start` does; without it no place can be looked up.
    """

    def __init__(
        self,
        title: str,
        area: AreaChoice,
        start: Callable[..., bool] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setTitle(title)
        self.area = area
        self._canvas = area.canvas
        self._reading = ""
        self.canvas_button = QPushButton(self.tr("Map e&xtent"), objectName="canvas_button")
        self.draw_button = QToolButton(objectName="draw_button", checkable=True)
        self.draw_button.setText(self.tr("Draw"))
        self.draw_button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.draw_actions = self._draw_menu()
        self.source_menu = SourceMenu(area, self._take_pasted, self)
        self.layer_button = QToolButton(objectName="layer_button")
        self.layer_button.setText(self.tr("&From"))
        self.layer_button.setToolTip(
            self.tr("From a layer, the features selected on the map, a file or the clipboard")
        )
        self.layer_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.layer_button.setMenu(self.source_menu)
        self.corners_button = icon_button(
            "corners_button",
            "/mActionVertexTool.svg",
            self.tr("Change its corners on the map"),
            checkable=True,
        )
        self.undo_button = icon_button(
            "area_undo_button", "/mActionUndo.svg", self.tr("Back to the area before")
        )
        self.clear_button = icon_button(
            "area_clear_button", "/mActionDeleteSelected.svg", self.tr("Choose no area")
        )
        self.area_edit = QLineEdit(objectName="area_edit", maxLength=LONGEST_TEXT)
        self.area_edit.setPlaceholderText(
            self.tr("or type: 46.95N 7.45E 5 km; WKT; GeoJSON; a file")
        )
        self.area_edit.setAccessibleName(self.tr("Area as text"))
        self.area_edit.setToolTip(
            self.tr(
                "Type or paste an area and press Enter: west,south,east,north in degrees, a point "
                "with a radius (46°57'N 7°27'E 5 km), corners, WKT, GeoJSON, or the path of a "
                "vector file"
            )
        )
        self.area_label = PlainLabel(self.tr("No area yet."), objectName="area_label")
        self.area_label.setWordWrap(True)
        self.place = PlaceSearch(area, self.area_edit, start)
        self._build()
        self._follow_map()
        self._connect()
        self._show(area.aoi)

    def close_down(self) -> None:
        """Let the map go."""
        self._canvas.extentsChanged.disconnect(self._follow_map)

    def _draw_menu(self) -> dict[Way, QAction]:
        menu = QMenu(self)
        words = {
            Way.RECTANGLE: self.tr("Rectangle: drag"),
            Way.POLYGON: self.tr("Polygon: click its corners, right click ends it"),
            Way.CIRCLE: self.tr("Circle: press at its middle, drag to its rim"),
        }
        actions = {way: menu.addAction(word) for way, word in words.items()}
        for way, action in actions.items():
            action.triggered.connect(partial(self._start, way))
        self.draw_button.setMenu(menu)
        return actions

    def _build(self) -> None:
        sources, line = QWidget(), QHBoxLayout()
        flow = FlowLayout(sources, spacing=4)  # in large letters, in two rows
        for button in (self.canvas_button, self.draw_button, self.layer_button):
            policy = QSizePolicy.Policy.Expanding
            button.setSizePolicy(policy, QSizePolicy.Policy.Fixed)
            flow.addWidget(button)
        # Not beside the edges, which would be broken into more lines; and never apart.
        icons = QWidget()
        row = QHBoxLayout(icons)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(1)
        for button in (self.corners_button, self.undo_button, self.clear_button):
            row.addWidget(button)
        flow.addWidget(icons)
        line.addWidget(self.area_edit, 1)
        line.addWidget(self.place.button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*MARGINS)
        layout.addWidget(sources)
        layout.addLayout(line)
        layout.addWidget(self.place)
        layout.addWidget(self.area_label)

    def _connect(self) -> None:
        self.canvas_button.clicked.connect(self._take_canvas)
        self.draw_button.clicked.connect(self._draw)
        self.area_edit.returnPressed.connect(self._take_text)
        self.area_edit.editingFinished.connect(self._leave_text)
        self.corners_button.clicked.connect(self._change_corners)
        self.undo_button.clicked.connect(self.area.undo)
        self.clear_button.clicked.connect(lambda: self.area.choose(None))
        self._canvas.extentsChanged.connect(self._follow_map)
        self.area.changed.connect(self._show)
        self.area.drawing.active_changed.connect(self._follow_drawing)
        self.area.drawing.told.connect(self.area_label.setText)

    def _show(self, aoi: Aoi | None) -> None:
        reading, self._reading = self._reading, ""
        self.undo_button.setEnabled(self.area.can_undo)
        for button in (self.clear_button, self.corners_button):
            button.setEnabled(aoi is not None)
        if aoi is None:
            self.area_label.setText(self.tr("No area yet."))
            self.area_edit.clear()
            return
        self.area_label.setText("\n".join(filter(None, (describe_area(aoi), reading))))
        self.area_edit.setText(area_text(aoi) if is_box(aoi) else "")
        self.area_edit.setCursorPosition(0)  # a long text shows its beginning

    def _draw(self, wanted: bool) -> None:
        if wanted:
            self._start(Way.RECTANGLE)
        else:
            self.area.drawing.stop()

    def _start(self, way: Way, *_: object) -> None:
        self.area.tried.emit()
        self.area.drawing.start(way)

    def _change_corners(self, wanted: bool) -> None:
        if wanted and self.area.aoi is not None:
            self.area.tried.emit()
            zoom_to_area(self._canvas, self.area.aoi)
            self.area.drawing.start(Way.CORNERS, self.area.aoi)
        else:
            self.area.drawing.stop()

    def _follow_drawing(self, way: str) -> None:
        """The buttons are down while their tool is the map's; what was drawn so far is history."""
        for button, down in (
            (self.draw_button, way in {one.value for one in self.draw_actions}),
            (self.corners_button, way == Way.CORNERS.value),
        ):
            blocker = QSignalBlocker(button)
            button.setChecked(down)
            blocker.unblock()
        if way == Way.CORNERS.value:
            self.area_label.setText(
                self.tr(
                    "Drag a corner, or the middle of an edge for a new one; right click takes one "
                    "away; Esc ends it."
                )
            )
        elif not way:
            aoi = self.area.aoi
            self.area_label.setText(describe_area(aoi) if aoi else self.tr("No area yet."))

    def _take_canvas(self) -> None:
        self.area.take(partial(area_of_canvas, self._canvas))

    def _take_text(self) -> None:
        """What was typed, once it is complete; the map goes there."""
        text = self.area_edit.text().strip()
        if not self.area_edit.isModified() or not text:
            return
        self.area_edit.setModified(False)  # said once, also where it cannot be used
        self._take_pasted(text)

    def _leave_text(self) -> None:
        """A name stays as it is when the focus goes: it may be on its way to the look-up."""
        if any(letter.isdigit() for letter in self.area_edit.text()):
            self._take_text()

    def _take_pasted(self, text: str) -> None:
        if self.area.take(partial(area_of_text, text, self._read)) and self.area.aoi is not None:
            zoom_to_area(self._canvas, self.area.aoi)

    def _read(self, sentence: str) -> None:
        self._reading = sentence

    def _follow_map(self) -> None:
        """On a map without a place there is nothing to take, and nothing to draw on."""
        empty = shows_nothing(self._canvas)
        reason = self.tr("The map is empty: add a layer or a basemap first, or type the area")
        for button, tip in (
            (self.canvas_button, self.tr("What the map shows now")),
            (
                self.draw_button,
                self.tr("Drag a rectangle on the map; the arrow offers more shapes; Esc gives up"),
            ),
        ):
            button.setEnabled(not empty)
            button.setToolTip(plain_tip(reason if empty else tip))
