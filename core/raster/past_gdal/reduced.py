"""Parts of a VRT's band that are one file's own pixels, at full size or as its overviews show them:
read from that file.

GDAL opens all files of all bands when it looks which overviews a VRT has, and a 20 m band of a 10 m
stack takes the way through floating point although nothing is interpolated.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from ...gdal.errors import checked
from ...gdal.types import numpy_type
from ..grid import Window, common
from .doubling import find_doublings
from .layered import find_layered, is_vrt_name


@dataclass(frozen=True)
class FilePart:
    """Pixels of a file that are those of a part of a VRT."""

    name: str
    """Of the file."""
    band: int
    """Of the file, from 1."""
    window: Window
    """In the file's own pixels."""


def find_part(path: Path, index: int, area: Window) -> FilePart | None:
    """What a part of a VRT's band (from 1) shows of a file; None where it is not one file's pixels
    alone, or lies between them.
    """
    layered = find_layered(path).get(index)
    if layered is not None:
        layer, times = layered.layers[0], layered.layers[0].times
        sound = layer.nodata in (None, layered.fill) and common(area, layer.place) == area
        if len(layered.layers) > 1 or not sound:
            return None
        name, band, (down, right) = layer.name, layer.band, layer.shift
    else:
        doubling = find_doublings(path).get(index)
        if doubling is None:
            return None
        name, band, (down, right), times = doubling.name, doubling.band, doubling.shift, 2
    edges = (area.row + down, area.col + right, area.rows, area.cols)
    if is_vrt_name(name) or any(edge % times for edge in edges):
        return None
    row, col, rows, cols = (edge // times for edge in edges)
    return FilePart(name, band, Window(row, col, rows, cols))


def read_part(dataset: Any, part: FilePart, out: npt.NDArray[Any]) -> bool:
    """Read a part in just the size asked for; False where the file has it in another one only.

    Parameters
    ----------
    dataset : gdal.Dataset
        Of the file, the calling thread's own.

    Raises
    ------
    RuntimeError
        If GDAL cannot read the file.
    """
    whole = Window(0, 0, dataset.RasterYSize, dataset.RasterXSize)
    if part.band > dataset.RasterCount or common(part.window, whole) != part.window:
        return False
    band, window = dataset.GetRasterBand(part.band), part.window
    if numpy_type(band.DataType) != out.dtype:
        return False
    if out.shape == (window.rows, window.cols):
        checked(band.ReadRaster(window.col, window.row, window.cols, window.rows, buf_obj=out))
        return True
    if window != whole:
        return False
    for number in range(band.GetOverviewCount()):
        overview = band.GetOverview(number)
        if (overview.YSize, overview.XSize) == out.shape:
            checked(overview.ReadRaster(0, 0, overview.XSize, overview.YSize, buf_obj=out))
            return True
    return False
