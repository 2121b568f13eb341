"""The product of a file: from its name and its folders', and from MTL and MTD files beside it.

Sources: USGS LSDS-1618/1619 (product identifiers, MTL); ESA, Sentinel-2 Products Specification
Document (names of products and granules, MTD_MSIL1C.xml and MTD_MSIL2A.xml).
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import radians, sin
from pathlib import Path

from ..text import read_json
from .evidence import Evidence
from .products import Product, get_product, parse_baseline, sentinel2_product

LANDSAT = re.compile(r"(?<![A-Z0-9])L[COTE]0[4-9]_(L[12])[A-Z]{2}_\d{6}_\d{8}_\d{8}_02_[A-Z0-9]{2}")
HLS = re.compile(r"(?<![A-Z0-9])HLS\.([LS]30)\.T\d\d[A-Z]{3}\.\d{7}T\d{6}\.v2\.0", re.I)
SENTINEL2 = re.compile(
    r"S2[ABCD]_MSI(L1C|L2A)_\d{8}T\d{6}_(N\d{4})_R\d{3}_T\d\d[A-Z]{3}_\d{8}T\d{6}"
)
OPERA = re.compile(r"OPERA_L2_RTC-S1_")
S2_BAND = re.compile(r"(?<![A-Z0-9])T\d\d[A-Z]{3}_\d{8}T\d{6}_(?:B\d[\dA]|SCL)")
LARGEST_METADATA = 8_000_000
"""Bytes; a larger file is no MTL and no MTD."""
NEAREST_FOLDERS = 5
"""From a band of a SAFE folder up to the folder of its MTD file."""


@dataclass(frozen=True)
class ProposedProduct:
    """A product that a file is, as its name or its metadata say."""

    product: Product
    evidence: Evidence
    source: str
    """The name or the metadata file that says so."""
    factors: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Code of a band (``B4``) → scale and offset of this scene, where it has its own."""


def propose_product(path: Path) -> ProposedProduct | None:
    """The product of a local file; None where nothing tells it."""
    return _from_metadata(path) or _from_names(path)


def is_sentinel2_band(path: Path) -> bool:
    """Tell whether a file is named like a band of Sentinel-2, whatever its baseline."""
    return S2_BAND.search(path.name.upper()) is not None


def _from_names(path: Path) -> ProposedProduct | None:
    names = [
        path.name,
        *(parent.name for parent in list(path.absolute().parents)[:NEAREST_FOLDERS]),
    ]
    for name in names:
        proposed = _from_name(name)
        if proposed is not None:
            return proposed
    return None


def _from_name(name: str) -> ProposedProduct | None:
    def by_name(product: Product) -> ProposedProduct:
        return ProposedProduct(product, Evidence.NAME, name)

    landsat = LANDSAT.search(name.upper())
    if landsat is not None:
        return by_name(get_product(f"landsat-c2-{landsat[1].lower()}"))
    hls = HLS.search(name)
    if hls is not None:
        return by_name(get_product(f"hls-{hls[1].lower()}"))
    sentinel2 = SENTINEL2.search(name.upper())
    if sentinel2 is not None:
        baseline = parse_baseline(sentinel2[2])
        return None if baseline is None else by_name(sentinel2_product(sentinel2[1], baseline))
    return by_name(get_product("opera-rtc-s1")) if OPERA.search(name.upper()) else None


def _from_metadata(path: Path) -> ProposedProduct | None:
    landsat = LANDSAT.search(path.name.upper())
    if landsat is not None:
        for kind in ("json", "xml", "txt"):
            metadata = path.with_name(f"{landsat[0]}_MTL.{kind}")
            if _is_small_file(metadata):
                return _from_mtl(metadata, landsat[1].lower())
        return None
    for parent in list(path.absolute().parents)[:NEAREST_FOLDERS]:
        for level in ("L1C", "L2A"):
            metadata = parent / f"MTD_MSI{level}.xml"
            if _is_small_file(metadata) and is_sentinel2_band(path):
                return _from_mtd(metadata, level)
    return None


def _is_small_file(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size <= LARGEST_METADATA
    except OSError:
        return False


def _from_mtl(path: Path, level: str) -> ProposedProduct | None:
    product = get_product(f"landsat-c2-{level}")
    fields = dict(_mtl_fields(path))
    factors = {}
    if level == "l1" and "SUN_ELEVATION" in fields:
        sine = sin(radians(float(fields["SUN_ELEVATION"])))
        for name, text in fields.items():
            match = re.fullmatch(r"REFLECTANCE_MULT_BAND_(\w+)", name)
            offset = match and fields.get(f"REFLECTANCE_ADD_BAND_{match[1]}")
            if match and offset is not None and sine > 0:
                factors[f"B{match[1]}"] = (float(text) / sine, float(offset) / sine)
    if level == "l1" and not factors:
        return None
    return ProposedProduct(product, Evidence.METADATA, path.name, factors)


def _mtl_fields(path: Path) -> Iterator[tuple[str, str]]:
    """Fields of an MTL file in any of its three formats."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix == ".txt":
        for match in re.finditer(r'^\s*(\w+)\s*=\s*"?([^"\n]*?)"?\s*$', text, re.M):
            yield match[1], match[2]
        return
    try:
        if path.suffix == ".xml":
            yield from (
                (node.tag, (node.text or "").strip()) for node in ET.fromstring(text).iter()
            )
            return
        groups = next(iter(read_json(text).values()))
        for group in groups.values():
            yield from ((name, str(value)) for name, value in group.items())
    except (ValueError, ET.ParseError, AttributeError, StopIteration):
        return  # the name tells the product all the same


def _from_mtd(path: Path, level: str) -> ProposedProduct | None:
    try:
        root = ET.fromstring(path.read_bytes())
    except (OSError, ET.ParseError):
        return None
    texts = {node.tag.rpartition("}")[2]: (node.text or "").strip() for node in root.iter()}
    offsets = {
        (node.text or "").strip()
        for node in root.iter()
        if node.tag.rpartition("}")[2] in ("BOA_ADD_OFFSET", "RADIO_ADD_OFFSET")
    }
    baseline = parse_baseline(texts.get("PROCESSING_BASELINE"))
    # The file's own offset counts before the baseline, which a user's processor leaves unknown.
    if offsets == {"-1000"}:
        baseline = max(baseline or 4.0, 4.0)
    elif offsets == {"0"}:
        baseline = 0.0
    elif offsets:
        return None
    if baseline is None:
        return None
    return ProposedProduct(sentinel2_product(level, baseline), Evidence.METADATA, path.name)
