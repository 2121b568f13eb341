"""One scene from catalogue to a validated stack: plan → download → stack → validate; or to its
single file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from ..discovery.access import Access
from ..discovery.band_config import Sensor, get_sensor
from ..discovery.header import join_warnings, weigh_header
from ..download.band_downloader import download_bands
from ..download.groups import group_files
from ..download.plan import (
    all_whole,
    area_key,
    plan_assets,
    plan_downloads,
    safe_name,
    scene_folder,
)
from ..enums import OnInvalid, SceneStatus, StackFormat, Unit
from ..errors import BandStackError, IngestionError, RasterError, known
from ..files.lock import folder_lock
from ..identity.offset_flag import check_offset_applied
from ..identity.plausible import check_plausible
from ..identity.undeclared import check_undeclared
from ..monitor import EventQueue, Level, Monitor, Note, PartMonitor, Progress
from ..raster.facts import check_raster
from ..raster.header import read_header
from ..raster.reader import RasterReader
from ..settings import Settings
from ..stack.band_stack import BandSource, create_band_stack, stack_to_geotiff
from ..types import (
    BandAsset,
    BandFailure,
    BandFile,
    BandStack,
    Finding,
    Radiometry,
    Severity,
    ValidationReport,
    format_time,
)
from ..validation.earlier import EarlierLooks
from ..validation.image_validator import ValidationSpec, validate
from ..workers import run_in_background
from .request import SceneRequest, SceneResult, SingleFile
from .stand_in import (
    asset_of,
    exchangeable,
    foreign_bands,
    sources_text,
    stand_in,
    stand_in_sentence,
)

DOWNLOAD_SHARE = 0.8
STACK_SHARE = 0.85
"""Shares of the progress bar where downloading and stacking end; the rest is validation."""
RANGE_CHECK = "range_implausible"
"""Code of the validator's finding of values that do not fit their unit."""


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
    names = [str(kind)] if kind else list(group_files(scene, request.bands))
    if request.geometry is not None and all_whole(request.output, scene.id, names):
        request = replace(request, whole_bands=True)
    with _held_folder(request, monitor):
        if kind is not None:
            return _ingest_single(request, kind, settings, monitor, access)
        result = _ingest_bands(request, settings, monitor, access)
    other = stand_in(scene) if result.status == SceneStatus.FAILED and result.failures else None
    if other is None:
        return result
    told = stand_in_sentence(scene, other, result.error)
    monitor.emit(Note(Level.WARNING, told))
    again = ingest_scene(replace(request, scene=other), settings, monitor, access)
    return replace(again, warnings=(told, *again.warnings))


def _single_kind(request: SceneRequest, settings: Settings) -> SingleFile | None:
    """The file that is to be had instead of bands; None for bands."""
    scene = request.scene
    subject = f"Scene {scene.id} cannot be ingested"
    if request.visual_only:
        if not scene.visual_href:
            hint = "Choose another scene, or its bands."
            raise IngestionError(subject, "No visualization asset available for this item", hint)
        return SingleFile.VISUAL
    whole = request.single_file or not settings.multi_band
    if scene.bands and not whole:
        return None
    if scene.single_href or (whole and scene.primary_href):
        return SingleFile.SINGLE
    if settings.fallback_to_visual and scene.visual_href:
        return SingleFile.VISUAL
    raise IngestionError(
        subject, f"No download URL for item {scene.id}", "Choose another scene or catalogue."
    )


@contextmanager
def _held_folder(request: SceneRequest, monitor: Monitor) -> Iterator[None]:
    scene = request.scene
    key = None if request.geometry is None else area_key(request.geometry)
    while True:
        folder = scene_folder(request.output, scene.id, key)
        waiting = Note(
            Level.INFO, f"{scene.id}: another job works in {folder}; waiting until it has finished"
        )
        with folder_lock(folder, monitor.cancelled, partial(monitor.emit, waiting)):
            # What the other job has left there may lead to another folder.
            if scene_folder(request.output, scene.id, key) == folder:
                yield
                return


