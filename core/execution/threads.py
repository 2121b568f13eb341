"""Tiles on threads of this process: inside QGIS threads are safe, other processes are not."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from ..enums import EngineName
from ..errors import Cancelled
from ..raster.grid import Window
from .engine import Result, Take


class ThreadsEngine:
    """Threads in this process.

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
        # Not concurrent.futures: its threads are joined at exit, so one stalled read would keep the
        # process alive.
        from multiprocessing.pool import ThreadPool

        waiting = deque(enumerate(tiles))
        results: dict[int, Result] = {}

        def next_tile(_: object) -> None:
            if stop.is_set() or not waiting:  # none wait any more once a tile has failed
                raise Cancelled()
            # Not a certain tile but the next one: neighbours share decoded blocks.
            number, tile = waiting.popleft()
            result = work(tile)
            if take is None:
                results[number] = result
            else:
                take(tile, result)

        pool = ThreadPool(self.workers)
        try:
            # As they end, so that the first failure is raised at once.
            for _ in pool.imap_unordered(next_tile, tiles):
                pass
        finally:
            waiting.clear()
            pool.terminate()
        return [results[number] for number in sorted(results)]
