"""``flight event`` from end to end: a catalogue and files on loopback, real downloads, maps against
what was put there.
"""

from __future__ import annotations

import base64
import json
import math
import re
import threading
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import datetime, timezone
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core import api
from firstlight.core.algorithms.burn import BURNED
from firstlight.core.algorithms.kernel import OUTSIDE
from firstlight.core.cli import main
from firstlight.core.enums import Status
from firstlight.core.errors import IngestionError
from firstlight.core.files.xml_text import parse_xml
from firstlight.core.monitor import BandProgress, BandState, Event, LayerReady, RecordingMonitor
from firstlight.core.raster.facts import read_facts
from firstlight.core.scenes import event_pairs, passes
from firstlight.core.types import Aoi, Grid, parse_time
from support.areas import centres_inside, degrees
from support.event_world import BOX, SIDE, EventWorld, Pass, area_text, event_world
from support.forecast_world import GROWING, forecast_items
from support.masks import ORIGIN
from support.range_server import Fault
from support.rasters import read_band
from support.schemas import check
from support.surroundings import forget_the_user
from support.waiting import PATIENCE_S, Gate, wait_until

FIRE = [
    Pass("2024-06-01"),
    Pass("2024-06-11", cloud=0.6),
    Pass("2024-07-01", changed="burned", cloud=0.2),
    Pass("2024-07-11", changed="burned", cloud=0.95),
]
BEFORE_RAIN, AFTER_RAIN = "2024-06-05", "2024-06-17"
RADAR_FLOOD = [
    Pass(BEFORE_RAIN, "sentinel1", orbit=117),
    Pass("2024-06-08", "sentinel1", orbit=44),
    Pass(AFTER_RAIN, "sentinel1", "water", orbit=117),
]
Flight = Callable[..., tuple[int, str, str]]


@pytest.fixture
def flight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Flight:
    """Run ``flight event`` against a world; gives exit code, output and messages."""
    forget_the_user(monkeypatch, tmp_path / "home")

    def run(
        world: EventWorld, event: str, day: str, *words: str, tiles: int = 1
    ) -> tuple[int, str, str]:
        place = [
            "--area",
            area_text(tiles),
            "--date",
            day,
            "--catalog",
            world.url,
            "--output",
            str(tmp_path / "out"),
        ]
        code = main(["event", "--event", event, *place, *words])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def read(path: str | Path, tiles: int = 1) -> Any:
    """A class layer in the frame of the tiles; what lies outside the layer is 255 as well."""
    import rasterio

    with rasterio.open(path) as dataset:
        codes, origin = dataset.read(1), (dataset.transform.c, dataset.transform.f)
    codes[codes == OUTSIDE] = 255  # the corners of the area, a box in degrees
    row, col = round((ORIGIN[1] - origin[1]) / 10), round((origin[0] - ORIGIN[0]) / 10)
    frame = np.full((SIDE, SIDE * tiles), 255, np.uint8)
    frame[row : row + codes.shape[0], col : col + codes.shape[1]] = codes
    return frame


def box_mask(inset: int = 0, tiles: int = 1) -> Any:
    """Where it happened, by whole pixels from its edge; negative insets are outside."""
    mask = np.zeros((SIDE, SIDE * tiles), bool)
    rows, cols = BOX
    mask[rows.start + inset : rows.stop - inset, cols.start + inset : cols.stop - inset] = True
    return mask


@dataclass(frozen=True)
class Mapped:
    """An event's folder that several tests look at, and what ``--json`` told of it."""

    folder: Path
    told: Any


@pytest.fixture(scope="module")
def fire(tmp_path_factory: pytest.TempPathFactory) -> Mapped:
    """The wildfire, mapped without any more words."""
    folder = tmp_path_factory.mktemp("fire")
    said = StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        event_world(folder / "files", FIRE) as world,
        redirect_stdout(said),
    ):
        forget_the_user(patch, folder / "home")
        place = ["--area", area_text(), "--date", "2024-06-20", "--catalog", world.url]
        out = ["--output", str(folder / "out"), "--json"]
        assert main(["event", "--event", "wildfire", *place, *out]) == 0
    return Mapped(folder / "out", json.loads(said.getvalue()))


