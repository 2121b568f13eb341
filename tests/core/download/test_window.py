"""Only the area, over HTTP: few requests, resumed by spans, never mixed from two files, and nothing
left behind.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.shutil import copy
from rasterio.transform import from_origin
from rasterio.warp import transform as reproject

from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.discovery.scene_parser import parse_item
from firstlight.core.download.band_downloader import download_bands
from firstlight.core.download.fetch import FetchFailed, FetchJob, FetchOptions
from firstlight.core.download.http import new_session
from firstlight.core.download.plan import plan_downloads
from firstlight.core.download.window import MOST_SPANS_AT_ONCE, Shared, WindowFetch
from firstlight.core.download.window_plan import HEAD_BYTES, NotWindowable, WindowPlan
from firstlight.core.errors import BandDownloadError, Cancelled, DiskFullError, RasterError
from firstlight.core.monitor import BandProgress, Note, RecordingMonitor
from firstlight.core.raster.grid import Window
from firstlight.core.raster.reader import RasterReader
from firstlight.core.settings import Settings
from firstlight.core.sharing.fair_slots import FairSlots
from firstlight.core.types import BandFailure, BandFile, SceneItem
from firstlight.core.workers import LinkedStop
from support.disks import mount_small_disk
from support.fetching import OPTIONS
from support.hidden import write_hidden
from support.journals import rewrite_as_0_1
from support.range_server import ALWAYS, HTML_PAGE, Fault, FaultyServer
from support.rasters import noise
from support.stac_server import make_item
from support.waiting import Gate, wait_until

FILE = "nir.tif"
LEFT, TOP = 600000.0, 5200020.0
MIRROR = f"{FILE}.mirror.part"


def cog(
    path: Path, side: int = 1000, seed: int = 5, block: int = 128, compress: str = "DEFLATE"
) -> Path:
    data = np.random.default_rng(seed).integers(1, 60000, (side, side), dtype=np.uint16)
    plain = path.with_suffix(".plain")
    profile = {
        "driver": "GTiff",
        "width": side,
        "height": side,
        "count": 1,
        "dtype": "uint16",
        "nodata": 0,
    }
    with rasterio.open(
        plain, "w", **profile, crs="EPSG:32632", transform=from_origin(LEFT, TOP, 10, 10)
    ) as target:
        target.write(data, 1)
    copy(plain, path, driver="COG", compress=compress, blocksize=block)
    plain.unlink()
    return path


@pytest.fixture(scope="module")
def band(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A COG of 1000² pixels of noise, 2.7 MB."""
    return cog(tmp_path_factory.mktemp("band") / FILE)


@pytest.fixture
def served(tmp_path: Path, band: Path) -> Iterator[FaultyServer]:
    (tmp_path / "served").mkdir()
    shutil.copy(band, tmp_path / "served" / FILE)
    with FaultyServer(tmp_path / "served") as server:
        yield server


def box(x0: float, y0: float, x1: float, y1: float) -> dict[str, Any]:
    xs, ys = reproject(
        "EPSG:32632",
        "EPSG:4326",
        [LEFT + x0, LEFT + x1, LEFT + x1, LEFT + x0],
        [TOP - y0, TOP - y0, TOP - y1, TOP - y1],
    )
    ring = [list(point) for point in zip(xs, ys)]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


AREA = box(3005, 3005, 6995, 6995)
EVERYTHING = box(-100, -100, 22100, 22100)


class Trial:
    def __init__(self, server: FaultyServer, folder: Path) -> None:
        self.server = server
        self.target = folder / FILE
        self.stop = threading.Event()
        self.states: list[tuple[str, int, int | None, str]] = []
        self.slots = 8
        self.on_state: Callable[..., None] = lambda *_: None
        self.planned: Callable[[WindowPlan], None] = lambda _: None

    def run(
        self, area: dict[str, Any] = AREA, options: FetchOptions = OPTIONS, **job: Any
    ) -> WindowPlan:
        def on_state(*state: Any) -> None:
            self.states.append(state)
            self.on_state(*state)

        with new_session(Settings()) as session, FairSlots().share(self.slots) as slots:
            session.trust_env = False
            self.shared = Shared(slots, 2)
            task = FetchJob("nir", self.server.url(FILE), self.target, **job)
            self.fetch = WindowFetch(task, options, session, self.stop, self.shared)
            plan, _ = self.fetch.plan(area, on_state)
            self.planned(plan)
            self.fetch.fetch(plan, "area", on_state)
        return plan

    def is_right(self, plan: WindowPlan, source: Path | None = None) -> None:
        window = plan.window
        with (
            rasterio.open(source or self.server.root / FILE) as whole,
            rasterio.open(self.target) as cut,
        ):
            there = rasterio.windows.Window(window.col, window.row, window.cols, window.rows)
            np.testing.assert_array_equal(cut.read(), whole.read(window=there))
            assert cut.transform == whole.window_transform(there)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.target.parent.iterdir())

    def spans(self) -> list[tuple[int, int]]:
        """Asked of the server, headers left out."""
        texts = [
            str(request.range).removeprefix("bytes=").split("-") for request in self.server.requests
        ]
        return [(int(first), int(last) + 1) for first, last in texts if int(first) >= HEAD_BYTES]


