"""How much the main thread has to do itself, counted and not timed.

Counted are calls of Python functions on this thread: their number is the same on any computer,
however busy it is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
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
