"""Look at a small picture of a raster over an area, by range requests on its overviews: kilobytes,
not the file.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import RasterError
from .gdal_env import RemoteOptions, quiet_gdal, remote_gdal

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
    from rasterio.features import geometry_mask
    from rasterio.transform import Affine
    from rasterio.warp import transform_geom

    public = address.partition("?")[0]
    path = f"/vsicurl/{address}" if address.startswith(("http://", "https://")) else address
    with remote_gdal(options), quiet_gdal() as messages:
        dataset = _open(path, messages, public, address)
        if not dataset.GetProjection():
            raise RasterError(
                f"{public} cannot be laid over the area", "it has no coordinate system"
            )
        shape = transform_geom("EPSG:4326", dataset.GetProjection(), dict(geometry))
        left, bottom, right, top = _bounds(shape)
        if not all(map(math.isfinite, (left, bottom, right, top))):
            raise RasterError(
                f"{public} cannot be laid over the area", "the area reaches too far from it"
            )
        transform = Affine.from_gdal(*dataset.GetGeoTransform())
        (col0, row0), (col1, row1) = ~transform * (left, top), ~transform * (right, bottom)
        col0, row0 = math.floor(col0), math.floor(row0)
        cols, rows = max(1, math.ceil(col1) - col0), max(1, math.ceil(row1) - row0)
        step = max(1, math.ceil(max(cols, rows) / most_pixels))
        picture = np.full((math.ceil(rows / step), math.ceil(cols / step)), UNSEEN, dtype=np.int32)
        x, out_x, width = _inside(col0, picture.shape[1], step, dataset.RasterXSize)
        y, out_y, height = _inside(row0, picture.shape[0], step, dataset.RasterYSize)
        if width and height:
            out = (len(range(*out_x)), len(range(*out_y)))
            try:
                part = dataset.GetRasterBand(1).ReadAsArray(x, y, width, height, *out)
            except RuntimeError as error:  # another plugin may have switched GDAL's exceptions on
                part, messages = None, [*messages, str(error)]
            if part is None:
                raise RasterError(
                    f"{public} cannot be looked at", _reason(messages, public, address)
                )
            picture[slice(*out_y), slice(*out_x)] = part
        corner = transform * Affine.translation(col0, row0) * Affine.scale(step)
        outside = geometry_mask(
            [shape], out_shape=picture.shape, transform=corner, all_touched=True
        )
    inside: npt.NDArray[np.int32] = picture[~outside]
    return inside


def _open(path: str, messages: list[str], public: str, address: str) -> Any:
    """Not rasterio: its read asks for the kind of mask while it holds Python's lock, and for that
    GDAL may go to the network.

    Then no other thread runs, the window's own included, until the server has answered.
    """
    from osgeo import gdal

    try:
        dataset = gdal.OpenEx(path, gdal.OF_RASTER | gdal.OF_READONLY | gdal.OF_VERBOSE_ERROR)
    except RuntimeError as error:  # another plugin may have switched GDAL's exceptions on
        dataset = None
        messages.append(str(error))
    if dataset is None:
        raise RasterError(f"{public} cannot be looked at", _reason(messages, public, address))
    return dataset


def _inside(first: int, count: int, step: int, size: int) -> tuple[int, tuple[int, int], int]:
    """Along one axis, the picture's pixels that lie in the raster: where to read from, which these
    are, how much to read.

    From a whole step on, so that what is read falls on the picture's pixels.
    """
    begin = math.ceil(max(0, -first) / step)
    end = min(count, math.ceil((size - first) / step))
    start = first + begin * step
    return start, (begin, end), max(0, min((end - begin) * step, size - start))


def _reason(messages: list[str], public: str, address: str) -> str:
    """What GDAL said, without the query of the address, which may hold a token."""
    text = " ".join(messages[-1].split()) if messages else "GDAL does not say why"
    return text.replace(address, public)


def _bounds(geometry: Mapping[str, Any]) -> tuple[float, float, float, float]:
    polygons = (
        geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    )
    points = [point for polygon in polygons for ring in polygon for point in ring]
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return min(xs), min(ys), max(xs), max(ys)
