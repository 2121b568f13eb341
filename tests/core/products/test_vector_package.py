"""The package of a mapped event in the manner of Copernicus EMS: against the maps' own pixels."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from firstlight.core.cli import main
from firstlight.core.products.vector_package import SOURCE_FIELDS
from firstlight.core.shapes.shapefile import MOST_TEXT
from support.geojson_rules import geodesic_area
from support.sample_event import MappedSample, printed

Rows = list[dict[str, Any]]
PIXEL_HA = 0.01


@pytest.fixture
def folder(mapped: MappedSample, tmp_path: Path) -> Path:
    """The event's folder, to be changed."""
    copy = tmp_path / "fire"
    shutil.copytree(mapped.folder, copy)
    return copy


@pytest.fixture(scope="module")
def tables(mapped: MappedSample, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rows]:
    """Layer → its rows, with their shapes under ``geometry``."""
    copy = tmp_path_factory.mktemp("package") / "fire"
    shutil.copytree(mapped.folder, copy)
    told = printed("package", str(copy))
    return read(Path(told["files"]["gpkg"]))


def read(path: Path | str) -> dict[str, Rows]:
    from osgeo import ogr

    dataset = ogr.Open(str(path))
    tables: dict[str, Rows] = {}
    for place in range(dataset.GetLayerCount()):
        layer = dataset.GetLayer(place)
        rows = tables.setdefault(layer.GetName(), [])
        if layer.GetGeomType() != ogr.wkbNone:
            assert layer.GetSpatialRef().GetAuthorityCode(None) in ("4326", None)
        for feature in layer:
            shape = feature.GetGeometryRef()
            geometry = None if shape is None else json.loads(shape.ExportToJson())
            rows.append({**feature.items(), "geometry": geometry})
    return tables


def test_it_has_the_layers_of_rapid_mapping(tables: dict[str, Rows]) -> None:
    assert list(tables) == [
        "areaOfInterestA",
        "imageFootprintA",
        "notAnalysedA",
        "observedEventA",
        "gradingA",
        "source",
        "summaryTable",
    ]
    [area] = tables["areaOfInterestA"]
    assert (area["map_type"], area["event"], area["emsr_id"]) == ("Grading", "wildfire", None)
    assert area["area"] == pytest.approx(geodesic_area(area["geometry"]) / 1e4, rel=1e-3)
    assert "SIMULATED" in area["doubts"]


def test_the_observed_event_is_the_outline_that_is_quoted(
    tables: dict[str, Rows], mapped: MappedSample
) -> None:
    rows = tables["observedEventA"]
    told = mapped.told["statistics"]["burned-area"]["perimeter"]
    assert sum(row["area"] for row in rows) == pytest.approx(told["area_ha"])
    for row in rows:
        assert row["event_type"] == "8-Wildfire"
        assert row["obj_desc"] is None, "nobody said which kind of fire"
        assert row["det_method"] == "Automatic extraction"
        assert row["notation"] == "Burnt area"
        assert geodesic_area(row["geometry"]) / 1e4 == pytest.approx(row["area"], rel=0.02)


def test_what_was_not_observed_is_all_of_it(tables: dict[str, Rows], mapped: MappedSample) -> None:
    rows = tables["notAnalysedA"]
    with rasterio.open(mapped.folder / "burned-area" / "burned.tif") as dataset:
        unseen = int((dataset.read(1) == 255).sum())
    assert unseen > 0
    assert sum(row["area"] for row in rows) == pytest.approx(unseen * PIXEL_HA)
    drawn = sum(geodesic_area(row["geometry"]) for row in rows) / 1e4
    assert drawn == pytest.approx(unseen * PIXEL_HA, rel=0.002)
    assert {row["obj_type"] for row in rows} == {"Not Analysed"}


def test_grades_are_the_classes_of_the_map(tables: dict[str, Rows], mapped: MappedSample) -> None:
    rows = tables["gradingA"]
    with rasterio.open(mapped.folder / "burn-severity" / "severity.tif") as dataset:
        counts = dict(zip(*np.unique(dataset.read(1), return_counts=True)))
    classes = {row["class_code"]: row["damage_gra"] for row in rows}
    assert set(classes) <= {4, 5, 6, 7}
    for code in classes:
        drawn = sum(row["area"] for row in rows if row["class_code"] == code)
        assert drawn == pytest.approx(counts[code] * PIXEL_HA, rel=0.2), "but for specks"
    whole = sum(counts.get(code, 0) for code in (4, 5, 6, 7)) * PIXEL_HA
    assert sum(row["area"] for row in rows) == pytest.approx(whole, rel=0.06)
    assert all(row["area"] >= 0.5 for row in rows)


