"""Look at a small picture of a raster over an area, by range requests on its overviews: kilobytes, not the file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import RasterError
from .gdal_env import RemoteOptions, remote_env

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
    import rasterio
    from rasterio.features import geometry_mask
    from rasterio.transform import Affine
    from rasterio.warp import transform_geom
    from rasterio.windows import Window

    path = f"/vsicurl/{address}" if address.startswith(("http://", "https://")) else address
    public = address.partition("?")[0]
    try:
        with remote_env(options), rasterio.open(path, sharing=False) as dataset:  # type: ignore[attr-defined]
            if not dataset.crs:
                raise RasterError(f"{public} cannot be laid over the area", "it has no coordinate system")
            shape = transform_geom("EPSG:4326", dataset.crs, dict(geometry))
            left, bottom, right, top = _bounds(shape)
            if not all(map(math.isfinite, (left, bottom, right, top))):
                raise RasterError(f"{public} cannot be laid over the area", "the area reaches too far from it")
            to_pixel = ~dataset.transform
            (col0, row0), (col1, row1) = to_pixel * (left, top), to_pixel * (right, bottom)
            col0, row0 = math.floor(col0), math.floor(row0)
            cols, rows = max(1, math.ceil(col1) - col0), max(1, math.ceil(row1) - row0)
            step = max(1, math.ceil(max(cols, rows) / most_pixels))
            out_rows, out_cols = math.ceil(rows / step), math.ceil(cols / step)
            picture = np.full((out_rows, out_cols), UNSEEN, dtype=np.int32)
            # The part inside the raster, from a whole step on, so that its pixels fall on the picture's.
            first_col, first_row = math.ceil(max(0, -col0) / step), math.ceil(max(0, -row0) / step)
            last_col = min(out_cols, math.ceil((dataset.width - col0) / step))
            last_row = min(out_rows, math.ceil((dataset.height - row0) / step))
            if last_col > first_col and last_row > first_row:
                x, y = col0 + first_col * step, row0 + first_row * step
                width = min((last_col - first_col) * step, dataset.width - x)
                height = min((last_row - first_row) * step, dataset.height - y)
                window = Window(x, y, width, height)
                part = dataset.read(1, window=window, out_shape=(last_row - first_row, last_col - first_col))
                picture[first_row:last_row, first_col:last_col] = part
            corner = dataset.transform * Affine.translation(col0, row0) * Affine.scale(step)
            outside = geometry_mask([shape], out_shape=picture.shape, transform=corner, all_touched=True)
    except (rasterio.errors.RasterioError, rasterio.errors.RasterioIOError, rasterio.errors.CRSError) as error:
        raise RasterError(f"{public} cannot be looked at", " ".join(str(error).replace(address, public).split())) from error
    inside: npt.NDArray[np.int32] = picture[~outside]
    return inside


def _bounds(geometry: Mapping[str, Any]) -> tuple[float, float, float, float]:
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    points = [point for polygon in polygons for ring in polygon for point in ring]
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return min(xs), min(ys), max(xs), max(ys)
