"""Is a band's file whole? Its blocks are looked at as bytes, before any pixel is believed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import Cancelled, RasterError
from ..files.checksum import sha256_of
from ..files.record import read_record
from ..raster.tiff_blocks import Block, Fault, Pixels, TiffBlocks
from ..raster.valid import find_missing
from ..types import Finding, Severity
from .jpeg2000 import is_jpeg2000, missing_end
from .tile_comparison import pixels_disagree

SAMPLED = 12
"""Tiles of a stack that the quick look decodes strictly, shared among its files."""
FEWEST = 2
"""The same, of one file."""
SUSPECTS = 16
"""Maximum number of odd-looking tiles to decode."""
EMPTY_SHARE = 0.005
"""A tile that packs better than this is constant or nearly so; textured imagery keeps a tenth and
more.
"""
OVERVIEW_PATCH = 64
AGAIN = "Remove it and download it again."


@dataclass(frozen=True)
class FileCheck:
    """Task of looking at one file's structure."""

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
                findings = _check_blocks(tiff, job, stopped)
        elif is_jpeg2000(job.path):
            findings = _check_end(job)
    except RasterError as error:
        findings = [Finding.error("unreadable", str(error), job.band)]
    except OSError as error:
        reason = error.strerror or str(error)
        sentence = f"The raster {job.path} cannot be read: {reason}. {AGAIN}"
        findings = [Finding.error("unreadable", sentence, job.band)]
    return [*findings, *(check_sum(job) if job.deep else ())]


def _check_end(job: FileCheck) -> list[Finding]:
    reason = missing_end(job.path)
    if not reason:
        return []
    sentence = f"The file {job.path.name} (band '{job.band}') is cut off: {reason}. {AGAIN}"
    return [Finding.error("file_truncated", sentence, job.band)]


