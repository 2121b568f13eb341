"""One scene from catalogue to a validated stack: plan → download → stack → validate; or to its
single file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from ..discovery.access import Access
from ..discovery.band_config import Sensor, get_sensor
from ..download.band_downloader import download_bands
from ..download.plan import (
    all_whole,
    area_key,
    plan_assets,
    plan_downloads,
    safe_name,
    scene_folder,
)
from ..enums import SceneStatus, StackFormat
from ..errors import BandStackError, IngestionError, RasterError
from ..files.lock import folder_lock
from ..monitor import EventQueue, Level, Monitor, Note, PartMonitor, Progress
from ..raster.reader import check_raster
from ..settings import Settings
from ..stack.band_stack import BandSource, create_band_stack, stack_to_geotiff
from ..types import (
    Aoi,
    BandAsset,
    BandFailure,
    BandFile,
    BandStack,
    Finding,
    Radiometry,
    SceneItem,
    Severity,
    ValidationReport,
    format_time,
)
from ..validation.image_validator import ValidationSpec, validate
from ..workers import run_in_background

DOWNLOAD_SHARE = 0.8
STACK_SHARE = 0.85
"""Of the progress bar, where downloading and stacking end; the rest is validation."""


@dataclass(frozen=True)
class SceneResult:
    """What became of one scene."""

    scene: SceneItem
    status: SceneStatus
    """``completed``, ``partial`` (a band is missing, the stack is good) or ``failed``."""
    stack: BandStack | None = None
    report: ValidationReport | None = None
    files: tuple[BandFile, ...] = ()
    failures: tuple[BandFailure, ...] = ()
    error: str = ""
    """The whole sentence, where it failed."""
    warnings: tuple[str, ...] = ()
    outputs: Mapping[str, Path] = field(default_factory=dict)
    """Index name → layer."""
    single_path: Path | None = None
    """The picture, or the single file, where no bands were stacked."""

    @property
    def path(self) -> Path | None:
        """What there is to look at."""
        return self.stack.path if self.stack else self.single_path

    def to_dict(self) -> dict[str, Any]:
        """The specification's ingestion result, with reasons for what failed."""
        report = self.report
        return {
            "status": self.status,
            "item_id": self.scene.id,
            "output_path": str(self.path) if self.path else None,
            "bands_downloaded": {
                file.band: {
                    "path": str(file.path),
                    "size_bytes": file.size_bytes,
                    "time_s": round(file.seconds, 3),
                    "attempts": file.attempts,
                    "sha256": file.sha256,
                }
                for file in self.files
            },
            "bands_failed": [failure.band for failure in self.failures],
            "failures": {failure.band: failure.error for failure in self.failures},
            "total_download_time_s": round(sum(file.seconds for file in self.files), 3),
            "total_size_bytes": sum(file.size_bytes for file in self.files),
            "validation": report.to_dict() if report else None,
            "warnings": list(self.warnings),
            "error": self.error or None,
            "outputs": {name: str(path) for name, path in self.outputs.items()},
        }


@dataclass(frozen=True)
class SceneRequest:
    """What is wanted of a scene."""

    scene: SceneItem
    bands: Sequence[str]
    """Of the sensor, in wavelength order."""
    output: Path
    """A sub-folder is made for the scene."""
    area: Aoi | None = None
    """Where it matters; None: everywhere."""
    whole_bands: bool = False
    """Fetch whole bands although there is an area."""
    visual_only: bool = False
    """Only the true-colour picture."""
    single_file: bool = False
    """Only the item's one file (``url``), as before single bands."""
    check: bool = True
    """Whether to validate."""

    @property
    def geometry(self) -> Mapping[str, Any] | None:
        """GeoJSON, lon/lat: what is to be fetched; None: whole bands."""
        return None if self.area is None or self.whole_bands else self.area.geometry


def ingest_scene(
    request: SceneRequest, settings: Settings, monitor: Monitor, access: Access
) -> SceneResult:
    """Bring one scene to the disk: its bands as a validated stack, or its picture or single file
    where that is asked for.

    Another job that works in the same folder is waited for.

    Parameters
    ----------
    access : Access
        Opens the files; keeps tokens from scene to scene.

    Raises
    ------
    IngestionError
        If the scene offers nothing of what is wanted, or lacks a required band.
    DiskFullError, BandStackError, Cancelled
        See there. Bands that are finished, and parts of others, stay in every case.
    """
    scene = request.scene
    if not request.check:
        monitor.emit(
            Note(
                Level.WARNING,
                f"{scene.id}: validation is skipped, as asked; look at the result before "
                "relying on it",
            )
        )
    kind = _single_kind(request, settings)
    names = [kind] if kind else [name for name in request.bands if name in scene.bands]
    if request.geometry is not None and all_whole(request.output, scene.id, names):
        request = replace(request, whole_bands=True)
    with _held_folder(request, monitor):
        return (
            _ingest_single(request, kind, settings, monitor, access)
            if kind
            else _ingest_bands(request, settings, monitor, access)
        )


