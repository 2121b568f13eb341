"""Overviews that suit each band: GDAL's drivers have one way for a whole file, and the mean of two
classes is a third one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import RasterError
from ..gdal.errors import checked, checked_code, gdal_errors
from ..raster.open_file import check_openable, open_checked

SMALLEST = 512
"""An overview is made as long as the one before has more rows or columns."""


def copy_with_overviews(source: Path, target: Path, methods: Sequence[str]) -> None:
    """Copy a raster into a plain tiled GeoTIFF with overviews, each band reduced in its own way.

    Parameters
    ----------
    source : Path
        Any raster.
    target : Path
        A scratch file, from which the final one is made.
    methods : sequence of str
        One for each band: ``average``, ``mode``, ``nearest``.

    Raises
    ------
    RasterError
        If it cannot be read or written.
    """
    from osgeo import gdal

    check_openable(source)
    what = f"Making the overviews of {source.name} failed"
    options = [
        "TILED=YES",
        "BLOCKXSIZE=512",
        "BLOCKYSIZE=512",
        "COMPRESS=ZSTD",
        "ZSTD_LEVEL=1",
        "BIGTIFF=IF_SAFER",
    ]
    with gdal_errors(lambda why: RasterError(what, why, "Is the disk full?")):
        dataset = open_checked(source)
        driver = gdal.GetDriverByName("GTiff")
        copy = checked(driver.CreateCopy(str(target), dataset, 1, options))
        factors = _factors(max(copy.RasterXSize, copy.RasterYSize))
        if factors:
            checked_code(copy.BuildOverviews("NONE", factors))
        for number, method in enumerate(methods, start=1):
            band = copy.GetRasterBand(number)
            for level in range(len(factors)):
                # one at a time, each from the full raster: means of means would not be means where
                # nodata is about
                checked_code(gdal.RegenerateOverview(band, band.GetOverview(level), method))
        copy.FlushCache()
        copy = dataset = None


def _factors(size: int) -> list[int]:
    factors: list[int] = []
    while size > SMALLEST:
        factors.append(2 ** (len(factors) + 1))
        size = -(-size // 2)
    return factors
