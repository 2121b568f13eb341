"""Run as a program: the driver of one Spark session, which ends when the program that started it
ends, however that ends.

``python driver.py ZIP`` with ``SPARK_CONF_DIR`` in its environment, in a private folder; it
needs the standard library and pyspark alone. Frames pass on its standard input and output, so that
neither pyspark nor a Java machine is ever in the process of QGIS or of ``flight``:

- ``{"do": "run", "run": N, "sizes": […]}`` and the bytes of the groups of tiles, one after the
  other; ``{"do": "cancel", "run": N}``
- ``{"do": "table", "run": N, "paths": […]}``: opens Parquet files, whose columns' types come back
  with ``done``; ``{"do": "rows", "run": N, "table": M, "where": SQL, "time": [SQL], "most": K}``:
  with ``done`` come its newest rows (time, file, row), 64-bit numbers, and the files' names
- back: ``{"told": "open", "spark": VERSION}``, ``{"told": "executors", "count": N}`` every second
  while something runs, ``{"told": "done", "run": N, "error": TEXT or ""}``
"""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import struct
import sys
import threading
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

HEAD = struct.Struct("<IQ")
"""Length of the JSON, and of the bytes after it."""
LOOK_EVERY_S = 1.0
NO_TIME = -(2**63)
"""Stands for a time that a row does not say."""
CAUSE = re.compile(r"^Caused by: (.*)", re.MULTILINE)
"""As Java tells why."""
TRIES = 3
"""Attempts at a group; with the last one, tiles that fail stay failed."""


def write_frame(stream: BinaryIO, fields: dict[str, Any], data: bytes = b"") -> None:
    """Send one frame."""
    text = json.dumps(fields).encode()
    stream.write(HEAD.pack(len(text), len(data)) + text + data)
    stream.flush()


def read_frames(stream: BinaryIO) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Frames as they come, to the end of the stream or a frame that is cut."""
    while len(head := stream.read(HEAD.size)) == HEAD.size:
        text_size, size = HEAD.unpack(head)
        text, data = stream.read(text_size), stream.read(size)
        if len(text) < text_size or len(data) < size:
            return
        yield json.loads(text), data


def make_task() -> Callable[[Any], None]:
    """What Spark's workers do with a partition.

    It is made here and not at module level: then its code travels, and not its name, which the
    workers do not know.
    """
    tries = TRIES

    def task(groups: Any) -> None:
        import sys

        from pyspark import TaskContext

        # Spark has every importer look at its file again before each task; Python before 3.13 then
        # reads the whole list of each zip and jar on its path, 60 ms of the processor.
        for path in list(sys.path_importer_cache):
            if path.endswith((".zip", ".jar")):
                del sys.path_importer_cache[path]
        sys.path[:] = [path for path in sys.path if not path.endswith(".jar")]
        context = TaskContext.get()
        last = context is None or context.attemptNumber() >= tries - 1
        failed = 0
        for group in groups:  # to the end: a task that leaves some over costs its process
            from firstlight.core.execution.spark_cluster.task import do_sent_group

            failed += do_sent_group(group)
        if failed and not last:
            raise RuntimeError(f"{failed} tiles failed; once more on another executor")

    return task


class Driver:
    """The session, and what runs in it."""

    def __init__(self, context: Any, tell: Callable[..., None]) -> None:
        self._tables: dict[int, Any] = {}
        self._context = context
        self._tell = tell
        self._under_way: set[int] = set()
        threading.Thread(target=self._count, daemon=True).start()

    def run(self, number: int, groups: Sequence[bytes]) -> None:
        """Do groups of tiles; on a thread of its own."""
        self._under_way.add(number)
        threading.Thread(target=self._run, args=(number, groups), daemon=True).start()

    def ask(self, fields: dict[str, Any]) -> None:
        """Look at a table, or ask it; on a thread of its own."""
        self._under_way.add(fields["run"])
        threading.Thread(target=self._ask, args=(fields,), daemon=True).start()

    def cancel(self, number: int) -> None:
        """End a run where it is; its tasks are interrupted."""
        self._context.cancelJobsWithTag(_tag(number))

    def _run(self, number: int, groups: Sequence[bytes]) -> None:
        error = ""
        try:
            self._context.addJobTag(_tag(number))
            self._context.setInterruptOnCancel(True)
            self._context.parallelize(list(groups), len(groups)).foreachPartition(make_task())
        except _failures() as caught:
            error = f"{type(caught).__name__}: {caught}"
        self._under_way.discard(number)
        self._tell({"told": "done", "run": number, "error": error})

    def _ask(self, fields: dict[str, Any]) -> None:
        number, answer, data = fields["run"], {}, b""
        try:
            self._context.addJobTag(_tag(number))
            self._context.setInterruptOnCancel(True)
            if fields["do"] == "table":
                answer = self._table(number, fields["paths"])
            else:
                answer, data = self._rows(fields["table"], fields)
            answer["error"] = ""
        except _failures() as caught:
            answer = {"error": _reason(caught)}
        self._under_way.discard(number)
        self._tell({"told": "done", "run": number, **answer}, data)

    def _table(self, number: int, paths: Sequence[str]) -> dict[str, Any]:
        from pyspark.sql import SparkSession

        session = SparkSession.builder.getOrCreate()
        # times to the nanosecond come as numbers, of which the question knows
        session.conf.set("spark.sql.legacy.parquet.nanosAsLong", "true")
        frame = session.read.option("mergeSchema", "true").parquet(*paths)
        self._tables[number] = frame
        return {"types": dict(frame.dtypes)}

    def _rows(self, table: int, asked: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        from pyspark.sql import functions

        names = ("_metadata.file_path AS file", "_metadata.row_index AS row")
        found = self._tables.pop(table).where(asked["where"]).selectExpr(*asked["time"], *names)
        newest = found.orderBy(functions.col("time").desc_nulls_last(), "file", "row")
        files: dict[str, int] = {}
        numbers = array("q")
        for row in newest.limit(asked["most"]).collect():
            time = NO_TIME if row["time"] is None else row["time"]
            numbers.extend((time, files.setdefault(row["file"], len(files)), row["row"]))
        return {"files": list(files)}, numbers.tobytes()

    def _count(self) -> None:
        wait = threading.Event()
        while not wait.wait(LOOK_EVERY_S):
            if self._under_way:
                with suppress(*_failures()):  # the context may just have ended: "done" tells
                    infos = self._context._jsc.sc().statusTracker().getExecutorInfos()
                    self._tell({"told": "executors", "count": max(0, len(infos) - 1)})


def _failures() -> tuple[type[BaseException], ...]:
    """What Spark raises: the other process is told of it."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    return (Py4JError, PySparkException, OSError, RuntimeError, ValueError, TypeError)


