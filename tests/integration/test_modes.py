"""Specification 3.1.5 to 3.1.7: the ways to fetch something else than whole bands, in the
specification's words.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.warp import transform_bounds

from firstlight.core.files.lock import LOCK_NAME, folder_lock
from support.command import first_result
from support.range_server import Fault
from support.rasters import write_raster
from support.scene import AREA, ITEM_ID, World, band_pixels
from support.waiting import PATIENCE_S, Gate

Flight = Callable[..., tuple[int, str, str]]
BANDS = ["blue", "green", "red", "nir", "swir16", "swir22"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "out" / ITEM_ID


def offer_picture(world: World, bands: int = 3) -> Path:
    data = np.stack(
        [(band_pixels(name, (128, 128)) // 20).astype("uint8") for name in BANDS[:bands]]
    )
    path = write_raster(world.folder / "TCI.tif", data)
    world.api.items[0]["assets"]["visual"] = {
        "href": world.files.url("TCI.tif"),
        "type": "image/tiff; application=geotiff",
    }
    return path


def fetched(world: World) -> set[str]:
    return {request.path for request in world.files.requests}


# ---- Feature: Visualization-Only Download


def test_download_tci_only(ingest: Flight, world: World) -> None:
    tci = offer_picture(world)
    code, result, err = first_result(ingest("--visualization-only", "--json"))
    assert (code, result["status"]) == (0, "completed")
    assert fetched(world) == {"TCI.tif"}
    assert Path(result["output_path"]).read_bytes() == tci.read_bytes()
    assert result["validation"]["is_valid"] is True
    assert "warning: " in err
    assert "Visualization mode: spectral analysis not possible" in err
    assert result["warnings"] == ["Visualization mode: spectral analysis not possible"]


def test_tci_not_available(ingest: Flight, world: World) -> None:
    code, result, err = first_result(ingest("--visualization-only", "--json"))
    assert code == 1
    assert result["error"] == (
        f"Scene {ITEM_ID} cannot be ingested: No visualization asset available for this item. "
        "Choose another scene, or its bands."
    )
    assert "No visualization asset available for this item" in err
    assert fetched(world) == set()


def test_a_picture_of_one_band_is_a_warning(ingest: Flight, world: World) -> None:
    offer_picture(world, bands=1)
    _, result, _ = first_result(ingest("--visualization-only", "--json"))
    assert result["status"] == "completed"
    assert any(
        "has 1 bands where red, green and blue are expected" in text for text in result["warnings"]
    )


def test_no_index_is_computed_from_a_picture(ingest: Flight, world: World, folder: Path) -> None:
    offer_picture(world)
    code, result, _ = first_result(ingest("--visualization-only", "--json", "--index", "NDVI"))
    assert (code, result["outputs"]) == (0, {})
    assert sorted(path.name for path in folder.iterdir()) == ["bands.json", "visual.tif"]


def test_a_picture_twice_is_fetched_once(ingest: Flight, world: World) -> None:
    offer_picture(world)
    for _ in range(2):
        assert ingest("--visualization-only")[0] == 0
    assert world.files.count("TCI.tif") == 1


def test_bands_after_a_picture_are_bands(ingest: Flight, world: World) -> None:
    offer_picture(world)
    ingest("--visualization-only")
    code, result, _ = first_result(ingest("--json"))
    assert (code, sorted(result["bands_downloaded"])) == (0, sorted(BANDS))
    assert world.files.count("TCI.tif") == 1


# ---- --skip-validation


def test_skip_validation(ingest: Flight, world: World) -> None:
    path = write_raster(world.folder / "nir.tif", np.full((128, 128), 3000, np.uint16))
    asset = world.api.items[0]["assets"]["nir"]
    asset["file:size"] = path.stat().st_size
    del asset["file:checksum"]
    assert first_result(ingest("--json"))[0] == 1, "a blank band is an error"
    code, result, err = first_result(ingest("--json", "--skip-validation"))
    assert (code, result["status"], result["validation"]) == (0, "completed", None)
    assert "validation is skipped, as asked" in err


# ---- single files


def only_url(tmp_path: Path, world: World, **more: Any) -> Path:
    """An item as old catalogues gave it."""
    item = {
        "id": "old",
        "source": "sentinel2",
        "datetime": "2024-06-01T10:20:30Z",
        "bbox": [10.2, 46.9, 10.35, 46.98],
        "url": world.files.url("single.tif"),
        "catalog": world.url,
        "collection": "sentinel-2-l2a",
        **more,
    }
    path = tmp_path / "items.json"
    path.write_text(
        json.dumps([{name: value for name, value in item.items() if value is not None}])
    )
    return path


def offer_single(world: World) -> Path:
    return write_raster(
        world.folder / "single.tif", np.stack([band_pixels(name, (128, 128)) for name in BANDS])
    )


def from_items(
    flight: Flight, items: Path, tmp_path: Path, *words: object
) -> tuple[int, dict[str, Any], str]:
    return first_result(
        flight("ingest", "--items", items, "--output", tmp_path / "out", "--json", *words)
    )


def test_an_item_with_only_a_url_is_a_single_file(
    flight: Flight, world: World, tmp_path: Path
) -> None:
    single = offer_single(world)
    code, result, _ = from_items(flight, only_url(tmp_path, world), tmp_path, "--skip-validation")
    assert (code, result["status"]) == (0, "completed")
    assert Path(result["output_path"]).read_bytes() == single.read_bytes()
    assert fetched(world) == {"single.tif"}


def test_an_item_with_no_url_at_all(flight: Flight, world: World, tmp_path: Path) -> None:
    code, result, _ = from_items(
        flight,
        only_url(tmp_path, world, url=None, assets={"thumbnail": {"href": "http://h/t.jpg"}}),
        tmp_path,
    )
    assert code == 1
    assert (
        result["error"]
        == "Scene old cannot be ingested: No download URL for item old. Choose another scene or "
        "catalogue."
    )


def test_legacy_download_takes_the_items_one_file(ingest: Flight, world: World) -> None:
    code, result, _ = first_result(ingest("--legacy-download", "--skip-validation", "--json"))
    assert (code, result["status"]) == (0, "completed")
    assert len(fetched(world)) == 1
    assert len(result["bands_downloaded"]) == 1
    assert Path(result["output_path"]).suffix == ".tif"


@pytest.mark.parametrize("way", ["environment", "file"])
def test_multi_band_download_can_be_switched_off(
    ingest: Flight, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    if way == "environment":
        monkeypatch.setenv("FIRSTLIGHT_MULTI_BAND", "false")
    else:
        own = tmp_path / "own.yaml"
        own.write_text("multi_band_download:\n  enabled: false\n")
        monkeypatch.setenv("FIRSTLIGHT_CONFIG", str(own))
    code, result, _ = first_result(ingest("--skip-validation", "--json"))
    assert (code, len(result["bands_downloaded"])) == (0, 1)
    assert len(fetched(world)) == 1


@pytest.mark.parametrize("fallback", [True, False])
def test_without_bands_the_picture_or_an_error(
    ingest: Flight, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fallback: bool
) -> None:
    offer_picture(world)
    world.api.items[0]["assets"] = {"visual": world.api.items[0]["assets"]["visual"]}
    own = tmp_path / "own.yaml"
    own.write_text(f"multi_band_download:\n  fallback_to_visual: {json.dumps(fallback)}\n")
    monkeypatch.setenv("FIRSTLIGHT_CONFIG", str(own))
    code, result, err = first_result(ingest("--json"))
    if fallback:
        assert (code, result["status"]) == (0, "completed")
        assert "Visualization mode: spectral analysis not possible" in err
    else:
        assert code == 1
        assert f"No download URL for item {ITEM_ID}" in result["error"]
        assert fetched(world) == set()


# ---- areas


@pytest.fixture
def areas(world: World) -> tuple[str, str]:
    """Two areas that lie in the scene and apart from each other."""
    with rasterio.open(world.folder / "nir.tif") as dataset:
        left, bottom, right, top = dataset.bounds
        boxes = [
            (left + 105, top - 505, left + 505, top - 105),
            (left + 705, bottom + 105, right - 105, bottom + 505),
        ]
        texts = [
            ",".join(f"{v:.7f}" for v in transform_bounds(dataset.crs, "EPSG:4326", *box))
            for box in boxes
        ]
    return texts[0], texts[1]


def cut(
    flight: Flight, world: World, tmp_path: Path, area: str, *words: object
) -> tuple[int, dict[str, Any], str]:
    dates = ["--start", "2024-06-01", "--end", "2024-06-30"]
    asked = [
        "ingest",
        "--catalog",
        world.url,
        "--area",
        area,
        *dates,
        "--output",
        tmp_path / "out",
        "--json",
    ]
    return first_result(flight(*asked, *words))


def is_right(result: dict[str, Any], world: World, whole: bool = False) -> None:
    with rasterio.open(result["output_path"]) as stack:
        assert stack.descriptions == tuple(BANDS)
        for number, band in enumerate(BANDS[:4], start=1):
            with rasterio.open(world.folder / f"{band}.tif") as source:
                window = source.window(*stack.bounds).round_offsets().round_lengths()
                np.testing.assert_array_equal(stack.read(number), source.read(1, window=window))
                assert (stack.shape == source.shape) == whole


def test_only_the_area_is_fetched(
    flight: Flight, world: World, tmp_path: Path, areas: tuple[str, str]
) -> None:
    code, result, err = cut(flight, world, tmp_path, areas[0], "--window", "aoi")
    assert (code, result["status"]) == (0, "completed")
    is_right(result, world)
    assert "The area takes " in err
    assert "whole bands would take " in err


def test_the_area_is_the_default_where_one_is_given(
    flight: Flight,
    world: World,
    tmp_path: Path,
    areas: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("FIRSTLIGHT_WINDOW")
    is_right(cut(flight, world, tmp_path, areas[0])[1], world)


def test_full_is_whole(
    flight: Flight,
    world: World,
    tmp_path: Path,
    areas: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FIRSTLIGHT_WINDOW", "aoi")
    is_right(cut(flight, world, tmp_path, areas[0], "--window", "full")[1], world, whole=True)


def test_an_area_that_is_not_given_cannot_be_cut_to(
    flight: Flight, world: World, tmp_path: Path
) -> None:
    code, _, err = flight(
        "ingest",
        "--items",
        only_url(tmp_path, world),
        "--output",
        tmp_path / "out",
        "--window",
        "aoi",
    )
    assert code in (1, 2)
    assert (
        "Ingest cannot start: only the area is to be fetched, and no area is given. Give the area."
        in err
    )


@pytest.mark.thorough
def test_two_areas_do_not_overwrite_each_other(
    flight: Flight, world: World, tmp_path: Path, areas: tuple[str, str]
) -> None:
    first = cut(flight, world, tmp_path, areas[0], "--window", "aoi")[1]
    second = cut(flight, world, tmp_path, areas[1], "--window", "aoi")[1]
    assert first["output_path"] != second["output_path"]
    is_right(first, world)
    is_right(second, world)
    world.files.requests.clear()
    for area, result in zip(areas, (first, second)):
        again = cut(flight, world, tmp_path, area, "--window", "aoi")[1]
        assert again["output_path"] == result["output_path"]
    assert fetched(world) == set()


def test_whole_after_area(
    flight: Flight, world: World, tmp_path: Path, areas: tuple[str, str]
) -> None:
    first = cut(flight, world, tmp_path, areas[0], "--window", "aoi")[1]
    second = cut(flight, world, tmp_path, areas[0], "--window", "full")[1]
    is_right(first, world)
    is_right(second, world, whole=True)


@pytest.mark.thorough
def test_area_after_whole_uses_what_is_there(
    flight: Flight, world: World, tmp_path: Path, areas: tuple[str, str]
) -> None:
    first = cut(flight, world, tmp_path, areas[0], "--window", "full")[1]
    world.files.requests.clear()
    code, second, _ = cut(flight, world, tmp_path, areas[0], "--window", "aoi")
    assert (code, fetched(world)) == (0, set())
    is_right(first, world, whole=True)
    is_right(second, world, whole=True)


def test_an_area_after_a_half_whole_scene_is_one_extent(
    flight: Flight, world: World, tmp_path: Path, areas: tuple[str, str]
) -> None:
    world.files.break_next("nir.tif", Fault(status=404))
    cut(flight, world, tmp_path, areas[0], "--window", "full")
    world.files.mend()
    code, result, _ = cut(flight, world, tmp_path, areas[0], "--window", "aoi")
    assert code == 0, result["error"]
    with rasterio.open(result["output_path"]) as stack:
        assert (stack.read(4) != 0).all(), "no band is nodata where the others have data"


def test_one_band_that_came_whole_leaves_the_stack_on_the_area(
    flight: Flight, world: World, tmp_path: Path, areas: tuple[str, str]
) -> None:
    world.files.break_next("red.tif", Fault(ignore_range=True))
    code, result, err = cut(flight, world, tmp_path, areas[0], "--window", "aoi")
    assert "red: the whole band is fetched, since its server gives no parts of files" in err
    assert (code, result["status"]) == (0, "completed"), result["error"]
    is_right(result, world)


def test_only_the_area_of_a_picture(
    flight: Flight, world: World, tmp_path: Path, areas: tuple[str, str]
) -> None:
    offer_picture(world)
    code, result, _ = cut(
        flight, world, tmp_path, areas[0], "--window", "aoi", "--visualization-only"
    )
    assert code == 0
    with (
        rasterio.open(result["output_path"]) as picture,
        rasterio.open(world.folder / "TCI.tif") as whole,
    ):
        window = whole.window(*picture.bounds).round_offsets().round_lengths()
        assert picture.shape < whole.shape
        np.testing.assert_array_equal(picture.read(), whole.read(window=window))


def test_an_area_beside_the_scene_is_named(flight: Flight, world: World, tmp_path: Path) -> None:
    code, result, _ = cut(flight, world, tmp_path, "10.20,46.90,10.21,46.91", "--window", "aoi")
    assert code == 1
    assert "All band downloads failed" in result["error"]
    assert "the area lies outside of it" in result["error"]


# ---- what all doors say


@pytest.mark.thorough
def test_the_specifications_words(ingest: Flight, world: World, folder: Path) -> None:
    world.files.break_next("swir22.tif", Fault(status=404, slow_s=1.0, times=1))  # after the others
    code, _, err = ingest()
    assert code == 3
    assert "3/6 bands complete (50%)" in err
    assert "5/6 bands complete, 1 failed" in err
    assert "swir22: FAILED (HTTP 404)" in err
    (folder / "nir.tif").write_bytes((folder / "nir.tif").read_bytes()[:100])
    code, _, err = ingest()
    assert code == 0
    assert err.count(": Already exists, skipping") == 4
    assert "nir: Partial file detected, re-downloading (100 of " in err
    assert "6/6 bands complete (100%)" in err


# ---- two processes


def start(world: World, output: Path, *words: str) -> subprocess.Popen[str]:
    asked = [
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
        str(output),
    ]
    command = [sys.executable, "-m", "firstlight.core.cli", *asked, *words]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
        cwd="/",
    )


@pytest.mark.thorough
def test_two_processes_on_one_folder(world: World, tmp_path: Path, folder: Path) -> None:
    """The second says that it waits, and then finds everything there."""
    with Gate() as gate:
        world.files.break_next("nir.tif", Fault(gate=gate, times=1))
        first = start(world, tmp_path / "out")
        assert gate.reached.wait(PATIENCE_S)
        second = start(world, tmp_path / "out")
        second_err = ""
        assert second.stderr is not None
        for line in second.stderr:
            second_err += line
            if "another job works in" in line:
                break
    second_err += second.communicate(timeout=PATIENCE_S)[1]
    first.communicate(timeout=PATIENCE_S)
    assert (first.returncode, second.returncode) == (0, 0)
    assert f"{ITEM_ID}: another job works in {folder}; waiting until it has finished" in second_err
    assert second_err.count("Already exists, skipping") == 6
    assert [world.files.count(f"{band}.tif") for band in BANDS] == [1] * 6
    assert not [
        path for path in folder.iterdir() if path.name.startswith(".") or ".part" in path.name
    ]


@pytest.mark.thorough
def test_the_folder_that_is_held_is_the_one_that_is_worked_in(
    world: World, tmp_path: Path, folder: Path, areas: tuple[str, str]
) -> None:
    folder.mkdir(parents=True)
    gate = Gate()
    world.files.break_next("nir.tif", Fault(gate=gate, times=1))
    with folder_lock(folder, lambda: False, lambda: None):
        process = start(world, tmp_path / "out", "--window", "aoi", "--area", areas[0])
        assert process.stderr is not None
        assert any("another job works in" in line for line in process.stderr)
        (folder / "bands.json").write_text(
            json.dumps({"red": {"url": "http://h/red.tif", "area": "another"}})
        )
    assert gate.reached.wait(PATIENCE_S)
    held = sorted(path.parent.name for path in (tmp_path / "out").glob(f"*/{LOCK_NAME}"))
    gate.open()
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    worked_in = [path.parent.name for path in (tmp_path / "out").glob("*/nir.tif")]
    assert held == worked_in
