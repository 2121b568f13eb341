"""Edges of strips joined at their seams to rings, and rings put together by connected patches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .cycles import IntArray, follow, order_cycles, sizes_of
from .strip_edges import StripEdges

Places = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Rings:
    """Rings of stretches along lines between rows; between two of them a ring is upright.

    Those of one patch follow each other, the outer one first, then its holes from the top; patches
    from the top, then from the left. The marked pixels lie on the right of who walks along.
    """

    line: Places
    begin: Places
    end: Places
    """As in :class:`~.strip_edges.StripEdges`."""
    starts: IntArray
    """First stretch of each ring."""
    outer: npt.NDArray[np.bool_]
    """Of each ring, whether a patch begins with it."""

    def part(self, first: int, last: int) -> Rings:
        """The rings from one to before another."""
        starts = np.append(self.starts, self.line.size)
        some = slice(starts[first], starts[last])
        return Rings(
            self.line[some],
            self.begin[some],
            self.end[some],
            self.starts[first:last] - starts[first],
            self.outer[first:last],
        )

    def corners(self) -> tuple[Places, Places]:
        """Columns and rows of all corners, two of each stretch; ring ``n`` begins with corner
        ``2 * starts[n]``. Each ring from its upper left corner on.
        """
        columns, rows = np.empty(2 * self.line.size, np.int32), np.repeat(self.line, 2)
        columns[0::2], columns[1::2] = self.begin, self.end
        if not self.outer.all():
            # The uppermost stretch of a hole leads to the left: its second corner comes first.
            turned = np.repeat(~self.outer, sizes_of(self.starts, self.line.size))
            after = np.arange(1, self.line.size + 1)
            after[np.append(self.starts[1:], self.line.size) - 1] = self.starts
            begin, line = self.begin[after], self.line[after]
            columns[0::2] = np.where(turned, self.end, self.begin)
            columns[1::2] = np.where(turned, begin, self.end)
            rows[1::2] = np.where(turned, line, self.line)
        return columns, rows


def join_strips(strips: Sequence[StripEdges]) -> Rings:
    """Put the edges of strips that follow each other together.

    Parameters
    ----------
    strips : sequence of StripEdges
        All lines of a raster. Nothing leads out of the first one's top and the last one's bottom.
    """
    opened = [strip.entry.size for strip in strips]
    order, cycles = order_cycles(_over_seams(strips, opened))
    sources = _Sources.of(strips, opened, order, cycles)
    line, begin, end = (
        np.concatenate([getattr(strip, name) for strip in strips])[sources.stretch]
        for name in ("line", "begin", "end")
    )
    rings = Rings(line, begin, end, sources.starts, np.ones(sources.starts.size, np.bool_))
    place = np.empty_like(sources.stretch)
    place[sources.stretch] = np.arange(place.size)
    touch = [
        np.column_stack([place[strip.touch[:, :2] + base], strip.touch[:, 2]])
        for strip, base in zip(strips, sources.bases)
    ]
    patch = follow(_inner_of(strips, sources))
    return _by_patch(*_part(rings, patch, np.concatenate(touch)))


def _over_seams(strips: Sequence[StripEdges], opened: Sequence[int]) -> IntArray:
    """The open path that each leads to, all strips' numbered one after the other."""
    bases = np.cumsum([0, *opened])
    by_entry = []
    for strip, base in zip(strips, bases):
        table = np.empty(int(max(strip.entry.max(initial=-1), strip.exit.max(initial=-1))) + 1, int)
        table[strip.entry] = base + np.arange(strip.entry.size)
        by_entry.append(table)
    after: list[IntArray] = [np.zeros(0, np.int64)]
    for number, strip in enumerate(strips):
        goal = np.empty_like(strip.exit)
        down = strip.exit >= strip.tops
        if down.any():
            goal[down] = by_entry[number + 1][strip.exit[down] - strip.tops]
        if not down.all():
            above = strips[number - 1]
            goal[~down] = by_entry[number - 1][above.tops + strip.exit[~down]]
        after.append(goal)
    return np.concatenate(after)


@dataclass(frozen=True, eq=False)
class _Sources:
    """Where the rings' stretches come from: rings over seams first, then those of each strip."""

    stretch: IntArray
    """Of each stretch its number in all strips."""
    starts: IntArray
    bases: IntArray
    """Number of each strip's first stretch."""
    ring: Sequence[IntArray]
    """Of each strip the ring of each path."""
    joined: int
    """Rings over seams."""

    @classmethod
    def of(
        cls,
        strips: Sequence[StripEdges],
        opened: Sequence[int],
        order: IntArray,
        cycles: IntArray,
    ) -> _Sources:
        bases = np.cumsum([0, *(strip.line.size for strip in strips)])[:-1]
        sizes = [sizes_of(strip.starts, strip.line.size) for strip in strips]
        none = np.zeros(0, np.int64)
        length = np.concatenate([none, *(one[:count] for one, count in zip(sizes, opened))])[order]
        begin = np.concatenate(
            [none, *(s.starts[:count] + base for s, count, base in zip(strips, opened, bases))]
        )[order]
        ends = np.cumsum(length)
        total = int(length.sum())
        parts = [np.repeat(begin - (ends - length), length) + np.arange(total)]
        starts = [(ends - length)[cycles]]
        ring_of = np.empty_like(order)
        ring_of[order] = np.repeat(np.arange(cycles.size), sizes_of(cycles, order.size))
        rings, number, seen = [], cycles.size, 0
        for strip, count, base in zip(strips, opened, bases):
            closed = strip.starts[count:]
            rings.append(
                np.concatenate(
                    [ring_of[seen : seen + count], np.arange(number, number + closed.size)]
                )
            )
            number, seen = number + closed.size, seen + count
            if closed.size:
                parts.append(np.arange(base + closed[0], base + strip.line.size))
                starts.append(closed - closed[0] + total)
                total += strip.line.size - int(closed[0])
        return cls(np.concatenate(parts), np.concatenate(starts), bases, rings, cycles.size)


