"""Is a band's file whole? Its blocks are looked at as bytes, before any pixel is believed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import Cancelled, RasterError
from ..files.checksum import sha256_of
from ..files.record import read_record
from ..raster.jpeg2000 import is_jpeg2000, missing_end
from ..raster.tiff_blocks import Block, Fault, Pixels, TiffBlocks
from ..types import Finding, Severity

SAMPLED = 12
"""Tiles of a stack that the quick look decodes strictly, shared among its files."""
FEWEST = 2
"""The same, of one file."""
SUSPECTS = 16
"""Of the tiles that look odd, so many are decoded."""
EMPTY_SHARE = 0.005
"""A tile that packs better than this is constant or nearly so; textured imagery keeps a tenth and
more.
"""
OVERVIEW_PATCH = 64
AGAIN = "Remove it and download it again."


@dataclass(frozen=True)
class FileCheck:
    """What is to be looked at in one file, and how."""

    path: Path
    band: str
    """Whose file it is, for the findings."""
    deep: bool
    sampled: int = FEWEST
    """Tiles to decode in the quick look."""
    is_class: bool = False
    """Categories have no mean that an overview would keep."""


def check_structure(job: FileCheck, stopped: Callable[[], bool] = lambda: False) -> list[Finding]:
    """Look at one GeoTIFF's blocks, or at the ends of a JPEG 2000; other formats' pixels are read
    later, and no more.

    Raises
    ------
    Cancelled
        If ``stopped`` says so.
    """
    findings: list[Finding] = []
    try:
        if _is_tiff(job.path):
            with TiffBlocks(job.path) as tiff:
                findings += _check_blocks(tiff, job, stopped)
        elif is_jpeg2000(job.path):
            findings += _check_end(job)
    except RasterError as error:
        findings = [Finding("unreadable", Severity.ERROR, str(error), job.band)]
    except OSError as error:
        why = error.strerror or str(error)
        findings = [
            Finding(
                "unreadable",
                Severity.ERROR,
                f"The raster {job.path} cannot be read: {why}. {AGAIN}",
                job.band,
            )
        ]
    if job.deep:
        findings += check_sum(job)
    return findings


def _check_end(job: FileCheck) -> list[Finding]:
    why = missing_end(job.path)
    if not why:
        return []
    sentence = f"The file {job.path.name} (band '{job.band}') is cut off: {why}. {AGAIN}"
    return [Finding("file_truncated", Severity.ERROR, sentence, job.band)]


def _is_tiff(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
    except OSError:
        return False


def _check_blocks(tiff: TiffBlocks, job: FileCheck, stopped: Callable[[], bool]) -> list[Finding]:
    blocks = tiff.blocks()
    faults = list(tiff.find_faults(blocks))
    findings = _missing(
        tiff, [fault.block for fault in faults if fault.kind == "missing"], blocks, job
    )
    faults = [fault for fault in faults if fault.kind != "missing"]
    faulty = {fault.block for fault in faults}
    full = [
        block for block in blocks if block.level == 0 and block.size_bytes and block not in faulty
    ]
    empty = [block for block in full if block.size_bytes < EMPTY_SHARE * tiff.block_bytes]
    if job.deep:
        chosen = [block for block in blocks if block.size_bytes and block not in faulty]
    else:
        hollow = [block for block in full if tiff.looks_hollow(block)]
        chosen = list(dict.fromkeys([*_spread(full, job.sampled), *_spread(hollow, SUSPECTS)]))
    differing: list[Block] = []
    for block in chosen:
        if stopped():
            raise Cancelled()
        fault = tiff.decode(block)
        if fault is not None:
            faults.append(fault)
            faulty.add(block)
    comparable = tiff.overview_count > 0 and not job.is_class and not tiff.interleaved
    for block in (full if job.deep else _spread(empty, SUSPECTS)) if comparable else ():
        if stopped():
            raise Cancelled()
        if block not in faulty and _differs(tiff, block):
            differing.append(block)
    findings += _describe(tiff, faults, blocks, job)
    if differing:
        findings.append(
            Finding(
                "tile_differs",
                Severity.ERROR,
                f"{len(differing)} tiles of {job.path.name} (band '{job.band}') differ from its "
                f"overviews. They were overwritten or belong to another band: "
                f"{_places(tiff, differing)}. {AGAIN}",
                job.band,
                float(len(differing)),
                0.0,
            )
        )
    return findings


def _spread(blocks: Sequence[Block], count: int) -> list[Block]:
    """Some of the blocks, evenly by their place in the file; the last one is always among them: it
    is cut off first.
    """
    if not blocks:
        return []
    ordered = sorted(blocks, key=lambda block: block.offset)
    places = np.linspace(len(ordered) - 1, 0, min(count, len(ordered)) + 1).astype(int)[
        : min(count, len(ordered))
    ]
    return [ordered[place] for place in dict.fromkeys(places.tolist())]


def _describe(
    tiff: TiffBlocks, faults: Sequence[Fault], blocks: Sequence[Block], job: FileCheck
) -> list[Finding]:
    found = []
    cut = [fault for fault in faults if fault.kind == "past_end"]
    if cut:
        lacking = (
            max(fault.block.offset + fault.block.size_bytes for fault in cut) - tiff.size_bytes
        )
        sentence = (
            f"The file {job.path.name} (band '{job.band}') is cut off: {len(cut)} of "
            f"{len(blocks)} tiles lie behind its end. "
            f"At least {lacking} bytes are missing. {AGAIN}"
        )
        found.append(
            Finding("file_truncated", Severity.ERROR, sentence, job.band, float(len(cut)), 0.0)
        )
    bad = [fault for fault in faults if fault.kind != "past_end"]
    if bad:
        sentence = (
            f"{len(bad)} tiles of {job.path.name} (band '{job.band}') are damaged: "
            f"{bad[0].detail}. They lie at {_places(tiff, [f.block for f in bad])}. {AGAIN}"
        )
        found.append(
            Finding("tile_damaged", Severity.ERROR, sentence, job.band, float(len(bad)), 0.0)
        )
    return found


def _missing(
    tiff: TiffBlocks, missing: Sequence[Block], blocks: Sequence[Block], job: FileCheck
) -> list[Finding]:
    """Absent tiles read as nodata. That is right at the margin of a scene, and wrong where data are
    known to be.
    """
    if not missing:
        return []
    holes = [
        block
        for block in missing
        if block.level == 0 and tiff.overview_count and _shows_data(tiff, block)
    ]
    severity, proof = Severity.ERROR, "its overviews show data there"
    if not holes:
        there = {(b.band, b.level, b.row, b.col) for b in blocks if b.size_bytes}
        holes = [block for block in missing if block.level == 0 and _between(block, there)]
        severity, proof = Severity.WARNING, "there are tiles on both sides of them"
        if tiff.overview_count:  # the overviews were asked, and show nothing there either
            holes = []
    if not holes:
        return []
    sentence = (
        f"{len(holes)} tiles of {job.path.name} (band '{job.band}') are missing and read as "
        f"nodata. There should be some, since {proof}: {_places(tiff, holes)}. {AGAIN}"
    )
    return [Finding("tiles_missing", severity, sentence, job.band, float(len(holes)), 0.0)]


def _between(block: Block, there: set[tuple[int, int, int, int]]) -> bool:
    """Whether tiles that exist stand on both sides in its row, or in its column: no footprint of a
    scene is like that.
    """
    mates = [
        (row, col) for band, level, row, col in there if (band, level) == (block.band, block.level)
    ]
    left = any(row == block.row and col < block.col for row, col in mates)
    right = any(row == block.row and col > block.col for row, col in mates)
    above = any(col == block.col and row < block.row for row, col in mates)
    below = any(col == block.col and row > block.row for row, col in mates)
    return (left and right) or (above and below)


def _shows_data(tiff: TiffBlocks, block: Block) -> bool:
    patch = _overview(tiff, block)
    return patch is not None and bool(_valid(patch, tiff.nodata).any()) and float(patch.std()) > 0


def _overview(tiff: TiffBlocks, block: Block) -> Pixels | None:
    try:
        return tiff.overview(block, OVERVIEW_PATCH)
    except RasterError:  # damaged overviews are findings of their own
        return None


def _differs(tiff: TiffBlocks, block: Block) -> bool:
    """Whether a tile and its overview disagree; both are read, so only for tiles that are
    suspected, or all when deep.
    """
    patch = _overview(tiff, block)
    if patch is None:
        return False
    try:
        pixels = tiff.pixels(block)
    except (
        RasterError
    ):  # it decodes strictly, and GDAL cannot read it: leave it to the pixels' own check
        return False
    return pixels_disagree(pixels, patch, tiff.nodata)


def pixels_disagree(pixels: Pixels, overview: Pixels, nodata: float | None) -> bool:
    """Whether full-size pixels and the overview of the same place cannot show the same thing.

    Averaging lowers the spread and keeps the mean; the edges of the two places may differ by an
    overview pixel. So it takes a mean that is off by half a standard deviation and 5 %, a spread a
    fifth of the overview's, or nodata in place of data.
    """
    seen, shown = _valid(pixels, nodata), _valid(overview, nodata)
    if float(shown.mean()) < 0.9:
        return False
    if float(seen.mean()) < 0.5:
        return True
    full, small = pixels[seen].astype(np.float64), overview[shown].astype(np.float64)
    mean, spread, spread_shown = float(small.mean()), float(full.std()), float(small.std())
    step = 1.0 if pixels.dtype.kind in "iu" else 0.0
    off = abs(float(full.mean()) - mean)
    return off > 0.5 * spread + 0.05 * abs(mean) + 2 * step or spread + step < 0.2 * spread_shown


def _valid(pixels: Pixels, nodata: float | None) -> Pixels:
    good: Pixels = np.isfinite(pixels) if pixels.dtype.kind == "f" else np.ones(pixels.shape, bool)
    if nodata is not None:
        good = good & (pixels != nodata)
    return good


def _places(tiff: TiffBlocks, blocks: Sequence[Block]) -> str:
    names = [
        f"row {b.row} column {b.col}" + (f" of overview {b.level}" if b.level else "")
        for b in blocks[:3]
    ]
    return ", ".join(names) + (f" and {len(blocks) - 3} more" if len(blocks) > 3 else "")


def check_sum(job: FileCheck) -> list[Finding]:
    """Compare the file with the sum that was recorded when it was downloaded, where there
    is one.
    """
    entry = read_record(job.path.parent).get(job.path.stem)
    if entry is None or not entry.sha256:
        sentence = (
            f"No checksum is recorded for {job.path.name}: it may have changed since it was made."
        )
        return [Finding("no_recorded_sum", Severity.INFO, sentence, job.band)]
    if sha256_of(job.path) == entry.sha256:
        return []
    sentence = (
        f"The file {job.path.name} (band '{job.band}') is not what was downloaded: its "
        f"SHA-256 differs. {AGAIN}"
    )
    return [Finding("file_changed", Severity.ERROR, sentence, job.band)]