def test_grades_do_not_lie_on_each_other(tables: dict[str, Rows]) -> None:
    from osgeo import ogr

    shapes = [ogr.CreateGeometryFromJson(json.dumps(row["geometry"])) for row in tables["gradingA"]]
    assert all(shape.IsValid() for shape in shapes)
    union = shapes[0]
    for shape in shapes[1:]:
        union = union.Union(shape)
    total = sum(shape.GetArea() for shape in shapes)
    assert union.GetArea() == pytest.approx(total, rel=1e-5)


def test_each_shape_leads_to_its_image(tables: dict[str, Rows]) -> None:
    sources = {row["src_id"]: row for row in tables["source"]}
    assert [row["eventphase"] for row in sources.values()] == ["Pre-event", "Post-event"]
    after = sources[2]
    assert after["source_nam"] == "Sentinel-2"
    assert (after["src_date"], after["source_tm"]) == ("28/07/2024", "T11:52:31Z")
    assert after["sensor_gsd"] == "10 m"
    for layer in ("observedEventA", "gradingA"):
        assert {row["dmg_src_id"] for row in tables[layer]} == {2}
    assert {row["or_src_id"] for row in tables["imageFootprintA"]} == {1, 2}


def test_the_summary_tells_the_areas_of_the_maps(
    tables: dict[str, Rows], mapped: MappedSample
) -> None:
    rows = {(row["category"], row["item"]): row for row in tables["summaryTable"]}
    told = mapped.told["statistics"]["burned-area"]
    extent = rows["Event extent", "Burned"]
    assert extent["affected"] == pytest.approx(told["burned"]["area_ha"])
    assert extent["not_obs"] == pytest.approx(told["not_observed"]["area_ha"])
    assert extent["total"] == pytest.approx(told["total"]["area_ha"])
    grades = [row["affected"] for (category, _), row in rows.items() if category == "Grading"]
    severity = mapped.told["statistics"]["burn-severity"]["burned"]["area_ha"]
    assert sum(grades) == pytest.approx(severity)


def test_none_is_overwritten_and_the_catalogue_lists_each(folder: Path) -> None:
    import pystac

    first, second = (Path(printed("package", str(folder))["files"]["gpkg"]) for _ in range(2))
    assert (first.stem[-3:], second.stem[-3:]) == ("_v1", "_v2")
    catalogue = pystac.Catalog.from_file(str(folder / "catalog.json"))
    items = {item.id: item for item in catalogue.get_items(recursive=True)}
    for path in (first, second):
        item = items[path.stem]
        assert Path(item.assets["gpkg"].get_absolute_href() or "") == path
        assert "not a product of that service" in item.properties["processing:lineage"]
    results = printed("results", str(folder))
    assert [one["outputs"] for one in results if one["operation"] == "package"] == [{}, {}]
    assert not [one for one in results if one["warnings"]], "nothing of it is missing"
    assert not list(folder.rglob("*.part"))
    event = json.loads((folder / "catalog.json").read_text())
    assert {"firstlight:event", "firstlight:map", "firstlight:sheet"} <= set(event)


def test_shapefiles_hold_the_same_within_their_limits(folder: Path, tmp_path: Path) -> None:
    told = printed("package", str(folder), "--shapefile")
    whole = read(told["files"]["gpkg"])
    with zipfile.ZipFile(told["files"]["zip"]) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "shp")
    stem = Path(told["files"]["zip"]).stem
    for layer, rows in whole.items():
        ends = ".dbf" if layer in ("source", "summaryTable") else ".shp"
        [found] = read(tmp_path / "shp" / f"{stem}_{layer}{ends}").values()
        assert len(found) == len(rows)
        for ours, theirs in zip(found, rows):
            assert set(ours) == set(theirs), "no name was cut"
            for name, value in theirs.items():
                if isinstance(value, str) and len(value.encode()) <= MOST_TEXT:
                    assert ours[name] == value, (layer, name)
    assert all(len(name) <= 10 for name in SOURCE_FIELDS)


