"""Packages and outlines of odd events: across the antimeridian, nothing seen, lying records, full
disks, two at once.
"""

from __future__ import annotations

import json
import shutil
import threading
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.cli import main
from firstlight.core.errors import Cancelled, DiskFullError
from firstlight.core.products.event_record import EventClass, EventMap, EventRecord, EventSource
from firstlight.core.products.event_shapes import beyond_map, read_extent, trace_unseen
from firstlight.core.products.outline_files import OutlineTexts, write_outlines
from firstlight.core.products.perimeter import PerimeterFacts, PerimeterRule, write_perimeter
from firstlight.core.products.vector_package import package_layers
from firstlight.core.shapes.geopackage import write_geopackage
from firstlight.core.shapes.lonlat import polygons_of
from firstlight.core.shapes.shapefile import write_shapefiles
from firstlight.core.types import Aoi
from support.disks import fill
from support.geojson_rules import check_rfc7946, geodesic_area
from support.rasters import write_raster
from support.sample_event import MappedSample

TEXTS = OutlineTexts("t", "1 km² flooded", "", "", "", "", "S")
MOMENT = datetime(2024, 5, 1, tzinfo=timezone.utc)


def make_event(folder: Path, codes: Any, area: Aoi, **place: Any) -> tuple[EventRecord, Path, Path]:
    """An event with one map, its raster and its outline."""
    classes = write_raster(folder / "flooded.tif", codes.astype(np.uint8), nodata=255, **place)
    perimeter = folder / "perimeter.gpkg"
    write_perimeter(classes, perimeter, PerimeterRule((1,)), PerimeterFacts("Flooded", "test"))
    one = EventMap(
        operation="water",
        title="Water",
        heading="Flooded",
        layer="flooded",
        method="m",
        scenes=("S",),
        classes=(EventClass(1, "Flooded", 1.0, True), EventClass(0, "Dry", 2.0, False)),
        not_observed_ha=0.0,
        total_ha=3.0,
    )
    source = EventSource("S", "Sentinel-2", "", MOMENT, False, 10.0, "c", None)
    record = EventRecord("flood", "Flood", MOMENT, "here", area, {}, "water", (one,), (source,))
    return record, classes, perimeter


def layers_of(record: EventRecord, classes: Path, perimeter: Path) -> dict[str, Any]:
    layers = package_layers(record, {"water": classes}, perimeter, [], "")
    return {layer.name: layer for layer in layers}


def test_across_the_antimeridian_all_is_cut_and_nothing_is_lost(tmp_path: Path) -> None:
    from firstlight.core.gdal.projection import project_points

    x, y = (float(one[0]) for one in project_points("EPSG:4326", "EPSG:32601", [180.0], [-17.0]))
    codes = np.zeros((100, 200))
    codes[20:60, 60:150] = 1
    codes[70:90, 10:190] = 255
    area = Aoi.from_bounds(179.96, -17.02, -179.96, -16.98)
    place = {"epsg": 32601, "resolution": 100.0, "origin": (x - 10000, y + 5000)}
    record, classes, perimeter = make_event(tmp_path, codes, area, **place)
    [patch] = read_extent(perimeter)
    [unseen] = trace_unseen(classes, lambda: False)
    for shape, pixels in ((patch, 40 * 90), (unseen, 20 * 180)):
        check_rfc7946(shape.geometry)
        assert len(polygons_of(shape.geometry)) == 2
        assert shape.area_ha == pytest.approx(pixels, rel=0.01)
        assert geodesic_area(shape.geometry) / 1e4 == pytest.approx(pixels, rel=0.01)
    layers = layers_of(record, classes, perimeter)
    assert {name: len(layer.rows) for name, layer in layers.items()} == {
        "areaOfInterestA": 1,
        "imageFootprintA": 0,
        "notAnalysedA": 1,
        "observedEventA": 1,
        "source": 1,
        "summaryTable": 1,
    }
    paths = write_outlines(record, TEXTS, perimeter, classes, tmp_path)
    for feature in json.loads(paths["geojson"].read_text("utf-8"))["features"]:
        check_rfc7946(feature["geometry"])


def test_what_the_images_do_not_cover_is_not_observed(tmp_path: Path) -> None:
    codes = np.zeros((100, 100))
    codes[40:60, 40:60] = 1
    place = {"epsg": 4326, "resolution": 0.001, "origin": (10.0, 46.0)}
    record, classes, perimeter = make_event(
        tmp_path, codes, Aoi.from_bounds(10.02, 45.92, 10.2, 45.98), **place
    )
    beyond = beyond_map(record.area, classes)
    assert beyond is not None
    wanted = Aoi.from_bounds(10.1, 45.92, 10.2, 45.98).area_km2 * 100
    assert beyond.area_ha == pytest.approx(wanted, rel=1e-6)
    [row] = layers_of(record, classes, perimeter)["notAnalysedA"].rows
    assert row[1]["notation"] == "Outside of the images"
    inside = replace(record, area=Aoi.from_bounds(10.02, 45.92, 10.08, 45.98))
    assert beyond_map(inside.area, classes) is None


