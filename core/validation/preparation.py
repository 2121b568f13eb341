"""Look at a raster's files before GDAL opens anything, and choose where to look at its pixels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..enums import Depth
from ..errors import AreaError, RasterError, ValidationError, VRTSourceNotFoundError
from ..gdal.containers import file_of
from ..gdal.reading_choice import reading
from ..identity.band_names import identify_bands
from ..raster.facts import RasterFacts, read_facts
from ..raster.grid import Window
from ..raster.open_file import check_openable
from ..raster.physical import to_physical
from ..raster.reader import RasterReader
from ..raster.vrt_sources import VrtSources, check_vrt_sources, is_vrt
from ..settings import Settings
from ..shapes.area_mask import area_mask
from ..types import Finding, Grid, ValidationReport
from .band_sample import SamplePlan, choose_windows, read_overview
from .file_structure import SAMPLED, FileCheck, check_structure
from .kind import holds_classes
from .presence import check_bands, check_outside, check_placement, check_source
from .spec import ValidationSpec

Overview = npt.NDArray[np.generic]


@dataclass(frozen=True)
class PreparedRaster:
    """Facts that the looks at all bands share."""

    facts: RasterFacts
    bands: Mapping[str, int]
    """Name → band of the file, from 1."""
    plan: SamplePlan
    covered: float
    """Share of the area (0..1) that the raster covers; 1 where that is no matter."""
    first: Overview | None
    """The overview of the first band, where it was read to choose the windows."""
    sources: VrtSources
    resolutions: Mapping[Path, float]
    """Pixel size of each source in the unit of the stack; 0 where it lies in another system."""
    findings: tuple[Finding, ...]


def prepare(
    path: Path,
    spec: ValidationSpec,
    settings: Settings,
    stopped: Callable[[], bool],
    known_windows: Callable[[Grid], tuple[Window, ...]] = lambda _: (),
) -> PreparedRaster | ValidationReport:
    """Look at the files; a report where there is nothing to go on with.

    Parameters
    ----------
    known_windows : callable
        Of a grid the windows at which some of the bands were looked at before; empty: they are
        chosen.
    """
    sources, findings, facts = _check_file(path, settings, stopped)
    if facts is None:
        return ValidationReport(path, (), tuple(findings))
    named = identify_bands(facts, spec.sensor, spec.expected)
    bands = named.indexes
    resolutions, differing = _check_sources(sources, bands, facts)
    findings += [
        *check_outside(path, sources),
        *check_placement(facts),
        *named.findings,
        *check_bands(bands, _measured(facts, bands, spec), spec, settings),
        *differing,
    ]
    if _has_unreadable(findings):
        # GDAL would open that file from inside the VRT, complain while it holds the lock of all its
        # datasets, and wait for Python's lock in its error handler; a thread that closes a
        # dataset holds the two the other way round.
        return ValidationReport(path, tuple(bands), tuple(findings), sources=sources.files)
    windows = known_windows(facts.grid) if spec.area is None else ()
    first, plan, covered, uncovered = None, SamplePlan(windows), 1.0, list[Finding]()
    if not windows:
        first = _first_overview(facts, bands)
        plan, covered, uncovered = _plan_samples(facts, bands, first, spec, settings)
    return PreparedRaster(
        facts,
        bands,
        plan,
        covered if spec.must_cover else 1.0,
        first,
        sources,
        resolutions,
        (*findings, *uncovered),
    )


def _measured(facts: RasterFacts, bands: Mapping[str, int], spec: ValidationSpec) -> int:
    """Number of bands that are expected or measure something: no masks, no transparency."""
    names = {index: name for name, index in bands.items()}
    return sum(
        names.get(band.index, "") in spec.expected
        or not (band.alpha or holds_classes(names.get(band.index, ""), band))
        for band in facts.bands
    )


def _check_file(
    path: Path, settings: Settings, stopped: Callable[[], bool]
) -> tuple[VrtSources, list[Finding], RasterFacts | None]:
    """The raster's own file; no facts where it cannot be opened or must not be."""
    sources, findings = VrtSources(()), list[Finding]()
    try:
        check_openable(path)
        if is_vrt(path):
            sources = check_vrt_sources(path)
        else:
            job = FileCheck(
                file_of(path), path.stem, settings.validation_depth == Depth.DEEP, SAMPLED
            )
            findings += check_structure(job, stopped)
        facts = None if _has_unreadable(findings) else read_facts(path)
    except VRTSourceNotFoundError as error:
        return sources, [Finding.error("vrt_source_missing", str(error))], None
    except (ValidationError, RasterError) as error:
        refused = isinstance(error, ValidationError) and is_vrt(path)
        code = "vrt_refused" if refused else "unreadable"
        return sources, [*findings, Finding.error(code, str(error))], None
    return sources, findings, facts


def _has_unreadable(findings: list[Finding]) -> bool:
    return any(finding.code == "unreadable" for finding in findings)


def _check_sources(
    sources: VrtSources, bands: Mapping[str, int], facts: RasterFacts
) -> tuple[dict[Path, float], list[Finding]]:
    """Each source's pixel size, and findings of those that are not what the VRT states."""
    resolutions: dict[Path, float] = {}
    findings: list[Finding] = []
    owners = {file: name for name, index in bands.items() for file in sources.bands.get(index, ())}
    with reading().surroundings():  # once for all: each file's own are then there at once
        for file in sources.files:
            owner = owners.get(file, file.stem)
            resolutions[file], differing = check_source(file, owner, sources, facts)
            findings += differing
    return resolutions, findings


def _first_overview(facts: RasterFacts, bands: Mapping[str, int]) -> Overview | None:
    if not bands:
        return None
    try:
        with RasterReader(facts.path) as reader:
            return read_overview(reader, next(iter(bands.values())))
    except RasterError:  # that band's own look says so
        return None


def _plan_samples(
    facts: RasterFacts,
    bands: Mapping[str, int],
    first: Overview | None,
    spec: ValidationSpec,
    settings: Settings,
) -> tuple[SamplePlan, float, list[Finding]]:
    """Windows and area to look at, the share of the area that is covered, and findings of it."""
    if first is None:
        return SamplePlan(), 1.0, []
    rule = facts.bands[next(iter(bands.values())) - 1].radiometry
    windows = tuple(choose_windows(to_physical(first, rule), facts.grid.shape))
    if spec.area is None:
        return SamplePlan(windows), 1.0, []
    try:
        inside, covered = area_mask(spec.area, _overview_grid(facts.grid, first.shape))
    except AreaError as error:
        return SamplePlan(windows), 1.0, [Finding.error("no_crs", str(error))]
    # The covered share is an estimate, which of a large area may find nothing of a small raster.
    if inside.any():
        return SamplePlan(windows, inside), covered, []
    sentence = f"{facts.path.name} does not cover the area at all. Choose a scene that does."
    limit = settings.max_nodata_percent
    finding = Finding.error("nodata_share", sentence, None, 100.0, limit)
    return SamplePlan(windows), 1.0, [finding]


def _overview_grid(grid: Grid, shape: tuple[int, ...]) -> Grid:
    down, across = grid.shape[0] / shape[0], grid.shape[1] / shape[1]
    a, b, c, d, e, f = grid.transform
    return Grid(grid.crs, (a * across, b * down, c, d * across, e * down, f), (shape[0], shape[1]))
