"""Read a VRT's plain bands at the speed of their files.

GDAL reads a ``ComplexSource`` pixel by pixel through floating point: two 10 m bands of a scene take
twice as long as from their files. Where such a source only copies its pixels (same size, same type,
the only one of its band, same nodata) a ``SimpleSource`` gives the same pixels, so the text is
opened with that instead; the file on the disk stays as it is.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from pathlib import Path

_COPYING = {
    "SourceFilename",
    "SourceBand",
    "SourceProperties",
    "SrcRect",
    "DstRect",
    "NODATA",
    "OpenOptions",
}
"""Elements of a source that change no pixel, NODATA under the conditions below."""


def shorten(path: Path) -> str:
    """What to open instead of the VRT ``path``: its text with simple sources, or the path where
    nothing can be gained.
    """
    try:
        root = ET.fromstring(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ET.ParseError):
        return str(path)  # GDAL will say what is wrong with it
    changed = False
    for band in root.iter("VRTRasterBand"):
        sources = [child for child in band if child.tag.endswith("Source")]
        if len(sources) == 1 and _copies(sources[0], band):
            sources[0].tag = "SimpleSource"
            for nodata in sources[0].findall("NODATA"):
                sources[0].remove(nodata)
            changed = True
    for name in root.iter("SourceFilename"):
        if name.get("relativeToVRT") == "1" and name.text:  # a text has no folder
            name.text = str(path.resolve().parent / name.text)
            name.set("relativeToVRT", "0")
    return ET.tostring(root, encoding="unicode") if changed else str(path)


def _copies(source: ET.Element, band: ET.Element) -> bool:
    if source.tag != "ComplexSource" or not {child.tag for child in source} <= _COPYING:
        return False
    rects = [source.find("SrcRect"), source.find("DstRect")]
    sizes = [
        [_number(rect.get(side) if rect is not None else None) for side in ("xSize", "ySize")]
        for rect in rects
    ]
    places = [
        _number(rect.get(side)) for rect in rects if rect is not None for side in ("xOff", "yOff")
    ]
    properties = source.find("SourceProperties")
    kind = properties.get("DataType") if properties is not None else None
    nodata = source.find("NODATA")
    return (
        sizes[0] == sizes[1]
        and all(math.isfinite(one) and one == round(one) for one in [*sizes[0], *places])
        and kind == band.get("dataType")
        and (nodata is None or _number(nodata.text) == _number(band.findtext("NoDataValue")))
    )


def _number(text: str | None) -> float:
    """NaN where there is none: then nothing is equal."""
    try:
        return float(text or "")
    except ValueError:
        return math.nan
