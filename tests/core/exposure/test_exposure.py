"""What lies under an extent, against naive counts: pixel by pixel, on finer and finer pixels, and
with OGR's own intersections.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.cli import main
from firstlight.core.errors import InputError
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.operations.impact.exposure import EXPOSURE
from firstlight.core.settings import Settings
from support.rasters import write_raster

EPSG = 32632
LEFT, TOP = 600000.0, 5200000.0
SHAPE = (60, 80)
"""Of the extent, in pixels of 10 m."""
CLASSES = {10: "Tree cover", 40: "Cropland", 50: "Built-up"}


def run(folder: Path, **words: Any) -> Any:
    words = {"output": folder / "out", **words}
    return EXPOSURE.run(EXPOSURE.make_params(words), Settings(), RecordingMonitor())


def extent_codes() -> np.ndarray:
    rows, cols = np.indices(SHAPE)
    codes = (np.hypot(rows - 25, cols - 30) < 20).astype(np.uint8)
    codes[:, 60:70] = 255
    return codes


@pytest.fixture
def extent(tmp_path: Path) -> Path:
    return write_raster(
        tmp_path / "flooded.tif", extent_codes(), epsg=EPSG, origin=(LEFT, TOP), nodata=255
    )


def cover_codes(shape: tuple[int, int]) -> np.ndarray:
    rows, cols = np.indices(shape)
    return np.choose((rows // 7 + cols // 5) % 3, [10, 40, 50]).astype(np.uint8)


def by_name(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in data["landcover"]}


def test_areas_are_the_pixels(tmp_path: Path, extent: Path) -> None:
    cover = cover_codes(SHAPE)
    path = write_raster(tmp_path / "lc.tif", cover, epsg=EPSG, origin=(LEFT, TOP), nodata=None)
    data = run(tmp_path, extent=extent, landcover=path).data["exposure"]
    codes = extent_codes()
    assert data["area"]["affected_km2"] == pytest.approx((codes == 1).sum() * 1e-4)
    assert data["area"]["not_observed_km2"] == pytest.approx((codes == 255).sum() * 1e-4)
    assert data["area"]["total_km2"] == pytest.approx(codes.size * 1e-4)
    found = by_name(data)
    assert set(found) == set(CLASSES.values())
    for code, name in CLASSES.items():
        for key, which in (("affected", codes == 1), ("not_observed", codes == 255)):
            expected = (which & (cover == code)).sum() * 1e-4
            assert found[name][f"{key}_km2"] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("shape", "pixel", "shift"), [((25, 31), 33.0, (-57.0, 41.0)), ((200, 260), 3.3, (3.0, -2.0))]
)
def test_pixels_of_another_size_count_by_their_exact_shares(
    tmp_path: Path, extent: Path, shape: tuple[int, int], pixel: float, shift: tuple[float, float]
) -> None:
    """Against a count on pixels of 10 cm."""
    cover = cover_codes(shape)
    origin = (LEFT + shift[0], TOP + shift[1])
    path = write_raster(
        tmp_path / "lc.tif", cover, epsg=EPSG, origin=origin, resolution=pixel, nodata=None
    )
    data = run(tmp_path, extent=extent, landcover=path).data["exposure"]
    codes = extent_codes()
    step = 0.1
    total: dict[int, float] = {}
    ys = np.arange(step / 2, SHAPE[0] * 10, step)
    xs = np.arange(step / 2, SHAPE[1] * 10, step)
    col = np.floor((xs - shift[0]) / pixel).astype(int)
    inside = (col >= 0) & (col < shape[1])
    for y in ys[:: int(1 / step)] + 0.45:  # a line each metre: nothing changes faster
        row = int(np.floor((y + shift[1]) / pixel))
        line = codes[int(y // 10)][(xs // 10).astype(int)] == 1
        seen = np.where(inside & (0 <= row < shape[0]), 0, -1)
        if 0 <= row < shape[0]:
            seen = np.where(inside, cover[row][np.clip(col, 0, shape[1] - 1)], -1)
        for code in np.unique(seen[line]):
            total[int(code)] = total.get(int(code), 0.0) + float((line & (seen == code)).sum())
    found = by_name(data)
    for code, name in CLASSES.items():
        expected = total.get(code, 0.0) * step * 1.0 / 1e6
        assert found[name]["affected_km2"] == pytest.approx(expected, rel=0.01)
    everything = sum(row["affected_km2"] for row in found.values())
    assert everything == pytest.approx(data["area"]["affected_km2"], rel=1e-6)


def test_people_are_summed_by_the_exact_share_of_each_pixel(tmp_path: Path, extent: Path) -> None:
    people = np.random.default_rng(1).uniform(0, 50, (9, 11)).astype(np.float32)
    people[0, 0] = -1
    path = write_raster(
        tmp_path / "pop_ppp.tif", people, epsg=EPSG, origin=(LEFT - 35, TOP + 62),
        resolution=83.0, nodata=-1,
    )  # fmt: skip
    told = run(tmp_path, extent=extent, population=path).data["exposure"]["people"]
    codes, step = extent_codes(), 1.0
    y, x = np.mgrid[step / 2 : SHAPE[0] * 10 : step, step / 2 : SHAPE[1] * 10 : step]
    row, col = ((y + 62) // 83).astype(int), ((x + 35) // 83).astype(int)
    on = (row < 9) & (col < 11)
    density = np.where(people >= 0, people, 0) / 83.0**2
    weight = np.where(on, density[np.clip(row, 0, 8), np.clip(col, 0, 10)], 0)
    at = codes[(y // 10).astype(int), (x // 10).astype(int)]
    assert told["affected"] == pytest.approx(weight[at == 1].sum() * step**2, rel=1e-6)
    assert told["not_observed"] == pytest.approx(weight[at == 255].sum() * step**2, rel=1e-6)
    assert told["total"] == pytest.approx(weight.sum() * step**2, rel=1e-6)
    assert told["affected_least"] < told["affected"] < told["affected_most"]


def test_density_and_counts_are_the_same_people(tmp_path: Path, extent: Path) -> None:
    count = np.full((6, 8), 30.0, np.float32)
    where = {"epsg": EPSG, "origin": (LEFT, TOP), "resolution": 100.0, "nodata": None}
    one = write_raster(tmp_path / "a_count.tif", count, **where)
    other = write_raster(tmp_path / "b.tif", count * 100, **where)  # a pixel is 0.01 km²
    counted = run(tmp_path, extent=extent, population=one).data["exposure"]["people"]
    given = {"extent": extent, "population": other}
    with pytest.raises(InputError, match="‘population_kind’: count or density"):
        run(tmp_path, **given)
    dense = run(tmp_path, **given, population_kind="density").data["exposure"]["people"]
    assert dense["affected"] == pytest.approx(counted["affected"])
    codes = extent_codes()
    assert counted["affected"] == pytest.approx((codes == 1).sum() * 0.3)


def test_a_grid_in_degrees_holds_as_many(tmp_path: Path, extent: Path) -> None:
    """30 people in each hectare, whatever the grid: warped by GDAL to degrees as a density."""
    from osgeo import gdal

    where = {"epsg": EPSG, "origin": (LEFT - 500, TOP + 500), "resolution": 20.0}
    flat = np.full((80, 90), 3000.0, np.float32)
    metric = write_raster(tmp_path / "m.tif", flat, nodata=None, **where)
    degrees = tmp_path / "density.tif"
    gdal.Warp(str(degrees), str(metric), dstSRS="EPSG:4326", xRes=0.0008, yRes=0.0008).FlushCache()
    told = run(tmp_path, extent=extent, population=degrees).data["exposure"]["people"]
    codes = extent_codes()
    assert told["affected"] == pytest.approx((codes == 1).sum() * 0.3, rel=2e-3)
    assert told["total"] == pytest.approx(codes.size * 0.3, rel=2e-3)


def write_layer(path: Path, features: list[tuple[str, str]], epsg: int = EPSG) -> Path:
    """Features of name and WKT, in metres from the extent's corner, y upwards."""
    from osgeo import ogr, osr

    system = osr.SpatialReference()
    system.ImportFromEPSG(EPSG)
    there = osr.SpatialReference()
    there.ImportFromEPSG(epsg)
    for one in (system, there):
        one.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    dataset = ogr.GetDriverByName("GPKG").CreateDataSource(str(path))
    layer = dataset.CreateLayer(path.stem, there, ogr.wkbUnknown)
    layer.CreateField(ogr.FieldDefn("name", ogr.OFTString))
    for name, text in features:
        feature = ogr.Feature(layer.GetLayerDefn())
        geometry = ogr.CreateGeometryFromWkt(text)
        geometry.Transform(osr.CoordinateTransformation(system, there))
        feature.SetGeometry(geometry)
        feature.SetField("name", name)
        layer.CreateFeature(feature)
    dataset = None
    return path


