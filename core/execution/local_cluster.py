"""A Dask cluster of this computer's own: processes of a real Python interpreter, which never
outlive their starter.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import Cancelled, EngineError

START_S = 30.0
"""Most time until the scheduler has its address."""
END_S = 1.0
LOOK_S = 0.05
_PROGRAM = Path(__file__).with_name("cluster_process.py")
_TRY = (
    "import sys, numpy, distributed; from osgeo import gdal; print('%d.%d' % sys.version_info[:2])"
)


@contextmanager
def local_cluster(workers: int, stop: threading.Event) -> Iterator[str]:
    """A scheduler and workers of one thread each; they are ended with the block, and with this
    process whatever ends it.

    Yields
    ------
    str
        The scheduler's address, on the loopback interface.

    Raises
    ------
    EngineError
        If they cannot be started.
    Cancelled
    """
    failure = "Starting a Dask cluster on this computer failed"
    python = find_interpreter(stop)
    processes: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryDirectory(
        prefix="firstlight-cluster-", ignore_cleanup_errors=True
    ) as name:
        folder = Path(name)
        note = folder / "scheduler.json"
        log = folder / "log.txt"
        try:
            options = [
                "--host",
                "127.0.0.1",
                "--port",
                "0",
                "--no-dashboard",
                "--scheduler-file",
                str(note),
            ]
            processes.append(_start(python, folder, log, "scheduler", options))
            address = _address(note, processes[0], failure, log, stop)
            for _ in range(workers):
                options = [
                    address,
                    "--nthreads",
                    "1",
                    "--no-nanny",
                    "--no-dashboard",
                    "--memory-limit",
                    "0",
                ]
                processes.append(
                    _start(
                        python, folder, log, "worker", [*options, "--local-directory", str(folder)]
                    )
                )
            yield address
        finally:
            end(processes)


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
            tried = subprocess.run(
                [candidate, "-c", _TRY],
                env=_environment(),
                capture_output=True,
                text=True,
                timeout=START_S,
                check=False,
            )
            if tried.returncode == 0 and tried.stdout.strip() == version:
                return candidate
    raise EngineError(
        "Starting a Dask cluster on this computer failed",
        f"no Python {version} was found that has numpy, GDAL and distributed",
        "Install dask[distributed] for QGIS's Python, or choose another engine, threads for "
        "example.",
    )


def candidates() -> list[str]:
    """Paths of a Python like this one, the likeliest first; QGIS's own program is none."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    windows = sys.platform == "win32"
    names = ["python.exe", "python3.exe"] if windows else [f"python{version}", "python3"]
    program = Path(sys.executable or "")
    folders = [
        Path(prefix) / sub
        for prefix in (sys.exec_prefix, sys.base_exec_prefix)
        for sub in ("", "bin")
    ]
    if sys.platform == "darwin" and sys.executable:
        folders.append(program.parent / "bin")
    own = [program] if program.name.lower().startswith("python") else []
    paths = [*own, *(folder / name for folder in folders for name in names)]
    return list(dict.fromkeys(str(path) for path in paths if path.is_file()))


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
        return subprocess.Popen(
            [python, str(_PROGRAM), kind, *options],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd=folder,
            env=_environment(),
            creationflags=flags,
        )


def _environment() -> dict[str, str]:
    """Environment of this process, with the folders of its libraries: QGIS adds some that its
    Python does not know by itself.
    """
    libraries = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    own = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys([*own, *libraries]))}


def _address(
    note: Path, scheduler: subprocess.Popen[bytes], failure: str, log: Path, stop: threading.Event
) -> str:
    end_at = time.monotonic() + START_S
    while True:
        with suppress(OSError, ValueError, KeyError):  # not there yet, or half written
            return str(json.loads(note.read_text(encoding="utf-8"))["address"])
        if scheduler.poll() is not None or time.monotonic() > end_at:
            lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or [
                "it said nothing"
            ]
            raise EngineError(
                failure,
                f"the scheduler did not start: {lines[-1]}",
                "Choose another engine, threads for example.",
            )
        if stop.wait(LOOK_S):
            raise Cancelled()
