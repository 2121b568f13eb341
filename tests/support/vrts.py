"""Stacks as version 0.1 wrote them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path


def source_kinds(path: Path) -> list[str]:
    """Kinds of the sources of all bands, in order."""
    root = ET.parse(path).getroot()
    return [node.tag for node in root.iter() if node.tag in ("SimpleSource", "ComplexSource")]


def rewrite_as_0_1(path: Path) -> int:
    """Make every source a complex one with the nodata value of its band; how many were changed."""
    tree = ET.parse(path)
    changed = 0
    for band in tree.getroot().iter("VRTRasterBand"):
        for source in band.findall("SimpleSource"):
            source.tag = "ComplexSource"
            changed += 1
            nodata = band.find("NoDataValue")
            if nodata is not None:
                ET.SubElement(source, "NODATA").text = nodata.text
    tree.write(path, encoding="utf-8")
    return changed
