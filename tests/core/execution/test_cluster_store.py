"""A cluster whose workers write finished tiles to a common place: who is given what, and what
happens to what is lost, late or harmed on the way.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("distributed", reason="Dask distributed is not installed")

import threading

from firstlight.core.errors import AlgorithmError, EngineError, StoreError
from firstlight.core.execution.dask_cluster import run as cluster_run
from firstlight.core.execution.dask_cluster.connection import open_cluster
from firstlight.core.execution.dask_cluster.engine import DaskClusterEngine
from firstlight.core.execution.dask_cluster.task import Failure
from firstlight.core.execution.engine import SerialEngine
from firstlight.core.execution.result_store import StorePlace, new_store
from firstlight.core.files.chunk_folder import chunk_files
from firstlight.core.monitor import Note, RecordingMonitor
from firstlight.core.raster.grid import Window, split_windows
from support.burned_ground import check_an_area_in_chunks
from support.dask_cluster import DaskCluster
from support.object_server import ObjectServer, object_server
from support.rasters import noise
from support.run import run_kernel, small_tiles
from support.stacks import write_stack
from support.waiting import PATIENCE_S

TILES = split_windows((160, 160), 10)


@pytest.fixture(scope="module")
def storage() -> Iterator[ObjectServer]:
    with object_server() as server:
        yield server


@pytest.fixture(scope="module")
def cluster(
    tmp_path_factory: pytest.TempPathFactory, storage: ObjectServer
) -> Iterator[DaskCluster]:
    """Two workers who know the storage's account."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in storage.environment().items():
            patch.setenv(name, value)
        with DaskCluster(tmp_path_factory.mktemp("cluster")) as made:
            made.add_worker()
            made.add_worker()
            made.wait_for(2)
            yield made


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_run, "ANSWER_S", PATIENCE_S)
    monkeypatch.setattr(cluster_run, "LOST_S", PATIENCE_S)


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """25 tiles of 64 pixels."""
    return write_stack(tmp_path, {"red": noise((310, 300), 0), "nir": noise((310, 300), 1)})


@pytest.fixture
def place(tmp_path: Path) -> StorePlace:
    (tmp_path / "store").mkdir()
    return StorePlace(str(tmp_path / "store"), "made.tif")


@dataclass(frozen=True)
class Noting:
    """Notes who does which tile; ``fault`` may do something else."""

    diary: str
    fault: Any

    def __call__(self, tile: Window) -> int:
        import os

        with open(self.diary, "a") as file:
            file.write(f"{tile.row} {tile.col} {os.getpid()}\n")
        self.fault(tile)
        return 1000 * tile.row + tile.col

    def pack(self, result: int) -> bytes:
        return str(result).encode()

    def unpack(self, data: bytes) -> int:
        return int(data)


def travelling(diary: Path, fault: Any = None) -> Any:
    """The work, made of code that travels: workers do not know this module."""
    import cloudpickle

    cloudpickle.register_pickle_by_value(__import__(__name__, fromlist=["x"]))
    # A function of its own makes the whole travel as code.
    return Noting(str(diary), fault or (lambda tile: None))


def entries(diary: Path) -> list[tuple[int, int, int]]:
    lines = diary.read_text().splitlines()
    return [(int(a), int(b), int(c)) for a, b, c in (line.split() for line in lines)]


EXPECTED = [1000 * tile.row + tile.col for tile in TILES]


def open_at(cluster: DaskCluster, place: StorePlace | None, limit_s: float = 60.0) -> Any:
    return open_cluster(cluster.address, [], limit_s, threading.Event(), place=place)


