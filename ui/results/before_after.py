"""The pictures before and after, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qgis.gui import QgsDockWidget, QgsMapCanvas, QgsMapToolPan
from qgis.PyQt import sip
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QCloseEvent
from qgis.PyQt.QtWidgets import QCheckBox, QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from ...core.operation import LayerOutput
from ...plugin.map_view import zoom_to_layers
from ...plugin.picture_pair import PicturePair, picture_pair
from ...plugin.picture_style import FALSE, NATURAL, style_of
from ..parts.plain import PlainLabel
from .linked_canvases import FollowingCanvas, LinkedCanvases
from .own_layers import open_own

NAME = "firstlight_before_after"
_kept: list[BeforeAfter] = []
"""The panel that is open: QGIS's ``addDockWidget`` leaves it to Python, which drops what nobody
holds.
"""


def show_before_after(iface: Any, layers: Sequence[LayerOutput]) -> BeforeAfter | None:
    """Open the pictures before and after in a panel below the map; it takes the place of an
    older one.

    Parameters
    ----------
    iface : qgis.gui.QgisInterface
        For its map and its window.
    layers : sequence of LayerOutput
        Those of a result.

    Returns
    -------
    BeforeAfter or None
        None where the result has no two pictures of one sensor.

    Raises
    ------
    FirstLightError
        If QGIS cannot open one of them.
    """
    pair = picture_pair(layers)
    if pair is None:
        return None
    panel = BeforeAfter(iface.mapCanvas(), pair)
    close_before_after(iface)
    _kept.append(panel)
    iface.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, panel)
    panel.show()
    return panel


def close_before_after(iface: Any) -> None:
    """Close the panel, where it is open; called before the plugin goes."""
    while _kept:
        panel = _kept.pop()
        if sip.isdeleted(panel):
            continue  # its window has gone
        panel.close()
        iface.removeDockWidget(panel)
        panel.setParent(None)
        panel.deleteLater()


class BeforeAfter(QgsDockWidget):
    """Two maps that move together with QGIS's own.

    Its layers are its own: another style here changes nothing in the project, and what is removed
    there stays here.

    Parameters
    ----------
    main : QgsMapCanvas
        QGIS's map.
    pair : PicturePair
        What to show.

    Raises
    ------
    FirstLightError
        If QGIS cannot open a picture.
    """

    def __init__(self, main: QgsMapCanvas, pair: PicturePair) -> None:
        super().__init__()
        self.setWindowTitle(self.tr("Before | after"))
        self.setObjectName(NAME)
        self._pictures = [open_own(output, self) for output in (pair.before, pair.after)]
        self._outline = None if pair.outline is None else open_own(pair.outline, self)
        self.canvases = [FollowingCanvas(), FollowingCanvas()]
        self.false_color_box = QCheckBox(self.tr("&False colour"), objectName="false_color_box")
        self.outline_box = QCheckBox(self.tr("&Outline"), objectName="outline_box", checked=True)
        self._build((pair.before.title, pair.after.title))
        zoom_to_layers(main, self._pictures)
        self._links: LinkedCanvases | None = LinkedCanvases(main, self.canvases)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Let go of QGIS's map."""
        if self._links is not None:
            self._links.close_down()
            self._links = None
        for canvas in self.canvases:
            canvas.stopRendering()
            canvas.setLayers([])
        super().closeEvent(event)

    def _show_layers(self) -> None:
        over = [self._outline] if self._outline and self.outline_box.isChecked() else []
        for canvas, picture in zip(self.canvases, self._pictures):
            canvas.setLayers([*over, picture])

    def _show_style(self, false: bool) -> None:
        for canvas, picture in zip(self.canvases, self._pictures):
            style = style_of(picture, FALSE if false else NATURAL)
            if style:
                picture.styleManager().setCurrentStyle(style)
            canvas.refresh()

    def _build(self, titles: Sequence[str]) -> None:
        both = QSplitter(Qt.Orientation.Horizontal)
        self._tools = [QgsMapToolPan(canvas) for canvas in self.canvases]
        for canvas, tool, title in zip(self.canvases, self._tools, titles):
            canvas.setCanvasColor(Qt.GlobalColor.white)
            canvas.setMapTool(tool)
            canvas.setAccessibleName(title)
            canvas.setMinimumSize(120, 90)
            side = QWidget()
            layout = QVBoxLayout(side)
            layout.setContentsMargins(0, 0, 0, 0)
            layout.addWidget(PlainLabel(title))
            layout.addWidget(canvas, 1)
            both.addWidget(side)
        several = all(style_of(picture, FALSE) for picture in self._pictures)
        self.false_color_box.setEnabled(several)
        if not several:
            self.false_color_box.setToolTip(self.tr("The pictures have no infrared bands."))
        self.outline_box.setEnabled(self._outline is not None)
        self.false_color_box.toggled.connect(self._show_style)
        self.outline_box.toggled.connect(self._show_layers)
        row = QHBoxLayout()
        row.addWidget(self.false_color_box)
        row.addWidget(self.outline_box)
        row.addStretch(1)
        whole = QWidget()
        layout = QVBoxLayout(whole)
        layout.setContentsMargins(4, 2, 4, 2)
        layout.addWidget(both, 1)
        layout.addLayout(row)
        self.setWidget(whole)
        self._show_layers()