def _is_tiff(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
    except OSError:
        return False


def _check_blocks(tiff: TiffBlocks, job: FileCheck, stopped: Callable[[], bool]) -> list[Finding]:
    blocks = tiff.blocks()
    faults = list(tiff.find_faults(blocks))
    absent = [fault.block for fault in faults if fault.kind == "missing"]
    faults = [fault for fault in faults if fault.kind != "missing"]
    stored = _without([block for block in blocks if block.size_bytes], faults)
    for block in _unless(stopped, _to_decode(tiff, stored, job)):
        fault = tiff.decode(block)
        faults += [fault] if fault is not None else []
    suspects = _without(_to_compare(tiff, stored, job), faults)
    differing = [block for block in _unless(stopped, suspects) if _differs(tiff, block)]
    return [
        *_describe_absent(tiff, absent, blocks, job),
        *_describe_cut(tiff, faults, blocks, job),
        *_describe_damaged(faults, job),
        *_describe_differing(differing, job),
    ]


def _unless(stopped: Callable[[], bool], blocks: Sequence[Block]) -> Iterator[Block]:
    """The blocks, one by one, as long as nobody stops."""
    for block in blocks:
        if stopped():
            raise Cancelled()
        yield block


def _without(blocks: Sequence[Block], faults: Sequence[Fault]) -> list[Block]:
    faulty = {fault.block for fault in faults}
    return [block for block in blocks if block not in faulty]


def _to_decode(tiff: TiffBlocks, stored: Sequence[Block], job: FileCheck) -> Sequence[Block]:
    """All stored blocks when deep, else a sample and some of those that look hollow."""
    if job.deep:
        return stored
    full = [block for block in stored if block.level == 0]
    hollow = [block for block in full if tiff.looks_hollow(block)]
    return list(dict.fromkeys([*_spread(full, job.sampled), *_spread(hollow, SUSPECTS)]))


def _to_compare(tiff: TiffBlocks, stored: Sequence[Block], job: FileCheck) -> Sequence[Block]:
    """Full-size blocks to hold against overviews: all when deep, else some that pack too well."""
    if job.is_class or tiff.interleaved or tiff.overview_count == 0:
        return []
    full = [block for block in stored if block.level == 0]
    if job.deep:
        return full
    return _spread([b for b in full if b.size_bytes < EMPTY_SHARE * tiff.block_bytes], SUSPECTS)


def _spread(blocks: Sequence[Block], count: int) -> list[Block]:
    """Some of the blocks, evenly by their offset in the file; the last one is always among them: it
    is cut off first.
    """
    if not blocks:
        return []
    ordered = sorted(blocks, key=lambda block: block.offset)
    count = min(count, len(ordered))
    indexes = np.linspace(len(ordered) - 1, 0, count + 1).astype(int)[:count]
    return [ordered[index] for index in dict.fromkeys(indexes.tolist())]


def _describe_cut(
    tiff: TiffBlocks, faults: Sequence[Fault], blocks: Sequence[Block], job: FileCheck
) -> list[Finding]:
    cut = [fault.block for fault in faults if fault.kind == "past_end"]
    if not cut:
        return []
    lacking = max(block.offset + block.size_bytes for block in cut) - tiff.size_bytes
    sentence = (
        f"The file {job.path.name} (band '{job.band}') is cut off: {len(cut)} of {len(blocks)} "
        f"tiles lie behind its end. At least {lacking} bytes are missing. {AGAIN}"
    )
    return [Finding.error("file_truncated", sentence, job.band, float(len(cut)), 0.0)]


def _describe_damaged(faults: Sequence[Fault], job: FileCheck) -> list[Finding]:
    damaged = [fault for fault in faults if fault.kind != "past_end"]
    if not damaged:
        return []
    positions = _positions([fault.block for fault in damaged])
    sentence = (
        f"{len(damaged)} tiles of {job.path.name} (band '{job.band}') are damaged: "
        f"{damaged[0].detail}. They lie at {positions}. {AGAIN}"
    )
    return [Finding.error("tile_damaged", sentence, job.band, float(len(damaged)), 0.0)]


def _describe_differing(differing: Sequence[Block], job: FileCheck) -> list[Finding]:
    if not differing:
        return []
    sentence = (
        f"{len(differing)} tiles of {job.path.name} (band '{job.band}') differ from its overviews. "
        f"They were overwritten or belong to another band: {_positions(differing)}. {AGAIN}"
    )
    return [Finding.error("tile_differs", sentence, job.band, float(len(differing)), 0.0)]


def _describe_absent(
    tiff: TiffBlocks, absent: Sequence[Block], blocks: Sequence[Block], job: FileCheck
) -> list[Finding]:
    """Absent tiles read as nodata. That is right at the margin of a scene, and wrong where data are
    known to be.
    """
    full = [block for block in absent if block.level == 0]
    if tiff.overview_count:
        holes = [block for block in full if _shows_data(tiff, block)]
        severity, proof = Severity.ERROR, "its overviews show data there"
    else:
        holes = _enclosed(full, [block for block in blocks if block.size_bytes])
        severity, proof = Severity.WARNING, "there are tiles on both sides of them"
    if not holes:
        return []
    sentence = (
        f"{len(holes)} tiles of {job.path.name} (band '{job.band}') are missing and read as "
        f"nodata. There should be some, since {proof}: {_positions(holes)}. {AGAIN}"
    )
    return [Finding("tiles_missing", severity, sentence, job.band, float(len(holes)), 0.0)]


def _enclosed(absent: Sequence[Block], stored: Sequence[Block]) -> list[Block]:
    """Absent blocks with stored ones on both sides in the row or the column: no footprint of a
    scene is like that.
    """
    cols: dict[tuple[int, int, int], list[int]] = {}
    rows: dict[tuple[int, int, int], list[int]] = {}
    for block in stored:
        cols.setdefault((block.band, block.level, block.row), []).append(block.col)
        rows.setdefault((block.band, block.level, block.col), []).append(block.row)

    def within(value: int, values: list[int] | None) -> bool:
        return values is not None and min(values) < value < max(values)

    return [
        block
        for block in absent
        if within(block.col, cols.get((block.band, block.level, block.row)))
        or within(block.row, rows.get((block.band, block.level, block.col)))
    ]


def _shows_data(tiff: TiffBlocks, block: Block) -> bool:
    patch = _overview(tiff, block)
    return patch is not None and bool(_valid(patch, tiff.nodata).any()) and float(patch.std()) > 0


def _overview(tiff: TiffBlocks, block: Block) -> Pixels | None:
    try:
        return tiff.overview(block, OVERVIEW_PATCH)
    except RasterError:  # damaged overviews are findings of their own
        return None


def _differs(tiff: TiffBlocks, block: Block) -> bool:
    """True if a tile and its overview disagree; both are read, so only for tiles that are
    suspected, or all when deep.
    """
    patch = _overview(tiff, block)
    if patch is None:
        return False
    try:
        pixels = tiff.pixels(block)
    except RasterError:  # it decodes strictly, GDAL cannot read it: the pixels' own check says so
        return False
    return pixels_disagree(pixels, patch, tiff.nodata)


def _valid(pixels: Pixels, nodata: float | None) -> Pixels:
    good: Pixels = ~find_missing(pixels, nodata)
    return good


def _positions(blocks: Sequence[Block]) -> str:
    names = [
        f"row {block.row} column {block.col}" + (f" of overview {block.level}" * bool(block.level))
        for block in blocks[:3]
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
    return [Finding.error("file_changed", sentence, job.band)]
