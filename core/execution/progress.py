"""Progress of tiles: those done, and the time that the rest will take."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ..monitor import Progress
from ..text import time_text


class TileCount:
    """Counts tiles as they come; safe to use from many threads.

    Parameters
    ----------
    message : str
        What is being done, for a person.
    total : int
        Tiles of the whole job.
    before : int
        Of these, those that an earlier run has done.
    share : float
        Of the whole operation's progress.
    begin : float
        Where that share begins.
    in_chunks : bool
        Chunks of a layer are counted, not tiles.
    """

    def __init__(
        self,
        message: str,
        total: int,
        before: int = 0,
        share: float = 1.0,
        begin: float = 0.0,
        in_chunks: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._message = message
        self._total = total
        self._before = before
        self._share = share
        self._begin = begin
        self._in_chunks = in_chunks
        self._clock = clock
        self._began = clock()
        self._done = before
        self._lock = threading.Lock()

    def add(self) -> Progress:
        """One more is done; what to tell."""
        with self._lock:
            self._done += 1
            done = self._done
            seconds = self._clock() - self._began
        left = seconds / (done - self._before) * (self._total - done)
        detail = self._detail(done, time_text(left) if left else "")
        fraction = round(self._begin + self._share * done / self._total, 9)
        return Progress(fraction, self._message, detail)

    def _detail(self, done: int, left: str) -> str:
        """In whole forms, as translators need them."""
        if self._in_chunks:
            text = f"chunk {done} of {self._total}"
            return f"chunk {done} of {self._total}, {left} left" if left else text
        text = f"tile {done} of {self._total}"
        return f"tile {done} of {self._total}, {left} left" if left else text
