"""What it takes to decode a JPEG 2000, by its own header: a few hundred bytes can declare one tile
of a million pixels a side, for which the decoder then keeps gigabytes of books.

Source: ITU-T T.800, *JPEG 2000 core coding system*: A.4 (markers), A.5.1 (SIZ), A.6.1 and A.6.2
(COD, COC), B.3 to B.7 (tiles, resolutions, precincts, code-blocks), I.4 (boxes).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..errors import RasterError
from .containers import find_subdataset

SIGNATURE = b"\0\0\0\x0cjP  \r\n\x87\n"
CODESTREAM = b"\xff\x4f\xff\x51"
MOST_BYTES = 1 << 30
"""A tile of a Sentinel-2 scene takes 5 MB, a whole scene in one tile half a gigabyte."""
SAMPLE_BYTES, CODEBLOCK_BYTES, PRECINCT_BYTES, TILE_BYTES, COMPONENT_BYTES = 4, 400, 200, 9000, 1200
"""What OpenJPEG keeps for each of them; the last two as soon as it has read the header."""
WINDOW = 1024
"""GDAL reads a larger tile in squares of so many pixels."""
MOST_BOXES, MOST_MARKERS, MOST_PARTS = 4096, 4096, 1 << 17
SIZ, COD, COC, SOT, SOD = 0xFF51, 0xFF52, 0xFF53, 0xFF90, 0xFF93
Read = Callable[[int, int], bytes]
"""Offset, count → bytes of the file, fewer at its end."""


@dataclass(frozen=True)
class Style:
    """How a tile is cut up for coding: powers of two."""

    levels: int
    layers: int
    block: tuple[int, int]
    precincts: tuple[tuple[int, int], ...]
    """From the smallest resolution on; empty: one for each resolution."""

    def cost(self, width: int, height: int) -> int:
        """Bytes for the books of one component of a tile."""
        total, most = 0, 0
        for resolution in range(self.levels + 1):
            shrunk = self.levels - resolution
            size = (-(-width >> shrunk) or 1, -(-height >> shrunk) or 1)
            given = min(resolution, len(self.precincts) - 1)
            power = self.precincts[given] if self.precincts else (15, 15)
            precincts = _pieces(size, power)
            inner = (power[0] - (resolution > 0), power[1] - (resolution > 0))
            block = (min(self.block[0], max(inner[0], 0)), min(self.block[1], max(inner[1], 0)))
            total += precincts * PRECINCT_BYTES + _pieces(size, block) * CODEBLOCK_BYTES
            most = max(most, precincts)
        return total + 2 * (self.layers + 1) * (self.levels + 1) * most


def _pieces(size: tuple[int, int], power: tuple[int, int]) -> int:
    return -(-size[0] >> power[0]) * -(-size[1] >> power[1])


def refuse_bomb(name: str, shown: str = "") -> None:
    """Refuse a JPEG 2000 that takes gigabytes to open, or to read one pixel of.

    Parameters
    ----------
    name : str
        As GDAL names it; other files, and those that are not there, are no matter here.
    shown : str
        Its name in sentences; by default ``name``.

    Raises
    ------
    RasterError
        Saying what its header declares.
    """
    from osgeo import gdal

    remote = name.startswith("/vsi") and find_subdataset(name) is None
    file = _open(name)
    if file is None:
        return
    try:

        def read(offset: int, count: int) -> bytes:
            gdal.VSIFSeekL(file, offset, 0)
            return bytes(gdal.VSIFReadL(1, count, file) or b"")

        why = fault(read, remote)
    finally:
        _close(file)
    if why:
        raise RasterError(
            f"The raster {shown or name} cannot be opened",
            why,
            "Choose another scene, or have it rewritten in tiles.",
        )


def is_there(name: str) -> bool:
    """Whether a file can be opened, by GDAL's name; a server that was asked is not asked again."""
    file = _open(name)
    if file is not None:
        _close(file)
    return file is not None


def _open(name: str) -> Any:
    from osgeo import gdal

    try:
        return gdal.VSIFOpenL(name, "rb")
    except RuntimeError:  # another plugin may have switched GDAL's exceptions on
        return None


def _close(file: Any) -> None:
    from osgeo import gdal

    gdal.VSIFCloseL(file)


