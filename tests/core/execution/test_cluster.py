"""Dask distributed, with real processes: the same bytes whoever dies, one sentence for whatever
does not fit.
"""

from __future__ import annotations

import dataclasses
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("distributed", reason="Dask distributed is not installed")

from types import SimpleNamespace

from firstlight.core.algorithms.indices import index_kernel
from firstlight.core.discovery.area import parse_area
from firstlight.core.errors import (
    AlgorithmError,
    Cancelled,
    DependencyError,
    EngineError,
    RasterError,
)
from firstlight.core.execution.dask_cluster import connection as cluster_module
from firstlight.core.execution.dask_cluster import local_cluster as local_cluster_module
from firstlight.core.execution.dask_cluster import run as cluster_run
from firstlight.core.execution.dask_cluster.check import differences
from firstlight.core.execution.dask_cluster.connection import can_be_reached, open_cluster
from firstlight.core.execution.dask_cluster.local_cluster import find_interpreter, local_cluster
from firstlight.core.execution.engine import SerialEngine
from firstlight.core.execution.layer_statistics import LayerStatistics
from firstlight.core.execution.package import PACKAGE, digest
from firstlight.core.installation.interpreter import candidates
from firstlight.core.monitor import Event, Note, Progress, RecordingMonitor
from firstlight.core.operations.mosaic import MosaicParams, run_mosaic
from firstlight.core.raster.grid import Window, split_windows
from firstlight.core.raster.reader import RasterReader
from firstlight.core.settings import Settings
from firstlight.core.types import SceneItem
from support.cluster_processes import children
from support.dask_cluster import DaskCluster
from support.range_server import FaultyServer
from support.rasters import noise
from support.run import run_kernel, small_tiles
from support.scenes import LEFT, TOP, MadeScene, area_text, serve
from support.silent_server import silent_server
from support.stacks import write_stack
from support.thorough import few
from support.waiting import PATIENCE_S, stop_at, wait_until

