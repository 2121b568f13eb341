"""Decoded blocks that several tiles need: kept while there is room, decoded once whoever asks.

Where the blocks of a source do not lie on the lines of the tiles (an area cut out of a scene, a
mosaic), each block is needed by up to four tiles. GDAL's own cache cannot be bounded for one job,
and belongs to a dataset, which means to a thread.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class BlockCache:
    """Keeps the most recently used blocks; safe to use from many threads.

    Parameters
    ----------
    limit_bytes : int
        The most to keep. Blocks in use beyond that belong to who uses them.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._held = 0
        self._blocks: OrderedDict[Hashable, Array] = OrderedDict()
        self._coming: dict[Hashable, threading.Event] = {}
        self._lock = threading.Lock()

    def get(
        self, keys: Sequence[Hashable], load: Callable[[Sequence[Hashable]], Sequence[Array]]
    ) -> dict[Hashable, Array]:
        """The blocks of these keys.

        Parameters
        ----------
        load : callable
            Gets the keys that nobody else has or is loading, and returns their blocks in that
            order. What it raises is raised here; who waited for those blocks then tries by itself.
        """
        blocks: dict[Hashable, Array] = {}
        while len(blocks) < len(keys):
            mine: list[Hashable] = []
            others: list[threading.Event] = []
            with self._lock:
                for key in keys:
                    if key in blocks:
                        continue
                    if key in self._blocks:
                        self._blocks.move_to_end(key)
                        blocks[key] = self._blocks[key]
                    elif key in self._coming:
                        others.append(self._coming[key])
                    else:
                        self._coming[key] = threading.Event()
                        mine.append(key)
            if mine:
                blocks.update(self._load(mine, load))
            for (
                event
            ) in others:  # after one's own, so that two who need each other's blocks both get on
                event.wait()
        return blocks

    def _load(
        self, keys: list[Hashable], load: Callable[[Sequence[Hashable]], Sequence[Array]]
    ) -> dict[Hashable, Array]:
        blocks: Sequence[Array] = ()
        try:
            blocks = load(keys)
        finally:
            with self._lock:
                for key, block in zip(keys, blocks):
                    self._blocks[key] = block
                    self._held += block.nbytes
                while self._held > self._limit and self._blocks:
                    _, dropped = self._blocks.popitem(last=False)
                    self._held -= dropped.nbytes
                for key in keys:
                    self._coming.pop(key).set()
        return dict(zip(keys, blocks))

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._blocks.clear()
            self._held = 0


def cut_out(
    blocks: dict[tuple[int, int], Array],
    unit: tuple[int, int],
    first: tuple[int, int],
    shape: tuple[int, int],
    fill: float,
) -> Array:
    """Put blocks together and cut a window out of them.

    Parameters
    ----------
    blocks : mapping of (row, col) to ndarray
        Counted in units; not empty; those that lack are outside of the raster.
    unit : (rows, cols)
        Of a whole block.
    first : (row, col)
        Of the window, in pixels; may be negative.
    shape : (rows, cols)
        Of the window.
    fill : float
        Where no block reaches.
    """
    dtype = next(iter(blocks.values())).dtype
    out = np.full(shape, fill, dtype)
    for (row, col), block in blocks.items():
        top, left = row * unit[0] - first[0], col * unit[1] - first[1]
        y0, x0 = max(0, top), max(0, left)
        y1, x1 = min(shape[0], top + block.shape[0]), min(shape[1], left + block.shape[1])
        if y0 < y1 and x0 < x1:
            out[y0:y1, x0:x1] = block[y0 - top : y1 - top, x0 - left : x1 - left]
    return out
