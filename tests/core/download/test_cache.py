"""Bands kept from job to job: found, aged, never wrong, and never taken away from who uses them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.discovery.scene_parser import parse_item
from firstlight.core.download.band_downloader import download_bands
from firstlight.core.download.cache import BandCache, default_folder, freed_bytes, open_cache
from firstlight.core.download.plan import plan_downloads
from firstlight.core.monitor import BandProgress, Note, RecordingMonitor
from firstlight.core.settings import Settings
from firstlight.core.types import BandAsset, BandFile, Radiometry
from support.range_server import FaultyServer
from support.rasters import write_raster
from support.stac_server import make_item

URL = "http://h/nir.tif?sig=1"
DATA = b"as it came" * 1000
SHA256 = hashlib.sha256(DATA).hexdigest()


def asset(url: str = URL, **facts: Any) -> BandAsset:
    return BandAsset("nir", url, 10.0, Radiometry(), **facts)


@pytest.fixture
def cache(tmp_path: Path) -> BandCache:
    return BandCache(tmp_path / "cache", 30)


@pytest.fixture
def kept(cache: BandCache, tmp_path: Path) -> Path:
    """A band of one job, kept."""
    path = tmp_path / "job" / "nir.tif"
    path.parent.mkdir()
    path.write_bytes(DATA)
    assert cache.put("one", BandFile("nir", path, URL, len(DATA), 1.0, 1, SHA256))
    return path


def test_the_next_job_gets_it_without_room_of_its_own(
    cache: BandCache, kept: Path, tmp_path: Path
) -> None:
    target = tmp_path / "nir.tif"
    found = cache.take("one", asset("http://h/nir.tif?sig=2"), target)
    assert found is not None
    assert (found.size_bytes, found.attempts, found.sha256, found.path) == (
        len(DATA),
        0,
        SHA256,
        target,
    )
    assert target.read_bytes() == DATA
    assert os.path.samefile(target, kept)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cache", "job", "nir.tif"]


@pytest.mark.parametrize(
    ("item", "wanted"),
    [
        ("two", asset()),
        ("one", asset("http://h/other/nir.tif")),
        ("one", dataclasses.replace(asset(), band="red")),
        ("one", asset(size_bytes=len(DATA) + 1)),
    ],
    ids=["item", "address", "band", "size"],
)
def test_another_band_is_another_band(
    cache: BandCache, kept: Path, tmp_path: Path, item: str, wanted: BandAsset
) -> None:
    assert cache.take(item, wanted, tmp_path / "nir.tif") is None
    assert not (tmp_path / "nir.tif").exists()


def test_another_sum_than_stated_is_another_band(
    cache: BandCache, kept: Path, tmp_path: Path
) -> None:
    assert (
        cache.take("one", asset(size_bytes=len(DATA), checksum="1220" + SHA256), tmp_path / "a.tif")
        is not None
    )
    assert (
        cache.take(
            "one", asset(size_bytes=len(DATA), checksum="1220" + "0" * 64), tmp_path / "b.tif"
        )
        is None
    )


@pytest.mark.parametrize("way", ["written to", "cut", "gone", "equal but touched"])
def test_a_file_that_changed_is_not_used(
    cache: BandCache, kept: Path, tmp_path: Path, way: str
) -> None:
    """The job's file and the cache's are one: who writes to it writes to both."""
    if way == "written to":
        kept.write_bytes(DATA[:-1] + b"!")
        os.utime(kept, ns=(1, time.time_ns() + 10**9))
    elif way == "cut":
        os.truncate(kept, 10)
    elif way == "gone":
        cache.entries()[0].path.unlink()
    else:
        os.utime(kept, ns=(1, time.time_ns() + 10**9))
    found = cache.take("one", asset(), tmp_path / "nir.tif")
    assert (found is not None) == (way == "equal but touched")
    assert (tmp_path / "nir.tif").exists() == (found is not None)


@pytest.mark.skipif(not os.path.isdir("/dev/shm"), reason="needs another file system")
def test_on_another_file_system_it_is_a_copy(cache: BandCache, kept: Path, tmp_path: Path) -> None:
    import tempfile

    if os.stat("/dev/shm").st_dev == tmp_path.stat().st_dev:
        pytest.skip("/dev/shm is no other file system here")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as other:
        target = Path(other) / "nir.tif"
        assert cache.take("one", asset(), target) is not None
        assert target.read_bytes() == DATA
        assert target.stat().st_nlink == 1
        assert os.listdir(other) == ["nir.tif"]
        there = BandFile("red", target, "http://h/red.tif", len(DATA), 1.0, 1, SHA256)
        assert not cache.put("one", there), "no room is taken twice"
        assert len(cache.entries()) == 1


def test_old_bands_are_not_used_and_pruned(cache: BandCache, kept: Path, tmp_path: Path) -> None:
    facts = next((tmp_path / "cache").glob("??/*.json"))
    tree = json.loads(facts.read_text())
    for days, used in ((29.9, True), (30.1, False)):
        facts.write_text(json.dumps({**tree, "stored_s": time.time() - days * 86400}))
        assert (cache.take("one", asset(), tmp_path / "nir.tif") is not None) == used
        assert (cache.prune() == []) == used
    assert cache.entries() == []
    assert [p for p in (tmp_path / "cache").rglob("*") if p.is_file()] == []
    assert kept.read_bytes() == DATA, "a job's file stays"


def age(folder: Path, days: float) -> None:
    """Make all bands of a cache so old."""
    for facts in folder.glob("??/*.json"):
        tree = json.loads(facts.read_text())
        facts.write_text(json.dumps({**tree, "stored_s": time.time() - days * 86400}))


def test_old_bands_go_by_themselves_once_a_day(
    cache: BandCache, kept: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "cache"
    assert cache.prune_daily() == [], "none is old"
    age(folder, 31)
    assert cache.prune_daily() == [], "it was looked today"
    yesterday = time.time() - 86401
    os.utime(folder / "pruned", (yesterday, yesterday))
    (gone,) = cache.prune_daily()
    assert (gone.band, freed_bytes([gone])) == ("nir", 0), "a stack has it as well"
    assert cache.entries() == []
    assert kept.read_bytes() == DATA


def test_room_is_free_where_no_stack_has_the_file(cache: BandCache, kept: Path) -> None:
    kept.unlink()
    assert freed_bytes(cache.prune(everything=True)) == len(DATA)


def test_a_cache_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    assert BandCache(tmp_path / "none", 30).prune_daily() == []
    assert BandCache(None, 0).prune_daily() == []
    assert not (tmp_path / "none").exists()


def test_a_cache_that_can_only_be_read_stays(cache: BandCache, kept: Path, tmp_path: Path) -> None:
    """Where the day of the last look cannot be written, each scene would look through all of it."""
    (tmp_path / "cache" / "pruned.part").mkdir()
    age(tmp_path / "cache", 31)
    assert cache.prune_daily() == []
    assert len(cache.entries()) == 1


def test_all_can_be_pruned_and_who_uses_it_keeps_it(cache: BandCache, kept: Path) -> None:
    (entry,) = cache.entries()
    assert (entry.item_id, entry.band, entry.url, entry.size_bytes, entry.in_use) == (
        "one",
        "nir",
        "http://h/nir.tif",
        len(DATA),
        True,
    )
    kept.rename(kept.with_name("moved.tif"))
    assert entry.in_use
    kept.with_name("moved.tif").unlink()
    assert not entry.in_use
    assert cache.prune() == []
    assert cache.prune(everything=True) == [entry]
    assert not entry.in_use
    assert cache.entries() == []


def test_a_band_without_facts_is_pruned(cache: BandCache, kept: Path, tmp_path: Path) -> None:
    next((tmp_path / "cache").glob("??/*.json")).unlink()
    cache.prune(everything=True)
    assert [p for p in (tmp_path / "cache").rglob("*") if p.is_file()] == []


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"path": 3}'])
def test_damaged_facts_are_no_facts(
    cache: BandCache, kept: Path, tmp_path: Path, text: str
) -> None:
    next((tmp_path / "cache").glob("??/*.json")).write_text(text)
    assert cache.take("one", asset(), tmp_path / "nir.tif") is None
    assert cache.entries() == []


def test_the_newest_is_first_and_a_second_time_replaces(
    cache: BandCache, kept: Path, tmp_path: Path
) -> None:
    other = tmp_path / "red.tif"
    other.write_bytes(b"red")
    cache.put(
        "one",
        BandFile("red", other, "http://h/red.tif", 3, 1.0, 1, hashlib.sha256(b"red").hexdigest()),
    )
    assert [entry.band for entry in cache.entries()] == ["red", "nir"]
    newer = tmp_path / "newer.tif"
    newer.write_bytes(b"newer")
    cache.put("one", BandFile("nir", newer, URL, 5, 1.0, 1, hashlib.sha256(b"newer").hexdigest()))
    assert [entry.size_bytes for entry in cache.entries()] == [5, 3]
    assert cache.take("one", asset(), tmp_path / "nir.tif") is not None
    assert (tmp_path / "nir.tif").read_bytes() == b"newer"
    assert kept.read_bytes() == DATA


def test_a_cache_that_cannot_be_written_keeps_nothing_and_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    path = tmp_path / "nir.tif"
    path.write_bytes(DATA)
    cache = BandCache(tmp_path / "file" / "cache", 30)
    assert not cache.put("one", BandFile("nir", path, URL, len(DATA), 1.0, 1, SHA256))
    assert cache.take("one", asset(), tmp_path / "x.tif") is None
    assert (cache.entries(), cache.prune()) == ([], [])


def test_off_is_off(tmp_path: Path, settings: Settings) -> None:
    cache = open_cache(dataclasses.replace(settings, cache_days=0.0, cache_folder=str(tmp_path)))
    path = tmp_path / "nir.tif"
    path.write_bytes(DATA)
    assert not cache.put("one", BandFile("nir", path, URL, len(DATA), 1.0, 1, SHA256))
    assert cache.take("one", asset(), path) is None


def test_the_usual_folder_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "firstlight" / "bands"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_folder() == tmp_path / ".cache" / "firstlight" / "bands"


# ---- two jobs


class World:
    def __init__(self, files: FaultyServer, tmp_path: Path, settings: Settings) -> None:
        self.files, self.tmp_path = files, tmp_path
        self.settings = dataclasses.replace(
            settings, cache_days=30.0, cache_folder=str(tmp_path / "cache")
        )

    def run(self, output: str, **facts: Any) -> tuple[list[BandFile], RecordingMonitor]:
        assets = {name: {"href": self.files.url(f"{name}.tif"), **facts} for name in ("red", "nir")}
        scene = parse_item(make_item("one", assets=assets), get_sensor("sentinel2"), "c")
        monitor = RecordingMonitor()
        files, failures = download_bands(
            plan_downloads(scene, ["red", "nir"], self.tmp_path / output), self.settings, monitor
        )
        assert failures == []
        return files, monitor


@pytest.fixture
def world(tmp_path: Path, settings: Settings) -> Iterator[World]:
    for name in ("red", "nir"):
        write_raster(
            tmp_path / "served" / f"{name}.tif",
            np.random.default_rng(3).integers(1, 999, (64, 64), dtype=np.uint16),
        )
    with FaultyServer(tmp_path / "served") as files:
        yield World(files, tmp_path, settings)


def test_a_second_job_fetches_nothing_and_both_are_right(world: World) -> None:
    world.run("first")
    files, monitor = world.run("second")
    assert [world.files.count(f"{name}.tif") for name in ("red", "nir")] == [1, 1]
    skipped = [
        e.detail for e in monitor.events if isinstance(e, BandProgress) and e.state == "skipped"
    ]
    assert skipped == ["Taken from the cache"] * 2
    for file in files:
        assert file.path.read_bytes() == (world.files.root / file.path.name).read_bytes()
    shutil.rmtree(world.tmp_path / "first")
    assert all(file.path.exists() for file in files)
    _, monitor = world.run("second")
    assert [
        e.detail for e in monitor.events if isinstance(e, BandProgress) and e.state == "skipped"
    ] == ["Already exists, skipping"] * 2


def test_a_job_that_fetches_anew_does_not_change_anothers_file(world: World) -> None:
    first, _ = world.run("first")
    before = first[0].path.read_bytes()
    world.run("second")
    for name in ("red", "nir"):
        write_raster(
            world.files.root / f"{name}.tif",
            np.random.default_rng(4).integers(1, 999, (96, 96), dtype=np.uint16),
        )
    size = (world.files.root / "red.tif").stat().st_size  # both are of the same numbers
    files, _ = world.run("second", **{"file:size": size})
    assert files[0].path.read_bytes() == (world.files.root / "red.tif").read_bytes() != before
    assert first[0].path.read_bytes() == before


def test_a_band_there_with_another_sum_than_stated_is_fetched_again(world: World) -> None:
    def change(seed: int) -> bytes:
        pixels = np.random.default_rng(seed).integers(1, 999, (96, 96), dtype=np.uint16)
        for name in ("red", "nir"):
            write_raster(world.files.root / f"{name}.tif", pixels, compress="none")
        return (world.files.root / "nir.tif").read_bytes()

    first = change(1)
    world.run("first")
    before = world.files.count("nir.tif")
    second = change(2)
    assert len(second) == len(first)
    files, _ = world.run("first", **{"file:checksum": "1220" + hashlib.sha256(second).hexdigest()})
    assert world.files.count("nir.tif") == before + 1
    assert files[0].path.read_bytes() == second


def test_a_download_lets_old_bands_go_and_says_so(world: World) -> None:
    world.run("first")
    folder = world.tmp_path / "cache"
    (folder / "pruned").unlink(missing_ok=True)
    age(folder, 60)
    files, monitor = world.run("second")
    told = [event.text for event in monitor.events if isinstance(event, Note)]
    assert any(text.startswith("2 bands are older than the cache keeps them; 0 B") for text in told)
    assert len(files) == 2
    assert world.files.count("red.tif") == 2, "an old one is not used"
    assert all(file.path.is_file() for file in files)