NOBODY = "tcp://127.0.0.1:1"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """Two workers that have never heard of FirstLight."""
    with DaskCluster(tmp_path_factory.mktemp("cluster")) as made:
        made.add_worker()
        made.add_worker()
        made.wait_for(2)
        yield made


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster may take its time, except where a test lets it fail."""
    for module, name in (
        (cluster_module, "CONNECT_S"),
        (cluster_module, "WORKERS_S"),
        (cluster_run, "ANSWER_S"),
        (cluster_run, "LOST_S"),
        (local_cluster_module, "START_S"),
    ):
        monkeypatch.setattr(module, name, PATIENCE_S)


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """25 tiles of 64 pixels."""
    return write_stack(tmp_path, {"red": noise((310, 300), 0), "nir": noise((310, 300), 1)})


def run(
    stack: Path, output: Path, monitor: RecordingMonitor | None = None, **chosen: Any
) -> LayerStatistics:
    return run_kernel(stack, output, settings=small_tiles(**chosen), monitor=monitor)


def is_tile(event: Event) -> bool:
    return isinstance(event, Progress) and "tile" in event.detail


class OnTile(RecordingMonitor):
    """Does something when a certain tile has come."""

    def __init__(self, number: int, action: Callable[[], None]) -> None:
        super().__init__()
        self._number = number
        self._action = action

    def emit(self, event: Event) -> None:
        super().emit(event)
        if is_tile(event) and f"tile {self._number} of" in event.detail:  # type: ignore[union-attr]
            self._action()


def test_a_cluster_that_loses_a_worker_in_the_middle_gives_the_same_bytes(
    cluster: DaskCluster, stack: Path, tmp_path: Path
) -> None:
    serial = run_kernel(stack, tmp_path / "serial.tif", engine=SerialEngine())
    victim = cluster.workers[0]
    monitor = OnTile(3, lambda: os.kill(victim.pid, signal.SIGKILL))
    told = run(stack, tmp_path / "cluster.tif", monitor, engine="cluster", cluster=cluster.address)
    assert victim.wait(PATIENCE_S) == -signal.SIGKILL
    assert (tmp_path / "cluster.tif").read_bytes() == (tmp_path / "serial.tif").read_bytes()
    assert told == serial
    assert told.engine == f"Engine: Dask cluster at {cluster.address} (as asked for)."
    assert Note("info", told.engine) in monitor.events
    assert sum(map(is_tile, monitor.events)) == 25
    cluster.kill(victim)
    cluster.add_worker()
    cluster.wait_for(2)


@pytest.mark.thorough
def test_a_worker_that_comes_later_gets_firstlight_too(
    cluster: DaskCluster, stack: Path, tmp_path: Path
) -> None:
    run(stack, tmp_path / "a.tif", engine="cluster", cluster=cluster.address)
    extra = cluster.add_worker()
    cluster.wait_for(3)
    run(stack, tmp_path / "b.tif", engine="cluster", cluster=cluster.address)
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()
    cluster.kill(extra)
    cluster.wait_for(2)


def test_a_stop_leaves_nothing_here_and_on_the_cluster(
    cluster: DaskCluster, stack: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()

    def is_second_tile(event: Event) -> bool:
        return isinstance(event, Progress) and "tile 2 of" in event.detail

    with pytest.raises(Cancelled), stop_at(is_second_tile) as monitor:
        run(stack, tmp_path / "out" / "o.tif", monitor, engine="cluster", cluster=cluster.address)
    tiles_of_a_group = 4
    under_way = 2 * cluster_run.AHEAD * tiles_of_a_group
    assert sum(map(is_tile, monitor.events)) <= 2 + under_way < 25
    assert list((tmp_path / "out").iterdir()) == []
    wait_until(lambda: cluster.tasks() == 0, "the scheduler still keeps tiles")


def test_a_stop_during_the_connection_is_heard() -> None:
    with silent_server() as (port, somebody_came):

        class Stop(threading.Event):
            def is_set(self) -> bool:
                return somebody_came()

        with pytest.raises(Cancelled), open_cluster(f"tcp://127.0.0.1:{port}", [], 60, Stop()):
            pass


def test_nobody_there_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, stack: Path, tmp_path: Path
) -> None:
    monkeypatch.setattr(cluster_module, "CONNECT_S", 0.5)
    with pytest.raises(
        EngineError,
        match=rf"^The Dask cluster at {NOBODY} cannot be used: .*\. Is its scheduler running",
    ) as caught:
        run(stack, tmp_path / "o.tif", engine="cluster", cluster=NOBODY)
    assert "choose another engine" in str(caught.value)
    assert not (tmp_path / "o.tif").exists()


def test_without_the_library_the_sentence_says_so(
    monkeypatch: pytest.MonkeyPatch, stack: Path, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(DependencyError, match="the library 'distributed' is not installed here"):
        run(stack, tmp_path / "o.tif", engine="cluster", cluster=NOBODY)


@pytest.mark.thorough
def test_a_worker_with_another_library_is_named(
    cluster: DaskCluster, stack: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other" / "numpy-1.0.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 1.0\n")
    (tmp_path / "other" / "sitecustomize.py").write_text(
        "import numpy\nnumpy.__version__ = '1.0'\n"
    )
    with extra_worker(cluster, tmp_path / "other"), pytest.raises(EngineError) as caught:
        run(stack, tmp_path / "o.tif", engine="cluster", cluster=cluster.address)
    assert f"numpy is {np.__version__} here and 1.0 on the worker tcp://127.0.0.1:" in str(
        caught.value
    )
    assert "Install the same versions everywhere" in str(caught.value)


@pytest.mark.thorough
@pytest.mark.parametrize("scheduler_too", [False, True], ids=["the worker", "both"])
def test_a_worker_with_another_firstlight_is_named(
    stack: Path, tmp_path: Path, scheduler_too: bool
) -> None:
    core = tmp_path / "old" / PACKAGE / "core"
    core.mkdir(parents=True)
    (core.parent / "__init__.py").write_text("")
    (core / "__init__.py").write_text("VERSION = '0.0.1'\n")
    with DaskCluster(tmp_path, tmp_path / "old" if scheduler_too else None) as old:
        old.add_worker(tmp_path / "old")
        old.wait_for(1)
        with pytest.raises(EngineError) as caught:
            run(stack, tmp_path / "o.tif", engine="cluster", cluster=old.address)
    assert (
        f"the code of FirstLight is {digest()} here and without some of its modules on the worker"
        in str(caught.value)
    )


class extra_worker:  # noqa: N801 - used like a function
    """One worker more for a while."""

    def __init__(self, cluster: DaskCluster, path: Path) -> None:
        self._cluster = cluster
        self._path = path

    def __enter__(self) -> None:
        self._worker = self._cluster.add_worker(self._path)
        self._cluster.wait_for(3)

    def __exit__(self, *_: object) -> None:
        self._cluster.kill(self._worker)
        self._cluster.wait_for(2)


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ({"a": {"numpy": "2"}, "b": {"numpy": "2"}}, []),
        ({"a": {"numpy": "1"}, "b": {"numpy": "1"}}, ["numpy is 2 here and 1 on a and 1 more"]),
        ({"a": {"numpy": None}, "b": {}}, ["numpy is 2 here and missing on a"]),
    ],
)
def test_differences_are_grouped(there: Any, expected: list[str]) -> None:
    assert differences({"numpy": "2"}, there) == expected


def test_a_file_that_workers_do_not_see_is_named(cluster: DaskCluster, tmp_path: Path) -> None:
    seen, hidden = tmp_path / "seen", tmp_path / "hidden"
    seen.write_bytes(b"1234")
    with (
        pytest.raises(
            EngineError,
            match=rf"does not see {hidden} as this computer does. Put the stack and its bands",
        ),
        open_cluster(cluster.address, [(str(seen), 4), (str(hidden), 4)], 60, threading.Event()),
    ):
        pass
    with (
        pytest.raises(EngineError, match=f"does not see {seen}"),  # another file of that name
        open_cluster(cluster.address, [(str(seen), 5)], 60, threading.Event()),
    ):
        pass


def test_a_tile_that_fails_three_times_names_itself(
    cluster: DaskCluster, tmp_path: Path, stack: Path
) -> None:
    whole = (tmp_path / "red.tif").read_bytes()
    with (tmp_path / "red.tif").open("r+b") as file:
        file.truncate(len(whole) - 30000)
    broken = set()
    with RasterReader(stack) as reader:
        for tile in split_windows(reader.facts.grid.shape, 64):
            try:
                reader.read(1, tile)
            except RasterError:
                broken.add((tile.row, tile.col))
    assert 0 < len(broken) < 25
    with pytest.raises(EngineError) as caught:
        run(stack, tmp_path / "o.tif", engine="cluster", cluster=cluster.address)
    text = str(caught.value)
    named = {
        (int(row), int(col))
        for row, col in re.findall(r"the tile at row (\d+), column (\d+)", text)
    }
    assert named
    assert named <= broken
    assert "failed 3 times each, the last time because: Reading band 1" in text
    assert not (tmp_path / "o.tif").exists()


def test_three_times_means_three_times_and_not_all_on_one_worker(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    diary = str(tmp_path / "diary")

    def fail(tile: Window) -> None:
        import os

        from firstlight.core.errors import RasterError

        with open(diary, "a") as file:
            file.write(f"{tile.row} {os.getpid()}\n")
        raise RasterError("Reading the tile failed", "the disk is gone")

    with (
        open_cluster(cluster.address, [], 60, threading.Event()) as engine,
        pytest.raises(
            EngineError,
            match=r"the tile at row 7, column 9.* failed 3 times each, .*: the disk is gone\.",
        ),
    ):
        engine.run(fail, [Window(row, 9, 1, 1) for row in range(5, 9)], threading.Event())
    tried = [line.split() for line in Path(diary).read_text().splitlines()]
    for row in "5678":
        workers = [pid for tile, pid in tried if tile == row]
        assert len(workers) == 3
        assert workers[0] != workers[1]


def test_what_would_fail_everywhere_is_not_tried_again(
    cluster: DaskCluster, stack: Path, tmp_path: Path
) -> None:
    def fail(_: Any) -> Any:
        raise AlgorithmError("NDVI cannot be computed", "there is a reason")

    kernel = dataclasses.replace(index_kernel("NDVI", ["red", "nir"]), compute=fail)
    settings = small_tiles(engine="cluster", cluster=cluster.address)
    with pytest.raises(AlgorithmError, match="NDVI cannot be computed: there is a reason"):
        run_kernel(stack, tmp_path / "o.tif", kernel, settings=settings)


def test_results_keep_the_order_of_the_tiles(cluster: DaskCluster) -> None:
    tiles = split_windows((50, 50), 10)
    with open_cluster(cluster.address, [], 60, threading.Event()) as engine:
        assert engine.run(lambda tile: (tile.row, tile.col), tiles, threading.Event()) == [
            (t.row, t.col) for t in tiles
        ]
        assert engine.run(lambda tile: tile, [], threading.Event()) == []


@pytest.mark.thorough
def test_only_a_few_tiles_are_under_way_and_none_is_kept(
    cluster: DaskCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Window] = []
    submitted: list[int] = []
    kept: list[int] = []

    def take(tile: Window, _: int) -> None:
        taken.append(tile)
        if len(taken) == 50:
            kept.append(cluster.tasks())

    with open_cluster(cluster.address, [], 60, threading.Event()) as engine:
        submit = engine._client.submit

        def count(*words: Any, **more: Any) -> Any:
            submitted.append(len(submitted) + 1 - len(taken))
            return submit(*words, **more)

        monkeypatch.setattr(engine._client, "submit", count)
        assert (
            engine.run(
                lambda tile: tile.row, split_windows((100, 100), 10), threading.Event(), take
            )
            == []
        )
    assert len(taken) == len(set(taken)) == 100
    assert max(submitted) <= cluster_run.AHEAD * 2
    assert kept[0] <= cluster_run.AHEAD * 2 + cluster_run.TAKERS


def test_results_come_straight_from_workers_that_can_be_reached(cluster: DaskCluster) -> None:
    assert can_be_reached([cluster.address])
    assert not can_be_reached([cluster.address, NOBODY])
    assert not can_be_reached(["inproc://1.2.3.4/5/6"])
    with open_cluster(cluster.address, [], 60, threading.Event()) as engine:
        assert engine._client.direct_to_workers


def test_a_tile_that_does_not_come_back_is_tried_elsewhere(
    cluster: DaskCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time leaps over the limit once the first worker hangs."""
    mark, release = tmp_path / "mark", tmp_path / "release"

    def hang_once(tile: Window) -> int:
        import os
        import time

        try:
            os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return os.getpid()
        while not release.exists():
            time.sleep(0.01)
        return -1

    leap = 10_000.0
    monkeypatch.setattr(cluster_run, "ANSWER_S", 10 * leap)
    monkeypatch.setattr(cluster_run, "LOST_S", 10 * leap)
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + (leap if mark.exists() else 0.0))
    monkeypatch.setattr(cluster_run, "time", clock)
    with open_cluster(cluster.address, [], leap / 2, threading.Event()) as engine:
        assert engine.run(hang_once, [Window(0, 0, 1, 1)], threading.Event())[0] > 0
    release.touch()


