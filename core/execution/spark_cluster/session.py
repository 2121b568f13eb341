"""One Spark session, in a process of its own, kept from one run to the next.

A session takes about ten seconds to open. One that nobody uses gives its executors back after a
minute, and ends after ten; it ends with this process whatever ends it.
"""

from __future__ import annotations

import atexit
import itertools
import os
import queue
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import Cancelled, DependencyError, EngineError
from ...installation.interpreter import candidates, child_environment
from ...installation.java import VERSIONS, find_java
from ..credentials import write_private
from ..package import make_zip
from .driver import read_frames, write_frame
from .log import refusal
from .place import ANOTHER, SparkPlace

FOLDER_PREFIX = "firstlight-spark-"
CONNECT_S = 5.0
OPEN_S = 120.0
"""Most time until a session is open: seconds on a free computer, a minute on a busy one."""
END_S = 5.0
IDLE_S = 600.0
"""After its last run, how long a session is kept."""
LOOK_S = 0.1
_PROGRAM = Path(__file__).with_name("driver.py")
_TRY = "import sys, pyspark; print('%d.%d' % sys.version_info[:2])"


@dataclass(frozen=True)
class Ended:
    """The last message of a run."""

    error: str
    """Empty: it has been done."""
    fields: dict[str, Any] = field(default_factory=dict)
    data: bytes = b""


