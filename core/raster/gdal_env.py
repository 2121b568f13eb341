"""GDAL's process-wide switches, changed only for a while.

QGIS and other plugins share this process's GDAL, so options are set per thread and undone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


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
