"""The product of a file: from its name and its folders', and from MTL and MTD files beside it.

Sources: USGS LSDS-1618/1619 (product identifiers, MTL); ESA, Sentinel-2 Products Specification
Document (names of products and granules, MTD_MSIL1C.xml and MTD_MSIL2A.xml).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import InputError
from ..files.archive import FileSet, archive_names
from ..gdal.containers import find_subdataset
from ..types import Unit
from .evidence import Evidence
from .metadata import (
    LARGEST_METADATA,
    S2_CODES,
    SceneMetadata,
    UnfitMetadata,
    read_mtd,
    read_mtl,
)
from .products import Product, get_product, parse_baseline, sentinel2_product

LANDSAT = re.compile(r"(?<![A-Z0-9])L[COTE]0[4-9]_(L[12])[A-Z]{2}_\d{6}_\d{8}_\d{8}_02_[A-Z0-9]{2}")
HLS = re.compile(r"(?<![A-Z0-9])HLS\.([LS]30)\.T\d\d[A-Z]{3}\.\d{7}T\d{6}\.v2\.0", re.I)
SENTINEL2 = re.compile(
    r"S2[ABCD]_MSI(L1C|L2A)_\d{8}T\d{6}_(N\d{4})_R\d{3}_T\d\d[A-Z]{3}_\d{8}T\d{6}"
)
OPERA = re.compile(r"OPERA_L2_RTC-S1_")
GRD = re.compile(r"(?<![A-Z0-9])S1[ABCD][_-](?:IW|EW|S[1-6M])[_-]GRD[HFM]?[_-]")
S2_BAND = re.compile(r"(?<![A-Z0-9])T\d\d[A-Z]{3}_\d{8}T\d{6}_(?:B\d[\dA]|SCL)")
PLANET = re.compile(r"_3B_ANALYTICMS_SR(?:_8B)?(?![A-Z0-9])")
DEA_S2 = re.compile(r"(?<![A-Z0-9])GA_S2[ABC]M_NBART_")
DEA_LANDSAT = re.compile(r"(?<![A-Z0-9])GA_LS\d[A-Z]_NBART_")
OTHERS = (
    (OPERA, "opera-rtc-s1"),
    (GRD, "sentinel1-grd"),
    (PLANET, "planetscope-sr"),
    (DEA_S2, "dea-ard-sentinel2"),
    (DEA_LANDSAT, "dea-ard-landsat"),
)
NEAREST_FOLDERS = 5
"""From a band of a SAFE folder up to the folder of its MTD file."""
_CODE = re.compile(r"_((?:S[RT]_)?B\d[\dA]?)(?:_\d\dM)?$")


@dataclass(frozen=True)
class ProposedProduct:
    """A product that a file is, as its name or its metadata say."""

    product: Product
    evidence: Evidence
    source: str
    """The name or the metadata file that says so."""
    factors: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Code of a band (``B4``, ``ST_B10``, ``B04``) → scale and offset of this scene, where its
    metadata states them.
    """
    nodata: float | None = None
    """As the metadata states it."""
    warnings: tuple[str, ...] = ()
    """Metadata that could not be used, and contradictions."""

    def factors_of(self, path: Path) -> tuple[float, float] | None:
        """Scale and offset of a band file by the scene's metadata; None where it states none."""
        match = _CODE.search(path.stem.upper())
        return self.factors.get(match[1]) if match else None


@dataclass(frozen=True)
class ToldProduct:
    """What names and metadata tell of a file's product."""

    proposed: ProposedProduct | None
    """None where nothing tells it."""
    warnings: tuple[str, ...] = ()
    """Why metadata that is there does not tell it."""


def propose_product(path: Path) -> ProposedProduct | None:
    """The product of a local file; None where nothing tells it."""
    return tell_product(path).proposed


def tell_product(path: Path) -> ToldProduct:
    """The product of a local file, by its metadata, else by its name, and what is wrong with them.

    Parameters
    ----------
    path : Path
        A file, or a file in an archive by GDAL's name.
    """
    named = _from_names(path)
    try:
        told = _from_metadata(path)
    except UnfitMetadata as error:
        return _by_name_alone(named, str(error))
    if told is None:
        return ToldProduct(named)
    if named is not None and named.product != told.product:
        text = (
            f"{told.source} says that {path.name} is {told.product.title}, the name {named.source} "
            f"{named.product.title}: {told.source} is believed. Give ‘product’ "
            f"{named.product.name} if it is wrong"
        )
        told = replace(told, warnings=(*told.warnings, text))
    return ToldProduct(told, told.warnings)


def _by_name_alone(named: ProposedProduct | None, why: str) -> ToldProduct:
    """What the name tells where metadata that is there cannot be used."""
    told = "the name counts" if named is not None else "nothing else tells the product"
    warnings = (f"{why}: {told}",)
    return ToldProduct(None if named is None else replace(named, warnings=warnings), warnings)


def is_sentinel2_band(path: Path) -> bool:
    """Tell whether a file is named like a band of Sentinel-2, whatever its baseline."""
    return S2_BAND.search(path.name.upper()) is not None


