"""The layout's own arithmetic: directories, offsets, the switch to BigTIFF; GDAL's view of it is in
test_writer.py.
"""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from firstlight.core.cog.layout import (
    AROUND_BLOCK,
    GHOST,
    Level,
    Tag,
    make_header,
    read_tags,
    write_file,
)

TAGS = {
    256: Tag(3, 1, struct.pack("<H", 9)),
    258: Tag(3, 3, struct.pack("<3H", 8, 8, 8)),
    33550: Tag(12, 3, struct.pack("<3d", 10, 10, 0)),
    42112: Tag(2, 7, b"<xml/>\0"),
    42113: Tag(2, 2, b"0\0"),
}
LEVELS = [Level((900, 1000), [50, 60, 70, 80]), Level((450, 500), [11]), Level((225, 250), [7])]


def directories(header: bytes) -> list[set[int]]:
    """The codes of the tags of each directory of a classic TIFF."""
    found, at = [], struct.unpack_from("<I", header, 4)[0]
    while at:
        count = struct.unpack_from("<H", header, at)[0]
        codes = [struct.unpack_from("<H", header, at + 2 + 12 * n)[0] for n in range(count)]
        assert codes == sorted(codes)
        found.append(set(codes))
        at = struct.unpack_from("<I", header, at + 2 + 12 * count)[0]
    return found


def test_overviews_do_not_repeat_place_and_metadata() -> None:
    own = {254, 256, 257, 258, 324, 325, 42113}
    assert directories(make_header(TAGS, LEVELS)[0]) == [own | {33550, 42112}, own, own]


@pytest.mark.parametrize("classic_end", [2**32, 0])
def test_blocks_lie_where_the_header_says(tmp_path: Path, classic_end: int) -> None:
    header, offsets = make_header(TAGS, LEVELS, classic_end)
    blocks = [bytes([level + 1]) * size for level in (2, 1, 0) for size in LEVELS[level].sizes]
    assert write_file(tmp_path / "f", header, iter(blocks), lambda _: True)
    data = (tmp_path / "f").read_bytes()
    assert len(data) == len(header) + sum(len(block) + AROUND_BLOCK for block in blocks)
    assert GHOST.encode() in data[: len(header)]
    for number, (level, where) in enumerate(zip(LEVELS, offsets), start=1):
        for size, offset in zip(level.sizes, where):
            assert data[offset - 4 : offset + size + 4] == struct.pack("<I", size) + bytes(
                [number]
            ) * (size + 4)
    assert data[:4] == (b"II*\0" if classic_end else b"II+\0")


def test_a_file_is_bigtiff_from_the_first_byte_too_many() -> None:
    length = len(make_header(TAGS, LEVELS)[0]) + sum(
        size + AROUND_BLOCK for level in LEVELS for size in level.sizes
    )
    assert make_header(TAGS, LEVELS, length)[0][:4] == b"II*\0"
    assert make_header(TAGS, LEVELS, length - 1)[0][:4] == b"II+\0"


def test_offsets_beyond_four_gigabytes_are_kept() -> None:
    header, offsets = make_header(TAGS, [Level((9, 9), [4_000_000_000, 4_000_000_000, 5])])
    assert offsets[0][2] == len(header) + 8_000_000_000 + 2 * AROUND_BLOCK + 4
    tags = read_tags(header)
    assert struct.unpack("<3Q", tags[324].data) == tuple(offsets[0])
    assert struct.unpack("<3I", tags[325].data) == (4_000_000_000, 4_000_000_000, 5)
    assert tags[33550] == TAGS[33550]


def test_writing_stops_when_it_is_told_to(tmp_path: Path) -> None:
    seen: list[int] = []

    def go_on(written: int) -> bool:
        seen.append(written)
        return len(seen) < 2

    assert not write_file(tmp_path / "f", b"header", iter([b"12345"] * 9), go_on)
    assert seen == [5, 10]
