"""The one way by which a user's raster is opened: looked at first, then by a known driver."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import RasterError, ValidationError
from ..gdal.containers import file_of, gdal_name
from ..gdal.drivers import HINT, LAYER_DRIVERS, identify, open_dataset, refuse_unless
from ..gdal.errors import checked, gdal_errors
from .sidecars import check_member, check_metadata, check_sidecars
from .vrt_sources import check_is_file, check_is_raster, check_vrt_sources, is_vrt

VECTOR_SUFFIXES = (".geojson", ".json", ".gpkg")


def check_openable(path: Path) -> None:
    """Look at a raster's file, and at what it names, before GDAL does.

    Raises
    ------
    RasterError
        If it is not there, or text that poses as a raster, or in an archive that has no such file.
    ValidationError, VRTSourceNotFoundError
        If it is a VRT that names what is not there or not on this computer, or holds code; or a
        file beside it does.
    """
    file = file_of(path)
    try:
        check_is_file(file)
        check_is_raster(file)
    except ValidationError as error:
        raise RasterError(f"The raster {path} cannot be opened", error.why, error.hint) from error
    if is_vrt(file):
        check_vrt_sources(file)
    else:
        check_sidecars(file)
        check_member(path)
        check_metadata(path)


def check_map_file(path: Path) -> None:
    """Look at a file that is to be shown: a map as FirstLight writes them, by what is in it.

    Raises
    ------
    RasterError
        If it is not there, or in another format than its name says.
    ValidationError
        If it, or a file beside it, names other files.
    """
    check_is_file(path)
    drivers = LAYER_DRIVERS.get(path.suffix.lower(), ())
    vector = path.suffix.lower() in VECTOR_SUFFIXES
    refuse_unless(str(path), drivers or ("GTiff",), vector)
    if not vector:
        check_openable(path)


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


@contextmanager
def rasterio_errors(path: Path) -> Iterator[None]:
    """Name what rasterio, or GDAL below it, says of an opened raster.

    Raises
    ------
    RasterError
        Of a header that is damaged.
    """
    import rasterio
    from rasterio._err import CPLE_BaseError  # which is no RasterioError

    try:
        yield
    except (rasterio.errors.RasterioError, CPLE_BaseError, OSError) as error:
        raise RasterError(f"The raster {path} cannot be read", reason_of(error), HINT) from error


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
