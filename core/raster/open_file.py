"""The one way by which a user's raster is opened: looked at first, then by a known driver."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import RasterError, ValidationError
from ..files.chunk_folder import chunk_files
from ..files.file_state import States
from ..gdal.containers import file_of, gdal_name
from ..gdal.drivers import HINT, LAYER_DRIVERS, identify, open_dataset, refuse_unless
from ..gdal.errors import checked, gdal_errors
from ..gdal.reading import OpenRaster
from ..gdal.reading_choice import reading
from .vrt_sources import (
    check_is_file,
    check_is_raster,
    check_pixel_file,
    check_vrt_sources,
    is_vrt,
)

VECTOR_SUFFIXES = (".geojson", ".json", ".gpkg")


def check_openable(path: Path) -> States:
    """Look at a raster's file, and at what it names, before GDAL does.

    Returns
    -------
    mapping of Path to FileState
        The states of all that was looked at, before it was.

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
        return check_vrt_sources(file).states
    return check_pixel_file(path)


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


def check_chunks(vrt: Path) -> None:
    """Look at a VRT before it is shown as a layer in chunks.

    Raises
    ------
    ValidationError, VRTSourceNotFoundError
        If it shows anything but its own chunks, or one of them is missing; or a file beside it
        names other files.
    """
    shown = check_vrt_sources(vrt).files
    if not shown or not {path.resolve() for path in shown} <= {
        path.resolve() for path in chunk_files(vrt)
    }:
        raise ValidationError(
            f"{vrt} is not shown", "it shows other files than its own chunks", "Make it again."
        )


@contextmanager
def open_described(path: Path) -> Iterator[OpenRaster]:
    """A raster whose header can be read, until the block ends.

    Raises
    ------
    RasterError
        If it cannot be opened, or its header is damaged.
    """
    name, library = gdal_name(path), reading()
    driver = identify(name)
    with library.errors(lambda why: RasterError(f"The raster {path} cannot be opened", why, HINT)):
        raster = library.open(name, driver)
    with (
        raster,
        library.errors(lambda why: RasterError(f"The raster {path} cannot be read", why, HINT)),
    ):
        yield raster


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
