"""Ways of water on a height model: every pixel to one of its eight neighbours, out of every
depression, off the raster.

Steepest descent among eight neighbours (O'Callaghan & Mark 1984,
doi:10.1016/S0734-189X(84)80011-0). Depressions are left over their lowest pass: each pit's basin is
a node of a graph whose lines are the passes between basins, and its minimum spanning tree from the
outside tells where each basin spills and how high it is filled before it does (Cordonnier, Bovy &
Braun 2019, doi:10.5194/esurf-7-549-2019). The heights filled so are those of the priority flood
(Barnes, Lehman & Mulla 2014, doi:10.1016/j.cageo.2013.04.024). Inside a depression the water keeps
to its valley: down to the pit, and from there back up the way on which the pass drains into it.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from ..raster.physical import FloatArray

Indexes = npt.NDArray[np.int32]
"""Indexes of pixels: row * cols + col."""
Flags = npt.NDArray[np.bool_]
NEIGHBOURS = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))
"""Row and column steps; the first four reach each pair of neighbours once."""
OUTSIDE = 0
"""The node of the graph that is everything beyond the raster and its missing pixels."""


@dataclass(frozen=True)
class Flow:
    """The ways of the water over one height model."""

    receiver: Indexes
    """(pixels,) Where each pixel's water goes next; itself where it leaves the raster, and where
    there is no height.
    """
    filled: FloatArray
    """(rows, cols) Heights with every depression filled to its spill, metres; NaN where there is
    none.
    """
    flat: Indexes
    """(pixels,) 1, 2, … of the level grounds without a lower neighbour, each the pixels of one; 0
    elsewhere.
    """


def route(heights: FloatArray, cell_m: tuple[float, float]) -> Flow:
    """Find where each pixel's water goes.

    Parameters
    ----------
    heights : ndarray of float32, (rows, cols)
        Metres; NaN = unknown: water that comes there, or to the raster's edge, leaves.
    cell_m : (float, float)
        Pixel size (x, y) in metres.
    """
    known = np.isfinite(heights)
    receiver = _steepest(heights, cell_m)
    pits = (receiver == np.arange(receiver.size, dtype=np.int32)) & known.ravel()
    flat = _join_level(pits.reshape(heights.shape))
    basin = _basins(receiver, flat)
    passes = _passes(heights, known, basin.reshape(heights.shape))
    level, exits, beyond = _spill(passes, int(flat.max(initial=0)) + 1)
    filled = np.maximum(heights, level[basin].reshape(heights.shape))
    _turn(receiver, flat, exits, beyond, _edge(known))
    return Flow(receiver, np.where(known, filled, np.float32(np.nan)), flat)


def _shifted(
    shape: tuple[int, ...], step: tuple[int, int]
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """The pixels that have a neighbour in that direction, and those neighbours."""
    here, there = zip(*(_slices(size, by) for size, by in zip(shape, step)))
    return (here[0], here[1]), (there[0], there[1])


def _slices(size: int, by: int) -> tuple[slice, slice]:
    low, high = (
        slice(max(0, -by), max(0, size - max(0, by))),
        slice(max(0, by), max(0, size + min(0, by))),
    )
    return low, high


def _steepest(heights: FloatArray, cell_m: tuple[float, float]) -> Indexes:
    """The lowest neighbour by gradient; itself where none is lower. Of equal ones the first in
    ``NEIGHBOURS``.
    """
    receiver = np.arange(heights.size, dtype=np.int32).reshape(heights.shape)
    own = receiver.copy()
    best = np.zeros(heights.shape, np.float32)
    with np.errstate(invalid="ignore"):  # NaN is lower than nothing
        for step in NEIGHBOURS:
            here, there = _shifted(heights.shape, step)
            distance = np.hypot(step[0] * cell_m[1], step[1] * cell_m[0])
            gradient = (heights[here] - heights[there]) / np.float32(distance)
            steeper = gradient > best[here]
            np.copyto(best[here], gradient, where=steeper)
            np.copyto(receiver[here], own[there], where=steeper)
    return receiver.ravel()


def _join_level(pits: Flags) -> Indexes:
    """Number the pits; neighbours are one: they are level, or the higher of them would be none."""
    label = np.where(pits, np.arange(pits.size, dtype=np.int32).reshape(pits.shape), np.int32(-1))
    pairs = []
    for step in NEIGHBOURS[:4]:
        here, there = _shifted(pits.shape, step)
        same = pits[here] & pits[there]
        pairs.append(np.stack([label[here][same], label[there][same]]))
    first, second = np.concatenate(pairs, axis=1)
    root = label.ravel()
    while first.size:
        low, high = np.minimum(root[first], root[second]), np.maximum(root[first], root[second])
        np.minimum.at(root, high, low)
        _jump(root, np.unique(high))
        apart = root[first] != root[second]
        first, second = root[first[apart]], root[second[apart]]
    pixels = np.flatnonzero(pits)
    _jump(root, pixels)
    number = np.zeros(pits.size, np.int32)
    heads = pixels[root[pixels] == pixels]
    number[heads] = np.arange(1, heads.size + 1, dtype=np.int32)
    number[pixels] = number[root[pixels]]
    return number


def _jump(root: Indexes, changed: npt.NDArray[np.integer[Any]]) -> None:
    """Follow the roots' roots to their end."""
    while True:
        further = root[root[changed]]
        if (further == root[changed]).all():
            return
        root[changed] = further


