"""The bands of a scene at once: what comes is kept, what does not is named, and a stop leaves
nothing half-done.
"""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.dummy import DummyProcess
from pathlib import Path
from typing import Any

import pytest

from firstlight.core.discovery import catalogs as catalogs_module
from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.discovery.catalogs import get_catalog
from firstlight.core.discovery.scene_parser import parse_item
from firstlight.core.download.band_downloader import download_bands
from firstlight.core.download.plan import plan_downloads
from firstlight.core.download.turns import TURNS
from firstlight.core.errors import Cancelled, DiskFullError, IngestionError
from firstlight.core.monitor import BandProgress, Event, Note, Progress, RecordingMonitor
from firstlight.core.settings import Settings
from firstlight.core.types import BandFailure, BandFile, SceneItem
from support.disks import fill
from support.range_server import EMPTY_BODY, Fault, FaultyServer
from support.rasters import noise, write_raster
from support.stac_server import make_item
from support.waiting import PATIENCE_S, Gate, StopWhen, wait_until

BANDS = ["blue", "green", "red", "nir", "swir16", "swir22"]
NOISE = noise((256, 256), 7, 1, 60000)


class World:
    """Six bands on a server, and the folder they are to come to."""

    def __init__(self, files: FaultyServer, output: Path, settings: Settings) -> None:
        self.files = files
        self.output = output
        self.settings = settings
        self.monitor = RecordingMonitor()

    def scene(self, **more: dict[str, Any]) -> SceneItem:
        assets = {
            n: {
                "href": self.files.url(f"{n}.tif"),
                "gsd": 20 if n.startswith("swir") else 10,
                **more.get(n, {}),
            }
            for n in BANDS
        }
        return parse_item(make_item("one", assets=assets), get_sensor("sentinel2"), "c")

    @property
    def folder(self) -> Path:
        return self.output / "one"

    def run(
        self, scene: SceneItem | None = None, **settings: Any
    ) -> tuple[list[BandFile], list[BandFailure]]:
        plan = plan_downloads(scene or self.scene(), BANDS, self.output)
        return download_bands(plan, dataclasses.replace(self.settings, **settings), self.monitor)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def states(self, band: str) -> list[str]:
        found = [
            e.state for e in self.monitor.events if isinstance(e, BandProgress) and e.band == band
        ]
        return [
            state for number, state in enumerate(found) if number == 0 or state != found[number - 1]
        ]

    def messages(self) -> list[str]:
        return [e.message for e in self.monitor.events if isinstance(e, Progress)]


@pytest.fixture
def world(tmp_path: Path, settings: Settings) -> Iterator[World]:
    for number, name in enumerate(BANDS):
        write_raster(tmp_path / "served" / f"{name}.tif", NOISE + number)
    with FaultyServer(tmp_path / "served") as files:
        yield World(files, tmp_path / "out", settings)


COMPLETE = sorted([*(f"{name}.tif" for name in BANDS), "bands.json"])


def test_all_bands_arrive_and_are_recorded(world: World) -> None:
    files, failures = world.run()
    assert failures == []
    assert [f.band for f in files] == BANDS
    assert world.names() == COMPLETE
    for file in files:
        assert file.path.read_bytes() == (world.files.root / f"{file.band}.tif").read_bytes()
        assert world.states(file.band) == ["waiting", "downloading", "done"]
    record = json.loads((world.folder / "bands.json").read_text())
    assert {name: entry["sha256"] for name, entry in record.items()} == {
        f.band: f.sha256 for f in files
    }
    counts = [text for text in world.messages() if text != "Downloading"]
    assert counts == [f"{n}/6 bands complete ({100 * n // 6}%)" for n in range(1, 7)]
    assert [e.fraction for e in world.monitor.events if isinstance(e, Progress)][-1] == 1.0


def most_at_once(world: World, expected: int, **settings: Any) -> int:
    """Hold all requests until so many are there; the most that the server had at once."""
    gate = Gate()
    for name in BANDS:
        world.files.break_next(f"{name}.tif", Fault(gate=gate))

    def watch() -> None:
        wait_until(lambda: world.files.most_at_once >= expected)
        time.sleep(0.1)  # one too many would come; a slow computer can only fail to notice
        gate.open()

    threading.Thread(target=watch, daemon=True).start()
    world.run(**settings)
    return world.files.most_at_once


