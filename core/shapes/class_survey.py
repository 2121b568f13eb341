"""Survey of a raster of classes: which codes it holds and how often, and what it calls them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import RasterError
from ..gdal.environment import local_gdal
from ..gdal.errors import gdal_errors
from ..raster.grid import split_windows
from ..raster.open_file import open_checked
from ..raster.reader import RasterReader

MOST_CODES = 1024
"""What holds more numbers than these holds measurements, no classes."""
_LOW, _HIGH = -(2**15), 2**16
_WINDOW = 1024


@dataclass(frozen=True)
class ClassSurvey:
    """Codes of one band of a raster, all of its pixels counted."""

    path: Path
    nodata: float | None
    """As the file declares it."""
    counts: Mapping[int, int] = field(default_factory=dict)
    """Code → pixels, without those that are nodata; empty where they are no classes."""
    empty: int = 0
    """Pixels that are nodata, NaN or infinite."""
    names: Mapping[int, str] = field(default_factory=dict)
    """Code → its name in the file's categories or attribute table."""
    is_classes: bool = True
    """False: there are fractions, or too many numbers."""

    def percent(self, code: int) -> float:
        """Share of a code in all pixels."""
        pixels = sum(self.counts.values()) + self.empty
        return 100 * self.counts.get(code, 0) / pixels if pixels else 0.0


def survey_classes(path: Path, index: int = 1) -> ClassSurvey:
    """Count the codes of a band, each pixel once; the last few surveys are kept.

    Raises
    ------
    RasterError
        If it cannot be read.
    """
    with RasterReader(path) as reader:
        counted = _survey(path, index, tuple(reader.state()))
    return replace(counted, names=class_names(path, index))


@lru_cache(maxsize=32)
def _survey(path: Path, index: int, _state: tuple[tuple[str, int, int], ...]) -> ClassSurvey:
    counts: dict[int, int] = {}
    empty = 0
    with RasterReader(path) as reader:
        nodata = reader.radiometry[index - 1].nodata
        for window in split_windows(reader.grid.shape, _WINDOW):
            values = reader.read(index, window)
            seen = values[np.isfinite(values)]
            empty += values.size - seen.size
            tally = _tally(seen)
            if tally is None:
                return ClassSurvey(path, nodata, is_classes=False)
            for code, pixels in tally.items():
                counts[code] = counts.get(code, 0) + pixels
            if len(counts) > MOST_CODES:
                return ClassSurvey(path, nodata, is_classes=False)
    return ClassSurvey(path, nodata, dict(sorted(counts.items())), empty)


def _tally(values: npt.NDArray[np.float32]) -> dict[int, int] | None:
    """Code → pixels; None where there are fractions."""
    if not values.size:
        return {}
    if values.min() < _LOW or values.max() >= _HIGH:
        numbers, pixels = np.unique(values, return_counts=True)
        if len(numbers) > MOST_CODES or (numbers != np.floor(numbers)).any():
            return None
        return {int(number): int(count) for number, count in zip(numbers, pixels, strict=True)}
    codes = values.astype(np.int32)
    if (codes != values).any():
        return None
    bins = np.bincount(codes - _LOW)
    return {int(place) + _LOW: int(bins[place]) for place in np.flatnonzero(bins)}


def class_names(path: Path, index: int = 1) -> dict[int, str]:
    """Return code → name of a band's categories or attribute table, empty where it has none.

    Raises
    ------
    RasterError
        If it cannot be read.
    """
    from osgeo import gdal

    what = f"Reading the classes of {path} failed"
    with local_gdal(), gdal_errors(lambda why: RasterError(what, why, "Is the file complete?")):
        dataset = open_checked(path)
        band = dataset.GetRasterBand(index)
        # GDAL 3.6's own GetCategoryNames answers None in Python
        told = gdal.Info(dataset, format="json")["bands"][index - 1]
        names = dict(enumerate(told.get("categories", ())))
        names.update(_table_names(band.GetDefaultRAT(), gdal))
        return {code: name.strip() for code, name in names.items() if name.strip()}


def _table_names(table: Any, gdal: Any) -> dict[int, str]:
    """Code → name of a raster attribute table."""
    if table is None:
        return {}
    name = table.GetColOfUsage(gdal.GFU_Name)
    value = table.GetColOfUsage(gdal.GFU_MinMax)
    if value < 0:
        value = table.GetColOfUsage(gdal.GFU_Min)
    if name < 0 or value < 0:
        return {}
    rows = range(min(table.GetRowCount(), MOST_CODES))
    return {table.GetValueAsInt(row, value): table.GetValueAsString(row, name) for row in rows}
