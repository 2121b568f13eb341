"""Connected patches of pixels, by the stretches of their rows: any raster's, read strip by strip,
in numpy alone.

A stretch ("run") is a row's longest piece of marked pixels. Runs of neighbouring rows that touch
are edges of a graph, whose components are the patches (run-based labelling: He, Chao & Suzuki 2008,
doi:10.1109/TIP.2008.919369). The components are found by hooking each root onto its lowest
neighbour and shortening all paths, again and again (Shiloach & Vishkin 1982,
doi:10.1016/0196-6774(82)90008-6): a few array operations for each round, whatever the shapes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Runs:
    """Stretches of marked pixels in the order of reading; 12 bytes each."""

    row: npt.NDArray[np.int32]
    start: npt.NDArray[np.int32]
    """First column."""
    stop: npt.NDArray[np.int32]
    """The column after the last."""

    def __len__(self) -> int:
        return int(self.row.size)

    @property
    def pixels(self) -> npt.NDArray[np.int32]:
        """Number of pixels of each."""
        return self.stop - self.start


def find_runs(marked: npt.NDArray[np.bool_], first_row: int = 0) -> Runs:
    """The runs of some rows.

    Parameters
    ----------
    marked : ndarray of bool, (rows, cols)
    first_row : int
        Of the raster, where ``marked`` begins.
    """
    edges = np.diff(marked.view(np.int8), axis=1, prepend=np.int8(0), append=np.int8(0))
    row, start = np.nonzero(edges == 1)
    stop = np.nonzero(edges == -1)[1]
    return Runs((row + first_row).astype(np.int32), start.astype(np.int32), stop.astype(np.int32))


def join_runs(parts: Sequence[Runs]) -> Runs:
    """Runs of strips that follow each other as one."""
    empty = np.zeros(0, np.int32)
    return Runs(
        np.concatenate([empty, *(part.row for part in parts)]),
        np.concatenate([empty, *(part.start for part in parts)]),
        np.concatenate([empty, *(part.stop for part in parts)]),
    )


def count_in_runs(flags: npt.NDArray[np.bool_], runs: Runs, first_row: int = 0) -> IntArray:
    """Count the flagged pixels of each run; arguments as of :func:`find_runs`."""
    sums = np.concatenate([[0], np.cumsum(flags, dtype=np.int64)])
    base = (runs.row.astype(np.int64) - first_row) * flags.shape[1]
    counts: IntArray = sums[base + runs.stop] - sums[base + runs.start]
    return counts


def paint_runs(runs: Runs, first_row: int, shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """The pixels of runs that lie in the rows from ``first_row`` on, (rows, cols)."""
    rows, cols = shape
    low, high = np.searchsorted(runs.row, [first_row, first_row + rows])
    base = (runs.row[low:high].astype(np.int64) - first_row) * cols
    steps = np.zeros(rows * cols + 1, np.int8)
    steps[base + runs.start[low:high]] += 1
    steps[base + runs.stop[low:high]] -= 1
    return np.cumsum(steps[:-1], dtype=np.int8).view(np.bool_).reshape(shape)


def label_runs(runs: Runs) -> IntArray:
    """Number the patch of each run, from 0 without gaps; pixels that touch in a corner are of
    one patch.
    """
    above, below = _touching(runs)
    parent: IntArray = np.arange(len(runs))
    while above.size:
        roots = np.stack([parent[above], parent[below]])
        apart = roots[0] != roots[1]
        above, below, roots = above[apart], below[apart], roots[:, apart]
        low, high = roots.min(axis=0), roots.max(axis=0)
        order = np.argsort(
            -low, kind="stable"
        )  # of several writes to one place the last stays: the lowest
        parent[high[order]] = low[order]
        parent = _shorten(parent)
    return np.unique(parent, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _shorten(parent: IntArray) -> IntArray:
    while True:
        further: IntArray = parent[parent]
        if np.array_equal(further, parent):
            return parent
        parent = further


def _touching(runs: Runs) -> tuple[IntArray, IntArray]:
    """Pairs of runs in neighbouring rows that touch, also across a corner."""
    width = int(runs.stop.max(initial=0)) + 2  # so that nothing of one row reaches into the next
    place = runs.row.astype(np.int64) * width
    starts, stops = place + runs.start, place + runs.stop
    first = np.searchsorted(stops, starts + width, side="left")
    last = np.searchsorted(starts, stops + width, side="right")
    counts = np.maximum(last - first, 0)
    above = np.repeat(np.arange(len(runs)), counts)
    within = np.arange(above.size) - np.repeat(np.cumsum(counts) - counts, counts)
    return above, np.repeat(first, counts) + within
