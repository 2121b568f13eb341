"""One run over tiles on Dask distributed: who is given what, what has come, what must be done once
more.
"""

from __future__ import annotations

import queue
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import count
from typing import Any

from ...errors import (
    Cancelled,
    EngineError,
    FirstLightError,
    RasterError,
    SceneReadError,
    StoreError,
    known,
)
from ...raster.grid import Window
from ...workers import TooLate, within
from ..engine import Delivery, tile_names
from ..result_store import ResultStore, Seen
from ..tile_groups import Lanes, TileGroup, group_tiles, weight_of, work_of
from .task import Failure, GroupJob, SentBack, Stored, outcome_of

LOST_S = 20.0
"""After the last worker is lost, how long another one is waited for."""
ANSWER_S = 30.0
"""Most time for an answer of the scheduler."""
SEEN_S = 60.0
"""After a worker has come back, how long its tiles may be out of sight: a computer remembers for so
long what a folder on the network holds (NFS, ``acdirmax``).
"""
CANCEL_S = 2.0
LOOK_EVERY_S = 2.0
STOP_S = 0.25
"""How often a run that waits looks whether it should stop."""
LOOK_S = 0.1
TRIES = 3
AHEAD = 2
"""Groups for each of the workers' threads: one under way, one waiting."""
TAKERS = 2
"""Threads that fetch results and hand them on; so many finished tiles at most are in this process's
memory.
"""
MOST_FAILED = 5
"""Tiles that have failed for good before nothing new is begun."""
ANOTHER = "Or choose another engine, threads for example."


