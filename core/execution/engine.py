"""What an engine is: something that does the same work for many tiles."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from ..raster.grid import Window

Result = TypeVar("Result")


class Engine(Protocol):
    """Runs work for tiles; knows no algorithm."""

    name: str

    def run(self, work: Callable[[Window], Result], tiles: Sequence[Window], stop: threading.Event) -> list[Result]:
        """Do the work for every tile.

        Returns the results in the order of the tiles. Ends early, raising :class:`~..errors.Cancelled`, when ``stop``
        is set. The first exception of a tile is raised.
        """


class SerialEngine:
    """One tile after the other, on the calling thread."""

    name = "serial"

    def run(self, work: Callable[[Window], Result], tiles: Sequence[Window], stop: threading.Event) -> list[Result]:
        """See :class:`Engine`."""
        from ..errors import Cancelled

        results = []
        for tile in tiles:
            if stop.is_set():
                raise Cancelled()
            results.append(work(tile))
        return results
