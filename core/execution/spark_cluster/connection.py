"""Spark, ready for work."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ..result_store import StorePlace
from .engine import SparkEngine
from .place import SparkPlace
from .session import kept_session
from .task import Surroundings, versions_here


@contextmanager
def open_spark(
    place: SparkPlace,
    store: StorePlace,
    files: Sequence[tuple[str, int]],
    limit_s: float,
    stop: threading.Event,
) -> Iterator[SparkEngine]:
    """An engine on Spark; its session is kept for the next one.

    Parameters
    ----------
    place : SparkPlace
        The master, and how to be there.
    store : StorePlace
        Where workers put finished tiles: all of them and this computer must see it.
    files : sequence of (str, int)
        Path and size in bytes of what workers must find.
    limit_s : float
        Most time for a tile.
    stop : threading.Event

    Raises
    ------
    DependencyError
        Without pyspark, or a Java that it runs on.
    EngineError
        If the cluster cannot be used.
    Cancelled
    """
    with kept_session(place, stop) as session:
        yield SparkEngine(session, store, Surroundings(versions_here(), tuple(files)), limit_s)
