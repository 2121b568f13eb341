"""What the specification's commands and configuration promise of ``flight ingest``: bands of each
sensor, pixel sizes, compression, an event without dates.
"""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta, timezone
from io import StringIO
from pathlib import Path

import pytest

from firstlight.core import cli
from firstlight.core.monitor import BandProgress, Progress
from firstlight.core.raster.facts import read_facts
from support.command import Flight
from support.rasters import creation_facts
from support.scene import AREA, TEN_METRE, TWENTY_METRE, World
from support.thorough import few

ALL = [*TEN_METRE, *TWENTY_METRE]


def configure(folder: Path, monkeypatch: pytest.MonkeyPatch, yaml: str) -> None:
    path = folder / "own.yaml"
    path.write_text(yaml, encoding="utf-8")
    monkeypatch.setenv("FIRSTLIGHT_CONFIG", str(path))


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("bands", "words", "wanted"),
    [
        ("{sentinel2: [red, nir], landsat: [blue]}", (), ["red", "nir"]),
        ("{SENTINEL2: 'nir, red'}", (), ["red", "nir"]),
        ("{landsat: [blue]}", (), ALL),
        ("{sentinel2: []}", (), ALL),
        ("{sentinel2: [red, nir]}", ("--bands", "blue"), ["blue"]),
        ("[green]", (), ["green"]),
    ],
    ids=["of each", "any case", "of another", "none", "flag", "of all"],
)
def test_the_configuration_says_which_bands_of_which_sensor(
    ingest: Flight,
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    bands: str,
    words: tuple[str, ...],
    wanted: list[str],
) -> None:
    """US-2; the others are not fetched at all."""
    configure(tmp_path, monkeypatch, f"download:\n  bands: {bands}\n")
    code, out, err = ingest("--json", *words)
    assert code == 0, err
    (result,) = json.loads(out)
    assert list(result["bands_downloaded"]) == wanted
    assert [name for name in ALL if world.files.count(f"{name}.tif")] == wanted


@pytest.mark.parametrize(
    ("bands", "why"),
    [
        ("{sentinel2: [red, nier]}", "Band 'nier' cannot be used: Sentinel-2 has no such band"),
        ("{landsat: [nir]}", "Band 'nir' cannot be used: Landsat 8/9 has no such band"),
        ("{sentinel9: [red]}", "Sensor 'sentinel9' cannot be used: it is not known"),
        ("{sentinel2: {red: 10}}", "it is no choice of bands"),
    ],
)
def test_a_misspelt_choice_of_bands_is_refused_before_anything_is_asked(
    ingest: Flight,
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    bands: str,
    why: str,
) -> None:
    configure(tmp_path, monkeypatch, f"download:\n  bands: {bands}\n")
    code, _, err = ingest()
    assert code == 2
    assert why in err
    assert not world.api.searches


@pytest.mark.thorough
@pytest.mark.parametrize("wanted", ["zstd", "deflate"])
@few("window", ["aoi", "full"])
def test_stacks_and_areas_are_compressed_as_the_setting_says(
    ingest: Flight,
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wanted: str,
    window: str,
) -> None:
    configure(tmp_path, monkeypatch, f"processing:\n  compression: {wanted}\n")
    code, out, err = ingest("--json", "--output-format", "geotiff", "--window", window)
    assert code == 0, err
    (result,) = json.loads(out)
    assert creation_facts(Path(result["output_path"]))["COMPRESSION"] == wanted.upper()
    red = creation_facts(Path(result["bands_downloaded"]["red"]["path"]))
    if window == "aoi":
        assert red["COMPRESSION"] == wanted.upper()
    else:  # a whole band is the provider's file, byte by byte
        assert red == creation_facts(world.folder / "red.tif")


def test_bands_keep_their_pixel_sizes_where_that_is_asked_for(ingest: Flight) -> None:
    """FR-3.3: separate stacks per resolution, each validated."""
    code, out, err = ingest("--json", "--mode", "preserve")
    assert code == 0, err
    (result,) = json.loads(out)
    coarse = Path(result["companions"][0])
    assert coarse.name.endswith("_stack_20m.vrt")
    for path, names in ((Path(result["output_path"]), TEN_METRE), (coarse, TWENTY_METRE)):
        facts = read_facts(path)
        assert [band.description for band in facts.bands] == list(names)
        assert facts.grid.resolution == ((10.0, 10.0) if names is TEN_METRE else (20.0, 20.0))
    assert result["validation"]["is_valid"]
    assert sorted(result["validation"]["bands_validated"]) == sorted(ALL)
    assert set(result["validation"]["measured"]) == set(ALL)
    assert not [text for text in result["warnings"] if "missing" in text]


def test_each_pixel_size_is_a_file_of_its_own_as_geotiff(ingest: Flight) -> None:
    code, out, err = ingest("--json", "--mode", "preserve", "--output-format", "geotiff")
    assert code == 0, err
    (result,) = json.loads(out)
    paths = [Path(path) for path in (result["output_path"], *result["companions"])]
    assert [path.suffix for path in paths] == [".tif", ".tif"]
    assert [read_facts(path).driver for path in paths] == ["GTiff", "GTiff"]


def test_a_blank_coarse_band_fails_the_scene_also_in_a_stack_of_its_own(
    ingest: Flight, world: World
) -> None:
    from support.rasters import write_raster

    blank = world.pixels["swir16"] * 0 + 1000
    path = write_raster(world.folder / "swir16.tif", blank, resolution=20.0)
    for key, value in (("file:size", path.stat().st_size), ("file:checksum", None)):
        world.api.items[0]["assets"]["swir16"][key] = value
    code, out, _ = ingest("--json", "--mode", "preserve")
    (result,) = json.loads(out)
    assert code == 1
    assert not result["validation"]["is_valid"]
    assert any("swir16" in text for text in result["validation"]["errors"])


