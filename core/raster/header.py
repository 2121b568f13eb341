"""Facts that a file states of a band in its header, to be weighed against a catalogue's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import RasterError
from ..gdal.environment import quiet_gdal
from ..gdal.errors import gdal_errors
from ..gdal.types import numpy_type
from .open_file import open_checked
from .valid import is_masked


@dataclass(frozen=True)
class Header:
    """Facts that a file states of one of its bands."""

    dtype: str
    """As numpy calls it."""
    scale: float = 1.0
    offset: float = 0.0
    nodata: float | None = None
    unit: str = ""
    count: int = 1
    """Bands in the file that are no transparency of the others."""
    masked: bool = False
    """A mask or an alpha band says where the band has nothing."""

    @property
    def states_scaling(self) -> bool:
        """True where scale or offset differ from what every file has."""
        return (self.scale, self.offset) != (1.0, 0.0)


def dataset_header(dataset: Any, index: int = 1) -> Header:
    """The header of a band of an opened GDAL dataset."""
    from osgeo import gdal

    bands = [dataset.GetRasterBand(number + 1) for number in range(dataset.RasterCount)]
    own = bands[index - 1]
    scale, offset = own.GetScale(), own.GetOffset()
    return Header(
        dtype=numpy_type(own.DataType),
        scale=1.0 if scale is None else float(scale),
        offset=0.0 if offset is None else float(offset),
        nodata=own.GetNoDataValue(),
        unit=own.GetUnitType() or "",
        count=sum(band.GetColorInterpretation() != gdal.GCI_AlphaBand for band in bands),
        masked=is_masked(own.GetMaskFlags()),
    )


def read_header(path: Path, index: int = 1) -> Header:
    """The header of a band of a file on the disk.

    Raises
    ------
    RasterError
        If it cannot be opened, or has no such band.
    """
    failure = f"Reading the header of {path.name} failed"
    with quiet_gdal(), gdal_errors(lambda why: RasterError(failure, why, "Is the file complete?")):
        dataset = open_checked(path)
        if index > dataset.RasterCount:
            raise RasterError(
                failure,
                f"it has {dataset.RasterCount} bands, no band {index}",
                "Choose another scene, or leave the band out.",
            )
        return dataset_header(dataset, index)
