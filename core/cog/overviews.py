"""Overviews that suit each band: GDAL's drivers have one way for a whole file, and the mean of two
classes is a third one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import RasterError
from ..raster.gdal_env import quiet_gdal

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

    what = f"Making the overviews of {source.name} failed"
    options = [
        "TILED=YES",
        "BLOCKXSIZE=512",
        "BLOCKYSIZE=512",
        "COMPRESS=ZSTD",
        "ZSTD_LEVEL=1",
        "BIGTIFF=IF_SAFER",
    ]
    done = False
    made: Any = None
    with quiet_gdal() as messages:
        try:
            dataset = gdal.Open(str(source))
            made = (
                gdal.GetDriverByName("GTiff").CreateCopy(str(target), dataset, 1, options)
                if dataset
                else None
            )
            factors = _factors(max(made.RasterXSize, made.RasterYSize)) if made else []
            done = made is not None and (not factors or made.BuildOverviews("NONE", factors) == 0)
            for number, method in enumerate(methods if done else (), start=1):
                band = made.GetRasterBand(number)
                for level in range(len(factors)):
                    # one at a time, each from the full raster: means of means would not be means
                    # where nodata is about
                    done = (
                        done and gdal.RegenerateOverview(band, band.GetOverview(level), method) == 0
                    )
            if made is not None:
                made.FlushCache()
        except RuntimeError as error:  # another plugin may have switched GDAL's exceptions on
            messages.append(" ".join(str(error).split()))
            done = False
        made = dataset = None
    if not done:
        raise RasterError(what, (messages or ["GDAL gave no reason"])[-1], "Is the disk full?")


def _factors(size: int) -> list[int]:
    factors: list[int] = []
    while size > SMALLEST:
        factors.append(2 ** (len(factors) + 1))
        size = -(-size // 2)
    return factors