@pytest.mark.thorough
@pytest.mark.parametrize("given", ["burned.tif", "perimeter.gpkg"])
def test_what_is_hit_comes_into_the_summary(folder: Path, tmp_path: Path, given: str) -> None:
    burned = folder / "burned-area" / "burned.tif"
    with rasterio.open(burned) as dataset:
        codes, profile = dataset.read(1), dataset.profile
    cover = np.full(codes.shape, 10, np.uint8)
    cover[:, codes.shape[1] // 2 :] = 30
    profile.update(driver="GTiff", nodata=None)
    with rasterio.open(tmp_path / "cover.tif", "w", **profile) as dataset:
        dataset.write(cover, 1)
    words = ["--extent", str(burned.with_name(given)), "--landcover", str(tmp_path / "cover.tif")]
    told = printed("exposure", *words, "--output", str(tmp_path / "hit"))
    made = printed("package", str(folder), "--exposure", str(tmp_path / "hit" / "exposure.json"))
    rows = {row["item"]: row for row in read(made["files"]["gpkg"])["summaryTable"]}
    assert rows["Affected area"]["affected"] == pytest.approx(
        100 * told["exposure"]["area"]["affected_km2"]
    )
    landcover = {row["name"]: row for row in told["exposure"]["landcover"]}
    for name, row in landcover.items():
        assert rows[name]["unit"] == "ha"
        assert rows[name]["affected"] == pytest.approx(100 * row["affected_km2"])
    if given == "burned.tif":
        right = int(((codes == 1) & (cover == 30)).sum())
        name = next(name for name, row in landcover.items() if row["code"] == 30)
        assert rows[name]["affected"] == pytest.approx(right * PIXEL_HA)
        assert rows[name]["not_obs"] == pytest.approx(
            int(((codes == 255) & (cover == 30)).sum()) * PIXEL_HA
        )


def test_each_map_says_which_of_its_classes_mean_the_event(mapped: MappedSample) -> None:
    """Else nothing that comes after it, exposure and series among them, knows what was hit."""
    for name, layer, codes in (
        ("burned-area", "burned", "1"),
        ("burn-severity", "severity", "4,5,6,7"),
    ):
        with rasterio.open(mapped.folder / name / f"{layer}.tif") as dataset:
            assert dataset.tags()[f"event_codes_{layer}"] == codes


def test_the_exposure_of_another_map_is_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = {"inputs": {"extent": {"path": "x/other.tif", "sha256": "00"}}, "exposure": AREA}
    path = tmp_path / "exposure.json"
    path.write_text(json.dumps(record))
    assert main(["package", str(folder), "--exposure", str(path)]) == 2
    assert "exposure.json tells of another extent (other.tif)" in capsys.readouterr().err
    assert not (folder / "package").exists()


AREA: dict[str, Any] = {
    "area": {"affected_km2": 1.0, "not_observed_km2": 0.5, "total_km2": 4.0},
    "districts": [],
}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"inputs": {"extent": 3}, "exposure": {}}'])
def test_what_is_no_exposure_is_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    path = tmp_path / "exposure.json"
    path.write_text(text)
    assert main(["package", str(folder), "--exposure", str(path)]) == 2
    assert "is no record of an exposure" in capsys.readouterr().err


@pytest.mark.parametrize(
    "change",
    [
        {"firstlight:event": None},
        {"firstlight:event": {}},
        {"firstlight:event": {"area": {"type": "Point", "coordinates": [0, 0]}}},
    ],
)
def test_a_folder_without_an_event_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any]
) -> None:
    catalogue = folder / "catalog.json"
    catalogue.write_text(json.dumps({**json.loads(catalogue.read_text()), **change}))
    assert main(["package", str(folder)]) == 2
    error = capsys.readouterr().err
    assert "No package can be made of" in error
    assert "has to be mapped again" in error


def test_a_record_from_elsewhere_reads_no_other_file(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "secret.tif"
    shutil.copy(folder / "burned-area" / "burned.tif", secret)
    catalogue = folder / "catalog.json"
    tree = json.loads(catalogue.read_text())
    for one in tree["firstlight:event"]["maps"]:
        one["layer"] = "../../secret"
    catalogue.write_text(json.dumps(tree))
    assert main(["package", str(folder)]) == 2
    assert "files of its map burned-area are gone" in capsys.readouterr().err


def test_a_grading_that_is_gone_is_told_and_left_out(folder: Path) -> None:
    (folder / "burn-severity" / "severity.tif").unlink()
    told = printed("package", str(folder))
    assert "gradingA" not in told["layers"]
    assert any("burn-severity is gone" in text for text in told["warnings"])
    assert "_DEL_v1" in told["files"]["gpkg"]