class SparkSession:
    """A driver's process, while it lives; made by :func:`kept_session`."""

    def __init__(self, place: SparkPlace, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.place = place
        self.executors: int | None = None
        """So many are there; None: not told yet."""
        self._folder = folder
        self._process = process
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._runs: dict[int, queue.SimpleQueue[Ended]] = {}
        self._opened: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def log(self) -> Path:
        """What driver and Java machine said."""
        return self._folder / "log.txt"

    def is_alive(self) -> bool:
        """Whether runs may be started."""
        return self._process.poll() is None

    def wait_until_open(self, stop: threading.Event) -> None:
        """Wait for Spark.

        Raises
        ------
        EngineError
            If it cannot be used, as soon as its log says so.
        Cancelled
        """
        end_at = time.monotonic() + OPEN_S
        while True:
            with suppress(queue.Empty):
                error = self._opened.get(timeout=LOOK_S)
                if not error:
                    break
                raise EngineError(self.place.failure, error, ANOTHER)
            self._check(stop)
            if time.monotonic() > end_at:
                reason = f"the session was not open after {OPEN_S:.0f} s"
                raise EngineError(self.place.failure, reason, ANOTHER)
        self._check(stop)

    def _check(self, stop: threading.Event) -> None:
        if stop.is_set():
            raise Cancelled()
        reason = refusal(self.log, len(self.place.masters))
        if reason:
            raise EngineError(self.place.failure, reason, ANOTHER)

    def start(self, groups: Sequence[bytes]) -> int:
        """Begin with groups of tiles.

        Returns
        -------
        int
            The run's number.
        """
        number = next(self._numbers)
        self._runs[number] = queue.SimpleQueue()
        sizes = [len(group) for group in groups]
        self._send({"do": "run", "run": number, "sizes": sizes}, b"".join(groups))
        return number

    def ask(self, words: dict[str, Any]) -> int:
        """Ask for something else than tiles: see :mod:`.driver`.

        Returns
        -------
        int
            The run's number.
        """
        number = next(self._numbers)
        self._runs[number] = queue.SimpleQueue()
        self._send({**words, "run": number})
        return number

    def ended(self, run: int) -> Ended | None:
        """The end of a run; None while it goes on.

        Raises
        ------
        EngineError
            If the driver is gone, or the cluster has let go of it.
        """
        with suppress(queue.Empty):
            return self._runs[run].get_nowait()
        if not self.is_alive():
            raise EngineError(self.place.failure, "the driver's process ended", ANOTHER)
        return None

    def cancel(self, run: int) -> None:
        """End a run; what it has not told is dropped."""
        self._runs.pop(run, None)
        with suppress(EngineError):  # the driver is gone, and its tasks with it
            self._send({"do": "cancel", "run": run})

    def end(self) -> None:
        """End the driver; its executors go with it."""
        with suppress(OSError):
            known_pipe(self._process.stdin).close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _send(self, fields: dict[str, Any], data: bytes = b"") -> None:
        try:
            with self._lock:
                write_frame(known_pipe(self._process.stdin), fields, data)
        except (OSError, ValueError):  # ValueError: closed here
            raise EngineError(self.place.failure, "the driver's process ended", ANOTHER) from None

    def _listen(self) -> None:
        for fields, data in read_frames(known_pipe(self._process.stdout)):
            if fields["told"] == "done" and fields["run"] in self._runs:
                self._runs[fields["run"]].put(Ended(fields["error"], fields, data))
            elif fields["told"] == "executors":
                self.executors = fields["count"]
            elif fields["told"] in ("open", "not open"):
                self._opened.put(fields.get("error", ""))
        self._opened.put("the driver's process ended")


def known_pipe(pipe: Any) -> Any:
    """A pipe that was asked for."""
    if pipe is None:
        raise AssertionError("the process was started with pipes")
    return pipe


class _Keeper:
    """The session of this process, and who uses it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._session: SparkSession | None = None
        self._users = 0
        self._timer: threading.Timer | None = None

    def take(self, place: SparkPlace, stop: threading.Event) -> SparkSession:
        with self._lock:
            self._stop_timer()
            session = self._session
            if session is not None and (session.place != place or not session.is_alive()):
                if self._users and session.is_alive():
                    raise EngineError(
                        place.failure,
                        f"another run is using Spark at {session.place.master}",
                        "Wait for its end, or choose another engine.",
                    )
                session.end()
                self._session = session = None
            if session is None:
                self._session = session = _open(place, stop)
            self._users += 1
            return session

    def give_back(self) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                self._timer = threading.Timer(IDLE_S, self.end_unused)
                self._timer.daemon = True
                self._timer.start()

    def end_unused(self) -> None:
        with self._lock:
            if not self._users:
                self._end()

    def end(self) -> None:
        with self._lock:
            self._end()

    def _end(self) -> None:
        self._stop_timer()
        if self._session is not None:
            self._session.end()
            self._session = None

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


_KEEPER = _Keeper()
atexit.register(_KEEPER.end)


@contextmanager
def kept_session(place: SparkPlace, stop: threading.Event) -> Iterator[SparkSession]:
    """The session of this process, opened if there is none at this place.

    Raises
    ------
    DependencyError
        Without pyspark or a Java that it runs on.
    EngineError
        If the cluster cannot be used.
    Cancelled
    """
    session = _KEEPER.take(place, stop)
    try:
        yield session
    finally:
        _KEEPER.give_back()


def end_session() -> None:
    """End this process's session, if there is one: when the plugin is unloaded."""
    _KEEPER.end()


def _open(place: SparkPlace, stop: threading.Event) -> SparkSession:
    place.check()
    python, environment = _driver(place, stop)
    java = _java(place)
    _reach(place)
    folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))  # for this user alone
    session = opened = None
    try:
        conf = folder / "conf"
        conf.mkdir()
        write_private(conf / "spark-defaults.conf", place.properties())
        write_private(conf / "log4j2.properties", _LOGGING)
        environment.update(place.environment(), SPARK_CONF_DIR=str(conf), JAVA_HOME=str(java))
        environment.pop("SPARK_HOME", None)  # the pyspark that was found, and no other Spark
        with (folder / "log.txt").open("ab") as output:
            # A Python of this computer, a list of arguments, no shell.
            process = subprocess.Popen(  # nosec B603
                [python, str(_PROGRAM), str(make_zip(folder))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                cwd=folder,
                env=environment,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        session = SparkSession(place, folder, process)
        session.wait_until_open(stop)
        opened = session
    finally:
        if opened is None:
            if session is not None:
                session.end()
            shutil.rmtree(folder, ignore_errors=True)
    return opened


def _driver(place: SparkPlace, stop: threading.Event) -> tuple[str, dict[str, str]]:
    """A Python with pyspark for the driver, and its environment."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    own = [place.driver] if place.driver else candidates()
    environment = dict(os.environ) if place.driver else child_environment()
    for candidate in own:
        if stop.is_set():
            raise Cancelled()
        with suppress(OSError, subprocess.TimeoutExpired):
            # The same.
            tried = subprocess.run(  # nosec B603
                [candidate, "-c", _TRY],
                env=environment,
                capture_output=True,
                text=True,
                timeout=OPEN_S,
                check=False,
            )
            if tried.returncode == 0 and tried.stdout.strip() == version:
                return candidate, environment
    where = place.driver or "QGIS's Python and those beside it"
    raise DependencyError(
        place.failure,
        f"no Python {version} with pyspark was found ({where})",
        'Install it: python3 -m pip install "pyspark>=3.5,<4.1". Or name a Python that has it as '
        "spark.driver_python in the settings.",
    )


def _java(place: SparkPlace) -> Path:
    java, others = find_java()
    if java is not None:
        return java
    wanted = " or ".join(map(str, VERSIONS))
    found = f"; there is {', '.join(others)}" if others else ""
    raise DependencyError(
        place.failure,
        f"no Java {wanted} was found{found}",
        "Install one (Debian and Ubuntu: apt install openjdk-17-jre-headless, or 21), or set "
        "JAVA_HOME.",
    )


def _reach(place: SparkPlace) -> None:
    """A master that is not there would be asked for a minute, and its name lost in a log."""
    reasons = []
    for host, port in place.masters:
        try:
            socket.create_connection((host, port), timeout=CONNECT_S).close()
            return
        except OSError as error:
            reasons.append(f"{host}:{port} does not answer ({error.strerror or error})")
    if reasons:
        raise EngineError(place.failure, "; ".join(reasons), f"Is it running? {ANOTHER}")


_LOGGING = """\
rootLogger.level = warn
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n%ex{full}
logger.native.name = org.apache.hadoop.util.NativeCodeLoader
logger.native.level = error
logger.profiles.name = org.apache.spark.resource
logger.profiles.level = error
logger.cores.name = org.apache.spark.scheduler.cluster.StandaloneSchedulerBackend
logger.cores.level = error
"""
