"""Other processes as the kernel tells of them. Linux.

Each of them may end between two looks at it, on a busy machine more often. Its files in /proc are
then not there, end in "no such process" or, while its parent has not asked for it, may be root's.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def has_ended(pid: int) -> bool:
    """True if there is no such process, or only its parent has not asked for it yet."""
    fields = _stat(pid)
    return not fields or fields[0] in "ZX"


def parent(pid: int) -> int:
    """A process's parent; 0 if it has none or has ended."""
    fields = _stat(pid)
    return int(fields[1]) if fields else 0


def children(pid: int) -> list[int]:
    """Process ids of a process's children.

    The kernel's own list of them may lack some while others end (proc(5)).
    """
    numbers = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [number for number in numbers if parent(number) == pid]


def family(pid: int) -> set[int]:
    """A process and all that come from it."""
    return {pid}.union(*map(family, children(pid)))


def command_line(pid: int) -> bytes:
    """Its words, each with a zero byte behind it; empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        if has_ended(pid):
            return b""
        raise


def send(pid: int, number: signal.Signals) -> None:
    """A signal for a process, unless it has ended."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def kill(pid: int) -> None:
    """End a process as a crash would."""
    send(pid, signal.SIGKILL)


def listening(pids: Iterable[int]) -> list[tuple[str, int]]:
    """Address and port of everything that processes listen on, by TCP and UDP."""
    inodes = set().union(*map(_socket_inodes, pids))
    found = []
    for table, states in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes and fields[3] == states:
                host, port = fields[1].split(":")
                found.append((_host(host), int(port, 16)))
    return sorted(found)


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on (proc(5) counts it as the third)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _socket_inodes(pid: int) -> set[str]:
    """Inodes of a process's sockets; a file that it closes meanwhile is none of them."""
    try:
        entries = list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        if has_ended(pid):
            return set()
        raise
    inodes = set()
    for entry in entries:
        with suppress(FileNotFoundError):
            target = os.readlink(entry)
            if target.startswith("socket:["):
                inodes.add(target[len("socket:[") : -1])
    return inodes


def _host(text: str) -> str:
    """An address as the kernel prints it: words of 32 bits in this computer's own order."""
    words = [bytes.fromhex(text[start : start + 8])[::-1] for start in range(0, len(text), 8)]
    return socket.inet_ntop(socket.AF_INET if len(words) == 1 else socket.AF_INET6, b"".join(words))
