"""Specification of a raster to be written, and physical values as its stored numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..types import Grid

BLOCK = 512
"""Side of a file's blocks, in pixels."""
Color = tuple[int, int, int, int]


@dataclass(frozen=True)
class RasterSpec:
    """Specification of a raster to be written; scale, offset, nodata and unit are those of all
    bands.
    """

    grid: Grid
    dtype: str
    nodata: float
    band_names: Sequence[str] = ("",)
    tags: Mapping[str, str] = field(default_factory=dict)
    scale: float = 1.0
    """Physical value = stored number * scale + offset."""
    offset: float = 0.0
    unit: str = ""
    colors: Mapping[int, Color] = field(default_factory=dict)
    """Class → red, green, blue, alpha (0..255); for one band of uint8."""
    silent: frozenset[int] = frozenset()
    """Of classes, those that are no value of the raster: in no statistics."""
    resampling: str = "average"
    """How overviews are made: ``average``, or ``nearest`` for classes."""
    expected: tuple[float, float] = (-math.inf, math.inf)
    """Physical values outside are left out of the mean that people see; see
    :class:`.statistics.BandStatistics`.
    """
    compression: str = "zstd"
    """``zstd`` (DEFLATE where GDAL lacks it) or ``deflate``."""
    block: int = BLOCK
    """Side of the file's blocks; a multiple of 16."""

    @property
    def span(self) -> int:
        """Side of the pieces in which it is written: two blocks, so that a piece makes a whole
        block of the first overview.
        """
        return 2 * self.block


def encode(values: npt.NDArray[np.float32], spec: RasterSpec) -> npt.NDArray[Any]:
    """Physical values → what is stored.

    What is not finite becomes nodata. Integers are rounded; what does not fit becomes the nearest
    number that does and is not nodata.
    """
    missing = ~np.isfinite(values)
    dtype = np.dtype(spec.dtype)
    if dtype.kind == "f":
        stored = values.astype(dtype)
    else:
        numbers = np.where(missing, np.float32(0), values)
        if spec.offset:
            numbers -= np.float32(spec.offset)
        if spec.scale != 1.0:
            numbers /= np.float32(spec.scale)
        limits = np.iinfo(dtype)
        low, high = (
            limit + step * (limit == spec.nodata)
            for limit, step in ((limits.min, 1), (limits.max, -1))
        )
        stored = np.clip(np.rint(numbers, out=numbers), low, high).astype(dtype)
    stored[missing] = spec.nodata
    return stored


def storage_dtype(wanted: str, expected: tuple[float, float]) -> str:
    """``wanted``, or float32 where whole numbers are wanted of values whose range has no end: no
    scale would fit them.
    """
    return (
        "float32"
        if wanted == "int16" and not all(math.isfinite(limit) for limit in expected)
        else wanted
    )


def integer_scale(expected: tuple[float, float]) -> float:
    """The power of ten that keeps twice the expected range within int16: 0.0001 for an index of
    -1..1.
    """
    widest = max(abs(limit) for limit in expected)
    return 10.0 ** math.ceil(math.log10(2 * widest / np.iinfo(np.int16).max))
