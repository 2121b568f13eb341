"""A real Dask cluster for tests: a scheduler and workers as processes of this Python, on the
loopback interface.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

from .waiting import PATIENCE_S

NO_DASHBOARD = ("--dashboard-address", "127.0.0.1:0", "--no-dashboard")
"""Without an address it listens on all interfaces, for a page that is not there."""
IDLE = {
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
    "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "500ms",
}
"""Otherwise each process looks a hundred times a second what it is doing, and for most of a test
that is nothing.
"""


class DaskCluster:
    """A scheduler whose workers know no FirstLight, unless they are given a path to it.

    Parameters
    ----------
    folder : Path
        For what the processes write.
    path : Path, optional
        Goes before all others on the scheduler's Python's path.
    """

    def __init__(self, folder: Path, path: Path | None = None) -> None:
        self.folder = folder
        self.workers: list[subprocess.Popen[bytes]] = []
        note = folder / "scheduler.json"
        options = [
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            *NO_DASHBOARD,
            "--scheduler-file",
            str(note),
        ]
        self.scheduler = self._start("dask_scheduler", options, path)
        end = time.monotonic() + PATIENCE_S
        while not self._ready(note):
            assert self.scheduler.poll() is None, "the scheduler did not start"
            assert time.monotonic() < end, "the scheduler did not start in time"
            time.sleep(0.02)
        self.address: str = json.loads(note.read_text())["address"]

    def __enter__(self) -> DaskCluster:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in [*self.workers, self.scheduler]:
            self.kill(process)

    def add_worker(self, path: Path | None = None) -> subprocess.Popen[bytes]:
        """Start one of one thread; ``path`` goes before all others on its Python's path."""
        options = [
            self.address,
            "--nthreads",
            "1",
            "--no-nanny",
            "--host",
            "127.0.0.1",
            *NO_DASHBOARD,
            "--memory-limit",
            "0",
        ]
        self.workers.append(
            self._start("dask_worker", [*options, "--local-directory", str(self.folder)], path)
        )
        return self.workers[-1]

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """As when the computer loses its power."""
        if process in self.workers:
            self.workers.remove(process)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()

    def wait_for(self, count: int) -> None:
        """Until the scheduler knows so many workers."""
        from distributed import Client

        with Client(self.address, timeout=PATIENCE_S, set_as_default=False) as client:
            end = time.monotonic() + PATIENCE_S
            while len(client.nthreads()) != count:
                assert time.monotonic() < end, (
                    f"{len(client.nthreads())} workers instead of {count}"
                )
                time.sleep(0.02)

    def tasks(self) -> int:
        """What the scheduler still keeps for anybody."""
        from distributed import Client

        with Client(self.address, timeout=PATIENCE_S, set_as_default=False) as client:
            return int(client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)))

    def _start(
        self, kind: str, options: list[str], path: Path | None = None
    ) -> subprocess.Popen[bytes]:
        env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | IDLE
        if path is not None:
            env["PYTHONPATH"] = str(path)
        with (self.folder / "log.txt").open("ab") as log:
            command = [sys.executable, "-m", f"distributed.cli.{kind}", *options]
            return subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, env=env)

    @staticmethod
    def _ready(note: Path) -> bool:
        try:
            return "address" in json.loads(note.read_text())
        except (OSError, ValueError):
            return False
