"""Calls that may never come back, with a limit and an ear for the user."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from ..errors import Cancelled

Result = TypeVar("Result")
LOOK_S = 0.05


class TooLate(Exception):
    """A call did not come back in time."""


def within(limit_s: float, stop: threading.Event, call: Callable[[], Result]) -> Result:
    """Make a call on a thread of its own, which is left behind where it takes too long.

    What the call raises is raised here.

    Raises
    ------
    Cancelled
        If ``stop`` was set meanwhile.
    TooLate
        If it did not come back within ``limit_s``.
    """
    from multiprocessing.pool import ThreadPool  # its threads do not hold up the program's end

    pool = ThreadPool(1)
    try:
        handle = pool.apply_async(call)
        end = time.monotonic() + limit_s
        while not handle.ready():
            handle.wait(LOOK_S)
            if stop.is_set():
                raise Cancelled()
            if time.monotonic() > end and not handle.ready():
                raise TooLate()
        return handle.get()
    finally:
        pool.terminate()
