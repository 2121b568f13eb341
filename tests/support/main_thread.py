"""How much the main thread has to do itself, counted and not timed.

Counted are calls of Python functions on this thread, and the bytes that it reads of files: their
numbers are the same on any computer, however busy it is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any


def python_calls(action: Callable[[], object]) -> int:
    """Do it, and count the calls of Python functions that this thread makes meanwhile."""
    count = 0

    def note(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(before)
    return count


def bytes_read() -> int:
    """Bytes that this thread alone has read of files so far, whoever asked for them: Linux counts
    them for each thread (``rchar``, proc(5)).
    """
    lines = Path("/proc/thread-self/io").read_text(encoding="ascii").splitlines()
    return int(dict(line.split(": ") for line in lines)["rchar"])
