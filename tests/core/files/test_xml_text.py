"""XML from elsewhere: what it may not hold, in any encoding."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from firstlight.core.files import xml_text
from firstlight.core.files.xml_text import (
    MOST_NESTED,
    Element,
    RefusedXml,
    SubElement,
    UnfitXml,
    local_name,
    parse_xml,
    read_xml,
    xml_bytes,
)

BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
OTHER_FILE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'
PARAMETER = '<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1:9/x"> %a;]><x/>'
REMOTE = '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><x/>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-16-le"])
@pytest.mark.parametrize("text", [BOMB, OTHER_FILE, PARAMETER, REMOTE, "<!DOCTYPE x><x/>"])
def test_a_document_type_is_refused_in_every_encoding(text: str, encoding: str) -> None:
    """UTF-16 without a mark is no XML to expat unless it is declared."""
    declared = "" if encoding.startswith("utf-8") else '<?xml version="1.0" encoding="UTF-16"?>'
    with pytest.raises(RefusedXml, match="declares XML entities"):
        parse_xml((declared + text).encode(encoding))


@pytest.mark.parametrize("own", ["utf-8", None])
def test_an_encoding_that_hides_the_word_does_not_hide_it(own: str | None) -> None:
    """Written in UTF-16 and read as GDAL reads it, or as it declares."""
    with pytest.raises(UnfitXml):
        parse_xml(BOMB.encode("utf-16"), encoding=own)


def test_what_declares_another_encoding_is_read_as_it_is_told() -> None:
    text = '<?xml version="1.0" encoding="UTF-16"?><x>é</x>'.encode()
    assert parse_xml(text, encoding="utf-8").text == "é"
    with pytest.raises(UnfitXml, match="it is no XML"):
        parse_xml(text)


def test_utf_16_is_read() -> None:
    assert parse_xml("<x>é</x>".encode("utf-16")).text == "é"


@pytest.mark.parametrize("name", ["no-such", "cp037\0", "idna", "utf-7"])
def test_an_encoding_that_nobody_knows_is_no_xml(name: str) -> None:
    with pytest.raises(UnfitXml, match="it is no XML"):
        parse_xml(f'<?xml version="1.0" encoding="{name}"?><x/>'.encode())


def nested(depth: int) -> bytes:
    return b"<a>" * depth + b"</a>" * depth


def test_elements_are_nested_so_deep_and_no_deeper() -> None:
    assert len(list(parse_xml(nested(MOST_NESTED)).iter())) == MOST_NESTED
    with pytest.raises(RefusedXml, match="nested without end"):
        parse_xml(nested(MOST_NESTED + 1))


def test_many_elements_side_by_side_are_not_deep() -> None:
    assert len(parse_xml(b"<x>" + b"<a></a>" * (MOST_NESTED * 3) + b"</x>")) == MOST_NESTED * 3


def test_depth_is_found_out_before_a_tree_is_made() -> None:
    text = nested(300_000)
    tracemalloc.start()
    try:
        with pytest.raises(RefusedXml):
            parse_xml(text)
        assert tracemalloc.get_traced_memory()[1] < len(text)
    finally:
        tracemalloc.stop()


def test_what_is_too_large_is_neither_parsed_nor_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xml_text, "MOST_BYTES", 10)
    assert parse_xml(b"<x>12</x> ").text == "12"
    with pytest.raises(RefusedXml, match="it is larger than"):
        parse_xml(b"<x>123</x> ")
    file = tmp_path / "a.xml"
    file.write_bytes(b"<x>12</x> ")
    assert read_xml(file).text == "12"
    file.write_bytes(b"<x>123</x> ")
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("it was read"))
    with pytest.raises(RefusedXml, match="it is larger than"):
        read_xml(file)


@pytest.mark.parametrize(
    "text", [b'<x xmlns="u"/>', b'<x xmlns:a="u"/>', b'<x><a:b xmlns:a="u"/></x>']
)
def test_namespaces_are_refused_where_they_would_hide_names(text: bytes) -> None:
    with pytest.raises(RefusedXml, match="XML namespaces"):
        parse_xml(text, namespaces=False)
    root = parse_xml(text)
    assert local_name(root) == "x"
    assert [local_name(node) for node in root] in ([], ["b"])


@pytest.mark.parametrize("text", [b"", b"<", b"<x>", b"<x/><y/>", b"x", b"\xff\xfe", b"<x>&b;</x>"])
def test_what_is_no_xml_is_named_so(text: bytes) -> None:
    with pytest.raises(UnfitXml, match="it is no XML") as caught:
        parse_xml(text)
    assert not isinstance(caught.value, RefusedXml)


def test_a_file_that_is_not_there_is_the_systems_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_xml(tmp_path / "gone.xml")


@pytest.mark.parametrize("name", ["\x1b]0;me\x07", "a\x00b", "\ud800", "\ufffe", "a\tb\nc é 漢"])
def test_a_name_from_elsewhere_never_makes_a_file_that_is_no_xml(name: str) -> None:
    root = Element("a", title=name)
    SubElement(root, "b").text = name
    read = parse_xml(xml_bytes(root))
    if name.isprintable() or "\t" in name:
        assert read[0].text == name
    else:
        said = name.encode("unicode_escape", "surrogatepass").decode()
        assert read[0].text == read.attrib["title"] == said
