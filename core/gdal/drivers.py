"""Formats in which a user's raster is opened.

GDAL tries every driver it has, those of web services among them, which are content with a text file
that names a server. Here it tries those that hold their pixels themselves, and VRTs, which are
looked into first.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import RasterError
from .containers import file_of
from .environment import quiet_gdal
from .errors import checked, gdal_errors
from .jpeg2000 import is_there, refuse_bomb

BAND_DRIVERS = ("GTiff", "COG", "JP2OpenJPEG", "JP2KAK", "JP2ECW", "JP2MrSID", "JPEG2000")
"""Formats in which agencies deliver bands. They hold their pixels themselves; a VRT, whatever its
name ends in, can name any file or URL.
"""
READ_DRIVERS = (
    "VRT",
    # measured pixels as agencies and programs of remote sensing write them
    *BAND_DRIVERS,
    # pixels with a header beside them; BEAM-DIMAP's bands are ENVI's
    *("ENVI", "EHdr", "ISCE", "ROI_PAC", "HFA", "RST", "SAGA", "PCRaster"),
    *("netCDF", "HDF4", "HDF4Image", "HDF5", "HDF5Image", "BAG", "GRIB"),
    # heights
    *("AAIGrid", "GRASSASCIIGrid", "AIG", "XYZ", "SRTMHGT", "DTED", "USGSDEM", "GTX"),
    *("GSAG", "GSBG", "GS7BG", "BT", "NITF"),
)
"""Not among them: pictures (PNG, JPEG), and what names further files or servers (ERS, DIMAP, ILWIS,
PCIDSK).
"""
SIDECAR_DRIVERS = ("GTiff", "HFA")
"""Formats in which GDAL writes overviews and masks beside a raster."""
AREA_DRIVERS = (
    *("GeoJSON", "GeoJSONSeq", "TopoJSON", "ESRIJSON", "GPKG", "ESRI Shapefile", "FlatGeobuf"),
    *("KML", "LIBKML", "GML", "GPX", "MapInfo File", "OpenFileGDB", "SQLite", "DXF", "Parquet"),
)
"""Formats of a user's vector files: those that hold their shapes themselves."""
CSV_COLUMNS = {
    "X": "lon,long,lng,longitude,x,lon_dd,decimallongitude",
    "Y": "lat,latitude,y,lat_dd,decimallatitude",
    "GEOM": "wkt,geom,geometry,the_geom",
}
"""Columns of a table of places; any case."""
LAYER_DRIVERS = {
    **dict.fromkeys((".tif", ".tiff"), ("GTiff", "COG")),
    ".gpkg": ("GPKG",),
    **dict.fromkeys((".geojson", ".json"), ("GeoJSON",)),
}
"""End of the name of a map → the formats it may be in."""
MARKS = {
    b"\x0e\x03\x13\x01": ("HDF4",),
    b"\x89HDF\r\n\x1a\n": ("netCDF", "HDF5"),
    b"CDF": ("netCDF",),
    b"GRIB": ("GRIB",),
}
"""First bytes of a container → drivers, one of which opens it; not every GDAL has them."""
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
        If none of ``READ_DRIVERS`` does, or decoding it would take all memory.
    """
    from osgeo import gdal

    refuse_bomb(name)

    def failure(why: str) -> RasterError:
        return RasterError(f"The raster {name} cannot be opened", why, HINT)

    with gdal_errors(failure):
        driver = gdal.IdentifyDriverEx(name, gdal.OF_RASTER, list(READ_DRIVERS))
        if driver is not None:
            return str(driver.ShortName)
        refuse_other_format(name)
        _refuse_missing_driver(name)
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


def _refuse_missing_driver(name: str) -> None:
    """Refuse a container whose driver this GDAL was built without.

    Raises
    ------
    RasterError
        Naming the driver.
    """
    from osgeo import gdal

    try:
        with file_of(Path(name)).open("rb") as file:
            start = file.read(8)
    except (OSError, ValueError):
        return
    needed = next((drivers for mark, drivers in MARKS.items() if start.startswith(mark)), ())
    if needed and not any(gdal.GetDriverByName(driver) for driver in needed):
        raise RasterError(
            f"The raster {name} cannot be opened",
            f"the GDAL of this QGIS has no driver for it ({' or '.join(needed)})",
            "Convert it to GeoTIFF elsewhere, or install a GDAL with that driver.",
        )


def refuse_unless(name: str, drivers: Sequence[str], vector: bool = False) -> None:
    """Refuse a file that GDAL would open with another driver than these, whatever its name says.

    Raises
    ------
    RasterError
        Naming the format.
    """
    from osgeo import gdal

    kind = gdal.OF_VECTOR if vector else gdal.OF_RASTER
    with quiet_gdal():
        try:
            driver = gdal.IdentifyDriverEx(name, kind)
        except RuntimeError:  # another plugin may have switched GDAL's exceptions on
            driver = None
    if driver is None or driver.ShortName not in drivers:
        found = "none that is known" if driver is None else driver.ShortName
        raise RasterError(
            f"The file {name} cannot be opened",
            f"its format is {found}, not {drivers[0]}",
            "Make it again.",
        )


def check_opened(dataset: Any, name: str) -> None:
    """Refuse a remote raster, opened and not yet read, whose own tags name overviews elsewhere.

    Raises
    ------
    RasterError
        Saying so.
    """
    if dataset is not None and dataset.GetMetadataItem("OVERVIEW_FILE", "OVERVIEWS"):
        raise RasterError(
            f"The raster {name} cannot be read",
            "its metadata would make GDAL open another file (OVERVIEW_FILE)",
            "Download it, and copy it without its metadata (gdal_translate -nomd).",
        )


def open_area(name: str) -> Any:
    """A vector dataset of ``osgeo``; None where none of ``AREA_DRIVERS`` opens it."""
    from osgeo import gdal

    return gdal.OpenEx(name, gdal.OF_VECTOR, allowed_drivers=list(AREA_DRIVERS))


def open_names(name: str) -> Any:
    """A vector dataset of ``osgeo`` or a table of places (CSV with longitudes and latitudes, or
    WKT); None where none of the formats opens it.
    """
    from osgeo import gdal

    if not name.lower().endswith((".csv", ".tsv")):
        return open_area(name)
    options = [f"{axis}_POSSIBLE_NAMES={names}" for axis, names in CSV_COLUMNS.items()]
    return gdal.OpenEx(name, gdal.OF_VECTOR, allowed_drivers=["CSV"], open_options=options)


def open_dataset(name: str) -> Any:
    """A dataset of ``osgeo``, not shared; None where GDAL cannot open it.

    Raises
    ------
    RasterError
        If decoding it would take all memory.
    """
    refuse_bomb(name)
    return _open(name, READ_DRIVERS)


def open_band(name: str, public: str) -> Any:
    """The same of a file elsewhere, in a format in which agencies deliver bands.

    Parameters
    ----------
    public : str
        Its name in sentences, without a token.

    Raises
    ------
    RasterError
        See :func:`open_dataset` and :func:`check_opened`.
    """
    dataset = None
    try:
        # First, since only this says what the server says, and a server that refuses is asked once.
        dataset = _open(name, BAND_DRIVERS[:2])
    except RuntimeError:  # another plugin may have switched GDAL's exceptions on
        if not is_there(name):
            raise
    if dataset is None and is_there(name):
        refuse_bomb(name, public)
        dataset = _open(name, BAND_DRIVERS[2:])
    check_opened(dataset, public)
    return dataset


def _open(name: str, drivers: Sequence[str]) -> Any:
    from osgeo import gdal

    flags = gdal.OF_RASTER | gdal.OF_VERBOSE_ERROR
    return gdal.OpenEx(name, flags, allowed_drivers=list(drivers))
