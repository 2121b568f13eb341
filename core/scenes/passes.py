"""Bring passes to the disk: of each the area of all its scenes as one validated stack."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, Queue

from ..discovery.access import Access
from ..discovery.events import EventType
from ..discovery.pairs import Acquisition
from ..download.plan import is_fetched, safe_name
from ..enums import DownloadWindow, SceneStatus, StackFormat
from ..errors import Cancelled, DiskFullError, FirstLightError, IngestionError, odd_data
from ..monitor import BandProgress, Event, EventQueue, Lanes, Monitor, Note
from ..raster.facts import read_facts
from ..settings import Settings
from ..stack.tiles import mosaic_stacks
from ..types import Aoi, BandStack, SceneItem, Severity
from ..validation.earlier import EarlierLooks
from ..workers import LOOK_S, run_parallel
from .bands import estimate_area_bytes, wanted_bands
from .ingest import ingest_scene
from .request import SceneRequest, SceneResult
from .stand_in import mixed_sentences

ALL_PERCENT = 99.9
"""A scene that covers so much of the area needs no neighbours."""

AT_ONCE = 4
"""Scenes under way: one whose tiles are coming, two that are stacked and validated, and one whose
headers come meanwhile.
"""


@dataclass(frozen=True)
class PassStack:
    """One pass on the disk."""

    stack: Path
    """All bands."""
    for_maps: Path
    """Those that maps read; may be the same."""
    scenes: tuple[SceneItem, ...]
    warnings: tuple[str, ...]
    complete: bool
    """True where every scene of the pass is in it with all the bands that were wanted, its cloud
    mask among them.
    """


@dataclass
class _Brought:
    """Scenes of a pass that are on the disk, and why others are not."""

    stacks: list[tuple[SceneItem, BandStack]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """A sentence for each scene."""
    complete: bool = True

    def add(self, scene: SceneItem, result: SceneResult) -> None:
        """Take in a scene, or the reason why it cannot be used."""
        if result.stack is None or result.status == SceneStatus.FAILED:
            self.left_out.append(result.error or f"{scene.id} could not be stacked.")
            return
        self.stacks.append((result.scene, result.stack))
        self.complete = self.complete and result.status == SceneStatus.COMPLETED
        findings = result.report.sentences(Severity.WARNING) if result.report else []
        self.warnings += [f"{scene.id}: {text}" for text in (*result.warnings, *findings)]

    def keep_one_zone(self) -> None:
        """Leave out what lies in another coordinate system than the first scene."""
        crs = self.stacks[0][1].grid.crs
        others = [scene.id for scene, stack in self.stacks if stack.grid.crs != crs]
        if others:
            self.left_out.append(f"{', '.join(others)} lies in another UTM zone and is left out.")
            self.stacks = [item for item in self.stacks if item[1].grid.crs == crs]


class PassBringer:
    """Brings the area of all scenes of some passes to the disk, stacked, validated, and those of
    each pass side by side: of all passes first the bands that somebody waits for, then the rest.

    The scenes come one after the other, and each is stacked and validated while the next ones are
    coming. Scenes in another coordinate system than their pass's first one (the next UTM zone) are
    left out and named.

    Parameters
    ----------
    acquisitions : sequence of Acquisition
        The passes.
    needs : sequence
        Of each pass the bands that are waited for; None: all that are wanted.
    """

    def __init__(
        self,
        acquisitions: Sequence[Acquisition],
        needs: Sequence[Collection[str] | None],
        aoi: Aoi,
        event: EventType,
        folder: Path,
        settings: Settings,
        access: Access,
    ) -> None:
        self._folder, self._settings, self._access = folder, settings, access
        self._passes: list[list[_SceneJob]] = []
        for acquisition, needed in zip(acquisitions, needs, strict=True):
            jobs = []
            for scene in _needed_scenes(acquisition):
                bands = wanted_bands(scene, settings, event, for_maps=True)
                whole = settings.window == DownloadWindow.FULL
                request = SceneRequest(
                    scene, bands, folder, aoi, whole_bands=whole, looks=EarlierLooks()
                )
                jobs.append(_SceneJob(request, _first_bands(request, needed, settings)))
            self._passes.append(jobs)

    def bring(self, monitor: Monitor) -> None:
        """Bring all of them; the passes are had from :meth:`early` and :meth:`whole`.

        Raises
        ------
        DiskFullError, Cancelled
            See there.
        """
        jobs = [job for each in self._passes for job in each]
        rests = sum(bool(job.first) for job in jobs)
        events = EventQueue(monitor)
        lanes = Lanes(events, len(jobs) + rests)
        begun: Queue[_SceneJob] = Queue()

        def bring(number: int) -> None:
            lane = lanes.lane(number)
            if number < len(jobs):
                job = jobs[number]
                job.result = self._ingest(job.first_request, _StepMonitor(lane, job.told))
                job.ready.set()
                if job.first:
                    begun.put(job)
                return
            # Whichever scene is as far: the line would stand still while one is waited for.
            job = _next_of(begun, events.stop)
            first = job.result
            if isinstance(first, SceneResult) and first.stack is not None:
                step = _StepMonitor(lane, job.told, frozenset(job.first))
                job.whole = self._ingest(replace(job.request, scene=first.scene), step)

        # In this order: the connections go to the earliest scene that wants some.
        run_parallel(bring, range(len(jobs) + rests), AT_ONCE, events)

    def _ingest(self, request: SceneRequest, monitor: Monitor) -> SceneResult | FirstLightError:
        try:
            with odd_data(f"Scene {request.scene.id} cannot be ingested", IngestionError):
                return ingest_scene(request, self._settings, monitor, self._access)
        except (Cancelled, DiskFullError):
            raise
        except FirstLightError as error:
            return error

    def early(self, number: int, stop: threading.Event) -> PassStack | FirstLightError:
        """A pass with the bands that are waited for, as soon as they are there.

        Returns
        -------
        PassStack or FirstLightError
            An error where no scene of the pass can be used: it holds each one's reason.

        Raises
        ------
        Cancelled
            If ``stop`` was set meanwhile.
        """
        jobs = self._passes[number]
        results = [job.wait(stop) for job in jobs]
        scenes = [job.request.scene for job in jobs]
        return _put_together(scenes, results, self._folder, "maps" if _split(jobs) else "")

    def whole(self, number: int, early: PassStack) -> PassStack | FirstLightError:
        """The pass with all bands, once :meth:`bring` has come to its end.

        Parameters
        ----------
        early : PassStack
            What :meth:`early` gave: it stays, with a warning, where the rest of the bands cannot
            be had.

        Returns
        -------
        PassStack or FirstLightError
            An error where, beside the others, a band of ``early`` turns out to be unfit.
        """
        jobs = self._passes[number]
        if not _split(jobs):
            return early
        results = [job.result if job.whole is None else job.whole for job in jobs]
        lost = []
        for job in jobs:
            if job.whole is None:
                continue
            if isinstance(job.whole, FirstLightError):
                lost.append(str(job.whole))
            elif job.whole.status == SceneStatus.FAILED or job.whole.stack is None:
                if _spoils(job.whole, job.first):
                    return IngestionError(
                        f"Scene {job.whole.scene.id} cannot be used",
                        job.whole.error.rstrip("."),
                        "The maps that were made of it are withdrawn; run again to try anew.",
                    )
                lost.append(job.whole.error)
        scenes = [job.request.scene for job in jobs]
        joined = _put_together(scenes, results, self._folder) if not lost else None
        if isinstance(joined, PassStack):
            return replace(joined, for_maps=early.for_maps)
        lost += [str(joined)] if joined is not None else []
        told = f"Colours of a picture are missing, the maps are whole: {' '.join(lost)}"
        return replace(early, warnings=(*early.warnings, told), complete=False)


@dataclass
class _SceneJob:
    """A scene that is brought at once, or in two steps."""

    request: SceneRequest
    """All that is wanted."""
    first: tuple[str, ...]
    """Bands that come first; empty where all come at once."""
    ready: threading.Event = field(default_factory=threading.Event)
    result: SceneResult | FirstLightError | None = None
    """With the first bands."""
    whole: SceneResult | FirstLightError | None = None
    """With all bands, where they come in two steps."""
    told: set[str] = field(default_factory=set)

    @property
    def first_request(self) -> SceneRequest:
        """What comes first."""
        if not self.first:
            return self.request
        return replace(self.request, bands=self.first, stack_name="maps")

    def wait(self, stop: threading.Event) -> SceneResult | FirstLightError:
        """What came of the first step."""
        while self.result is None:
            if stop.is_set():
                raise Cancelled()
            self.ready.wait(LOOK_S)
        return self.result


@dataclass(frozen=True)
class _StepMonitor:
    """Leaves out what was told of a scene in its first step."""

    monitor: Monitor
    told: set[str]
    there: frozenset[str] = frozenset()
    """Bands that have come."""

    def emit(self, event: Event) -> None:
        """Pass the event on, if it is new."""
        if isinstance(event, Note):
            if event.text in self.told:
                return
            self.told.add(event.text)
        elif isinstance(event, BandProgress) and event.band in self.there:
            return
        self.monitor.emit(event)

    def cancelled(self) -> bool:
        """True if the work is to stop."""
        return self.monitor.cancelled()


def _next_of(waiting: Queue[_SceneJob], stop: threading.Event) -> _SceneJob:
    """The scene that has waited longest; waits for one."""
    while not stop.is_set():
        with suppress(Empty):
            return waiting.get(timeout=LOOK_S)
    raise Cancelled()


def _split(jobs: Sequence[_SceneJob]) -> bool:
    return any(job.first for job in jobs)


def _first_bands(
    request: SceneRequest, needed: Collection[str] | None, settings: Settings
) -> tuple[str, ...]:
    """The bands of a scene that come before the others; empty where all come at once: nothing is
    gained, or a stack of them alone would lie on another grid.
    """
    scene = request.scene
    there = [name for name in request.bands if name in scene.bands]
    first = tuple(name for name in there if needed is not None and name in needed)
    finest = min((scene.bands[name].resolution_m for name in there), default=0.0)
    if (
        not first
        or len(first) == len(there)
        or settings.default_format != StackFormat.VRT  # all pixels would be written twice
        or min(scene.bands[name].resolution_m for name in first) > finest
        or not any(is_fetched(scene.bands[name]) for name in there)
    ):
        return ()
    return first


def _spoils(result: SceneResult, bands: Collection[str]) -> bool:
    """Whether an error that was found of all bands is about some, or about no single one."""
    findings = result.report.findings if result.report else ()
    return any(one.is_error and (one.band is None or one.band in bands) for one in findings)


def _put_together(
    scenes: Sequence[SceneItem],
    results: Sequence[SceneResult | FirstLightError | None],
    folder: Path,
    name: str = "",
) -> PassStack | FirstLightError:
    """The stack of a pass from those of its scenes; else the reason why there is none.

    Parameters
    ----------
    name : str
        What of the pass it holds, for the file's name.
    """
    brought = _Brought()
    for scene, result in zip(scenes, results, strict=True):
        if isinstance(result, SceneResult):
            brought.add(scene, result)
        elif result is not None and (len(scenes) == 1 or not isinstance(result, IngestionError)):
            return result
        else:
            brought.left_out.append(str(result))
    if not brought.stacks:
        return IngestionError(
            "None of the pass's scenes can be used",
            " ".join(brought.left_out).rstrip("."),
            "Run again to try anew.",
        )
    brought.keep_one_zone()
    used = tuple(scene for scene, _ in brought.stacks)
    try:
        joined = _join([stack for _, stack in brought.stacks], folder, used[0], name)
    except DiskFullError:
        raise
    except FirstLightError as error:
        return error
    return PassStack(
        joined,
        joined,
        used,
        (*brought.warnings, *brought.left_out, *mixed_sentences(used)),
        brought.complete and not brought.left_out,
    )


def estimate_pass_bytes(
    acquisition: Acquisition, aoi: Aoi, event: EventType, settings: Settings
) -> int:
    """Bytes that :class:`PassBringer` fetches for a pass, before the files' headers are known."""
    return sum(
        estimate_area_bytes(scene, wanted_bands(scene, settings, event, for_maps=True), aoi)
        for scene in _needed_scenes(acquisition)
    )


def _needed_scenes(acquisition: Acquisition) -> Sequence[SceneItem]:
    """The scenes that cover most first; only the first one where it covers all."""
    scenes = sorted(acquisition.scenes, key=lambda scene: -(scene.coverage_percent or 0.0))
    return scenes[:1] if (scenes[0].coverage_percent or 0.0) > ALL_PERCENT else scenes


def _join(stacks: Sequence[BandStack], folder: Path, first: SceneItem, name: str) -> Path:
    if len(stacks) == 1:
        return stacks[0].path
    joined = folder / f"{safe_name(first.id)}{f'_{name}' if name else ''}_pass.vrt"
    return mosaic_stacks([read_facts(stack.path) for stack in stacks], joined)
