"""Rows of a table chosen by Spark with Sedona's functions: for tables of which one computer would
read for minutes. Whole rows are then read here, of those that are wanted.
"""

from __future__ import annotations

import threading
from array import array
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np

from ..discovery.table.finder import FoundRows, RowQuestion
from ..errors import Cancelled, DependencyError, DiscoveryError
from ..execution.router import spark_place
from ..execution.spark_cluster.place import SparkPlace
from ..execution.spark_cluster.session import Ended, SparkSession, kept_session
from ..settings import Settings
from .row_query import MOST_ROWS, row_query

SEDONA = "org.apache.sedona:sedona-spark-shaded-4.0_2.13:1.8.0"
"""For Spark 4.0; for Spark 3.5 it is ``…-3.5_2.12``. Both were tried."""
LOOK_S = 0.05
ANOTHER = "Or let this computer read it: engine auto, and no spark.master."
_GLOB = frozenset("[]{}*?\\")


class SparkRows:
    """Finds rows on the cluster that the settings name.

    Parameters
    ----------
    settings : Settings
    wanted : bool
        The user named Spark: told where it is not taken.
    """

    def __init__(self, settings: Settings, wanted: bool) -> None:
        self._settings = settings
        self._wanted = wanted

    def takes(self, question: RowQuestion, tell: Callable[[str], None]) -> bool:
        """Whether it is worth it; a person is told where it is not, or who does it."""
        least = self._settings.spark_from_rows
        why = ""
        if any(one.startswith(("http://", "https://")) for one in question.files):
            why = "Spark reads no files behind HTTP"
        elif question.rows < least:
            why = f"it has {question.rows} rows, from {least} on (spark.from_rows) Spark is used"
        if not why:
            tell(f"Spark at {self._settings.spark} looks through the table")
        elif self._wanted:
            tell(f"This computer looks through the table: {why}")
        return not why

    def find(self, question: RowQuestion, stop: threading.Event) -> FoundRows:
        """The rows.

        Raises
        ------
        DependencyError
            Without pyspark, Java or Sedona.
        EngineError
            If the cluster cannot be used.
        DiscoveryError
            If it cannot read the table.
        Cancelled
        """
        place = spark_place(self._settings)
        _require_sedona(place)
        files = [_for_spark(one) for one in question.files]
        with kept_session(place, stop) as session:
            table = _ask(session, stop, {"do": "table", "paths": files})
            where, time = row_query(question, table.fields["types"])
            asked = {"table": table.fields["run"], "where": where, "time": [f"{time} AS time"]}
            found = _ask(session, stop, {"do": "rows", **asked, "most": MOST_ROWS + 1})
        return _rows(found, question)


def _require_sedona(place: SparkPlace) -> None:
    why = "" if place.jars else "spark.sedona_jar names none"
    for jar in filter(None, place.jars.split(",")):
        if "://" not in jar and not Path(jar).is_file():
            why = why or f"there is no {jar}"
    if why:
        raise DependencyError(
            "Spark cannot look through a table of scenes without Sedona's jar",
            why,
            f"Get it: $SPARK_HOME/bin/spark-submit --packages {SEDONA} --conf "
            "spark.jars.ivy=FOLDER --master 'local[1]' --class org.apache.spark.deploy.SparkSubmit "
            "spark-internal --version. Then set spark.sedona_jar to the jar in FOLDER/jars.",
        )


def _for_spark(address: str) -> str:
    """As Hadoop names it, with nothing in it that stands for several."""
    if address.startswith("s3://"):
        address = f"s3a{address[2:]}"
    whole = _whole(address)
    return "".join(f"\\{one}" if one in _GLOB else one for one in whole)


def _whole(address: str) -> str:
    return address if "://" in address else str(Path(address).absolute())


def _of_spark(address: str) -> str:
    """The path or address again."""
    parts = urlsplit(address)
    path = unquote(parts.path)
    if parts.scheme == "file":
        return path
    return f"{parts.scheme.replace('s3a', 's3')}://{parts.netloc}{path}"


def _ask(session: SparkSession, stop: threading.Event, words: dict[str, object]) -> Ended:
    run = session.ask(words)
    while (ended := session.ended(run)) is None:
        if stop.wait(LOOK_S):
            session.cancel(run)
            raise Cancelled()
    if ended.error:
        what = f"Spark at {session.place.master} cannot look through the table"
        raise DiscoveryError(what, ended.error, ANOTHER)
    return ended


def _rows(found: Ended, question: RowQuestion) -> FoundRows:
    """Rows by the numbers of their files."""
    places = np.frombuffer(array("q", found.data), np.int64).reshape(-1, 3)
    numbers = {_whole(one): number for number, one in enumerate(question.files)}
    known = np.array([numbers[_of_spark(one)] for one in found.fields["files"]] or [0], np.int64)
    kept = places[:MOST_ROWS].copy()
    if len(kept):
        kept[:, 1] = known[kept[:, 1]]
    return FoundRows(kept, len(places) > MOST_ROWS)
