"""Neighbouring stacks of one pass as one raster: a VRT in which each pixel is a copy of one of
theirs.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import BandStackError
from ..gdal.errors import checked, checked_code, gdal_errors
from ..raster.reader import RasterFacts


def mosaic_stacks(stacks: Sequence[RasterFacts], output: Path) -> Path:
    """Put tiles of one satellite pass side by side; where two overlap, the first one counts where
    it has data.

    Parameters
    ----------
    stacks : sequence of RasterFacts
        With the same bands in the same order, in one coordinate system, on grids that fit into each
        other.
    output : Path
        The VRT to write; names, radiometry and tags are those of the first stack.

    Raises
    ------
    BandStackError
        If the bands differ, the grids do not fit, or it cannot be written.
    """
    from osgeo import gdal

    first = stacks[0]
    what = f"The scenes of one pass cannot be put together in {output.name}"
    names = [band.description for band in first.bands]
    for other in stacks[1:]:
        if [band.description for band in other.bands] != names:
            raise BandStackError(
                what, f"{other.path.name} and {first.path.name} have different bands"
            )
        if other.grid.crs != first.grid.crs or not _fits(other, first):
            raise BandStackError(
                what, f"{other.path.name} lies on another grid than {first.path.name}"
            )
    part = output.with_name(f"{output.stem}.part.vrt")  # GDAL goes by the name's end
    # The last one lies on top.
    sources = [os.fspath(one.path.resolve()) for one in reversed(stacks)]
    options = gdal.BuildVRTOptions(
        resolution="user", xRes=first.grid.resolution[0], yRes=first.grid.resolution[1]
    )
    try:
        with gdal_errors(lambda why: BandStackError(what, why)):
            made = checked(gdal.BuildVRT(os.fspath(part), sources, options=options))
            checked_code(made.RasterCount != len(names))
            _name_bands(made, os.fspath(first.path))
            made.FlushCache()
            made = None
        part.replace(output)
    except OSError as error:
        raise BandStackError(what, " ".join(str(error).split())) from error
    finally:
        part.unlink(missing_ok=True)
    return output


def _fits(one: RasterFacts, other: RasterFacts) -> bool:
    """Whether both grids have pixels of the same size and the same lines."""
    width, height = other.grid.resolution
    shift = (
        (one.grid.transform[2] - other.grid.transform[2]) / width,
        (one.grid.transform[5] - other.grid.transform[5]) / height,
    )
    return one.grid.resolution == other.grid.resolution and all(
        abs(v - round(v)) < 1e-6 for v in shift
    )


def _name_bands(made: Any, source: str) -> None:
    """What GDAL leaves out: descriptions, units, scales and tags."""
    from osgeo import gdal

    dataset = gdal.Open(source)
    made.SetMetadata(dataset.GetMetadata())
    for number in range(1, made.RasterCount + 1):
        band, like = made.GetRasterBand(number), dataset.GetRasterBand(number)
        band.SetDescription(like.GetDescription())
        # Not which file it is of: its pixels are of several.
        band.SetMetadata(
            {
                key: value
                for key, value in like.GetMetadata().items()
                if not key.startswith("source")
            }
        )
        band.SetUnitType(like.GetUnitType() or "")
        for set_value, value in (
            (band.SetScale, like.GetScale()),
            (band.SetOffset, like.GetOffset()),
        ):
            if value is not None:
                set_value(value)
