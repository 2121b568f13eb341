"""Where Spark is, and how it is to be used."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass

from ...errors import EngineError, SettingsError
from ...gdal.object_files import says_no
from ...text import at_home

ANOTHER = "Or choose another engine, threads for example."
LOOPBACK = "127.0.0.1"
_MASTERS = re.compile(r"spark://([^/]+)/?$")
_KNOWN = ("spark://", "yarn", "k8s://", "local[")
QUICK_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData"
"""Java's work is small here: half of its time goes into what only long work makes good."""


@dataclass(frozen=True)
class SparkPlace:
    """A master, and what a session there needs."""

    master: str
    """As Spark takes it: ``spark://host:port``, ``yarn``, ``k8s://…``; ``local[N]`` for trials."""
    host: str = LOOPBACK
    """Under which executors reach this computer; all of the driver's ports listen there alone."""
    python: str = ""
    """On the workers; empty: ``python3``."""
    driver: str = ""
    """A Python here that has pyspark; empty: it is looked for."""
    secret_file: str = ""
    """Holds the cluster's secret; empty: it asks for none."""
    jars: str = ""
    """For questions to tables, with commas: Sedona's functions, and what else reading them wants;
    empty: none.
    """

    @property
    def failure(self) -> str:
        """What failed, for a sentence."""
        return f"The Spark cluster at {self.master} cannot be used"

    @property
    def masters(self) -> list[tuple[str, int]]:
        """Host and port of each master of a standalone cluster; empty for others."""
        found = _MASTERS.match(self.master)
        pairs = []
        for one in found[1].split(",") if found else ():
            host, _, port = one.strip().rpartition(":")
            if not host or not port.isdecimal() or not 0 < int(port) < 65536:
                raise EngineError(
                    self.failure, f"'{one}' is not host:port", "Write spark://host:7077."
                )
            pairs.append((host.strip("[]"), int(port)))
        return pairs

    @property
    def is_here(self) -> bool:
        """Whether all of it is on this computer."""
        if self.master.startswith("local["):
            return True
        hosts = [host for host, _ in self.masters]
        return bool(hosts) and all(map(_is_loopback, hosts))

    def check(self) -> None:
        """Refuse what cannot work, before anything is started.

        Raises
        ------
        EngineError
            For an address that Spark's classic interface does not take, or where executors could
            not reach this computer.
        """
        if self.master.startswith("sc://"):
            raise EngineError(
                self.failure,
                "Spark Connect (sc://) cannot run FirstLight's tasks",
                "Give the address of the master itself, spark://host:7077.",
            )
        if not self.master.startswith(_KNOWN) or len(self.master.split()) != 1:
            raise EngineError(
                self.failure,
                "this is no address of a Spark master",
                "Write spark://host:7077, yarn or k8s://https://host:port.",
            )
        if not self.is_here and _is_loopback(self.host):
            raise EngineError(
                self.failure,
                f"its executors could not reach this computer under {self.host}",
                "Set spark.host to this computer's address in the cluster's network.",
            )

    def environment(self) -> dict[str, str]:
        """What the driver's process needs besides: the properties of the same name count only for
        programs that Spark itself starts.
        """
        return {"SPARK_LOCAL_IP": self.host, "PYSPARK_PYTHON": self.python or "python3"}

    def properties(self) -> str:
        """The text of ``spark-defaults.conf``: a file, since what stands on a command line, a
        secret too, is seen by every user of this computer.

        Raises
        ------
        SettingsError
            If the secret cannot be read.
        """
        lines = {
            "spark.master": self.master,
            "spark.app.name": "FirstLight",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.driver.host": self.host,
            "spark.driver.bindAddress": self.host,
            "spark.driver.memory": "512m",
            "spark.executor.memory": "640m",
            "spark.driver.extraJavaOptions": QUICK_JAVA,
            "spark.executor.extraJavaOptions": QUICK_JAVA,
            "spark.scheduler.mode": "FAIR",
            "spark.locality.wait": "0s",
            # Executors that have nothing to do are given back.
            "spark.dynamicAllocation.enabled": "true",
            "spark.dynamicAllocation.shuffleTracking.enabled": "true",
            "spark.dynamicAllocation.minExecutors": "0",
            "spark.dynamicAllocation.executorIdleTimeout": "60s",
            # A group that hangs is done on another host, too; one that fails likewise.
            "spark.speculation": "true",
            "spark.speculation.quantile": "0.5",
            "spark.speculation.multiplier": "3",
            "spark.speculation.minTaskRuntime": "5s",
            "spark.excludeOnFailure.enabled": "true",
            "spark.excludeOnFailure.task.maxTaskAttemptsPerExecutor": "1",
            # Where it has failed on all that are there, another executor is waited for.
            "spark.scheduler.excludeOnFailure.unschedulableTaskSetTimeout": "20s",
            # One tile at a time in each Python process.
            **{
                f"spark.executorEnv.{name}": "1"
                for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GDAL_NUM_THREADS")
            },
        }
        if self.jars:
            lines["spark.jars"] = self.jars
            lines |= _object_store()
            lines["spark.sql.extensions"] = "org.apache.sedona.sql.SedonaSqlExtensions"
            lines["spark.sql.session.timeZone"] = "UTC"
        if self.secret_file:
            lines["spark.authenticate"] = lines["spark.network.crypto.enabled"] = "true"
            lines["spark.authenticate.secret"] = self._secret()
        return "".join(f"{name} {_one_line(value)}\n" for name, value in lines.items())

    def _secret(self) -> str:
        what = f"The secret of the Spark cluster at {self.master} cannot be read"
        path = at_home(self.secret_file)
        try:
            secret = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            raise SettingsError(
                what, f"{path}: {reason}", "See spark.secret_file in the settings."
            ) from None
        if not secret or len(secret.split()) != 1:
            raise SettingsError(
                what,
                f"{path} does not hold one word",
                "See spark.secret_file in the settings.",
            )
        return secret


def _object_store() -> dict[str, str]:
    """Where Spark finds ``s3a://``: where GDAL finds ``s3://``, by the same variables. The account
    (``AWS_ACCESS_KEY_ID`` …) Spark takes from the environment by itself.

    Sources: https://gdal.org/en/stable/user/virtual_file_systems.html#vsis3-aws-s3-files,
    https://hadoop.apache.org/docs/stable/hadoop-aws/tools/hadoop-aws/connecting.html
    """
    stated = {
        "endpoint": os.environ.get("AWS_S3_ENDPOINT", ""),
        "endpoint.region": os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION", ""),
    }
    if says_no("AWS_HTTPS"):
        stated["connection.ssl.enabled"] = "false"
    if says_no("AWS_VIRTUAL_HOSTING"):
        stated["path.style.access"] = "true"
    return {f"spark.hadoop.fs.s3a.{name}": value for name, value in stated.items() if value}


def _one_line(value: str) -> str:
    """A value that ends no line, or another property would follow."""
    return " ".join(value.split())


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
