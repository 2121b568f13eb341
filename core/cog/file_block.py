"""A compressed block that stays in the file in which another process has written it, until it is
copied to its place in the finished raster.
"""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from pathlib import Path

from ..files.atomic import open_file


@dataclass(frozen=True)
class FileBlock:
    """A range of bytes in a file, with their checksum."""

    path: Path
    offset: int
    size: int
    checksum: int
    """CRC-32."""

    def read(self) -> bytes:
        """The bytes.

        Raises
        ------
        OSError
            If they are not there, or are not those that were written.
        """
        with open_file(self.path, os.O_RDONLY) as file:
            file.seek(self.offset)
            data: bytes = file.read(self.size)
        if zlib.crc32(data) != self.checksum:  # fewer bytes have another checksum, too
            raise OSError(f"{self.path} was changed while it was in use")
        return data
