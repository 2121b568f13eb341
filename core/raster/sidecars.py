"""Files beside a raster that GDAL reads with it, and what they must not do.

Headers (``.hdr``) and world files hold numbers. A mask, overviews and ``.aux.xml`` may each name
other files, or servers: GDAL would open them without a word.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from ..errors import ValidationError

RASTERS = (".ovr", ".OVR", ".msk", ".MSK")
"""Ends of names of overviews and masks: each is opened as a raster of whatever format it is."""
NOTES = ".aux.xml"
NAMING = {"overviews": "overview_file", "geolocation": ""}
"""Domain of metadata → the item in it by which another file is opened; empty: any."""
MOST_NOTES = 64 << 20
"""Bytes; histograms and tables of millions of classes are smaller."""


def check_sidecars(path: Path) -> None:
    """Refuse sidecars by which GDAL would open other files.

    Raises
    ------
    ValidationError
        Naming the sidecar and what is in it.
    """
    _check_notes(path.with_name(path.name + NOTES), path)
    for ending in RASTERS:
        sidecar = path.with_name(path.name + ending)
        start = _start(sidecar)
        if start[:1] in (b"<", b"{") or b"<vrtdataset" in start.lower():
            raise _refused(path, sidecar, "it is text, not pixels")
        if start:
            check_sidecars(sidecar)


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(1024).lstrip(b"\xef\xbb\xbf \t\r\n")
    except OSError:
        return b""


def _check_notes(notes: Path, path: Path) -> None:
    try:
        if not notes.is_file():
            return
        if notes.stat().st_size > MOST_NOTES:
            raise _refused(path, notes, f"it is larger than {MOST_NOTES >> 20} MB")
        text = notes.read_bytes()
    except (OSError, ValueError):  # a name that no file can have
        return
    if b"<!" in text.replace(b"<!--", b"").replace(b"<![CDATA[", b""):
        raise _refused(path, notes, "it declares XML entities")
    try:
        root = ET.fromstring(text)
    except (ET.ParseError, LookupError, ValueError):  # GDAL leaves it aside, too
        return
    for box in root.iter():
        item = NAMING.get(_attribute(box, "domain").lower())
        for entry in box if item is not None else ():
            key = _attribute(entry, "key")
            if item in ("", key.lower()):
                raise _refused(path, notes, f"its {key} names {(entry.text or '').strip()[:200]}")


def _attribute(node: ET.Element, name: str) -> str:
    return next((value for key, value in node.attrib.items() if key.lower() == name), "")


def _refused(path: Path, sidecar: Path, why: str) -> ValidationError:
    return ValidationError(
        f"Validation failed for {path}",
        f"the file {sidecar.name} beside it would make GDAL open another file: {why}",
        f"Remove {sidecar.name}.",
    )