@pytest.fixture
def trial(served: FaultyServer, tmp_path: Path) -> Trial:
    (tmp_path / "out").mkdir()
    return Trial(served, tmp_path / "out")


def test_two_round_trips_and_only_the_tiles(trial: Trial) -> None:
    plan = trial.run()
    trial.is_right(plan)
    assert trial.names() == [FILE]
    assert trial.server.requests[0].range == f"bytes=0-{HEAD_BYTES - 1}"
    assert sorted(trial.spans()) == list(plan.spans)
    assert trial.server.bytes_sent(FILE) == HEAD_BYTES + plan.span_bytes
    assert plan.span_bytes <= 1.15 * plan.tile_bytes
    assert trial.server.bytes_sent(FILE) < (trial.server.root / FILE).stat().st_size / 2
    facts = (trial.server.root / FILE).stat()
    etag = f'"{facts.st_mtime_ns:x}-{facts.st_size:x}"'
    assert all(request.headers["if-range"] == etag for request in trial.server.requests[1:])


@pytest.mark.parametrize("slots", [1, 3])
def test_never_more_requests_at_once_than_allowed(trial: Trial, slots: int) -> None:
    """What may be asked for stands at a gate until all the others wait for their turn."""
    trial.slots = slots
    with Gate() as gate:

        def all_have_come(plan: WindowPlan) -> bool:
            share = trial.shared.slots
            with share._slots.changed:
                return trial.server.most_at_once + share.waiting >= len(plan.spans)

        def let_on(plan: WindowPlan) -> None:
            wait_until(lambda: all_have_come(plan))
            gate.open()

        def hold(plan: WindowPlan) -> None:
            trial.server.break_next(FILE, Fault(gate=gate))
            threading.Thread(target=let_on, args=[plan], daemon=True).start()

        trial.planned = hold
        plan = trial.run()
    assert 4 <= len(plan.spans) <= MOST_SPANS_AT_ONCE
    assert trial.server.most_at_once == slots


@pytest.mark.parametrize(
    "fault",
    [
        Fault(reset_after_bytes=3000),
        Fault(short_by_bytes=100),
        Fault(short_by_bytes=100, no_length=True),
        Fault(status=503),
        Fault(status=429, retry_after="0"),
        Fault(shift_range=10),
        Fault(headers={"Content-Range": None}),
        Fault(headers={"Content-Range": "bytes 0-99/*"}),
    ],
    ids=[
        "reset",
        "short",
        "short and no length",
        "503",
        "429",
        "shifted",
        "no range named",
        "no size",
    ],
)
@pytest.mark.parametrize("good_before", [0, 2])
def test_what_passes_is_got_over(trial: Trial, fault: Fault, good_before: int) -> None:
    good = [Fault(times=good_before)] if good_before else []
    trial.server.break_next(FILE, *good, dataclasses.replace(fault, times=1))
    plan = trial.run()
    trial.is_right(plan)
    assert trial.fetch.attempts == 2
    asked = trial.spans()
    assert len(asked) == len(plan.spans) + (good_before > 0), (
        "only the span that failed is asked for again"
    )


def test_what_does_not_pass_fails_with_its_reason_and_the_rest_stays(trial: Trial) -> None:
    trial.server.break_next(FILE, Fault(times=3), Fault(status=503))
    trial.slots = 1
    with pytest.raises(
        FetchFailed, match=r"HTTP 503, tried 3 times\. Try again later; what has come is kept"
    ):
        trial.run()
    assert not trial.target.exists()
    asked = set(trial.spans()[:2])
    trial.server.mend()
    before = len(trial.server.requests)
    plan = trial.run()
    trial.is_right(plan)
    again = [request.range for request in trial.server.requests[before + 1 :]]
    assert sorted(again) == sorted(
        f"bytes={a}-{b - 1}" for a, b in plan.spans if (a, b) not in asked
    )
    assert trial.names() == [FILE]


