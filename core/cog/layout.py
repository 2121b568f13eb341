"""The file format of a cloud-optimised GeoTIFF: header, directories, then blocks, the smallest
overview first.

GDAL writes the tags of a small file in memory (so that reference systems, names and colours are as
GDAL has them); they are put into new directories, one for each level, and the compressed blocks are
copied behind them as they are. Sources: TIFF 6.0;
https://www.awaresystems.be/imaging/tiff/bigtiff.html;
https://gdal.org/en/stable/drivers/raster/cog.html ("Header ghost area").
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BufferedWriter
from pathlib import Path

import numpy as np

from ..files.atomic import create_file

GHOST = (
    "LAYOUT=IFDS_BEFORE_DATA\n"
    "BLOCK_ORDER=ROW_MAJOR\n"
    "BLOCK_LEADER=SIZE_AS_UINT4\n"
    "BLOCK_TRAILER=LAST_4_BYTES_REPEATED\n"
    "KNOWN_INCOMPATIBLE_EDITION=NO\n "
)
"""What readers may rely on: each block has its size in 4 bytes before it, and its last 4 bytes once
more behind it.
"""
AROUND_BLOCK = 8
WRITE_BYTES = 1 << 20
CLASSIC_END = 2**32 - 2**16
"""Larger files need 64-bit offsets: BigTIFF."""
_SUBFILE, _WIDTH, _HEIGHT, _OFFSETS, _SIZES = 254, 256, 257, 324, 325
_MAIN_ONLY = {33550, 33922, 34264, 34735, 34736, 34737, 42112, 50844}
"""Georeference, metadata and RPCs: of the full resolution, overviews share them."""
_LONG, _LONG8 = 4, 16
_TYPE_SIZES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}


@dataclass(frozen=True)
class Tag:
    """One field of a TIFF directory."""

    kind: int
    """TIFF's number of its type."""
    count: int
    data: bytes
    """Little-endian."""


Tags = Mapping[int, Tag]


@dataclass(frozen=True)
class Level:
    """One resolution: its shape and the sizes of its compressed blocks, row by row."""

    shape: tuple[int, int]
    """(rows, cols) in pixels."""
    sizes: Sequence[int]


def read_tags(data: bytes) -> dict[int, Tag]:
    """The tags of the first directory of a little-endian BigTIFF."""
    start, count = struct.unpack_from("<Q", data, 8)[0], 0
    count = struct.unpack_from("<Q", data, start)[0]
    tags = {}
    for index in range(count):
        entry = start + 8 + 20 * index
        code, kind, number = struct.unpack_from("<HHQ", data, entry)
        size = _TYPE_SIZES[kind] * number
        offset = entry + 12 if size <= 8 else struct.unpack_from("<Q", data, entry + 12)[0]
        tags[code] = Tag(kind, number, data[offset : offset + size])
    return tags


def make_header(
    tags: Tags, levels: Sequence[Level], classic_end: int = CLASSIC_END
) -> tuple[bytes, list[list[int]]]:
    """Everything before the blocks, and each block's offset.

    Parameters
    ----------
    tags : mapping
        Of the full resolution; what differs between levels is replaced.
    levels : sequence of Level
        Full resolution first.
    classic_end : int
        Files that would be longer become BigTIFF.

    Returns
    -------
    (bytes, list of list of int)
        The header; for each level, its blocks' offsets, row by row.
    """
    length = sum(size + AROUND_BLOCK for level in levels for size in level.sizes)
    for big in (False, True):
        empty = [[0] * len(level.sizes) for level in levels]
        at = len(_directories(tags, levels, empty, big))
        if big or at + length <= classic_end:
            break
    offsets: list[list[int]] = []
    for level in reversed(levels):
        begins = (
            at
            + 4
            + np.concatenate(
                [[0], np.cumsum(np.asarray(level.sizes[:-1], np.int64) + AROUND_BLOCK)]
            )
        )
        offsets.insert(0, [int(one) for one in begins])
        at = offsets[0][-1] + level.sizes[-1] + 4
    return _directories(tags, levels, offsets, big), offsets


def write_file(
    path: Path, header: bytes, blocks: Iterator[bytes], go_on: Callable[[int], bool]
) -> bool:
    """Write header and blocks.

    Parameters
    ----------
    blocks : iterator of bytes
        In the order of the file: the smallest overview first.
    go_on : callable
        Gets the bytes of blocks written so far; False stops.

    Returns
    -------
    bool
        False where it was stopped.

    Raises
    ------
    OSError
        If the disk does not take it.
    """
    written = 0
    with BufferedWriter(create_file(path), WRITE_BYTES) as file:
        file.write(header)
        for block in blocks:
            for part in (struct.pack("<I", len(block)), block, block[-4:]):
                file.write(part)
            written += len(block)
            if not go_on(written):
                return False
    return True


def _directories(
    tags: Tags, levels: Sequence[Level], offsets: Sequence[Sequence[int]], big: bool
) -> bytes:
    ghost = f"GDAL_STRUCTURAL_METADATA_SIZE={len(GHOST):06d} bytes\n{GHOST}".encode()
    begin = 16 if big else 8
    first = begin + len(ghost)
    first += first % 2
    out = (
        struct.pack("<2sHHHQ", b"II", 43, 8, 0, first)
        if big
        else struct.pack("<2sHI", b"II", 42, first)
    )
    out = (out + ghost).ljust(first, b"\0")
    for number, (level, where) in enumerate(zip(levels, offsets)):
        own = {code: tag for code, tag in tags.items() if number == 0 or code not in _MAIN_ONLY}
        own[_SUBFILE] = _longs([1 if number else 0])
        own[_WIDTH], own[_HEIGHT] = _longs([level.shape[1]]), _longs([level.shape[0]])
        own[_OFFSETS], own[_SIZES] = _longs(where, big), _longs(level.sizes)
        out += _directory(own, len(out), big, last=number == len(levels) - 1)
    return out


def _directory(tags: Tags, start: int, big: bool, last: bool) -> bytes:
    """One directory and, behind it, the values that do not fit into it."""
    count, entry, pointer, room = ("<Q", "<HHQ", "<Q", 8) if big else ("<H", "<HHI", "<I", 4)
    at = start + struct.calcsize(count) + len(tags) * (struct.calcsize(entry) + room) + room
    entries, values = struct.pack(count, len(tags)), b""
    for code, tag in sorted(tags.items()):
        entries += struct.pack(entry, code, tag.kind, tag.count)
        if len(tag.data) <= room:
            entries += tag.data.ljust(room, b"\0")
        else:
            entries += struct.pack(pointer, at + len(values))
            values += tag.data + b"\0" * (len(tag.data) % 2)
    values += b"\0" * (len(values) % 2)
    return entries + struct.pack(pointer, 0 if last else at + len(values)) + values


def _longs(values: Sequence[int], wide: bool = False) -> Tag:
    return Tag(
        _LONG8 if wide else _LONG,
        len(values),
        np.asarray(values, "<u8" if wide else "<u4").tobytes(),
    )
