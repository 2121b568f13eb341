"""Specks of a raster of marks that become what surrounds them, strip by strip.

What GDAL's sieve does (GDALSieveFilter, alg/gdalsievefilter.cpp): pixels of one mark that are
connected along edges are a patch; one with fewer pixels than the threshold takes the mark of its
largest neighbour, of several equal ones the first met in the order of reading; where that is too
small as well, of the neighbour's largest neighbour, and so on; and stays where this leads round in
circles. Here strips are looked at one by one, on any number of threads, and most specks are known
to be specks then; the rest waits for the sizes of patches that reach over seams.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .cycles import IntArray, find_roots, follow

Marks = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
UNKNOWN = -1


@dataclass(frozen=True, eq=False)
class SeamRow:
    """Runs of equal marks in a row at a seam."""

    start: IntArray
    mark: Marks
    patch: IntArray


@dataclass(frozen=True, eq=False)
class Waiting:
    """Runs of a strip whose mark is not known yet."""

    place: IntArray
    """First pixel, counted through the strip's rows."""
    stop: IntArray
    patch: IntArray


@dataclass(frozen=True, eq=False)
class SievedStrip:
    """What is known of a strip on its own. Patches are numbered within it."""

    rows: int
    size: IntArray
    """Pixels of each patch that others must know of."""
    mark: IntArray
    """Its own."""
    settled: IntArray
    """The one it ends with; ``UNKNOWN`` where that depends on other strips or takes longer."""
    contacts: tuple[IntArray, IntArray, IntArray]
    """Patches that lie side by side, and where they do first in the order of reading."""
    top: SeamRow
    bottom: SeamRow
    waiting: Waiting

    def changes(self, ends: IntArray) -> bool:
        """Whether any of its patches ends as another mark than its own."""
        return bool((self.mark != ends)[self.waiting.patch].any())


def sieve_strip(marks: Marks, threshold: int, first_row: int, rows: int) -> SievedStrip:
    """Look for specks in a strip.

    Parameters
    ----------
    marks : ndarray of uint8, (rows of the strip, cols)
    threshold : int
        The least number of pixels that is no speck.
    first_row, rows : int
        The strip's first row, and how many rows the raster has.

    Returns
    -------
    SievedStrip
        What is left to be known. Those specks that are known to be specks are gone from ``marks``.
    """
    cols = marks.shape[1]
    start, above, below, where = _runs(marks)
    mark = marks.reshape(-1)[start]
    same = mark[above] == mark[below]
    patch, count = _patches(start.size, above[same], below[same])
    length = np.diff(np.append(start, marks.size))
    size = np.bincount(patch, length, minlength=count).astype(np.int64)
    own = np.empty(count, np.int64)
    own[patch] = mark
    upper, lower = (int(np.searchsorted(start, row * cols)) for row in (1, marks.shape[0] - 1))
    is_open = np.zeros(count, np.bool_)
    if first_row > 0:
        is_open[patch[:upper]] = True
    if first_row + marks.shape[0] < rows:
        is_open[patch[lower:]] = True
    # Pixels meet the one above before the one on the left.
    beside = np.flatnonzero(start % cols)
    apart = ~same
    one = np.concatenate([patch[above[apart]], patch[beside - 1]])
    two = np.concatenate([patch[below[apart]], patch[beside]])
    met = np.concatenate([where[apart] * 2, start[beside] * 2 + 1]) + 2 * first_row * cols
    settled = np.where(size < threshold, UNKNOWN, own)
    _settle(settled, one, two, own, is_open)
    open_marks = settled[one] < 0
    open_marks |= settled[two] < 0
    one, two, met = one[open_marks], two[open_marks], met[open_marks]
    told = is_open | (settled < 0)
    told[one] = told[two] = True
    number = np.cumsum(told) - 1
    ends = settled[patch]
    waits = np.flatnonzero(ends < 0)
    gone = np.flatnonzero((ends >= 0) & (ends != mark))
    _fill(marks, start[gone], length[gone], ends[gone])
    return SievedStrip(
        rows=marks.shape[0],
        size=size[told],
        mark=own[told],
        settled=settled[told],
        contacts=(number[one], number[two], met),
        top=SeamRow(start[:upper], mark[:upper], number[patch[:upper]]),
        bottom=SeamRow(
            start[lower:] - (marks.shape[0] - 1) * cols, mark[lower:], number[patch[lower:]]
        ),
        waiting=Waiting(start[waits], start[waits] + length[waits], number[patch[waits]]),
    )


