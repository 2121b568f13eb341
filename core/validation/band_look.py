"""Look at one band: its files, then its pixels."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy.typing as npt

from ..enums import Depth
from ..errors import RasterError
from ..raster.facts import BandFacts
from ..raster.reader import CACHE_BYTES, RasterReader
from ..settings import Settings
from ..types import Finding, Unit
from .band_pairs import SeenBand, keep_band
from .band_sample import BandSample, at_window, read_overview, sample_band
from .band_validator import check_emptiness, check_optical_band, plausible_range
from .file_structure import FEWEST, SAMPLED, FileCheck, check_structure
from .kind import holds_classes
from .preparation import PreparedRaster
from .sar_validator import check_sar_band, decibel_rule, is_radar, radar_unit
from .spec import ValidationSpec
from .tile_comparison import pixels_disagree

SMALL_PIXELS = 1 << 22
"""Up to so many, several windows may lie in one tile, which GDAL then keeps; of a larger raster
each lies in a tile of its own, of megabytes.
"""
LEAST_SHOWN = 64
"""Overview pixels of a window that are enough to compare."""


@dataclass(frozen=True)
class BandLook:
    """Findings and figures that one band's worker brings back."""

    name: str
    findings: tuple[Finding, ...]
    seen: SeenBand | None
    """None where its pixels cannot be read."""


def look_at_band(
    name: str,
    raster: PreparedRaster,
    spec: ValidationSpec,
    settings: Settings,
    stopped: Callable[[], bool],
) -> BandLook:
    """Look at one band; runs on a worker thread."""
    index = raster.bands[name]
    band = raster.facts.bands[index - 1]
    findings = _check_files(name, raster, settings, stopped)
    try:
        stored, unit, sample = _read(name, raster)
    except RasterError as error:
        unreadable = Finding.error("band_unreadable", str(error), name)
        return BandLook(name, (*findings, unreadable), None)
    if unit == Unit.CLASS:
        findings += check_emptiness(name, sample.nodata_percent, settings)
    elif is_radar(name, band):
        findings += check_sar_band(name, unit, band, sample, settings)
    else:
        tags = raster.facts.tags
        sensor = spec.sensor.name if spec.sensor else tags.get("sensor", "")
        limits = plausible_range(unit, sensor, tags.get("collection", ""), settings)
        findings += check_optical_band(name, band, sample, limits, settings, raster.facts.path.name)
    if unit != Unit.CLASS and not any(finding.code == "tile_differs" for finding in findings):
        findings += _compare_overview(name, raster, band, stored, sample)
    seen = keep_band(name, band, unit, _coarseness(name, raster), sample)
    return BandLook(name, tuple(findings), seen)


def _check_files(
    name: str, raster: PreparedRaster, settings: Settings, stopped: Callable[[], bool]
) -> list[Finding]:
    """Structure of the band's own files, where the raster is a VRT."""
    index = raster.bands[name]
    is_class = holds_classes(name, raster.facts.bands[index - 1])
    deep = settings.validation_depth == Depth.DEEP
    sampled = max(FEWEST, SAMPLED // len(raster.bands))
    return [
        finding
        for file in raster.sources.bands.get(index, ())
        for finding in check_structure(FileCheck(file, name, deep, sampled, is_class), stopped)
    ]


def _coarseness(name: str, raster: PreparedRaster) -> float:
    """The band's own pixel size in pixels of the raster, at least 1."""
    files = raster.sources.bands.get(raster.bands[name], ())
    sizes = [raster.resolutions.get(file, 0.0) for file in files]
    return max([1.0, *(size / raster.facts.grid.resolution[0] for size in sizes)])


def _read(name: str, raster: PreparedRaster) -> tuple[npt.NDArray[Any], Unit, BandSample]:
    """The band's overview, its unit and its sample; nodata counts what the raster leaves
    uncovered.
    """
    index = raster.bands[name]
    band = raster.facts.bands[index - 1]
    # Opened for this band alone: what GDAL keeps of its tiles goes when it is closed.
    is_small = math.prod(raster.facts.grid.shape) <= SMALL_PIXELS
    kept = CACHE_BYTES if is_small else 0
    with RasterReader(raster.facts.path, cache_bytes=kept) as reader:
        is_first = index == next(iter(raster.bands.values()))
        stored = raster.first if is_first and raster.first is not None else None
        stored = read_overview(reader, index) if stored is None else stored
        unit, rule = band.radiometry.unit, band.radiometry
        if holds_classes(name, band, stored):
            unit = Unit.CLASS
        elif is_radar(name, band):
            unit = radar_unit(stored, rule)
            rule = decibel_rule(unit, rule)
        coarseness = _coarseness(name, raster)
        sample = sample_band(reader, index, rule, raster.plan, coarseness, stored)
    if raster.covered < 1:
        nodata_percent = 100 - raster.covered * (100 - sample.nodata_percent)
        sample = replace(sample, nodata_percent=nodata_percent)
    return stored, unit, sample


def _compare_overview(
    name: str, raster: PreparedRaster, band: BandFacts, stored: npt.NDArray[Any], sample: BandSample
) -> list[Finding]:
    """A finding where a window at full size cannot show what the overview shows."""
    if not sample.has_overviews:  # what stands for it was read from the same pixels
        return []
    for window, pixels in zip(raster.plan.windows, sample.stored_windows):
        shown = at_window(stored, window, raster.facts.grid.shape)
        comparable = LEAST_SHOWN <= shown.size < pixels.size
        if comparable and pixels_disagree(pixels, shown, band.radiometry.nodata):
            sentence = (
                f"Band '{name}' differs from its own overviews at row {window.row}, column "
                f"{window.col}. Tiles were overwritten or belong to another band. Remove its file "
                "and download it again."
            )
            return [Finding.error("tile_differs", sentence, name)]
    return []
