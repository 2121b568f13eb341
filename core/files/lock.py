"""One job at a time in a folder: the operating system's lock, which no crash leaves behind."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from ..errors import Cancelled, IngestionError
from .atomic import open_file, reason_of

LOCK_NAME = ".firstlight.lock"
LOOK_S = 0.1
HELD_ON_WINDOWS = {errno.EACCES, getattr(errno, "EDEADLOCK", errno.EDEADLK), errno.EDEADLK}
"""Numbers by which ``msvcrt.locking`` says that another has the lock."""


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
    IngestionError
        If the folder cannot be locked, on Windows.
    """
    path = folder / LOCK_NAME
    waiting = False
    while True:
        try:
            file = open_file(path, os.O_RDWR | os.O_CREAT)
        except OSError:  # read-only: what wants to write there will say so
            yield
            return
        with file:
            if _try_lock(file, folder) and _is_at(path, file):
                try:
                    yield
                finally:
                    if sys.platform != "win32":  # where an open file stays; it is empty
                        path.unlink(missing_ok=True)
                return
        if not waiting:
            on_wait()
            waiting = True
        if stopped():
            raise Cancelled(f"Waiting for {folder}")
        time.sleep(LOOK_S)


def _is_at(path: Path, file: FileIO) -> bool:
    """Whether the name still leads to this file: who had the lock before has removed it
    in the end.
    """
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except OSError:
        return False


def _try_lock(file: FileIO, folder: Path) -> bool:
    """Take the lock; False where another has it."""
    if sys.platform == "win32":
        return _try_windows(file, folder)
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # no locks on this file system
        return True
    return True


def _try_windows(file: FileIO, folder: Path) -> bool:
    import msvcrt

    try:
        file.seek(0)
        msvcrt.locking(  # type: ignore[attr-defined,unused-ignore]
            file.fileno(),
            msvcrt.LK_NBLCK,  # type: ignore[attr-defined,unused-ignore]
            1,
        )
    except OSError as error:
        if error.errno in HELD_ON_WINDOWS:
            return False
        # Anything else stays as it is: who waited for it would wait for ever.
        raise IngestionError(
            f"The folder {folder} cannot be held for this job",
            reason_of(error),
            "Choose a folder on a disk of this computer.",
        ) from error
    return True
