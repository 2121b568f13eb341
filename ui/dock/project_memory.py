"""Where the dock was: written into the project when it is saved, read when it is opened."""

from __future__ import annotations

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...plugin.project_store import (
    area_from_text,
    area_to_text,
    ids_from_text,
    ids_to_text,
    read_choices,
    write_choices,
)
from ..area.area_choice import AreaChoice
from ..event.event_page import EventPage
from ..scenes.scenes_page import ScenesPage

NAMES = (
    "area",
    "start",
    "end",
    "sensor",
    "catalog",
    "event_catalog",
    "event",
    "event_date",
    "output",
    "scenes",
)


class ProjectMemory(QObject):
    """Ties the first steps of the dock to the open project."""

    forgotten = pyqtSignal()
    """Another project begins: what was found for the last one is not this one's."""

    def __init__(self, area: AreaChoice, scenes: ScenesPage, event: EventPage) -> None:
        super().__init__()
        self._area, self._event = area, event
        self._search, self._run = scenes.search_panel, scenes.run_panel
        self._scenes = scenes
        project = QgsProject.instance()
        project.writeProject.connect(self._write)
        project.readProject.connect(self.restore)
        project.cleared.connect(self._forget)

    def close_down(self) -> None:
        """Let the project go."""
        project = QgsProject.instance()
        project.writeProject.disconnect(self._write)
        project.readProject.disconnect(self.restore)
        project.cleared.disconnect(self._forget)

    def restore(self, *_: object) -> None:
        """Show what the project holds; what it does not hold stays as it is."""
        kept = read_choices(QgsProject.instance(), NAMES)
        aoi = area_from_text(kept.get("area", ""))
        if aoi is not None:
            self._area.begin_anew(aoi)
        self._search.set_sensor(kept.get("sensor", ""))
        self._search.catalog_combo.set_last(kept.get("catalog", ""))
        self._event.catalog_combo.set_last(kept.get("event_catalog", ""))
        for name, field in (
            ("start", self._search.start_edit),
            ("end", self._search.end_edit),
            ("event_date", self._event.when.event_edit),
        ):
            if name in kept:
                field.set_value(kept[name])
        self._event.what.set_event(kept.get("event", ""))
        if "output" in kept:
            self._run.set_output(kept["output"])
            self._event.save.set_output(kept["output"])
        self._scenes.finder.want(ids_from_text(kept.get("scenes", "")))
        self._scenes.changed()

    def _write(self, *_: object) -> None:
        chosen, event = self._search.values(), self._event.values()
        choices = {
            "area": area_to_text(self._area.aoi),
            **{name: chosen[name] for name in ("start", "end", "sensor", "catalog")},
            "event": event["event"],
            "event_date": event["date"],
            "event_catalog": event["catalog"],
            "output": self._run.output(),
            "scenes": ids_to_text(self._ticked()),
        }
        write_choices(QgsProject.instance(), choices)

    def _ticked(self) -> list[str]:
        """Ids of scenes with a tick; of those that are still to be searched for, too."""
        ids = [scene.id for scene in self._scenes.scene_panel.chosen()]
        return [*ids, *sorted(self._scenes.finder.wanted.difference(ids))]

    def _forget(self) -> None:
        self._area.begin_anew()
        self.forgotten.emit()
