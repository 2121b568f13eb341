"""Specification 3.1.3, the scenario matrix: what goes wrong on the way, and what is kept."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.raster.facts import read_facts
from support.command import first_result
from support.range_server import EMPTY_BODY, HTML_PAGE, Fault
from support.rasters import write_raster
from support.scene import ITEM_ID, World
from support.thorough import few

Flight = Callable[..., tuple[int, str, str]]
BANDS = ["blue", "green", "red", "nir", "swir16", "swir22"]


def test_a_single_bands_time_out_is_tried_again(
    ingest: Flight, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTLIGHT_READ_TIMEOUT_S", "0.3")
    world.files.break_next("nir.tif", Fault(slow_s=2.0, times=1))
    code, result, err = first_result(ingest("--json"))
    assert (code, result["bands_downloaded"]["nir"]["attempts"]) == (0, 2)
    assert "nir: trying again (the server did not answer in time)" in err


@few(
    "fault",
    [
        Fault(reset_after_bytes=3000, times=1),
        Fault(status=503, times=1),
        Fault(short_by_bytes=100, times=1),
        Fault(status=429, times=1, retry_after="0"),
        Fault(body=b"", media_type="image/tiff", times=1),
    ],
    2,
    ids=["reset in the middle", "503", "short", "rate limit", "zero bytes"],
)
def test_what_passes_is_got_over(ingest: Flight, world: World, fault: Fault) -> None:
    world.files.break_next("nir.tif", fault)
    code, result, _ = first_result(ingest("--json"))
    assert (code, result["status"], result["bands_downloaded"]["nir"]["attempts"]) == (
        0,
        "completed",
        2,
    )


def test_a_missing_required_band_in_stac_is_named_and_nothing_is_fetched(
    ingest: Flight, world: World
) -> None:
    del world.api.items[0]["assets"]["red"]
    code, result, err = first_result(ingest("--json"))
    assert (code, result["status"]) == (1, "failed")
    assert f"warning: Scene {ITEM_ID} has no red" in err
    assert result["error"] == (
        f"Scene {ITEM_ID} cannot be ingested: it lacks the required band red (it offers blue, "
        "green, nir, swir16, swir22). "
        "Choose other bands or another scene."
    )
    assert not world.files.requests


def test_a_missing_optional_band_in_stac_is_left_out(ingest: Flight, world: World) -> None:
    del world.api.items[0]["assets"]["swir22"]
    code, result, err = first_result(ingest("--json"))
    assert result["validation"]["is_valid"] is True
    assert [b.description for b in read_facts(Path(result["output_path"])).bands] == BANDS[:5]
    assert f"Scene {ITEM_ID} offers no swir22" in err
    assert (code, result["status"]) == (0, "completed")
    assert "has no swir22" not in err.split("offers")[0]


def test_a_missing_band_that_is_not_wanted_does_not_matter(ingest: Flight, world: World) -> None:
    del world.api.items[0]["assets"]["red"]
    code, result, _ = first_result(ingest("--json", "--bands", "nir,swir22"))
    assert (code, result["status"]) == (0, "completed")
    assert result["validation"]["bands_validated"] == ["nir", "swir22"]


def test_none_of_the_wanted_bands_is_there(ingest: Flight, world: World) -> None:
    code, result, _ = first_result(ingest("--json", "--bands", "scl,nir09"))
    assert (code, result["status"]) == (1, "failed")
    assert (
        "none of the bands nir09, scl is there (it offers blue, green, red, nir, swir16, swir22)"
        in result["error"]
    )


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (HTML_PAGE, "sends a page to log in where the file should be"),
        (Fault(body=b"\0" * 5000, media_type="image/tiff"), "what came is no raster"),
    ],
    ids=["a login page", "zeros"],
)
def test_a_corrupt_band_file_fails_that_band_only(
    ingest: Flight, world: World, fault: Fault, why: str
) -> None:
    for asset in world.api.items[0]["assets"].values():
        del asset["file:size"]
        del asset["file:checksum"]
    world.files.break_next("swir22.tif", fault)
    code, result, err = first_result(ingest("--json"))
    assert (code, result["status"]) == (3, "partial")
    [said] = re.findall(r"  swir22: FAILED \((.*)\)", err)
    assert why in said


def test_an_empty_band_file_is_tried_again_then_fails(
    ingest: Flight, world: World, tmp_path: Path
) -> None:
    world.files.break_next("swir16.tif", EMPTY_BODY)
    code, result, err = first_result(ingest("--json"))
    assert (code, result["bands_failed"]) == (3, ["swir16"])
    assert "swir16: FAILED (the file came empty)" in err
    assert not (tmp_path / "out" / ITEM_ID / "swir16.tif").exists()


def replace_band(world: World, name: str, data: Any, **more: Any) -> None:
    path = write_raster(world.folder / f"{name}.tif", data, **more)
    asset = world.api.items[0]["assets"][name]
    asset["file:size"] = path.stat().st_size
    del asset["file:checksum"]


def test_bands_of_two_coordinate_systems_are_named_and_stay(
    ingest: Flight, world: World, tmp_path: Path
) -> None:
    replace_band(world, "nir", world.pixels["nir"], epsg=32633)
    code, result, _ = first_result(ingest("--json"))
    assert (code, result["status"]) == (1, "failed")
    assert "CRS mismatch between bands (" in result["error"]
    assert "nir=EPSG:32633" in result["error"]
    assert {f"{band}.tif" for band in BANDS} <= {
        p.name for p in (tmp_path / "out" / ITEM_ID).iterdir()
    }


def test_a_failed_stack_still_tells_which_bands_are_there(ingest: Flight, world: World) -> None:
    replace_band(world, "nir", world.pixels["nir"], epsg=32633)
    _, result, _ = first_result(ingest("--json"))
    assert sorted(result["bands_downloaded"]) == sorted(BANDS)


def test_a_blank_band_fails_validation_with_its_name(
    ingest: Flight, world: World, tmp_path: Path
) -> None:
    replace_band(world, "nir", np.full((128, 128), 3000, np.uint16))
    code, result, err = first_result(ingest("--json", "--index", "NDVI"))
    assert (code, result["status"], result["validation"]["is_valid"]) == (1, "failed", False)
    assert result["validation"]["errors"][0].startswith(
        "Band 'nir' is blank: its standard deviation is 0 stored units"
    )
    assert "Image validation failed for" in err
    assert not list((tmp_path / "out" / ITEM_ID).glob("*ndvi*"))


def test_a_scene_that_fails_does_not_stop_the_next(ingest: Flight, world: World) -> None:
    other = json.loads(json.dumps(world.api.items[0]))
    other["id"] = "second"
    del other["assets"]["red"]
    world.api.items.append(other)
    code, out, _ = ingest("--json")
    assert code == 3
    assert {r["item_id"]: r["status"] for r in json.loads(out)} == {
        ITEM_ID: "completed",
        "second": "failed",
    }


def test_an_item_id_that_is_a_path_stays_in_the_folder(
    ingest: Flight, world: World, tmp_path: Path
) -> None:
    world.api.items[0]["id"] = "../../evil"
    code, result, _ = first_result(ingest("--json"))
    assert code == 0
    assert Path(result["output_path"]).resolve().is_relative_to((tmp_path / "out").resolve())
    assert not (tmp_path.parent / "evil").exists()


def test_a_catalogue_cannot_bring_local_files_into_a_stack(
    ingest: Flight, world: World, tmp_path: Path
) -> None:
    secret = write_raster(tmp_path / "secret.tif", world.pixels["nir"] + 1)
    geo = "<SRS>EPSG:32632</SRS><GeoTransform>600000, 10, 0, 5200020, 0, -10</GeoTransform>"
    vrt = (
        f'<VRTDataset rasterXSize="128" rasterYSize="128">{geo}<VRTRasterBand dataType="UInt16" '
        'band="1">'
        "<SimpleSource><SourceFilename "
        f'relativeToVRT="0">{secret}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>'
    )
    (world.folder / "nir.tif").write_text(vrt)
    asset = world.api.items[0]["assets"]["nir"]
    del asset["file:size"], asset["file:checksum"]
    code, _, _ = first_result(ingest("--json"))
    assert code != 0


def test_an_odd_name_of_the_output_folder_is_no_trouble(
    flight: Flight, world: World, tmp_path: Path
) -> None:
    from support.scene import AREA

    out = tmp_path / "été à l'œuvre & co"
    words = [
        "--catalog",
        world.url,
        "--area",
        AREA,
        "--start",
        "2024-06-01",
        "--end",
        "2024-06-30",
        "--output",
        out,
    ]
    code, result, _ = first_result(flight("ingest", *words, "--json", "--index", "NDVI"))
    assert (code, result["status"]) == (0, "completed")
    assert Path(result["outputs"]["NDVI"]).is_file()


def test_configuration_precedence(
    ingest: Flight, world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Specification 3.1.6: flags win over the environment, which wins over the user's file."""
    own = tmp_path / "own.yaml"
    own.write_text("download:\n  bands: [green]\n")
    monkeypatch.setenv("FIRSTLIGHT_CONFIG", str(own))
    assert list(first_result(ingest("--json"))[1]["bands_downloaded"]) == ["green"]
    monkeypatch.setenv("FIRSTLIGHT_BANDS", "Blue,RED")
    assert sorted(first_result(ingest("--json"))[1]["bands_downloaded"]) == ["blue", "red"]
    assert list(first_result(ingest("--json", "--bands", "nir"))[1]["bands_downloaded"]) == ["nir"]