def _reason(error: BaseException) -> str:
    """An error in a line. Java tells a chain of causes, of which the last says what is wrong."""
    causes = CAUSE.findall(str(error))
    text = causes[-1] if causes else f"{type(error).__name__}: {error}"
    return " ".join(text.split())[:400]


def _tag(number: int) -> str:
    return f"firstlight-{number}"


def _cut(data: bytes, sizes: Sequence[int]) -> list[bytes]:
    parts, begin = [], 0
    for size in sizes:
        parts.append(data[begin : begin + size])
        begin += size
    return parts


def _follow(stream: BinaryIO, frames: queue.SimpleQueue[tuple[dict[str, Any], bytes]]) -> None:
    """Read frames; at their end this process ends, its Java machine with it, and its private folder
    is removed, which may hold a secret.
    """
    folder = os.getcwd()
    try:
        for frame in read_frames(stream):
            frames.put(frame)
        os.chdir(os.path.dirname(folder))  # Windows keeps a folder that somebody is in
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os._exit(0)


def main() -> None:
    """Open the session, and do what is asked for."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # the Java machine prints, too
    lock = threading.Lock()

    def tell(fields: dict[str, Any], data: bytes = b"") -> None:
        with lock:
            write_frame(answers, fields, data)

    frames: queue.SimpleQueue[tuple[dict[str, Any], bytes]] = queue.SimpleQueue()
    threading.Thread(target=_follow, args=(sys.stdin.buffer, frames), daemon=True).start()
    from pyspark import SparkConf, SparkContext

    try:
        context = SparkContext(conf=SparkConf())
        context.addPyFile(sys.argv[1])
    except _failures() as error:
        tell({"told": "not open", "error": f"{type(error).__name__}: {error}"})
        return
    finally:
        # What it says, the secret too, is known to the Java machine now.
        (Path(os.environ["SPARK_CONF_DIR"]) / "spark-defaults.conf").unlink(missing_ok=True)
    driver = Driver(context, tell)
    tell({"told": "open", "spark": context.version})
    while True:
        fields, data = frames.get()
        if fields["do"] == "run":
            driver.run(fields["run"], _cut(data, fields["sizes"]))
        elif fields["do"] in ("table", "rows"):
            driver.ask(fields)
        else:
            driver.cancel(fields["run"])


if __name__ == "__main__":
    sys.path.pop(0)  # this file's folder, whose modules are nobody's libraries
    main()
