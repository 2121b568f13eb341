"""When Spark is asked for rows of a table, and in which words; without Spark."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path
from typing import Any

import pytest

from firstlight.core.discovery.table.finder import RowQuestion
from firstlight.core.errors import DependencyError, EngineError
from firstlight.core.scenes.find import row_finder
from firstlight.core.scenes.row_query import row_query
from firstlight.core.settings import Settings
from firstlight.core.types import Aoi

AREA = Aoi.from_bounds(7.0, 46.0, 8.0, 47.0)
TYPES = {"id": "string", "collection": "string", "datetime": "timestamp", "geometry": "binary"}
SPARK = dataclasses.replace(Settings(), engine="spark", spark="local[1]", spark_from_rows=1000)


def question(**change: Any) -> RowQuestion:
    words: dict[str, Any] = {
        "files": ("/data/items.parquet",),
        "rows": 5000,
        "aoi": AREA,
        "period": (0, 10**15),
        "collection": "sentinel-2-l2a",
        "boxes": True,
    }
    return RowQuestion(**{**words, **change})


def told(settings: Settings, **change: Any) -> tuple[bool, list[str]]:
    finder = row_finder(settings)
    assert finder is not None
    notes: list[str] = []
    return finder.takes(question(**change), notes.append), notes


def test_spark_is_asked_where_it_is_named_or_there() -> None:
    assert row_finder(Settings()) is None
    there = dataclasses.replace(Settings(), spark="local[1]")
    assert row_finder(there) is None, "without Sedona it cannot"
    assert row_finder(dataclasses.replace(there, spark_sedona_jar="/s.jar")) is not None
    assert row_finder(SPARK) is not None


def test_a_small_table_is_read_here_and_that_is_told() -> None:
    assert told(SPARK) == (True, ["Spark at local[1] looks through the table"])
    taken, notes = told(SPARK, rows=999)
    assert not taken
    assert notes == [
        "This computer looks through the table: it has 999 rows, from 1000 on (spark.from_rows) "
        "Spark is used"
    ]
    insists = dataclasses.replace(SPARK, spark_from_rows=0)
    assert told(insists, rows=1)[0]
    quiet = dataclasses.replace(SPARK, engine="auto", spark_sedona_jar="/s.jar")
    assert told(quiet, rows=999) == (False, [])


def test_what_lies_behind_http_is_read_here() -> None:
    taken, notes = told(SPARK, files=("https://example.org/items.parquet",))
    assert not taken
    assert notes == ["This computer looks through the table: Spark reads no files behind HTTP"]


@pytest.mark.parametrize("jar", ["", "/nowhere/sedona.jar", f"{__file__},/nowhere/aws.jar"])
def test_without_the_jar_the_sentence_has_the_command(jar: str) -> None:
    finder = row_finder(dataclasses.replace(SPARK, spark_sedona_jar=jar))
    assert finder is not None
    with pytest.raises(DependencyError) as caught:
        finder.find(question(), threading.Event())
    assert "bin/spark-submit --packages org.apache.sedona:sedona-spark-shaded-4.0_2.13" in str(
        caught.value
    )
    assert "without Sedona's jar" in str(caught.value)


def test_without_a_master_nothing_is_started(tmp_path: Path) -> None:
    finder = row_finder(dataclasses.replace(SPARK, spark=""))
    assert finder is not None
    with pytest.raises(EngineError, match="no master is known"):
        finder.find(question(), threading.Event())


def test_a_name_is_nothing_but_a_name() -> None:
    where, _ = row_query(question(collection="x' OR 1=1 --"), TYPES)
    assert "OR 1=1" not in where
    assert b"x' OR 1=1 --".hex() in where


def test_only_columns_that_are_there_are_asked_for() -> None:
    where, time = row_query(question(boxes=False), {"id": "string", "datetime": "string"})
    assert "bbox" not in where
    assert "geometry" not in where
    assert "collection" not in where
    assert "try_cast(datetime AS timestamp)" in time
    assert row_query(question(period=None, boxes=False), {"id": "string"})[0] == "true"
