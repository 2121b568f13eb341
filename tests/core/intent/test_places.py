"""Names of places in a user's files: CSV, points and polygons, several of one name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from osgeo import gdal, ogr, osr

from firstlight.core.errors import AreaError, Cancelled, InputError
from firstlight.core.intent.places import look_up
from firstlight.core.types import Aoi

ROWS = """name,lon,lat,province,country
Algemesí,-0.436,39.190,Valencia,Spain
Valencia,-0.376,39.470,Valencia,Spain
Valencia,-68.0,10.16,Carabobo,Venezuela
La Palma,-17.87,28.68,Canarias,Spain
Taveuni,179.99,-16.85,Northern,Fiji
Nowhere,979.99,-16.85,Northern,Fiji
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "places.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


def found(path: Path, *names: str, radius: float | None = None) -> list:
    return look_up(names, radius, path, lambda: False)


@pytest.mark.parametrize("name", ["Algemesí", "ALGEMESI", "algemesi", "  Algemesí "])
def test_case_and_accents_do_not_matter(table, name):
    [place] = found(table, name)
    west, south, east, north = place.area.bounds
    assert (west + east) / 2 == pytest.approx(-0.436, abs=1e-6)
    assert (south + north) / 2 == pytest.approx(39.190, abs=1e-4)
    assert place.area.area_km2 == pytest.approx(78.54, rel=1e-3)  # 5 km around it
    assert place.note == "5 km around it"
    assert place.label.startswith("Algemesí, Valencia, Spain (39.190° N, 0.436° W)")


def test_a_distance_counts_and_reaches_over_the_antimeridian(table):
    [place] = found(table, "Taveuni", radius=10.0)
    assert place.area.area_km2 == pytest.approx(314.16, rel=1e-3)
    west, _, east, _ = place.area.bounds
    assert west > 179
    assert east < -179


def test_several_places_of_a_name_are_all_told_in_the_order_of_the_file(table):
    assert [place.label.split(" (")[0] for place in found(table, "valencia")] == [
        "Valencia, Spain",
        "Valencia, Carabobo, Venezuela",
    ]


@pytest.mark.parametrize("names", [("Valencia", "Venezuela"), ("Venezuela", "Valencia")])
def test_what_it_lies_in_chooses_in_any_order(table, names):
    [place] = found(table, *names)
    assert "Carabobo" in place.label


@pytest.mark.parametrize("name", ["la palma", "La Palma"])
def test_an_article_may_belong_to_the_name(table, name):
    [place] = found(table, name)
    assert place.label.startswith("La Palma")


def test_an_article_of_the_sentence_does_not(table):
    [place] = found(table, "the Algemesí")
    assert place.label.startswith("Algemesí")


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (("Algemezi",), "none of that name. Did you mean Algemesí?"),
        (("Xyzzy",), "none of that name. Write it as the file does"),
        (("Valencia", "Italy"), "has only Valencia, Spain"),
        (("Nowhere",), "'Nowhere' has no place on the globe"),
    ],
)
def test_what_cannot_be_found_ends_in_a_sentence(table, names, reason):
    with pytest.raises(InputError) as caught:
        found(table, *names)
    assert reason in str(caught.value)


def test_polygons_keep_their_outline_whatever_their_coordinate_system(tmp_path):
    path, layers = tmp_path / "towns.gpkg", {}
    system = osr.SpatialReference()
    system.ImportFromEPSG(32630)
    source = ogr.GetDriverByName("GPKG").CreateDataSource(str(path))
    for layer_name in ("rivers", "towns"):
        layer = source.CreateLayer(layer_name, system, ogr.wkbPolygon)
        layer.CreateField(ogr.FieldDefn("nombre", ogr.OFTString))
        layers[layer_name] = layer
    feature = ogr.Feature(layers["towns"].GetLayerDefn())
    feature["nombre"] = "Algemesí"
    corners = "700000 4300000, 702000 4300000, 702000 4303000, 700000 4303000, 700000 4300000"
    feature.SetGeometry(ogr.CreateGeometryFromWkt(f"POLYGON (({corners}))"))
    layers["towns"].CreateFeature(feature)
    del feature, layer, layers, source
    [place] = found(Path(f"{path}|layername=towns"), "algemesí")
    assert place.area.area_km2 == pytest.approx(6.0, rel=2e-3)  # 2 × 3 km, scale of UTM
    assert place.note == ""
    with pytest.raises(InputError, match="none of that name"):
        found(Path(f"{path}|layername=rivers"), "algemesí")
    with pytest.raises(InputError, match="no layer 'lakes'"):
        found(Path(f"{path}|layername=lakes"), "algemesí")
    [around] = found(Path(f"{path}|layername=towns"), "algemesí", radius=2.0)
    assert around.area.area_km2 == pytest.approx(12.57, rel=1e-3)


def test_a_river_is_the_box_around_it(tmp_path):
    path = tmp_path / "rivers.geojson"
    line = {"type": "LineString", "coordinates": [[7.0, 50.4], [7.1, 50.55], [7.3, 50.5]]}
    features = [{"type": "Feature", "properties": {"name": "Ahr"}, "geometry": line}]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    [place] = found(path, "der Ahr")
    assert place.area.bounds == Aoi.from_bounds(7.0, 50.4, 7.3, 50.55).bounds


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", "lon,lat\n1,2\n", "it has no field of texts"),
        ("b.csv", "name,east\nX,2\n", "'X' has no place on the globe"),
        ("c.gpkg", "no database", "it is no vector file"),
        ("d.csv", "", "it is no vector file"),
    ],
)
def test_odd_files_end_in_a_sentence(tmp_path, name, content, reason):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises((InputError, AreaError)) as caught:
        found(path, "X")
    assert str(path.parent) in str(caught.value) or reason in str(caught.value)
    assert reason in str(caught.value)


def test_a_missing_file_ends_in_a_sentence(tmp_path):
    with pytest.raises(InputError, match="cannot be used"):
        found(tmp_path / "none.csv", "X")


def test_reading_stops(tmp_path):
    path = tmp_path / "many.csv"
    path.write_text("name,lon,lat\n" + "".join(f"a{n},1,2\n" for n in range(3000)))
    with pytest.raises(Cancelled):
        look_up(("b",), None, path, lambda: True)


def test_gdal_with_exceptions_on_tells_the_same(table, tmp_path):
    gdal.UseExceptions()
    try:
        [place] = found(table, "Algemesí")
        assert place.label.startswith("Algemesí")
        with pytest.raises(InputError, match="cannot be used"):
            found(tmp_path / "none.csv", "X")
    finally:
        gdal.DontUseExceptions()