def box(x: float, y: float, wide: float, high: float) -> str:
    """x and y down from the corner."""
    left, top = LEFT + x, TOP - y
    right, bottom = left + wide, top - high
    return f"POLYGON(({left} {top},{right} {top},{right} {bottom},{left} {bottom},{left} {top}))"


@pytest.mark.parametrize("epsg", [EPSG, 4326])
def test_buildings_and_roads_are_cut_at_the_pixels(tmp_path: Path, extent: Path, epsg: int) -> None:
    houses = [
        ("in", box(300, 250, 12, 9)),
        ("half", box(300, 55, 10, 10)),  # rows 0 to 5 are dry
        ("dry", box(20, 550, 14, 14)),
        ("hidden", box(640, 100, 10, 10)),
        ("a point", f"POINT({LEFT + 305} {TOP - 255})"),
    ]
    buildings = write_layer(tmp_path / "houses.gpkg", houses, epsg)
    line = f"LINESTRING({LEFT + 1.25} {TOP - 254.5},{LEFT + 801.25} {TOP - 254.5})"
    roads = write_layer(tmp_path / "roads.gpkg", [("main", line)], epsg)
    data = run(tmp_path, extent=extent, buildings=buildings, roads=roads).data["exposure"]
    told = data["buildings"]
    assert (told["affected"], told["not_observed"], told["total"]) == (3, 1, 5)
    codes = extent_codes()
    affected = 10 * (codes[25] == 1).sum()
    assert data["roads"]["affected_km"] * 1000 == pytest.approx(affected, rel=2e-3)
    assert data["roads"]["not_observed_km"] * 1000 == pytest.approx(100, rel=2e-3)
    assert data["roads"]["total_km"] * 1000 == pytest.approx(798.75, rel=2e-3)
    assert codes[5:7, 30].tolist() == [0, 1]
    inside = 12 * 9 + 10 * 5
    assert told["area"]["affected_km2"] * 1e6 == pytest.approx(inside, rel=5e-3)


