"""One core against Spark with Sedona at a table of made footprints: a table of processor, time and
memory.

    .venv/bin/python tests/benchmarks/make_footprints.py build/bench/f10 10000000
    .venv/bin/python tests/benchmarks/footprints_table.py build/bench/f10 \\
        --python .venv-spark/bin/python --jar .venv-spark/sedona/jars/….jar [--reps 3]

Each question is asked in a process of its own, one way and the other in turn. ``all`` asks for an
area of 1000 × 700 km over all years: no group of rows can be left out by its time; ``month``
for the same area and one month. Both ways must give the same scenes. Counted are all processes,
Java's too; the start of Spark is in it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from measure import _family, _memory, _stat

AREA = "5,44,18,50"
QUESTIONS = {"all": ("2017-01-01", "2024-12-31"), "month": ("2024-06-01", "2024-06-30")}
SAMPLE_S = 0.05
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Run:
    """What one took."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    scenes: str


def ask(table: Path, question: str, way: str, python: str, jar: str) -> Run:
    """Ask once; the processor's time of each process as it was last seen."""
    first, last = QUESTIONS[question]
    words = [sys.executable, "-m", "firstlight.core.cli", "discover", "--catalog", str(table)]
    words += ["--area", AREA, "--start", first, "--end", last, "--limit", "50"]
    if way != "one core":
        words += ["--engine", "spark", "--spark", way]
    env = {
        **os.environ,
        "FIRSTLIGHT_SPARK_DRIVER_PYTHON": python,
        "FIRSTLIGHT_SPARK_PYTHON": python,
        "FIRSTLIGHT_SPARK_SEDONA_JAR": jar,
        "FIRSTLIGHT_SPARK_FROM_ROWS": "0",
    }
    used: dict[int, float] = {}
    peak = 0.0
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as told:
        began = time.perf_counter()
        process = subprocess.Popen(words, env=env, stdout=said, stderr=told)
        while process.poll() is None:
            family = _family(process.pid)
            for pid in family:
                fields = _stat(pid)
                if fields:
                    used[pid] = (int(fields[11]) + int(fields[12])) / TICKS
            peak = max(peak, sum(_memory(pid)[0] for pid in family) / 1e6)
            time.sleep(SAMPLE_S)
        wall = time.perf_counter() - began
        said.seek(0)
        told.seek(0)
        if process.returncode:
            raise SystemExit(told.read().decode()[-2000:])
        return Run(wall, sum(used.values()), peak, said.read().decode())


def main() -> None:
    """Print the table."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("table", type=Path)
    words.add_argument("--python", required=True)
    words.add_argument("--jar", required=True)
    words.add_argument("--master", default="local[2]")
    words.add_argument("--reps", type=int, default=3)
    asked = words.parse_args()
    ways = ("one core", asked.master)
    print("| question | way | CPU s | wall s | MB |\n|---|---|---|---|---|")
    for question in QUESTIONS:
        runs: dict[str, list[Run]] = {way: [] for way in ways}
        for _ in range(asked.reps):
            for way in ways:
                runs[way].append(ask(asked.table, question, way, asked.python, asked.jar))
        texts = {run.scenes for each in runs.values() for run in each}
        if len(texts) != 1:
            raise SystemExit(f"{question}: the ways differ")
        for way in ways:
            cpu, wall, memory = (
                statistics.median(getattr(run, name) for run in runs[way])
                for name in ("cpu_s", "wall_s", "peak_mb")
            )
            print(f"| {question} | {way} | {cpu:.1f} | {wall:.1f} | {memory:.0f} |", flush=True)


if __name__ == "__main__":
    main()