def _from_names(path: Path) -> ProposedProduct | None:
    names = [
        path.name,
        *(parent.name for parent in list(path.absolute().parents)[:NEAREST_FOLDERS]),
    ]
    for name in names:
        proposed = _from_name(name.rstrip("}"))
        if proposed is not None:
            return proposed
    return None


def _from_name(name: str) -> ProposedProduct | None:
    def by_name(product: Product) -> ProposedProduct:
        return ProposedProduct(product, Evidence.NAME, name)

    upper = name.upper()
    landsat = LANDSAT.search(upper)
    if landsat is not None:
        return by_name(get_product(f"landsat-c2-{landsat[1].lower()}"))
    hls = HLS.search(name)
    if hls is not None:
        return by_name(get_product(f"hls-{hls[1].lower()}"))
    sentinel2 = SENTINEL2.search(upper)
    if sentinel2 is not None:
        baseline = parse_baseline(sentinel2[2])
        return None if baseline is None else by_name(sentinel2_product(sentinel2[1], baseline))
    for pattern, product in OTHERS:
        if pattern.search(upper):
            return by_name(get_product(product))
    return None


def _from_metadata(path: Path) -> ProposedProduct | None:
    landsat = LANDSAT.search(path.name.upper())
    if landsat is not None:
        for ending in ("json", "xml", "txt"):
            metadata = path.with_name(f"{landsat[0]}_MTL.{ending}")
            text = _read_small(metadata)
            if text is not None:
                return _from_mtl(metadata.name, text, ending, landsat[1].lower())
        return None
    if not is_sentinel2_band(path):
        return None
    for parent in list(path.absolute().parents)[:NEAREST_FOLDERS]:
        for level in ("L1C", "L2A"):
            text = _read_small(parent / f"MTD_MSI{level}.xml")
            if text is not None:
                return _from_mtd(f"MTD_MSI{level}.xml", text, level)
    return None


def _read_small(path: Path) -> bytes | None:
    """A small file, on the disk or in an archive; None where it is not there or is large."""
    member = find_subdataset(path)
    try:
        if member is None:
            if not path.is_file() or path.stat().st_size > LARGEST_METADATA:
                return None
            return path.read_bytes()
        names = archive_names(member.file)
        if member.variable not in names:
            return None
        text = FileSet(member.file, names).read(member.variable, LARGEST_METADATA + 1)
    except (OSError, InputError):
        return None
    return text if len(text) <= LARGEST_METADATA else None


def _from_mtl(name: str, text: bytes, ending: str, level: str) -> ProposedProduct:
    try:
        metadata = read_mtl(text, ending, level)
    except UnfitMetadata as error:
        raise UnfitMetadata(f"The metadata {name} cannot be used: {error}") from None
    product = get_product(f"landsat-c2-{level}")
    return ProposedProduct(product, Evidence.METADATA, name, metadata.factors)


def _from_mtd(name: str, text: bytes, level: str) -> ProposedProduct | None:
    try:
        metadata = read_mtd(text)
    except UnfitMetadata as error:
        raise UnfitMetadata(f"The metadata {name} cannot be used: {error}") from None
    stated = parse_baseline(metadata.baseline)
    baseline = stated
    warnings: tuple[str, ...] = ()
    # The file's own offset counts before the baseline, which a user's processor leaves unknown.
    if metadata.offsets:
        shifted = any(metadata.offsets.values())
        baseline = max(stated or 4.0, 4.0) if shifted else 0.0
        warnings = _doubtful_offsets(name, metadata, stated)
    if baseline is None:
        return None
    product = sentinel2_product(level, baseline)
    factors = dict(metadata.factors) or _quantified(product, metadata)
    return ProposedProduct(product, Evidence.METADATA, name, factors, metadata.nodata, warnings)


def _doubtful_offsets(name: str, metadata: SceneMetadata, stated: float | None) -> tuple[str, ...]:
    """Warnings of offsets that no baseline of ESA's has."""
    usual = {0.0, -1000.0} if stated is None else {-1000.0 if stated >= 4.0 else 0.0}
    odd = {code: offset for code, offset in metadata.offsets.items() if offset not in usual}
    if not odd and len(set(metadata.offsets.values())) == 1:
        return ()
    odd = odd or dict(metadata.offsets)
    shown = ", ".join(f"{code} {offset:g}" for code, offset in list(odd.items())[:3])
    return (
        f"{name} states offsets that processing baseline {metadata.baseline or '(none)'} does not "
        f"have ({shown}): they are used as stated",
    )


def _quantified(product: Product, metadata: SceneMetadata) -> dict[str, tuple[float, float]]:
    """Factors where the metadata states another quantification value and no offsets."""
    rule, value = product.rule(Unit.REFLECTANCE), metadata.quantification
    if rule is None or value == 10000.0:
        return {}
    return dict.fromkeys(S2_CODES, (1 / value, rule.offset * 10000.0 / value))