def test_bands_are_cropped_to_what_they_share_where_that_is_asked_for(
    ingest: Flight, world: World
) -> None:
    from support.rasters import write_raster

    half = world.pixels["nir"][:64]
    path = write_raster(world.folder / "nir.tif", half, resolution=10.0)
    for key, value in (("file:size", path.stat().st_size), ("file:checksum", None)):
        world.api.items[0]["assets"]["nir"][key] = value
    shapes = {}
    for mode in ("resample", "intersect"):
        code, out, err = ingest("--json", "--mode", mode, "--window", "full")
        assert code == 0, err
        shapes[mode] = read_facts(Path(json.loads(out)[0]["output_path"])).grid.shape
    assert shapes == {"resample": (128, 128), "intersect": (64, 128)}


@few("event", ["flood.coastal", "flood", "wildfire.forest"])
def test_the_specification_s_commands_name_an_event_and_no_dates(
    flight: Flight, world: World, tmp_path: Path, event: str
) -> None:
    """Gate 4: the six bands of the analysis, whatever the event."""
    yesterday = datetime.now(timezone.utc) - timedelta(days=1)
    world.api.items[0]["properties"]["datetime"] = yesterday.strftime("%Y-%m-%dT%H:%M:%SZ")
    where = ("--catalog", world.url, "--sensor", "sentinel2", "--area", AREA, "--event", event)
    code, out, err = flight("discover", *where, "--output", "json")
    assert code == 0, err
    assert "start and end not given: scenes of 20" in err
    assert set(ALL) <= set(json.loads(out)[0]["band_urls"])
    code, out, err = flight("ingest", *where, "--output", tmp_path / "out", "--json")
    assert code in (0, 3), err
    (result,) = json.loads(out)
    assert set(ALL) <= set(result["bands_downloaded"])


def test_one_of_the_dates_may_be_given(flight: Flight, world: World) -> None:
    where = ("--catalog", world.url, "--sensor", "sentinel2", "--area", AREA, "--event", "flood")
    code, _, err = flight("discover", *where, "--end", "2024-06-05")
    assert code == 0
    assert "start not given: scenes of 2024-04-06 to 2024-06-05 are searched" in err
    code, _, err = flight("discover", *where, "--start", "2024-05-30")
    assert code == 0
    assert "end not given: scenes of 2024-05-30 to 20" in err


@pytest.mark.parametrize("command", ["discover", "ingest"])
def test_without_an_event_dates_are_needed(
    flight: Flight, world: World, tmp_path: Path, command: str
) -> None:
    words = ("--catalog", world.url, "--area", AREA, "--output")
    code, _, err = flight(command, *words, "json" if command == "discover" else tmp_path / "out")
    assert code == 2
    assert "start" in err
    assert "not given" in err
    assert not world.api.searches


# ---- per cent of each band, on the command line


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def three_bands(monitor: cli.ConsoleMonitor) -> None:
    """The specification's example, and a scene after it."""
    for band, done in (("blue", 45), ("green", 99), ("red", 78)):
        monitor.emit(BandProgress("scene", band, "downloading", done, 100))
    monitor.emit(BandProgress("scene", "green", "done", 100, 100))
    monitor.emit(BandProgress("scene", "nir", "failed", detail="HTTP 404"))
    monitor.emit(Progress(0.5, "1/4 bands complete", "223 of 300 MB"))
    monitor.emit(BandProgress("other", "nir", "downloading", 7, 100))
    monitor.emit(Progress(0.6, "0/1 bands complete", "7 of 100 MB"))


def test_a_terminal_s_last_line_shows_each_band_in_per_cent() -> None:
    out = Terminal()
    three_bands(cli.ConsoleMonitor(out, threading.Event()))
    last_of = [part.split("\n")[0] for part in out.getvalue().split("\r\x1b[K")]
    assert "[ 50%] 223 of 300 MB; blue 45%; green 100%; red 78%" in last_of
    assert "[ 60%] 7 of 100 MB; nir 7%" in last_of


def test_bands_of_several_scenes_are_told_apart() -> None:
    out = StringIO()
    monitor = cli.ConsoleMonitor(out, threading.Event())
    for scene in ("one", "other"):
        monitor.emit(BandProgress(scene, "nir", "waiting"))
    monitor.emit(BandProgress("one", "nir", "done", 1_000_000, 1_000_000))
    assert out.getvalue() == "  nir: waiting\n  other nir: waiting\n  one nir: done, 1.00 MB\n"


def test_a_line_that_is_overwritten_is_no_longer_than_the_terminal() -> None:
    out = Terminal()
    monitor = cli.ConsoleMonitor(out, threading.Event())
    for number in range(40):
        monitor.emit(BandProgress("scene", f"band{number}", "downloading", 1, 100))
    monitor.emit(Progress(0.5, "", "1 of 2 MB"))
    assert len(out.getvalue().removeprefix("\r\x1b[K")) == 79


def test_a_log_file_gets_them_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    out = StringIO()
    monitor = cli.ConsoleMonitor(out, threading.Event())
    three_bands(monitor)
    assert "45%" not in out.getvalue(), "not with every step"
    monkeypatch.setattr(cli, "TELL_EVERY_S", 0.0)
    three_bands(monitor)
    assert "[ 50%] 223 of 300 MB; blue 45%; green 100%; red 78%\n" in out.getvalue()


def test_an_ingest_s_log_shows_each_band_in_per_cent(
    ingest: Flight, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "TELL_EVERY_S", 0.0)
    code, _, err = ingest("--window", "full")
    assert code == 0
    for band in ALL:
        assert f"; {band} 100%" in err
