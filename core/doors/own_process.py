"""What is set in a process that is FirstLight's own: the command's, never QGIS's."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from contextlib import suppress

ARENAS = max(4, os.cpu_count() or 1)
"""Heaps among which glibc's malloc divides the threads: else there are eight for each core, and
each keeps what its threads have freed. With two, threads wait for each other.
"""
_M_ARENA_MAX = -8
"""Of ``mallopt`` in glibc's ``malloc.h``."""
SWITCH_S = 0.001
"""After how long a thread that computes gives Python's lock to one that waits for it; Python's own
is 0.005. Each answer of a server is waited for by a thread that needs the lock to ask the next.
"""


def settle_in(arenas: int = ARENAS) -> None:
    """Begin and end quickly, and give memory back.

    What is loaded until the work begins stays, and the memory goes as a whole at the end: to look
    through all objects for cycles that nobody holds takes a tenth of a second each time. Whoever
    begins the work has to switch that on again (``gc.enable``).

    Parameters
    ----------
    arenas : int
        The most heaps; only glibc has more than one.
    """
    sys.setswitchinterval(SWITCH_S)
    gc.disable()
    atexit.register(gc.freeze)
    import ctypes

    with suppress(OSError, AttributeError, TypeError):  # another C library, another system
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, arenas)
