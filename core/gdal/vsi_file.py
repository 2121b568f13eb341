"""A file of GDAL's file systems as a file of Python, for libraries that read one."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from .environment import quiet_gdal
from .errors import messages_of


class VsiFile(io.RawIOBase):
    """Reads a file through GDAL, at any place of it.

    Parameters
    ----------
    name : str
        As GDAL names it: ``/vsicurl/…``, ``/vsis3/…``.
    options : callable
        Makes the surroundings in which GDAL reads it, of whatever thread asks: its options are a
        thread's own.
    told : callable
        GDAL's words of a failure → those for a person.

    Raises
    ------
    OSError
        If it is not there; later, if it cannot be read.
    """

    def __init__(
        self,
        name: str,
        options: Callable[[], AbstractContextManager[Any]],
        told: Callable[[str], str] = str,
    ) -> None:
        super().__init__()
        self._name, self._options, self._told = name, options, told
        self._file: Any = None
        self._place: int = 0
        self._size: int = self._do(self._open)

    def _open(self) -> int:
        from osgeo import gdal

        self._file = gdal.VSIFOpenL(self._name, "rb")
        if self._file is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self._name)
        gdal.VSIFSeekL(self._file, 0, os.SEEK_END)
        return int(gdal.VSIFTellL(self._file))

    def _do(self, work: Callable[[], Any]) -> Any:
        with self._options(), quiet_gdal(2) as messages:
            try:
                return work()
            except (OSError, RuntimeError) as error:
                said = [str(error)] if isinstance(error, OSError) else messages_of(error)
                told = [*messages, *said] or [type(error).__name__]
                raise OSError(errno.EIO, self._told(told[0]), self._name) from error

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._place

    def seek(self, place: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place of it."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        self._place = max(0, base + place)
        return self._place

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer, as far as the file goes."""
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), self._size - self._place)
        if wanted <= 0:
            return 0
        data = self._do(lambda: self._read(wanted))
        view[:wanted] = data
        self._place += wanted
        return wanted

    def _read(self, count: int) -> bytes:
        from osgeo import gdal

        gdal.VSIFSeekL(self._file, self._place, os.SEEK_SET)
        data = bytes(gdal.VSIFReadL(1, count, self._file) or b"")
        if len(data) != count:
            raise RuntimeError("it ends too early")
        return data

    def close(self) -> None:
        """Let go of it."""
        if self._file is not None:
            from osgeo import gdal

            file, self._file = self._file, None
            with quiet_gdal():
                gdal.VSIFCloseL(file)
        super().close()
