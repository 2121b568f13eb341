"""Look into a VRT before anything opens it: a VRT from elsewhere can name any file, any URL, even code."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from ..errors import ValidationError, VRTSourceNotFoundError

REFUSED_TAGS = {"PixelFunctionCode", "PixelFunctionType", "PixelFunctionLanguage"}


MOST_DEPTH = 5
"""VRTs in VRTs: a stack of warped bands needs two."""


def is_vrt(path: Path) -> bool:
    """Whether GDAL would read this as a VRT: it goes by what is in the file, not by its name."""
    if path.suffix.lower() == ".vrt":
        return True
    try:
        with path.open("rb") as file:
            return b"<VRTDataset" in file.read(1024)
    except OSError:
        return False


def vrt_sources(path: Path) -> list[Path]:
    """The files a VRT points at.

    Raises
    ------
    ValidationError
        If it is no VRT, or holds what a band stack never needs: entities, code, remote sources.
    """
    what = f"VRT validation failed for {path}"
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ValidationError(what, error.strerror or str(error)) from error
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise ValidationError(what, "it declares XML entities", "Do not open it; make the stack again.")
    try:
        root = ET.fromstring(text)
    except ET.ParseError as error:
        raise ValidationError(what, f"it is no XML ({error})", "Make the stack again.") from error
    if root.tag != "VRTDataset":
        raise ValidationError(what, f"its root is <{root.tag}>, not <VRTDataset>", "Make the stack again.")
    code = sorted({node.tag for node in root.iter() if node.tag in REFUSED_TAGS})
    if code:
        raise ValidationError(what, f"it holds code to be run ({', '.join(code)})", "Do not open it; make the stack again.")
    found = []
    for tag in ("SourceFilename", "SourceDataset"):
        for node in root.iter(tag):
            name = (node.text or "").strip()
            if "://" in name or name.startswith("/vsi"):
                raise ValidationError(what, f"its source {name} is not on this computer", "Download the bands first.")
            source = Path(name)
            found.append(path.parent / source if node.get("relativeToVRT") == "1" else source)
    return list(dict.fromkeys(found))


def check_vrt_sources(path: Path, depth: int = 0) -> list[Path]:
    """As :func:`vrt_sources`, and each of them is there; VRTs among them are looked into as well.

    Raises
    ------
    VRTSourceNotFoundError
        Naming each source that is not there.
    ValidationError
        As :func:`vrt_sources`; or VRTs that name each other without end.
    """
    if depth > MOST_DEPTH:
        raise ValidationError(
            f"VRT validation failed for {path}", f"VRTs name VRTs more than {MOST_DEPTH} deep", "Make the stack again."
        )
    sources = vrt_sources(path)
    missing = [source for source in sources if not _is_there(source)]
    if missing:
        names = ", ".join(f"'{source}'" for source in missing)
        names = names if len(names) <= 500 else f"{names[:497]}…"
        raise VRTSourceNotFoundError(
            f"VRT validation failed for {path}", f"source file {names} not found", "Re-run ingest, or put the file back."
        )
    for source in sources:
        if is_vrt(source):
            check_vrt_sources(source, depth + 1)
    return sources


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that no file can have
        return False
