"""Does a job's cost grow with the number of its scenes, and not faster? One table for each job.

    python3 tests/benchmarks/linear.py                    all jobs
    python3 tests/benchmarks/linear.py stack window --reps 3

Each job runs on 1, 2, 4 and 9 scenes, each time in a fresh process; the jobs are in
``contenders/linear_run.py``. Ingest takes those of ``make_grid.py``; stacks have six bands, which
the grid has not, and so are of the one scene each time. Burn severity takes both dates of nine
places in one UTM zone (``make_grid.py --one-zone``, in the folder ``fires``), because the scenes
of one pass are joined before they are mapped. They overlap, as tiles do, so that their map has
less than 2, 4 and 9 times the pixels of one: what is divided by is the size of the result.

Time and CPU are of the whole process, its start included. The start weighs less the more scenes
there are, so the ratios beside them are of what comes after the imports, and *each further one* is
what was added since the number of scenes in the row above, for each scene more: where that rises
from row to row, the cost grows faster than the scenes.

NDVI of several scenes is the table ``scale`` of ``bench.py``. An event is left out: it takes two
dates of the one area that it is about, and another number of scenes would be another area, other
passes and another search, not the same job so many times; what it consists of is here.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import HERE, ROOT, SIX_BANDS, Bench, Contender, Table, commit, no_link
from link import Link, LinkSpec, end_in_order, open_link
from measure import run_measured
from table import Record, paired_ratio

COUNTS = (1, 2, 4, 9)
LIMIT_S = 3600.0


@dataclass(frozen=True)
class Job:
    """What is done with each number of scenes."""

    title: str
    line: bool = False
    """Over HTTP; else from the local files."""
    bands: str = "red,nir"
    grid: str = "grid"
    """The folder of the scenes, beside those of one scene."""


JOBS = {
    "download": Job("Ingest of whole bands over the line", line=True),
    "window": Job("Ingest of 10 × 10 km in each scene over the line", line=True),
    "stack": Job("Stack and validation of six bands", bands=SIX_BANDS),
    "burn-severity": Job(
        "Burn severity of one pass before and one after", bands="nir,swir22", grid="fires"
    ),
}


@dataclass(frozen=True)
class Run(Record):
    """One run; its name is the number of scenes."""

    scenes: float = 1.0
    """Size of the result, in scenes."""
    work_cpu_s: float = 0.0
    """CPU without the start of the interpreter and the imports."""


def run_job(name: str, count: int, bench: Bench, link: Link | None) -> Run:
    """Run a job once on so many scenes."""
    path = HERE / "contenders" / "linear_run.py"
    contender = Contender(f"{name}_{count}", path, JOBS[name].title, "firstlight")
    shutil.rmtree(bench.out, ignore_errors=True)
    bench.out.mkdir(parents=True)
    os.sync()  # what the last one wrote is not to be written in this one's time
    env = bench.environment(f"{link.url}/before" if link else str(bench.local), contender)
    log = bench.work / f"{contender.name}.log"
    command = [bench.interpreters["firstlight"], str(path), name, str(count)]
    found = run_measured(command, env, log, LIMIT_S, link.pid if link else None)
    shutil.rmtree(bench.out, ignore_errors=True)
    said = (log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or [""])[-1]
    problem = f"failed ({found.code}): {said}" if found.code else ""
    measured = {
        "wall_s": found.wall_s,
        "cpu_s": found.cpu_s,
        "peak_mb": found.peak_mb,
        "other_share": found.other_share,
    }
    run = Run(
        str(count), contender.title, problem, **measured, **({} if problem else json.loads(said))
    )
    told = problem or f"{run.wall_s:.2f} s, CPU {run.cpu_s:.1f} s, others {run.other_share:.0%}"
    print(f"{contender.name}: {told}", file=sys.stderr, flush=True)
    return run


def measure_job(
    name: str, bench: Bench, counts: Sequence[int], reps: int, server: str
) -> list[list[Run]]:
    """All numbers of scenes, so many times; each time another one begins."""
    job = JOBS[name]
    for path in (*bench.local.iterdir(), *(bench.scene / job.grid).rglob("*.tif")):
        path.read_bytes()  # into the page cache, for the first run as for the last
    spec = LinkSpec(bench.scene, bench.work / "traffic.log", bench.table.delay_ms)
    done = []
    with open_link(spec, server) if job.line else no_link() as link:
        for turn in range(reps):
            begin = turn % len(counts)
            order = [*counts[begin:], *counts[:begin]]
            done.append([run_job(name, count, bench, link) for count in order])
    return done


Value = Callable[[Run], float]
VALUES: dict[str, tuple[Value, Value]] = {
    # Of the whole process, and after the imports.
    "time": (lambda run: run.wall_s, lambda run: run.work_s or 0.0),
    "CPU": (lambda run: run.cpu_s, lambda run: run.work_cpu_s),
}


def linear_table(repetitions: Sequence[Sequence[Run]]) -> str:
    """The markdown of one job: medians, and ratios within each repetition. A number of scenes of
    which a run failed has none.
    """
    heads = ["scenes", "size of the result, scenes"]
    for what in VALUES:
        heads += [f"{what}, s", f"{what} per scene, s", "÷ of one, without imports"]
        heads.append("each further one, s")
    heads += ["peak, MB", "others' CPU"]
    rows = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    before: list[Run] = []
    for count in COUNTS:
        runs = [run for repetition in repetitions for run in repetition if run.name == str(count)]
        if not runs:
            continue
        problem = next((run.problem for run in runs if run.problem), "")
        if problem:
            cells = [str(count), problem.replace("|", "/"), *[""] * (len(heads) - 2)]
        else:
            cells = [str(count), f"{runs[0].scenes:.2f}".removesuffix(".00")]
            for value in VALUES.values():
                cells += _cells(repetitions, runs, before, value)
            cells.append(f"{max(run.peak_mb for run in runs):.0f}")
            cells.append(f"{100 * statistics.median(run.other_share for run in runs):.0f} %")
            before = runs
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _cells(
    repetitions: Sequence[Sequence[Run]],
    runs: Sequence[Run],
    before: Sequence[Run],
    value: tuple[Value, Value],
) -> list[str]:
    """What one number of scenes took: whole, for each scene, against one, for each further one."""
    whole, own = value
    scenes, spent = runs[0].scenes, statistics.median(map(whole, runs))
    ratio = paired_ratio(repetitions, runs[0].name, "1", lambda run: own(run) / run.scenes)
    further = "–"
    if before:
        more = spent - statistics.median(map(whole, before))
        further = f"{more / (scenes - before[0].scenes):.2f}"
    return [f"{spent:.2f}", f"{spent / scenes:.2f}", str(ratio or "–"), further]


def main() -> int:
    """Measure, print, and end with 0, or with 1 where a run failed."""
    end_in_order()
    parser = argparse.ArgumentParser(description="Measure how cost grows with scenes.")
    parser.add_argument("jobs", nargs="*", help=f"{', '.join(JOBS)}; all if none is given")
    work = ROOT / "build" / "bench"
    parser.add_argument("--work", type=Path, default=work, help="logs and outputs (build/bench)")
    parser.add_argument("--scene", type=Path, help="what make_scene.py made (WORK/scene)")
    counts = ",".join(map(str, COUNTS))
    parser.add_argument("--counts", default=counts, help=f"numbers of scenes ({counts})")
    parser.add_argument("--reps", type=int, default=1, help="repetitions (1)")
    parser.add_argument("--firstlight-python", default=str(ROOT / ".venv" / "bin" / "python"))
    parser.add_argument("--server", choices=("auto", "nginx", "python"), default="auto")
    parser.add_argument("--delay-ms", type=float, default=50.0, help="of the line (50)")
    given = parser.parse_args()
    scene = (given.scene or given.work / "scene").resolve()
    counts = [int(word) for word in given.counts.split(",")]
    if not set(counts) <= set(COUNTS):
        parser.error(f"--counts knows {', '.join(map(str, COUNTS))}")
    for name in given.jobs or JOBS:
        if name not in JOBS:
            parser.error(f"there is no job {name}: {', '.join(JOBS)}")
        if not (scene / JOBS[name].grid / "items.json").exists():
            parser.error(f"there is no {scene / JOBS[name].grid}: see tests/benchmarks/README.md")
    failed = False
    for name in given.jobs or JOBS:
        folder = given.work.resolve() / "linear" / name
        folder.mkdir(parents=True, exist_ok=True)
        table = Table("linear", "1", JOBS[name].bands, delay_ms=given.delay_ms)
        python = {"firstlight": given.firstlight_python}
        bench = Bench(table, (), scene, folder, python, 0.0)
        done = measure_job(name, bench, counts, given.reps, given.server)
        lines = (json.dumps([asdict(run) for run in repetition]) for repetition in done)
        (folder / "results.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        today = time.strftime("%Y-%m-%d")
        print(f"{JOBS[name].title}\n\n{today}, commit {commit()}, {given.reps} repetitions\n")
        print(f"{linear_table(done)}\n", flush=True)
        failed |= any(run.problem for repetition in done for run in repetition)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
