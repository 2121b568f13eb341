"""Which engine does a job, and the sentence that says why."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path
from typing import Any

import pytest

from firstlight.core.errors import EngineError
from firstlight.core.execution import memory
from firstlight.core.execution.memory import engines_under_way, free_bytes
from firstlight.core.execution.progress import TileCount
from firstlight.core.execution.router import Job, choose_engine, open_engine
from firstlight.core.settings import CONFIG_DIR, Settings, read_yaml, resolve_settings

GB = 1 << 30
MB = 1 << 20
FOUR = Settings(workers=4)
CLUSTER = "tcp://scheduler.example:8786"
SPARK = "spark://master.example:7077"


def choose(
    tiles: int, free: int = 16 * GB, settings: Settings = FOUR, remote: bool = False, **given: Any
) -> tuple[str, int, str]:
    job = Job(tiles, 20 * MB, remote)
    choice = choose_engine(job, dataclasses.replace(settings, **given), free)
    return choice.engine, choice.workers, choice.reason


@pytest.mark.parametrize(
    ("tiles", "given", "engine", "reason"),
    [
        (1, {}, "serial", "Engine: serial, one tile after the other (1 tile)."),
        (2, {}, "threads", "Engine: 4 threads on this computer (2 tiles)."),
        (100, {}, "threads", "Engine: 4 threads on this computer (100 tiles)."),
        (
            4,
            {"serial_below_tiles": 5},
            "serial",
            "Engine: serial, one tile after the other (4 tiles, fewer than 5).",
        ),
        (
            999,
            {"cluster": CLUSTER},
            "threads",
            "Engine: 4 threads on this computer (999 tiles).",
        ),
        (
            1000,
            {"cluster": CLUSTER},
            "cluster",
            f"Engine: Dask cluster at {CLUSTER} (1000 tiles, from 1000 on the cluster is used).",
        ),
        (
            20000,
            {"cluster": CLUSTER, "spark": SPARK},
            "spark",
            f"Engine: Spark at {SPARK} (20000 tiles, from 20000 on Spark is used).",
        ),
        (
            19999,
            {"cluster": CLUSTER, "spark": SPARK},
            "cluster",
            f"Engine: Dask cluster at {CLUSTER} (19999 tiles, from 1000 on the cluster is used).",
        ),
        (
            5,
            {"engine": "spark", "spark": SPARK},
            "spark",
            f"Engine: Spark at {SPARK} (as asked for).",
        ),
        (
            5,
            {"engine": "spark", "spark": "local[2]"},
            "spark",
            "Engine: Spark at local[2] (as asked for). On one computer, threads are quicker and "
            "take less memory.",
        ),
        (
            1000,
            {},
            "threads",
            "Engine: 4 threads on this computer (1000 tiles, from 1000 on a cluster would "
            "be used, but none is configured).",
        ),
        (
            5,
            {"serial_below_tiles": 5},
            "threads",
            "Engine: 4 threads on this computer (5 tiles).",
        ),
        (
            7,
            {"cluster_from_tiles": 7, "cluster": CLUSTER},
            "cluster",
            f"Engine: Dask cluster at {CLUSTER} (7 tiles, from 7 on the cluster is used).",
        ),
    ],
)
def test_tiles_decide(tiles: int, given: dict[str, Any], engine: str, reason: str) -> None:
    found = choose(tiles, **given)
    assert (found[0], found[2]) == (engine, reason)


@pytest.mark.parametrize(
    ("engine", "given", "expected", "reason"),
    [
        (
            "serial",
            {},
            "serial",
            "Engine: serial, one tile after the other (5000 tiles, as asked for).",
        ),
        (
            "threads",
            {"cluster": CLUSTER},
            "threads",
            "Engine: 4 threads on this computer (5000 tiles, as asked for).",
        ),
        (
            "cluster",
            {"cluster": CLUSTER},
            "cluster",
            f"Engine: Dask cluster at {CLUSTER} (as asked for).",
        ),
        (
            "cluster",
            {},
            "cluster",
            "Engine: Dask cluster of this computer's own processes (as asked for).",
        ),
    ],
)
def test_the_user_decides_first(
    engine: str, given: dict[str, Any], expected: str, reason: str
) -> None:
    found = choose(5000, engine=engine, **given)
    assert (found[0], found[2]) == (expected, reason)


def test_few_tiles_over_the_network_are_read_by_threads_because_they_mostly_wait() -> None:
    assert choose(9, remote=True, serial_below_tiles=100)[::2] == (
        "threads",
        "Engine: 4 threads on this computer (9 tiles, read over the network).",
    )
    assert choose(1, remote=True)[0] == "serial"


@pytest.mark.parametrize(
    ("tiles", "given", "plain"),
    [
        (1, {}, True),
        (121, {}, True),
        (121, {"free": 100 * MB}, False),
        (1000, {}, False),
        (121, {"workers": 1}, False),
        (121, {"engine": "serial"}, False),
    ],
)
def test_what_is_usual_on_this_computer_is_not_told_before(
    tiles: int, given: dict[str, Any], plain: bool
) -> None:
    free = given.pop("free", 16 * GB)
    choice = choose_engine(Job(tiles, 20 * MB), dataclasses.replace(FOUR, **given), free)
    assert choice.is_plain is plain


def test_memory_limits_the_threads_and_the_sentence_says_so() -> None:
    assert choose(200, free=100 * MB) == (
        "threads",
        2,
        "Engine: 2 threads on this computer (200 tiles, 105 MB of memory free and 21.0 MB "
        "needed for each tile).",
    )
    assert choose(200, free=10 * MB) == (
        "serial",
        1,
        "Engine: serial, one tile after the other (200 tiles, 10.5 MB of memory free and 21.0 "
        "MB needed for each tile).",
    )
    assert choose(200, free=10 * MB, engine="threads")[:2] == ("threads", 1)


def test_memory_that_another_job_counts_on_is_not_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda: 200 * MB)
    job = Job(100, 20 * MB)
    first = choose_engine(job, FOUR)
    assert first.workers == 4
    with open_engine(first, job, FOUR, threading.Event()):
        assert engines_under_way() == 1
        second = choose_engine(job, FOUR)
        assert second.workers == 3  # half of 200 - 4 × 20 MB, 20 MB for each tile
        own = choose_engine(job, dataclasses.replace(FOUR, engine="cluster"))
        assert own.workers == 2, "the cores are divided"
        far = choose_engine(job, dataclasses.replace(FOUR, engine="cluster", cluster=CLUSTER))
        assert far.workers == 4, "another computer's"
    assert engines_under_way() == 0
    assert choose_engine(job, FOUR).workers == 4


def test_one_core_works_serially() -> None:
    assert choose(200, workers=1) == (
        "serial",
        1,
        "Engine: serial, one tile after the other (200 tiles, one core).",
    )


def test_the_thresholds_stand_in_yaml() -> None:
    shipped = read_yaml(CONFIG_DIR / "ingestion.yaml")["processing"]
    assert (shipped["serial_below_tiles"], shipped["cluster_from_tiles"], shipped["engine"]) == (
        2,
        1000,
        "auto",
    )
    found = resolve_settings(
        environ={
            "FIRSTLIGHT_ENGINE": "Serial",
            "FIRSTLIGHT_CLUSTER": CLUSTER,
            "FIRSTLIGHT_CONFIG": "",
        }
    )
    assert (found.engine, found.cluster) == ("serial", CLUSTER)


def test_free_memory_is_what_the_system_says(tmp_path: Path) -> None:
    text = tmp_path / "meminfo"
    text.write_text(
        "MemTotal:       24684520 kB\nMemFree:         123 kB\nMemAvailable:   2048 kB\n"
    )
    assert free_bytes(text) == 2 * MB
    other = free_bytes(tmp_path / "none")
    assert other is not None
    assert other > 0
    assert 0 < (free_bytes() or 0) < 1 << 50


def test_tiles_are_counted_with_the_time_left() -> None:
    now = [100.0]
    count = TileCount("NDVI: tiles", total=10, before=4, share=0.5, clock=lambda: now[0])
    now[0] = 103.0
    first = count.add()
    assert (first.fraction, first.message, first.detail) == (
        0.25,
        "NDVI: tiles",
        "tile 5 of 10, 15 s left",
    )
    now[0] = 104.0
    assert count.add().detail == "tile 6 of 10, 8 s left"
    for _ in range(3):
        count.add()
    assert count.add().detail == "tile 10 of 10"


def test_spark_without_a_master_is_one_sentence() -> None:
    settings = dataclasses.replace(FOUR, engine="spark")
    job = Job(5, MB)
    with (
        pytest.raises(EngineError, match="Spark cannot be used: no master is known"),
        open_engine(choose_engine(job, settings, GB), job, settings, threading.Event()),
    ):
        pass
