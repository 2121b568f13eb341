"""Rasters that say without a nodata value where they have nothing: by a mask in the file or beside
it, or by an alpha band.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .rasters import write_raster

HOW = ("inside", "beside", "alpha")


def write_hidden(
    path: Path, data: npt.NDArray[Any], shown: npt.NDArray[np.bool_], how: str, **options: Any
) -> Path:
    """Write one band, (rows, cols), of which only what is ``shown`` is data.

    Parameters
    ----------
    how : str
        ``inside``: a mask in the file; ``beside``: a ``.msk``; ``alpha``: a second band.
    **options
        For :func:`~.rasters.write_raster`.
    """
    import rasterio

    options = {"nodata": None, **options}
    if how == "alpha":
        write_raster(path, np.stack([data, shown * data.dtype.type(200)]), **options)
        with rasterio.open(path, "r+") as file:
            kinds = rasterio.enums.ColorInterp
            file.colorinterp = (kinds.gray, kinds.alpha)
        return path
    write_raster(path, data, **options)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=how == "inside"), rasterio.open(path, "r+") as file:
        file.write_mask(shown.astype(np.uint8) * 255)
    return path
