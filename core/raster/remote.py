"""Look at a small picture of a raster over an area, by range requests on its overviews: kilobytes,
not the file.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import RasterError
from ..gdal.area_outline import area_bounds, project_area
from ..gdal.crs import dataset_grid
from ..gdal.drivers import open_band
from ..gdal.environment import RemoteOptions, remote_gdal
from ..gdal.errors import checked, gdal_errors
from ..gdal.reading_choice import reading
from ..gdal.reading_osgeo import OsgeoFile
from ..types import Bounds
from .facts import RasterFacts, facts_of
from .grid import pixel_position

UNSEEN = -1
"""In the answer: inside the area, but outside the raster."""


def read_over_area(
    address: str, geometry: Mapping[str, Any], options: RemoteOptions, most_pixels: int = 256
) -> npt.NDArray[np.int32]:
    """The pixels of one band inside an area, decimated by nearest neighbour.

    Parameters
    ----------
    address : str
        URL or path of a raster of classes or bits, in a coordinate system of its own.
    geometry : mapping
        GeoJSON area in lon/lat.
    most_pixels : int
        Longest side of the picture.

    Returns
    -------
    ndarray of int32, one-dimensional
        The stored numbers inside the area; ``UNSEEN`` where the raster does not reach.

    Raises
    ------
    RasterError
        If it cannot be opened or read.
    """
    public = options.name(address)

    def failure(why: str) -> RasterError:
        forget(address)
        return RasterError(
            f"{public} cannot be looked at",
            options.told(why, address),
            "Check the network, or choose another scene.",
        )

    with remote_gdal(options), gdal_errors(failure):
        dataset = checked(_open(address, public))
        shape, (left, bottom, right, top) = _placed_area(dataset, geometry, public)
        a, b, c, d, e, f = dataset_grid(dataset).transform
        (col0, row0), (col1, row1) = (
            pixel_position((a, b, c, d, e, f), x, y) for x, y in ((left, top), (right, bottom))
        )
        col0, row0 = math.floor(col0), math.floor(row0)
        cols, rows = max(1, math.ceil(col1) - col0), max(1, math.ceil(row1) - row0)
        step = max(1, math.ceil(max(cols, rows) / most_pixels))
        picture = np.full((math.ceil(rows / step), math.ceil(cols / step)), UNSEEN, dtype=np.int32)
        x, out_x, width = _inside(col0, picture.shape[1], step, dataset.RasterXSize)
        y, out_y, height = _inside(row0, picture.shape[0], step, dataset.RasterYSize)
        if width and height:
            out = (len(range(*out_x)), len(range(*out_y)))
            band = dataset.GetRasterBand(1)
            picture[slice(*out_y), slice(*out_x)] = checked(
                band.ReadAsArray(x, y, width, height, *out)
            )
        x0, y0 = a * col0 + b * row0 + c, d * col0 + e * row0 + f
        corner = (a * step, b * step, x0, d * step, e * step, y0)
        library = reading()
        with library.errors(failure):
            seen = library.burn(shape, (len(picture), picture.shape[1]), corner, touched=True)
    inside: npt.NDArray[np.int32] = picture[seen]
    return inside


def read_remote_facts(address: str, options: RemoteOptions, path: Path) -> RasterFacts:
    """What the header of a raster behind HTTP states; nothing else of it is fetched.

    Parameters
    ----------
    path : Path
        Names it in what is told.

    Raises
    ------
    RasterError
        If it cannot be opened, or is of a format that names other files.
    """
    public = options.name(address)

    def failure(why: str) -> RasterError:
        forget(address)
        why = options.told(why, address)
        return RasterError(f"{public} cannot be read", why, "Is it a GeoTIFF or JPEG 2000?")

    with remote_gdal(options), gdal_errors(failure):
        return facts_of(path, OsgeoFile(checked(_open(address, public))))


def _placed_area(
    dataset: Any, geometry: Mapping[str, Any], name: str
) -> tuple[dict[str, Any], Bounds]:
    """The area in the dataset's coordinate system, and its bounds."""
    what = f"{name} cannot be laid over the area"
    grid = dataset_grid(dataset)
    crs = grid.crs
    if not crs:
        raise RasterError(what, "it has no coordinate system", "Choose another scene.")
    try:
        return (
            project_area(geometry, crs, grid.bounds),
            area_bounds(geometry, crs, grid.bounds),
        )
    except RasterError as error:
        raise RasterError(
            what, error.why.replace("it reaches", "the area reaches"), "Choose another scene."
        ) from error


def _open(address: str, public: str) -> Any:
    """Not rasterio: its read asks for the kind of mask while it holds Python's lock, and for that
    GDAL may go to the network.

    Then no other thread runs, the window's own included, until the server has answered.
    """
    path = f"/vsicurl/{address}" if address.startswith(("http://", "https://")) else address
    return open_band(path, public)


def forget(address: str) -> None:
    """GDAL remembers files that were not there, and headers; the next try is to ask again."""
    from osgeo import gdal

    if address.startswith(("http://", "https://")):
        gdal.VSICurlPartialClearCache(f"/vsicurl/{address}")


def _inside(first: int, count: int, step: int, size: int) -> tuple[int, tuple[int, int], int]:
    """Along one axis, the picture's pixels that lie in the raster: where to read from, which these
    are, how much to read.

    From a whole step on, so that what is read falls on the picture's pixels.
    """
    begin = math.ceil(max(0, -first) / step)
    end = min(count, math.ceil((size - first) / step))
    start = first + begin * step
    return start, (begin, end), max(0, min((end - begin) * step, size - start))
