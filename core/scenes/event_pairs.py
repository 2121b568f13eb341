"""Choose the pair of passes that each step of an event's recipe is mapped from, by the sky over the
area.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from ..discovery.access import Access
from ..discovery.band_config import get_sensor
from ..discovery.catalogs import Catalog
from ..discovery.events import EventType, RecipeStep
from ..discovery.pairs import Acquisition, Pair, group_acquisitions, rank_pairs
from ..errors import AccessError, DiscoveryError, NoScenesError, SkyError
from ..gdal.load_ahead import OTHERS_FIRST_S, load_ahead
from ..monitor import Level, Monitor, Note, PartMonitor, Progress
from ..settings import Settings
from ..types import Aoi, SceneItem, format_time
from .find import find_scenes, openable_scenes
from .pairs import PairQuery, count_passes
from .tracks import RADAR, NextPass, next_of, tell_next

QUERY = "pystac_client"
"""What writes the question of a search, once a catalogue has told how it wants to be asked."""
SKY = f"{__package__.rpartition('.')[0]}.discovery.clear_sky"
"""What is needed once the catalogue has answered."""
LEAST_CLEAR = 30.0
"""Per cent of the area that both passes must show clear, unless another share is asked for."""


@dataclass(frozen=True)
class EventQuery:
    """An event in space and time, and what is good enough to map it from."""

    event: EventType
    aoi: Aoi
    time: datetime
    """Aware, UTC."""
    catalog: Catalog
    min_clear: float
    """Per cent of the area that both passes must show."""
    days_before: int
    days_after: int
    scenes: tuple[SceneItem, ...] = ()
    """The scenes to map from, chosen by a person; empty: the catalogue is searched."""

    @property
    def day(self) -> str:
        """ISO date of the event."""
        return format_time(self.time)[:10]

    def offers(self, sensor: str) -> bool:
        """False where the catalogue is known to have nothing of a sensor."""
        if self.scenes:
            return any(scene.sensor == sensor for scene in self.scenes)
        return not self.catalog.collections or sensor in self.catalog.collections


@dataclass(frozen=True)
class ChosenStep:
    """A step of the recipe with the pair that it is mapped from."""

    step: RecipeStep
    pair: Pair

    @property
    def sensor(self) -> str:
        """Name of the sensor of both passes."""
        return self.pair.before.sensor


@dataclass(frozen=True)
class NoPair:
    """Reason why a sensor gives no usable pair."""

    sentence: str
    too_cloudy: bool = False
    """There are pairs, and cloud hides too much of them."""
    failure: DiscoveryError | None = None
    """The catalogue could not be searched for it."""


class PairFinder:
    """Finds the best pair of a sensor, each sensor's once."""

    def __init__(self, query: EventQuery, settings: Settings, access: Access) -> None:
        self._query = query
        self._settings = settings
        self._access = access
        self._answers: dict[str, Pair | NoPair] = {}
        self._seen: dict[str, list[Acquisition]] = {}

    @property
    def reasons(self) -> Mapping[str, NoPair]:
        """Sensors that were asked for and give no pair, in the order of asking."""
        return {
            sensor: answer for sensor, answer in self._answers.items() if isinstance(answer, NoPair)
        }

    @property
    def failures(self) -> list[DiscoveryError]:
        """Searches that failed, where all of them did; else empty."""
        failures = [reason.failure for reason in self.reasons.values() if reason.failure]
        return failures if len(failures) == len(self._answers) else []

    def find(self, sensor: str, monitor: Monitor) -> Pair | NoPair:
        """The best pair of a sensor, or the reason why there is none that can be used."""
        if sensor not in self._answers:
            self._answers[sensor] = self._find(sensor, monitor)
        return self._answers[sensor]

    def _find(self, sensor: str, monitor: Monitor) -> Pair | NoPair:
        title = get_sensor(sensor).title
        if not self._query.offers(sensor):
            if self._query.scenes:
                return NoPair(f"{title}: none of the given scenes")
            return NoPair(f"{title}: {self._query.catalog.title} has none")
        try:
            passes = self._passes(sensor, monitor)
        except DiscoveryError as error:  # another sensor's collection may be there
            return NoPair(f"{title}: {error.why}", failure=error)
        except AccessError as error:
            return NoPair(f"{title}: {error.why}. {error.hint}".removesuffix("."))
        self._seen[sensor] = passes
        return best_pair(passes, self._query, title)

    def passes(self, sensor: str) -> list[Acquisition]:
        """The passes of a sensor that was asked for."""
        return self._seen.get(sensor, [])

    def next_pass(self, sensor: str, now: datetime) -> NextPass | None:
        """The next pass of a sensor that was asked for, where it can be told and is still to come
        for the event.
        """
        end = self._query.time + timedelta(days=self._query.days_after)
        return next_of(self._seen.get(sensor, ()), sensor, now, end)

    def _passes(self, name: str, monitor: Monitor) -> list[Acquisition]:
        query, sensor = self._query, get_sensor(name)
        part = PartMonitor(monitor, 0.0, 0.4)
        if sensor.clouds and not query.scenes:
            # The catalogue takes as long to answer.
            load_ahead(SKY, first=(QUERY,), areas=True, after_s=OTHERS_FIRST_S)
        scenes: Sequence[SceneItem] = openable_scenes(self._found(name, part), self._settings, part)
        if sensor.clouds:
            monitor.emit(Progress(0.4, f"Looking at the sky over the area in {len(scenes)} scenes"))
            from ..discovery.clear_sky import look_at_sky  # loaded while the catalogue answers

            scenes = look_at_sky(scenes, query.aoi, PartMonitor(monitor, 0.4, 1.0), self._access)
        return group_acquisitions(scenes, query.aoi)

    def _found(self, name: str, monitor: Monitor) -> Sequence[SceneItem]:
        """The scenes of a sensor: the given ones, else what the catalogue has."""
        query = self._query
        if query.scenes:
            return [scene for scene in query.scenes if scene.sensor == name]
        days = query.days_before, query.days_after
        wanted = PairQuery(query.aoi, query.time, *days, query.catalog, get_sensor(name))
        try:
            return find_scenes(wanted.scene_query(), self._settings, monitor).scenes
        except NoScenesError:
            return []


