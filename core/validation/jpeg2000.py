"""Is a JPEG 2000 file whole? Its decoder draws what is there of a file that was cut off, and says
nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from ..gdal.jpeg2000 import CODESTREAM, SIGNATURE

END = b"\xff\xd9"
"""The marker that ends a codestream: ITU-T T.800, A.4.4."""


def is_jpeg2000(path: Path) -> bool:
    """Tell whether the file begins like a JP2 file or a bare codestream."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError:
        return False
    return head.startswith((SIGNATURE, CODESTREAM))


def missing_end(path: Path) -> str:
    """The sign that the file was cut off; empty where its codestream is whole from box to end
    marker.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        end = size
        if file.read(12) == SIGNATURE:
            stop = _codestream_end(file, size)
            if stop is None:
                return "it holds no codestream"
            end = stop
        if end > size:
            return f"{end - size} bytes are missing"
        file.seek(end - 2)
        return "" if file.read(2) == END else "its codestream has no end marker"


def _codestream_end(file: BinaryIO, size: int) -> int | None:
    """The offset at which the codestream's box ends: ITU-T T.800, I.4 (length, type; 1 = length of
    8 bytes, 0 = to the end).
    """
    offset = 12
    while offset + 8 <= size:
        file.seek(offset)
        head = file.read(16)
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if kind == b"jp2c":
            return offset + length if length else size
        if length < 8:
            return None
        offset += length
    return None
