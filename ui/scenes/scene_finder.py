"""Sources of the table of scenes: a search, more of it, the sky over the area; scenes of
another page.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QObject, pyqtSignal

from ...core.operation import OperationResult
from ...core.operations.clear_sky import CLEAR_SKY
from ...core.operations.discover import DISCOVER, Discovery
from ...core.types import Aoi, SceneItem
from ...plugin.searches import SearchStore
from ...plugin.settings_store import write_last
from ..parts.sentences import count
from .scene_panel import ScenePanel
from .search_panel import SearchPanel

NAMED_AT_MOST = 3
"""Scenes in one warning; the log has all of them."""


class SceneFinder(QObject):
    """Starts the operations that find scenes, and shows what they bring.

    Parameters
    ----------
    search_panel, scene_panel : QWidget
        What to look for, and where to show it.
    take_area : callable
        Gives the area in use; None where there is none.
    start : callable
        ``start(operation, values, succeed, finish, **more)`` starts an operation and tells whether
        it could; ``finish`` is called where there is no result, with ``failed`` or ``cancelled``.
    """

    said = pyqtSignal(str)
    """For the status line."""
    warned = pyqtSignal(str)
    """For the message bar."""
    shown = pyqtSignal()
    """Other scenes are in the table."""
    search_finished = pyqtSignal(int)
    """Carries the number of scenes found by this search; 0 also where it failed."""
    sky_finished = pyqtSignal(int)
    """Carries the number of scenes whose sky is known now; 0 also where it failed."""

    def __init__(
        self,
        search_panel: SearchPanel,
        scene_panel: ScenePanel,
        take_area: Callable[[], Aoi | None],
        start: Callable[..., bool],
    ) -> None:
        super().__init__()
        self._search_panel = search_panel
        self._scene_panel = scene_panel
        self._take_area = take_area
        self._start = start
        self.searches: SearchStore | None = None
        """Where searches are kept; None: nowhere."""
        self._asked: dict[str, Any] = {}
        """Values that the scenes in the table answer to: more of them, and their sky, are about the
        same area.
        """
        self._found: Discovery | None = None
        self._wanted: frozenset[str] = frozenset()
        """Ids of scenes that were ticked in the project that was opened; the next search ticks
        them again.
        """

    @property
    def wanted(self) -> frozenset[str]:
        """Ids of scenes that were ticked in the project that was opened, and are not found yet."""
        return self._wanted

    def want(self, ids: frozenset[str]) -> None:
        """Have the next search tick these scenes again; until then the table says so."""
        self._wanted = ids
        self._scene_panel.await_ticked(len(ids))

    def search(self) -> None:
        """Look for scenes with what the first two steps say."""
        values = {"area": self._take_area(), **self._search_panel.values()}
        write_last("catalog", values["catalog"])
        write_last("sensor", values["sensor"])
        self._show((), values)  # what an earlier search found is not what this one asks for
        where = self._search_panel.catalog_combo.currentText()
        if self._start(DISCOVER, values, self._show_scenes, lambda _: self.search_finished.emit(0)):
            self.said.emit(self.tr("Searching {catalog} …").format(catalog=where))

    def forget(self) -> None:
        """Take away what was found."""
        self.want(frozenset())
        self._show((), {})

    def search_on(self) -> None:
        """Go on with the search where it ended."""
        if self._found is None:
            return
        searches = self._found.searches
        if self._start(
            DISCOVER, self._asked, self._add_scenes, self._give_up_more, searches=searches
        ):
            self.said.emit(self.tr("Looking for more scenes …"))

    def look_at_sky(self) -> None:
        """Find out how much of the area each scene in the table shows free of cloud."""
        scenes = self._scene_panel.model.scenes
        values = {"area": self._asked.get("area")}
        if self._start(
            CLEAR_SKY, values, self._show_sky, lambda _: self.sky_finished.emit(0), scenes=scenes
        ):
            self.said.emit(
                self.tr("Looking at the sky of {scenes} …").format(scenes=_scenes(len(scenes)))
            )

    def show_scenes(self, scenes: tuple[SceneItem, ...], asked: dict[str, Any]) -> None:
        """Put these scenes into the table, all of them chosen; ``asked`` are the values that they
        answer to.
        """
        if scenes:
            self._search_panel.set_sensor(scenes[0].sensor)  # its bands are what can be fetched
        self._show(scenes, asked, all_chosen=True)
        self.shown.emit()

    def _show(
        self,
        scenes: tuple[Any, ...],
        asked: dict[str, Any],
        discovery: Discovery | None = None,
        **more: Any,
    ) -> None:
        self._asked, self._found = asked, discovery
        self._scene_panel.set_scenes(
            scenes, has_more=discovery is not None and discovery.has_more, **more
        )

    def _show_scenes(self, result: OperationResult) -> None:
        discovery: Discovery = result.value
        new: frozenset[str] = frozenset()
        if self.searches is not None:
            ids = (scene.id for scene in discovery.scenes)
            new = self.searches.remember(discovery.aoi, self._asked, ids)
        self._show(discovery.scenes, self._asked, discovery, new=new, ticked=self.wanted)
        self._tick(discovery)
        self.said.emit(
            self.tr("{found} found. Choose scenes and bands, then press Run.").format(
                found=_scenes(len(discovery.scenes))
            )
        )
        self.shown.emit()
        self.search_finished.emit(len(discovery.scenes))

    def _add_scenes(self, result: OperationResult) -> None:
        discovery: Discovery = result.value
        self._found = discovery
        self._scene_panel.add_scenes(discovery.scenes, discovery.has_more)
        self._tick(discovery)
        if discovery.scenes:
            total = self._scene_panel.model.rowCount()
            text = self.tr("{found} more, {total} in all.").format(
                found=_scenes(len(discovery.scenes)), total=total
            )
        else:
            text = self.tr("There are no more scenes.")
        self.said.emit(text)
        self.search_finished.emit(len(discovery.scenes))

    def _tick(self, discovery: Discovery) -> None:
        """Tick what was ticked in the project, as far as it has come."""
        model = self._scene_panel.model
        numbers = [number for number, one in enumerate(model.scenes) if one.id in self.wanted]
        if numbers:
            model.choose(numbers)
        self.want(self._wanted - {one.id for one in model.scenes})
        if self.wanted and not discovery.has_more:
            self.warned.emit(
                self.tr("Ticked when the project was saved, and not found now: {scenes}.").format(
                    scenes=", ".join(sorted(self.wanted)[:NAMED_AT_MOST])
                )
            )
            self.want(frozenset())

    def _give_up_more(self, _: str) -> None:
        """A search that was stopped or has failed cannot go on."""
        more = self._found is not None and self._found.has_more
        self._scene_panel.add_scenes((), more)
        self.search_finished.emit(0)

    def _show_sky(self, result: OperationResult) -> None:
        looked = result.value.scenes
        failed = self._scene_panel.show_sky(looked)
        known = sum(scene.clear_percent is not None for scene in looked)
        text = self.tr(
            "The sky over {known} of {all} is known now: click the heading Clear to sort by it."
        ).format(known=known, all=_scenes(len(looked)))
        without = len(looked) - known - len(failed)
        if without:
            text += " " + self.tr("{scenes} without a cloud mask.").format(scenes=_scenes(without))
        if failed:
            text += " " + self.tr("{scenes} could not be read.").format(scenes=_scenes(len(failed)))
            names = ", ".join(scene.id for scene in failed[:NAMED_AT_MOST])
            if len(failed) > NAMED_AT_MOST:
                names += self.tr(" and {number} more").format(number=len(failed) - NAMED_AT_MOST)
            self.warned.emit(
                self.tr("The cloud mask cannot be read: {names}. The log says why.").format(
                    names=names
                )
            )
        self.said.emit(text)
        self.sky_finished.emit(known)


def _scenes(number: int) -> str:
    forms = (str(QCoreApplication.translate("FirstLight", form)) for form in ("scene", "scenes"))
    return count(number, *forms)
