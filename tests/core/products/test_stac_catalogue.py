"""Result folders as static STAC catalogues: read back by pystac, checked against the
specification's schemas.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import datetime, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core import VERSION
from firstlight.core.algorithms.kernel import Layer, MapClass
from firstlight.core.errors import Cancelled, RasterError
from firstlight.core.files.lock import folder_lock
from firstlight.core.files.record import BandRecord, write_record
from firstlight.core.products import result_record
from firstlight.core.products.perimeter import PerimeterFacts, PerimeterRule, write_perimeter
from firstlight.core.products.result_record import (
    InputRecord,
    LayerFigures,
    LayerRecord,
    ResultRecord,
    record_input,
)
from firstlight.core.products.stac_catalogue import write_catalogue
from support.rasters import write_raster
from support.waiting import PATIENCE_S

CLASSES = (MapClass(1, "Unburned", (30, 120, 200)), MapClass(2, "High severity", (215, 25, 28)))
SEVERITY = Layer("severity", "Burn severity", (1, 2), "severity", CLASSES)
DNBR = Layer("dnbr", "dNBR", (-2, 2), "dnbr")
BEFORE, AFTER = (
    datetime(2024, 7, 1, 10, tzinfo=timezone.utc),
    datetime(2024, 8, 1, 10, 30, tzinfo=timezone.utc),
)
MADE = datetime(2024, 8, 2, 9, tzinfo=timezone.utc)
TAGS = {"item_id": "S2A_32TPT", "sensor": "sentinel2", "datetime": "2024-07-01T10:00:00Z"}


def result(folder: Path, **changes: Any) -> ResultRecord:
    """Files as an operation leaves them, and what it knows of them."""
    classes = np.ones((40, 60), np.uint8)
    classes[10:30, 10:40] = 2
    classes[35:] = 255
    numbers = np.where(classes == 255, np.nan, classes / 10).astype(np.float32)
    severity = write_raster(folder / "severity.tif", classes, nodata=255)
    dnbr = write_raster(folder / "dnbr.tif", numbers, nodata=float("nan"))
    perimeter = write_perimeter(
        severity, folder / "perimeter.gpkg", PerimeterRule((2,)), PerimeterFacts("Burned", "dNBR")
    )
    areas = LayerFigures(valid_percent=87.5, class_pixels={1: 1500, 2: 600, 255: 300})
    figures = LayerFigures(valid_percent=87.5, minimum=0.1, maximum=0.2, mean=0.13)
    words: dict[str, Any] = {
        "operation": "burn-severity",
        "title": "Burn severity",
        "created": MADE,
        "layers": (LayerRecord(severity, SEVERITY, areas), LayerRecord(dnbr, DNBR, figures)),
        "inputs": (
            InputRecord(
                "pre",
                folder / "pre.vrt",
                (),
                "S2A",
                "sentinel2",
                BEFORE,
                "https://example.org/collections/c/items/S2A",
            ),
            InputRecord("post", folder / "post.vrt", (), "S2B", "sentinel2", AFTER),
        ),
        "parameters": {"index": "dnbr"},
        "reference": "Key & Benson 2006",
        "formula": "dNBR = NBR before - NBR after",
        "perimeter": perimeter,
        "statistics": {"burned": {"area_km2": 0.06}},
        "warnings": ("pre.vrt has no cloud mask",),
    }
    return ResultRecord(**{**words, **changes})


def catalogue(folder: Path, name: str = "catalog.json") -> Any:
    import pystac

    return pystac.Catalog.from_file(str(folder / name))


def load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def only_item(folder: Path) -> Any:
    [path] = folder.glob("*.stac.json")
    return load(path)


def test_pystac_reads_the_folder_and_finds_every_file(tmp_path: Path) -> None:
    write_catalogue(tmp_path, result(tmp_path))
    [item] = catalogue(tmp_path).get_items(recursive=True)
    assert item.datetime == AFTER
    assert item.get_parent().id == tmp_path.name
    files = {key: Path(asset.get_absolute_href()) for key, asset in item.assets.items()}
    assert files == {key: tmp_path / name for key, name in FILES.items()}


FILES = {"severity": "severity.tif", "dnbr": "dnbr.tif", "perimeter": "perimeter.gpkg"}


@pytest.mark.parametrize("change", ["", "no place", "no day", "no classes"])
def test_the_specifications_schemas_agree(tmp_path: Path, change: str) -> None:
    pytest.importorskip("jsonschema", minversion="4.18")
    from pystac import STACObjectType
    from pystac.validation.stac_validator import JsonSchemaSTACValidator

    record = result(tmp_path)
    if change == "no place":
        write_raster(tmp_path / "severity.tif", np.ones((4, 4), np.uint8), epsg=None)
    if change == "no day":
        record = replace(record, inputs=())
    if change == "no classes":
        record = replace(record, layers=record.layers[1:], perimeter=None)
    item = load(write_catalogue(tmp_path, record))
    validator = JsonSchemaSTACValidator()
    assert validator.validate_core(item, STACObjectType.ITEM, "1.1.0")
    assert validator.validate_core(load(tmp_path / "catalog.json"), STACObjectType.CATALOG, "1.1.0")
    assert (item["geometry"] is None) == (change == "no place")


def test_the_folder_can_be_moved(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "here", result(tmp_path / "here"))
    shutil.move(tmp_path / "here", tmp_path / "there")
    [item] = catalogue(tmp_path / "there").get_items()
    assert all(Path(asset.get_absolute_href()).is_file() for asset in item.assets.values())
    assert str(tmp_path) not in (tmp_path / "there" / "catalog.json").read_text()


def test_sums_are_multihashes_of_the_files(tmp_path: Path) -> None:
    item = load(write_catalogue(tmp_path, result(tmp_path)))
    for asset in item["assets"].values():
        data = (tmp_path / asset["href"]).read_bytes()
        assert asset["file:checksum"] == "1220" + hashlib.sha256(data).hexdigest()
        assert asset["file:size"] == len(data)


def test_layers_say_what_their_numbers_mean(tmp_path: Path) -> None:
    assets = load(write_catalogue(tmp_path, result(tmp_path)))["assets"]
    [numbers] = assets["dnbr"]["bands"]
    statistics = {"minimum": 0.1, "maximum": 0.2, "mean": 0.13, "valid_percent": 87.5}
    assert numbers == {
        "name": "dnbr",
        "data_type": "float32",
        "nodata": "nan",
        "raster:sampling": "area",
        "raster:spatial_resolution": 10.0,
        "statistics": statistics,
    }
    [classes] = assets["severity"]["bands"]
    assert (classes["data_type"], classes["nodata"], classes["statistics"]) == (
        "uint8",
        255,
        {"valid_percent": 87.5},
    )
    assert [asset["firstlight:style"] for asset in assets.values()] == [
        "severity",
        "dnbr",
        "perimeter",
    ]
    assert isinstance(classes["nodata"], int)  # 255, not 255.0
    assert assets["severity"]["type"] == "image/tiff; application=geotiff; profile=cloud-optimized"


def test_a_stored_scale_is_told(tmp_path: Path) -> None:
    import rasterio

    record = result(tmp_path)
    write_raster(tmp_path / "dnbr.tif", np.ones((40, 60), np.int16), nodata=-32768)
    with rasterio.open(tmp_path / "dnbr.tif", "r+") as dataset:
        dataset.scales, dataset.offsets, dataset.units = (0.0001,), (0.5,), ("K",)
    [band] = load(write_catalogue(tmp_path, record))["assets"]["dnbr"]["bands"]
    assert (band["raster:scale"], band["raster:offset"], band["nodata"], band["unit"]) == (
        0.0001,
        0.5,
        -32768,
        "K",
    )


def test_classes_are_named_coloured_and_counted(tmp_path: Path) -> None:
    from pystac.extensions.classification import ClassificationExtension

    write_catalogue(tmp_path, result(tmp_path))
    [item] = catalogue(tmp_path).get_items()
    found = ClassificationExtension.ext(item.assets["severity"]).classes
    told = [
        (one.value, one.name, one.title, one.color_hint, one.nodata, one.count) for one in found
    ]
    assert told == [
        (1, "unburned", "Unburned", "1E78C8", False, 1500),
        (2, "high-severity", "High severity", "D7191C", False, 600),
        (255, "not-observed", "Not observed (cloud, shadow, no data)", "808080", True, 300),
    ]
    assert [one.percentage for one in found] == [62.5, 25.0, 12.5]
    assert all(re.fullmatch(r"[0-9A-Za-z\-_]+", one.name) for one in found)


def test_extensions_are_declared_where_they_are_used(tmp_path: Path) -> None:
    record = result(tmp_path)
    item = load(write_catalogue(tmp_path, record))
    names = {uri.split("/")[3] for uri in item["stac_extensions"]}
    assert names == {"processing", "raster", "classification", "file", "projection"}
    used = {
        key.partition(":")[0] for key in re.findall(r'"([a-z]+:[a-z_]+)":', json.dumps(item))
    } - {"firstlight"}
    assert used == {"processing", "raster", "classification", "file", "proj"}
    alone = load(write_catalogue(tmp_path, replace(record, layers=record.layers[1:])))
    assert "classification" not in json.dumps(alone["stac_extensions"])


def test_the_making_is_told(tmp_path: Path) -> None:
    words = load(write_catalogue(tmp_path, result(tmp_path)))["properties"]
    from osgeo import gdal

    assert words["processing:software"] == {
        "FirstLight": VERSION,
        "GDAL": gdal.VersionInfo("RELEASE_NAME"),
        "numpy": np.__version__,
        "Python": platform.python_version(),
    }
    assert words["processing:expression"] == {
        "format": "text",
        "expression": "dNBR = NBR before - NBR after",
    }
    assert words["processing:level"] == "L4"
    assert "from pre: S2A, post: S2B. Key & Benson 2006" in words["processing:lineage"]
    assert words["firstlight:parameters"] == {"index": "dnbr"}
    assert words["firstlight:statistics"] == {"burned": {"area_km2": 0.06}}
    assert words["firstlight:warnings"] == ["pre.vrt has no cloud mask"]


def test_times_are_those_of_the_pictures(tmp_path: Path) -> None:
    record = result(tmp_path)
    words = load(write_catalogue(tmp_path, record))["properties"]
    assert [words[key] for key in ("datetime", "start_datetime", "end_datetime", "created")] == [
        "2024-08-01T10:30:00Z",
        "2024-07-01T10:00:00Z",
        "2024-08-01T10:30:00Z",
        "2024-08-02T09:00:00Z",
    ]
    assert words["firstlight:datetime_of"] == "input"
    alone = load(write_catalogue(tmp_path, replace(record, inputs=record.inputs[1:])))["properties"]
    assert "start_datetime" not in alone
    unknown = replace(record, inputs=(replace(record.inputs[0], acquired=None),))
    words = load(write_catalogue(tmp_path, unknown))["properties"]
    assert (words["datetime"], words["firstlight:datetime_of"]) == (
        "2024-08-02T09:00:00Z",
        "processing",
    )


def test_the_outline_lies_where_the_raster_lies(tmp_path: Path) -> None:
    from rasterio.warp import transform

    record = result(tmp_path)
    item = load(write_catalogue(tmp_path, record))
    west, north = 600000.0, 5200020.0
    lons, lats = transform("EPSG:32632", "EPSG:4326", [west, west + 600], [north, north - 400])
    [ring] = item["geometry"]["coordinates"]
    assert [min(p[0] for p in ring), max(p[1] for p in ring)] == pytest.approx(
        [item["bbox"][0], item["bbox"][3]]
    )
    assert ring[0] == ring[-1]
    assert sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring)) > 0  # counter-clockwise
    assert min(abs(p[0] - lons[0]) + abs(p[1] - lats[0]) for p in ring) < 1e-6
    assert min(abs(p[0] - lons[1]) + abs(p[1] - lats[1]) for p in ring) < 1e-6
    words = item["properties"]
    assert (words["proj:code"], words["proj:shape"]) == ("EPSG:32632", [40, 60])
    assert words["proj:transform"] == [10.0, 0.0, west, 0.0, -10.0, north]


def test_a_system_without_a_code_is_told_as_text(tmp_path: Path) -> None:
    record = result(tmp_path)
    own = "+proj=laea +lat_0=45 +lon_0=10 +datum=WGS84 +units=m"
    write_raster(
        tmp_path / "severity.tif",
        np.ones((40, 60), np.uint8),
        epsg=None,
        crs=own,
        origin=(0.0, 0.0),
    )
    words = load(write_catalogue(tmp_path, record))["properties"]
    assert words["proj:code"] is None
    assert "Lambert" in words["proj:wkt2"]


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    record = result(tmp_path)
    first = write_catalogue(tmp_path, record).read_bytes(), (tmp_path / "catalog.json").read_bytes()
    again = write_catalogue(tmp_path, record).read_bytes(), (tmp_path / "catalog.json").read_bytes()
    assert first == again


def test_a_second_run_takes_the_place_of_the_first(tmp_path: Path) -> None:
    record = result(tmp_path)
    write_catalogue(tmp_path, record)
    later = replace(record, created=datetime(2024, 8, 3, tzinfo=timezone.utc))
    write_catalogue(tmp_path, later)
    [item] = catalogue(tmp_path).get_items()
    assert item.properties["created"] == "2024-08-03T00:00:00Z"


def test_an_item_whose_files_were_overwritten_goes(tmp_path: Path) -> None:
    record = result(tmp_path)
    first = write_catalogue(tmp_path, record)
    other = write_catalogue(tmp_path, replace(record, parameters={"index": "rbr"}))
    assert first != other
    assert not first.exists()
    assert [item.id for item in catalogue(tmp_path).get_items()] == [
        other.name.removesuffix(".stac.json")
    ]


def test_an_item_loses_only_the_files_that_were_overwritten(tmp_path: Path) -> None:
    record = result(tmp_path)
    first = write_catalogue(tmp_path, record)
    shutil.copy(tmp_path / "dnbr.tif", tmp_path / "rbr.tif")
    layers = (record.layers[0], LayerRecord(tmp_path / "rbr.tif", replace(DNBR, name="rbr")))
    second = write_catalogue(tmp_path, replace(record, layers=layers, parameters={"index": "rbr"}))
    assert set(load(first)["assets"]) == {"dnbr"}
    assert set(load(second)["assets"]) == {"severity", "rbr", "perimeter"}
    assert len(list(catalogue(tmp_path).get_items())) == 2


def test_results_with_files_of_their_own_stand_side_by_side(tmp_path: Path) -> None:
    record = result(tmp_path)
    write_catalogue(tmp_path, record)
    shutil.copy(tmp_path / "severity.tif", tmp_path / "water.tif")
    layers = (LayerRecord(tmp_path / "water.tif", replace(SEVERITY, name="water")),)
    write_catalogue(tmp_path, replace(record, operation="water", layers=layers, perimeter=None))
    assert [
        item.properties["firstlight:operation"] for item in catalogue(tmp_path).get_items()
    ] == ["burn-severity", "water"]


@pytest.mark.parametrize(
    "content", ['{"type": "Catalog", "id": "mine", "links": []}', "[]", '{"type": "Cat']
)
def test_another_programs_catalogue_is_left_alone(tmp_path: Path, content: str) -> None:
    foreign = tmp_path / "catalog.json"
    record = result(tmp_path)
    foreign.write_text(content)
    (tmp_path / "theirs.stac.json").write_text('{"type": "Feature", "id": "theirs"}')
    for _ in range(2):
        item = load(write_catalogue(tmp_path, record))
    assert foreign.read_text() == content
    assert (tmp_path / "theirs.stac.json").exists()
    assert [link["href"] for link in item["links"][:2]] == ["./firstlight-catalog.json"] * 2
    [found] = catalogue(tmp_path, "firstlight-catalog.json").get_items()
    assert found.id == item["id"]


def test_what_the_user_wrote_into_the_catalogue_is_kept(tmp_path: Path) -> None:
    record = result(tmp_path)
    write_catalogue(tmp_path, record)
    path = tmp_path / "catalog.json"
    child = {"rel": "child", "href": "./photos/catalog.json"}
    tree = load(path)
    path.write_text(
        json.dumps({**tree, "title": "Fire of August", "links": [*tree["links"], child]})
    )
    write_catalogue(tmp_path, record)
    after = load(path)
    assert after["title"] == "Fire of August"
    assert after["links"] == [*tree["links"], child]


def test_a_lost_catalogue_is_made_anew_with_all_items(tmp_path: Path) -> None:
    record = result(tmp_path)
    write_catalogue(tmp_path, record)
    (tmp_path / "catalog.json").unlink()
    shutil.copy(tmp_path / "dnbr.tif", tmp_path / "rbr.tif")
    layers = (LayerRecord(tmp_path / "rbr.tif", replace(DNBR, name="rbr")),)
    write_catalogue(
        tmp_path, replace(record, layers=layers, parameters={"index": "rbr"}, perimeter=None)
    )
    assert len(list(catalogue(tmp_path).get_items())) == 2


def test_several_programs_write_at_once_and_none_is_lost(tmp_path: Path) -> None:
    record = result(tmp_path)
    records = []
    for name in "abcdef":
        shutil.copy(tmp_path / "severity.tif", tmp_path / f"{name}.tif")
        layers = (LayerRecord(tmp_path / f"{name}.tif", replace(SEVERITY, name=name)),)
        records.append(replace(record, layers=layers, parameters={"name": name}, perimeter=None))
    threads = [threading.Thread(target=write_catalogue, args=(tmp_path, one)) for one in records]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert len(list(catalogue(tmp_path).get_items())) == 6
    assert not list(tmp_path.glob("*.part"))


def test_a_folder_that_another_program_holds_is_waited_for(tmp_path: Path) -> None:
    record = result(tmp_path)
    with (
        folder_lock(tmp_path, lambda: False, lambda: None),
        pytest.raises(Cancelled, match="Waiting for"),
    ):
        write_catalogue(tmp_path, record, lambda: True)


def test_a_stop_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    record = result(tmp_path)
    write_catalogue(tmp_path, record)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(Cancelled):
        write_catalogue(tmp_path, replace(record, created=AFTER), lambda: True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    record = result(tmp_path)
    (tmp_path / "catalog.json").mkdir()
    with pytest.raises(
        RasterError, match=r"The result in .* cannot be described: .*\. Choose a folder"
    ):
        write_catalogue(tmp_path, record)


def test_inputs_are_told_with_their_sums(tmp_path: Path) -> None:
    band = tmp_path / "scene" / "nir.tif"
    band.parent.mkdir()
    band.write_bytes(b"pixels")
    status = band.stat()
    state = [
        (str(band), status.st_size, status.st_mtime_ns),
        ("/vsicurl/https://example.org/x.tif", -1, 0),
    ]
    one = record_input("post", tmp_path / "scene" / "stack.vrt", TAGS, state)
    folder = tmp_path / "out"
    item = load(write_catalogue(folder, result(folder, inputs=(one,))))
    [told] = item["properties"]["firstlight:inputs"]
    assert told["files"][0].pop("updated")
    assert told == {
        "name": "post",
        "href": "../scene/stack.vrt",
        "id": "S2A_32TPT",
        "sensor": "sentinel2",
        "datetime": "2024-07-01T10:00:00Z",
        "files": [
            {
                "href": "../scene/nir.tif",
                "file:size": 6,
                "file:checksum": "1220" + hashlib.sha256(b"pixels").hexdigest(),
            }
        ],
    }


@pytest.mark.parametrize(
    ("change", "read_again"), [(0, False), (1, True)], ids=["as it came", "touched"]
)
def test_a_sum_of_the_download_is_believed_while_the_file_is_as_it_came(
    tmp_path: Path, change: int, read_again: bool
) -> None:
    band = tmp_path / "nir.tif"
    band.write_bytes(b"pixels")
    status = band.stat()
    entry = BandRecord("", 6, "ab" * 32, status.st_mtime_ns + change)
    write_record(tmp_path, {"nir": entry})
    one = record_input("post", band, {}, [(str(band), 6, status.st_mtime_ns)])
    assert one.files[0].sha256 == (
        hashlib.sha256(b"pixels").hexdigest() if read_again else "ab" * 32
    )


def test_too_much_is_not_read_for_a_sum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_record, "MOST_HASHED_BYTES", 10)
    state = []
    for name, data in (("a", b"12345678"), ("b", b"12345678"), ("c", b"12")):
        (tmp_path / name).write_bytes(data)
        state.append((str(tmp_path / name), len(data), 0))
    sums = [bool(file.sha256) for file in record_input("post", tmp_path / "a", {}, state).files]
    assert sums == [True, False, True]
    folder = tmp_path / "out"
    item = load(
        write_catalogue(
            folder, result(folder, inputs=(record_input("post", tmp_path / "a", {}, state),))
        )
    )
    told = item["properties"]["firstlight:inputs"][0]["files"]
    assert ["file:checksum" in one for one in told] == [True, False, True]


@pytest.mark.parametrize(
    ("catalog", "url"),
    [
        ("earth-search", "https://earth-search.aws.element84.com/v1/collections/c/items/S2A_32TPT"),
        ("sample", ""),  # lives on this computer only
        ("of another installation", ""),
        ("", ""),
    ],
)
def test_an_input_leads_to_its_item(tmp_path: Path, catalog: str, url: str) -> None:
    one = record_input(
        "post", tmp_path / "s.vrt", {**TAGS, "catalog": catalog, "collection": "c"}, []
    )
    assert one.source_url == url
    item = load(write_catalogue(tmp_path, result(tmp_path, inputs=(one,))))
    assert [link["href"] for link in item["links"] if link["rel"] == "derived_from"] == [
        url
    ] * bool(url)


def test_a_record_of_odd_values_is_still_json(tmp_path: Path) -> None:
    odd = {"limit": float("nan"), "count": np.int64(3), "path": Path("a"), "codes": (1, 2), 5: None}
    words = load(write_catalogue(tmp_path, result(tmp_path, parameters=odd)))["properties"]
    assert words["firstlight:parameters"] == {
        "limit": None,
        "count": 3,
        "path": "a",
        "codes": [1, 2],
        "5": None,
    }


def test_the_catalogue_can_be_read_without_firstlight(tmp_path: Path) -> None:
    write_catalogue(tmp_path, result(tmp_path))
    script = (
        "import pystac; print([i.id for i in "
        f"pystac.Catalog.from_file({str(tmp_path / 'catalog.json')!r}).get_items()])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == str([only_item(tmp_path)["id"]])