def test_districts_share_out_the_whole(tmp_path: Path, extent: Path) -> None:
    from osgeo import gdal

    cut = 333.3
    districts = write_layer(
        tmp_path / "places.gpkg",
        [("West", box(0, 0, cut, 600)), ("East", box(cut, 0, 800 - cut, 600))],
    )
    people = np.full((6, 8), 30.0, np.float32)
    path = write_raster(
        tmp_path / "p_count.tif", people, epsg=EPSG, origin=(LEFT, TOP), resolution=100, nodata=None
    )
    houses = write_layer(
        tmp_path / "h.gpkg", [("a", box(200, 250, 9, 9)), ("b", box(400, 250, 9, 9))]
    )
    result = run(tmp_path, extent=extent, population=path, districts=districts, buildings=houses)
    data = result.data["exposure"]
    west, east = data["districts"]
    assert (west["name"], east["name"]) == ("West", "East")
    for key in ("affected_km2", "not_observed_km2", "total_km2"):
        assert west["area"][key] + east["area"][key] == pytest.approx(data["area"][key])
    codes = extent_codes() == 1
    expected = codes[:, :33].sum() * 1e-4 + codes[:, 33].sum() * 0.33 * 1e-4
    assert west["area"]["affected_km2"] == pytest.approx(expected, rel=1e-5)
    assert west["people"]["affected"] == pytest.approx(expected * 3000, rel=1e-5)
    assert (west["buildings"]["affected"], east["buildings"]["affected"]) == (1, 1)
    written = gdal.OpenEx(str(result.outputs["layers"]), gdal.OF_VECTOR)
    layer = written.GetLayerByName("districts")
    assert [feature.GetField("name") for feature in layer] == ["West", "East"]
    layer.ResetReading()
    assert layer.GetNextFeature().GetField("people_affected") == pytest.approx(expected * 3000)
    assert written.GetLayerByName("buildings").GetFeatureCount() == 2
    with Path(result.outputs["table"]).open(newline="") as file:
        rows = list(csv.DictReader(file))
    told = {(row["zone"], row["theme"]): row for row in rows}
    assert float(told["West", "people"]["affected"]) == pytest.approx(expected * 3000, rel=1e-5)
    chart = Path(result.outputs["chart"]).read_text()
    assert chart.startswith("<svg")
    assert "West" in chart
    assert "<script" not in chart


