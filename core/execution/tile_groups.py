"""Groups of neighbouring tiles: one worker does them one after the other, so that what they share
of the sources is fetched and decoded once.

Left one by one, neighbours go to different workers, and each of them fetches nearly every block of
the sources: over HTTP 1.75 times the bytes of threads, which share one cache.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, runtime_checkable

from ..errors import known
from ..raster.grid import Window, common, union_window

MOST_SIDE = 8
"""Tiles along a side of the largest groups."""
GROUPS_PER_SLOT = 4
"""So many groups at least for each tile that can be under way at once: so that all end together."""

Whole = TypeVar("Whole")
Result = TypeVar("Result")
Made = TypeVar("Made", covariant=True)


@dataclass(frozen=True)
class TileGroup:
    """Neighbouring tiles."""

    number: int
    """Its place among the groups of a run, from 0."""
    tiles: tuple[tuple[int, Window], ...]
    """Number of each tile in the whole run, and the tile; in the order in which they were given."""

    def tile(self, number: int) -> Window:
        """The tile of a number."""
        return dict(self.tiles)[number]

    @property
    def box(self) -> Window:
        """The window around all of its tiles."""
        box = union_window([tile for _, tile in self.tiles])
        return known(box, "a group has tiles")


@runtime_checkable
class Divisible(Protocol[Made]):
    """Work that can be made smaller for those who do a part of its tiles alone."""

    def part(self, box: Window) -> Callable[[Window], Made]:
        """The same work for tiles within a window: it carries only what these need, the scenes of
        a mosaic that lie there for example, and gives the same results.
        """


@runtime_checkable
class Heavy(Protocol):
    """Work whose tiles are many tiles each."""

    @property
    def weight(self) -> int:
        """So many times the limit of one tile it may take."""


def weight_of(work: object) -> int:
    """How many tiles' time one tile of the work may take."""
    return work.weight if isinstance(work, Heavy) else 1


def work_of(work: Callable[[Window], Result], group: TileGroup) -> Callable[[Window], Result]:
    """What is sent with a group: the work, made as small as it can be."""
    return work.part(group.box) if isinstance(work, Divisible) else work


def group_tiles(tiles: Sequence[Window], slots: int, most_side: int = MOST_SIDE) -> list[TileGroup]:
    """Square groups of neighbouring tiles, all tiles exactly once.

    A group's side is a power of two of tiles, and its edges are multiples of it. So are those of
    the sources' blocks (256, 512, 1024 pixels, twice that for bands of twice the pixel size) where
    source and result begin together: no such block then lies in two groups. The scenes of a mosaic
    begin anywhere; there groups have as few edges as their size allows.

    Parameters
    ----------
    tiles : sequence of Window
        Of one lattice, whose lines are multiples of the largest tile's side; some may be missing,
        those that an earlier run has done for example.
    slots : int
        Tiles that can be under way at once. Groups are the largest of which there are
        ``GROUPS_PER_SLOT`` for each of them.
    most_side : int
        1: each tile is a group of its own.

    Returns
    -------
    list of TileGroup
        In the order in which their first tiles were given.
    """
    if not tiles:
        return []
    side = most_side
    while side > 1 and len(_cells(tiles, side)) < GROUPS_PER_SLOT * slots:
        side //= 2
    cells = _cells(tiles, side)
    return [
        TileGroup(number, tuple((one, tiles[one]) for one in members))
        for number, members in enumerate(cells.values())
    ]


def _cells(tiles: Sequence[Window], side: int) -> Mapping[tuple[int, int], list[int]]:
    """Numbers of the tiles in each square of ``side`` tiles."""
    height, width = (max(getattr(tile, name) for tile in tiles) for name in ("rows", "cols"))
    cells: dict[tuple[int, int], list[int]] = {}
    for number, tile in enumerate(tiles):
        place = (tile.row // (height * side), tile.col // (width * side))
        cells.setdefault(place, []).append(number)
    return cells


class Lanes(Generic[Whole]):
    """Which worker does what: each has a stretch of neighbours of its own, and whoever is through
    with his takes from the end of the longest.

    Parameters
    ----------
    jobs : sequence
        In an order in which neighbours follow each other.
    slots : mapping of str to int
        Worker → jobs that it can do at once; a stretch is as long as that share.
    """

    def __init__(self, jobs: Sequence[Whole], slots: Mapping[str, int]) -> None:
        self._lanes: dict[str, deque[Whole]] = {}
        total, done, begin = sum(slots.values()), 0, 0
        for worker, count in slots.items():
            done += count
            end = len(jobs) * done // total
            self._lanes[worker] = deque(jobs[begin:end])
            begin = end
        self._first: deque[tuple[Whole, frozenset[str]]] = deque()

    def __len__(self) -> int:
        return len(self._first) + sum(map(len, self._lanes.values()))

    def again(self, job: Whole, shunned: Iterable[str] = ()) -> None:
        """Do a job once more, before all others, and not on the workers on which it failed, as long
        as there are others.
        """
        self._first.append((job, frozenset(shunned)))

    def next_for(self, worker: str, others: Iterable[str]) -> Whole | None:
        """The next job for a worker; None where there is none for this one.

        Parameters
        ----------
        others : iterable of str
            The workers that are there.
        """
        there = frozenset(others)
        for number, (job, shunned) in enumerate(self._first):
            if worker not in shunned or there <= shunned:
                del self._first[number]
                return job
        own = self._lanes.setdefault(worker, deque())
        if own:
            return own.popleft()
        longest = max(self._lanes.values(), key=len)
        return longest.pop() if longest else None


def inside(box: Window, halo: int, shape: tuple[int, int]) -> Window:
    """A window with a halo around it, as far as the raster reaches."""
    whole = Window(0, 0, *shape)
    wide = Window(box.row - halo, box.col - halo, box.rows + 2 * halo, box.cols + 2 * halo)
    part = common(wide, whole)
    return box if part is None else part
