"""A raster of classes, read some rows at a time on any thread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...gdal.containers import gdal_name
from ...gdal.drivers import open_dataset
from ...gdal.errors import checked
from ...types import Grid

LEAST_ROWS, MOST_ROWS = 256, 1024
"""Read at once, so many that no block is decoded twice where blocks are not taller."""


@dataclass(frozen=True)
class ClassView:
    """Of which every so many pixels are looked at in each direction."""

    path: Path
    every: int
    full: tuple[int, int]
    """Rows and columns of the raster."""
    block_rows: int

    @classmethod
    def of(cls, path: Path, every: int) -> ClassView:
        """Look at a raster's header; inside ``gdal_errors``."""
        dataset = _open(path)
        block_rows = int(dataset.GetRasterBand(1).GetBlockSize()[1])
        return cls(path, every, (dataset.RasterYSize, dataset.RasterXSize), block_rows)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns that are looked at."""
        return -(-self.full[0] // self.every), -(-self.full[1] // self.every)

    def grid(self, own: Grid) -> Grid:
        """Where these lie, given the raster's own grid."""
        if self.every == 1:
            return own
        a, b, c, d, e, f = own.transform
        wide = self.full[1] / self.shape[1]
        return Grid(own.crs, (a * wide, b * self.every, c, d * wide, e * self.every, f), self.shape)

    def pieces(self) -> list[range]:
        """Rows to read at once."""
        tall = self.block_rows if self.every == 1 else 1
        step = tall * max(1, -(-LEAST_ROWS // tall)) if tall <= MOST_ROWS else MOST_ROWS
        rows = self.shape[0]
        return [range(row, min(row + step, rows)) for row in range(0, rows, step)]

    def read(self, rows: range) -> npt.NDArray[np.uint8]:
        """Some rows; inside ``gdal_errors``, on any thread."""
        dataset = _open(self.path)  # of its own: GDAL's are not to be shared
        top, cols = rows.start * self.every, self.full[1]
        count = min(len(rows) * self.every, self.full[0] - top)
        data = checked(
            dataset.GetRasterBand(1).ReadRaster(
                0, top, cols, count, buf_xsize=self.shape[1], buf_ysize=len(rows)
            )
        )
        return np.frombuffer(data, np.uint8).reshape(len(rows), self.shape[1])


def _open(path: Path) -> Any:
    return checked(open_dataset(gdal_name(path)))
