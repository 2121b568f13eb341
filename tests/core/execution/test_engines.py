"""What engines promise: the same bytes from each of them, and work that is nothing but values."""

from __future__ import annotations

import dataclasses
import pickle
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.algorithms.indices import index_kernel
from firstlight.core.algorithms.kernel import Kernel
from firstlight.core.cog.codec import Codec
from firstlight.core.cog.raster_spec import RasterSpec
from firstlight.core.execution import engine as engine_module
from firstlight.core.execution import router
from firstlight.core.execution import threads as threads_module
from firstlight.core.execution.engine import Engine, SerialEngine
from firstlight.core.execution.threads import ThreadsEngine, on_a_pool, on_dask
from firstlight.core.execution.tile_work import TileWork
from firstlight.core.monitor import Note, Progress, RecordingMonitor
from firstlight.core.raster.grid import Window, split_windows
from firstlight.core.raster.reader import RasterReader
from firstlight.core.settings import Settings
from firstlight.core.sharing.fair_slots import FairSlots
from support.rasters import noise
from support.run import run_kernel, small_tiles
from support.stacks import write_stack
from support.thorough import few
from support.waiting import PATIENCE_S, wait_until

LOCAL = [
    SerialEngine(),
    ThreadsEngine(1, on_dask),
    ThreadsEngine(2, on_a_pool),
    ThreadsEngine(4, on_dask),
    ThreadsEngine(4, on_a_pool),
]
IDS = ["serial", "1 of Dask", "2 of a pool", "4 of Dask", "4 of a pool"]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    bands = {name: noise((333, 290), seed) for seed, name in enumerate(("red", "nir"))}
    for pixels in bands.values():
        pixels[40:80, 100:160] = 0
    return write_stack(tmp_path_factory.mktemp("stack"), bands)


@dataclasses.dataclass(frozen=True)
class Blur:
    """Looks at its neighbours."""

    def __call__(self, values: Any) -> Any:
        red = values["red"]
        return (red + np.roll(red, 1, 0) + np.roll(red, 1, 1)) / np.float32(3)


NDVI = index_kernel("NDVI", ["red", "nir"])
BLUR = dataclasses.replace(NDVI, compute=Blur(), halo=2)


FLOATS, WHOLE = small_tiles(), small_tiles(output_dtype="int16", compression="deflate")


@few(
    ("kernel", "settings"),
    [(NDVI, WHOLE), (BLUR, FLOATS), (NDVI, FLOATS), (BLUR, WHOLE)],
    2,
    ids=["NDVI-int16", "with a halo-float32", "NDVI-float32", "with a halo-int16"],
)
def test_all_engines_of_this_process_give_the_same_bytes(
    stack: Path, tmp_path: Path, kernel: Kernel, settings: Settings
) -> None:
    told = [
        run_kernel(stack, tmp_path / f"{number}.tif", kernel, engine, settings)
        for number, engine in enumerate(LOCAL)
    ]
    files = [(tmp_path / f"{number}.tif").read_bytes() for number in range(len(LOCAL))]
    assert all(one == told[0] for one in told)
    assert all(one == files[0] for one in files)


@pytest.mark.parametrize("second", [SerialEngine(), ThreadsEngine(2)], ids=["serial", "threads"])
def test_two_jobs_share_the_cores_and_neither_waits_for_the_other(
    monkeypatch: pytest.MonkeyPatch, second: Engine
) -> None:
    slots = FairSlots(least=2)
    for module in (engine_module, threads_module):
        monkeypatch.setattr(module, "TILES", slots)
    tiles = split_windows((80, 10), 10)
    go, stop = threading.Semaphore(0), threading.Event()
    at_work: list[str] = []

    def work(name: str) -> None:
        at_work.append(name)
        assert go.acquire(timeout=PATIENCE_S)
        at_work.remove(name)

    def run(engine: Engine, name: str) -> threading.Thread:
        made = threading.Thread(target=lambda: engine.run(lambda _: work(name), tiles, stop))
        made.start()
        return made

    jobs = [run(ThreadsEngine(2), "first")]
    wait_until(lambda: at_work == ["first", "first"])
    jobs.append(run(second, "second"))
    time.sleep(0.1)  # a third tile would begin; a slow computer can only fail to notice
    assert at_work == ["first", "first"]
    go.release()
    wait_until(lambda: sorted(at_work) == ["first", "second"])
    for _ in range(2 * len(tiles)):
        go.release()
    for job in jobs:
        job.join(PATIENCE_S)
    assert at_work == []


