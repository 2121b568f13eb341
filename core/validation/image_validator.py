"""Is this raster what it should be? Files first, then bands, then pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..enums import Depth, OnInvalid
from ..errors import AreaError, RasterError, ValidationError, VRTSourceNotFoundError
from ..monitor import EventQueue, Monitor, Progress
from ..raster.band_names import identify_bands
from ..raster.grid import Window
from ..raster.physical import to_physical
from ..raster.reader import RasterFacts, StackReader, read_facts
from ..settings import Settings
from ..shapes.area_mask import area_mask
from ..types import Finding, Grid, Severity, Unit, ValidationReport
from ..workers import run_in_background, run_parallel
from .actions import act_on, not_validated
from .band_pairs import SeenBand, check_pairs, keep_band
from .band_sample import Places, at_window, choose_windows, read_overview, sample_band
from .band_validator import check_optical_band, plausible_range
from .checks import apply_overrides, parse_overrides
from .file_structure import FEWEST, SAMPLED, FileCheck, check_structure, pixels_disagree
from .presence import check_bands, check_outside, check_placement, check_source
from .sar_validator import check_sar_band, decibel_rule, is_radar, radar_unit
from .spec import ValidationSpec, known_names
from .vrt_sources import VrtSources, check_is_raster, check_vrt_sources, is_vrt

__all__ = ["ValidationSpec", "known_names", "validate"]


@dataclass(frozen=True)
class _Prepared:
    """What all bands share."""

    facts: RasterFacts
    bands: Mapping[str, int]
    places: Places
    covered: float
    first: npt.NDArray[np.generic] | None
    """The overview of the first band, which was read to choose the windows."""
    sources: VrtSources
    resolutions: Mapping[Path, float]
    """Pixel size of each source in the unit of the stack; 0 where it lies in another system."""
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class _Look:
    """What one band's worker brings back."""

    name: str
    findings: tuple[Finding, ...]
    seen: SeenBand | None


def validate(
    path: Path, spec: ValidationSpec, settings: Settings, monitor: Monitor
) -> ValidationReport:
    """Look at a stack or any raster; whatever is wrong becomes a finding.

    Raises
    ------
    SettingsError
        For a check that does not exist.
    Cancelled
        If the monitor asked to stop.
    """
    overrides = parse_overrides(settings.checks)
    if settings.on_invalid == OnInvalid.SKIP:
        return not_validated(path)
    events = EventQueue(monitor)
    report = _validate(path, spec, settings, events)
    findings = tuple(apply_overrides(report.findings, overrides))
    report = replace(
        report, findings=findings, overrides=overrides, depth=settings.validation_depth
    )
    return run_in_background(lambda: act_on(report, settings, events), events)


def _validate(
    path: Path, spec: ValidationSpec, settings: Settings, events: EventQueue
) -> ValidationReport:
    prepared = run_in_background(lambda: _prepare(path, spec, settings, events), events)
    if isinstance(prepared, ValidationReport):
        return prepared
    done = 0

    def tell(look: _Look) -> None:
        nonlocal done
        done += 1
        events.put(Progress(done / len(prepared.bands), f"Validating band {look.name}"))

    looks = run_parallel(
        lambda name: _look_at_band(name, prepared, spec, settings, events),
        list(prepared.bands),
        settings.worker_count,
        events,
        tell,
    )
    seen = [look.seen for look in looks if look.seen is not None]
    pairs, shifts = run_in_background(lambda: check_pairs(seen, settings), events)
    measured = {
        band.name: {
            **band.figures,
            **({"shift_px": shifts[band.name]} if band.name in shifts else {}),
        }
        for band in seen
    }
    found = [*prepared.findings, *(finding for look in looks for finding in look.findings), *pairs]
    return ValidationReport(
        path,
        tuple(prepared.bands),
        tuple(dict.fromkeys(found)),
        measured=measured,
        sources=prepared.sources.files,
        band_names={index: name for name, index in prepared.bands.items()},
    )


