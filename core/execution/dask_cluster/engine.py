"""Tiles on Dask distributed: processes on this or other computers.

Neighbouring tiles go to the same worker. Where all workers see a common place, each is given a
group of them and writes finished tiles there; else it is given tiles one by one and sends back
compressed blocks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import Any

from ...enums import EngineName
from ...errors import EngineError
from ...raster.grid import Window
from ..engine import Delivery, Result, Take
from ..result_store import ResultStore, Storable, StorePlace, new_store
from .run import ClusterRun


class DaskClusterEngine:
    """Dask distributed; made by :func:`.connection.open_cluster`.

    A tile whose worker is lost is given to another one by the scheduler. One that fails, or does
    not come back within the limit, is given to another worker, three times in all.

    Parameters
    ----------
    client : distributed.Client
    address : str
        For messages.
    threads : mapping of str to int
        Of each worker.
    limit_s : float
        Most time for a tile.
    place : StorePlace, optional
        Where all workers can write what this computer reads.
    """

    name = EngineName.CLUSTER

    def __init__(
        self,
        client: Any,
        address: str,
        threads: Mapping[str, int],
        limit_s: float,
        place: StorePlace | None = None,
    ) -> None:
        self._client = client
        self._address = address
        self.threads = threads
        """Of each worker, by its address."""
        self._limit_s = limit_s
        self._place = place

    @property
    def version(self) -> str:
        """Of Dask, which is the same there and here."""
        import distributed

        return str(distributed.__version__)

    def run(
        self,
        work: Callable[[Window], Result],
        tiles: Sequence[Window],
        stop: threading.Event,
        take: Take[Result] | None = None,
    ) -> list[Result]:
        """See :class:`~..engine.Engine`."""
        delivery = Delivery(take)
        with ExitStack() as stack:
            store = self._store(stack) if tiles and isinstance(work, Storable) else None
            run = ClusterRun(self._client, self._address, self.threads, self._limit_s, stop)
            run.all(work, store, tiles, delivery)
        return delivery.kept

    def _store(self, stack: ExitStack) -> ResultStore | None:
        """The store of one run, removed with the stack; None where there is no common place."""
        if self._place is None:
            return None
        store = new_store(self._place)
        stack.callback(_sweep, store)
        store.open()
        return store


def _sweep(store: ResultStore) -> None:
    with suppress(EngineError):  # the next run for the same file removes what is left
        store.sweep()
