"""The one way by which a user's raster is opened: looked at first, then by a known driver."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import RasterError, ValidationError
from ..gdal.containers import file_of, gdal_name
from ..gdal.drivers import HINT, identify, open_dataset
from ..gdal.errors import checked, gdal_errors
from .sidecars import check_sidecars
from .vrt_sources import check_is_raster, check_vrt_sources, is_vrt


def check_openable(path: Path) -> None:
    """Look at a raster's file, and at what it names, before GDAL does.

    Raises
    ------
    RasterError
        If it is not there, or text that poses as a raster.
    ValidationError, VRTSourceNotFoundError
        If it is a VRT that names what is not there or not on this computer, or holds code; or a
        file beside it does.
    """
    file = file_of(path)
    if not _is_there(file):
        raise RasterError(f"The raster {path} cannot be opened", "it does not exist")
    try:
        check_is_raster(file)
    except ValidationError as error:
        raise RasterError(f"The raster {path} cannot be opened", error.why, error.hint) from error
    if is_vrt(file):
        check_vrt_sources(file)
    else:
        check_sidecars(file)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that no file can have
        return False


def open_with_rasterio(path: Path) -> Any:
    """A dataset of rasterio, to be closed by the caller.

    Raises
    ------
    RasterError
        If it cannot be opened.
    """
    import rasterio

    name = gdal_name(path)
    try:
        return rasterio.open(name, driver=identify(name), sharing=False)
    # RasterioIOError is an OSError only, in rasterio 1.3
    except (rasterio.errors.RasterioError, OSError) as error:
        raise RasterError(f"The raster {path} cannot be opened", reason_of(error), HINT) from error


def open_checked(path: Path) -> Any:
    """A dataset of ``osgeo``, not shared.

    Raises
    ------
    RasterError
        If it cannot be opened.
    """

    def failure(why: str) -> RasterError:
        return RasterError(f"The raster {path} cannot be opened", why, HINT)

    with gdal_errors(failure):
        return checked(open_dataset(gdal_name(path)))


def reason_of(error: Exception) -> str:
    """The reason in an error of rasterio or the system, in one line."""
    text = getattr(error, "strerror", None) or str(error)
    return " ".join(text.split()) or type(error).__name__
