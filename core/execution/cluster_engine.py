"""Tiles on Dask distributed: processes on this or other computers, which send back compressed
blocks.
"""

from __future__ import annotations

import queue
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic

from ..enums import EngineName
from ..errors import Cancelled, EngineError, FirstLightError, RasterError, SceneReadError
from ..raster.grid import Window
from ..workers import TooLate, within
from .engine import Result, Take

LOST_S = 20.0
"""After the last worker is lost, how long another one is waited for."""
ANSWER_S = 30.0
"""Most time for an answer of the scheduler."""
CANCEL_S = 2.0
LOOK_EVERY_S = 1.0
LOOK_S = 0.1
TRIES = 3
AHEAD = 2
"""Tiles for each of the workers' threads: one under way, one waiting."""
TAKERS = 2
"""Threads that fetch results and hand them on; so many finished tiles at most are in this process's
memory.
"""
MOST_FAILED = 5
"""Tiles that have failed for good before nothing new is begun."""
ANOTHER = "Or choose another engine, threads for example."


@dataclass(frozen=True)
class Failure:
    """Answer of a worker where a tile failed."""

    error: FirstLightError
    worker: str


@dataclass(frozen=True)
class Attempt(Generic[Result]):
    """The work as it is sent: a failure comes back as a value, together with whose it is."""

    work: Callable[[Window], Result]

    def __call__(self, tile: Window) -> Result | Failure:
        """Do it; runs on a worker."""
        from distributed import get_worker

        try:
            return self.work(tile)
        except FirstLightError as error:
            return Failure(error, str(get_worker().address))


@dataclass
class _Tile:
    """A tile on its way."""

    number: int
    window: Window
    tries: int = 0
    began: float = 0.0
    future: Any = None
    shunned: tuple[str, ...] = ()
    """Workers on which it failed."""

    def __str__(self) -> str:
        return f"the tile at row {self.window.row}, column {self.window.col}"


class DaskClusterEngine:
    """Dask distributed; made by :func:`.cluster.open_cluster`.

    A tile whose worker is lost is given to another one by the scheduler. One that fails, or does
    not come back within the limit, is given to another worker, three times in all.
    """

    name = EngineName.CLUSTER

    def __init__(
        self, client: Any, address: str, threads: Mapping[str, int], limit_s: float
    ) -> None:
        self._client = client
        self._address = address
        self._threads = threads
        self._limit_s = limit_s

    def run(
        self,
        work: Callable[[Window], Result],
        tiles: Sequence[Window],
        stop: threading.Event,
        take: Take[Result] | None = None,
    ) -> list[Result]:
        """See :class:`~.engine.Engine`."""
        results: dict[int, Result] = {}

        def keep(tile: _Tile, result: Result) -> None:
            if take is None:
                results[tile.number] = result
            else:
                take(tile.window, result)

        run = _Run(self._client, self._address, self._threads, self._limit_s, stop)
        run.all(Attempt(work), tiles, keep)
        return [results[number] for number in sorted(results)]


