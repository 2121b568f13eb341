"""Earlier results: read back from their folder, with a word on what is gone or changed."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.algorithms.kernel import Layer, MapClass
from firstlight.core.cli import main
from firstlight.core.errors import Cancelled, InputError
from firstlight.core.monitor import Note, RecordingMonitor
from firstlight.core.operations.registry import get_operation
from firstlight.core.products.perimeter import PerimeterFacts, PerimeterRule, write_perimeter
from firstlight.core.products.result_record import InputRecord, LayerRecord, ResultRecord
from firstlight.core.products.stac_catalogue import MAP, write_catalogue, write_parent
from firstlight.core.products.stored_result import read_results
from firstlight.core.settings import Settings
from support.rasters import write_raster
from support.visitors import watched_address

WHEN = datetime(2024, 8, 1, 10, 30, tzinfo=timezone.utc)
LAYER = Layer(
    "severity", "Severity classes", (1, 2), "severity", (MapClass(2, "High", (215, 25, 28)),)
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_catalogue_of(tmp_path / "results")


def write_catalogue_of(tmp_path: Path) -> Path:
    tmp_path.mkdir(exist_ok=True)
    severity = write_raster(tmp_path / "severity.tif", np.full((20, 20), 2, np.uint8), nodata=255)
    record = ResultRecord(
        operation="burn-severity",
        title="Burn severity 2024-08-01",
        created=WHEN,
        layers=(LayerRecord(severity, LAYER),),
        inputs=(InputRecord("post", tmp_path / "post.vrt", acquired=WHEN),),
        parameters={},
        reference="Key & Benson 2006",
        note="Generic limits.",
        perimeter=write_perimeter(
            severity,
            tmp_path / "perimeter.gpkg",
            PerimeterRule((2,)),
            PerimeterFacts("Burned", "dNBR"),
        ),
    )
    write_catalogue(tmp_path, record)
    return tmp_path


def run(path: Path, **more: Any) -> tuple[Any, list[str]]:
    operation, monitor = get_operation("results"), RecordingMonitor()
    made = operation.run(operation.make_params({"path": path, **more}), Settings(), monitor)
    return made, [
        event.text
        for event in monitor.events
        if isinstance(event, Note) and event.level == "warning"
    ]


@pytest.mark.parametrize("name", ["", "catalog.json", "*.stac.json"])
def test_layers_come_back_as_they_were_shown(folder: Path, name: str) -> None:
    [path] = folder.glob(name) if name else [folder]
    made, warnings = run(path)
    told = [
        (one.path.name, one.title, one.style, one.group, one.acquired, one.abstract)
        for one in made.layers
    ]
    rest = ("Burn severity 2024-08-01", WHEN, "Generic limits.")
    assert told == [
        ("perimeter.gpkg", "Outline", "perimeter", *rest),
        ("severity.tif", "Severity classes", "severity", *rest),
    ]
    assert (made.status, warnings) == ("done", [])


def test_the_command_line_lists_them(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["results", str(folder), "--json"]) == 0
    [told] = json.loads(capsys.readouterr().out)
    assert told.pop("item").endswith(".stac.json")
    assert told == {
        "title": "Burn severity 2024-08-01",
        "operation": "burn-severity",
        "datetime": "2024-08-01T10:30:00Z",
        "outputs": {
            "severity": str(folder / "severity.tif"),
            "perimeter": str(folder / "perimeter.gpkg"),
        },
        "warnings": [],
    }


def test_a_file_that_is_gone_is_named_and_the_others_come(folder: Path) -> None:
    (folder / "perimeter.gpkg").unlink()
    made, warnings = run(folder)
    assert [one.path.name for one in made.layers] == ["severity.tif"]
    assert warnings == ["perimeter.gpkg cannot be read: No such file or directory"]
    assert made.status == "partial"
    assert main(["results", str(folder)]) == 3


def test_a_file_of_another_size_is_named(folder: Path) -> None:
    write_raster(
        folder / "severity.tif", np.arange(400, dtype=np.uint8).reshape(20, 20) % 3, nodata=255
    )
    made, [warning] = run(folder)
    assert "severity.tif has changed since" in warning
    assert len(made.layers) == 2  # it is shown all the same


def test_only_a_comparison_of_sums_finds_a_changed_byte(folder: Path) -> None:
    path = folder / "severity.tif"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert run(folder)[1] == []
    assert "severity.tif has changed since" in run(folder, check=True)[1][0]
    with pytest.raises(Cancelled):
        read_results(folder, True, lambda: True)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("vrt.tif", "<VRTDataset rasterXSize='4' rasterYSize='4'/>"),
        ("wms.tif", "<GDAL_WMTS><GetCapabilitiesUrl>{url}</GetCapabilitiesUrl></GDAL_WMTS>"),
        (
            "ogr.gpkg",
            "<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>/vsicurl/{url}</SrcDataSource>"
            "</OGRVRTLayer></OGRVRTDataSource>",
        ),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_not_shown(
    folder: Path, name: str, text: str
) -> None:
    with watched_address() as (url, seen):
        (folder / name).write_text(text.replace("{url}", url))
        [path] = folder.glob("*.stac.json")
        tree = json.loads(path.read_text())
        tree["assets"]["evil"] = {"href": f"./{name}", "file:size": 1}
        path.write_text(json.dumps(tree))
        made, [warning] = run(folder)
    assert f"{name} is not shown: its format is" in warning
    assert len(made.layers) == 2
    assert not seen


@pytest.mark.parametrize(
    "text",
    [
        '{"properties": {"firstlight:operation": "x"}, "assets": {"a": {"href": "a\\u0000b.tif"}}}',
        '{"properties": {"firstlight:operation": "x"}, "assets": {"a": {"href": "a\\ud800b.tif"}}}',
        "[" * 100_000,
        '{"properties": {"firstlight:operation": 1e999}, "assets": {}}',
        '{"properties": {"firstlight:operation": "x"}, "assets": null}',
        '{"properties": null, "assets": {"a": 1}}',
        '{"properties": {"firstlight:operation": "x"}, "assets": {"a": {"href": "x.tif",'
        ' "classification:classes": [{"value": 1e400, "title": "x", "color_hint": "000000"}]}}}',
        '{"properties": {"firstlight:operation": "x", "firstlight:datetime_of": "input",'
        ' "datetime": "0001-01-01T00:00:00+23:59"}, "assets": {}}',
    ],
)
def test_an_odd_item_is_one_sentence(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.stac.json").write_text(text)
    assert main(["results", str(tmp_path)]) in (0, 2, 3)
    assert "fault in FirstLight" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("href", "why"),
    [
        ("../outside.tif", "is not shown"),
        ("./trap.vrt", "is not shown"),
        ("/vsicurl/https://example.org/x.tif", "is not shown"),
        (
            "https://example.org/x.tif",
            "cannot be read: No such file",
        ),  # it is taken for a name in the folder
    ],
)
def test_a_catalogue_from_elsewhere_can_name_only_files_beside_it(
    folder: Path, href: str, why: str
) -> None:
    [path] = folder.glob("*.stac.json")
    write_raster(folder.parent / "outside.tif", np.ones((4, 4), np.uint8))
    (folder / "trap.vrt").write_text("<VRTDataset/>")
    item = json.loads(path.read_text())
    item["assets"]["severity"]["href"] = href
    path.write_text(json.dumps(item))
    made, [warning] = run(folder)
    assert [one.path.name for one in made.layers] == ["perimeter.gpkg"]
    assert why in warning


@pytest.mark.parametrize(
    "href", ["../elsewhere/catalog.json", "/etc/catalog.json", "./catalog.json", "x\0/catalog.json"]
)
def test_a_catalogue_leads_to_folders_below_its_own_only(folder: Path, href: str) -> None:
    inside = folder / "inside"
    inside.mkdir()
    write_catalogue_of(inside)
    (folder.parent / "elsewhere").mkdir()
    write_catalogue_of(folder.parent / "elsewhere")
    path = write_parent(folder, [inside], "Event", {})
    tree = json.loads(path.read_text())
    tree["links"] += [{"rel": "child", "href": href}, {"rel": "child"}, 7]
    path.write_text(json.dumps(tree))
    found = {result.item.parent for result in read_results(path)}
    assert found == {folder, inside}


def test_a_style_is_a_name_and_no_path(folder: Path) -> None:
    [path] = folder.glob("*.stac.json")
    path.write_text(
        path.read_text().replace(
            '"firstlight:style": "severity"', '"firstlight:style": "../../severity"'
        )
    )
    made, _ = run(folder)
    assert [one.style for one in made.layers] == ["perimeter", ""]


def test_a_result_without_a_day_says_none(folder: Path) -> None:
    [path] = folder.glob("*.stac.json")
    path.write_text(
        path.read_text().replace(
            '"firstlight:datetime_of": "input"', '"firstlight:datetime_of": "processing"'
        )
    )
    made, _ = run(folder)
    assert {one.acquired for one in made.layers} == {None}


def test_where_there_is_no_result_it_is_said(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "catalog.json"):
        with pytest.raises(InputError, match="there is no item of a result"):
            read_results(path)
    with pytest.raises(InputError, match=r"absent\.stac\.json: No such file"):
        read_results(tmp_path / "absent.stac.json")
    for text in (
        "{}",
        "[]",
        '{"properties": {"firstlight:operation": "x"}, "assets": {"a": 5}}',
        "no json",
    ):
        (tmp_path / "odd.stac.json").write_text(text)
        with pytest.raises(InputError, match=r"odd\.stac\.json is no item of FirstLight"):
            read_results(tmp_path)


def event_folder(tmp_path: Path, stack: str, source: str = "nir.tif") -> Path:
    """A result below an event's catalogue, which shows a stack as well."""
    folder = tmp_path / "event"
    folder.mkdir()
    write_catalogue_of(folder / "burn-severity")
    write_raster(folder / "nir.tif", np.ones((20, 20), np.uint16))
    write_raster(tmp_path / "outside.tif", np.ones((20, 20), np.uint16))
    (folder / "s.vrt").write_text(
        '<VRTDataset rasterXSize="20" rasterYSize="20"><VRTRasterBand dataType="UInt16" band="1">'
        f'<SimpleSource><SourceFilename relativeToVRT="1">{source}</SourceFilename>'
        "<SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    event = {"group": "Burn severity", "above": "Wildfire 2024-07-20", "description": ""}
    view = [
        {"href": stack, "title": "After", "visible": True, "datetime": None, **event},
        {"href": "burn-severity/severity.tif", "title": "Severity", "visible": False, **event},
    ]
    write_parent(folder, [folder / "burn-severity"], "Wildfire", {}, {MAP: view})
    return folder


def test_an_event_comes_back_as_its_catalogue_tells(tmp_path: Path) -> None:
    made, _ = run(event_folder(tmp_path, "s.vrt"))
    told = [(one.path.name, one.title, one.above, one.visible) for one in made.layers]
    assert told == [
        ("perimeter.gpkg", "Outline", "", True),  # not in the view: as its item tells
        ("s.vrt", "After", "Wildfire 2024-07-20", True),
        ("severity.tif", "Severity", "Wildfire 2024-07-20", False),
    ]


@pytest.mark.parametrize(
    ("stack", "source"),
    [
        ("s.vrt", "../outside.tif"),
        ("s.vrt", "/vsicurl/http://127.0.0.1:9/x.tif"),
        ("s.vrt", "gone.tif"),
        ("../s.vrt", "nir.tif"),
        ("nir.tif", "nir.tif"),
        ("\0", "nir.tif"),
    ],
)
def test_an_event_from_elsewhere_shows_only_stacks_of_its_own_files(
    tmp_path: Path, stack: str, source: str
) -> None:
    made, _ = run(event_folder(tmp_path, stack, source))
    assert {one.path.name for one in made.layers} == {"perimeter.gpkg", "severity.tif"}


@pytest.mark.parametrize("view", [{}, "x", [1], [{"href": 1}], [{"href": "s.vrt", "title": 1}]])
def test_an_odd_view_is_none(tmp_path: Path, view: Any) -> None:
    folder = event_folder(tmp_path, "s.vrt")
    path = folder / "catalog.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "firstlight:map": view}))
    made, _ = run(folder)
    assert {one.path.name for one in made.layers} == {"perimeter.gpkg", "severity.tif"}