def test_a_wildfire_is_mapped_from_its_clearest_pair(fire: Mapped) -> None:
    told = fire.told
    assert set(told) == {"outputs", "statistics", "warnings", "provenance"}
    pair = told["provenance"]["pairs"]["burn-severity"]
    assert pair["before"]["items"] == ["S2A_20240601_T0"]
    assert pair["after"]["items"] == ["S2A_20240701_T0"]
    codes = read(told["outputs"]["burn-severity.severity"])
    cloudy = round(0.2 * SIDE)
    assert (codes[: cloudy - 2] == 255).all()
    assert (codes[cloudy + 2 : SIDE - 40, 40:-40] != 255).all()
    assert (codes[box_mask(2)] == 7).all()
    outside = ~box_mask(-2) & (codes != 255)
    outside[: cloudy + 2] = False
    assert (codes[outside] == 3).mean() > 0.995
    assert told["statistics"]["burn-severity"]["burned"]["area_km2"] == pytest.approx(0.9, abs=0.08)
    burned = read(told["outputs"]["burned-area.burned"])
    assert (burned[box_mask(2)] == 1).all()
    assert (burned[outside] == 0).mean() > 0.995


@pytest.mark.parametrize("band", ["nir", "blue"])
def test_the_pass_after_comes_while_the_one_before_is_still_coming(
    flight: Flight, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, band: str
) -> None:
    """A band of the pass before is held back until one of the pass after has been asked for: one
    that its maps read, and a colour of its picture.
    """
    monkeypatch.setattr(passes, "AT_ONCE", 2)
    with event_world(tmp_path / "files", FIRE) as world, Gate() as gate:
        before, after = "S2A_20240601_T0/nir.tif", f"S2A_20240701_T0/{band}.tif"
        world.files.break_next(before, Fault(gate=gate, times=20))  # trying again does not help
        asked: list[int] = []

        def let_on() -> None:
            gate.reached.wait(PATIENCE_S)
            wait_until(lambda: world.files.count(after))
            asked.append(world.files.count(after))
            gate.open()

        watcher = threading.Thread(target=let_on, daemon=True)
        watcher.start()
        code, _, err = flight(world, "wildfire", "2024-06-20", "--json")
        watcher.join(PATIENCE_S)
    assert code == 0, err
    assert asked == [1]


class LayersSeen(RecordingMonitor):
    """Opens a gate once so many layers were told of."""

    def __init__(self, gate: Gate, count: int) -> None:
        super().__init__()
        self._gate, self._count = gate, count

    @property
    def told(self) -> list[LayerReady]:
        """What was told of layers."""
        return [event for event in self.events if isinstance(event, LayerReady)]

    def emit(self, event: Event) -> None:
        """Keep the event."""
        super().emit(event)
        if len(self.told) >= self._count:
            self._gate.open()


def values(world: EventWorld, folder: Path) -> dict[str, Any]:
    """The fire as Python gives it."""
    place = {"area": area_text(), "date": "2024-06-20", "catalog": world.url}
    return {"event": "wildfire", **place, "output": folder}


