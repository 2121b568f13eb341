"""Compress the blocks of a GeoTIFF: predictor in numpy, codec by GDAL.

Python has no ZSTD before 3.14 and its zlib is slower than GDAL's libdeflate, while GDAL is always
there. So the bytes go through a GeoTIFF in memory, one block for each tile, from which the
compressed blocks are taken as they are.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..enums import Compression
from ..errors import RasterError
from ..gdal.errors import checked, gdal_errors

COMPRESSIONS = tuple(Compression)
"""What can be asked for."""


@dataclass(frozen=True)
class Codec:
    """A way of compressing blocks."""

    name: str
    """``zstd`` or ``deflate``."""

    @property
    def options(self) -> list[str]:
        """GDAL's creation options. ZSTD at its default level 9 is as slow as DEFLATE, for one or
        two percent of size.
        """
        return (
            ["COMPRESS=ZSTD", "ZSTD_LEVEL=1"]
            if self.name == Compression.ZSTD
            else ["COMPRESS=DEFLATE", "ZLEVEL=6"]
        )


def pick_codec(wanted: str) -> Codec:
    """The codec that was asked for; DEFLATE where this GDAL was built without ZSTD.

    Raises
    ------
    RasterError
        If no such codec is known.
    """
    from osgeo import gdal

    if wanted not in COMPRESSIONS:
        raise RasterError(
            f"The compression '{wanted}' cannot be used",
            "it is not known",
            f"Known: {', '.join(COMPRESSIONS)}.",
        )
    offered = gdal.GetDriverByName("GTiff").GetMetadataItem("DMD_CREATIONOPTIONLIST") or ""
    return Codec(wanted if f"<Value>{wanted.upper()}</Value>" in offered else "deflate")


def predictor(dtype: str) -> int:
    """The TIFF tag: 3 for floating point (TIFF Technical Note 3), 2 for integers (TIFF 6.0, section
    14).
    """
    return 3 if np.issubdtype(np.dtype(dtype), np.floating) else 2


def predict(block: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Differences along the rows, as TIFF stores them, little-endian.

    Parameters
    ----------
    block : ndarray, (rows, cols, bands)

    Returns
    -------
    ndarray of uint8, (rows, cols * bands * size of a value)
    """
    rows, cols, bands = block.shape
    if not np.issubdtype(block.dtype, np.floating):
        flat = np.ascontiguousarray(block).reshape(rows, cols * bands)
        return (
            _differences(flat, bands)
            .astype(block.dtype.newbyteorder("<"), copy=False)
            .view(np.uint8)
        )
    size = block.dtype.itemsize
    values = np.ascontiguousarray(block).view(np.uint8).reshape(rows, cols * bands, size)
    planes = np.empty((rows, size, cols * bands), np.uint8)
    for place in range(size):  # the most significant bytes of a row first
        planes[:, place, :] = values[:, :, size - 1 - place if sys.byteorder == "little" else place]
    return _differences(planes.reshape(rows, -1), bands)


def _differences(rows: npt.NDArray[Any], step: int) -> npt.NDArray[Any]:
    out = np.empty_like(rows)
    out[:, :step] = rows[:, :step]
    np.subtract(rows[:, step:], rows[:, :-step], out=out[:, step:])
    return out


def compress(blocks: Sequence[npt.NDArray[np.uint8]], codec: Codec) -> list[bytes]:
    """Compress blocks of one shape; holds no lock of Python's while GDAL works.

    Parameters
    ----------
    blocks : sequence of ndarray of uint8, (rows, bytes in a row)
        Both sides multiples of 16, as TIFF asks of its tiles.

    Raises
    ------
    RasterError
        If GDAL cannot.
    """
    from osgeo import gdal

    rows, cols = blocks[0].shape
    name = f"/vsimem/firstlight-{uuid.uuid4().hex}.tif"
    options = [
        *codec.options,
        "TILED=YES",
        f"BLOCKXSIZE={cols}",
        f"BLOCKYSIZE={rows}",
        "NUM_THREADS=1",
        "BIGTIFF=NO",
    ]
    dataset = band = file = None
    compressed: list[bytes] = []
    with gdal_errors(lambda why: RasterError("Compressing a block failed", why)):
        try:
            height = rows * len(blocks)
            driver = gdal.GetDriverByName("GTiff")
            dataset = checked(driver.Create(name, cols, height, 1, gdal.GDT_Byte, options))
            band = dataset.GetRasterBand(1)
            for index, block in enumerate(blocks):
                band.WriteRaster(0, index * rows, cols, rows, block)
            dataset.FlushCache()
            file = gdal.VSIFOpenL(name, "rb")
            for index in range(len(blocks)):
                offset = checked(band.GetMetadataItem(f"BLOCK_OFFSET_0_{index}", "TIFF"))
                size = checked(band.GetMetadataItem(f"BLOCK_SIZE_0_{index}", "TIFF"))
                gdal.VSIFSeekL(file, int(offset), 0)
                compressed.append(bytes(gdal.VSIFReadL(1, int(size), file)))
        finally:
            if file is not None:
                gdal.VSIFCloseL(file)
            dataset = band = None
            gdal.Unlink(name)
    return compressed
