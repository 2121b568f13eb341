"""The table of scenes and their footprints on the map, each showing what is done in the other."""

from __future__ import annotations

from qgis.core import QgsPointXY
from qgis.gui import QgsMapCanvas, QgsMapTool
from qgis.PyQt.QtCore import QObject

from ...plugin.footprints import Footprints
from ...plugin.map_view import zoom_to_shape
from .pick_tool import PickTool
from .scene_panel import ScenePanel


class SceneMap(QObject):
    """Draws the footprints of the scenes in the table; a scene that is pointed at or selected in
    the table is bright on the map, and a click on the map selects it in the table.

    Parameters
    ----------
    canvas : QgsMapCanvas
        The map.
    panel : ScenePanel
        The table.
    """

    def __init__(self, canvas: QgsMapCanvas, panel: ScenePanel) -> None:
        super().__init__(panel)
        self._canvas, self._panel, self._model = canvas, panel, panel.model
        self._before: QgsMapTool | None = None
        self._picked_at: tuple[int, ...] = ()
        self.footprints = Footprints(canvas, self)
        self.tool = PickTool(canvas)
        self.tool.hovered.connect(self._hover)
        self.tool.picked.connect(self._pick)
        self.tool.given_up.connect(self.stop)
        self.tool.deactivated.connect(lambda: panel.pick_button.setChecked(False))
        self._model.modelReset.connect(self._show_scenes)
        self._model.rows_changed.connect(self._show_scenes)
        self._model.chosen_changed.connect(self._show_chosen)
        panel.pointed.connect(self.footprints.mark)
        panel.zoom_wanted.connect(self.zoom_to)
        panel.pick_button.clicked.connect(self._toggle)
        panel.footprints_button.toggled.connect(self.set_wanted)
        self._scenes_shown: tuple[object, ...] = ()
        self._in_view = True

    def set_wanted(self, _: bool) -> None:
        """Show the footprints where the user wants them."""
        self.footprints.set_visible(self._in_view and self._panel.footprints_button.isChecked())

    def set_in_view(self, in_view: bool) -> None:
        """The table came into view, or went: its footprints go with it."""
        self._in_view = in_view
        if not in_view:
            self.stop()
        self.set_wanted(in_view)

    def zoom_to(self, number: int) -> None:
        """Bring a scene into view."""
        shape = self.footprints.shape(number)
        if shape is not None:
            zoom_to_shape(self._canvas, shape)

    def stop(self) -> None:
        """Give the map back the tool that it had."""
        if self._canvas.mapTool() is self.tool:
            self._canvas.unsetMapTool(self.tool)
            if self._before is not None:
                self._canvas.setMapTool(self._before)
        self._before = None

    def close_down(self) -> None:
        """Leave the map as it was."""
        self.stop()
        self.footprints.remove()
        self.tool.deleteLater()  # it is the canvas's child, and would outlive the plugin

    def _toggle(self, wanted: bool) -> None:
        if not wanted:
            self.stop()
        elif self._canvas.mapTool() is not self.tool:
            self._before = self._canvas.mapTool()
            self._canvas.setMapTool(self.tool)
            self._canvas.setFocus()  # so that Esc reaches it

    def _show_scenes(self) -> None:
        scenes = self._model.scenes
        if scenes != self._scenes_shown:
            self._scenes_shown = scenes
            self.footprints.set_scenes(scenes)
            self._show_chosen()
        self.footprints.set_shown(self._model.shown_numbers)

    def _show_chosen(self) -> None:
        self.footprints.set_chosen(self._model.chosen_numbers)

    def _hover(self, point: QgsPointXY) -> None:
        under = self.footprints.at(point)
        self.footprints.mark(under[0] if under else self._panel.selected_number())

    def _pick(self, point: QgsPointXY, with_ctrl: bool) -> None:
        """Select what is there; where several lie over each other, the next one at each click.
        With Ctrl its tick changes, too.
        """
        under = tuple(self.footprints.at(point))
        if not under:
            return
        selected = self._panel.selected_number()
        place = 0
        if under == self._picked_at and selected in under:
            place = (under.index(selected) + 1) % len(under)
        self._picked_at = under
        self._panel.select(under[place])
        if with_ctrl:
            chosen = under[place] in self._model.chosen_numbers
            self._model.choose((under[place],), not chosen)
