"""The processes of a Dask cluster of FirstLight's own. Linux."""

from __future__ import annotations

import os

from . import processes


def children(parent: int | None = None) -> set[int]:
    """Processes of a cluster that this (or another) process has started."""
    return set(filter(is_cluster, processes.children(parent or os.getpid())))


def is_cluster(pid: int) -> bool:
    """True if it is a scheduler or worker of a local cluster."""
    return b"cluster_process.py" in processes.command_line(pid)
