"""Which texts FirstLight has written on this computer for this user, known by their sums.

What a file says of itself, its name or its place can be forged by whoever passes it on; a list in
the user's own folder cannot.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from ..errors import FirstLightError
from .atomic import WriteFailure, write_whole
from .user_folder import own_cache

NAME = "made-here.txt"
MOST_BYTES = 1 << 20
"""Of the list: 16 000 sums. The older half goes when it is full."""


def note_made_here(text: bytes) -> None:
    """Remember a text; without a folder to do it in, it is taken for another's later."""
    line = f"{_sum(text)}\n"
    with suppress(OSError, FirstLightError):
        notes = own_cache() / NAME
        known = _read(notes)
        if line in known:
            return
        if len(known) > MOST_BYTES:
            known = known[len(known) // 2 :].partition("\n")[2]
        failure = WriteFailure("Keeping which stacks were made here failed")
        write_whole(notes, known + line, failure, make_folder=True)


def is_made_here(path: Path) -> bool:
    """Whether a file holds a text that was noted; False where it cannot be told."""
    with suppress(OSError, FirstLightError):
        return f"{_sum(path.read_bytes())}\n" in _read(own_cache() / NAME)
    return False


def _sum(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _read(notes: Path) -> str:
    try:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)
        with open(os.open(notes, flags), encoding="ascii", errors="replace") as file:
            return file.read(4 * MOST_BYTES)
    except FileNotFoundError:
        return ""
