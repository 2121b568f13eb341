"""The blocks (tiles or strips) of a GeoTIFF as bytes: where they should lie, what they begin with,
whether they decode.

GDAL tells offset and size of each block, so no TIFF is parsed here. What GDAL does not tell is
whether the bytes are sound: it returns nodata for a block that is not there, and may return part of
a damaged DEFLATE block without a word.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from ..errors import RasterError
from ..gdal.errors import checked, checked_code, gdal_errors
from ..gdal.types import numpy_type
from .grid import Window

Pixels = npt.NDArray[Any]

DEFLATE = ("DEFLATE", "ADOBE_DEFLATE")
DECODED_AT_ONCE = 1 << 16
"""Bytes of a block: of a whole one, what it unpacks to would lie in memory once more."""


def _zlib_head(head: bytes) -> bool:
    # RFC 1950, 2.2: method 8, window at most 32 kB, and the two bytes as a number are a multiple of
    # 31
    return (
        len(head) > 1
        and head[0] & 15 == 8
        and head[0] >> 4 <= 7
        and (head[0] * 256 + head[1]) % 31 == 0
    )


def _lzw_head(head: bytes) -> bool:
    # TIFF 6.0, section 13: the first code is Clear (256), 9 bits, most significant first; old
    # writers: least first
    return len(head) > 1 and (
        (head[0] == 0x80 and head[1] < 0x80) or (head[0] == 0 and head[1] & 1 == 1)
    )


_HEADS: dict[str, Callable[[bytes], bool]] = {
    **dict.fromkeys(DEFLATE, _zlib_head),
    "LZW": _lzw_head,
    "ZSTD": lambda head: head.startswith(b"\x28\xb5\x2f\xfd"),  # RFC 8878, 3.1.1
    "LZMA": lambda head: head.startswith(b"\xfd7zXZ\0"),
    "JPEG": lambda head: head.startswith(b"\xff\xd8"),
    "WEBP": lambda head: head.startswith(b"RIFF"),
    "LERC": lambda head: head.startswith((b"Lerc2 ", b"CntZIm")),
}
"""Compression → whether a block may begin like this; others (none, PackBits …) have no mark to know
them by.
"""


@dataclass(frozen=True)
class Block:
    """One block of one level."""

    row: int
    """Of the table of blocks, from 0."""
    col: int
    level: int
    """0 = full size, 1 = first overview …"""
    band: int
    """From 1; 1 where one block holds all bands."""
    offset: int
    size_bytes: int
    """0 where the block is not in the file."""


@dataclass(frozen=True)
class Fault:
    """A fault of one block."""

    kind: str
    """``past_end``, ``missing``, ``bad_start``, ``bad_frame`` or ``undecodable``."""
    block: Block
    detail: str = ""


class TiffBlocks:
    """Looks at the blocks of one GeoTIFF; for one thread.

    Raises
    ------
    RasterError
        If GDAL cannot open it as a GeoTIFF.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size_bytes = path.stat().st_size
        from osgeo import gdal

        def failure(why: str) -> RasterError:
            return RasterError(f"The raster {path} cannot be opened", why, "Is it complete?")

        with _gdal_options(), gdal_errors(failure, first=True) as messages:
            flags = gdal.OF_RASTER | gdal.OF_READONLY
            self._dataset: Any = checked(gdal.OpenEx(os.fspath(path), flags, ["GTiff"]))
            self.open_messages = tuple(messages)
            """What GDAL complained of and opened the file all the same."""
        band = self._dataset.GetRasterBand(1)
        structure = self._dataset.GetMetadata("IMAGE_STRUCTURE")
        self.compression = str(structure.get("COMPRESSION", "NONE")).upper()
        self.shape = (self._dataset.RasterYSize, self._dataset.RasterXSize)
        block_cols, block_rows = band.GetBlockSize()
        self.block_shape = (int(block_rows), int(block_cols))
        self.overview_count = int(band.GetOverviewCount())
        self.nodata = band.GetNoDataValue()
        self.dtype = np.dtype(numpy_type(band.DataType))
        self.whole_bytes = band.GetMetadataItem("NBITS", "IMAGE_STRUCTURE") is None
        self.interleaved = structure.get("INTERLEAVE") == "PIXEL"
        """One block holds all bands."""
        self.band_count = int(self._dataset.RasterCount)
        self._file: BinaryIO = path.open("rb", buffering=0)
        ghost = self._file.read(600)  # the COG driver's announcement stands right behind the header
        self.has_leader = (
            b"BLOCK_LEADER=SIZE_AS_UINT4" in ghost
            and b"KNOWN_INCOMPATIBLE_EDITION=YES" not in ghost
        )
        self.has_trailer = self.has_leader and b"BLOCK_TRAILER=LAST_4_BYTES_REPEATED" in ghost

    def __enter__(self) -> TiffBlocks:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        self._dataset = None

    @property
    def block_bytes(self) -> int:
        """Bytes of one full-size block, decoded."""
        rows, cols = self.block_shape
        return rows * cols * int(self.dtype.itemsize) * (self.band_count if self.interleaved else 1)

    def blocks(self, with_overviews: bool = True) -> list[Block]:
        """All blocks as the file's tables list them."""
        blocks: list[Block] = []
        for number in range(1, 2 if self.interleaved else self.band_count + 1):
            band = self._dataset.GetRasterBand(number)
            levels = [band] + [
                band.GetOverview(k) for k in range(self.overview_count if with_overviews else 0)
            ]
            for level, one in enumerate(levels):
                if one is None:
                    continue
                cols, rows = one.GetBlockSize()
                for row in range(-(-one.YSize // rows)):
                    for col in range(-(-one.XSize // cols)):
                        offset = one.GetMetadataItem(f"BLOCK_OFFSET_{col}_{row}", "TIFF")
                        size = one.GetMetadataItem(f"BLOCK_SIZE_{col}_{row}", "TIFF")
                        blocks.append(
                            Block(row, col, level, number, int(offset or 0), int(size or 0))
                        )
        return blocks

    def window(self, block: Block) -> Window:
        """The pixels of a full-size block that lie inside the raster."""
        rows, cols = self.block_shape
        top, left = block.row * rows, block.col * cols
        return Window(top, left, min(rows, self.shape[0] - top), min(cols, self.shape[1] - left))

    def find_faults(self, blocks: list[Block]) -> Iterator[Fault]:
        """Faults that show without decoding: place, size, first bytes, and the COG driver's frame
        around each block.
        """
        known = _HEADS.get(self.compression)
        for block in blocks:
            if not block.size_bytes:
                yield Fault("missing", block)
                continue
            if block.offset + block.size_bytes > self.size_bytes:
                lacking = block.offset + block.size_bytes - self.size_bytes
                yield Fault(
                    "past_end", block, f"it ends {lacking} bytes behind the end of the file"
                )
                continue
            before = 4 if self.has_leader and block.offset >= 4 else 0
            self._file.seek(block.offset - before)
            head = self._file.read(before + 6)
            if known is not None and not known(head[before:]):
                yield Fault(
                    "bad_start",
                    block,
                    f"no {self.compression} data begins with {head[before:].hex(' ')}",
                )
                continue
            if before and int.from_bytes(head[:4], "little") != block.size_bytes:
                stated = int.from_bytes(head[:4], "little")
                yield Fault(
                    "bad_frame",
                    block,
                    f"the size before it is {stated} where {block.size_bytes} is listed",
                )
                continue
            if self.has_trailer and not self._has_sound_trailer(block):
                yield Fault("bad_frame", block, "its last four bytes are not repeated behind it")

    def _has_sound_trailer(self, block: Block) -> bool:
        self._file.seek(block.offset + block.size_bytes - 4)
        tail = self._file.read(8)
        return len(tail) < 8 or tail[:4] == tail[4:]  # the very last block may do without

    def looks_hollow(self, block: Block) -> bool:
        """Tell whether the middle of the block's bytes is nothing but zeros: a hint that wants
        :meth:`decode`, no proof.
        """
        if block.size_bytes < 64:
            return False
        self._file.seek(block.offset + block.size_bytes // 2)
        return not any(self._file.read(16))

    def decode(self, block: Block) -> Fault | None:
        """Decode a block strictly; None where it is sound.

        DEFLATE is checked by Python's zlib, which compares the Adler-32 sum and the length (RFC
        1950). Of other compressions GDAL's decoder is asked: LZW, PackBits and uncompressed blocks
        carry no sum, so changed bytes that still decode are not seen there.
        """
        if self.compression in DEFLATE:
            self._file.seek(block.offset)
            decoder = zlib.decompressobj()
            length, left = 0, block.size_bytes
            try:
                while left > 0 and (data := self._file.read(min(left, DECODED_AT_ONCE))):
                    left -= len(data)
                    length += len(decoder.decompress(data))
            except zlib.error as error:
                return Fault("undecodable", block, str(error))
            if not decoder.eof:
                return Fault("undecodable", block, "its data end too early")
            if block.level == 0 and self.whole_bytes and length not in self._lengths(block):
                return Fault(
                    "undecodable",
                    block,
                    f"it holds {length} bytes where {self.block_bytes} are needed",
                )
            return None
        try:
            self._read(block, None)
        except RasterError as error:
            return Fault("undecodable", block, error.why)
        return None

    def _lengths(self, block: Block) -> tuple[int, int]:
        """A tile is always whole; the last strip may have fewer rows."""
        return self.block_bytes, self.block_bytes * self.window(block).rows // self.block_shape[0]

    def pixels(self, block: Block) -> Pixels:
        """The block's pixels at full size, stored numbers, (rows, cols).

        Raises
        ------
        RasterError
            If GDAL cannot decode it, or complains while it does.
        """
        return self._read(block, None)

    def overview(self, block: Block, size: int) -> Pixels | None:
        """The same place as the overviews show it, at most ``size`` pixels a side; None where they
        show too little.

        Raises
        ------
        RasterError
            If the overview cannot be read.
        """
        part = self.window(block)
        widths = [
            self._dataset.GetRasterBand(block.band).GetOverview(k).XSize
            for k in range(self.overview_count)
        ]
        factors = [round(self.shape[1] / width) for width in widths if width]
        fitting = [factor for factor in factors if min(part.rows, part.cols) // factor >= 8]
        if not fitting:
            return None
        wanted = [factor for factor in fitting if max(part.rows, part.cols) // factor <= size] or [
            max(fitting)
        ]
        return self._read(block, (part.rows // min(wanted), part.cols // min(wanted)))

    def _read(self, block: Block, shape: tuple[int, int] | None) -> Pixels:
        band = self._dataset.GetRasterBand(block.band)

        def failure(why: str) -> RasterError:
            return RasterError(
                f"Reading a tile of {self.path} failed",
                why,
                "Is the file complete? ‘flight validate --depth deep’ tells.",
            )

        with _gdal_options(), gdal_errors(failure, first=True) as messages:
            if block.level:
                band = band.GetOverview(block.level - 1)
                cols, rows = band.GetBlockSize()
                left, top = block.col * cols, block.row * rows
                pixels: Pixels = checked(
                    band.ReadAsArray(
                        left, top, min(cols, band.XSize - left), min(rows, band.YSize - top)
                    )
                )
            else:
                part = self.window(block)
                rows, cols = shape or (part.rows, part.cols)
                pixels = checked(
                    band.ReadAsArray(
                        part.col, part.row, part.cols, part.rows, buf_xsize=cols, buf_ysize=rows
                    )
                )
            checked_code(len(messages))  # a warning, too, is of a tile that is not whole
        return pixels


@contextmanager
def _gdal_options() -> Iterator[None]:
    """No listing of the folder: it costs time, and a side file of another tool is no part of the
    band.
    """
    from osgeo import gdal

    name = "GDAL_DISABLE_READDIR_ON_OPEN"
    before = gdal.GetThreadLocalConfigOption(name)
    gdal.SetThreadLocalConfigOption(name, "EMPTY_DIR")
    try:
        yield
    finally:
        gdal.SetThreadLocalConfigOption(name, before)
