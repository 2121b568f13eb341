"""Chunks at the doors: an index, a mosaic, and a map of several layers in a folder that is opened
again.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.cli import main
from firstlight.core.discovery.area import parse_area
from firstlight.core.errors import InputError
from firstlight.core.files.chunk_folder import chunk_files
from firstlight.core.maps.burn_severity import BURN_SEVERITY
from firstlight.core.maps.burned_area import BURNED_AREA
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.operations.mosaic import MosaicParams, run_mosaic
from firstlight.core.products.stored_result import read_results
from firstlight.core.settings import Settings
from support.range_server import FaultyServer
from support.rasters import noise, read_band
from support.run import run_operation, small_tiles
from support.scenes import LEFT, TOP, MadeScene, area_text, serve
from support.stacks import write_stack
from support.waiting import PATIENCE_S, wait_until

SETTINGS = small_tiles(chunk_pixels=64 * 64)


def bands(seed: int) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    return {
        name: random.integers(1500, 7000, (150, 170), dtype=np.uint16)
        for name in ("nir", "swir22", "red", "swir16", "green")
    }


def test_an_index_in_chunks_is_the_index(tmp_path: Path) -> None:
    stack = write_stack(tmp_path, bands(0))
    words = {"name": "NDVI", "stack": stack}
    one = run_operation("index", SETTINGS, output=tmp_path / "one.tif", **words)
    chunks = run_operation(
        "index", SETTINGS, output=tmp_path / "ndvi.tif", layout="chunks", **words
    )
    assert not (tmp_path / "ndvi.tif").exists()
    [layer] = chunks.layers
    assert layer.path == tmp_path / "ndvi.vrt"
    assert np.array_equal(read_band(layer.path), read_band(tmp_path / "one.tif"), equal_nan=True)
    assert chunks.value.statistics == one.value.statistics
    assert "ndvi.vrt" in chunks.text
    files = chunk_files(layer.path)
    assert [file.name for file in files[:3]] == [f"ndvi_r00_c0{col}.tif" for col in range(3)]
    collection = json.loads((files[0].parent / "collection.json").read_text())
    items = [link["href"] for link in collection["links"] if link["rel"] == "item"]
    assert len(items) == len(files) == 9
    for href in items:
        item = json.loads((files[0].parent / href).read_text())
        asset = files[0].parent / item["assets"]["data"]["href"]
        assert asset.stat().st_size == item["assets"]["data"]["file:size"]
        assert item["collection"] == collection["id"]
        west, south, east, north = collection["extent"]["spatial"]["bbox"][0]
        assert west <= item["bbox"][0] <= item["bbox"][2] <= east
        assert south <= item["bbox"][1] <= item["bbox"][3] <= north


def test_the_command_takes_the_layout(tmp_path: Path) -> None:
    stack = write_stack(tmp_path, bands(0))
    words = ["index", "NDVI", "--stack", str(stack), "--output", str(tmp_path / "o.tif")]
    assert main([*words, "--layout", "chunks"]) == 0
    assert len(chunk_files(tmp_path / "o.vrt")) == 1
    assert main([*words, "--layout", "cog"]) == 0
    assert (tmp_path / "o.tif").is_file()
    assert main([*words, "--layout", "pieces"]) == 2


@pytest.mark.thorough
def test_a_process_that_is_killed_goes_on_from_its_chunks(tmp_path: Path) -> None:
    """SIGKILL as soon as one chunk is there; the rest is computed by the next run alone."""
    pixels = {name: noise((300, 300), number) for number, name in enumerate(("red", "nir"))}
    stack = write_stack(tmp_path, pixels)
    settings = {"FIRSTLIGHT_CHUNK_PIXELS": str(64 * 64), "FIRSTLIGHT_TILE_SIZE": "64"}
    words = ["index", "NDVI", "--stack", str(stack), "--layout", "chunks", "--resume"]
    command = [sys.executable, "-m", "firstlight.core.cli", *words]
    env = {**os.environ, **settings}

    def finished() -> list[Path]:
        return sorted(tmp_path.glob("o.*.chunks/*.facts.part"))

    process = subprocess.Popen([*command, "--output", str(tmp_path / "o.tif")], env=env)
    wait_until(lambda: bool(finished()) or process.poll() is not None)
    process.kill()
    assert process.wait(PATIENCE_S) == -signal.SIGKILL
    before = {path: path.stat().st_mtime_ns for path in finished()}
    assert 0 < len(before) < 25
    assert not (tmp_path / "o.vrt").exists()
    for name in ("o.tif", "whole.tif"):
        again = subprocess.run([*command, "--output", str(tmp_path / name)], env=env, check=True)
        assert again.returncode == 0
    files = [path.with_name(path.name.removesuffix(".facts.part")) for path in before]
    # Written before its note was: not once more since.
    assert all(file.stat().st_mtime_ns <= before[note] for file, note in zip(files, before))
    both = [chunk_files(tmp_path / name) for name in ("o.vrt", "whole.vrt")]
    assert [len(each) for each in both] == [25, 25]
    for one, other in zip(*both):
        assert one.read_bytes() == other.read_bytes()
    assert not list(tmp_path.rglob("*.part"))


def test_an_input_is_never_replaced_by_the_vrt(tmp_path: Path) -> None:
    stack = write_stack(tmp_path, bands(0))
    before = stack.read_bytes()
    with pytest.raises(InputError):
        run_operation(
            "index",
            SETTINGS,
            name="NDVI",
            stack=stack,
            output=stack.with_suffix(".tif"),
            layout="chunks",
        )
    assert stack.read_bytes() == before


@pytest.mark.thorough
def test_a_map_in_chunks_is_opened_again(tmp_path: Path) -> None:
    pre, post = (write_stack(tmp_path / name, bands(n)) for n, name in enumerate(("pre", "post")))
    words = {"pre": pre, "post": post}
    one = run_operation(BURN_SEVERITY, SETTINGS, output=tmp_path / "one", **words)
    made = run_operation(
        BURN_SEVERITY, SETTINGS, output=tmp_path / "chunks", layout="chunks", **words
    )
    figures, expected = (
        json.loads(json.dumps(each.value.statistics, default=str)) for each in (made, one)
    )
    assert figures["perimeter"].pop("path") != expected["perimeter"].pop("path")
    assert figures == expected
    for name, path in made.value.outputs.items():
        if path.suffix == ".vrt":
            single = one.value.outputs[name]
            assert np.array_equal(read_band(path), read_band(single), equal_nan=True)
    assert len([path for path in made.value.outputs.values() if path.suffix == ".vrt"]) >= 2
    assert (tmp_path / "chunks/perimeter.gpkg").is_file()

    [result] = read_results(tmp_path / "chunks", check=True)
    assert result.warnings == ()
    rasters = {layer.path.name for layer in result.layers if layer.path.suffix == ".vrt"}
    assert rasters == {path.name for path in made.value.outputs.values() if path.suffix == ".vrt"}

    shown = next(layer.path for layer in result.layers if layer.path.suffix == ".vrt")
    shown.write_text(shown.read_text().replace(".chunks/", ".other/"))
    [result] = read_results(tmp_path / "chunks")
    assert any(shown.name in text for text in result.warnings)
    assert shown not in [layer.path for layer in result.layers]


@pytest.mark.thorough
def test_a_vrt_that_shows_other_files_is_not_opened_as_a_result(tmp_path: Path) -> None:
    pre, post = (write_stack(tmp_path / name, bands(n)) for n, name in enumerate(("pre", "post")))
    made = run_operation(
        BURN_SEVERITY,
        SETTINGS,
        pre=pre,
        post=post,
        output=tmp_path / "chunks",
        layout="chunks",
    )
    path = next(path for path in made.value.outputs.values() if path.suffix == ".vrt")
    first = chunk_files(path)[0]
    secret = first.with_name("secret.tif")
    secret.write_bytes(first.read_bytes())
    (tmp_path / "chunks/elsewhere").mkdir()
    (tmp_path / "chunks/elsewhere/secret.tif").write_bytes(first.read_bytes())
    old = f"{first.parent.name}/{first.name}"
    path.write_text(path.read_text().replace(old, "elsewhere/secret.tif"))
    [result] = read_results(tmp_path / "chunks")
    assert any("it shows other files than its own chunks" in text for text in result.warnings)


def test_a_map_of_two_passes_stays_one_file(tmp_path: Path) -> None:
    pre, post = (write_stack(tmp_path / name, bands(n)) for n, name in enumerate(("pre", "post")))
    made = run_operation(
        BURNED_AREA, SETTINGS, pre=pre, post=post, output=tmp_path / "out", layout="chunks"
    )
    assert not [path for path in made.value.outputs.values() if path.suffix == ".vrt"]


@pytest.fixture
def scenes(tmp_path: Path) -> Iterator[list[Any]]:
    with FaultyServer(tmp_path / "served") as server:
        yield [
            serve(
                server,
                MadeScene(
                    f"S{number}",
                    {
                        "red": noise((150, 170), 10 * number),
                        "nir": noise((150, 170), 10 * number + 1),
                    },
                    origin=(LEFT + 430 * number, TOP - 310 * number),
                ),
            )
            for number in range(3)
        ]


def test_a_mosaic_in_chunks_is_the_mosaic(scenes: list[Any], tmp_path: Path) -> None:
    area = parse_area(area_text((LEFT + 20, TOP - 20), (LEFT + 2300, TOP - 2000)))
    settings = dataclasses.replace(
        Settings(), tile_size=64, chunk_pixels=128 * 128, retry_delay_s=0.0
    )
    made = {}
    for layout in ("cog", "chunks"):
        params = MosaicParams(
            scenes=tuple(scenes),
            area=area,
            bands=("red", "nir"),
            rule="median",
            clouds="keep",
            layout=layout,
            output=tmp_path / f"{layout}.tif",
        )
        made[layout] = run_mosaic(params, settings, RecordingMonitor())
    one, chunks = (made[name].value.outputs["mosaic"] for name in ("cog", "chunks"))
    assert (one.suffix, chunks.suffix) == (".tif", ".vrt")
    for band in (1, 2):
        assert np.array_equal(read_band(one, band), read_band(chunks, band), equal_nan=True)
    assert made["cog"].value.statistics == made["chunks"].value.statistics
    [collection] = tmp_path.glob("chunks.*.chunks/collection.json")
    interval = json.loads(collection.read_text())["extent"]["temporal"]["interval"][0]
    assert interval[0] == interval[1] == "2024-06-01T10:00:00Z" or interval[0] < interval[1]
