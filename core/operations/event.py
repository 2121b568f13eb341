"""From an event to its map: find, pair, download, stack, validate, map, and one page that
tells it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..discovery.access import Access
from ..discovery.band_config import Sensor
from ..discovery.catalogs import Catalog
from ..discovery.events import EventType, RecipeStep, event_names, event_titles
from ..discovery.session import load_requests
from ..enums import AreaMask
from ..errors import InputError
from ..gdal.load_ahead import LINE_FIRST_S, OTHERS_FIRST_S, load_ahead
from ..moment import Moment
from ..monitor import Monitor, PartMonitor
from ..operation import Operation, OperationResult, Output, OutputKind
from ..params import Kind, area_mask_param, param
from ..scenes.event_pairs import LEAST_CLEAR, EventQuery, choose_steps
from ..settings import Settings
from ..types import Aoi, SceneItem
from .event_home import check_is_its_own, make_folder
from .search_params import area_param, catalog_param, days_param, event_date_param, sensor_param

SEARCH_SHARE = 0.15
"""Share of the progress bar where searching ends."""
MAP_SHARE, FUSE_SHARE = 0.86, 0.92
"""Shares of the rest of it where downloading with mapping, and putting maps together, end."""
RUN = f"{__package__}.event_run"
"""What is needed once the catalogue has answered."""
REPORT = f"{__package__}.report.event_pages"
"""What is needed once there are maps."""


@dataclass(frozen=True, kw_only=True)
class EventParams:
    """Event in space and time, and what is good enough to map it from."""

    event: EventType = param(
        kind=Kind.EVENT,
        title="Event",
        choices=event_names,
        labels=event_titles,
        help="wildfire, flood, storm, or one of their kinds.",
    )
    area: Aoi = area_param()
    date: Moment = event_date_param()
    output: Path = param(
        kind=Kind.FOLDER_OUT,
        title="Folder",
        help="Gets scenes, maps, a STAC catalogue of the results, and report.html.",
    )
    catalog: Catalog = catalog_param()
    sensor: Sensor | None = sensor_param("Only this one; if not given, those of the event.")
    items: Path | None = param(
        None,
        kind=Kind.FILE_IN,
        title="Scenes",
        help="Scenes to map from (JSON or GeoJSON), as a search for pairs writes them; then no "
        "catalogue is searched, and of each sensor the best pair among them is taken, however "
        "cloudy.",
        advanced=True,
    )
    min_clear: float = param(
        LEAST_CLEAR,
        kind=Kind.NUMBER,
        title="Least clear sky (%)",
        help="Share of the area that both passes must show clear, by their own cloud masks.",
        minimum=0,
        maximum=100,
        advanced=True,
    )
    terrain: bool = param(
        False,
        kind=Kind.FLAG,
        title="Use heights",
        help="Floods only: fetch heights, and leave out what is steep or high above the "
        "drainage. That is radar shadow, and lakes on hillsides with it.",
        advanced=True,
    )
    forecast: bool = param(
        False,
        kind=Kind.FLAG,
        title="Forecast in the report",
        help="Rain and wind of the next three days from now on, where the catalogue lists a "
        "weather model's files: a table and a chart in the report, never in the map.",
        advanced=True,
    )
    area_mask: AreaMask = area_mask_param()
    days_before: int | None = days_param("Days before", "the event's own")
    days_after: int | None = days_param("Days after", "the event's own")
    scenes: tuple[SceneItem, ...] = ()
    """For callers in Python: the scenes themselves, instead of ``items`` or a search."""

    def query(self, scenes: tuple[SceneItem, ...] = ()) -> EventQuery:
        """Event and passes that are asked for; ``scenes`` are those that somebody chose."""
        return EventQuery(
            event=self.event,
            aoi=self.area,
            time=self.date.first,
            catalog=self.catalog,
            scenes=scenes,
            min_clear=0.0 if scenes else self.min_clear,
            days_before=self.days_before or self.event.days_before,
            days_after=self.days_after or self.event.days_after,
        )

    def steps(self) -> list[RecipeStep]:
        """The event's recipe, or the part of it that one sensor can do.

        Raises
        ------
        InputError
            If that sensor can do nothing of it.
        """
        if self.sensor is None:
            return list(self.event.recipe)
        name, family = self.sensor.name, self.sensor.family
        steps = [
            RecipeStep((name,), step.algorithms)
            for step in self.event.recipe
            if name in step.sensors or family in step.sensors
        ]
        if not steps:
            known = sorted({sensor for step in self.event.recipe for sensor in step.sensors})
            raise InputError(
                f"{self.event.title} cannot be mapped from {self.sensor.title}",
                "no algorithm for it needs that sensor",
                f"Take one of: {', '.join(known)}.",
            )
        return steps


def run_event(params: EventParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Map an event from its best pairs of passes.

    Raises
    ------
    InputError
        For an unusable sensor or folder.
    SkyError, NoScenesError
        If the sky, or the catalogue, allows nothing.
    IngestionError, AlgorithmError
        If no pair could be brought to the disk, or no map be made.
    """
    steps, left_out = params.steps(), list[str]()
    query = params.query(_given_scenes(params, settings, monitor, left_out.append))
    make_folder(params.output)
    check_is_its_own(params.output, query)
    # What is needed takes as long to load as some catalogues to answer. So all of it is loaded
    # while something is waited for, and not beside what asks: that comes before.
    load_requests()
    load_ahead(RUN, after_s=2 * OTHERS_FIRST_S)  # once the sky is being looked at
    part, access = PartMonitor(monitor, 0.0, SEARCH_SHARE), Access(settings)
    chosen, missed = choose_steps(query, steps, settings, part, access)

    from .event_run import EventRun

    load_ahead(REPORT, after_s=2 * LINE_FIRST_S)
    run = EventRun(query, params.output, settings, access, area_mask=params.area_mask)
    run.missed += [*left_out, *missed]
    rest = PartMonitor(monitor, SEARCH_SHARE, 1.0)
    run.make(chosen, PartMonitor(rest, 0.0, MAP_SHARE), params.terrain)
    if query.event.fuse:
        run.fuse(query.event.fuse, PartMonitor(rest, MAP_SHARE, FUSE_SHARE))

    from .report.event_pages import tell_event

    return tell_event(run, params.forecast, PartMonitor(rest, FUSE_SHARE, 1.0))


def _given_scenes(
    params: EventParams, settings: Settings, monitor: Monitor, leave_out: Callable[[str], None]
) -> tuple[SceneItem, ...]:
    """The scenes that somebody chose; empty where a catalogue is to be searched."""
    if params.scenes or params.items is None:
        return params.scenes
    from ..discovery.linked.scene_factors import read_scenes

    part = PartMonitor(monitor, 0.0, SEARCH_SHARE)
    return tuple(read_scenes(params.items, settings, part, leave_out))


EVENT = Operation(
    name="event",
    title="Map an event",
    group="Events",
    summary="Maps an event from its area and date. Finds the best pair of passes, "
    "downloads, stacks and validates them, runs the event's algorithms, and "
    "writes layers, areas and a one-page report.",
    params=EventParams,
    run=run_event,
    outputs=(
        Output("report", "Report (HTML)"),
        Output("map", "Map", OutputKind.RASTER),
        Output("not_observed_percent", "Not observed (%)", OutputKind.NUMBER),
    ),
)
