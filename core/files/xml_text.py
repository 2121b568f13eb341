"""XML from elsewhere, parsed without entities: they can be bombs, or name other files."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from xml.parsers import expat

MOST_NESTED = 100
"""Elements in elements; an MTD file has about ten."""


class UnfitXml(ValueError):
    """A text that is no XML, or none that is parsed here; its message says why."""


def parse_xml(text: bytes) -> ET.Element:
    """The root of an XML text.

    Raises
    ------
    UnfitXml
        If it is no XML, declares its document type, or nests without end.
    """
    try:
        _look_through(text)
        return ET.fromstring(text)
    except UnfitXml:
        raise
    # the last two: unknown encodings
    except (ET.ParseError, expat.ExpatError, LookupError, ValueError) as error:
        raise UnfitXml(f"it is no XML ({error})") from error


def _look_through(text: bytes) -> None:
    """Refuse what metadata never needs, before a tree is made of it."""
    depth = 0

    def refuse(*_: object) -> None:
        raise UnfitXml("it declares XML entities")

    def begin(*_: object) -> None:
        nonlocal depth
        depth += 1
        if depth > MOST_NESTED:
            raise UnfitXml("its XML elements are nested without end")

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    # expat, not a search in the bytes: another encoding hides the word
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.Parse(text, True)


def local_name(node: ET.Element) -> str:
    """Name of an element without its namespace."""
    return node.tag.rpartition("}")[2]
