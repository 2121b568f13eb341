"""Opened datasets that nobody reads just now, kept for who reads the same band next."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Any

MOST_FILES = 64
"""Of all bands of all scenes on this computer. Each is an open file, of which a process may have
1024 or fewer, and holds a block as it is stored and as it is decoded: 3 MB of a usual scene.
"""
MOST_REMOTE = 256
"""The same behind HTTP. They are no open files, and to open one again may cost a request for its
header.
"""
MOST_OF_ONE = 2
"""Of one band: neighbouring tiles read it on as many threads."""


class IdleDatasets:
    """The datasets that were used last; safe to use from many threads.

    Parameters
    ----------
    most : int
        That are kept.
    """

    def __init__(self, most: int = MOST_FILES) -> None:
        self._most = most
        self._idle: list[tuple[Hashable, Any]] = []
        """Owner and dataset, the last one used at the end."""
        self._lock = threading.Lock()

    def take(self, owner: Hashable) -> Any | None:
        """A dataset of this owner, who then has it alone; None where there is none."""
        with self._lock:
            for number in reversed(range(len(self._idle))):
                if self._idle[number][0] == owner:
                    return self._idle.pop(number)[1]
        return None

    def give(self, owner: Hashable, dataset: Any) -> None:
        """Keep a dataset; the one that was not used for longest is closed where there are too
        many.
        """
        with self._lock:
            own = [number for number, (one, _) in enumerate(self._idle) if one == owner]
            if len(own) >= MOST_OF_ONE:
                del self._idle[own[0]]
            self._idle.append((owner, dataset))
            del self._idle[: -self._most]

    def drop(self, owner: Hashable) -> None:
        """Close those of this owner."""
        with self._lock:
            self._idle[:] = [pair for pair in self._idle if pair[0] != owner]