def test_the_maps_are_there_while_the_colours_of_the_pictures_are_still_coming(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A colour is held back until both maps were told of; they are those of the whole stacks."""
    forget_the_user(monkeypatch, tmp_path / "home")
    with event_world(tmp_path / "files", FIRE) as world, Gate() as gate:
        world.files.break_next("S2A_20240601_T0/blue.tif", Fault(gate=gate, times=1))
        monitor = LayersSeen(gate, 2)
        made = api.run("event", **values(world, tmp_path / "out"), monitor=monitor)
    assert made.status == Status.DONE, made.warnings
    assert {one.layer.path.name for one in monitor.told} == {"severity.tif", "burned.tif"}
    final = {layer.path: layer for layer in made.layers}
    for one in monitor.told:
        there = final[one.layer.path]
        assert (one.layer.group, one.layer.above) == (there.group, there.above)
        assert not one.withdrawn
    coming = [
        event.band
        for event in monitor.events[monitor.events.index(monitor.told[-1]) :]
        if isinstance(event, BandProgress) and event.state == BandState.DONE
    ]
    assert "blue" in coming
    before, after = (
        tmp_path / "out" / "scenes" / name / f"{name}_stack.vrt"
        for name in ("S2A_20240601_T0", "S2A_20240701_T0")
    )
    assert {"blue", "green", "red", "nir", "scl"} <= {
        band.description for band in read_facts(before).bands
    }
    again = tmp_path / "again"
    area = Aoi.from_bounds(*map(float, area_text().split(",")))
    api.run("burn-severity", pre=before, post=after, output=again, area=area)
    for layer in ("severity.tif", "confidence.tif", "dnbr.tif"):
        early = tmp_path / "out" / "burn-severity" / layer
        assert early.read_bytes() == (again / layer).read_bytes(), layer


@pytest.mark.thorough
def test_a_colour_that_cannot_be_had_costs_the_picture_not_the_map(
    flight: Flight, tmp_path: Path
) -> None:
    with event_world(tmp_path / "files", FIRE) as world:
        world.files.break_next("S2A_20240701_T0/blue.tif", Fault(status=404))
        code, out, err = flight(world, "wildfire", "2024-06-20", "--json")
    assert code == 3, err
    told = json.loads(out)
    assert (read(told["outputs"]["burned-area.burned"])[box_mask(2)] == 1).all()
    [lacking] = [
        text for text in told["warnings"] if text.startswith("Colours of a picture are missing")
    ]
    assert "S2A_20240701_T0" in lacking
    assert "blue" in lacking
    assert "Colours of a picture are missing" in err
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "S2A_20240601_T0: red, green, blue" in page
    assert "S2A_20240701_T0: nir" in page


@pytest.mark.thorough
def test_a_map_is_withdrawn_where_a_colour_shows_that_its_band_is_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By themselves the bands of the maps are sound."""
    forget_the_user(monkeypatch, tmp_path / "home")
    with event_world(tmp_path / "files", FIRE) as world, Gate() as gate:
        scene = world.folder / "S2A_20240701_T0"
        (scene / "red.tif").write_bytes((scene / "nir.tif").read_bytes())
        world.files.break_next("S2A_20240701_T0/red.tif", Fault(gate=gate, times=1))
        monitor = LayersSeen(gate, 2)
        with pytest.raises(IngestionError, match="withdrawn") as error:
            api.run("event", **values(world, tmp_path / "out"), monitor=monitor)
    assert "copy" in str(error.value)
    assert [one.withdrawn for one in monitor.told] == [False, False, True, True]
    assert not list((tmp_path / "out").glob("bur*/*.tif"))
    assert not list((tmp_path / "out").glob("bur*/*.gpkg"))


def test_a_polygon_is_mapped_and_counted_alone(
    flight: Flight, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tile = Grid("EPSG:32632", (10.0, 0.0, ORIGIN[0], 0.0, -10.0, ORIGIN[1]), (SIDE, SIDE))
    corners = [(40.2, 90.3), (205.4, 62.7), (120.6, 210.1)]
    aoi = Aoi.from_geometry({"type": "Polygon", "coordinates": [degrees(tile, corners)]})
    area = tmp_path / "area.geojson"
    area.write_text(json.dumps(aoi.geometry), encoding="utf-8")
    codes, figures = {}, {}
    with event_world(tmp_path / "files", FIRE) as world:
        for mask in ("shape", "box"):
            words = ["--date", "2024-06-20", "--catalog", world.url, "--area-mask", mask]
            folder = ["--area", str(area), "--output", str(tmp_path / mask), "--json"]
            assert main(["event", "--event", "wildfire", *words, *folder]) == 0
            told = json.loads(capsys.readouterr().out)
            severity = Path(told["outputs"]["burn-severity.severity"])
            grid = read_facts(severity).grid
            codes[mask] = read_band(severity)
            figures[mask] = told["statistics"]["burn-severity"]
    inside = centres_inside(aoi, grid)
    rows, cols = np.nonzero(codes["box"] != OUTSIDE)
    box = codes["box"][rows.min() : rows.max() + 1, cols.min() : cols.max() + 1]
    assert not (box == OUTSIDE).any()
    assert box.size > 2 * inside.sum() * 0.95  # a triangle is half of its box
    np.testing.assert_array_equal(codes["shape"], np.where(inside, codes["box"], OUTSIDE))
    assert figures["shape"]["total"]["pixels"] == inside.sum()
    burned = np.isin(codes["box"], BURNED)
    assert figures["shape"]["burned"]["area_km2"] == pytest.approx((burned & inside).sum() / 1e4)
    assert figures["box"]["burned"]["area_km2"] == pytest.approx(burned.sum() / 1e4)
    page = (tmp_path / "shape" / "report.html").read_text(encoding="utf-8")
    assert "Edge of the area" in page
    assert (tmp_path / "shape" / "burn-severity" / "area.gpkg").is_file()


def test_the_report_and_the_catalogue_tell_it(fire: Mapped) -> None:
    import pystac

    page = (fire.folder / "report.html").read_text(encoding="utf-8")
    for words in (
        "Wildfire, 2024-06-20",
        "S2A_20240601_T0",
        "S2A_20240701_T0",
        "High severity",
        "not observed",
        "generic",
        "Between ",
        "The number is that of Burned area (Sentinel-2).",
    ):
        assert words in page, words
    assert page.count("<h3>Before, 2024-06-01") == 1, (
        "each picture once, though two maps are made of it"
    )
    assert len(page) < 2_000_000
    assert str(fire.folder.parent) not in page, (
        "a page that is mailed tells nothing of this computer"
    )
    catalogue = pystac.Catalog.from_file(str(fire.folder / "catalog.json"))
    items = {
        item.properties["firstlight:operation"]: item
        for item in catalogue.get_items(recursive=True)
    }
    assert {"burn-severity", "burned-area"} <= set(items)
    for item in items.values():
        for asset in item.assets.values():
            assert Path(asset.get_absolute_href() or "").is_file()


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("event", "day"),
    [("wildfire.forest", "2024-06-20"), ("wildfire", "2024-06-20T10:00Z")],
)
def test_another_event_never_writes_over_the_first(
    flight: Flight, tmp_path: Path, event: str, day: str
) -> None:
    with event_world(tmp_path / "files", FIRE) as world:
        assert flight(world, "wildfire", "2024-06-20")[0] == 0
        before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
        code, _, err = flight(world, event, day)
    assert code == 2
    assert "holds the maps of another event (wildfire 2024-06-20T00:00:00Z)" in err
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")} == before


def test_a_report_of_somebody_else_stays(flight: Flight, tmp_path: Path) -> None:
    report = tmp_path / "out" / "report.html"
    report.parent.mkdir()
    report.write_text("mine")
    with event_world(tmp_path / "files", FIRE) as world:
        code, _, err = flight(world, "wildfire", "2024-06-20")
    assert code == 2
    assert "it holds a report.html" in err
    assert report.read_text() == "mine"


def test_an_event_is_opened_by_its_own_catalogue(
    fire: Mapped, capsys: pytest.CaptureFixture[str]
) -> None:
    for given in (fire.folder, fire.folder / "catalog.json"):
        assert main(["results", str(given)]) == 0
        out, _ = capsys.readouterr()
        assert "Burn severity" in out
        assert "Burned area" in out


def test_a_second_run_fetches_nothing_again(flight: Flight, tmp_path: Path) -> None:
    with event_world(tmp_path / "files", FIRE) as world:
        assert "km² burned" in flight(world, "wildfire", "2024-06-20")[1]
        first = read(tmp_path / "out" / "burn-severity" / "severity.tif")
        bands = [
            one for one in world.files.requests if one.method == "GET" and "scl" not in one.path
        ]
        assert bands
        code, _, err = flight(world, "wildfire", "2024-06-20")
        again = [
            one for one in world.files.requests if one.method == "GET" and "scl" not in one.path
        ]
    assert code == 0, err
    assert len(again) == len(bands)
    assert np.array_equal(read(tmp_path / "out" / "burn-severity" / "severity.tif"), first)


@pytest.mark.parametrize("radar", [True, False])
def test_where_the_sky_allows_nothing_it_stops_and_proposes_radar(
    flight: Flight, tmp_path: Path, radar: bool
) -> None:
    passes = [
        Pass("2024-06-01"),
        Pass("2024-07-01", changed="burned", cloud=0.97),
        *(RADAR_FLOOD if radar else []),
    ]
    with event_world(tmp_path / "files", passes) as world:
        code, out, err = flight(world, "wildfire", "2024-06-10", "--json")
    assert (code, out) == (1, "")
    assert "Wildfire cannot be mapped around 2024-06-10: " in err
    assert "the clearest pass after the event shows" in err
    assert "of the area clear where 30 % are wanted" in err
    if radar:
        assert f"there is a Sentinel-1 pair of {BEFORE_RAIN} and {AFTER_RAIN}" in err
    else:
        assert "there is no comparable Sentinel-1 pair either" in err
    assert not (tmp_path / "out" / "report.html").exists()


@pytest.mark.parametrize(("now", "told"), [("2024-06-12", True), ("2025-06-12", False)])
def test_without_a_pair_the_next_radar_pass_is_told_while_it_matters(
    flight: Flight, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: str, told: bool
) -> None:
    monkeypatch.setattr(event_pairs, "utc_now", lambda: parse_time(now))
    passes = [Pass("2024-06-01"), Pass(BEFORE_RAIN, "sentinel1", orbit=117)]
    with event_world(tmp_path / "files", passes) as world:
        code, _, err = flight(world, "wildfire", "2024-06-10")
    assert code == 1
    assert ("; next radar pass: Monday 2024-06-17 " in err) == told
    assert ("orbit 117" in err.rpartition("next radar pass")[2]) == told


@pytest.mark.thorough
def test_a_map_whose_cloud_mask_did_not_come_is_done_in_part(
    flight: Flight, tmp_path: Path
) -> None:
    passes = [Pass("2024-06-01"), Pass("2024-07-01", changed="burned")]
    with event_world(tmp_path / "files", passes) as world:
        (tmp_path / "files" / "S2A_20240701_T0" / "scl.tif").unlink()
        code, out, err = flight(world, "wildfire", "2024-06-10", "--json")
    assert code == 3, err
    assert any("has no cloud mask" in warning for warning in json.loads(out)["warnings"])


@pytest.mark.thorough
def test_less_clear_sky_may_be_allowed(flight: Flight, tmp_path: Path) -> None:
    passes = [Pass("2024-06-01"), Pass("2024-07-01", changed="burned", cloud=0.8)]
    with event_world(tmp_path / "files", passes) as world:
        assert flight(world, "wildfire", "2024-06-10")[0] == 1
        code, out, err = flight(world, "wildfire", "2024-06-10", "--min-clear", "5", "--json")
    assert code == 0, err
    assert 80 < json.loads(out)["statistics"]["burn-severity"]["not_observed"]["percent"] < 95


def write_pairs(world: EventWorld, path: Path, *keep: str) -> Path:
    """The scenes of these ids, as a search lists them."""
    days = ["--start", "2024-05-01", "--end", "2024-08-01", "--scenes", str(path)]
    place = ["--area", area_text(), "--catalog", world.url]
    sensors = {"sentinel2": "S2", "sentinel1": "S1"}
    features = []
    for sensor, start in sensors.items():
        if any(name.startswith(start) for name in keep):
            with redirect_stdout(StringIO()):  # not among what the event says
                assert main(["discover", *place, *days, "--sensor", sensor]) == 0
            features += json.loads(path.read_text(encoding="utf-8"))["features"]
    wanted = [one for one in features if one["properties"]["id"] in keep]
    assert len(wanted) == len(keep)
    path.write_text(json.dumps({"type": "FeatureCollection", "features": wanted}))
    return path


@pytest.mark.thorough
def test_given_scenes_are_what_it_is_mapped_from_however_cloudy(
    flight: Flight, tmp_path: Path
) -> None:
    with event_world(tmp_path / "files", FIRE) as world:
        chosen = write_pairs(world, tmp_path / "pair.geojson", "S2A_20240611_T0", "S2A_20240701_T0")
        asked = len(world.api.searches)
        code, out, err = flight(world, "wildfire", "2024-06-20", "--items", str(chosen), "--json")
        assert len(world.api.searches) == asked, "no catalogue is searched"
    assert code == 0, err
    told = json.loads(out)
    pair = told["provenance"]["pairs"]["burn-severity"]
    assert pair["before"]["items"] == ["S2A_20240611_T0"], "not the clearest one"
    given = told["provenance"]["parameters"]["items"]
    assert sorted(given) == ["S2A_20240611_T0", "S2A_20240701_T0"]


@pytest.mark.thorough
def test_a_step_whose_sensor_was_not_chosen_is_no_failure(flight: Flight, tmp_path: Path) -> None:
    with event_world(tmp_path / "files", RADAR_FLOOD) as world:
        ids = [RADAR_FLOOD[0].item_id, RADAR_FLOOD[2].item_id]
        chosen = write_pairs(world, tmp_path / "pair.geojson", *ids)
        code, out, err = flight(world, "flood", "2024-06-15", "--items", str(chosen), "--json")
    assert code == 0, "done, not in part"
    assert set(json.loads(out)["statistics"]) == {"sar-water"}
    assert "Sentinel-2" not in err


def test_given_scenes_of_one_side_alone_are_refused(flight: Flight, tmp_path: Path) -> None:
    with event_world(tmp_path / "files", FIRE) as world:
        chosen = write_pairs(world, tmp_path / "pair.geojson", "S2A_20240601_T0", "S2A_20240611_T0")
        code, _, err = flight(world, "wildfire", "2024-06-20", "--items", str(chosen))
    assert code != 0
    assert "2 passes before and 0 after the event" in err
    assert "Give a scene from before the event and one from after it" in err
    assert not (tmp_path / "out" / "scenes").exists()


@pytest.mark.thorough
def test_a_pass_of_two_tiles_is_one_map(flight: Flight, tmp_path: Path) -> None:
    passes = [*FIRE, Pass("2024-06-01", tile=1), Pass("2024-07-01", tile=1)]
    with event_world(tmp_path / "files", passes) as world:
        code, out, err = flight(world, "wildfire", "2024-06-20", "--json", tiles=2)
    assert code == 0, err
    told = json.loads(out)
    assert sorted(told["provenance"]["pairs"]["burn-severity"]["after"]["items"]) == [
        "S2A_20240701_T0",
        "S2A_20240701_T1",
    ]
    codes = read(told["outputs"]["burn-severity.severity"], 2)
    assert (codes[box_mask(2, 2)] == 7).all()
    assert (codes[40:-40, SIDE + 3 : 2 * SIDE - 40] == 3).mean() > 0.995


@pytest.mark.thorough
def test_passes_of_two_baselines_are_compared_and_told_of(flight: Flight, tmp_path: Path) -> None:
    with event_world(tmp_path / "files", FIRE) as world:
        for item in world.api.items:
            early = item["properties"]["datetime"] < "2024-06-20"
            item["properties"]["s2:processing_baseline"] = "05.10" if early else "05.11"
        code, out, err = flight(world, "wildfire", "2024-06-20", "--json")
    assert code == 0, err
    told = [text for text in json.loads(out)["warnings"] if "processing baseline" in text]
    assert len(told) == 1
    assert "S2A_20240601_T0" in told[0]
    assert "differ in processing baseline 05.10 and 05.11" in told[0]
    assert "warning: S2A_20240601_T0" in err


def test_a_flood_is_seen_by_radar_and_in_the_optical_picture(
    flight: Flight, tmp_path: Path
) -> None:
    optical = [Pass("2024-06-04"), Pass("2024-06-19", changed="water", cloud=0.1)]
    with event_world(tmp_path / "files", [*RADAR_FLOOD, *optical]) as world:
        code, out, err = flight(world, "flood", "2024-06-12", "--json")
    assert code == 0, err
    told = json.loads(out)
    assert told["provenance"]["pairs"]["sar-water"]["before"]["relative_orbit"] == 117
    for name, least in (
        ("sar-water.flooded", 0.9),
        ("water.flooded", 0.95),
        ("fuse.consensus", 0.9),
    ):
        codes = read(told["outputs"][name])
        truth, seen = box_mask(), codes != 255
        both, either = ((codes == 1) & truth & seen).sum(), (((codes == 1) | truth) & seen).sum()
        assert both / either >= least, name


@pytest.mark.thorough
def test_a_flood_under_cloud_is_mapped_by_radar_alone_and_says_so(
    flight: Flight, tmp_path: Path
) -> None:
    optical = [Pass("2024-06-04"), Pass("2024-06-19", changed="water", cloud=1.0)]
    with event_world(tmp_path / "files", [*RADAR_FLOOD, *optical]) as world:
        code, out, err = flight(world, "flood", "2024-06-12", "--json")
    assert code == 3, err
    told = json.loads(out)
    assert set(told["statistics"]) == {"sar-water"}
    assert any(
        "Sentinel-2: the clearest pass after the event shows 0 %" in text
        for text in told["warnings"]
    )
    assert "Sentinel-2: the clearest pass" in (tmp_path / "out" / "report.html").read_text(
        encoding="utf-8"
    )


@pytest.mark.thorough
def test_heights_that_cannot_be_had_do_not_stop_the_map(flight: Flight, tmp_path: Path) -> None:
    with event_world(tmp_path / "files", RADAR_FLOOD) as world:
        code, out, err = flight(
            world, "flood", "2024-06-12", "--sensor", "sentinel1", "--terrain", "--json"
        )
    assert code == 3, err
    told = json.loads(out)
    assert any("cop-dem-glo-30" in text for text in told["warnings"])
    assert set(told["statistics"]) == {"sar-water"}


@pytest.mark.thorough
def test_a_forecast_stands_in_the_report_and_in_no_map(
    flight: Flight, fire: Mapped, tmp_path: Path
) -> None:
    run = datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0)
    west, south, _, north = map(float, area_text().split(","))
    place = {"west": math.floor(west) - 1.0, "north": math.ceil(north) + 0.5}
    with event_world(tmp_path / "files", FIRE, ["ecmwf-forecast"]) as world:
        world.api.items += forecast_items(world.folder, world.files, (3, 6), run=run, **place)
        code, out, err = flight(world, "wildfire", "2024-06-20", "--forecast", "--json")
        assert code == 0, err
    told = json.loads(out)
    check("event.json", told)
    kept = json.loads(Path(told["outputs"]["forecast"]).read_text())
    check("forecast.json", kept)
    row = math.floor((place["north"] + 0.125 - (south + north) / 2) / 0.25)
    col = math.floor((west - place["west"] + 0.125) / 0.25)
    assert kept["cells"] == 1, "the area lies in one cell, so that its value is the area's"
    rain = 1000 * 9 * GROWING[row, col]
    assert kept["steps"][0]["precipitation_mm"] == pytest.approx(rain, rel=1e-4)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "<h2>Rain and wind to come</h2>" in page
    assert f'<td class="n">{rain:.1f}</td>' in page
    [drawing] = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    assert parse_xml(base64.b64decode(drawing)).tag.endswith("svg")
    assert (
        base64.b64decode(drawing) == (tmp_path / "out" / "forecast" / "forecast.svg").read_bytes()
    )
    doubts = page.partition('<ul class="doubts">')[2].partition("</ul>")[0]
    assert "forecast" not in doubts.lower()
    without = (fire.folder / "report.html").read_text(encoding="utf-8")
    assert "Rain and wind to come" not in without
    assert not (fire.folder / "forecast").exists()
    here, there = (
        json.dumps(one["statistics"], sort_keys=True).replace(str(folder), "")
        for one, folder in ((told, tmp_path / "out"), (fire.told, fire.folder))
    )
    assert here == there
    assert "forecast" not in (tmp_path / "out" / "outline.geojson").read_text().lower()


