"""Edges of marked pixels in a strip of rows, in the order in which somebody walks along them who
has the marked pixels on the right.

Only the corners are looked at, which are found eight columns at a time in packed bits: the cost
goes with the length of the edges, not with the area. Where two marked pixels meet in a corner and
the other two are not marked, each edge turns around its own pixel, so that pixels are connected
along edges alone. An edge is known by the horizontal stretches in it: between two of them it is
upright.

Edges that leave the strip at its top or bottom do so at a gate; the next strip has the same gates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .cycles import IntArray, order_cycles, sizes_of

Bits = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
_LAST_BIT = np.array([0, *(7 - (byte & -byte).bit_length() + 1 for byte in range(1, 256))])
"""Of a byte, the last bit that is set, the first being 0."""
_UP_TO = np.array([(0xFF << (7 - bit)) & 0xFF for bit in range(8)], np.uint8)


@dataclass(frozen=True, eq=False)
class StripEdges:
    """Stretches of edges in the order of the walk, path after path: first those that lead from gate
    to gate, then those that are closed.
    """

    line: npt.NDArray[np.int32]
    """The line between rows that a stretch lies on; 0 is the raster's upper edge."""
    begin: npt.NDArray[np.int32]
    end: npt.NDArray[np.int32]
    """The lines between columns that it leads from and to."""
    starts: IntArray
    """First stretch of each path."""
    entry: IntArray
    exit: IntArray
    """Gates of each open path; those of the top come first, each from left to right."""
    tops: int
    """Gates at the top."""
    first: IntArray
    """Of each path the stretch that is highest, then leftmost; -1 where it has none."""
    outer: IntArray
    """A path of the edge that lies left of it, around the same pixels, where above its first
    stretch are marked pixels; else -1.
    """
    touch: IntArray
    """(n, 3): pairs of stretches that meet in a corner where the marked pixels only touch, and
    whether these lie upper left and lower right.
    """


