"""The passes that an event is told by: found, judged by the sky over the area, brought to the disk
as one stack each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from ..discovery.access import Access
from ..discovery.band_config import get_sensor
from ..discovery.catalogs import get_catalog
from ..discovery.clear_sky import look_at_sky
from ..discovery.events import EventType, RecipeStep
from ..discovery.pairs import Acquisition, Pair, group_acquisitions, rank_pairs
from ..download.plan import safe_name
from ..enums import DownloadWindow, SceneStatus
from ..errors import DiscoveryError, IngestionError, NoScenesError, SkyError
from ..monitor import Level, Monitor, Note, PartMonitor, Progress
from ..raster.reader import read_facts
from ..report import Severity
from ..scenes.ingest import SceneRequest, ingest_scene
from ..settings import Settings
from ..stack.tiles import mosaic_stacks
from ..types import Aoi, SceneItem, format_time
from .discover import DiscoverParams, find_scenes
from .ingest import wanted_bands

RADAR = ("sentinel1",)


@dataclass(frozen=True)
class EventQuestion:
    """Where and when, and what is good enough."""

    event: EventType
    area: str
    """As it was given."""
    aoi: Aoi
    moment: datetime
    catalog: str
    min_clear: float
    """Per cent of the area that both passes must show."""
    days_before: int
    days_after: int


@dataclass(frozen=True)
class ChosenStep:
    """A step of the recipe with the pair that it is mapped from."""

    step: RecipeStep
    pair: Pair

    @property
    def sensor(self) -> str:
        """Of both passes."""
        return self.pair.before.sensor


@dataclass(frozen=True)
class PassStack:
    """One pass on the disk."""

    stack: Path
    scenes: tuple[SceneItem, ...]
    warnings: tuple[str, ...]
    complete: bool
    """Whether every scene of the pass is in it, with all the bands that were wanted: its cloud
    mask, too.
    """


def choose_steps(
    question: EventQuestion,
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
    chosen: list[ChosenStep] = []
    missed: list[str] = []
    found: dict[str, Pair | str] = {}
    failures: list[DiscoveryError] = []
    offered = get_catalog(question.catalog).collections
    sensors = [sensor for step in steps for sensor in step.sensors]
    for number, step in enumerate(steps):
        for sensor in step.sensors:
            if offered and sensor not in offered:
                found.setdefault(
                    sensor,
                    f"{get_sensor(sensor).title}: {get_catalog(question.catalog).title} has none",
                )
            if sensor not in found:
                part = PartMonitor(monitor, number / len(steps), (number + 1) / len(steps))
                try:
                    found[sensor] = _find_pair(question, sensor, settings, part, access)
                except DiscoveryError as error:  # another sensor's collection may be there
                    failures.append(error)
                    found[sensor] = f"{get_sensor(sensor).title}: {error.why}"
            answer = found[sensor]
            if isinstance(answer, Pair):
                chosen.append(ChosenStep(step, answer))
                break
            missed += [answer] if answer not in missed else []
    for text in missed:
        monitor.emit(Note(Level.WARNING, text))
    if not chosen and len(failures) == len(found):
        raise failures[0]
    if not chosen:
        what = f"{question.event.title} cannot be mapped around {format_time(question.moment)[:10]}"
        cloudy = any("clear" in text for text in missed)
        kind = SkyError if cloudy else NoScenesError
        raise kind(what, "; ".join(missed), _way_out(question, sensors, settings, monitor, access))
    return chosen, missed


def _find_pair(
    question: EventQuestion, sensor: str, settings: Settings, monitor: Monitor, access: Access
) -> Pair | str:
    """The best pair of a sensor, or why there is none that can be used."""
    return best_pair(
        _passes(question, sensor, settings, monitor, access), question, get_sensor(sensor).title
    )


def best_pair(passes: Sequence[Acquisition], question: EventQuestion, title: str) -> Pair | str:
    """The best of the pairs whose passes both show enough of the area, or the sentence why there is
    none.

    All pairs are looked at, however many there are: a clear pass beside a covered one may rank
    above two that are half clear.
    """
    if not passes:
        return f"{title}: no scene covers the area"
    pairs = rank_pairs(
        passes, question.moment, (question.days_before, question.days_after), most=len(passes) ** 2
    )
    if not pairs:
        early = sum(one.datetime < question.moment for one in passes)
        return (
            f"{title}: {early} passes before and {len(passes) - early} after the event, no "
            "two that can be compared"
        )
    usable = next(
        (
            pair
            for pair in pairs
            if all(_seen(one) >= question.min_clear for one in (pair.before, pair.after))
        ),
        None,
    )
    if usable is not None:
        return usable
    sides = {
        "before": max(_seen(pair.before) for pair in pairs),
        "after": max(_seen(pair.after) for pair in pairs),
    }
    worst = min(sides, key=lambda side: sides[side])
    return (
        f"{title}: the clearest pass {worst} the event shows {sides[worst]:.0f} % of "
        f"the area clear where {question.min_clear:g} % are wanted"
    )


def _seen(one: Acquisition) -> float:
    """Per cent of the area; what nobody knows counts as half of it."""
    if one.clear_percent is not None:
        return one.clear_percent
    return 0.5 * (one.coverage_percent if one.coverage_percent is not None else 50.0)


def _passes(
    question: EventQuestion, sensor: str, settings: Settings, monitor: Monitor, access: Access
) -> list[Acquisition]:
    query = DiscoverParams(
        area=question.area,
        start=format_time(question.moment - timedelta(days=question.days_before)),
        end=format_time(question.moment + timedelta(days=question.days_after)),
        sensor=sensor,
        catalog=question.catalog,
        limit=10_000,
    )
    try:
        scenes: Sequence[SceneItem] = find_scenes(
            query, settings, PartMonitor(monitor, 0.0, 0.4)
        ).scenes
    except NoScenesError:
        return []
    if sensor not in RADAR:
        monitor.emit(Progress(0.4, f"Looking at the sky over the area in {len(scenes)} scenes"))
        scenes = look_at_sky(scenes, question.aoi, PartMonitor(monitor, 0.4, 1.0), access)
    return group_acquisitions(scenes, question.aoi)


def _way_out(
    question: EventQuestion,
    tried: Sequence[str],
    settings: Settings,
    monitor: Monitor,
    access: Access,
) -> str:
    """What to do when nothing was seen: radar, where the catalogue has a pair of it."""
    offered = get_catalog(question.catalog).collections
    if "sentinel1" in tried or (offered and "sentinel1" not in offered):
        return "Allow more days or less clear sky, or wait for the next pass."
    try:
        pair = _find_pair(question, "sentinel1", settings, PartMonitor(monitor, 0.9, 1.0), access)
    except DiscoveryError:  # it has no radar at all
        pair = ""
    if isinstance(pair, Pair):
        days = " and ".join(format_time(one.datetime)[:10] for one in (pair.before, pair.after))
        return (
            f"Radar sees through cloud: there is a Sentinel-1 pair of {days}. Compare it "
            "with ‘flight structural-damage’ or ‘flight sar-water’."
        )
    return (
        "Radar sees through cloud, but there is no comparable Sentinel-1 pair either: allow "
        "more days."
    )


def bring_pass(
    one: Acquisition,
    question: EventQuestion,
    folder: Path,
    settings: Settings,
    monitor: Monitor,
    access: Access,
) -> PassStack:
    """Download the area of all scenes of a pass, stack and validate them, and put them side by
    side.

    Scenes in another coordinate system than the first one's (the next UTM zone) are left out and
    named.

    Raises
    ------
    IngestionError
        If no scene can be used; the sentence holds each one's reason.
    DiskFullError, BandStackError, Cancelled
        See there.
    """
    ready, warnings, reasons, whole = [], [], [], True
    scenes = sorted(one.scenes, key=lambda scene: -(scene.coverage_percent or 0.0))
    if (scenes[0].coverage_percent or 0.0) > 99.9:
        scenes = scenes[:1]  # its neighbours add nothing
    for place, scene in enumerate(scenes):
        part = PartMonitor(monitor, place / len(scenes), (place + 1) / len(scenes))
        bands = wanted_bands(scene, settings, question.event)
        request = SceneRequest(
            scene, bands, folder, question.aoi, whole_bands=settings.window == DownloadWindow.FULL
        )
        try:
            result = ingest_scene(request, settings, part, access)
        except IngestionError as error:
            if len(scenes) == 1:
                raise
            reasons.append(str(error))
            continue
        if result.stack is None or result.status == SceneStatus.FAILED:
            reasons.append(result.error or f"{scene.id} could not be stacked.")
            continue
        ready.append((scene, result.stack))
        found = result.report.sentences(Severity.WARNING) if result.report else []
        whole = whole and result.status == SceneStatus.COMPLETED
        warnings += [f"{scene.id}: {text}" for text in (*result.warnings, *found)]
    if not ready:
        raise IngestionError(
            "None of the pass's scenes can be used",
            " ".join(reasons).rstrip("."),
            "Run again to try anew.",
        )
    crs = ready[0][1].grid.crs
    kept = [(scene, stack) for scene, stack in ready if stack.grid.crs == crs]
    left = [scene.id for scene, stack in ready if stack.grid.crs != crs]
    if left:
        reasons.append(f"{', '.join(left)} lies in another UTM zone and is left out.")
    used = tuple(scene for scene, _ in kept)
    told, complete = (*warnings, *reasons), whole and not reasons
    if len(kept) == 1:
        return PassStack(kept[0][1].path, used, told, complete)
    merged = folder / f"{safe_name(used[0].id)}_pass.vrt"
    stack = mosaic_stacks([read_facts(stack.path) for _, stack in kept], merged)
    return PassStack(stack, used, told, complete)
