"""Specification 3.1.7, Feature: Resume Interrupted Downloads."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from firstlight.core.raster.facts import read_facts
from support.range_server import Fault
from support.scene import AREA, ITEM_ID, World
from support.waiting import PATIENCE_S, wait_until

Flight = Callable[..., tuple[int, str, str]]
BANDS = ["blue", "green", "red", "nir", "swir16", "swir22"]


def scene_folder(tmp_path: Path) -> Path:
    return tmp_path / "out" / ITEM_ID


def test_resume_after_partial_download(ingest: Flight, world: World, tmp_path: Path) -> None:
    """Given blue, green, red are there: they are skipped, the others download, the VRT
    has all six.
    """
    ingest()
    folder = scene_folder(tmp_path)
    for name in ("nir.tif", "swir16.tif", "swir22.tif", f"{ITEM_ID}_stack.vrt"):
        (folder / name).unlink()
    (folder / "nir.tif.part").write_bytes(b"half")
    code, _, err = ingest()
    assert code == 0
    for band in ("blue", "green", "red"):
        assert f"  {band}: Already exists, skipping\n" in err
        assert world.files.count(f"{band}.tif") == 1
    for band in ("nir", "swir16", "swir22"):
        assert f"  {band}: done" in err
        assert world.files.count(f"{band}.tif") == 2
    assert [b.description for b in read_facts(folder / f"{ITEM_ID}_stack.vrt").bands] == BANDS
    assert not list(folder.glob("*.part"))


def test_corrupt_partial_file_detected(ingest: Flight, world: World, tmp_path: Path) -> None:
    """ "nir.tif" half written: fetched again, with a warning "Partial file detected,
    re-downloading".
    """
    ingest()
    nir = scene_folder(tmp_path) / "nir.tif"
    whole = nir.read_bytes()
    nir.write_bytes(whole[: len(whole) // 2])
    code, _, err = ingest()
    assert code == 0
    assert "warning: " in err
    assert "nir: Partial file detected, re-downloading" in err
    assert nir.read_bytes() == whole
    assert world.files.count("nir.tif") == 2
    assert world.files.count("red.tif") == 1


def test_corrupt_partial_file_detected_without_any_record(
    ingest: Flight, world: World, tmp_path: Path
) -> None:
    ingest()
    folder = scene_folder(tmp_path)
    (folder / "bands.json").unlink()
    nir = folder / "nir.tif"
    nir.write_bytes(nir.read_bytes()[:3000])
    for asset in world.api.items[0]["assets"].values():
        del asset["file:size"]
    code, _, err = ingest()
    assert code == 0
    assert "re-downloading" in err
    assert [world.files.count(f"{band}.tif") for band in BANDS] == [1, 1, 1, 2, 1, 1]


def test_running_again_changes_nothing(ingest: Flight, tmp_path: Path) -> None:
    ingest("--index", "NDVI")
    before = {p.name: p.read_bytes() for p in scene_folder(tmp_path).iterdir()}
    code, _, err = ingest("--index", "NDVI")
    assert code == 0
    assert err.count("Already exists, skipping") == 6
    assert {p.name: p.read_bytes() for p in scene_folder(tmp_path).iterdir()} == before


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_killed_process_loses_no_finished_band(
    ingest: Flight, world: World, tmp_path: Path
) -> None:
    """kill -9 in the middle of a download, then run again: the right stack, finished bands not
    fetched twice.
    """
    world.files.break_next("nir.tif", Fault(stall_after_bytes=4000, times=1))
    words = [
        sys.executable,
        "-m",
        "firstlight.core.cli",
        "ingest",
        "--catalog",
        world.url,
        "--area",
        AREA,
        "--start",
        "2024-06-01",
        "--end",
        "2024-06-30",
        "--output",
        str(tmp_path / "out"),
    ]
    with subprocess.Popen(
        words,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
        cwd="/",
    ) as running:
        watchdog = threading.Timer(PATIENCE_S, running.kill)
        watchdog.start()
        done = 0
        assert running.stderr is not None
        for line in running.stderr:
            done += ": done" in line
            if done == 5:
                break
        watchdog.cancel()
        folder = scene_folder(tmp_path)
        part = folder / "nir.tif.part"
        wait_until(lambda: part.exists() and part.stat().st_size == 4000)
        running.send_signal(signal.SIGKILL)
    assert (folder / "nir.tif.part").exists()
    assert not (folder / "nir.tif").exists()
    assert sorted(json.loads((folder / "bands.json").read_text())) == sorted(set(BANDS) - {"nir"})

    code, out, err = ingest("--json")
    assert (code, json.loads(out)[0]["status"]) == (0, "completed")
    assert err.count("Already exists, skipping") == 5
    assert [world.files.count(f"{band}.tif") for band in BANDS] == [1, 1, 1, 2, 1, 1]
    assert not list(folder.glob("*.part"))
    import rasterio

    with rasterio.open(folder / f"{ITEM_ID}_stack.vrt") as stack:
        assert stack.descriptions == tuple(BANDS)
        for number, band in enumerate(BANDS[:4], start=1):
            assert np.array_equal(stack.read(number), world.pixels[band])
