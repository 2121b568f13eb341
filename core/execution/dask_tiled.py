"""Tiles on Dask's threaded scheduler: inside QGIS threads are safe, other processes are not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

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

    name = "threads"

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
        import dask

        def guarded(tile: Window) -> Any:
            if stop.is_set():
                raise Cancelled()
            result = work(tile)
            if take is None:
                return result
            take(tile, result)
            return None

        task = dask.delayed(guarded, pure=False, traverse=False)
        results = dask.compute(*[task(tile) for tile in tiles], scheduler="threads", num_workers=self.workers, traverse=False)
        return list(results) if take is None else []
