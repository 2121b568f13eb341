"""Which of the two libraries reads rasters in this process: chosen once."""

from __future__ import annotations

import os
from functools import lru_cache

from ..errors import SettingsError
from ..installation.shared_gdal import rasterio_shares_gdal
from .reading import Reader, ReadingLibrary
from .reading_osgeo import OsgeoReading
from .reading_rasterio import RasterioReading

VARIABLE = "FIRSTLIGHT_READER"


@lru_cache(maxsize=1)
def reading() -> ReadingLibrary:
    """The library of this process: the one that ``FIRSTLIGHT_READER`` names, else rasterio where it
    uses the GDAL of ``osgeo``.

    Raises
    ------
    SettingsError
        If the variable names another one.
    """
    wanted = os.environ.get(VARIABLE, "")
    try:
        reader = Reader(wanted) if wanted else _fitting()
    except ValueError:
        raise SettingsError(
            f"Environment {VARIABLE} cannot be {wanted}",
            f"rasters are read by {' or '.join(Reader)}",
            "Take one of them, or unset it.",
        ) from None
    if reader is Reader.RASTERIO:
        return RasterioReading()
    return OsgeoReading()


def _fitting() -> Reader:
    return Reader.RASTERIO if rasterio_shares_gdal() else Reader.OSGEO
