"""GDAL's process-wide switches, changed only for a while.

QGIS and other plugins share this process's GDAL, so options are set per thread and undone.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from ..text import public_url
from ..workers import is_own


@contextmanager
def quiet_gdal(least: int = 0) -> Iterator[list[str]]:
    """Collect GDAL's messages of this thread instead of printing them; yields the list they go to.

    Parameters
    ----------
    least : int
        The least class of message to keep: 2 warnings, 3 failures.
    """
    from osgeo import gdal

    messages: list[str] = []

    def keep(level: int, _number: int, text: str) -> None:
        if level >= least:
            messages.append(" ".join(text.split()))

    gdal.PushErrorHandler(keep)
    try:
        yield messages
    finally:
        gdal.PopErrorHandler()


def gdal_version() -> str:
    """Such as ``3.6.2``."""
    from osgeo import gdal

    return str(gdal.VersionInfo("RELEASE_NAME"))


READ_OPTIONS = {
    # headers, world files, masks and .aux.xml beside a file
    "GDAL_DISABLE_READDIR_ON_OPEN": "FALSE",
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    # Another plugin may have switched the check of certificates off for the whole process.
    "GDAL_HTTP_UNSAFESSL": "NO",
    # From 3.9 on GDAL warps what is asked for at once, and each window a little differently; block
    # by block, as before, a pixel is the same in every window (OSGeo/gdal pull request 9426).
    "GDAL_VRT_WARP_USE_DATASET_RASTERIO": "NO",
}
"""GDAL's options for whatever FirstLight reads on this computer."""
REMOTE_OPTIONS = {
    **READ_OPTIONS,
    # without it: dozens of requests for files that are not there
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
}
"""And of what it reads over HTTP."""
WHICH = "GDAL_DISABLE_READDIR_ON_OPEN"
"""The option in which the two differ."""
_thread = threading.local()
"""Its ``options``: those that a thread of FirstLight's keeps."""


@dataclass(frozen=True)
class RemoteOptions:
    """Options for reading a file over HTTP."""

    connect_timeout_s: float = 10.0
    read_timeout_s: float = 30.0
    url: str = field(default="", repr=False)
    """Where the file lies, with its token, if GDAL reads it at an address that says nothing."""
    has_login: bool = False
    """The file opens only for who has the login: no other program could."""
    trouble: Callable[[], str] = field(default=str, repr=False)
    """Why there was no answer, for a person; once, then empty."""

    def name(self, address: str) -> str:
        """What GDAL opens at an address, for a person: without a token."""
        return public_url(self.url) if self.url else address.partition("?")[0]

    def told(self, why: str, address: str) -> str:
        """GDAL's words of a failure at an address, or better ones, for a person."""
        return " ".join((self.trouble() or why).split()).replace(address, self.name(address))


def is_refused(why: str) -> bool:
    """Whether GDAL's words say that a server refused an address: then a fresh one may help."""
    return re.search(r"(response|error) code ?: ?(30\d|40[0135-9]|404|501)", why) is not None


@contextmanager
def remote_gdal(options: RemoteOptions) -> Iterator[None]:
    """Let ``osgeo.gdal`` of this thread read over HTTP, of loopback: few requests, bounded waits,
    no proxy.

    ``CPL_VSIL_CURL_USE_HEAD`` is never NO: then GDAL 3.6.2 fetches whole files (OSGeo/gdal #7150).
    """
    http = {
        **REMOTE_OPTIONS,
        "GDAL_HTTP_CONNECTTIMEOUT": str(max(1, round(options.connect_timeout_s))),
        "GDAL_HTTP_TIMEOUT": str(max(1, round(options.read_timeout_s))),
        "GDAL_HTTP_MAX_RETRY": "1",
        "GDAL_HTTP_RETRY_DELAY": "1",
        "CPL_VSIL_CURL_USE_HEAD": "YES",
        # Empty counts; where they are not set, those of QGIS, other plugins and the environment do.
        "GDAL_HTTP_PROXY": "",
        "GDAL_HTTP_HEADERS": "",
    }
    with _thread_options(http):
        yield


@contextmanager
def object_options() -> Iterator[None]:
    """Let ``osgeo.gdal`` of this thread write and read small objects: bounded waits, three tries.

    Whose account it is stays as the environment says.
    """
    options = {
        "GDAL_HTTP_CONNECTTIMEOUT": "10",
        "GDAL_HTTP_TIMEOUT": "120",
        "GDAL_HTTP_MAX_RETRY": "3",
        "GDAL_HTTP_RETRY_DELAY": "1",
        "GDAL_HTTP_UNSAFESSL": "NO",
        # Those of another plugin are for another server.
        "GDAL_HTTP_HEADERS": "",
    }
    with _thread_options(options):
        yield


@contextmanager
def local_gdal() -> Iterator[None]:
    """Let ``osgeo.gdal`` of this thread open files: their sidecars with them, no Python in VRTs."""
    with read_options():
        yield


@contextmanager
def read_options(remote: bool = False) -> Iterator[None]:
    """Give this thread the options for files on this computer, or for addresses.

    A thread of FirstLight's keeps them: to set and unset them for each window takes as long as to
    read a small one, for each call lets go of Python's lock.
    """
    options = REMOTE_OPTIONS if remote else READ_OPTIONS
    if not is_own():
        with _thread_options(options):
            yield
        return
    from osgeo import gdal

    before = getattr(_thread, "options", None)
    # rasterio takes away what it has set, and with that what was set before it.
    if before is options and gdal.GetThreadLocalConfigOption(WHICH) == options[WHICH]:
        yield
        return
    _set_options(options)
    try:
        yield
    finally:
        if before not in (None, options):  # within the other ones
            _set_options(before)


def _set_options(options: Mapping[str, str]) -> None:
    from osgeo import gdal

    _thread.options = options
    for name, value in options.items():
        gdal.SetThreadLocalConfigOption(name, value)


@contextmanager
def masks_inside() -> Iterator[None]:
    """Let ``osgeo.gdal`` of this thread write masks into a GeoTIFF, not to a file beside it."""
    with _thread_options({"GDAL_TIFF_INTERNAL_MASK": "YES"}):
        yield


@contextmanager
def _thread_options(options: Mapping[str, str]) -> Iterator[None]:
    from osgeo import gdal

    before = {name: gdal.GetThreadLocalConfigOption(name) for name in options}
    try:
        for name, value in options.items():
            gdal.SetThreadLocalConfigOption(name, value)
        yield
    finally:
        for name, known in before.items():
            gdal.SetThreadLocalConfigOption(name, known)
