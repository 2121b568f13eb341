"""``flight discover``, ``clear-sky`` and ``pairs`` from end to end: a catalogue, masks behind HTTP,
real output.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from firstlight.core.cli import main
from firstlight.core.monitor import Note, RecordingMonitor
from firstlight.core.operations.discover import DISCOVER, run_discover
from firstlight.core.operations.pairs import PAIRS
from firstlight.core.settings import Settings
from support.masks import ORIGIN, to_lonlat, write_mask
from support.range_server import FaultyServer
from support.stac_server import Behaviour, StacServer, make_item
from support.surroundings import forget_the_user

S2_BANDS = ("blue", "green", "red", "nir", "swir16", "swir22")
CLEAR_ROWS = {"2024-06-02": 10, "2024-06-08": 40, "2024-06-20": 30, "2024-06-26": 5}
"""Day → clear rows of the 40 in the middle of the mask; the catalogue's cloud figures say the
opposite.
"""


def corners() -> list[tuple[float, float]]:
    left, top = ORIGIN
    return to_lonlat(
        [(left, top - 4000), (left + 4000, top - 4000), (left + 4000, top), (left, top)]
    )


def box(inset: float = 0.0) -> tuple[float, float, float, float]:
    xs, ys = [x for x, _ in corners()], [y for _, y in corners()]
    return (min(xs) + inset, min(ys) + inset, max(xs) - inset, max(ys) - inset)


AREA = ",".join(f"{edge:.6f}" for edge in (box(0.002)))


@dataclass(frozen=True)
class World:
    url: str
    files: FaultyServer
    api: StacServer


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Four optical passes, four radar passes of two orbits, one scene of another collection."""
    forget_the_user(monkeypatch, tmp_path / "home")
    with FaultyServer(tmp_path / "masks") as files:
        items = []
        for place, (day, rows) in enumerate(CLEAR_ROWS.items()):
            pixels = np.full((200, 200), 9, dtype=np.uint8)
            pixels[: rows * 5] = 4
            write_mask(tmp_path / "masks" / f"{day}.tif", pixels)
            assets = {name: {"href": f"https://example.org/{day}/{name}.tif"} for name in S2_BANDS}
            facts = {
                "eo:cloud_cover": rows * 2,
                "platform": "sentinel-2a",
                "sat:relative_orbit": 65,
            }
            scl = {"scl": {"href": files.url(f"{day}.tif")}}
            items.append(
                make_item(f"S2_{day}", box(), f"{day}T10:00:00Z", assets={**assets, **scl}, **facts)
            )
            direction = ("ascending", "descending")[place % 2]
            radar = {
                "platform": "sentinel-1a",
                "sat:relative_orbit": 117 + place % 2 * 51,
                "sat:orbit_state": direction,
            }
            bands = {
                name: {"href": f"https://example.org/{day}/{name}.tif"} for name in ("vv", "vh")
            }
            items.append(
                make_item(f"S1_{day}", box(), f"{day}T05:30:00Z", "sentinel-1-rtc", bands, **radar)
            )
        c1 = {name: {"href": f"https://example.org/c1/{name}.tif"} for name in S2_BANDS}
        items.append(
            make_item(
                "C1_2024-06-09",
                box(),
                "2024-06-09T10:00:00Z",
                "sentinel-2-c1-l2a",
                c1,
                **{"eo:cloud_cover": 1},
            )
        )
        with StacServer(items) as api:
            yield World(api.base_url, files, api)


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def flight(world: World, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run one command against the world; gives exit code, output and messages."""

    def run(
        command: str, *words: str, area: str | None = AREA, catalog: bool = True
    ) -> tuple[int, str, str]:
        more = [] if area is None else ["--area", area]
        code = main([command, *more, *(["--catalog", world.url] if catalog else []), *words])
        out, err = capsys.readouterr()
        return code, out, err

    return run


JUNE = ("--start", "2024-06-01", "--end", "2024-06-30")
JSON = ("--output", "json")


def ids(out: str) -> list[str]:
    return [item["id"] for item in json.loads(out)]


def test_discover_lists_the_newest_first(flight: Run) -> None:
    code, out, _ = flight("discover", *JUNE, *JSON)
    assert code == 0
    assert ids(out) == ["S2_2024-06-26", "S2_2024-06-20", "S2_2024-06-08", "S2_2024-06-02"]


def test_discover_sorts_by_the_catalogues_cloud_where_nobody_looked(flight: Run) -> None:
    _, out, _ = flight("discover", *JUNE, *JSON, "--sort", "cloud")
    assert ids(out) == ["S2_2024-06-26", "S2_2024-06-02", "S2_2024-06-20", "S2_2024-06-08"]


def test_discover_sorts_by_the_sky_over_the_area_where_it_was_looked_at(flight: Run) -> None:
    code, out, err = flight("discover", *JUNE, *JSON, "--clear-sky", "--sort", "cloud")
    assert code == 0
    found = {item["id"]: item["clear_percent"] for item in json.loads(out)}
    assert list(found) == ["S2_2024-06-08", "S2_2024-06-20", "S2_2024-06-02", "S2_2024-06-26"]
    shares = [100 * CLEAR_ROWS[name[3:]] / 40 for name in found]
    assert list(found.values()) == pytest.approx(shares, abs=5)
    assert "Sky: 4 of 4 scenes" in err


def test_discover_takes_another_collection(flight: Run) -> None:
    _, out, _ = flight(
        "discover",
        *JUNE,
        *JSON,
        "--collection",
        "sentinel-2-c1-l2a",
        "--clear-sky",
        "--sort",
        "cloud",
    )
    assert ids(out) == ["C1_2024-06-09"]
    assert json.loads(out)[0]["clear_percent"] is None, "it has no mask"


def test_the_text_tells_the_clear_share(flight: Run) -> None:
    _, out, _ = flight("discover", *JUNE, "--clear-sky", "--sort", "cloud", "--limit", "4")
    first, *_ = out.splitlines()
    assert "100 % clear" in first
    assert "S2_2024-06-08" in first


@pytest.mark.parametrize("event", ["flood.coastal.tidal", "FLOOD.Coastal.Tidal"])
def test_an_event_picks_its_sensors_primary_first(flight: Run, event: str) -> None:
    code, out, err = flight("discover", *JUNE, *JSON, "--event", event)
    assert code == 0
    items = json.loads(out)
    assert {(item["source"], item["priority"]) for item in items} == {
        ("sentinel1", "primary"),
        ("sentinel2", "secondary"),
    }
    assert "landsat" in err.lower(), "the third sensor is not there, and that is said"


def test_one_sensors_failure_leaves_the_others_scenes(world: World) -> None:
    """A URL without Landsat: its sentence is a note, not the end."""
    monitor = RecordingMonitor()
    given = {"area": AREA, "start": "2024-06-01", "end": "2024-06-30"}
    params = DISCOVER.make_params({**given, "catalog": world.url, "event": "flood"})
    result = run_discover(params, Settings(), monitor)
    assert len(result.json_data()) == 8
    (note,) = [event for event in monitor.events if isinstance(event, Note)]
    assert note.text.startswith("The list is not complete. Searching ")
    assert "landsat-c2-l2" in note.text


@pytest.mark.parametrize(
    ("event", "near"),
    [
        ("flood.*", ["flood.flash", "flood.urban"]),
        ("flod", ["flood"]),
        ("wildfir", ["wildfire"]),
        ("flood.costal", ["flood.coastal"]),
    ],
)
def test_wildcards_and_unknown_events_are_answered_with_the_nearest_names(
    flight: Run, event: str, near: list[str]
) -> None:
    for command, words in (("discover", JUNE), ("pairs", ("--date", "2024-06-15"))):
        code, out, err = flight(command, *words, "--event", event)
        assert code == 2
        assert out == ""
        assert event in err
        assert all(name in err for name in near)


def test_a_footprint_file_has_what_a_table_wants(flight: Run, tmp_path: Path) -> None:
    path = tmp_path / "found.geojson"
    code, _, _ = flight("discover", *JUNE, "--clear-sky", "--scenes", str(path))
    assert code == 0
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    first = features[0]["properties"]
    assert first["id"] == "S2_2024-06-26"
    assert first["clear_percent"] == pytest.approx(100 * 5 / 40, abs=5)
    assert first["coverage_percent"] == pytest.approx(100.0, abs=1)
    assert (first["relative_orbit"], first["platform"]) == (65, "sentinel-2a")
    assert (
        json.loads(first["firstlight"])["band_urls"]["red"]
        == "https://example.org/2024-06-26/red.tif"
    )


@pytest.mark.parametrize("form", ["json", "geojson"])
def test_clear_sky_looks_at_what_discover_wrote(flight: Run, tmp_path: Path, form: str) -> None:
    path = tmp_path / f"found.{form}"
    if form == "json":
        path.write_text(flight("discover", *JUNE, *JSON)[1], encoding="utf-8")
    else:
        flight("discover", *JUNE, "--scenes", str(path))
    code, out, _ = flight(
        "clear-sky",
        "--items",
        str(path),
        "--json",
        "--footprints",
        str(tmp_path / "seen.geojson"),
        catalog=False,
    )
    assert code == 0
    assert ids(out) == ["S2_2024-06-08", "S2_2024-06-20", "S2_2024-06-02", "S2_2024-06-26"]
    assert len(json.loads((tmp_path / "seen.geojson").read_text(encoding="utf-8"))["features"]) == 4


def test_clear_sky_of_radar_is_what_it_covers_of_this_area(flight: Run, tmp_path: Path) -> None:
    path = tmp_path / "radar.json"
    path.write_text(flight("discover", *JUNE, *JSON, "--sensor", "sentinel1")[1], encoding="utf-8")
    west, south, east, north = box()
    twice = f"{west},{south},{east + (east - west)},{north}"
    code, out, _ = flight("clear-sky", "--items", str(path), "--json", area=twice, catalog=False)
    assert code == 0
    assert [item["clear_percent"] for item in json.loads(out)] == pytest.approx([50.0] * 4, abs=0.1)


def test_clear_sky_without_scenes_is_a_usage_error(flight: Run) -> None:
    code, _, err = flight("clear-sky", catalog=False)
    assert code == 2
    assert "no scenes are given" in err


DAY = ("--date", "2024-06-15")


def test_pairs_by_the_sky_over_the_area(flight: Run, tmp_path: Path) -> None:
    best = tmp_path / "best.geojson"
    code, out, _ = flight("pairs", *DAY, "--clear-sky", "--json", "--scenes", str(best))
    assert code == 0
    pairs = json.loads(out)
    assert [(one["before"]["items"], one["after"]["items"]) for one in pairs] == [
        (["S2_2024-06-08"], ["S2_2024-06-20"]),
        (["S2_2024-06-02"], ["S2_2024-06-20"]),
        (["S2_2024-06-08"], ["S2_2024-06-26"]),
        (["S2_2024-06-02"], ["S2_2024-06-26"]),
    ]
    assert "seen clear" in pairs[0]["reason"]
    roles = [(item["id"], item["notes"][-1]) for item in pairs[0]["items"]]
    assert roles == [("S2_2024-06-08", "before the event"), ("S2_2024-06-20", "after the event")]
    written = [
        feature["properties"]["id"]
        for feature in json.loads(best.read_text(encoding="utf-8"))["features"]
    ]
    assert written == ["S2_2024-06-08", "S2_2024-06-20"]


def test_pairs_without_looking_say_whose_figure_it_is(flight: Run) -> None:
    code, out, _ = flight("pairs", *DAY)
    assert code == 0
    first = out.splitlines()[0]
    assert first.startswith("1. sentinel2, score ")
    assert "clear by the catalogue's figure for the whole scene" in first


def test_pairs_of_radar_are_of_one_orbit(flight: Run) -> None:
    code, out, _ = flight("pairs", *DAY, "--sensor", "sentinel1", "--json")
    assert code == 0
    found = {
        (tuple(one["before"]["items"]), tuple(one["after"]["items"])) for one in json.loads(out)
    }
    assert found == {
        (("S1_2024-06-02",), ("S1_2024-06-20",)),
        (("S1_2024-06-08",), ("S1_2024-06-26",)),
    }
    assert "same orbit 117 ascending" in out


def test_an_events_windows_are_used_and_can_be_changed(flight: Run) -> None:
    """A tidal flood is gone in two days: nothing here is near enough after it."""
    code, _, err = flight("pairs", *DAY, "--event", "flood.coastal.tidal")
    assert code == 1
    assert "No pairs found around 2024-06-15T00:00:00Z" in err
    assert "radar needs the same orbit on both sides" in err
    code, out, _ = flight(
        "pairs", *DAY, "--event", "flood.coastal.tidal", "--days-after", "12", "--json"
    )
    assert code == 0
    assert {one["sensor"] for one in json.loads(out)} == {"sentinel1", "sentinel2"}


def test_the_number_of_pairs_is_limited(flight: Run) -> None:
    assert len(json.loads(flight("pairs", *DAY, "--most", "2", "--json")[1])) == 2


@pytest.mark.thorough
def test_a_catalogue_that_dies_in_mid_page_still_gives_pairs_and_says_so(
    world: World, flight: Run
) -> None:
    world.api.behaviour = Behaviour(page_size=3, die_at_page=2)
    code, out, err = flight("pairs", *DAY, "--json")
    assert code == 0
    assert len(json.loads(out)) == 2
    assert err.count("The list is not complete.") == 1


def test_the_installed_command_is_the_same(world: World, tmp_path: Path) -> None:
    """Once as people start it: a process of its own."""
    words = ["pairs", "--area", AREA, "--catalog", world.url, *DAY, "--json"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("FIRSTLIGHT_")}
    done = subprocess.run(
        [sys.executable, "-m", "firstlight.core.cli", *words],
        capture_output=True,
        text=True,
        env=env,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)) == 4
    assert "Traceback" not in done.stderr


def test_the_doors_know_the_operations() -> None:
    assert {one.name for one in DISCOVER.parameters("processing")} >= {
        "clear_sky",
        "sort",
        "collection",
        "event",
        "scenes",
    }
    assert {one.name for one in PAIRS.parameters("dock")} >= {
        "date",
        "event",
        "days_before",
        "days_after",
        "clear_sky",
    }