def test_a_band_that_is_given_up_asks_no_more(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial.slots = 1
    gate = Gate()
    trial.server.break_next(FILE, Fault(times=1), Fault(status=404, times=1), Fault(gate=gate))
    set_own = LinkedStop.set_own

    def give_up(stop: LinkedStop) -> None:
        set_own(stop)
        gate.open()

    monkeypatch.setattr(LinkedStop, "set_own", give_up)
    plans: list[WindowPlan] = []
    trial.planned = plans.append
    with pytest.raises(FetchFailed, match="HTTP 404"):
        trial.run()
    assert len(plans[0].spans) > 3
    assert len(trial.spans()) <= 2, "one may have been under way when the first was refused"


def test_a_range_that_is_named_otherwise_than_asked_is_not_taken(trial: Trial) -> None:
    """Even if it is as long: those bytes belong elsewhere."""
    size = (trial.server.root / FILE).stat().st_size
    trial.server.break_next(
        FILE, Fault(headers={"Content-Range": f"bytes 10-{HEAD_BYTES + 9}/{size}"}, times=1)
    )
    trial.is_right(trial.run())
    assert trial.fetch.attempts == 2


def test_a_range_that_ends_earlier_than_asked_is_not_taken_for_the_whole(trial: Trial) -> None:
    """Although it says so: the rest of it would be read as zeros."""
    trial.server.break_next(FILE, Fault(times=1), Fault(cut_range=1000, times=1))
    plan = trial.run()
    trial.is_right(plan)
    assert trial.fetch.attempts == 1
    assert len(trial.spans()) == len(plan.spans) + 1, "the rest is asked for"


def test_a_stop_keeps_the_spans_and_the_next_run_fetches_the_missing_ones(trial: Trial) -> None:
    trial.slots = 1
    gate = Gate()
    trial.server.break_next(FILE, Fault(times=4), Fault(stall_after_bytes=1000, gate=gate))

    def stop_in_the_fourth(*_: Any) -> None:
        if len(trial.spans()) == 4:
            trial.stop.set()
            gate.open()

    trial.on_state = stop_in_the_fourth
    with pytest.raises(Cancelled, match="Downloading 'nir'"):
        trial.run()
    assert not trial.target.exists()
    trial.on_state = lambda *_: None
    trial.stop = threading.Event()  # a new run has its own
    trial.server.mend()
    before = len(trial.server.requests)
    plan = trial.run()
    trial.is_right(plan)
    assert len(trial.server.requests) - before == 1 + len(plan.spans) - 3
    assert [s[3][:24] for s in trial.states if s[0] == "resuming"] == ["Partial file detected, r"]
    assert trial.names() == [FILE]


def leave_all_spans(trial: Trial, area: dict[str, Any] = AREA) -> None:
    """As when the process was killed just before the window was cut."""

    class Killed(Exception):
        pass

    def killed(*_: Any) -> None:
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WindowFetch, "_cut", killed)
        with pytest.raises(Killed):
            trial.run(area)
    trial.server.requests.clear()


@pytest.mark.parametrize("version", ["0.1", "today's"])
def test_all_spans_there_are_not_fetched_again(trial: Trial, version: str) -> None:
    leave_all_spans(trial)
    if version == "0.1":
        rewrite_as_0_1(trial.target.with_name(f"{MIRROR}.jsonl"), mirror=True)
    trial.is_right(trial.run())
    assert trial.spans() == []


@pytest.mark.parametrize(
    "damage", ["flip a byte", "another size", "no journal", "another file's journal"]
)
def test_a_mirror_that_cannot_be_trusted_is_fetched_anew(trial: Trial, damage: str) -> None:
    leave_all_spans(trial)
    mirror, journal = trial.target.with_name(MIRROR), trial.target.with_name(f"{MIRROR}.jsonl")
    lines = [json.loads(line) for line in journal.read_text().splitlines() if line]
    span = next(line["span"] for line in lines[1:] if line["span"][0] >= HEAD_BYTES)
    if damage == "flip a byte":
        with mirror.open("r+b") as file:
            file.seek(span[0] + 7)
            byte = file.read(1)
            file.seek(span[0] + 7)
            file.write(bytes([byte[0] ^ 255]))
    elif damage == "another size":
        os.truncate(mirror, 1000)
    elif damage == "no journal":
        journal.unlink()
    else:
        lines[0]["validator"] = '"other"'
        journal.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    plan = trial.run()
    trial.is_right(plan)
    assert len(trial.spans()) == (1 if damage == "flip a byte" else len(plan.spans))