def test_an_outline_counts_by_its_exact_shares(tmp_path: Path) -> None:
    slanting = (
        f"POLYGON(({LEFT} {TOP},{LEFT + 800} {TOP - 200},{LEFT + 100} {TOP - 500},{LEFT} {TOP}))"
    )
    outline = write_layer(tmp_path / "perimeter.gpkg", [("fire", slanting)])
    cover = np.full(SHAPE, 40, np.uint8)
    path = write_raster(tmp_path / "lc.tif", cover, epsg=EPSG, origin=(LEFT, TOP), nodata=None)
    result = run(tmp_path, extent=outline, landcover=path)
    from osgeo import ogr

    expected = ogr.CreateGeometryFromWkt(slanting).GetArea() / 1e6
    data = result.data["exposure"]
    assert data["area"]["affected_km2"] == pytest.approx(expected, rel=2e-3)
    assert by_name(data)["Cropland"]["affected_km2"] == pytest.approx(expected, rel=2e-3)
    assert any("is an outline" in text for text in result.warnings)


def test_only_what_lies_in_the_area_counts(tmp_path: Path, extent: Path) -> None:
    from osgeo import osr

    system, there = osr.SpatialReference(), osr.SpatialReference()
    system.ImportFromEPSG(EPSG)
    there.ImportFromEPSG(4326)
    for one in (system, there):
        one.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    move = osr.CoordinateTransformation(system, there)
    corners = [(155, 105), (455, 105), (455, 405), (155, 405), (155, 105)]
    ring = [move.TransformPoint(LEFT + x, TOP - y)[:2] for x, y in corners]
    area = "POLYGON((" + ",".join(f"{x:.12f} {y:.12f}" for x, y in ring) + "))"
    cover = cover_codes(SHAPE)
    path = write_raster(tmp_path / "lc.tif", cover, epsg=EPSG, origin=(LEFT, TOP), nodata=None)
    data = run(tmp_path, extent=extent, landcover=path, area=area).data["exposure"]
    fine = np.kron(extent_codes(), np.ones((2, 2), np.uint8))[21:81, 31:91]
    assert data["area"]["total_km2"] == pytest.approx(0.09, rel=1e-4)
    assert data["area"]["affected_km2"] == pytest.approx((fine == 1).sum() * 25e-6, rel=1e-4)
    kinds = np.kron(cover, np.ones((2, 2), np.uint8))[21:81, 31:91]
    expected = ((fine == 1) & (kinds == 50)).sum() * 25e-6
    assert by_name(data)["Built-up"]["affected_km2"] == pytest.approx(expected, rel=1e-3)