def pack_rows(marked: Flags) -> Bits:
    """Bits of some rows, with one that is not set in front of the first pixel and at least one
    behind the last.

    Parameters
    ----------
    marked : ndarray of bool, (rows, cols)

    Returns
    -------
    ndarray of uint8, (rows, cols // 8 + 1)
    """
    rows, cols = marked.shape
    wide = np.zeros((rows, (cols // 8 + 1) * 8), np.bool_)
    wide[:, 1 : cols + 1] = marked
    return np.packbits(wide, axis=1)


def trace_strip(left: Bits, first_line: int) -> StripEdges:
    """Walk along all edges between the rows of a strip.

    Parameters
    ----------
    left : ndarray of uint8, (lines + 1, bytes)
        The row above the strip's first line, and the row below each line, as of :func:`pack_rows`:
        bit j says whether the pixel left of the line j between columns is marked.
    first_line : int
        Number of the first line.
    """
    return _Strip(left).edges(first_line)


class _Strip:
    """Corners of a strip and what joins them. A corner where pixels only touch is two.

    Elements are the gates of the top, the corners, and the gates of the bottom. Of the corners of
    one line the first and the second are the ends of a stretch, the third and the fourth, and so
    on; likewise of the elements of one column.
    """

    def __init__(self, left: Bits) -> None:
        lines, width = left.shape[0] - 1, left.shape[1]
        right = left << np.uint8(1)
        right[:, :-1] |= left[:, 1:] >> np.uint8(7)
        self.upright = left ^ right
        """Bit j of a row: an edge at the line j between columns."""
        above, below = self.upright[:-1], self.upright[1:]
        cross = above & below & (left[:-1] ^ left[1:])
        corners: Bits = np.bitwise_or(above ^ below, cross, dtype=np.uint8).reshape(-1)
        some = np.flatnonzero(corners != 0)
        spot = np.flatnonzero(np.unpackbits(corners[some]).view(np.bool_))
        byte, bit = some[spot >> 3], spot & 7
        line = byte // width
        column = (byte - line * width) * 8 + bit
        mask = np.left_shift(1, 7 - bit).astype(np.uint8)
        marked = (right[1:].reshape(-1)[byte] & mask) != 0
        upward = (above.reshape(-1)[byte] & mask) != 0
        twice = np.flatnonzero(cross.reshape(-1)[byte] & mask)
        if twice.size:
            counts = np.ones(spot.size, np.int64)
            counts[twice] = 2
            line, column, marked, upward = (
                np.repeat(one, counts) for one in (line, column, marked, upward)
            )
            twice = twice + np.arange(twice.size)
        self.line: IntArray = line
        self.column: IntArray = column
        self.marked: Flags = marked
        """Whether the pixel right below the corner is."""
        self.twice: IntArray = twice
        """The first of the two where pixels touch."""
        self.top, self.bottom = (
            np.flatnonzero(np.unpackbits(self.upright[end])) for end in (0, -1)
        )
        self.count, self.lines = line.size, lines
        sides = (_bit(left[end], gates) for end, gates in ((0, self.top), (-1, self.bottom)))
        top_marked, bottom_marked = sides
        self.enters: Flags = np.concatenate([top_marked, ~bottom_marked])
        """Of each gate, whether the walk comes in by it: down with a marked pixel on its left."""
        self._join_columns()

    def _join_columns(self) -> None:
        tops, count = self.top.size, self.count
        sequence = np.arange(count)
        # The edge from above ends at whichever of the two corners turns up.
        late = self.twice[~self.marked[self.twice]]
        sequence[late], sequence[late + 1] = late + 1, late
        where = np.concatenate([self.top, self.column[sequence], self.bottom])
        elements = np.concatenate(
            [
                np.arange(tops),
                sequence + tops,
                np.arange(tops + count, tops + count + self.bottom.size),
            ]
        )
        if self.upright.shape[1] * 8 <= 1 << 16:
            where = where.astype(np.uint16)  # sorted by digits
        order = elements[np.argsort(where, kind="stable")]
        self.upper, lower = order[0::2], order[1::2]
        self.partner = np.empty_like(elements)
        self.partner[self.upper], self.partner[lower] = lower, self.upper

    def edges(self, first_line: int) -> StripEdges:
        """Put the stretches in the order of the walk."""
        tops, count = self.top.size, self.count
        gates = np.concatenate(
            [np.arange(tops), np.arange(tops + count, tops + count + self.bottom.size)]
        )
        entries, exits = np.flatnonzero(self.enters), np.flatnonzero(~self.enters)
        doors = entries.size
        # A node for each stretch, and one for each way out, which is followed by some way in: so
        # all is closed, and cut afterwards.
        node = np.empty_like(self.partner)
        node[tops : tops + count] = doors + (np.arange(count) >> 1)
        node[gates[exits]] = np.arange(doors)
        east = self.marked[0::2]
        goal = tops + 2 * np.arange(count // 2) + east
        after = np.concatenate([node[self.partner[gates[entries]]], node[self.partner[goal]]])
        path, cycles = order_cycles(after)
        is_door = path < doors
        places = np.flatnonzero(is_door)
        door = path[places]
        linked = path[cycles] < doors  # these come first: doors are the least nodes
        behind = np.append(door[1:], door[:1])
        last = np.searchsorted(places, cycles[linked][1:]) - 1
        behind[np.append(last, doors - 1)[: linked.sum()]] = path[cycles[linked]]
        stretches = path[~is_door] - doors
        starts = np.concatenate([places - np.arange(doors), cycles[~linked] - doors])
        sizes = sizes_of(starts, stretches.size)
        place = np.empty_like(stretches)
        place[stretches] = np.arange(stretches.size)
        some = np.flatnonzero(sizes)
        least = np.minimum.reduceat(stretches, starts[some]) if some.size else some
        first = np.full(starts.size, -1)
        first[some] = place[least]
        path_of = np.empty(doors + stretches.size, np.int64)
        path_of[doors + stretches] = np.repeat(np.arange(starts.size), sizes)
        path_of[door] = np.arange(doors)
        below = ~east[least]
        outer = np.full(starts.size, -1)
        if below.any():
            node[gates[entries]] = np.arange(doors)  # of an edge without a corner
            outer[some[below]] = path_of[node[self._left_of(least[below])]]
        way = east[stretches]
        sides = self.column[2 * stretches], self.column[2 * stretches + 1]
        one, two = (place[(self.twice + number) >> 1] for number in (0, 1))
        return StripEdges(
            line=(self.line[2 * stretches] + first_line).astype(np.int32),
            begin=np.where(way, *sides).astype(np.int32),
            end=np.where(way, *sides[::-1]).astype(np.int32),
            starts=starts,
            entry=entries[door],
            exit=exits[behind],
            tops=tops,
            first=first,
            outer=outer,
            touch=np.column_stack([one, two, self.marked[self.twice]]),
        )

    def _left_of(self, stretches: IntArray) -> IntArray:
        """An element of the upright edge at which the run of marked pixels above a stretch
        begins; of an edge from gate to gate the gate by which the walk comes in.
        """
        tops, count = self.top.size, self.count
        row, column = self.line[2 * stretches], self.column[2 * stretches]
        wall = _last_edge(self.upright, row, column)
        ends = np.zeros(self.bottom.size, np.int64)
        begins = np.concatenate([np.zeros(tops, np.int64), self.line + 1, ends])[self.upper]
        columns = np.concatenate([self.top, self.column, ends])[self.upper]
        rows = self.lines + 2
        found = np.searchsorted(columns * rows + begins, wall * rows + row, side="right") - 1
        element: IntArray = self.upper[found]
        at_top = np.flatnonzero(element < tops)
        other = self.partner[element[at_top]]
        through = other >= tops + count
        stays = through & self.enters[element[at_top]]
        element[at_top[~stays]] = other[~stays]
        return element


def _bit(row: Bits, columns: IntArray) -> Flags:
    flags: Flags = np.unpackbits(row).view(np.bool_)[columns]
    return flags


def _last_edge(upright: Bits, row: IntArray, column: IntArray) -> IntArray:
    """The greatest column up to the given one whose bit is set in the row; there is one."""
    rows, back = np.unique(row, return_inverse=True)
    part = upright[rows]
    reach = np.maximum.accumulate(np.where(part, np.arange(part.shape[1]), -1), axis=1)
    own = part[back, column >> 3] & _UP_TO[column & 7]
    byte = np.where(own, column >> 3, reach[back, np.maximum((column >> 3) - 1, 0)])
    bits = np.where(own, own, part[back, byte])
    found: IntArray = byte * 8 + _LAST_BIT[bits]
    return found
