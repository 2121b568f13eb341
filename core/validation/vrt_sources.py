"""Look into a VRT before anything opens it: a VRT from elsewhere can name any file, any URL, even code."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from ..errors import ValidationError, VRTSourceNotFoundError

REFUSED_TAGS = {"PixelFunctionCode", "PixelFunctionType", "PixelFunctionLanguage"}


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


def check_vrt_sources(path: Path) -> list[Path]:
    """As :func:`vrt_sources`, and each of them is there.

    Raises
    ------
    VRTSourceNotFoundError
        Naming each source that is not.
    """
    sources = vrt_sources(path)
    missing = [source for source in sources if not source.exists()]
    if missing:
        names = ", ".join(f"'{source}'" for source in missing)
        raise VRTSourceNotFoundError(
            f"VRT validation failed for {path}", f"source file {names} not found", "Re-run ingest, or put the file back."
        )
    return sources
