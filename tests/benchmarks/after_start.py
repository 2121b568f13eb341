"""What a Dask cluster of two workers takes after its start, against threads: NDVI of the bench's
scene by both in turns, their time and the CPU of each process.

    .venv/bin/python tests/benchmarks/after_start.py build/bench/scene 3

Scheduler and workers spend some CPU while nothing is asked of them: what they take while threads
compute is taken off. Linux.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from firstlight.core.algorithms.indices import index_kernel
from firstlight.core.execution.apply import apply_layers
from firstlight.core.execution.dask_cluster.connection import open_cluster
from firstlight.core.execution.dask_cluster.local_cluster import local_cluster
from firstlight.core.execution.engine import Engine
from firstlight.core.execution.result_store import StorePlace
from firstlight.core.execution.threads import ThreadsEngine
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.operations.stack import STACK
from firstlight.core.raster.reader import RasterReader
from firstlight.core.settings import resolve_settings

TICKS = os.sysconf("SC_CLK_TCK")
WORKERS = 2


@dataclass(frozen=True)
class Run:
    """One layer by one engine."""

    wall_s: float
    own_s: float
    """CPU of this process."""
    others_s: float
    """Of the cluster's."""
    digest: str


def cpu_by_process() -> Mapping[int, float]:
    """CPU of this process and its children, in seconds."""
    pids = [os.getpid()]
    for task in Path("/proc/self/task").iterdir():
        pids += [int(word) for word in (task / "children").read_text().split()]
    found = {}
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        found[pid] = (int(fields[11]) + int(fields[12])) / TICKS
    return found


def measure(stack: Path, output: Path, engine: Engine) -> Run:
    """Compute the layer, and tell what it took."""
    before, began = cpu_by_process(), time.perf_counter()
    with RasterReader(stack) as reader:
        names = {band.description: band.index for band in reader.facts.bands}
        kernel, settings = index_kernel("NDVI", names), replace(resolve_settings(), workers=WORKERS)
        apply_layers(reader, names, kernel, (output,), settings, RecordingMonitor(), engine=engine)
    wall = time.perf_counter() - began
    spent = {pid: now - before[pid] for pid, now in cpu_by_process().items() if pid in before}
    own = spent.pop(os.getpid())
    digest = hashlib.sha256(output.read_bytes()).hexdigest()[:12]
    os.sync()  # what one wrote is not to be written in the other's time
    return Run(wall, own, sum(spent.values()), digest)


def main() -> None:
    """Read the command line and print a line for each pair."""
    parser = argparse.ArgumentParser(description="A cluster after its start, against threads.")
    parser.add_argument("scene", type=Path, help="what make_scene.py made")
    parser.add_argument("pairs", type=int, nargs="?", default=3)
    given = parser.parse_args()
    scene, stop = given.scene.resolve(), threading.Event()
    with tempfile.TemporaryDirectory(dir=scene.parent) as name:
        folder = Path(name)
        stack, output = folder / "stack.vrt", folder / "ndvi.tif"
        bands = tuple(f"{band}={scene / 'before' / band}.tif" for band in ("red", "nir"))
        words = {"sensor": "sentinel2", "band": bands, "output": stack}
        STACK.run(STACK.make_params(words), resolve_settings(), RecordingMonitor())
        place = StorePlace(str(folder), str(output))
        ratios, times = [], []
        with (
            local_cluster(WORKERS, stop) as own,
            open_cluster(own.address, [], 300, stop, WORKERS, own.credentials, place) as cluster,
        ):
            for _ in range(given.pairs):
                one = measure(stack, output, ThreadsEngine(WORKERS))
                two = measure(stack, output, cluster)
                assert one.digest == two.digest
                idle_s = one.others_s / one.wall_s * two.wall_s
                ratios.append((two.own_s + two.others_s - idle_s) / one.own_s)
                times.append(two.wall_s / one.wall_s)
                print(
                    f"threads {one.wall_s:.2f} s, CPU {one.own_s:.2f} s; {two}; "
                    f"time × {times[-1]:.2f}, CPU × {ratios[-1]:.2f}",
                    flush=True,
                )
        time_ratio, cpu_ratio = statistics.median(times), statistics.median(ratios)
        print(f"median of {len(ratios)}: time × {time_ratio:.2f}, CPU × {cpu_ratio:.2f}")


if __name__ == "__main__":
    main()
