"""A connection to a Dask cluster that has been found fit for the work."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from ...errors import Cancelled, DependencyError, EngineError
from ...workers import TooLate, within
from ..credentials import Credentials
from ..result_store import ResultStore, StorePlace, new_store, probe, sees
from .check import CHECK_S, check_cluster
from .engine import DaskClusterEngine
from .run import ANOTHER, ANSWER_S, LOOK_S
from .task import load_libraries

CONNECT_S = 10.0
WORKERS_S = 20.0
"""Most time until the workers are there."""
CLOSE_S = 2.0
REACH_S = 1.0
"""Most time to connect to a worker."""


@contextmanager
def open_cluster(
    address: str,
    files: Sequence[tuple[str, int]],
    limit_s: float,
    stop: threading.Event,
    workers: int = 1,
    credentials: Credentials | None = None,
    place: StorePlace | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Iterator[DaskClusterEngine]:
    """Connect to a cluster and see that it is fit for the work.

    Parameters
    ----------
    address : str
        Of the scheduler: ``tcp://host:8786``.
    files : sequence of (str, int)
        Path and size in bytes of what workers must see.
    limit_s : float
        Most time for a tile.
    stop : threading.Event
    workers : int
        So many are waited for.
    credentials : Credentials, optional
        Of a local cluster; by default as Dask's own settings say.
    place : StorePlace, optional
        Where workers may put finished tiles, if all of them see it; otherwise these come through
        the network.
    tell : callable
        Gets a sentence where they do not.

    Raises
    ------
    DependencyError
        If Dask distributed is not installed.
    EngineError
        If nothing answers, there is no worker, or versions, FirstLight's code or files differ.
    Cancelled
    """
    failure = f"The Dask cluster at {address} cannot be used"
    try:
        from distributed import Client
    except ImportError:
        raise DependencyError(
            failure, "the library 'distributed' is not installed here", f"Install it. {ANOTHER}"
        ) from None
    client: Any = None
    try:
        with _as_engine_errors(failure):
            security = {"security": credentials.security()} if credentials else {}
            client = within(
                CONNECT_S + 1,
                stop,
                lambda: Client(address, timeout=CONNECT_S, set_as_default=False, **security),
            )
            threads = _wait_for_workers(client, workers, stop)
            if not threads:
                raise EngineError(
                    failure,
                    f"it has no worker after {WORKERS_S:.0f} s",
                    f"Start one: dask worker {address}. {ANOTHER}",
                )
            # Else every result would pass through the scheduler, which may be the only one that can
            # be reached from here.
            client.direct_to_workers = within(ANSWER_S, stop, lambda: can_be_reached(threads))
            check_cluster(client, address, files, stop)
            within(CHECK_S, stop, lambda: client.run(load_libraries))
            seen = place and _seen_by_all(client, address, place, threads, stop, tell)
        yield DaskClusterEngine(client, address, threads, limit_s, seen)
    finally:
        if client is not None:
            with suppress(TooLate, OSError):  # what is left then ends with this process
                within(CLOSE_S, threading.Event(), lambda: client.close(timeout=CLOSE_S))


@contextmanager
def _as_engine_errors(failure: str) -> Iterator[None]:
    """Late answers and refused connections as sentences."""
    try:
        yield
    except TooLate:
        raise EngineError(
            failure, "it does not answer in time", f"Is its scheduler sound? {ANOTHER}"
        ) from None
    except (OSError, ValueError) as error:  # nothing there, or no address
        reason = " ".join(str(error).split()) or type(error).__name__
        raise EngineError(
            failure, reason, f"Is its scheduler running, and reachable from here? {ANOTHER}"
        ) from error


def _seen_by_all(
    client: Any,
    address: str,
    place: StorePlace,
    workers: Iterable[str],
    stop: threading.Event,
    tell: Callable[[str], None],
) -> StorePlace | None:
    """The place, if what each worker writes there is what this computer reads."""
    store, unseen = None, ""
    try:
        store = new_store(place)
        store.open()
        within(CHECK_S, stop, lambda: client.run(_write_probe, store))
        blind = [worker for worker in workers if not sees(store, worker)]
        if blind:
            unseen = f"the worker {blind[0]} does not see it"
    except EngineError as error:
        unseen = error.why
    finally:
        if store is not None:
            with suppress(EngineError):
                store.sweep()
    if not unseen:
        return place
    tell(
        f"Finished tiles come from the workers of the Dask cluster at {address} one by one, not by "
        f"way of {place.base} ({unseen}): that takes longer. Name a place that all of them see, "
        "processing.store."
    )
    return None


def _write_probe(store: ResultStore, dask_worker: Any) -> None:
    """Runs on each worker, which Dask hands to an argument of this name."""
    probe(store, str(dask_worker.address))


def _wait_for_workers(client: Any, wanted: int, stop: threading.Event) -> dict[str, int]:
    """Each worker's threads, once there are so many workers or the time is over."""
    end = time.monotonic() + WORKERS_S
    while True:
        threads: dict[str, int] = within(ANSWER_S, stop, client.nthreads)
        if len(threads) >= wanted or time.monotonic() > end:
            return threads
        if stop.wait(LOOK_S):
            raise Cancelled()


def can_be_reached(workers: Iterable[str]) -> bool:
    """True if this computer can connect to all workers, as in one network, and not to the scheduler
    alone.
    """
    import socket
    from urllib.parse import urlsplit

    for address in workers:
        try:
            parts = urlsplit(address)
            if not parts.hostname or not parts.port:
                return False
            socket.create_connection((parts.hostname, parts.port), REACH_S).close()
        except (OSError, ValueError):
            return False
    return True
