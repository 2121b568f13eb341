"""One job at a time in a folder: the operating system's lock, which no crash leaves behind."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ..errors import Cancelled

LOCK_NAME = ".firstlight.lock"
LOOK_S = 0.1


@contextmanager
def folder_lock(
    folder: Path, stopped: Callable[[], bool], on_wait: Callable[[], None]
) -> Iterator[None]:
    """Hold a folder, waiting while another job has it: in this process or in any other on this
    computer.

    Where the file system knows no locks (some network shares), nothing is held.

    Parameters
    ----------
    folder : Path
        Must exist; has a small empty file while it is held.
    stopped : callable
        Whether to wait no longer.
    on_wait : callable
        Called once if it has to be waited for.

    Raises
    ------
    Cancelled
        If ``stopped`` meanwhile.
    """
    path = folder / LOCK_NAME
    told = False
    while True:
        try:
            file = path.open("a+b")
        except OSError:  # read-only: what wants to write there will say so
            yield
            return
        with file:
            if _try_lock(file) and _is_at(path, file):
                try:
                    yield
                finally:
                    if (
                        sys.platform != "win32"
                    ):  # where an open file cannot be removed; it is empty and stays
                        path.unlink(missing_ok=True)
                return
        if not told:
            on_wait()
            told = True
        if stopped():
            raise Cancelled(f"Waiting for {folder}")
        time.sleep(LOOK_S)


def _is_at(path: Path, file: IO[bytes]) -> bool:
    """Whether the name still leads to this file: who had the lock before has removed it
    in the end.
    """
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except OSError:
        return False


def _try_lock(file: IO[bytes]) -> bool:
    """True where it is ours, or where locks are not known."""
    if sys.platform == "win32":
        import msvcrt

        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # no locks on this file system
        return True
    return True
