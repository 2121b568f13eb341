"""Checks of what a raster says of itself: place, bands, sizes and types; no pixel is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ..errors import RasterError, ValidationError
from ..identity.source_notes import is_noted, moved, rescaled
from ..raster.facts import RasterFacts, read_facts
from ..raster.vrt_sources import StatedSource, VrtSources
from ..settings import Settings
from ..types import Finding, Severity
from .spec import ValidationSpec


def check_placement(facts: RasterFacts) -> list[Finding]:
    """Findings where the raster lies nowhere, or only roughly."""
    name = facts.path.name
    findings = []
    if not facts.grid.crs:
        gcps = ", only ground control points: warp it first"
        hint = gcps if facts.has_gcps else ": assign one"
        findings = [Finding.error("no_crs", f"{name} has no coordinate system{hint}.")]
    if facts.has_gcps:
        sentence = (
            f"{name} is not terrain-corrected: mountains lie up to kilometres off. Use a "
            "terrain-corrected product (RTC) where there is relief."
        )
        findings.append(Finding.warning("not_terrain_corrected", sentence))
    return findings


def check_bands(
    bands: Mapping[str, int], count: int, spec: ValidationSpec, settings: Settings
) -> list[Finding]:
    """Findings of bands that should be there and are not, or are in another order.

    Parameters
    ----------
    bands : mapping of str to int
        Name → band of the file, from 1.
    count : int
        Bands of the file, named or not, but for masks that nobody expects.
    """
    expected = spec.expected
    if spec.sensor is not None and spec.sensor.name == "sentinel1" and not expected:
        expected = settings.required_polarizations
    findings = _check_missing(bands, spec.required, expected)
    if not bands and not findings:
        sentence = (
            "No band could be named, and so none was looked at: neither descriptions nor the "
            "file's name tell. Name it by its band (red.tif), or stack it (‘flight stack’)."
        )
        findings.append(Finding.warning("band_unnamed", sentence))
    wanted_count = len(spec.expected)
    if 0 < wanted_count < count and not findings:
        sentence = (
            f"The raster has {count} bands where {wanted_count} are expected "
            f"({', '.join(spec.expected)})."
        )
        facts = (None, float(count), float(wanted_count))
        findings.append(Finding.warning("band_count", sentence, *facts))
    return findings + _check_order(bands, expected)


def _check_missing(
    bands: Mapping[str, int], required: Sequence[str], expected: Sequence[str]
) -> list[Finding]:
    findings = []
    offered = ", ".join(bands) or "no band that could be named"
    for name in dict.fromkeys((*required, *expected)):
        if name in bands:
            continue
        severity, kind = Severity.WARNING, "Band"
        if name in required:
            severity, kind = Severity.ERROR, "Required band"
        sentence = f"{kind} '{name}' not found in dataset (it has {offered})."
        findings.append(Finding("band_missing", severity, sentence, name))
    return findings


def _check_order(bands: Mapping[str, int], expected: Sequence[str]) -> list[Finding]:
    wanted = [name for name in expected if name in bands]
    actual = sorted(wanted, key=lambda name: bands[name])
    if wanted == actual:
        return []
    sentence = (
        f"The bands stand in the order {', '.join(actual)} where {', '.join(wanted)} is usual."
    )
    return [Finding.warning("band_order", sentence)]


def check_outside(path: Path, sources: VrtSources) -> list[Finding]:
    """A finding where a VRT's files do not lie with it."""
    count = len(sources.outside)
    if not count:
        return []
    names = ", ".join(str(source) for source in sources.outside[:3]) + " …" * (count > 3)
    sentence = (
        f"{path.name} names {count} files outside its folder and breaks when it or they are moved. "
        f"They are {names}. Keep them together, or make a GeoTIFF stack."
    )
    return [Finding.warning("vrt_source_outside", sentence, None, float(count), 0.0)]


def check_source(
    file: Path, band: str, sources: VrtSources, raster: RasterFacts
) -> tuple[float, list[Finding]]:
    """The pixel size of one of a VRT's files in the unit of the stack (0 if not known), and a
    finding where the file is not what the VRT states and notes.
    """
    grid = raster.grid
    try:
        facts = read_facts(file)
    except RasterError as error:  # a VRT shows nodata in its place, and says nothing
        return 0.0, [Finding.error("unreadable", str(error), band)]
    resolution = facts.grid.resolution[0] if facts.grid.crs == grid.crs else 0.0
    stated = [source for source in sources.stated if source.path == file]
    differing = [text for source in stated for text in _differences(facts, source)]
    notes = [band.tags for band in raster.bands if is_noted(band.tags, raster.path, file)]
    differing += dict.fromkeys(text for tags in notes for text in moved(facts, tags))
    if differing:
        return resolution, [_exchanged(file, band, " and ".join(differing), Severity.ERROR)]
    changed = next(filter(None, (rescaled(facts, tags) for tags in notes)), "")
    return resolution, [_exchanged(file, band, changed, Severity.WARNING)] if changed else []


def _exchanged(file: Path, band: str, differing: str, severity: Severity) -> Finding:
    sentence = (
        f"The file {file.name} (band '{band}') is not the one that was stacked: it has "
        f"{differing}. Make the stack again."
    )
    return Finding("source_differs", severity, sentence, band)


def refuse_exchanged(path: Path, sources: VrtSources) -> None:
    """Refuse a stack one of whose files lies elsewhere than when it was stacked.

    Raises
    ------
    ValidationError
        Naming the file and what is different.
    RasterError
        If it cannot be opened.
    """
    raster = read_facts(path)
    for index, files in sources.bands.items():
        band = raster.bands[index - 1]
        for file in files:
            if is_noted(band.tags, path, file):
                differing = " and ".join(moved(read_facts(file), band.tags))
                if differing:
                    raise ValidationError(
                        f"{path.name} cannot be used",
                        f"{file.name} ('{band.description}') is not the file that was stacked: it "
                        f"has {differing}",
                        "Make the stack again.",
                    )


def _differences(facts: RasterFacts, stated: StatedSource) -> Iterator[str]:
    (rows, cols), (stated_rows, stated_cols) = facts.grid.shape, stated.shape
    if facts.grid.shape != stated.shape:
        yield f"{cols}x{rows} pixels for {stated_cols}x{stated_rows}"
    types = {band.dtype for band in facts.bands}
    if stated.dtype and stated.dtype not in types:
        yield f"{', '.join(sorted(types))} for {stated.dtype}"
