"""Finished pieces as bytes, for a file that another computer reads: JSON and compressed blocks, no
code.

``FLtp``, length of the head, checksum (CRC-32 of all that follows), the head, then the blocks and
rests in the head's order; numbers are little-endian.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from typing import Any

import numpy as np

from .pieces import Piece
from .statistics import BandStatistics

_FRAME = struct.Struct("<4sII")
_MARK = b"FLtp"


def pack_pieces(layers: Sequence[Sequence[Piece]]) -> bytes:
    """The pieces of each layer of a tile as bytes."""
    parts: list[Any] = []
    heads = [[_head(piece, parts) for piece in pieces] for pieces in layers]
    text = json.dumps(heads).encode()
    checksum = zlib.crc32(text)
    for part in parts:
        checksum = zlib.crc32(part, checksum)
    return b"".join((_FRAME.pack(_MARK, len(text), checksum), text, *parts))


def unpack_pieces(data: bytes) -> list[list[Piece]]:
    """The pieces of each layer, as they were packed.

    Raises
    ------
    ValueError
        If the bytes are not those that were packed.
    """
    if len(data) < _FRAME.size or data[:4] != _MARK:
        raise ValueError("they are no pieces of a tile")
    _, length, checksum = _FRAME.unpack_from(data)
    if zlib.crc32(memoryview(data)[_FRAME.size :]) != checksum:
        raise ValueError("their checksum differs")
    heads = json.loads(data[_FRAME.size : _FRAME.size + length])
    parts = _Parts(data, _FRAME.size + length)
    return [[_piece(head, parts) for head in pieces] for pieces in heads]


class _Parts:
    """Takes the parts from the bytes, one after the other."""

    def __init__(self, data: bytes, start: int) -> None:
        self.data, self.at = data, start

    def take(self, size: int) -> bytes:
        """The next ones."""
        self.at += size
        return self.data[self.at - size : self.at]


def _head(piece: Piece, parts: list[Any]) -> dict[str, Any]:
    """What a piece is; its bytes are added to ``parts``."""
    parts += [block for _, block in piece.blocks]
    rest = None
    if piece.rest is not None:
        whole = np.ascontiguousarray(piece.rest)
        parts.append(whole.data.cast("B"))
        rest = (whole.shape, whole.dtype.str)
    return {
        "place": piece.place,
        "blocks": [(index, len(block)) for index, block in piece.blocks],
        "rest": rest,
        "statistics": [astuple(one) for one in piece.statistics],
    }


def _piece(head: dict[str, Any], parts: _Parts) -> Piece:
    blocks = tuple(_blocks(head["blocks"], parts))
    rest = None
    if head["rest"] is not None:
        shape, dtype = head["rest"]
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        rest = np.frombuffer(parts.take(size), dtype).reshape(shape)
    level, row, col = head["place"]
    statistics = tuple(BandStatistics(*_with_counts(one)) for one in head["statistics"])
    return Piece((level, row, col), blocks, rest, statistics)


def _blocks(
    heads: Sequence[tuple[Sequence[int], int]], parts: _Parts
) -> Iterator[tuple[tuple[int, int, int], bytes]]:
    for (level, row, col), size in heads:
        yield (level, row, col), parts.take(size)


def _with_counts(fields: list[Any]) -> list[Any]:
    """The fields of statistics; JSON knows no tuples, which the counts are."""
    return [*fields[:-1], tuple((code, count) for code, count in fields[-1])]
