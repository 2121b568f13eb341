"""Checks of what a raster says of itself: place, bands, sizes and types; no pixel is read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..errors import RasterError
from ..raster.reader import RasterFacts, read_facts
from ..settings import Settings
from ..types import Finding, Grid, Severity
from .spec import ValidationSpec
from .vrt_sources import VrtSources


def check_placement(facts: RasterFacts) -> list[Finding]:
    """Whether the raster lies somewhere."""
    name = facts.path.name
    if not facts.has_gcps:
        return (
            []
            if facts.grid.crs
            else [
                Finding("no_crs", Severity.ERROR, f"{name} has no coordinate system: assign one.")
            ]
        )
    findings = []
    if not facts.grid.crs:
        sentence = f"{name} has no coordinate system, only ground control points: warp it first."
        findings.append(Finding("no_crs", Severity.ERROR, sentence))
    sentence = (
        f"{name} is not terrain-corrected: mountains lie up to kilometres off. Use a "
        "terrain-corrected product (RTC) where there is relief."
    )
    return [*findings, Finding("not_terrain_corrected", Severity.WARNING, sentence)]


def check_bands(
    bands: Mapping[str, int], count: int, spec: ValidationSpec, settings: Settings
) -> list[Finding]:
    """Whether the bands that should be there are, and in the usual order.

    Parameters
    ----------
    bands : mapping of str to int
        Name → band of the file, from 1.
    count : int
        Bands of the file, named or not.
    """
    expected = spec.expected
    if spec.sensor is not None and spec.sensor.name == "sentinel1" and not expected:
        expected = settings.required_polarizations
    findings = []
    there = ", ".join(bands) or "no band that could be named"
    for name in dict.fromkeys((*spec.required, *expected)):
        if name not in bands:
            required = name in spec.required
            sentence = (
                f"{'Required band' if required else 'Band'} '{name}' not found in "
                f"dataset (it has {there})."
            )
            findings.append(
                Finding(
                    "band_missing", Severity.ERROR if required else Severity.WARNING, sentence, name
                )
            )
    if not bands and not findings:
        findings.append(
            Finding(
                "band_unnamed",
                Severity.WARNING,
                "No band could be named: neither descriptions nor file name tell.",
            )
        )
    if spec.expected and count > len(spec.expected) and not findings:
        sentence = (
            f"The raster has {count} bands where {len(spec.expected)} are expected "
            f"({', '.join(spec.expected)})."
        )
        findings.append(
            Finding(
                "band_count",
                Severity.WARNING,
                sentence,
                None,
                float(count),
                float(len(spec.expected)),
            )
        )
    wanted = [name for name in expected if name in bands]
    actual = sorted(wanted, key=lambda name: bands[name])
    if wanted != actual:
        sentence = (
            f"The bands stand in the order {', '.join(actual)} where {', '.join(wanted)} is usual."
        )
        findings.append(Finding("band_order", Severity.WARNING, sentence))
    return findings


def check_outside(path: Path, sources: VrtSources) -> list[Finding]:
    """Whether a VRT's files lie with it."""
    if not sources.outside:
        return []
    names = ", ".join(str(source) for source in sources.outside[:3]) + (
        " …" if len(sources.outside) > 3 else ""
    )
    sentence = (
        f"{path.name} names {len(sources.outside)} files outside its folder and breaks when it "
        f"or they are moved. They are {names}. Keep them together, or make a GeoTIFF stack."
    )
    return [
        Finding(
            "vrt_source_outside", Severity.WARNING, sentence, None, float(len(sources.outside)), 0.0
        )
    ]


def check_source(
    file: Path, band: str, sources: VrtSources, grid: Grid
) -> tuple[float, list[Finding]]:
    """Whether one of a VRT's files is what the VRT states; and its pixel size in the unit of the
    stack, 0 if not known.
    """
    try:
        facts = read_facts(file)
    except RasterError as error:  # a VRT shows nodata in its place, and says nothing
        return 0.0, [Finding("unreadable", Severity.ERROR, str(error), band)]
    differing = []
    for stated in sources.stated:
        if stated.path != file:
            continue
        if facts.grid.shape != stated.shape:
            differing.append(
                f"{facts.grid.shape[1]}x{facts.grid.shape[0]} pixels for "
                f"{stated.shape[1]}x{stated.shape[0]}"
            )
        types = {one.dtype for one in facts.bands}
        if stated.dtype and stated.dtype not in types:
            differing.append(f"{', '.join(sorted(types))} for {stated.dtype}")
    resolution = facts.grid.resolution[0] if facts.grid.crs == grid.crs else 0.0
    if not differing:
        return resolution, []
    sentence = (
        f"The file {file.name} (band '{band}') is not the one that was stacked: it has "
        f"{' and '.join(differing)}. Make the stack again."
    )
    return resolution, [Finding("source_differs", Severity.ERROR, sentence, band)]
