"""A real ``flight ingest`` is killed with SIGKILL, many times, at any moment: the end is right,
and little came twice.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.shutil import copy
from rasterio.transform import from_origin
from rasterio.warp import transform_bounds

from support.range_server import ALWAYS, Fault
from support.scene import AREA, ITEM_ID, World, small_world
from support.waiting import PATIENCE_S

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
BIG = ("nir", "red")
FEW, MANY = 4, 10
"""Kills by default, and where the many combinations run."""
AHEAD = 256 * 1024
"""The most that the server has sent and the process not written down."""
PER_KILL = (1 << 20) + 3 * AHEAD
"""Bytes that a kill may cost a band: up to a mark, and what was on its way."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Two bands of about 5 MB beside four small ones; all come slowly enough to be hit."""
    with small_world(tmp_path / "served") as made:
        for number, name in enumerate(BIG):
            data = np.random.default_rng(number).integers(300, 4500, (1800, 1800), dtype=np.uint16)
            plain = tmp_path / "plain.tif"
            profile = {
                "driver": "GTiff",
                "width": 1800,
                "height": 1800,
                "count": 1,
                "dtype": "uint16",
                "nodata": 0,
            }
            with rasterio.open(
                plain,
                "w",
                **profile,
                crs="EPSG:32632",
                transform=from_origin(600000, 5200020, 10, 10),
            ) as target:
                target.write(data, 1)
            path = made.folder / f"{name}.tif"
            copy(plain, path, driver="COG", compress="DEFLATE", blocksize=256, overviews="NONE")
            asset = made.api.items[0]["assets"][name]
            asset["file:size"] = path.stat().st_size
            asset["file:checksum"] = "1220" + hashlib.sha256(path.read_bytes()).hexdigest()
        yield made


class Ingest:
    """Runs the command in another process."""

    def __init__(self, world: World, output: Path, *words: str, bands: str = "red,nir") -> None:
        asked = [
            "--catalog",
            world.url,
            "--area",
            AREA,
            "--start",
            "2024-06-01",
            "--end",
            "2024-06-30",
            "--output",
            str(output),
        ]
        self.words = [
            sys.executable,
            "-m",
            "firstlight.core.cli",
            "ingest",
            *asked,
            "--bands",
            bands,
            "--skip-validation",
            *words,
        ]
        self.world = world
        self.process: subprocess.Popen[str] | None = None
        self.sent_before = 0

    def start(self) -> subprocess.Popen[str]:
        self.sent_before = self.sent()
        self.process = subprocess.Popen(
            self.words,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(os.environ),
            cwd="/",
        )
        return self.process

    def keep_step(self) -> None:
        """Wait while the server is far ahead of what the process has written down.

        A process that gets no turn would leave megabytes in the buffers of its connection.
        """
        process = self.process
        while process is not None and process.poll() is None:
            try:
                told = Path(f"/proc/{process.pid}/io").read_text()
            except OSError:  # it has just ended
                return
            written = int(re.findall(r"wchar: (\d+)", told)[0])
            if self.sent() - self.sent_before - written < AHEAD:
                return
            time.sleep(0.001)

    def killed_after(self, count: int) -> bool:
        """Kill it when the server has sent so many bytes more; False if it came to its
        end before.
        """
        with self.start() as process:
            while process.poll() is None and self.sent() - self.sent_before < count:
                time.sleep(0.002)
            process.send_signal(signal.SIGKILL)
            process.wait()
        return process.returncode == -signal.SIGKILL

    def finish(self) -> str:
        with self.start() as process:
            _, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, err
        return err

    def sent(self) -> int:
        return sum(self.world.files.bytes_sent(f"{name}.tif") for name in BIG)


def kill_again_and_again(
    world: World,
    ingest: Ingest,
    folder: Path,
    times: int,
    is_right: Callable[[str], None],
) -> None:
    """Kill and run again; whenever a run comes to its end, look at everything and begin with an
    empty folder.
    """
    for name in BIG:
        world.files.break_next(
            f"{name}.tif", Fault(slow_chunks_s=0.001, pace=ingest.keep_step, times=ALWAYS)
        )
    rng = random.Random(20240601)
    sizes = {name: (world.folder / f"{name}.tif").stat().st_size for name in BIG}
    kills, ends = 0, 0
    while kills < times or not ends:
        before = {name: world.files.bytes_sent(f"{name}.tif") for name in BIG}
        requests = {name: world.files.count(f"{name}.tif") for name in BIG}
        complete: dict[str, int] = {}
        own = 0
        while kills < times and ingest.killed_after(rng.randrange(300_000, 4_500_000)):
            kills, own = kills + 1, own + 1
            for name in BIG:
                if (folder / f"{name}.tif").exists():
                    is_right(name)
                    complete.setdefault(name, world.files.count(f"{name}.tif"))
        ingest.finish()
        ends += 1
        for name in BIG:
            is_right(name)
            if name in complete:
                assert world.files.count(f"{name}.tif") == complete[name], (
                    "no complete band is asked for again"
                )
            assert (
                world.files.bytes_sent(f"{name}.tif") - before[name] <= sizes[name] + own * PER_KILL
            )
            assert world.files.count(f"{name}.tif") > requests[name]
        assert not [
            path for path in folder.iterdir() if ".part" in path.name or path.name.startswith(".")
        ]
        shutil.rmtree(folder)


@pytest.mark.thorough
def test_whole_bands(world: World, tmp_path: Path) -> None:
    ingest = Ingest(world, tmp_path / "out", "--window", "full")
    folder = tmp_path / "out" / ITEM_ID

    def is_right(name: str) -> None:
        assert (folder / f"{name}.tif").read_bytes() == (
            world.folder / f"{name}.tif"
        ).read_bytes(), "never half a file"

    kill_again_and_again(world, ingest, folder, MANY, is_right)
    assert any(request.range for request in world.files.requests), "it did go on from a part"


@pytest.mark.parametrize("times", [FEW, pytest.param(MANY, marks=pytest.mark.thorough)])
def test_areas(world: World, tmp_path: Path, times: int) -> None:
    with rasterio.open(world.folder / "nir.tif") as dataset:
        left, bottom, right, top = transform_bounds(dataset.crs, "EPSG:4326", *dataset.bounds)
    rim = (right - left) / 20
    area = f"{left + rim},{bottom + rim},{right - rim},{top - rim}"
    ingest = Ingest(world, tmp_path / "out", "--window", "aoi", "--area", area)
    folder = tmp_path / "out" / ITEM_ID

    def is_right(name: str) -> None:
        with (
            rasterio.open(folder / f"{name}.tif") as cut,
            rasterio.open(world.folder / f"{name}.tif") as whole,
        ):
            window = whole.window(*cut.bounds).round_offsets().round_lengths()
            np.testing.assert_array_equal(cut.read(), whole.read(window=window))
            assert cut.width > 0.8 * whole.width

    kill_again_and_again(world, ingest, folder, times, is_right)
