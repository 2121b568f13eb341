"""`flight index`: who computes and why, how far it is, and a run that is killed and goes on."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from firstlight.core import cli
from support.rasters import noise
from support.stacks import write_stack

ROOT = Path(__file__).resolve().parents[2]
TILES = 13 * 13


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """169 tiles of 64 pixels."""
    monkeypatch.setenv("FIRSTLIGHT_TILE_SIZE", "64")
    monkeypatch.setenv("FIRSTLIGHT_WORKERS", "2")
    return write_stack(tmp_path, {"red": noise((830, 830), 0), "nir": noise((830, 830), 1)})


def index(stack: Path, output: Path, *words: str) -> int:
    return cli.main(["index", "NDVI", "--stack", str(stack), "--output", str(output), *words])


@pytest.mark.thorough
def test_the_engine_is_told_before_and_after(
    stack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = f"Engine: 2 threads on this computer ({TILES} tiles, as asked for)."
    assert index(stack, tmp_path / "a.tif", "--engine", "threads") == 0
    out, err = capsys.readouterr()
    assert f"info: {sentence}" in err
    assert out.splitlines()[-1] == sentence
    assert index(stack, tmp_path / "b.tif", "--engine", "serial", "--json") == 0
    out, err = capsys.readouterr()
    sentence = f"Engine: serial, one tile after the other ({TILES} tiles, as asked for)."
    assert f"info: {sentence}" in err
    assert json.loads(out)["provenance"]["engine"] == sentence
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()


def test_of_what_is_usual_nobody_is_told_before(
    stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FIRSTLIGHT_TILE_SIZE", "512")
    sentence = "Engine: 2 threads on this computer (4 tiles)."
    assert index(stack, tmp_path / "a.tif") == 0
    out, err = capsys.readouterr()
    assert "Engine" not in err
    assert out.splitlines()[-1] == sentence
    assert index(stack, tmp_path / "b.tif", "--verbose") == 0
    assert f"debug: {sentence}" in capsys.readouterr().err


def test_an_unknown_engine_is_refused(
    stack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert index(stack, tmp_path / "a.tif", "--engine", "turbo") == 2
    assert "'turbo'" in capsys.readouterr().err


@pytest.mark.thorough
def test_the_settings_choose_where_no_flag_does(
    stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FIRSTLIGHT_ENGINE", "serial")
    assert index(stack, tmp_path / "a.tif") == 0
    assert "Engine: serial" in capsys.readouterr().err
    assert index(stack, tmp_path / "a.tif", "--engine", "threads") == 0
    assert "Engine: 2 threads" in capsys.readouterr().err


def test_an_address_alone_is_enough_to_choose_the_cluster(
    stack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert index(stack, tmp_path / "a.tif", "--cluster", "nonsense://x") == 1
    err = capsys.readouterr().err
    assert "The Dask cluster at nonsense://x cannot be used: " in err
    assert "Traceback" not in err
    assert not (tmp_path / "a.tif").exists()


def test_a_killed_run_leaves_no_layer_and_goes_on_from_its_tiles(
    stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert index(stack, tmp_path / "whole.tif") == 0
    output, spool = tmp_path / "o.tif", tmp_path / "o.tif.tiles.part"
    program = (
        "import importlib.util, sys\n"
        "spec = importlib.util.spec_from_file_location('firstlight', "
        f"{str(ROOT / '__init__.py')!r},"
        f" submodule_search_locations=[{str(ROOT)!r}])\n"
        "module = importlib.util.module_from_spec(spec); sys.modules['firstlight'] = module; "
        "spec.loader.exec_module(module)\n"
        "import itertools, threading\n"
        "from firstlight.core.cli import main\n"
        "from firstlight.core.execution.tile_work import TileWork\n"
        "compute, tiles = TileWork.__call__, itertools.count(1)\n"
        "def stand_at_the_40th(work, tile):\n"
        "    if next(tiles) == 40:\n"
        "        print('standing', flush=True)\n"
        "        threading.Event().wait()\n"
        "    return compute(work, tile)\n"
        "TileWork.__call__ = stand_at_the_40th\n"
        "main(sys.argv[1:])\n"
    )
    words = [
        "index",
        "NDVI",
        "--stack",
        str(stack),
        "--output",
        str(output),
        "--engine",
        "serial",
        "--resume",
    ]
    running = subprocess.Popen(
        [sys.executable, "-c", program, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert running.stdout is not None
    assert running.stdout.readline() == b"standing\n"
    running.send_signal(signal.SIGKILL)
    running.communicate()
    assert not output.exists()
    assert spool.exists()
    capsys.readouterr()
    monkeypatch.setattr(cli, "TELL_EVERY_S", 0.0)
    assert index(stack, output, "--resume") == 0
    told = re.findall(rf"\] tile (\d+) of {TILES}(, .* left)?", capsys.readouterr().err)
    first = int(told[0][0])
    assert first == 40, "the first tile that is told of comes after those that were there"
    assert int(told[-1][0]) == TILES
    assert re.fullmatch(r", .*\d (s|min) left", told[0][1])
    assert output.read_bytes() == (tmp_path / "whole.tif").read_bytes()
    assert not spool.exists()
