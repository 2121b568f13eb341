"""How fast bytes come, and how long the rest will take."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from ..monitor import Progress
from ..text import size_text, time_text

SPAN_S = 5.0
"""Speed is that of the last seconds: a line that has become slow shows at once."""
REPORT_EVERY_S = 0.2
STEP_S = 0.05
"""What comes within it is one gain: bytes may come a packet at a time, a million of them."""


class Meter:
    """Bytes over the last seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._gains: deque[tuple[float, int]] = deque()
        self._sum = 0
        self._began = clock()

    def add(self, count: int) -> None:
        """Note that bytes have come."""
        now = self._clock()
        if self._gains and now - self._gains[-1][0] < STEP_S:
            since, before = self._gains.pop()
            self._gains.append((since, before + count))
        else:
            self._gains.append((now, count))
        self._sum += count
        self._forget()

    @property
    def bytes_per_s(self) -> float | None:
        """None in the first moments."""
        self._forget()
        seconds = min(SPAN_S, self._clock() - self._began)
        return self._sum / seconds if seconds > 2 * REPORT_EVERY_S else None

    def _forget(self) -> None:
        while self._gains and self._gains[0][0] < self._clock() - SPAN_S:
            self._sum -= self._gains.popleft()[1]


class Totals:
    """All bands of a scene together; safe to use from many threads.

    Parameters
    ----------
    sizes : dict of str to int
        Band → bytes to be had, as far as known or estimated.
    """

    def __init__(self, sizes: dict[str, int], clock: Callable[[], float] = time.monotonic) -> None:
        self._sizes = sizes
        self._received = dict.fromkeys(sizes, 0)
        self._clock = clock
        self._meter = Meter(clock)
        self._last = float("-inf")
        self._fraction = 0.0
        self._lock = threading.Lock()

    def update(self, band: str, received: int, total: int | None, gained: int) -> Progress | None:
        """Note how far a band is; what to tell, now and then."""
        with self._lock:
            self._received[band] = received
            self._sizes[band] = max(total or self._sizes.get(band, 0), received)
            if gained > 0:
                self._meter.add(gained)
            now = self._clock()
            if now - self._last < REPORT_EVERY_S:
                return None
            self._last = now
            return self._progress("Downloading")

    def finished(self, band: str, received: int, message: str) -> Progress:
        """Note that a band is over, well or not; what to tell."""
        with self._lock:
            self._received[band] = self._sizes[band] = received
            return self._progress(message)

    def _progress(self, message: str) -> Progress:
        total, received = sum(self._sizes.values()), sum(self._received.values())
        parts = [f"{size_text(received)} of {size_text(total)}"]
        speed = self._meter.bytes_per_s
        if speed:
            parts += [f"{size_text(speed)}/s", f"{time_text((total - received) / speed)} left"]
        # Sizes may turn out larger than was thought: a bar must not go back for that.
        self._fraction = max(self._fraction, received / total if total else 0.0)
        return Progress(self._fraction, message, ", ".join(parts))
