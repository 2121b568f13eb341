"""Bring passes to the disk: of each the area of all its scenes as one validated stack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from ..discovery.access import Access
from ..discovery.events import EventType
from ..discovery.pairs import Acquisition
from ..download.plan import safe_name
from ..enums import DownloadWindow, SceneStatus
from ..errors import Cancelled, DiskFullError, FirstLightError, IngestionError, odd_data
from ..monitor import EventQueue, Lanes, Monitor
from ..raster.reader import read_facts
from ..settings import Settings
from ..stack.tiles import mosaic_stacks
from ..types import Aoi, BandStack, SceneItem, Severity
from ..workers import run_parallel
from .bands import estimate_area_bytes, wanted_bands
from .ingest import ingest_scene
from .request import SceneRequest, SceneResult
from .stand_in import mixed_sentences

ALL_PERCENT = 99.9
"""A scene that covers so much of the area needs no neighbours."""

AT_ONCE = 3
"""Scenes under way: one whose tiles are coming, one that is stacked and validated, and one whose
headers come meanwhile.
"""


@dataclass(frozen=True)
class PassStack:
    """One pass on the disk."""

    stack: Path
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


def bring_passes(
    acquisitions: Sequence[Acquisition],
    aoi: Aoi,
    event: EventType,
    folder: Path,
    settings: Settings,
    monitor: Monitor,
    access: Access,
) -> list[PassStack | FirstLightError]:
    """Download the area of all scenes of some passes, stack and validate them, and put those of
    each pass side by side.

    The scenes come one after the other, and each is stacked and validated while the next ones are
    coming. Scenes in another coordinate system than their pass's first one (the next UTM zone) are
    left out and named.

    Returns
    -------
    list of PassStack or FirstLightError
        In the order of ``acquisitions``; an error where no scene of a pass can be used: it holds
        each one's reason.

    Raises
    ------
    DiskFullError, Cancelled
        See there.
    """
    scenes = [_needed_scenes(acquisition) for acquisition in acquisitions]
    jobs = [scene for each in scenes for scene in each]
    events = EventQueue(monitor)
    lanes = Lanes(events, len(jobs))

    def bring(number: int) -> SceneResult | FirstLightError:
        scene = jobs[number]
        bands = wanted_bands(scene, settings, event, for_maps=True)
        request = SceneRequest(
            scene, bands, folder, aoi, whole_bands=settings.window == DownloadWindow.FULL
        )
        try:
            with odd_data(f"Scene {scene.id} cannot be ingested", IngestionError):
                return ingest_scene(request, settings, lanes.lane(number), access)
        except (Cancelled, DiskFullError):
            raise
        except FirstLightError as error:
            return error

    results = iter(run_parallel(bring, range(len(jobs)), AT_ONCE, events))
    return [_put_together(each, list(islice(results, len(each))), folder) for each in scenes]


def _put_together(
    scenes: Sequence[SceneItem], results: Sequence[SceneResult | FirstLightError], folder: Path
) -> PassStack | FirstLightError:
    """The stack of a pass from those of its scenes; else the reason why there is none."""
    brought = _Brought()
    for scene, result in zip(scenes, results, strict=True):
        if isinstance(result, SceneResult):
            brought.add(scene, result)
        elif len(scenes) == 1 or not isinstance(result, IngestionError):
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
        joined = _join([stack for _, stack in brought.stacks], folder, used[0])
    except DiskFullError:
        raise
    except FirstLightError as error:
        return error
    return PassStack(
        joined,
        used,
        (*brought.warnings, *brought.left_out, *mixed_sentences(used)),
        brought.complete and not brought.left_out,
    )


def estimate_pass_bytes(
    acquisition: Acquisition, aoi: Aoi, event: EventType, settings: Settings
) -> int:
    """Bytes that :func:`bring_passes` fetches for a pass, before the files' headers are known."""
    return sum(
        estimate_area_bytes(scene, wanted_bands(scene, settings, event, for_maps=True), aoi)
        for scene in _needed_scenes(acquisition)
    )


def _needed_scenes(acquisition: Acquisition) -> Sequence[SceneItem]:
    """The scenes that cover most first; only the first one where it covers all."""
    scenes = sorted(acquisition.scenes, key=lambda scene: -(scene.coverage_percent or 0.0))
    return scenes[:1] if (scenes[0].coverage_percent or 0.0) > ALL_PERCENT else scenes


def _join(stacks: Sequence[BandStack], folder: Path, first: SceneItem) -> Path:
    if len(stacks) == 1:
        return stacks[0].path
    joined = folder / f"{safe_name(first.id)}_pass.vrt"
    return mosaic_stacks([read_facts(stack.path) for stack in stacks], joined)