def _ingest_single(
    request: SceneRequest,
    kind: SingleFile,
    settings: Settings,
    monitor: Monitor,
    access: Access,
) -> SceneResult:
    scene = request.scene
    href = scene.visual_href if kind is SingleFile.VISUAL else scene.primary_href
    warnings: tuple[str, ...] = ()
    if kind is SingleFile.VISUAL:
        warnings = ("Visualization mode: spectral analysis not possible",)
        monitor.emit(Note(Level.WARNING, f"{scene.id}: {warnings[0]}"))
    asset = BandAsset(str(kind), str(href), scene.resolution_m, Radiometry())
    plan = run_in_background(
        lambda: plan_assets(scene, [asset], request.output, request.geometry), EventQueue(monitor)
    )
    files, failures = download_bands(plan, settings, PartMonitor(monitor, 0, STACK_SHARE), access)
    if failures:
        return SceneResult(
            scene,
            SceneStatus.FAILED,
            failures=tuple(failures),
            error=failures[0].error,
            warnings=warnings,
        )
    path = files[0].path
    report = _check_single(path, kind, request, settings, monitor) if request.check else None
    if report is not None:
        warnings += tuple(report.sentences(Severity.WARNING))
    error = _validation_error(report)
    status = SceneStatus.FAILED if error else SceneStatus.COMPLETED
    return SceneResult(
        scene, status, None, report, tuple(files), (), error, warnings, single_path=path
    )


def _check_single(
    path: Path, kind: SingleFile, request: SceneRequest, settings: Settings, monitor: Monitor
) -> ValidationReport:
    if kind is SingleFile.VISUAL:
        return _check_picture(path)
    spec = ValidationSpec(get_sensor(request.scene.sensor), area=request.area)
    return validate(path, spec, settings, PartMonitor(monitor, STACK_SHARE, 1.0))


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


def _validation_error(report: ValidationReport | None) -> str:
    """A sentence with all errors of a report; empty where there is none."""
    if report is None or report.ok:
        return ""
    return (
        f"Image validation failed for {report.path}: {' '.join(report.sentences(Severity.ERROR))}"
    )


def _ingest_bands(
    request: SceneRequest, settings: Settings, monitor: Monitor, access: Access
) -> SceneResult:
    scene = request.scene
    sensor = get_sensor(scene.sensor)
    required = tuple(name for name in request.bands if name in sensor.required)
    offered = _offered_bands(request, required)
    missing = [name for name in request.bands if name not in scene.bands]
    warnings = [f"Scene {scene.id} offers no {name}" for name in missing]
    for text in (*warnings, *scene.notes):
        monitor.emit(Note(Level.WARNING, text))

    events = EventQueue(monitor)
    groups = group_files(scene, offered)
    plan = run_in_background(
        lambda: plan_downloads(
            replace(scene, alternatives=exchangeable(scene)),
            offered,
            request.output,
            request.geometry,
        ),
        events,
    )
    got, lost = download_bands(plan, settings, PartMonitor(monitor, 0, DOWNLOAD_SHARE), access)
    files = [replace(file, band=name) for file in got for name in groups[file.band]]
    failures = [replace(failure, band=name) for failure in lost for name in groups[failure.band]]
    failed = SceneResult(
        scene,
        SceneStatus.FAILED,
        files=tuple(files),
        failures=tuple(failures),
        warnings=tuple(warnings),
    )
    error = _download_error(failed, required, kept=any(plan.folder.glob("*.part")))
    if error is not None:
        return replace(failed, error=str(error))

    warnings += foreign_bands(scene, files)
    warnings += [
        f"Band '{failure.band}' is missing from the stack: {failure.reason}" for failure in failures
    ]
    monitor.emit(Progress(DOWNLOAD_SHARE, "Stacking bands"))
    try:
        stack = run_in_background(
            lambda: _stack(request, sensor, files, plan.folder, settings), events
        )
    except (BandStackError, RasterError) as stack_error:
        return replace(failed, error=str(stack_error), warnings=tuple(warnings))
    monitor.emit(Note(Level.INFO, f"{scene.id}: {len(stack.bands)} bands are stacked"))
    monitor.emit(Note(Level.DEBUG, f"The stack of {scene.id} is {stack.path}"))
    result = replace(
        failed,
        status=SceneStatus.PARTIAL if failures else SceneStatus.COMPLETED,
        stack=stack,
        warnings=(*warnings, *stack.warnings),
    )
    return _validated(result, request, required, settings, monitor)


