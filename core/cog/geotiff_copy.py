"""Copy a raster that is there already into a GeoTIFF by GDAL's own drivers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import Cancelled, FirstLightError, RasterError
from ..files.atomic import WriteFailure, whole_file
from ..gdal.errors import checked, gdal_errors
from ..gdal.types import has_fractions
from ..raster.facts import check_raster
from ..raster.open_file import check_openable, open_checked
from .raster_spec import BLOCK

COMPRESSIONS = ("zstd", "deflate", "lzw", "none")
"""All of them without loss."""


@dataclass(frozen=True)
class TiffLayout:
    """Layout of a GeoTIFF's pixels in the file."""

    compress: str = "zstd"
    """One of ``COMPRESSIONS``."""
    tiled: bool = True
    """False: in strips, and then no cloud-optimised one."""

    def driver(self) -> str:
        """GDAL's driver that writes it."""
        return "COG" if self.tiled else "GTiff"

    def options(self, floating: bool, resampling: str) -> list[str]:
        """For GDAL's ``CreateCopy``."""
        options = [f"COMPRESS={self.compress.upper()}", "NUM_THREADS=ALL_CPUS", "BIGTIFF=IF_SAFER"]
        if self.compress == "zstd":
            # The drivers' own default is level 9: as slow as DEFLATE for one or two percent of
            # size.
            options.append("LEVEL=1" if self.tiled else "ZSTD_LEVEL=1")
        if self.tiled:
            options += [f"BLOCKSIZE={BLOCK}", f"OVERVIEW_RESAMPLING={resampling}"]
        else:
            options += ["TILED=NO", "COPY_SRC_OVERVIEWS=YES"]
        if self.compress != "none":
            number, name = ("3", "FLOATING_POINT") if floating else ("2", "STANDARD")
            options.append(f"PREDICTOR={name if self.tiled else number}")
        return options


COG = TiffLayout()


def copy_to_cog(
    source: Path,
    target: Path,
    resampling: str = "AVERAGE",
    on_progress: Callable[[float], bool] = lambda _: True,
    layout: TiffLayout = COG,
) -> None:
    """Copy any raster into a COG, which is there whole or not at all.

    Raises
    ------
    Cancelled
        If ``on_progress`` returned False.
    RasterError, DiskFullError
        If it cannot be read or written.
    """
    failure = WriteFailure(f"Writing {target} failed", "Choose another name.")
    with whole_file(target, failure) as part:
        try:
            _copy(source, part, failure.what, resampling, on_progress, layout)
            # GDAL writes its last blocks when it closes, and tells nobody if the disk had no room
            # for them.
            check_raster(part)
        except RasterError as error:
            raise RasterError(failure.what, error.why, "Is the disk full?") from error


def _copy(
    source: Path,
    part: Path,
    what: str,
    resampling: str,
    on_progress: Callable[[float], bool],
    layout: TiffLayout,
) -> None:
    from osgeo import gdal

    check_openable(source)
    stopped = False

    def progress(fraction: float, _message: str, _data: object) -> int:
        nonlocal stopped
        stopped = stopped or not on_progress(fraction)
        return 0 if stopped else 1

    def failure(why: str) -> FirstLightError:
        return (
            Cancelled(f"Writing {part.stem}")
            if stopped
            else RasterError(what, why, "Is there room on the disk, and is the source whole?")
        )

    with gdal_errors(failure):
        dataset = open_checked(source)
        floating = has_fractions(dataset.GetRasterBand(1).DataType)
        options = layout.options(floating, resampling)
        driver = gdal.GetDriverByName(layout.driver())
        copy = checked(driver.CreateCopy(str(part), dataset, 1, options, callback=progress))
        copy.FlushCache()
        copy = dataset = None
    if stopped:
        raise Cancelled(f"Writing {part.stem}")
