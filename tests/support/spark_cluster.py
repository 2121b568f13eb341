"""A standalone Spark cluster on this computer: a master and two workers from PyPI's pyspark, each
worker under an address of its own, since Spark tries a hanging task elsewhere only on another host.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from .processes import children
from .waiting import PATIENCE_S

HOSTS = ("127.0.0.1", "127.0.0.2")
QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData"


@dataclass
class SparkCluster:
    """Processes of one cluster; ended with the block."""

    python: str
    """With pyspark."""
    java: Path
    folder: Path
    secret: str = ""
    master: str = ""
    """Its address, once it has begun."""
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    """``"master"``, and each worker by its host."""

    def __enter__(self) -> SparkCluster:
        self.folder.mkdir(parents=True)
        try:
            self._start("master", HOSTS[0], "deploy.master.Master", ["--port", "0"])
            self.master = self._said("master", r"(spark://[\d.]+:\d+)")
            for host in HOSTS:
                self.start_worker(host)
            for host in HOSTS:
                self._said(host, r"(Successfully registered)")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self.processes.values()):
            with suppress(OSError):
                process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()

    def start_worker(self, host: str) -> None:
        """Start a worker of one core, again if it was killed."""
        words = ["--cores", "1", "--memory", "1g", "--work-dir", str(self.folder / host)]
        self._start(host, host, "deploy.worker.Worker", [*words, self.master])

    def executors(self, host: str) -> list[int]:
        """Process ids of a worker's executors."""
        return children(self.processes[host].pid)

    def pythons(self) -> list[int]:
        """Process ids of the Python processes that do tiles."""
        daemons = [one for host in HOSTS for java in self.executors(host) for one in children(java)]
        return [one for daemon in daemons for one in children(daemon)]

    def _start(self, name: str, host: str, what: str, words: Sequence[str]) -> None:
        home = subprocess.run(
            [self.python, "-c", "import os, pyspark; print(os.path.dirname(pyspark.__file__))"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        settings = self.folder / "spark.conf"
        lines = [f"spark.authenticate.secret {self.secret}", "spark.authenticate true"]
        lines.append("spark.network.crypto.enabled true")
        settings.write_text("\n".join(lines if self.secret else []) + "\n")
        environment = {
            **os.environ,
            "SPARK_HOME": home,
            "JAVA_HOME": str(self.java),
            "SPARK_CONF_DIR": str(self.folder),
            "SPARK_LOCAL_IP": host,
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_MASTER_OPTS": QUICK,
            "SPARK_WORKER_OPTS": QUICK,
        }
        for name_ in ("PYTHONPATH", "SPARK_MASTER"):
            environment.pop(name_, None)
        own = ["--host", host, "--webui-port", "0", "--properties-file", str(settings)]
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                [f"{home}/bin/spark-class", f"org.apache.spark.{what}", *own, *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=environment,
            )

    def _said(self, name: str, pattern: str) -> str:
        end_at = time.monotonic() + PATIENCE_S
        path = self.folder / f"{name}.log"
        while True:
            text = path.read_text(errors="replace")
            found = re.search(pattern, text)
            if found:
                return found[1]
            ended = self.processes[name].poll() is not None
            late = ended or time.monotonic() > end_at
            assert not late, f"{name}: {text[-2000:]}"
            time.sleep(0.1)
