"""A file of finished pieces, appended as they come and read in any order: what has been computed
need not stay in memory.

The same file is the journal from which an interrupted run goes on: each record says what it is and
carries a checksum, so that whatever was cut short at its end is found and dropped.
"""

from __future__ import annotations

import json
import struct
import threading
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedRandom
from pathlib import Path
from typing import Any

from ..files.atomic import create_file, open_file

_FRAME = struct.Struct("<4sIQI")
_MARK = b"FLsp"


@dataclass(frozen=True)
class ByteRange:
    """A range of bytes in the spool."""

    offset: int
    size: int


@dataclass(frozen=True)
class Record:
    """One finished piece."""

    head: Mapping[str, Any]
    """What it is; JSON."""
    parts: tuple[ByteRange, ...]
    """Its bytes."""


class Spool:
    """Records in a file; safe to use from many threads.

    Parameters
    ----------
    path : Path
    key : str
        What the records belong to. Where the file holds records of the same key they are kept, else
        it begins anew. Empty: it always begins anew, and records get no checksums.

    Raises
    ------
    OSError
        If the disk does not take it.
    """

    def __init__(self, path: Path, key: str = "") -> None:
        self.path = path
        self.closed = False
        self._lock = threading.Lock()
        self._checked = bool(key)
        self.records: list[Record] = []
        """Those that were found in the file when it was opened."""
        self._end = 0
        self._file = self._open(key)
        # Cut where the last whole record ends.
        self._file.truncate(self._end)
        if key and not self._end:
            self.append({"key": key}, [])

    def _open(self, key: str) -> BufferedRandom:
        """The file of an earlier run where it is of use, else a new one."""
        if key and self.path.is_file():
            with suppress(OSError):  # a link, or a second name of another file
                file = BufferedRandom(open_file(self.path))
                self._end = self._recover(file, key)
                if self._end:
                    return file
                file.close()
        return BufferedRandom(create_file(self.path))

    def close(self) -> None:
        """Close the file; later appends are refused."""
        with self._lock:
            self.closed = True
            with suppress(OSError):  # what could not be written has been told by append
                self._file.close()

    def append(self, head: Mapping[str, Any], parts: Sequence[bytes | memoryview]) -> Record | None:
        """Add a record; None where the spool was closed meanwhile.

        Raises
        ------
        OSError
            If the disk does not take it.
        """
        sizes = [len(part) for part in parts]
        text = json.dumps([head, sizes]).encode()
        checksum = zlib.crc32(text)
        if self._checked:
            for part in parts:
                checksum = zlib.crc32(part, checksum)
        frame = _FRAME.pack(_MARK, len(text), sum(sizes), checksum)
        with self._lock:
            if self.closed:
                return None
            start = self._end
            self._file.seek(start)
            for piece in (frame, text, *parts):
                self._file.write(piece)
            self._file.flush()
            self._end = start + len(frame) + len(text) + sum(sizes)
        return Record(head, _ranges(start + len(frame) + len(text), sizes))

    def read(self, extent: ByteRange) -> bytes:
        """Bytes of a record.

        Raises
        ------
        OSError
            If they are not there.
        """
        with self._lock:
            self._file.seek(extent.offset)
            data: bytes = self._file.read(extent.size)
        if len(data) != extent.size:
            raise OSError(f"{self.path} was changed while it was in use")
        return data

    def _recover(self, file: BufferedRandom, key: str) -> int:
        """Collect the whole records from the start; returns where they end."""
        end = 0
        while len(frame := file.read(_FRAME.size)) == _FRAME.size:
            mark, length, size, checksum = _FRAME.unpack(frame)
            if mark != _MARK:
                break
            text = file.read(length)
            body = end + _FRAME.size + length
            seen = zlib.crc32(text)
            left = size
            while left and (piece := file.read(min(left, 1 << 22))):
                seen = zlib.crc32(piece, seen)
                left -= len(piece)
            if len(text) != length or left or seen != checksum:
                break
            head, sizes = json.loads(text)
            if not end and head != {"key": key}:
                return 0
            if end:
                self.records.append(Record(head, _ranges(body, sizes)))
            end = body + size
        return end


def _ranges(start: int, sizes: Sequence[int]) -> tuple[ByteRange, ...]:
    extents = []
    for size in sizes:
        extents.append(ByteRange(start, size))
        start += size
    return tuple(extents)
