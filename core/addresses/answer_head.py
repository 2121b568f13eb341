"""How much of an answer's beginning is taken, and how long it is waited for.

Python reads as many lines ``100 Continue`` as a server sends, and each wait for the next byte
begins anew: a server could keep a download waiting for ever, before its body is watched.
"""

from __future__ import annotations

import http.client
import io
import time
from typing import Any

MOST_BYTES = 256 << 10
"""Of status lines and headers together; ten times what Python takes for one header."""
WHOLE_HEAD = 3.0
"""Times the longest wait for the next bytes: the longest wait for all of them."""


class EndlessHead(http.client.HTTPException):
    """An answer that begins without end."""


class _Counted(io.RawIOBase):
    """A connection's bytes, counted until the head is over."""

    def __init__(self, raw: Any, longest_s: float | None) -> None:
        self._raw = raw
        self._left = MOST_BYTES
        self._longest_s = longest_s
        self._end = None if longest_s is None else time.monotonic() + longest_s
        self.watching = True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        """As :meth:`io.RawIOBase.readinto`."""
        if self.watching and self._left <= 0:
            raise EndlessHead(f"more than {MOST_BYTES >> 10} kB of headers came, and still no end")
        if self.watching and self._end is not None and time.monotonic() > self._end:
            raise TimeoutError(f"the answer did not begin within {self._longest_s:.0f} s")
        count: int | None = self._raw.readinto(buffer)
        self._left -= count or 0
        return count

    def fileno(self) -> int:
        return int(self._raw.fileno())

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class BoundedResponse(http.client.HTTPResponse):
    """An answer whose head ends."""

    def __init__(self, sock: Any, *args: Any, **words: Any) -> None:
        super().__init__(sock, *args, **words)
        waits = sock.gettimeout()
        self._counted = _Counted(self.fp.detach(), None if waits is None else WHOLE_HEAD * waits)
        self.fp = io.BufferedReader(self._counted)

    def begin(self) -> None:
        """Read status and headers."""
        super().begin()
        self._counted.watching = False
