"""Processes of a cluster of FirstLight's own, and what they listen on. Linux."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path


def children(parent: int | None = None) -> set[int]:
    """Processes of a cluster that this (or another) process has started."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(status[1]) == (parent or os.getpid()) and is_cluster(int(entry.name)):
                found.add(int(entry.name))
    return found


def is_cluster(pid: int) -> bool:
    """True if it is a scheduler or worker of a local cluster."""
    try:
        return b"cluster_process.py" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def listening(pids: set[int]) -> list[tuple[str, int]]:
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


def _socket_inodes(pid: int) -> set[str]:
    """Inodes of a process's sockets; a file that it closes meanwhile is none of them."""
    inodes = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            target = os.readlink(entry)
            if target.startswith("socket:["):
                inodes.add(target[len("socket:[") : -1])
    return inodes


def _host(text: str) -> str:
    """An address as the kernel prints it: words of 32 bits in this computer's own order."""
    words = [bytes.fromhex(text[start : start + 8])[::-1] for start in range(0, len(text), 8)]
    return socket.inet_ntop(socket.AF_INET if len(words) == 1 else socket.AF_INET6, b"".join(words))
