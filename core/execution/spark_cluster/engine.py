"""Tiles on Spark: the same work as on every other engine, carried there in groups of neighbours;
what is finished comes back through a store, tile by tile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from ...enums import EngineName
from ...errors import Cancelled, EngineError, RasterError, SceneReadError, StoreError
from ...raster.grid import Window
from ..engine import Delivery, Result, Take, tile_names
from ..result_store import ResultStore, Storable, StorePlace, new_store
from ..tile_groups import TileGroup, group_tiles, work_of
from .place import ANOTHER
from .session import Ended, SparkSession
from .task import SentGroup, Surroundings

LOOK_S = 0.1
SLOTS = 8
"""Tiles that can be under way at once, while nobody has told how many executors there are."""
NOBODY_S = 120.0
"""After the beginning, how long the first executor is waited for: they are started when there is
work, and a minute passes on a busy cluster.
"""
MOST_NAMED = 5


class SparkEngine:
    """Spark, by a session that is open; made by :func:`.connection.open_spark`.

    A worker, an executor or a Python process that is lost costs its group alone, which Spark gives
    to another; one that hangs is outrun. Tiles that fail are tried on three executors.
    """

    name = EngineName.SPARK

    def __init__(
        self,
        session: SparkSession,
        place: StorePlace,
        surroundings: Surroundings,
        limit_s: float,
    ) -> None:
        self._session = session
        self._place = place
        self._surroundings = surroundings
        self._limit_s = limit_s

    def run(
        self,
        work: Callable[[Window], Result],
        tiles: Sequence[Window],
        stop: threading.Event,
        take: Take[Result] | None = None,
    ) -> list[Result]:
        """See :class:`~.engine.Engine`."""
        own = _storable(work)
        delivery = Delivery(take)
        groups = group_tiles(tiles, (self._session.executors or 0) or SLOTS)
        with _opened(new_store(self._place)) as store:
            run = _Run(self._session, store, groups, self._limit_s)
            sent = [
                SentGroup(
                    _storable(work_of(work, group)), store, group, self._surroundings
                ).packed()
                for group in groups
            ]
            run.all(sent, own, delivery, stop)
        return delivery.kept


def _storable(work: Callable[[Window], Any]) -> Storable[Any]:
    """Work as Spark needs it."""
    if not isinstance(work, Storable):
        raise AssertionError("what is sent to Spark can be written to a file")
    return work


@contextmanager
def _opened(store: ResultStore) -> Iterator[ResultStore]:
    """A store for one run: workers that still compute for it afterwards find it gone."""
    store.open()
    try:
        yield store
    finally:
        with suppress(EngineError):  # what lies there is swept by the next run
            store.sweep()


class _Run:
    """One call of :meth:`SparkEngine.run`."""

    def __init__(
        self,
        session: SparkSession,
        store: ResultStore,
        groups: Sequence[TileGroup],
        limit_s: float,
    ) -> None:
        self._session = session
        self._store = store
        self._left = {group.number: dict(group.tiles) for group in groups}
        """Tiles of each group that have not been taken, by number."""
        self._limit_s = limit_s
        self._begun = False
        self._moved = time.monotonic()
        """When something last happened."""

    def all(
        self,
        sent: Sequence[bytes],
        work: Storable[Any],
        delivery: Delivery[Any],
        stop: threading.Event,
    ) -> None:
        """Send all groups, and take each tile as it comes."""
        if not sent:
            return
        number = self._session.start(sent)
        ended: Ended | None = None
        try:
            while ended is None and self._left:
                if stop.is_set():
                    raise Cancelled()
                ended = self._session.ended(number)
                moved = self._take(work, delivery, stop)
                self._check_times(moved)
                if not moved:
                    stop.wait(LOOK_S)
        finally:
            if ended is None:
                self._session.cancel(number)
        if self._left:
            raise self._failure(known_end(ended))

    def _take(
        self,
        work: Storable[Any],
        delivery: Delivery[Any],
        stop: threading.Event,
    ) -> bool:
        """Take what has come; whether anything had."""
        moved = False
        for group, tiles in list(self._left.items()):
            seen = self._store.look(group)
            self._begun |= seen.begun
            for number in sorted(seen.failed & tiles.keys()):
                error = self._store.failure(group, number).error
                if not isinstance(error, (RasterError, EngineError)):
                    raise error  # the same everywhere
            for number in sorted(seen.done & tiles.keys()):
                if stop.is_set():
                    raise Cancelled()
                result = self._store.collect(work, group, number, delivery.take)
                delivery(number, tiles[number], result)
                self._store.taken(group, number)
                del tiles[number]
                moved = True
            if not tiles:
                del self._left[group]
        return moved

    def _check_times(self, moved: bool) -> None:
        now = time.monotonic()
        if moved:
            self._moved = now
        waited = now - self._moved
        failure = self._session.place.failure
        if not self._begun and waited > NOBODY_S:
            raise EngineError(
                failure,
                f"no executor began with a tile within {NOBODY_S:.0f} s",
                "Has it a worker with a free core, 640 MB of memory and room to see "
                f"{self._store.base}? {ANOTHER}",
            )
        most = max(map(len, self._left.values()), default=1) * self._limit_s
        if waited > most:
            raise EngineError(
                failure,
                f"no tile came within {most:.0f} s (processing.tile_timeout_s for each of a group)",
                f"What do the workers' logs say? {ANOTHER}",
            )

    def _failure(self, ended: Ended) -> Exception:
        """What is left when Spark says that all is done."""
        failed = []
        for group, tiles in self._left.items():
            for number in sorted(self._store.look(group).failed & tiles.keys()):
                error = self._store.failure(group, number).error
                if isinstance(error, (SceneReadError, StoreError)):
                    return error  # whoever asked may do without that scene, or name another place
                failed.append((tiles[number], error))
        failure = f"Computing on the Spark cluster at {self._session.place.master} failed"
        if not failed:
            reason = _last_line(ended.error) or "Spark ended its job before all tiles were done"
            return EngineError(failure, reason, f"What do the workers' logs say? {ANOTHER}")
        names = tile_names([tile for tile, _ in failed[:MOST_NAMED]])
        error = failed[-1][1]
        why = str(error) if isinstance(error, RasterError) else error.why
        reason = f"{names} failed on every executor, the last time because: {why}"
        return EngineError(failure, reason, f"What do the workers' logs say? {ANOTHER}")


def known_end(ended: Ended | None) -> Ended:
    """The end of a run that has ended."""
    if ended is None:
        raise AssertionError("tiles are left only when the run has ended")
    return ended


def _last_line(text: str) -> str:
    """The reason in what Java and Python say: the last line that names an error, Python's first."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.partition(":")[0].endswith(("Error", "Exception"))]
    python = [line for line in errors if not line.startswith(("org.", "java.", "py4j."))]
    line = (python or errors or lines or [""])[-1]
    return line.partition(": ")[2] if line.startswith("firstlight.") else line