def _single_kind(request: SceneRequest, settings: Settings) -> str:
    """``visual`` or ``single`` where one file is to be had instead of bands; empty for bands."""
    scene = request.scene
    what = f"Scene {scene.id} cannot be ingested"
    if request.visual_only:
        if not scene.visual_href:
            hint = "Choose another scene, or its bands."
            raise IngestionError(what, "No visualization asset available for this item", hint)
        return "visual"
    whole = request.single_file or not settings.multi_band
    if scene.bands and not whole:
        return ""
    if scene.single_href or (whole and scene.to_dict()["url"]):
        return "single"
    if settings.fallback_to_visual and scene.visual_href:
        return "visual"
    raise IngestionError(
        what, f"No download URL for item {scene.id}", "Choose another scene or catalogue."
    )


@contextmanager
def _held_folder(request: SceneRequest, monitor: Monitor) -> Iterator[None]:
    scene = request.scene
    key = None if request.geometry is None else area_key(request.geometry)
    while True:
        folder = scene_folder(request.output, scene.id, key)
        told = Note(
            Level.INFO, f"{scene.id}: another job works in {folder}; waiting until it has finished"
        )
        with folder_lock(folder, monitor.cancelled, partial(monitor.emit, told)):
            # What the other job has left there may lead to another folder.
            if scene_folder(request.output, scene.id, key) == folder:
                yield
                return


def _ingest_single(
    request: SceneRequest, kind: str, settings: Settings, monitor: Monitor, access: Access
) -> SceneResult:
    scene = request.scene
    href = scene.visual_href if kind == "visual" else scene.to_dict()["url"]
    warnings: list[str] = []
    if kind == "visual":
        warnings.append("Visualization mode: spectral analysis not possible")
        monitor.emit(Note(Level.WARNING, f"{scene.id}: {warnings[0]}"))
    asset = BandAsset(kind, str(href), scene.resolution_m, Radiometry())
    events = EventQueue(monitor)
    plan = run_in_background(
        lambda: plan_assets(scene, [asset], request.output, request.geometry), events
    )
    files, failures = download_bands(plan, settings, PartMonitor(monitor, 0, STACK_SHARE), access)
    if failures:
        return SceneResult(
            scene,
            SceneStatus.FAILED,
            failures=tuple(failures),
            error=failures[0].error,
            warnings=tuple(warnings),
        )
    path = files[0].path
    report = None
    if request.check and kind == "single":
        report = validate(
            path,
            ValidationSpec(get_sensor(scene.sensor), area=request.area),
            settings,
            PartMonitor(monitor, STACK_SHARE, 1.0),
        )
    elif request.check:
        report = _check_picture(path)
    warnings += report.sentences(Severity.WARNING) if report else []
    error = (
        f"Image validation failed for {path}: {' '.join(report.sentences(Severity.ERROR))}"
        if report and not report.ok
        else ""
    )
    status = SceneStatus.FAILED if error else SceneStatus.COMPLETED
    return SceneResult(
        scene, status, None, report, tuple(files), (), error, tuple(warnings), single_path=path
    )


def _check_picture(path: Path) -> ValidationReport:
    """A picture must open, be whole and have three bands; its numbers say nothing about
    reflectance.
    """
    bands = tuple(band.description or f"band {band.index}" for band in check_raster(path).bands)
    findings: tuple[Finding, ...] = ()
    if len(bands) < 3:
        sentence = (
            f"The picture {path.name} has {len(bands)} bands where red, green and blue "
            "are expected."
        )
        findings = (Finding.warning("picture_bands", sentence, measured=len(bands), limit=3),)
    return ValidationReport(path, bands, findings)


