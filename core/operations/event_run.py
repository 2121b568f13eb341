"""The run of an event: passes to the disk, heights, maps, and their fusion; with all that could not
be done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from ..discovery.access import Access
from ..discovery.band_config import get_sensor
from ..enums import AreaMask
from ..errors import AlgorithmError, Cancelled, DiskFullError, FirstLightError, odd_data
from ..maps.fuse import FUSE, FuseParams
from ..maps.registry import get_map
from ..moment import Moment
from ..monitor import EventQueue, Lanes, Level, Monitor, Note
from ..operation import LayerOutput
from ..params import InputRole
from ..recipes.layers import Extent
from ..recipes.map_operation import MapOperation
from ..recipes.results import MapResult
from ..scenes.event_pairs import ChosenStep, EventQuery
from ..scenes.passes import PassStack, bring_passes
from ..scenes.stand_in import mixed_sentences
from ..settings import Settings
from ..terrain.heights import metric_area
from ..types import AlgorithmResult, format_time
from ..workers import run_parallel
from .terrain_map import TerrainRequest, map_terrain

Outcome = TypeVar("Outcome")

MAPS_AT_ONCE = 2
TERRAIN_FOLDER = "terrain"
SIDES = {"before": "Before", "after": "After"}
"""Sides of an event, for people."""


@dataclass(frozen=True)
class ReadyStep:
    """A step of the recipe with both passes on the disk."""

    chosen: ChosenStep
    before: PassStack
    after: PassStack

    @property
    def passes(self) -> tuple[PassStack, PassStack]:
        """The pass before and the one after."""
        return self.before, self.after

    def maps(self) -> tuple[MapOperation, ...]:
        """The maps that the recipe asks for."""
        return tuple(get_map(name) for name in self.chosen.step.algorithms)


@dataclass(frozen=True)
class MappedStep:
    """A map that was made of the event."""

    operation: MapOperation
    source: ReadyStep | None
    """Passes that it is made from; None where it is made from other maps."""
    result: MapResult
    layers: tuple[LayerOutput, ...]

    @property
    def title(self) -> str:
        """For people, with the sensor."""
        if self.source is None:
            return self.group
        return f"{self.operation.title} ({get_sensor(self.source.chosen.sensor).title})"

    @property
    def group(self) -> str:
        """Name of its group on the map, inside that of the event."""
        if self.source is None:
            return "All sensors together"
        heading = self.subject.map_title or self.operation.recipe.about
        return f"{heading}, {get_sensor(self.source.chosen.sensor).title}"

    @property
    def passes(self) -> tuple[PassStack, ...]:
        """Passes that it is made from."""
        return self.source.passes if self.source else ()

    @property
    def subject(self) -> Extent:
        """The extent that the map is about."""
        return self.result.figures.extents[0]

    @property
    def main_path(self) -> Path:
        """The raster of that extent."""
        return self.result.outputs[self.subject.layer.name]


@dataclass
class EventRun:
    """An event's maps as they come together; one that fails is named, and the others go on."""

    query: EventQuery
    folder: Path
    settings: Settings
    access: Access
    monitor: Monitor
    area_mask: AreaMask = AreaMask.SHAPE
    """Which pixels of the area its maps count."""
    mapped: list[MappedStep] = field(default_factory=list)
    pictures: list[LayerOutput] = field(default_factory=list)
    heights: AlgorithmResult | None = None
    """Slope and height above drainage, where they were wanted and could be had."""
    height_layers: list[LayerOutput] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    """A sentence for each thing that could not be done."""

    def bring(self, chosen: Sequence[ChosenStep], monitor: Monitor) -> list[ReadyStep]:
        """Bring each step's passes to the disk.

        Raises
        ------
        FirstLightError
            The first step's failure, where none can be had.
        """
        pairs = [(step.pair.before, step.pair.after) for step in chosen]
        stacks = bring_passes(
            [each for pair in pairs for each in pair],
            self.query.aoi,
            self.query.event,
            self.folder / "scenes",
            self.settings,
            monitor,
            self.access,
        )
        ready: list[ReadyStep] = []
        failures: list[FirstLightError] = []
        for number, step in enumerate(chosen):
            with self._failing_into(failures):
                ready.append(self._ready(step, stacks[2 * number : 2 * number + 2], monitor))
        if not ready:
            raise failures[0]
        return ready

    def _ready(
        self, step: ChosenStep, stacks: Sequence[PassStack | FirstLightError], monitor: Monitor
    ) -> ReadyStep:
        passes = [_or_raise(stack) for stack in stacks]
        for side, stack in zip(SIDES, passes):
            self.pictures.append(_picture(stack, side, step.sensor))
        told = mixed_sentences([stack.scenes[0] for stack in passes])
        for sentence in told:
            monitor.emit(Note(Level.WARNING, sentence))
        passes[1] = replace(passes[1], warnings=(*passes[1].warnings, *told))
        return ReadyStep(step, *passes)

    def bring_heights(self, ready: Sequence[ReadyStep], monitor: Monitor) -> None:
        """Compute slope and height above drainage for the maps that take them; without them the
        maps are made all the same.
        """
        if not any(map_.takes(InputRole.HAND) for step in ready for map_ in step.maps()):
            self._miss("Heights are of no use here: no algorithm of this event takes them")
            return
        request = TerrainRequest(
            metric_area(self.query.aoi), self.folder / TERRAIN_FOLDER, self.query.catalog
        )
        with self._failing_into([]):
            self.heights, layers = map_terrain(request, self.settings, monitor)
            self.height_layers += [replace(layer, visible=False) for layer in layers]

    def map(self, ready: Sequence[ReadyStep], monitor: Monitor) -> None:
        """Make the maps of each step.

        Raises
        ------
        FirstLightError
            The first map's failure, where none can be made.
        """
        jobs = [(step, operation) for step in ready for operation in step.maps()]
        heights = self.heights.outputs if self.heights else {}
        events = EventQueue(monitor)
        lanes = Lanes(events, len(jobs))

        def make(number: int) -> MappedStep | FirstLightError:
            step, operation = jobs[number]
            try:
                with odd_data("A map of the event cannot be made", AlgorithmError):
                    params = operation.map_inputs(
                        self.folder / operation.name,
                        post=step.after.stack,
                        pre=step.before.stack,
                        hand=heights.get("hand"),
                        slope=heights.get("slope"),
                        area=self.query.aoi,
                        area_mask=self.area_mask,
                    )
                    return self._run(operation, params, step, lanes.lane(number))
            except (Cancelled, DiskFullError):
                raise
            except FirstLightError as error:
                return error

        failures: list[FirstLightError] = []
        # Beside each other: the few tiles of an event are done one after the other in each map.
        for made in run_parallel(make, range(len(jobs)), MAPS_AT_ONCE, events):
            with self._failing_into(failures):
                self.mapped.append(_or_raise(made))
        if not self.mapped:
            raise (
                failures[0]
                if failures
                else AlgorithmError(
                    "The event cannot be mapped",
                    "its recipe has no algorithm",
                    "Add one to its recipe in config/events.yaml.",
                )
            )

    def fuse(self, layer: str, monitor: Monitor) -> None:
        """Put the maps of several sensors together, where more than one has the layer."""
        sources = [
            step.result.outputs[layer] for step in self.mapped if layer in step.result.outputs
        ]
        if len(sources) < 2:
            return
        params = FuseParams(
            inputs=tuple(sources),
            output=self.folder / FUSE.name,
            event_date=Moment.at(self.query.time),
            area=self.query.aoi,
            area_mask=self.area_mask,
        )
        with self._failing_into([]):
            self.mapped.insert(0, self._run(FUSE, params, None, monitor))

    def _run(
        self, operation: MapOperation, params: object, source: ReadyStep | None, monitor: Monitor
    ) -> MappedStep:
        result = operation.run(params, self.settings, monitor)
        if not isinstance(result.value, MapResult):  # a test runs them all
            raise TypeError(f"the operation {operation.name} makes no map")
        return MappedStep(operation, source, result.value, result.layers)

    @contextmanager
    def _failing_into(self, failures: list[FirstLightError]) -> Iterator[None]:
        """Keep and name a failure, and go on; not of a stop or a full disk."""
        try:
            with odd_data("A map of the event cannot be made", AlgorithmError):
                yield
        except (Cancelled, DiskFullError):
            raise
        except FirstLightError as error:
            failures.append(error)
            self._miss(str(error))

    def _miss(self, sentence: str) -> None:
        self.missed.append(sentence)
        self.monitor.emit(Note(Level.WARNING, sentence))


def _or_raise(outcome: Outcome | FirstLightError) -> Outcome:
    """What was made; raised where it is an error."""
    if isinstance(outcome, FirstLightError):
        raise outcome
    return outcome


def _picture(stack: PassStack, side: str, sensor: str) -> LayerOutput:
    first = stack.scenes[0]
    ids = ", ".join(scene.id for scene in stack.scenes)
    return LayerOutput(
        stack.stack,
        f"{SIDES[side]}, {format_time(first.datetime)[:10]}",
        "natural_color",
        f"{get_sensor(sensor).title} scenes",
        first.datetime,
        f"{SIDES[side]}: {ids}.",
    )