@pytest.mark.thorough
def test_neighbours_go_to_the_same_worker(
    cluster: DaskCluster, place: StorePlace, tmp_path: Path
) -> None:
    with open_at(cluster, place) as engine:
        work = travelling(tmp_path / "diary")
        assert engine.run(work, TILES, threading.Event()) == EXPECTED
    told = entries(tmp_path / "diary")
    assert len(told) == len(TILES)
    owners: dict[tuple[int, int], set[int]] = {}
    for row, col, pid in told:
        owners.setdefault((row // 40, col // 40), set()).add(pid)
    assert len(owners) == 16
    assert all(len(pids) == 1 for pids in owners.values())
    assert len({pid for pids in owners.values() for pid in pids}) == 2
    assert list((tmp_path / "store").iterdir()) == []


@pytest.mark.thorough
def test_nothing_but_facts_passes_through_the_scheduler(
    cluster: DaskCluster, place: StorePlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Any] = []
    outcome_of = cluster_run.outcome_of

    def note(future: Any, limit_s: float) -> Any:
        answers.append(outcome_of(future, limit_s))
        return answers[-1]

    monkeypatch.setattr(cluster_run, "outcome_of", note)
    with open_at(cluster, place) as engine:
        engine.run(travelling(tmp_path / "diary"), TILES, threading.Event())
        # An answer that comes after all of its tiles is not waited for.
        assert all(one is None or isinstance(one, Failure) for one in answers)
        answers.clear()
        engine.run(lambda tile: tile.row, TILES, threading.Event())  # cannot be written to a file
        assert len(answers) == len(TILES)


def test_a_place_that_workers_do_not_see_is_told_and_tiles_come_all_the_same(
    cluster: DaskCluster, stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_kernel(stack, tmp_path / "serial.tif", engine=SerialEngine())
    monkeypatch.chdir(tmp_path)  # workers are elsewhere
    monitor = RecordingMonitor()
    settings = small_tiles(engine="cluster", cluster=cluster.address, store="here")
    run_kernel(stack, tmp_path / "o.tif", settings=settings, monitor=monitor)
    assert (tmp_path / "o.tif").read_bytes() == (tmp_path / "serial.tif").read_bytes()
    [told] = [one.text for one in monitor.events if isinstance(one, Note) and "one by" in one.text]
    assert "not by way of here (the worker tcp://127.0.0.1:" in told
    assert "does not see it): that takes longer. Name a place" in told
    assert list((tmp_path / "here").iterdir()) == []


def test_tiles_by_way_of_object_storage_are_the_same(
    cluster: DaskCluster,
    storage: ObjectServer,
    stack: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in storage.environment().items():
        monkeypatch.setenv(name, value)
    storage.asked.clear()
    run_kernel(stack, tmp_path / "serial.tif", engine=SerialEngine())
    monitor = RecordingMonitor()
    words = {"engine": "cluster", "cluster": cluster.address, "store": "s3://bucket/tiles"}
    run_kernel(stack, tmp_path / "o.tif", settings=small_tiles(**words), monitor=monitor)
    assert (tmp_path / "o.tif").read_bytes() == (tmp_path / "serial.tif").read_bytes()
    assert not [one for one in monitor.events if isinstance(one, Note) and "one by" in one.text]
    tiles = {one for one in storage.asked if one.startswith("PUT") and one[-1].isdigit()}
    assert len(tiles) >= 25
    assert storage.objects == {}


def test_what_a_killed_run_has_left_is_swept(
    cluster: DaskCluster, stack: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    output = tmp_path / "out" / "o.tif"
    old = new_store(StorePlace(str(output.parent), str(output)))
    old.open()
    old.begin(0)
    old.put(0, 0, b"of another run")
    run_kernel(stack, output, settings=small_tiles(engine="cluster", cluster=cluster.address))
    assert list((tmp_path / "out").iterdir()) == [output]
    run_kernel(stack, tmp_path / "serial.tif", engine=SerialEngine())
    assert output.read_bytes() == (tmp_path / "serial.tif").read_bytes()


@pytest.mark.thorough
def test_a_group_that_hangs_is_given_to_another_and_what_it_has_done_stays(
    cluster: DaskCluster, place: StorePlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time leaps over the limit once a worker hangs at the tenth tile of a group."""
    mark, release = tmp_path / "mark", tmp_path / "release"

    def hang_once(tile: Window) -> None:
        import os
        import time

        if (tile.row % 40, tile.col % 40) != (20, 10):
            return
        try:
            os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return
        while not release.exists():
            time.sleep(0.01)

    leap = 10_000.0
    monkeypatch.setattr(cluster_run, "ANSWER_S", 10 * leap)
    monkeypatch.setattr(cluster_run, "LOST_S", 10 * leap)
    clock_leapt = tmp_path / "leapt"
    clock = SimpleNamespace(
        monotonic=lambda: time.monotonic() + (leap if clock_leapt.exists() else 0.0)
    )
    looks: list[int] = []
    watch = cluster_run.ClusterRun._saw

    def let_time_pass(self: Any, key: str, seen: Any, answered: float) -> None:
        """The limit passes when all else is done."""
        watch(self, key, seen, answered)
        if mark.exists() and sum(len(job.left) for job in self.under_way.values()) <= 7:
            looks.append(len(self.under_way))
            clock_leapt.touch()

    monkeypatch.setattr(cluster_run.ClusterRun, "_saw", let_time_pass)
    monkeypatch.setattr(cluster_run, "time", clock)
    with open_at(cluster, place, leap / 2) as engine:
        work = travelling(tmp_path / "diary", hang_once)
        assert engine.run(work, TILES, threading.Event()) == EXPECTED
    release.touch()
    assert looks
    told = entries(tmp_path / "diary")
    assert len(told) <= len(TILES) + 7  # of the group that hung, those that were left
    assert len({entry[:2] for entry in told}) == len(TILES)


def test_a_tile_that_fails_goes_to_another_worker_and_its_group_goes_on(
    cluster: DaskCluster, place: StorePlace, tmp_path: Path
) -> None:
    def fail(tile: Window) -> None:
        from firstlight.core.errors import RasterError

        if tile.row == 50 and tile.col in (50, 90):
            raise RasterError("Reading the tile failed", "the disk is gone")

    with (
        open_at(cluster, place) as engine,
        pytest.raises(
            EngineError,
            match=r"the tile at row 50, column .* failed 3 times each, .*: the disk is gone\.",
        ),
    ):
        engine.run(travelling(tmp_path / "diary", fail), TILES, threading.Event())
    told = entries(tmp_path / "diary")
    for col in (50, 90):
        pids = [pid for row, column, pid in told if (row, column) == (50, col)]
        assert len(pids) == 3
        assert pids[0] != pids[1]
    assert len({entry[:2] for entry in told}) == len(TILES)
    assert len(told) == len(TILES) + 4
    assert list((tmp_path / "store").iterdir()) == []


def test_what_would_fail_everywhere_is_raised_as_it_is(
    cluster: DaskCluster, place: StorePlace, tmp_path: Path
) -> None:
    def fail(tile: Window) -> None:
        from firstlight.core.errors import AlgorithmError

        raise AlgorithmError("NDVI cannot be computed", "there is a reason")

    with (
        open_at(cluster, place) as engine,
        pytest.raises(AlgorithmError, match="NDVI cannot be computed: there is a reason"),
    ):
        engine.run(travelling(tmp_path / "diary", fail), TILES, threading.Event())


def test_a_harmed_tile_is_done_once_more(
    cluster: DaskCluster, place: StorePlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harmed: list[int] = []
    unpack = Noting.unpack

    def harm_once(self: Noting, data: bytes) -> int:
        """What the disk has made of it."""
        if len(harmed) < 2:
            harmed.append(int(data))
            return int(b"x" + data)
        return unpack(self, data)

    work = travelling(tmp_path / "diary")
    monkeypatch.setattr(Noting, "unpack", harm_once)
    with open_at(cluster, place) as engine:
        assert engine.run(work, TILES, threading.Event()) == EXPECTED
    assert len(entries(tmp_path / "diary")) == len(TILES) + 2


def test_a_store_that_is_gone_in_the_middle_is_one_sentence(
    cluster: DaskCluster, place: StorePlace, tmp_path: Path
) -> None:
    def lose(tile: Window) -> None:
        import shutil

        if tile.row == 50:
            shutil.rmtree(place.base, ignore_errors=True)

    with open_at(cluster, place) as engine, pytest.raises(StoreError) as told:
        engine.run(travelling(tmp_path / "diary", lose), TILES, threading.Event())
    assert told.value.what.startswith(f"The store of finished tiles at {place.base} cannot be ")
    assert "does not see it" in str(told.value) or "No such file" in str(told.value)


def test_without_tiles_no_store_is_made(cluster: DaskCluster, place: StorePlace) -> None:
    with open_at(cluster, place) as engine:
        assert isinstance(engine, DaskClusterEngine)
        assert engine.run(Noting("", None), [], threading.Event()) == []


@pytest.mark.thorough
def test_chunks_of_a_cluster_are_those_of_this_computer(
    cluster: DaskCluster, stack: Path, tmp_path: Path
) -> None:
    """Written by the workers; one of them is killed in the middle."""
    chosen = {"chunk_pixels": 128 * 128, "engine": "cluster", "cluster": cluster.address}
    settings = small_tiles(**chosen)
    run_kernel(stack, tmp_path / "serial.vrt", engine=SerialEngine(), settings=settings)
    victim = cluster.workers[0]

    class Kills(RecordingMonitor):
        def emit(self, event: Any) -> None:
            super().emit(event)
            if "chunk 2 of" in getattr(event, "detail", "") and victim.poll() is None:
                os.kill(victim.pid, signal.SIGKILL)

    run_kernel(stack, tmp_path / "o.vrt", settings=settings, monitor=Kills())
    assert victim.wait(PATIENCE_S) == -signal.SIGKILL
    cluster.kill(victim)
    cluster.add_worker()
    cluster.wait_for(2)
    expected, made = chunk_files(tmp_path / "serial.vrt"), chunk_files(tmp_path / "o.vrt")
    assert len(made) == len(expected) == 9
    assert [one.read_bytes() for one in made] == [one.read_bytes() for one in expected]
    assert (tmp_path / "o.vrt.ovr").read_bytes() == (tmp_path / "serial.vrt.ovr").read_bytes()
    assert not list(tmp_path.rglob("*.part"))


def test_chunks_of_an_area_are_the_single_files_of_threads(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    check_an_area_in_chunks(tmp_path, small_tiles(engine="cluster", cluster=cluster.address))


def test_a_full_store_is_named(
    cluster: DaskCluster, stack: Path, small_disk: Path, tmp_path: Path
) -> None:
    (small_disk / "filler").write_bytes(bytes((2 << 20) - 16_384))  # no tile has room
    settings = small_tiles(engine="cluster", cluster=cluster.address, store=str(small_disk))
    with pytest.raises(StoreError, match=rf"tiles at {small_disk} cannot be written: No space"):
        run_kernel(stack, tmp_path / "o.tif", settings=settings)
    assert not (tmp_path / "o.tif").exists()
    assert [path.name for path in small_disk.iterdir()] == ["filler"]
