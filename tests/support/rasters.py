"""Small rasters for tests: pixels, the files that hold them, and their values read back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


def ramp(
    shape: tuple[int, int] = (64, 64), low: float = 100, high: float = 4000, dtype: str = "uint16"
) -> npt.NDArray[Any]:
    """Values rising from ``low`` (top left) to ``high`` (bottom right): no two rows or columns are
    the same.
    """
    rows, cols = shape
    return np.linspace(low, high, rows * cols).reshape(rows, cols).astype(dtype)


def noise(
    shape: tuple[int, ...],
    seed: int = 0,
    low: int = 1500,
    high: int = 6000,
    gaps: float = 0.0,
    dtype: str = "uint16",
) -> npt.NDArray[Any]:
    """Reproducible whole numbers, ``low`` ≤ number < ``high``, no two neighbours alike; a share of
    ``gaps`` of them is 0 (no data).
    """
    random = np.random.default_rng(seed)
    pixels = random.integers(low, high, shape).astype(dtype)
    if gaps:
        pixels[random.random(shape) < gaps] = 0
    return pixels


def write_raster(
    path: Path,
    data: npt.NDArray[Any] | None = None,
    *,
    epsg: int | None = 32632,
    resolution: float = 10.0,
    origin: tuple[float, float] = (600000.0, 5200020.0),
    nodata: float | None = 0,
    cog: bool = False,
    **profile: Any,
) -> Path:
    """Write a tiled, compressed GeoTIFF or COG.

    Parameters
    ----------
    path : Path
        The file; its folders are made.
    data : array, shape (rows, cols) or (bands, rows, cols)
        A ``ramp()`` where not given.
    epsg : int or None
        None leaves the raster without a reference system.
    resolution : float
        Pixel size, in units of the reference system.
    origin : tuple of float
        x of the left edge and y of the upper edge.
    nodata : float or None
        The value that means "nothing here".
    cog : bool
        A cloud-optimised GeoTIFF with overviews instead of a plain one.
    **profile
        More options for rasterio: ``blockxsize=32``, ``compress="zstd"``.

    Returns
    -------
    Path
        ``path``, for use in one line.
    """
    import rasterio
    from rasterio.io import MemoryFile
    from rasterio.shutil import copy
    from rasterio.transform import from_origin

    array = ramp() if data is None else np.asarray(data)
    bands = array if array.ndim == 3 else array[np.newaxis]
    options: dict[str, Any] = {
        "width": bands.shape[2],
        "height": bands.shape[1],
        "count": bands.shape[0],
        "dtype": bands.dtype.name,
        "crs": None if epsg is None else f"EPSG:{epsg}",
        "transform": from_origin(*origin, resolution, resolution),
        "nodata": nodata,
        "tiled": True,
        "blockxsize": 128,
        "blockysize": 128,
        "compress": "deflate",
        **profile,
    }
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cog:
        with rasterio.open(path, "w", driver="GTiff", **options) as target:
            target.write(bands)
        return path
    with MemoryFile() as memory:
        with memory.open(driver="GTiff", **options) as target:
            target.write(bands)
        with memory.open() as source:
            copy(source, path, driver="COG", compress="deflate", blocksize=128)
    return path


def read_band(path: str | Path, index: int = 1, **how: Any) -> npt.NDArray[Any]:
    """Pixels of one band as the file stores them, (rows, cols); ``how`` goes to rasterio."""
    import rasterio

    with rasterio.open(path) as dataset:
        pixels: npt.NDArray[Any] = dataset.read(index, **how)
    return pixels


def read_values(path: str | Path, index: int = 1) -> npt.NDArray[Any]:
    """Values of one band, (rows, cols): of floating numbers NaN = no data, whole numbers (codes)
    as they are stored.
    """
    import rasterio

    with rasterio.open(path) as dataset:
        values: npt.NDArray[Any] = dataset.read(index)
        if values.dtype.kind == "f":
            values[values == dataset.nodata] = np.nan
    return values


def read_bands(path: str | Path, dtype: npt.DTypeLike = np.float64) -> npt.NDArray[Any]:
    """Pixels of all bands as one type, (bands, rows, cols): a stack may mix types."""
    import rasterio

    with rasterio.open(path) as dataset:
        return np.array([dataset.read(index).astype(dtype) for index in dataset.indexes])


def creation_facts(path: Path) -> dict[str, str]:
    """How GDAL finds a raster's pixels stored: ``COMPRESSION``, ``INTERLEAVE`` …"""
    from osgeo import gdal

    dataset = gdal.OpenEx(str(path), gdal.OF_RASTER | gdal.OF_READONLY)
    assert dataset is not None, gdal.GetLastErrorMsg()
    return dict(dataset.GetMetadata("IMAGE_STRUCTURE"))


def write_picture(path: Path, color: tuple[int, int, int], side: int = 64) -> Path:
    """Write a PNG of one colour, as thumbnails are."""
    from osgeo import gdal

    path.parent.mkdir(parents=True, exist_ok=True)
    drawn = gdal.GetDriverByName("MEM").Create("", side, side, 3)
    for band, level in enumerate(color, start=1):
        drawn.GetRasterBand(band).WriteArray(np.full((side, side), level, np.uint8))
    gdal.GetDriverByName("PNG").CreateCopy(str(path), drawn)
    return path