def _prepare(
    path: Path, spec: ValidationSpec, settings: Settings, events: EventQueue
) -> _Prepared | ValidationReport:
    """Look at the files, before GDAL opens anything; a report where there is nothing to
    go on with.
    """
    sources = VrtSources(())
    findings: list[Finding] = []
    try:
        check_is_raster(path)
        if is_vrt(path):
            sources = check_vrt_sources(path)
        else:
            job = FileCheck(path, path.stem, settings.validation_depth == Depth.DEEP, SAMPLED)
            findings += check_structure(job, events.stop.is_set)
        if any(finding.code == "unreadable" for finding in findings):
            return ValidationReport(path, (), tuple(findings))
        facts = read_facts(path)
    except (ValidationError, RasterError) as error:
        refused = (
            "vrt_source_missing" if isinstance(error, VRTSourceNotFoundError) else "vrt_refused"
        )
        code = refused if isinstance(error, ValidationError) and is_vrt(path) else "unreadable"
        return ValidationReport(path, (), (*findings, Finding(code, Severity.ERROR, str(error))))
    bands = identify_bands(facts, known_names(spec.sensor), spec.expected)
    findings += [
        *check_outside(path, sources),
        *check_placement(facts),
        *check_bands(bands, len(facts.bands), spec, settings),
    ]
    resolutions = {}
    owners = {file: name for name, index in bands.items() for file in sources.bands.get(index, ())}
    for file in sources.files:
        resolutions[file], differing = check_source(
            file, owners.get(file, file.stem), sources, facts.grid
        )
        findings += differing
    if any(finding.code == "unreadable" for finding in findings):
        # GDAL would open that file from inside the VRT, complain while it holds the lock of all its
        # datasets, and wait for Python's lock in rasterio's error handler; a thread that closes a
        # dataset holds the two the other way round.
        return ValidationReport(path, tuple(bands), tuple(findings), sources=sources.files)
    windows: list[Window] = []
    inside, covered, first = None, 1.0, None
    if bands:
        index = next(iter(bands.values()))
        try:
            with StackReader(path) as reader:
                first = read_overview(reader, index)
            windows = choose_windows(
                to_physical(first, facts.bands[index - 1].radiometry), facts.grid.shape
            )
        except RasterError:  # that band's own look says so
            first = None
        if spec.area is not None and first is not None:
            try:
                inside, covered = area_mask(spec.area, _overview_grid(facts.grid, first.shape))
            except AreaError as error:
                findings.append(Finding("no_crs", Severity.ERROR, str(error)))
            # How much of it is covered is an estimate, which of a large area may find nothing of a
            # small raster.
            if inside is not None and not inside.any():
                sentence = f"{path.name} does not cover the area at all. Choose a scene that does."
                findings.append(
                    Finding(
                        "nodata_share",
                        Severity.ERROR,
                        sentence,
                        None,
                        100.0,
                        settings.max_nodata_percent,
                    )
                )
                inside, covered = None, 1.0
    covered = covered if spec.must_cover else 1.0
    return _Prepared(
        facts,
        bands,
        Places(tuple(windows), inside),
        covered,
        first,
        sources,
        resolutions,
        tuple(findings),
    )


def _overview_grid(grid: Grid, shape: tuple[int, ...]) -> Grid:
    down, across = grid.shape[0] / shape[0], grid.shape[1] / shape[1]
    a, b, c, d, e, f = grid.transform
    return Grid(grid.crs, (a * across, b * down, c, d * across, e * down, f), (shape[0], shape[1]))


def _look_at_band(
    name: str, prepared: _Prepared, spec: ValidationSpec, settings: Settings, events: EventQueue
) -> _Look:
    """One band's file, then its pixels; runs on a worker thread."""
    index = prepared.bands[name]
    facts = prepared.facts
    band = facts.bands[index - 1]
    is_class = band.radiometry.unit == Unit.CLASS
    findings: list[Finding] = []
    coarseness = 1.0
    for file in prepared.sources.bands.get(index, ()):
        share = max(FEWEST, SAMPLED // len(prepared.bands))
        job = FileCheck(file, name, settings.validation_depth == Depth.DEEP, share, is_class)
        findings += check_structure(job, events.stop.is_set)
        coarseness = max(coarseness, prepared.resolutions.get(file, 0.0) / facts.grid.resolution[0])
    try:
        # Opened for this band alone: what GDAL keeps of its tiles goes when it is closed.
        with StackReader(facts.path) as reader:
            stored = prepared.first if index == next(iter(prepared.bands.values())) else None
            stored = read_overview(reader, index) if stored is None else stored
            radar = is_radar(name, band)
            unit = radar_unit(stored, band.radiometry) if radar else band.radiometry.unit
            rule = decibel_rule(unit, band.radiometry) if radar else band.radiometry
            sample = sample_band(reader, index, rule, prepared.places, coarseness, stored)
    except RasterError as error:
        return _Look(
            name, (*findings, Finding("band_unreadable", Severity.ERROR, str(error), name)), None
        )
    if prepared.covered < 1:
        sample = replace(
            sample, nodata_percent=100 - prepared.covered * (100 - sample.nodata_percent)
        )
    if radar:
        findings += check_sar_band(name, unit, band, sample, settings)
    else:
        sensor = spec.sensor.name if spec.sensor else facts.tags.get("sensor", "")
        limits = plausible_range(unit, sensor, facts.tags.get("collection", ""), settings)
        findings += check_optical_band(name, band, sample, limits, settings)
    if not is_class and not any(finding.code == "tile_differs" for finding in findings):
        for window, pixels in zip(prepared.places.windows, sample.stored_windows):
            shown = at_window(stored, window, facts.grid.shape)
            if (
                shown.size >= 64
                and shown.size < pixels.size
                and pixels_disagree(pixels, shown, band.radiometry.nodata)
            ):
                sentence = (
                    f"Band '{name}' differs from its own overviews at row {window.row}, column "
                    f"{window.col}. Tiles were overwritten or belong to another band. Remove its "
                    "file and download it again."
                )
                findings.append(Finding("tile_differs", Severity.ERROR, sentence, name))
                break
    return _Look(name, tuple(findings), keep_band(name, band, unit, coarseness, sample))
