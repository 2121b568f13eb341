"""A few pixels of a band, for a look at its values: never the whole of a large file."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..files.file_state import Remembered
from ..raster.grid import Window
from ..raster.reader import RasterReader

SMALL = 2048
"""Pixels a side up to which a raster is read whole, decimated."""
SIDE = 256
"""Pixels a side of what is looked at."""
PATCH = 64
_known: Remembered[npt.NDArray[Any]] = Remembered(64)


def sample_stored(reader: RasterReader, index: int) -> npt.NDArray[Any]:
    """Stored numbers of a band from all over the raster, in any order.

    Large rasters without overviews are looked at in five windows only: decimating them would read
    all their blocks.
    """
    key, states = (reader.facts.path, index), reader.states
    sample = None if states is None else _known.recall(key, states)
    if sample is None:
        sample = _sample(reader, index)
        sample.flags.writeable = False  # several who look at it get the same
        if states is not None:
            _known.keep(key, states, sample)
    return sample


def _sample(reader: RasterReader, index: int) -> npt.NDArray[Any]:
    rows, cols = reader.grid.shape
    if max(rows, cols) <= SMALL or reader.has_overviews(index):
        return reader.read_stored(index, max_size=SIDE).ravel()
    height, width = min(PATCH, rows), min(PATCH, cols)
    places = [(0.5, 0.5), (0.2, 0.2), (0.2, 0.8), (0.8, 0.2), (0.8, 0.8)]
    windows = [
        Window(int(down * (rows - height)), int(across * (cols - width)), height, width)
        for down, across in places
    ]
    return np.concatenate([reader.read_stored(index, window).ravel() for window in windows])