def _offered_bands(request: SceneRequest, required: Sequence[str]) -> list[str]:
    """The wanted bands that the scene offers.

    Raises
    ------
    IngestionError
        If it offers none of them, or lacks a required one.
    """
    scene = request.scene
    subject = f"Scene {scene.id} cannot be ingested"
    hint = "Choose other bands or another scene."
    offered = [name for name in request.bands if name in scene.bands]
    if not offered:
        have = f"it offers {', '.join(scene.bands)}" if scene.bands else "it offers no known band"
        why = f"none of the bands {', '.join(request.bands)} is there ({have})"
        raise IngestionError(subject, why, hint)
    lacking = [name for name in required if name not in scene.bands]
    if lacking:
        have = f"it offers {', '.join(scene.bands)}"
        why = f"it lacks the required band {', '.join(lacking)} ({have})"
        raise IngestionError(subject, why, hint)
    return offered


def _download_error(
    result: SceneResult, required: Sequence[str], kept: bool
) -> IngestionError | None:
    """The reason why downloads that have failed leave nothing to stack; None where they do not.

    Parameters
    ----------
    kept : bool
        Whether parts of bands wait for the next run.
    """
    subject = f"Scene {result.scene.id} failed"
    if not result.files:
        return IngestionError(
            subject,
            f"All band downloads failed ({_reasons(result.failures)})",
            f"Check the network, then run again{'; what has come is kept' if kept else ''}.",
        )
    reasons = {failure.band: failure.reason for failure in result.failures}
    broken = [name for name in required if name in reasons]
    if broken:
        return IngestionError(
            subject,
            f"required band {', '.join(broken)} could not be downloaded ({reasons[broken[0]]})",
            "The other bands are kept; run again to fetch what is missing.",
        )
    return None


def _validated(
    result: SceneResult,
    request: SceneRequest,
    required: tuple[str, ...],
    settings: Settings,
    monitor: Monitor,
) -> SceneResult:
    """The result with the validator's report on its stack; failed where that is not valid."""
    stack = known(result.stack, "only a scene with a stack is validated")
    sentences = list(stack.warnings)
    if not request.check or settings.on_invalid == OnInvalid.SKIP:  # else the validator tells
        told = _implausible(stack)
        result, sentences = replace(result, warnings=(*result.warnings, *told)), sentences + told
    if request.check:
        # What was fetched for an area is that area; of whole bands, only the area matters.
        area = request.area if request.whole_bands else None
        sensor = get_sensor(request.scene.sensor)
        spec = ValidationSpec(sensor, required, tuple(request.bands), area, must_cover=False)
        report = _report(stack, spec, _weighing_doubts(settings), monitor, request.looks)
        error = _validation_error(report)
        status = SceneStatus.FAILED if error else result.status
        result = replace(result, status=status, report=report, error=error)
        sentences += report.sentences(Severity.WARNING)
    for text in sentences:
        monitor.emit(Note(Level.WARNING, text))
    return result


def _report(
    stack: BandStack,
    spec: ValidationSpec,
    settings: Settings,
    monitor: Monitor,
    looks: EarlierLooks | None,
) -> ValidationReport:
    """The validator's report on a stack, and on those of the coarser bands: of each, its own bands
    are expected.
    """
    reports = []
    written = (stack, *stack.companions)
    elsewhere = {band.name for companion in stack.companions for band in companion.bands}
    step = (1.0 - STACK_SHARE) / len(written)
    for number, each in enumerate(written):
        own = {band.name for band in each.bands}
        here = own if each is not stack else {*spec.required, *spec.expected} - elsewhere
        one = replace(
            spec,
            required=tuple(name for name in spec.required if name in here),
            expected=tuple(name for name in spec.expected if name in here),
        )
        part = PartMonitor(monitor, STACK_SHARE + number * step, STACK_SHARE + (number + 1) * step)
        earlier = looks if each is stack else None
        reports.append(validate(each.path, one, settings, part, earlier))
    first, *others = reports
    return (
        replace(
            first,
            bands=tuple(name for report in reports for name in report.bands),
            findings=tuple(finding for report in reports for finding in report.findings),
            measured={name: facts for report in reports for name, facts in report.measured.items()},
            sources=tuple(dict.fromkeys(path for report in reports for path in report.sources)),
        )
        if others
        else first
    )


