"""Slots that several jobs share. One that comes free goes to the job that holds the fewest, so a
small job does not wait behind a large one; within a job to its earliest share that wants one, so
that one scene after the other is whole.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import Cancelled
from ..workers import LOOK_S


class FairSlots:
    """Slots that are shared; how many there are is the most that any of the sharers may have.

    Parameters
    ----------
    least : int
        So many there are in any case.
    """

    def __init__(self, least: int = 1) -> None:
        self._least = least
        self._shares: list[Share] = []
        self._grants = 0
        self.changed = threading.Condition()

    @contextmanager
    def share(self, most: int, job: object = None) -> Iterator[Share]:
        """Take part. What a thread that was left behind still holds at the end is free again.

        Parameters
        ----------
        most : int
            So many slots the share may hold at once, if nobody else wants one.
        job : object, optional
            Whose it is; default: a job of its own.
        """
        share = Share(self, most, job)
        with self.changed:
            self._shares.append(share)
        try:
            yield share
        finally:
            with self.changed:
                share.closed = True
                self._shares.remove(share)
                self.changed.notify_all()

    def take(self, share: Share) -> bool:
        """Give the share a slot if there is one, and it is its turn; called with ``changed``
        held.
        """
        total = max(self._least, *(each.most for each in self._shares))
        if sum(each.held for each in self._shares) >= total:
            return False
        waiting = [each for each in self._shares if each.waiting and each.held < each.most]
        if min(waiting, key=self._rank, default=None) is not share:
            return False
        self._grants += 1
        share.held, share.turn = share.held + 1, self._grants
        return True

    def _rank(self, share: Share) -> tuple[int, int, int]:
        """Whoever has the least is next: fewer slots of the job, then the job that has waited
        longer, then the earlier share.
        """
        mates = [each for each in self._shares if each.job is share.job]
        held, turn = sum(each.held for each in mates), max(each.turn for each in mates)
        return held, turn, self._shares.index(share)


class Share:
    """One sharer's part of :class:`FairSlots`.

    Parameters
    ----------
    slots : FairSlots
    most : int
        Slots that it may hold at once.
    job : object, optional
        Whose it is.
    """

    def __init__(self, slots: FairSlots, most: int, job: object = None) -> None:
        self.most = most
        self.job = self if job is None else job
        self.held = 0
        self.waiting = 0
        """Threads that wait for a slot."""
        self.turn = 0
        """Number of the last slot it got."""
        self.closed = False
        self._slots = slots

    @contextmanager
    def slot(self, stop: threading.Event) -> Iterator[None]:
        """Hold a slot, waiting for it as long as nobody stops; never begins after a stop.

        Raises
        ------
        Cancelled
            If ``stop`` was set meanwhile, or the share is given back.
        """
        changed = self._slots.changed
        with changed:
            self.waiting += 1
            try:
                while self.closed or not self._slots.take(self):
                    if self.closed or stop.is_set():
                        raise Cancelled()
                    changed.wait(LOOK_S)
            finally:
                self.waiting -= 1
                changed.notify_all()  # the next in turn may be another one now
        try:
            if stop.is_set():  # the slot of one that has just failed comes free at once
                raise Cancelled()
            yield
        finally:
            with changed:
                self.held -= 1
                changed.notify_all()
