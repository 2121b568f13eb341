"""Tiles on a real Spark cluster: the same bytes whoever dies, one sentence for whatever does not
fit.
"""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.algorithms.indices import index_kernel
from firstlight.core.discovery.area import parse_area
from firstlight.core.enums import Unit
from firstlight.core.errors import (
    Cancelled,
    DependencyError,
    EngineError,
)
from firstlight.core.execution.engine import Engine, SerialEngine
from firstlight.core.execution.result_store import StorePlace
from firstlight.core.execution.spark_cluster import session as spark_session
from firstlight.core.execution.spark_cluster.connection import open_spark
from firstlight.core.execution.spark_cluster.place import SparkPlace
from firstlight.core.monitor import Event, Progress, RecordingMonitor
from firstlight.core.operations.mosaic import MosaicParams, run_mosaic
from firstlight.core.raster.grid import Window
from firstlight.core.raster.reader import RasterReader
from firstlight.core.settings import Settings
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.types import Radiometry
from support.burned_ground import check_an_area_in_chunks
from support.events import simulated_event
from support.processes import command_line, family, has_ended, kill, listening, parent, send
from support.range_server import FaultyServer
from support.rasters import noise
from support.run import run_kernel, run_operation, small_tiles
from support.scenes import LEFT, TOP, MadeScene, area_text, serve
from support.spark_cluster import HOSTS, SparkCluster
from support.stacks import write_stack
from support.waiting import PATIENCE_S, stop_at, wait_until

from .conftest import OTHER

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """400 tiles of 64 pixels."""
    folder = tmp_path_factory.mktemp("stack")
    return write_stack(folder, {"red": noise((1280, 1280), 0), "nir": noise((1280, 1280), 1)})


@pytest.fixture(scope="module")
def serial(stack: Path) -> bytes:
    path = stack.parent / "serial.tif"
    run_kernel(stack, path, engine=SerialEngine())
    return path.read_bytes()


@contextmanager
def engine_at(
    place: SparkPlace, folder: Path, *files: tuple[str, int], limit_s: float = PATIENCE_S
) -> Iterator[Engine]:
    store = StorePlace(str(folder), str(folder / "result"))
    with open_spark(place, store, files, limit_s, threading.Event()) as engine:
        yield engine


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


def is_tile(event: Event) -> bool:
    return isinstance(event, Progress) and "tile" in event.detail


def kill_a_python(cluster: SparkCluster) -> None:
    wait_until(cluster.pythons)
    kill(cluster.pythons()[0])


def kill_an_executor(cluster: SparkCluster) -> None:
    kill(cluster.executors(HOSTS[0])[0])


def kill_a_worker(cluster: SparkCluster) -> None:
    worker = cluster.processes[HOSTS[0]]
    executors = cluster.executors(HOSTS[0])
    worker.kill()
    worker.wait()
    for executor in executors:
        kill(executor)
    cluster.start_worker(HOSTS[0])


def test_the_bytes_are_those_of_one_after_the_other(
    place: SparkPlace, stack: Path, serial: bytes, shared_folder: Path, tmp_path: Path
) -> None:
    monitor = RecordingMonitor()
    with engine_at(place, shared_folder) as engine:
        run_kernel(stack, tmp_path / "spark.tif", engine=engine, monitor=monitor)
    assert (tmp_path / "spark.tif").read_bytes() == serial
    assert sum(map(is_tile, monitor.events)) == 400, "each tile is told"
    assert not list(shared_folder.iterdir()), "the store is swept"


@pytest.mark.parametrize("happens", [kill_a_python, kill_an_executor, kill_a_worker])
def test_what_dies_costs_nothing_but_time(
    cluster: SparkCluster,
    place: SparkPlace,
    stack: Path,
    serial: bytes,
    shared_folder: Path,
    tmp_path: Path,
    happens: Callable[[SparkCluster], None],
) -> None:
    done: list[int] = []

    def act() -> None:
        happens(cluster)
        done.append(1)

    with engine_at(place, shared_folder) as engine:
        run_kernel(stack, tmp_path / "spark.tif", engine=engine, monitor=OnTile(30, act))
    assert done
    assert (tmp_path / "spark.tif").read_bytes() == serial