def test_a_line_cut_short_by_a_crash_harms_no_later_line(trial: Trial) -> None:
    leave_all_spans(trial)
    journal = trial.target.with_name(f"{MIRROR}.jsonl")
    lines = [line for line in journal.read_text().splitlines(keepends=True) if line.strip()]
    journal.write_text("".join(lines[:3]) + lines[3][:20] + "\n" + "".join(lines[4:]))
    trial.run()
    assert len(trial.spans()) == 1


def test_a_garbage_line_is_passed_over(trial: Trial) -> None:
    leave_all_spans(trial)
    with trial.target.with_name(f"{MIRROR}.jsonl").open("a") as file:
        file.write('{"url": "x"}\n')
    trial.is_right(trial.run())


@pytest.mark.thorough
def test_a_break_near_the_end_of_a_large_area_does_not_fetch_all_of_it_again(trial: Trial) -> None:
    size = cog(trial.server.root / FILE, side=2200).stat().st_size
    assert size > 10_000_000
    trial.server.break_next(FILE, Fault(times=1), Fault(short_by_bytes=1000, times=1))
    trial.is_right(trial.run(EVERYTHING))
    assert trial.server.bytes_sent(FILE) < size + 3 * (1 << 20)


@pytest.mark.thorough
def test_resuming_a_large_span_takes_little_memory(trial: Trial) -> None:
    cog(trial.server.root / FILE, side=2200)
    leave_all_spans(trial, EVERYTHING)
    tracemalloc.start()
    trial.run(EVERYTHING)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


def test_progress_never_counts_more_than_there_is(trial: Trial) -> None:
    trial.server.break_next(FILE, Fault(times=1), Fault(reset_after_bytes=20_000, times=2))
    plan = trial.run()
    assert (
        max(size for state, size, *_ in trial.states if state == "downloading") == plan.span_bytes
    )


# ---- only ever one file


@pytest.mark.parametrize("as_long", [False, True])
@pytest.mark.parametrize("ignore", [False, True])
def test_a_file_that_changes_between_header_and_tiles_never_mixes(
    trial: Trial, as_long: bool, ignore: bool
) -> None:
    """Uncompressed, so that tiles of another file can be read just as well, and the other file may
    be as long.
    """
    path = trial.server.root / FILE
    size = cog(path, compress="NONE").stat().st_size

    def change(_: WindowPlan) -> None:
        cog(path, seed=6, side=1000 if as_long else 1100, compress="NONE")
        assert (path.stat().st_size == size) == as_long
        os.utime(path, (1_700_000_000, 1_700_000_000))

    trial.planned = change
    if ignore:
        trial.server.break_next(FILE, Fault(ignore_condition=True))
    with pytest.raises(NotWindowable, match=r"parts of several files|gives no parts"):
        trial.run()
    assert not trial.target.exists()
    trial.planned = lambda _: None
    trial.server.mend()
    trial.is_right(trial.run())


def test_a_file_that_changed_between_two_runs_is_fetched_anew(trial: Trial) -> None:
    leave_all_spans(trial)
    cog(trial.server.root / FILE, seed=6)
    trial.is_right(trial.run())


def test_a_size_other_than_stated_is_named(trial: Trial) -> None:
    told: list[str] = []
    trial.is_right(trial.run(expected_bytes=5, warn=told.append))
    [text] = told
    assert "bytes where the catalogue states 5: it was replaced" in text


def test_a_tile_that_is_rotten_on_the_server_is_named_and_the_mirror_goes(trial: Trial) -> None:
    path = trial.server.root / FILE
    with rasterio.open(path) as dataset:
        start = int(dataset.get_tag_item("BLOCK_OFFSET_4_4", "TIFF", bidx=1))
    trial.server.break_next(FILE, Fault(rot={start: bytes(60)}))
    with pytest.raises(
        RasterError, match=r"cannot be written: .*Run again, or download whole bands\."
    ):
        trial.run()
    assert trial.names() == []
    trial.server.mend()
    trial.is_right(trial.run())


