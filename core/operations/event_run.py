"""The run of an event: passes to the disk, heights, maps, and their fusion; with all that could not
be done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from ..discovery.access import Access
from ..discovery.band_config import get_sensor
from ..doors.operation_index import get_declared
from ..enums import AreaMask
from ..errors import AlgorithmError, Cancelled, DiskFullError, FirstLightError, odd_data
from ..files.atomic import remove_quietly
from ..gdal.load_ahead import LINE_FIRST_S, load_ahead
from ..moment import Moment
from ..monitor import EventQueue, Lanes, LayerReady, Level, Monitor, Note, PartMonitor
from ..operation import LayerOutput
from ..params import InputRole
from ..scenes.event_pairs import ChosenStep, EventQuery
from ..scenes.passes import PassBringer, PassStack
from ..scenes.stand_in import mixed_sentences
from ..settings import Settings
from ..terrain.heights import metric_area
from ..types import AlgorithmResult, format_time
from ..workers import run_parallel
from .event_home import place_words

if TYPE_CHECKING:
    from ..recipes.layers import Extent
    from ..recipes.map_operation import MapOperation
    from ..recipes.results import MapResult

Outcome = TypeVar("Outcome")

MAPS_AT_ONCE = 2
HEIGHTS_SHARE = 0.2
"""Share of the progress of making the maps where heights are there."""
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
        return _maps(self.chosen)


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

    @property
    def main_layer(self) -> LayerOutput:
        """That raster on the map, in the group of this map."""
        [layer] = [one for one in self.layers if one.path == self.main_path]
        return replace(layer, group=self.group)


@dataclass(frozen=True)
class _MadeStep:
    """A step with its maps, or why one could not be made."""

    ready: ReadyStep
    maps: list[MappedStep | FirstLightError]


@dataclass
class EventRun:
    """An event's maps as they come together; one that fails is named, and the others go on."""

    query: EventQuery
    folder: Path
    settings: Settings
    access: Access
    scenes: Path | None = None
    """Folder of the scenes; None: one beside the maps."""
    area_mask: AreaMask = AreaMask.SHAPE
    """Which pixels of the area its maps count."""
    mapped: list[MappedStep] = field(default_factory=list)
    pictures: list[LayerOutput] = field(default_factory=list)
    heights: AlgorithmResult | None = None
    """Slope and height above drainage, where they were wanted and could be had."""
    height_layers: list[LayerOutput] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    """A sentence for each thing that could not be done."""

    def make(self, chosen: Sequence[ChosenStep], monitor: Monitor, heights: bool = False) -> None:
        """Bring each step's passes to the disk and make its maps: these are made as soon as the
        bands are there that they read, while those for the pictures are still coming.

        Parameters
        ----------
        heights : bool
            Also compute slope and height above drainage for the maps that take them.

        Raises
        ------
        FirstLightError
            The first step's failure, where no map can be made.
        """
        passes = PassBringer(
            [side for step in chosen for side in (step.pair.before, step.pair.after)],
            [bands for step in chosen for bands in (_bands_read(step),) * 2],
            self.query.aoi,
            self.query.event,
            self.scenes or self.folder / "scenes",
            self.settings,
            self.access,
        )
        events = EventQueue(monitor)
        lanes = Lanes(events, 2)
        made: list[_MadeStep | FirstLightError] = []
        failures: list[FirstLightError] = []

        def make_maps() -> None:
            lane = lanes.lane(1)
            if heights:
                self.bring_heights(chosen, PartMonitor(lane, 0.0, HEIGHTS_SHARE))
            made.extend(self._make_maps(chosen, passes, PartMonitor(lane, HEIGHTS_SHARE, 1.0)))

        maps = {name for step in chosen for name in step.step.algorithms}
        load_ahead(*(get_declared(name).full_module for name in maps), after_s=LINE_FIRST_S)
        jobs: list[Callable[[], None]] = [lambda: passes.bring(lanes.lane(0)), make_maps]
        run_parallel(lambda work: work(), jobs, len(jobs), events)
        for number, step in enumerate(made):
            with self._failing_into(failures, monitor):
                self._finish(_or_raise(step), number, passes, failures, monitor)
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

    def _make_maps(
        self, chosen: Sequence[ChosenStep], passes: PassBringer, monitor: Monitor
    ) -> list[_MadeStep | FirstLightError]:
        """The maps of each step, made when its passes are there."""
        events = EventQueue(monitor)
        lanes = Lanes(events, len(chosen))

        def make(number: int) -> _MadeStep | FirstLightError:
            sides = [passes.early(2 * number + side, events.stop) for side in range(len(SIDES))]
            try:
                ready = ReadyStep(chosen[number], *(_or_raise(side) for side in sides))
            except FirstLightError as error:
                return error
            return _MadeStep(ready, self._map(ready, lanes.lane(number)))

        return run_parallel(make, range(len(chosen)), MAPS_AT_ONCE, events)

    def _map(self, ready: ReadyStep, monitor: Monitor) -> list[MappedStep | FirstLightError]:
        """The maps of a step; each is told as soon as it is made."""
        operations = ready.maps()
        heights = self.heights.outputs if self.heights else {}
        events = EventQueue(monitor)
        lanes = Lanes(events, len(operations))

        def make(number: int) -> MappedStep | FirstLightError:
            operation, lane = operations[number], lanes.lane(number)
            try:
                with odd_data("A map of the event cannot be made", AlgorithmError):
                    params = operation.map_inputs(
                        self.folder / operation.name,
                        post=ready.after.for_maps,
                        pre=ready.before.for_maps,
                        hand=heights.get("hand"),
                        slope=heights.get("slope"),
                        area=self.query.aoi,
                        area_mask=self.area_mask,
                    )
                    mapped = self._run(operation, params, ready, lane)
            except (Cancelled, DiskFullError):
                raise
            except FirstLightError as error:
                return error
            lane.emit(Note(Level.INFO, f"{mapped.title}: {mapped.main_path}"))
            lane.emit(LayerReady(replace(mapped.main_layer, above=event_title(self.query))))
            return mapped

        # Beside each other: before and after its tiles each map has work for one core.
        return run_parallel(make, range(len(operations)), MAPS_AT_ONCE, events)

    def _finish(
        self,
        step: _MadeStep,
        number: int,
        passes: PassBringer,
        failures: list[FirstLightError],
        monitor: Monitor,
    ) -> None:
        """Take in a step with all bands of its passes.

        Raises
        ------
        FirstLightError
            If a band of its maps turns out to be unfit; they are withdrawn.
        """
        early = step.ready
        mapped: list[MappedStep] = []
        for outcome in step.maps:
            with self._failing_into(failures, monitor):
                mapped.append(_or_raise(outcome))
        try:
            before, after = (
                _or_raise(passes.whole(2 * number + side, one))
                for side, one in enumerate(early.passes)
            )
        except FirstLightError:
            for one in mapped:
                remove_quietly(*one.result.outputs.values())
                monitor.emit(LayerReady(one.main_layer, withdrawn=True))
            raise
        for side, stack in zip(SIDES, (before, after)):
            self.pictures.append(_picture(stack, side, early.chosen.sensor))
        told = mixed_sentences([stack.scenes[0] for stack in (before, after)])
        for sentence in (*told, *_lacking(early, before, after)):
            monitor.emit(Note(Level.WARNING, sentence))
        after = replace(after, warnings=(*after.warnings, *told))
        ready = ReadyStep(early.chosen, before, after)
        self.mapped += [replace(one, source=ready) for one in mapped]

    def bring_heights(self, chosen: Sequence[ChosenStep], monitor: Monitor) -> None:
        """Compute slope and height above drainage for the maps that take them; without them the
        maps are made all the same.
        """
        if not any(map_.takes(InputRole.HAND) for step in chosen for map_ in _maps(step)):
            sentence = "Heights are of no use here: no algorithm of this event takes them"
            self._miss(sentence, monitor)
            return
        from .terrain_map import TerrainRequest, map_terrain

        request = TerrainRequest(
            metric_area(self.query.aoi), self.folder / TERRAIN_FOLDER, self.query.catalog
        )
        with self._failing_into([], monitor):
            self.heights, layers = map_terrain(request, self.settings, monitor)
            self.height_layers += [replace(layer, visible=False) for layer in layers]

    def fuse(self, layer: str, monitor: Monitor) -> None:
        """Put the maps of several sensors together, where more than one has the layer."""
        sources = [
            step.result.outputs[layer] for step in self.mapped if layer in step.result.outputs
        ]
        if len(sources) < 2:
            return
        from ..maps.fuse import FUSE, FuseParams

        params = FuseParams(
            inputs=tuple(sources),
            output=self.folder / FUSE.name,
            event_date=Moment.at(self.query.time),
            area=self.query.aoi,
            area_mask=self.area_mask,
        )
        with self._failing_into([], monitor):
            self.mapped.insert(0, self._run(FUSE, params, None, monitor))

    def _run(
        self, operation: MapOperation, params: object, source: ReadyStep | None, monitor: Monitor
    ) -> MappedStep:
        from ..recipes.results import MapResult

        result = operation.run(params, self.settings, monitor)
        if not isinstance(result.value, MapResult):  # a test runs them all
            raise TypeError(f"the operation {operation.name} makes no map")
        return MappedStep(operation, source, result.value, result.layers)

    @contextmanager
    def _failing_into(self, failures: list[FirstLightError], monitor: Monitor) -> Iterator[None]:
        """Keep and name a failure, and go on; not of a stop or a full disk."""
        try:
            with odd_data("A map of the event cannot be made", AlgorithmError):
                yield
        except (Cancelled, DiskFullError):
            raise
        except FirstLightError as error:
            failures.append(error)
            self._miss(str(error), monitor)

    def _miss(self, sentence: str, monitor: Monitor) -> None:
        self.missed.append(sentence)
        monitor.emit(Note(Level.WARNING, sentence))


def event_title(query: EventQuery) -> str:
    """Name of the event's group on the map."""
    return f"{query.event.title} {query.day}, {place_words(query.aoi)}"


def _maps(chosen: ChosenStep) -> tuple[MapOperation, ...]:
    """The maps that the recipe asks for, with all that they are made of."""
    loaded = (get_declared(name).load() for name in chosen.step.algorithms)
    return tuple(cast("MapOperation", operation) for operation in loaded)


def _bands_read(chosen: ChosenStep) -> frozenset[str] | None:
    """The bands that any map of a step can read; None where that is not known before."""
    read = [get_declared(name).bands_read for name in chosen.step.algorithms]
    known = [bands for bands in read if bands is not None]
    return frozenset().union(*known) if known and len(known) == len(read) else None


def _lacking(early: ReadyStep, before: PassStack, after: PassStack) -> list[str]:
    """What is new in the warnings of passes that lack bands of their pictures."""
    return [
        text
        for first, whole in zip(early.passes, (before, after))
        if not whole.complete and whole.stack == first.stack
        for text in whole.warnings
        if text not in first.warnings
    ]


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