def _ingest_bands(
    request: SceneRequest, settings: Settings, monitor: Monitor, access: Access
) -> SceneResult:
    scene, wanted = request.scene, request.bands
    sensor = get_sensor(scene.sensor)
    offered = [name for name in wanted if name in scene.bands]
    required = [name for name in wanted if name in sensor.required]
    warnings = [f"Scene {scene.id} offers no {name}" for name in wanted if name not in scene.bands]
    what = f"Scene {scene.id} cannot be ingested"
    lacking = [name for name in required if name not in scene.bands]
    if not offered:
        have = f"it offers {', '.join(scene.bands)}" if scene.bands else "it offers no known band"
        raise IngestionError(
            what,
            f"none of the bands {', '.join(wanted)} is there ({have})",
            "Choose other bands or another scene.",
        )
    if lacking:
        raise IngestionError(
            what,
            f"it lacks the required band {', '.join(lacking)} (it offers {', '.join(scene.bands)})",
            "Choose other bands or another scene.",
        )
    for text in (*warnings, *scene.notes):
        monitor.emit(Note(Level.WARNING, text))

    events = EventQueue(monitor)
    plan = run_in_background(
        lambda: plan_downloads(scene, offered, request.output, request.geometry), events
    )
    files, failures = download_bands(
        plan, settings, PartMonitor(monitor, 0, DOWNLOAD_SHARE), access
    )
    failed = [failure.band for failure in failures]
    if not files:
        hint = "Check the network, then run again; what has come is kept."
        error = IngestionError(
            f"Scene {scene.id} failed", f"All band downloads failed ({_reasons(failures)})", hint
        )
        return SceneResult(
            scene,
            SceneStatus.FAILED,
            failures=tuple(failures),
            error=str(error),
            warnings=tuple(warnings),
        )
    broken = [name for name in required if name in failed]
    if broken:
        error = IngestionError(
            f"Scene {scene.id} failed",
            f"required band {', '.join(broken)} could not be downloaded "
            f"({failures[failed.index(broken[0])].reason})",
            "The other bands are kept; run again to fetch what is missing.",
        )
        return SceneResult(
            scene,
            SceneStatus.FAILED,
            files=tuple(files),
            failures=tuple(failures),
            error=str(error),
            warnings=tuple(warnings),
        )
    warnings += [
        f"Band '{failure.band}' is missing from the stack: {failure.reason}" for failure in failures
    ]

    monitor.emit(Progress(DOWNLOAD_SHARE, "Stacking bands"))
    try:
        stack = run_in_background(
            lambda: _stack(scene, sensor, files, plan.folder, settings), events
        )
    except (BandStackError, RasterError) as stack_error:
        return SceneResult(
            scene,
            SceneStatus.FAILED,
            files=tuple(files),
            failures=tuple(failures),
            error=str(stack_error),
            warnings=tuple(warnings),
        )
    monitor.emit(
        Note(Level.INFO, f"{scene.id}: {len(stack.bands)} bands are stacked in {stack.path}")
    )
    warnings += stack.warnings
    status = SceneStatus.PARTIAL if failures else SceneStatus.COMPLETED
    report, error_text = None, ""
    if request.check:
        # What was fetched for an area is that area; of whole bands, only the area matters.
        area = request.area if request.whole_bands else None
        spec = ValidationSpec(sensor, tuple(required), tuple(wanted), area, must_cover=False)
        report = validate(stack.path, spec, settings, PartMonitor(monitor, STACK_SHARE, 1.0))
        if not report.ok:
            status = SceneStatus.FAILED
            reasons = " ".join(report.sentences(Severity.ERROR))
            error_text = f"Image validation failed for {stack.path}: {reasons}"
    for text in (*stack.warnings, *(report.sentences(Severity.WARNING) if report else ())):
        monitor.emit(Note(Level.WARNING, text))
    return SceneResult(
        scene, status, stack, report, tuple(files), tuple(failures), error_text, tuple(warnings)
    )


def _reasons(failures: Sequence[BandFailure]) -> str:
    """``blue, red: HTTP 404; nir: …``: each reason once."""
    bands: dict[str, list[str]] = {}
    for failure in failures:
        bands.setdefault(failure.reason, []).append(failure.band)
    return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in bands.items())


def _stack(
    scene: SceneItem, sensor: Sensor, files: Sequence[BandFile], folder: Path, settings: Settings
) -> BandStack:
    sources = {
        file.band: BandSource(
            path=file.path,
            radiometry=scene.bands[file.band].radiometry,
            wavelength_nm=sensor.bands[file.band].wavelength_nm,
            is_class=sensor.bands[file.band].is_class,
        )
        for file in files
    }
    stack = create_band_stack(
        sources,
        folder / f"{safe_name(scene.id)}_stack.vrt",
        band_order=sensor.sort(sources),
        target_resolution=settings.target_resolution,
        resample_method=settings.resample_method,
        tags={
            "item_id": scene.id,
            "sensor": scene.sensor,
            "catalog": scene.catalog,
            "collection": scene.collection,
            "datetime": format_time(scene.datetime),
        },
    )
    if settings.default_format == StackFormat.GEOTIFF:
        return stack_to_geotiff(stack, stack.path.with_suffix(".tif"))
    return stack