@pytest.mark.parametrize("engine", LOCAL, ids=IDS)
def test_results_are_handed_on_as_they_come_and_not_kept(engine: Engine) -> None:
    tiles = split_windows((50, 50), 10)
    taken: dict[Window, int] = {}
    assert (
        engine.run(lambda tile: tile.row + tile.col, tiles, threading.Event(), taken.__setitem__)
        == []
    )
    assert taken == {tile: tile.row + tile.col for tile in tiles}


def test_a_tiles_work_travels_as_small_values_and_makes_the_same_elsewhere(stack: Path) -> None:
    kernel = index_kernel("NDVI", ["red", "nir"])
    with RasterReader(stack) as reader:
        spec = RasterSpec(reader.facts.grid, "float32", -9999.0, block=32)
        work = TileWork(reader, {"red": 1, "nir": 2}, kernel, (spec,), (Codec("deflate"),))
        sent = pickle.dumps(work)
        assert len(sent) < 5000
        there = pickle.loads(sent)
        assert there.source is not reader
        assert there.source.radiometry == reader.radiometry
        assert pickle.loads(sent).source is there.source  # opened once for all tiles
        tile = Window(64, 64, 64, 64)
        [here], [made] = work(tile), there(tile)
        assert [piece.blocks for piece in made] == [piece.blocks for piece in here]
        assert [piece.statistics for piece in made] == [piece.statistics for piece in here]
    with RasterReader(stack) as later:  # another run: the file may be another one by now
        assert pickle.loads(pickle.dumps(later)) is not there.source


@pytest.mark.parametrize(
    ("tiles", "loaded", "before"),
    [(4, False, ""), (100, True, ""), (4, True, "import dask.threaded")],
)
def test_dask_is_loaded_where_that_is_worth_it(tiles: int, loaded: bool, before: str) -> None:
    """It takes as long to load as some tens of tiles take."""
    pytest.importorskip("dask")
    script = f"""if True:
        import sys, threading
        {before}
        from firstlight.core.execution.threads import ThreadsEngine
        done = ThreadsEngine(2).run(lambda tile: tile, list(range({tiles})), threading.Event())
        assert done == list(range({tiles}))
        assert ("dask.threaded" in sys.modules) is {loaded}
    """
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_choice_is_told_before_the_first_tile_and_stays_with_the_result(
    stack: Path, tmp_path: Path
) -> None:
    monitor = RecordingMonitor()
    settings = small_tiles(serial_below_tiles=31)
    told = run_kernel(stack, tmp_path / "o.tif", settings=settings, monitor=monitor)
    assert told.engine == "Engine: serial, one tile after the other (30 tiles, fewer than 31)."
    assert monitor.events[0] == Note("debug", told.engine)
    monitor = RecordingMonitor()
    told = run_kernel(stack, tmp_path / "o.tif", monitor=monitor)
    assert told.engine == "Engine: 2 threads on this computer (30 tiles)."
    details = [
        event.detail for event in monitor.events if isinstance(event, Progress) and event.detail
    ]
    assert len(details) == 30
    assert sorted(details, key=lambda text: int(text.split()[1]))[-1] == "tile 30 of 30"


def test_a_tiles_memory_grows_with_its_size_and_its_halo(
    monkeypatch: pytest.MonkeyPatch, stack: Path, tmp_path: Path
) -> None:
    needed: list[int] = []
    choose = router.choose_engine

    def note(job: router.Job, settings: Settings) -> router.Choice:
        needed.append(job.tile_bytes)
        assert not job.remote
        assert {Path(path).name for path, _ in job.files} == {"s.vrt", "red.tif", "nir.tif"}
        assert all(Path(path).stat().st_size == size for path, size in job.files)
        return choose(job, settings)

    monkeypatch.setattr("firstlight.core.execution.apply.choose_engine", note)
    run_kernel(stack, tmp_path / "o.tif")
    run_kernel(stack, tmp_path / "o.tif", dataclasses.replace(BLUR, halo=8))
    assert needed[0] == 64 * 64 * (2 * 2 + 4 * 4)
    assert needed[1] == 80 * 80 * (2 * 2 + 4 * 5 + 4 * 4)