@pytest.mark.thorough
@pytest.mark.parametrize(("at_once", "most"), [(1, 1), (2, 2), (4, 4), (32, 6)])
def test_never_more_at_once_than_wanted_and_as_many_as_there_are(
    world: World, at_once: int, most: int
) -> None:
    assert most_at_once(world, most, parallel_downloads=at_once) == most


def test_four_at_once_is_the_default(world: World) -> None:
    assert Settings().parallel_downloads == 4
    assert most_at_once(world, 4) == 4


def test_a_catalogue_is_asked_for_no_more_at_once_than_it_allows(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = dataclasses.replace(get_catalog("earth-search"), at_once=2)
    monkeypatch.setattr(catalogs_module, "catalog_names", lambda: ("c",))
    monkeypatch.setattr(catalogs_module, "get_catalog", lambda _: strict)
    assert most_at_once(world, 2, parallel_downloads=6) == 2


def test_two_jobs_share_the_connections_and_neither_waits_for_the_other(world: World) -> None:
    """The second job's single band comes while all the connections are in demand."""
    gates = {name: Gate() for name in BANDS}
    for name, gate in gates.items():
        world.files.break_next(f"{name}.tif", Fault(gate=gate))
    settings = dataclasses.replace(world.settings, parallel_downloads=2)
    small = World(world.files, world.output / "small", settings)
    done: list[str] = []

    def bring_one() -> None:
        plan = plan_downloads(small.scene(), BANDS[-1:], small.output)
        download_bands(plan, settings, small.monitor)
        done.append("small")

    def bring_all() -> None:
        plan = plan_downloads(world.scene(), BANDS[:-1], world.output)
        download_bands(plan, settings, world.monitor)
        done.append("large")

    jobs = [threading.Thread(target=work, daemon=True) for work in (bring_all, bring_one)]
    jobs[0].start()
    asked = wait_until_some(lambda: [name for name in BANDS if gates[name].reached.is_set()], 2)
    jobs[1].start()
    wait_until(lambda: small.monitor.events)
    time.sleep(0.1)  # a third request would come; a slow computer can only fail to notice
    assert not gates[BANDS[-1]].reached.is_set()
    gates[asked[0]].open()
    wait_until(gates[BANDS[-1]].reached.is_set)
    gates[BANDS[-1]].open()
    wait_until(lambda: done)
    assert done == ["small"]
    for gate in gates.values():
        gate.open()
    wait_until(lambda: len(done) == 2)
    assert world.files.most_at_once == 2


def wait_until_some(find: Callable[[], list[str]], count: int) -> list[str]:
    wait_until(lambda: len(find()) >= count)
    return find()


@pytest.mark.parametrize("busy", [True, False], ids=["busy", "calm"])
def test_a_host_is_kept_waiting_for_once_it_has_said_that_it_is_busy(
    world: World, busy: bool
) -> None:
    if busy:
        fault = Fault(times=1, status=429, retry_after="1")
        world.files.break_next("nir.tif", fault)
    files, failures = world.run(request_delay_ms=1)
    assert len(files) == len(BANDS)
    assert not failures
    url, now = world.files.url("nir.tif"), time.monotonic() + 60
    waits = [TURNS.take(url, 10.0, 1, now) for _ in range(2)]
    assert waits == pytest.approx([0.0, 10.0 if busy else 0.0])


def test_what_comes_is_kept_and_what_does_not_is_named(world: World) -> None:
    world.files.break_next("green.tif", Fault(status=404))
    world.files.break_next("nir.tif", Fault(status=503))
    files, failures = world.run()
    assert [f.band for f in files] == ["blue", "red", "swir16", "swir22"]
    assert [(f.band, f.status, f.attempts) for f in failures] == [
        ("green", 404, 1),
        ("nir", 503, 3),
    ]
    assert failures[0].error.startswith("Band download failed for 'green' from http://127.0.0.1")
    assert world.messages()[-1] == "4/6 bands complete, 2 failed"
    assert world.states("nir") == ["waiting", "retrying", "failed"]
    assert [e.text for e in world.monitor.events if isinstance(e, Note) and e.level == "error"]
    assert sorted(json.loads((world.folder / "bands.json").read_text())) == [
        "blue",
        "red",
        "swir16",
        "swir22",
    ]


def test_a_reason_for_a_table_is_the_status_and_no_more(world: World) -> None:
    world.files.break_next("green.tif", Fault(status=404))
    _, (failure,) = world.run()
    assert failure.reason == "HTTP 404"


def test_all_bands_failing_is_no_exception(world: World) -> None:
    for name in BANDS:
        world.files.break_next(f"{name}.tif", Fault(status=404))
    files, failures = world.run()
    assert files == []
    assert [f.band for f in failures] == BANDS
    assert world.names() == []


def test_a_second_run_fetches_nothing(world: World) -> None:
    world.run()
    before = len(world.files.requests)
    world.monitor = RecordingMonitor()
    files, _ = world.run()
    assert [f.band for f in files] == BANDS
    assert all(f.attempts == 0 and f.sha256 for f in files)
    assert len(world.files.requests) == before
    assert [e.detail for e in world.monitor.events if isinstance(e, BandProgress)] == [
        "Already exists, skipping"
    ] * 6


def test_only_what_is_missing_is_fetched(world: World) -> None:
    world.run()
    (world.folder / "red.tif").unlink()
    world.run()
    assert [world.files.count(f"{name}.tif") for name in BANDS] == [1, 1, 2, 1, 1, 1]


def test_a_partial_file_is_replaced_with_a_warning(world: World) -> None:
    world.run()
    nir = world.folder / "nir.tif"
    whole = nir.read_bytes()
    nir.write_bytes(whole[: len(whole) // 2])
    world.monitor = RecordingMonitor()
    world.run()
    assert nir.read_bytes() == whole
    warnings = [
        e.text for e in world.monitor.events if isinstance(e, Note) and e.level == "warning"
    ]
    assert warnings == [
        f"one: nir: Partial file detected, re-downloading ({len(whole) // 2} of {len(whole)} bytes)"
    ]


def test_a_stale_part_of_a_killed_run_does_not_disturb(world: World) -> None:
    world.folder.mkdir(parents=True)
    (world.folder / "nir.tif.part").write_bytes(b"x" * 10_000_000)
    (world.folder / "bands.json.part").write_text("{")
    world.run()
    assert world.names() == COMPLETE


def test_checksums_that_are_stated_are_checked(world: World) -> None:
    _, failures = world.run(world.scene(nir={"file:checksum": "1220" + "0" * 64}), retry_attempts=1)
    assert [f.band for f in failures] == ["nir"]
    assert failures[0].reason.startswith("the checksum is sha256 ")


def test_a_checksum_that_is_no_text_is_not_offered(world: World) -> None:
    files, _ = world.run(world.scene(nir={"file:checksum": 5}))
    assert len(files) == 6


def test_a_band_that_is_no_raster_is_one_failure_not_the_end(world: World) -> None:
    world.files.break_next("nir.tif", Fault(body=b"<html>"))
    files, failures = world.run()
    assert [f.band for f in failures] == ["nir"]
    assert len(files) == 5


def bands_that_came(events: Sequence[Event]) -> set[str]:
    return {one.band for one in events if isinstance(one, BandProgress) and one.state == "done"}


def test_a_stop_comes_through_though_the_server_stalls_and_finished_bands_stay(
    world: World,
) -> None:
    with Gate() as gate:
        for name in ("nir", "swir16"):
            world.files.break_next(f"{name}.tif", Fault(stall_after_bytes=2000, gate=gate))
        monitor = world.monitor = StopWhen(
            lambda: gate.reached.is_set() and len(bands_that_came(monitor.events)) == 4
        )
        with pytest.raises(Cancelled):
            world.run()
        assert gate.is_held
        assert {"blue.tif", "green.tif", "red.tif", "swir22.tif"} <= set(world.names())
        assert "bands.json" in world.names()
        assert not {"nir.tif", "swir16.tif"} & set(world.names())


def has_come(world: World, count: int) -> Callable[[], bool]:
    part = world.folder / "nir.tif.part"
    return lambda: part.exists() and part.stat().st_size == count


def test_after_a_stop_what_has_come_stays_and_the_next_run_goes_on_from_there(world: World) -> None:
    world.files.break_next("nir.tif", Fault(stall_after_bytes=2000))
    world.monitor = StopWhen(has_come(world, 2000))
    with pytest.raises(Cancelled):
        world.run()
    assert has_come(world, 2000)()
    world.files.mend()
    before = world.files.bytes_sent("nir.tif")
    world.monitor = RecordingMonitor()
    world.run()
    whole = (world.files.root / "nir.tif").read_bytes()
    assert (world.folder / "nir.tif").read_bytes() == whole
    assert world.files.bytes_sent("nir.tif") - before == len(whole) - 2000
    assert world.states("nir") == ["waiting", "resuming", "downloading", "done"]
    assert world.names() == COMPLETE


def test_a_worker_left_behind_does_not_disturb_the_next_run(world: World) -> None:
    """It wakes up in the middle of the next run's download of the same band."""
    write_raster(world.files.root / "nir.tif", noise((500, 500), 1, 1, 60000))
    first, second = Gate(), Gate()
    world.files.break_next(
        "nir.tif",
        Fault(stall_after_bytes=2000, times=1, gate=first),
        Fault(stall_after_bytes=100_000, times=1, gate=second),
    )
    world.monitor = StopWhen(has_come(world, 2000))
    with pytest.raises(Cancelled):
        world.run()
    left_behind = [thread for thread in threading.enumerate() if isinstance(thread, DummyProcess)]
    assert left_behind

    def wake_the_old_one() -> None:
        assert second.reached.wait(PATIENCE_S)
        first.open()
        for thread in left_behind:
            thread.join(PATIENCE_S)
        second.open()

    threading.Thread(target=wake_the_old_one, daemon=True).start()
    world.monitor = RecordingMonitor()
    files, failures = world.run(retry_attempts=1)
    assert failures == []
    assert len(files) == 6
    assert (world.folder / "nir.tif").read_bytes() == (world.files.root / "nir.tif").read_bytes()
    assert not any(thread.is_alive() for thread in left_behind)


def test_a_full_disk_stops_all_and_keeps_what_is_there(world: World, small_disk: Path) -> None:
    world.output = small_disk
    size = (world.files.root / "nir.tif").stat().st_size
    fill(small_disk, leave_bytes=5 * size + size // 2)
    with pytest.raises(DiskFullError, match="Free some room and run again"):
        world.run(parallel_downloads=1)
    assert {"blue.tif", "green.tif", "red.tif", "nir.tif", "swir16.tif"} <= set(world.names())


def test_a_record_that_cannot_be_written_is_named(world: World) -> None:
    (world.folder / "bands.json").mkdir(parents=True)
    with pytest.raises(IngestionError, match=r"The record .*one/bands\.json is a folder"):
        world.run()


def test_an_empty_file_is_tried_three_times_then_named(world: World) -> None:
    world.files.break_next("nir.tif", EMPTY_BODY)
    _, (failure,) = world.run()
    assert (failure.reason, failure.attempts) == ("the file came empty", 3)


def test_progress_counts_bytes_against_what_is_expected(world: World) -> None:
    size = (world.files.root / "nir.tif").stat().st_size
    world.run(world.scene(nir={"file:size": size}))
    nir = [e for e in world.monitor.events if isinstance(e, BandProgress) and e.band == "nir"]
    assert nir[0].total_bytes == size
    assert all(e.total_bytes == size for e in nir if e.state == "downloading")
    assert nir[-1].percent == 100


def test_a_bands_events_arrive_in_their_order_though_the_monitor_is_slow(world: World) -> None:
    class Slow(RecordingMonitor):
        def emit(self, event: Event) -> None:
            super().emit(event)
            time.sleep(0.002)

    world.monitor = Slow()
    world.run()
    for band in BANDS:
        assert world.states(band) == ["waiting", "downloading", "done"]
        received = [
            e.received_bytes
            for e in world.monitor.events
            if isinstance(e, BandProgress) and e.band == band
        ]
        assert received == sorted(received)