def test_a_worker_that_hangs_is_outrun(
    cluster: SparkCluster,
    place: SparkPlace,
    stack: Path,
    serial: bytes,
    shared_folder: Path,
    tmp_path: Path,
) -> None:
    stopped: list[int] = []

    def hang() -> None:
        worker = cluster.processes[HOSTS[1]]
        stopped.extend(cluster.executors(HOSTS[1]))
        for pid in [*stopped, *cluster.pythons()]:
            if pid in stopped or _belongs(pid, stopped):
                stopped.append(pid)
                send(pid, signal.SIGSTOP)
        assert worker.poll() is None

    try:
        with engine_at(place, shared_folder) as engine:
            run_kernel(stack, tmp_path / "spark.tif", engine=engine, monitor=OnTile(30, hang))
        assert stopped
        assert (tmp_path / "spark.tif").read_bytes() == serial
    finally:
        for pid in stopped:
            kill(pid)


def _belongs(pid: int, parents: list[int]) -> bool:
    while pid > 1:
        pid = parent(pid)
        if pid in parents:
            return True
    return False


def test_a_stop_leaves_nothing_here_and_there(
    cluster: SparkCluster, place: SparkPlace, stack: Path, shared_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    with (
        pytest.raises(Cancelled),
        engine_at(place, shared_folder) as engine,
        stop_at(lambda event: is_tile(event) and "tile 2 of" in event.detail) as monitor,
    ):
        run_kernel(stack, tmp_path / "out" / "o.tif", engine=engine, monitor=monitor)
    assert list((tmp_path / "out").iterdir()) == []
    wait_until(lambda: not list(shared_folder.iterdir()), "the store stays")


def test_ports_are_on_loopback_and_no_command_line_shows_the_secret(
    cluster: SparkCluster, place: SparkPlace, stack: Path, shared_folder: Path, tmp_path: Path
) -> None:
    with engine_at(place, shared_folder) as engine:
        run_kernel(stack, tmp_path / "spark.tif", engine=engine)
        own = family(os.getpid())
        for host, port in listening(own):
            assert host.removeprefix("::ffff:").startswith("127.") or host == "::1", (host, port)
        commands = b"".join(map(command_line, own))
        assert b"spark" in commands
        assert b"of-this-test" not in commands
        session = spark_session._KEEPER._session
        assert session is not None
        private = session.log.parent
        assert private.stat().st_mode & 0o077 == 0
        for path in private.rglob("*"):
            if path.is_file():
                assert b"of-this-test" not in path.read_bytes(), path


def test_a_driver_that_dies_is_one_sentence_and_the_next_run_has_another(
    place: SparkPlace, stack: Path, serial: bytes, shared_folder: Path, tmp_path: Path
) -> None:
    def end() -> None:
        session = spark_session._KEEPER._session
        assert session is not None
        kill(session._process.pid)

    with (
        pytest.raises(EngineError, match="cannot be used: the driver's process ended"),
        engine_at(place, shared_folder) as engine,
    ):
        run_kernel(stack, tmp_path / "o.tif", engine=engine, monitor=OnTile(5, end))
    assert not (tmp_path / "o.tif").exists()
    with engine_at(place, shared_folder) as engine:
        run_kernel(stack, tmp_path / "o.tif", engine=engine)
    assert (tmp_path / "o.tif").read_bytes() == serial


def test_a_file_that_workers_do_not_see_is_named(
    place: SparkPlace, stack: Path, shared_folder: Path, tmp_path: Path
) -> None:
    hidden = str(tmp_path / "hidden")
    with (
        pytest.raises(DependencyError, match=rf"the worker .* does not see {hidden} as this"),
        engine_at(place, shared_folder, (hidden, 5)) as engine,
    ):
        run_kernel(stack, tmp_path / "o.tif", engine=engine)


def test_a_store_that_workers_do_not_see_is_named(
    place: SparkPlace, stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where workers are not
    with (
        pytest.raises(EngineError, match=r" failed: The store of finished tiles at not/seen can"),
        engine_at(place, Path("not/seen")) as engine,
    ):
        run_kernel(stack, tmp_path / "o.tif", engine=engine)


def test_a_fault_on_the_workers_is_told_in_its_own_words(
    place: SparkPlace, stack: Path, shared_folder: Path, tmp_path: Path
) -> None:
    kernel = dataclasses.replace(index_kernel("NDVI", ["red", "nir"]), compute=partial(int, "x"))
    with (
        pytest.raises(EngineError, match=r"on the Spark cluster at .* failed: TypeError: "),
        engine_at(place, shared_folder) as engine,
    ):
        run_kernel(stack, tmp_path / "o.tif", kernel, engine=engine)


def test_a_tile_that_fails_names_itself(
    place: SparkPlace, shared_folder: Path, tmp_path: Path
) -> None:
    stack = write_stack(tmp_path, {"red": noise((310, 300), 0), "nir": noise((310, 300), 1)})
    whole = (tmp_path / "red.tif").read_bytes()
    with (tmp_path / "red.tif").open("r+b") as file:
        file.truncate(len(whole) - 30000)
    with (
        pytest.raises(EngineError) as caught,
        engine_at(place, shared_folder) as engine,
    ):
        run_kernel(stack, tmp_path / "o.tif", engine=engine)
    assert "the tile at row" in str(caught.value)
    assert "failed on every executor, the last time because: Reading band 1" in str(caught.value)
    assert not (tmp_path / "o.tif").exists()


def test_a_wrong_secret_is_one_sentence(place: SparkPlace, tmp_path: Path) -> None:
    (tmp_path / "wrong").write_text("other\n")
    for secret in (str(tmp_path / "wrong"), ""):
        with (
            pytest.raises(EngineError, match="does not let this computer in: the secret"),
            engine_at(dataclasses.replace(place, secret_file=secret), tmp_path),
        ):
            pass


@pytest.mark.skipif(not OTHER, reason="needs a second version of pyspark")
def test_another_version_of_spark_is_one_sentence(place: SparkPlace, tmp_path: Path) -> None:
    with (
        pytest.raises(EngineError, match="it is of another version of Spark than pyspark here"),
        engine_at(dataclasses.replace(place, driver=OTHER), tmp_path),
    ):
        pass


def test_nobody_there_is_one_sentence(place: SparkPlace, tmp_path: Path) -> None:
    nobody = dataclasses.replace(place, master="spark://127.0.0.1:1")
    with (
        pytest.raises(EngineError, match=r"127\.0\.0\.1:1 does not answer \(.*\)\. Is it running"),
        engine_at(nobody, tmp_path),
    ):
        pass


def test_without_pyspark_the_sentence_has_the_command(place: SparkPlace, tmp_path: Path) -> None:
    poor = tmp_path / "python3"
    poor.write_text("#!/bin/sh\nexit 1\n")
    poor.chmod(0o755)
    with (
        pytest.raises(DependencyError, match=r'python3 -m pip install "pyspark>=3\.5,<4\.1"'),
        engine_at(dataclasses.replace(place, driver=str(poor)), tmp_path),
    ):
        pass


def test_a_session_never_outlives_its_starter(place: SparkPlace, tmp_path: Path) -> None:
    program = (
        "import sys, threading, time\n"
        "from firstlight.core.execution.spark_cluster.place import SparkPlace\n"
        "from firstlight.core.execution.spark_cluster.session import kept_session\n"
        "with kept_session(SparkPlace(*sys.argv[1:]), threading.Event()) as session:\n"
        "    print(session._process.pid, session.log.parent, flush=True)\n"
        "    time.sleep(1000)\n"
    )
    words = [str(one) for one in dataclasses.astuple(place)]
    with subprocess.Popen(
        [sys.executable, "-c", program, *words], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        pid, folder = process.stdout.readline().split()
        process.kill()
    wait_until(lambda: has_ended(int(pid)), "the driver goes on")
    wait_until(lambda: not Path(folder).exists(), "its folder stays")


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Any]]:
    """Three that overlap, with cloud masks, behind HTTP."""
    with FaultyServer(tmp_path_factory.mktemp("served")) as server:
        made = []
        for number in range(3):
            bands = {
                name: noise((900, 1000), 10 * number + at) for at, name in enumerate(("red", "nir"))
            }
            bands["scl"] = np.random.default_rng(number).choice(
                np.array([4, 9], np.uint8), (900, 1000), p=[0.7, 0.3]
            )
            origin = (LEFT + 4300 * number, TOP - 3100 * number)
            made.append(serve(server, MadeScene(f"S{number}", bands, origin=origin)))
        yield [server, made]


def mosaic(scenes: list[Any], output: Path, place: SparkPlace | None, **more: Any) -> Any:
    area = area_text((LEFT + 200, TOP - 200), (LEFT + 18000, TOP - 15000))
    settings = dataclasses.replace(Settings(), tile_size=48, retry_delay_s=0.0)
    if place is not None:
        settings = dataclasses.replace(settings, **settings_of(place))
    words = {"engine": "spark" if place else "serial", "rule": "clear", **more}
    params = MosaicParams(
        scenes=tuple(scenes), area=parse_area(area), output=output, index="NDVI", **words
    )
    return run_mosaic(params, settings, RecordingMonitor())


def settings_of(place: SparkPlace) -> dict[str, str]:
    return {
        "spark": place.master,
        "spark_python": place.python,
        "spark_driver_python": place.driver,
        "spark_secret_file": place.secret_file,
    }


def test_a_mosaic_of_a_thousand_tiles_has_the_same_bytes(
    place: SparkPlace, scenes: list[Any], tmp_path: Path
) -> None:
    one = mosaic(scenes[1], tmp_path / "serial.tif", None)
    two = mosaic(scenes[1], tmp_path / "spark.tif", place)
    with RasterReader(tmp_path / "spark.tif") as reader:
        rows, cols = reader.grid.shape
    assert -(-rows // 48) * -(-cols // 48) >= 1000
    assert one.status == two.status
    assert f"Spark at {place.master}" in two.text
    assert (tmp_path / "spark.tif").read_bytes() == (tmp_path / "serial.tif").read_bytes()


def test_a_scene_that_workers_cannot_read_is_left_out(
    place: SparkPlace, scenes: list[Any], tmp_path: Path
) -> None:
    server, items = scenes
    hidden = Path(server.root) / "S1/nir.tif"
    hidden.rename(hidden.with_suffix(".away"))
    try:
        result = mosaic(items, tmp_path / "spark.tif", place, rule="first")
    finally:
        hidden.with_suffix(".away").rename(hidden)
    assert result.status == "partial"
    assert "Scene S1 is left out" in result.text
    mosaic([items[0], items[2]], tmp_path / "serial.tif", None, rule="first")
    with (
        RasterReader(tmp_path / "spark.tif") as one,
        RasterReader(tmp_path / "serial.tif") as other,
    ):
        whole = Window(0, 0, *one.grid.shape)
        assert np.array_equal(one.read_stored(1, whole), other.read_stored(1, whole))


def test_radar_water_with_a_survey_and_a_halo_has_the_same_bytes(
    place: SparkPlace, tmp_path: Path
) -> None:
    scene = simulated_event("flood").scene("radar_after")
    power = Radiometry(1.0, 0.0, 0.0, Unit.POWER)
    sources = {name: BandSource(scene.bands[name], radiometry=power) for name in ("vv", "vh")}
    create_band_stack(sources, tmp_path / "after.vrt", band_order=["vv", "vh"])
    made = {}
    for engine in ("serial", "spark"):
        settings = small_tiles(
            64, engine=engine, **(settings_of(place) if engine == "spark" else {})
        )
        folder = tmp_path / engine
        run_operation(
            "sar-water",
            settings,
            post=tmp_path / "after.vrt",
            output=folder,
            speckle="refined-lee",
        )
        made[engine] = {path.name: path.read_bytes() for path in folder.rglob("*.tif")}
    assert made["serial"]
    assert made["serial"].keys() == made["spark"].keys()
    for name, data in made["serial"].items():
        assert made["spark"][name] == data, name


def test_chunks_of_an_area_are_the_single_files_of_threads(
    place: SparkPlace, tmp_path: Path
) -> None:
    check_an_area_in_chunks(tmp_path, small_tiles(engine="spark", **settings_of(place)))
