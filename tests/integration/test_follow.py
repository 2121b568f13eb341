"""``flight follow``: a flood through its passes, from a catalogue and files on loopback."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from firstlight.core.cli import main
from support.event_world import Pass, area_text, event_world
from support.rasters import read_band
from support.surroundings import forget_the_user

RADAR = [
    Pass("2024-06-05", "sentinel1", orbit=117),
    Pass("2024-06-17", "sentinel1", "water", orbit=117),
    Pass("2024-06-20", "sentinel1", "water", orbit=44),
    Pass("2024-06-29", "sentinel1", "water", orbit=117),
    Pass("2024-07-11", "sentinel1", orbit=117),
]
Follow = Callable[..., tuple[int, dict[str, object], str, int]]


@pytest.fixture
def follow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Follow:
    """Runs it over some passes; exit code, JSON, messages, files that were asked for."""
    forget_the_user(monkeypatch, tmp_path / "home")

    def run(
        passes: Sequence[Pass], day: str = "2024-06-10"
    ) -> tuple[int, dict[str, object], str, int]:
        with event_world(tmp_path / "files", passes) as world:
            words = ["--area", area_text(1), "--catalog", world.url, "--sensor", "sentinel1"]
            words += ["--date", day, "--output", str(tmp_path / "out"), "--json"]
            code = main(["follow", "--event", "flood", *words])
            asked = len(world.files.requests)
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else {}, err, asked

    return run


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "series" / "series.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.mark.thorough
def test_each_pass_is_mapped_once_and_the_next_run_takes_only_what_is_new(
    follow: Follow, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    code, data, err, _ = follow(RADAR[:4])
    assert code == 0, err
    maps = data["maps"]
    assert isinstance(maps, list)
    assert [one["datetime"][:10] for one in maps] == ["2024-06-17", "2024-06-29"], (
        "the other orbit has no pass before"
    )
    assert [one["new"] for one in maps] == [True, True]
    first = rows_of(out)
    assert all(float(row["affected_km2"]) > 0 for row in first)
    kept = {Path(one["map"]): Path(one["map"]).stat().st_mtime_ns for one in maps}

    code, data, _, asked = follow(RADAR)
    assert code == 0
    maps = data["maps"]
    assert isinstance(maps, list)
    assert [one["new"] for one in maps] == [False, False, True]
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    rows = rows_of(out)
    assert [row["datetime"][:10] for row in rows] == ["2024-06-17", "2024-06-29", "2024-07-11"]
    assert rows[:2] == first
    assert float(rows[2]["receded_km2"]) > 0.9 * float(rows[1]["affected_km2"]), "it went down"
    last = read_band(out / "series" / "last_seen.tif")
    assert float(last.max()) == pytest.approx(19, abs=1), "the last wet pass, not the last one"

    code, data, _, again = follow(RADAR)
    maps = data["maps"]
    assert isinstance(maps, list)
    assert (code, [one["new"] for one in maps]) == (0, [False] * 3)
    assert again == 0 < asked


@pytest.mark.thorough
def test_another_event_is_not_written_over_the_first(follow: Follow, tmp_path: Path) -> None:
    assert follow(RADAR)[0] == 0
    before = (tmp_path / "out" / "passes.json").read_bytes()
    code, _, err, _ = follow(RADAR, day="2024-06-12")
    assert code == 2
    assert "holds the passes of another event" in err
    assert (tmp_path / "out" / "passes.json").read_bytes() == before


def test_one_pass_is_no_series(follow: Follow) -> None:
    code, _, err, _ = follow(RADAR[:2])
    assert code == 1
    assert "The event cannot be followed: Sentinel-1: one pass after the event" in err
