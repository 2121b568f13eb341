"""How fast bands came in the last run, for a word on how long the next one takes."""

from __future__ import annotations

import time
from collections.abc import Callable

from ...core.monitor import BandProgress, BandState
from ...plugin.settings_store import read_last, write_last

SPEED = "bytes_per_s"
"""Name of what is kept."""
LEAST_BYTES, LEAST_S = 500_000, 1.0
"""Of a run that says something about the line."""


class Pace:
    """Counts what has come since the run began.

    Parameters
    ----------
    clock : callable
        Seconds, never backwards.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.begin()

    def begin(self) -> None:
        """A run begins."""
        self._first: dict[tuple[str, str], int] = {}
        self._last: dict[tuple[str, str], int] = {}
        self._began: float | None = None
        self._ended = 0.0

    def take(self, event: BandProgress) -> None:
        """One band has come further; what was there already does not count."""
        if event.state is BandState.SKIPPED:
            return
        key = (event.item_id, event.band)
        if self._began is None:
            self._began = self._clock()
        self._first.setdefault(key, event.received_bytes)
        self._last[key] = max(event.received_bytes, self._last.get(key, 0))
        self._ended = self._clock()

    def end(self) -> None:
        """The run has ended: keep its speed, if it fetched enough to tell."""
        came = sum(last - self._first[key] for key, last in self._last.items())
        took = 0.0 if self._began is None else self._ended - self._began
        if came >= LEAST_BYTES and took >= LEAST_S:
            write_last(SPEED, str(round(came / took)))


def expected_seconds(size_bytes: int) -> float | None:
    """How long so much takes at the speed of the last run; None where none was measured."""
    try:
        speed = float(read_last(SPEED, "0"))
    except ValueError:
        return None
    return size_bytes / speed if speed > 0 and size_bytes > 0 else None
