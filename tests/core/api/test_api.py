"""The five functions, and the page that shows them."""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firstlight.core import api
from firstlight.core.aoi import Aoi
from firstlight.core.doors.operation_index import get_declared
from firstlight.core.errors import Cancelled, InputError, NoScenesError
from firstlight.core.monitor import BandProgress, Progress, RecordingMonitor
from support.scene import AREA, BBOX, ITEM_ID, World, small_world

PAGE = Path(__file__).resolve().parents[3] / "docs" / "python.md"
JUNE = ("2024-06-01", "2024-06-30")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with small_world(tmp_path / "served") as made:
        yield made


def test_the_examples_of_the_page_run(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, Any] = {"CATALOG": world.url, "OUTPUT": tmp_path}
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    assert len(blocks) == 8
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    told = capsys.readouterr().out
    assert ITEM_ID in told
    assert names["results"][0].status == "completed"
    assert names["results"][0].outputs["NDVI"].is_file()
    assert names["made"].path == tmp_path / "own.vrt"
    assert names["report"].ok
    assert names["result"].layers[0].path == tmp_path / "ndwi.tif"
    assert "wrong input:" in told
    assert "BandProgress(" in told


@pytest.mark.parametrize(
    "area",
    [
        BBOX,
        list(BBOX),
        AREA,
        Aoi.from_bounds(*BBOX),
        dict(Aoi.from_bounds(*BBOX).geometry),
    ],
    ids=["corners", "list", "text", "Aoi", "GeoJSON"],
)
def test_an_area_in_any_form(world: World, area: Any) -> None:
    (scene,) = api.discover(area, *JUNE, catalog=world.url)
    assert scene.id == ITEM_ID


def test_an_area_may_be_a_path(world: World, tmp_path: Path) -> None:
    path = tmp_path / "area.geojson"
    geometry = dict(Aoi.from_bounds(*BBOX).geometry)
    path.write_text(str(geometry).replace("'", '"').replace("(", "[").replace(")", "]"))
    assert api.discover(path, *JUNE, catalog=world.url)[0].id == ITEM_ID


def test_nothing_found_is_an_error_of_its_own(world: World) -> None:
    with pytest.raises(NoScenesError):
        api.discover(BBOX, "2020-01-01", "2020-01-02", catalog=world.url)


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("burn", {}, "The operation 'burn' cannot be run: it is not known"),
        ("index", {"formular": "a"}, "Parameter ‘formular’ of run('index', …): is not known"),
        ("index", {}, "is missing"),
        ("discover", {"area": (1, 2, 3)}, "cannot be"),
        ("discover", {"area": BBOX, "start": "yesterday"}, "yesterday"),
        ("discover", {"area": BBOX}, "start and end not given. Give the first and the last day"),
    ],
)
def test_what_is_wrong_is_said_before_anything_starts(
    name: str, values: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InputError) as caught:
        api.run(name, **values)
    assert sentence in str(caught.value)
    assert "--" not in str(caught.value)


def test_no_scene_is_no_search(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no scene"):
        api.ingest([], tmp_path)


def test_an_operation_s_name_may_have_underscores() -> None:
    assert "sensors" in api.run("info").json_data()
    with pytest.raises(InputError, match="is missing"):
        api.run("clear_sky")


def test_a_monitor_hears_and_stops(world: World, tmp_path: Path) -> None:
    scenes = api.discover(BBOX, *JUNE, catalog=world.url)
    monitor = RecordingMonitor(lambda event: isinstance(event, BandProgress))
    with pytest.raises(Cancelled):
        api.ingest(scenes, tmp_path / "out", monitor=monitor)
    assert [event for event in monitor.events if isinstance(event, Progress)]


def test_notes_go_to_the_logger(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "firstlight"):
        api.discover(BBOX, catalog=world.url, event="flood", sensor="sentinel2", end="2024-06-05")
    told = [(record.levelname, record.message) for record in caplog.records]
    assert ("WARNING", "start not given: scenes of 2024-04-06 to 2024-06-05 are searched") in told


def test_what_the_docstrings_name_is_a_parameter() -> None:
    for function in (api.discover, api.ingest, api.stack, api.validate):
        text = inspect.getdoc(function) or ""
        listed = text.split(f"``flight {function.__name__}``: ")[1].split("Returns")[0]
        names = set(re.findall(r"``(\w+)``", listed))
        known = {param.name for param in get_declared(function.__name__).parameters()}
        assert names
        assert names <= known
