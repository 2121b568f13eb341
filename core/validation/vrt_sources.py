"""Look into a VRT before anything opens it: a VRT from elsewhere can name any file, any URL, even
code.

GDAL reads tag names in any case and any text encoding, so they are compared in lower case, after
parsing.
"""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from ..errors import ValidationError, VRTSourceNotFoundError

CODE_TAGS = {
    "pixelfunctioncode",
    "pixelfunctiontype",
    "pixelfunctionlanguage",
    "pixelfunctionarguments",
}
CODE_CLASSES = {"vrtderivedrasterband", "vrtrawrasterband"}
"""One runs functions on the pixels, the other reads any file as if it were pixels."""
SOURCE_TAGS = {"sourcefilename", "sourcedataset"}
FREE_TEXT = {"mdi", "srs", "description", "gcplist", "categoryname"}
"""Where ``://`` may stand without anything being opened: a band's tags tell the URL it came from.
"""
OPENED_DOMAINS = {"geolocation", "rpc"}
"""Metadata that name further rasters."""
MOST_DEPTH = 5
"""VRTs in VRTs: a stack of warped bands needs two."""


@dataclass(frozen=True)
class StatedSource:
    """What a VRT says of one of its files, without looking."""

    path: Path
    shape: tuple[int, int]
    """(rows, cols)"""
    dtype: str
    """As numpy names it; empty where the VRT does not say."""


@dataclass(frozen=True)
class VrtSources:
    """What a VRT points at, VRTs inside it followed to their ends."""

    files: tuple[Path, ...]
    """The rasters that hold pixels."""
    bands: Mapping[int, tuple[Path, ...]] = field(default_factory=dict)
    """Band of the VRT, from 1 → the files it is made of."""
    outside: tuple[Path, ...] = ()
    """Those that do not lie below the VRT's folder, or are named by their whole path."""
    stated: tuple[StatedSource, ...] = ()
    """Of those for which it says it."""


@dataclass(frozen=True)
class _Named:
    path: Path
    band: int | None
    """None: of all bands."""
    outside: bool
    stated: StatedSource | None


def is_vrt(path: Path) -> bool:
    """Whether GDAL would read this as a VRT: it goes by what is in the file, not by its name."""
    return path.suffix.lower() == ".vrt" or b"<vrtdataset" in _head(path).lower()


def check_is_raster(path: Path) -> None:
    """Refuse text that poses as a raster: an error page saved as ``.tif``, or XML and JSON by which
    GDAL reaches elsewhere.

    Raises
    ------
    ValidationError
        If the file begins like XML, HTML or JSON; a VRT is no matter here.
    """
    start = _head(path).lstrip(b"\xef\xbb\xbf \t\r\n")[:64]
    if start[:1] in (b"<", b"{") and not is_vrt(path):
        shown = " ".join(start.decode("utf-8", "replace").split())[:40]
        raise ValidationError(
            f"Validation failed for {path}",
            f"it is text, not pixels (it begins with '{shown}')",
            "Download it again.",
        )


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(1024)
    except OSError:
        return b""


def check_vrt_sources(path: Path, depth: int = 0) -> VrtSources:
    """Read a VRT without opening what it names, and see that each of its sources is there.

    Raises
    ------
    VRTSourceNotFoundError
        Naming each source that is not there.
    ValidationError
        If it is no VRT, or holds what a band stack never needs: entities, code, remote sources; or
        VRTs that name each other without end.
    """
    if depth > MOST_DEPTH:
        raise ValidationError(
            f"VRT validation failed for {path}",
            f"VRTs name VRTs more than {MOST_DEPTH} deep",
            "Make the stack again.",
        )
    named = _read_sources(path)
    missing = list(dict.fromkeys(one.path for one in named if not _is_there(one.path)))
    if missing:
        names = ", ".join(f"'{source}'" for source in missing)
        names = names if len(names) <= 500 else f"{names[:497]}…"
        raise VRTSourceNotFoundError(
            f"VRT validation failed for {path}",
            f"source file {names} not found",
            "Re-run ingest, or put the file back.",
        )
    bands: dict[int, dict[Path, None]] = {}
    common: dict[Path, None] = {}
    outside: dict[Path, None] = {one.path: None for one in named if one.outside}
    stated = {one.stated: None for one in named if one.stated is not None}
    for one in named:
        ends: tuple[Path, ...] = (one.path,)
        if is_vrt(one.path):
            inner = check_vrt_sources(one.path, depth + 1)
            ends = inner.files
            outside.update(dict.fromkeys(inner.outside))
            stated.update(dict.fromkeys(inner.stated))
        else:
            check_is_raster(one.path)
        target = common if one.band is None else bands.setdefault(one.band, {})
        target.update(dict.fromkeys(ends))
    files = {**common, **{file: None for found in bands.values() for file in found}}
    return VrtSources(
        files=tuple(files),
        bands={number: (*found, *common) for number, found in bands.items()},
        outside=tuple(outside),
        stated=tuple(stated),
    )


