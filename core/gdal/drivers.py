"""Formats in which a user's raster is opened.

GDAL tries every driver it has, those of web services among them, which are content with a text file
that names a server. Here it tries those that hold their pixels themselves, and VRTs, which are
looked into first.
"""

from __future__ import annotations

from typing import Any

from ..errors import RasterError
from .errors import checked, gdal_errors

READ_DRIVERS = (
    "VRT",
    # measured pixels as agencies and programs of remote sensing write them
    *("GTiff", "COG", "JP2OpenJPEG", "JP2KAK", "JP2ECW", "JP2MrSID", "JPEG2000"),
    # pixels with a header beside them; BEAM-DIMAP's bands are ENVI's
    *("ENVI", "EHdr", "ISCE", "ROI_PAC", "HFA", "PCIDSK", "RST", "SAGA", "ILWIS", "PCRaster"),
    *("netCDF", "HDF4", "HDF4Image", "HDF5", "HDF5Image", "BAG", "GRIB"),
    # heights
    *("AAIGrid", "GRASSASCIIGrid", "AIG", "XYZ", "SRTMHGT", "DTED", "USGSDEM", "GTX"),
    *("GSAG", "GSBG", "GS7BG", "BT", "NITF"),
)
"""Not among them: pictures (PNG, JPEG), and what names further files or servers (ERS, DIMAP)."""
HINT = "Is it a raster, and complete?"


def identify(name: str) -> str:
    """The driver that opens a file, by the file's first bytes.

    Parameters
    ----------
    name : str
        As GDAL names it.

    Raises
    ------
    RasterError
        If none of ``READ_DRIVERS`` does.
    """
    from osgeo import gdal

    def failure(why: str) -> RasterError:
        return RasterError(f"The raster {name} cannot be opened", why, HINT)

    with gdal_errors(failure):
        driver = gdal.IdentifyDriverEx(name, gdal.OF_RASTER, list(READ_DRIVERS))
        if driver is not None:
            return str(driver.ShortName)
        refuse_other_format(name)
        # Some drivers know their files only after they have opened them.
        return str(checked(open_dataset(name)).GetDriver().ShortName)


def refuse_other_format(name: str) -> None:
    """Refuse a file in a format that GDAL knows and FirstLight does not read.

    Raises
    ------
    RasterError
        Naming the format; a file that no driver knows at once is no matter here.
    """
    from osgeo import gdal

    driver = gdal.IdentifyDriverEx(name, gdal.OF_RASTER)
    if driver is not None and driver.ShortName not in READ_DRIVERS:
        raise RasterError(
            f"The raster {name} cannot be opened",
            f"its format, {driver.ShortName}, is not one that is read here",
            "Convert it to GeoTIFF (gdal_translate).",
        )


def open_dataset(name: str) -> Any:
    """A dataset of ``osgeo``, not shared; None where GDAL cannot open it."""
    from osgeo import gdal

    flags = gdal.OF_RASTER | gdal.OF_VERBOSE_ERROR
    return gdal.OpenEx(name, flags, allowed_drivers=list(READ_DRIVERS))
