"""Finished pieces as bytes, for a file that another computer reads: JSON and compressed blocks, no
code.

``FLtp``, length of the head, checksum of the head (CRC-32), the head, then the blocks and rests in
the head's order, each of which has its checksum there; numbers are little-endian.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..files.atomic import open_file
from .file_block import FileBlock
from .pieces import BlockIndex, Piece
from .statistics import BandStatistics

_FRAME = struct.Struct("<4sII")
_MARK = b"FLtp"
HARMED = "their checksum differs"
ReadAt = Callable[[int, int], bytes]
"""Bytes at an offset; fewer where there are no more."""
BlockAt = Callable[[int, int, int], "bytes | FileBlock"]
"""A block by its offset, size and checksum."""


def pack_pieces(layers: Sequence[Sequence[Piece]]) -> bytes:
    """The pieces of each layer of a tile as bytes."""
    parts: list[Any] = []
    heads = [[_head(piece, parts) for piece in pieces] for pieces in layers]
    text = json.dumps(heads).encode()
    return b"".join((_FRAME.pack(_MARK, len(text), zlib.crc32(text)), text, *parts))


def unpack_pieces(data: bytes) -> list[list[Piece]]:
    """The pieces of each layer, as they were packed.

    Raises
    ------
    ValueError
        If the bytes are not those that were packed.
    """

    def read(offset: int, size: int) -> bytes:
        return data[offset : offset + size]

    def block(offset: int, size: int, checksum: int) -> bytes:
        return _checked(read(offset, size), checksum)

    return _unpack(read, block, len(data))


def read_pieces(path: Path, later: Path) -> list[list[Piece]]:
    """The pieces in a file, whose blocks stay there until they are wanted; all else is read.

    Parameters
    ----------
    later : Path
        The name that the file will have by then.

    Raises
    ------
    ValueError
        If the file is not as it was written. Blocks are compared when they are wanted.
    OSError
        If it cannot be read.
    """

    def read(offset: int, size: int) -> bytes:
        file.seek(offset)
        data: bytes = file.read(size)
        return data

    def block(offset: int, size: int, checksum: int) -> FileBlock:
        return FileBlock(later, offset, size, checksum)

    with open_file(path, os.O_RDONLY) as file:
        return _unpack(read, block, os.fstat(file.fileno()).st_size)


def _unpack(read: ReadAt, block: BlockAt, length: int) -> list[list[Piece]]:
    frame = read(0, _FRAME.size)
    if len(frame) < _FRAME.size or frame[:4] != _MARK:
        raise ValueError("they are no pieces of a tile")
    _, size, checksum = _FRAME.unpack(frame)
    heads = json.loads(_checked(read(_FRAME.size, size), checksum))
    parts = _Parts(read, block, _FRAME.size + size)
    layers = [[_piece(head, parts) for head in pieces] for pieces in heads]
    if parts.at != length:
        raise ValueError(HARMED)
    return layers


def _checked(data: bytes, checksum: int) -> bytes:
    if zlib.crc32(data) != checksum:
        raise ValueError(HARMED)
    return data


class _Parts:
    """Takes the parts, one after the other."""

    def __init__(self, read: ReadAt, block: BlockAt, start: int) -> None:
        self._read, self._block, self.at = read, block, start

    def block(self, size: int, checksum: int) -> bytes | FileBlock:
        """The next one, a block."""
        self.at += size
        return self._block(self.at - size, size, checksum)

    def rest(
        self, shape: tuple[int, ...], dtype: str, size: int, checksum: int
    ) -> npt.NDArray[Any]:
        """The next one, a rest."""
        self.at += size
        data = _checked(self._read(self.at - size, size), checksum)
        return np.frombuffer(data, dtype).reshape(shape)


def _head(piece: Piece, parts: list[Any]) -> dict[str, Any]:
    """What a piece is; its bytes are added to ``parts``."""
    blocks = []
    for index, block in piece.blocks:
        data = block.read() if isinstance(block, FileBlock) else block
        parts.append(data)
        blocks.append((index, len(data), zlib.crc32(data)))
    rest = None
    if piece.rest is not None:
        whole = np.ascontiguousarray(piece.rest)
        parts.append(whole.data.cast("B"))
        rest = (whole.shape, whole.dtype.str, whole.nbytes, zlib.crc32(parts[-1]))
    return {
        "place": piece.place,
        "blocks": blocks,
        "rest": rest,
        "statistics": [astuple(one) for one in piece.statistics],
    }


def _piece(head: dict[str, Any], parts: _Parts) -> Piece:
    blocks: list[tuple[BlockIndex, bytes | FileBlock]] = []
    for (level, row, col), size, checksum in head["blocks"]:
        blocks.append(((level, row, col), parts.block(size, checksum)))
    rest = None if head["rest"] is None else parts.rest(*head["rest"])
    level, row, col = head["place"]
    statistics = tuple(BandStatistics(*_with_counts(one)) for one in head["statistics"])
    return Piece((level, row, col), tuple(blocks), rest, statistics)


def _with_counts(fields: list[Any]) -> list[Any]:
    """The fields of statistics; JSON knows no tuples, which the counts are."""
    return [*fields[:-1], tuple((code, count) for code, count in fields[-1])]
