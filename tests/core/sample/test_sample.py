"""The sample event: made once, told by ``flight sample``, found by a search of its catalogue."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio

from firstlight.core.cli import main
from firstlight.core.errors import InputError
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.sample.event import PASSES, make_sample
from firstlight.core.sample.ground import SIDE, PassLook, picture


def test_it_is_made_once_and_each_scene_says_that_it_is_simulated(tmp_path: Path) -> None:
    made = make_sample(tmp_path, RecordingMonitor())
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert make_sample(tmp_path, RecordingMonitor()) == made
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == times
    items = [json.loads(path.read_text()) for path in tmp_path.glob("SIMULATED*.json")]
    assert len(items) == len(PASSES)
    for item in items:
        assert "SIMULATED" in item["properties"]["title"]
        small = item["assets"].pop("thumbnail")
        with rasterio.open(tmp_path / small["href"]) as seen:
            assert (seen.driver, seen.count, seen.width) == ("PNG", 3, SIDE // 2)
            assert len(np.unique(seen.read())) > 20, "it shows something"
        for name, asset in item["assets"].items():
            with rasterio.open(tmp_path / asset["href"]) as band:
                assert list(band.shape) == asset["proj:shape"]
                assert list(band.transform)[:6] == asset["proj:transform"]
                assert band.profile["dtype"] == asset["raster:bands"][0]["data_type"], name


def test_the_catalogue_of_somebody_else_stays(tmp_path: Path) -> None:
    (tmp_path / "catalog.json").write_text("{}")
    with pytest.raises(InputError, match="something else"):
        make_sample(tmp_path, RecordingMonitor())
    assert [path.name for path in tmp_path.iterdir()] == ["catalog.json"]


def test_what_is_burned_has_less_infrared_and_cloud_is_in_the_mask() -> None:
    before, after = (picture(PassLook(burned, 0.2 * burned), 1) for burned in (False, True))
    clear = np.kron(after["scl"] != 9, np.ones((2, 2), bool))
    assert 0.75 < clear.mean() < 0.8
    fallen = (before["nir"] - after["nir"])[clear]
    assert 0.05 < (fallen > 0.1).mean() < 0.4, "a fire, and country around it"
    assert (after["red"][clear] < 0.3).all(), "no cloud outside the mask"
    assert after["swir16"].shape == (SIDE // 2, SIDE // 2)


@pytest.mark.thorough
def test_its_pairs_are_found_in_its_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sample", "--output", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    words = ["--event", told["event"], "--date", told["date"], f"--area={told['area']}"]
    assert main(["pairs", *words, "--catalog", told["catalog"], "--clear-sky", "--json"]) == 0
    best, other = json.loads(capsys.readouterr().out)
    assert best["after"]["items"] == ["SIMULATED_S2_L2A_sample_20240728"]
    assert best["before"]["coverage_percent"] == 100
    assert other["after"]["clear_percent"] < 50


@pytest.fixture
def before(tmp_path: Path) -> tuple[Path, Path]:
    """The pass before the event as a search lists it, and the folder of its bands."""
    made = make_sample(tmp_path / "sample", RecordingMonitor())
    listed = tmp_path / "found.geojson"
    days = ["--start", "2024-07-13", "--end", "2024-07-14", "--scenes", str(listed)]
    area = ",".join(str(edge) for edge in made.area.bounds)
    assert main(["discover", f"--area={area}", *days, "--catalog", str(made.catalog)]) == 0
    return listed, made.catalog.parent / "SIMULATED_S2_L2A_sample_20240713"


def ingest(items: Path, output: Path) -> int:
    words = ["--items", str(items), "--bands", "red,nir", "--window", "full"]
    return main(["ingest", *words, "--output", str(output)])


def test_bands_of_a_folder_are_copied_whole(before: tuple[Path, Path], tmp_path: Path) -> None:
    items, source = before
    assert ingest(items, tmp_path / "out") == 0
    for name in ("red", "nir"):
        [copied] = (tmp_path / "out").rglob(f"{name}.tif")
        assert copied.read_bytes() == (source / f"{name}.tif").read_bytes()
    assert not list((tmp_path / "out").rglob("*.part*"))


def test_a_band_that_is_gone_is_told(
    before: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    items, source = before
    (source / "nir.tif").unlink()
    assert ingest(items, tmp_path / "out") != 0
    assert f"there is no file {source / 'nir.tif'}" in capsys.readouterr().err
