"""Tiles on Dask's threaded scheduler: inside QGIS threads are safe, other processes are not."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from ..enums import EngineName
from ..errors import Cancelled
from ..raster.grid import Window
from .engine import Result, Take


class DaskThreadsEngine:
    """Dask threads in this process.

    Parameters
    ----------
    workers : int
        Threads; each holds one tile's arrays at a time.
    """

    name = EngineName.THREADS

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def run(
        self,
        work: Callable[[Window], Result],
        tiles: Sequence[Window],
        stop: threading.Event,
        take: Take[Result] | None = None,
    ) -> list[Result]:
        """See :class:`~.engine.Engine`."""
        from dask.threaded import get

        waiting = deque(enumerate(tiles))
        results: dict[int, Result] = {}

        def next_tile() -> None:
            if stop.is_set():
                raise Cancelled()
            number, tile = waiting.popleft()
            result = work(tile)
            if take is None:
                results[number] = result
            else:
                take(tile, result)

        # A task is "the next tile", not a certain one: neighbours share decoded blocks, and Dask's
        # order varies.
        tasks = {f"tile-{number}": (next_tile,) for number in range(len(tiles))}
        get(tasks, list(tasks), num_workers=self.workers)
        return [results[number] for number in sorted(results)]