def test_a_server_that_gives_no_parts_says_so_after_one_request(trial: Trial) -> None:
    trial.server.break_next(FILE, Fault(ignore_range=True))
    with pytest.raises(NotWindowable, match="its server gives no parts of files"):
        trial.run()
    assert trial.server.count(FILE) == 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mount_small_disk(tmp_path / "disk", "600k") as folder:
        yield folder


def test_a_disk_that_fills_up_with_tiles_is_named(trial: Trial, small_disk: Path) -> None:
    trial.target = small_disk / FILE
    with pytest.raises(DiskFullError, match="is full"):
        trial.run(EVERYTHING)


def test_a_disk_that_fills_up_with_the_window_keeps_the_tiles(
    trial: Trial, small_disk: Path
) -> None:
    trial.target = small_disk / FILE
    subprocess.run(["mount", "-o", "remount,size=700k", str(small_disk)], check=True)
    with pytest.raises((DiskFullError, RasterError)) as caught:
        trial.run(box(3005, 3005, 7000, 7000))
    assert MIRROR in trial.names()
    assert isinstance(caught.value, DiskFullError)


# ---- a whole scene


class World:
    def __init__(self, files: FaultyServer, output: Path, settings: Settings) -> None:
        self.files, self.output, self.settings = files, output, settings
        self.monitor = RecordingMonitor()

    def scene(self, **facts: Any) -> SceneItem:
        assets = {name: {"href": self.files.url(f"{name}.tif"), **facts} for name in ("red", "nir")}
        return parse_item(make_item("one", assets=assets), get_sensor("sentinel2"), "c")

    def run(
        self, area: dict[str, Any] | None = AREA, **settings: Any
    ) -> tuple[list[BandFile], list[BandFailure]]:
        plan = plan_downloads(self.scene(), ["red", "nir"], self.output, area)
        self.folder = plan.folder
        return download_bands(plan, dataclasses.replace(self.settings, **settings), self.monitor)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def notes(self) -> list[str]:
        return [e.text for e in self.monitor.events if isinstance(e, Note)]


@pytest.fixture
def world(served: FaultyServer, tmp_path: Path, settings: Settings) -> World:
    shutil.copy(served.root / FILE, served.root / "red.tif")
    return World(served, tmp_path / "out", settings)


def test_both_costs_are_said_before_the_tiles_come(world: World) -> None:
    files, failures = world.run()
    assert (len(files), failures) == (2, [])
    cost = [text for text in world.notes() if "The area takes" in text]
    assert (
        cost == ["one: The area takes 920 kB; whole bands would take 5.4 MB"]
        or "; whole bands would take" in cost[0]
    )
    place = [
        e.text if isinstance(e, Note) else type(e).__name__ for e in world.monitor.events
    ].index(cost[0])
    assert not any(
        isinstance(e, BandProgress) and e.state == "done" for e in world.monitor.events[:place]
    )
    assert world.names() == ["bands.json", "nir.tif", "red.tif"]


def test_a_band_that_cannot_be_had_in_part_comes_whole_with_a_note(world: World) -> None:
    world.files.break_next("red.tif", Fault(ignore_range=True))
    files, failures = world.run()
    assert failures == []
    pixels = {}
    for file in files:  # what came whole is cut here
        with rasterio.open(file.path) as dataset:
            pixels[file.band] = (dataset.bounds, dataset.read().tobytes())
    assert pixels["red"] == pixels["nir"]
    assert (
        "one: red: the whole band is fetched, since its server gives no parts of files"
        in world.notes()
    )
    record = json.loads((world.folder / "bands.json").read_text())
    assert record["red"]["area"] == record["nir"]["area"] is not None
    assert world.names() == ["bands.json", "nir.tif", "red.tif"]


@pytest.mark.parametrize("how", ["inside", "alpha"])
def test_the_area_of_a_band_keeps_what_hides_a_part_of_it(world: World, how: str) -> None:
    shown = np.ones((1000, 1000), bool)
    shown[:, :500] = False
    write_hidden(world.files.root / "red.tif", noise((1000, 1000)), shown, how, origin=(LEFT, TOP))
    files, failures = world.run()
    assert failures == []
    with RasterReader(next(file.path for file in files if file.band == "red")) as reader:
        values = reader.read(1, Window(0, 0, *reader.grid.shape))
        left = round((reader.grid.bounds[0] - LEFT) / 10)
    assert max(values.shape) < 500
    assert np.array_equal(np.isfinite(values[0]), np.arange(values.shape[1]) + left >= 500)
    assert [name for name in world.names() if not name.endswith((".tif", ".json"))] == []