def choose_steps(
    query: EventQuery,
    steps: Sequence[RecipeStep],
    settings: Settings,
    monitor: Monitor,
    access: Access,
) -> tuple[list[ChosenStep], list[str]]:
    """Find a usable pair for each step.

    Returns
    -------
    chosen, missed
        ``missed``: a sentence for each sensor that could not be used.

    Raises
    ------
    SkyError, NoScenesError
        If no step has a pair; the sentence says how little was seen, and proposes radar where there
        is some.
    DiscoveryError
        If the catalogue cannot be searched.
    """
    finder = PairFinder(query, settings, access)
    chosen: list[ChosenStep] = []
    for number, step in enumerate(steps):
        part = PartMonitor(monitor, number / len(steps), (number + 1) / len(steps))
        answers = (finder.find(sensor, part) for sensor in step.sensors)
        pair = next((answer for answer in answers if isinstance(answer, Pair)), None)
        if pair is not None:
            chosen.append(ChosenStep(step, pair))
    missed = [
        reason.sentence
        for sensor, reason in finder.reasons.items()
        if not chosen or not query.scenes or query.offers(sensor)  # the others nobody asked for
    ]
    for sentence in missed:
        monitor.emit(Note(Level.WARNING, sentence))
    if chosen:
        return chosen, missed
    if finder.failures:
        raise finder.failures[0]
    cloudy = any(reason.too_cloudy for reason in finder.reasons.values())
    raise (SkyError if cloudy else NoScenesError)(
        f"{query.event.title} cannot be mapped around {query.day}",
        "; ".join(missed),
        _way_out(query, finder, PartMonitor(monitor, 0.9, 1.0)),
    )


def best_pair(passes: Sequence[Acquisition], query: EventQuery, title: str) -> Pair | NoPair:
    """The best of the pairs whose passes both show enough of the area, or the reason why there is
    none.

    All pairs are looked at, however many there are: a clear pass beside a covered one may rank
    above two that are half clear.

    Parameters
    ----------
    title : str
        Of the sensor, for the sentence.
    """
    if not passes:
        return NoPair(f"{title}: no scene covers the area")
    days = (query.days_before, query.days_after)
    pairs = rank_pairs(passes, query.time, days, most=len(passes) ** 2)
    if not pairs:
        counts = count_passes(passes, query.time)
        return NoPair(f"{title}: {counts}, no two that can be compared")
    for pair in pairs:
        if min(seen_percent(pair.before), seen_percent(pair.after)) >= query.min_clear:
            return pair
    before = max(seen_percent(pair.before) for pair in pairs)
    after = max(seen_percent(pair.after) for pair in pairs)
    side, percent = ("before", before) if before <= after else ("after", after)
    return NoPair(
        f"{title}: the clearest pass {side} the event shows {percent:.0f} % of the area clear "
        f"where {query.min_clear:g} % are wanted",
        too_cloudy=True,
    )


def pair_each(passes: Sequence[Acquisition], query: EventQuery) -> list[Pair]:
    """For each pass after the event that shows enough of the area its best pair, oldest first."""
    days = (query.days_before, query.days_after)
    best: dict[datetime, Pair] = {}
    for pair in rank_pairs(passes, query.time, days, most=len(passes) ** 2):
        if min(seen_percent(pair.before), seen_percent(pair.after)) >= query.min_clear:
            best.setdefault(pair.after.datetime, pair)
    return [best[time] for time in sorted(best)]


def seen_percent(acquisition: Acquisition) -> float:
    """Per cent of the area that is seen; an unknown clear share counts as half of what is covered,
    an unknown cover as half of the area.
    """
    if acquisition.clear_percent is not None:
        return acquisition.clear_percent
    covered = acquisition.coverage_percent
    return 0.5 * (covered if covered is not None else 50.0)


def _way_out(query: EventQuery, finder: PairFinder, monitor: Monitor) -> str:
    """Advice where nothing was seen: radar, where the catalogue has a pair of it."""
    if query.scenes:
        return "Give a scene from before the event and one from after it, of one sensor."
    if RADAR in finder.reasons or not query.offers(RADAR):
        return f"Allow more days or less clear sky, or wait for the next pass{_next(finder)}."
    answer = finder.find(RADAR, monitor)
    if isinstance(answer, NoPair):
        return (
            "Radar sees through cloud, but there is no comparable Sentinel-1 pair either: allow "
            f"more days{_next(finder)}."
        )
    days = " and ".join(
        format_time(acquisition.datetime)[:10] for acquisition in (answer.before, answer.after)
    )
    return (
        f"Radar sees through cloud: there is a Sentinel-1 pair of {days}. Compare it "
        "with ‘flight structural-damage’ or ‘flight sar-water’."
    )


def _next(finder: PairFinder) -> str:
    """``; next radar pass: Thursday 2024-10-31 05:42 UTC, …``, where it can be told."""
    return tell_next(finder.next_pass(RADAR, utc_now()))


def utc_now() -> datetime:
    """Now."""
    return datetime.now(timezone.utc)
