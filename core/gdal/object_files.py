"""Small files in object storage: written, read and listed through GDAL's file systems.

Which account is used is GDAL's own affair, on each computer for itself: the environment
(``AWS_ACCESS_KEY_ID``, ``AWS_S3_ENDPOINT`` …), the provider's settings files, the computer's role.
https://gdal.org/en/stable/user/virtual_file_systems.html#network-based-file-systems
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from .environment import object_options, quiet_gdal
from .errors import messages_of

SCHEMES = {"s3://": "/vsis3/", "gs://": "/vsigs/", "az://": "/vsiaz/"}
"""How an address begins → GDAL's file system."""


def says_no(variable: str) -> bool:
    """Whether a variable of the environment is set to one of GDAL's words for no.

    https://gdal.org/en/stable/user/configoptions.html
    """
    return os.environ.get(variable, "").upper() in ("NO", "FALSE", "OFF", "0")


def object_folder(address: str) -> str | None:
    """GDAL's name of ``s3://bucket/prefix``; None where it is no such address."""
    for scheme, system in SCHEMES.items():
        if address.startswith(scheme) and address != scheme:
            return system + address[len(scheme) :].rstrip("/")
    return None


def forget(name: str) -> None:
    """Drop what GDAL remembers of a file elsewhere: it may be another one by now."""
    from osgeo import gdal

    gdal.VSICurlPartialClearCache(name)


def write_object(name: str, data: bytes) -> None:
    """Write an object; it is there whole or not at all.

    Raises
    ------
    OSError
        If the storage does not take it.
    """
    from osgeo import gdal

    with _quiet(name):
        file = gdal.VSIFOpenL(name, "wb")
        if file is None:
            raise RuntimeError("it cannot be opened for writing")
        # What was buffered is sent when the file is closed: that may fail, too.
        written = gdal.VSIFWriteL(data, 1, len(data), file) if data else 0
        if gdal.VSIFCloseL(file) or written != len(data):
            raise RuntimeError("it was not written whole")


def read_object(name: str) -> bytes:
    """All bytes of an object.

    Raises
    ------
    OSError
        If it is not there or cannot be read.
    """
    from osgeo import gdal

    with _quiet(name):
        gdal.VSICurlPartialClearCache(name)
        status = gdal.VSIStatL(name)
        file = None if status is None else gdal.VSIFOpenL(name, "rb")
        if file is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
        try:
            data = bytes(gdal.VSIFReadL(1, status.size, file) or b"") if status.size else b""
        finally:
            gdal.VSIFCloseL(file)
        if len(data) != status.size:
            raise RuntimeError("it ends too early")
        return data


def object_size(name: str) -> int:
    """Bytes of an object; -1 where it is not there."""
    from osgeo import gdal

    with _quiet(name):
        gdal.VSICurlPartialClearCache(name)
        status = gdal.VSIStatL(name)
    return -1 if status is None or status.IsDirectory() else int(status.size)


def list_objects(folder: str) -> list[str]:
    """Names of the objects, and of the folders, directly below a folder."""
    from osgeo import gdal

    with _quiet(folder):
        gdal.VSICurlPartialClearCache(folder)
        return [name.rstrip("/") for name in gdal.ReadDir(folder) or () if name not in (".", "..")]


def remove_objects(folder: str) -> None:
    """Remove everything below a folder.

    Raises
    ------
    OSError
        If something stays.
    """
    from osgeo import gdal

    names = [f"{folder}/{name}" for name in _everything_below(folder)]
    with _quiet(folder):
        for name in names:
            if gdal.Unlink(name):
                raise RuntimeError(f"{name} cannot be removed")


def _everything_below(folder: str) -> list[str]:
    from osgeo import gdal

    with _quiet(folder):
        gdal.VSICurlPartialClearCache(folder)
        names = gdal.ReadDirRecursive(folder) or ()
    return [name for name in names if not name.endswith("/")]


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """GDAL's messages as the reason of an OSError, without tokens."""
    with object_options(), quiet_gdal(2) as messages:
        try:
            yield
        except RuntimeError as error:
            told = messages or messages_of(error) or [str(error)]
            raise OSError(errno.EIO, told[-1].partition("?")[0], name) from error
