"""Data types: numpy's names, GDAL's, and the numbers that each can hold."""

from __future__ import annotations

import math
import re

GDAL_NAMES = {
    "uint8": "Byte",
    "int8": "Int8",
    "uint16": "UInt16",
    "int16": "Int16",
    "uint32": "UInt32",
    "int32": "Int32",
    "float32": "Float32",
    "float64": "Float64",
}
"""numpy's name of a data type → GDAL's. ``int8`` is known to GDAL from 3.7 on."""
NUMPY_NAMES = {gdal: numpy for numpy, gdal in GDAL_NAMES.items()}
GMF_ALL_VALID, GMF_PER_DATASET, GMF_ALPHA, GMF_NODATA = 1, 2, 4, 8
"""GDAL's flags of a mask band; none of them: a mask of this band alone."""
MOST_BLOCK_BYTES = 1 << 30
"""A block that unpacks to more is a trap, or was made to be read on one machine only: whoever reads
one pixel of it has to unpack it whole. Files in one strip, of any satellite's scene, are smaller.
"""


def gdal_type(dtype: str) -> int:
    """GDAL's number (GDT) of a numpy data type; 0 (unknown) where it has none."""
    from osgeo import gdal

    return int(gdal.GetDataTypeByName(GDAL_NAMES.get(dtype, "Unknown")))


def numpy_type(data_type: int) -> str:
    """Numpy's name of GDAL's data type (GDT); ``float64`` for one that numpy has not (complex)."""
    from osgeo import gdal

    return NUMPY_NAMES.get(gdal.GetDataTypeName(data_type), "float64")


def has_fractions(data_type: int) -> bool:
    """Tell whether GDAL's data type (GDT) holds fractions; complex ones are no fractions."""
    from osgeo import gdal

    return str(gdal.GetDataTypeName(data_type)).startswith("Float")


def pixel_bytes(dtype: str) -> int:
    """Bytes of one pixel of a numpy data type; 8 for one that numpy has not (complex)."""
    match = re.search(r"\d+$", dtype if dtype in GDAL_NAMES else "")
    return int(match[0]) // 8 if match else 8


def is_floating(dtype: str) -> bool:
    """Tell whether a numpy data type holds fractions and NaN."""
    return dtype.startswith("float")


def type_range(dtype: str) -> tuple[int, int]:
    """Least and greatest value of a type of whole numbers: ``uint16`` → 0, 65535."""
    bits = int(dtype.lstrip("uint"))
    return (0, 2**bits - 1) if dtype.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def holds(dtype: str, number: float) -> bool:
    """Tell whether a stored number of that type can have this value."""
    if is_floating(dtype):
        return True
    if not math.isfinite(number) or number != int(number):
        return False
    low, high = type_range(dtype)
    return low <= number <= high
