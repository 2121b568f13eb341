"""Decoded blocks of a file, kept for the neighbours: shared by all threads of a reader, and bounded."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

import numpy as np
import numpy.typing as npt

LEAST_SIDE = 128
"""Files in lines or small blocks are read as they are: their parts are not decoded twice."""


class SourceBlocks:
    """The blocks last used.

    A tile of a coarse band needs a pixel's margin, and with it the blocks around. GDAL keeps blocks for each thread's dataset
    apart, so each thread would decode all of them again.

    Parameters
    ----------
    limit_bytes : int
        What is kept at most.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._held = 0
        self._blocks: OrderedDict[tuple[str, int, int, int], npt.NDArray[Any]] = OrderedDict()
        self._lock = threading.Lock()

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._blocks.clear()
            self._held = 0

    def read(self, dataset: Any, name: str, index: int, window: tuple[int, int, int, int]) -> npt.NDArray[np.uint16] | None:
        """A window (x, y, width, height) of a uint16 band; None where GDAL cannot read it.

        Parameters
        ----------
        dataset : gdal.Dataset
            The calling thread's own, of the file ``name``.
        """
        band = dataset.GetRasterBand(index)
        wide, high = band.GetBlockSize()
        x, y, width, height = window
        out = np.empty((height, width), np.uint16)
        if min(wide, high) < LEAST_SIDE:
            return None if band.ReadRaster(x, y, width, height, buf_obj=out) is None else out
        for top in range(y // high * high, y + height, high):
            for left in range(x // wide * wide, x + width, wide):
                block = self._block(dataset, (name, index, top, left), min(wide, band.XSize - left), min(high, band.YSize - top))
                if block is None:
                    return None
                rows = slice(max(y, top), min(y + height, top + block.shape[0]))
                cols = slice(max(x, left), min(x + width, left + block.shape[1]))
                out[rows.start - y : rows.stop - y, cols.start - x : cols.stop - x] = block[
                    rows.start - top : rows.stop - top, cols.start - left : cols.stop - left
                ]
        return out

    def _block(self, dataset: Any, key: tuple[str, int, int, int], width: int, height: int) -> npt.NDArray[np.uint16] | None:
        with self._lock:
            if key in self._blocks:
                self._blocks.move_to_end(key)
                return self._blocks[key]
        _, index, top, left = key
        made = np.empty((height, width), np.uint16)
        if dataset.GetRasterBand(index).ReadRaster(left, top, width, height, buf_obj=made) is None:
            return None
        dataset.FlushCache()  # it is kept here
        with self._lock:
            if key not in self._blocks:  # else another thread was faster
                self._blocks[key] = made
                self._held += made.nbytes
            while self._held > self._limit:
                self._held -= self._blocks.popitem(last=False)[1].nbytes
        return made
