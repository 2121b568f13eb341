"""A Dask cluster of this computer's own: processes of a real Python interpreter, which never
outlive their starter.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ...errors import Cancelled, EngineError
from ...installation.interpreter import candidates, child_environment
from ..credentials import Credentials, make_credentials

FAILURE = "Starting a Dask cluster on this computer failed"
ANOTHER = "Choose another engine, threads for example."
FOLDER_PREFIX = "firstlight-cluster-"
LOOPBACK = ("--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0")
"""Without the second, the pages of scheduler and workers are on every interface."""
NO_PAGES = {
    "DASK_DISTRIBUTED__SCHEDULER__HTTP__ROUTES": "[]",
    "DASK_DISTRIBUTED__WORKER__HTTP__ROUTES": "[]",
    "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "True",
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "0",
}
"""Dask's settings for the cluster: its pages, which ask nobody for a key, show nothing, and no
worker looks a hundred times a second what it is doing, which only they would tell.
"""

START_S = 30.0
"""Most time until the scheduler has its address."""
END_S = 1.0
LOOK_S = 0.05
_PROGRAM = Path(__file__).with_name("cluster_process.py")
_TRY = (
    "import sys, numpy, distributed; from osgeo import gdal; print('%d.%d' % sys.version_info[:2])"
)


@dataclass(frozen=True)
class LocalCluster:
    """A cluster of this computer's own, while it lives."""

    address: str
    """Of the scheduler: ``tls://127.0.0.1:port``."""
    credentials: Credentials
    """Without them nobody is answered."""


@contextmanager
def local_cluster(workers: int, stop: threading.Event) -> Iterator[LocalCluster]:
    """A scheduler and workers of one thread each; they are ended with the block, and with this
    process whatever ends it.

    They listen on the loopback interface, and answer only who has the key of this run: other users
    of the same computer can neither use nor read them.

    Raises
    ------
    EngineError
        If they cannot be started.
    Cancelled
    """
    python = find_interpreter(stop)
    processes: list[subprocess.Popen[bytes]] = []
    # mkdtemp makes it for this user alone.
    with tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        try:
            credentials = _credentials(folder)
            log, note = folder / "log.txt", folder / "scheduler.json"
            common = [*credentials.options(), *LOOPBACK, "--no-dashboard"]
            options = [*common, "--port", "0", "--scheduler-file", str(note)]
            processes.append(_start(python, folder, log, "scheduler", options))
            address = _address(note, processes[0], log, stop)
            own = ["--nthreads", "1", "--no-nanny", "--memory-limit", "0"]
            options = [address, *common, *own, "--local-directory", str(folder)]
            for _ in range(workers):  # one by one: each that has begun is ended below
                processes.append(_start(python, folder, log, "worker", options))  # noqa: PERF401
            yield LocalCluster(address, credentials)
        finally:
            end(processes)


def _credentials(folder: Path) -> Credentials:
    try:
        return make_credentials(folder)
    except OSError as error:
        raise EngineError(
            FAILURE, f"its key cannot be written ({error.strerror})", ANOTHER
        ) from None


def find_interpreter(stop: threading.Event) -> str:
    """A Python of this one's version with the libraries of the work.

    Inside QGIS ``sys.executable`` may be QGIS itself, or whatever ``python3`` comes first on the
    path: candidates are tried.

    Raises
    ------
    EngineError
        If there is none.
    """
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in candidates():
        if stop.is_set():
            raise Cancelled()
        with suppress(OSError, subprocess.TimeoutExpired):
            # A Python of this computer, a list of arguments, no shell.
            tried = subprocess.run(  # nosec B603
                [candidate, "-c", _TRY],
                env=child_environment(),
                capture_output=True,
                text=True,
                timeout=START_S,
                check=False,
            )
            if tried.returncode == 0 and tried.stdout.strip() == version:
                return candidate
    raise EngineError(
        FAILURE,
        f"no Python {version} was found that has numpy, GDAL and distributed",
        "Install dask[distributed] for QGIS's Python, or choose another engine, threads for "
        "example.",
    )


def end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """End processes, the last started first: they go when their pipe closes, and those that do not
    are killed.
    """
    for process in reversed(processes):
        if process.stdin is not None:
            with suppress(OSError):  # it is gone already
                process.stdin.close()
    for process in reversed(processes):
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _start(
    python: str, folder: Path, log: Path, kind: str, options: Sequence[str]
) -> subprocess.Popen[bytes]:
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    with log.open("ab") as output:
        # The same.
        return subprocess.Popen(  # nosec B603
            [python, str(_PROGRAM), str(folder), kind, *options],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd=folder,
            env={**child_environment(), **NO_PAGES},
            creationflags=flags,
        )


def _address(
    note: Path, scheduler: subprocess.Popen[bytes], log: Path, stop: threading.Event
) -> str:
    end_at = time.monotonic() + START_S
    while True:
        with suppress(OSError, ValueError, KeyError):  # not there yet, or half written
            return str(json.loads(note.read_text(encoding="utf-8"))["address"])
        if scheduler.poll() is not None or time.monotonic() > end_at:
            lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or [
                "it said nothing"
            ]
            raise EngineError(FAILURE, f"the scheduler did not start: {lines[-1]}", ANOTHER)
        if stop.wait(LOOK_S):
            raise Cancelled()