def when_begun(mark: Path, action: Callable[[], None]) -> Callable[[Window], None]:
    """Work for tiles that notes that it has begun; then the action follows."""

    def work(_: Window) -> None:
        import time

        mark.touch()
        time.sleep(0.2)

    def watch() -> None:
        wait_until(mark.exists)
        action()

    threading.Thread(target=watch, daemon=True).start()
    return work


@pytest.mark.thorough
def test_a_cluster_without_workers_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cluster_module, "WORKERS_S", 0.2)
    with DaskCluster(tmp_path) as empty:
        with (
            pytest.raises(
                EngineError,
                match=rf"it has no worker after 0 s. Start one: dask worker {empty.address}",
            ),
            open_cluster(empty.address, [], 60, threading.Event()),
        ):
            pass
        worker = empty.add_worker()
        empty.wait_for(1)
        monkeypatch.setattr(cluster_run, "LOST_S", 1.5)
        work = when_begun(tmp_path / "mark", lambda: empty.kill(worker))
        with (
            pytest.raises(
                EngineError, match="no worker is left; under way were the tile at row 0, column 0"
            ),
            open_cluster(empty.address, [], 60, threading.Event()) as engine,
        ):
            engine.run(work, split_windows((10, 10), 1), threading.Event())


@pytest.mark.thorough
def test_a_scheduler_that_dies_is_one_sentence(tmp_path: Path) -> None:
    with DaskCluster(tmp_path) as doomed:
        doomed.add_worker()
        doomed.wait_for(1)
        with open_cluster(doomed.address, [], 60, threading.Event()) as engine:
            work = when_begun(tmp_path / "mark", lambda: doomed.kill(doomed.scheduler))
            with pytest.raises(
                EngineError,
                match=r"on the Dask cluster at .* failed: the connection to the scheduler was lost",
            ):
                engine.run(work, split_windows((10, 10), 1), threading.Event())