def test_a_file_that_names_another_one_is_not_read_over_an_area(world: World) -> None:
    from osgeo import gdal

    path, options = str(world.files.root / "red.tif"), ["IGNORE_COG_LAYOUT_BREAK=YES"]
    dataset = gdal.OpenEx(path, gdal.OF_RASTER | gdal.OF_UPDATE, open_options=options)
    dataset.SetMetadata({"OVERVIEW_FILE": f"/vsicurl/{world.files.url('secret.tif')}"}, "OVERVIEWS")
    dataset = None
    _, [failure] = world.run()
    assert "open another file" in failure.reason
    assert not [request for request in world.files.requests if "secret" in request.path]


def test_running_again_fetches_nothing(world: World) -> None:
    world.run()
    world.files.requests.clear()
    world.run()
    assert world.files.requests == []


def test_an_area_outside_fails_the_bands_and_leaves_nothing(world: World) -> None:
    files, failures = world.run(box(50_000, 50_000, 51_000, 51_000))
    assert files == []
    assert {failure.reason for failure in failures} == {"the area lies outside of it"}
    assert world.names() == []


@pytest.mark.parametrize(
    "area", [None, box(1005, 1005, 1995, 1995)], ids=["the whole", "another area"]
)
def test_a_window_without_its_record_is_not_taken_for_something_else(
    world: World, area: dict[str, Any] | None
) -> None:
    world.run()
    (world.folder / "bands.json").unlink()
    files, _ = world.run(area)
    with rasterio.open(files[0].path) as dataset:
        assert dataset.width == 1000 if area is None else dataset.width < 120


def test_the_part_of_a_whole_band_is_not_trodden_on(world: World) -> None:
    world.files.break_next(FILE, Fault(short_by_bytes=1_000_000, times=ALWAYS))
    _, failures = world.run(None, retry_attempts=1)
    assert [failure.band for failure in failures] == ["nir"]
    (world.folder / "bands.json").unlink()
    (world.folder / "red.tif").unlink()
    world.files.mend()
    world.run()
    leftover = [name for name in world.names() if ".part" in name]
    assert leftover in ([], ["nir.tif.part", "nir.tif.part.jsonl"]), (
        "gone, or still good for going on"
    )


@pytest.mark.parametrize("at_once", [1, 2])
def test_the_requests_of_all_bands_together_are_bounded(world: World, at_once: int) -> None:
    for name in ("red.tif", FILE):
        world.files.break_next(name, Fault(slow_s=0.03))
    world.run(parallel_requests=at_once)
    assert world.files.most_at_once == at_once


class Crowd(Gate):
    """Counts how many stand at the gate."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()
        self.standing = self.most = 0

    def pass_through(self) -> None:
        with self.lock:
            self.standing += 1
            self.most = max(self.most, self.standing)
        try:
            super().pass_through()
        finally:
            with self.lock:
                self.standing -= 1


@pytest.mark.parametrize("at_once", [1, 2])
def test_whole_bands_of_an_area_keep_to_the_limit_of_bands(world: World, at_once: int) -> None:
    """Eight small requests at once are polite, eight whole bands are not."""
    crowd = Crowd()
    for name in ("red.tif", FILE):
        world.files.break_next(name, Fault(ignore_range=True, times=1), Fault(gate=crowd, times=1))

    def watch() -> None:
        wait_until(lambda: crowd.standing == at_once)
        wait_until(lambda: all(world.files.count(name) for name in ("red.tif", FILE)))
        time.sleep(0.1)  # one too many would come; a slow computer can only fail to notice
        crowd.open()

    threading.Thread(target=watch, daemon=True).start()
    files, failures = world.run(parallel_downloads=at_once, parallel_requests=8)
    assert (len(files), failures) == (2, [])
    assert crowd.most == at_once


def test_a_page_of_html_fails_that_band_only(world: World) -> None:
    world.files.break_next("red.tif", HTML_PAGE)
    files, (failure,) = world.run()
    assert [file.band for file in files] == ["nir"]
    assert "sends a page to log in" in failure.reason
    assert world.files.count("red.tif") == 1


def test_a_target_that_cannot_be_replaced_is_named(trial: Trial) -> None:
    trial.target.mkdir()
    with pytest.raises(BandDownloadError, match=r"nir\.tif cannot be written"):
        trial.run()
