"""A small distance between the requests to one host that has said that it is busy."""

from __future__ import annotations

import threading
import time
from urllib.parse import urlsplit

CALM_S = 600.0
"""So long after a host was busy for the last time, requests to it keep their distance."""


class Turns:
    """Keeps requests to a busy host apart, on the average: after a pause, as many as run at once
    begin together; from then on each begins a delay after the one before. A host that never said
    that it is busy is asked at once: how many run at a time is bounded anyway.
    """

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        """Host → when the next request would begin, had all kept their distance."""
        self._calm: dict[str, float] = {}
        """Busy host → from when on it counts as calm again."""
        self._lock = threading.Lock()

    def was_busy(self, url: str, now: float | None = None) -> None:
        """Take note that this URL's host has said that it is busy."""
        with self._lock:
            self._calm[urlsplit(url).netloc] = CALM_S + (time.monotonic() if now is None else now)

    def take(self, url: str, delay_s: float, at_once: int, now: float) -> float:
        """Take the next turn of this URL's host; seconds until it comes.

        Parameters
        ----------
        delay_s : float
            From this request to the next.
        at_once : int
            That may begin together: to wait would not spare the server a connection.
        """
        host = urlsplit(url).netloc
        with self._lock:
            if now >= self._calm.get(host, now):
                return 0.0
            due = max(now, self._due.get(host, now))
            self._due[host] = due + delay_s
        return max(0.0, due - delay_s * (at_once - 1) - now)

    def wait(self, url: str, delay_s: float, at_once: int, stop: threading.Event) -> bool:
        """Wait for this URL's turn; True if stopped meanwhile."""
        return stop.wait(self.take(url, delay_s, at_once, time.monotonic()))


TURNS = Turns()
"""Of this process."""
