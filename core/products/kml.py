"""The shapes of an event as KML 2.2 (OGC 07-147r2), for Google Earth and phones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from .. import PRODUCT
from ..files.xml_text import Element, SubElement, indent, xml_text
from ..shapes.lonlat import DIGITS, Rings, polygons_of
from ..text import shown
from .event_record import EventRecord
from .event_shapes import EventShape, ShapeKind, newest_time, shape_name

NAMESPACE = "http://www.opengis.net/kml/2.2"
STYLES = {
    ShapeKind.EXTENT: ("ff1d35b5", "801d35b5", True),
    ShapeKind.NOT_OBSERVED: ("ffa09a9a", "80a09a9a", True),
    ShapeKind.AREA: ("ffffffff", "00ffffff", False),
}
"""Line, surface (KML's order: opacity, blue, green, red), and whether it is filled."""

_NO_XML = {0xFFFE: "?", 0xFFFF: "?"}
"""The characters that XML has no place for and people see."""


def kml_text(
    record: EventRecord, title: str, paragraphs: Sequence[str], shapes: Sequence[EventShape]
) -> str:
    """A document with a folder for each kind of shape.

    Elements stand in the order that the schema demands. Viewers take a description for HTML, so
    texts from elsewhere are escaped for that, too.
    """
    root = Element("kml", {"xmlns": NAMESPACE})
    document = SubElement(root, "Document")
    _text(document, "name", title)
    _text(document, "open", "1")
    _text(document, "Snippet", PRODUCT)
    _text(document, "description", "<br/>".join(map(_html, paragraphs)))
    for kind in STYLES:
        _style(document, kind)
    headings = {
        ShapeKind.EXTENT: record.extent.heading,
        ShapeKind.NOT_OBSERVED: "Not observed (cloud, shadow, no data)",
        ShapeKind.AREA: "Area of interest",
    }
    for kind, heading in headings.items():
        chosen = [shape for shape in shapes if shape.kind is kind]
        if chosen:
            folder = SubElement(document, "Folder")
            _text(folder, "name", heading)
            for shape in chosen:
                _placemark(folder, record, shape)
    indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + xml_text(root) + "\n"


def _style(document: Element, kind: ShapeKind) -> None:
    line, surface, filled = STYLES[kind]
    style = SubElement(document, "Style", {"id": kind})
    drawn = SubElement(style, "LineStyle")
    _text(drawn, "color", line)
    _text(drawn, "width", "2")
    inner = SubElement(style, "PolyStyle")
    _text(inner, "color", surface)
    _text(inner, "fill", "1" if filled else "0")
    _text(inner, "outline", "1")


def _placemark(folder: Element, record: EventRecord, shape: EventShape) -> None:
    mark = SubElement(folder, "Placemark")
    _text(mark, "name", shape_name(record, shape))
    if shape.kind is not ShapeKind.AREA:
        stamp = SubElement(mark, "TimeStamp")
        _text(stamp, "when", newest_time(record))
    _text(mark, "styleUrl", f"#{shape.kind}")
    data = SubElement(mark, "ExtendedData")
    facts = {
        "class": str(shape.kind),
        "event": record.event,
        "event_date": record.day,
        "method": record.extent.title,
        "area_ha": "" if shape.area_ha is None else f"{shape.area_ha:.4f}",
    }
    for name, value in facts.items():
        _text(SubElement(data, "Data", {"name": name}), "value", value)
    polygons = polygons_of(shape.geometry)
    holder = mark if len(polygons) == 1 else SubElement(mark, "MultiGeometry")
    for rings in polygons:
        _polygon(holder, rings)


def _polygon(holder: Element, rings: Rings) -> None:
    polygon = SubElement(holder, "Polygon")
    _text(polygon, "tessellate", "1")
    for number, ring in enumerate(rings):
        boundary = SubElement(polygon, "innerBoundaryIs" if number else "outerBoundaryIs")
        _text(SubElement(boundary, "LinearRing"), "coordinates", _coordinates(ring))


def _coordinates(ring: Iterable[Sequence[float]]) -> str:
    return " ".join(f"{_degrees(lon)},{_degrees(lat)}" for lon, lat in ring)


def _degrees(value: float) -> str:
    return f"{value:.{DIGITS}f}".rstrip("0").rstrip(".")


def _text(above: Element, name: str, text: str) -> None:
    SubElement(above, name).text = shown(text, keep="\n").translate(_NO_XML)


def _html(text: str) -> str:
    return escape(shown(text, keep="\n"), quote=False).replace("\n", "<br/>")
