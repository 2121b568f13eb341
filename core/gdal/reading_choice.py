"""Which of the two libraries reads rasters in this process: chosen once."""

from __future__ import annotations

import os
from functools import lru_cache
from importlib import import_module

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
        If the variable names another one, or rasterio where it cannot be loaded.
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
    try:
        import_module("rasterio")
    except ImportError as error:
        raise SettingsError(
            f"Environment {VARIABLE} cannot be {wanted}",
            f"rasterio cannot be imported ({error})",
            "Unset it: GDAL's own library reads the same.",
        ) from error
    from .reading_rasterio import RasterioReading

    return RasterioReading()
