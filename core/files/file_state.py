"""What was found out of files, for as long as they stay as they are: one run opens the same rasters
many times, and looks into each before.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Generic, TypeVar

Value = TypeVar("Value")
Stamp = tuple[int, ...]
"""Of one file; it differs once the file is changed in any way. Empty where there is none."""
FileState = tuple[tuple[str, Stamp], ...]
"""Stamps of a file and of all that lies beside it under its name."""
States = Mapping[Path, FileState]

UNSETTLED_NS = 50_000_000
"""File systems tell the time of a change in steps, of 10 ms at most on those of today: what was
changed less than so long ago may change again unseen.
"""
MOST_FILES = 1000
"""Of one value: a VRT of more is looked into each time."""


class Remembered(Generic[Value]):
    """Values that hold as long as some files are as they were; safe to use from many threads.

    Parameters
    ----------
    most : int
        The number of values that are kept: those that were asked for last.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, tuple[States, Value]] = OrderedDict()
        self._lock = threading.Lock()

    def recall(self, key: Hashable, states: States | None = None) -> Value | None:
        """The value; None where there is none, or a file is not as it was.

        Parameters
        ----------
        states : mapping, optional
            As the files are, where that was looked at just now.
        """
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                return None
            self._kept.move_to_end(key)
        seen, value = kept
        if states is not None:
            return value if states == seen else None
        same = all(file_state(path) == state for path, state in seen.items())
        return value if same else None

    def keep(self, key: Hashable, states: States, value: Value) -> None:
        """Keep a value that was found out when the files were in these states already."""
        if len(states) > MOST_FILES or not all(map(_is_settled, states.values())):
            return
        with self._lock:
            self._kept[key] = (states, value)
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


def file_state(file: Path) -> FileState:
    """The state of a file, and of all beside it whose names begin as its own does."""
    folder, name = os.path.split(os.fspath(file))
    stem = os.path.splitext(name)[0].lower() + "."
    names = {name, *(other for other in _beside(folder, stem) if other.lower().startswith(stem))}
    return tuple((one, _stamp(os.path.join(folder, one))) for one in sorted(names))


def _is_settled(state: FileState) -> bool:
    """Tell whether any later change would show; in a folder that is a raster it would not."""
    latest = time.time_ns() - UNSETTLED_NS
    return all(
        not stamp or (stamp[-1] < latest and stamp[-2] < latest and not stat.S_ISDIR(stamp[0]))
        for _, stamp in state
    )


def _stamp(path: str) -> Stamp:
    try:
        one = os.stat(path)
    except (OSError, ValueError):  # the latter: a name that no file can have
        return ()
    return (one.st_mode, one.st_ino, one.st_size, one.st_mtime_ns, one.st_ctime_ns)


def _beside(folder: str, stem: str) -> tuple[str, ...]:
    """Names in a folder that begin as far as their first dot alike; the folder is listed once for
    each state of it.
    """
    folder = folder or os.curdir
    stamp = _stamp(folder)
    settled = stamp and stamp[-2] < time.time_ns() - UNSETTLED_NS
    listed = _listed(folder, stamp) if settled else _listed.__wrapped__(folder, stamp)
    return listed.get(stem.partition(".")[0], ())


@lru_cache(maxsize=64)
def _listed(folder: str, _stamp: Stamp) -> dict[str, tuple[str, ...]]:
    """First part of a name, in lower case → the names."""
    found: dict[str, list[str]] = {}
    try:
        for name in os.listdir(folder):
            found.setdefault(name.partition(".")[0].lower(), []).append(name)
    except (OSError, ValueError):
        return {}
    return {part: tuple(names) for part, names in found.items()}
