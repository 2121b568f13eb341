"""What Spark's workers do with a group of tiles. Runs there, from the zip that was sent."""

from __future__ import annotations

import os
import pickle  # nosec B403 # the bytes are those of the driver of the same run
import platform
import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ...errors import DependencyError
from ...gdal.environment import gdal_version
from ...raster.grid import Window
from ..package import digest
from ..result_store import ResultStore, Storable, do_group
from ..tile_groups import TileGroup


@dataclass(frozen=True)
class Surroundings:
    """Versions that decide whether the bytes are the same, and what must be seen."""

    versions: tuple[tuple[str, str], ...]
    """Name → version."""
    files: tuple[tuple[str, int], ...]
    """Path and size in bytes of what each worker must find."""


@dataclass(frozen=True)
class SentGroup:
    """All that a worker needs for a group of tiles."""

    work: Storable[Any]
    store: ResultStore
    group: TileGroup
    surroundings: Surroundings

    def packed(self) -> bytes:
        """As it is sent. Who unpacks it must trust the sender: both belong to one user's run."""
        return pickle.dumps(self)


def versions_here() -> tuple[tuple[str, str], ...]:
    """Versions of this process."""
    import numpy as np

    return (
        ("Python", f"{sys.version_info.major}.{sys.version_info.minor}"),
        ("numpy", np.__version__),
        ("GDAL", gdal_version()),
        ("the code of FirstLight", digest()),
    )


def do_sent_group(data: bytes) -> int:
    """Do a group of tiles; what comes of it, failures too, lies in its store.

    Parameters
    ----------
    data : bytes
        A :class:`SentGroup`, packed.

    Returns
    -------
    int
        Number of tiles that failed and may succeed elsewhere.

    Raises
    ------
    EngineError
        If the store cannot be written.
    """
    # From the driver of this very run.
    sent: SentGroup = pickle.loads(data)  # nosec B301 # noqa: S301
    host = platform.node()
    reason = misfit(sent.surroundings, host)
    work: Storable[Any] = _Refusal(reason) if reason else sent.work
    do_group(work, sent.store, sent.group, host)
    return 0 if reason else len(sent.store.look(sent.group.number).failed)


@lru_cache(maxsize=4)
def misfit(wanted: Surroundings, host: str) -> str:
    """Why this process cannot do the work; empty where it can. Asked once for each run."""
    here = dict(versions_here())
    texts = [
        f"{name} is {version} on this computer and {here[name]} on the worker {host}"
        for name, version in wanted.versions
        if here[name] != version
    ]
    missing = [path for path, size in wanted.files if not _is_there(path, size)]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        texts.append(f"the worker {host} does not see {missing[0]}{more} as this computer does")
    return "; ".join(texts)


def _is_there(path: str, size: int) -> bool:
    try:
        return os.path.isfile(path) and os.path.getsize(path) == size
    except OSError:
        return False


@dataclass(frozen=True)
class _Refusal(Storable[Any]):
    """Instead of work that this worker cannot do."""

    reason: str

    def __call__(self, tile: Window) -> Any:
        raise DependencyError(
            "The Spark cluster cannot be used",
            self.reason,
            "Install the same versions and put the files under the same path everywhere, or choose "
            "another engine, threads for example.",
        )

    def pack(self, result: Any) -> bytes:
        raise AssertionError("a refusal has no result")

    def unpack(self, data: bytes) -> Any:
        raise AssertionError("a refusal has no result")