@pytest.mark.parametrize("code", [255, 0])
def test_nothing_seen_and_nothing_found_are_two_things(tmp_path: Path, code: int) -> None:
    area = Aoi.from_bounds(10.315, 46.9435, 10.319, 46.9455)
    record, classes, perimeter = make_event(tmp_path, np.full((40, 50), code), area)
    assert beyond_map(area, classes) is None
    layers = layers_of(record, classes, perimeter)
    assert len(layers["observedEventA"].rows) == 0
    whole = [row for _, row in layers["notAnalysedA"].rows if "Cloud" in row["notation"]]
    assert sum(row["area"] for row in whole) == pytest.approx(20.0 if code else 0.0)
    write_geopackage(tmp_path / "a.gpkg", "EPSG:4326", list(layers.values()))
    write_shapefiles(tmp_path / "a.zip", "EPSG:4326", list(layers.values()))
    paths = write_outlines(record, TEXTS, perimeter, classes, tmp_path)
    kinds = [
        one["properties"]["class"]
        for one in json.loads(paths["geojson"].read_text("utf-8"))["features"]
    ]
    assert "extent" not in kinds
    assert (kinds.count("not_observed") > 0) == (code == 255)


@pytest.fixture
def folder(mapped: MappedSample, tmp_path: Path) -> Path:
    return Path(shutil.copytree(mapped.folder, tmp_path / "fire"))


@pytest.mark.parametrize(
    "change",
    [
        {"geometry": {"type": "Point", "coordinates": [0, 0]}},
        {"geometry": {"type": "Polygon", "coordinates": [[[0, 0], ["x", 1]]]}},
        {"geometry": {"type": "Polygon"}},
        {"gsd_m": "ten"},
        {"datetime": "yesterday"},
        {"id": 7, "sensor": None, "side": "beside"},
    ],
)
def test_a_lying_record_ends_in_a_sentence_or_is_left_out(
    folder: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any]
) -> None:
    catalogue = folder / "catalog.json"
    tree = json.loads(catalogue.read_text())
    tree["firstlight:event"]["sources"][0].update(change)
    catalogue.write_text(json.dumps(tree))
    code = main(["package", str(folder)])
    error = capsys.readouterr().err
    assert "fault in FirstLight" not in error
    if "geometry" in change or "id" in change:
        assert code == 0
    else:
        assert code == 2
        assert "tells of no event" in error


def test_a_record_that_quotes_no_map_is_none(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    catalogue = folder / "catalog.json"
    tree = json.loads(catalogue.read_text())
    tree["firstlight:event"]["quoted"] = "water"
    catalogue.write_text(json.dumps(tree))
    assert main(["package", str(folder)]) == 2
    assert "tells of no event (no map water)" in capsys.readouterr().err


def test_two_at_once_make_two_versions(folder: Path) -> None:
    codes: list[int] = []
    runs = [
        threading.Thread(target=lambda: codes.append(main(["package", str(folder)])))
        for _ in range(2)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert codes == [0, 0]
    names = sorted(path.name[-7:] for path in (folder / "package").glob("*.gpkg"))
    assert names == ["v1.gpkg", "v2.gpkg"]


def test_a_full_disk_is_named_and_nothing_half_is_left(folder: Path, small_disk: Path) -> None:
    from firstlight.core.monitor import RecordingMonitor
    from firstlight.core.operations.report.package import PACKAGE
    from firstlight.core.settings import Settings

    (folder / "package").symlink_to(small_disk, target_is_directory=True)
    fill(small_disk, 60_000)
    before = (folder / "catalog.json").read_bytes()
    params = PACKAGE.make_params({"path": folder, "shapefile": True})
    with pytest.raises(DiskFullError, match=r"the disk of .* is full"):
        PACKAGE.run(params, Settings(), RecordingMonitor())
    assert not list(small_disk.glob("*.gpkg"))
    assert not list(small_disk.glob("*part*"))
    assert (folder / "catalog.json").read_bytes() == before


def test_stopped_it_leaves_nothing(folder: Path) -> None:
    from firstlight.core.monitor import Progress, RecordingMonitor
    from firstlight.core.operations.report.package import PACKAGE
    from firstlight.core.settings import Settings

    monitor = RecordingMonitor(cancel_when=lambda event: isinstance(event, Progress))
    with pytest.raises(Cancelled):
        PACKAGE.run(PACKAGE.make_params({"path": folder}), Settings(), monitor)
    left = [path.name for path in (folder / "package").iterdir() if path.name[0] != "."]
    assert not left


def test_what_a_killed_run_left_goes_with_the_next(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.zip"
    half = tmp_path / "a.zip.files.part"
    half.mkdir()
    (half / "old.shp").write_text("old")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "mine.txt").write_text("mine")
    write_shapefiles(target, "EPSG:4326", [])
    assert target.is_file()
    assert not half.exists()
    half.symlink_to(outside, target_is_directory=True)
    write_shapefiles(target, "EPSG:4326", [])
    assert (outside / "mine.txt").read_text() == "mine"
    assert not half.is_symlink()
