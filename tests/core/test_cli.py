"""The ``flight`` command: exit codes, pure JSON on stdout, one sentence for every wrong input,
Ctrl-C.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core import PRODUCT
from firstlight.core.operations.registry import OPERATIONS
from firstlight.core.raster.facts import read_facts
from support.command import Flight, flight_command
from support.range_server import Fault
from support.rasters import noise, ramp, write_raster
from support.scene import AREA, ITEM_ID, World, small_world
from support.silent_server import silent_server
from support.stac_server import Behaviour
from support.waiting import PATIENCE_S, Gate, wait_until

BANDS = ["blue", "green", "red", "nir", "swir16", "swir22"]
DATES = ["--start", "2024-06-01", "--end", "2024-06-30"]


@pytest.fixture
def flight(capsys: pytest.CaptureFixture[str]) -> Flight:
    """Run the command in this process → exit code, stdout, stderr."""

    return flight_command(capsys)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with small_world(tmp_path / "served", size=64) as made:
        yield made


def pure_json(text: str) -> Any:
    """Strictly: no NaN, no Infinity, nothing around it."""

    def refuse(word: str) -> None:
        raise ValueError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def question(world: World) -> list[str]:
    return ["--catalog", world.url, "--area", AREA, *DATES]


def test_help_and_version(flight: Flight) -> None:
    code, out, _ = flight("--help")
    assert code == 0
    assert all(operation.name in out for operation in OPERATIONS)
    assert flight("--version") == (0, f"{PRODUCT}\n", "")


@pytest.mark.parametrize("operation", [o.name for o in OPERATIONS])
def test_every_command_has_help(flight: Flight, operation: str) -> None:
    code, out, err = flight(operation, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: flight {operation}")


def test_discover_prints_the_specified_items_and_nothing_else(flight: Flight, world: World) -> None:
    code, out, err = flight(
        "discover", *question(world), "--sensor", "sentinel2", "--output", "json"
    )
    assert code == 0
    (item,) = pure_json(out)
    assert item["id"] == ITEM_ID
    assert item["source"] == "sentinel2"
    assert item["cloud_cover"] == 12.5
    assert item["datetime"] == "2024-06-01T10:20:30Z"
    assert list(item["band_urls"]) == BANDS
    assert item["url"] == item["band_urls"]["blue"]
    assert item["missing_bands"] == []
    assert item["priority"] == "primary"
    assert item["size_bytes"] == sum(f.stat().st_size for f in world.folder.glob("*.tif"))
    assert "1 scene found" in err


def test_discover_in_words(flight: Flight, world: World) -> None:
    code, out, _ = flight("discover", *question(world))
    assert code == 0
    assert out.startswith("2024-06-01T10:20:30Z  sentinel2  12 % cloud")
    assert out.rstrip().endswith(ITEM_ID)


@pytest.mark.thorough
def test_discover_writes_footprints_that_ingest_reads(
    flight: Flight, world: World, tmp_path: Path
) -> None:
    code, _, _ = flight("discover", *question(world), "--scenes", tmp_path / "scenes.geojson")
    assert code == 0
    code, out, _ = flight(
        "ingest", "--items", tmp_path / "scenes.geojson", "--output", tmp_path / "out", "--json"
    )
    assert code == 0
    assert pure_json(out)[0]["status"] == "completed"


@pytest.mark.parametrize(
    ("event", "priority"), [("wildfire.forest", "primary"), ("flood", "secondary")]
)
def test_an_event_picks_its_sensors_and_marks_them(
    flight: Flight, world: World, monkeypatch: pytest.MonkeyPatch, event: str, priority: str
) -> None:
    monkeypatch.setenv("FIRSTLIGHT_SAMPLE_URL", world.url)
    world.api.items[0]["collection"] = "sentinel-2-sample"
    words = ["--catalog", "sample", "--area", AREA, *DATES, "--event", event, "--output", "json"]
    code, out, _ = flight("discover", *words)
    assert code == 0
    assert [(item["source"], item["priority"]) for item in pure_json(out)] == [
        ("sentinel2", priority)
    ]


def test_an_event_finds_what_there_is_though_the_catalogue_lacks_one_of_its_sensors(
    flight: Flight, world: World
) -> None:
    code, out, _ = flight("discover", *question(world), "--event", "wildfire", "--output", "json")
    assert code == 0
    assert [item["source"] for item in pure_json(out)] == ["sentinel2"]


def test_an_event_picks_bands_and_indices(flight: Flight, world: World, tmp_path: Path) -> None:
    code, out, err = flight(
        "ingest", *question(world), "--event", "wildfire", "--output", tmp_path / "out", "--json"
    )
    (result,) = pure_json(out)
    assert code == 0, err
    assert sorted(result["bands_downloaded"]) == ["blue", "green", "nir", "red", "swir16", "swir22"]
    assert sorted(result["outputs"]) == ["NBR", "NDVI"]
    assert any("offers no scl" in text for text in result["warnings"])


def test_the_whole_way(flight: Flight, world: World, tmp_path: Path) -> None:
    items = tmp_path / "items.json"
    items.write_text(flight("discover", *question(world), "--output", "json")[1])
    code, out, err = flight("ingest", "--items", items, "--output", tmp_path / "out", "--json")
    assert code == 0, err
    (result,) = pure_json(out)
    folder = tmp_path / "out" / ITEM_ID
    assert result["status"] == "completed"
    assert result["item_id"] == ITEM_ID
    assert result["output_path"] == str(folder / f"{ITEM_ID}_stack.vrt")
    assert sorted(result["bands_downloaded"]) == sorted(BANDS)
    assert result["bands_failed"] == []
    assert result["total_size_bytes"] == sum(f.stat().st_size for f in world.folder.glob("*.tif"))
    assert result["bands_downloaded"]["nir"]["path"] == str(folder / "nir.tif")
    assert set(result["bands_downloaded"]["nir"]) >= {"path", "size_bytes", "time_s"}
    assert {
        k: result["validation"][k] for k in ("is_valid", "bands_validated", "warnings", "errors")
    } == {
        "is_valid": True,
        "bands_validated": BANDS,
        "warnings": [],
        "errors": [],
    }
    assert sorted(p.name for p in folder.iterdir()) == sorted(
        [*(f"{b}.tif" for b in BANDS), "bands.json", f"{ITEM_ID}_stack.vrt"]
    )

    code, out, _ = flight("validate", folder / f"{ITEM_ID}_stack.vrt", "--json")
    assert (code, pure_json(out)["is_valid"]) == (0, True)
    code, out, _ = flight(
        "index",
        "NBR",
        "--stack",
        folder / f"{ITEM_ID}_stack.vrt",
        "--output",
        tmp_path / "nbr.tif",
        "--json",
    )
    assert code == 0
    assert pure_json(out)["statistics"]["observed_percent"] == 100.0
    assert (tmp_path / "nbr.tif").is_file()


def test_ingest_can_ask_compute_and_copy_in_one_go(
    flight: Flight, world: World, tmp_path: Path
) -> None:
    words = [
        *question(world),
        "--output",
        tmp_path,
        "--bands",
        "RED,nir",
        "--index",
        "ndvi",
        "--output-format",
        "geotiff",
        "--json",
    ]
    code, out, err = flight("ingest", *words, "--parallel-downloads", "1")
    assert code == 0, err
    (result,) = pure_json(out)
    assert list(result["bands_downloaded"]) == ["red", "nir"]
    assert result["output_path"].endswith("_stack.tif")
    assert Path(result["outputs"]["NDVI"]).is_file()
    assert world.files.most_at_once == 1
    assert world.files.count("blue.tif") == 0


def test_no_scenes_is_an_empty_list_and_a_sentence(flight: Flight, world: World) -> None:
    elsewhere = ["--catalog", world.url, "--area", "20,10,21,11", *DATES]
    code, out, err = flight("discover", *elsewhere, "--max-cloud", "30", "--output", "json")
    assert (code, pure_json(out)) == (1, [])
    assert "No scenes found in 127.0.0.1" in err
    assert (
        "nothing of Sentinel-2 covers the area from 2024-06-01 to 2024-06-30 with at most 30 % "
        "cloud. Widen the dates" in err
    )


def test_one_band_failing_is_done_in_part(flight: Flight, world: World, tmp_path: Path) -> None:
    world.files.break_next("swir22.tif", Fault(status=404))
    code, out, err = flight("ingest", *question(world), "--output", tmp_path / "out", "--json")
    (result,) = pure_json(out)
    assert code == 3
    assert result["status"] == "partial"
    assert result["bands_failed"] == ["swir22"]
    assert "swir22: FAILED (HTTP 404" in err
    assert result["failures"]["swir22"].startswith("Band download failed for 'swir22' from http://")
    assert result["validation"]["is_valid"] is True


def test_a_required_band_failing_is_a_failure_that_keeps_the_others(
    flight: Flight, world: World, tmp_path: Path
) -> None:
    world.files.break_next("red.tif", Fault(status=503))
    code, out, err = flight("ingest", *question(world), "--output", tmp_path / "out", "--json")
    (result,) = pure_json(out)
    assert code == 1
    assert result["status"] == "failed"
    assert "required band red could not be downloaded (HTTP 503" in result["error"]
    assert "The other bands are kept; run again to fetch what is missing." in err
    assert sorted(result["bands_downloaded"]) == sorted(set(BANDS) - {"red"})
    world.files.mend()
    code, out, _ = flight("ingest", *question(world), "--output", tmp_path / "out", "--json")
    assert (code, pure_json(out)[0]["status"]) == (0, "completed")
    assert [world.files.count(f"{name}.tif") for name in BANDS] == [1, 1, 4, 1, 1, 1]


@pytest.fixture
def red(tmp_path: Path) -> Path:
    return write_raster(tmp_path / "red.tif")


SEARCH = ["discover", "--catalog", "{url}", "--area", AREA, *DATES]


def search(**change: str) -> list[str]:
    words = {
        "--catalog": "{url}",
        "--area": AREA,
        "--start": "2024-06-01",
        "--end": "2024-06-30",
        **change,
    }
    return ["discover", *(word for pair in words.items() for word in pair)]


BAD_INPUT = {
    "no command": ([], 2, "usage: flight"),
    "an unknown command": (["fly"], 2, "invalid choice: 'fly'"),
    "an unknown flag": ([*SEARCH, "--speed", "3"], 2, "unrecognized arguments: --speed 3"),
    "no area": (["discover", *DATES], 2, "the following arguments are required: --area"),
    "an empty area": (
        search(**{"--area": ""}),
        2,
        "Parameter --area of flight discover: is missing.",
    ),
    "an inverted area": (
        search(**{"--area": "7,47,8,46"}),
        2,
        "The area 7,47,8,46 cannot be used: south 47 is above north 46.",
    ),
    "an area without surface": (
        search(**{"--area": "7,46,7,47"}),
        2,
        "The area 7,46,7,47 cannot be used: it is empty.",
    ),
    "an area that is no file": (
        search(**{"--area": "nope.gpkg"}),
        2,
        "The area 'nope.gpkg' cannot be used: it is no file",
    ),
    "end before start": (
        search(**{"--end": "2024-05-01"}),
        2,
        "The dates 2024-06-01 to 2024-05-01 cannot be used: the end lies before",
    ),
    "a date that is none": (
        search(**{"--start": "1st of June"}),
        2,
        "The start date '1st of June' cannot be used: it is no ISO date.",
    ),
    "an unknown sensor": (
        [*SEARCH, "--sensor", "sentinel3"],
        2,
        "cannot be 'sentinel3': it is not one of the choices. Did you mean",
    ),
    "an unknown event": (
        [*SEARCH, "--event", "flod"],
        2,
        "cannot be 'flod': it is not one of the choices. Did you mean flood",
    ),
    "an unknown catalogue": (
        search(**{"--catalog": "earthsearch"}),
        2,
        "Did you mean earth-search",
    ),
    "too much cloud": (
        [*SEARCH, "--max-cloud", "120"],
        2,
        "Parameter --max-cloud of flight discover cannot be '120': the most is 100.",
    ),
    "no limit": (
        [*SEARCH, "--limit", "0"],
        2,
        "Parameter --limit of flight discover cannot be '0': the least is 1.",
    ),
    "an unknown band": (
        ["ingest", *SEARCH[1:], "--bands", "red,ner", "--output", "{tmp}/out"],
        2,
        "Band 'ner' cannot be used: Sentinel-2 has no such band.",
    ),
    "an unknown index": (
        ["index", "NDVY", "--stack", "{red}", "--output", "{tmp}/o.tif"],
        2,
        "Did you mean NDVI",
    ),
    "items that are not there": (
        ["ingest", "--items", "{tmp}/nope.json", "--output", "{tmp}/out"],
        2,
        "nope.json cannot be used: No such file",
    ),
    "items that are no JSON": (
        ["ingest", "--items", "{red}", "--output", "{tmp}/out"],
        2,
        "cannot be used: the file is no JSON",
    ),
    "ingest without a question": (
        ["ingest", "--output", "{tmp}/out"],
        2,
        "Ingest cannot start: area, start, end not given.",
    ),
    "a catalogue that is not there": (
        search(**{"--catalog": "http://127.0.0.1:9"}),
        1,
        "failed: it cannot be reached.",
    ),
    "a stack that is no VRT": (
        ["stack", "--sensor", "sentinel2", "--band", "red={red}", "--output", "{tmp}/s.tif"],
        2,
        "its name must end in .vrt",
    ),
    "a band that is not there": (
        [
            "stack",
            "--sensor",
            "sentinel2",
            "--band",
            "red={tmp}/nope.tif",
            "--output",
            "{tmp}/s.vrt",
        ],
        1,
        "nope.tif cannot be opened: it does not exist.",
    ),
    "a stack that is not there": (
        ["index", "NDVI", "--stack", "{tmp}/nope.vrt", "--output", "{tmp}/o.tif"],
        1,
        "it does not exist",
    ),
    "an index without its band": (
        ["index", "NDVI", "--stack", "{red}", "--output", "{tmp}/o.tif"],
        1,
        "NDVI cannot be computed: the stack has no band nir",
    ),
    "a folder that cannot be made": (
        ["ingest", *SEARCH[1:], "--output", "{red}/x"],
        1,
        "cannot be made: Not a directory.",
    ),
    "an unknown sensor of info": (["info", "--bands", "modis"], 2, "cannot be 'modis'"),
}


@pytest.mark.parametrize(("words", "code", "sentence"), BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_wrong_input_is_one_sentence_and_its_exit_code(
    flight: Flight,
    world: World,
    tmp_path: Path,
    red: Path,
    words: list[str],
    code: int,
    sentence: str,
) -> None:
    got, out, err = flight(*(w.format(url=world.url, tmp=tmp_path, red=red) for w in words))
    assert sentence in err
    assert got == code
    assert "Traceback" not in err
    assert "fault in FirstLight" not in err
    if words and words[0] == "ingest" and "--json" not in words and code == 1:
        assert out.startswith(f"{ITEM_ID}: failed.")
    else:
        assert out == ""
    assert red.read_bytes()
    assert not list(tmp_path.glob("*.part*"))


@pytest.mark.parametrize(
    "words",
    [
        ["stack", "--sensor", "sentinel2", "--band", "red={text}", "--output", "{tmp}/s.vrt"],
        ["validate", "{text}"],
        ["index", "NDVI", "--stack", "{text}", "--output", "{tmp}/o.tif"],
    ],
    ids=lambda w: w[0],
)
def test_a_file_that_is_no_raster_is_named(
    flight: Flight, tmp_path: Path, words: list[str]
) -> None:
    text = tmp_path / "notes.tif"
    text.write_text("hello")
    code, out, err = flight(*(w.format(text=text, tmp=tmp_path) for w in words))
    assert code == 1
    assert "notes.tif cannot be opened" in out + err
    assert "fault in FirstLight" not in err


def test_an_unknown_band_is_refused_before_anything_is_asked(
    flight: Flight, world: World, tmp_path: Path
) -> None:
    code, _, _ = flight("ingest", *question(world), "--bands", "ner", "--output", tmp_path / "out")
    assert code == 2
    assert world.api.requests == []


def test_json_is_json_though_nodata_is_nan(flight: Flight, tmp_path: Path) -> None:
    path = write_raster(tmp_path / "red.tif", ramp().astype(np.float32), nodata=float("nan"))
    code, out, _ = flight(
        "stack",
        "--sensor",
        "sentinel2",
        "--band",
        f"red={path}",
        "--output",
        tmp_path / "s.vrt",
        "--json",
    )
    assert code == 0
    pure_json(out)


@pytest.mark.parametrize(
    "words",
    [
        ["stack", "--sensor", "sentinel2", "--band", "red={red}", "--output", "{tmp}/s.vrt"],
        ["validate", "{red}"],
        ["info"],
        ["info", "--bands", "landsat"],
    ],
    ids=lambda w: " ".join(w[:2]),
)
def test_json_is_all_there_is_on_stdout(
    flight: Flight, tmp_path: Path, red: Path, words: list[str]
) -> None:
    _, out, _ = flight(*(w.format(tmp=tmp_path, red=red) for w in words), "--json")
    pure_json(out)


def test_an_invalid_raster_is_exit_code_1_with_its_findings(flight: Flight, tmp_path: Path) -> None:
    blank = write_raster(tmp_path / "red.tif", np.full((20, 20), 3000, np.uint16))
    code, out, err = flight("validate", blank, "--json")
    report = pure_json(out)
    assert code == 1
    assert report["is_valid"] is False
    assert [f["code"] for f in report["findings"]] == ["band_blank", "range_implausible"]
    assert "NOT valid" in err


def test_an_unforeseen_fault_is_still_one_sentence(
    flight: Flight, red: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("firstlight.core.operations.validate.validate", fail)
    code, out, err = flight("validate", red)
    assert (code, out) == (1, "")
    assert (
        err
        == "flight validate failed: ZeroDivisionError: oops. This is a fault in FirstLight; see "
        "--verbose.\n"
    )
    code, out, err = flight("validate", red, "--verbose")
    assert (code, out) == (1, "")
    assert "Traceback" in err
    assert 'raise ZeroDivisionError("oops")' in err


def test_the_signal_handlers_are_put_back(flight: Flight) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    flight("info")
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_bad_setting_is_a_wrong_usage(flight: Flight, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLIGHT_TILE_SIZE", "big")
    code, _, err = flight("info")
    assert code == 2
    assert (
        err == "The setting 'tile_size' from environment FIRSTLIGHT_TILE_SIZE cannot be 'big': it "
        "is no integer. Correct it there: docs/configuration.md shows each setting.\n"
    )


def test_a_token_is_written_nowhere(flight: Flight, world: World, tmp_path: Path) -> None:
    for asset in world.api.items[0]["assets"].values():
        asset["href"] += "?sig=SECRET"
    items = tmp_path / "items.json"
    items.write_text(flight("discover", *question(world), "--output", "json")[1])
    assert "SECRET" not in items.read_text()
    world.files.break_next("nir.tif", Fault(status=403))
    code, out, err = flight(
        "ingest", "--items", items, "--output", tmp_path / "out", "--json", "--verbose"
    )
    assert code == 1
    assert "SECRET" not in out + err
    written = [p for p in (tmp_path / "out").rglob("*") if p.suffix in (".json", ".vrt")]
    assert written
    assert all("SECRET" not in p.read_text() for p in written)


def command() -> list[str]:
    script = Path(sys.executable).with_name("flight")
    return [str(script)] if script.exists() else [sys.executable, "-m", "firstlight.core.cli"]


@contextmanager
def process(*words: object) -> Iterator[subprocess.Popen[str]]:
    env = {**os.environ, "FIRSTLIGHT_REQUEST_DELAY_MS": "0", "FIRSTLIGHT_RETRY_DELAY_S": "0"}
    with subprocess.Popen(
        [*command(), *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
        cwd="/",
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def read_until(running: subprocess.Popen[str], wanted: Callable[[str], bool]) -> list[str]:
    """Lines of stderr until one is wanted; a watchdog ends it."""
    lines: list[str] = []
    watchdog = threading.Timer(PATIENCE_S, running.kill)
    watchdog.start()
    assert running.stderr is not None
    for line in running.stderr:
        lines.append(line)
        if wanted(line):
            break
    watchdog.cancel()
    return lines


def test_the_installed_command_runs() -> None:
    with process("info", "--bands", "sentinel2") as running:
        out, err = running.communicate(timeout=PATIENCE_S)
    assert (running.returncode, err) == (0, "")
    assert "blue (B02, 490 nm, 10 m)" in out


def test_a_pipe_that_closes_early_is_no_fault() -> None:
    with process("info", "--json") as running:
        assert running.stdout is not None
        running.stdout.close()
        assert running.stderr is not None
        assert "Traceback" not in running.stderr.read()
        running.wait(PATIENCE_S)


def interrupt(
    world: World, out: Path, ready: Callable[[], object], number: int = signal.SIGINT
) -> tuple[int, list[str], str]:
    """Start an ingest, stop it when all bands but the broken one have come and that one is
    ``ready`` → code, files left, stderr.
    """
    with process("ingest", *question(world), "--output", out, "--json") as running:
        done: set[str] = set()

        def four(line: str) -> bool:
            if ": done" in line:
                done.add(line.split(":")[0])
            return len(done) == 5

        lines = read_until(running, four)
        wait_until(ready)
        running.send_signal(number)
        rest_out, rest_err = running.communicate(timeout=PATIENCE_S)
    assert rest_out == ""
    return (
        running.returncode,
        sorted(p.name for p in (out / ITEM_ID).iterdir()),
        "".join(lines) + rest_err,
    )


@pytest.mark.thorough
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
@pytest.mark.parametrize("sent", [None, 3000], ids=["no answer", "stalled"])
def test_a_stop_keeps_finished_bands_and_the_next_run_completes(
    world: World, tmp_path: Path, flight: Flight, sent: int | None, number: int
) -> None:
    with Gate() as gate:
        world.files.break_next("nir.tif", Fault(stall_after_bytes=sent, gate=gate))
        code, left, err = interrupt(world, tmp_path / "out", gate.reached.is_set, number)
        assert gate.is_held, "it waited for the server"
    assert code == 130
    assert "stopped by the user. What was finished is kept; run it again to go on." in err
    assert "Traceback" not in err
    assert {f"{name}.tif" for name in BANDS if name != "nir"} <= set(left)
    assert "nir.tif" not in left
    world.files.mend()
    code, out, err = flight("ingest", *question(world), "--output", tmp_path / "out", "--json")
    assert (code, pure_json(out)[0]["status"]) == (0, "completed")
    assert err.count("Already exists, skipping") == 5
    assert world.files.count("blue.tif") == 1


@pytest.mark.thorough
def test_after_ctrl_c_what_has_come_of_a_band_is_left_for_the_next_run(
    world: World, tmp_path: Path
) -> None:
    world.files.break_next("nir.tif", Fault(stall_after_bytes=3000))
    part = tmp_path / "out" / ITEM_ID / "nir.tif.part"
    _, left, _ = interrupt(
        world, tmp_path / "out", lambda: part.exists() and part.stat().st_size == 3000
    )
    assert [name for name in left if ".part" in name] == ["nir.tif.part", "nir.tif.part.jsonl"]
    assert ".firstlight.lock" not in left


@pytest.mark.thorough
def test_ctrl_c_during_a_search_does_not_wait_for_the_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FIRSTLIGHT_READ_TIMEOUT_S", str(10 * PATIENCE_S))
    with silent_server() as (port, somebody_came):
        url = f"http://127.0.0.1:{port}"
        with process("discover", "--catalog", url, "--area", AREA, *DATES) as running:
            wait_until(somebody_came)
            running.send_signal(signal.SIGINT)
            out, err = running.communicate(timeout=PATIENCE_S)
    assert (running.returncode, out) == (130, "")
    assert "Traceback" not in err


def test_a_catalogue_that_dies_in_the_middle_still_gives_what_came(
    flight: Flight, tmp_path: Path
) -> None:
    behaviour = Behaviour(page_size=1, die_at_page=2)
    with small_world(tmp_path / "served", size=64, behaviour=behaviour) as world:
        world.api.items.append({**world.api.items[0], "id": "another"})
        code, out, err = flight("discover", *question(world), "--output", "json")
    assert (code, [item["id"] for item in pure_json(out)]) == (0, [ITEM_ID])
    assert err.count("warning: The list is not complete.") == 1


def test_a_western_area_needs_no_equals_sign(capsys: pytest.CaptureFixture[str]) -> None:
    from firstlight.core.cli import join_negative, main

    assert join_negative(["--area", "-27.3,41.9,-27.2,42.0", "--offset", "-.2"]) == [
        "--area=-27.3,41.9,-27.2,42.0",
        "--offset=-.2",
    ]
    assert join_negative(["--formula", "-nir/red", "-h"]) == ["--formula=-nir/red", "-h"]
    assert join_negative(["--formula", "-h", "--json"]) == ["--formula", "-h", "--json"]
    assert join_negative(["--json", "--area=-1,2,3,4", "-h", "x", "-5"]) == [
        "--json",
        "--area=-1,2,3,4",
        "-h",
        "x",
        "-5",
    ]
    code = main(
        ["discover", "--area", "-27.3,41.9,-28,42", "--start", "2024-01-01", "--end", "2024-01-02"]
    )
    assert code == 2
    assert "expected one argument" not in capsys.readouterr().err


@pytest.mark.thorough
@pytest.mark.parametrize("more", [[], ["--skip-validation"]])
def test_values_that_cannot_be_are_told_once_for_each_band(
    flight: Flight, world: World, tmp_path: Path, more: list[str]
) -> None:
    scenes = json.loads(flight("discover", *question(world), "--output", "json")[1])
    for number, name in enumerate(("red", "nir")):
        path = world.folder / f"{name}.tif"
        grid = read_facts(path).grid
        dark = noise(grid.shape, number, 300, 1100)  # less than the offset of 1000
        origin = (grid.transform[2], grid.transform[5])
        write_raster(path, dark, origin=origin, resolution=grid.resolution[0])
        scenes[0]["band_info"][name] |= {"size_bytes": None, "checksum": None}
        scenes[0]["assets"][name] = {"href": scenes[0]["assets"][name]["href"]}
    items = tmp_path / "items.json"
    items.write_text(json.dumps(scenes))
    words = ["--items", items, "--output", tmp_path / "out", "--bands", "red,nir", *more]
    code, out, err = flight("ingest", *words, "--index", "ndvi", "--json")
    assert code == 0, err
    (result,) = pure_json(out)
    assert list(result["outputs"]) == ["NDVI"]
    validated = (result["validation"] or {}).get("warnings", [])
    for texts in (err.splitlines(), [*result["warnings"], *validated]):
        told = [text.partition(" in ")[0] for text in texts if "an offset was taken off" in text]
        assert [sum(name in names for names in told) for name in ("red", "nir")] == [1, 1], texts