def _basins(receiver: Indexes, flat: Indexes) -> Indexes:
    """The number of the pit that each pixel's water comes to by steepest descent; 0 where there is
    no height.
    """
    return flat[follow(receiver)]


def follow(receiver: Indexes) -> Indexes:
    """The end of each pixel's way, by doubling the steps."""
    end = receiver
    while True:
        further = end[end]
        if np.array_equal(further, end):
            return further
        end = further


@dataclass(frozen=True)
class _Passes:
    """The lowest pass between each two basins that meet."""

    near: npt.NDArray[np.int64]
    """Basin of the lower number, or ``OUTSIDE``."""
    far: npt.NDArray[np.int64]
    height: FloatArray
    near_pixel: Indexes
    """The pixel of ``near`` at the pass; for ``OUTSIDE`` that of ``far``."""
    far_pixel: Indexes


def _passes(heights: FloatArray, known: Flags, basin: Indexes) -> _Passes:
    """Between neighbours of different basins, and from each pixel at the edge or beside a missing
    one to the outside.
    """
    count = int(basin.max(initial=0)) + 1
    flat_heights = heights.ravel()
    index = np.arange(heights.size, dtype=np.int32).reshape(heights.shape)
    edge = _edge(known)
    rim = index[edge]
    lowest = [_lowest(basin.ravel()[rim].astype(np.int64), flat_heights[rim], rim, rim)]
    for step in NEIGHBOURS[:4]:
        here, there = _shifted(heights.shape, step)
        apart = (basin[here] != basin[there]) & known[here] & known[there]
        near, far = index[here][apart], index[there][apart]
        swap = basin.ravel()[near] > basin.ravel()[far]
        near, far = np.where(swap, far, near), np.where(swap, near, far)
        key = basin.ravel()[near].astype(np.int64) * count + basin.ravel()[far]
        lowest.append(_lowest(key, np.maximum(flat_heights[near], flat_heights[far]), near, far))
    key, height, near, far = _lowest(*(np.concatenate(part) for part in zip(*lowest)))
    return _Passes(key // count, key % count, height, near, far)


def _lowest(
    key: npt.NDArray[np.int64], height: FloatArray, near: Indexes, far: Indexes
) -> tuple[npt.NDArray[np.int64], FloatArray, Indexes, Indexes]:
    """For each key the entry of least height; the first of equal ones."""
    if not key.size:
        return key, height, near, far
    order = np.argsort(key, kind="stable")
    key, height = key[order], height[order]
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    least = np.minimum.reduceat(height, starts)
    group = np.repeat(np.arange(starts.size), np.diff(np.append(starts, key.size)))
    hits = np.flatnonzero(height == least[group])
    first = hits[np.concatenate([[True], group[hits][1:] != group[hits][:-1]])]
    return key[first], least, near[order[first]], far[order[first]]


def _edge(known: Flags) -> Flags:
    """Pixels with a height that lie at the raster's edge or have a neighbour without one."""
    inner = np.zeros(known.shape, bool)
    inner[1:-1, 1:-1] = True
    for step in NEIGHBOURS:
        here, there = _shifted(known.shape, step)
        inner[here] &= known[there]
    edge: Flags = known & ~inner
    return edge


def _spill(passes: _Passes, count: int) -> tuple[FloatArray, Indexes, Indexes]:
    """For each basin the height to which it fills, the pixel where it is left, and the one beyond
    the pass.

    The tree grows from the outside, always over the lowest pass; the pixel beyond is the same as
    the exit where the water leaves the raster.
    """
    ends = np.concatenate([passes.near, passes.far])
    order = np.argsort(ends, kind="stable")
    starts = cast("list[int]", np.searchsorted(ends[order], np.arange(count + 1)).tolist())
    edge_of = cast("list[int]", (order % max(1, len(passes.near))).tolist())
    near, far = (cast("list[int]", side.tolist()) for side in (passes.near, passes.far))
    height = cast("list[float]", passes.height.tolist())
    level = np.full(count, -np.inf, np.float32)
    taken = np.full(count, -1, np.int64)
    done = [False] * count
    heap: list[tuple[float, int, int]] = [(-np.inf, -1, OUTSIDE)]
    while heap:
        reached, line, node = heapq.heappop(heap)
        if done[node]:
            continue
        done[node] = True
        level[node], taken[node] = reached, line
        for at in edge_of[starts[node] : starts[node + 1]]:
            neighbour = far[at] if near[at] == node else near[at]
            if not done[neighbour]:
                heapq.heappush(heap, (max(reached, height[at]), at, neighbour))
    over = taken[1:]
    first = passes.near[over] == np.arange(1, count)
    exits = np.where(first, passes.near_pixel[over], passes.far_pixel[over]).astype(np.int32)
    beyond = np.where(first, passes.far_pixel[over], passes.near_pixel[over]).astype(np.int32)
    return level, exits, beyond


def _turn(receiver: Indexes, flat: Indexes, exits: Indexes, beyond: Indexes, edge: Flags) -> None:
    """Turn the way from each basin's exit to its pit round, in place, and lead level ground to
    where that way begins.

    Level ground that is left at the raster's edge is left all along it.
    """
    leaves = np.concatenate(
        [[False], (beyond == exits) & (flat[exits] == np.arange(1, exits.size + 1))]
    )
    ends = [np.flatnonzero(edge.ravel() & leaves[flat]).astype(np.int32)]
    here, onward = exits.copy(), beyond.copy()
    while here.size:
        down = receiver[here].copy()
        receiver[here] = onward
        last = down == here
        ends.append(here[last])
        here, onward = down[~last], here[~last]
    front = np.unique(np.concatenate(ends))
    waiting = flat > 0
    waiting[front] = False
    for begin, pixel in _waves(front, waiting, flat, edge.shape):
        receiver[pixel] = begin


def _waves(
    front: Indexes, waiting: Flags, flat: Indexes, shape: tuple[int, ...]
) -> Iterator[tuple[Indexes, Indexes]]:
    """Pairs (reached before, reached now) over level ground, wave by wave from ``front``."""
    sizes = np.bincount(flat)
    front = front[sizes[flat[front]] > 1]
    rows, cols = shape
    while front.size:
        reached = []
        row, col = np.divmod(front, cols)
        for down, right in NEIGHBOURS:
            inside = (
                (row + down >= 0) & (row + down < rows) & (col + right >= 0) & (col + right < cols)
            )
            begin = front[inside]
            pixel = begin + np.int32(down * cols + right)
            good = waiting[pixel] & (flat[pixel] == flat[begin])
            begin, pixel = begin[good], pixel[good]
            waiting[pixel] = False
            reached.append(pixel)
            yield begin, pixel
        front = np.concatenate(reached)