def fault(read: Read, remote: bool = False) -> str:
    """Why a JPEG 2000 is not to be decoded; empty where nothing speaks against it.

    Parameters
    ----------
    remote : bool
        The headers of single tiles, which lie all over the file, are left alone.
    """
    start = codestream_start(read)
    if start is None:
        return ""
    size, styles, end = _main_header(read, start)
    if size is None:
        return ""
    if not remote:
        styles += list(_tile_styles(read, end))
    return _judge(size, styles)


def codestream_start(read: Read) -> int | None:
    """Offset of the codestream; None where the file is no JPEG 2000."""
    head = read(0, 12)
    if head.startswith(CODESTREAM):
        return 0
    if head != SIGNATURE:
        return None
    offset = 12
    for _ in range(MOST_BOXES):
        box = read(offset, 16)
        if len(box) < 8:
            return None
        length, kind = int.from_bytes(box[:4], "big"), box[4:8]
        begin = 8
        if length == 1:
            length, begin = int.from_bytes(box[8:16], "big"), 16
        if kind == b"jp2c":
            return offset + begin
        if length < begin:
            return None
        offset += length
    return None


@dataclass(frozen=True)
class _Size:
    """Marker SIZ."""

    tile: tuple[int, int]
    tiles: int
    components: int


def _main_header(read: Read, start: int) -> tuple[_Size | None, list[Style], int]:
    """Sizes, styles, and where the first tile-part begins."""
    size, styles, end = None, [], start
    for marker, body, offset in _markers(read, start + 2):
        end = offset
        if marker == SIZ:
            size = _size(body)
        elif marker in (COD, COC):
            styles += _styles(marker, body, 0 if size is None else size.components)
    return size, styles, end


def _markers(read: Read, offset: int) -> Iterator[tuple[int, bytes, int]]:
    """Markers of a header with what they hold and where the next begins, up to the one that ends
    the header.
    """
    for _ in range(MOST_MARKERS):
        head = read(offset, 4)
        if len(head) < 4:
            return
        marker, length = struct.unpack(">HH", head)
        if marker in (SOT, SOD) or marker < 0xFF00 or length < 2:
            return
        body = read(offset + 4, length - 2) if marker in (SIZ, COD, COC) else b""
        offset += 2 + length
        yield marker, body, offset


def _size(body: bytes) -> _Size | None:
    if len(body) < 36:
        return None
    x1, y1, x0, y0, width, height, tx, ty, components = struct.unpack(">8I H", body[2:36])
    if not width or not height or x1 <= x0 or y1 <= y0:
        return None  # which its decoder refuses
    across, down = -(-(x1 - tx) // width), -(-(y1 - ty) // height)
    tile = (min(width, x1 - x0), min(height, y1 - y0))
    return _Size(tile, max(1, across * down), max(1, components))


def _styles(marker: int, body: bytes, components: int) -> list[Style]:
    """The style that a marker COD or COC describes, if it does."""
    if marker == COD:
        if len(body) < 10:
            return []
        flags, layers, rest = body[0], int.from_bytes(body[2:4], "big"), body[5:]
    else:
        body = body[1 if components < 257 else 2 :]
        flags, layers, rest = body[0] if body else 0, 1, body[1:]
    if len(rest) < 5:
        return []
    levels, block = min(rest[0], 32), ((rest[1] & 15) + 2, (rest[2] & 15) + 2)
    sizes = rest[5 : 6 + levels] if flags & 1 else b""
    return [Style(levels, layers, block, tuple((one & 15, one >> 4) for one in sizes))]


def _tile_styles(read: Read, offset: int) -> Iterator[Style]:
    """Styles that single tiles declare for themselves."""
    for _ in range(MOST_PARTS):
        head = read(offset, 12)
        if len(head) < 12 or head[:2] != b"\xff\x90":
            return
        length = int.from_bytes(head[6:10], "big")
        for marker, body, _end in _markers(read, offset + 12):
            yield from _styles(marker, body, 1) if marker in (COD, COC) else ()
        if length < 14:  # 0: to the end of the file
            return
        offset += length


def _judge(size: _Size, styles: list[Style]) -> str:
    width, height = size.tile
    window = min(width, WINDOW) * min(height, WINDOW) * SAMPLE_BYTES
    books = max((style.cost(width, height) for style in set(styles)), default=0)
    tiles = size.tiles * (TILE_BYTES + size.components * COMPONENT_BYTES)
    need = (window + books) * size.components + tiles
    if need <= MOST_BYTES:
        return ""
    return (
        f"to read a pixel of it takes about {need / 1e9:.3g} GB of memory: it declares "
        f"{size.tiles} tiles of {width} × {height} pixels in {size.components} bands"
    )
