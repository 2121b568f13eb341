"""Tiles on threads of this process: inside QGIS threads are safe, other processes are not.

Dask's scheduler starts them where Dask is installed; QGIS does not bring it, and then Python's own
pool does the same. So it does for a few tiles where Dask is not loaded yet: loading takes 0.2 s,
longer than some of these. Which of the two it was changes no byte.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence

from ..enums import EngineName
from ..errors import Cancelled
from ..raster.grid import Window
from ..sharing.budgets import TILES
from ..workers import mark_own
from .engine import Delivery, Result, Take

Threads = Callable[[Callable[[], None], int, int], None]
"""Calls a function so many times on so many threads; the first failure is raised at once."""
WORTH_LOADING = 100
"""Tiles for which Dask is loaded."""


class ThreadsEngine:
    """Threads in this process.

    Parameters
    ----------
    workers : int
        Threads; each holds one tile's arrays at a time.
    start : callable, optional
        Starts them; by default Dask where it is installed.
    """

    name = EngineName.THREADS

    def __init__(self, workers: int, start: Threads | None = None) -> None:
        self.workers = workers
        self._start = start

    def run(
        self,
        work: Callable[[Window], Result],
        tiles: Sequence[Window],
        stop: threading.Event,
        take: Take[Result] | None = None,
    ) -> list[Result]:
        """See :class:`~.engine.Engine`."""
        waiting = deque(enumerate(tiles))
        delivery = Delivery(take)

        def next_tile() -> None:
            with share.slot(stop):
                if not waiting:  # none wait any more once a tile has failed
                    raise Cancelled()
                # Not a certain tile but the next one: neighbours share decoded blocks.
                number, tile = waiting.popleft()
                result = work(tile)
            delivery(number, tile, result)

        with TILES.share(self.workers) as share:
            try:
                (self._start or _threads(len(tiles)))(next_tile, len(tiles), self.workers)
            finally:
                waiting.clear()
        return delivery.kept


def _threads(tiles: int) -> Threads:
    if tiles < WORTH_LOADING and "dask.threaded" not in sys.modules:
        return on_a_pool
    try:
        import dask.threaded  # noqa: F401 - only to know whether it is there
    except ImportError:
        return on_a_pool
    return on_dask


def on_dask(call: Callable[[], None], times: int, workers: int) -> None:
    """On the threads of Dask's own scheduler."""
    from dask.threaded import get

    tasks = {f"tile-{number}": (call,) for number in range(times)}
    get(tasks, list(tasks), num_workers=workers)


def on_a_pool(call: Callable[[], None], times: int, workers: int) -> None:
    """On a pool of Python's own."""
    # Not concurrent.futures: its threads are joined at exit, so one stalled read would keep the
    # process alive.
    from multiprocessing.pool import ThreadPool

    pool = ThreadPool(workers, mark_own)
    try:
        # As they end, so that the first failure is raised at once.
        for _ in pool.imap_unordered(lambda _: call(), range(times)):
            pass
    finally:
        pool.terminate()
