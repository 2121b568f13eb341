"""The outline of a mapped event as GeoJSON and KML: what the standards want, read back by GDAL."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from firstlight.core.cli import main
from firstlight.core.products.event_record import EventClass, EventMap, EventRecord, EventSource
from firstlight.core.products.event_shapes import EventShape, ShapeKind
from firstlight.core.products.geojson import geojson_text
from firstlight.core.products.kml import NAMESPACE, kml_text
from firstlight.core.products.outline_files import KML_NAME, foreign_outline
from firstlight.core.types import Aoi
from support.geojson_rules import check_rfc7946, geodesic_area
from support.sample_event import MappedSample, printed

ORDER = {
    "kml": ["Document"],
    "Document": ["name", "open", "Snippet", "description", "Style", "Folder"],
    "Folder": ["name", "Placemark"],
    "Placemark": ["name", "TimeStamp", "styleUrl", "ExtendedData", "Polygon", "MultiGeometry"],
    "TimeStamp": ["when"],
    "Style": ["LineStyle", "PolyStyle"],
    "LineStyle": ["color", "width"],
    "PolyStyle": ["color", "fill", "outline"],
    "ExtendedData": ["Data"],
    "Data": ["value"],
    "MultiGeometry": ["Polygon"],
    "Polygon": ["tessellate", "outerBoundaryIs", "innerBoundaryIs"],
    "outerBoundaryIs": ["LinearRing"],
    "innerBoundaryIs": ["LinearRing"],
    "LinearRing": ["coordinates"],
}
"""Children of KML 2.2's elements, of those that are used, in the order of its schema (OGC 07-147r2,
sequences of AbstractFeatureType, DocumentType, PlacemarkType and their geometries).
"""


@pytest.fixture
def record() -> EventRecord:
    """An event without files."""
    moment = datetime(2024, 7, 28, 11, 52, 31, tzinfo=timezone.utc)
    return EventRecord(
        event="flood",
        title="Flood",
        time=moment,
        place="0.5N 10.5E",
        area=Aoi.from_bounds(10, 0, 11, 1),
        ems={},
        quoted="water",
        maps=(EventMap("water", "Water", "Flooded", "flooded", "NDWI", ("S",), (), 1.0, 2.0),),
        sources=(EventSource("S", "Sentinel-2", "", moment, False, 10.0, "c", None),),
    )


def shapes_of(*kinds: ShapeKind) -> list[EventShape]:
    square = [[10.0, 0.0], [10.5, 0.0], [10.5, 0.5], [10.0, 0.5], [10.0, 0.0]]
    hole = [[10.1, 0.1], [10.1, 0.2], [10.2, 0.2], [10.2, 0.1], [10.1, 0.1]]
    one = {"type": "Polygon", "coordinates": [square, hole]}
    two = {"type": "MultiPolygon", "coordinates": [[square], [[[x + 1, y] for x, y in square]]]}
    return [EventShape(kind, two if n % 2 else one, 1.5) for n, kind in enumerate(kinds)]


def elements(node: ElementTree.Element) -> Iterator[ElementTree.Element]:
    yield node
    for child in node:
        yield from elements(child)


def check_kml(text: str) -> ElementTree.Element:
    """Namespace, order, numbers and references of KML 2.2."""
    root = ElementTree.fromstring(text.encode())
    styles = {node.get("id") for node in elements(root) if local(node) == "Style"}
    for node in elements(root):
        assert node.tag.startswith(f"{{{NAMESPACE}}}")
        order = ORDER.get(local(node), [])
        places = [order.index(local(child)) for child in node]
        assert places == sorted(places), local(node)
        value = node.text or ""
        if local(node) == "styleUrl":
            assert value[0] == "#"
            assert value[1:] in styles
        if local(node) == "color":
            assert len(bytes.fromhex(value)) == 4
        if local(node) == "when":
            datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
        if local(node) == "coordinates":
            points = [tuple(map(float, point.split(","))) for point in value.split()]
            assert points[0] == points[-1]
            assert all(-180 <= x <= 180 and -90 <= y <= 90 for x, y in points)
    return root


def areas_of(path: Path, field: str = "") -> dict[str, float]:
    """Layer, or value of a field → square degrees, as GDAL reads them."""
    from osgeo import ogr

    sums: dict[str, float] = {}
    dataset = ogr.Open(str(path))  # its layers live as long as it
    for place in range(dataset.GetLayerCount()):
        layer = dataset.GetLayer(place)
        for feature in layer:
            name = feature.GetField(field) if field else layer.GetName()
            sums[name] = sums.get(name, 0) + feature.GetGeometryRef().GetArea()
    return sums


def local(node: ElementTree.Element) -> str:
    return node.tag.rpartition("}")[2]


def test_the_geojson_is_what_the_map_says(mapped: MappedSample) -> None:
    tree = json.loads((mapped.folder / "outline.geojson").read_text(encoding="utf-8"))
    assert tree["type"] == "FeatureCollection"
    assert "crs" not in tree, "RFC 7946 knows one system"
    by_class: dict[str, list[Any]] = {}
    for feature in tree["features"]:
        check_rfc7946(feature["geometry"])
        by_class.setdefault(feature["properties"]["class"], []).append(feature)
    assert set(by_class) == {"extent", "not_observed", "area_of_interest"}
    burned = mapped.told["statistics"]["burned-area"]["perimeter"]
    told = sum(one["properties"]["area_ha"] for one in by_class["extent"])
    assert told == pytest.approx(burned["area_ha"], rel=1e-5)
    drawn = sum(geodesic_area(one["geometry"]) for one in by_class["extent"]) / 1e4
    assert drawn == pytest.approx(burned["area_ha"], rel=0.01), "the outline is simplified"
    unseen = mapped.told["statistics"]["burned-area"]["not_observed"]["area_ha"]
    assert 0.9 * unseen < sum(one["properties"]["area_ha"] for one in by_class["not_observed"])
    assert {one["properties"]["observed"] for one in by_class["extent"]} == {"2024-07-28T11:52:31Z"}
    for words in ("km² burned", "not observed", "SIMULATED", "no damage"):
        assert words in tree["description"]


def test_the_kml_is_valid_and_says_the_same(mapped: MappedSample) -> None:
    text = (mapped.folder / "outline.kml").read_text(encoding="utf-8")
    root = check_kml(text)
    described = next(node.text or "" for node in elements(root) if local(node) == "description")
    assert "km² burned" in described
    wanted = areas_of(mapped.folder / "outline.geojson", "class")
    found = areas_of(mapped.folder / "outline.kml")
    names = {
        "Burned": "extent",
        "Not observed (cloud, shadow, no data)": "not_observed",
        "Area of interest": "area_of_interest",
    }
    for folder, kind in names.items():
        assert found[folder] == pytest.approx(wanted[kind], rel=1e-6)


def test_the_catalogue_leads_to_them(mapped: MappedSample) -> None:
    tree = json.loads((mapped.folder / "catalog.json").read_text(encoding="utf-8"))
    links = {link["href"]: link["type"] for link in tree["links"] if link["rel"] == "alternate"}
    assert links == {
        "./report.html": "text/html",
        "./outline.geojson": "application/geo+json",
        "./outline.kml": "application/vnd.google-earth.kml+xml",
    }
    assert {"geojson", "kml"} <= set(mapped.told["outputs"])


HOSTILE = "<script>alert(1)</script> & \"']]> \x00\x1b[31m \u202eevil \ufffe \ud800 =cmd()"


def test_texts_from_elsewhere_do_nothing(record: EventRecord) -> None:
    shapes = shapes_of(ShapeKind.EXTENT, ShapeKind.NOT_OBSERVED, ShapeKind.AREA)
    kml = kml_text(record, HOSTILE, (HOSTILE, "fine"), shapes)
    root = check_kml(kml)
    described = next(node.text or "" for node in elements(root) if local(node) == "description")
    assert "<script" not in described, "viewers take it for HTML"
    assert "&lt;script&gt;" in described
    tree = json.loads(geojson_text(record, HOSTILE, (HOSTILE, "fine"), shapes).encode())
    for text in (described, tree["title"], tree["description"]):
        assert not {"\x00", "\x1b", "\u202e", "\ud800"} & set(text)
        assert "alert(1)" in text


def test_holes_and_several_parts_come_through(record: EventRecord, tmp_path: Path) -> None:
    shapes = shapes_of(ShapeKind.EXTENT, ShapeKind.NOT_OBSERVED)
    path = tmp_path / KML_NAME
    path.write_text(kml_text(record, "t", (), shapes), encoding="utf-8")
    assert list(areas_of(path).values()) == pytest.approx([0.25 - 0.01, 0.5])


def test_nothing_found_leaves_the_area(record: EventRecord) -> None:
    tree = json.loads(geojson_text(record, "t", (), shapes_of(ShapeKind.AREA)))
    assert [one["properties"]["class"] for one in tree["features"]] == ["area_of_interest"]
    assert json.loads(geojson_text(record, "t", (), []))["features"] == []


def test_a_user_s_own_outline_stays(mapped: MappedSample, tmp_path: Path) -> None:
    assert foreign_outline(mapped.folder) is None
    mine = tmp_path / "out" / KML_NAME
    mine.parent.mkdir()
    mine.write_text("<kml>mine</kml>")
    facts = mapped.told["provenance"]["parameters"]
    west, south = facts["area"]["coordinates"][0][0]
    words = ["event", "--event", "wildfire", "--date", facts["date"], "--catalog", facts["catalog"]]
    words += [f"--area={west},{south},{west + 0.01},{south + 0.01}", "--output", str(mine.parent)]
    assert main(words) == 2
    assert mine.read_text() == "<kml>mine</kml>"
    assert [path.name for path in mine.parent.iterdir()] == [KML_NAME]


@pytest.mark.thorough
def test_a_second_run_replaces_them(mapped: MappedSample, tmp_path: Path) -> None:
    folder = tmp_path / "fire"
    shutil.copytree(mapped.folder, folder)
    facts = mapped.told["provenance"]["parameters"]
    ring = facts["area"]["coordinates"][0]
    area = f"{ring[0][0]},{ring[0][1]},{ring[2][0]},{ring[2][1]}"
    (folder / KML_NAME).write_text("FirstLight, an older one")
    words = ["--event", "wildfire", "--date", facts["date"], "--catalog", facts["catalog"]]
    printed("event", *words, f"--area={area}", "--output", str(folder))
    check_kml((folder / KML_NAME).read_text(encoding="utf-8"))
    tree = json.loads((folder / "catalog.json").read_text())
    hrefs = [link["href"] for link in tree["links"]]
    assert len(hrefs) == len(set(hrefs))


def test_a_record_is_read_back_as_it_was(record: EventRecord) -> None:
    classes = (EventClass(1, "Flooded", 2.5, True), EventClass(0, "Dry", None, False))
    whole = replace(
        record, maps=(replace(record.maps[0], classes=classes),), ems={"type": "5-Flood"}
    )
    assert EventRecord.from_dict(json.loads(json.dumps(whole.to_dict()))) == whole