@pytest.mark.thorough
def test_a_cluster_of_its_own_ends_with_the_work(stack: Path, tmp_path: Path) -> None:
    before = children()
    run_kernel(stack, tmp_path / "serial.tif", engine=SerialEngine())
    told = run(stack, tmp_path / "own.tif", engine="cluster")
    assert (tmp_path / "own.tif").read_bytes() == (tmp_path / "serial.tif").read_bytes()
    assert "this computer's own processes" in told.engine
    wait_until(lambda: children() == before, "its processes go on")


def test_qgis_itself_is_never_taken_for_a_python(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    qgis = tmp_path / "qgis"
    qgis.write_text("#!/bin/sh\necho started >> $0.log\n")
    qgis.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(qgis))
    assert str(qgis) not in candidates()
    python = find_interpreter(threading.Event())
    assert subprocess.run(
        [python, "-c", "import sys; print(sys.version_info[:2])"], capture_output=True, text=True
    ).stdout.strip() == str(sys.version_info[:2])
    assert not Path(f"{qgis}.log").exists()


@pytest.mark.thorough
def test_an_interpreter_that_lacks_the_libraries_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    poor = tmp_path / "python3"
    poor.write_text("#!/bin/sh\nexit 1\n")
    poor.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(poor))
    assert candidates()[0] == str(poor)
    assert find_interpreter(threading.Event()) != str(poor)
    monkeypatch.setattr(sys, "exec_prefix", str(tmp_path))
    monkeypatch.setattr(sys, "base_exec_prefix", str(tmp_path))
    with pytest.raises(
        EngineError, match=r"no Python 3.* was found that has numpy, GDAL and distributed"
    ):
        find_interpreter(threading.Event())
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(Cancelled), local_cluster(1, stopped):
        pass


