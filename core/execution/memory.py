"""Free memory for tiles, and what the engines of this process have of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMINFO = Path("/proc/meminfo")
_promised: list[int] = []
"""Bytes for each engine under way."""


@contextmanager
def promised(count: int) -> Iterator[None]:
    """Keep memory for an engine, which takes it only when its tiles come: another job that begins
    meanwhile is not to count on it.

    Parameters
    ----------
    count : int
        Bytes.
    """
    _promised.append(count)
    try:
        yield
    finally:
        _promised.remove(count)


def engines_under_way() -> int:
    """Engines of this process that compute, for whatever job."""
    return len(_promised)


def unpromised_bytes() -> int | None:
    """Free memory that no engine of this process counts on; None where the system does not say.
    What an engine has taken already counts twice, which is on the safe side.
    """
    free = free_bytes()
    return None if free is None else max(0, free - sum(_promised))


def free_bytes(meminfo: Path = MEMINFO) -> int | None:
    """Memory that can be had without swapping; None where the system does not say.

    Linux's ``MemAvailable`` counts caches that can be dropped; other systems with ``sysconf`` say
    what is unused.
    """
    try:
        for line in meminfo.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, UnicodeDecodeError, ValueError, IndexError):
        pass  # not Linux: ask the system below
    if sys.platform == "win32":
        return _free_on_windows()
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None


def _free_on_windows() -> int | None:
    import ctypes

    class Status(ctypes.Structure):
        """MEMORYSTATUSEX of the Windows API."""

        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *(
                (name, ctypes.c_ulonglong)
                for name in (
                    "total",
                    "free",
                    "page_total",
                    "page_free",
                    "own",
                    "own_free",
                    "extended",
                )
            ),
        )

    status = Status(length=ctypes.sizeof(Status))
    known = ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined,unused-ignore]
    return int(status.free) if known else None
