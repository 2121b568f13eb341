"""Engines: each does the same work for many tiles."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from ..enums import EngineName
from ..raster.grid import Window
from ..sharing.budgets import TILES

Result = TypeVar("Result")
Take = Callable[[Window, Result], None]


class Engine(Protocol):
    """Runs work for tiles; knows no algorithm."""

    name: EngineName

    def run(
        self,
        work: Callable[[Window], Result],
        tiles: Sequence[Window],
        stop: threading.Event,
        take: Take[Result] | None = None,
    ) -> list[Result]:
        """Do the work for every tile.

        Parameters
        ----------
        work : callable
            What it holds must be values that can be sent to another process: a reader (which
            travels as its path), a kernel whose function is a frozen dataclass, numbers.
        tiles : sequence of Window
        stop : threading.Event
            Ends the run early.
        take : callable, optional
            Gets each tile with its result as soon as it is there, in this process, on any thread;
            results are then not kept and the list is empty.

        Returns
        -------
        list
            The results in the order of the tiles.

        Raises
        ------
        Cancelled
            When ``stop`` was set.
        FirstLightError
            The first failure of a tile; an engine on other computers tries a tile three times
            before.
        """


class Delivery(Generic[Result]):
    """The results of a run as they come: each goes to who takes it, else it is kept.

    Parameters
    ----------
    take : callable, optional
        See :meth:`Engine.run`.
    """

    def __init__(self, take: Take[Result] | None) -> None:
        self.take = take
        self._kept: dict[int, Result] = {}

    def __call__(self, number: int, tile: Window, result: Result) -> None:
        """A tile's result is there; on any thread."""
        if self.take is None:
            self._kept[number] = result
        else:
            self.take(tile, result)

    @property
    def kept(self) -> list[Result]:
        """Results that nobody has taken, in the order of the tiles."""
        return [self._kept[number] for number in sorted(self._kept)]


class SerialEngine:
    """One tile after the other, on the calling thread."""

    name = EngineName.SERIAL

    def run(
        self,
        work: Callable[[Window], Result],
        tiles: Sequence[Window],
        stop: threading.Event,
        take: Take[Result] | None = None,
    ) -> list[Result]:
        """See :class:`Engine`."""
        delivery = Delivery(take)
        with TILES.share(1) as share:
            for number, tile in enumerate(tiles):
                with share.slot(stop):
                    result = work(tile)
                delivery(number, tile, result)
        return delivery.kept


def tile_names(tiles: Sequence[Window]) -> str:
    """Tiles as a part of a sentence."""
    return ", ".join(f"the tile at row {tile.row}, column {tile.col}" for tile in tiles)