@pytest.fixture
def scenes(tmp_path: Path) -> Iterator[tuple[FaultyServer, list[SceneItem]]]:
    """Three that overlap, with cloud masks, behind HTTP."""
    with FaultyServer(tmp_path / "served") as server:
        made = []
        for number in range(3):
            bands = {
                name: noise((150, 170), 10 * number + place)
                for place, name in enumerate(("red", "nir"))
            }
            bands["scl"] = np.random.default_rng(number).choice(
                np.array([4, 9], np.uint8), (150, 170), p=[0.7, 0.3]
            )
            place = (LEFT + 430 * number, TOP - 310 * number)
            made.append(
                serve(
                    server, MadeScene(f"S{number}", bands, origin=place, offset=-0.1 * (number % 2))
                )
            )
        yield server, made


def mosaic(scenes: list[SceneItem], output: Path, **more: Any) -> Any:
    area = area_text((LEFT + 20, TOP - 20), (LEFT + 2300, TOP - 2000))
    settings = dataclasses.replace(Settings(), tile_size=64, retry_delay_s=0.0)
    params = MosaicParams(scenes=tuple(scenes), area=parse_area(area), output=output, **more)
    return run_mosaic(params, settings, RecordingMonitor())


BANDS: dict[str, Any] = {"bands": ("red", "nir")}
INDEX: dict[str, Any] = {"index": "NDVI"}


@few(
    ("rule", "what"),
    [("clear", BANDS), ("median", INDEX), ("clear", INDEX), ("median", BANDS)],
    2,
)
def test_a_mosaic_has_the_same_bytes_whoever_composes_it(
    cluster: DaskCluster,
    scenes: tuple[FaultyServer, list[SceneItem]],
    tmp_path: Path,
    rule: str,
    what: dict[str, Any],
) -> None:
    made = {}
    for engine in ("serial", "threads", "cluster"):
        address = cluster.address if engine == "cluster" else None
        result = mosaic(
            scenes[1], tmp_path / f"{engine}.tif", rule=rule, engine=engine, cluster=address, **what
        )
        made[engine] = (tmp_path / f"{engine}.tif").read_bytes()
        assert {
            "serial": "one tile after the other",
            "threads": "threads on this computer",
            "cluster": cluster.address,
        }[engine] in result.text
    assert made["threads"] == made["serial"]
    assert made["cluster"] == made["serial"]


@pytest.mark.thorough
def test_a_scene_that_workers_cannot_read_is_left_out(
    cluster: DaskCluster, scenes: tuple[FaultyServer, list[SceneItem]], tmp_path: Path
) -> None:
    server, items = scenes
    (Path(server.root) / "S1/nir.tif").unlink()
    words: dict[str, Any] = {"rule": "first", "bands": ("red", "nir")}
    result = mosaic(
        items, tmp_path / "cluster.tif", engine="cluster", cluster=cluster.address, **words
    )
    assert result.status == "partial"
    assert "Scene S1 is left out" in result.text
    mosaic([items[0], items[2]], tmp_path / "serial.tif", engine="serial", **words)
    with (
        RasterReader(tmp_path / "cluster.tif") as one,
        RasterReader(tmp_path / "serial.tif") as other,
    ):
        whole = Window(0, 0, *one.grid.shape)
        assert np.array_equal(one.read_stored(1, whole), other.read_stored(1, whole))