@pytest.mark.thorough
def test_without_a_forecast_one_line_says_so_and_the_event_goes_on(
    flight: Flight, tmp_path: Path
) -> None:
    with event_world(tmp_path / "files", FIRE) as world:
        code, out, err = flight(world, "wildfire", "2024-06-20", "--forecast", "--json")
    assert code == 3, err
    told = json.loads(out)
    check("event.json", told)
    [line] = [text for text in told["warnings"] if "forecast" in text.lower()]
    assert line.startswith("No forecast found for the area: ")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert f"<h2>Rain and wind to come</h2>\n<p>{line}</p>" in page
    doubts = page.partition('<ul class="doubts">')[2].partition("</ul>")[0]
    assert line not in doubts, "the map is none the worse for it"
    assert set(told["statistics"]) == {"burn-severity", "burned-area"}


@pytest.mark.thorough
def test_one_sensor_may_be_asked_for(flight: Flight, tmp_path: Path) -> None:
    with event_world(tmp_path / "files", RADAR_FLOOD) as world:
        code, out, err = flight(world, "flood", "2024-06-12", "--sensor", "sentinel1", "--json")
        assert code == 0, err
        assert set(json.loads(out)["statistics"]) == {"sar-water"}
        code, _, err = flight(world, "wildfire", "2024-06-12", "--sensor", "sentinel1")
    assert code == 2
    assert "no algorithm for it needs that sensor" in err


def test_an_empty_catalogue_and_a_dead_one_are_told_apart(flight: Flight, tmp_path: Path) -> None:
    with event_world(
        tmp_path / "files", [], ["sentinel-2-l2a", "landsat-c2-l2", "sentinel-1-rtc"]
    ) as world:
        code, _, err = flight(world, "wildfire", "2024-06-12")
        assert code == 1
        assert "Sentinel-2: no scene covers the area" in err
    code, _, err = flight(world, "wildfire", "2024-06-12")
    assert code == 1
    assert "no scene covers" not in err
    assert "cannot be" in err