def _inner_of(strips: Sequence[StripEdges], sources: _Sources) -> IntArray:
    """Of each ring one that lies farther left around the same patch; of an outer one itself."""
    found: IntArray = np.empty_like(sources.starts)
    key = np.full(found.size, np.iinfo(np.int64).max)  # of those that several strips share
    for strip, ring in zip(strips, sources.ring):
        has = np.flatnonzero(strip.first >= 0)
        first, outer, own = strip.first[has], strip.outer[has], ring[has]
        left = np.minimum(strip.begin[first], strip.end[first])
        keys = strip.line[first].astype(np.int64) << 32 | left
        shared = own < sources.joined
        np.minimum.at(key, own[shared], keys[shared])
        highest = ~shared | (key[own] == keys)
        found[own[highest]] = np.where(outer < 0, own, ring[outer])[highest]
    return found


def _part(rings: Rings, patch: IntArray, touch: IntArray) -> tuple[Rings, IntArray]:
    """Part rings where they meet themselves in a corner: a polygon's ring does so nowhere, but a
    hole may meet it there (OGC 06-103r4, 6.1.11.1).
    """
    count = rings.line.size
    sizes = sizes_of(rings.starts, count)
    ring = np.repeat(np.arange(sizes.size), sizes)
    same = ring[touch[:, 0]] == ring[touch[:, 1]]
    if not same.any():
        return rings, patch
    one, two, falling = touch[same].T
    bad = np.zeros(sizes.size, np.bool_)
    bad[ring[one]] = True
    stretches, others = np.flatnonzero(bad[ring]), np.flatnonzero(~bad[ring])
    number = np.empty(count, np.int64)
    number[stretches] = np.arange(stretches.size)
    one, two = number[one], number[two]
    starts = np.cumsum(sizes[bad]) - sizes[bad]
    after, before = np.arange(1, stretches.size + 1), np.arange(-1, stretches.size - 1)
    after[starts + sizes[bad] - 1] = starts
    before[starts] = starts + sizes[bad] - 1
    # An upright edge bears the number of the stretch before it; both ends of it may change.
    edge = np.arange(stretches.size)
    both_begin = falling.astype(np.bool_)
    a, b = one[both_begin], two[both_begin]
    after[before[a]], after[before[b]] = b, a
    a, b = one[~both_begin], two[~both_begin]
    edge[a], edge[b] = b, a
    order, cycles = order_cycles(after[edge])
    source = np.concatenate([others, stretches[order]])
    parted = replace(
        rings,
        line=rings.line[source],
        begin=rings.begin[source],
        end=rings.end[source],
        starts=np.concatenate([np.cumsum(sizes[~bad]) - sizes[~bad], cycles + others.size]),
    )
    return parted, np.concatenate([patch[~bad], patch[ring[stretches[order[cycles]]]]])


def _by_patch(rings: Rings, patch: IntArray) -> Rings:
    """Put the rings of each patch one after the other."""
    count = rings.line.size
    sizes = sizes_of(rings.starts, count)
    first = _highest(rings, sizes)
    outer = rings.begin[first] < rings.end[first]
    key = rings.line[first].astype(np.int64) << 32 | np.minimum(rings.begin, rings.end)[first]
    rank = np.empty(int(patch.max(initial=-1)) + 1, np.int64)
    rank[patch[outer]] = key[outer]
    holes = np.flatnonzero(~outer)
    by = np.concatenate([np.flatnonzero(outer), holes[np.argsort(key[holes])]])
    by = by[np.argsort(rank[patch[by]], kind="stable")]
    length, start = sizes[by], rings.starts[by]
    ends = np.cumsum(length)
    step = np.arange(count) - np.repeat(ends - length, length)
    if (first != rings.starts).any():  # each from its highest stretch on
        step += np.repeat(first[by] - start, length)
        size = np.repeat(length, length)
        step = np.where(step >= size, step - size, step)
    source = np.repeat(start, length) + step
    return Rings(
        rings.line[source], rings.begin[source], rings.end[source], ends - length, outer[by]
    )


def _highest(rings: Rings, sizes: IntArray) -> IntArray:
    """The stretch of each ring that is highest, then leftmost."""
    if not sizes.size:
        return sizes
    key = rings.line.astype(np.int64) << 32 | np.minimum(rings.begin, rings.end)
    least = np.minimum.reduceat(key, rings.starts)
    at = np.flatnonzero(key == np.repeat(least, sizes))
    ring = np.repeat(np.arange(sizes.size), sizes)[at]
    found = np.empty_like(sizes)
    found[ring[::-1]] = at[::-1]
    return found