def test_the_command_line_prints_and_writes(
    tmp_path: Path, extent: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cover = cover_codes(SHAPE)
    path = write_raster(tmp_path / "lc.tif", cover, epsg=EPSG, origin=(LEFT, TOP), nodata=None)
    command = ["exposure", "--extent", str(extent), "--landcover", str(path), "--output"]
    assert main([*command, str(tmp_path / "o")]) == 0
    told = capsys.readouterr()
    assert f"Affected: {(extent_codes() == 1).sum() * 1e-4:.2f} km²" in told.out
    assert "12.5 % of the area was not observed" in told.out
    data = json.loads((tmp_path / "o" / "exposure.json").read_text())
    assert data["inputs"]["extent"]["sha256"]
    assert data["exposure"]["area"]["not_observed_km2"] == pytest.approx(0.06)


@pytest.mark.parametrize(
    ("words", "match"),
    [
        ({}, "no layer is given"),
        ({"landcover": "no.tif"}, "no.tif"),
        ({"districts": "flooded.tif"}, "no vector file"),
        ({"buildings": "houses.gpkg|layername=sheds"}, "no layer 'sheds'"),
        ({"districts": "houses.gpkg", "district_name": "parish"}, "no field 'parish'"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(
    tmp_path: Path, extent: Path, words: dict[str, str], match: str
) -> None:
    write_layer(tmp_path / "houses.gpkg", [("a", box(1, 1, 5, 5))])
    files = {k: v if k == "district_name" else str(tmp_path / v) for k, v in words.items()}
    with pytest.raises(Exception, match=match) as caught:
        run(tmp_path, extent=extent, **files)
    assert str(caught.value).count("Traceback") == 0


def test_codes_that_say_nothing_are_not_observed_though_no_header_says_so(tmp_path: Path) -> None:
    codes = np.where(extent_codes() == 255, 9, extent_codes()).astype(np.uint8)
    where = {"epsg": EPSG, "origin": (LEFT, TOP), "nodata": None}
    path = write_raster(tmp_path / "mine.tif", codes, **where)
    cover = write_raster(tmp_path / "lc.tif", cover_codes(SHAPE), **where)
    given = {"extent": path, "landcover": cover}
    with pytest.raises(InputError, match=r"unknown meaning: 9 .*‘not_observed’"):
        run(tmp_path, **given)
    data = run(tmp_path, **given, not_observed="9").data["exposure"]
    assert data["area"]["not_observed_km2"] == pytest.approx(0.06)
    with pytest.raises(InputError, match="both affected and not observed"):
        run(tmp_path, **given, not_observed="9", positive="1,9")


def test_a_hole_in_an_outline_is_not_affected(tmp_path: Path) -> None:
    outer, inner = box(100, 100, 400, 300), box(200, 150, 100, 120)
    text = outer[:-1] + "," + inner[len("POLYGON(") :]
    outline = write_layer(tmp_path / "perimeter.gpkg", [("a", text)])
    cover = write_raster(
        tmp_path / "lc.tif", cover_codes(SHAPE), epsg=EPSG, origin=(LEFT, TOP), nodata=None
    )
    data = run(tmp_path, extent=outline, landcover=cover).data["exposure"]
    assert data["area"]["affected_km2"] == pytest.approx((400 * 300 - 100 * 120) / 1e6, rel=2e-3)


def test_too_large_an_extent_is_refused_before_it_is_read(
    tmp_path: Path, extent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firstlight.core.exposure.extent.MOST_PIXELS", 4000)
    path = write_raster(tmp_path / "p_count.tif", np.ones((6, 8), np.float32), epsg=EPSG,
                        origin=(LEFT, TOP), resolution=100, nodata=None)  # fmt: skip
    with pytest.raises(InputError, match=r"million pixels.*‘area’"):
        run(tmp_path, extent=extent, population=path)


def test_a_grid_of_people_that_leaves_the_extent_open_is_told(tmp_path: Path, extent: Path) -> None:
    """Negative numbers that nobody declares are no people."""
    people = np.full((60, 80), 2.0, np.float32)
    people[:25] = -200
    path = write_raster(tmp_path / "ppp.tif", people, epsg=EPSG, origin=(LEFT, TOP), nodata=None)
    result = run(tmp_path, extent=extent, population=path)
    told = result.data["exposure"]["people"]
    codes = extent_codes()
    assert told["affected"] == pytest.approx(2 * (codes[25:] == 1).sum())
    assert told["affected_least"] == told["affected_most"] == pytest.approx(told["affected"])
    assert told["not_known_km2"] == pytest.approx((codes[:25] == 1).sum() * 1e-4, rel=1e-4)
    assert any("has no number in ppp.tif" in text for text in result.warnings)


def test_the_least_people_are_those_of_pixels_that_are_affected_whole(
    tmp_path: Path, extent: Path
) -> None:
    path = write_raster(tmp_path / "ppp.tif", np.ones((15, 20), np.float32), epsg=EPSG,
                        origin=(LEFT, TOP), resolution=40, nodata=None)  # fmt: skip
    told = run(tmp_path, extent=extent, population=path).data["exposure"]["people"]
    blocks = (extent_codes() == 1).reshape(15, 4, 20, 4)
    assert told["affected_least"] == blocks.all(axis=(1, 3)).sum()
    assert told["affected_most"] == blocks.any(axis=(1, 3)).sum()


def test_ground_beside_the_land_cover_is_not_known(tmp_path: Path, extent: Path) -> None:
    cover = write_raster(tmp_path / "lc.tif", cover_codes((60, 30)), epsg=EPSG,
                         origin=(LEFT, TOP), nodata=None)  # fmt: skip
    result = run(tmp_path, extent=extent, landcover=cover)
    found = by_name(result.data["exposure"])
    codes = extent_codes()
    beside = found["land cover not known"]
    assert beside["affected_km2"] == pytest.approx((codes[:, 30:] == 1).sum() * 1e-4)
    assert beside["not_observed_km2"] == pytest.approx(0.06)
    assert any("has no land cover in lc.tif" in text for text in result.warnings)


def test_a_building_of_both_is_affected_once(tmp_path: Path) -> None:
    codes = np.zeros(SHAPE, np.uint8)
    codes[:, 40:], codes[:, 50:] = 1, 255
    path = write_raster(tmp_path / "flooded.tif", codes, epsg=EPSG, origin=(LEFT, TOP), nodata=255)
    houses = [("both", box(495, 100, 10, 10)), ("dry", box(20, 20, 9, 9))]
    layer = write_layer(tmp_path / "h.gpkg", houses)
    told = run(tmp_path, extent=path, buildings=layer).data["exposure"]["buildings"]
    assert (told["affected"], told["not_observed"], told["total"]) == (1, 0, 2)


def test_a_building_is_of_the_district_of_most_of_its_pixels(tmp_path: Path, extent: Path) -> None:
    places = [("East", box(333.3, 0, 466.7, 600)), ("West", box(0, 0, 333.3, 600))]
    districts = write_layer(tmp_path / "d.gpkg", places)
    houses = write_layer(tmp_path / "h.gpkg", [("a", box(335, 250, 4, 9))])
    east, west = run(tmp_path, extent=extent, districts=districts, buildings=houses).data[
        "exposure"
    ]["districts"]
    assert (east["buildings"]["total"], west["buildings"]["total"]) == (1, 0)


def test_a_layer_of_another_place_is_told(tmp_path: Path, extent: Path) -> None:
    houses = write_layer(tmp_path / "h.gpkg", [("far", box(90000, 0, 10, 10))])
    parishes = write_layer(tmp_path / "p.gpkg", [("far", box(90000, 0, 10, 10))])
    result = run(tmp_path, extent=extent, buildings=houses, districts=parishes)
    assert any("No buildings of h.gpkg" in text for text in result.warnings)
    assert any("No district of p.gpkg" in text for text in result.warnings)


def test_a_road_counts_only_where_the_extent_is(tmp_path: Path, extent: Path) -> None:
    line = f"LINESTRING({LEFT - 5000} {TOP - 254.5},{LEFT + 9000} {TOP - 254.5})"
    roads = write_layer(tmp_path / "roads.gpkg", [("main", line)])
    told = run(tmp_path, extent=extent, roads=roads).data["exposure"]["roads"]
    assert told["total_km"] == pytest.approx(0.8, rel=2e-3)
    assert told["not_observed_km"] == pytest.approx(0.1, rel=2e-3)


def test_names_from_elsewhere_stay_text(tmp_path: Path, extent: Path) -> None:
    """A formula for a spreadsheet, and markup for a picture."""
    bad = "=HYPERLINK(1)<script>"
    districts = write_layer(tmp_path / "d.gpkg", [(bad, box(0, 0, 800, 600))])
    result = run(tmp_path, extent=extent, districts=districts)
    assert f"'{bad}," in Path(result.outputs["table"]).read_text()
    assert "<script" not in Path(result.outputs["chart"]).read_text()


def test_the_outline_of_several_layers_is_the_perimeter(tmp_path: Path) -> None:
    from osgeo import gdal

    whole = write_layer(tmp_path / "perimeter.gpkg", [("a", box(0, 0, 300, 300))])
    parts = write_layer(tmp_path / "bits.gpkg", [("a", box(0, 0, 100, 100))])
    both = tmp_path / "both.gpkg"
    gdal.VectorTranslate(str(both), str(parts), layerName="bits").FlushCache()
    gdal.VectorTranslate(
        str(both), str(whole), layerName="perimeter", accessMode="append"
    ).FlushCache()
    cover = write_raster(
        tmp_path / "lc.tif", cover_codes(SHAPE), epsg=EPSG, origin=(LEFT, TOP), nodata=None
    )
    for name, expected in ((str(both), 0.09), (f"{both}|layername=bits", 0.01)):
        data = run(tmp_path, extent=name, landcover=cover).data["exposure"]
        assert data["area"]["affected_km2"] == pytest.approx(expected, rel=2e-3)


def test_an_area_that_the_extent_does_not_cover_is_told(tmp_path: Path, extent: Path) -> None:
    cover = write_raster(
        tmp_path / "lc.tif", cover_codes(SHAPE), epsg=EPSG, origin=(LEFT, TOP), nodata=None
    )
    result = run(tmp_path, extent=extent, landcover=cover, area="10.2,46.8,10.5,47.0")
    assert any("of the area: what lies outside of it is in no figure" in w for w in result.warnings)
    assert result.data["exposure"]["area"]["total_km2"] == pytest.approx(0.48, rel=1e-3)
