"""GDAL's process-wide switches, changed only for a while.

QGIS and other plugins share this process's GDAL, so options are set per thread and undone.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field


class _NoQueries(logging.Filter):
    """Cuts the query off the addresses in rasterio's log: it may hold a token."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = re.sub(r"(https?://[^\s?'`\"]+)\?[^\s'`\"]+", r"\1", record.getMessage()), ()
        return True


_NO_QUERIES = _NoQueries()


@contextmanager
def quiet_gdal() -> Iterator[list[str]]:
    """Collect GDAL's messages of this thread instead of printing them; yields the list they go to."""
    from osgeo import gdal

    messages: list[str] = []

    def keep(_level: int, _number: int, text: str) -> None:
        messages.append(" ".join(text.split()))

    gdal.PushErrorHandler(keep)
    try:
        yield messages
    finally:
        gdal.PopErrorHandler()


def rasterio_env() -> object:
    """A ``rasterio.Env`` for this thread: no folder listing, no Python in VRTs, a bounded block cache.

    GDAL_CACHEMAX is process-wide and belongs to QGIS, so it is left alone.
    """
    import rasterio

    return rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR", GDAL_VRT_ENABLE_PYTHON="NO")


@dataclass(frozen=True)
class RemoteOptions:
    """How to reach a file over HTTP."""

    connect_timeout_s: float = 10.0
    read_timeout_s: float = 30.0
    proxy: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def remote_env(options: RemoteOptions) -> object:
    """A ``rasterio.Env`` for this thread for reading over HTTP: few requests, bounded waits, the user's proxy.

    ``CPL_VSIL_CURL_USE_HEAD`` stays as it is: with GDAL 3.6.2, NO makes it fetch whole files (OSGeo/gdal #7150).
    """
    import rasterio

    words = {
        "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",  # without it: dozens of requests for files that are not there
        "GDAL_VRT_ENABLE_PYTHON": "NO",
        "GDAL_HTTP_CONNECTTIMEOUT": str(max(1, round(options.connect_timeout_s))),
        "GDAL_HTTP_TIMEOUT": str(max(1, round(options.read_timeout_s))),
        "GDAL_HTTP_MAX_RETRY": "1",
        "GDAL_HTTP_RETRY_DELAY": "1",
    }
    if options.proxy:
        words["GDAL_HTTP_PROXY"] = options.proxy
    if options.headers:
        words["GDAL_HTTP_HEADERS"] = "\r\n".join(f"{name}: {value}" for name, value in options.headers.items())
    for name in ("rasterio._env", "rasterio._base", "rasterio._io"):
        logging.getLogger(name).addFilter(_NO_QUERIES)  # the same one again is not added
    return rasterio.Env(**words)