def _weighing_doubts(settings: Settings) -> Settings:
    """The settings with values that do not fit the item's scale as a warning, unless a person has
    weighed that otherwise: they are a doubt about the item, and what was fetched is sound.
    """
    if any(check.startswith(RANGE_CHECK) for check in settings.checks):
        return settings
    return settings.override(checks=(*settings.checks, f"{RANGE_CHECK}={Severity.WARNING}"))


def _reasons(failures: Sequence[BandFailure]) -> str:
    """``blue, red: HTTP 404; nir: …``: each reason once."""
    bands: dict[str, list[str]] = {}
    for failure in failures:
        bands.setdefault(failure.reason, []).append(failure.band)
    return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in bands.items())


def _stack(
    request: SceneRequest,
    sensor: Sensor,
    files: Sequence[BandFile],
    folder: Path,
    settings: Settings,
) -> BandStack:
    scene = request.scene
    assets = {file.band: asset_of(scene, file) for file in files}  # each by its own item's rule
    weighed = {
        file.band: weigh_header(
            f"'{file.band}' of {file.item_id or scene.id}",
            assets[file.band].radiometry,
            read_header(file.path, assets[file.band].index or 1),
            assets[file.band].index,
        )
        for file in files
    }
    notes = join_warnings(scene.id, {band: warning for band, (_, warning) in weighed.items()})
    sources = {
        file.band: BandSource(
            path=file.path,
            index=assets[file.band].index or 1,
            radiometry=weighed[file.band][0],
            wavelength_nm=sensor.bands[file.band].wavelength_nm,
            is_class=sensor.bands[file.band].is_class,
        )
        for file in files
    }
    stack = create_band_stack(
        sources,
        folder / f"{safe_name(scene.id)}_{request.stack_name}.vrt",
        band_order=sensor.sort(sources),
        resolution_mode=request.mode,
        # A setting does not stand against bands that are to keep their own.
        target_resolution=None if request.mode == "preserve" else settings.target_resolution,
        resample_method=settings.resample_method,
        tags={
            "item_id": scene.id,
            "sensor": scene.sensor,
            "catalog": scene.catalog,
            "collection": scene.collection,
            "datetime": format_time(scene.datetime),
            "band_sources": sources_text(scene, files),
        },
    )
    stack = replace(stack, warnings=(*notes, *stack.warnings))
    if settings.default_format == StackFormat.GEOTIFF:
        return _as_geotiffs(stack, settings)
    return stack


def _as_geotiffs(stack: BandStack, settings: Settings) -> BandStack:
    """The stack and its companions, each as one file."""
    made = [
        stack_to_geotiff(each, each.path.with_suffix(".tif"), compress=settings.compression)
        for each in (stack, *stack.companions)
    ]
    return replace(made[0], companions=tuple(made[1:]))


def _implausible(stack: BandStack) -> list[str]:
    """Sentences about values that cannot be what their unit says: items can be wrong, too."""
    sentences = []
    for written in (stack, *stack.companions):
        judged = {
            band.name: band.index
            for band in written.bands
            if band.radiometry.unit in (Unit.REFLECTANCE, Unit.KELVIN)
        }
        with RasterReader(written.path) as reader:
            findings = (
                *check_plausible(reader, judged),
                *check_offset_applied(reader, judged),
                *check_undeclared(reader, {band.name: band.index for band in written.bands}),
            )
            sentences += [finding.sentence for finding in findings]
    return sentences