class _Run:
    """One call of :meth:`DaskClusterEngine.run`."""

    def __init__(
        self,
        client: Any,
        address: str,
        threads: Mapping[str, int],
        limit_s: float,
        stop: threading.Event,
    ) -> None:
        self.client = client
        self.failure = f"Computing on the Dask cluster at {address} failed"
        self.threads = sum(threads.values())
        self.limit_s = limit_s
        self.stop = stop
        self.name = uuid.uuid4().hex[:12]
        self.waiting: deque[_Tile] = deque()
        self.under_way: dict[str, _Tile] = {}
        self.failed: list[tuple[_Tile, str]] = []
        self.happened: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        """Calls that other threads ask the calling one to make."""
        self.workers = tuple(threads)
        self.answered = self.peopled = time.monotonic()
        self.keep: Callable[[_Tile, Any], None] = lambda tile, result: None
        self.takers: Any = None
        """The pool of threads that fetch results."""

    def all(
        self, work: Attempt[Any], tiles: Sequence[Window], keep: Callable[[_Tile, Any], None]
    ) -> None:
        """Do the work for all tiles; ``keep`` gets each result, on any thread."""
        from multiprocessing.pool import ThreadPool

        self.keep = keep
        self.waiting.extend(_Tile(number, window) for number, window in enumerate(tiles))
        self.takers, looker = ThreadPool(TAKERS), ThreadPool(1)
        looking: Any = None
        try:
            while self.under_way or self._may_begin():
                if self.stop.is_set():
                    raise Cancelled()
                self._check_connection()  # nothing can be submitted without it
                while self._may_begin() and len(self.under_way) < AHEAD * self.threads:
                    self._submit(work, self.waiting.popleft())
                with suppress(queue.Empty):
                    self.happened.get(timeout=LOOK_S)()
                due = time.monotonic() - self.answered > LOOK_EVERY_S
                if looking is None or (due and looking.ready()):
                    looking = looker.apply_async(self._look)
                self._check_times()
        finally:
            self._cancel()
            self.takers.terminate()
            looker.terminate()
        if self.failed:
            raise self._failure()

    def _may_begin(self) -> bool:
        return bool(self.waiting) and len(self.failed) < MOST_FAILED

    def _cancel(self) -> None:
        futures = [tile.future for tile in self.under_way.values()]
        if futures and self.client.status == "running":
            with suppress(TooLate, OSError):  # the scheduler drops them with the connection
                within(CANCEL_S, threading.Event(), lambda: self.client.cancel(futures, force=True))

    def _submit(self, work: Attempt[Any], tile: _Tile) -> None:
        tile.tries += 1
        tile.began = time.monotonic()
        key = f"firstlight-{self.name}-{tile.number}-{tile.tries}"
        others = [worker for worker in self.workers if worker not in tile.shunned]
        wanted = {"workers": others} if others and tile.shunned else {}
        tile.future = self.client.submit(work, tile.window, key=key, pure=False, **wanted)
        self.under_way[key] = tile
        hand_over = partial(self._hand_over, key, tile)
        tile.future.add_done_callback(lambda _: self.happened.put(hand_over))

    def _hand_over(self, key: str, tile: _Tile) -> None:
        if key in self.under_way:
            self.takers.apply_async(self._fetch, (key, tile))

    def _fetch(self, key: str, tile: _Tile) -> None:
        """Fetch a result and hand it on; on a thread that may wait."""
        outcome = self._outcome(tile.future)
        if isinstance(outcome, Failure):
            self.happened.put(partial(self._again, key, outcome))
            return
        try:
            self.keep(tile, outcome)
        except FirstLightError as error:
            self.happened.put(partial(_raise, error))
            return
        self.happened.put(partial(self._done, key))

    def _outcome(self, future: Any) -> Any:
        """Its result, or a :class:`Failure`; on a thread that may wait."""
        from asyncio import CancelledError
        from asyncio import TimeoutError as LateError
        from concurrent.futures import CancelledError as OldCancelledError

        error: BaseException | None
        try:
            if future.status != "error":
                return future.result(timeout=self.limit_s)
            error = future.exception(timeout=self.limit_s)
        except (CancelledError, OldCancelledError, LateError, TimeoutError, OSError) as caught:
            error = caught
        reason = " ".join(str(error).split()) or type(error).__name__
        return Failure(EngineError("The tile failed", reason), "")

    def _done(self, key: str) -> None:
        tile = self.under_way.pop(key, None)
        if tile is not None:
            tile.future.release()  # or the worker keeps the result

    def _again(self, key: str, failure: Failure) -> None:
        tile = self.under_way.pop(key, None)
        if tile is None:
            return
        self._check_connection()  # which takes all futures with it
        if not isinstance(failure.error, (RasterError, EngineError)):
            raise failure.error  # the same everywhere
        tile.shunned += (failure.worker,) if failure.worker else ()
        if tile.tries >= TRIES:
            if isinstance(failure.error, SceneReadError):  # whoever asked may do without that scene
                raise failure.error
            is_raster = isinstance(failure.error, RasterError)
            self.failed.append((tile, str(failure.error) if is_raster else failure.error.why))
        else:
            self.waiting.appendleft(tile)

    def _look(self) -> None:
        """Ask who is there, and where tiles are that take too long; on a thread that may wait."""
        threads = self.client.nthreads()
        begun = time.monotonic() - self.limit_s
        late = [key for key, tile in list(self.under_way.items()) if tile.began < begun]
        processing = self.client.processing() if late else {}
        owners = {key: worker for worker, keys in processing.items() for key in keys}
        self.happened.put(partial(self._note, threads, late, owners))

    def _note(
        self, threads: Mapping[str, int], late: Sequence[str], owners: Mapping[str, str]
    ) -> None:
        """Keep who is there, and give late tiles to others."""
        self.answered = time.monotonic()
        self.workers = tuple(threads)
        if threads:
            self.peopled, self.threads = self.answered, sum(threads.values())
        reason = f"it did not come back within {self.limit_s:.0f} s (processing.tile_timeout_s)"
        for key in late:
            if key in self.under_way:
                future = self.under_way[key].future
                error = EngineError("The tile failed", reason)
                self._again(key, Failure(error, owners.get(key, "")))
                future.cancel()

    def _check_connection(self) -> None:
        if self.client.status != "running":
            raise EngineError(
                self.failure,
                "the connection to the scheduler was lost",
                f"Is it still running? {ANOTHER}",
            )

    def _check_times(self) -> None:
        now = time.monotonic()
        if now - self.answered > ANSWER_S:
            raise EngineError(
                self.failure,
                f"the scheduler has not answered for {ANSWER_S:.0f} s",
                f"Is it running? {ANOTHER}",
            )
        if now - self.peopled > LOST_S:
            tiles = ", ".join(str(tile) for tile in list(self.under_way.values())[:MOST_FAILED])
            raise EngineError(
                self.failure,
                f"no worker is left; under way were {tiles}",
                f"What do the workers' logs say? {ANOTHER}",
            )

    def _failure(self) -> EngineError:
        tiles = ", ".join(str(tile) for tile, _ in self.failed[:MOST_FAILED])
        reason = f"{tiles} failed {TRIES} times each, the last time because: {self.failed[-1][1]}"
        return EngineError(self.failure, reason, f"What do the workers' logs say? {ANOTHER}")


def _raise(error: FirstLightError) -> None:
    raise error
