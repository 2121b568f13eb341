"""How fast jobs were, as they were measured, for a word on how long the next one takes.

Nothing is guessed: where no job was measured that tells something about the next one, nothing is
said of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ...core.monitor import BandProgress, BandState
from ...core.types import SceneItem

LEAST_BYTES, LEAST_S = 500_000, 0.5
"""Of all fetches together that say something about a line: below that it is the time of questions
and answers. A choice of ours, as are the next two.
"""
LAST = 5
"""Jobs that count, the newest: a line is another one tomorrow."""
ALIKE = 10.0
"""A job tells of one that is up to so many times larger or smaller."""
UNDER_WAY = (BandState.DOWNLOADING, BandState.RESUMING, BandState.RETRYING)
ENDED = (BandState.DONE, BandState.SKIPPED, BandState.FAILED)


@dataclass(frozen=True)
class Load:
    """What a job has to do, as far as that is known before its start."""

    source: str
    """Where its bytes come from; empty where it fetches none."""
    work: str = ""
    """What is computed; jobs of the same work are compared."""
    pixels: int = 0
    """That are computed; 0 where that is not known."""


@dataclass(frozen=True)
class JobPace:
    """What a job did, and how long it took."""

    source: str
    work: str
    pixels: int
    fetched_bytes: int
    """What came over the line; files that were there already do not count."""
    fetch_s: float
    """While at least one band was on its way, or waited for others to come, in seconds."""
    work_s: float
    """All other time, in seconds."""


@dataclass(frozen=True)
class Expected:
    """How long a job takes by what was measured, in seconds; None where nothing was."""

    fetch_s: float | None
    work_s: float | None

    @property
    def total_s(self) -> float | None:
        """Both together, where both are known."""
        if self.fetch_s is None or self.work_s is None:
            return None
        return self.fetch_s + self.work_s


def source_of(scenes: Iterable[SceneItem]) -> str:
    """Where the bytes of these scenes come from."""
    return "+".join(sorted({scene.catalog for scene in scenes}))


class Stopwatch:
    """Measures one job by what it tells.

    Parameters
    ----------
    load : Load
        What it has to do.
    clock : callable
        Seconds, never backwards.
    """

    def __init__(self, load: Load, clock: Callable[[], float] = time.monotonic) -> None:
        self._load, self._clock = load, clock
        self._began = clock()
        self._first: dict[tuple[str, str], int] = {}
        self._last: dict[tuple[str, str], int] = {}
        self._going: set[tuple[str, str]] = set()
        self._since = 0.0
        self._fetch_s = 0.0

    def take(self, event: BandProgress) -> None:
        """One band has come further; what was there already does not count."""
        key = (event.item_id, event.band)
        if event.state not in ENDED and key not in self._going:
            if not self._going:
                self._since = self._clock()
            self._going.add(key)
        if event.state in UNDER_WAY:
            self._first.setdefault(key, event.received_bytes)
        if event.state in UNDER_WAY or event.state == BandState.DONE:
            self._last[key] = max(event.received_bytes, self._last.get(key, 0))
        if event.state in ENDED and key in self._going:
            self._going.discard(key)
            if not self._going:
                self._fetch_s += self._clock() - self._since

    def stop(self) -> JobPace:
        """What was measured until now."""
        now = self._clock()
        fetch_s = self._fetch_s + (now - self._since if self._going else 0.0)
        return JobPace(
            source=self._load.source,
            work=self._load.work,
            pixels=self._load.pixels,
            fetched_bytes=sum(last - self._first.get(key, 0) for key, last in self._last.items()),
            fetch_s=round(fetch_s, 2),
            work_s=round(now - self._began - fetch_s, 2),
        )


def expect(load: Load, size_bytes: int, paces: Iterable[JobPace]) -> Expected:
    """How long a job will take.

    Parameters
    ----------
    load : Load
        What it has to do.
    size_bytes : int
        What it has to fetch.
    paces : iterable of JobPace
        Of earlier jobs that came to their end, the newest first.
    """
    known = list(paces)
    return Expected(_fetch_s(load, size_bytes, known), _work_s(load, known))


def _fetch_s(load: Load, size_bytes: int, paces: list[JobPace]) -> float | None:
    """By the speed of the last fetches from the same place, all together."""
    if size_bytes <= 0:
        return None
    lately = [pace for pace in paces if pace.source == load.source and pace.fetched_bytes > 0]
    came = sum(pace.fetched_bytes for pace in lately[:LAST])
    took = sum(pace.fetch_s for pace in lately[:LAST])
    return size_bytes * took / came if came >= LEAST_BYTES and took >= LEAST_S else None


def _work_s(load: Load, paces: list[JobPace]) -> float | None:
    """By the job of the same work that is nearest in size: a small one says little of a large
    one, most of its time being the same for both.
    """
    if load.pixels <= 0:
        return None
    times = [
        (max(pace.pixels / load.pixels, load.pixels / pace.pixels), pace)
        for pace in paces
        # One that found its files there may have found parts of its maps there, too.
        if pace.work == load.work and pace.fetched_bytes > 0 and pace.pixels > 0
    ]
    if not times:
        return None
    factor, nearest = min(times, key=lambda one: one[0])
    return nearest.work_s * load.pixels / nearest.pixels if factor <= ALIKE else None