def _runs(marks: Marks) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Runs of equal marks: their first pixels; and where two of neighbouring rows touch: the upper
    one, the lower one, and the first pixel of the lower one that does.
    """
    rows, cols = marks.shape
    begins = np.empty((rows, (cols + 7) // 8 * 8), np.bool_)
    begins[:, 0], begins[:, cols:] = True, False
    np.not_equal(marks[:, 1:], marks[:, :-1], out=begins[:, 1:cols])
    bits = np.packbits(begins, axis=1)
    start, _, _ = _set_bits(bits, cols)
    where, byte, mask = _set_bits(bits[:-1] | bits[1:], cols)
    is_above = (bits[:-1].reshape(-1)[byte] & mask) != 0
    is_below = (bits[1:].reshape(-1)[byte] & mask) != 0
    in_first_row = int(np.searchsorted(start, cols))
    return (
        start,
        np.cumsum(is_above) - 1,
        np.cumsum(is_below) - 1 + in_first_row,
        where + cols,
    )


def _set_bits(bits: npt.NDArray[np.uint8], cols: int) -> tuple[IntArray, IntArray, Marks]:
    """The pixels whose bits are set, counted through the rows, their bytes, and a mask of each."""
    flat, width = bits.reshape(-1), bits.shape[1]
    some = np.flatnonzero(flat != 0)
    spot = np.flatnonzero(np.unpackbits(flat[some]).view(np.bool_))
    byte, bit = some[spot >> 3], spot & 7
    pixel: IntArray = byte * 8 + bit
    if width * 8 != cols:
        pixel -= byte // width * (width * 8 - cols)
    return pixel, byte, _MASKS[bit]


_MASKS = np.left_shift(1, 7 - np.arange(8)).astype(np.uint8)


def _patches(runs: int, above: IntArray, below: IntArray) -> tuple[IntArray, int]:
    """Number the patch of each run, given those of neighbouring rows that touch."""
    parent: IntArray = np.arange(runs)
    parent[below] = above  # of several one: that makes trees
    parent = follow(parent)
    roots = np.flatnonzero(parent == np.arange(runs))
    number = np.empty_like(parent)
    number[roots] = np.arange(roots.size)
    one, two = number[parent[above]], number[parent[below]]
    apart = one != two
    joined = find_roots(roots.size, one[apart], two[apart])
    heads = np.flatnonzero(joined == np.arange(roots.size))
    dense = np.empty_like(joined)
    dense[heads] = np.arange(heads.size)
    return dense[joined][number[parent]], heads.size


def _settle(settled: IntArray, one: IntArray, two: IntArray, own: IntArray, is_open: Flags) -> None:
    """Give specks the mark of the large patches beside them, where these have only one, and no
    patch of another mark that may grow large in another strip.
    """
    small = settled < 0
    taken = np.full(settled.size, UNKNOWN, np.int64)
    able = ~small | is_open
    pairs = [(a, b) for a, b in ((one, two), (two, one))]
    pairs = [(a[keep], b[keep]) for a, b in pairs for keep in (small[a] & able[b],)]
    for speck, other in pairs:
        large = ~small[other]
        taken[speck[large]] = own[other[large]]
    torn = [speck[taken[speck] != own[other]] for speck, other in pairs]
    taken[np.concatenate(torn)] = UNKNOWN
    taken[is_open] = UNKNOWN
    settled[small] = taken[small]


def settle_strips(strips: Sequence[SievedStrip], threshold: int, cols: int) -> list[IntArray]:
    """Tell what the patches of strips that follow each other end as.

    Returns
    -------
    list of ndarray of int64
        Of each strip the mark of each patch.
    """
    bases = np.cumsum([0, *(strip.size.size for strip in strips)])
    mark, settled = (
        np.concatenate([getattr(strip, name) for strip in strips]) for name in ("mark", "settled")
    )
    contacts = [
        (a + base, b + base, met)
        for (a, b, met), base in zip((strip.contacts for strip in strips), bases)
    ]
    joins = []
    row = 0
    for upper, lower, base, next_base in zip(strips, strips[1:], bases, bases[1:]):
        row += upper.rows
        touch, apart = _seam(upper.bottom, lower.top, row, cols, (int(base), int(next_base)))
        joins.append(touch)
        contacts.append(apart)
    none = np.zeros(0, np.int64)
    one, two = (np.concatenate([none, *(pair[side] for pair in joins)]) for side in (0, 1))
    root = find_roots(mark.size, one, two)
    size = np.bincount(root, np.concatenate([strip.size for strip in strips]), mark.size)
    # Those that reach over a seam are settled only by their whole size.
    alone = np.bincount(root, minlength=mark.size) == 1
    settled = np.where(size >= threshold, mark, np.where(alone, settled, UNKNOWN))
    a, b, met = (np.concatenate([part[side] for part in contacts]) for side in (0, 1, 2))
    settled = _chase(settled, size, root[a], root[b], met)
    ends = np.where(settled < 0, mark, settled)[root]
    return [ends[base:stop] for base, stop in itertools.pairwise(bases)]


def _seam(
    upper: SeamRow, lower: SeamRow, row: int, cols: int, bases: tuple[int, int]
) -> tuple[tuple[IntArray, IntArray], tuple[IntArray, IntArray, IntArray]]:
    """Patches of two rows that touch: those of one mark, which are one, and the others."""
    begins = np.union1d(upper.start, lower.start)
    above, below = (
        np.searchsorted(side.start, begins, side="right") - 1 for side in (upper, lower)
    )
    one, two = upper.patch[above] + bases[0], lower.patch[below] + bases[1]
    same = upper.mark[above] == lower.mark[below]
    apart = ~same
    return (one[same], two[same]), (one[apart], two[apart], 2 * (row * cols + begins[apart]))


def _chase(
    settled: IntArray, size: npt.NDArray[Any], one: IntArray, two: IntArray, met: IntArray
) -> IntArray:
    """Settle specks by their largest neighbours, or the largest neighbours of these."""
    speck, other = np.concatenate([one, two]), np.concatenate([two, one])
    some = (settled[speck] < 0) & (speck != other)
    speck, other, met = speck[some], other[some], np.concatenate([met, met])[some]
    by = np.lexsort((-met, size[other], speck))  # of several the largest, first met, stays
    goal: IntArray = np.arange(settled.size)
    goal[speck[by]] = other[by]
    waiting = np.unique(speck)
    for _ in range(int(settled.size).bit_length() + 1):
        ahead = goal[waiting]
        goal[waiting] = np.where(settled[ahead] < 0, goal[ahead], ahead)
    found: IntArray = settled.copy()
    found[waiting] = settled[goal[waiting]]
    return found


def paint(marks: Marks, strip: SievedStrip, ends: IntArray) -> None:
    """Change what a strip's patches end as, in the marks that :func:`sieve_strip` has left."""
    waiting = strip.waiting
    other = np.flatnonzero((strip.mark != ends)[waiting.patch])
    place = waiting.place[other]
    _fill(marks, place, waiting.stop[other] - place, ends[waiting.patch[other]])


def _fill(marks: Marks, place: IntArray, length: IntArray, mark: IntArray) -> None:
    """Give runs of pixels, counted through the rows, another mark each."""
    first = np.cumsum(length) - length
    pixels = np.repeat(place - first, length) + np.arange(int(length.sum()))
    marks.reshape(-1)[pixels] = np.repeat(mark, length)