def _read_sources(path: Path) -> list[_Named]:
    what = f"VRT validation failed for {path}"
    root = _parse(path, what)
    if root.tag.lower() != "vrtdataset":
        raise ValidationError(
            what, f"its root is <{root.tag}>, not <VRTDataset>", "Make the stack again."
        )
    _refuse_code(root, what)
    properties = {}
    for parent in root.iter():
        inside = {child.tag.lower(): child for child in parent}
        if "sourcefilename" in inside and "sourceproperties" in inside:
            properties[inside["sourcefilename"]] = inside["sourceproperties"]
    found = []
    for node, band in _walk(root, None):
        name = (node.text or "").strip()
        tag = node.tag.lower()
        remote = "://" in name or "/vsi" in name.lower() or name.startswith(("\\\\", "//"))
        if remote and (tag in SOURCE_TAGS or tag not in FREE_TEXT):
            hint = (
                "Download the bands first, or compute an index straight from the scenes with "
                "‘flight mosaic’."
            )
            raise ValidationError(what, f"its source {name[:200]} is not on this computer", hint)
        if tag in SOURCE_TAGS:
            relative = {key.lower(): value for key, value in node.attrib.items()}.get(
                "relativetovrt"
            ) == "1"
            source = Path(name)
            full = path.parent / source if relative else source
            stated = _stated(full, properties[node]) if node in properties else None
            found.append(_Named(full, band, not relative or _leaves(path.parent, full), stated))
    return found


def _stated(path: Path, node: ET.Element) -> StatedSource | None:
    words = {key.lower(): value for key, value in node.attrib.items()}
    try:
        shape = int(words["rasterysize"]), int(words["rasterxsize"])
    except (KeyError, ValueError):
        return None
    return StatedSource(path, shape, words.get("datatype", "").lower().replace("byte", "uint8"))


def _parse(path: Path, what: str) -> ET.Element:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ValidationError(what, error.strerror or str(error)) from error

    def refuse(*_: object) -> None:
        raise ValidationError(
            what, "it declares XML entities", "Do not open it; make the stack again."
        )

    try:
        # expat, not a search in the bytes: another encoding hides the word
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = refuse
        parser.Parse(text, True)
        return ET.fromstring(text)
    except (
        ET.ParseError,
        expat.ExpatError,
        LookupError,
        ValueError,
    ) as error:  # the last two: unknown encodings
        raise ValidationError(what, f"it is no XML ({error})", "Make the stack again.") from error


def _refuse_code(root: ET.Element, what: str) -> None:
    code = {node.tag for node in root.iter() if node.tag.lower() in CODE_TAGS}
    for node in root.iter():
        attributes = {key.lower(): value for key, value in node.attrib.items()}
        kind = attributes.get("subclass", "")
        if kind.lower() in CODE_CLASSES:
            code.add(kind)
        if (
            node.tag.lower() == "metadata"
            and attributes.get("domain", "").lower() in OPENED_DOMAINS
        ):
            code.add(f"metadata {attributes['domain']}")
    if code:
        names = ", ".join(sorted(code))
        raise ValidationError(
            what, f"it holds code to be run ({names})", "Do not open it; make the stack again."
        )


def _walk(node: ET.Element, band: int | None) -> Iterator[tuple[ET.Element, int | None]]:
    """All elements, each with the band it belongs to."""
    place = 0
    for child in node:
        inside = band
        if band is None and child.tag.lower() == "vrtrasterband":
            place += 1
            inside = place  # GDAL counts them in the order they stand in
        yield child, inside
        yield from _walk(child, inside)


def _leaves(folder: Path, source: Path) -> bool:
    base = os.path.abspath(folder)
    try:
        return os.path.commonpath([base, os.path.abspath(source)]) != base
    except ValueError:  # another drive
        return True


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that no file can have
        return False
