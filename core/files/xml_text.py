"""All XML that FirstLight reads and makes, through Python's own library in one place.

XML from elsewhere is parsed without document types and entities: they can be bombs, or name other
files. Python's parser would take them; defusedxml, which does not, is missing in QGIS's Python.
"""

from __future__ import annotations

import re
from pathlib import Path

# What is refused below is what makes the library unsafe.
from xml.etree.ElementTree import (  # nosec B405
    Element,
    ParseError,
    SubElement,
    XMLParser,
    fromstring,
    indent,
    tostring,
)
from xml.parsers import expat

__all__ = [
    "Element",
    "RefusedXml",
    "SubElement",
    "UnfitXml",
    "indent",
    "local_name",
    "parse_xml",
    "read_xml",
    "xml_bytes",
    "xml_text",
]

_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What no XML 1.0 can hold (section 2.2), escaped or not."""
MOST_NESTED = 64
"""Elements in elements; GDAL's own VRTs and the agencies' MTD files have about ten."""
MOST_BYTES = 256 << 20
"""Of a text; the VRT of a band of a million sources is smaller."""
TOO_LARGE = f"it is larger than {MOST_BYTES >> 20} MB"


class UnfitXml(ValueError):
    """A text that is no XML, or none that is parsed here; its message says why."""


class RefusedXml(UnfitXml):
    """A text that others may take for XML, with what metadata never need."""


def read_xml(path: Path, *, encoding: str | None = None, namespaces: bool = True) -> Element:
    """The root of an XML file; one that is too large is not read.

    Raises
    ------
    OSError
        If it cannot be read.
    UnfitXml, RefusedXml
        As :func:`parse_xml`.
    """
    if path.stat().st_size > MOST_BYTES:
        raise RefusedXml(TOO_LARGE)
    return parse_xml(path.read_bytes(), encoding=encoding, namespaces=namespaces)


def parse_xml(text: bytes, *, encoding: str | None = None, namespaces: bool = True) -> Element:
    """The root of an XML text.

    Parameters
    ----------
    text : bytes
        As it lies in the file.
    encoding : str, optional
        Taken instead of what the text declares: GDAL reads each VRT as UTF-8.
    namespaces : bool
        False: such are refused. GDAL does not know them, and reads other names than Python.

    Raises
    ------
    UnfitXml
        If it is no XML.
    RefusedXml
        If it declares its document type, nests without end or is too large.
    """
    if len(text) > MOST_BYTES:
        raise RefusedXml(TOO_LARGE)
    try:
        _look_through(text, encoding, namespaces)
        # Entities were refused on the line before.
        return fromstring(text, XMLParser(encoding=encoding))  # nosec B314
    except UnfitXml:
        raise
    # the last two: unknown encodings
    except (ParseError, expat.ExpatError, LookupError, ValueError) as error:
        raise UnfitXml(f"it is no XML ({error})") from error


def xml_text(root: Element) -> str:
    r"""A tree as XML. Characters that no XML can hold stand there as ``\\x1b``: names of scenes
    come from elsewhere, and may have any.
    """
    text = tostring(root, encoding="unicode")
    return _UNFIT.sub(
        lambda found: found[0].encode("unicode_escape", "surrogatepass").decode(), text
    )


def xml_bytes(root: Element) -> bytes:
    """The same, as it lies in a file: in UTF-8, which XML is in where it does not say."""
    return xml_text(root).encode()


def _look_through(text: bytes, encoding: str | None, namespaces: bool) -> None:
    """Refuse what metadata never need, before a tree is made of it."""
    depth = 0

    def refuse(*_: object) -> None:
        raise RefusedXml("it declares XML entities")

    def begin(_name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MOST_NESTED:
            raise RefusedXml("its XML elements are nested without end")
        if not namespaces and any(key.startswith("xmlns") for key in attributes):
            raise RefusedXml("it has XML namespaces")

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    # expat, not a search in the bytes: another encoding hides the word
    parser = expat.ParserCreate(encoding)
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.Parse(text, True)


def local_name(node: Element) -> str:
    """Name of an element without its namespace."""
    return node.tag.rpartition("}")[2]
