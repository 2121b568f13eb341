"""Engines: each does the same work for many tiles."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

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
        results = []
        with TILES.share(1) as share:
            for tile in tiles:
                with share.slot(stop):
                    result = work(tile)
                if take is None:
                    results.append(result)
                else:
                    take(tile, result)
        return results
