"""What the jobs of this process have in all: connections, and tiles under way."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .fair_slots import FairSlots, Share


class Connections:
    """Connections of one kind, in all and to each provider that sets a limit of its own."""

    def __init__(self) -> None:
        self._all = FairSlots()
        self._of: dict[str, FairSlots] = {}
        self._lock = threading.Lock()

    @contextmanager
    def share(
        self, most: int, provider: str, provider_most: int, job: object = None
    ) -> Iterator[ConnectionShare]:
        """Take part.

        Parameters
        ----------
        most : int
            Connections of this process at once.
        provider : str
            Whose files are read.
        provider_most : int
            Connections at once to this provider.
        job : object, optional
            Whose they are: of one job's shares the earliest is served first.
        """
        with self._lock:
            slots = self._of.setdefault(provider, FairSlots())
        with slots.share(provider_most, job) as own, self._all.share(most, job) as common:
            yield ConnectionShare(own, common)


class ConnectionShare:
    """One sharer's part of :class:`Connections`."""

    def __init__(self, own: Share, common: Share) -> None:
        self._own, self._common = own, common

    @contextmanager
    def slot(self, stop: threading.Event) -> Iterator[None]:
        """See :meth:`Share.slot`."""
        # That of the provider first: who waits for it must not keep the others from theirs.
        with self._own.slot(stop), self._common.slot(stop):
            yield


WHOLE_BANDS = Connections()
"""Bands that are fetched whole."""
AREA_REQUESTS = Connections()
"""Requests for the tiles under an area."""
TILES = FairSlots(least=os.cpu_count() or 1)
"""Tiles that are computed: one for each core."""