class ClusterRun:
    """One call of :meth:`.engine.DaskClusterEngine.run`."""

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
        self.threads = dict(threads)
        self.limit_s = limit_s
        self.stop = stop
        self.name = uuid.uuid4().hex[:12]
        self.under_way: dict[str, GroupJob] = {}
        self.failed: list[tuple[Window, str]] = []
        self.happened: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        """Calls that other threads ask the calling one to make."""
        self.answered = self.peopled = time.monotonic()
        self.heard: dict[str, float] = {}
        """When a worker was last heard of, by what came."""
        self.hung: dict[str, int] = {}
        """A worker's threads that never came back."""
        self.lanes: Lanes[GroupJob] = Lanes([], {})
        self.numbers = count()
        self.work: Any = None
        self.store: ResultStore | None = None
        self.delivery: Delivery[Any] = Delivery(None)
        self.pace = LOOK_S / 2
        """Half of the seconds until the store is looked at again."""
        self.woken = threading.Event()
        """It is to be looked at now."""
        self.takers: Any = None
        """The pool of threads that fetch results."""

    def all(
        self,
        work: Callable[[Window], Any],
        store: ResultStore | None,
        tiles: Sequence[Window],
        delivery: Delivery[Any],
    ) -> None:
        """Do the work for all tiles; ``delivery`` gets each result, on any thread.

        Parameters
        ----------
        store : ResultStore, optional
            Where groups of tiles are written to; without one, single tiles are sent back.
        """
        from multiprocessing.pool import ThreadPool

        self.work, self.store, self.delivery = work, store, delivery
        self.limit_s *= weight_of(work)
        slots = sum(self.threads.values())
        groups = group_tiles(tiles, slots)
        if store is None:
            groups = [TileGroup(0, (one,)) for group in groups for one in group.tiles]
        self.lanes = Lanes([self._job(group.tiles) for group in groups], self.threads)
        self.takers, looker, watcher = ThreadPool(TAKERS), ThreadPool(1), ThreadPool(1)
        looking: Any = None
        watching: Any = None
        try:
            while self.under_way or self._may_begin():
                if self.stop.is_set():
                    raise Cancelled()
                self._check_connection()  # nothing can be submitted without it
                self._begin()
                with suppress(queue.Empty):
                    self.happened.get(timeout=STOP_S)()
                due = time.monotonic() - self.answered > LOOK_EVERY_S
                if looking is None or (due and looking.ready()):
                    looking = looker.apply_async(self._look)
                if store is not None and (watching is None or watching.ready()):
                    watching = watcher.apply_async(self._watch)
                self._check_times()
        finally:
            self._cancel()
            for pool in (self.takers, looker, watcher):
                pool.terminate()
        if self.failed:
            raise self._failure()

    def _job(self, tiles: Iterable[tuple[int, Window]], like: GroupJob | None = None) -> GroupJob:
        """A job for tiles; one that is done once more is like the one before."""
        job = GroupJob(TileGroup(next(self.numbers), tuple(tiles)))
        job.left = dict(job.group.tiles)
        if like is not None:
            job.tries, job.shunned = like.tries, like.shunned
        return job

    def _may_begin(self) -> bool:
        return bool(len(self.lanes)) and len(self.failed) < MOST_FAILED

    def _begin(self) -> None:
        """Give each worker as much as it may have waiting."""
        busy: dict[str, int] = {}
        for job in self.under_way.values():
            busy[job.worker] = busy.get(job.worker, 0) + 1
        free = {name: threads - self.hung.get(name, 0) for name, threads in self.threads.items()}
        if not any(number > 0 for number in free.values()):
            free = dict(self.threads)  # all hang: what is to be done then fails in its time
        for turn in range(AHEAD * max(free.values(), default=0)):
            for worker, threads in free.items():
                if self._may_begin() and max(turn, busy.get(worker, 0)) < AHEAD * threads:
                    waiting = self.lanes.next_for(worker, [w for w in free if free[w] > 0])
                    if waiting is not None:
                        self._submit(waiting, worker)
                        busy[worker] = busy.get(worker, 0) + 1

    def _submit(self, job: GroupJob, worker: str) -> None:
        job.tries += 1
        job.worker, job.heard = worker, time.monotonic()
        part = work_of(self.work, job.group)
        sent = SentBack(part) if self.store is None else Stored(part, self.store)  # type: ignore[arg-type]
        key = f"firstlight-{self.name}-{job.group.number}"
        # Another one may take it, unless it has failed somewhere.
        workers = [worker, *(w for w in self.threads if job.shunned and w not in job.shunned)]
        job.future = self.client.submit(
            sent,
            job.group,
            key=key,
            pure=False,
            workers=list(dict.fromkeys(workers)),
            allow_other_workers=not job.shunned,
        )
        self.under_way[key] = job
        hand_over = partial(self._hand_over, key)
        job.future.add_done_callback(lambda _: self.happened.put(hand_over))

    def _cancel(self) -> None:
        futures = [job.future for job in self.under_way.values()]
        if futures and self.client.status == "running":
            with suppress(TooLate, OSError):  # the scheduler drops them with the connection
                within(CANCEL_S, threading.Event(), lambda: self.client.cancel(futures, force=True))

    def _hand_over(self, key: str) -> None:
        if key in self.under_way:
            self.takers.apply_async(self._fetch, (key, self.under_way[key]))

    def _fetch(self, key: str, job: GroupJob) -> None:
        """Fetch an answer and hand it on; on a thread that may wait."""
        outcome = outcome_of(job.future, self.limit_s)
        if isinstance(outcome, Failure):
            self.happened.put(partial(self._give_back, key, outcome))
        elif self.store is not None:
            self.happened.put(partial(self._came_back, key))
        else:
            [(number, tile)] = job.group.tiles
            self._hand_on(key, number, tile, outcome)

    def _hand_on(self, key: str, number: int, tile: Window, result: Any) -> None:
        """Hand a result on; on a thread that may wait."""
        try:
            self.delivery(number, tile, result)
        except FirstLightError as error:
            self.happened.put(partial(_raise, error))
            return
        self.happened.put(partial(self._done, key, number))

    def _give_back(self, key: str, failure: Failure) -> None:
        """Do all tiles of a job once more that have not come."""
        job = self.under_way.get(key)
        if job is not None:
            self._again(key, tuple(job.left.keys() - job.fetching), failure)

    def _came_back(self, key: str) -> None:
        if key in self.under_way:
            self.under_way[key].answered = time.monotonic()
            self.woken.set()

    def _watch(self) -> None:
        """See what has come into the store; on a thread that may wait."""
        store = known(self.store, "there is one where it is watched")
        for key, job in list(self.under_way.items()):
            answered = job.answered
            try:
                seen = store.look(job.group.number)
            except EngineError as error:
                self.happened.put(partial(_raise, error))
                return
            self.happened.put(partial(self._saw, key, seen, answered))
        self.pace = min(2 * self.pace, LOOK_EVERY_S)  # until something comes
        self.woken.wait(self.pace)
        self.woken.clear()

    def _saw(self, key: str, seen: Seen, answered: float) -> None:
        """Fetch what has come of a group; ``answered`` is when its worker had come back, if it had
        when it was looked at.
        """
        job = self.under_way.get(key)
        if job is None:
            return
        if seen.begun and not job.begun:
            job.begun = True
            self._hear(job)
        for number in sorted((seen.done | seen.failed) & job.left.keys() - job.fetching):
            self._hear(job)
            job.fetching.add(number)
            collect = self._collect if number in seen.done else self._collect_failure
            self.takers.apply_async(collect, (key, job, number))
        missing = bool(job.left.keys() - job.fetching)
        if missing and answered and time.monotonic() - answered > SEEN_S:
            reason = f"its worker {job.worker} came back without it"
            self._give_back(key, Failure(EngineError("The tile failed", reason), ""))

    def _hear(self, job: GroupJob) -> None:
        self.pace = LOOK_S / 2
        job.heard = self.heard[job.worker] = time.monotonic()

    def _collect(self, key: str, job: GroupJob, number: int) -> None:
        """Take a tile out of the store; on a thread that may wait."""
        store = known(self.store, "a tile was seen in it")
        if self.stop.is_set():
            return
        try:
            result = store.collect(self.work, job.group.number, number, self.delivery.take)
        except (EngineError, ValueError) as error:
            reason = error.why if isinstance(error, EngineError) else str(error)
            what = f"what its worker {job.worker} wrote cannot be used ({reason})"
            failure = Failure(EngineError("The tile failed", what), job.worker)
            self.happened.put(partial(self._again, key, (number,), failure))
            return
        self._hand_on(key, number, job.group.tile(number), result)
        with suppress(EngineError):  # the mark saves work, no more
            store.taken(job.group.number, number)

    def _collect_failure(self, key: str, job: GroupJob, number: int) -> None:
        """Learn why a tile failed; on a thread that may wait."""
        store = known(self.store, "a failure was seen in it")
        try:
            told = store.failure(job.group.number, number)
            failure = Failure(told.error, told.worker)
        except (EngineError, ValueError, KeyError) as error:
            failure = Failure(EngineError("The tile failed", str(error)), job.worker)
        self.happened.put(partial(self._again, key, (number,), failure))

    def _done(self, key: str, number: int) -> None:
        job = self.under_way.get(key)
        if job is not None:
            self._drop(key, job, (number,))

    def _drop(self, key: str, job: GroupJob, numbers: Iterable[int]) -> None:
        """These tiles are this job's no more; without any it is over."""
        for number in numbers:
            job.left.pop(number, None)
            job.fetching.discard(number)
        if not job.left:
            del self.under_way[key]
            job.future.release()  # or the worker keeps the result

    def _again(self, key: str, numbers: Sequence[int], failure: Failure) -> None:
        """Do tiles of a job once more, elsewhere, unless they have failed too often."""
        job = self.under_way.get(key)
        if job is None:
            return
        self._check_connection()  # which takes all futures with it
        if not isinstance(failure.error, (RasterError, EngineError)):
            raise failure.error  # the same everywhere
        tiles = [(number, job.left[number]) for number in numbers if number in job.left]
        again = self._job(tiles, job)
        again.shunned += (failure.worker,) if failure.worker else ()
        self._drop(key, job, numbers)
        if again.tries < TRIES:
            if tiles:
                self.lanes.again(again, again.shunned)
        elif isinstance(failure.error, (SceneReadError, StoreError)):
            raise failure.error  # whoever asked may do without that scene, or name another place
        else:
            is_raster = isinstance(failure.error, RasterError)
            why = str(failure.error) if is_raster else failure.error.why
            self.failed += [(tile, why) for _, tile in tiles]

    def _look(self) -> None:
        """Ask who is there, and where tiles are that take too long; on a thread that may wait."""
        threads = self.client.nthreads()
        begun = time.monotonic() - self.limit_s
        late = [key for key, job in list(self.under_way.items()) if self._heard_of(job) < begun]
        processing = self.client.processing() if late else {}
        owners = {key: worker for worker, keys in processing.items() for key in keys}
        self.happened.put(partial(self._note, threads, late, owners))

    def _heard_of(self, job: GroupJob) -> float:
        """When anything was last heard of a job; one that waits behind another has no time of its
        own yet.
        """
        if self.store is None or job.begun:
            return job.heard
        return max(job.heard, self.heard.get(job.worker, 0.0))

    def _note(
        self, threads: Mapping[str, int], late: Sequence[str], owners: Mapping[str, str]
    ) -> None:
        """Keep who is there, and give late tiles to others."""
        self.answered = time.monotonic()
        self.threads = dict(threads)
        if threads:
            self.peopled = self.answered
        reason = f"it did not come back within {self.limit_s:.0f} s (processing.tile_timeout_s)"
        for key in late:
            job = self.under_way.get(key)
            if job is not None and not job.answered:
                owner = owners.get(key, "")
                self.hung[owner] = self.hung.get(owner, 0) + 1
                error = EngineError("The tile failed", reason)
                job.future.cancel()
                self._give_back(key, Failure(error, owner))

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
            tiles = [tile for job in self.under_way.values() for tile in job.left.values()]
            names = tile_names(tiles[:MOST_FAILED])
            raise EngineError(
                self.failure,
                f"no worker is left; under way were {names}",
                f"What do the workers' logs say? {ANOTHER}",
            )

    def _failure(self) -> EngineError:
        tiles = tile_names([tile for tile, _ in self.failed[:MOST_FAILED]])
        reason = f"{tiles} failed {TRIES} times each, the last time because: {self.failed[-1][1]}"
        return EngineError(self.failure, reason, f"What do the workers' logs say? {ANOTHER}")


def _raise(error: FirstLightError) -> None:
    raise error
