"""``flight event "flood at …"``: told, confirmed, and then as if it had been said with options."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from firstlight.core.types import Aoi
from support.command import Flight, flight_command
from support.events import served_events
from support.thorough import few
from support.waiting import PATIENCE_S

PLACE = "-20.24,45.47,-20.16,45.53"
SENTENCE = f"Hochwasser {PLACE} am 20. Oktober 2024 um 03:00 UTC"


@pytest.fixture
def flight(capsys: pytest.CaptureFixture[str]) -> Flight:
    return flight_command(capsys)


@pytest.fixture
def names(tmp_path: Path) -> Path:
    path = tmp_path / "names.csv"
    path.write_text("name,lon,lat,country\nOcean,-20.2,45.5,None\nOcean,5,5,Other\n")
    return path


def test_a_sentence_finds_the_same_pairs_as_options(flight: Flight) -> None:
    with served_events() as url:
        more = ["--sensor", "sentinel1", "--catalog", url, "--json"]
        code, out, told = flight("pairs", SENTENCE, "--yes", *more)
        options = ["--event", "flood", "--area", PLACE, "--date", "2024-10-20T03:00Z"]
        other_code, other, _ = flight("pairs", *options, *more)
    assert (code, other_code) == (0, 0)
    assert json.loads(out) == json.loads(other)
    assert "Event: Flood (flood)" in told
    assert "Day: Sunday 2024-10-20T03:00:00Z (UTC)" in told
    size = Aoi.from_bounds(-20.24, 45.47, -20.16, 45.53).area_km2
    assert f"Area: {size:.1f} km² within -20.2400,45.4700,-20.1600,45.5300" in told


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([SENTENCE], "what was understood is not confirmed. Add --yes"),
        (["flood 29 October 2024", "--yes"], "it names no place"),
        (["flood at Ocean on 29 October 2024", "--yes"], "Give a file with --gazetteer"),
        (["flood at Ocean 29 October", "--yes"], "has no year"),
        ([f"terrible {SENTENCE}", "--yes"], "'terrible' is not understood"),
        (["x" * 10_000, "--yes"], "it has 10000 letters, and 500 are the most"),
        (["", "--yes"], "Parameter --event of flight event"),
        (["  ", "--yes"], "it is empty"),
        (["\u202eflood\u202c at \x1b[31mX 2024-10-29", "--yes"], "\\x1b"),
        ([], "Parameter --event of flight event: is missing"),
    ],
)
def test_nothing_is_done_that_is_not_clear_or_not_confirmed(
    flight: Flight, tmp_path: Path, words: list[str], reason: str
) -> None:
    code, out, told = flight("event", *words, "--output", str(tmp_path / "out"))
    assert (code, out) == (2, "")
    assert reason in told
    assert "\x1b" not in told
    assert not (tmp_path / "out").exists()


def test_one_of_several_places_is_chosen_by_its_number(flight: Flight, names: Path) -> None:
    words = ["understand", "flood at Ocean 2024-10-20", "--gazetteer", str(names)]
    code, out, _ = flight(*words)
    assert code == 3
    assert "'Ocean' can be 2 places. 1: Ocean, None (45.500° N, 20.200° W); 2: " in out
    assert "Choose with --place." in out
    code, out, _ = flight(*words, "--place", "2", "--json")
    told = json.loads(out)
    assert code == 0
    assert (told["event"], told["date"], told["place"][:12]) == (
        "flood",
        "2024-10-20",
        "Ocean, Other",
    )
    assert told["area_km2"] == pytest.approx(78.5, abs=0.1)
    code, _, why = flight(*words, "--place", "3")
    assert code == 2
    assert "--place cannot be 3: there are 2 places of that name" in why


def test_the_gazetteer_may_be_a_setting(
    flight: Flight, names: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTLIGHT_GAZETTEER", str(names))
    code, out, _ = flight("understand", "flood at Ocean, Other 2024-10-20")
    assert code == 0
    assert "Area: Ocean, Other (5.000° N, 5.000° E), 5 km around it, 78.5 km²" in out


def test_what_is_given_as_an_option_counts(flight: Flight) -> None:
    with served_events() as url:
        more = ["--sensor", "sentinel1", "--catalog", url, "--json", "--yes"]
        code, out, told = flight(
            *("pairs", "flood at Ocean in 2023"),
            *("--date", "2024-10-20T03:00Z", "--area", PLACE),
            *more,
        )
    assert code == 0
    assert json.loads(out)
    assert "Place: Ocean" in told
    assert f"area as given: {PLACE}" in told
    assert "date as given: 2024-10-20T03:00Z" in told


@pytest.mark.thorough
@few(("answer", "code"), [("ja", 0), ("", 130), ("y", 0), ("n", 130)], 2)
def test_on_a_terminal_it_is_asked(answer: str, code: int) -> None:
    with served_events() as url:
        ours, theirs = pty.openpty()
        words = ["pairs", SENTENCE, "--sensor", "sentinel1", "--catalog", url]
        run = subprocess.Popen(
            [sys.executable, "-m", "firstlight.core.cli", *words],
            stdin=theirs,
            stderr=theirs,
            stdout=subprocess.PIPE,
        )
        os.close(theirs)
        told = b""
        while b"[y/N]" not in told:
            told += os.read(ours, 4096)
        os.write(ours, f"{answer}\n".encode())
        out, _ = run.communicate(timeout=PATIENCE_S)
        os.close(ours)
    assert run.returncode == code
    assert bool(out) == (code == 0)
    assert b"Understood:" in told
