"""Which of the two libraries reads rasters in this process: chosen once."""

from __future__ import annotations

import os
from functools import lru_cache
from importlib.util import find_spec

from ..errors import SettingsError
from .reading import Reader, ReadingLibrary
from .reading_osgeo import OsgeoReading

VARIABLE = "FIRSTLIGHT_READER"


@lru_cache(maxsize=1)
def reading() -> ReadingLibrary:
    """The library of this process: GDAL's own, or the one that ``FIRSTLIGHT_READER`` names.

    Raises
    ------
    SettingsError
        If the variable names another one, or rasterio where there is none.
    """
    wanted = os.environ.get(VARIABLE, "")
    try:
        reader = Reader(wanted or Reader.OSGEO)
    except ValueError:
        raise SettingsError(
            f"Environment {VARIABLE} cannot be {wanted}",
            f"rasters are read by {' or '.join(Reader)}",
            "Take one of them, or unset it.",
        ) from None
    if reader is Reader.OSGEO:
        return OsgeoReading()
    if not _is_there("rasterio"):
        raise SettingsError(
            f"Environment {VARIABLE} cannot be {wanted}",
            "this Python has no rasterio",
            "Unset it: GDAL's own library reads the same.",
        )
    from .reading_rasterio import RasterioReading

    return RasterioReading()


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False
