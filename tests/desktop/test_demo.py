"""The whole way in the real desktop: ``scripts/demo.sh --headless`` as a person starts it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import rasterio

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "build" / "demo"
SET_UP = {**os.environ, "FIRSTLIGHT_SET_UP": "done"}


@pytest.fixture(scope="module")
def outcome() -> dict[str, Any]:
    if shutil.which("xvfb-run") is None:
        pytest.skip("xvfb-run is not installed: run scripts/setup.sh")
    # The limits inside the demo end it long before this one, with a reason.
    done = subprocess.run(
        ["bash", str(ROOT / "scripts" / "demo.sh"), "--headless"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=SET_UP,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    found: dict[str, Any] = json.loads((DEMO / "outcome.json").read_text())
    found["said"] = done.stdout
    return found


def test_layers_are_on_the_map(outcome: dict[str, Any]) -> None:
    assert outcome["ok"]
    names = [layer["name"] for layer in outcome["layers"]]
    assert any("NDVI" in name for name in names)
    assert any("Burn severity" in name for name in names)
    assert any("Flooded" in name for name in names)
    for layer in outcome["layers"]:
        assert Path(layer["path"].partition("|")[0]).is_file()


def test_ndvi_equals_numpy_on_the_source(outcome: dict[str, Any]) -> None:
    assert "NDVI against numpy on the source bands: 60000 pixels" in outcome["said"]


def test_simulated_events_are_mapped_as_they_were_simulated(outcome: dict[str, Any]) -> None:
    """``check_demo.py`` holds the limits, and the demo fails where one is missed."""
    assert "Wildfire: " in outcome["said"]
    assert outcome["said"].count("Flood: ") == 3
    for path in outcome["reports"]:
        page = Path(path).read_text(encoding="utf-8")
        assert "SIMULATED" in page
        assert page.count("data:image/") >= 3
    assert len(outcome["reports"]) == 2


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_pictures_show_something(outcome: dict[str, Any]) -> None:
    assert len(outcome["pictures"]) == 6
    contents = set()
    for path in outcome["pictures"]:
        with rasterio.open(path) as picture:
            assert (picture.width, picture.height) == (1440, 900)
            pixels = picture.read()
        assert pixels.std() > 10, path  # a blank or black screen is flat
        contents.add(pixels.tobytes())
    assert len(contents) == 6  # each step changed what is seen


def test_results_are_kept(outcome: dict[str, Any]) -> None:
    folder = DEMO / "results" / "S2-sample-patagonia"
    bands = {"blue", "green", "red", "nir", "swir16", "swir22"}
    assert bands <= {path.stem for path in folder.glob("*.tif")}
    assert (folder / "S2-sample-patagonia_stack.vrt").is_file()


def test_a_killed_server_costs_one_more_press_of_run(outcome: dict[str, Any]) -> None:
    """Depends on ``outcome`` only to come after it: both use the same folder."""
    done = subprocess.run(
        ["bash", str(ROOT / "scripts" / "demo.sh"), "--outage"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=SET_UP,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    found = json.loads((DEMO / "outcome.json").read_text())
    assert found["ok"]
    assert found["left_by_the_outage"], (
        "the server was killed before anything had come, or after everything had"
    )
    assert "NDVI against numpy on the source bands: 60000 pixels" in done.stdout
    assert not list((DEMO / "results").rglob("*.part*"))
